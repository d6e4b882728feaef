"""All thinned networks together: two averages over every mask, and the mean network."""

import numpy as np

SIGNATURES = {"dropout_ensemble_exact": "h, W, b, p_keep -> out"}
HINTS = (
    "With two hidden units there are four masks. Write down the four, the probability of each, and what its network "
    "predicts; both averages are made of these. For the geometric one, look at logarithms.",
    "itertools.product((0, 1), repeat=H) gives all masks. The probability of a mask has a factor for each unit, kept or "
    "dropped. A weighted geometric mean is the exponential of a weighted mean of logarithms; it does not add up to 1 by "
    "itself.",
    "With masks of shape (2^H, H), (masks * h) @ W.T + b has the logits of all networks, one in a row. P(m) is "
    "np.where(masks, p_keep, 1 - p_keep).prod(axis=1). arith is P @ probs; geo is exp(P @ log(probs)), divided by its "
    "own sum.",
)


def _arith(student, h, W, b, p_keep):
    return {"arith": student.dropout_ensemble_exact(h, W, b, p_keep)["arith"]}


def _geo(student, h, W, b, p_keep):
    return {"geo": student.dropout_ensemble_exact(h, W, b, p_keep)["geo"]}


def _mean_net(student, h, W, b, p_keep):
    return {"mean_net": student.dropout_ensemble_exact(h, W, b, p_keep)["mean_net"]}


H = np.array([2.0, 1.0])
W = np.array([[1.0, 0.0], [0.0, -3.0], [-1.0, 2.0]])
B = np.array([0.5, 0.0, 1.0])


def test_one_unit(student, compare):
    """With one hidden unit there are two networks, one that sees it and one that does not, and arith is easy by hand."""
    compare(_arith, np.array([2.0]), np.array([[1.0], [0.0]]), np.zeros(2), 0.5)


def test_arith(student, compare):
    """arith weighs the prediction of each of the 2^H networks by the probability of its mask."""
    compare(_arith, H, W, B, 0.5)
    compare(_arith, H, W, B, 0.8)


def test_geo(student, compare):
    """geo multiplies the predictions, each to the power of its probability, and divides by the sum over the classes."""
    compare(_geo, H, W, B, 0.5)
    compare(_geo, H, W, B, 0.8)


def test_mean_net(student, compare):
    """mean_net is one network that sees every unit at p_keep times its size; the bias stays as it is."""
    compare(_mean_net, H, W, B, 0.5)
    compare(_mean_net, H, W, B, 0.8)


def test_nothing_dropped(student, compare):
    """With p_keep = 1 the three are the same."""
    compare("dropout_ensemble_exact", H, W, B, 1.0)


def test_bad_input(student, compare):
    """More than 14 units, or a p_keep outside (0, 1], is a ValueError that names the argument."""
    compare.refuses("dropout_ensemble_exact", np.ones(15), np.ones((2, 15)), np.ones(2), 0.5, naming=("h", "H", "W"))
    for wrong in (0.0, 1.2):
        compare.refuses("dropout_ensemble_exact", H, W, B, wrong, naming=("p_keep",))
