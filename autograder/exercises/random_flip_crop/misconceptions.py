"""Believable wrong answers to hflip, random_hflip and random_crop. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- hflip -----------------------------------------------------------------------------------------------


@replaces("hflip")
def upside_down(img):
    """You reverse axis 1, the rows, so the image is upside down. Left and right are along axis 2, the last one of (C, H, W)."""
    return img[:, ::-1]


@replaces("hflip")
def channels_reversed(img):
    """You reverse axis 0: those are the channels, so red and blue are swapped. Left and right are along the last axis of (C, H, W)."""
    return img[::-1]


@replaces("hflip")
def half_turn(img):
    """You reverse rows and columns: that is a turn by 180 degrees. A mirror image reverses the columns only."""
    return img[:, ::-1, ::-1]


@replaces("hflip")
def all_axes(img):
    """You reverse all axes, the channels too; np.flip does that when it is not told the axis. Reverse the last one only."""
    return np.flip(img)


@replaces("hflip")
def channels_too(img):
    """You reverse the columns and the channels. Red is to stay red: reverse the last axis only."""
    return img[::-1, :, ::-1]


@replaces("hflip")
def transposed(img):
    """You swap rows and columns, which mirrors the image at its diagonal. For a mirror image keep the axes and reverse the last one."""
    return np.swapaxes(img, 1, 2)


@replaces("hflip")
def shifted(img):
    """You roll the columns around. A mirror image reverses their order."""
    return np.roll(img, 1, axis=2)


@replaces("hflip")
def unchanged(img):
    """Your image comes back as it was. Reverse the order of the columns."""
    return img.copy()


@replaces("hflip")
def flip_as_float(img):
    """Your mirror image has another dtype than the image. Nothing is computed here, so bytes can stay bytes."""
    return np.array(img, dtype=float)[:, :, ::-1]


@replaces("hflip")
def flip_in_place(img):
    """Your mirror image is right, but you wrote it into img. Whoever called you still needs the image: return a new array or a view."""
    img[...] = img[:, :, ::-1].copy()
    return img


# ---- random_hflip ----------------------------------------------------------------------------------------


def _random_hflip(
    img, p, rng, *, decide=None, flip=lambda img: img[:, :, ::-1], check=True, tell=lambda flipped: flipped
):
    if check and not 0 <= p <= 1:
        raise ValueError("p must be in [0, 1]")
    flipped = bool(rng.random() < p) if decide is None else decide()
    return (flip(img) if flipped else img), tell(flipped)


@replaces("random_hflip")
def p_is_kept(img, p, rng):
    """You flip with probability 1 - p. p is the probability of the mirror image: with p = 1 every image is mirrored."""
    return _random_hflip(img, p, rng, decide=lambda: bool(rng.random() >= p))


@replaces("random_hflip")
def always_half(img, p, rng):
    """You flip half of the images, whatever p is. Compare the random number with p."""
    return _random_hflip(img, p, rng, decide=lambda: bool(rng.random() < 0.5))


@replaces("random_hflip")
def normal_number(img, p, rng):
    """You compare p with a normal number, which is below p with another probability than p. A uniform number from [0, 1) does it."""
    return _random_hflip(img, p, rng, decide=lambda: bool(rng.normal() < p))


@replaces("random_hflip")
def always_flips(img, p, rng):
    """You mirror every image. Draw a number first, and mirror with probability p."""
    return _random_hflip(img, p, rng, decide=lambda: True)


@replaces("random_hflip")
def never_flips(img, p, rng):
    """You never mirror an image. Draw a number first, and mirror with probability p."""
    return _random_hflip(img, p, rng, decide=lambda: False)


@replaces("random_hflip")
def told_the_wrong_way(img, p, rng):
    """Your flipped is True for the images that you leave alone. It is to say whether the image was mirrored."""
    return _random_hflip(img, p, rng, tell=lambda flipped: not flipped)


@replaces("random_hflip")
def told_another_draw(img, p, rng):
    """You draw once for the image and once more for flipped, so the two do not belong together. Draw once, and use that for both."""
    return _random_hflip(img, p, rng, tell=lambda flipped: bool(rng.random() < p))


@replaces("random_hflip")
def random_upside_down(img, p, rng):
    """Your random flip turns the image upside down. Use hflip, which swaps left and right."""
    return _random_hflip(img, p, rng, flip=lambda img: img[:, ::-1])


@replaces("random_hflip")
def random_flip_of_channels(img, p, rng):
    """Your random flip reverses the channels. Use hflip, which swaps left and right."""
    return _random_hflip(img, p, rng, flip=lambda img: img[::-1])


@replaces("random_hflip")
def flipped_as_a_number(img, p, rng):
    """Your flipped is no truth value. Return True or False, so that nobody takes it for an image or a random number."""
    return _random_hflip(img, p, rng, tell=float)


@replaces("random_hflip")
def flip_global_generator(img, p, rng):
    """Your flips come from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random_hflip(img, p, rng, decide=lambda: bool(np.random.rand() < p))


