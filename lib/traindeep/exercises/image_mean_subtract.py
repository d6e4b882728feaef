"""Subtracting the mean of the training images."""

import numpy as np

SIGNATURES = {"image_mean_subtract": "train, x, mode -> y"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "The mean is one of the training images in both modes; x only has it subtracted. Which of the four axes of "
    "(N, C, H, W) are averaged away in each mode, and what shape is left?",
    "mean_image averages over axis 0 alone, per_channel over images and pixels. What is left must line up with "
    "(M, C, H, W): keep the averaged axes with length 1. And what happens to a uint8 that becomes negative?",
    "train.mean(axis=0, keepdims=True) and train.mean(axis=(0, 2, 3), keepdims=True) line up with x. np.asarray(x, "
    "dtype=float) comes before the subtraction. Compare x.shape[1:] with train.shape[1:] first.",
)

# Two images of one channel, 1 x 2 pixels: pixel means 2 and 6, channel mean 4.
TRAIN = np.array([[[[1.0, 4.0]]], [[[3.0, 8.0]]]])


def test_mean_image(student, compare):
    """Training pixels 1 and 3 have mean 2, 4 and 8 have mean 6: a new image (5, 5) becomes (3, -1)."""
    compare("image_mean_subtract", TRAIN, np.array([[[[5.0, 5.0]]]]), mode="mean_image")


def test_per_channel(student, compare):
    """All four training values have mean 4: a new image (5, 5) becomes (1, 1)."""
    compare("image_mean_subtract", TRAIN, np.array([[[[5.0, 5.0]]]]), mode="per_channel")


def test_two_channels_two_columns(student, compare):
    """Channels with means 0 and 10 are each centred on their own, also when there are as many columns as channels."""
    train = np.zeros((1, 2, 3, 2))
    train[:, 1] = 10.0
    compare("image_mean_subtract", train, train + np.arange(6.0).reshape(3, 2), mode="per_channel")


def test_small_whole_numbers(student, compare):
    """3 - 5 is -2 for uint8 pixels, too."""
    train = np.array([[[[5, 4]]], [[[5, 7]]]], dtype=np.uint8)
    for mode in ("mean_image", "per_channel"):
        compare("image_mean_subtract", train, np.array([[[[3, 200]]]], dtype=np.uint8), mode=mode)


def test_training_images_afterwards(student, rng):
    """The training images have mean 0 afterwards: in every pixel, or in every channel."""
    train = rng.normal(size=(5, 3, 4, 2)) + 7
    for mode, axes in (("mean_image", 0), ("per_channel", (0, 2, 3))):
        y = np.asarray(student.image_mean_subtract(train.copy(), train.copy(), mode))
        assert y.shape == train.shape, f"{mode}: the result has another shape than the images"
        assert np.allclose(y.mean(axis=axes), 0, atol=1e-8), f"{mode}: the training images still have a mean"


def test_bad_input(student, compare):
    """An unknown mode or images of another shape are a ValueError that names the argument."""
    compare.refuses("image_mean_subtract", TRAIN, TRAIN, mode="mean", naming=("mode",))
    compare.refuses("image_mean_subtract", TRAIN, np.ones((2, 1, 1, 3)), mode="mean_image", naming=("x", "train"))
