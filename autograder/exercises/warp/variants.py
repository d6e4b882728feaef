"""Right answers to translate and rotate, written in other ways."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from autograder.exercise import replaces


def _ok(img):
    if len(np.shape(img)) != 3:
        raise ValueError(f"img: shape {np.shape(img)}")
    return np.array(img, dtype=float)


@replaces("translate")
def pixel_by_pixel(img, dy, dx, fill=0.0):
    """A loop over the pixels of the result."""
    img = _ok(img)
    C, H, W = img.shape
    out = np.empty((C, H, W))
    for y in range(H):
        for x in range(W):
            out[:, y, x] = img[:, y - dy, x - dx] if 0 <= y - dy < H and 0 <= x - dx < W else fill
    return out


@replaces("translate")
def padded_and_cut(img, dy, dx, fill=0.0):
    """A frame of fill on all sides, then a window of it."""
    img = _ok(img)
    _, H, W = img.shape
    dy, dx = int(np.clip(dy, -H, H)), int(np.clip(dx, -W, W))
    padded = np.pad(img, ((0, 0), (H, H), (W, W)), constant_values=fill)
    return padded[:, H - dy : 2 * H - dy, W - dx : 2 * W - dx]


@replaces("translate")
def rolled_and_covered(img, dy, dx, fill=0.0):
    """np.roll, then fill over what came around."""
    out = np.roll(_ok(img), (dy, dx), axis=(1, 2))
    y, x = np.ogrid[: out.shape[1], : out.shape[2]]
    out[:, ((y < dy) | (y >= out.shape[1] + dy)) | ((x < dx) | (x >= out.shape[2] + dx))] = fill
    return out


@replaces("translate")
def by_matrices(img, dy, dx, fill=0.0):
    """Products with np.eye(k=...), and the same for an image of ones."""
    img = _ok(img)
    _, H, W = img.shape
    down, right = np.eye(H, k=-dy), np.eye(W, k=dx)
    return down @ img @ right + fill * (1 - down @ np.ones((H, W)) @ right)


@replaces("rotate")
def grid_constant(img, deg, fill=0.0):
    """scipy's affine_transform with a grid of fill outside, channel by channel."""
    img = _ok(img)
    t = np.deg2rad(deg)
    matrix = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    c = (np.array(img.shape[1:]) - 1) / 2
    return np.stack(
        [
            ndimage.affine_transform(channel, matrix, offset=c - matrix @ c, order=1, mode="grid-constant", cval=fill)
            for channel in img
        ]
    )


@replaces("rotate")
def by_grid_sample(img, deg, fill=0.0):
    """F.grid_sample of img - fill in pixels of the rectangle, align_corners=True; fill is added at the end."""
    img = torch.from_numpy(_ok(img))
    _, H, W = img.shape
    t = np.deg2rad(deg)
    y, x = np.mgrid[:H, :W] - np.array([(H - 1) / 2, (W - 1) / 2])[:, None, None]
    u, v = (x * np.cos(t) - y * np.sin(t)) / ((W - 1) / 2), (x * np.sin(t) + y * np.cos(t)) / ((H - 1) / 2)
    grid = torch.from_numpy(np.stack([u, v], axis=-1))[None]
    return (F.grid_sample(img[None] - fill, grid, align_corners=True, padding_mode="zeros")[0] + fill).numpy()


@replaces("rotate")
def hat_weights(img, deg, fill=0.0):
    """Every pixel of the image, with the product of two hats as its weight; the missing weight is fill's."""
    img = _ok(img)
    _, H, W = img.shape
    turn = np.exp(1j * np.radians(deg))
    rows, columns = np.arange(H), np.arange(W)
    z = turn * ((columns - (W - 1) / 2)[None, :] + 1j * (rows - (H - 1) / 2)[:, None])
    sy, sx = z.imag + (H - 1) / 2, z.real + (W - 1) / 2
    wy = np.maximum(0, 1 - abs(sy[..., None] - rows))
    wx = np.maximum(0, 1 - abs(sx[..., None] - columns))
    weights = np.einsum("yxi,yxj->yxij", wy, wx)
    return np.einsum("yxij,cij->cyx", weights, img) + fill * (1 - weights.sum(axis=(2, 3)))


@replaces("rotate")
def scalar_loop(img, deg, fill=0.0):
    """Loops over pixels and their four neighbours; exact cosines at right angles."""
    img = _ok(img)
    C, H, W = img.shape
    cos, sin = np.cos(deg * np.pi / 180), np.sin(deg * np.pi / 180)
    if deg % 90 == 0:
        cos, sin = round(cos), round(sin)
    out = np.zeros((C, H, W))
    for y in range(H):
        for x in range(W):
            a, b = x - (W - 1) / 2, y - (H - 1) / 2
            sx, sy = a * cos - b * sin + (W - 1) / 2, a * sin + b * cos + (H - 1) / 2
            for j in (int(np.floor(sy)), int(np.floor(sy)) + 1):
                for i in (int(np.floor(sx)), int(np.floor(sx)) + 1):
                    weight = (1 - abs(sy - j)) * (1 - abs(sx - i))
                    out[:, y, x] += weight * (img[:, j, i] if 0 <= j < H and 0 <= i < W else fill)
    return out
