"""Believable wrong answers to ten_crop. Each docstring is what a good tutor would say."""

import numpy as np


def _ten(
    img, size, *, places=None, turn=lambda crop: crop[:, :, ::-1], check=True, last=lambda side, size: side - size
):
    H, W = img.shape[1:]
    if check and size > min(H, W):
        raise ValueError("size is too large")
    bottom, right = last(H, size), last(W, size)
    if places is None:
        places = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    crops = [img[:, top : top + size, left : left + size] for top, left in places]
    return np.stack(crops + [turn(crop) for crop in crops])


def only_five(img, size):
    """You return five crops. Each of them is to be there a second time, mirrored: that makes ten."""
    return _ten(img, size)[:5]


def upside_down(img, size):
    """Your second five are upside down. A mirror image swaps left and right: reverse the last axis."""
    return _ten(img, size, turn=lambda crop: crop[:, ::-1])


def turned(img, size):
    """Your second five are turned by 180 degrees. A mirror image swaps left and right only: reverse the last axis."""
    return _ten(img, size, turn=lambda crop: crop[:, ::-1, ::-1])


def channels_reversed(img, size):
    """Your second five have their channels reversed. The columns are the last axis of (C, H, W)."""
    return _ten(img, size, turn=lambda crop: crop[::-1])


def repeated(img, size):
    """Your second five are the same as the first five. They are to be mirror images."""
    return _ten(img, size, turn=lambda crop: crop)


def one_crop_mirrored_five_times(img, size):
    """All of your mirror images show the same crop. Each of the five has a mirror image of its own."""
    ten = _ten(img, size)
    return np.concatenate([ten[:5], np.repeat(ten[5:6], 5, axis=0)])


def short_of_the_border(img, size):
    """Your crops at the right and at the bottom end one pixel before the border. The last possible start is W - size, not W - size - 1."""
    return _ten(img, size, last=lambda side, size: max(side - size - 1, 0))


def centre_of_the_image_as_corner(img, size):
    """Your centre crop starts at the middle of the image, (H // 2, W // 2). It is to have its own middle there: start at (H - size) // 2."""
    H, W = img.shape[1:]
    bottom, right = H - size, W - size
    centre = min(H // 2, max(bottom, 0)), min(W // 2, max(right, 0))
    return _ten(img, size, places=[(0, 0), (0, right), (bottom, 0), (bottom, right), centre])


def centre_at_the_size(img, size):
    """Your centre crop starts at size // 2, which has nothing to do with the image. Its margin is the same on both sides: (H - size) // 2."""
    H, W = img.shape[1:]
    bottom, right = H - size, W - size
    centre = min(size // 2, max(bottom, 0)), min(size // 2, max(right, 0))
    return _ten(img, size, places=[(0, 0), (0, right), (bottom, 0), (bottom, right), centre])


def centre_from_rows_only(img, size):
    """You use the row of the centre for its column as well. The image need not be square: W has a margin of its own."""
    H, W = img.shape[1:]
    bottom, right = H - size, W - size
    centre = bottom // 2, min(bottom // 2, max(right, 0))
    return _ten(img, size, places=[(0, 0), (0, right), (bottom, 0), (bottom, right), centre])


def rows_and_columns_swapped(img, size):
    """You take H for the columns and W for the rows. An image is (C, H, W): rows first."""
    H, W = img.shape[1:]
    bottom, right = min(W - size, H - size), min(H - size, W - size)
    return _ten(img, size, places=[(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)])


def no_centre(img, size):
    """You have the corners, but no centre: one of the corners is there twice. The fifth crop is the middle of the image."""
    bottom, right = (side - size for side in img.shape[1:])
    return _ten(img, size, places=[(0, 0), (0, right), (bottom, 0), (bottom, right), (0, 0)])


def middles_of_the_sides(img, size):
    """Your crops lie in the middle of the four sides. Asked for are the corners and the centre."""
    bottom, right = (side - size for side in img.shape[1:])
    y, x = bottom // 2, right // 2
    return _ten(img, size, places=[(0, x), (bottom, x), (y, 0), (y, right), (y, x)])


def at_random(img, size):
    """Your crops are at random places. At test time nothing is random: five fixed places."""
    rng = np.random.default_rng()  # no two calls are alike
    rows, columns = (side - size + 1 for side in img.shape[1:])
    if min(rows, columns) < 1:
        raise ValueError("size is too large")
    return _ten(img, size, places=[(rng.integers(rows), rng.integers(columns)) for _ in range(5)])


def flattened_axis(img, size):
    """Your crops are one after the other along the channels. Give them an axis of their own, the first: np.stack."""
    ten = _ten(img, size)
    return ten.reshape(-1, size, size)


def in_two_groups(img, size):
    """Your crops lie along two axes, (2, 5, C, size, size). One axis of ten is asked for."""
    ten = _ten(img, size)
    return ten.reshape(2, 5, *ten.shape[1:])


def as_float(img, size):
    """Your crops have another dtype than the image. Nothing is computed here, so bytes can stay bytes."""
    return _ten(img, size).astype(float)


def zeros_of_the_right_shape(img, size):
    """Your crops are all 0: nothing was copied into the array. Assign each crop to its place, or stack a list."""
    return _ten(img, size) * 0


def mirrors_in_place(img, size):
    """Your ten crops are right, but you mirrored the image itself on the way. Reverse a copy or a view."""
    five = _ten(img, size)[:5]
    img[...] = img[:, :, ::-1].copy()
    return np.concatenate([five, five[..., ::-1]])


def size_not_checked(img, size):
    """You accept a size that is larger than the image and return something smaller. Refuse it with a ValueError that names size."""
    return _ten(img, min(size, *img.shape[1:]))


def only_rows_checked(img, size):
    """You compare size with the rows only. The image may be narrower than it is high: check W, too."""
    if size > img.shape[1]:
        raise ValueError("size is too large")
    return _ten(img, min(size, img.shape[2]))
