"""Batch normalization as a torch module."""

import torch

from traindeep.student import vjp

SIGNATURES = {"BatchNormScratch": "num_features, eps, momentum, affine, track_running_stats -> layer"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Start with the constructor. For each thing the layer must remember, ask two questions: does the optimizer change it "
    "(a parameter), and must it travel with state_dict() and .to() although nobody differentiates it (a buffer)?",
    "In forward: which mean and variance? Those of the batch in training, and also when nothing is stored; the stored "
    "ones otherwise. Only in training, and under torch.no_grad(), count the batch and move the stored values; the "
    "variance that you store has another divisor than the one you normalize with.",
    "self.register_buffer(name, tensor or None) makes a buffer. The axes to average over are all but axis 1: x.mean(axes) "
    "with axes = [0, 2, 3] for images, [0] for rows. vector.view(1, -1, 1, 1) lines a (C,) vector up with an image; build "
    "that shape from x.ndim. With momentum None the weight of the new batch is 1 / num_batches_tracked.item() after counting it.",
)


def _train(student, x, dy, eps, affine):
    layer = student.BatchNormScratch(x.shape[1], eps=eps, affine=affine).double()
    y, (dx,), _ = vjp(layer, x, upstream=dy)
    return {"y": y, "gradient of x": dx}


def _store(student, batches, momentum):
    layer = student.BatchNormScratch(batches[0].shape[1], momentum=momentum).double()
    for x in batches:
        vjp(layer, x, upstream=x)
    parameters = [name for name, _ in layer.named_parameters()]
    names = ("running_mean", "running_var")
    stored = {name: getattr(layer, name) for name in (*names, "num_batches_tracked")}
    # A parameter requires a gradient too, but that is another mistake.
    return stored | {f"{name}.requires_grad": stored[name].requires_grad and name not in parameters for name in names}


def _evaluate(student, x, others):
    layer = student.BatchNormScratch(x.shape[1], momentum=1.0).double()
    layer(x)
    layer.eval()
    return {"y in evaluation": layer(others)}


def _stored_by_evaluation(student, x, others):
    layer = student.BatchNormScratch(x.shape[1], momentum=1.0).double()
    layer(x)
    layer.eval()
    layer(others)
    return {"running_mean after evaluation": layer.running_mean}


def _without_statistics(student, x):
    layer = student.BatchNormScratch(x.shape[1], track_running_stats=False).double()
    layer.eval()
    return {"y in evaluation": layer(x)}


def _in_training(student, num_features, x):
    return student.BatchNormScratch(num_features).double()(x)


def _images(student, x, weight, bias):
    layer = student.BatchNormScratch(x.shape[1], momentum=1.0).double()
    parameters = [name for name, _ in layer.named_parameters()]
    for name, value in (("weight", weight), ("bias", bias)):
        setattr(layer, name, torch.nn.Parameter(value) if name in parameters else value)
    return {"y": layer(x), "running_var": layer.running_var}


def _state(student, **settings):
    layer = student.BatchNormScratch(3, **settings)
    state, parameters = layer.state_dict(), [name for name, _ in layer.named_parameters()]
    return {
        "names in state_dict()": " ".join(sorted(state)),
        "names of the parameters": " ".join(sorted(parameters)),
        "state_dict()": state,
    }


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_normalizes_the_batch(student, compare):
    """Rows [1, 2] and [3, 6] become [-1, -1] and [1, 1] when eps is 0, and with eps the gradient is right as well."""
    compare(_train, _rows([1, 2], [3, 6]), _rows([1, 0], [1, 0]), eps=0.0, affine=False)
    x = _rows([0, 1, 4], [1, 1.5, -2], [2, 0.5, 1], [5, 1, 3])
    compare(_train, x, _rows([1, 0, 2], [0, -1, 1], [0, 3, 0], [2, 0, 0]), eps=0.1, affine=True)


def test_stored_statistics(student, compare):
    """With momentum 0.25 each batch moves running_mean and running_var a quarter of the way, without autograd history."""
    compare(_store, [_rows([1, 2], [3, 6]), _rows([0, 2], [4, 2], [8, 5])], momentum=0.25)


def test_plain_average(student, compare):
    """With momentum None the stored values are the plain average over all batches so far."""
    compare(_store, [_rows([1, 2], [3, 6]), _rows([0, 2], [4, 2], [8, 5]), _rows([1, 1], [7, 9])], momentum=None)


def test_evaluation(student, compare):
    """In evaluation every row is normalized with the stored statistics, and nothing is stored."""
    compare(_evaluate, _rows([1, 2], [3, 6], [8, 1]), _rows([5, 5], [4, 9]))
    compare(_stored_by_evaluation, _rows([1, 2], [3, 6], [8, 1]), _rows([5, 5], [4, 9]))


def test_no_statistics(student, compare):
    """Without running statistics evaluation normalizes with the batch, as training does."""
    compare(_without_statistics, _rows([1, 2], [3, 6], [8, 1]))


def test_axis_1_holds_the_channels(student, compare):
    """For (N, C, L) and (N, C, H, W) every channel, axis 1, has its own statistics, weight and bias."""
    squares = torch.arange(24.0, dtype=torch.float64) ** 2
    weight, bias = _rows(2, -1), _rows(0, 3)
    compare(_images, squares[:8].reshape(2, 2, 2), weight, bias)
    compare(_images, squares.reshape(2, 2, 3, 2), weight, bias)


def test_state_dict(student, compare):
    """weight and bias are parameters; running_mean, running_var and num_batches_tracked are buffers."""
    compare(_state)
    compare(_state, affine=False)
    compare(_state, track_running_stats=False)


def test_bad_input(student, compare):
    """One value per channel in training, or another number of channels, is a ValueError that names x or num_features."""
    naming = ("x", "num_features", "channel", "channels")
    compare.refuses(_in_training, 2, _rows([1, 2]), naming=naming)
    compare.refuses(_in_training, 3, _rows([1, 2], [3, 6]), naming=naming)
