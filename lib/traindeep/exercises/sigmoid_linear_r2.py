"""How well a straight line fits the sigmoid of given values."""

import numpy as np

SIGNATURES = {"sigmoid_linear_r2": "z -> r2"}
HINTS = (
    "Three steps: the sigmoids of z, the best straight line through the points (z, s), and the share of the variance of s "
    "that the line explains. Which line is the best one, and does it pass through the point (mean of z, mean of s)?",
    "np.polyfit(z, s, 1) gives slope and intercept of the least-squares line. For one straight line with an intercept, R^2 "
    "is also the square of a number that you know from statistics.",
    "That number is the correlation of z and s. To keep large z from overflowing, never take exp of a large positive "
    "number: exp(-z) is harmless for z >= 0, and there is a formula with tanh(z / 2) that needs no cases.",
)


def _refused(student, z):
    try:
        student.sigmoid_linear_r2(z)
    except ValueError:
        return {"z is refused": True}
    return {"z is refused": False}


def test_three_points(student, compare):
    """(-1, 0, 1) lie on a line with their sigmoids; (0, 1, 4) do not."""
    compare("sigmoid_linear_r2", np.array([-1.0, 0.0, 1.0]))
    compare("sigmoid_linear_r2", np.array([0.0, 1.0, 4.0]))


def test_narrow_and_wide(student, compare):
    """Near 0 the sigmoid is straight and R^2 is nearly 1; spread over (-6, 6) it is not."""
    z = np.array([-2.0, -1.5, -0.5, 0.0, 0.5, 3.0])
    compare("sigmoid_linear_r2", 0.01 * z)
    compare("sigmoid_linear_r2", 2 * z)


def test_one_sided(student, compare):
    """The line has an intercept and a slope of its own: it need not be the tangent at 0."""
    compare("sigmoid_linear_r2", np.array([1, 2, 3, 5]))


def test_far_out(student, compare):
    """Values of 1000 do not spoil the result."""
    compare("sigmoid_linear_r2", np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0]))


def test_bad_input(student, compare):
    """Fewer than 3 entries, or a constant z, are a ValueError that names z."""
    compare(_refused, np.array([1.0, 2.0]))
    compare(_refused, np.array([2.0, 2.0, 2.0, 2.0]))
    compare.refuses("sigmoid_linear_r2", np.array([1.0, 2.0]), naming=("z",))
    compare.refuses("sigmoid_linear_r2", np.array([2.0, 2.0, 2.0, 2.0]), naming=("z",))
