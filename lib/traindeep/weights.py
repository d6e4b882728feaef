"""Put given numbers into a module whose inner names are the student's own affair.

Two modules compute the same function if they compute the same with the same weights. Which parameter of a student's module
is which is read off its name where an exercise has told the name, else off its shape and its place in state_dict(). A test
that copies weights with `put` looks at behaviour alone; names have their own test.
"""

import numpy as np

from traindeep.student import vjp


def put(module, values: dict) -> dict:
    """Load values into a module of anybody.

    Args:
        module: A torch module (or the proxy of one).
        values: Role -> tensor, with the reference's names in state_dict() as roles, in their order.

    Returns:
        Role -> the module's own name for it, where it has such an entry. Entries that are no role's (a bias too many)
        get fixed numbers that depend on their shape alone, so that equal mistakes give equal results.
    """
    import torch

    start = module.state_dict()
    # One tensor may have several names (a layer that is registered twice). Numbered and read back, they show it.
    module.load_state_dict({name: torch.full_like(value, i) for i, (name, value) in enumerate(start.items())})
    number = {name: int(value.flatten()[0]) for name, value in module.state_dict().items()}
    found, taken = {}, set()
    for role, value in values.items():
        if role in start and start[role].shape == value.shape:
            found[role] = role
            taken.add(number[role])
    for role, value in values.items():
        if role not in found:
            last = role.rpartition(".")[2]
            fits = [
                name
                for name, own in start.items()
                if own.shape == value.shape and name.rpartition(".")[2] == last and number[name] not in taken
            ]
            if fits:
                found[role] = fits[0]
                taken.add(number[fits[0]])
    by_number = {number[name]: values[role] for role, name in found.items()}
    state = {name: by_number.get(number[name], _fixed(value)) for name, value in start.items()}
    module.load_state_dict({name: state[name].to(value.dtype) for name, value in start.items()})
    same = {n: [name for name in start if number[name] == n] for n in set(number.values())}
    return {role: same[number[name]] for role, name in found.items()}


def run(module, values: dict, x, upstream, training: bool = True) -> dict:
    """y, all gradients, and what the buffers hold afterwards, by role, of a module with these weights.

    Args:
        module: As in `put`; it is made float64 if x is.
        values: As in `put`.
        x: Input.
        upstream: Gradient of y. If y has another shape, y is all that is given.
        training: The mode.
    """
    if x.dtype.itemsize == 8:
        module = module.double()
    names = put(module, values)
    module.train(training)
    y = module(x.clone()).detach()
    if y.shape != upstream.shape:
        return {"y": y}
    names = put(module, values)
    y, (dx,), gradients = vjp(module, x, upstream=upstream)
    out, after = {"y": y, "gradient of x": dx}, module.state_dict()
    for role in values:
        own = names.get(role, ())
        if role.rpartition(".")[2] in ("weight", "bias"):
            out[f"gradient of {role}"] = next((gradients[name] for name in own if name in gradients), None)
        else:
            out[f"{role} afterwards"] = after[own[0]] if own else None
    return out


def normals(rng: np.random.Generator, shapes: dict) -> dict:
    """Random weights of given shapes: positive variances and scales of both signs away from 0, the rest normal."""
    import torch

    def draw(role, shape):
        kind = role.rpartition(".")[2]
        if kind == "num_batches_tracked":
            return torch.tensor(3)
        if kind == "running_var" or (kind == "weight" and len(shape) == 1):
            sign = 1 if kind == "running_var" else rng.choice([-1, 1, 1], shape)
            return torch.from_numpy(np.asarray(rng.uniform(0.5, 2, shape) * sign))
        return torch.from_numpy(rng.normal(size=shape) / np.sqrt(max(1, np.prod(shape[1:]))))

    return {role: draw(role, shape) for role, shape in shapes.items()}


def _fixed(value):
    import torch

    if not value.is_floating_point():
        return torch.zeros_like(value)
    return torch.cos(torch.arange(value.numel(), dtype=value.dtype)).reshape(value.shape) / 2 + 0.6
