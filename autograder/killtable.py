"""The kill table: hidden tests proved by wrong answers.

For every exercise: the reference earns full points, every misconception loses points and is named, every variant earns
full points, and an answer that does no work earns nothing. `autograder build` refuses where this does not hold.
"""

import copy
import dataclasses
import functools
import inspect
import math
import random
import zlib
from collections.abc import Callable, Iterable

import numpy as np
from traindeep.compare import is_tensor

from autograder import exercise as hidden
from autograder.exercise import Answering, Exercise, Live, run_hidden, score

SEEDS = ("kill-1", "kill-2", "kill-3")


@dataclasses.dataclass(frozen=True)
class Row:
    """What the hidden tests of one exercise did with known answers. `faults` is empty when all is as it should be."""

    id: str
    points: float
    misconceptions: int
    caught: int
    named: int
    variants: int
    accepted: int
    trivial: int
    trivial_score: float
    faults: tuple[str, ...]


def row(id: str, seeds: Iterable[str] = SEEDS) -> Row:
    """Run the hidden tests of one exercise on everything we know about it, with several seeds."""
    item = hidden.load(id)
    faults, caught, named, accepted, worst = [], set(), set(), set(), 0.0
    missed, misnamed, refused = set(), set(), set()
    trivial = dict(trivial_answers(item))
    for seed in seeds:
        grade = functools.partial(_grade, item, Live(item), seed)
        points, results = grade(item.reference)
        if points != item.points:
            failing = [f"{r.name} ({r.message})" for r in results if r.outcome != "passed"]
            faults.append(f"the reference gets {points:g} of {item.points:g}: {'; '.join(failing)}")
        for mistake in item.misconceptions:
            points, results = grade(item.answering(mistake))
            (caught if points < item.points else missed).add(mistake.id)
            name = hidden.diagnosis(results)[0]
            (named if name == mistake.id else misnamed).add(mistake.id)
            if name != mistake.id:
                faults.append(f"misconception {mistake.id} is named {name or 'not at all'} with seed {seed}")
            if not mistake.says:
                faults.append(f"misconception {mistake.id} has no docstring")
        for variant in item.variants:
            points, results = grade(item.answering(variant))
            (accepted if points == item.points else refused).add(variant.id)
            if points != item.points:
                failing = [f"{r.name} ({r.message})" for r in results if r.outcome != "passed"]
                faults.append(f"variant {variant.id} gets {points:g} of {item.points:g}: {'; '.join(failing)}")
        for name, student in trivial.items():
            points, results = grade(student)
            worst = max(worst, points)
            if points:
                passing = [r.name for r in results if r.outcome == "passed"]
                faults.append(f"the trivial answer '{name}' gets {points:g}: it passes {', '.join(passing)}")
    faults += [f"misconception {name} gets full points" for name in sorted(missed)]
    return Row(
        id=id,
        points=item.points,
        misconceptions=len(item.misconceptions),
        caught=len(caught - missed),
        named=len(named - misnamed),
        variants=len(item.variants),
        accepted=len(accepted - refused),
        trivial=len(trivial),
        trivial_score=worst,
        faults=tuple(dict.fromkeys(faults)),
    )


