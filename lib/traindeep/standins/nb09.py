"""Stand-ins for 09_augmentation_geometry_colour."""

from collections.abc import Callable, Sequence

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("09")
def hflip(img: Array) -> Array:
    """The mirror image, by torch."""
    return _torch(img).flip(-1).numpy()


@of("09")
def random_hflip(img: Array, p: float, rng: np.random.Generator) -> tuple[Array, bool]:
    """The mirror image with probability p."""
    _in_unit_range("p", p)
    flipped = bool(rng.uniform() < p)
    return (hflip(img) if flipped else img), flipped


@of("09")
def random_crop(img: Array, size: int, pad: int, rng: np.random.Generator) -> tuple[Array, tuple[int, int]]:
    """A window of the padded image at a random place."""
    if pad < 0:
        raise ValueError(f"pad is {pad}; it must not be negative")
    frame = _torch(img).new_zeros((len(img), img.shape[1] + 2 * pad, img.shape[2] + 2 * pad)).numpy()
    frame[:, pad : frame.shape[1] - pad, pad : frame.shape[2] - pad] = img
    return _window(frame, size, rng)


@of("09")
def resize_bilinear(img: Array, h: int, w: int) -> Array:
    """Bilinear interpolation with half-pixel centres, by F.interpolate."""
    import torch.nn.functional as F

    if h < 1 or w < 1:
        raise ValueError(f"h and w are {h} and {w}; both must be positive")
    return F.interpolate(_torch(img).double()[None], (h, w), mode="bilinear", align_corners=False)[0].numpy()


@of("09")
def random_short_side_crop(
    img: Array, s_min: int, s_max: int, size: int, rng: np.random.Generator
) -> tuple[Array, dict[str, int]]:
    """A window of the image with a random short side."""
    if not size <= s_min <= s_max:
        raise ValueError(f"size <= s_min <= s_max does not hold: {size}, {s_min}, {s_max}")
    L = int(rng.choice(np.arange(s_min, s_max + 1)))
    h, w = np.multiply(img.shape[1:], L) // min(img.shape[1:])
    crop, (top, left) = _window(resize_bilinear(img, int(h), int(w)), size, rng)
    return crop, {"L": L, "h": int(h), "w": int(w), "top": top, "left": left}


@of("09")
def ten_crop(img: Array, size: int) -> Array:
    """Corners, centre and their mirror images."""
    if size > min(img.shape[1:]):
        raise ValueError(f"size is {size}, more than the image of shape {img.shape} has")
    windows = np.lib.stride_tricks.sliding_window_view(img, (size, size), axis=(1, 2))
    five = _five(windows)
    return np.concatenate([five, np.flip(five, axis=-1)])


@of("09")
def translate(img: Array, dy: int, dx: int, fill: float = 0.0) -> Array:
    """A shift by whole pixels, by scipy.ndimage."""
    from scipy import ndimage

    return ndimage.shift(_three_axes(img), (0, dy, dx), order=0, mode="constant", cval=fill)


@of("09")
def rotate(img: Array, deg: float, fill: float = 0.0) -> Array:
    """A rotation about the centre, by scipy.ndimage; beyond the border there is a grid of fill."""
    from scipy import ndimage

    img = _three_axes(img)
    cos, sin = np.cos(np.pi * deg / 180), np.sin(np.pi * deg / 180)
    back = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    centre = (np.array(img.shape) - 1) / 2
    return ndimage.affine_transform(img, back, centre - back @ centre, order=1, mode="grid-constant", cval=fill)


@of("09")
def adjust_brightness(img: Array, f: float) -> Array:
    """f times the image, clipped."""
    _not_negative("f", f)
    return (_torch(img).double() * f).clamp(0, 1).numpy()


@of("09")
def adjust_contrast(img: Array, f: float) -> Array:
    """Between a grey image and the image, or beyond; clipped."""
    import torch

    _not_negative("f", f)
    img = _torch(img).double()
    return torch.lerp(img.mean().expand(img.shape), img, float(f)).clamp(0, 1).numpy()


@of("09")
def random_brightness_contrast(img: Array, delta: float, rng: np.random.Generator) -> tuple[Array, tuple[float, float]]:
    """Brightness, then contrast, by random factors."""
    _in_unit_range("delta", delta)
    fb, fc = (1 + delta * rng.uniform(-1, 1, 2)).tolist()
    return adjust_contrast(adjust_brightness(img, fb), fc), (fb, fc)


@of("09")
def solarize(img: Array, threshold: int) -> Array:
    """Pillow's, channel by channel."""
    if not 0 <= threshold <= 256:
        raise ValueError(f"threshold is {threshold}, outside of 0..256")
    return _by_pillow("solarize", img, threshold)


@of("09")
def autocontrast(img: Array) -> Array:
    """Pillow's, channel by channel."""
    return _by_pillow("autocontrast", img)


@of("09")
def equalize(img: Array) -> Array:
    """Pillow's, channel by channel."""
    return _by_pillow("equalize", img)


