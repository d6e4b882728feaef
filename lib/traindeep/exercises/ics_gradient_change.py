"""Internal covariate shift as a change of a layer's gradient."""

import torch

SIGNATURES = {"ics_gradient_change": "model, layer, loss_fn, x, y, lr -> l2, cos"}
FORBIDDEN = ("_fused_sgd",)
HINTS = (
    "There are five things to do: find out where the layer sits, take the gradients, move some of the parameters, take one "
    "gradient again, and put the parameters back. Which parameters are moved, and which gradient is taken twice?",
    "enumerate(model) gives the modules in their order; compare with `is`. torch.autograd.grad(loss, parameters) returns "
    "gradients and touches no .grad. What you will need later has to be copied before it is changed: p.detach().clone().",
    "Move under torch.no_grad(): p -= lr * gradient, for all parameters of list(model)[:place] along gradients that you "
    "took in one go. Put back with p.copy_(old). The norm is (G - G2).norm(); the cosine is the sum of G * G2 divided by "
    "both norms.",
)


def _chain(student, weights, place, x, y, lr):
    """Linear layers in a row, without biases; squared error. Layer number `place` is asked for."""
    nn = student.imported("torch.nn")
    model = nn.Sequential(*[nn.Linear(w.shape[1], w.shape[0], bias=False) for w in weights]).double()
    model.load_state_dict({f"{i}.weight": weight for i, weight in enumerate(weights)})
    l2, cos = student.ics_gradient_change(
        model, model[place], student.imported("torch.nn.functional").mse_loss, x, y, lr
    )
    return {"l2": l2, "cos": cos}


def _network(student, state, training=True):
    """Linear, batch norm, tanh, linear, tanh, linear; the two last linear layers have the same shape."""
    nn = student.imported("torch.nn")
    layers = (nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    model = nn.Sequential(*layers).double()
    model.load_state_dict(state)
    return model.train(training)


def _measure(student, state, place, training, x, y, lr):
    model = _network(student, state, training)
    l2, cos = student.ics_gradient_change(
        model, model[place], student.imported("torch.nn.functional").cross_entropy, x, y, lr
    )
    return {"l2": l2, "cos": cos}


def _afterwards(student, state, x, y, lr):
    """What has become of the model after one call, and what a second one returns."""
    model, loss_fn = _network(student, state, training=False), student.imported("torch.nn.functional").cross_entropy
    model[1].train()
    first = student.ics_gradient_change(model, model[3], loss_fn, x, y, lr)
    parameters = list(model.named_parameters())
    change = max(float((value.detach() - state[name]).abs().max()) for name, value in parameters)
    frozen = " ".join(name for name, value in parameters if not value.requires_grad)
    second = first if frozen else student.ics_gradient_change(model, model[3], loss_fn, x, y, lr)
    return {
        "change of the parameters": "none" if change == 0 else "a rounding error" if change < 1e-10 else "large",
        "parameters that are frozen": frozen,
        "training of each module": [module.training for module in model],
        "second l2 minus first": float(second[0]) - float(first[0]),
        "second cos minus first": float(second[1]) - float(first[1]),
    }


def _refused(student, state, x, y, lr, foreign):
    model = _network(student, state)
    layer = student.imported("torch.nn").Linear(3, 3).double() if foreign else model[3]
    return student.ics_gradient_change(model, layer, student.imported("torch.nn.functional").cross_entropy, x, y, lr)


def _is_refused(student, state, x, y, lr, foreign):
    try:
        _refused(student, state, x, y, lr, foreign)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


def _numbers(*shape):
    """Numbers between -1 and 1 without a pattern, the same everywhere."""
    count = torch.Size(shape).numel()
    return torch.sin(torch.arange(1, count + 1, dtype=torch.float64) ** 2 + count).reshape(shape)


def _state():
    state = {
        "0.weight": 1.5 * _numbers(3, 2),
        "0.bias": _numbers(3),
        "1.weight": 1 + _numbers(3) / 2,
        "1.bias": _numbers(3),
        "1.running_mean": _numbers(3),
        "1.running_var": 2 + _numbers(3),
        "1.num_batches_tracked": torch.tensor(4),
    }
    for place, shift in ((3, 0.0), (5, 0.5)):
        state |= {f"{place}.weight": 2 * _numbers(3, 3) + shift, f"{place}.bias": _numbers(3) - shift}
    return state


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


X, Y = 2 * _numbers(5, 2), torch.tensor([0, 2, 1, 2, 0])


def test_three_layers_by_hand(student, compare):
    """For 1 * 3 * (x1 + x2), x = (1, 1) and the target 4, a small step of the first layer shortens the gradient of the second, a larger one turns it round."""
    weights = [_rows([1, 1]), _rows([3]), _rows([1])]
    compare(_chain, weights, 1, _rows([1, 1]), _rows([4]), lr=0.01)
    compare(_chain, weights, 1, _rows([1, 1]), _rows([4]), lr=0.05)


def test_only_what_is_before(student, compare):
    """The layer itself and the layers after it do not step; two layers before it step at once."""
    weights = [_rows([1], [2]), _rows([1, 0], [-1, 1], [0, 2]), _rows([1, 1, -1]), _rows([2], [1])]
    compare(_chain, weights, 1, _rows([1], [2]), _rows([1, 0], [2, -1]), lr=0.02)
    compare(_chain, weights, 2, _rows([1], [2]), _rows([1, 0], [2, -1]), lr=0.02)


def test_network(student, compare):
    """In a network with batch norm, in training and in evaluation, for the second and the third linear layer."""
    compare(_measure, _state(), 5, True, X, Y, lr=0.7)
    compare(_measure, _state(), 3, True, X, Y, lr=0.7)
    compare(_measure, _state(), 3, False, X, Y, lr=0.7)


def test_nothing_before_the_first_layer(student, compare):
    """The gradient of the first layer does not change, nor does any gradient when lr is 0."""
    compare(_measure, _state(), 0, True, X, Y, lr=0.7)
    compare(_measure, _state(), 3, True, X, Y, lr=0.0)


def test_model_is_as_before(student, compare):
    """Parameters are bit for bit what they were, modes too, and a second call returns what the first did."""
    # A long step: adding a short one again may give back all twelve numbers to the last bit, on some processors.
    compare(_afterwards, _state(), X, Y, lr=70.0)


def test_bad_input(student, compare):
    """A layer that is not in the model, or a negative lr, is a ValueError that names an argument."""
    for lr, foreign in ((0.1, True), (-0.1, False)):
        compare(_is_refused, _state(), X, Y, lr, foreign)
    compare.refuses(_refused, _state(), X, Y, 0.1, True, naming=("layer", "model"))
    compare.refuses(_refused, _state(), X, Y, -0.1, False, naming=("lr",))
