"""Hidden tests of gn_forward.

Exact values (divisor, eps) and scale and shift count in "values" only: in "special cases" gamma = 1, beta = 0, sets are
long and tolerances wide.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"values": 3, "special cases": 1, "errors": 1}  # "errors": what is refused, and what is not


def _images(rng, n=5, c=6, h=2, w=3):
    """Images whose channels, rows, columns and brightness differ, so that no axis can stand in for another."""
    x = rng.normal(size=(n, c, h, w))
    for axis, size in enumerate(x.shape):
        along = np.reshape(np.linspace(-1.5, 2, size), [-1 if a == axis else 1 for a in range(4)])
        x = (x + (axis + 1) * along) * np.exp(along / 2)
    return x


def _gamma_beta(rng, c=6):
    return rng.uniform(1, 2, c) * np.resize([1, -1], c), rng.uniform(1, 2, c)


# Whoever writes into x pays for it in test_kinds_of_numbers, so the others hand out copies.
def _normalized(student, x, G, **settings):
    c = x.shape[1]
    return {"y": student.gn_forward(x.copy(), G, np.ones(c), np.zeros(c), **settings)}


def _scale_and_shift(student, x, G, gamma, beta):
    xhat = _normalized(student, x, G)["y"]
    y = student.gn_forward(x.copy(), G, gamma.copy(), beta.copy())
    return {"y - (gamma * xhat + beta)": y - (gamma[:, None, None] * xhat + beta[:, None, None])}


def _kinds_of_numbers(student, x, whole, G):
    """What whole numbers, float32 and another memory order change."""

    def y(a):
        return _normalized(student, a, G)["y"]

    return {
        "y of whole numbers minus y of real numbers": y(whole) - y(whole.astype(float)),
        "y of float32 minus y of float64": y(x.astype(np.float32)) - y(x.astype(np.float32).astype(float)),
        "y of an array in Fortran order minus y": y(np.asfortranarray(x)) - y(x),
    }


def _call(student, x, G, gamma, beta):
    """Nothing but whether the arguments are as before is compared."""
    student.gn_forward(x, G, gamma, beta)
    return {}


def _one_image(student, x, G):
    # The batch first: an answer that raises for every input is not one that refuses a single image.
    _normalized(student, x, G)
    try:
        y = _normalized(student, x[:1], G)["y"]
    except ValueError:
        return {"one image alone is accepted": False, "y": None}
    return {"one image alone is accepted": True, "y": y}


def _refused(student, x, G):
    try:
        return {"refused": False, **_normalized(student, x, G)}
    except ValueError:
        return {"refused": True}


@part("values")
def test_values(compare, rng):
    """One mean and one biased variance per image and group of neighbouring channels; eps is inside the square root."""
    compare(_normalized, _images(rng), 2, eps=0.1)
    compare(_normalized, _images(rng, c=8, h=3, w=2), 2, eps=0.1)


@part("values")
def test_groups_are_neighbours(student, rng):
    """Channels in steps 0, 1, 2, ...: in every group the steps around its middle are left, and nothing of the rest."""
    n, c, h, w = 2, 12, 4, 5
    x = np.arange(c)[:, None, None] * 100.0 + rng.normal(size=(n, c, h, w))
    y = np.asarray(student.gn_forward(x, 4, np.ones(c), np.zeros(c)))
    assert y.shape == x.shape, "y does not have the shape of x"
    means = y.mean(axis=(0, 2, 3))
    # Three channels 100 apart: -1, 0, 1 times the root of 3/2. Dividing by one value less changes 1 %.
    assert np.allclose(means, np.tile([-1.2247, 0.0, 1.2247], 4), atol=0.05), (
        "the channels 0, 1, 2 do not form a group, or not alone"
    )


@part("values")
def test_scale_and_shift_of_channels(compare, rng):
    """gamma and beta belong to the channels, also in images as wide as there are channels."""
    compare(_scale_and_shift, _images(rng, h=3, w=6), 2, *_gamma_beta(rng))


@part("values")
def test_scale_and_shift_not_of_groups(compare, rng):
    """gamma and beta belong to the channels, also in images as high and as wide as there are groups."""
    compare(_scale_and_shift, _images(rng), 2, *_gamma_beta(rng))
    compare(_scale_and_shift, _images(rng, h=1, w=3), 3, *_gamma_beta(rng))


@part("values")
def test_constant_group_and_default_eps(compare, rng):
    """A group of equal values comes out as beta, here 0, and eps is 1e-5 unless it is given."""
    x = _images(rng) * 0.01
    x[1, 3:] = 4.0
    compare(_normalized, x, 2)


@part("values")
def test_images_do_not_see_each_other(compare, rng):
    """One image alone is enough, and gives what it gives in company."""
    # 60 values per mean: dividing by 59 changes y by less than 0.1, and costs its points elsewhere.
    compare.within(rtol=0, atol=0.15)(_one_image, _images(rng, n=3, h=4, w=5), 2)


@part("errors", supporting=True)
def test_kinds_of_numbers(compare, rng):
    """Whole numbers, float32 and arrays in another memory order work, and the arguments are left as they were."""
    compare(_call, _images(rng), 2, *_gamma_beta(rng))
    whole = rng.integers(-5, 9, size=(5, 6, 2, 3))
    compare.within(rtol=0, atol=1e-4)(_kinds_of_numbers, _images(rng), whole, 2)


@part("special cases")
def test_one_group(compare, rng):
    """With one group, all values of an image share a mean: layer norm over C, H and W."""
    compare.within(rtol=0, atol=0.15)(_normalized, _images(rng, h=4, w=5), 1)


@part("special cases")
def test_as_many_groups_as_channels(compare, rng):
    """With as many groups as channels, every channel of every image has its own mean: instance norm."""
    compare.within(rtol=0, atol=0.15)(_normalized, _images(rng, h=4, w=5), 6)


@part("special cases")
def test_statistics_of_groups(student, rng):
    """In every image and group y has mean 0 and deviation 1, whatever G is."""
    x = _images(rng, n=3, h=7, w=5)
    for G in (1, 2, 3, 6):
        y = student.gn_forward(x.copy(), G, np.ones(6), np.zeros(6))
        assert np.shape(y) == x.shape, "y does not have the shape of x"
        groups = np.reshape(y, (3, G, -1))
        assert np.allclose(groups.mean(axis=2), 0, atol=1e-6), f"for G = {G} the mean of a group is not 0"
        assert np.allclose(groups.std(axis=2), 1, atol=0.05), f"for G = {G} the deviation of a group is not 1"


@part("errors", supporting=True)
def test_groups_that_do_not_fit(compare, rng):
    """A G that does not divide C is refused, also where G is larger than C."""
    for G in (4, 5, 12):
        compare(_refused, _images(rng), G)
        compare.refuses("gn_forward", _images(rng), G, np.ones(6), np.zeros(6), naming=("G",))


@part("errors", supporting=True)
def test_no_groups(compare, rng):
    """A G below 1 is refused."""
    for G in (0, -1, -2):
        compare(_refused, _images(rng), G)
        compare.refuses("gn_forward", _images(rng), G, np.ones(6), np.zeros(6), naming=("G",))
