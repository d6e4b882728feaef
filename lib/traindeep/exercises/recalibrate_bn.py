"""One more pass for the statistics of batch normalization."""

import contextlib

import torch

SIGNATURES = {"recalibrate_bn": "model, batches"}
HINTS = (
    "Two things must be different while you measure: the batch norm layers have to look at the batch, and everything "
    "else has to behave as at test time. Modules remember their mode one by one, in module.training.",
    "A batch norm layer with momentum None keeps a plain average by itself, provided that it starts counting anew. "
    "So: write down every mode and momentum, prepare the layers, run the batches, and put everything back.",
    "model.modules() lists all modules, nested ones too; a layer counts if getattr(m, 'running_mean', None) is not None. "
    "After model.eval(), call .train() on those layers only, set num_batches_tracked to zero and momentum to None, and "
    "call the model under torch.no_grad(). Ask for the first batch before you touch anything.",
)


def _one_layer(student, x, momentum):
    """A model of one layer that has already seen a batch x in training."""
    nn = student.imported("torch.nn")
    model = nn.Sequential(nn.BatchNorm1d(x.shape[1], momentum=momentum)).double()
    model(x)
    return model


def _network(student, p_drop):
    """Linear, dropout, batch norm, tanh, batch norm with weights that are the same everywhere."""
    nn = student.imported("torch.nn")
    model = nn.Sequential(
        nn.Linear(2, 3), nn.Dropout(p_drop), nn.BatchNorm1d(3, momentum=0.3), nn.Tanh(), nn.BatchNorm1d(3)
    ).double()
    weight = torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.3, -0.2]], dtype=torch.float64)
    model[0].load_state_dict({"weight": weight, "bias": torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)})
    learned = {"weight": torch.tensor([1.5, 0.5, -1.0]), "bias": torch.tensor([0.0, 0.25, -0.5])}
    model[2].load_state_dict(learned | {name: value for name, value in model[2].state_dict().items() if "_" in name})
    return model


def _stored(model):
    return {name: value for name, value in model.state_dict().items() if "running" in name}


def _after_training(student, x, batches, momentum):
    model = _one_layer(student, x, momentum)
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _from_a_generator(student, batches):
    models = [_one_layer(student, batches[0], momentum=0.1) for _ in range(2)]
    student.recalibrate_bn(models[0], batches)
    student.recalibrate_bn(models[1], student.imported("builtins").iter(batches))
    listed, generated = (_stored(model) for model in models)
    return {f"{name}, from a generator minus from a list": generated[name] - listed[name] for name in listed}


def _two_layers(student, batches, p_drop):
    model = _network(student, p_drop)
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _images(student, batches):
    nn = student.imported("torch.nn")
    inner = nn.Sequential(nn.BatchNorm2d(2), nn.Dropout2d(1.0), nn.Flatten(), nn.BatchNorm1d(4))
    model = nn.Sequential(inner, nn.BatchNorm1d(4, track_running_stats=False), nn.Tanh(), nn.BatchNorm1d(4)).double()
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _afterwards(student, batches):
    model = _network(student, 0.3)
    model.train()
    model[2].eval()
    before, gamma = model[0].weight.detach().clone(), model[2].weight.detach().clone()
    student.recalibrate_bn(model, batches)
    in_training = [module.training for module in model.modules()]
    model.eval()
    model[4].train()
    student.recalibrate_bn(model, batches)
    parameters = list(model.named_parameters())
    return {
        "training of each module of a model in training": in_training,
        "training of each module of a model in evaluation": [module.training for module in model.modules()],
        "momentum of the layers": [model[2].momentum, model[4].momentum],
        "change of a weight": (model[0].weight - before).detach(),
        "change of gamma": (model[2].weight - gamma).detach(),
        "parameters with a .grad": " ".join(name for name, value in parameters if value.grad is not None),
        "parameters that are frozen": " ".join(name for name, value in parameters if not value.requires_grad),
    }


def _no_batches(student, x, batches):
    return student.recalibrate_bn(_one_layer(student, x, momentum=0.1), batches)


def _kept_without_batches(student, x):
    model = _one_layer(student, x, momentum=0.1)
    with contextlib.suppress(ValueError):
        student.recalibrate_bn(model, [])
    return _stored(model)


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


BATCHES = [_rows([1, 2], [3, 6], [2, 2], [0, 1]), _rows([0, 2], [4, 2], [8, 5], [1, 3]), _rows([1, 1], [7, 9])]


def test_average_over_the_batches(student, compare):
    """The stored mean is the plain average of the batch means, the stored variance that of the unbiased variances."""
    compare(_after_training, _rows([9], [5]), [_rows([1], [3]), _rows([4], [8], [0])], momentum=0.2)
    compare(_after_training, BATCHES[0] + 7, BATCHES, momentum=0.1)


def test_generator(student, compare):
    """The batches may come from a generator, which has no length and can be gone through only once."""
    compare(_from_a_generator, BATCHES)


def test_two_layers_in_one_pass(student, compare):
    """Both layers of a small network are measured in the same pass, the second behind the first."""
    compare(_two_layers, BATCHES, p_drop=0.0)


def test_dropout_is_off(student, compare):
    """A dropout layer that would drop everything does not disturb the statistics of the layers behind it."""
    # p = 1 needs no random numbers: what an active dropout layer does is the same for everyone.
    compare(_two_layers, BATCHES, p_drop=1.0)


def test_layers_of_images_and_layers_inside(student, compare):
    """nn.BatchNorm2d and layers inside a block are measured, too; a layer that stores nothing is left alone."""
    x = torch.arange(16.0, dtype=torch.float64).reshape(4, 2, 1, 2)
    compare(_images, [x**2, 3 * x[:3]])


def test_all_else_is_as_before(student, compare):
    """Modes, momenta and parameters are afterwards what they were, and no gradient is left."""
    compare(_afterwards, BATCHES)


def test_no_batches(student, compare):
    """An empty iterable is a ValueError that names batches, and the statistics stay as they were."""
    compare.refuses(_no_batches, BATCHES[0], [], naming=("batches",))
    compare(_kept_without_batches, BATCHES[0])
