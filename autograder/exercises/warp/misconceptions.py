"""Believable wrong answers to translate and rotate. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- translate -------------------------------------------------------------------------------------------


def _image(img):
    img = np.asarray(img, dtype=float)
    if img.ndim != 3:
        raise ValueError("img must have three axes")
    return img


def _get(img, y, x, fill):
    H, W = img.shape[1:]
    inside = (y >= 0) & (y < H) & (x >= 0) & (x < W)
    return np.where(inside, img[:, np.clip(y, 0, H - 1), np.clip(x, 0, W - 1)], fill)


def _shifted(img, dy, dx, fill):
    y, x = np.indices(img.shape[1:])
    return _get(img, y - dy, x - dx, fill)


@replaces("translate")
def wraps_around(img, dy, dx, fill=0.0):
    """Your shift wraps around: what leaves on one side comes in on the other, which is what np.roll does. What comes in is fill."""
    return np.roll(_image(img), (dy, dx), axis=(1, 2))


@replaces("translate")
def shift_reversed(img, dy, dx, fill=0.0):
    """You move up and to the left. Positive dy and dx move down and to the right: out[y, x] comes from img[y - dy, x - dx]."""
    return _shifted(_image(img), -dy, -dx, fill)


@replaces("translate")
def rows_reversed(img, dy, dx, fill=0.0):
    """You move up where dy is positive. Rows are counted downwards, so a positive dy moves down."""
    return _shifted(_image(img), -dy, dx, fill)


@replaces("translate")
def shift_axes_swapped(img, dy, dx, fill=0.0):
    """You use dy for the columns and dx for the rows. y belongs to the rows, axis 1, and x to the columns."""
    return _shifted(_image(img), dx, dy, fill)


@replaces("translate")
def channels_shifted(img, dy, dx, fill=0.0):
    """You shift the axes 0 and 1: those are the channels and the rows. In (C, H, W) the rows are axis 1, the columns axis 2."""
    img = _image(img)
    return _shifted(img.transpose(2, 0, 1), dy, dx, fill).transpose(1, 2, 0)


@replaces("translate")
def shift_fill_ignored(img, dy, dx, fill=0.0):
    """Your shift brings in zeros, whatever fill is. Start from np.full with fill."""
    return _shifted(_image(img), dy, dx, 0.0)


@replaces("translate")
def shift_repeats_the_edge(img, dy, dx, fill=0.0):
    """Your shift repeats the pixels of the edge where something is missing. What comes in from outside is fill."""
    img = _image(img)
    y, x = np.indices(img.shape[1:])
    return img[:, np.clip(y - dy, 0, img.shape[1] - 1), np.clip(x - dx, 0, img.shape[2] - 1)]


@replaces("translate")
def unchanged_beyond_the_image(img, dy, dx, fill=0.0):
    """A shift beyond the image leaves your image as it was. Nothing of it is left then: all is fill."""
    img = _image(img)
    if abs(dy) >= img.shape[1] or abs(dx) >= img.shape[2]:
        return img.copy()
    return _shifted(img, dy, dx, fill)


@replaces("translate")
def negative_indices(img, dy, dx, fill=0.0):
    """Your index becomes negative, and Python counts those from the end: pixels from the other side come in. Look at whether y - dy is at least 0."""
    img = _image(img)
    H, W = img.shape[1:]
    y, x = np.indices((H, W))
    y, x = y - dy, x - dx
    inside = (y < H) & (x < W)
    return np.where(inside, img[:, y % H, x % W], fill)


@replaces("translate")
def fill_everywhere(img, dy, dx, fill=0.0):
    """Your result is fill everywhere: the image was never copied into it. Copy the part that stays inside."""
    return np.full(_image(img).shape, float(fill))


@replaces("translate")
def shift_truncated(img, dy, dx, fill=0.0):
    """Your shift keeps the dtype of the image, so a fill of 0.5 becomes 0 in an image of whole numbers. Return floats."""
    return _shifted(_image(img), dy, dx, fill).astype(np.asarray(img).dtype)


@replaces("translate")
def shift_in_place(img, dy, dx, fill=0.0):
    """Your shift is right, but you wrote it into the image. Make a new array."""
    out = _shifted(_image(img), dy, dx, fill)
    if img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("translate")
def shift_accepts_any_shape(img, dy, dx, fill=0.0):
    """Your translate accepts an img without three axes. Which of them are rows and columns? Refuse it with a ValueError that names img."""
    if np.ndim(img) == 3:
        return _shifted(_image(img), dy, dx, fill)
    return np.roll(img, dy)


# ---- rotate ----------------------------------------------------------------------------------------------


def _bilinear(img, sy, sx, fill, floor=np.floor, get=_get):
    y, x = floor(sy).astype(int), floor(sx).astype(int)
    ty, tx = sy - y, sx - x
    upper = (1 - tx) * get(img, y, x, fill) + tx * get(img, y, x + 1, fill)
    lower = (1 - tx) * get(img, y + 1, x, fill) + tx * get(img, y + 1, x + 1, fill)
    return (1 - ty) * upper + ty * lower


def _rotated(img, deg, fill, *, angle=np.deg2rad, centre=lambda H, W: ((H - 1) / 2, (W - 1) / 2), look=_bilinear):
    img = _image(img)
    cy, cx = centre(*img.shape[1:])
    y, x = np.indices(img.shape[1:])
    cos, sin = np.cos(angle(deg)), np.sin(angle(deg))
    sx = cx + (x - cx) * cos - (y - cy) * sin
    sy = cy + (x - cx) * sin + (y - cy) * cos
    return look(img, sy, sx, fill)


@replaces("rotate")
def clockwise(img, deg, fill=0.0):
    """You rotate clockwise. Rows are counted downwards, which turns the sense of the usual formula around: check with 90 degrees."""
    return _rotated(img, deg, fill, angle=lambda deg: -np.deg2rad(deg))


@replaces("rotate")
def radians(img, deg, fill=0.0):
    """You give degrees to the cosine and the sine, and they want radians: np.deg2rad."""
    return _rotated(img, deg, fill, angle=float)


@replaces("rotate")
def centre_half_a_pixel_off(img, deg, fill=0.0):
    """You turn about (H / 2, W / 2), half a pixel off. The first row is 0 and the last H - 1, so the middle is (H - 1) / 2."""
    return _rotated(img, deg, fill, centre=lambda H, W: (H / 2, W / 2))


@replaces("rotate")
def centre_rounded(img, deg, fill=0.0):
    """You turn about a pixel, H // 2 and W // 2. Where the number of rows is even, the middle lies between two of them."""
    return _rotated(img, deg, fill, centre=lambda H, W: (H // 2, W // 2))


@replaces("rotate")
def centre_at_the_corner(img, deg, fill=0.0):
    """You turn about the corner (0, 0). Subtract the centre first, and add it at the end."""
    return _rotated(img, deg, fill, centre=lambda H, W: (0, 0))


@replaces("rotate")
def centre_swapped(img, deg, fill=0.0):
    """You took the centre of the rows for the columns and the other way round. The centre is at row (H - 1) / 2, column (W - 1) / 2."""
    return _rotated(img, deg, fill, centre=lambda H, W: ((W - 1) / 2, (H - 1) / 2))


@replaces("rotate")
def forward_mapping(img, deg, fill=0.0):
    """You ask of each pixel of the image where it goes, and some places of the result are never hit: holes. Ask of each pixel of the result where it comes from."""
    img = _image(img)
    H, W = img.shape[1:]
    cy, cx = (H - 1) / 2, (W - 1) / 2
    out = np.full(img.shape, float(fill))
    cos, sin = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    for y in range(H):
        for x in range(W):
            tx = int(np.rint(cx + (x - cx) * cos + (y - cy) * sin))
            ty = int(np.rint(cy - (x - cx) * sin + (y - cy) * cos))
            if 0 <= ty < H and 0 <= tx < W:
                out[:, ty, tx] = img[:, y, x]
    return out


@replaces("rotate")
def nearest(img, deg, fill=0.0):
    """You take the nearest pixel. Bilinear means a weighted mean of the four pixels around the place."""
    return _rotated(
        img, deg, fill, look=lambda img, sy, sx, fill: _get(img, np.rint(sy).astype(int), np.rint(sx).astype(int), fill)
    )


@replaces("rotate")
def upper_left_pixel(img, deg, fill=0.0):
    """You round the place down and take that pixel. Bilinear means a weighted mean of the four pixels around the place."""
    return _rotated(
        img,
        deg,
        fill,
        look=lambda img, sy, sx, fill: _get(
            img, np.floor(sy + 1e-9).astype(int), np.floor(sx + 1e-9).astype(int), fill
        ),
    )


@replaces("rotate")
def weights_swapped(img, deg, fill=0.0):
    """Your weights are the wrong way round: a place close to row floor(sy) takes most from that row. The weight of the next row is sy - floor(sy)."""

    def look(img, sy, sx, fill):
        y, x = np.floor(sy + 1e-9).astype(int), np.floor(sx + 1e-9).astype(int)
        ty, tx = sy - y, sx - x
        upper = tx * _get(img, y, x, fill) + (1 - tx) * _get(img, y, x + 1, fill)
        lower = tx * _get(img, y + 1, x, fill) + (1 - tx) * _get(img, y + 1, x + 1, fill)
        return ty * upper + (1 - ty) * lower

    return _rotated(img, deg, fill, look=look)


@replaces("rotate")
def truncated_towards_zero(img, deg, fill=0.0):
    """You cut off the digits behind the point, so -0.3 becomes 0 and its weights are wrong. np.floor gives -1."""
    return _rotated(img, deg, fill, look=lambda *args: _bilinear(*args, floor=np.trunc))


@replaces("rotate")
def rotation_repeats_the_edge(img, deg, fill=0.0):
    """Your rotation repeats the pixels of the edge outside of the image. Outside there is fill."""

    def get(img, y, x, fill):
        return img[:, np.clip(y, 0, img.shape[1] - 1), np.clip(x, 0, img.shape[2] - 1)]

    return _rotated(img, deg, fill, look=lambda *args: _bilinear(*args, get=get))


@replaces("rotate")
def rotation_wraps_around(img, deg, fill=0.0):
    """Your index becomes negative in the rotation, and Python counts those from the end. Outside of the image there is fill."""

    def get(img, y, x, fill):
        return img[:, y % img.shape[1], x % img.shape[2]]

    return _rotated(img, deg, fill, look=lambda *args: _bilinear(*args, get=get))


@replaces("rotate")
def rotation_fill_ignored(img, deg, fill=0.0):
    """Your rotation has zeros outside of the image, whatever fill is. Use fill for the neighbours that do not exist."""
    return _rotated(img, deg, 0.0)


@replaces("rotate")
def border_without_weights(img, deg, fill=0.0):
    """A place just outside of the image is fill for you, all of it. It still has neighbours inside: each of the four counts with its weight, and only those outside are fill."""

    def look(img, sy, sx, fill):
        H, W = img.shape[1:]
        near = 1e-9  # rounding is no reason
        inside = (sy >= -near) & (sy <= H - 1 + near) & (sx >= -near) & (sx <= W - 1 + near)
        return np.where(inside, _bilinear(img, np.clip(sy, 0, H - 1), np.clip(sx, 0, W - 1), fill), fill)

    return _rotated(img, deg, fill, look=look)


@replaces("rotate")
def weights_renormalized(img, deg, fill=0.0):
    """At the border you leave the missing neighbours out and share their weight among the others. They count as fill, with the weight that they have."""

    def look(img, sy, sx, fill):
        total = _bilinear(np.ones_like(img), sy, sx, 0.0)
        return np.where(total > 1e-9, _bilinear(img, sy, sx, 0.0) / np.maximum(total, 1e-9), fill)

    return _rotated(img, deg, fill, look=look)


@replaces("rotate")
def quarter_turns_only(img, deg, fill=0.0):
    """You turn by a multiple of 90 degrees, whatever the angle. Between them the pixels come from places between pixels."""
    return _rotated(img, 90 * round(deg / 90), fill)


@replaces("rotate")
def no_rotation(img, deg, fill=0.0):
    """Your image comes back as it was. Look up each pixel of the result at the place where it came from."""
    return _image(img).copy()


@replaces("rotate")
def sign_of_one_sine(img, deg, fill=0.0):
    """Both of your sines have the same sign, so your matrix mirrors instead of turning. One of the two is negative: sx has - sin, sy has + sin."""
    img = _image(img)
    H, W = img.shape[1:]
    cy, cx = (H - 1) / 2, (W - 1) / 2
    y, x = np.indices((H, W))
    cos, sin = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    return _bilinear(img, cy + (x - cx) * sin + (y - cy) * cos, cx + (x - cx) * cos + (y - cy) * sin, fill)


@replaces("rotate")
def rotation_truncated(img, deg, fill=0.0):
    """Your rotation keeps the dtype of the image, so means of whole numbers lose what is behind the point. Return floats."""
    return _rotated(img, deg, fill).astype(np.asarray(img).dtype)


@replaces("rotate")
def rotation_in_place(img, deg, fill=0.0):
    """Your rotation is right, but you wrote it into the image. Make a new array."""
    out = _rotated(img, deg, fill)
    if img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("rotate")
def rotation_accepts_any_shape(img, deg, fill=0.0):
    """Your rotate accepts an img without three axes. Which of them are rows and columns? Refuse it with a ValueError that names img."""
    return _rotated(img, deg, fill) if np.ndim(img) == 3 else np.asarray(img)
