"""Hidden tests of dropout_ensemble_exact.

The parts of the three results look at p_keep = 0.5 only, where every mask weighs the same; that the weights are right for
other p_keep is a part of its own.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"arith": 2, "geo": 2, "mean_net": 2, "p_keep": 1}


def _net(rng, units, classes):
    return rng.normal(size=units) * 2, rng.normal(size=(classes, units)), rng.normal(size=classes)


def _arith(student, h, W, b, p_keep):
    return {"arith": student.dropout_ensemble_exact(h, W, b, p_keep)["arith"]}


def _geo(student, h, W, b, p_keep):
    return {"geo": student.dropout_ensemble_exact(h, W, b, p_keep)["geo"]}


def _mean_net(student, h, W, b, p_keep):
    return {"mean_net": student.dropout_ensemble_exact(h, W, b, p_keep)["mean_net"]}


# ---- the arithmetic mean ---------------------------------------------------------------------------------


@part("arith")
def test_arith(compare, rng):
    """arith is the average of the predictions of all 2^H networks."""
    for units, classes in ((1, 2), (4, 3), (7, 4)):
        compare(_arith, *_net(rng, units, classes), 0.5)


@part("arith")
def test_arith_square_and_other_numbers(compare, rng):
    """As many classes as units, whole numbers and float32 do as well."""
    compare(_arith, *_net(rng, 4, 4), 0.5)
    compare(_arith, *(rng.integers(-2, 3, size=shape) for shape in (5, (3, 5), 3)), 0.5)
    compare(_arith, *(a.astype(np.float32) for a in _net(rng, 3, 2)), 0.5)


@part("arith")
def test_many_units(compare, rng):
    """Twelve units have 4096 masks."""
    compare(_arith, *_net(rng, 12, 2), 0.5)


@part("arith", supporting=True)
def test_too_many_units(compare, rng):
    """More than 14 units are refused."""
    for units in (15, 40):
        compare.refuses("dropout_ensemble_exact", *_net(rng, units, 2), 0.5, naming=("h", "H", "W"))


# ---- the geometric mean ----------------------------------------------------------------------------------


@part("geo")
def test_geo(compare, rng):
    """geo is the geometric mean of the predictions of all 2^H networks, and it adds up to 1."""
    for units, classes in ((1, 3), (4, 2), (6, 5)):
        compare(_geo, *_net(rng, units, classes), 0.5)


@part("geo")
def test_geo_square_and_other_numbers(compare, rng):
    """As many classes as units, whole numbers and float32 do as well."""
    compare(_geo, *_net(rng, 3, 3), 0.5)
    compare(_geo, *(rng.integers(-2, 3, size=shape) for shape in (4, (2, 4), 2)), 0.5)
    compare(_geo, *(a.astype(np.float32) for a in _net(rng, 5, 2)), 0.5)


# ---- the mean network ------------------------------------------------------------------------------------


@part("mean_net")
def test_mean_net(compare, rng):
    """mean_net is a single network that sees every unit at p_keep times its size."""
    for units, classes in ((1, 4), (5, 3), (3, 3)):
        compare(_mean_net, *_net(rng, units, classes), 0.5)


@part("mean_net")
def test_mean_net_of_other_numbers(compare, rng):
    """Whole numbers and float32 do as well."""
    compare(_mean_net, *(rng.integers(-2, 3, size=shape) for shape in (4, (2, 4), 2)), 0.5)
    compare(_mean_net, *(a.astype(np.float32) for a in _net(rng, 5, 2)), 0.5)


# ---- p_keep ----------------------------------------------------------------------------------------------


@part("p_keep")
def test_arith_with_unequal_weights(compare, rng):
    """Where units are kept more often than dropped, or less often, masks have different weights in arith."""
    for p_keep in (0.8, 0.3):
        compare(_arith, *_net(rng, 5, 3), p_keep)


@part("p_keep")
def test_geo_with_unequal_weights(compare, rng):
    """Where units are kept more often than dropped, or less often, masks have different weights in geo."""
    for p_keep in (0.8, 0.3):
        compare(_geo, *_net(rng, 5, 3), p_keep)


@part("p_keep")
def test_mean_net_with_other_shares(compare, rng):
    """mean_net follows p_keep."""
    for p_keep in (0.8, 0.3):
        compare(_mean_net, *_net(rng, 5, 3), p_keep)


@part("p_keep")
def test_nothing_dropped(compare, rng):
    """With p_keep = 1 one mask has all the weight."""
    compare("dropout_ensemble_exact", *_net(rng, 4, 3), 1.0)
    compare("dropout_ensemble_exact", *_net(rng, 4, 3), 1)


@part("p_keep", supporting=True)
def test_bad_p_keep(compare, rng):
    """A p_keep outside (0, 1] is refused."""
    for wrong in (0, 0.0, -0.5, 1.01):
        compare.refuses("dropout_ensemble_exact", *_net(rng, 3, 2), wrong, naming=("p_keep",))
