"""Progress on disk: counted, kept, and never in the way."""

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from traindeep import state
from traindeep.checks import Report, TestResult

CELL = """
import math as m
from functools import reduce

SCALE = 2.0

def helper(v):
    return m.sqrt(v) * SCALE

class Layer:
    def f(self, v):
        return helper(v)

@staticmethod
def bn_forward_train(x, gamma, beta, eps=1e-5):
    return Layer().f(x) + reduce(lambda a, b: a + b, [1, 2]) + np.float64(0)
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("NBGRADER_EXECUTION", "TRAINDEEP_GRADING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRAINDEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(state, "_memory", None)
    monkeypatch.setattr(state, "_said", set())
    return tmp_path / "home"


def report(outcome="failed", passed=1, total=3, id="bn_forward_train"):
    tests = [TestResult(f"test_{i}", "Says.", "passed" if i < passed else outcome) for i in range(total)]
    return Report(id, "Title.", outcome, tuple(tests), hints=3)


def test_nothing_is_known_at_first(home):
    """Asking creates no file."""
    assert state.all() == {}
    assert state.hints_used("bn_forward_train") == 0
    assert not home.exists()


def test_attempts_are_checks_of_something_written():
    """A stub and an absent name are noted and do not count as attempts."""
    for outcome, passed in (("missing", 0), ("not_attempted", 0), ("error", 0), ("failed", 2), ("error", 1)):
        state.record(report(outcome, passed), {})
    entry = state.all()["bn_forward_train"]
    assert entry["attempts"] == 3
    assert (entry["outcome"], entry["passed"], entry["total"]) == ("error", 1, 3)
    assert (entry["best"], entry["best_passed"]) == ("failed", 2)
    assert "first_passed" not in entry


def test_the_first_pass_is_remembered():
    """A later failure changes the outcome, not the best one nor its time."""
    state.record(report("passed", 3), {})
    first = state.all()["bn_forward_train"]["first_passed"]
    state.record(report("failed", 0), {})
    state.record(report("passed", 3), {})
    state.record(report("failed", 1), {})
    entry = state.all()["bn_forward_train"]
    assert (entry["outcome"], entry["best"], entry["first_passed"]) == ("failed", "passed", first)


def test_hints_and_solution_are_noted():
    """Hints add up; the time of the first look at the solution stays."""
    assert [state.count_hint("a"), state.count_hint("a"), state.count_hint("b")] == [1, 2, 1]
    assert state.hints_used("a") == 2
    state.saw_solution("a")
    first = state.all()["a"]["solution_seen"]
    state.saw_solution("a")
    assert state.all()["a"]["solution_seen"] == first


def count(home, id, times):
    os.environ["TRAINDEEP_HOME"] = str(home)
    for _ in range(times):
        state.count_hint(id)
        state.count_hint("both")


def test_two_kernels_lose_nothing(home):
    """Two processes that write at once both find all their records."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=count, args=(home, id, 40)) for id in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert (state.hints_used("a"), state.hints_used("b"), state.hints_used("both")) == (40, 40, 80)
    assert sorted(path.name for path in home.iterdir()) in (
        ["progress.json", "progress.lock"],
        ["progress.json"],
    )


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b'"x"', b'{"version": 1}', b'{"version": 1, "exercises": {"a": 3}}', b"\xff\xfe", b"[" * 100_000,
     b'{"version": "x", "exercises": {}}'],
)  # fmt: skip
def test_a_corrupt_file_is_kept_aside(home, text, capsys):
    """Whatever stands in the file, the work goes on, the old content stays and one line says so."""
    home.mkdir()
    (home / "progress.json").write_bytes(text)
    (home / "progress.json.corrupt-1").write_text("an earlier one")
    assert state.all() == {}
    assert (home / "progress.json.corrupt-2").read_bytes() == text
    assert state.count_hint("a") == 1
    assert json.loads((home / "progress.json").read_text())["exercises"] == {"a": {"hints": 1}}
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert "corrupt-2" in lines[0]


