"""Frames of plain data between the grader and the process that runs student code.

    <u32 header bytes> <u32 body bytes> <header: msgpack> <body: raw bytes of arrays, each padded to 64>

What msgpack has no type for travels as an extension: arrays (their bytes are the next slice of the body), tuples,
large integers, and so on. There is no pickle, no code and no object array. `decode` is all that the grader runs on
bytes that student code may have forged: it builds exact builtins, ndarrays and tensors, and any surprise is a
ProtocolError. Nothing is bounded by trust: the reader of a frame checks the prefix before it reads on.
"""

import builtins
import contextlib
import functools
import itertools
import math
import operator
import struct
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

__builtins__ = dict(vars(builtins))  # functions below keep these when student code replaces `builtins.len`

PREFIX = struct.Struct("<II")
MAX_HEADER = 1 << 20  # bounds what decode can build: at most 64 bytes of objects for each byte
MAX_BODY = 64 << 20
MAX_DEPTH = 32
MAX_ITEMS = 10_000  # of a generator
MAX_KEYS = 4_000  # of all dicts and sets of a frame: colliding ones take quadratic time
MAX_INTEGER = 2048  # bytes

ARRAY, TUPLE, INTEGER, COMPLEX, CONSTANT, SLICE, SET, HANDLE, CALLBACK, NUMPY_RNG, TORCH_RNG = range(1, 12)
REQUIRES_GRAD, PARAMETER, GAPS, READ_ONLY = 1, 2, 4, 8

DTYPES = {
    np.dtype(code).name: np.dtype(code)
    for code in ["?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", "F", "D"]
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}  # of another byte order is another dtype
TORCH_DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
                "complex64", "complex128")  # fmt: skip
PAD = [b"\0" * n for n in range(64)]
SMALL = 4096  # bytes that are copied faster than a view of them is made


class ProtocolError(Exception):
    """These bytes are no frame that an honest sender makes."""


class Unsendable(Exception):
    """This value is not plain data."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object that stays on the student's side."""

    id: int
    type_name: str


@dataclass(frozen=True)
class Callback:
    """Stands for a function of the test; it is called where it was defined."""

    id: int


@dataclass
class Lent:
    """A tensor that goes back to where it came from, so that the receiver finds its own object again."""

    id: int
    value: Any


def _refuse(x):
    raise Unsendable(f"cannot send {type(x).__name__}")


# ---- encode ------------------------------------------------------------------------------------------------------


def encode(tree, foreign: Callable = _refuse, ident: Callable = lambda tensor: None) -> list:
    """Turn plain data into buffers to write, without copying contiguous arrays.

    Args:
        tree: The data.
        foreign: Called with what is not plain data; returns a Handle or Callback, or raises Unsendable.
        ident: The number by which the receiver knows a parameter, or None.

    Raises:
        Unsendable: too deep, too large or not plain.
    """
    return _Encoder(foreign, ident).frame(tree)


def settled(x, depth: int = 0):
    """The same value with nothing in it that still runs code of its maker: streams become lists, tensors plain tensors."""
    torch = sys.modules["torch"]
    kind = type(x)
    if kind in _FLAT or kind is int or kind in (np.ndarray, torch.Tensor, torch.nn.Parameter) or depth > MAX_DEPTH:
        return x
    if isinstance(x, torch.Tensor):
        return torch.Tensor.as_subclass(x, torch.Tensor)
    if isinstance(x, STREAMS):
        items = [settled(item, depth + 1) for item in itertools.islice(x, MAX_ITEMS + 1)]
        return items if len(items) <= MAX_ITEMS else x
    if kind in (list, tuple):
        items = [settled(item, depth + 1) for item in x[:MAX_HEADER]]
        return x if all(map(operator.is_, items, x)) and len(items) == len(x) else kind(items)
    if kind is dict:
        items = {key: settled(value, depth + 1) for key, value in x.items()}
        return x if all(map(operator.is_, items.values(), x.values())) else items
    return x


