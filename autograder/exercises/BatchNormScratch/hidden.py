"""Hidden tests of BatchNormScratch.

Only the part "shapes" gives the layer more than (N, C), only "buffers" looks at the numbers it stores, and weight and
bias are 1 and 0 except where they are tested: a mistake in one of these costs its points once.
"""

import contextlib

import torch
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"train": 2, "eval": 1, "buffers": 2, "shapes": 1, "state_dict": 1}
STATISTICS = ("running_mean", "running_var")


def _tensor(rng, *shape):
    """Values whose channels (axis 1) differ in scale and place."""
    per_channel = (1, -1, *[1] * (len(shape) - 2))
    scale, place = rng.uniform(0.5, 3, shape[1]), rng.uniform(-4, 4, shape[1])
    return torch.from_numpy(rng.normal(size=shape) * scale.reshape(per_channel) + place.reshape(per_channel))


def _layer(student, x, **settings):
    return student.BatchNormScratch(x.shape[1], **settings).double()


def _put(layer, **values):
    """Set parameters and stored statistics by name, whatever they are: parameter, buffer or plain attribute."""
    parameters = [name for name, _ in layer.named_parameters()]
    for name, value in values.items():
        # A copy: in one process a layer that updates in place would change the test's own tensor.
        setattr(layer, name, torch.nn.Parameter(value.clone()) if name in parameters else value.clone())


# ---- training ------------------------------------------------------------------------------------------


def _output_and_gradient(student, x, dy, eps):
    y, (dx,), _ = vjp(_layer(student, x, eps=eps), x, upstream=dy)
    return {"y": y, "gradient of x": dx}


def _float32_and_default_eps(student, x):
    return {"y": student.BatchNormScratch(x.shape[1])(x)}


def _scale_and_shift(student, x, weight, bias):
    """y with weight and bias, and y without them, each minus what follows from a layer with 1 and 0."""
    plain = _layer(student, x)(x)
    layer = _layer(student, x)
    _put(layer, weight=weight, bias=bias)
    without = _layer(student, x, affine=False)
    return {
        "y with weight and bias, minus weight * y + bias": (layer(x) - (weight * plain + bias)).detach(),
        "y with affine=False, minus y": (without(x) - plain).detach(),
    }


@part("train")
def test_normalizes_each_channel(student, rng):
    """In training each channel of y has mean 0 and a spread of about 1 and depends on no other channel."""
    x = _tensor(rng, 9, 4)
    y = _layer(student, x)(x).detach()
    assert torch.allclose(y.mean(0), torch.zeros_like(y[0]), atol=1e-6), "the mean of each channel of y is not 0"
    spread = y.std(0, correction=0)
    # The exact divisor of the variance is the affair of another test.
    assert torch.allclose(spread, torch.ones_like(spread), rtol=0.2), "the spread of each channel of y is far from 1"
    other = x.clone()
    other[:, 0] = torch.from_numpy(rng.normal(size=9))
    changed = _layer(student, x)(other).detach()
    assert torch.allclose(y[:, 1:], changed[:, 1:], atol=1e-8), "changing one channel of x changes another channel of y"


@part("train")
def test_output_and_gradient(compare, rng):
    """y and the gradient of x are those of batch normalization, for eps 0.1 and for the default."""
    x = _tensor(rng, 5, 3)
    compare(_output_and_gradient, x, torch.from_numpy(rng.normal(size=(5, 3))), eps=0.1)
    compare(_float32_and_default_eps, (0.01 * x).float())


@part("train")
def test_gradient_sees_the_statistics(student, rng):
    """The gradient of x sums to 0 over each channel, because mean and variance are functions of x as well."""
    # Wide values, so that eps is nothing beside the variance.
    x, dy = 50 * _tensor(rng, 12, 3), torch.from_numpy(rng.normal(size=(12, 3)))
    y, (dx,), _ = vjp(_layer(student, x), x, upstream=dy)
    assert dx is not None, "no gradient reaches x"
    dx = dx * x.std(0)
    assert dx.abs().max() > 1e-3, "the gradient of x is (nearly) zero"
    assert dx.sum(0).abs().max() < 1e-6, (
        "the gradient of x does not sum to 0 over the rows: is the mean differentiated?"
    )
    along = (dx * y).sum(0).abs().max()
    assert along < 1e-3, "the gradient of x has a part along x itself: is the variance differentiated?"


@part("train")
def test_scale_and_shift(compare, rng):
    """y is weight times the normalized channels plus bias; with affine=False it is the normalized channels."""
    weight, bias = (torch.from_numpy(rng.uniform(1, 2, 3) * [1, -1, 1]) for _ in range(2))
    compare(_scale_and_shift, _tensor(rng, 5, 3), weight, bias)


# ---- evaluation ----------------------------------------------------------------------------------------


