"""Group normalization, forward pass."""

import numpy as np

SIGNATURES = {"gn_forward": "x, G, gamma, beta, eps -> y"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "A group is a run of neighbouring channels of one image. Which values share its mean: what may change inside the "
    "set, and what may not?",
    "Give every group an axis of its own: (N, C, H, W) seen as (N, G, C/G, H, W). Three of the five axes are averaged "
    "over. Afterwards go back to four axes, because gamma and beta belong to channels, not to groups.",
    "normalize_over(x.reshape(N, G, C // G, H, W), (2, 3, 4), eps)[0].reshape(x.shape) is xhat. gamma[:, None, None] "
    "lines up with the channel axis. Before all that, refuse G < 1 and C % G != 0, in this order.",
)


def test_two_groups_by_hand(student, compare):
    """Channels with the values 1, 3 | 5, 7: for two groups and eps = 3 each group becomes [-0.5, 0.5]."""
    x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 4, 1, 1)
    compare("gn_forward", x, 2, np.array([1.0, 2.0, 2.0, 4.0]), np.array([0.0, 0.0, 1.0, -1.0]), eps=3.0)


def test_pixels_belong_to_the_set(student, compare):
    """Two images of four channels and 1 x 3 pixels: 6 values share a mean."""
    x = (np.arange(24.0).reshape(2, 4, 1, 3) ** 2) % 11
    compare("gn_forward", x, 2, np.ones(4), np.zeros(4), eps=0.1)


def test_gamma_and_beta_belong_to_channels(student, compare):
    """In images as wide as there are channels, gamma and beta still belong to the channels."""
    x = (np.arange(24).reshape(1, 4, 2, 3)[:, :, :, [0, 1, 2, 0]] ** 2) % 11
    compare("gn_forward", x, 2, np.array([1.5, -2.0, 0.5, 3.0]), np.array([0.1, 2.0, -1.0, 0.0]), eps=0.1)


def test_one_group_and_as_many_groups_as_channels(student, compare):
    """One group takes the whole image; as many groups as channels leave every channel on its own."""
    x = (np.arange(24.0).reshape(2, 4, 1, 3) ** 2) % 11
    compare("gn_forward", x, 1, np.ones(4), np.zeros(4))
    compare("gn_forward", x, 4, np.ones(4), np.zeros(4))


def test_images_do_not_see_each_other(student, rng):
    """An image of y is the same whatever the other images are."""
    x, gamma, beta = rng.normal(size=(3, 4, 2, 3)), np.array([1.0, 2.0, -1.0, 0.5]), np.array([0.0, 1.0, 2.0, 3.0])
    other = np.concatenate([x[:1], rng.normal(size=(4, 4, 2, 3)) * 10])
    y, changed = (student.gn_forward(a, 2, gamma, beta) for a in (x, other))
    assert np.std(y) > 0, "y is the same everywhere, whatever x is"
    assert np.allclose(y[0], changed[0], atol=1e-8), "the first image of y changes when other images of x do"


def test_bad_input(student, compare):
    """No group or fewer, or a G that does not divide C, is a ValueError that names G."""
    x, ones = np.arange(24.0).reshape(1, 4, 2, 3), np.ones(4)
    compare.refuses("gn_forward", x, 0, ones, ones, naming=("G",))
    compare.refuses("gn_forward", x, -2, ones, ones, naming=("G",))
    compare.refuses("gn_forward", x, 3, ones, ones, naming=("G",))
