"""Batch normalization with covariate shift made on purpose."""

import torch

from traindeep.student import vjp

SIGNATURES = {"NoisyBatchNorm": "num_features, mean_range, std_max, generator -> layer"}
FORBIDDEN = ("instance_norm",)
HINTS = (
    "An inner nn.BatchNorm1d does all the work of normalizing and of the running statistics. What is left is one line in "
    "forward, and the question when it is run.",
    "self.training says whether there is noise. Shift and scale are drawn in forward, not in __init__, one number for each "
    "feature: of which shape must they be so that all rows of (N, D) get the same?",
    "torch.rand(D, generator=self.generator) is uniform between 0 and 1. Stretch and move it: a + (b - a) * u lies between "
    "a and b. generator=None is torch's global generator. Keep what you drew in self.last_shift and self.last_scale.",
)


def _make(student, features, mean_range, std_max, seed=3):
    return student.NoisyBatchNorm(features, mean_range, std_max, torch.Generator().manual_seed(seed)).double()


def _plain(x):
    """What batch normalization makes of x."""
    return torch.nn.functional.batch_norm(x, None, None, training=True)


def _close(a, b):
    return tuple(a.shape) == tuple(b.shape) and bool(((a - b).abs() < 1e-6).all())


def _training(student, x):
    """Facts about one call in training."""
    layer = _make(student, x.shape[1], 0.5, 1.5)
    y = layer(x).detach()
    shift, scale = layer.last_shift.detach(), layer.last_scale.detach()
    shapes = {"shape of last_shift": tuple(shift.shape), "shape of last_scale": tuple(scale.shape)}
    if shapes != dict.fromkeys(shapes, (x.shape[1],)):
        return shapes
    z, right = _plain(x), _close(y, _plain(x) * scale + shift)
    layer.eval()
    elsewhere = not right and not _close(layer(x).detach(), layer(x).detach())
    return shapes | {
        "y is BN(x) * last_scale + last_shift": right,
        "the noise is in evaluation instead": elsewhere,
        "y is (BN(x) + last_shift) * last_scale": _close(y, (z + shift) * scale),
        "y is BN(x) / last_scale + last_shift": _close(y, z / scale + shift),
        "y is BN(x) + last_shift": _close(y, z + shift),
        "y is BN(x) * last_scale": _close(y, z * scale),
        "every feature has its own noise": len(set(shift.tolist())) == len(set(scale.tolist())) == x.shape[1],
    }


def _ranges(student, x):
    """Facts about 42 shifts and scales. By chance each fails once in 10^12 times."""
    layer = _make(student, x.shape[1], 0.5, 1.5)
    layer(x)
    shift, scale = layer.last_shift.detach().flatten(), layer.last_scale.detach().flatten()
    return {
        "one number for each feature": len(shift) == len(scale) == x.shape[1],
        "shifts lie between -mean_range and mean_range": bool((shift.abs() <= 0.5 + 1e-6).all()),
        "there are positive and negative shifts": bool((shift > 0).any() and (shift < 0).any()),
        "some shifts are larger than half of mean_range": bool((shift.abs() > 0.25).any()),
        "no scale is below 1": bool((scale >= 1 - 1e-6).all()),
        "no scale is above std_max": bool((scale <= 1.5 + 1e-6).all()),
        "a larger shift does not always mean a larger scale": shift.argsort().tolist() != scale.argsort().tolist(),
    }


def _calls(student, x):
    """Facts about several calls and several layers."""
    layer, same, other = (_make(student, x.shape[1], 0.5, 1.5, seed) for seed in (3, 3, 4))
    draws = []
    for each in (layer, layer, same, other):
        each(x)
        draws.append((each.last_shift.detach().clone(), each.last_scale.detach().clone()))
    first, second, again, different = draws
    return {
        "a second call draws a new shift": not _close(second[0], first[0]),
        "a second call draws a new scale": not _close(second[1], first[1]),
        "the same seed gives the same noise": _close(again[0], first[0]) and _close(again[1], first[1]),
        "another seed gives other noise": not _close(different[0], first[0]),
    }


def _global_state(student, x):
    layers, torchs = [_make(student, x.shape[1], 0.5, 1.5) for _ in range(2)], student.imported("torch")
    torchs.manual_seed(0)
    before = torchs.get_rng_state().clone()
    layers[0](x)
    unchanged = bool((torchs.get_rng_state() == before).all())
    torchs.manual_seed(1)
    layers[1](x)
    same = _close(layers[0].last_shift.detach(), layers[1].last_shift.detach())
    return {"the global random state is as before": unchanged, "the same seed gives the same noise": same}


def _without_range(student, x, dy):
    """With mean_range 0 and std_max 1 the layer is batch normalization, gradients included."""
    layer = _make(student, x.shape[1], 0.0, 1.0)
    y, (dx,), gradients = vjp(layer, x, upstream=dy)
    return {"y": y, "gradient of x": dx, "numbers that are learned": sum(g.numel() for g in gradients.values())}


def _evaluation(student, batches, x):
    layer = _make(student, x.shape[1], 0.5, 1.5)
    for batch in batches:
        layer(batch)
    layer.eval()
    return {"y in evaluation": layer(x).detach()}


def _refused(student, mean_range, std_max):
    try:
        student.NoisyBatchNorm(3, mean_range, std_max)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


X = _rows([1, 2, 0], [3, 6, 1], [2, 2, 5], [0, 1, 7])


def test_noise_in_training(student, compare):
    """In training y is BN(x) * last_scale + last_shift, with one shift and one scale for each feature."""
    compare(_training, X)


def test_ranges(student, compare):
    """Shifts lie between -mean_range and mean_range, scales between 1 and std_max, and they are drawn independently."""
    compare(_ranges, X.repeat(1, 14))


def test_new_noise_in_every_call(student, compare):
    """Every call draws new noise, from the generator: the same seed gives the same."""
    compare(_calls, X)


def test_no_other_source(student, compare):
    """A layer with a generator leaves the global random state of torch as it is."""
    compare(_global_state, X)


def test_without_a_range_it_is_batch_norm(student, compare):
    """With mean_range 0 and std_max 1 the layer is batch normalization, with a scale and a shift that are learned."""
    compare(_without_range, X, _rows([1, 0, 2], [0, -1, 1], [0, 3, 0], [2, 0, 0]))


def test_evaluation(student, compare):
    """In evaluation there is no noise, and the running statistics know nothing of it."""
    compare(_evaluation, [X, 2 * X[:3] - 1, X[1:]], _rows([5, 5, 5], [4, 9, 0]))


def test_bad_input(student, compare):
    """A negative mean_range and a std_max below 1 are a ValueError that names the argument."""
    for settings, name in (((-0.1, 1.5), "mean_range"), ((0.1, 0.9), "std_max")):
        compare(_refused, *settings)
        compare.refuses("NoisyBatchNorm", 3, *settings, naming=(name,))