def test_odd_values_in_a_valid_file_do_no_harm(home):
    """A count that someone edited into text starts anew."""
    home.mkdir()
    (home / "progress.json").write_text(
        '{"version": 1, "exercises": {"a": {"hints": "many", "attempts": null, "best": 7}}}'
    )
    assert state.hints_used("a") == 0
    assert state.count_hint("a") == 1
    state.record(report(id="a"), {})
    assert state.all()["a"]["attempts"] == 1


def test_a_newer_file_is_left_alone(home, capsys):
    """A file of a later version is neither read wrongly nor overwritten."""
    home.mkdir()
    text = '{"version": 99, "exercises": {}}'
    (home / "progress.json").write_text(text)
    state.record(report("passed", 3), {})
    assert (home / "progress.json").read_text() == text
    assert "newer traindeep" in capsys.readouterr().out
    assert state.all()["bn_forward_train"]["best"] == "passed"  # within this process


def test_an_unwritable_folder_is_said_once(home, capsys):
    """Without a folder to write to, counting goes on in memory and one line says that nothing is saved."""
    home.write_text("a file where the folder should be")
    state.record(report("passed", 3), {})
    assert [state.count_hint("a"), state.count_hint("a")] == [1, 2]
    state.record(report("failed"), {})
    assert state.all()["bn_forward_train"]["attempts"] == 2
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert "not being saved" in lines[0]


def test_a_full_disk_loses_nothing_old(home, monkeypatch, capsys):
    """When writing fails midway the old file stays whole and no temporary file is left."""
    state.count_hint("a")
    before = (home / "progress.json").read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    state.count_hint("a")
    assert (home / "progress.json").read_bytes() == before
    assert not [path for path in home.iterdir() if path.name.startswith(".progress")]
    assert "No space left on device" in capsys.readouterr().out
    assert state.hints_used("a") == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("NBGRADER_EXECUTION", "autograde"), ("NBGRADER_EXECUTION", "validate"), ("TRAINDEEP_GRADING", "1")],
)
def test_grading_records_nothing(home, monkeypatch, name, value):
    """nbgrader's runs and our grader's leave no trace, and say nothing."""
    monkeypatch.setenv(name, value)
    state.record(report("passed", 3), {})
    state.count_hint("a")
    assert not home.exists()


def test_nbgrader_still_sets_that_variable():
    """The name of the variable is the installed nbgrader's."""
    nbgrader = pytest.importorskip("nbgrader")
    folder = Path(nbgrader.__file__).parent
    assert "NBGRADER_EXECUTION='autograde'" in (folder / "converters/autograde.py").read_text()
    assert "NBGRADER_EXECUTION='validate'" in (folder / "validator.py").read_text()


def run_cell(source, **extra):
    """Run source as a cell of a notebook is: with a file name that only linecache knows."""
    import linecache

    name = "<cell 1>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"np": np, "__name__": "__main__"} | extra
    exec(compile(source, name, "exec"), namespace)
    return namespace


def test_a_passing_answer_is_saved_with_what_it_uses():
    """The saved source runs by itself: imports, constants, helpers and classes come first."""
    state.record(report("passed", 3), run_cell(CELL.replace("@staticmethod\n", "")))
    source = state.saved_source("bn_forward_train")
    again = {}
    exec(source, again)
    assert again["bn_forward_train"](9.0, 1, 1) == 9.0
    assert source.count("def helper") == 1


def test_an_answer_without_source_is_no_problem():
    """Where the source cannot be had nothing is saved, and the pass still counts."""
    namespace = {}
    exec("def bn_forward_train(): pass", namespace)
    for answer in (namespace, {"bn_forward_train": 3}, {"bn_forward_train": np.mean}, {}):
        state.record(report("passed", 3), answer)
    assert state.all()["bn_forward_train"]["attempts"] == 4


def test_a_failing_answer_is_not_saved():
    """Only what passed is kept."""
    state.record(report("failed"), run_cell(CELL))
    assert state.saved_source("bn_forward_train") == ""
