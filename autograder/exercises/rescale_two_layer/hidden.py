"""Hidden tests of rescale_two_layer and l2_ratio. l2_ratio with c <= 0 is never tested."""

import numpy as np

from autograder.exercise import part

PARTS = {"rescale": 2, "ratio": 2}


def _net(rng, inputs, units, classes):
    return rng.normal(size=(units, inputs)), rng.normal(size=units), rng.normal(size=(classes, units))


def _is_refused(student, W1, b1, W2, c):
    try:
        student.rescale_two_layer(W1, b1, W2, c)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


@part("rescale")
def test_weights(compare, rng):
    """The new weights and the new bias, for factors above and below 1."""
    for c in (3.7, 0.2, 1e4):
        compare("rescale_two_layer", *_net(rng, 3, 5, 2), c)
    compare("rescale_two_layer", *_net(rng, 4, 4, 4), 1.5)


@part("rescale")
def test_whole_numbers_and_float32(compare, rng):
    """Whole numbers and float32 do as well."""
    compare("rescale_two_layer", *(rng.integers(-9, 10, size=shape) for shape in ((3, 2), 3, (5, 3))), 2)
    compare("rescale_two_layer", *(a.astype(np.float32) for a in _net(rng, 2, 3, 4)), 0.3)


@part("rescale")
def test_same_function(student, rng):
    """The outputs of the ReLU network are the same as before, whatever the input and whatever units are dropped."""
    W1, b1, W2 = _net(rng, 3, 6, 2)
    x, mask = rng.normal(size=(20, 3)), rng.random((20, 6)) < 0.6
    before = (mask * np.maximum(x @ W1.T + b1, 0)) @ W2.T
    for c in (5.0, 0.1):
        A1, a1, A2 = (np.asarray(a, dtype=float) for a in student.rescale_two_layer(W1, b1, W2, c))
        after = (mask * np.maximum(x @ A1.T + a1, 0)) @ A2.T
        assert np.allclose(after, before, rtol=1e-4, atol=1e-5), "the outputs of the network are not what they were"
        assert np.allclose(np.linalg.norm(A1), c * np.linalg.norm(W1)), "W1 is not c times as large"


@part("rescale", supporting=True)
def test_bad_input(compare, rng):
    """A factor that is not positive is refused."""
    net = _net(rng, 3, 4, 2)
    for wrong in (-0.5, 0, -3, 0.0):
        compare(_is_refused, *net, wrong)
        compare.refuses("rescale_two_layer", *net, wrong, naming=("c",))


@part("ratio")
def test_ratio(compare, rng):
    """The penalty after, divided by the penalty before: a factor of 1 changes nothing, others do."""
    for c in (4.0, 0.3, 1.0):
        W1, _, W2 = _net(rng, 3, 5, 2)
        compare("l2_ratio", W1, 2 * W2, c)
    W1, _, W2 = _net(rng, 4, 4, 4)
    compare("l2_ratio", W1, W2, 1.5)


@part("ratio")
def test_ratio_of_whole_numbers_and_float32(compare, rng):
    """Whole numbers and float32 do as well."""
    compare("l2_ratio", rng.integers(1, 10, size=(3, 2)), rng.integers(-9, 0, size=(4, 3)), 3)
    W1, _, W2 = _net(rng, 2, 3, 4)
    compare("l2_ratio", W1.astype(np.float32), W2.astype(np.float32), 0.7)


@part("ratio")
def test_ratio_is_that_of_the_sums(student, rng):
    """The ratio is what one gets from the sums of squares of the weights themselves."""
    W1, _, W2 = _net(rng, 5, 3, 2)
    c = float(rng.uniform(2, 4))
    expected = (np.sum((c * W1) ** 2) + np.sum((W2 / c) ** 2)) / (np.sum(W1**2) + np.sum(W2**2))
    assert np.isclose(float(student.l2_ratio(W1, W2, c)), expected, rtol=1e-6), "the ratio is another one"
