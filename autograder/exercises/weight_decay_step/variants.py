"""Right answers to sgd_step, written in other ways."""

import numpy as np


def _check(lr, wd, mode):
    if mode not in {"l2", "decoupled", "lecture", "engineer"}:
        raise ValueError(f"no such mode: {mode}")
    if lr <= 0:
        raise ValueError("lr: a step has a length")
    if wd < 0:
        raise ValueError("wd: a decay does not add weight")


def branches(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """One branch for each mode, as they are written; w returned first, in a list."""
    _check(lr, wd, mode)
    d = np.array(g, dtype=float)
    if mode == "l2":
        d = d + wd * w
    v = d if buf is None else np.multiply(momentum, buf) + d
    if mode == "l2":
        new = w - lr * v
    elif mode == "decoupled":
        new = w * (1 - lr * wd)
        new = new - lr * v
    elif mode == "lecture":
        new = w * (1 - wd)
        new = new - lr * v
    else:
        new = w - lr * v
        new = new * (1 - wd)
    return [new, v]


def interpolated(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Decay as interpolation towards 0: lerp(w, 0, share)."""
    _check(lr, wd, mode)

    def lerp(a, b, share):
        return a + share * (b - a)

    zero = np.zeros_like(np.asarray(w, dtype=float))
    v = (0 if buf is None else momentum * buf) + g + (wd * w if mode == "l2" else 0)
    start = lerp(w, zero, {"decoupled": lr * wd, "lecture": wd}.get(mode, 0))
    end = start - lr * v
    return (lerp(end, zero, wd) if mode == "engineer" else end), v


def step_as_difference(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """All that is taken from w, summed up first."""
    _check(lr, wd, mode)
    w, g = np.array(w, dtype=float), np.array(g, dtype=float)
    v = np.zeros_like(g) if buf is None else momentum * np.array(buf, dtype=float)
    v += g
    if mode == "l2":
        v += wd * w
    taken = lr * v
    if mode == "decoupled":
        taken += lr * wd * w
    if mode == "lecture":
        taken += wd * w
    if mode == "engineer":
        taken += wd * w - lr * wd * v
    return w - taken, v


def coordinate_by_coordinate(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Plain Python numbers, one weight at a time."""
    _check(lr, wd, mode)
    old = [0.0] * len(w) if buf is None else [momentum * b for b in buf.tolist()]
    new_w, new_b = [], []
    for x, d, b in zip(w.tolist(), g.tolist(), old, strict=True):
        b += d + wd * x if mode == "l2" else d
        before, after = {"l2": (1, 1), "decoupled": (1 - lr * wd, 1), "lecture": (1 - wd, 1), "engineer": (1, 1 - wd)}[
            mode
        ]
        new_w.append(after * (before * x - lr * b))
        new_b.append(b)
    return np.array(new_w), np.array(new_b)


def by_torch(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """torch tensors and their in-place operations, on copies."""
    import torch

    _check(lr, wd, mode)
    w, g = (torch.tensor(np.array(a, dtype=float)) for a in (w, g))
    d = g.add(w, alpha=wd) if mode == "l2" else g.clone()
    if buf is not None:
        d = torch.tensor(np.array(buf, dtype=float)).mul_(momentum).add_(d)
    factor = {"decoupled": 1 - lr * wd, "lecture": 1 - wd}.get(mode, 1)
    w.mul_(factor).add_(d, alpha=-lr)
    if mode == "engineer":
        w.mul_(1 - wd)
    return w.numpy(), d.numpy()
