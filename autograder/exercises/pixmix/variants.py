"""Right answers to pixmix_combine and pixmix, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


def _refuse(x, z, op):
    if op not in ("add", "mul"):
        raise ValueError(f"op = {op}")
    if np.shape(x) != np.shape(z):
        raise ValueError(f"shapes of x and z: {np.shape(x)}, {np.shape(z)}")


@replaces("pixmix_combine")
def simplified(x, z, op, a, b):
    """The formulas multiplied out; minimum and maximum."""
    _refuse(x, z, op)
    x, z = np.asarray(x) * 1.0, np.asarray(z) * 1.0
    if op == "add":
        mixed = a * x + b * z + (1 - a - b) / 2
    else:
        mixed = 0.5 * np.power(x + x, a) * np.power(np.maximum(z + z, 1e-37), b)
    return np.minimum(np.maximum(mixed, 0.0), 1.0)


@replaces("pixmix_combine")
def logarithms(x, z, op, a, b):
    """The product as the exponential of a sum, black apart."""
    _refuse(x, z, op)
    x, z = np.asarray(x, dtype=float), np.asarray(z, dtype=float)
    if op == "add":
        return (0.5 + a * (x - 0.5) + b * (z - 0.5)).clip(0, 1)
    logs = a * np.log(np.where(x > 0, 2 * x, 1)) + b * np.log(np.clip(2 * z, 1e-37, None))
    return np.where(x > 0, np.exp(np.minimum(logs, 80)) / 2, 0).clip(0, 1)


@replaces("pixmix_combine")
def torch_tensors(x, z, op, a, b):
    """torch, and back."""
    _refuse(x, z, op)
    x, z = (torch.from_numpy(np.array(picture, dtype=float)) for picture in (x, z))
    if op == "add":
        return (((2 * x - 1) * a + (2 * z - 1) * b + 1) / 2).clamp(0, 1).numpy()
    return ((2 * x) ** a * (2 * z).clamp(min=1e-37) ** b / 2).clamp(0, 1).numpy()


@replaces("pixmix")
def planned_first(img, mix_img, ops, rng, k=4, beta=3.0):
    """Everything but the operations is drawn before the first round; strings by rng.choice."""
    rounds = int(rng.choice(k + 1))
    plan = []
    for _ in range(rounds):
        first = rng.integers(2) == 0
        a = rng.beta(beta, 1) if first else 1 + rng.beta(1, beta)
        b = rng.beta(1, beta) if first else -rng.beta(1, beta)
        plan.append((str(rng.choice(["aug", "mix"])), str(rng.choice(["mul", "add"])), a, b))
    start = rng.random() >= 0.5
    out = ops[rng.integers(len(ops))](img.copy(), rng) if start else img.copy()
    steps = []
    for source, op, a, b in plan:
        z = mix_img if source == "mix" else ops[rng.integers(len(ops))](img.copy(), rng)
        out = simplified(out, z, op, a, b)
        steps.append(dict(z=z, source=source, op=op, a=a, b=b))
    return out, dict(rounds=rounds, steps=steps, start_augmented=bool(start))


@replaces("pixmix")
def powers_of_uniform_numbers(img, mix_img, ops, rng, k=4, beta=3.0):
    """Beta(beta, 1) is a power of a uniform number; coins by binomial; NumPy numbers in info, and more than is asked for."""

    def near_1():
        return (1 - rng.random()) ** (1 / beta)

    def augmented():
        return ops[int(rng.random() * len(ops))](np.array(img, dtype=float), rng)

    info = {"start_augmented": bool(rng.binomial(1, 0.5)), "steps": [], "beta": beta}
    out = augmented() if info["start_augmented"] else np.array(img, dtype=float)
    info["rounds"] = rng.integers(0, k, endpoint=True)
    while len(info["steps"]) < info["rounds"]:
        source, op = ("aug", "mix")[rng.binomial(1, 0.5)], ("add", "mul")[rng.binomial(1, 0.5)]
        z = augmented() if source == "aug" else np.array(mix_img, dtype=float)
        a, b = (near_1(), 1 - near_1()) if rng.uniform() < 0.5 else (2 - near_1(), near_1() - 1)
        out = logarithms(out, z, op, a, b)
        info["steps"].append({"z": z, "source": source, "op": op, "a": np.float64(a), "b": np.float64(b)})
    return out, info


@replaces("pixmix")
def torch_generator(img, mix_img, ops, rng, k=4, beta=3.0):
    """A torch generator with a seed from rng for all coins; the operations get rng."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))

    def below(n):
        return int(torch.randint(n, (), generator=generator))

    start = below(2) == 1
    out = ops[below(len(ops))](img.copy(), rng) if start else img.copy()
    steps = []
    for _ in range(below(k + 1)):
        source, op = ("aug", "mix")[below(2)], ("add", "mul")[below(2)]
        z = ops[below(len(ops))](img.copy(), rng) if source == "aug" else mix_img.copy()
        a, b = (rng.beta(beta, 1), rng.beta(1, beta)) if below(2) else (1 + rng.beta(1, beta), -rng.beta(1, beta))
        out = torch_tensors(out, z, op, a, b)
        steps.append({"z": z, "source": source, "op": op, "a": a, "b": b})
    return out, {"start_augmented": start, "rounds": len(steps), "steps": steps}
