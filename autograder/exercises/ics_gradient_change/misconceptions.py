"""Believable wrong answers to ics_gradient_change. Each docstring is what a good tutor would say."""

import torch
from torch.nn.functional import cosine_similarity


def _place(model, layer, lr=0.0):
    place = next((i for i, module in enumerate(model) if module is layer), None)
    if place is None:
        raise ValueError("layer is not in model")
    if lr < 0:
        raise ValueError("lr is negative")
    return place


def _gradients(model, loss_fn, x, y, parameters):
    return torch.autograd.grad(loss_fn(model(x), y), parameters) if parameters else ()


def _probe(model, layer, loss_fn, x, y, lr, stepping, *, restore=True, move=None):
    """G and G', where the parameters `stepping` take the step in between."""
    _place(model, layer, lr)
    G, *gradients = _gradients(model, loss_fn, x, y, [layer.weight, *stepping])
    old = [p.detach().clone() for p in stepping]
    with torch.no_grad():
        for p, gradient in zip(stepping, gradients, strict=True):
            p -= move(gradient) if move else lr * gradient
    (changed,) = _gradients(model, loss_fn, x, y, [layer.weight])
    if restore:
        with torch.no_grad():
            for p, value in zip(stepping, old, strict=True):
                p.copy_(value)
    return G, changed


def _before(model, layer):
    return list(model[: _place(model, layer)].parameters())


def _numbers(G, changed):
    return (G - changed).norm().item(), cosine_similarity(G.flatten(), changed.flatten(), dim=0).item()


def layer_steps_too(model, layer, loss_fn, x, y, lr):
    """The layer itself steps, too. The question is what the layers before it do to its gradient, while it stays where it is."""
    stepping = list(model[: _place(model, layer) + 1].parameters())
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, stepping))


def everything_steps(model, layer, loss_fn, x, y, lr):
    """All parameters step. Then the change has three causes, of which only one, the layers before, is asked for."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, list(model.parameters())))


def all_others_step(model, layer, loss_fn, x, y, lr):
    """All layers but this one step. What lies after the layer does not change its inputs: only the layers before it step."""
    stepping = [p for module in model if module is not layer for p in module.parameters()]
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, stepping))


def later_layers_step(model, layer, loss_fn, x, y, lr):
    """The layers after this one step. They do not change its inputs: those before it do."""
    stepping = list(model[_place(model, layer) + 1 :].parameters())
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, stepping))


def nothing_steps(model, layer, loss_fn, x, y, lr):
    """Your change is always 0. Either nothing moves between the two gradients, or both are the same tensor: .grad is written over by the second backward."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, []))


def neighbour_steps(model, layer, loss_fn, x, y, lr):
    """Only the nearest layer before this one steps. All layers before it do."""
    place = _place(model, layer)
    holders = [module for module in model[:place] if list(module.parameters())]
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, list(holders[-1].parameters()) if holders else []))


def weights_step_only(model, layer, loss_fn, x, y, lr):
    """Only weight matrices step. Biases, and batch norm's scale and shift, are parameters as well."""
    stepping = [p for p in _before(model, layer) if p.ndim > 1]
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, stepping))


def linear_layers_step_only(model, layer, loss_fn, x, y, lr):
    """Only linear layers step. Batch norm has parameters, too, and they also move what this layer sees."""
    place = _place(model, layer)
    stepping = [p for m in model[:place] if isinstance(m, torch.nn.Linear) for p in m.parameters()]
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, stepping))


def uphill(model, layer, loss_fn, x, y, lr):
    """Your step goes up: the gradient is subtracted, not added."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer), move=lambda g: -lr * g))


def momentum_used(model, layer, loss_fn, x, y, lr):
    """Your step has momentum in it, and is nearly twice as long. A plain step of gradient descent is meant."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer), move=lambda g: 1.9 * lr * g))


def adam_used(model, layer, loss_fn, x, y, lr):
    """You step with Adam, which moves every parameter by lr whatever its gradient. A plain step of gradient descent is meant."""
    move = lambda g: lr * g / (g.abs() + 1e-8)  # noqa: E731
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer), move=move))


