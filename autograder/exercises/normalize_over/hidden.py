"""Hidden tests of normalize_over and norm_axes.

Exact values (divisor, eps) count in "operator" only. A table of axes is not made of floats, so an answer that does no
work can hold a right one: its tests are supporting.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"operator": 2, "axes table": 2}
KINDS = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "channel_only": (1,), "per_pixel": (0,)}


def _values(rng, shape):
    """Numbers whose place and scale change along every axis, so that no axis can stand in for another."""
    x = rng.normal(size=shape)
    for axis, size in enumerate(shape):
        along = np.reshape(np.linspace(-1.5, 2, size), [-1 if a == axis else 1 for a in range(len(shape))])
        x = (x + (axis + 1) * along) * np.exp(along / 2)
    return x


# Whoever writes into x pays for it in test_kinds_of_numbers, so the others hand out copies.
def _of_a_copy(student, x, axes, **settings):
    xhat, mean, var = student.normalize_over(x.copy(), axes, **settings)
    return {"xhat": xhat, "mean": mean, "var": var}


def _axes(student, kind, ndim):
    return {"axes": sorted({int(axis) % ndim for axis in student.norm_axes(kind, ndim)})}


def _kind(student, x, kind):
    axes = tuple(int(axis) % x.ndim for axis in student.norm_axes(kind, x.ndim))
    return {"xhat": student.normalize_over(x.copy(), axes)[0]}


def _refused(student, kind, ndim):
    try:
        return {"refused": False, "axes": sorted(student.norm_axes(kind, ndim))}
    except ValueError:
        return {"refused": True}


@part("operator")
def test_values(compare, rng):
    """xhat, mean and var are right over one, two and three axes of three, and keep the averaged axes with length 1."""
    for axes in ((0,), (2,), (1, 2), (0, 2), (2, 0, 1)):
        compare(_of_a_copy, _values(rng, (4, 5, 3)), axes, eps=0.1)


@part("operator")
def test_negative_axes_and_default_eps(compare, rng):
    """Negative axes count from the end, and eps is 1e-5 unless it is given."""
    for axes in ((-1,), (0, -1), (-3, 2)):
        compare(_of_a_copy, 0.01 * _values(rng, (4, 5, 2, 3)), axes)


@part("operator")
def test_constant_set_and_one_value(compare, rng):
    """A set of equal values, or of one value, has the variance 0 and comes out as zeros, without nan."""
    x = _values(rng, (4, 5, 3))
    x[2] = 8.0
    compare(_of_a_copy, x, (1, 2))
    compare(_of_a_copy, _values(rng, (1, 5)), (0,))


@part("operator")
def test_every_set_is_normalized(student, rng):
    """In every set xhat has mean 0 and deviation 1, and ignores a shift and a scale of the set."""
    x, axes = _values(rng, (3, 40, 2, 30)), (1, 3)
    xhat = student.normalize_over(x.copy(), axes)[0]
    assert np.shape(xhat) == x.shape, "xhat does not have the shape of x"
    assert np.allclose(np.mean(xhat, axis=axes), 0, atol=1e-6), "the mean of a set of xhat is not 0"
    # 1200 values: dividing by 1199 is no matter here.
    assert np.allclose(np.std(xhat, axis=axes), 1, atol=0.01), "the deviation of a set of xhat is not 1"
    moved = x * rng.uniform(1, 2, size=(3, 1, 2, 1)) + rng.normal(size=(3, 1, 2, 1))
    assert np.allclose(student.normalize_over(moved, axes)[0], xhat, atol=0.01), (
        "xhat changes with shift and scale of a set"
    )


@part("operator")
def test_kinds_of_numbers(compare, rng):
    """Whole numbers, float32 and other memory orders work, and x is left as it was."""
    compare("normalize_over", _values(rng, (4, 5, 3)), (0, 2), eps=0.1)
    compare("normalize_over", rng.integers(-5, 9, size=(4, 5, 3)), (0, 2), eps=0.1)
    compare("normalize_over", _values(rng, (4, 5, 3)).astype(np.float32), (1,), eps=0.1)
    compare("normalize_over", np.asfortranarray(_values(rng, (4, 5, 3)))[:, ::2], (0, 1), eps=0.1)


@part("operator", supporting=True)
def test_axis_out_of_range(compare, rng):
    """An axis that x does not have is refused."""
    for axes in ((3,), (0, 3), (-4,)):
        compare.refuses("normalize_over", rng.normal(size=(4, 5, 3)), axes, naming=("axes", "axis"))


@part("axes table", supporting=True)
def test_axes_of_images(compare):
    """For (N, C, H, W) the five kinds name their axes, in any order."""
    for kind in KINDS:
        compare(_axes, kind, 4)


@part("axes table", supporting=True)
def test_axes_of_rows(compare):
    """For (N, D) "batch" is axis 0 and "layer" axis 1; the other kinds do not exist there and are refused."""
    compare(_axes, "batch", 2)
    compare(_axes, "layer", 2)
    for kind in ("instance", "channel_only", "per_pixel"):
        compare(_refused, kind, 2)
        compare.refuses("norm_axes", kind, 2, naming=("kind", "ndim"))


@part("axes table", supporting=True)
def test_unknown_kinds(compare):
    """An unknown kind, or arrays of 3 or 5 axes, are refused."""
    compare.refuses("norm_axes", "group", 4, naming=("kind", "ndim"))
    compare.refuses("norm_axes", "", 2, naming=("kind", "ndim"))
    for ndim in (3, 5):
        compare(_refused, "batch", ndim)
        compare.refuses("norm_axes", "batch", ndim, naming=("kind", "ndim"))


@part("axes table")
def test_layers(compare, rng):
    """normalize_over with these axes gives batch, layer, instance, channel-only and per-pixel normalization."""
    # Every set has 19 values or more: what the variance divides by, and where eps is, costs its points in "operator".
    for kind in KINDS:
        compare.within(rtol=0, atol=0.15)(_kind, _values(rng, (19, 23, 4, 5)), kind)
