"""Right answers to resize_bilinear and random_short_side_crop, written in other ways."""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.exercise import replaces


def _h_w(h, w):
    if h <= 0:
        raise ValueError("h")
    if w <= 0:
        raise ValueError("w")


@replaces("resize_bilinear")
def by_interpolate(img, h, w):
    """F.interpolate."""
    _h_w(h, w)
    return F.interpolate(torch.tensor(img, dtype=torch.float64)[None], size=(h, w), mode="bilinear").squeeze(0).numpy()


@replaces("resize_bilinear")
def by_interp(img, h, w):
    """np.interp along columns, then along rows: it clips by itself."""
    _h_w(h, w)
    img = np.array(img, dtype=float)
    _, H, W = img.shape
    sy, sx = (np.arange(h) + 0.5) / h * H - 0.5, (np.arange(w) + 0.5) / w * W - 0.5
    wide = np.apply_along_axis(lambda row: np.interp(sx, np.arange(W), row), 2, img)
    return np.apply_along_axis(lambda column: np.interp(sy, np.arange(H), column), 1, wide)


@replaces("resize_bilinear")
def padded_edges(img, h, w):
    """The edge is repeated once, so nothing needs clipping; four neighbours at once."""
    _h_w(h, w)
    _, H, W = img.shape
    p = np.pad(np.asarray(img, dtype=float), ((0, 0), (1, 1), (1, 1)), mode="edge")
    y, x = np.meshgrid((np.arange(h) + 0.5) * H / h + 0.5, (np.arange(w) + 0.5) * W / w + 0.5, indexing="ij")
    i, j = y.astype(int), x.astype(int)
    a, b = y - i, x - j
    return (
        p[:, i, j] * (1 - a) * (1 - b)
        + p[:, i + 1, j] * a * (1 - b)
        + p[:, i, j + 1] * (1 - a) * b
        + p[:, i + 1, j + 1] * a * b
    )


@replaces("resize_bilinear")
def pixel_by_pixel(img, h, w):
    """A loop, with one value at a time."""
    _h_w(h, w)
    C, H, W = img.shape
    out = np.zeros((C, h, w))
    for y in range(h):
        for x in range(w):
            sy = min(max((y + 0.5) * H / h - 0.5, 0.0), H - 1.0)
            sx = min(max((x + 0.5) * W / w - 0.5, 0.0), W - 1.0)
            i, j = int(sy), int(sx)
            for k, u in ((i, 1 - sy + i), (i + 1, sy - i)):
                for m, v in ((j, 1 - sx + j), (j + 1, sx - j)):
                    if u * v:
                        out[:, y, x] += u * v * img[:, k, m]
    return out


def _resize(img, h, w):
    return F.interpolate(torch.tensor(img, dtype=torch.float64)[None], size=(int(h), int(w)), mode="bilinear")[
        0
    ].numpy()


def _ok(s_min, s_max, size):
    if s_min > s_max:
        raise ValueError(f"s_min {s_min} > s_max {s_max}")
    if s_min < size:
        raise ValueError(f"size {size}")


@replaces("random_short_side_crop")
def rounded(img, s_min, s_max, size, rng):
    """The long side is rounded half up; NumPy integers; the place is drawn before L is known, as shares."""
    _ok(s_min, s_max, size)
    v, u = rng.random(2)
    L = rng.choice(np.arange(s_min, s_max + 1))
    factor = L / min(img.shape[1:])
    h, w = (np.int64(np.floor(side * factor + 0.5 + 1e-9)) for side in img.shape[1:])
    top, left = np.int64(u * (h - size + 1)), np.int64(v * (w - size + 1))
    crop = _resize(img, h, w)[:, top:, left:][:, :size, :size]
    return crop, {"top": top, "left": left, "L": L, "h": h, "w": w, "factor": factor}


@replaces("random_short_side_crop")
def with_endpoint(img, s_min, s_max, size, rng):
    """endpoint=True everywhere."""
    _ok(s_min, s_max, size)
    _, H, W = img.shape
    L = rng.integers(s_min, s_max, endpoint=True)
    h, w = (H * L // min(H, W), W * L // min(H, W))
    left, top = (rng.integers(0, side - size, endpoint=True) for side in (w, h))
    return _resize(img, h, w)[:, top : top + size, left : left + size].copy(), dict(L=L, h=h, w=w, top=top, left=left)


@replaces("random_short_side_crop")
def torch_generator(img, s_min, s_max, size, rng):
    """A torch generator with a seed from rng; only the window is computed."""
    _ok(s_min, s_max, size)
    g = torch.Generator().manual_seed(int(rng.integers(2**62)))
    _, H, W = img.shape
    L = int(torch.randint(s_min, s_max + 1, (), generator=g))
    h, w = (L, int(W / H * L + 1e-9)) if W > H else (int(H / W * L + 1e-9), L)
    top, left = (int(torch.randint(side - size + 1, (), generator=g)) for side in (h, w))
    y = ((np.arange(top, top + size) + 0.5) * H / h - 0.5).clip(0, H - 1)
    x = ((np.arange(left, left + size) + 0.5) * W / w - 0.5).clip(0, W - 1)
    rows = np.maximum(1 - abs(y[:, None] - np.arange(H)), 0)
    columns = np.maximum(1 - abs(x[:, None] - np.arange(W)), 0)
    return np.einsum("yi,cij,xj->cyx", rows, img, columns), {"L": L, "h": h, "w": w, "top": top, "left": left}
