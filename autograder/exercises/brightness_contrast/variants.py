"""Right answers to the exercise on brightness and contrast, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


def _f(f):
    if not f >= 0:
        raise ValueError(f"f = {f}")


@replaces("adjust_brightness")
def blend_with_black(img, f):
    """A mixture of a black image and the image, as Pillow computes it."""
    _f(f)
    img = np.array(img, dtype=float)
    black = np.zeros_like(img)
    return np.clip(black * (1 - f) + img * f, 0.0, 1.0)


@replaces("adjust_brightness")
def where(img, f):
    """np.where instead of clip; float32."""
    _f(f)
    out = np.asarray(img, dtype=np.float32) * np.float32(f)
    return (
        np.where(out > 1, np.float32(1), out).astype(float)
        if img.dtype == np.float32
        else np.where(img * f > 1, 1, img * f)
    )


@replaces("adjust_brightness")
def by_torch(img, f):
    """clamp."""
    _f(f)
    return torch.tensor(img, dtype=torch.float64).mul(f).clamp(max=1).numpy()


@replaces("adjust_contrast")
def blend_with_grey(img, f):
    """A mixture of a grey image and the image, as Pillow computes it."""
    _f(f)
    img = np.array(img, dtype=float)
    grey = np.full_like(img, img.sum() / img.size)
    return np.clip((1 - f) * grey + f * img, 0, 1)


@replaces("adjust_contrast")
def shifted_product(img, f):
    """f x + (1 - f) m, with minimum and maximum."""
    _f(f)
    out = np.multiply(img, f, dtype=float)
    out += (1 - f) * np.average(img)
    return np.maximum(np.minimum(out, 1), 0)


@replaces("adjust_contrast")
def lerp(img, f):
    """torch.lerp."""
    _f(f)
    img = torch.as_tensor(np.array(img, dtype=float))
    return torch.lerp(torch.full_like(img, img.mean().item()), img, float(f)).clamp(0, 1).numpy()


@replaces("adjust_contrast")
def pixel_by_pixel(img, f):
    """A loop in Python."""
    _f(f)
    values = [float(v) for v in np.ravel(img)]
    m = sum(values) / len(values)
    return np.array([min(max(m + f * (v - m), 0.0), 1.0) for v in values]).reshape(np.shape(img))


def _steps(img, fb, fc):
    img = np.clip(np.asarray(img, dtype=float) * fb, 0, 1)
    return np.clip(img * fc + img.mean() * (1 - fc), 0, 1)


def _delta(delta):
    if delta > 1 or delta < 0:
        raise ValueError(f"delta: {delta}")


@replaces("random_brightness_contrast")
def contrast_drawn_first(img, delta, rng):
    """The contrast's factor is drawn first; rng.random; a list."""
    _delta(delta)
    fc = 1 - delta + 2 * delta * rng.random()
    fb = 1 - delta + 2 * delta * rng.random()
    return _steps(img, fb, fc), [fb, fc]


@replaces("random_brightness_contrast")
def fine_steps(img, delta, rng):
    """A million steps, both ends included; NumPy numbers."""
    _delta(delta)
    factors = 1 + delta * (rng.integers(-500_000, 500_000, size=2, endpoint=True) / 500_000)
    return _steps(img, *factors), (factors[0], factors[1])


@replaces("random_brightness_contrast")
def arrays(img, delta, rng):
    """An array of factors; drawn downwards."""
    _delta(delta)
    factors = 1 + delta - 2 * delta * np.array([rng.random() for _ in "bc"])
    return _steps(img, *factors), factors


@replaces("random_brightness_contrast")
def torch_generator(img, delta, rng):
    """A torch generator with a seed from rng."""
    _delta(delta)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    fb, fc = (1 + delta * (2 * torch.rand(2, generator=generator, dtype=torch.float64) - 1)).tolist()
    return _steps(img, fb, fc), (fb, fc)
