"""One more pass for the statistics of batch normalization."""

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


def _layer(student, batches, momentum):
    """One layer that has already stored something; its weights do not matter."""
    layer = student.imported("torch.nn").BatchNorm1d(batches[0].shape[1], momentum=momentum).double()
    layer(batches[-1] + 7)
    return layer


def _network(student, p_drop):
    """Linear, dropout, batch norm, tanh, batch norm with weights that are the same everywhere."""
    nn = student.imported("torch.nn")
    model = nn.Sequential(
        nn.Linear(2, 3), nn.Dropout(p_drop), nn.BatchNorm1d(3, momentum=0.3), nn.Tanh(), nn.BatchNorm1d(3)
    ).double()
    weight = torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.3, -0.2]], dtype=torch.float64)
    model[0].load_state_dict({"weight": weight, "bias": torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)})
    return model


def _stored(model):
    return {name: value for name, value in model.state_dict().items() if "running" in name}


def _one_layer(student, batches, momentum):
    layer = _layer(student, batches, momentum)
    student.recalibrate_bn(layer, batches)
    return _stored(layer)


def _two_layers(student, batches, p_drop):
    model = _network(student, p_drop)
    student.recalibrate_bn(model, batches)
    return _stored(model)


def _afterwards(student, batches):
    model = _network(student, 0.3)
    model.train()
    model[2].eval()
    before = model[0].weight.detach().clone()
    student.recalibrate_bn(model, batches)
    return {
        "training of each module": [module.training for module in model.modules()],
        "momentum of the layers": [model[2].momentum, model[4].momentum],
        "change of a weight": (model[0].weight - before).detach(),
        "parameters with a .grad": [name for name, value in model.named_parameters() if value.grad is not None],
    }


def _none(student, batches):
    return student.recalibrate_bn(_layer(student, [torch.ones(2, 2, dtype=torch.float64)], 0.1), batches)


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


BATCHES = [_rows([1, 2], [3, 6], [2, 2], [0, 1]), _rows([0, 2], [4, 2], [8, 5], [1, 3]), _rows([1, 1], [7, 9])]


def test_average_over_the_batches(student, compare):
    """The stored mean is the plain average of the batch means, the stored variance that of the unbiased variances."""
    compare(_one_layer, [_rows([1], [3]), _rows([4], [8], [0])], momentum=0.2)
    compare(_one_layer, BATCHES, momentum=0.1)


def test_two_layers_in_one_pass(student, compare):
    """Both layers of a small network are measured in the same pass, the second behind the first."""
    compare(_two_layers, BATCHES, p_drop=0.0)


def test_dropout_is_off(student, compare):
    """A dropout layer that would drop everything does not disturb the statistics of the layers behind it."""
    # p = 1 needs no random numbers: what an active dropout layer does is the same for everyone.
    compare(_two_layers, BATCHES, p_drop=1.0)


def test_all_else_is_as_before(student, compare):
    """Modes, momenta and parameters are afterwards what they were, and no gradient is left."""
    compare(_afterwards, BATCHES)


def test_no_batches(student, compare):
    """An empty iterable is a ValueError that names batches."""
    compare.refuses(_none, [], naming=("batches",))