@replaces("random_hflip")
def flip_reseeded(img, p, rng):
    """You make a generator with a fixed seed in every call of random_hflip, so all images get the same decision. Use the generator that you are given."""
    return _random_hflip(img, p, rng, decide=lambda: bool(np.random.default_rng(0).random() < p))


@replaces("random_hflip")
def probability_not_checked(img, p, rng):
    """You accept a p outside [0, 1]. No probability is: refuse it with a ValueError that names p."""
    return _random_hflip(img, p, rng, check=False)


# ---- random_crop -----------------------------------------------------------------------------------------


def _zeros(img, pad):
    return np.pad(img, ((0, 0), (pad, pad), (pad, pad)))


def _random_crop(img, size, pad, rng, *, frame=_zeros, draw=None, tell=lambda top, left: (top, left), check=True):
    if check and pad < 0:
        raise ValueError("pad must be at least 0")
    padded = frame(img, pad)
    rows, columns = (side - size + 1 for side in padded.shape[-2:])
    if check and min(rows, columns) < 1:
        raise ValueError("size is too large")
    draw = draw or (lambda rows, columns: (rng.integers(rows), rng.integers(columns)))
    top, left = (int(n) for n in draw(rows, columns))
    return padded[:, top : top + size, left : left + size], tell(top, left)


@replaces("random_crop")
def last_place_never(img, size, pad, rng):
    """Your crops never reach the last row and the last column. There are side - size + 1 places, and rng.integers leaves out its upper end."""
    return _random_crop(
        img, size, pad, rng, draw=lambda r, c: (rng.integers(max(r - 1, 1)), rng.integers(max(c - 1, 1)))
    )


@replaces("random_crop")
def first_place_never(img, size, pad, rng):
    """Your crops never start at row 0 or column 0. The places are counted from 0."""
    return _random_crop(
        img, size, pad, rng, draw=lambda r, c: (rng.integers(min(1, r - 1), r), rng.integers(min(1, c - 1), c))
    )


@replaces("random_crop")
def ends_half_as_often(img, size, pad, rng):
    """You round a uniform number to the nearest place, so the first and the last place get half of their share. rng.integers draws all of them alike."""
    return _random_crop(
        img, size, pad, rng, draw=lambda r, c: (np.rint(rng.uniform(0, r - 1)), np.rint(rng.uniform(0, c - 1)))
    )


@replaces("random_crop")
def one_draw_for_both(img, size, pad, rng):
    """You draw one number for both axes, so all crops lie on the diagonal. Draw the row and the column each by itself."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: [rng.integers(min(r, c))] * 2)


@replaces("random_crop")
def always_top_left(img, size, pad, rng):
    """You always crop at the top left. The place is to be drawn anew in every call."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: (0, 0))


@replaces("random_crop")
def always_centre(img, size, pad, rng):
    """You always crop the centre, which is what one may do at test time. Here the place is drawn anew in every call."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: ((r - 1) // 2, (c - 1) // 2))


@replaces("random_crop")
def only_columns_vary(img, size, pad, rng):
    """You draw the column only, and the row is always the first. Draw both."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: (0, rng.integers(c)))


