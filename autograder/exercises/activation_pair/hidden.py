"""Hidden tests of activation: each of the four functions has its own part, with the same questions.

The answer gets copies, except where it is tested that z stays as it was.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"sigmoid": 1, "tanh": 1, "relu": 1, "leaky_relu": 1}


def _numbers(rng):
    """Positive and negative numbers, small and large, and a zero."""
    z = rng.uniform(0.2, 4, size=(3, 4)) * np.resize([1, -1, -1], (3, 4))
    z[1, 2] = 0
    return z


def _values(student, name, z):
    result = student.activation(name, z.copy(order="K"))
    return {"a": result[0] if isinstance(result, (tuple, list)) else result}


def _slopes(student, name, z):
    result = student.activation(name, z.copy(order="K"))
    if not isinstance(result, (tuple, list)):
        return {"(a, da_dz) is returned": False}
    return {"(a, da_dz) is returned": True, "da_dz": result[1]}


def _without_overflow(student, name, z):
    """a and its slope, while an overflow raises instead of giving a warning."""
    careful = student.imported("numpy").errstate(over="raise", invalid="raise", divide="raise")(student.activation)
    try:
        a, da_dz = careful(name, z.copy())
    except FloatingPointError:
        return {"computed without an overflow": False}
    return {"computed without an overflow": True, "a": a, "da_dz": da_dz}


def _other_dtypes(student, name, z):
    """Values and slopes at z minus those at the same numbers in float64."""
    pairs = student.activation(name, z.copy()), student.activation(name, z.astype(float))
    return {what: pairs[0][i] - pairs[1][i] for i, what in enumerate(("a of z minus a", "da_dz of z minus da_dz"))}


def _call(student, name, z):
    """Nothing but whether z is as before is compared."""
    student.activation(name, z)
    return {}


def _fit(student, rng, name):
    """Assert that da_dz is the slope of a, by central differences, away from z = 0 and in an array with three axes."""
    z, h = rng.uniform(0.3, 2, size=(2, 3, 4)) * rng.permutation(np.resize([1, -1], 24)).reshape(2, 3, 4), 1e-6
    slope = student.activation(name, z.copy())[1]
    above, below = (student.activation(name, z + sign * h)[0] for sign in (1, -1))
    assert np.shape(slope) == z.shape, "da_dz should have the shape of z"
    assert np.ptp(slope) > 0.01, "da_dz is the same everywhere"
    assert np.allclose((above - below) / (2 * h), slope, atol=1e-6), "da_dz is not the slope of a"


def _numbers_and_purity(compare, rng, name):
    compare(_other_dtypes, name, rng.permutation(np.arange(-3, 4)))
    compare(_other_dtypes, name, rng.normal(size=5).astype(np.float32))
    compare(_call, name, _numbers(rng))


# ---- sigmoid ---------------------------------------------------------------------------------------------


@part("sigmoid")
def test_sigmoid(compare, rng):
    """ "sigmoid" gives 1 / (1 + exp(-z)), whatever the order of the numbers in memory."""
    compare(_values, "sigmoid", _numbers(rng).T)


@part("sigmoid")
def test_slope_of_sigmoid(compare, student, rng):
    """The second result for "sigmoid" is its slope, at most 0.25."""
    compare(_slopes, "sigmoid", _numbers(rng))
    _fit(student, rng, "sigmoid")


@part("sigmoid")
def test_sigmoid_far_out(compare, rng):
    """The sigmoid of numbers from -1000 to 1000 is computed without an overflow, and so is its slope."""
    compare(_without_overflow, "sigmoid", np.array([[-1000.0, 1000.0, 0.5], [-750.0, 800.0, -0.5]]) + rng.uniform(0, 1))


@part("sigmoid", supporting=True)
def test_kinds_of_numbers_for_sigmoid(compare, rng):
    """Whole numbers and float32 work for "sigmoid", and z is the same after the call."""
    _numbers_and_purity(compare, rng, "sigmoid")


# ---- tanh ------------------------------------------------------------------------------------------------


@part("tanh")
def test_tanh(compare, rng):
    """ "tanh" gives the hyperbolic tangent, also far out."""
    compare(_values, "tanh", _numbers(rng).T)
    compare(_without_overflow, "tanh", np.array([-1000.0, 1000.0, 0.0, 0.5]))


@part("tanh")
def test_slope_of_tanh(compare, student, rng):
    """The second result for "tanh" is its slope."""
    compare(_slopes, "tanh", _numbers(rng))
    _fit(student, rng, "tanh")


@part("tanh", supporting=True)
def test_kinds_of_numbers_for_tanh(compare, rng):
    """Whole numbers and float32 work for "tanh", z is the same after the call, and unknown names are refused."""
    _numbers_and_purity(compare, rng, "tanh")
    for name in ("gelu", "Tanh", "", "elu"):
        compare.refuses("activation", name, _numbers(rng), naming=("name",))


# ---- ReLU ------------------------------------------------------------------------------------------------


@part("relu")
def test_relu(compare, rng):
    """ "relu" keeps what is positive and makes the rest 0."""
    compare(_values, "relu", _numbers(rng).T)
    compare(_values, "relu", rng.normal(size=(2, 3, 4)) * 1000)


@part("relu")
def test_slope_of_relu(compare, student, rng):
    """The second result for "relu" is its slope: 1 for positive numbers, 0 for negative ones and at 0."""
    compare(_slopes, "relu", _numbers(rng))
    _fit(student, rng, "relu")


@part("relu", supporting=True)
def test_kinds_of_numbers_for_relu(compare, rng):
    """Whole numbers and float32 work for "relu", and z is the same after the call."""
    _numbers_and_purity(compare, rng, "relu")


# ---- leaky ReLU ------------------------------------------------------------------------------------------


@part("leaky_relu")
def test_leaky_relu(compare, rng):
    """ "leaky_relu" keeps what is positive and a tenth of the rest."""
    compare(_values, "leaky_relu", _numbers(rng).T)
    compare(_values, "leaky_relu", rng.normal(size=(2, 3, 4)) * 1000)


@part("leaky_relu")
def test_slope_of_leaky_relu(compare, student, rng):
    """The second result for "leaky_relu" is its slope: 1 for positive numbers, 0.1 for negative ones and at 0."""
    compare(_slopes, "leaky_relu", _numbers(rng))
    _fit(student, rng, "leaky_relu")


@part("leaky_relu", supporting=True)
def test_kinds_of_numbers_for_leaky_relu(compare, rng):
    """Whole numbers and float32 work for "leaky_relu", and z is the same after the call."""
    _numbers_and_purity(compare, rng, "leaky_relu")
