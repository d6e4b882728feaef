"""Believable wrong answers to resize_bilinear and random_short_side_crop. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- resize_bilinear -------------------------------------------------------------------------------------


def _half(old, new):
    return (np.arange(new) + 0.5) * old / new - 0.5


def _clipped(old, new):
    return _half(old, new).clip(0, old - 1)


def _matrix(old, new, grid):
    """(new, old) weights of the two neighbours of each place."""
    at = grid(old, new)
    first = np.floor(at).astype(int)
    out = np.zeros((new, old))
    for i, (a, s) in enumerate(zip(first, at, strict=True)):
        for j, weight in ((a, 1 - (s - a)), (a + 1, s - a)):
            if 0 <= j < old:
                out[i, j] += weight
    return out


def _resize(img, h, w, *, grid=_clipped, matrix=_matrix):
    if h < 1 or w < 1:
        raise ValueError("h and w must be at least 1")
    img = np.asarray(img, dtype=float)
    return matrix(img.shape[1], h, grid) @ img @ matrix(img.shape[2], w, grid).T


@replaces("resize_bilinear")
def align_corners(img, h, w):
    """You let the outermost pixels of both images fall on each other (align_corners=True). Asked for are half-pixel centres: s = (i + 1/2) * H / h - 1/2."""
    return _resize(img, h, w, grid=lambda old, new: np.linspace(0, old - 1, new) if new > 1 else np.zeros(1))


@replaces("resize_bilinear")
def no_half_pixels(img, h, w):
    """You use s = i * H / h, which moves the image by a part of a pixel. The centres of the pixels are at i + 1/2: s = (i + 1/2) * H / h - 1/2."""
    return _resize(img, h, w, grid=lambda old, new: (np.arange(new) * old / new).clip(0, old - 1))


@replaces("resize_bilinear")
def half_pixel_not_subtracted(img, h, w):
    """You add half a pixel in the new image and do not take it away in the old one. s = (i + 1/2) * H / h - 1/2."""
    return _resize(img, h, w, grid=lambda old, new: (_half(old, new) + 0.5).clip(0, old - 1))


@replaces("resize_bilinear")
def factor_upside_down(img, h, w):
    """Your factor is h / H. A new row i lies at about i * H / h in the old image."""
    return _resize(img, h, w, grid=lambda old, new: ((np.arange(new) + 0.5) * new / old - 0.5).clip(0, old - 1))


@replaces("resize_bilinear")
def nearest(img, h, w):
    """You take the nearest pixel. Bilinear means a weighted mean of the two neighbours, in each direction."""
    return _resize(img, h, w, grid=lambda old, new: np.floor(_half(old, new) + 0.5).clip(0, old - 1))


@replaces("resize_bilinear")
def rounded_down(img, h, w):
    """You round the place down and take that pixel, so t plays no part. Mix the pixel with the next one: (1 - t) and t."""
    return _resize(img, h, w, grid=lambda old, new: np.floor(_clipped(old, new)))


@replaces("resize_bilinear")
def weights_swapped(img, h, w):
    """Your weights are the wrong way round: t = s - floor(s) belongs to the second neighbour. A place close to the first one takes most from it."""

    def matrix(old, new, grid):
        at = grid(old, new)
        first = np.floor(at).astype(int)
        out, t = np.zeros((new, old)), at - first
        out[np.arange(new), first] += t
        out[np.arange(new), np.minimum(first + 1, old - 1)] += 1 - t
        return out

    return _resize(img, h, w, matrix=matrix)


@replaces("resize_bilinear")
def extrapolated(img, h, w):
    """You do not clip s, so the border is continued beyond its values. Clip s to the range from 0 to H - 1."""

    def matrix(old, new, grid):
        if old == 1:
            return np.ones((new, 1))
        at = _half(old, new)
        first = np.floor(at).astype(int).clip(0, old - 2)
        out = np.zeros((new, old))
        out[np.arange(new), first] += 1 - (at - first)
        out[np.arange(new), first + 1] += at - first
        return out

    return _resize(img, h, w, matrix=matrix)


@replaces("resize_bilinear")
def dark_border(img, h, w):
    """Your border is darker: pixels outside of the image count as 0. Clip s to the range from 0 to H - 1."""
    return _resize(img, h, w, grid=_half)


@replaces("resize_bilinear")
def border_from_the_other_side(img, h, w):
    """At the border you mix in pixels from the other side: index -1 is the last one. Clip s to the range from 0 to H - 1."""

    def matrix(old, new, grid):
        at = _half(old, new)
        first = np.floor(at).astype(int)
        out, t = np.zeros((new, old)), at - first
        np.add.at(out, (np.arange(new), first % old), 1 - t)
        np.add.at(out, (np.arange(new), (first + 1) % old), t)
        return out

    return _resize(img, h, w, matrix=matrix)


@replaces("resize_bilinear")
def antialiased(img, h, w):
    """You average over all pixels that a new one covers. That is antialiasing; here two neighbours count, in each direction."""

    def matrix(old, new, grid):
        at, width = _half(old, new), max(old / new, 1)
        out = np.maximum(1 - abs(at[:, None] - np.arange(old)) / width, 0)
        return out / out.sum(axis=1, keepdims=True)

    return _resize(img, h, w, matrix=matrix)


@replaces("resize_bilinear")
def h_and_w_swapped(img, h, w):
    """Your result has h columns and w rows. The shape is (C, h, w)."""
    return _resize(img, w, h)


@replaces("resize_bilinear")
def one_factor(img, h, w):
    """You use the factor of the rows for the columns as well. Columns have their own: W / w."""
    img = np.asarray(img, dtype=float)
    factor = img.shape[1] / max(h, 1)
    return _resize(img, h, w, grid=lambda old, new: ((np.arange(new) + 0.5) * factor - 0.5).clip(0, old - 1))


@replaces("resize_bilinear")
def cut_or_padded(img, h, w):
    """You cut the image to size, or fill it with zeros. Resizing keeps all of the image and changes its scale."""
    if h < 1 or w < 1:
        raise ValueError("h and w must be at least 1")
    out = np.zeros((len(img), h, w))
    piece = np.asarray(img, dtype=float)[:, :h, :w]
    out[:, : piece.shape[1], : piece.shape[2]] = piece
    return out


@replaces("resize_bilinear")
def whole_numbers_truncated(img, h, w):
    """Your result has the dtype of the image, so means of whole numbers lose what is behind the point. Return floats."""
    return _resize(img, h, w).astype(np.asarray(img).dtype)


@replaces("resize_bilinear")
def channels_last(img, h, w):
    """You resize the channels and the rows. In (C, H, W) the rows are axis 1 and the columns axis 2."""
    return np.moveaxis(_resize(np.moveaxis(np.asarray(img, dtype=float), 2, 0), h, w), 0, 2)


@replaces("resize_bilinear")
def size_not_checked(img, h, w):
    """You accept h or w below 1. An image has at least one row and one column: refuse others with a ValueError that names the argument."""
    return _resize(img, h, w) if min(h, w) >= 1 else np.zeros((len(img), max(h, 0), max(w, 0)))


# ---- random_short_side_crop ------------------------------------------------------------------------------


def _draw(rng, s_min, s_max):
    return int(rng.integers(s_min, s_max + 1))


def _sides(H, W, L):
    return (L, W * L // H) if H <= W else (H * L // W, L)


def _random(img, s_min, s_max, size, rng, *, draw=_draw, sides=_sides, place=None, tell=lambda info: info, check=True):
    if check and (s_min > s_max or size > s_min):
        raise ValueError("size <= s_min <= s_max must hold")
    L = draw(rng, s_min, s_max)
    h, w = sides(*img.shape[1:], L)
    place = place or (lambda rows, columns: (rng.integers(rows), rng.integers(columns)))
    top, left = (int(n) for n in place(max(h - size + 1, 1), max(w - size + 1, 1)))
    crop = _resize(img, h, w)[:, top : top + size, left : left + size]
    return crop, tell({"L": L, "h": h, "w": w, "top": top, "left": left})


@replaces("random_short_side_crop")
def largest_side_never(img, s_min, s_max, size, rng):
    """Your L is never s_max: rng.integers leaves out its upper end. Both ends are included: s_max + 1."""
    return _random(img, s_min, s_max, size, rng, draw=lambda rng, a, b: int(rng.integers(a, max(b, a + 1))))


@replaces("random_short_side_crop")
def always_the_smallest(img, s_min, s_max, size, rng):
    """Your L is always s_min. It is drawn anew for every image."""
    return _random(img, s_min, s_max, size, rng, draw=lambda rng, a, b: a)


@replaces("random_short_side_crop")
def always_the_largest(img, s_min, s_max, size, rng):
    """Your L is always s_max. It is drawn anew for every image."""
    return _random(img, s_min, s_max, size, rng, draw=lambda rng, a, b: b)


@replaces("random_short_side_crop")
def long_side_is_L(img, s_min, s_max, size, rng):
    """You make the long side L. The short side is L; the long one follows from it."""
    return _random(
        img,
        s_min,
        s_max,
        size,
        rng,
        sides=lambda H, W, L: (L, max(W * L // H, size)) if H >= W else (max(H * L // W, size), L),
    )


@replaces("random_short_side_crop")
def height_is_L(img, s_min, s_max, size, rng):
    """You make the height L, whichever side is the short one. In a high image the width is the short side."""
    return _random(img, s_min, s_max, size, rng, sides=lambda H, W, L: (L, max(W * L // H, size)))


@replaces("random_short_side_crop")
def squeezed_to_a_square(img, s_min, s_max, size, rng):
    """You resize to L x L, so the image is squeezed. The long side keeps its proportion: long * L / short."""
    return _random(img, s_min, s_max, size, rng, sides=lambda H, W, L: (L, L))


@replaces("random_short_side_crop")
def proportion_turned_around(img, s_min, s_max, size, rng):
    """Your image changes its format: a wide one becomes a high one. Only the side that is the long one stays the long one."""
    return _random(img, s_min, s_max, size, rng, sides=lambda H, W, L: _sides(W, H, L))


@replaces("random_short_side_crop")
def crop_before_resize(img, s_min, s_max, size, rng):
    """You cut out first and resize then, so every crop has another scale than L says. Resize the image first, then cut."""
    info = _random(img, s_min, s_max, size, rng)[1]
    H, W = img.shape[1:]
    y, x = min(info["top"], H - 1), min(info["left"], W - 1)
    return _resize(img[:, y : y + size, x : x + size], size, size), info


@replaces("random_short_side_crop")
def no_resize(img, s_min, s_max, size, rng):
    """You cut the crop out of the image as it is. Resize the image to h x w first."""
    info = _random(img, s_min, s_max, size, rng)[1]
    H, W = img.shape[1:]
    piece = np.pad(np.asarray(img, dtype=float), ((0, 0), (0, max(size - H, 0)), (0, max(size - W, 0))), "wrap")
    top, left = (int(rng.integers(side - size + 1)) for side in piece.shape[1:])
    return piece[:, top : top + size, left : left + size], info


@replaces("random_short_side_crop")
def resized_to_the_crop(img, s_min, s_max, size, rng):
    """You resize the whole image to the size of the crop. The crop is a piece of the image with short side L."""
    return _resize(img, size, size), _random(img, s_min, s_max, size, rng)[1]


@replaces("random_short_side_crop")
def always_top_left(img, s_min, s_max, size, rng):
    """You always cut at the top left. The place is drawn, too."""
    return _random(img, s_min, s_max, size, rng, place=lambda rows, columns: (0, 0))


@replaces("random_short_side_crop")
def always_centre(img, s_min, s_max, size, rng):
    """You always cut out the centre. The place is drawn, too."""
    return _random(img, s_min, s_max, size, rng, place=lambda rows, columns: ((rows - 1) // 2, (columns - 1) // 2))


@replaces("random_short_side_crop")
def last_place_never(img, s_min, s_max, size, rng):
    """Your crops never reach the last row and the last column. There are h - size + 1 places, and rng.integers leaves out its upper end."""
    return _random(
        img,
        s_min,
        s_max,
        size,
        rng,
        place=lambda rows, columns: (rng.integers(max(rows - 1, 1)), rng.integers(max(columns - 1, 1))),
    )


@replaces("random_short_side_crop")
def one_draw_for_both(img, s_min, s_max, size, rng):
    """You draw one number for both axes, so crops lie on the diagonal. Draw the row and the column each by itself."""
    return _random(img, s_min, s_max, size, rng, place=lambda rows, columns: [rng.integers(min(rows, columns))] * 2)


@replaces("random_short_side_crop")
def place_drawn_again(img, s_min, s_max, size, rng):
    """top and left in your info are not those of the crop: they were drawn a second time. Draw once, and use and return the same numbers."""

    def tell(info):
        return info | {
            "top": int(rng.integers(info["h"] - size + 1)),
            "left": int(rng.integers(info["w"] - size + 1)),
        }

    return _random(img, s_min, s_max, size, rng, tell=tell)


@replaces("random_short_side_crop")
def top_and_left_swapped(img, s_min, s_max, size, rng):
    """top and left are swapped in your info. top counts rows, left counts columns."""
    return _random(img, s_min, s_max, size, rng, tell=lambda info: info | {"top": info["left"], "left": info["top"]})


@replaces("random_short_side_crop")
def h_and_w_swapped_in_info(img, s_min, s_max, size, rng):
    """h and w are swapped in your info. h is the number of rows."""
    return _random(img, s_min, s_max, size, rng, tell=lambda info: info | {"h": info["w"], "w": info["h"]})


@replaces("random_short_side_crop")
def old_size_in_info(img, s_min, s_max, size, rng):
    """h and w in your info are those of the image that you were given. They are to be those of the resized image."""
    return _random(img, s_min, s_max, size, rng, tell=lambda info: info | dict(zip("hw", img.shape[1:], strict=True)))


@replaces("random_short_side_crop")
def info_as_floats(img, s_min, s_max, size, rng):
    """The numbers in your info are no integers, so nobody can slice with them."""
    return _random(img, s_min, s_max, size, rng, tell=lambda info: {key: float(value) for key, value in info.items()})


@replaces("random_short_side_crop")
def global_generator(img, s_min, s_max, size, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random(
        img,
        s_min,
        s_max,
        size,
        rng,
        draw=lambda rng, a, b: np.random.randint(a, b + 1),
        place=lambda rows, columns: (np.random.randint(rows), np.random.randint(columns)),
    )


@replaces("random_short_side_crop")
def reseeded(img, s_min, s_max, size, rng):
    """You make a generator with a fixed seed in every call, so all images are cut alike. Use the generator that you are given."""
    return _random(img, s_min, s_max, size, np.random.default_rng(0))


@replaces("random_short_side_crop")
def range_not_checked(img, s_min, s_max, size, rng):
    """You accept an s_min above s_max. There is nothing to draw from then: refuse it with a ValueError that names one of them."""
    return _random(img, min(s_min, s_max), max(s_min, s_max), size, rng)


@replaces("random_short_side_crop")
def crop_size_not_checked(img, s_min, s_max, size, rng):
    """You accept a size above s_min, where some images become smaller than the crop. Refuse it with a ValueError that names one of them."""
    if s_min > s_max:
        raise ValueError("s_min must be at most s_max")
    return _random(img, s_min, s_max, min(size, s_min), rng)
