"""Where penalties come from: a Gaussian prior, noise on the inputs, noise on the weights.

Sources: Bishop, "Pattern Recognition and Machine Learning", 2006 (sections 1.1, 1.2.5 and 3.3); Bishop, "Training with
Noise is Equivalent to Tikhonov Regularization", Neural Computation 7, 1995; An, "The Effects of Adding Noise During
Backpropagation Training on a Generalization Performance", Neural Computation 8, 1996.
"""

import numpy as np

Array = np.ndarray


def poly_design(x: Array, M: int) -> Array:
    """Powers of x as features: row n is (1, x_n, x_n^2, ..., x_n^M).

    Args:
        x: (N,) array; integers and float32 are computed in float64.
        M: Degree, >= 0.

    Returns:
        (N, M + 1) array, lowest power first.

    Raises:
        ValueError: M is negative.

    Source: Bishop 2006, section 1.1.

    >>> poly_design(np.array([2, 3]), 2)
    array([[1., 2., 4.],
           [1., 3., 9.]])
    """
    if M < 0:
        raise ValueError(f"M must not be negative, got {M}")
    return np.asarray(x, dtype=float)[:, None] ** np.arange(M + 1)


def map_linear_gaussian(X: Array, t: Array, noise_var: float, prior_var: float) -> Array:
    """The most probable weights of t = X w + noise, given the data and a Gaussian prior on w.

        w ~ N(0, prior_var I),  noise ~ N(0, noise_var I):     (X^T X + (noise_var / prior_var) I) w = X^T t

    The weight of a constant column (the intercept) has the same prior as the others and is shrunk like them.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.
        t: (N,) array.
        noise_var: Variance of the noise, > 0.
        prior_var: Variance of each weight under the prior, > 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: a variance is not positive.

    Source: Bishop 2006, sections 1.2.5 and 3.3.1.

    >>> map_linear_gaussian(np.array([[1.0], [1.0]]), np.array([2.0, 4.0]), noise_var=1.0, prior_var=0.25)
    array([1.])
    """
    _check_variances(noise_var, prior_var)
    X, t = np.asarray(X, dtype=float), np.asarray(t, dtype=float)
    return np.linalg.solve(X.T @ X + noise_var / prior_var * np.eye(X.shape[1]), X.T @ t)


def equivalent_lambda(noise_var: float, prior_var: float, n: int, loss: str) -> float:
    """The lambda for which loss + lambda ||w||^2 has its minimum at the most probable weights.

        "sum":   loss = sum_n (t_n - x_n w)^2          lambda = noise_var / prior_var
        "mean":  loss = mean_n (t_n - x_n w)^2         lambda = noise_var / (n prior_var)

    The penalty is lambda ||w||^2, without a factor 1/2.

    Args:
        noise_var: Variance of the noise, > 0.
        prior_var: Variance of each weight under the prior, > 0.
        n: Number of data points.
        loss: "sum" or "mean".

    Returns:
        A float.

    Raises:
        ValueError: a variance is not positive, or loss is unknown.

    Source: Bishop 2006, section 1.2.5, equation 1.67.

    >>> equivalent_lambda(1.0, 0.25, 8, "sum"), equivalent_lambda(1.0, 0.25, 8, "mean")
    (4.0, 0.5)
    """
    _check_variances(noise_var, prior_var)
    if loss not in ("sum", "mean"):
        raise ValueError(f"loss must be 'sum' or 'mean', got {loss!r}")
    return float(noise_var / prior_var / (n if loss == "mean" else 1))


def _check_variances(noise_var: float, prior_var: float) -> None:
    for name, value in (("noise_var", noise_var), ("prior_var", prior_var)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")


def noisy_input_loss(w: Array, X: Array, y: Array, lam: float) -> float:
    """The mean squared error of a linear model that is to be expected when noise is added to its inputs.

        E mean_n (w . (x_n + eps_n) - y_n)^2  =  mean_n (w . x_n - y_n)^2 + lam ||w||^2

    The entries of eps_n are independent with mean 0 and variance lam. Nothing is drawn, and the law of the noise does
    not matter beyond these two numbers.

    Args:
        w: (D,) weights.
        X: (N, D) inputs; integers and float32 are computed in float64.
        y: (N,) targets.
        lam: Variance of the noise, >= 0.

    Returns:
        A float.

    Raises:
        ValueError: lam is negative.

    Source: Bishop 1995, for a linear model; Bishop 2006, exercise 3.4.

    >>> noisy_input_loss(np.array([2.0]), np.array([[1.0], [3.0]]), np.array([1.0, 7.0]), lam=0.5)
    3.0
    """
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    w, X, y = (np.asarray(a, dtype=float) for a in (w, X, y))
    return float(np.mean((X @ w - y) ** 2) + lam * w @ w)


def noisy_input_optimum(X: Array, y: Array, lam: float) -> Array:
    """The weights with the smallest `noisy_input_loss`.

        (X^T X / N + lam I) w = X^T y / N

    Args:
        X: (N, D) inputs; integers and float32 are computed in float64. With lam = 0 its columns are independent.
        y: (N,) targets.
        lam: Variance of the noise, >= 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: lam is negative.

    Source: Bishop 2006, equation 3.28, with lambda = N lam.

    >>> noisy_input_optimum(np.array([[1.0], [3.0]]), np.array([1.0, 7.0]), lam=6.0)
    array([1.])
    """
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    n, features = X.shape
    return np.linalg.solve(X.T @ X / n + lam * np.eye(features), X.T @ y / n)


def weight_noise_penalty(f: Array, y: Array, grad: Array, hess_trace: Array, lam: float) -> dict[str, float]:
    """What noise on the weights adds to the mean squared error, to first order in its variance.

        E mean_n (f_n(w + eps) - y_n)^2  =  mean_n (f_n - y_n)^2  +  increase  +  O(lam^2),    eps ~ N(0, lam I)

        "slide":  lam mean_n ||grad_n||^2
        "full":   lam mean_n ||grad_n||^2  +  lam mean_n (f_n - y_n) hess_trace_n

    "slide" is the increase only where the second term vanishes: for models linear in w, or without residuals.

    Args:
        f: (N,) outputs; integers and float32 are computed in float64.
        y: (N,) targets.
        grad: (N, P) gradients of the outputs with respect to the weights.
        hess_trace: (N,) traces of the second derivatives of the outputs with respect to the weights.
        lam: Variance of the noise on each weight, >= 0.

    Returns:
        A dict with the floats "slide" and "full".

    Raises:
        ValueError: y or hess_trace is not of the shape (N,) of f, grad is not (N, P), or lam is negative.

    Source: An 1996 (weight noise); the second term is derived in the notebook.

    >>> one = np.ones(1)
    >>> weight_noise_penalty(2 * one, 5 * one, np.array([[1.0, 2.0]]), 4 * one, lam=0.5)
    {'slide': 2.5, 'full': -3.5}
    """
    f, y, grad, hess_trace = (np.asarray(a, dtype=float) for a in (f, y, grad, hess_trace))
    if f.ndim != 1 or y.shape != f.shape or hess_trace.shape != f.shape:
        raise ValueError(f"f, y and hess_trace must be (N,), got {f.shape}, {y.shape} and {hess_trace.shape}")
    if grad.ndim != 2 or len(grad) != len(f):
        raise ValueError(f"grad must be ({len(f)}, P), got {grad.shape}")
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    slide = lam * np.mean(np.sum(grad**2, axis=1))
    return dict(slide=float(slide), full=float(slide + lam * np.mean((f - y) * hess_trace)))
