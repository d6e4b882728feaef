"""Hidden tests of weight_noise_penalty.

Where values are compared in "full", the gradients are 0 or "slide" is subtracted: whoever measures gradients wrongly
pays in "slide", and in the one test of the true increase.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"slide": 2, "full": 3}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def _numbers(rng, n=5, p=3):
    """Outputs, targets, gradients and traces: residuals and traces of either sign that do not cancel."""
    residuals = rng.permutation(np.resize([-1.0, 1.0], n)) * rng.uniform(0.5, 2, size=n)
    traces = rng.choice([-1, 1], size=n) * rng.uniform(1, 3, size=n)
    traces[:2] = np.abs(traces[:2]) * np.sign(residuals[:2]) * np.array([1, -0.3])
    y = rng.normal(size=n)
    return y + residuals, y, rng.normal(size=(n, p)) + 0.5, traces


def _slide(student, f, y, grad, hess_trace, lam):
    found = student.weight_noise_penalty(f.copy(), y.copy(), grad.copy(), hess_trace.copy(), lam)
    return {"slide": found["slide"]}


def _full(student, f, y, grad, hess_trace, lam):
    found = student.weight_noise_penalty(f.copy(), y.copy(), grad.copy(), hess_trace.copy(), lam)
    return {"full": found["full"]}


def _rest(student, f, y, grad, hess_trace, lam):
    """The arguments themselves are handed over, so that a change of them shows."""
    found = student.weight_noise_penalty(f, y, grad, hess_trace, lam)
    return {"full, less slide": found["full"] - found["slide"]}


def _tanh(rng):
    """tanh(w . x) for five x: outputs, targets far from them, gradients, traces, and lengths and angles for the noise."""
    w, x = rng.normal(size=3), rng.normal(size=(5, 3))
    z, lengths = x @ w, np.linalg.norm(x, axis=1)
    f = np.tanh(z)
    y = f + rng.choice([-1, 1], size=5) * rng.uniform(0.5, 2, size=5)
    slope = 1 - f**2
    return f, y, slope[:, None] * x, -2 * f * slope * lengths**2, z, lengths


# ---- slide -----------------------------------------------------------------------------------------------


@part("slide")
def test_slide(compare, rng):
    """ "slide" is lam times the mean of the squared lengths of the gradients."""
    compare(_slide, *_numbers(rng), rng.uniform(0.1, 0.4))
    compare(_slide, *_numbers(rng, n=4, p=6), rng.uniform(2, 3))


@part("slide")
def test_slide_of_a_linear_model(student, rng):
    """For a linear model, whose second derivatives are 0, it is lam times the mean of the squared lengths of the inputs."""
    x, w, y = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=6)
    found = student.weight_noise_penalty(x @ w, y, x.copy(), np.zeros(6), 0.25)
    expected = 0.25 * np.mean([row @ row for row in x])
    assert abs(float(found["slide"]) - expected) < 1e-6, "it is another number"


@part("slide")
def test_slide_of_other_numbers(compare, rng):
    """Whole numbers, float32 and a model with one weight are nothing special."""
    f, y, grad, trace = _numbers(rng)
    compare(_slide, np.array([1, 2]), np.array([0, 4]), np.array([[1, -2, 3], [0, 4, 1]]), np.array([2, -1]), 0.5)
    compare(_slide, *(a.astype(np.float32) for a in (f, y, grad, trace)), 0.3)
    compare(_slide, f, y, grad[:, :1], trace, 0.3)


@part("slide", supporting=True)
def test_refusals(compare, rng):
    """Shapes that do not fit are refused, also where they would broadcast; so is a negative variance."""
    f, y, grad, trace = _numbers(rng)
    for wrong in (y[:4], y[:1], y[:, None]):
        compare.refuses("weight_noise_penalty", f, wrong, grad, trace, 0.3, naming=("y", "f"))
        compare.refuses("weight_noise_penalty", f, y, grad, wrong, 0.3, naming=("hess_trace", "f"))
    for wrong in (grad[:4], grad[:1], grad[:, 0]):
        compare.refuses("weight_noise_penalty", f, y, wrong, trace, 0.3, naming=("grad", "f"))
    compare.refuses("weight_noise_penalty", f, y, grad, trace, -0.01, naming=("lam",))


# ---- full ------------------------------------------------------------------------------------------------


@part("full")
def test_second_term(compare, rng):
    """Where the gradients are 0, "full" is what the second derivatives contribute."""
    f, y, grad, trace = _numbers(rng)
    compare(_full, f, y, 0 * grad, trace, rng.uniform(0.1, 0.4))
    compare(_full, y, f, 0 * grad, trace, rng.uniform(2, 3))


@part("full")
def test_whole_increase(compare, rng):
    """Both contributions add up; the arguments are left as they were."""
    compare(_rest, *_numbers(rng), rng.uniform(0.1, 0.4))
    compare(_rest, *_numbers(rng, n=3, p=4), rng.uniform(2, 3))


@part("full")
def test_true_increase(student, rng):
    """For outputs that are the tanh of a product, it is the true increase, up to terms that fall with the square of lam."""
    f, y, grad, trace, z, lengths = _tanh(rng)
    for lam in (1e-3, 1e-4):
        noisy = np.tanh(z[:, None] + np.sqrt(lam) * lengths[:, None] * NODES)
        increase = np.mean(((noisy - y[:, None]) ** 2) @ WEIGHTS - (f - y) ** 2)
        found = student.weight_noise_penalty(f.copy(), y.copy(), grad.copy(), trace.copy(), lam)
        # The next term is below 6 lam^2 times the fourth power of the lengths of x; the rest is room for what follows it.
        bound = 50 * lam**2 * np.mean(lengths**4)
        assert abs(float(found["full"]) - increase) < bound, "the loss under small noise grows by another amount"


@part("full")
def test_full_of_other_numbers(compare, rng):
    """Whole numbers, float32, no residuals and no noise are nothing special."""
    f, y, grad, trace = _numbers(rng)
    compare(_full, np.array([1, 2]), np.array([0, 4]), np.zeros((2, 3), int), np.array([2, -1]), 0.5)
    compare(_full, *(a.astype(np.float32) for a in (f, y, 0 * grad, trace)), 0.3)
    compare(_full, f, f, 0 * grad, trace, 0.3)
    compare(_full, f, y, grad, trace, 0.0)
