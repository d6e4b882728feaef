"""Hidden tests of weight_reparam: three functions, each without the help of the others."""

import numpy as np

from autograder.exercise import part

PARTS = {"weight norm": 1, "gradients": 3, "standardization": 2}


def _weights(rng, shape=(4, 3)):
    """v with rows of different length, and g with a negative entry and, in row 2, a length of almost 0."""
    v = rng.normal(size=shape) * rng.uniform(0.3, 3, size=(shape[0], 1))
    g = rng.uniform(1, 3, shape[0]) * np.resize([1, -1, 1e-3], shape[0])
    return v, g


def _filters(rng, shape=(5, 4, 3, 2)):
    """Filters, and channels within them, that differ in place and scale."""
    scale, place = rng.uniform(0.5, 3, (shape[0], 1, 1, 1)), rng.normal(size=(*shape[:2], 1, 1))
    return rng.normal(size=shape) * scale + place


# ---- weight_norm ---------------------------------------------------------------------------------------


@part("weight norm")
def test_length_and_direction(student, rng):
    """Row o of W is |g_o| long and points along v_o (against it where g_o < 0), however long v_o is."""
    v, g = _weights(rng, (5, 4))
    W = student.weight_norm(v.copy(), g.copy())
    assert np.shape(W) == v.shape, "W should have the shape of v"
    lengths = np.sqrt((W * W).sum(axis=1))
    assert np.allclose(lengths, np.abs(g), rtol=1e-6), "the rows of W are not |g| long"
    along = (W * v).sum(axis=1)
    assert np.allclose(along, g * np.sqrt((v * v).sum(axis=1)), rtol=1e-6), (
        "the rows of W do not point along those of v"
    )
    longer = student.weight_norm(v * np.array([[2.0], [0.5], [7.0], [1.0], [3.0]]), g.copy())
    assert np.allclose(W, longer, rtol=1e-6), "W changes when the rows of v are made longer"


@part("weight norm")
def test_weights(compare, rng):
    """W is that of the formula, also for a square v, for strided arrays and for a length of 0."""
    v, g = _weights(rng)
    compare("weight_norm", v, g)
    v, g = _weights(rng, (3, 3))
    compare("weight_norm", v, g * np.array([1, 1, 0]))
    v, g = _weights(rng, (3, 5))
    compare("weight_norm", np.asfortranarray(v), g)


@part("weight norm", supporting=True)
def test_weight_norm_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    v, g = _weights(rng)
    compare("weight_norm", v, g)
    compare("weight_norm", rng.integers(1, 9, size=(4, 3)), rng.integers(-5, 9, size=4))
    compare("weight_norm", v.astype(np.float32), g.astype(np.float32))


@part("weight norm", supporting=True)
def test_weight_norm_refusals(compare, rng):
    """A zero row of v is refused, and so is a g that is not (O,), also where it would broadcast."""
    v, g = _weights(rng)
    for wrong in (np.ones(3), np.ones(1), np.ones((4, 1))):
        compare.refuses("weight_norm", v, wrong, naming=("g", "v"))
    v[1] = 0
    compare.refuses("weight_norm", v, g, naming=("v",))


# ---- weight_norm_grads ---------------------------------------------------------------------------------


def _dv(student, dW, v, g):
    return {"dv": student.weight_norm_grads(dW, v, g)[0]}


def _dg(student, dW, v, g):
    return {"dg": student.weight_norm_grads(dW, v, g)[1]}


def _gradients(student, dW, v, g):
    return {"dv and dg": student.weight_norm_grads(dW, v, g)}


@part("gradients")
def test_gradient_of_the_direction(compare, rng):
    """dv is the gradient of sum(dW * W) with respect to v, for a random dW and a square v as well."""
    for shape in ((4, 3), (3, 3), (2, 6)):
        v, g = _weights(rng, shape)
        compare.within(1e-5, 1e-5)(_dv, rng.normal(size=shape), v, g)


@part("gradients")
def test_gradient_of_the_length(compare, rng):
    """dg, of shape (O,), is the gradient of sum(dW * W) with respect to g."""
    for shape in ((4, 3), (3, 3), (2, 6)):
        v, g = _weights(rng, shape)
        compare.within(1e-5, 1e-5)(_dg, rng.normal(size=shape), v, g)


