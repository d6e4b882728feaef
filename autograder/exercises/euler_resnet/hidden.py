"""Hidden tests of euler_resnet and observed_order: each is tested without the help of the other.

Errors follow their power law exactly, so that every way of fitting a line finds the same order.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"Euler": 2, "order": 2}


def _field(rng, D):
    """A function of (..., D) that is not linear."""
    W, b = rng.normal(size=(D, D)), rng.normal(size=D)
    return lambda x: np.sin(x @ W + b) - 0.3 * np.cos(x)


def _euler(student, f, x0, T, L):
    return {"x_L": np.asarray(student.euler_resnet(f, x0.copy(), T, L))}


# ---- Euler -------------------------------------------------------------------------------------------------


@part("Euler")
def test_nonlinear(compare, rng):
    """Each step goes T / L along f, which is evaluated where the last step ended."""
    for D, T, L in ((3, 0.7, 4), (2, 1.5, 6), (4, 0.5, 3)):
        compare(_euler, _field(rng, D), rng.normal(size=D), T, L)


@part("Euler")
def test_one_step_and_many(compare, rng):
    """One step; forty steps; a state with two axes; backwards in time."""
    compare(_euler, _field(rng, 2), rng.normal(size=2), 0.8, 1)
    compare(_euler, _field(rng, 2), rng.normal(size=2), 2.0, 40)
    compare(_euler, _field(rng, 3), rng.normal(size=(4, 3)), 0.9, 3)
    compare(_euler, _field(rng, 2), rng.normal(size=2), -0.6, 5)


@part("Euler")
def test_growth(student, rng):
    """For f(x) = a x the state is multiplied by (1 + a T / L)^L, which approaches e^(a T)."""
    a, T, x0 = rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.5), rng.uniform(1, 2, 3)
    for L in (1, 3, 50):
        x = np.asarray(student.euler_resnet(lambda v: a * v, x0.copy(), T, L))
        assert np.allclose(x, x0 * (1 + a * T / L) ** L, rtol=1e-6), "x is not multiplied by (1 + a T / L)^L"


def _calls(student, x0, T, L):
    """How often f is called."""
    seen = []

    def f(x):
        seen.append(1)
        return -x

    student.euler_resnet(f, x0.copy(), T, L)
    return {"calls of f": len(seen)}


@part("Euler", supporting=True)
def test_calls(compare, rng):
    """f is evaluated once in each step."""
    compare(_calls, rng.normal(size=3), 1.0, 7)


@part("Euler", supporting=True)
def test_arguments(compare, rng):
    """x0 is not changed; whole numbers do as well."""
    compare("euler_resnet", np.cos, rng.normal(size=3), 1.2, 3)
    compare("euler_resnet", np.cos, rng.integers(-3, 4, size=3), 6, 4)


def _refusals(student, Ls):
    facts = []
    for L in Ls:
        try:
            student.euler_resnet(np.sin, np.ones(2), 1.0, L)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except ZeroDivisionError:
            facts.append("a division by zero")
    return {"what happens": facts}


@part("Euler", supporting=True)
def test_bad_input(compare):
    """Fewer than one step is refused."""
    compare(_refusals, (0, -1, -4))
    for L in (0, -3):
        compare.refuses("euler_resnet", np.sin, np.ones(2), 1.0, L, naming=("L",))


# ---- order -------------------------------------------------------------------------------------------------


@part("order")
def test_power_laws(compare, rng):
    """Errors C / L^k give k, whatever C and the numbers of steps are."""
    for k, Ls in ((1.0, [4, 8, 16, 32]), (2.0, [3, 5, 10]), (4.0, [2, 7, 11, 30]), (0.5, [10, 100])):
        compare("observed_order", rng.uniform(0.1, 9) / np.array(Ls) ** k, np.array(Ls))


@part("order")
def test_any_order_of_the_numbers(compare, rng):
    """The numbers of steps may come in any order, and as lists; errors may grow."""
    Ls = np.array([16, 4, 32, 8])
    compare("observed_order", list(rng.uniform(1, 2) / Ls**1.5), [16, 4, 32, 8])
    compare("observed_order", rng.uniform(1, 2) * Ls**0.7, Ls)


@part("order")
def test_euler_on_a_rotation(student):
    """The errors of Euler's method on a rotation fall with an order of about 1."""
    J, x0, Ls = np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([1.0, 0.0]), np.array([16, 32, 64, 128])
    exact = np.array([np.cos(1), np.sin(1)])
    errors = [np.linalg.norm(np.linalg.matrix_power(np.eye(2) + J / L, L) @ x0 - exact) for L in Ls]
    order = float(student.observed_order(np.array(errors), Ls))
    assert abs(order - 1) < 0.1, "the order of Euler's method is not found to be about 1"
    assert float(student.observed_order(np.array(errors) ** 2, Ls)) > 1.5, "errors that fall faster have a higher order"