def _stored_statistics_in_use(student, x, mean, var):
    layer = _layer(student, x)
    _put(layer, running_mean=mean, running_var=var)
    layer.eval()
    return {"y": layer(x)}


def _nothing_stored(student, x):
    layer = _layer(student, x, track_running_stats=False)
    in_training = layer(x).detach()
    layer.eval()
    return {"y in evaluation minus y in training": layer(x).detach() - in_training}


def _evaluation_stores(student, x):
    layer = _layer(student, x)
    layer(x)
    before = {name: getattr(layer, name).detach().clone() for name in STATISTICS}
    layer.eval()
    layer(5 * x)
    return {f"change of {name} in evaluation": getattr(layer, name).detach() - before[name] for name in STATISTICS}


@part("eval")
def test_stored_statistics_in_use(compare, rng):
    """In evaluation the layer normalizes with running_mean and running_var, so that rows do not influence each other."""
    mean, var = torch.from_numpy(rng.normal(size=3)), torch.from_numpy(rng.uniform(0.5, 4, 3))
    # Loose: eps beside the root is the affair of another test.
    nearly = compare.within(1e-3, 1e-3)
    x = _tensor(rng, 5, 3)
    for batch in (x, x[:1]):
        nearly(_stored_statistics_in_use, batch, mean, var)


@part("eval", supporting=True)
def test_nothing_stored(compare, rng):
    """With track_running_stats=False evaluation normalizes with the batch, as training does."""
    compare(_nothing_stored, _tensor(rng, 6, 4))


@part("eval", supporting=True)
def test_evaluation_stores_nothing(compare, rng):
    """A batch in evaluation leaves running_mean and running_var as they are."""
    compare(_evaluation_stores, _tensor(rng, 6, 4))


def _own_statistics_stored(student, x):
    """A layer that has stored the mean and the variance of x itself: y in evaluation minus y in training."""
    layer = _layer(student, x, eps=1.0)
    in_training = layer(x).detach()
    _put(layer, running_mean=x.mean(0), running_var=x.var(0, correction=0))
    layer.eval()
    some = slice(0, 7)
    return {"y in evaluation minus y in training": layer(x[some]).detach() - in_training[some]}


@part("eval", supporting=True)
def test_evaluation_uses_eps(compare, rng):
    """Where the statistics of a batch are the stored ones, evaluation gives its rows what training gave them, for a large eps, too."""
    # Many rows and a loose bound: the divisor in training is the affair of another part.
    compare.within(0.02, 0.02)(_own_statistics_stored, _tensor(rng, 300, 3))


# ---- buffers -------------------------------------------------------------------------------------------


def _after(student, batches, names, settings):
    """What the layer stores after some batches, each with a backward pass, as in training."""
    layer = _layer(student, batches[0], **settings)
    for x in batches:
        vjp(layer, x, upstream=x)
    return {name: getattr(layer, name).detach() for name in names}


def _history(student, batches):
    layer = _layer(student, batches[0])
    for x in batches:
        vjp(layer, x, upstream=x)
    # A parameter requires a gradient too, but that is the affair of the part state_dict.
    parameters = [name for name, _ in layer.named_parameters()]
    return {
        f"{name}.requires_grad": getattr(layer, name).requires_grad and name not in parameters for name in STATISTICS
    }


def _four_batches(rng):
    return [_tensor(rng, n, 3) for n in (4, 7, 2, 5)]


@part("buffers")
def test_running_mean(compare, rng):
    """After four batches running_mean is that of torch, for the default momentum and for 0.3."""
    # Statistics that stayed float32 are the affair of the part state_dict.
    nearly = compare.within(1e-5, 1e-5)
    nearly(_after, _four_batches(rng), ("running_mean",), {})
    nearly(_after, _four_batches(rng), ("running_mean",), {"momentum": 0.3})


@part("buffers")
def test_running_variance(compare, rng):
    """After four batches running_var is that of torch."""
    compare.within(1e-5, 1e-5)(_after, _four_batches(rng), ("running_var",), {"momentum": 0.1})


@part("buffers")
def test_plain_average(compare, rng):
    """With momentum None running_mean is the plain average over the batches, and num_batches_tracked counts them."""
    names = ("running_mean", "num_batches_tracked")
    compare.within(1e-5, 1e-5)(_after, _four_batches(rng), names, {"momentum": None})


@part("buffers", supporting=True)
def test_no_history(compare, rng):
    """What the layer stores carries no autograd history from one step to the next."""
    compare(_history, _four_batches(rng)[:2])


# ---- shapes --------------------------------------------------------------------------------------------


def _train(student, x):
    return {"y": _layer(student, x)(x)}


