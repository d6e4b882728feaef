"""Believable wrong answers to euler_resnet and observed_order. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _check(L):
    if L < 1:
        raise ValueError(f"L must be at least 1, got {L}")


def _steps(f, x0, h, L):
    x = np.asarray(x0, dtype=float)
    for _ in range(L):
        x = x + h * np.asarray(f(x))
    return x


@replaces("euler_resnet")
def no_step_size(f, x0, T, L):
    """You add f(x) without a step size: that is step 1, L times, and the end is at time L. Each step covers T / L."""
    _check(L)
    return _steps(f, x0, 1.0, L)


@replaces("euler_resnet")
def step_of_T(f, x0, T, L):
    """Your step size is T, so that you end at time L T. Each of the L steps covers T / L."""
    _check(L)
    return _steps(f, x0, T, L)


@replaces("euler_resnet")
def step_of_one_over_L(f, x0, T, L):
    """Your step size is 1 / L, so that you always end at time 1. The final time is T: step T / L."""
    _check(L)
    return _steps(f, x0, 1 / L, L)


@replaces("euler_resnet")
def whole_step_size(f, x0, T, L):
    """You divide T by L in whole numbers, T // L. The step is a fraction: T / L."""
    _check(L)
    return _steps(f, x0, T // L, L)


@replaces("euler_resnet")
def one_step_too_many(f, x0, T, L):
    """You take L + 1 steps. There are L blocks, from x_0 to x_L."""
    _check(L)
    return _steps(f, x0, T / L, L + 1)


@replaces("euler_resnet")
def one_step_too_few(f, x0, T, L):
    """You take L - 1 steps, as if x_0 were a step. There are L blocks."""
    _check(L)
    return _steps(f, x0, T / L, L - 1)


@replaces("euler_resnet")
def step_for_one_more(f, x0, T, L):
    """Your step size is T / (L + 1), or T / (L - 1), as for grid points. There are L steps: T / L."""
    _check(L)
    return _steps(f, x0, T / (L + 1), L)


@replaces("euler_resnet")
def f_at_the_start(f, x0, T, L):
    """You evaluate f at x0 once and walk straight on. Each step looks at f where the last one ended."""
    _check(L)
    x, slope = np.asarray(x0, dtype=float), np.asarray(f(np.asarray(x0, dtype=float)))
    for _ in range(L):
        x = x + T / L * slope
    return x


@replaces("euler_resnet")
def no_skip(f, x0, T, L):
    """You replace x by (T / L) f(x). The step is added to x: that is the skip."""
    _check(L)
    x = np.asarray(x0, dtype=float)
    for _ in range(L):
        x = T / L * np.asarray(f(x))
    return x


@replaces("euler_resnet")
def midpoint_rule(f, x0, T, L):
    """You evaluate f in the middle of each step. That is the midpoint rule, of order 2; a residual block evaluates f once, at its input."""
    _check(L)
    x, h = np.asarray(x0, dtype=float), T / L
    for _ in range(L):
        x = x + h * np.asarray(f(x + h / 2 * np.asarray(f(x))))
    return x


@replaces("euler_resnet")
def heun(f, x0, T, L):
    """You average f at both ends of a step. That is Heun's method, of order 2; a residual block evaluates f once, at its input."""
    _check(L)
    x, h = np.asarray(x0, dtype=float), T / L
    for _ in range(L):
        slope = np.asarray(f(x))
        x = x + h / 2 * (slope + np.asarray(f(x + h * slope)))
    return x


@replaces("euler_resnet")
def subtracted(f, x0, T, L):
    """You subtract the step, as in gradient descent. The equation says dx/dt = f(x): add it."""
    _check(L)
    return _steps(f, x0, -T / L, L)


@replaces("euler_resnet")
def all_states(f, x0, T, L):
    """You return all states. Asked for is the last one, of the shape of x0."""
    _check(L)
    states = [np.asarray(x0, dtype=float)]
    for _ in range(L):
        states.append(states[-1] + T / L * np.asarray(f(states[-1])))
    return np.stack(states)


@replaces("euler_resnet")
def x0_changed(f, x0, T, L):
    """You step in x0 itself with +=. It belongs to the caller: x = x + ... makes a new array."""
    _check(L)
    x = x0 if np.asarray(x0).dtype.kind == "f" else np.array(x0, dtype=float)
    for _ in range(L):
        x += T / L * np.asarray(f(x))
    return x


@replaces("euler_resnet")
def cut_to_integers(f, x0, T, L):
    """You keep the dtype of x0. Where it holds whole numbers the steps are cut off: work in float."""
    _check(L)
    x = np.array(x0)
    for _ in range(L):
        x[...] = x + T / L * np.asarray(f(x))
    return x


@replaces("euler_resnet")
def zero_steps_accepted(f, x0, T, L):
    """You accept L = 0 or a negative L and return x0, or divide by zero. There is at least one step: ValueError, naming L."""
    return _steps(f, x0, T / L if L else 0.0, L)


@replaces("euler_resnet")
def division_by_zero(f, x0, T, L):
    """You do not check L, and divide by it. For L = 0 that is a ZeroDivisionError; ask first, and raise a ValueError that names L."""
    return _steps(f, x0, T / L, L)


@replaces("observed_order")
def sign_forgotten(errors, Ls):
    """You return the slope itself. Errors fall, so it is negative; the order is minus the slope."""
    return float(np.polyfit(np.log(Ls), np.log(errors), 1)[0])


@replaces("observed_order")
def only_L_in_logarithms(errors, Ls):
    """You take the logarithm of L, but not of the errors. Only in log and log a power law is a straight line."""
    return -float(np.polyfit(np.log(Ls), errors, 1)[0])


@replaces("observed_order")
def only_errors_in_logarithms(errors, Ls):
    """You take the logarithm of the errors, but not of L. That line measures exponential decay, not a power."""
    return -float(np.polyfit(Ls, np.log(errors), 1)[0])


@replaces("observed_order")
def no_logarithms(errors, Ls):
    """You fit a line through the errors themselves. Take logarithms of both: log error = log C - k log L."""
    return -float(np.polyfit(Ls, errors, 1)[0])


@replaces("observed_order")
def intercept_returned(errors, Ls):
    """You return the intercept of the line, log C. The order is in its slope, the first of np.polyfit's numbers."""
    return -float(np.polyfit(np.log(Ls), np.log(errors), 1)[1])


@replaces("observed_order")
def inverse_slope(errors, Ls):
    """You fit log L over log error, the axes the other way round. The error is the result, L the cause."""
    return -float(np.polyfit(np.log(errors), np.log(Ls), 1)[0])


@replaces("observed_order")
def factor_returned(errors, Ls):
    """You return the factor by which the error shrinks from one L to the next. The order is log of this factor, divided by log of the ratio of the two L."""
    errors = np.asarray(errors, dtype=float)
    return float(np.mean(errors[:-1] / errors[1:]))


@replaces("observed_order")
def doubling_assumed(errors, Ls):
    """You take the base-2 logarithm of the shrinking, as if each L were twice the one before. Divide by the logarithm of the ratio of the L."""
    errors = np.asarray(errors, dtype=float)
    return float(np.mean(np.log2(errors[:-1] / errors[1:])))


@replaces("observed_order")
def array_returned(errors, Ls):
    """You return slope and intercept. Asked for is one number."""
    return -np.polyfit(np.log(Ls), np.log(errors), 1)
