"""Hidden tests of numerical_gradient.

The part "values" sees copies of contiguous float64 arrays and flat results only; "shape and purity" looks at the
direction of the gradient, so that a wrong factor costs its points once; "int input" compares an answer with itself.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"values": 2, "shape and purity": 1, "int input": 1}


def _cubes(v):
    return float(np.sum(np.asarray(v) ** 3))


def _waves(v):
    """Neighbours multiply: a coordinate that was left shifted changes the derivative of the next one."""
    v = np.ravel(v)
    return float(np.sum(np.sin(v[:-1] * v[1:])))


def _uneven(v):
    """Every coordinate has another slope, in the order of its index; works for an array of any shape."""
    v = np.asarray(v, dtype=float)
    return float(np.sum(np.cos(np.arange(v.size).reshape(v.shape)) * np.exp(v / 2)))


def _at_copy(student, f, x, **settings):
    return {"gradient": np.ravel(student.numerical_gradient(f, x.copy(), **settings))}


def _direction(student, f, x):
    """Shape and direction of the gradient, whatever its length."""
    gradient = np.asarray(student.numerical_gradient(f, x.copy(order="K")))
    return {"gradient": gradient / np.sqrt(np.sum(gradient**2))}


def _change_of_x(student, f, x):
    """How far the call has moved x, which is compared with what it was, bit for bit, besides."""
    before = x.copy()
    student.numerical_gradient(f, x)
    return {"a number of x has moved by a step": bool(np.any(np.abs(x - before) > 5e-6))}


def _other_dtype(student, f, x):
    """The gradient at x minus the gradient at the same numbers in float64."""
    given, same = (np.ravel(student.numerical_gradient(f, a)) for a in (x.copy(), x.astype(float)))
    return {"gradient at x minus gradient at the same float64 numbers": given - same}


# ---- values --------------------------------------------------------------------------------------------


@part("values")
def test_cubes(compare, rng):
    """With the default h the gradient of sum x^3 is 3 x^2, to eight decimals."""
    x = rng.uniform(1, 2, size=(2, 3)) * np.array([1, -1, 1])
    found = compare(_at_copy, _cubes, x)["gradient"]
    assert np.allclose(found, 3 * x.ravel() ** 2, rtol=0, atol=1e-8), "the gradient of sum x^3 is not 3 x^2"


@part("values")
def test_neighbours(compare, rng):
    """The gradient of sum sin(x_i x_(i+1)) is right, although every coordinate acts together with its neighbours."""
    x = rng.uniform(0.5, 1.5, size=5)
    found = compare(_at_copy, _waves, x)["gradient"]
    inner = np.cos(x[:-1] * x[1:])
    expected = np.append(inner * x[1:], 0) + np.insert(inner * x[:-1], 0, 0)
    assert np.allclose(found, expected, rtol=0, atol=1e-8), "the gradient of sum sin(x_i x_(i+1)) is wrong"


@part("values")
def test_exact_for_quadratics(student, rng):
    """For a quadratic function a central difference is exact, however large h is."""
    a, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    for h in (0.5, 2.0):
        found = np.ravel(student.numerical_gradient(lambda v: float(np.asarray(v) @ a @ np.asarray(v)), x.copy(), h))
        assert found.shape == (4,), "the gradient should have as many numbers as x"
        assert np.allclose(found, (a + a.T) @ x, atol=1e-8), (
            f"the gradient of a quadratic function is wrong for h = {h}"
        )


@part("values")
def test_step(compare, rng):
    """The step is h: for sum x^3 and h = 0.3 the result is 3 x^2 + 0.09."""
    compare(_at_copy, _cubes, rng.uniform(1, 2, size=4), h=0.3)


@part("values", supporting=True)
def test_bad_step(compare, rng):
    """A step that is zero or negative is refused."""
    for h in (0.0, 0, -1e-5, -2.0):
        compare.refuses("numerical_gradient", _cubes, rng.normal(size=3), h=h, naming=("h",))


# ---- shape and purity ----------------------------------------------------------------------------------


@part("shape and purity")
def test_shapes(compare, rng):
    """The gradient has the shape of x, for arrays with three axes, with one, and with none."""
    at = compare.within(1e-3, 1e-4)
    at(_direction, _uneven, rng.normal(size=(2, 3, 4)))
    at(_direction, _uneven, rng.normal(size=5))
    at(_direction, _uneven, np.array(rng.normal()))


@part("shape and purity")
def test_transposed(compare, rng):
    """An array whose rows do not lie one after the other in memory, such as a transpose, is nothing special."""
    compare.within(1e-3, 1e-4)(_direction, _uneven, rng.normal(size=(3, 4)).T)


@part("shape and purity", supporting=True)
def test_x_is_unchanged(compare, rng):
    """x is bit for bit as it was before the call."""
    compare(_change_of_x, _waves, rng.normal(size=7))
    compare(_change_of_x, _uneven, rng.normal(size=(2, 3)))


# ---- whole numbers and float32 ---------------------------------------------------------------------------


@part("int input", supporting=True)
def test_whole_numbers(compare, rng):
    """At whole numbers the gradient is the one at the same real numbers, and it is not rounded to whole numbers."""
    compare(_other_dtype, _uneven, rng.integers(-3, 4, size=(2, 3)))


@part("int input", supporting=True)
def test_float32(compare, rng):
    """float32 numbers are shifted in float64: in float32 a step of 1e-5 is hardly there."""
    compare(_other_dtype, _uneven, rng.uniform(1, 2, size=5).astype(np.float32))
