"""Stand-ins for 07_weight_penalties."""

import numpy as np

from traindeep.standins import of


def _not_negative(**values) -> None:
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value}")


def _optimizer(name: str, w, g, state: dict, **settings):
    """One fused step of an optimizer of torch on one parameter; its tensor after the step, and its state."""
    import torch

    parameter = torch.nn.Parameter(torch.tensor(np.array(w, dtype=float)))
    parameter.grad = torch.tensor(np.array(g, dtype=float))
    optimizer = getattr(torch.optim, name)([parameter], fused=True, **settings)
    if state:
        optimizer.state[parameter] = state
    optimizer.step()
    return parameter.detach().numpy(), optimizer.state[parameter]


@of("07")
def sgd_step(w, g, lr: float, wd: float, mode: str, momentum: float = 0.0, buf=None) -> tuple:
    """(w_new, buf_new) of one step with momentum, by torch.optim.SGD; what is no L2 penalty is a factor on w."""
    import torch

    if mode not in ("l2", "decoupled", "lecture", "engineer"):
        raise ValueError(f"mode must be 'l2', 'decoupled', 'lecture' or 'engineer', got {mode!r}")
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    _not_negative(wd=wd)
    # torch keeps no buffer without momentum: one of zeros that weighs 1 gives the same step.
    start = np.zeros(len(w)) if buf is None or momentum == 0 else momentum * np.asarray(buf, dtype=float)
    before = {"decoupled": 1 - lr * wd, "lecture": 1 - wd}.get(mode, 1.0)
    penalty = wd if mode == "l2" else 0.0
    w_new, state = _optimizer(
        "SGD", before * np.asarray(w, dtype=float), g, {"momentum_buffer": torch.tensor(start)},
        lr=lr, momentum=1.0, weight_decay=penalty,
    )  # fmt: skip
    return w_new * (1 - wd if mode == "engineer" else 1.0), state["momentum_buffer"].numpy()


@of("07")
def adam_step(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False) -> tuple:
    """(w_new, state_new) of torch.optim.Adam or torch.optim.AdamW."""
    import torch

    _not_negative(lr=lr, wd=wd)
    if not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas must be in [0, 1), got {betas}")
    moments = {key: torch.tensor(np.array(state[name], dtype=float)) for key, name in _MOMENTS.items()}
    w_new, after = _optimizer(
        "AdamW" if decoupled else "Adam", w, g, {"step": torch.tensor(float(state["t"])), **moments},
        lr=lr, betas=tuple(betas), eps=eps, weight_decay=wd,
    )  # fmt: skip
    return w_new, {name: after[key].numpy() for key, name in _MOMENTS.items()} | {"t": int(after["step"])}


_MOMENTS = {"exp_avg": "m", "exp_avg_sq": "v"}


@of("07")
def l1_penalty(w, lam: float) -> tuple:
    """lam times torch's L1 loss from 0, and autograd's gradient of it."""
    import torch

    _not_negative(lam=lam)
    w = torch.tensor(np.array(w, dtype=float), requires_grad=True)
    with torch.enable_grad():
        value = lam * torch.nn.functional.l1_loss(w, torch.zeros_like(w), reduction="sum")
        (subgrad,) = torch.autograd.grad(value, w)
    return float(value.detach()), subgrad.numpy()


@of("07")
def soft_threshold(w, t: float):
    """torch's softshrink."""
    import torch

    _not_negative(t=t)
    return torch.nn.functional.softshrink(torch.tensor(np.array(w, dtype=float)), t).numpy()


@of("07")
def max_norm_project(W, c: float):
    """torch.renorm of the rows."""
    import torch

    W = np.array(W, dtype=float)
    if W.ndim != 2:
        raise ValueError(f"W must be (O, I), got shape {W.shape}")
    if not c > 0:
        raise ValueError(f"c must be positive, got {c}")
    return torch.renorm(torch.tensor(W), 2, 0, c).numpy()


@of("07")
def project_l2_ball(w, r: float):
    """The nearest point with ||w||^2 <= r: scikit-learn's unit vector times sqrt(r), outside of the ball."""
    from sklearn.preprocessing import normalize

    _not_negative(r=r)
    w = np.array(w, dtype=float)
    return w if np.linalg.norm(w) ** 2 <= r else np.sqrt(r) * normalize(w[None])[0]


