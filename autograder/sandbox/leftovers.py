"""What calls have left behind in the process of a submission, as a fingerprint.

A test that fails after others is repeated in a new process, unless the fingerprint is the one from before the tests:
then no call has left anything that this one could have met. Honest code leaves things in its own globals, closures,
defaults and classes, or replaces functions of libraries. Whatever else it refers to (an iterator, a cache) cannot be
compared: there is no fingerprint then. Code that hides its traces harms itself only.
"""

import builtins
import functools
import hashlib
import sys
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable

import wire

__builtins__ = dict(vars(builtins))  # as in wire.py

MAX_NODES, MAX_BYTES = 20_000, 16 << 20
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice)
# Of these only the object itself counts: what hangs from them belongs to a library.
FOREIGN = (types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
           types.GetSetDescriptorType, types.MemberDescriptorType, types.CodeType)  # fmt: skip
WRAPPERS = (functools.partial, type(functools.lru_cache(abs)))
EVASIVE = {"globals", "exec"}  # ways to reach a name without writing it


class Opaque(Exception):
    """Something that cannot be compared."""


def fingerprint(space: dict) -> str:
    """A hash of what the functions and classes in the student's namespace can have changed; "" if that cannot be told."""
    try:
        walk = _Walk(space)
        for name, value in sorted(space.items()):
            if walk.own(value) or isinstance(value, WRAPPERS):
                walk.text(name)
                walk.visit(value)
    except (Opaque, RecursionError):
        return ""
    return walk.digest.hexdigest()


def functions_of(places: Iterable) -> list[int]:
    """What stands for the functions of libraries, in their modules and classes: it is another once one is replaced."""
    # torch.Storage follows the default dtype.
    return [
        id(value) for place in places for name, value in vars(place).items() if callable(value) and name != "Storage"
    ]


class _Walk:
    def __init__(self, space: dict):
        self.space, self.seen, self.digest, self.nodes, self.bytes = space, {}, hashlib.blake2b(digest_size=16), 0, 0

    def own(self, x) -> bool:
        """Whether the student's cells define this function or class, or the class of this object."""
        if isinstance(x, types.FunctionType):
            return x.__globals__ is self.space
        kind = x if isinstance(x, type) else type(x)
        return type.__getattribute__(kind, "__module__") == "__main__"

    def text(self, text: str) -> None:
        self.digest.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def raw(self, data) -> None:
        self.bytes += len(data)
        if self.bytes > MAX_BYTES:
            raise Opaque
        self.digest.update(data)

    def visit(self, x) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Opaque
        kind = type(x)
        self.text(kind.__name__)
        if kind in PLAIN:
            self.text(repr(x) if kind is not int or x.bit_length() < 4000 else str(x.bit_length()))
        elif id(x) in self.seen:
            self.text(str(self.seen[id(x)]))
        else:
            self.seen[id(x)] = len(self.seen)
            self.inside(x, kind)

    def inside(self, x, kind) -> None:
        np, torch = sys.modules["numpy"], sys.modules["torch"]
        if kind in (list, tuple, deque):
            for item in list(x):
                self.visit(item)
        elif kind in (dict, OrderedDict, defaultdict, types.MappingProxyType):
            for key, value in list(x.items()):
                self.visit(key)
                self.visit(value)
        elif kind in (set, frozenset):
            self.text(str(sorted(map(repr, x))) if all(type(item) in PLAIN for item in x) else self.opaque(x))
        elif kind is np.ndarray and x.dtype.kind != "O":
            self.text(f"{x.dtype}{x.shape}")
            self.raw(x.tobytes())
        elif isinstance(x, np.generic) or kind is np.dtype:
            self.text(repr(x))
        elif kind in (torch.Tensor, torch.nn.Parameter):
            self.text(f"{x.dtype}{tuple(x.shape)}{x.requires_grad}")
            if x.layout != torch.strided or x.device.type != "cpu" or x.is_quantized:
                raise Opaque
            self.raw(x.detach().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes() if x.numel() else b"")
            self.visit(x.grad if x.is_leaf else None)
        elif kind is np.random.Generator or kind is np.random.RandomState:
            self.text(str(x.bit_generator.state if kind is np.random.Generator else x.get_state()))
        elif kind is torch.Generator:
            self.raw(wire.torch_rng_state(x))
        elif kind is types.FunctionType:
            self.function(x)
        elif kind is types.MethodType:
            self.visit(x.__func__)
            self.visit(x.__self__)
        elif kind in (staticmethod, classmethod):
            self.visit(x.__func__)
        elif kind is property:
            for part in (x.fget, x.fset, x.fdel):
                self.visit(part)
        elif isinstance(x, type):
            self.text(str(id(x)))
            if self.own(x):
                for name, value in sorted(vars(x).items()):
                    if name not in ("__dict__", "__weakref__"):
                        self.text(name)
                        self.visit(value)
        elif isinstance(x, FOREIGN) or type(x).__module__ in ("torch", "torch._C", "numpy") and callable(x):
            self.text(str(id(x)))
        elif self.own(x) or isinstance(x, torch.nn.Module):
            self.visit(vars(x)) if hasattr(x, "__dict__") else self.opaque(x)
        else:
            self.opaque(x)

    def function(self, x) -> None:
        self.text(str(id(x.__code__)))
        if x.__globals__ is not self.space:  # of a library
            return
        self.visit(x.__defaults__)
        self.visit(x.__kwdefaults__)
        self.visit(vars(x))
        for cell in x.__closure__ or ():
            try:
                self.visit(cell.cell_contents)
            except ValueError:  # not bound yet
                self.text("empty")
        for name in sorted(names_in(x.__code__)):
            if name in EVASIVE:
                raise Opaque
            if name in self.space:
                self.text(name)
                self.visit(self.space[name])

    def opaque(self, x):
        raise Opaque


def names_in(code) -> set:
    """The global names and attributes that a code object, and those inside it, refer to."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_in(constant)
    return names
