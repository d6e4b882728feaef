"""Euler's method is a residual network with equal blocks and a small step."""

import numpy as np

SIGNATURES = {"euler_resnet": "f, x0, T, L -> x_L", "observed_order": "errors, Ls -> order"}
HINTS = (
    "From time 0 to time T in L equal steps: how much time does one step cover? And how far does x move in it, if its speed "
    "is f(x)?",
    "x = x + (T / L) * f(x), L times, always with the newest x. For the order: C / L^k is log C - k log L in logarithms, a "
    "straight line.",
    "x = np.asarray(x0, dtype=float) before the loop, so that whole numbers are not cut off and x0 stays as it is. "
    "np.polyfit(np.log(Ls), np.log(errors), 1) returns slope and intercept.",
)


def _rotation(x):
    return np.array([-x[1], x[0]])


def _square(x):
    return x**2


def _euler(student, f, x0, T, L):
    return {"x_L": np.asarray(student.euler_resnet(f, np.array(x0), T, L))}


def _refusals(student):
    facts = []
    for L in (0, -1):
        try:
            student.euler_resnet(_square, np.array([1.0]), 1.0, L)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except ZeroDivisionError:
            facts.append("a division by zero")
    return {"what happens": facts}


def test_by_hand(student, compare):
    """dx/dt = x^2 from x = 1 to T = 1/2 in two steps: 1 + 1/4 = 1.25, then 1.25 + 1.5625 / 4 = 1.640625."""
    compare(_euler, _square, np.array([1.0]), 0.5, 2)
    compare(_euler, _square, np.array([1.0, -2.0]), 0.6, 1)


def test_rotation(student, compare):
    """Four steps of a quarter around the circle end outside of it: the radius grows in each of them."""
    compare(_euler, _rotation, np.array([1.0, 0.0]), np.pi / 2, 4)


def test_arguments(student, compare):
    """x0 stays as it was; whole numbers are fine."""
    compare("euler_resnet", np.cos, np.array([0.5, 1.0]), 1.0, 3)
    compare("euler_resnet", np.cos, np.array([1, 2]), 3, 2)


def test_order_by_hand(student, compare):
    """Errors 0.4, 0.1 and 0.025 for 10, 20 and 40 steps: twice the steps, a quarter of the error, order 2."""
    compare("observed_order", np.array([0.4, 0.1, 0.025]), np.array([10, 20, 40]))
    compare("observed_order", np.array([0.3, 0.1, 0.02]), np.array([2, 6, 30]))


def test_bad_input(student, compare):
    """L below 1 is a ValueError that names L."""
    compare(_refusals)
    compare.refuses("euler_resnet", _square, np.array([1.0]), 1.0, 0, naming=("L",))