def _grade(item: Exercise, oracle: Live, seed: str, student):
    student.remembered.clear()
    seed_all(zlib.crc32(seed.encode()))  # the same row whatever this process did before
    results = [run_hidden(item, test, student, oracle, seed) for test in item.tests]
    return score(item, results), results


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch, for answers that draw from them."""
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


# ---- answers that do no work ---------------------------------------------------------------------------


def trivial_answers(item: Exercise) -> Iterable[tuple[str, Answering]]:
    """Students who do no work, by name: for functions made from the reference, for classes from its signature."""
    for name, make in _TRIVIAL.items():
        yield name, Answering({key: make(value) for key, value in vars(item.reference)["_names"].items()})


def _instead(leaf: Callable, *, errors: bool, before: Callable = lambda args: None) -> Callable:
    """An answer with the reference's structure and every number replaced; `errors`: refuses bad input rightly.

    `before` is given the arguments themselves, when the result is there.
    """

    def make(reference):
        if inspect.isclass(reference):
            return _idle_module(reference, leaf)

        @functools.wraps(reference)
        def answer(*args, **kwargs):
            try:
                # On copies: a function that works by changing its arguments would have done its work here.
                copies = copy.deepcopy((args, kwargs))
                result = reference(*copies[0], **copies[1])
            except Exception:
                if errors:
                    raise
                result = None
            before((args, kwargs))
            return _map(leaf, result)

        return answer

    return make


def _idle_module(reference, leaf):
    import torch

    class Idle(torch.nn.Module):
        """Takes what the reference takes, holds its buffers and parameters, and computes nothing."""

        def __init__(self, *args, **kwargs):
            super().__init__()
            for name, value in reference(*args, **kwargs).state_dict().items():
                self.register_buffer(name, value)

        def forward(self, x, *args):
            return leaf(x)

    return Idle


def _map(leaf, value):
    if isinstance(value, (tuple, list)):
        return type(value)(_map(leaf, v) for v in value)
    if isinstance(value, dict):
        return {k: _map(leaf, v) for k, v in value.items()}
    if isinstance(value, (bool, np.bool_)):
        return bool(leaf(float(value)))  # a yes or no is an answer too: always no, or always yes
    if isinstance(value, (np.ndarray, float)) or is_tensor(value):
        return leaf(value)
    if callable(value):  # a function that was asked for: what it returns is the answer
        return lambda *args, **kwargs: _map(leaf, value(*args, **kwargs))
    return value


def _zeros(x):
    return x * 0


def _all(value: float) -> Callable:
    return lambda x: x * 0 + value


def _make_zero(tree) -> None:
    """Write zeros into every array, so that a test which goes on with its own arrays compares zeros."""
    if isinstance(tree, np.ndarray):
        if tree.flags.writeable:
            tree[...] = 0
    elif is_tensor(tree):
        tree.detach().zero_()
    elif isinstance(tree, (tuple, list, dict)):
        for item in tree.values() if isinstance(tree, dict) else tree:
            _make_zero(item)


def _noise(x):
    rng = np.random.default_rng()
    if is_tensor(x):
        import torch

        return torch.from_numpy(rng.normal(size=tuple(x.shape))).to(x.dtype)
    return rng.normal(size=np.shape(x)) if np.ndim(x) else float(rng.normal())


def _returns(result: Callable) -> Callable:
    def make(reference):
        if inspect.isclass(reference):
            return lambda *args, **kwargs: lambda *inputs: result(*inputs)
        return lambda *args, **kwargs: result(*args)

    return make


def _raises(reference):
    def answer(*args, **kwargs):
        names = " ".join(inspect.signature(reference).parameters)
        raise ValueError(f"bad {names}")

    return answer


_TRIVIAL = {
    "None": _returns(lambda *args: None),
    "the input": _returns(lambda *args: args[0] if args else None),
    "the input twice": _returns(lambda *args: (args[0], args[0]) if args else None),
    "all arguments": _returns(lambda *args: args),
    "zero": _returns(lambda *args: 0.0),
    "wrong shape": _returns(lambda *args: np.zeros((1, 1, 1))),
    "only errors": _raises,
    "zeros of the right shape": _instead(_zeros, errors=False),
    "zeros and the right errors": _instead(_zeros, errors=True),
    "a constant and the right errors": _instead(_all(1.5), errors=True),
    "infinity and the right errors": _instead(_all(math.inf), errors=True),
    "huge numbers and the right errors": _instead(_all(1e308), errors=True),
    "nan and the right errors": _instead(_all(math.nan), errors=True),
    "arguments made zero, and zeros": _instead(_zeros, errors=True, before=_make_zero),
    "noise and the right errors": _instead(_noise, errors=True),
}


def table(rows: Iterable[Row]):
    """A rich table of the rows."""
    from rich.table import Table

    out = Table(title="Kill table", caption="three seeds; a trivial answer must score 0")
    for heading in (
        "exercise",
        "points",
        "misconceptions caught",
        "named",
        "variants accepted",
        "trivial answers' score",
    ):
        out.add_column(heading, justify="left" if heading == "exercise" else "right")
    for r in rows:
        out.add_row(
            r.id,
            f"{r.points:g}",
            f"{r.caught} of {r.misconceptions}",
            f"{r.named} of {r.misconceptions}",
            f"{r.accepted} of {r.variants}",
            f"{r.trivial_score:g} (of {r.trivial} answers)",
        )
    return out
