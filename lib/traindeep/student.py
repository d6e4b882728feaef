"""The student's work as a test sees it: names become attributes, on both sides of the wall.

In a notebook `LocalStudent` hands out the student's own objects. In the grader a proxy with the same
attributes talks to another process; the exceptions and `vjp` below are shared by both.
"""

import builtins
import contextlib
import copy
import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any


class StudentRaised(Exception):
    """Student code raised. Subclasses made by `raised` also derive from the builtin exception that it raised."""

    kind = "Exception"
    text = ""


class Missing(StudentRaised, AttributeError):
    """The student's notebook does not define the name that a test asks for."""


class ForbiddenCall(StudentRaised):
    """A from-scratch exercise called the library routine it is meant to replace."""


_BUILTIN = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, BaseExceptionGroup)
}


@functools.cache
def _raised_class(name: str) -> type[StudentRaised]:
    base = _BUILTIN.get(name)
    if base is None or base is Exception:
        return StudentRaised
    # These need constructor arguments of their own shape; their parents say enough.
    if issubclass(base, UnicodeError):
        base = ValueError
    return type(f"Student{base.__name__}", (StudentRaised, base), {})


def raised(kinds: list[str], text: str) -> StudentRaised:
    """The exception to raise on the trusted side for one that student code raised on its own side.

    Args:
        kinds: Names of the exception's classes, most specific first.
        text: Its message.
    """
    kind = next((name for name in kinds if name in _BUILTIN), "Exception")
    error = _raised_class(kind)(text)
    error.kind = str(kinds[0]) if kinds else kind
    error.text = text
    return error


def once(student, key: str, make: Callable[[], Any]):
    """What `make` gives, made for the first test that asks for it and remembered for the others.

    For an exercise whose answer takes long to run: all its tests look at the same results. What is remembered lives on
    the side of the tests, for one student and one exercise; it must be plain data, not an object of the student's.

    Raises:
        Exception: what the student's code raised the first time, again for every test.
    """
    known = student.remembered
    if key not in known:
        try:
            known[key] = make(), None
        except Exception as error:
            known[key] = None, error
    value, error = known[key]
    if error is not None:
        raise error
    return copy.deepcopy(value)


class LocalStudent:
    """Attributes are the entries of a namespace, usually the notebook's globals."""

    def __init__(self, namespace: dict, forbidden: tuple[str, ...] = ()):
        self._namespace = namespace
        self._forbidden = forbidden
        self.remembered = {}

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            value = self._namespace[name]
        except KeyError:
            error = Missing(f"{name} is not defined")
            error.kind, error.text = "NameError", f"{name} is not defined"
            raise error from None
        return value

    def imported(self, module: str):
        """A library module on the student's side, such as `student.imported("torch.nn")`."""
        return importlib.import_module(module)

    def guarded(self):
        """A context in which the library routines that the exercise forbids raise ForbiddenCall."""
        # An answer that never imported torch cannot call it: NumPy exercises do not pay for the import.
        if not self._forbidden or "torch" not in sys.modules:
            return contextlib.nullcontext()
        return _refuse(self._forbidden)


def _refuse(forbidden: tuple[str, ...]):
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    def look(name: str) -> None:
        name = name.removeprefix("aten.").split(".")[0]
        if any(word[1:] == name if word.startswith("=") else word in name for word in forbidden):
            error = ForbiddenCall(f"{name} does the exercise for you")
            error.kind, error.text = "ForbiddenCall", str(error)
            raise error

    # Every route to a torch kernel (torch.nn, functional, torch.ops, an alias) passes one of the two: some operations
    # are taken apart before the dispatcher sees them, others are only seen there.
    class Above(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            look(str(getattr(function, "__name__", function)))
            return function(*args, **(kwargs or {}))

    class Below(TorchDispatchMode):
        def __torch_dispatch__(self, op, types, args=(), kwargs=None):
            look(str(op))
            return op(*args, **(kwargs or {}))

    stack = contextlib.ExitStack()
    stack.enter_context(Above())
    stack.enter_context(Below())
    return stack


def vjp(f, *inputs, upstream):
    """Vector-Jacobian product: run `f`, weigh its output with `upstream`, differentiate.

        y = f(*inputs),   gradient of each input = d(sum(upstream * y)) / d(input)

    Args:
        f: A function of tensors or a torch module (or the proxy of one).
        inputs: Floating-point tensors.
        upstream: Tensor of the shape of y. Random, not ones: under ones the input gradient of a normalization is 0.

    Returns:
        (y, list of input gradients, dict of parameter gradients by name; empty where f is no module).
        A gradient that does not exist is None.
    """
    if hasattr(type(f), "_vjp"):
        return f._vjp(*inputs, upstream=upstream)
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    parameters = dict(f.named_parameters()) if hasattr(f, "named_parameters") else {}
    for value in parameters.values():
        value.grad = None
    y = f(*leaves)
    if y.shape != upstream.shape:
        raise RuntimeError(f"the result has the shape {tuple(y.shape)}, expected {tuple(upstream.shape)}")
    (y * upstream).sum().backward()  # not y.backward(upstream), whose first call imports a computer algebra system
    gradients = {name: value.grad for name, value in parameters.items()}
    return y.detach(), [x.grad for x in leaves], gradients
