"""Hidden tests of NoisyBatchNorm.

No method of drawing is prescribed: what a layer drew is read from last_shift and last_scale, and a test says what is true
of it.
"""

import torch
from traindeep import chance
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"core": 2, "fresh and per feature": 2, "eval": 1}
DRAWS = 4000


def _tensor(rng, n, d):
    """Rows whose features differ in scale and place."""
    return torch.from_numpy(rng.normal(size=(n, d)) * rng.uniform(0.5, 3, d) + rng.uniform(-4, 4, d))


def _make(student, features, mean_range=0.7, std_max=1.6, seed=11):
    return student.NoisyBatchNorm(features, mean_range, std_max, torch.Generator().manual_seed(seed)).double()


def _plain(x):
    return torch.nn.functional.batch_norm(x, None, None, training=True)


def _close(a, b):
    return tuple(a.shape) == tuple(b.shape) and bool(((a - b).abs() < 1e-6).all())


def _noise(layer):
    return layer.last_shift.detach().clone(), layer.last_scale.detach().clone()


# ---- core ----------------------------------------------------------------------------------------------


def _facts(student, x, dy, mean_range, std_max):
    """What y and its gradients are made of, for whatever was drawn."""
    layer = _make(student, x.shape[1], mean_range, std_max)
    y, (dx,), gradients = vjp(layer, x, upstream=dy)
    shift, scale = _noise(layer)
    bn = torch.nn.BatchNorm1d(x.shape[1]).double()
    if tuple(shift.shape) not in ((), (x.shape[1],), tuple(x.shape)) or tuple(scale.shape) != tuple(shift.shape):
        return {"last_shift and last_scale have one number for each feature": False}
    z, (dz,), expected = vjp(bn, x, upstream=dy * scale)
    found, right = [g for g in gradients.values() if g is not None], _close(y, z * scale + shift)
    layer.eval()
    # Evaluation is the affair of another part: it is looked at only where the noise is not where it should be.
    elsewhere = not right and not _close(layer(x).detach(), layer(x).detach())
    return {
        "y is BN(x) * last_scale + last_shift": right,
        "the noise is in evaluation instead": elsewhere,
        "y is BN(x), as if there were no noise": bool((y - z).abs().max() < 1e-3),
        "y is (BN(x) + last_shift) * last_scale": _close(y, (z + shift) * scale),
        "y is BN(x) / last_scale + last_shift": _close(y, z / scale + shift),
        "y is BN(x) + last_shift": _close(y, z + shift),
        "y is BN(x) * last_scale": _close(y, z * scale),
        "the gradient of x is that of BN, times last_scale": dx is not None and _close(dx, dz),
        "numbers that are learned": sum(g.numel() for g in found),
        "gradients of scale and shift fit": all(any(_close(g, e) for g in found) for e in expected.values()),
    }


def _without_range(student, x, dy):
    layer = _make(student, x.shape[1], 0.0, 1.0)
    y, (dx,), _ = vjp(layer, x, upstream=dy)
    return {"y": y, "gradient of x": dx}


@part("core")
def test_noise_behind_batch_norm(compare, rng):
    """In training y is BN(x) * last_scale + last_shift, and gradients pass through that to x and to BN's scale and shift."""
    for n, d in ((6, 4), (5, 5)):
        compare(_facts, _tensor(rng, n, d), torch.from_numpy(rng.normal(size=(n, d))), 0.7, 1.6)


@part("core")
def test_shift_alone_and_scale_alone(student, rng):
    """With std_max 1 the mean of each feature of y is last_shift; with mean_range 0 its deviation is last_scale."""
    x = 10 * _tensor(rng, 9, 4)
    layer = _make(student, 4, mean_range=0.8, std_max=1.0)
    y = layer(x).detach()
    assert _close(y.mean(0), layer.last_shift.detach()), (
        "with std_max 1 the mean of each feature of y is not last_shift"
    )
    assert y.mean(0).abs().max() > 1e-3, "with std_max 1 the mean of each feature of y is 0"
    layer = _make(student, 4, mean_range=0.0, std_max=1.9)
    y = layer(x).detach()
    spread = y.std(0, correction=0)
    assert (spread - layer.last_scale.detach()).abs().max() < 1e-3, "with mean_range 0 the deviation is not last_scale"
    assert y.mean(0).abs().max() < 1e-6, "with mean_range 0 the mean of each feature of y is not 0"


@part("core")
def test_without_a_range(compare, rng):
    """With mean_range 0 and std_max 1, which are allowed, the layer is batch normalization."""
    compare(_without_range, _tensor(rng, 7, 3), torch.from_numpy(rng.normal(size=(7, 3))))


def _refused(student, settings):
    _make(student, 3)
    try:
        student.NoisyBatchNorm(3, *settings)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


@part("core", supporting=True)
def test_refusals(compare):
    """A negative mean_range and a std_max below 1 are refused."""
    for settings, name in (((-0.01, 1.5), "mean_range"), ((0.1, 0.99), "std_max")):
        compare(_refused, settings)
        compare.refuses("NoisyBatchNorm", 3, *settings, naming=(name,))


