"""What the fuzzer feeds bytes to: the two places where the grader parses bytes that a student may have made.

Each target takes any bytes and raises, with a sentence, where a promise is broken. Nothing here needs the fuzzer.
"""

import json
import os
import struct
import sys
import tempfile
from pathlib import Path

import msgpack
import nbformat
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from small_notebook import RELEASE

from autograder.sandbox import wire
from autograder.submission import MAX_PROBLEMS, UnreadableSubmission, content_hash, read, rebuild

CORPUS = Path(__file__).parent / "corpus"
GIVEN = {cell.id for cell in RELEASE.cells}
PLAIN = (type(None), bool, int, float, str, bytes, complex, type(Ellipsis), wire.Handle, wire.Callback)


class Broken(Exception):
    """A promise that did not hold for an input."""


# The wire: what the grader decodes of a reply


def wire_target(data: bytes) -> None:
    """`decode` gives exact plain data within its bounds, or a ProtocolError."""
    header, body = split(data)
    lent = []

    def foreign(stand_in):  # as the grader's own hook does
        if isinstance(stand_in, wire.Lent):
            lent.append(stand_in)
            stand_in.value.requires_grad  # noqa: B018 - must be a tensor
            return stand_in.value
        return stand_in

    try:
        tree = wire.decode(header, memoryview(bytearray(body)), foreign)
    except wire.ProtocolError as error:
        if len(str(error)) > 200:
            raise Broken("a ProtocolError of more than 200 characters") from None
        return
    count = assert_plain(tree)
    if count > wire.MAX_HEADER:
        raise Broken(f"{count} values from a header of {len(header)} bytes")


def split(data: bytes) -> tuple[bytes, bytes]:
    """Header and body: two bytes say how long the body is; an odd third byte means that the header is grown."""
    if len(data) < 3:
        return data, b""
    size, grown, rest = int.from_bytes(data[:2], "little"), data[2] % 2, data[3:]
    cut = len(rest) - min(size, len(rest))
    return (grow(rest[:cut]) if grown else rest[:cut]), rest[cut:]


def joined(header: bytes, body: bytes = b"") -> bytes:
    """The input that `split` takes apart into these two."""
    return len(body).to_bytes(2, "little") + b"\0" + header + body


def grow(seed: bytes) -> bytes:
    """A well-formed msgpack header that follows from the seed, so that the fuzzer need not learn lengths of lengths."""
    at = 0

    def take(size: int = 1) -> int:
        nonlocal at
        at += size
        return int.from_bytes(seed[at - size : at], "little")

    def value(depth: int):
        if at >= len(seed) or depth > 40:
            return None
        kind = take() % 24
        if kind < 3:
            return [value(depth + 1) for _ in range(take() % 5)]
        if kind == 3:
            return {key(): value(depth + 1) for _ in range(take() % 4)}
        if kind < 8:
            fields = [value(depth + 1) if take() % 16 == 0 else standard() for standard in array]
            return extension(wire.ARRAY, fields[: take() % 8 or 7])
        if kind < 16:
            return extension(take() % 14, value(depth + 1))
        scalars = [True, take(), -take(4), struct.unpack("<d", take(8).to_bytes(8, "little"))[0], "name",
                   take(2).to_bytes(2, "little"), words[take() % len(words)], None]  # fmt: skip
        return scalars[kind - 16]

    def key():
        return [take(), "key", b"key", None, True, 0.5][take() % 6]

    def extension(code: int, plain):
        data = msgpack.packb(plain, unicode_errors="surrogatepass") if code != wire.INTEGER else bytes(take() % 64)
        return msgpack.ExtType(code, data)

    def shape():
        return [take() % 5 for _ in range(take() % 5)]

    def order():
        axes = [None, [0], [1, 0], [0, 1], [2, 0, 1], [1, 2, 0], [0, 2, 1, 3]]
        return axes[take() % len(axes)]

    words = ["Ellipsis", "torch.float32", "torch.bfloat16", "numpy.float64", "numpy.int8 type", "torch.x", "numpy."]
    dtypes = [*wire.DTYPES, "bfloat16", "object", ""]
    array = [
        lambda: "nst?"[take() % 4], lambda: dtypes[take() % len(dtypes)], shape, order, lambda: take() % 16,
        lambda: [None, take()][take() % 2], lambda: None,
    ]  # fmt: skip
    return msgpack.packb(value(0), unicode_errors="surrogatepass")


