"""Noise on the weights: the penalty that is often given, and the whole one."""

import numpy as np

SIGNATURES = {"weight_noise_penalty": "f, y, grad, hess_trace, lam -> penalty"}
HINTS = (
    "Expand f(w + eps) to second order in eps and square the difference from y. Which products are of first order in the "
    "variance of eps? There are two of them, and only one needs no residual.",
    "E eps_i eps_j is lam for i = j and 0 otherwise. So the square of grad . eps has the mean lam ||grad||^2, and "
    "1/2 eps^T H eps has the mean lam/2 trace H. In the square, that one meets 2 (f - y).",
    "slide = lam * mean over n of the sum over p of grad**2: np.sum(grad**2, axis=1) first. full = slide + lam * "
    "np.mean((f - y) * hess_trace): the 2 of the square and the 1/2 of the expansion cancel.",
)

F, Y = np.array([2.0, 1.0, 3.0]), np.array([3.0, 1.0, 1.0])  # residuals -1, 0 and 2
GRAD = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, -1.0, 0.0, 2.0]])  # squared lengths 5, 9 and 5
TRACE = np.array([5.0, 1.0, -2.0])


def _first(student, f, y, grad, hess_trace, lam):
    return {"slide": student.weight_noise_penalty(f, y, grad, hess_trace, lam)["slide"]}


def test_slide(student, compare):
    """Gradients with the squared lengths 5, 9 and 5 and lam = 0.3 make "slide" 0.3 * 19 / 3 = 1.9."""
    compare(_first, F, Y, GRAD, TRACE, 0.3)


def test_second_term_alone(student, compare):
    """Without gradients, residuals -1, 0, 2 and traces 5, 1, -2 are left: "full" is 0.3 * (-5 + 0 - 4) / 3 = -0.9."""
    compare("weight_noise_penalty", F, Y, np.zeros((3, 4)), TRACE, 0.3)


def test_full(student, compare):
    """Together, "full" is 1.9 - 0.9 = 1; the arguments are left as they were."""
    compare("weight_noise_penalty", F, Y, GRAD, TRACE, 0.3)


def test_where_the_two_agree(student, compare):
    """Without residuals, or for a model that is linear in its weights, "full" equals "slide"; without noise both are 0."""
    compare("weight_noise_penalty", F, F, GRAD, TRACE, 0.3)
    compare("weight_noise_penalty", F, Y, GRAD, np.zeros(3), 0.3)
    compare("weight_noise_penalty", F, Y, GRAD, TRACE, 0.0)


def test_a_square(student):
    """f(w) = w^2 at w = 1 with y = 5: noise of variance 0.01 lowers the mean squared error, by about 0.04, as the exact moments say."""
    w, y, lam = 1.0, 5.0, 0.01
    increase = (
        6 * w**2 * lam + 3 * lam**2 - 2 * y * lam
    )  # E (w + eps)^4 - 2 y E (w + eps)^2, less the values at eps = 0
    found = student.weight_noise_penalty(np.array([w**2]), np.array([y]), np.array([[2 * w]]), np.array([2.0]), lam)
    assert abs(found["full"] - increase) < 10 * lam**2, f'"full" should be near {increase:.4f}, got {found["full"]:.4f}'


def test_bad_input(student, compare):
    """Shapes that do not fit and a negative lam are ValueErrors that name an argument."""
    compare.refuses("weight_noise_penalty", F, Y[:2], GRAD, TRACE, 0.3, naming=("y", "f"))
    compare.refuses("weight_noise_penalty", F, Y, GRAD[:2], TRACE, 0.3, naming=("grad", "f"))
    compare.refuses("weight_noise_penalty", F, Y, GRAD, TRACE[:1], 0.3, naming=("hess_trace", "f"))
    compare.refuses("weight_noise_penalty", F, Y, GRAD, TRACE, -0.3, naming=("lam",))
