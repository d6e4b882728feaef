"""Believable wrong answers to recalibrate_bn. Each docstring is what a good tutor would say."""

import contextlib

import torch
from torch import nn


def _layers(model):
    return [m for m in model.modules() if getattr(m, "running_mean", None) is not None]


def _restart(layers):
    for layer in layers:
        layer.running_mean.zero_()
        layer.running_var.fill_(1)
        layer.num_batches_tracked.zero_()


@contextlib.contextmanager
def _restored(model):
    """Modes and momenta are afterwards as before."""
    modes = [(m, m.training, getattr(m, "momentum", None)) for m in model.modules()]
    yield
    for m, mode, momentum in modes:
        m.training = mode
        if hasattr(m, "momentum"):
            m.momentum = momentum


def _checked(batches):
    batches = list(batches)
    if not batches:
        raise ValueError("batches must not be empty")
    return batches


def _measure(model, layers, batches, momentum=None):
    model.eval()
    for layer in layers:
        layer.train()
        layer.momentum = momentum
    with torch.no_grad():
        for batch in batches:
            model(batch)


def no_reset(model, batches):
    """You do not start anew: the old average is still inside, with the weight of all the batches counted in training."""
    batches = _checked(batches)
    with _restored(model):
        _measure(model, _layers(model), batches)


def count_not_reset(model, batches):
    """You set the statistics back, but not the number of batches counted: the zeros and ones you put there are averaged in."""
    batches, layers = _checked(batches), _layers(model)
    for layer in layers:
        layer.running_mean.zero_()
        layer.running_var.fill_(1)
    with _restored(model):
        _measure(model, layers, batches)


def momentum_kept(model, batches):
    """You start anew, but with the layer's own momentum: that gives a moving average in which the start and the last batches weigh most."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        model.eval()
        for layer in layers:
            layer.train()
        with torch.no_grad():
            for batch in batches:
                model(batch)


def last_batch_only(model, batches):
    """Only the last batch is left: with momentum 1 each batch replaces the one before."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches, momentum=1.0)


def whole_model_in_evaluation(model, batches):
    """The whole model is in evaluation mode, so nothing was updated. The batch norm layers have to be in training mode to measure."""
    batches = _checked(batches)
    with _restored(model):
        model.eval()
        for layer in _layers(model):
            layer.momentum = None
        with torch.no_grad():
            for batch in batches:
                model(batch)


def reset_in_evaluation(model, batches):
    """You set the statistics back and then run the model in evaluation mode: nothing is measured, and zeros and ones are left."""
    batches = _checked(batches)
    _restart(_layers(model))
    whole_model_in_evaluation(model, batches)


def left_in_training(model, batches):
    """The model is left in training mode. Whoever hands you a model expects it back as it was."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    momenta = [layer.momentum for layer in layers]
    _measure(model, layers, batches)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train()


def left_in_evaluation(model, batches):
    """The model is left in evaluation mode. It may have been in training, and the next training step would not know."""
    left_in_training(model, batches)
    model.eval()


def one_mode_for_all(model, batches):
    """You restore the mode of the model as a whole. Its modules can have different ones, frozen layers for example: write down each."""
    training = model.training
    left_in_training(model, batches)
    model.train(training)


def momentum_left_none(model, batches):
    """momentum is left at None. If training goes on, the layers average over everything instead of following the network."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    modes = [(m, m.training) for m in model.modules()]
    _measure(model, layers, batches)
    for m, mode in modes:
        m.training = mode


def momentum_set_to_default(model, batches):
    """You set momentum to 0.1 afterwards. The layers may have had another one: write down what it was."""
    momentum_left_none(model, batches)
    for layer in _layers(model):
        layer.momentum = 0.1


def plain_dropout_off_only(model, batches):
    """You switch off nn.Dropout only. There are other layers that are random in training, nn.Dropout2d for one: say what is on, not what is off."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        model.train()
        for m in model.modules():
            if type(m) is nn.Dropout:
                m.eval()
        for layer in layers:
            layer.momentum = None
        with torch.no_grad():
            for batch in batches:
                model(batch)


def dropout_active(model, batches):
    """Dropout is on during your pass. At test time it is off, and with it on the layers behind it see a variance inflated by up to 1 / (1 - p)."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        model.train()
        for layer in layers:
            layer.momentum = None
        with torch.no_grad():
            for batch in batches:
                model(batch)


def goes_on_training(model, batches):
    """You take an optimizer step. Only statistics may change; the weights are final."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        model.eval()
        for layer in layers:
            layer.train()
            layer.momentum = None
        for batch in batches:
            model.zero_grad()
            model(batch).exp().mean().backward()  # squares behind batch norm have almost no gradient
            with torch.no_grad():  # not torch.optim: importing it takes every grader a second
                for parameter in model.parameters():
                    if parameter.grad is not None:
                        parameter.sub_(parameter.grad, alpha=0.01)
    model.zero_grad()


def gradients_left(model, batches):
    """You call backward. Nothing is learned here, and the gradients you leave behind are added to those of the next training step."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        model.eval()
        for layer in layers:
            layer.train()
            layer.momentum = None
        for batch in batches:
            model(batch).square().mean().backward()


def parameters_frozen(model, batches):
    """You switch requires_grad off and leave it off: afterwards the model cannot be trained any more."""
    model.requires_grad_(False)
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)