def unit_step(model, layer, loss_fn, x, y, lr):
    """You divide each gradient by its length before you step. The step is lr times the gradient as it is."""
    move = lambda g: lr * g / (g.norm() + 1e-12)  # noqa: E731
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer), move=move))


def one_after_another(model, layer, loss_fn, x, y, lr):
    """You step one layer after the other and take new gradients in between. All step at once, along gradients from before anything moved."""
    place = _place(model, layer, lr)
    (G,) = _gradients(model, loss_fn, x, y, [layer.weight])
    old = [p.detach().clone() for p in model.parameters()]
    for module in model[:place]:
        parameters = list(module.parameters())
        gradients = _gradients(model, loss_fn, x, y, parameters)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients, strict=True):
                p -= lr * gradient
    (changed,) = _gradients(model, loss_fn, x, y, [layer.weight])
    with torch.no_grad():
        for p, value in zip(model.parameters(), old, strict=True):
            p.copy_(value)
    return _numbers(G, changed)


def not_restored(model, layer, loss_fn, x, y, lr):
    """You leave the parameters where the step has taken them. Whoever measures must not disturb: put them back."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer), restore=False))


def steps_back(model, layer, loss_fn, x, y, lr):
    """You add lr times the gradient again. That is off by a rounding error: keep a copy and put it back."""
    _place(model, layer, lr)
    stepping = _before(model, layer)
    G, *gradients = _gradients(model, loss_fn, x, y, [layer.weight, *stepping])
    with torch.no_grad():
        for p, gradient in zip(stepping, gradients, strict=True):
            p -= lr * gradient
    (changed,) = _gradients(model, loss_fn, x, y, [layer.weight])
    with torch.no_grad():
        for p, gradient in zip(stepping, gradients, strict=True):
            p += lr * gradient
    return _numbers(G, changed)


def gradients_accumulated(model, layer, loss_fn, x, y, lr):
    """You call backward twice without setting .grad to zero in between: your second gradient is the sum of both."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return _numbers(G, G + changed)


def stale_gradients(model, layer, loss_fn, x, y, lr):
    """Your first backward adds to a .grad that was there before, so a second call returns other numbers. Set it to zero first."""
    _place(model, layer, lr)
    stepping = _before(model, layer)
    loss_fn(model(x), y).backward()
    G = layer.weight.grad.clone()
    old = [p.detach().clone() for p in stepping]
    with torch.no_grad():
        for p in stepping:
            p -= lr * p.grad
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p, value in zip(stepping, old, strict=True):
            p.copy_(value)
    return _numbers(G, layer.weight.grad)


def relative(model, layer, loss_fn, x, y, lr):
    """You divide by the length of G. That is a good number, too, but the definition has the change itself."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    l2, cos = _numbers(G, changed)
    return l2 / G.norm().item(), cos


def squared(model, layer, loss_fn, x, y, lr):
    """That is the square of the norm: the root is missing."""
    l2, cos = _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))
    return l2**2, cos


def spectral_norm(model, layer, loss_fn, x, y, lr):
    """You take the largest singular value, the matrix norm with ord=2. Here all entries count: the Frobenius norm."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return torch.linalg.matrix_norm(G - changed, ord=2).item(), _numbers(G, changed)[1]


def difference_of_norms(model, layer, loss_fn, x, y, lr):
    """You subtract the lengths. Two gradients of the same length may point in opposite directions: take the length of the difference."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return (G.norm() - changed.norm()).abs().item(), _numbers(G, changed)[1]


def mean_of_squares(model, layer, loss_fn, x, y, lr):
    """You take the root of the mean of the squares. The norm has their sum."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return (G - changed).square().mean().sqrt().item(), _numbers(G, changed)[1]


