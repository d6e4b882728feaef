"""Batch normalization of images, forward pass in training."""

import numpy as np

SIGNATURES = {"bn2d_forward_train": "x, gamma, beta, eps, per_pixel -> y"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Only the choice of axes is new. In an array (N, C, H, W), which axes must an average run over to leave one number "
    "per channel? Which ones to leave one number per channel and pixel?",
    "One number per channel: axes (0, 2, 3). One per channel and pixel: axis 0. NumPy lines shapes up from the right, so "
    "a mean, a gamma or a beta of shape (C,) meets W first; give each of them the shape that puts C in its place.",
    "x.mean(axis=axes, keepdims=True) has shape (1, C, 1, 1) or (1, C, H, W) and broadcasts as it should; so does x.var. "
    "gamma and beta become (C, 1, 1) with gamma[:, None, None]. The number of values per mean, for the check, is the "
    "product of the sizes of those axes.",
)


def _one_image(student, images, gamma, beta, eps):
    student.bn2d_forward_train(images, gamma, beta, eps=eps)
    try:
        y = student.bn2d_forward_train(images[:1], gamma, beta, eps=eps)
    except ValueError:
        return {"one image alone is accepted": False, "y": None}
    return {"one image alone is accepted": True, "y": y}


def test_one_row_of_pixels_by_hand(student, compare):
    """With eps = 0, a channel with the values 0 0 2 and 2 0 2 becomes -1 -1 1 and 1 -1 1."""
    x = np.array([[[[0.0, 0.0, 2.0]], [[5.0, 5.0, 5.0]]], [[[2.0, 0.0, 2.0]], [[7.0, 7.0, 7.0]]]])
    compare("bn2d_forward_train", x, np.ones(2), np.zeros(2), eps=0.0)


def test_scale_and_shift(student, compare):
    """Each channel is scaled by its gamma and shifted by its beta, and eps is added to the variance."""
    first = [[[0.0, 1.0, 4.0, 2.0]], [[3.0, 3.5, 3.0, 2.0]], [[-1.0, 0.0, 2.0, 5.0]]]
    second = [[[1.0, 1.0, 2.0, 8.0]], [[2.5, 3.0, 2.0, 2.0]], [[6.0, 9.0, 7.0, 4.0]]]
    compare(
        "bn2d_forward_train", np.array([first, second]), np.array([1.5, -2.0, 0.5]), np.array([0.1, 2.0, -1.0]), eps=0.1
    )


def test_as_many_columns_as_channels(student, compare):
    """Images that are as wide as there are channels are nothing special: gamma and beta still belong to channels."""
    x = np.array([[[[0.0, 1.0]], [[4.0, 2.0]]], [[[3.0, 5.0]], [[2.0, 8.0]]], [[[1.0, 1.0]], [[0.0, 6.0]]]])
    compare("bn2d_forward_train", x, np.array([1.0, 3.0]), np.array([0.5, -2.0]), eps=0.1)


def test_whole_numbers(student, compare):
    """Images of whole numbers are normalized as real numbers are."""
    x = np.array([[[[0, 1, 5]], [[2, 2, 0]]], [[[0, 3, 9]], [[4, 2, 2]]]])
    compare("bn2d_forward_train", x, np.array([1.0, 2.0]), np.array([0.25, 0.5]), eps=0.1)


def test_per_pixel(student, compare):
    """With per_pixel=True every pixel has its own mean over the images; one that never changes comes out as beta."""
    x = np.array([[[[0.0, 1.0, 5.0]], [[2.0, 2.0, 0.0]]], [[[0.0, 3.0, 9.0]], [[4.0, 2.0, 2.0]]]])
    compare("bn2d_forward_train", x, np.array([1.0, 2.0]), np.array([0.0, 0.5]), eps=1e-5, per_pixel=True)


def test_one_image(student, compare):
    """One image alone is enough, because its pixels share a mean."""
    x = np.array([[[[1.0, 3.0, 5.0]], [[0.0, 2.0, 2.0]]], [[[2.0, 2.0, 9.0]], [[4.0, 2.0, 1.0]]]])
    compare(_one_image, x, np.array([1.0, -2.0]), np.array([0.0, 0.5]), eps=0.1)


def test_bad_input(student, compare):
    """x without four axes, or with fewer than two values per mean, is a ValueError that names x."""
    ones, zeros = np.ones(2), np.zeros(2)
    compare.refuses("bn2d_forward_train", np.arange(6.0).reshape(3, 2), ones, zeros, naming=("x",))
    compare.refuses("bn2d_forward_train", np.ones((1, 2, 1, 1)), ones, zeros, naming=("x",))
    compare.refuses("bn2d_forward_train", np.ones((1, 2, 3, 4)), ones, zeros, per_pixel=True, naming=("x",))
