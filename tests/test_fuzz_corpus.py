"""Every input that fuzzing found worth keeping, through both targets, without the fuzzer: found bugs stay fixed."""

import sys
import tracemalloc
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

import targets

from autograder.sandbox import wire

FILES = sorted(path for path in targets.CORPUS.rglob("*") if path.is_file())


def test_corpus_is_there_and_small():
    """There are inputs for both targets, and not so many that the repository grows by them."""
    assert {path.parent.name for path in FILES} == set(targets.TARGETS)
    assert 50 < len(FILES) <= 200
    assert sum(path.stat().st_size for path in FILES) < 300_000


@pytest.mark.parametrize("target", targets.TARGETS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_input_breaks_no_promise(path, target):
    """No input of either target breaks a promise of `wire.decode` or of `submission.read`."""
    targets.TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "wire"], ids=lambda path: path.name)
def test_memory_of_decoding_is_bounded(path):
    """Decoding takes at most 64 bytes of objects for each byte of the header and four times the body."""
    header, body = targets.split(path.read_bytes())
    body = memoryview(bytearray(body))
    targets.wire_target(path.read_bytes())  # so that torch is imported
    tracemalloc.start()
    try:
        wire.decode(header, body)
    except wire.ProtocolError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 64 * len(header) + 4 * len(body) + 100_000


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x00\x00\xc1\x02",  # no msgpack at all
        targets.joined(b"\xc7\x01\x0a\xc0"),  # a generator's state: a reply never carries one
    ],
)
def test_targets_reach_the_decoder(data):
    """What is no frame is refused: the targets really decode what they are given."""
    with pytest.raises(wire.ProtocolError):
        wire.decode(*targets.split(data))
    targets.wire_target(data)


@pytest.mark.parametrize("bad", [object(), {1: [type]}, [Path()], {"a": bytearray(b"x")}])
def test_target_sees_what_is_not_plain(bad):
    """The wire target would complain of a value that is no plain data."""
    with pytest.raises(targets.Broken):
        targets.assert_plain(bad)


@pytest.mark.parametrize("sentence", ["two\nlines", "\x1b[31mred", "x" * 2000])
def test_target_sees_problems_that_are_no_sentence(sentence):
    """The notebook target would complain of a problem that is not one line of readable text."""
    with pytest.raises(targets.Broken):
        targets.told(sentence)
