"""Right answers to hflip, random_hflip and random_crop, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


@replaces("hflip")
def index_array(img):
    """The columns are picked from the last to the first."""
    return img[..., np.arange(img.shape[-1] - 1, -1, -1)]


@replaces("hflip")
def fliplr_of_rows(img):
    """np.fliplr, channel by channel."""
    return np.stack([np.fliplr(channel) for channel in img])


@replaces("hflip")
def by_torch(img):
    """torch.flip."""
    return torch.flip(torch.tensor(img), dims=(2,)).numpy()


@replaces("hflip")
def einsum_with_exchange(img):
    """take along the last axis."""
    return np.take(img, range(img.shape[2])[::-1], axis=2)


def _probability(p):
    if not (p >= 0 and p <= 1):
        raise ValueError(f"p = {p} is no probability")


@replaces("random_hflip")
def binomial(img, p, rng):
    """rng.binomial."""
    _probability(p)
    flipped = rng.binomial(1, p) == 1
    return (img[:, :, ::-1] if flipped else img.copy()), flipped


@replaces("random_hflip")
def choice(img, p, rng):
    """rng.choice between two images."""
    _probability(p)
    flipped = bool(rng.choice([True, False], p=[p, 1 - p]))
    return [img, np.flip(img, -1)][flipped], flipped


@replaces("random_hflip")
def upper_end(img, p, rng):
    """The upper end of the unit interval; a step of -1."""
    _probability(p)
    flipped = rng.uniform() >= 1 - p if p < 1 else np.True_
    return img[:, :, :: -1 if flipped else 1], flipped


@replaces("random_hflip")
def draws_more_than_needed(img, p, rng):
    """Many numbers, of which the last counts."""
    _probability(p)
    flipped = bool(rng.random(7)[-1] < p)
    return np.where(flipped, img[:, :, ::-1], img), flipped


@replaces("random_crop")
def integers_with_endpoint(img, size, pad, rng):
    """np.pad; both numbers in one call, the column first."""
    if pad < 0:
        raise ValueError(f"pad: {pad}")
    H, W = (n + 2 * pad for n in img.shape[1:])
    if size > min(H, W):
        raise ValueError(f"size: {size}")
    left, top = rng.integers([W - size, H - size], endpoint=True)
    return np.pad(img, [(0, 0)] + 2 * [(pad, pad)])[:, top:][:, :size, left:][:, :, :size], (top, left)


@replaces("random_crop")
def without_a_padded_image(img, size, pad, rng):
    """Only the part that overlaps is copied; rng.choice."""
    if pad < 0:
        raise ValueError("pad is negative")
    C, H, W = img.shape
    if H + 2 * pad < size or W + 2 * pad < size:
        raise ValueError("size is too large")
    top, left = (int(rng.choice(side + 2 * pad - size + 1)) for side in (H, W))
    out = np.zeros((C, size, size), dtype=img.dtype)
    y0, x0, y1, x1 = max(pad - top, 0), max(pad - left, 0), min(pad - top + H, size), min(pad - left + W, size)
    if y1 > y0 and x1 > x0:
        out[:, y0:y1, x0:x1] = img[:, y0 + top - pad : y1 + top - pad, x0 + left - pad : x1 + left - pad]
    return out, (top, left)


@replaces("random_crop")
def one_number_for_all_places(img, size, pad, rng):
    """All places are numbered; np.unravel_index."""
    if pad < 0:
        raise ValueError("pad")
    padded = np.concatenate([np.zeros_like(img[:, :1])] * pad + [img] + [np.zeros_like(img[:, :1])] * pad, axis=1)
    border = np.zeros_like(padded[:, :, :1])
    padded = np.concatenate([border] * pad + [padded] + [border] * pad, axis=2)
    places = tuple(side - size + 1 for side in padded.shape[1:])
    if min(places) <= 0:
        raise ValueError(f"size = {size}: does not fit")
    top, left = np.unravel_index(rng.integers(np.prod(places)), places)
    return padded[:, top : top + size, left : left + size].copy(), (top, left)


@replaces("random_crop")
def floor_of_random(img, size, pad, rng):
    """rng.random, stretched and rounded down; torch pads."""
    if pad < 0:
        raise ValueError("pad < 0")
    padded = torch.nn.functional.pad(torch.tensor(img), (pad, pad, pad, pad))
    if size > padded.shape[1] or size > padded.shape[2]:
        raise ValueError("size does not fit")
    top = int(rng.random() * (padded.shape[1] - size + 1))
    left = int(rng.random() * (padded.shape[2] - size + 1))
    return padded.narrow(1, top, size).narrow(2, left, size).numpy(), (top, left)


@replaces("random_crop")
def torch_generator(img, size, pad, rng):
    """A torch generator with a seed from rng; a list for the place."""
    if pad < 0:
        raise ValueError("pad must not be negative")
    padded = np.zeros((len(img), *(side + 2 * pad for side in img.shape[1:])), img.dtype)
    padded[:, pad : pad + img.shape[1], pad : pad + img.shape[2]] = img
    rows, columns = (side - size + 1 for side in padded.shape[1:])
    if rows < 1 or columns < 1:
        raise ValueError("size must fit into the padded image")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    top, left = (int(torch.randint(n, (), generator=generator)) for n in (rows, columns))
    return padded[:, top : top + size, left : left + size], [top, left]