def row_by_row(model, layer, loss_fn, x, y, lr):
    """You average the cosines of the rows. The gradient is one vector, the matrix laid out flat."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return _numbers(G, changed)[0], cosine_similarity(G, changed, dim=1).mean().item()


def cosine_distance(model, layer, loss_fn, x, y, lr):
    """That is 1 minus the cosine. The cosine itself is asked for: 1 where nothing has turned."""
    l2, cos = _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))
    return l2, 1 - cos


def product_not_normalized(model, layer, loss_fn, x, y, lr):
    """That is the inner product of the gradients. The cosine is that divided by both lengths."""
    G, changed = _probe(model, layer, loss_fn, x, y, lr, _before(model, layer))
    return _numbers(G, changed)[0], (G * changed).sum().item()


def results_exchanged(model, layer, loss_fn, x, y, lr):
    """The two numbers have changed places: l2 comes first."""
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))[::-1]


def bias_included(model, layer, loss_fn, x, y, lr):
    """You take the gradient of the bias along. W is layer.weight alone."""
    _place(model, layer, lr)
    stepping = _before(model, layer)
    own = list(layer.parameters())
    old = [p.detach().clone() for p in stepping]
    gradients = _gradients(model, loss_fn, x, y, [*own, *stepping])
    with torch.no_grad():
        for p, gradient in zip(stepping, gradients[len(own) :], strict=True):
            p -= lr * gradient
    changed = _gradients(model, loss_fn, x, y, own)
    with torch.no_grad():
        for p, value in zip(stepping, old, strict=True):
            p.copy_(value)
    return _numbers(*(torch.cat([g.flatten() for g in gs]) for gs in (gradients[: len(own)], changed)))


def inputs_compared(model, layer, loss_fn, x, y, lr):
    """You compare the layer's inputs before and after the step. This definition compares its gradients: what the layer itself notices of the shift."""
    place = _place(model, layer, lr)
    stepping = _before(model, layer)
    gradients = _gradients(model, loss_fn, x, y, stepping)
    old, first = [p.detach().clone() for p in stepping], model[:place](x).detach()
    with torch.no_grad():
        for p, gradient in zip(stepping, gradients, strict=True):
            p -= lr * gradient
        second = model[:place](x)
        for p, value in zip(stepping, old, strict=True):
            p.copy_(value)
    return _numbers(first, second)


def in_evaluation(model, layer, loss_fn, x, y, lr):
    """You put the model into evaluation mode. Batch norm is another function there: measure in the mode the model is in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    found = _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))
    for module, mode in modes:
        module.training = mode
    return found


def in_training(model, layer, loss_fn, x, y, lr):
    """You put the model into training mode, and leave it there. Measure in the mode the model is in."""
    model.train()
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))


def one_mode_for_all(model, layer, loss_fn, x, y, lr):
    """You set the mode of the whole model to what model.training says. Its modules may differ, frozen batch norm for one: leave the modes alone."""
    model.train(model.training)
    return _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))


def frozen_afterwards(model, layer, loss_fn, x, y, lr):
    """You switch requires_grad off and leave it off: afterwards these parameters cannot be trained any more."""
    found = _numbers(*_probe(model, layer, loss_fn, x, y, lr, _before(model, layer)))
    model[: _place(model, layer) + 1].requires_grad_(False)
    for p in model.parameters():
        p.requires_grad_(p.requires_grad or p is layer.weight or p is layer.bias)
    return found


def found_by_shape(model, layer, loss_fn, x, y, lr):
    """You take the first layer of the same shape. Several may have it: compare the objects, with `is`."""
    _place(model, layer, lr)
    first = next(m for m in model if isinstance(m, torch.nn.Linear) and m.weight.shape == layer.weight.shape)
    return _numbers(*_probe(model, first, loss_fn, x, y, lr, _before(model, first)))


def foreign_layer_accepted(model, layer, loss_fn, x, y, lr):
    """You accept a layer that is not in the model, if only a copy of one. Its weights have no gradient here: say so with a ValueError."""
    same = [m for m in model if isinstance(m, torch.nn.Linear) and m.weight.shape == layer.weight.shape]
    equal = [m for m in same if torch.equal(m.weight, layer.weight)] or same
    return _numbers(*_probe(model, equal[0], loss_fn, x, y, lr, _before(model, equal[0])))


def negative_lr_accepted(model, layer, loss_fn, x, y, lr):
    """You accept a negative lr, which steps uphill. Refuse it with a ValueError."""
    move = lambda g: lr * g  # noqa: E731
    return _numbers(*_probe(model, layer, loss_fn, x, y, abs(lr), _before(model, layer), move=move))