@of("09")
def pca_color_fit(X: Array) -> tuple[Array, Array]:
    """Variances and axes of the colours, by scikit-learn's PCA."""
    from sklearn.decomposition import PCA

    if np.ndim(X) != 4 or np.shape(X)[1] != 3:
        raise ValueError(f"X is of shape {np.shape(X)}, which is not (N, 3, H, W)")
    pixels = np.moveaxis(np.asarray(X, float), 1, -1).reshape(-1, 3)
    pca = PCA(svd_solver="full").fit(np.concatenate([pixels, pixels]) if len(pixels) < 3 else pixels)
    return pca.singular_values_**2 / pca.n_samples_, pca.components_.T


@of("09")
def pca_color_apply(img: Array, evals: Array, evecs: Array, alpha: Array) -> Array:
    """One colour is added to all pixels."""
    if np.ndim(img) != 3 or len(img) != 3:
        raise ValueError(f"img is of shape {np.shape(img)}, which is not (3, H, W)")
    return np.add.outer(np.einsum("ci,i,i->c", evecs, evals, alpha), np.zeros(np.shape(img)[1:])) + img


@of("09")
def random_pca_color(
    img: Array, evals: Array, evecs: Array, sigma: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """One random colour is added to all pixels."""
    _not_negative("sigma", sigma)
    alpha = rng.normal(scale=sigma, size=3)
    return pca_color_apply(img, evals, evecs, alpha), alpha


@of("09")
def tta_predict(predict_proba: Callable[[Array], Array], x: Array, views: Sequence[Callable[[Array], Array]]) -> Array:
    """The mean over all crops of all views."""
    from functools import reduce

    if len(views) == 0:
        raise ValueError("views is empty: nothing to average")
    seen = [view(x) for view in views]
    crops = reduce(list.__add__, ([*s] if np.ndim(s) > np.ndim(x) else [s] for s in seen), [])
    return np.average(np.stack([predict_proba(crop) for crop in crops]), axis=0)


@of("09", lazily=True)
def AugmentedDataset():
    """The class, on torch's Dataset."""
    from torch.utils.data import Dataset

    class AugmentedDataset(Dataset):
        """Images that are transformed anew each time they are looked at, by numbers that (seed, epoch, index) decide."""

        def __init__(self, X: Array, y: Array, transform: Callable, seed: int):
            self.images, self.labels, self.transform, self.seed, self.e = X, y, transform, seed, 0

        def set_epoch(self, e: int) -> None:
            self.e = e

        def __len__(self) -> int:
            return self.images.shape[0]

        def __getitem__(self, i: int) -> tuple:
            return _transformed(self.images, self.transform, self.seed, self.e, i), self.labels[i]

    return AugmentedDataset


@of("09")
def precompute(X: Array, y: Array, transform: Callable, k: int, seed: int) -> tuple[Array, Array]:
    """k transformed copies of the data set, one after the other."""
    stored_bytes(X, k)
    images = [_transformed(X, transform, seed, c, i) for c, i in np.ndindex(k, len(X))]
    return np.array(images), np.resize(y, k * len(y))


@of("09")
def stored_bytes(X: Array, k: int) -> int:
    """The bytes of k copies of X."""
    if k < 1:
        raise ValueError(f"k is {k}; at least one copy is needed")
    return int(np.prod(np.shape(X))) * X.dtype.itemsize * k


def _transformed(X: Array, transform: Callable, *key: int) -> Array:
    sequence = np.random.SeedSequence(int(key[0]), spawn_key=tuple(int(n) for n in key[1:]))
    return transform(np.copy(X[key[-1]]), np.random.Generator(np.random.PCG64(sequence)))


def _torch(img: Array):
    import torch

    return torch.from_numpy(np.ascontiguousarray(img))


def _three_axes(img: Array) -> Array:
    if np.ndim(img) != 3:
        raise ValueError(f"img is of shape {np.shape(img)}, which is not (C, H, W)")
    return np.asarray(img, float)


def _window(img: Array, size: int, rng: np.random.Generator) -> tuple[Array, tuple[int, int]]:
    if size > min(img.shape[1:]):
        raise ValueError(f"size is {size}, more than the image of shape {img.shape} has")
    places = np.lib.stride_tricks.sliding_window_view(img, (size, size), axis=(1, 2))
    top, left = (int(rng.integers(n)) for n in places.shape[1:3])
    return places[:, top, left].copy(), (top, left)


def _five(windows: Array) -> Array:
    """Corners and centre of a grid of windows (C, rows, columns, size, size)."""
    last = np.array(windows.shape[1:3]) - 1
    rows, columns = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.5]]).T
    return np.moveaxis(windows[:, np.intp(rows * last[0]), np.intp(columns * last[1])], 1, 0)


def _by_pillow(operation: str, img: Array, *args) -> Array:
    from PIL import Image, ImageOps

    if getattr(img, "dtype", None) != np.uint8:
        raise ValueError("img is not of dtype uint8")
    operate = getattr(ImageOps, operation)
    return np.stack([np.asarray(operate(Image.fromarray(np.ascontiguousarray(c)), *args)) for c in img])


def _not_negative(name: str, value: float) -> None:
    if value < 0:
        raise ValueError(f"{name} is {value}; it must not be negative")


def _in_unit_range(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}, outside of [0, 1]")