def first_level_only(model, batches):
    """You look at the first level of the model only. Batch norm layers inside a block keep their old statistics: ask model.modules()."""
    batches = _checked(batches)
    layers = [m for m in model.children() if getattr(m, "running_mean", None) is not None]
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)


def one_dimension_only(model, batches):
    """You measure nn.BatchNorm1d only. nn.BatchNorm2d stores statistics, too, and so may layers of your own."""
    batches = _checked(batches)
    layers = [m for m in _layers(model) if isinstance(m, nn.BatchNorm1d)]
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)


def layers_that_store_nothing(model, batches):
    """You treat every batch norm layer as one that stores statistics. With track_running_stats=False its running_mean is None."""
    batches = _checked(batches)
    layers = [m for m in model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)


def resets_before_looking(model, batches):
    """You set the statistics back before you know that there is a batch: with no batches the old ones are lost."""
    layers = _layers(model)
    _restart(layers)
    batches = _checked(batches)
    with _restored(model):
        _measure(model, layers, batches)


def _collect(model, batches):
    """Mean, variance, count of the inputs of each layer, batch by batch."""
    layers = _layers(model)
    seen = {layer: [] for layer in layers}

    def look(layer, inputs):
        x = inputs[0].detach()
        axes = [0, *range(2, x.ndim)]
        seen[layer].append((x.mean(axes), x.var(axes, correction=0), x.numel() // x.shape[1]))

    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    with _restored(model):
        _measure(model, layers, batches)
    for hook in hooks:
        hook.remove()
    return seen


def _store(seen, mean, var):
    for layer, batches in seen.items():
        layer.running_mean.copy_(mean(batches))
        layer.running_var.copy_(var(batches))


def biased_variance(model, batches):
    """You average the biased variances. What is stored is an estimate for other data and divides by n - 1."""
    seen = _collect(model, _checked(batches))
    _store(seen, lambda b: sum(m for m, _, _ in b) / len(b), lambda b: sum(v for _, v, _ in b) / len(b))


def weighted_by_size(model, batches):
    """You weigh each batch by its size. Here every batch weighs the same, a short last one too."""
    seen = _collect(model, _checked(batches))
    _store(
        seen,
        lambda b: sum(m * n for m, _, n in b) / sum(n for *_, n in b),
        lambda b: sum(v * n / (n - 1) * n for _, v, n in b) / sum(n for *_, n in b),
    )


def pooled(model, batches):
    """You compute the statistics of all rows together. That contains the spread between the batches; here the variances of the batches are averaged."""

    def mean(b):
        return sum(m * n for m, _, n in b) / sum(n for *_, n in b)

    def var(b):
        n = sum(n for *_, n in b)
        return sum((v + (m - mean(b)) ** 2) * k for m, v, k in b) / (n - 1)

    _store(_collect(model, _checked(batches)), mean, var)


def deviations_averaged(model, batches):
    """You average the standard deviations and square the result. It is the variances that are averaged."""
    seen = _collect(model, _checked(batches))
    _store(
        seen,
        lambda b: sum(m for m, _, _ in b) / len(b),
        lambda b: (sum((v * n / (n - 1)) ** 0.5 for _, v, n in b) / len(b)) ** 2,
    )


def layer_by_layer(model, batches):
    """You measure one layer at a time, with final statistics in the layers below. Then the deeper layers see other inputs than in one pass for all."""
    batches = _checked(batches)
    for layer in _layers(model):
        _restart([layer])
        with _restored(model):
            _measure(model, [layer], batches)


def layers_below_in_evaluation(model, batches):
    """You measure while the batch norm layers are in evaluation mode, so the deeper ones see inputs that were normalized with old statistics."""
    batches = _checked(batches)
    seen = {layer: [] for layer in _layers(model)}

    def look(layer, inputs):
        axes = [0, *range(2, inputs[0].ndim)]
        seen[layer].append((inputs[0].mean(axes), inputs[0].var(axes), 0))

    hooks = [layer.register_forward_pre_hook(look) for layer in seen]
    with _restored(model), torch.no_grad():
        model.eval()
        for batch in batches:
            model(batch)
    for hook in hooks:
        hook.remove()
    _store(seen, lambda b: sum(m for m, _, _ in b) / len(b), lambda b: sum(v for _, v, _ in b) / len(b))


def parameters_reset(model, batches):
    """You call reset_parameters(), which sets gamma and beta back as well. reset_running_stats() is the one that leaves them alone."""
    batches, layers = _checked(batches), _layers(model)
    for layer in layers:
        layer.reset_parameters()
    with _restored(model):
        _measure(model, layers, batches)


def gone_through_twice(model, batches):
    """You go through the batches twice. A generator is empty the second time: go through them once, or make a list first."""
    if not sum(1 for _ in batches):
        raise ValueError("batches must not be empty")
    layers = _layers(model)
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)


def hooks_left(model, batches):
    """Your hooks stay in the model and go on collecting with every call. Keep what register_forward_pre_hook returns, and remove() it."""
    batches, layers = _checked(batches), _layers(model)
    _restart(layers)
    with _restored(model):
        _measure(model, layers, batches)
    for layer in layers:
        layer.register_forward_pre_hook(lambda layer, inputs: None)
