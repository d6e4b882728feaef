"""Believable wrong answers to weight_noise_penalty. Each docstring is what a good tutor would say."""

import numpy as np


def _check(f, y, grad, hess_trace, lam):
    n = np.shape(f)
    if len(n) != 1 or np.shape(y) != n or np.shape(hess_trace) != n:
        raise ValueError("f, y and hess_trace must be (N,)")
    if np.ndim(grad) != 2 or len(grad) != len(f):
        raise ValueError("grad must be (N, P)")
    if lam < 0:
        raise ValueError("lam must not be negative")


def _first(grad, lam):
    return lam * np.mean(np.sum(grad**2, axis=1))


def _second(f, y, hess_trace, lam):
    return lam * np.mean((f - y) * hess_trace)


def slide_twice(f, y, grad, hess_trace, lam):
    """Your "full" is "slide" once more. The second derivatives add a term that is of first order in lam, too, unless the residuals are 0."""
    _check(f, y, grad, hess_trace, lam)
    return dict(slide=_first(grad, lam), full=_first(grad, lam))


def second_term_alone(f, y, grad, hess_trace, lam):
    """Your "full" is the second term alone. It is the whole increase: add the one of the gradients."""
    _check(f, y, grad, hess_trace, lam)
    return dict(slide=_first(grad, lam), full=_second(f, y, hess_trace, lam))


def slide_doubled(f, y, grad, hess_trace, lam):
    """Your term of the gradients is twice as large. The variance of grad . eps is lam ||grad||^2, without a 2."""
    _check(f, y, grad, hess_trace, lam)
    first = 2 * _first(grad, lam)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def slide_halved(f, y, grad, hess_trace, lam):
    """Your term of the gradients has a factor 1/2. It is a square of a first-order term, and those have no 1/2."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam) / 2
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def second_term_halved(f, y, grad, hess_trace, lam):
    """Your second term keeps the 1/2 of the expansion. In the square it meets 2 (f - y), and 2 times 1/2 is 1."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam) / 2)


def second_term_doubled(f, y, grad, hess_trace, lam):
    """Your second term keeps the 2 of the square. In the expansion the second derivatives have a 1/2, and 2 times 1/2 is 1."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + 2 * _second(f, y, hess_trace, lam))


def residual_turned_round(f, y, grad, hess_trace, lam):
    """Your residual is y - f. For a square the sign does not matter, for the second term it does: f - y."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + _second(y, f, hess_trace, lam))


def residual_without_sign(f, y, grad, hess_trace, lam):
    """You take the size of the residual. Where the output is too small and curved upwards, noise lowers the error: the sign counts."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + lam * np.mean(np.abs(f - y) * hess_trace))


def residual_squared(f, y, grad, hess_trace, lam):
    """You square the residual. It comes from the derivative of a square and stands there once."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + lam * np.mean((f - y) ** 2 * hess_trace))


def residual_left_out(f, y, grad, hess_trace, lam):
    """Your second term has no residual. The curvature of the output matters as much as the output is wrong."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + lam * np.mean(hess_trace))


def output_for_residual(f, y, grad, hess_trace, lam):
    """You multiply by the output. What stands before the second derivatives is the residual, output minus target."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + lam * np.mean(f * hess_trace))


def product_of_means(f, y, grad, hess_trace, lam):
    """You multiply the mean residual by the mean trace. Each residual belongs to its own trace: multiply first, then average."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + lam * np.mean(f - y) * np.mean(hess_trace))


def second_term_subtracted(f, y, grad, hess_trace, lam):
    """Your "full" is the difference of the two terms in the other order. The second one is added to "slide", with its own sign."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=_second(f, y, hess_trace, lam) - first)


def length_not_squared(f, y, grad, hess_trace, lam):
    """You average lengths of gradients. A variance grows with the square of the length."""
    _check(f, y, grad, hess_trace, lam)
    first = lam * np.mean(np.linalg.norm(grad, axis=1))
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def second_term_summed_over_the_data(f, y, grad, hess_trace, lam):
    """You sum the products of residual and trace over the data. The loss is a mean over the data, and so is what noise adds to it."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first, full=first + len(f) * _second(f, y, hess_trace, lam))


def slide_summed_over_the_data(f, y, grad, hess_trace, lam):
    """You sum the squared gradients over the data and the weights. Only over the weights is summed; over the data it is a mean."""
    _check(f, y, grad, hess_trace, lam)
    first = lam * np.sum(grad**2)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def mean_over_the_weights(f, y, grad, hess_trace, lam):
    """You average over the weights as well, so a net with more weights would suffer less. Every weight has its own noise: sum over them."""
    _check(f, y, grad, hess_trace, lam)
    first = lam * np.mean(grad**2)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def gradient_of_the_mean(f, y, grad, hess_trace, lam):
    """You average the gradients first and square then, so that they cancel. Square each one, then average."""
    _check(f, y, grad, hess_trace, lam)
    first = lam * np.sum(grad.mean(axis=0) ** 2)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam))


def lam_as_deviation(f, y, grad, hess_trace, lam):
    """You square lam, as if it were the standard deviation of the noise. It is the variance already."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam**2)
    return dict(slide=first, full=first + _second(f, y, hess_trace, lam**2))


def lam_left_out(f, y, grad, hess_trace, lam):
    """Your numbers do not depend on lam. They are increases per unit of variance; multiply by it."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, 1.0)
    return dict(slide=first, full=first + _second(f, y, hess_trace, 1.0))


def keys_exchanged(f, y, grad, hess_trace, lam):
    """You have exchanged the two keys. "slide" is the term of the gradients alone."""
    _check(f, y, grad, hess_trace, lam)
    first = _first(grad, lam)
    return dict(slide=first + _second(f, y, hess_trace, lam), full=first)
