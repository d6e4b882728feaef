"""Right answers to weight_noise_penalty, written in other ways."""

import numpy as np


def _check(f, y, grad, hess_trace, lam):
    for name, vector in (("f", f), ("y", y), ("hess_trace", hess_trace)):
        if np.shape(vector) != (len(f),):
            raise ValueError(f"{name} is no vector of length N")
    if np.ndim(grad) != 2 or np.shape(grad)[0] != len(f):
        raise ValueError("grad needs a row for each output")
    if lam < 0:
        raise ValueError("lam is no variance")


def einsums(f, y, grad, hess_trace, lam):
    """einsum over data and weights, divided by N."""
    _check(f, y, grad, hess_trace, lam)
    grad = np.asarray(grad, dtype=float)
    slide = lam * np.einsum("np,np->", grad, grad) / len(f)
    return {
        "full": slide + lam * np.einsum("n,n->", np.subtract(f, y, dtype=float), hess_trace) / len(f),
        "slide": slide,
    }


def one_mean(f, y, grad, hess_trace, lam):
    """One mean over both terms of each data point; NumPy numbers."""
    _check(f, y, grad, hess_trace, lam)
    squares = np.linalg.norm(np.asarray(grad, dtype=float), axis=1) ** 2
    return dict(slide=lam * squares.mean(), full=lam * (squares + (f - y) * hess_trace).mean())


def point_by_point(f, y, grad, hess_trace, lam):
    """A loop over the data; one more key."""
    _check(f, y, grad, hess_trace, lam)
    slide = rest = 0.0
    for output, target, gradient, trace in zip(f.tolist(), y.tolist(), grad.tolist(), hess_trace.tolist(), strict=True):
        slide += sum(g * g for g in gradient)
        rest += (output - target) * trace
    slide, rest = lam * slide / len(f), lam * rest / len(f)
    return dict(slide=slide, full=slide + rest, difference=rest)


def half_and_two(f, y, grad, hess_trace, lam):
    """Moments as they come: variance of the first order, mean of the second order, times two residuals."""
    _check(f, y, grad, hess_trace, lam)
    variance = lam * np.square(np.asarray(grad, dtype=float)).sum(-1)
    drift = lam / 2 * np.asarray(hess_trace, dtype=float)
    return dict(slide=np.average(variance), full=np.average(variance + 2 * drift * np.subtract(f, y, dtype=float)))