@part("gradients")
def test_across_and_along(student, rng):
    """dv has no part along v and is divided by the factor that makes v longer; a dW along v reaches g alone."""
    (v, g), dW = _weights(rng, (5, 4)), rng.normal(size=(5, 4))
    dv, _ = student.weight_norm_grads(dW.copy(), v.copy(), g.copy())
    assert np.abs(dv).max(axis=1).min() > 1e-6, "a row of dv is zero"
    assert np.abs((v * dv).sum(axis=1)).max() < 1e-6, "dv has a part along v"
    # Not a part of it is lost across v: dv and dW agree there, up to the factor g / ||v||.
    across = dW - v * ((dW * v).sum(axis=1) / (v * v).sum(axis=1))[:, None]
    ratio = (dv * across).sum(axis=1) / (across * across).sum(axis=1)
    assert np.allclose(ratio, g / np.sqrt((v * v).sum(axis=1)), rtol=1e-5), "dv is not g / ||v|| times dW across v"
    along, _ = student.weight_norm_grads(3 * v, v.copy(), g.copy())
    assert np.abs(along).max() < 1e-6, "a dW along v should give dv = 0"


@part("gradients", supporting=True)
def test_gradients_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    v, g = _weights(rng)
    dW = rng.normal(size=(4, 3))
    compare.within(1e-5, 1e-5)(_gradients, dW, v, g)
    compare(_gradients, rng.integers(-5, 9, size=(4, 3)), rng.integers(1, 9, size=(4, 3)), rng.integers(1, 9, size=4))
    compare(_gradients, *(a.astype(np.float32) for a in (dW, v, g)))


@part("gradients", supporting=True)
def test_gradients_refusals(compare, rng):
    """A zero row of v is refused, and so is a dW or a g of another shape, also where it would broadcast."""
    (v, g), dW = _weights(rng), rng.normal(size=(4, 3))
    for wrong in (np.ones((1, 3)), np.ones((4, 1)), np.ones(3), np.ones((3, 4))):
        compare.refuses("weight_norm_grads", wrong, v, g, naming=("dW", "v"))
    for wrong in (np.ones(3), np.ones(1), np.ones((4, 1))):
        compare.refuses("weight_norm_grads", dW, v, wrong, naming=("g", "v"))
    v[2] = 0
    compare.refuses("weight_norm_grads", dW, v, g, naming=("v",))


# ---- weight_standardize --------------------------------------------------------------------------------


def _standardized(student, W, **settings):
    return {"the standardized filters": student.weight_standardize(W, **settings)}


@part("standardization")
def test_every_filter_is_standard(student, rng):
    """Every filter has mean 0 and mean square 1, and neither its old place nor its old scale is left."""
    W = _filters(rng)
    out = student.weight_standardize(W.copy(), eps=1e-12)
    assert np.shape(out) == W.shape, "the result should have the shape of W"
    assert np.abs(np.sum(out, axis=(1, 2, 3))).max() < 1e-6, "the weights of a filter do not sum to 0"
    # The exact divisor is the affair of another test.
    assert np.allclose(np.mean(out * out, axis=(1, 2, 3)), 1, rtol=0.1), "the mean square of a filter is far from 1"
    moved = W * rng.uniform(2, 9, (5, 1, 1, 1)) + rng.normal(size=(5, 1, 1, 1))
    changed = student.weight_standardize(moved, eps=1e-12)
    assert np.allclose(out, changed, atol=1e-5), "the result changes when a filter is scaled and shifted"


@part("standardization")
def test_standardized_filters(compare, rng):
    """The variance divides by the number of weights in a filter and eps is inside the root; 1e-5 is its default."""
    compare(_standardized, _filters(rng, (3, 2, 2, 1)), eps=0.1)
    compare(_standardized, 0.01 * _filters(rng))
    compare(_standardized, _filters(rng, (3, 3, 3, 3)), eps=0.1)


@part("standardization", supporting=True)
def test_filters_kinds_of_numbers(compare, rng):
    """Whole numbers, float32 and strided filters work, a constant one becomes 0, and W is left as it was."""
    W = _filters(rng)
    W[3] = 2.5
    compare(_standardized, W)
    compare(_standardized, rng.integers(-5, 9, size=(4, 3, 2, 5)), eps=0.1)
    compare(_standardized, _filters(rng).astype(np.float32), eps=0.1)
    compare(_standardized, np.asfortranarray(_filters(rng)), eps=0.1)


@part("standardization", supporting=True)
def test_filters_refusals(compare, rng):
    """Weights that do not have four axes are refused."""
    for shape in ((4, 3), (4, 3, 2), (2, 4, 3, 2, 2)):
        compare.refuses("weight_standardize", rng.normal(size=shape), naming=("W",))
