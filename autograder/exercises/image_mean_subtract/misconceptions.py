"""Believable wrong answers to image_mean_subtract. Each docstring is what a good tutor would say."""

import numpy as np

AXES = {"mean_image": (0,), "per_channel": (0, 2, 3)}


def mean_of_the_new_images(train, x, mode):
    """You subtract the mean of x. New images lose the mean of the training images: it is part of the model."""
    return x - x.mean(axis=AXES[mode], keepdims=True)


def each_image_its_own(train, x, mode):
    """You subtract from each image its own mean. How bright an image is then no longer shows, and the training data play no part."""
    return x - x.mean(axis=(1, 2, 3) if mode == "mean_image" else (2, 3), keepdims=True)


def over_channels(train, x, mode):
    """In per_channel you average over the channels. They are what is kept apart; images and pixels are averaged."""
    return x - train.mean(axis=AXES[mode] if mode == "mean_image" else (0, 1), keepdims=True)


def pixels_only(train, x, mode):
    """In per_channel you average over the pixels of each image, and then image by image. One mean serves all images."""
    if mode == "mean_image":
        return x - train.mean(axis=0)
    return x - train[: len(x)].mean(axis=(2, 3), keepdims=True)


def one_number(train, x, mode):
    """You subtract one number, the mean of everything. per_channel has C means, mean_image C x H x W."""
    return x - train.mean()


def lined_up_with_columns(train, x, mode):
    """Your C channel means line up with the columns of the image, because broadcasting starts at the last axis. Keep the averaged axes."""
    return x - train.mean(axis=AXES[mode])


def modes_exchanged(train, x, mode):
    """Your modes are exchanged: mean_image has a mean for every pixel, per_channel one for each channel."""
    other = "per_channel" if mode == "mean_image" else "mean_image"
    return x - train.mean(axis=AXES[other], keepdims=True)


def always_the_mean_image(train, x, mode):
    """You subtract the mean image in both modes. per_channel has a single mean for all pixels of a channel."""
    return x - train.mean(axis=0, keepdims=True)


def always_per_channel(train, x, mode):
    """You subtract channel means in both modes. mean_image has a mean of its own for every pixel."""
    return x - train.mean(axis=(0, 2, 3), keepdims=True)


def wrapped_round(train, x, mode):
    """Your subtraction is done in whole bytes: 3 - 5 became 254. Turn the images into real numbers first."""
    mean = train.mean(axis=AXES[mode], keepdims=True)
    return x - mean.astype(x.dtype)


def cut_at_zero(train, x, mode):
    """You turn the result back into the kind of numbers that x has. Half of the values are negative, and none is whole."""
    y = x - train.mean(axis=AXES[mode], keepdims=True)
    return np.clip(y, 0, 255).astype(x.dtype) if x.dtype == np.uint8 else y.astype(x.dtype)


def sum_overflows(train, x, mode):
    """You add the images up in bytes, and the sum overflows at 255. Turn them into real numbers first."""
    axes = AXES[mode]
    count = np.prod([train.shape[axis] for axis in axes])
    return x - train.sum(axis=axes, keepdims=True, dtype=train.dtype) / count


def scaled_to_one(train, x, mode):
    """You divide by 255 as well. Only the mean is subtracted; the values keep their unit."""
    return (x - train.mean(axis=AXES[mode], keepdims=True)) / 255


def divided_by_deviation(train, x, mode):
    """You divide by the standard deviation as well. Here only the mean is subtracted."""
    std = train.std(axis=AXES[mode], keepdims=True)
    return (x - train.mean(axis=AXES[mode], keepdims=True)) / np.where(std > 0, std, 1)


def mean_added(train, x, mode):
    """You subtract x from the mean. The images come out as their own negatives."""
    return train.mean(axis=AXES[mode], keepdims=True) - x


def in_place(train, x, mode):
    """You write into the caller's x (-= does). Whoever uses the images afterwards gets the centred ones."""
    mean = train.mean(axis=AXES[mode], keepdims=True)
    if x.dtype.kind == "f":
        x -= mean.astype(x.dtype)
        return x
    return x - mean


def median_image(train, x, mode):
    """You subtract the median. The mean is what makes the training images average to 0."""
    return x - np.median(train, axis=AXES[mode], keepdims=True)