# ---- fresh and per feature -----------------------------------------------------------------------------


def _draws(student, x):
    """Facts about what several calls drew."""
    layer, same, other = (_make(student, x.shape[1], seed=seed) for seed in (11, 11, 12))
    draws = []
    for i, each in enumerate((layer, layer, layer, same, other)):
        student.imported("torch").manual_seed(i)  # of no concern to a layer that has a generator
        each(x)
        draws.append(_noise(each))
    shifts, scales = zip(*draws, strict=True)
    rows = tuple(shifts[0].shape) == tuple(x.shape)
    distinct = [len(set(noise.flatten().tolist())) == noise.numel() > 1 for noise in (shifts[0], scales[0])]
    return {
        "one number for each feature": all(tuple(noise.shape) == (x.shape[1],) for noise in (*shifts, *scales)),
        "a number for each row": rows,
        "features have different shifts and scales": all(distinct),
        "every call draws new shifts": not any(_close(a, b) for a, b in zip(shifts[:2], shifts[1:3], strict=True)),
        "every call draws new scales": not any(_close(a, b) for a, b in zip(scales[:2], scales[1:3], strict=True)),
        "the same seed gives the same noise": _close(shifts[3], shifts[0]) and _close(scales[3], scales[0]),
        "another seed gives other noise": not _close(shifts[4], shifts[0]),
    }


def _global_state(student, x):
    layers, torchs = [_make(student, x.shape[1]) for _ in range(2)], student.imported("torch")
    torchs.manual_seed(0)
    before = torchs.get_rng_state().clone()
    layers[0](x)
    first = bool((torchs.get_rng_state() == before).all())
    torchs.manual_seed(1)
    layers[1](x)
    return {
        "the global random state is as before": first,
        "the same seed gives the same noise": _close(_noise(layers[0])[0], _noise(layers[1])[0]),
    }


def _distribution(student, x):
    """Facts about the distribution of many shifts and scales of two calls."""
    layer, draws = _make(student, x.shape[1], mean_range=0.9, std_max=1.4), []
    for _ in range(2):
        layer(x)
        draws += list(_noise(layer))
    if any(tuple(noise.shape) != (DRAWS,) for noise in draws):
        return {"one number for each feature": False}
    shift, scale = draws[:2]
    table = torch.corrcoef(torch.stack([noise.double() for noise in draws])).nan_to_num(1.0) - torch.eye(4)
    return {
        "shifts lie between -mean_range and mean_range": bool((shift.abs() <= 0.9 + 1e-6).all()),
        "shifts are uniform": chance.uniform(shift, -0.9, 0.9),
        "scales lie between 1 and std_max": bool(((scale >= 1 - 1e-6) & (scale <= 1.4 + 1e-6)).all()),
        "scales are uniform": chance.uniform(scale, 1.0, 1.4),
        "shifts and scales are independent": chance.near(table[0, 1], 0, DRAWS**-0.5),
        "calls are independent": all(chance.near(r, 0, DRAWS**-0.5) for r in table[:2, 2:].flatten()),
        "shifts are never negative": bool((shift >= 0).all()),
        "some scales are below 0.99": bool((scale < 0.99).any()),
        "shifts and scales are as wide as half their ranges": bool(shift.abs().max() < 0.46 and scale.max() < 1.21),
        "a scale is above std_max + 0.9": bool(scale.max() > 2.3),
    }


@part("fresh and per feature")
def test_fresh_noise(compare, rng):
    """Every call draws new noise, one number for each feature, and draws it from the generator."""
    compare(_draws, _tensor(rng, 6, 4))


@part("fresh and per feature")
def test_distribution(compare, rng):
    """Shifts are uniform between -mean_range and mean_range, scales between 1 and std_max, all of them independent."""
    compare(_distribution, _tensor(rng, 3, DRAWS))


@part("fresh and per feature", supporting=True)
def test_global_random_state(compare, rng):
    """A layer with a generator leaves the global random state of torch alone."""
    compare(_global_state, _tensor(rng, 6, 4))


# ---- eval ----------------------------------------------------------------------------------------------


def _evaluation(student, batches, x):
    """y in evaluation after some training: what was stored shows in it. With noise in it the numbers say nothing."""
    layer, noisy = _make(student, x.shape[1]), False
    for batch in batches:
        noisy = not _close(layer(batch).detach(), _plain(batch))
    layer.eval()
    y, again = layer(x).detach(), layer(x).detach()
    return {
        "two calls in evaluation give the same": _close(again, y),
        "there is noise in training": noisy,
        "y in evaluation": y if _close(again, y) else None,
    }


@part("eval")
def test_evaluation_is_that_of_batch_norm(compare, rng):
    """After some batches in training, evaluation is that of nn.BatchNorm1d after the same batches, without noise."""
    batches = [_tensor(rng, n, 4) for n in (8, 5, 6)]
    compare(_evaluation, batches, _tensor(rng, 3, 4))


@part("eval")
def test_evaluation_of_one_row(compare, rng):
    """In evaluation one row alone is enough, and a layer that has seen nothing leaves it nearly as it is."""
    compare(_evaluation, [], _tensor(rng, 1, 5))
