"""Hidden tests of image_mean_subtract."""

import numpy as np

from autograder.exercise import part

PARTS = {"mean image": 1, "per channel": 1, "uint8": 1}


def _images(rng, n, c=3, h=5, w=4):
    """Images whose channels and pixels differ in place, and whose pixels differ in spread."""
    place = 20.0 * np.arange(c)[:, None, None] + 3.0 * rng.normal(size=(c, h, w))
    return rng.normal(size=(n, c, h, w)) * rng.uniform(1, 3, size=(c, h, w)) + place


def _train_and_new(rng, **shape):
    train = _images(rng, 6, **shape)
    return train, train[:2] * 1.5 + 4 + rng.normal(size=(2, *train.shape[1:]))


# Whoever writes into an argument pays for it in the first test, so the others hand out copies.
def _subtract(student, train, x, mode):
    return {"y": student.image_mean_subtract(train.copy(), x.copy(), mode)}


def _mode(student, train, x, mode):
    """y, and where it is wrong whether the other mode gives the same: right answers have nothing to fear from it."""
    other, axes = ("per_channel", 0) if mode == "mean_image" else ("mean_image", (0, 2, 3))
    y = np.asarray(_subtract(student, train, x, mode)["y"])
    wrong = y.shape != x.shape or not np.allclose(y, x - train.mean(axis=axes, keepdims=True), atol=1e-3)
    same = wrong and np.array_equal(y, _subtract(student, train, x, other)["y"])
    return {"y": y, "y is wrong and the same in both modes": bool(same)}


def _one_at_a_time(student, train, x, mode):
    """Images alone minus images in company: right in any answer that lets images be."""
    together = np.asarray(_subtract(student, train, x, mode)["y"])
    alone = [_subtract(student, train, x[i : i + 1], mode)["y"] for i in range(len(x))]
    return {"images alone minus images in company": np.concatenate(alone) - together, "mean of y": np.mean(together)}


def _bytes(student, train, x, mode):
    """What is made of bytes minus what is made of the same real numbers."""
    made = np.asarray(_subtract(student, train, x, mode)["y"])
    right = np.asarray(_subtract(student, train.astype(float), x.astype(float), mode)["y"])
    return {
        "y of uint8 minus y of the same real numbers": made.astype(float) - right,
        # The new images are not all alike, and darker than the training images in places.
        "y varies": bool(right.std() > 1e-3),
        "y has negative values": bool(right.min() < 0),
    }


@part("mean image")
def test_mean_image(compare, rng):
    """ "mean_image" subtracts the mean over the training images from every pixel; the arguments are as they were."""
    compare(_mode, *_train_and_new(rng), "mean_image")
    compare("image_mean_subtract", *_train_and_new(rng), "mean_image")


@part("mean image")
def test_mean_image_square(compare, rng):
    """As many images as channels, rows and columns are nothing special."""
    train = _images(rng, 3, h=3, w=3)
    compare(_mode, train, train[::-1] + rng.normal(size=train.shape), "mean_image")


@part("mean image")
def test_mean_image_laws(student, rng):
    """Training images have mean 0 in every pixel afterwards; new images keep their differences, and their unit."""
    train, x = _train_and_new(rng)
    y = np.asarray(student.image_mean_subtract(train.copy(), train.copy(), "mean_image"))
    assert np.allclose(y.mean(axis=0), 0, atol=1e-7), "the training images still have a mean in some pixel"
    assert np.allclose(y[0] - y[1], train[0] - train[1], atol=1e-7), "the difference of two images changes"
    new = np.asarray(student.image_mean_subtract(train.copy(), x.copy(), "mean_image"))
    assert np.allclose(new[0] - y[0], x[0] - train[0], atol=1e-7), "new images lose something else than training images"


@part("mean image", supporting=True)
def test_unknown_mode(compare, rng):
    """Any other mode is refused."""
    for mode in ("mean", "Per_channel", "", "none"):
        compare.refuses("image_mean_subtract", *_train_and_new(rng), mode, naming=("mode",))


@part("per channel")
def test_per_channel(compare, rng):
    """ "per_channel" subtracts one mean from each channel."""
    compare(_mode, *_train_and_new(rng), "per_channel")


@part("per channel")
def test_per_channel_with_as_many_columns(compare, rng):
    """As many columns as channels, or as many rows, or as many images, change nothing."""
    compare(_mode, *_train_and_new(rng, c=3, h=5, w=3), "per_channel")
    compare(_mode, *_train_and_new(rng, c=4, h=4, w=2), "per_channel")
    train = _images(rng, 3)
    compare(_mode, train, train + 2, "per_channel")


@part("per channel")
def test_per_channel_laws(student, rng):
    """Channels of the training images have mean 0 afterwards, and pixels of a channel keep their differences."""
    train, x = _train_and_new(rng)
    y = np.asarray(student.image_mean_subtract(train.copy(), train.copy(), "per_channel"))
    assert np.allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-7), "the training images still have a mean in some channel"
    new = np.asarray(student.image_mean_subtract(train.copy(), x.copy(), "per_channel"))
    lost = x - new
    assert np.allclose(lost, lost[:1, :, :1, :1], atol=1e-7), "pixels of the same channel lose different amounts"
    assert np.ptp(lost[0, :, 0, 0]) > 1, "all channels lose the same"


@part("per channel", supporting=True)
def test_other_shapes(compare, rng):
    """New images of another shape are refused, in both modes, also where they would broadcast."""
    train = _images(rng, 4)
    for shape in ((2, 3, 5, 1), (2, 1, 5, 4), (2, 3, 4, 5), (2, 2, 5, 4)):
        for mode in ("mean_image", "per_channel"):
            compare.refuses("image_mean_subtract", train, np.ones(shape), mode, naming=("x", "train"))


@part("uint8")
def test_bytes(compare, rng):
    """uint8 images are centred as real numbers are: nothing wraps round at 0 or 255, nothing is rounded."""
    for mode in ("mean_image", "per_channel"):
        train, x = (rng.integers(0, 256, size=(n, 3, 5, 4)).astype(np.uint8) for n in (7, 2))
        compare(_bytes, train, x, mode)


@part("uint8")
def test_bright_bytes(compare, rng):
    """Many bright images have the mean they have: sums do not overflow."""
    for mode in ("mean_image", "per_channel"):
        train, x = (rng.integers(low, 256, size=(n, 2, 3, 4)).astype(np.uint8) for n, low in ((300, 200), (2, 0)))
        compare(_bytes, train, x, mode)


@part("uint8")
def test_other_kinds_and_company(compare, rng):
    """An image becomes the same alone and in company; int and float32 images work."""
    for mode in ("mean_image", "per_channel"):
        train, x = (rng.integers(0, 99, size=(n, 3, 5, 4)) for n in (6, 2))
        compare(_one_at_a_time, train, x, mode)
        compare(_one_at_a_time, train.astype(np.float32), x.astype(np.uint8), mode)
