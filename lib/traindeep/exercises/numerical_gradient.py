"""The gradient of any function, by central differences."""

import numpy as np

SIGNATURES = {"numerical_gradient": "f, x, h -> gradient"}
HINTS = (
    "One coordinate at a time: how much does f change when only x[i] goes up by h, and when only x[i] goes down by h? "
    "All other coordinates stay where they are.",
    "The two points are 2 h apart, so the difference of the two values of f is divided by 2 h. Work on a float64 copy of x: "
    "a step of 1e-5 added to a whole number in an integer array is cut off again.",
    "for index in np.ndindex(x.shape) visits every coordinate of an array of any shape, () included; x[index] is that one "
    "number. Keep the old number, or shift a copy, so that the next coordinate starts from the x you were given.",
)


class Function:
    """A function of an array with its formula as name: f(v) is a number."""

    def __init__(self, formula, value):
        self.formula, self.value = formula, value

    def __call__(self, v):
        return float(self.value(np.asarray(v)))

    def __repr__(self):
        return f"a function that gives {self.formula}"


SQUARES = Function("sum(v ** 2)", lambda v: np.sum(v**2))
CUBES = Function("sum(v ** 3)", lambda v: np.sum(v**3))
QUARTERS = Function("sum(v ** 2) / 4", lambda v: np.sum(v**2) / 4)
PRODUCT = Function("v[0] * v[1] ** 2", lambda v: v[0] * v[1] ** 2)


# Whoever writes into x is told so by test_x_is_unchanged, so the others hand out copies.
def _at_copy(student, f, x, **settings):
    return {"gradient": student.numerical_gradient(f, x.copy(), **settings)}


def _change_of_x(student, f, x):
    before = x.copy()
    student.numerical_gradient(f, x)
    return {"a number of x has moved by a step": bool(np.any(np.abs(x - before) > 5e-6))}


def test_squares(student, compare):
    """The gradient of x0^2 + x1^2 + x2^2 at [1, -2, 3] is [2, -4, 6]."""
    compare(_at_copy, SQUARES, np.array([1.0, -2.0, 3.0]))


def test_product(student, compare):
    """The gradient of x0 * x1^2 at [3, 2] is [4, 12]: the coordinates are shifted one after the other, each alone."""
    compare(_at_copy, PRODUCT, np.array([3.0, 2.0]))


def test_large_step(student, compare):
    """With h = 1 the central difference of x^3 at [0, 1, 2] is 3 x^2 + 1, so [1, 4, 13]."""
    compare(_at_copy, CUBES, np.array([0.0, 1.0, 2.0]), h=1.0)


def test_shape(student, compare):
    """A matrix has a gradient of its own shape."""
    compare(_at_copy, SQUARES, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))


def test_whole_numbers(student, compare):
    """At the whole numbers [1, -2, 3] the gradient of a quarter of the sum of squares is [0.5, -1, 1.5]."""
    compare(_at_copy, QUARTERS, np.array([1, -2, 3]))


def test_x_is_unchanged(student, compare):
    """x is bit for bit the same after the call."""
    compare(_change_of_x, PRODUCT, np.array([0.1, 0.7]))


def test_bad_input(student, compare):
    """A step that is zero or negative is a ValueError that names h."""
    compare.refuses("numerical_gradient", SQUARES, np.array([1.0, 2.0]), h=0.0, naming=("h",))
    compare.refuses("numerical_gradient", SQUARES, np.array([1.0, 2.0]), h=-1e-5, naming=("h",))
