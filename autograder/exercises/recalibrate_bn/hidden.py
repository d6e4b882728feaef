"""Hidden tests of recalibrate_bn.

Means and variances are looked at by different tests, so that a wrong variance leaves the points of the means. Only the part "dropout" has dropout layers, and it looks at what they change: a pass that measures something else, with
dropout off, keeps these points. num_batches_tracked afterwards is open and never compared.
"""

import contextlib

import torch

from autograder.exercise import part

PARTS = {"statistics": 2, "state restored": 1, "dropout": 1}


def _weights(rng):
    """Weights, and statistics of an earlier training, for `_rows_model`."""
    return {
        "0.weight": _normal(rng, 5, 3),
        "0.bias": _normal(rng, 5),
        "2.weight": _normal(rng, 5),
        "2.bias": _normal(rng, 5),
        "2.running_mean": 3 + _normal(rng, 5),
        "2.running_var": torch.from_numpy(rng.uniform(4, 9, 5)),
        "2.num_batches_tracked": torch.tensor(int(rng.integers(3, 9))),
        "4.weight": _normal(rng, 4, 5),
        "4.bias": _normal(rng, 4),
        "5.weight": _normal(rng, 4),
        "5.bias": _normal(rng, 4),
        "5.running_mean": _normal(rng, 4) - 3,
        "5.running_var": torch.from_numpy(rng.uniform(4, 9, 4)),
        "5.num_batches_tracked": torch.tensor(int(rng.integers(3, 9))),
    }


def _rows_model(student, weights, p_drop=None):
    """Linear, dropout or nothing, batch norm, tanh, linear, batch norm; in evaluation mode."""
    nn = student.imported("torch.nn")
    between = nn.Identity() if p_drop is None else nn.Dropout(p_drop)
    first, second = nn.BatchNorm1d(5, momentum=0.3), nn.BatchNorm1d(4, momentum=0.05)
    model = nn.Sequential(nn.Linear(3, 5), between, first, nn.Tanh(), nn.Linear(5, 4), second).double()
    model.load_state_dict(weights)
    return model.eval()


def _images_model(student, kernel, dropout=""):
    """Blocks inside blocks: convolution, dropout of channels or nothing, batch norm of images, then of rows."""
    nn = student.imported("torch.nn")
    between = getattr(nn, dropout)(1.0) if dropout else nn.Identity()
    block = nn.Sequential(nn.Conv2d(2, 3, 2), between, nn.BatchNorm2d(3))
    inner = nn.Sequential(block, nn.Flatten(), nn.BatchNorm1d(18), nn.Tanh())
    model = nn.Sequential(inner, nn.BatchNorm1d(18)).double()
    block[0].load_state_dict({"weight": kernel, "bias": kernel[:, 0, 0, 0]})
    for layer, size in ((block[2], 3), (inner[2], 18), (model[1], 18)):
        layer.load_state_dict(_old(size))
    return model.eval()


def _old(size):
    """What an earlier training left in a layer."""
    values = {"weight": 1.5, "bias": 0.5, "running_mean": 3.0, "running_var": 5.0}
    old = {name: torch.full((size,), value, dtype=torch.float64) for name, value in values.items()}
    return old | {"num_batches_tracked": torch.tensor(4)}


def _normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _row_batches(rng):
    """Batches that differ in place and scale; the last one is short."""
    return [_normal(rng, n, 3) * rng.uniform(0.5, 3) + 2 * _normal(rng, 3) for n in (6, 6, 6, 3)]


def _image_batches(rng):
    return [_normal(rng, n, 2, 3, 4) * rng.uniform(0.5, 3) + rng.normal() for n in (5, 5, 3)]


def _stored(model):
    return {name: value.clone() for name, value in model.state_dict().items() if "running" in name}


# ---- statistics ----------------------------------------------------------------------------------------


def _rows(student, weights, batches):
    model = _rows_model(student, weights)
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _means_or_variances(student, weights, batches, which):
    stored = _rows(student, weights, batches)
    return {name: value for name, value in stored.items() if which in name}


def _generator(student, batches):
    """What is stored after a generator minus what is stored after a list."""
    stored = []
    for given in (batches, student.imported("builtins").iter(batches)):
        nn = student.imported("torch.nn")
        model = nn.Sequential(nn.BatchNorm1d(3)).double()
        model[0].load_state_dict(_old(3))
        student.recalibrate_bn(model, given)
        stored.append(_stored(model))
    return {f"{name}, generator minus list": stored[1][name] - stored[0][name] for name in stored[0]}


def _images(student, kernel, batches):
    model = _images_model(student, kernel)
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _beside_a_layer_that_stores_nothing(student, batches):
    nn = student.imported("torch.nn")
    model = nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False), nn.BatchNorm1d(3)).double()
    # A bias, because the mean behind a plain normalization is the 0 that a layer starts with.
    model[0].load_state_dict({name: _old(3)[name] for name in ("weight", "bias")})
    model[1].load_state_dict(_old(3))
    student.recalibrate_bn(model, batches)
    return {name: value for name, value in _stored(model).items() if "mean" in name}


@part("statistics")
def test_plain_average(compare, rng):
    """Means are averaged over the batches, each batch alike, and nothing old is left."""
    compare(_means_or_variances, _weights(rng), _row_batches(rng), "mean")


