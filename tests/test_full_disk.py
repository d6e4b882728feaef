"""A disk that is really full, a small tmpfs: one line, status 1, nothing half-written, and a rerun finishes the work."""

import os
import shutil
import subprocess
import sys

import pytest
from classroom import SEED, files, hand_in_all

from autograder.result import Result

COUNT, PAGE = 8, os.sysconf("SC_PAGE_SIZE")
# A mount that nobody else sees, and that ends with the shell.
PRIVATE = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-euc"]
TWICE = """
out=$1 options=$2 said=$3; shift 3
mount -t tmpfs -o "$options" none "$out"
"$@" 2>"$said/line" || echo $? >"$said/status"
cp -r "$out" "$said/full"
mount --options-mode ignore -o remount,size=64m,nr_inodes=4096 "$out"  # its owner has no number in a user namespace
"$@" 2>/dev/null
cp -r "$out" "$said/done"
"""
LEVEL = """
mount -t tmpfs none "$1"
"$2" -c 'from autograder.sandbox.host import choose_isolation; print(choose_isolation())'
"""


@pytest.fixture(scope="module")
def graded(small, isolation, tmp_path_factory):
    """The command that grades a class, up to its --out, and what it writes where there is room."""
    folder = tmp_path_factory.mktemp("disk")
    if sys.platform != "linux" or not shutil.which("unshare"):
        pytest.skip("a small disk of its own needs unshare, of Linux")
    probe = subprocess.run([*PRIVATE, LEVEL, "sh", folder, sys.executable], capture_output=True, text=True)
    if probe.stdout.strip() != isolation:
        why = probe.stderr.strip().splitlines()[-1:] or [f"there the level is {probe.stdout.strip()}"]
        pytest.skip(f"no mount of its own for a small disk: {why[0]}")
    command = [sys.executable, "-m", "autograder", "--course", str(small.root), "grade"]
    command += [str(hand_in_all(small, folder, COUNT)), "--out"]
    subprocess.run([*command, folder / "graded"], check=True, env=environment(), capture_output=True, timeout=300)
    expected = files(folder / "graded")
    assert len(expected) == 2 * COUNT + 1
    return command, expected


def environment():
    return {**os.environ, "TRAINDEEP_SEED": SEED}


def pages(contents: bytes) -> int:
    return -(-len(contents) // PAGE)


DISKS = {
    "half of the bytes": lambda expected: f"size={sum(map(pages, expected.values())) // 2 * PAGE}",
    "half of the files": lambda expected: f"nr_inodes={len(expected) // 2}",
    "all but the table": lambda expected: (
        f"size={sum(pages(text) for name, text in expected.items() if name != 'grades.csv') * PAGE}"
    ),
}


@pytest.mark.parametrize("room", DISKS)
def test_a_full_disk_is_one_line_and_a_rerun_gives_the_same_bytes(graded, tmp_path, room):
    """The run says in one line what is full; every file that is there is whole; with more room all becomes the same."""
    command, expected = graded
    (out := tmp_path / "out").mkdir()
    subprocess.run([*PRIVATE, TWICE, "sh", out, DISKS[room](expected), tmp_path, *command, out], check=True,
                   capture_output=True, timeout=300, env=environment())  # fmt: skip
    *progress, line = (tmp_path / "line").read_text().splitlines()
    assert all(each.endswith(f" of {COUNT} graded") for each in progress)  # on a slow machine
    assert line.startswith(f"autograder: {out}/")
    assert line.endswith(": No space left on device; nothing that was finished is lost")
    assert (tmp_path / "status").read_text() == "1\n"
    left = files(tmp_path / "full")
    table = left.pop("grades.csv", None)
    assert left.items() <= expected.items(), "no file is half-written, and none is left over"
    records = [name for name in left if name.endswith(".json")]
    assert 0 < len(records) <= COUNT - (room != "all but the table")
    assert {name.removesuffix("json") + "html" for name in records} <= left.keys()
    if table is not None:
        assert table.count(b"\n") == 1 + len(records)
        assert all(Result.from_json(left[name].decode()).student.encode() in table for name in records)
    assert files(tmp_path / "done") == expected
