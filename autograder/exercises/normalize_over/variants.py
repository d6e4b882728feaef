"""Right answers to normalize_over and norm_axes, written in other ways."""

import numpy as np

from autograder.exercise import replaces


@replaces("normalize_over")
def sums(x, axes, eps=1e-5):
    """Mean and variance by sums; the deviations are squared once."""
    x = np.asarray(x, dtype=float)
    axes = tuple(axes)
    n = np.prod([x.shape[axis] for axis in axes]) if all(-x.ndim <= a < x.ndim for a in axes) else None
    if n is None:
        raise ValueError(f"axes {axes} do not fit")
    mean = x.sum(axis=axes, keepdims=True) / n
    var = ((x - mean) ** 2).sum(axis=axes, keepdims=True) / n
    return [(x - mean) * (var + eps) ** -0.5, mean, var]


@replaces("normalize_over")
def moved_and_reshaped(x, axes, eps=1e-5):
    """The averaged axes are moved to the end and made one; NumPy's own message refuses a wrong axis."""
    x, axes = np.asarray(x, dtype=float), list(axes)
    last = list(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    rows = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
    mean, var = rows.mean(-1), rows.var(-1)
    xhat = (rows - mean[..., None]) / np.sqrt(var[..., None] + eps)
    back = [np.moveaxis(a.reshape(*a.shape, *[1] * len(axes)), last, axes) for a in (mean, var)]
    return np.moveaxis(xhat.reshape(moved.shape), last, axes), *back


@replaces("normalize_over")
def einsum(x, axes, eps=1e-5):
    """Letters for axes: the averaged ones are missing on the right; NumPy's second moment."""
    x = np.asarray(x, dtype=float)
    if any(not -x.ndim <= axis < x.ndim for axis in axes):
        raise ValueError("axes: out of range")
    letters, gone = "abcde"[: x.ndim], {axis % x.ndim for axis in axes}
    kept = "".join(letter for i, letter in enumerate(letters) if i not in gone)
    shape = [1 if i in gone else size for i, size in enumerate(x.shape)]
    n = x.size / max(1, np.prod(shape))
    mean = (np.einsum(f"{letters}->{kept}", x) / n).reshape(shape)
    var = (np.einsum(f"{letters},{letters}->{kept}", x - mean, x - mean) / n).reshape(shape)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def numpy_says_it(x, axes, eps=1e-5):
    """float32 stays float32, and a wrong axis is left to NumPy's own error."""
    mean, var = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("norm_axes")
def complement(kind, ndim):
    """The axes that keep their own statistics, by name, and what is left; a list."""
    names = {2: "NC", 4: "NCHW"}.get(ndim)
    keeps = {"batch": "C", "layer": "N", "instance": "NC", "channel_only": "NHW", "per_pixel": "CHW"}.get(kind)
    if names is None or keeps is None:
        raise ValueError(f"kind {kind!r} is not known for ndim = {ndim}")
    if ndim == 2 and kind not in ("batch", "layer"):
        raise ValueError("this kind needs images")
    return [axis for axis, name in enumerate(names) if name not in keeps]


@replaces("norm_axes")
def counted_from_the_end(kind, ndim):
    """A chain of ifs with negative axes."""
    if ndim not in (2, 4):
        raise ValueError("ndim must be 2 or 4")
    if kind == "batch":
        return (-2,) if ndim == 2 else (-1, -2, -4)
    if kind == "layer":
        return (-1,) if ndim == 2 else (-1, -2, -3)
    if ndim == 2:
        raise ValueError("ndim must be 4")
    if kind == "instance":
        return (-1, -2)
    if kind == "channel_only":
        return (-3,)
    if kind == "per_pixel":
        return (-4,)
    raise ValueError("kind is unknown")
