"""Right answers to ics_gradient_change, written in other ways."""

import copy

import torch
from torch.func import functional_call


def _place(model, layer, lr):
    places = [i for i, module in enumerate(model.children()) if module is layer]
    if not places:
        raise ValueError("model does not hold this layer")
    if lr < 0:
        raise ValueError("lr < 0")
    return places[0]


def deep_copy(model, layer, loss_fn, x, y, lr):
    """A deep copy takes the step; the model itself is only differentiated, through .grad."""
    place = _place(model, layer, lr)
    gradients = []
    moved = copy.deepcopy(model)
    for step in (True, False):
        moved.zero_grad()
        loss_fn(moved(x), y).backward()
        gradients.append(moved[place].weight.grad.detach().clone())
        if step:
            with torch.no_grad():
                for module in list(moved)[:place]:
                    for p in module.parameters():
                        p.sub_(p.grad, alpha=lr)
    a, b = (g.reshape(-1) for g in gradients)
    return float(torch.dist(a, b)), float(a @ b / torch.sqrt((a @ a) * (b @ b)))


def functional(model, layer, loss_fn, x, y, lr):
    """functional_call with a dict of parameters: nothing is written into the model."""
    place = _place(model, layer, lr)
    names = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
    target = f"{place}.weight"

    def gradients(parameters, wanted):
        loss = loss_fn(functional_call(model, parameters, (x,)), y)
        return dict(zip(wanted, torch.autograd.grad(loss, [parameters[name] for name in wanted]), strict=True))

    first = gradients(names, list(names))
    before = [name for name in names if int(name.split(".")[0]) < place]
    moved = names | {name: (names[name] - lr * first[name]).detach() for name in before}
    second = gradients(moved, [target])[target]
    cos = torch.nn.CosineSimilarity(dim=0)(first[target].ravel(), second.ravel())
    return torch.linalg.norm(first[target] - second), cos


def optimizer(model, layer, loss_fn, x, y, lr):
    """SGD on the slice of the model, and load_state_dict at the end; .grad is left as it happens to be."""
    place = _place(model, layer, lr)
    kept = copy.deepcopy(model.state_dict())
    head = list(model[:place].parameters())
    sgd = torch.optim.SGD(head, lr=lr) if head else None
    model.zero_grad()
    loss_fn(model(x), y).backward()
    G = layer.weight.grad.clone()
    if sgd:
        sgd.step()
    model.zero_grad()
    loss_fn(model(x), y).backward()
    changed = layer.weight.grad.clone()
    model.load_state_dict(kept)
    l2 = ((G - changed) ** 2).sum().sqrt()
    return [l2.item(), ((G * changed).sum() / G.norm() / changed.norm()).item()]


def parts(model, layer, loss_fn, x, y, lr):
    """The parameters' data are exchanged and put back; NumPy does the arithmetic at the end."""
    place = _place(model, layer, lr)
    before = [p for i, module in enumerate(model) if i < place for p in module.parameters()]
    found = torch.autograd.grad(loss_fn(model(x), y), [*before, layer.weight])
    old = [p.data for p in before]
    try:
        for p, g in zip(before, found, strict=False):
            p.data = p.data - lr * g
        again = torch.autograd.grad(loss_fn(model(x), y), layer.weight)[0]
    finally:
        for p, data in zip(before, old, strict=True):
            p.data = data
    a, b = found[-1].double().numpy().ravel(), again.double().numpy().ravel()
    return ((a - b) ** 2).sum() ** 0.5, (a * b).sum() / ((a * a).sum() * (b * b).sum()) ** 0.5