@of("07")
def pgd_least_squares(X, y, r: float, lr: float, steps: int):
    """Where projected gradient descent ends: the ridge solution whose squared norm is r, or least squares."""
    from scipy.optimize import brentq

    _not_negative(r=r)
    if steps == 0 or r == 0:
        return np.zeros(np.shape(X)[1])
    least = np.linalg.lstsq(X, y)[0]
    if np.linalg.norm(least) ** 2 <= r:
        return least

    def excess(log_lam):
        return np.log(np.linalg.norm(_ridge(X, y, np.exp(log_lam) * len(y))) ** 2 / r)

    # ||w(lam)|| <= ||X^T y|| / (N lam): beyond this lam the constraint holds.
    top = np.log(np.linalg.norm(np.transpose(X) @ y) / len(y) / np.sqrt(r)) + 1
    bottom = top - 60
    return least if excess(bottom) <= 0 else _ridge(X, y, np.exp(brentq(excess, bottom, top, xtol=1e-13)) * len(y))


def _ridge(X, y, alpha: float):
    from sklearn.linear_model import Ridge

    return Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(X, y).coef_


@of("07")
def lambda_star(X, y, w) -> float:
    """The number that fits 2 lambda w to minus autograd's gradient of the loss, by non-negative least squares."""
    import torch
    from scipy.optimize import nnls

    if not np.any(w):
        raise ValueError("w must not be zero: every large lambda leads there")
    X, y, w = (torch.tensor(np.array(a, dtype=float)) for a in (X, y, w))
    with torch.enable_grad():
        w.requires_grad_()
        (gradient,) = torch.autograd.grad(torch.nn.functional.mse_loss(X @ w, y), w)
    return float(nnls(2 * w.detach().numpy()[:, None], -gradient.numpy())[0][0])


@of("07")
def poly_design(x, M: int):
    """np.vander, lowest power first."""
    if M < 0:
        raise ValueError(f"M must not be negative, got {M}")
    return np.vander(np.asarray(x, dtype=float), M + 1, increasing=True)


@of("07")
def map_linear_gaussian(X, t, noise_var: float, prior_var: float):
    """scikit-learn's ridge regression without an intercept of its own."""
    return _ridge(X, t, equivalent_lambda(noise_var, prior_var, len(X), "sum"))


@of("07")
def equivalent_lambda(noise_var: float, prior_var: float, n: int, loss: str) -> float:
    """noise_var / prior_var, divided by n for a mean."""
    for name, value in (("noise_var", noise_var), ("prior_var", prior_var)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    if loss not in ("sum", "mean"):
        raise ValueError(f"loss must be 'sum' or 'mean', got {loss!r}")
    return float(np.divide(noise_var, np.multiply(prior_var, {"sum": 1, "mean": n}[loss])))


def _with_noise(X, y, lam: float):
    """The data with D more rows that add N lam ||w||^2 to the sum of squared errors."""
    _not_negative(lam=lam)
    n, features = np.shape(X)
    return np.vstack([X, np.sqrt(n * lam) * np.eye(features)]), np.concatenate([y, np.zeros(features)])


@of("07")
def noisy_input_loss(w, X, y, lam: float) -> float:
    """Sum of squared errors over the data and D more rows, divided by N."""
    import torch

    rows, targets = (torch.tensor(a, dtype=torch.float64) for a in _with_noise(X, y, lam))
    errors = rows @ torch.tensor(np.array(w, dtype=float))
    return torch.nn.functional.mse_loss(errors, targets, reduction="sum").item() / len(X)


@of("07")
def noisy_input_optimum(X, y, lam: float):
    """Least squares over the data and D more rows."""
    return np.linalg.lstsq(*_with_noise(X, y, lam))[0]


@of("07")
def weight_noise_penalty(f, y, grad, hess_trace, lam: float) -> dict:
    """{"slide", "full"}: what noise of variance lam on the weights adds to the mean squared error, to first order."""
    f, y, grad, hess_trace = (np.asarray(a, dtype=float) for a in (f, y, grad, hess_trace))
    if f.ndim != 1 or y.shape != f.shape or hess_trace.shape != f.shape:
        raise ValueError(f"f, y and hess_trace must be (N,), got {f.shape}, {y.shape} and {hess_trace.shape}")
    if grad.ndim != 2 or len(grad) != len(f):
        raise ValueError(f"grad must be ({len(f)}, P), got {grad.shape}")
    _not_negative(lam=lam)
    parts = np.linalg.norm(grad) ** 2, np.vdot(f - y, hess_trace)
    slide, full = lam / len(f) * np.cumsum(parts)
    return {"slide": float(slide), "full": float(full)}
