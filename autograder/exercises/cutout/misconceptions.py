"""Believable wrong answers to cutout and random_cutout. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- cutout ----------------------------------------------------------------------------------------------


def _checked(img, size, cy, cx):
    out = np.array(img, dtype=float)
    _, H, W = out.shape
    if size < 1:
        raise ValueError("size must be at least 1")
    if not 0 <= cy < H:
        raise ValueError("cy must be a row of the image")
    if not 0 <= cx < W:
        raise ValueError("cx must be a column of the image")
    return out


def _fill(out, top, bottom, left, right, fill):
    out[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = fill
    return out


def _right(img, size, cy, cx, fill=0.0):
    top, left = cy - size // 2, cx - size // 2
    return _fill(_checked(img, size, cy, cx), top, top + size, left, left + size, fill)


@replaces("cutout")
def shifted_to_fit(img, size, cy, cx, fill=0.0):
    """You move the square until it fits. It stays where its centre is, and what lies outside is cut off, so pixels at the border are covered as rarely as they should be."""
    out = _checked(img, size, cy, cx)
    _, H, W = out.shape
    top, left = (max(min(c - size // 2, n - size), 0) for c, n in ((cy, H), (cx, W)))
    return _fill(out, top, top + size, left, left + size, fill)


@replaces("cutout")
def size_as_half_width(img, size, cy, cx, fill=0.0):
    """You go size pixels to each side, so the square is twice as large. size is its side."""
    return _fill(_checked(img, size, cy, cx), cy - size, cy + size, cx - size, cx + size, fill)


@replaces("cutout")
def odd_size_loses_a_row(img, size, cy, cx, fill=0.0):
    """Your square goes from cy - size // 2 to cy + size // 2. For an odd size that is one row and one column too few: the end is the start plus size."""
    half = size // 2
    return _fill(_checked(img, size, cy, cx), cy - half, cy + half, cx - half, cx + half, fill)


@replaces("cutout")
def end_included(img, size, cy, cx, fill=0.0):
    """Your square goes from cy - size // 2 to cy + size // 2, both included. For an even size that is one row and one column too many: the end is the start plus size."""
    half = size // 2
    return _fill(_checked(img, size, cy, cx), cy - half, cy + half + 1, cx - half, cx + half + 1, fill)


@replaces("cutout")
def even_size_one_further(img, size, cy, cx, fill=0.0):
    """For even sizes your square starts one pixel later. A square of even size has no pixel in its middle; here it starts at cy - size // 2."""
    top, left = cy - (size - 1) // 2, cx - (size - 1) // 2
    return _fill(_checked(img, size, cy, cx), top, top + size, left, left + size, fill)


@replaces("cutout")
def negative_start(img, size, cy, cx, fill=0.0):
    """Your slices may start below 0, and NumPy counts that from the other end: near the upper or left border nothing is covered. Such a start has to become 0."""
    out = _checked(img, size, cy, cx)
    top, left = cy - size // 2, cx - size // 2
    out[:, top : top + size, left : left + size] = fill
    return out


