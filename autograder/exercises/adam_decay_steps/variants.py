"""Right answers to adam_step, written in other ways."""

import numpy as np


def _check(lr, wd, betas):
    if lr < 0:
        raise ValueError("lr is negative")
    if wd < 0:
        raise ValueError("wd is negative")
    for beta in betas:
        if beta < 0 or beta >= 1:
            raise ValueError(f"betas: {beta} is outside of [0, 1)")


def folded_step_size(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """As torch computes it: the corrections go into the step size and into the root."""
    _check(lr, wd, betas)
    b1, b2 = betas
    w = np.array(w, dtype=float)
    g = np.array(g, dtype=float)
    if decoupled:
        w *= 1 - lr * wd
    else:
        g += wd * w
    t = state["t"] + 1
    m = state["m"] + (1 - b1) * (g - state["m"])
    v = b2 * state["v"] + (1 - b2) * g * g
    denominator = np.sqrt(v) / np.sqrt(1 - b2**t) + eps
    return w - lr / (1 - b1**t) * m / denominator, {"m": m, "v": v, "t": t}


def decay_subtracted(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """The decay of the old weights as a term of its own, after the step; a list for the pair."""
    _check(lr, wd, betas)
    penalty = 0.0 if decoupled else wd
    full = g + penalty * w
    new = {
        "t": state["t"] + 1,
        "m": betas[0] * state["m"] + (1 - betas[0]) * full,
        "v": betas[1] * state["v"] + (1 - betas[1]) * full**2,
    }
    mhat, vhat = (new[key] / (1 - beta ** new["t"]) for key, beta in zip("mv", betas, strict=True))
    return [w - lr * mhat / (vhat**0.5 + eps) - (lr * wd * w if decoupled else 0), new]


def on_a_deep_copy(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """In place, on copies; one more key in the state."""
    import copy

    _check(lr, wd, betas)
    new = copy.deepcopy(state)
    w, g = np.array(w, dtype=float), np.array(g, dtype=float)
    g += (not decoupled) * wd * w
    w -= decoupled * lr * wd * w
    new["t"] += 1
    for key, power, beta in (("m", 1, betas[0]), ("v", 2, betas[1])):
        new[key] *= beta
        new[key] += (1 - beta) * g**power
    new["betas"] = tuple(betas)
    root = np.sqrt(new["v"] / (1 - betas[1] ** new["t"]))
    w -= lr * new["m"] / (1 - betas[0] ** new["t"]) / (root + eps)
    return w, new


def weight_by_weight(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Plain Python numbers."""
    _check(lr, wd, betas)
    (b1, b2), t, rows = betas, int(state["t"]) + 1, []
    for x, d, m, v in zip(w.tolist(), g.tolist(), state["m"].tolist(), state["v"].tolist(), strict=True):
        if decoupled:
            x = x - lr * wd * x
        else:
            d = d + wd * x
        m, v = b1 * m + (1 - b1) * d, b2 * v + (1 - b2) * d * d
        rows.append((x - lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps), m, v))
    w_new, m, v = np.array(rows).T
    return w_new, dict(m=m, v=v, t=np.int64(t))
