"""The student's work as a hidden test sees it: proxies of objects that live behind the wall.

No method of a student's object runs here. A proxy sends the request, the sandbox runs it, and plain data comes back;
what is not plain data stays there and comes back as another proxy.
"""

import sys

import numpy as np
from traindeep.student import ForbiddenCall, Missing, StudentRaised, raised

from autograder.sandbox import wire
from autograder.sandbox.host import Job, RemoteError, SubmissionFailed

MAX_ITERATED = 1000


class RemoteStudent:
    """Attributes are the names that the student's notebook defines.

    Args:
        job: Where the notebook's cells have run.
        forbidden: Torch routines that raise when the student's code calls them.
        names: What the exercise asks for: functions and classes, used by name, without asking for them first.
        remembered: For `traindeep.student.once`; whoever runs several tests gives them the same one.
    """

    def __init__(
        self, job: Job, forbidden: tuple[str, ...] = (), names: tuple[str, ...] = (), remembered: dict | None = None
    ):
        object.__setattr__(self, "_wire", _Wire(job, tuple(forbidden)))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "remembered", {} if remembered is None else remembered)

    def __getattr__(self, name: str):
        if name in self._names:
            return Remote(self._wire, name, name)
        if name.startswith("__"):
            raise AttributeError(name)
        return self._wire.get(name, None)

    def __setattr__(self, name, value):
        raise AttributeError(f"a test cannot define {name} in the student's notebook")

    def imported(self, module: str):
        """A library module on the student's side, such as `student.imported("torch.nn")`."""
        return self._wire.ask({"op": "imported", "name": module})

    def __repr__(self):
        return "<the student's notebook>"


class Remote:
    """An object on the student's side: a function, a class, a module, a model."""

    __slots__ = ("_wire", "_target", "_says", "_epoch", "__weakref__")
    __contains__ = __reversed__ = None

    def __init__(self, wire_, target, says: str):
        for name, value in zip(Remote.__slots__, (wire_, target, says, wire_.job.epoch), strict=False):
            object.__setattr__(self, name, value)

    def __call__(self, *args, **kwargs):
        return self._wire.call(self, args, kwargs)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._wire.get(self, name)

    def __setattr__(self, name: str, value):
        self._wire.ask({"op": "set", "target": self._wire.named(self), "name": name, "args": value})

    def __getitem__(self, key):
        return self._wire.ask({"op": "item", "target": self._wire.named(self), "args": key})

    def __iter__(self):
        for index in range(MAX_ITERATED):  # the other side may have no end
            try:
                yield self[index]
            except IndexError:
                return
        raise TypeError(f"a result of more than {MAX_ITERATED} items")

    def _vjp(self, *inputs, upstream):
        """`traindeep.student.vjp` of this function or module."""
        answer = self._wire.ask(
            {"op": "vjp", "target": self._wire.named(self), "args": list(inputs), "upstream": upstream}
        )
        if not (type(answer) is tuple and len(answer) == 3 and type(answer[1]) is list and type(answer[2]) is dict):
            raise self._wire.job._fail("crashed", "the reply is no gradient")
        return answer

    def __repr__(self):
        return f"<the student's {self._says}>"


class _Wire:
    """Requests of one test: what goes out, what comes in, and what an exception becomes."""

    def __init__(self, job: Job, forbidden: tuple[str, ...]):
        self.job, self.forbidden = job, forbidden

    def get(self, target, name):
        """An attribute, or with None the object that has the name `target` in the notebook."""
        return self.ask({"op": "get", "target": self.named(target), "name": name})

    def call(self, target, args, kwargs):
        return self.ask({"op": "call", "target": self.named(target), "args": list(args), "kwargs": kwargs})

    def named(self, target):
        """What a request calls its target: a name of the notebook as it is."""
        return target._target if type(target) is Remote and type(target._target) is str else target

    def ask(self, message: dict):
        if self.forbidden:
            message["forbidden"] = list(self.forbidden)
        value, written = self.job.request(message, outgoing=self.outgoing, incoming=self.incoming, ident=self.ident)
        if written:
            self.write_back(message, written)
        if isinstance(value, RemoteError):
            raise self.exception(value)
        return value

    # what crosses the wall

    def outgoing(self, x):
        if type(x) is Remote:
            if x._epoch != self.job.epoch or x._wire.job is not self.job:
                raise RuntimeError(f"{x!r} belongs to an earlier test; ask the student for it again")
            if type(x._target) is str:  # as an argument it has to be an object of the other side
                x = self.get(x._target, None)
            if type(x) is Remote:
                return wire.Handle(x._target, "")
            raise wire.Unsendable("a value that the notebook defines is no function or class")
        extension = wire.rng_extension(x)
        if extension is not None:
            return extension
        if callable(x):
            return self.job.callback(x)
        raise wire.Unsendable(f"a test cannot send {type(x).__name__} to the student's code")

    def incoming(self, x):
        if isinstance(x, wire.Handle):
            return Remote(self, x.id, x.type_name.encode("ascii", "replace").decode())
        if isinstance(x, wire.Lent):
            x.value._student_side = (self.job, self.job.epoch, x.id)
            return x.value
        raise ValueError("a function that is not the student's")

    def ident(self, tensor):
        job, epoch, number = getattr(tensor, "_student_side", (None, None, None))
        return number if job is self.job and epoch == self.job.epoch else None

    def write_back(self, message: dict, written: list) -> None:
        """Change the caller's own arrays as the student's code has changed its copies of them."""
        targets = list(wire.mutables_of(message))
        for index, value in written:
            if not 0 <= index < len(targets) or not _write(targets[index], value):
                raise self.job._fail("crashed", "the reply changes an argument in a way that cannot be")

    @staticmethod
    def exception(error: RemoteError) -> Exception:
        if error.out_of_memory:
            return SubmissionFailed("out_of_memory", "it needs more memory than the limit")
        kinds = {"missing": Missing, "forbidden": ForbiddenCall}
        if error.reason in kinds:
            special: StudentRaised = kinds[error.reason](error.text)
            special.kind, special.text = "NameError" if error.reason == "missing" else "ForbiddenCall", error.text
            return special
        return raised(list(error.kinds), error.text)


def _write(target, value) -> bool:
    """Put a new value into an argument; False if the two do not go together."""
    torch = sys.modules.get("torch")
    if isinstance(target, np.ndarray):
        if type(value) is not np.ndarray or value.dtype != target.dtype:
            return False
        if value.shape != target.shape:
            raise raised(["ValueError"], f"the shape of an argument was changed from {target.shape} to {value.shape}")
        if not target.flags.writeable:
            raise raised(["ValueError"], "a read-only argument was changed")
        target[...] = value
    elif isinstance(target, np.random.Generator):
        try:
            wire.set_numpy_rng_state(target, value)
        except (TypeError, ValueError):
            return False
    elif torch and isinstance(target, torch.Generator):
        if type(value) is not bytes:
            return False
        # The state itself is not trusted: a forged one makes torch read beyond its table.
        target.manual_seed(int.from_bytes(value[-2600:], "little") % (1 << 63))
    elif torch and isinstance(target, torch.Tensor):
        if not isinstance(value, torch.Tensor) or value.dtype != target.dtype:
            return False
        if value.shape != target.shape:
            target.data = value.detach()
        with torch.no_grad():
            target.copy_(value)
        if target.is_leaf and (value.grad is None or value.grad.shape == target.shape):
            target.grad = value.grad
    elif isinstance(target, list) and type(value) is list:
        target[:] = value
    elif isinstance(target, dict) and type(value) is dict:
        target.clear()
        target.update(value)
    else:
        return False
    return True
