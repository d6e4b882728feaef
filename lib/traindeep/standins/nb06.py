"""Stand-ins for 06_dropout_ensemble, put together from torch, scipy and scikit-learn."""

from collections.abc import Callable

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("06")
def dropout_ensemble_exact(h: Array, W: Array, b: Array, p_keep: float) -> dict[str, Array]:
    """Averages over all masks of the hidden units h, and the mean network."""
    import torch
    from torch.distributions import Bernoulli, Categorical

    _keeps(p_keep)
    if np.size(h) > 14:
        raise ValueError(f"h must have at most 14 units, got {np.size(h)}")
    h, W, b = (torch.tensor(np.asarray(a, float)) for a in (h, W, b))
    units = Bernoulli(torch.full_like(h, p_keep), validate_args=False)
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=h.dtype)] * len(h)).reshape(-1, len(h))
    weight = units.log_prob(masks).sum(1).exp()
    thinned = Categorical(logits=torch.nn.functional.linear(masks * h, W, b))
    out = {
        "arith": torch.einsum("m,mc->c", weight, thinned.probs),
        "geo": Categorical(logits=torch.einsum("m,mc->c", weight, thinned.logits)).probs,
        "mean_net": Categorical(logits=torch.addmv(b, W, h, alpha=p_keep)).probs,
    }
    return {name: value.numpy() for name, value in out.items()}


@of("06")
def mc_dropout_predict(model, x, T: int):
    """Probabilities (T, N, C) of T passes with dropout on and all else as in evaluation."""
    import torch

    if T < 1:
        raise ValueError(f"T must be at least 1, got {T}")
    dropouts = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.modules.dropout._DropoutNd) or type(module).__name__ == "InvertedDropout"
    ]
    if not dropouts:
        raise ValueError("model must have a dropout layer")
    modes = {module: module.training for module in model.modules()}
    model.eval()
    torch.nn.ModuleList(dropouts).train()
    try:
        with torch.no_grad():
            passes = [torch.distributions.Categorical(logits=model(x)).probs for _ in range(T)]
    finally:
        for module, mode in modes.items():
            module.training = mode
    return torch.stack(passes)


@of("06")
def predictive_scores(probs) -> dict:
    """Mean, entropy of the mean, and mutual information of probabilities (T, N, C)."""
    import torch

    mean = probs.mean(0)
    # The mean divergence of the passes from their mean is the mutual information.
    divergence = torch.nn.functional.kl_div(mean.log().expand_as(probs), probs, reduction="none").nan_to_num(0.0)
    return {
        "mean": mean,
        "entropy": torch.special.entr(mean).sum(-1),
        "mutual_info": divergence.sum(-1).mean(0),
    }


@of("06")
def calibration_error(probs: Array, y: Array, n_bins: int = 10) -> tuple[float, dict[str, Array]]:
    """Expected calibration error of probabilities (N, C), and the table of its bins (lo, hi]."""
    import torch

    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    probs, y = torch.tensor(np.asarray(probs, float)), torch.tensor(np.asarray(y).astype(np.int64))
    if y.min() < 0 or y.max() >= probs.shape[1]:
        raise ValueError(f"y must hold labels in 0..{probs.shape[1] - 1}")
    top = torch.topk(probs, 1)
    conf, right = top.values[:, 0], (top.indices[:, 0] == y).double()
    bins = torch.bucketize(conf, torch.arange(1, n_bins, dtype=torch.float64) / n_bins)
    empty = torch.zeros(n_bins, dtype=torch.float64)
    means = [empty.scatter_reduce(0, bins, a, "mean", include_self=False) for a in (conf, right)]
    count = torch.bincount(bins, minlength=n_bins)
    ece = torch.dot(count.double() / len(y), (means[0] - means[1]).abs()).item()
    conf, acc = (mean.masked_fill(count == 0, torch.nan).numpy() for mean in means)
    return ece, {"conf": conf, "acc": acc, "count": count.numpy()}


@of("06")
def dropconnect_moments(W: Array, v: Array, p_keep: float) -> tuple[Array, Array]:
    """Mean and variance (O,) of a layer with weights W (O, I) and inputs v (I,) under DropConnect."""
    from scipy.stats import bernoulli

    _keeps(p_keep)
    mean, var = bernoulli.stats(p_keep)
    terms = np.multiply(np.asarray(W, float), v)
    return float(mean) * np.sum(terms, axis=1), float(var) * np.einsum("oi,oi->o", terms, terms)