@replaces("cutout")
def around_the_edge(img, size, cy, cx, fill=0.0):
    """What lies outside comes in again at the opposite border, because negative rows count from the end. It is cut off."""
    out = _checked(img, size, cy, cx)
    _, H, W = out.shape
    rows, columns = ((np.arange(size) + c - size // 2) % n for c, n in ((cy, H), (cx, W)))
    out[:, rows[:, None], columns] = fill
    return out


@replaces("cutout")
def border_refused(img, size, cy, cx, fill=0.0):
    """You refuse squares that do not fit. They are allowed: what lies outside is cut off."""
    out = _checked(img, size, cy, cx)
    _, H, W = out.shape
    top, left = cy - size // 2, cx - size // 2
    if top < 0 or left < 0 or top + size > H or left + size > W:
        raise ValueError("the square must fit")
    return _fill(out, top, top + size, left, left + size, fill)


@replaces("cutout")
def rows_and_columns_swapped(img, size, cy, cx, fill=0.0):
    """You use cy for the columns and cx for the rows. Axis 1 of an image is the rows, axis 2 the columns."""
    top, left = cx - size // 2, cy - size // 2
    return _fill(_checked(img, size, cy, cx), top, top + size, left, left + size, fill)


@replaces("cutout")
def first_channel_only(img, size, cy, cx, fill=0.0):
    """You cover the first channel only, so the other colours still show what was there. Cover all of them."""
    out = _checked(img, size, cy, cx)
    out[:1] = _right(img, size, cy, cx, fill)[:1]
    return out


@replaces("cutout")
def channels_and_rows(img, size, cy, cx, fill=0.0):
    """You cut along the first two axes. The first axis is the channels: all of them are covered, and the square lies on the other two."""
    out = _checked(img, size, cy, cx)
    top, left = cy - size // 2, cx - size // 2
    out[max(top, 0) : top + size, max(left, 0) : left + size] = fill
    return out


@replaces("cutout")
def square_kept(img, size, cy, cx, fill=0.0):
    """You cover everything but the square. It is the square that is covered."""
    out = _right(img, size, cy, cx, np.nan)
    return np.where(np.isnan(out), np.array(img, dtype=float), fill)


@replaces("cutout")
def center_as_corner(img, size, cy, cx, fill=0.0):
    """Your square starts at (cy, cx). That is its centre: it starts size // 2 before."""
    return _fill(_checked(img, size, cy, cx), cy, cy + size, cx, cx + size, fill)


@replaces("cutout")
def input_changed(img, size, cy, cx, fill=0.0):
    """You cover the caller's image itself. The next epoch wants to see it whole: work on a copy."""
    out = _right(img, size, cy, cx, fill)
    if isinstance(img, np.ndarray) and img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("cutout")
def fill_ignored(img, size, cy, cx, fill=0.0):
    """You always fill with 0. The value is an argument: 0 is the mean of normalized images only."""
    return _right(img, size, cy, cx, 0.0)


@replaces("cutout")
def fill_truncated(img, size, cy, cx, fill=0.0):
    """You write the filling into an array of whole numbers, which cuts off what is behind the point, or wraps around below 0. Make a float array first."""
    out = _right(img, size, cy, cx, fill)
    return out.astype(int).astype(np.asarray(img).dtype) if np.asarray(img).dtype.kind in "iu" else out


@replaces("cutout")
def mean_of_the_image(img, size, cy, cx, fill=0.0):
    """You fill with the mean of the image. The value is an argument."""
    return _right(img, size, cy, cx, float(np.mean(img)))


@replaces("cutout")
def rest_scaled_up(img, size, cy, cx, fill=0.0):
    """You scale up what is left, as dropout does. Cutout leaves the other pixels as they are."""
    out = _right(img, size, cy, cx, np.nan)
    left = 1 - np.isnan(out).mean()
    return np.where(np.isnan(out), fill, out / left if left else 0)


@replaces("cutout")
def weight_for_the_label(img, size, cy, cx, fill=0.0):
    """You also return the share that is left, as a weight for the label. That is CutMix: Cutout keeps the label as it is."""
    out = _right(img, size, cy, cx, np.nan)
    return np.where(np.isnan(out), fill, out), 1 - float(np.isnan(out).mean())


@replaces("cutout")
def outside_center_accepted(img, size, cy, cx, fill=0.0):
    """You accept a centre outside of the image. A square around it may miss the image, and the caller should hear of the mistake."""
    if size < 1:
        raise ValueError("size must be at least 1")
    top, left = cy - size // 2, cx - size // 2
    return _fill(np.array(img, dtype=float), top, top + size, left, left + size, fill)


@replaces("cutout")
def size_0_accepted(img, size, cy, cx, fill=0.0):
    """You accept a size below 1. There is no such square, and the caller should hear of the mistake."""
    return _right(img, size, cy, cx, fill) if size > 0 else _checked(img, 1, cy, cx)


# ---- random_cutout ---------------------------------------------------------------------------------------


def _random(img, size, centers):
    if size < 1:
        raise ValueError("size must be at least 1")
    cy, cx = centers(*np.shape(img)[1:])
    return _right(img, size, int(cy), int(cx)), (int(cy), int(cx))


@replaces("random_cutout")
def center_kept_inside(img, size, rng):
    """You draw only centres for which the square fits. The published version takes any pixel and cuts off what lies outside: so the border is covered less, but not never."""

    def centers(H, W):
        return (size // 2 + rng.integers(max(n - size + 1, 1)) for n in (H, W))

    return _random(img, size, centers)


@replaces("random_cutout")
def one_number_for_both(img, size, rng):
    """You use the same random number for the row and the column, so all centres lie on a diagonal. Draw two."""

    def centers(H, W):
        u = rng.random()
        return u * H, u * W

    return _random(img, size, centers)


@replaces("random_cutout")
def last_never(img, size, rng):
    """The last row and the last column are never the centre. In rng.integers the upper end is not included, so it is H, not H - 1."""
    return _random(img, size, lambda H, W: (rng.integers(H - 1), rng.integers(W - 1)))


@replaces("random_cutout")
def first_never(img, size, rng):
    """The first row and the first column are never the centre. They have the number 0."""
    return _random(img, size, lambda H, W: (rng.integers(1, H), rng.integers(1, W)))


@replaces("random_cutout")
def ends_half_as_often(img, size, rng):
    """You round uniform numbers to the nearest row, so the first and the last get half of the share of the others. rng.integers draws all of them alike."""
    return _random(img, size, lambda H, W: (np.rint(rng.random() * (H - 1)), np.rint(rng.random() * (W - 1))))


@replaces("random_cutout")
def center_in_a_square(img, size, rng):
    """You draw rows and columns from the same range. Rows go from 0 to H - 1, columns from 0 to W - 1."""
    return _random(img, size, lambda H, W: (rng.integers(min(H, W)), rng.integers(min(H, W))))


@replaces("random_cutout")
def always_in_the_middle(img, size, rng):
    """Your square is always in the middle. Its centre is drawn from all pixels."""
    return _random(img, size, lambda H, W: (H // 2, W // 2))


@replaces("random_cutout")
def corner_returned(img, size, rng):
    """You return the first row and column of the square. The centre is asked for, with which cutout gives the same image."""
    out, (cy, cx) = _random(img, size, lambda H, W: (rng.integers(H), rng.integers(W)))
    return out, (cy - size // 2, cx - size // 2)


@replaces("random_cutout")
def another_center_returned(img, size, rng):
    """The centre that you return is another one than the one that you used: you draw twice. Draw once, use it, return it."""
    out, _ = _random(img, size, lambda H, W: (rng.integers(H), rng.integers(W)))
    return out, (int(rng.integers(np.shape(img)[1])), int(rng.integers(np.shape(img)[2])))


@replaces("random_cutout")
def channels_separately(img, size, rng):
    """You draw a square for each channel, so the other colours still show what was there. One square covers all channels."""
    outs = [_random(img, size, lambda H, W: (rng.integers(H), rng.integers(W))) for _ in range(len(img))]
    return np.stack([out[c] for c, (out, _) in enumerate(outs)]), outs[0][1]


@replaces("random_cutout")
def half_of_the_time(img, size, rng):
    """You leave the image as it is half of the time. Here every call covers a square."""
    out, center = _random(img, size, lambda H, W: (rng.integers(H), rng.integers(W)))
    return (out if rng.random() < 0.5 else np.array(img, dtype=float)), center


@replaces("random_cutout")
def random_size(img, size, rng):
    """You draw the size as well. Only the centre is random; the square has the size that is given."""
    out, center = _random(img, size, lambda H, W: (rng.integers(H), rng.integers(W)))
    return _right(img, int(rng.integers(1, size + 1)), *center), center


@replaces("random_cutout")
def image_changed(img, size, rng):
    """You cover the caller's image itself, so with every call more of it is gone. Work on a copy."""
    out, center = _random(img, size, lambda H, W: (rng.integers(H), rng.integers(W)))
    if isinstance(img, np.ndarray):
        img[...] = out
    return out, center


@replaces("random_cutout")
def global_generator(img, size, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random(img, size, lambda H, W: (np.random.randint(H), np.random.randint(W)))


@replaces("random_cutout")
def own_generator(img, size, rng):
    """You make a generator of your own with a fixed seed, so the same square is covered every time. Use the one that you are given."""
    own = np.random.default_rng(0)
    return _random(img, size, lambda H, W: (own.integers(H), own.integers(W)))


@replaces("random_cutout")
def fresh_generator(img, size, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    own = np.random.default_rng()
    return _random(img, size, lambda H, W: (own.integers(H), own.integers(W)))
