"""The data format between the grader and student code."""

import contextlib
import itertools
import struct

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import wire


def there_and_back(value, **hooks):
    first, *rest = wire.encode(value)
    header, body = wire.PREFIX.unpack(first[:8])
    data = bytearray(b"".join(rest))
    assert (len(first) - 8, len(data)) == (header, body)
    return wire.decode(first[8:], data, **hooks)


def same(a, b) -> bool:
    """Equal in kind, in structure and bit for bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, torch.Tensor):

        def bits(t):
            return (t.detach().contiguous().reshape(-1).view(torch.uint8))  # fmt: skip

        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(bits(a), bits(b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    return a == b or (a != a and b != b)


arrays = hnp.arrays(
    st.sampled_from([np.dtype(d) for d in wire.DTYPES]), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
)
leaves = (st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary(max_size=20) | arrays
          | st.text(st.characters(), max_size=20))  # fmt: skip
trees = st.recursive(
    leaves,
    lambda t: (
        st.lists(t, max_size=4) | st.tuples(t, t) | st.dictionaries(st.text(max_size=5) | st.integers(), t, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_plain_data_comes_back_the_same(tree):
    """Every tree of plain data comes back equal in kind, structure and bits."""
    assert same(there_and_back(tree), tree)


@pytest.mark.parametrize("dtype", wire.TORCH_DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3, 4)])
def test_tensors_come_back_the_same(dtype, shape):
    """A tensor of every type and shape comes back as a tensor with the same bits."""
    x = (torch.randn(shape) * 3).to(getattr(torch, dtype))
    assert same(there_and_back(x), x)


def test_numpy_scalars_keep_their_kind():
    """np.float64 is told apart from float, and from an array without axes."""
    value = (np.float64(1.5), 1.5, np.array(1.5), np.bool_(True), True, np.int8(-3))
    assert same(there_and_back(value), value)


def test_gradients_and_parameters_are_told_apart():
    """requires_grad, nn.Parameter and .grad arrive; a tensor without them arrives without them."""
    plain, leaf, parameter = torch.ones(2), torch.ones(2, requires_grad=True), torch.nn.Parameter(torch.ones(3))
    (leaf * 3).sum().backward()
    a, b, c = there_and_back([plain, leaf, parameter])
    assert (a.requires_grad, b.requires_grad, c.requires_grad) == (False, True, True)
    assert type(c) is torch.nn.Parameter
    assert type(b) is torch.Tensor
    assert b.grad.tolist() == [3, 3]
    assert a.grad is None
    assert c.grad is None


@pytest.mark.parametrize("lay", [
    lambda x: x.T, lambda x: x[:, ::2], lambda x: x[::-1], lambda x: np.asfortranarray(x), lambda x: x.transpose(1, 0)[1:],
])  # fmt: skip
def test_arrays_that_are_not_contiguous_stay_so(lay):
    """A transposed or strided array has the same values and is as little contiguous on the other side."""
    x = lay(np.arange(30.0).reshape(5, 6))
    y = there_and_back(x)
    assert np.array_equal(x, y)
    assert x.flags.c_contiguous == y.flags.c_contiguous
    t = there_and_back(torch.arange(30.0).reshape(5, 6).T)
    assert not t.is_contiguous()
    assert t[1, 0] == 1


def test_read_only_arrays_stay_read_only():
    """A test can hand out an array that must not be changed."""
    x = np.ones(3)
    x.flags.writeable = False
    assert not there_and_back(x).flags.writeable
    assert there_and_back(np.ones(3)).flags.writeable


def test_subclasses_are_read_through_their_base_class():
    """A subclass that lies in its own methods is sent as what it holds."""

    class Liar(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

        def __float__(self):
            return 0.0

    class LyingList(list):
        def __iter__(self):
            return itertools.count()

    class LyingArray(np.ndarray):
        def __array__(self, *args):
            raise SystemExit

    value = there_and_back([Liar(2.5), LyingList([1, 2]), np.ones(2).view(LyingArray)])
    assert same(value, [2.5, [1, 2], np.ones(2)])


def test_streams_become_lists():
    """Generators, ranges and views of dicts arrive as lists; what runs code is settled before it is encoded."""
    streams = [(i for i in range(3)), range(2), {"a": 1}.items(), zip([1], [2], strict=True)]
    assert there_and_back(wire.settled(streams)) == [[0, 1, 2], [0, 1], [("a", 1)], [(1, 2)]]
    with pytest.raises(wire.Unsendable):
        there_and_back(i for i in range(3))


def test_settled_values_run_no_code_when_they_are_encoded():
    """A generator is run to its end and a subclass of Tensor becomes a plain one, at any depth; the rest stays itself."""

    class Shy(torch.Tensor):
        pass

    plain = {"a": [np.ones(2), (1, torch.ones(2))], "b": "text"}
    assert wire.settled(plain) is plain
    value = wire.settled({"x": [torch.ones(2).as_subclass(Shy)], "y": (map(abs, [-1, 2]), 3)})
    assert type(value["x"][0]) is torch.Tensor
    assert value["y"] == ([1, 2], 3)
    without_end = endless()
    assert wire.settled(without_end) is without_end


def test_dtypes_and_slices_can_be_arguments():
    """dtype=torch.float64 and x[1:, ...] can be asked for."""
    value = (torch.float64, np.dtype("f4"), np.float32, slice(1, None, 2), Ellipsis, {1, 2}, frozenset("a"))
    assert there_and_back(value) == value


def repr_short(value) -> str:
    return type(value).__name__


def endless():
    while True:
        yield 1


@pytest.mark.parametrize("value", [
    object(), endless(), lambda: 0, np.array([object()]), np.array(["text"]), 1 << 20000, torch.ones(2).to_sparse(),
    torch.ones(2, device="meta"), [0.0] * 10**6, np.zeros(80 << 20, np.uint8), {(1, (2,)): object()},
], ids=repr_short)  # fmt: skip
def test_what_is_no_plain_data_is_refused(value):
    """Objects, endless generators, object arrays and enormous values raise Unsendable and nothing else."""
    with pytest.raises(wire.Unsendable):
        wire.encode(value)


def test_cycles_and_deep_nesting_are_refused_on_both_sides():
    """A list that contains itself cannot be sent, and 10,000 levels cannot be received."""
    cycle = []
    cycle.append(cycle)
    with pytest.raises(wire.Unsendable, match="deep"):
        wire.encode(cycle)
    for opening in (b"\x91" * 500 + b"\x90", b"\x91" * 10**5 + b"\x90"):
        with pytest.raises(wire.ProtocolError):
            wire.decode(opening, b"")
    nested = msgpack.packb([])
    for _ in range(2000):
        nested = msgpack.packb(msgpack.ExtType(wire.TUPLE, nested))
    with pytest.raises(wire.ProtocolError, match="deep"):
        wire.decode(nested, b"")


def forged(*array) -> bytes:
    return msgpack.packb(msgpack.ExtType(wire.ARRAY, msgpack.packb(list(array))))


@pytest.mark.parametrize("header", [
    forged("n", "object", [1], None, 0, None, None),
    forged("n", "float64", [2**62], None, 0, None, None),
    forged("n", "float64", [2**62, 4, 0], None, 0, None, None),
    forged("n", "float64", [-1], None, 0, None, None),
    forged("n", "float64", [True], None, 0, None, None),
    forged("n", "float64", [1, 1], [0, 0], 0, None, None),
    forged("n", "float64", [1, 1], [0, 5], 0, None, None),
    forged("n", "float64", [1], [0, 1], 0, None, None),
    forged("n", "float64", [1] * 40, None, 0, None, None),
    forged("x", "float64", [1], None, 0, None, None),
    forged("t", "int64", [1], None, wire.REQUIRES_GRAD, None, None),
    forged("t", "float64", [1], None, 0, None, "a gradient"),
    forged("t", "float64", [1], None, 0, "an object", None),
    forged("n", ["float64"], [1], None, 0, None, None),
    forged("n", "float64", {"a": 1}, None, 0, None, None),
    forged("n", "float64"),
    msgpack.packb(msgpack.ExtType(wire.CONSTANT, msgpack.packb("torch.load"))),
    msgpack.packb(msgpack.ExtType(wire.CONSTANT, msgpack.packb("numpy.fromfile"))),
    msgpack.packb(msgpack.ExtType(wire.HANDLE, msgpack.packb([1.5, "x"]))),
    msgpack.packb(msgpack.ExtType(wire.NUMPY_RNG, msgpack.packb([1, 2, 3, 4]))),
    msgpack.packb(msgpack.ExtType(wire.TORCH_RNG, msgpack.packb(b"state"))),
    msgpack.packb(msgpack.ExtType(99, b"")),
    msgpack.packb(msgpack.ExtType(wire.SET, msgpack.packb([False, [[1]]]))),
    msgpack.packb({(): 1})[:-1],
    b"\xdf" + struct.pack(">I", 2**31),
    b"\xc6" + struct.pack(">I", 2**31),
    b"\xa1\xff",
    b"",
    b"\xc0\xc0",
])  # fmt: skip
def test_forged_frames_are_protocol_errors(header):
    """Whatever is wrong with a frame, the answer is a ProtocolError."""
    with pytest.raises(wire.ProtocolError):
        wire.decode(header, bytes(64))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=128))
def test_random_bytes_are_data_or_protocol_errors(header, body):
    """Random bytes decode to plain data or raise ProtocolError."""
    with contextlib.suppress(wire.ProtocolError):
        wire.decode(header, body)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_frames_are_data_or_protocol_errors(data):
    """A frame with a few bytes changed decodes to plain data or raises ProtocolError."""
    value = {"y": (np.arange(6.0).reshape(2, 3).T, torch.ones(2, requires_grad=True)), "n": [1 << 70, 2j, slice(1)]}
    first, *rest = wire.encode(value)
    header, body = bytearray(first[8:]), b"".join(bytes(part) for part in rest)
    for _ in range(data.draw(st.integers(1, 4))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.ProtocolError):
        wire.decode(bytes(header), body)


def test_bytes_left_over_are_refused():
    """A body longer than its arrays is no honest frame."""
    with pytest.raises(wire.ProtocolError, match="left over"):
        wire.decode(msgpack.packb(None), bytes(8))


def test_a_generator_keeps_its_state():
    """A random generator draws the same numbers on the other side."""
    rng = np.random.default_rng(5)
    rng.random(3, dtype=np.float32)

    def rebuild(code, state):
        other = np.random.default_rng()
        wire.set_numpy_rng_state(other, state)
        return other

    first, *rest = wire.encode(rng, wire.rng_extension)
    other = wire.decode(first[8:], b"".join(rest), generators=rebuild)
    assert np.array_equal(other.random(5), rng.random(5))


def test_mutables_finds_the_same_places_on_both_sides():
    """Arguments that can be changed are listed in the same order before and after the journey."""
    tree = [[np.ones(2), (torch.ones(1), {"b": np.zeros(1), "a": 3})], {}]
    kinds = [type(x) for x in wire.mutables(tree)]
    assert kinds == [list, list, np.ndarray, torch.Tensor, dict, np.ndarray, dict]
    assert [type(x) for x in wire.mutables(there_and_back(tree))] == kinds