def _as_rows(student, x, weight, bias):
    """What a layer makes of images minus what another makes of their pixels as rows (N * H * W, C)."""
    images, rows = _layer(student, x), _layer(student, x)
    for layer in (images, rows):
        _put(layer, weight=weight, bias=bias)
    pixels = x.movedim(1, -1)  # (N, H, W, C)
    y = rows(pixels.reshape(-1, x.shape[1])).detach().reshape(pixels.shape).movedim(-1, 1)
    difference = {"y of images minus y of their pixels as rows": images(x).detach() - y}
    for name in STATISTICS:
        difference[f"{name}, images minus rows"] = (getattr(images, name) - getattr(rows, name)).detach()
    return difference


def _after_a_refusal(student, x):
    """What the layer stores after a good batch and a refused one."""
    layer = _layer(student, x)
    layer(x)
    before = {name: getattr(layer, name).detach().clone() for name in (*STATISTICS, "num_batches_tracked")}
    with contextlib.suppress(ValueError):
        layer(x[:1, :, :1])
    return {f"change of {name}": getattr(layer, name).detach() - value for name, value in before.items()}


def _in_training(student, channels, x):
    return student.BatchNormScratch(channels).double()(x)


@part("shapes")
def test_channels_on_axis_1(compare, rng):
    """(N, C, L), (N, C, H, W) and a single image are normalized for each channel over all axes but axis 1."""
    # Loose, and with many values per channel: the divisor of the variance is the affair of another part.
    nearly = compare.within(0.03, 0.03)
    for shape in ((7, 3, 12), (25, 4, 4), (6, 3, 5, 4), (1, 4, 9, 10)):
        nearly(_train, _tensor(rng, *shape))


@part("shapes", supporting=True)
def test_images_as_rows(compare, rng):
    """Images give the same y and the same stored statistics as their pixels, one row each; strided tensors work too."""
    weight, bias = (torch.from_numpy(rng.uniform(1, 2, 4)) for _ in range(2))
    compare.within(1e-5, 1e-5)(_as_rows, _tensor(rng, 3, 4, 2, 4), weight, bias)
    strided = _tensor(rng, 3, 4, 2, 5).contiguous(memory_format=torch.channels_last)
    compare.within(1e-5, 1e-5)(_as_rows, strided, weight, bias)


@part("shapes", supporting=True)
def test_bad_shapes(compare, rng):
    """In training one value per channel is a ValueError that leaves no trace, and so is another number of channels."""
    naming = ("x", "num_features", "channel", "channels")
    for channels, shape in ((3, (1, 3)), (3, (1, 3, 1, 1)), (3, (5, 4)), (3, (5, 1)), (3, (5, 4, 3, 3))):
        compare.refuses(_in_training, channels, torch.from_numpy(rng.normal(size=shape)), naming=naming)
    compare(_after_a_refusal, _tensor(rng, 4, 3, 2))


# ---- state_dict ----------------------------------------------------------------------------------------


def _at_the_start(student, settings):
    state = student.BatchNormScratch(4, **settings).state_dict()
    return {"names in state_dict()": " ".join(sorted(state)), "state_dict()": state}


def _exchange(student, state):
    """The state after loading it from torch's layer, and from there into torch's layer again."""
    torchs, back = (student.imported("torch.nn").BatchNorm1d(3) for _ in range(2))
    torchs.load_state_dict(state)
    layer = student.BatchNormScratch(3)
    layer.load_state_dict(torchs.state_dict())
    back.load_state_dict(layer.state_dict())
    return {"state_dict() after loading": layer.state_dict(), "in nn.BatchNorm1d": back.state_dict()}


def _what_is_what(student):
    layer = student.BatchNormScratch(3)
    names = sorted(name for name, _ in layer.named_parameters())
    layer.double()
    return {
        "names of the parameters": " ".join(names),
        "type of running_mean after .double()": str(layer.running_mean.dtype),
        "type of running_var after .double()": str(layer.running_var.dtype),
        "num_batches_tracked is an integer": "int" in str(layer.num_batches_tracked.dtype),
    }


@part("state_dict", supporting=True)
def test_state_at_the_start(compare):
    """A new layer has the state of a new nn.BatchNorm1d, also without parameters or without statistics."""
    for settings in ({}, {"affine": False}, {"track_running_stats": False}):
        compare(_at_the_start, settings)


@part("state_dict", supporting=True)
def test_exchange_with_torch(compare, rng):
    """load_state_dict works in both directions between this layer and nn.BatchNorm1d."""
    state = {name: torch.from_numpy(rng.uniform(1, 2, 3)).float() for name in ("weight", "bias", *STATISTICS)}
    compare(_exchange, state | {"num_batches_tracked": torch.tensor(7)})


@part("state_dict", supporting=True)
def test_parameters_and_buffers(compare):
    """The optimizer sees weight and bias only, and .double() takes the stored statistics along, but not the count."""
    compare(_what_is_what)
