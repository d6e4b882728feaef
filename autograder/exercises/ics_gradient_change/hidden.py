"""Hidden tests of ics_gradient_change.

l2 and cos are looked at by different tests, so that a wrong norm leaves the point of the angle. What the function leaves
behind is the affair of the part "restored": every other test makes a model for one call.
"""

import numpy as np
import torch

from autograder.exercise import part

PARTS = {"l2": 3, "cos": 1, "restored": 2}


def _normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _weights(rng):
    """Weights and statistics for `_model`: linear layers of 4, 6, 6, 6 and 3 units, batch norm after the first."""
    sizes = (5, 4, 6, 6, 6, 3)
    weights = {}
    for place, n_in, n_out in zip((0, 3, 5, 7, 9), sizes[:-1], sizes[1:], strict=True):
        weights[f"{place}.weight"] = _normal(rng, n_out, n_in) * (1.5 / n_in**0.5)
        weights[f"{place}.bias"] = 0.3 * _normal(rng, n_out)
    return weights | {
        "1.weight": torch.from_numpy(rng.uniform(1, 2, 4)),
        "1.bias": 0.5 * _normal(rng, 4),
        "1.running_mean": 2 * _normal(rng, 4),
        "1.running_var": torch.from_numpy(rng.uniform(1, 4, 4)),
        "1.num_batches_tracked": torch.tensor(7),
    }


def _model(student, weights, training=True):
    nn = student.imported("torch.nn")
    first = (nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 6), nn.LeakyReLU(0.3))
    last = (nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Softplus(), nn.Linear(6, 3))
    model = nn.Sequential(*first, *last).double()
    model.load_state_dict(weights)
    return model.train(training)


def _batch(rng):
    return _normal(rng, 8, 5) + 0.5, torch.from_numpy(rng.integers(3, size=8))


def _both(student, weights, x, y, place, lr, training=True, loss="cross_entropy"):
    model = _model(student, weights, training)
    loss_fn = getattr(student.imported("torch.nn.functional"), loss)
    l2, cos = student.ics_gradient_change(model, model[place], loss_fn, x.clone(), y.clone(), lr)
    return float(l2), float(cos)


def _l2(student, weights, x, y, place, lr, training=True, loss="cross_entropy"):
    return {"l2": _both(student, weights, x, y, place, lr, training, loss)[0]}


def _cos(student, weights, x, y, place, lr, training=True, loss="cross_entropy"):
    return {"cos": _both(student, weights, x, y, place, lr, training, loss)[1]}


def _linear_net(rng):
    """Three weights, inputs and targets of a linear net, and G and G' of its second layer, in closed form."""
    A, B, C = (rng.normal(size=shape) for shape in ((4, 5), (6, 4), (2, 6)))
    x, y = rng.normal(size=(7, 5)), rng.normal(size=(7, 2))

    def gradients(A):
        error = 2 * (x @ A.T @ B.T @ C.T - y) / y.size
        return (error @ C @ B).T @ x, (error @ C).T @ (x @ A.T)

    step, G = gradients(A)
    return (A, B, C), x, y, G, gradients(A - 0.05 * step)[1]


def _of_linear_net(student, weights, x, y):
    nn = student.imported("torch.nn")
    model = nn.Sequential(*[nn.Linear(w.shape[1], w.shape[0], bias=False) for w in weights]).double()
    model.load_state_dict({f"{i}.weight": torch.from_numpy(w) for i, w in enumerate(weights)})
    mse = student.imported("torch.nn.functional").mse_loss
    l2, cos = student.ics_gradient_change(model, model[1], mse, torch.from_numpy(x), torch.from_numpy(y), 0.05)
    return float(l2), float(cos)


# ---- l2 ------------------------------------------------------------------------------------------------


@part("l2")
def test_change(compare, rng):
    """l2 is right for layers in the middle and at the end, one among several of the same shape, in a model with batch norm."""
    weights, batch = _weights(rng), _batch(rng)
    for place in (3, 7, 9):
        compare(_l2, weights, *batch, place, 0.8)


@part("l2")
def test_change_in_evaluation(compare, rng):
    """l2 is right for a model in evaluation, which batch norm makes another function, and for another loss."""
    weights, (x, y) = _weights(rng), _batch(rng)
    compare(_l2, weights, x, y, 5, 0.8, training=False)
    compare(_l2, weights, x, _normal(rng, 8, 3), 5, 0.4, loss="mse_loss")


@part("l2")
def test_change_of_a_linear_net(student, rng):
    """For a linear net and the mean squared error l2 is what the closed form says."""
    weights, x, y, G, changed = _linear_net(rng)
    l2 = _of_linear_net(student, weights, x, y)[0]
    expected = np.sqrt(((G - changed) ** 2).sum())
    assert abs(l2 - expected) <= 1e-6 * expected, "l2 is not what the closed form says"