@part("statistics")
def test_unbiased_variances(compare, rng):
    """Unbiased variances are averaged over the batches, each batch alike, and nothing old is left."""
    compare(_means_or_variances, _weights(rng), _row_batches(rng), "var")


@part("statistics", supporting=True)
def test_generator(compare, rng):
    """A generator of batches does as well as a list."""
    compare(_generator, _row_batches(rng))


@part("statistics")
def test_all_layers(compare, rng):
    """BatchNorm2d and BatchNorm1d are measured wherever they sit in the model."""
    compare(_images, _normal(rng, 3, 2, 2, 2), _image_batches(rng))


@part("statistics")
def test_layer_that_stores_nothing(compare, rng):
    """A batch norm layer without running statistics is left alone; others in the same model are measured."""
    compare(_beside_a_layer_that_stores_nothing, _row_batches(rng))


# ---- state ---------------------------------------------------------------------------------------------


def _modes(student, weights, batches):
    """Of a model in training with frozen layers, and of one in evaluation with a layer that is not."""
    training, evaluation = _rows_model(student, weights, p_drop=0.3), _rows_model(student, weights, p_drop=0.3)
    training.train()
    training[2].eval()
    training[4].eval()
    evaluation[5].train()
    for model in (training, evaluation):
        student.recalibrate_bn(model, batches)
    return {
        "training of each module of a model in training": [module.training for module in training.modules()],
        "training of each module of a model in evaluation": [module.training for module in evaluation.modules()],
    }


def _momenta(student, weights, batches):
    model = _rows_model(student, weights)
    model[5].momentum = None
    student.recalibrate_bn(model, batches)
    return {"momentum of the first layer": model[2].momentum, "momentum of the second layer": model[5].momentum}


def _parameters(student, weights, batches):
    model, count = _rows_model(student, weights), student.imported("builtins").len
    student.recalibrate_bn(model, batches)
    parameters = list(model.named_parameters())
    return {
        "parameters": {name: value.detach() for name, value in parameters},
        "parameters with a .grad": " ".join(name for name, value in parameters if value.grad is not None),
        "parameters without requires_grad": " ".join(name for name, value in parameters if not value.requires_grad),
        "hooks left": sum(
            count(layer._forward_pre_hooks) + count(layer._forward_hooks) for layer in (model[2], model[5])
        ),
    }


def _no_batches(student, weights):
    model = _rows_model(student, weights)
    with contextlib.suppress(ValueError):
        student.recalibrate_bn(model, [])
    return _stored(model)


def _refused(student, weights, batches):
    return student.recalibrate_bn(_rows_model(student, weights), batches)


@part("state restored", supporting=True)
def test_modes(compare, rng):
    """Every module is afterwards in the mode it was in, also where modules of one model differ."""
    compare(_modes, _weights(rng), _row_batches(rng))


@part("state restored", supporting=True)
def test_momenta(compare, rng):
    """The momentum of every layer is afterwards what it was."""
    compare(_momenta, _weights(rng), _row_batches(rng))


@part("state restored", supporting=True)
def test_parameters(compare, rng):
    """Parameters are afterwards bit for bit what they were, trainable, and without a gradient; no hook is left."""
    compare.within(0, 0)(_parameters, _weights(rng), _row_batches(rng))


@part("state restored", supporting=True)
def test_no_batches(compare, rng):
    """Without batches there is a ValueError that names batches, and the statistics stay as they are."""
    weights = _weights(rng)
    compare(_no_batches, weights)
    compare.refuses(_refused, weights, [], naming=("batches",))


# ---- dropout -------------------------------------------------------------------------------------------


def _effect_of_dropout(student, weights, batches, p_drop):
    return _effect(student, batches, _rows_model(student, weights), _rows_model(student, weights, p_drop))


def _effect_of_channel_dropout(student, kernel, batches, dropout):
    return _effect(student, batches, _images_model(student, kernel), _images_model(student, kernel, dropout))


def _effect(student, batches, without, dropping):
    """Statistics with a dropout layer minus those without it, and whether anything was measured at all."""
    old = _stored(without)
    for model in (without, dropping):
        student.recalibrate_bn(model, batches)
    plain, noisy = _stored(without), _stored(dropping)
    effect = {f"{name}, effect of dropout": noisy[name] - plain[name] for name in plain}
    return effect | {"measured": any(_is_new(plain[name], old[name]) for name in plain if "mean" in name)}


def _is_new(mean, old):
    return float(abs(mean - old).max()) > 1e-3 and float(abs(mean).max()) > 1e-3


@part("dropout")
def test_dropout_is_off(compare, rng):
    """A dropout layer has no effect on what is measured behind it."""
    # With p = 1 an active dropout layer does the same for everyone, whatever the random numbers.
    compare(_effect_of_dropout, _weights(rng), _row_batches(rng), p_drop=1.0)


@part("dropout")
def test_every_kind_of_dropout_is_off(compare, rng):
    """Other layers that are random in training, such as nn.Dropout2d, have no effect either."""
    compare(_effect_of_channel_dropout, _normal(rng, 3, 2, 2, 2), _image_batches(rng), "Dropout2d")
