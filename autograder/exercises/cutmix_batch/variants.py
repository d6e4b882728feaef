"""Right answers to cutmix_box, cutmix and sample_cutmix, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


@replaces("cutmix_box")
def as_published(H, W, lam, cy, cx):
    """The published code: sides are cut down to whole numbers, and so are their halves."""
    if not 0 <= lam <= 1:
        raise ValueError("lam is no share")
    h, w = int(H * np.sqrt(1.0 - lam)), int(W * np.sqrt(1.0 - lam))
    return (
        np.clip(cy - h // 2, 0, H),
        np.clip(cy + h // 2, 0, H),
        np.clip(cx - w // 2, 0, W),
        np.clip(cx + w // 2, 0, W),
    )


@replaces("cutmix_box")
def centers_of_pixels(H, W, lam, cy, cx):
    """The centre is the middle of its pixel, half a pixel further; edges are rounded and clipped; a list."""
    if lam < 0 or lam > 1:
        raise ValueError(f"lam = {lam}")
    box = []
    for size, center in ((H, cy), (W, cx)):
        half = size * (1 - lam) ** 0.5 / 2
        box += [int(np.clip(np.rint(center + 0.5 + sign * half), 0, size)) for sign in (-1, 1)]
    return box


@replaces("cutmix_box")
def rounded_up(H, W, lam, cy, cx):
    """Sides rounded up, in an array."""
    if not (lam >= 0 and lam <= 1):
        raise ValueError("lam")
    size, center = np.array([H, W]), np.array([cy, cx])
    sides = np.ceil(size * np.sqrt(1 - lam)).astype(int)
    start = center - sides // 2
    return np.stack([np.maximum(start, 0), np.minimum(start + sides, size)], axis=1).ravel()


@replaces("cutmix")
def mask(x, y, perm, box):
    """np.where with a mask of the box."""
    x, y = np.asarray(x), np.asarray(y)
    if len(x) == 0:
        raise ValueError("x is empty")
    y0, y1, x0, x1 = box
    rows, columns = np.ogrid[: x.shape[2], : x.shape[3]]
    inside = (rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)
    share = inside.mean()
    return np.where(inside, x[perm], x), y * (1 - share) + y[perm] * share, 1 - share


@replaces("cutmix")
def products_with_a_mask(x, y, perm, box):
    """x times a mask plus the partner times the rest, in float."""
    if not np.size(x):
        raise ValueError("x has no image")
    x = np.array(x, dtype=float)
    own = np.ones(x.shape[2:])
    own[box[0] : box[1], box[2] : box[3]] = 0
    lam = own.sum() / own.size
    return own * x + (1 - own) * x[perm], np.array(y) * lam + (1 - lam) * np.array(y)[perm], lam


@replaces("cutmix")
def loops(x, y, perm, box):
    """One image after the other, cut from the old batch; float32 labels."""
    if len(x) < 1:
        raise ValueError("no images in x")
    y0, y1, x0, x1 = box
    xm, ym = np.copy(x), np.zeros(np.shape(y), dtype=np.float64)
    lam = 1.0 - float((y1 - y0) * (x1 - x0)) / float(np.prod(np.shape(x)[-2:]))
    for n in range(len(x)):
        for row in range(y0, y1):
            xm[n, ..., row, x0:x1] = x[perm[n], ..., row, x0:x1]
        ym[n] = lam * y[n] + (1 - lam) * y[perm[n]]
    return xm, ym, lam


@replaces("cutmix")
def torch_tensors(x, y, perm, box):
    """torch, and back."""
    if len(x) == 0:
        raise ValueError("x must not be empty")
    y0, y1, x0, x1 = box
    x, y, perm = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y, dtype=float)), torch.as_tensor(perm)
    xm = x.clone()
    xm[..., y0:y1, x0:x1] = x[perm][..., y0:y1, x0:x1]
    lam = 1 - (y1 - y0) * (x1 - x0) / x[0, 0].numel()
    return xm.numpy(), torch.lerp(y[perm], y, lam).numpy(), lam


def _box(H, W, lam, cy, cx):
    return as_published(H, W, lam, cy, cx)


@replaces("sample_cutmix")
def center_first(H, W, alpha, rng):
    """One pixel out of all of them, before lam."""
    if alpha < 0:
        raise ValueError("alpha is below 0")
    cy, cx = divmod(int(rng.integers(H * W)), W)
    lam = rng.beta(alpha, alpha) if alpha else 1.0
    return lam, _box(H, W, lam, cy, cx)


@replaces("sample_cutmix")
def choice(H, W, alpha, rng):
    """rng.choice for the centre, Beta from a Dirichlet law; a tuple of NumPy integers."""
    if not alpha >= 0:
        raise ValueError("alpha")
    lam = 1 if alpha == 0 else rng.dirichlet([alpha, alpha])[0]
    return lam, rounded_up(H, W, min(float(lam), 1.0), rng.choice(H), rng.choice(W))


@replaces("sample_cutmix")
def floor_of_random(H, W, alpha, rng):
    """Uniform numbers, stretched and rounded down."""
    if alpha < 0:
        raise ValueError(f"alpha = {alpha}")
    u = rng.random(2)
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, tuple(centers_of_pixels(H, W, lam, int(u[0] * H), int(u[1] * W)))


@replaces("sample_cutmix")
def torch_generator(H, W, alpha, rng):
    """A torch generator with a seed from rng for the centre."""
    if alpha < 0:
        raise ValueError("alpha must be at least 0")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    cy, cx = (int(torch.randint(size, (), generator=generator)) for size in (H, W))
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, _box(H, W, lam, cy, cx)