@part("l2")
def test_small_steps(student, rng):
    """Half of a small step changes the gradient half as much."""
    weights, batch = _weights(rng), _batch(rng)
    whole, half = (_both(student, weights, *batch, 7, lr)[0] for lr in (2e-5, 1e-5))
    assert 1e-9 < half < 1, "the change for a small step is zero, or large"
    assert abs(whole / half - 2) < 0.01, "twice a small step does not change the gradient twice as much"


@part("l2", supporting=True)
def test_no_change(compare, rng):
    """Nothing is before the first layer and a step of 0 is none: l2 is 0 and cos is 1."""
    weights, batch = _weights(rng), _batch(rng)
    compare(_l2, weights, *batch, 0, 0.8)
    compare(_l2, weights, *batch, 7, 0.0)
    compare(_cos, weights, *batch, 0, 0.8)


def _refused(student, weights, x, y, lr, foreign):
    model = _model(student, weights)
    layer = student.imported("copy").deepcopy(model[5]) if foreign else model[5]
    return student.ics_gradient_change(model, layer, student.imported("torch.nn.functional").cross_entropy, x, y, lr)


def _is_refused(student, weights, x, y, lr, foreign):
    _both(student, weights, x, y, 5, 0.1)  # an answer that raises for every input is not one that refuses this one
    try:
        _refused(student, weights, x, y, lr, foreign)
    except ValueError:
        return {"a layer that is not in the model" if foreign else "a negative lr": "refused"}
    return {"a layer that is not in the model" if foreign else "a negative lr": "accepted"}


@part("l2", supporting=True)
def test_refusals(compare, rng):
    """A layer that is not in the model, if only a copy of one that is, and a negative lr are refused."""
    weights, batch = _weights(rng), _batch(rng)
    for lr, foreign, naming in ((0.1, True, ("layer", "model")), (-0.1, False, ("lr",))):
        compare(_is_refused, weights, *batch, lr, foreign)
        compare.refuses(_refused, weights, *batch, lr, foreign, naming=naming)


# ---- cos -----------------------------------------------------------------------------------------------


@part("cos")
def test_angle(compare, rng):
    """cos is the cosine of the angle between the two gradients, in training and in evaluation."""
    weights, batch = _weights(rng), _batch(rng)
    compare(_cos, weights, *batch, 5, 1.5)
    compare(_cos, weights, *batch, 9, 1.5, training=False)


@part("cos")
def test_angle_of_a_linear_net(student, rng):
    """For a linear net and the mean squared error cos is what the closed form says."""
    weights, x, y, G, changed = _linear_net(rng)
    cos = _of_linear_net(student, weights, x, y)[1]
    expected = (G * changed).sum() / np.sqrt((G**2).sum() * (changed**2).sum())
    assert abs(cos - expected) <= 1e-6, "cos is not what the closed form says"


# ---- restored ------------------------------------------------------------------------------------------


def _left_behind(student, weights, x, y, single):
    """What a call does to the parameters. In float32, where single is true: the rounding errors are larger."""
    model = _model(student, weights)
    if single:
        model, x = model.float(), x.float()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    student.ics_gradient_change(model, model[7], student.imported("torch.nn.functional").cross_entropy, x, y, 0.8)
    after = dict(model.named_parameters())
    change = max(float((after[name].detach() - value).abs().max()) for name, value in before.items())
    return {
        "change of the parameters": "none" if change == 0 else "a rounding error" if change < 1e-5 else "large",
        "parameters that are frozen": " ".join(name for name, value in after.items() if not value.requires_grad),
    }


def _modes(student, weights, x, y):
    model, modes = _model(student, weights), {}
    loss_fn = student.imported("torch.nn.functional").cross_entropy
    for training in (True, False):
        model.train(training)
        model[1].train(not training)
        student.ics_gradient_change(model, model[5], loss_fn, x, y, 0.8)
        modes["training" if training else "evaluation"] = [model.training, *(module.training for module in model)]
    return {f"modes of a model in {name}, batch norm not": mode for name, mode in modes.items()}


def _repeated(student, weights, x, y):
    """A second call minus the first: what is left behind, in parameters or in .grad, would show."""
    model, found = _model(student, weights), []
    for _ in range(2):
        loss_fn = student.imported("torch.nn.functional").cross_entropy
        found.append([float(v) for v in student.ics_gradient_change(model, model[5], loss_fn, x, y, 0.8)])
    return {"second l2 minus first": found[1][0] - found[0][0], "second cos minus first": found[1][1] - found[0][1]}


@part("restored", supporting=True)
def test_parameters(compare, rng):
    """All parameters are afterwards bit for bit what they were, in float64 and in float32, and none is frozen."""
    weights, batch = _weights(rng), _batch(rng)
    for single in (False, True):
        compare(_left_behind, weights, *batch, single)


@part("restored", supporting=True)
def test_second_call(compare, rng):
    """A second call returns what the first one did."""
    compare(_repeated, _weights(rng), *_batch(rng))


@part("restored", supporting=True)
def test_modes(compare, rng):
    """Every module is afterwards in the mode it was in, also where modules of one model differ."""
    compare(_modes, _weights(rng), *_batch(rng))
