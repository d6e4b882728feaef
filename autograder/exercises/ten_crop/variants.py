"""Right answers to ten_crop, written in other ways."""

import numpy as np
import torch


def _fits(img, size):
    C, H, W = img.shape
    if size > H or size > W:
        raise ValueError(f"size = {size}, image {H} x {W}")
    return C, H, W


def crops_of_the_mirror(img, size):
    """The same five crops of the image and of its mirror image; the centre is rounded up."""
    _, H, W = _fits(img, size)
    out = []
    for view in (img, np.flip(img, 2)):
        out += [
            view[:, :size, :size],
            view[:, :size, W - size :],
            view[:, H - size :, :size],
            view[:, H - size :, W - size :],
        ]
        top, left = (H - size + 1) // 2, (W - size + 1) // 2
        out.append(view[:, top : top + size, left : left + size])
    return np.array(out)


def centre_rounded_apart(img, size):
    """The centre is rounded down, and up in the mirror; filled into zeros."""
    C, H, W = _fits(img, size)
    out = np.zeros((10, C, size, size), dtype=img.dtype)
    for i in range(4):
        y, x = (i // 2) * (H - size), (i % 2) * (W - size)
        out[2 * i] = img[:, y : y + size, x : x + size]
        out[2 * i + 1] = out[2 * i, :, :, ::-1]
    y, x = (H - size) // 2, -(-(W - size) // 2)
    out[8] = img[:, y : y + size, x : x + size]
    x = (W - size) // 2
    out[9] = img[:, y : y + size, x : x + size][:, :, ::-1]
    return out


def windows(img, size):
    """A view of all windows."""
    _fits(img, size)
    w = np.lib.stride_tricks.sliding_window_view(img, (size, size), axis=(1, 2))
    rows, columns = w.shape[1] - 1, w.shape[2] - 1
    five = w[:, [0, 0, rows, rows, round(rows / 2)], [0, columns, 0, columns, round(columns / 2)]].swapaxes(0, 1)
    return np.concatenate((five[..., ::-1], five))


def by_torch(img, size):
    """narrow and flip."""
    _, H, W = _fits(img, size)
    t = torch.tensor(img)
    places = [(0, 0), (H - size, 0), ((H - size) // 2, (W - size) // 2), (0, W - size), (H - size, W - size)]
    crops = [t.narrow(1, y, size).narrow(2, x, size) for y, x in places]
    return torch.stack([each for crop in crops for each in (crop, crop.flip(2))]).numpy()


def rolled(img, size):
    """The image is rolled until the crop is at the top left."""
    _, H, W = _fits(img, size)
    ys, xs = [0, 0, H - size, H - size, int((H - size) / 2)], [0, W - size, 0, W - size, int((W - size) / 2)]
    five = [np.roll(img, (-y, -x), axis=(1, 2))[:, :size, :size] for y, x in zip(ys, xs, strict=True)]
    return np.stack(five + [np.fliplr(crop.transpose(1, 2, 0)).transpose(2, 0, 1) for crop in five])
