"""Right answers to cutout and random_cutout, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


def _refuse(img, size, cy, cx):
    if size <= 0:
        raise ValueError(f"size is {size}")
    if cy < 0 or cy >= np.shape(img)[1]:
        raise ValueError(f"cy is {cy}")
    if cx < 0 or cx >= np.shape(img)[2]:
        raise ValueError(f"cx is {cx}")


@replaces("cutout")
def grid(img, size, cy, cx, fill=0.0):
    """A grid of yes and no."""
    _refuse(img, size, cy, cx)
    rows, columns = np.mgrid[: img.shape[1], : img.shape[2]]
    top, left = cy - size // 2, cx - size // 2
    inside = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    return np.where(inside, fill, img)


@replaces("cutout")
def multiplied(img, size, cy, cx, fill=0.0):
    """A mask of ones with a square of zeros, multiplied; the filling is added."""
    _refuse(img, size, cy, cx)
    mask = np.ones(img.shape[1:])
    rows, columns = (
        np.clip([c - size // 2, c - size // 2 + size], 0, n) for c, n in zip((cy, cx), mask.shape, strict=True)
    )
    mask[slice(*rows), slice(*columns)] = 0
    return np.asarray(img) * mask + fill * (1 - mask)


@replaces("cutout")
def padded(img, size, cy, cx, fill=0.0):
    """A frame around the image, as wide as the square, so that the square always fits."""
    _refuse(img, size, cy, cx)
    frame = np.pad(np.asarray(img, dtype=float), ((0, 0), (size, size), (size, size)))
    top, left = size + cy - size // 2, size + cx - size // 2
    frame[:, top : top + size, left : left + size] = fill
    return frame[:, size:-size, size:-size]


@replaces("cutout")
def pixel_by_pixel(img, size, cy, cx, fill=0.0):
    """Loops over the square, leaving out what is not there; float32 stays float32."""
    _refuse(img, size, cy, cx)
    out = np.array(img, dtype=img.dtype if img.dtype.kind == "f" else float)
    for row in range(cy - size // 2, cy - size // 2 + size):
        for column in range(cx - size // 2, cx - size // 2 + size):
            if 0 <= row < out.shape[1] and 0 <= column < out.shape[2]:
                out[:, row, column] = fill
    return out


@replaces("random_cutout")
def one_of_all_pixels(img, size, rng):
    """One number for all pixels."""
    if size < 1:
        raise ValueError("size")
    center = np.unravel_index(rng.integers(img.shape[1] * img.shape[2]), img.shape[1:])
    return grid(img, size, *center), center


@replaces("random_cutout")
def choice(img, size, rng):
    """rng.choice, the column first; a list."""
    if not size >= 1:
        raise ValueError("size must be positive")
    cx, cy = rng.choice(np.arange(img.shape[2])), rng.choice(np.arange(img.shape[1]))
    return multiplied(img, size, cy, cx), [cy, cx]


@replaces("random_cutout")
def floor_of_random(img, size, rng):
    """Uniform numbers, stretched and rounded down."""
    if size < 1:
        raise ValueError(f"size = {size}")
    cy, cx = (int(np.floor(n * u)) for n, u in zip(img.shape[1:], rng.random(2), strict=True))
    return padded(img, size, cy, cx), (cy, cx)


@replaces("random_cutout")
def torch_generator(img, size, rng):
    """A torch generator with a seed from rng."""
    if size < 1:
        raise ValueError("size is below 1")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    cy, cx = (int(torch.randint(n, (1,), generator=generator)) for n in img.shape[1:])
    return pixel_by_pixel(img, size, cy, cx), (cy, cx)