@of("06")
def dropconnect_infer(W: Array, v: Array, p_keep: float, f: Callable, n: int, rng: np.random.Generator) -> Array:
    """Average of f over n draws of normal pre-activations with the moments of DropConnect."""
    import torch

    mean, var = dropconnect_moments(W, v, p_keep)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    mean, deviation = (torch.tensor(a).expand(int(n), -1) for a in (mean, np.sqrt(var)))
    return np.mean(f(torch.normal(mean, deviation, generator=generator).numpy()), axis=0)


@of("06")
def dropout_objective(X: Array, y: Array, w: Array, p_keep: float) -> float:
    """Expected squared error of a linear model under input dropout."""
    from scipy.stats import bernoulli

    _keeps(p_keep)
    terms = np.multiply(np.asarray(X, float), w)
    # Second moment of y - sum of independent terms: variances add up.
    mean, var = (float(moment) for moment in bernoulli.stats(p_keep))
    return float(np.sum(var * np.square(terms)) + np.sum(np.square(np.asarray(y, float) - mean * terms.sum(1))))


@of("06")
def dropout_ridge(X: Array, y: Array, p_keep: float) -> Array:
    """Test weights of input dropout: ridge regression on columns of length 1."""
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import normalize

    _keeps(p_keep)
    unit, lengths = normalize(np.asarray(X, float), axis=0, return_norm=True)
    if not np.linalg.norm(np.asarray(X, float), axis=0).all():
        raise ValueError("X must have no column of zeros")
    model = Ridge(alpha=1 / p_keep - 1, fit_intercept=False, solver="svd").fit(unit, np.asarray(y, float))
    return model.coef_ / lengths


@of("06")
def singular_response(X: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """Singular values of X and the ratios of w to least squares along its right singular vectors."""
    import scipy.linalg

    X = np.asarray(X, float)
    least_squares = scipy.linalg.lstsq(X, np.asarray(y, float), cond=1e-6)[0]
    _, s, Vt = scipy.linalg.svd(X, full_matrices=False)
    found, wanted = np.stack([np.asarray(w, float), least_squares]) @ Vt[s > 1e-6 * s.max()].T
    return s[s > 1e-6 * s.max()], found / wanted


@of("06")
def gd_filter(s2: Array, lr: float, steps: int) -> Array:
    """Share of least squares that gradient descent has reached along each singular direction."""
    s2 = np.asarray(s2, float)
    if np.max(lr * s2, initial=0) >= 2:
        raise ValueError(f"lr must be below {2 / s2.max():g}, got {lr}")
    left = np.linalg.matrix_power(np.diag(np.full(len(s2), 1.0) - lr * s2), int(steps))
    return (np.eye(len(s2)) - left).diagonal().copy()


@of("06")
def ridge_filter(s2: Array, lam: float) -> Array:
    """Share of least squares that ridge regression keeps along each singular direction."""
    from sklearn.linear_model import Ridge

    s = np.sqrt(np.asarray(s2, float))
    return Ridge(alpha=lam, fit_intercept=False, solver="svd").fit(np.diag(s), s).coef_


@of("06")
def rescale_two_layer(W1: Array, b1: Array, W2: Array, c: float) -> tuple[Array, Array, Array]:
    """Weights of the same ReLU network with a factor c moved into the first layer."""
    if not c > 0:
        raise ValueError(f"c must be positive, got {c}")
    hidden = np.diag(np.full(np.shape(W1)[0], float(c)))
    return hidden @ np.asarray(W1, float), hidden @ np.asarray(b1, float), np.asarray(W2, float) @ np.linalg.inv(hidden)


@of("06")
def l2_ratio(W1: Array, W2: Array, c: float) -> float:
    """Penalty after rescale_two_layer over penalty before."""
    squares = [np.linalg.norm(np.asarray(W, float)) ** 2 for W in (W1, W2)]
    return float(np.average([c**2, c**-2], weights=squares))


@of("06")
def variance_shift_ratio(mean: Array, var: Array, p_drop: float) -> Array:
    """Variance of inverted dropout's output in training over that at test time."""
    mean, var = np.asarray(mean, float), np.asarray(var, float)
    if np.min(var) <= 0:
        raise ValueError(f"var must be positive, got {np.min(var)}")
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    # Law of total variance over the two values of the mask.
    gain, chance = np.array([0.0, 1 / (1 - p_drop)])[:, None], [p_drop, 1 - p_drop]
    within = np.average(gain**2 * var, axis=0, weights=chance)
    between = np.average((gain * mean - mean) ** 2, axis=0, weights=chance)
    return (within + between) / var


def _keeps(p_keep: float) -> None:
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