class _Encoder:
    def __init__(self, foreign, ident):
        self.foreign, self.ident, self.body, self.size, self.nodes, self.keys = foreign, ident, [], 0, 0, 0

    def frame(self, tree) -> list:
        header = pack(self.plain(tree, 0))
        if len(header) > MAX_HEADER or self.size > MAX_BODY:
            raise Unsendable(f"value too large to send: {len(header)} + {self.size} bytes")
        return [PREFIX.pack(len(header), self.size) + header, *self.body]

    def ext(self, code: int, plain) -> msgpack.ExtType:
        return msgpack.ExtType(code, pack(plain))

    def plain(self, x, depth: int):
        """What msgpack can pack. Subclasses are read through their base class, never through their own methods."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_HEADER:
            raise Unsendable("nested too deeply" if depth > MAX_DEPTH else "too many items")
        kind = type(x)
        return x if kind in _FLAT else _way(kind)(self, x, depth)

    # one way for each kind of value

    def integer(self, x, depth: int):
        x = int.__index__(x)
        if -(1 << 63) <= x < 1 << 64:
            return x
        size = x.bit_length() // 8 + 1
        if size > MAX_INTEGER:
            raise Unsendable("an integer of more than 2048 bytes")
        return msgpack.ExtType(INTEGER, x.to_bytes(size, "little", signed=True))

    def number(self, x, depth: int):
        return float.__float__(x)

    def text(self, x, depth: int):
        return str.__str__(x)

    def complex_number(self, x, depth: int):
        return self.ext(COMPLEX, [complex.real.__get__(x), complex.imag.__get__(x)])

    def raw(self, x, depth: int):
        return bytes(x)

    def list_(self, x, depth: int):
        return self.items(list.__iter__(x), depth)

    def tuple_(self, x, depth: int):
        return self.ext(TUPLE, self.items(tuple.__iter__(x), depth))

    def mapping(self, x, depth: int) -> dict:
        self.hashed(dict.__len__(x))
        return {
            key if type(key) is str else self.key(key, depth): value
            if type(value) in _FLAT
            else self.plain(value, depth + 1)
            for key, value in dict.items(x)
        }

    def set_(self, x, depth: int):
        items = [*(frozenset if isinstance(x, frozenset) else set).__iter__(x)]
        self.hashed(len(items))
        return self.ext(SET, [isinstance(x, frozenset), self.items(items, depth)])

    def view(self, x, depth: int):
        return self.items(itertools.islice(x, MAX_HEADER), depth)

    def slice_(self, x, depth: int):
        return self.ext(SLICE, self.items((x.start, x.stop, x.step), depth))

    def tensor_or_other(self, x, depth: int):
        with contextlib.suppress(Unsendable):  # sparse, quantized, on another device
            return self.tensor(x, sys.modules["torch"])
        return self.other(x, depth)

    def other(self, x, depth: int):
        name = constant_name(x)
        if name:
            return self.ext(CONSTANT, name)
        stand_in = x if isinstance(x, (Handle, Callback)) else self.foreign(x)
        if isinstance(stand_in, Handle):
            return self.ext(HANDLE, [stand_in.id, stand_in.type_name])
        if isinstance(stand_in, Callback):
            return self.ext(CALLBACK, stand_in.id)
        return stand_in  # made by the caller with `rng_extension`

    def array(self, x, depth: int):
        kind = "s" if isinstance(x, np.generic) else "n"
        x = np.asarray(x)
        name = NAMES.get(x.dtype)
        if name is None:
            return self.other(x, depth)
        flags = 0 if kind == "s" or x.flags.writeable else READ_ONLY
        return self.ext(ARRAY, [kind, name, *self.layout(x, flags), None, None])

    # their parts

    def hashed(self, count: int) -> None:
        self.keys += count
        if self.keys > MAX_KEYS:
            raise Unsendable("too many keys")

    def items(self, items, depth: int) -> list:
        items = [*items]
        if _FLAT.issuperset(map(type, items)):  # the common case, quickly
            self.nodes += len(items)
            return items
        return [self.plain(item, depth + 1) for item in items]

    def key(self, x, depth: int):
        if not isinstance(x, _KEYS):
            raise Unsendable(f"a key of type {type(x).__name__}")
        return self.plain(x, depth + 1)

    def tensor(self, x, torch):
        kind, dtype = type(x), torch_dtype(x.dtype)
        if x.layout != torch.strided or x.device.type != "cpu" or dtype not in TORCH_DTYPES or x.is_quantized:
            raise Unsendable(f"a tensor of layout {x.layout} on {x.device} of type {x.dtype}")
        parameter = kind is not torch.Tensor and isinstance(x, torch.nn.Parameter)
        flags = (REQUIRES_GRAD if x.requires_grad else 0) | (PARAMETER if parameter else 0)
        data = x.detach()
        if dtype.startswith("complex") or data.is_neg():
            data = data.resolve_conj().resolve_neg()
        data = (data.view(torch.int16) if dtype == "bfloat16" else data).numpy()
        grad = x.grad if x.is_leaf else None
        grad = None if grad is None else self.tensor(grad, torch)  # its bytes lie before those of x, as decode reads
        return self.ext(ARRAY, ["t", dtype, *self.layout(data, flags), self.ident(x) if parameter else None, grad])

    def layout(self, x, flags: int) -> tuple:
        """Queue the bytes. A transposed or strided array arrives transposed or strided: `.view` fails on both sides."""
        order = None
        if not x.flags.c_contiguous:
            order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
            dense = x.transpose(order)
            flags |= 0 if dense.flags.c_contiguous else GAPS
            shape, x = x.shape, np.ascontiguousarray(dense)
        else:
            shape = x.shape
        if x.size:
            size = x.nbytes
            self.body.append(x.tobytes() if size < SMALL else memoryview(x.reshape(-1).view(np.uint8)))
            self.body.append(PAD[-size % 64])
            self.size += size + -size % 64
        return list(shape), order, flags


pack = msgpack.Packer(strict_types=True, unicode_errors="surrogatepass").pack  # making one takes longer than using it
_FLAT = frozenset({type(None), bool, float, str, bytes})
_KEYS = (type(None), bool, int, float, str, bytes, tuple, np.generic, frozenset)
VIEWS = (range, type({}.keys()), type({}.values()), type({}.items()))
# What a function may return instead of a list. A plain iterator stays where it is: it is consumed by its use.
STREAMS = (types.GeneratorType, map, filter, zip, enumerate, reversed)


@functools.cache
def _way(kind: type) -> Callable:
    """How values of a kind are packed, looked up once: torch takes long to say what a tensor is."""
    ways = {(np.generic, np.ndarray): _Encoder.array, int: _Encoder.integer, float: _Encoder.number, str: _Encoder.text,
            complex: _Encoder.complex_number, (bytes, bytearray): _Encoder.raw, list: _Encoder.list_,
            tuple: _Encoder.tuple_, dict: _Encoder.mapping, (set, frozenset): _Encoder.set_, VIEWS: _Encoder.view,
            slice: _Encoder.slice_}  # fmt: skip
    if torch := sys.modules.get("torch"):
        ways[torch.Tensor] = _Encoder.tensor_or_other
    return next((way for base, way in ways.items() if issubclass(kind, base)), _Encoder.other)


@functools.cache
def torch_dtype(dtype) -> str:
    return str(dtype).removeprefix("torch.")


def constant_name(x) -> str | None:
    """The name of a dtype or of Ellipsis, for instance "torch.float32" or "numpy.float32 type"."""
    if x is Ellipsis:
        return "Ellipsis"
    if isinstance(x, np.dtype) and x.name in DTYPES and x.isnative:
        return f"numpy.{x.name}"
    if isinstance(x, type) and issubclass(x, np.generic) and np.dtype(x).name in DTYPES:
        return f"numpy.{np.dtype(x).name} type"
    if type(x).__module__ == "torch" and type(x).__name__ == "dtype":
        return str(x)
    return None


def constant(name: str):
    if name == "Ellipsis":
        return Ellipsis
    library, _, dtype = name.partition(".")
    if library == "torch" and dtype in TORCH_DTYPES:
        import torch

        return getattr(torch, dtype)
    if library == "numpy":
        return DTYPES[dtype.removesuffix(" type")].type if dtype.endswith(" type") else DTYPES[dtype]
    raise ValueError("unknown constant")


# ---- decode ------------------------------------------------------------------------------------------------------


def decode(header, body, foreign: Callable = lambda stand_in: stand_in, generators: Callable | None = None):
    """Bytes to plain data; every failure is a ProtocolError.

    Args:
        header, body: The two parts of a frame.
        foreign: Called with every Handle, Callback and Lent; returns what takes its place.
        generators: Called with the code and the state of a random generator. Only the student's side takes them.
    """
    decoder = _Decoder(body, foreign, generators)
    try:
        tree = decoder.unpack(header)
        if generators is None:  # on the student's side there are objects of the student's in it, as deep as they like
            _check_depth(tree)
    except Exception as error:  # noqa: BLE001 - hostile bytes may fail in any way
        raise ProtocolError(f"bad frame: {type(error).__name__}: {error}"[:200]) from None
    if decoder.at != len(decoder.body):
        raise ProtocolError("bad frame: bytes left over")
    return tree


class _Decoder:
    def __init__(self, body, foreign, generators):
        self.body, self.at, self.depth, self.keys = memoryview(body), 0, 0, 0
        self.foreign, self.generators = foreign, generators

    def unpack(self, data):
        return msgpack.unpackb(data, ext_hook=self.ext, object_pairs_hook=self.pairs, strict_map_key=False,
                               unicode_errors="surrogatepass", max_map_len=MAX_KEYS)  # fmt: skip

    def pairs(self, pairs: list) -> dict:
        self.hashed(len(pairs))
        return dict(pairs)

    def hashed(self, count: int) -> None:
        self.keys += count
        if self.keys > MAX_KEYS:
            raise ValueError("too many keys")

    def ext(self, code: int, data):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        value = int.from_bytes(data, "little", signed=True) if code == INTEGER else self.build(code, self.unpack(data))
        self.depth -= 1
        return value

    def build(self, code: int, value):
        if code == ARRAY:
            return self.array(*value)
        if code == TUPLE:
            return tuple(_exactly(value, list))
        if code == COMPLEX:
            return complex(_exactly(value[0], float), _exactly(value[1], float))
        if code == CONSTANT:
            return constant(_exactly(value, str))
        if code == SLICE:
            return slice(*_exactly(value, list))
        if code == SET:
            self.hashed(len(_exactly(value[1], list)))
            return (frozenset if value[0] is True else set)(value[1])
        if code == HANDLE:
            return self.foreign(Handle(_exactly(value[0], int), _exactly(value[1], str)[:200]))
        if code == CALLBACK:
            return self.foreign(Callback(_exactly(value, int)))
        if code in (NUMPY_RNG, TORCH_RNG) and self.generators:
            return self.generators(code, value)
        raise ValueError(f"unknown extension {code}")

    def array(self, kind, dtype, shape, order, flags, ident, grad):
        if len(shape) > 16:
            raise ValueError("too many axes")
        for n in shape:
            if type(n) is not int or n < 0:
                raise ValueError("bad shape")
        if order is not None and sorted(order) != list(range(len(shape))):
            raise ValueError("bad order of axes")
        stored = DTYPES["int16" if dtype == "bfloat16" else dtype]
        size = math.prod(shape) * stored.itemsize
        if self.at + size > len(self.body):
            raise ValueError("body too short")
        x = np.frombuffer(self.body[self.at : self.at + size], stored)
        if stored.kind == "b":  # a forged truth value may be any byte
            x = x.view(np.uint8) != 0
        self.at += size + -size % 64
        x = x.reshape(shape if order is None else [shape[axis] for axis in order])
        if flags & GAPS and x.ndim:
            wide = np.empty((*x.shape[:-1], 2 * x.shape[-1]), stored)
            wide[..., ::2] = x
            x = wide[..., ::2]
        if order is not None:
            x = x.transpose(np.argsort(order))
        if kind == "s" and x.ndim == 0:
            return x[()]
        if kind == "n":
            if flags & READ_ONLY:
                x.flags.writeable = False
            return x
        if kind != "t":
            raise ValueError("unknown kind of array")
        return self.tensor(x, dtype, flags, ident, grad)

    def tensor(self, x, dtype, flags, ident, grad):
        import torch

        x = torch.from_numpy(x)
        x = x.view(torch.bfloat16) if dtype == "bfloat16" else x
        if flags & PARAMETER:
            x = torch.nn.Parameter(x, requires_grad=bool(flags & REQUIRES_GRAD))
        elif flags & REQUIRES_GRAD:
            x.requires_grad_()
        if grad is not None:
            x.grad = grad
        return x if ident is None else self.foreign(Lent(_exactly(ident, int), x))


def _exactly(x, kind):
    if type(x) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(x).__name__}")
    return x


def _check_depth(tree) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH + 2:
            raise ValueError("nested too deeply")
        below = []
        for x in level:
            if type(x) in (list, tuple):
                below += [y for y in x if type(y) in (list, tuple, dict)]
            elif type(x) is dict:
                below += [y for y in x.values() if type(y) in (list, tuple, dict)]
        level = below


# ---- what a call may change --------------------------------------------------------------------------------------


def rng_extension(x) -> msgpack.ExtType | None:
    """A random generator as an extension, or None if x is none. Requests carry them, replies never do."""
    torch = sys.modules.get("torch")
    if isinstance(x, np.random.Generator) and type(x.bit_generator) is np.random.PCG64:
        return msgpack.ExtType(NUMPY_RNG, encode(numpy_rng_state(x))[0][PREFIX.size :])
    if torch and isinstance(x, torch.Generator) and x.device.type == "cpu":
        return msgpack.ExtType(TORCH_RNG, msgpack.packb(torch_rng_state(x)))
    return None


def numpy_rng_state(rng) -> list:
    state = rng.bit_generator.state
    return [state["state"]["state"], state["state"]["inc"], state["has_uint32"], state["uinteger"]]


def set_numpy_rng_state(rng, state) -> None:
    position, increment, has_uint32, uinteger = (_exactly(n, int) for n in state)
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": position % (1 << 128), "inc": increment % (1 << 128)},
        "has_uint32": int(has_uint32 != 0),
        "uinteger": uinteger % (1 << 32),
    }


def torch_rng_state(generator) -> bytes:
    return generator.get_state().numpy().tobytes()


def mutables_of(request: dict, apart: frozenset[int] | set[int] = frozenset()) -> Iterator:
    """Everything in the arguments of a request that a function can change in place, in an order both sides agree on.

    Args:
        request: With "args" and "kwargs".
        apart: Ids of the objects that a handle stood for: the sender has no such object, so it counts none.
    """
    args = request.get("args", ())
    for x in args if type(args) is list else (args,):
        yield from mutables(x, apart)
    for x in request.get("kwargs", {}).values():
        yield from mutables(x, apart)


def mutables(tree, apart: frozenset[int] | set[int] = frozenset()) -> Iterator:
    """What of a tree of plain data can be changed in place."""
    kind = type(tree)
    if kind in _FLAT or kind is int or (apart and id(tree) in apart):
        return
    torch = sys.modules.get("torch")
    if kind is np.ndarray or (torch and kind is torch.Tensor):  # most of what there is; torch is slow to say so itself
        yield tree
        return
    kinds = (np.ndarray, np.random.Generator) + ((torch.Tensor, torch.Generator) if torch else ())
    if isinstance(tree, kinds):
        yield tree
    elif isinstance(tree, list | tuple | dict):
        if not isinstance(tree, tuple):
            yield tree
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from mutables(item, apart)