@replaces("random_crop")
def ranges_swapped(img, size, pad, rng):
    """You draw the row from the range of the columns and the other way round. In (C, H, W) the rows, H, come first."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: (rng.integers(c) % r, rng.integers(r) % c))


@replaces("random_crop")
def within_the_image_only(img, size, pad, rng):
    """You draw the place from the range of the image without its frame, so much of the frame is never seen. Count the places in the padded image."""
    H, W = img.shape[1:]
    return _random_crop(
        img,
        size,
        pad,
        rng,
        draw=lambda r, c: (
            rng.integers(r if size > H else H - size + 1),
            rng.integers(c if size > W else W - size + 1),
        ),
    )


@replaces("random_crop")
def place_without_the_frame(img, size, pad, rng):
    """The place that you return counts from the corner of the image. It is to count from the corner of the padded image."""
    return _random_crop(img, size, pad, rng, tell=lambda top, left: (top - pad, left - pad))


@replaces("random_crop")
def place_as_x_y(img, size, pad, rng):
    """You return (left, top). The order is (top, left): rows come first."""
    return _random_crop(img, size, pad, rng, tell=lambda top, left: (left, top))


@replaces("random_crop")
def place_drawn_again(img, size, pad, rng):
    """The place that you return is not the one that you cropped at: it was drawn a second time. Draw once, keep it, use it for both."""
    H, W = (side + 2 * pad - size + 1 for side in img.shape[1:])
    return _random_crop(img, size, pad, rng, tell=lambda top, left: (int(rng.integers(H)), int(rng.integers(W))))


@replaces("random_crop")
def place_as_floats(img, size, pad, rng):
    """Your top and left are no integers, so nobody can slice with them. Return whole numbers."""
    return _random_crop(img, size, pad, rng, tell=lambda top, left: (float(top), float(left)))


@replaces("random_crop")
def wraps_around(img, size, pad, rng):
    """Your crop wraps around: what leaves on one side comes in on the other, as np.roll does it. Outside of the image there are zeros."""
    return _random_crop(
        img, size, pad, rng, frame=lambda img, pad: np.pad(img, ((0, 0), (pad, pad), (pad, pad)), "wrap")
    )


@replaces("random_crop")
def repeats_the_edge(img, size, pad, rng):
    """Your frame repeats the pixels of the edge. Here it consists of zeros."""
    return _random_crop(
        img, size, pad, rng, frame=lambda img, pad: np.pad(img, ((0, 0), (pad, pad), (pad, pad)), "edge")
    )


@replaces("random_crop")
def frame_of_ones(img, size, pad, rng):
    """Your frame is white. Here it is black: zeros."""
    return _random_crop(
        img, size, pad, rng, frame=lambda img, pad: np.pad(img, ((0, 0), (pad, pad), (pad, pad)), constant_values=1)
    )


@replaces("random_crop")
def frame_around_channels(img, size, pad, rng):
    """np.pad with one number pads all axes, the channels as well, so your images get channels of zeros. Pad axes 1 and 2 only."""
    return _random_crop(img, size, pad, rng, frame=lambda img, pad: np.pad(img, pad))


@replaces("random_crop")
def frame_on_one_side(img, size, pad, rng):
    """You put all of the frame below and to the right of the image. There are pad zeros on each of the four sides."""
    return _random_crop(img, size, pad, rng, frame=lambda img, pad: np.pad(img, ((0, 0), (0, 2 * pad), (0, 2 * pad))))


@replaces("random_crop")
def nothing_but_zeros(img, size, pad, rng):
    """Your crop is all 0: the image was never written into the padded array. Copy it into the middle before you crop."""
    return _random_crop(img, size, pad, rng, frame=lambda img, pad: np.zeros_like(_zeros(img, pad)))


@replaces("random_crop")
def crop_as_float(img, size, pad, rng):
    """Your crop has another dtype than the image: np.zeros makes floats unless told otherwise. Give the padded array the dtype of img."""
    return _random_crop(img, size, pad, rng, frame=lambda img, pad: _zeros(img, pad).astype(float))


@replaces("random_crop")
def crop_global_generator(img, size, pad, rng):
    """Your places come from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random_crop(img, size, pad, rng, draw=lambda r, c: (np.random.randint(r), np.random.randint(c)))


@replaces("random_crop")
def crop_reseeded(img, size, pad, rng):
    """You make a generator with a fixed seed in every call of random_crop, so all crops are from one place. Use the generator that you are given."""
    return _random_crop(img, size, pad, np.random.default_rng(0))


@replaces("random_crop")
def pad_not_checked(img, size, pad, rng):
    """You accept a negative pad. Refuse it with a ValueError that names pad."""
    if pad >= 0:
        return _random_crop(img, size, pad, rng)
    return _random_crop(img[:, -pad:pad, -pad:pad], 1, 0, rng)


@replaces("random_crop")
def size_not_checked(img, size, pad, rng):
    """You accept a square that is larger than the padded image and return something smaller. Refuse it with a ValueError that names size."""
    if pad < 0:
        raise ValueError("pad must be at least 0")
    return _random_crop(img, min(size, *(side + 2 * pad for side in img.shape[1:])), pad, rng)


@replaces("random_crop")
def frame_not_counted(img, size, pad, rng):
    """You refuse a square that is larger than the image, even where it fits into the padded image. Compare size with H + 2 pad and W + 2 pad."""
    if size > min(img.shape[1:]):
        raise ValueError("size is too large")
    return _random_crop(img, size, pad, rng)