def assert_plain(tree) -> int:
    """Raise Broken unless everything in a decoded tree is exact plain data; returns the number of values."""
    level, count = [tree], 0
    while level:
        x = level.pop()
        count += 1
        kind = type(x)
        if kind in (list, tuple, set, frozenset):
            level += x
        elif kind is dict:
            if len(x) > wire.MAX_ITEMS:
                raise Broken(f"a dict of {len(x)} keys")
            level += [*x.keys(), *x.values()]
        elif kind is slice:
            level += [x.start, x.stop, x.step]
        elif kind is np.ndarray or isinstance(x, np.generic):
            if x.dtype.name not in wire.DTYPES or kind not in (np.ndarray, wire.DTYPES[x.dtype.name].type):
                raise Broken(f"an array of {kind.__name__} and dtype {x.dtype}")
            if x.dtype == bool and np.any(np.asarray(x).reshape(-1).view("u1") > 1):
                raise Broken("a truth value that is neither 0 nor 1")
        elif kind in (torch.Tensor, torch.nn.Parameter):
            if x.dtype == torch.bool and bool((x.detach().contiguous().view(torch.uint8) > 1).any()):
                raise Broken("a truth value that is neither 0 nor 1")
            if x.grad is not None:
                level.append(x.grad)
        elif kind is int:
            if x.bit_length() > 8 * wire.MAX_HEADER:
                raise Broken("an integer that is larger than the header")
        elif kind not in PLAIN and kind is not torch.dtype and not _numpy_type(x):
            raise Broken(f"a value of type {kind.__name__}")
    return count


def _numpy_type(x) -> bool:
    return isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic))


# The notebook: what the grader reads of a file

_FOLDER = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None, prefix="traindeep-fuzz-")


def notebook_target(data: bytes) -> None:
    """`read` gives a submission that can be graded, hashed, told and rebuilt, or UnreadableSubmission."""
    path = Path(_FOLDER.name) / "notebook.ipynb"
    path.write_bytes(data)
    try:
        submission = read(path, RELEASE, student="s01")
    except UnreadableSubmission as error:
        told(str(error))
        return
    content_hash(submission)
    for problem in submission.problems:
        told(problem)
    if len(submission.problems) > MAX_PROBLEMS + 1:
        raise Broken(f"{len(submission.problems)} problems")
    for text in [*(cell.source for cell in submission.cells), *submission.written.values()]:
        text.encode()
        if "\0" in text:
            raise Broken("a NUL in a cell")
    named = [cell.grade_id for cell in submission.cells if cell.kind != "added"]
    if len(set(named)) < len(named) or not set(named) <= GIVEN:
        raise Broken(f"cells {named}")
    if "imports" not in named:
        raise Broken("a given cell of the release is not run")
    if any(cell.grade_id for cell in submission.cells if cell.kind == "added"):
        raise Broken("an added cell has a name of the release")
    rebuilt = rebuild(submission, RELEASE)
    own = [cell for cell in rebuilt.cells if not cell.id.startswith("added-")]
    if [(cell.id, cell.metadata) for cell in own] != [(cell.id, cell.metadata) for cell in RELEASE.cells]:
        raise Broken("the rebuilt notebook is not the release with other answers")
    if nbformat.reads(json.dumps(rebuilt), as_version=4) != rebuilt:
        raise Broken("the rebuilt notebook does not read back the same")


def told(sentence: str) -> None:
    """A problem is one line of readable text."""
    if not sentence.isprintable() or len(sentence) > 1500:
        raise Broken(f"a problem that is no line of text: {sentence[:200]!r} ({len(sentence)} characters)")


TARGETS = {"wire": wire_target, "notebook": notebook_target}
