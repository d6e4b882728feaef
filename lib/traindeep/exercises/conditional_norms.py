"""Adaptive instance normalization and spatially-adaptive normalization."""

import numpy as np

SIGNATURES = {
    "adain": "content, style, eps -> y",
    "spade": "x, gamma_map, beta_map, eps -> y",
}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Both functions normalize and then scale and shift; new is only where scale and shift come from. In adain they are "
    "statistics of another image, in spade they are given for every value. Which axes does each of them average?",
    "adain needs four statistics, each of shape (N, C, 1, 1): mean and variance of content and of style, over H and W. "
    "Normalize with the one pair, undo a normalization with the other. spade averages over N, H and W, like batch norm.",
    "normalize_over(style, (2, 3)) returns mean and var with shapes that broadcast to content, whatever the size of the "
    "style is. The scale is np.sqrt(var + eps). Compare content.shape[:2] with style.shape[:2], and the shapes of the "
    "two maps with x.shape, before anything else.",
)

CONTENT = np.array([[[[1.0, 3.0, 1.0, 3.0]], [[0.0, 4.0, 4.0, 0.0]]]])
STYLE = np.array([[[[10.0], [20.0]], [[-1.0], [-3.0]]]])


def test_adain_by_hand(student, compare):
    """Channels with mean and deviation (2, 1) and (2, 2) get those of the style, (15, 5) and (-2, 1), when eps is 0."""
    compare("adain", CONTENT, STYLE, eps=0.0)


def test_adain_pairs_and_eps(student, compare):
    """Two images with a style each: eps is added to all variances, inside the square roots."""
    compare("adain", np.concatenate([CONTENT, 2 * CONTENT**2]), np.concatenate([STYLE, STYLE**2 / 100]), eps=0.1)


def test_adain_means(student, rng):
    """Every channel of the result has the mean that it has in the style of the same image."""
    content, style = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 6, 2)) + 3
    y = student.adain(content, style)
    assert np.shape(y) == content.shape, f"y should have the shape of content, {content.shape}, got {np.shape(y)}"
    assert np.std(y) > 0, "y is the same everywhere"
    means, wanted = np.mean(y, axis=(2, 3)), style.mean(axis=(2, 3))
    assert np.allclose(means, wanted, atol=1e-6), f"the channel means are {means.round(3)}, not {wanted.round(3)}"


def test_spade_by_hand(student, compare):
    """One channel of two images with the values 1, 3 | 3, 1 becomes -1, 1 | 1, -1, and every pixel has its own scale and shift."""
    x = np.array([1.0, 3.0, 3.0, 1.0]).reshape(2, 1, 1, 2)
    gamma_map, beta_map = np.arange(1.0, 5.0).reshape(x.shape), np.array([0.0, 0.0, 10.0, 20.0]).reshape(x.shape)
    compare("spade", x, gamma_map, beta_map, eps=0.0)


def test_spade_shares_statistics_in_the_batch(student, compare):
    """Mean and variance of a channel are those of all images together, as in batch norm."""
    x = (np.arange(24).reshape(2, 3, 2, 2) ** 2) % 11
    maps = np.cos(np.arange(48)).reshape(2, *x.shape)
    compare("spade", x, *maps, eps=0.1)


def test_bad_input(student, compare):
    """Another N or C of the style, or a map of another shape than x, is a ValueError that names it."""
    x = np.arange(24.0).reshape(2, 3, 2, 2)
    compare.refuses("adain", x, x[:1], naming=("style", "content"))
    compare.refuses("adain", x, x[:, :2], naming=("style", "content"))
    compare.refuses("spade", x, x[:1], x, naming=("gamma_map",))
    compare.refuses("spade", x, x, x[:, :, :1, :1], naming=("beta_map",))
