"""nbgrader with our plug-in, on a course of two small exercises and a question; a stand-in grades, so no sandbox runs."""

import contextlib
import errno
import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import nbformat
import nbgrader.api
import numpy as np
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import AutogradeApp, GenerateAssignmentApp, GenerateFeedbackApp
from nbgrader.apps.api import NbGraderAPI

from autograder import exercise as hidden
from autograder import kernel, nbgrader_plugin, nbgrader_run
from autograder.course import Course, grade_id, points_of, release_notebook, role, to_bytes
from autograder.result import ExerciseResult, Result, TestResult

# nbgrader's own: it builds its rows in an order of which SQLAlchemy 2.1 warns.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).parent.parent
NAME = "01_tiny"
SOLUTIONS = '''\
# %% [markdown]
# # Tiny

# %%
import math

# %% exercise="double" points=2
def double(x):
    """Return 2 x."""
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION

# %% check="double"
check("double")

# %% exercise="triple" points=3
def triple(x):
    """Return 3 x."""
    ### BEGIN SOLUTION
    return 3 * x
    ### END SOLUTION

# %% check="triple"
check("triple")

# %% [markdown] question="why" points=4
# ### BEGIN SOLUTION
# Because of the grounds.
# ### END SOLUTION
'''
RIGHT = {"double": "def double(x):\n    return 2 * x\n", "triple": "def triple(x):\n    return x * 3\n"}
WRONG = {"double": "def double(x):\n    return x\n"}


class StandIn:
    """A grader that runs the answers in this process and says a secret about every test."""

    started = 0
    broken = ()

    void = {}

    def __init__(self, course, isolation):
        self.course = course

    def assignment(self, name):
        return self

    def __enter__(self):
        StandIn.started += 1
        return self

    def __exit__(self, *exc):
        pass

    def grade(self, submission):
        namespace = {}
        for cell in submission.cells:
            with contextlib.suppress(Exception):
                exec(cell.source, namespace)
        results = []
        for id, factor, points in (("double", 2, 2.0), ("triple", 3, 3.0)):
            try:
                verdict = "passed" if namespace[id](7) == 7 * factor else "failed"
            except NotImplementedError:
                verdict = "not_attempted"
            except KeyError:
                verdict = "missing"
            made = exercise_result(id, verdict, points)
            if (submission.student, id) in self.broken:
                test = replace(made.tests[0], outcome="could_not_grade", message="it broke")
                made = replace(made, verdict="could_not_grade", score=0.0, tests=(test,))
            if (id, "test_broken") in self.void:
                test = TestResult("test_broken", "Broken.", True, "y", "could_not_grade", "it asserts nothing")
                made = replace(made, verdict="could_not_grade", tests=(*made.tests, test))
            results.append(made)
        return result(submission.student, submission.assignment, submission.problems, results)

    def nothing(self, student, assignment, problems, verdict="missing"):
        results = [exercise_result(id, verdict, points) for id, points in (("double", 2.0), ("triple", 3.0))]
        return result(student, assignment, problems, results)


def result(student, assignment, problems, results):
    score = sum(result.score for result in results)
    return Result(student, assignment, score, 5.0, "stand-in", "seed", tuple(problems), tuple(results))


def exercise_result(id, verdict, points):
    passed = verdict == "passed"
    test = TestResult(
        "test_secret", f"{id} multiplies.", True, "y", "passed" if passed else "failed", "" if passed else "off by <7>"
    )
    return ExerciseResult(id, f"Title of {id}.", verdict, points * passed, points, (test,))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A course folder in which nbgrader knows the assignment; copied for every test."""
    root = tmp_path_factory.mktemp("tiny")
    (root / "solutions").mkdir()
    (root / "solutions" / f"{NAME}.py").write_text(SOLUTIONS)
    (root / "pyproject.toml").write_text("")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    derive(root, NAME, Course(root).source(NAME))
    assert run(root, GenerateAssignmentApp, NAME, "--force")[0] == 0
    return root


def derive(root, name, source):
    """What `autograder build` writes for one assignment."""
    for folder, nb in (("build/source", source), ("notebooks", release_notebook(source))):
        (root / folder / name).mkdir(parents=True)
        (root / folder / name / f"{name}.ipynb").write_bytes(to_bytes(nb))


@pytest.fixture
def course(tiny, tmp_path, monkeypatch):
    root = tmp_path / "course"
    shutil.copytree(tiny, root)
    monkeypatch.setattr(nbgrader_plugin, "Grader", StandIn)
    monkeypatch.setattr(StandIn, "started", 0)
    monkeypatch.setattr(StandIn, "broken", ())
    monkeypatch.setattr(StandIn, "void", {})
    monkeypatch.setattr(nbgrader_plugin, "_warm", {})
    return root


def run(root, app_class, *arguments):
    """An nbgrader command in the course's folder, in this process; returns (exit status, log)."""
    log = logging.getLogger("traitlets")
    seen = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())
    status = 0
    with contextlib.chdir(root):
        app = app_class(log=log)
        log.addHandler(handler)
        try:
            app.initialize([*arguments])
            app.start()
        except SystemExit as error:
            status = error.code
        finally:
            log.removeHandler(handler)
    return status, "\n".join(seen)


def autograde(root, *arguments):
    return run(root, AutogradeApp, NAME, *arguments)


def notebook(root, assignment=NAME, /, **answers):
    """The released notebook with answers filled in."""
    nb = Course(root).release(assignment)
    for cell in nb.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if id in answers:
            cell.source = answers[id]
    return nb


def hand_in(root, student, nb, time="2026-11-01 12:00:00 UTC", assignment=NAME, name=None):
    folder = root / "submitted" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    data = nb if isinstance(nb, bytes) else to_bytes(nb)
    (folder / (name or f"{assignment}.ipynb")).write_bytes(data)
    (folder / "timestamp.txt").write_text(time)
    return folder


def gradebook(root):
    return Gradebook(f"sqlite:///{root}/gradebook.db", "traindeep")


def scores(root, student, name=NAME):
    """grade_id -> (automatic score, whether a person has to look)."""
    with gradebook(root) as book:
        rows = book.find_submission_notebook(name, name, student).grades
        return {row.name: (row.auto_score, row.needs_manual_grade) for row in rows}


def comments(root, student, name=NAME):
    with gradebook(root) as book:
        return {row.name: row.auto_comment for row in book.find_submission_notebook(name, name, student).comments}


FULL = {"check_double": (2.0, False), "check_triple": (3.0, False), "why": (None, True)}
NOTHING = {"check_double": (0.0, False), "check_triple": (0.0, False), "why": (0.0, False)}


# ---- the release ---------------------------------------------------------------------------------------


def test_generate_assignment_leaves_the_built_release_as_it_is(course):
    """nbgrader's own generate_assignment writes the notebook that `autograder build` wrote, byte for byte."""
    built = to_bytes(release_notebook(Course(course).source(NAME)))
    assert (course / "notebooks" / NAME / f"{NAME}.ipynb").read_bytes() == built


# ---- autograde -----------------------------------------------------------------------------------------


def test_scores_and_comments_of_a_batch(course):
    """Every grade cell's score and a comment with the reason are in the gradebook after one command."""
    hand_in(course, "ada", notebook(course, **RIGHT, why="Grounds."))
    hand_in(course, "bob", notebook(course, **RIGHT | WRONG))
    hand_in(course, "cyd", notebook(course))
    assert autograde(course)[0] == 0
    assert scores(course, "ada") == FULL
    assert scores(course, "bob") == {"check_double": (0.0, False), "check_triple": (3.0, False), "why": (0.0, False)}
    assert scores(course, "cyd") == NOTHING
    assert comments(course, "ada")["why"] is None
    assert comments(course, "bob")["why"] == "No response."
    assert "2 of 2" in comments(course, "ada")["double"]
    assert "0 of 2" in comments(course, "bob")["double"]


def test_sandbox_starts_once_for_a_batch(course):
    """However many students a run grades, the grader starts once in a process."""
    for student in ("ada", "bob", "cyd"):
        hand_in(course, student, notebook(course, **RIGHT))
    autograde(course)
    autograde(course, "--force")
    assert StandIn.started == 1


def test_autograded_notebook_holds_the_result_and_not_the_students_outputs(course):
    """What lies in autograded/ is the course's notebook with the answers, the result and the outcome of the tests."""
    nb = notebook(course, **RIGHT | WRONG)
    nb.cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": "<script>steal()</script>"})]
    hand_in(course, "bob", nb)
    autograde(course)
    graded = nbformat.read(course / "autograded" / "bob" / NAME / f"{NAME}.ipynb", as_version=4)
    assert graded.metadata.traindeep.result["exercises"][0]["verdict"] == "failed"
    check = next(c for c in graded.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "check_double")
    assert "off by <7>" in check.outputs[0].text
    assert "steal" not in json.dumps(graded)


@pytest.mark.parametrize("deleted", ["check_double", "double"])
def test_resubmission_without_a_cell_overwrites_the_old_score(course, deleted):
    """A score earned by an earlier submission does not survive one in which the answer is gone."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    autograde(course)
    assert scores(course, "ada")["check_double"] == (2.0, False)
    nb = notebook(course, **RIGHT | WRONG)
    nb.cells = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != deleted]
    hand_in(course, "ada", nb, time="2026-11-02 12:00:00 UTC")
    assert autograde(course)[0] == 0
    assert scores(course, "ada")["check_double"] == (0.0, False)
    assert scores(course, "ada")["check_triple"] == (3.0, False)


def test_an_unchanged_submission_is_not_graded_again(course):
    """As in plain nbgrader, a second run without a newer timestamp or --force does nothing."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    autograde(course)
    graded = course / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    before = graded.stat().st_mtime_ns
    assert autograde(course)[0] == 0
    assert graded.stat().st_mtime_ns == before


def test_manual_grade_survives_autograding_again(course):
    """A score and a comment that a person entered stay; the score is flagged to be looked at again."""
    hand_in(course, "ada", notebook(course, **RIGHT, why="Grounds."))
    autograde(course)
    with gradebook(course) as book:
        book.find_grade("why", NAME, NAME, "ada").manual_score = 3.5
        book.find_grade("check_double", NAME, NAME, "ada").manual_score = 1.0
        book.find_comment("why", NAME, NAME, "ada").manual_comment = "Which grounds?"
        book.db.commit()
    assert autograde(course, "--force")[0] == 0
    with gradebook(course) as book:
        why = book.find_grade("why", NAME, NAME, "ada")
        assert (why.score, why.needs_manual_grade) == (3.5, True)
        double = book.find_grade("check_double", NAME, NAME, "ada")
        assert (double.score, double.needs_manual_grade) == (1.0, True)
        assert book.find_comment("why", NAME, NAME, "ada").comment == "Which grounds?"
        assert book.find_submission(NAME, "ada").score == 7.5


def spoil_duplicate(nb):
    nb.cells.insert(3, nbformat.from_dict(nb.cells[2] | {"id": "copied"}))
    return nb


def spoil_schema(nb):
    for cell in nb.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.schema_version = 99
    return nb


def spoil_metadata(nb):
    for cell in nb.cells:
        cell.metadata = {}
    return nb


@pytest.mark.parametrize("spoil", [spoil_duplicate, spoil_schema, spoil_metadata])
def test_damaged_metadata_costs_nobody_a_point(course, spoil):
    """A copied cell, a foreign schema version or lost metadata leaves all scores right, of this student and the next."""
    hand_in(course, "ada", spoil(notebook(course, **RIGHT, why="Grounds.")))
    hand_in(course, "bob", notebook(course, **RIGHT, why="Grounds."))
    assert autograde(course)[0] == 0
    assert scores(course, "ada") == FULL
    assert scores(course, "bob") == FULL


def test_unreadable_notebook_gets_zero_with_the_reason(course):
    """A file that is no notebook is a row of zeros, a line in the log and in the feedback; the batch goes on."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    autograde(course)
    hand_in(course, "ada", b'{"cells": [', time="2026-11-02 12:00:00 UTC")
    hand_in(course, "bob", notebook(course, **RIGHT))
    status, log = autograde(course)
    assert status == 0
    assert scores(course, "ada") == NOTHING
    assert scores(course, "bob")["check_triple"] == (3.0, False)
    assert "ada" in log
    assert "expected a notebook" in log
    page = feedback(course, "ada")
    assert f"submitted/ada/{NAME}/{NAME}.ipynb: expected a notebook" in page
    assert str(course) not in page


def test_notebook_of_another_name_is_graded(course):
    """A renamed notebook is taken, and said so; a folder without one gets zeros instead of keeping an old score."""
    hand_in(course, "ada", notebook(course, **RIGHT), name=f"{NAME} (1).ipynb")
    hand_in(course, "bob", notebook(course, **RIGHT))
    autograde(course)
    (hand_in(course, "bob", b"", time="2026-11-02 12:00:00 UTC") / f"{NAME}.ipynb").unlink()
    status, log = autograde(course)
    assert status == 0
    assert scores(course, "ada")["check_double"] == (2.0, False)
    assert scores(course, "bob") == NOTHING
    assert "No notebook was handed in" in log


def test_odd_files_and_times_stop_nobody(course):
    """A pipe, links, a folder in place of the notebook and a timestamp that is none leave the others graded."""
    folder = hand_in(course, "ada", notebook(course, **RIGHT), time="yesterday, honest")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "dangling").symlink_to("/nowhere")
    (folder / "figure.txt").write_text("kept")
    (course / "submitted" / "bob" / NAME / f"{NAME}.ipynb").mkdir(parents=True)
    folder = hand_in(course, "cyd", notebook(course, **RIGHT))
    (folder / "timestamp.txt").unlink()
    os.mkfifo(folder / "timestamp.txt")
    hand_in(course, "line\nbreak", notebook(course, **RIGHT))
    folder = hand_in(course, "max", notebook(course, **RIGHT))
    for number in range(300):
        (folder / f"{number}.txt").touch()
    hand_in(course, "zoe", notebook(course, **RIGHT))
    for _ in range(2):
        assert autograde(course, "--force")[0] == 0
        for student in ("ada", "cyd", "max", "zoe"):
            assert scores(course, student)["check_double"] == (2.0, False), student
        assert scores(course, "bob") == NOTHING
    copied = {path.name for path in (course / "autograded" / "ada" / NAME).iterdir()}
    assert copied == {f"{NAME}.ipynb", "timestamp.txt", "figure.txt"}
    assert [path.name for path in (course / "autograded" / "max" / NAME).iterdir()] == [f"{NAME}.ipynb"]


def test_ids_that_are_patterns_or_formulas(course):
    """The id of a student is a name, whatever it holds: each is graded and gets their own page."""
    ids = ["[a]", "*", "a+b", "=1+1", "<i>", "'; --", "ü x"]
    for number, student in enumerate(ids):
        hand_in(course, student, notebook(course, **(RIGHT if number % 2 else RIGHT | WRONG)))
    assert autograde(course)[0] == 0
    for number, student in enumerate(ids):
        assert scores(course, student)["check_double"] == (2.0 * (number % 2), False), student
    assert f"{NAME} · [a]" in feedback(course, "[a]")
    assert f"{NAME} · *" in feedback(course, "*")
    assert f"{NAME} · &lt;i&gt;" in feedback(course, "<i>")


def test_failure_of_the_grader_is_no_zero(course, monkeypatch):
    """Where the grader itself failed the row waits for a person, the run exits 1 and takes the student up again."""
    hand_in(course, "bob", notebook(course, **RIGHT))
    hand_in(course, "ada", notebook(course, **RIGHT))
    monkeypatch.setattr(StandIn, "broken", {("bob", "double")})
    status, log = autograde(course)
    assert status == 1
    assert "not graded: bob, 01_tiny: double, test_secret: it broke" in log
    assert "Traceback" not in log
    assert scores(course, "bob")["check_double"] == (None, True)
    assert scores(course, "bob")["check_triple"] == (3.0, False)
    assert scores(course, "ada")["check_double"] == (2.0, False)
    assert comments(course, "bob")["double"].startswith("could not be graded (our fault, not yours)")
    assert "Not graded yet, through no fault of yours." in feedback(course, "bob")
    assert "NBGRADER_EXECUTION" not in os.environ
    monkeypatch.setattr(StandIn, "broken", ())
    assert autograde(course)[0] == 0
    assert scores(course, "bob")["check_double"] == (2.0, False)


def test_broken_hidden_test_costs_nobody_a_point(course, monkeypatch):
    """A test that its own reference fails is named in log, comment and formgrader; the points of the others stand."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    monkeypatch.setattr(StandIn, "void", {("double", "test_broken"): "the reference error: it asserts nothing"})
    for _ in range(2):  # the second run takes the submission up again without --force
        status, log = autograde(course)
        assert status == 1
        assert "not graded: ada, 01_tiny: double, test_broken: it asserts nothing" in log
        assert scores(course, "ada")["check_double"] == (2.0, True)
        assert scores(course, "ada")["check_triple"] == (3.0, False)
    assert "could not be graded (our fault, not yours): Broken." in comments(course, "ada")["double"]
    graded = nbformat.read(course / "autograded" / "ada" / NAME / f"{NAME}.ipynb", as_version=4)
    check = next(cell for cell in graded.cells if grade_id(cell) == "check_double")
    assert "it asserts nothing" in check.outputs[0].text
    assert "it asserts nothing" not in feedback(course, "ada")
    monkeypatch.setattr(StandIn, "void", {})
    assert autograde(course)[0] == 0
    assert scores(course, "ada")["check_double"] == (2.0, False)


def test_assignment_that_cannot_be_loaded_is_one_line(course, monkeypatch):
    """An error in the hidden tests' own file ends the run with one line and status 1, and changes no score."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    monkeypatch.setattr(StandIn, "assignment", lambda self, name: 1 / 0)
    status, log = autograde(course)
    assert status == 1
    assert "01_tiny cannot be graded: ZeroDivisionError: division by zero" in log
    assert "Traceback" not in log
    monkeypatch.undo()


def test_gradebook_that_is_older_than_the_course(course, monkeypatch):
    """An exercise that only the gradebook knows is no zero: it waits for a person, and the log says what to run."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    whole = StandIn.grade
    monkeypatch.setattr(StandIn, "grade", lambda *args: replace(whole(*args), exercises=whole(*args).exercises[:1]))
    status, log = autograde(course)
    assert status == 0
    assert scores(course, "ada")["check_triple"] == (None, True)
    assert "check_triple is in the gradebook, not in the course; run nbgrader generate_assignment" in log


def test_machine_without_a_sandbox_grades_nothing(course):
    """Where the sandbox that is asked for cannot be had, the run ends with that one line, and no score changes."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    autograde(course)
    hand_in(course, "ada", notebook(course), time="2026-11-02 12:00:00 UTC")
    status, log = autograde(course, "--SubmissionExporter.isolation=steel")
    assert status == 1
    assert "nothing was graded: isolation must be auto, bubblewrap, confined or none, got 'steel'" in log
    assert scores(course, "ada")["check_double"] == (2.0, False)


def test_late_penalty_is_nbgraders(course):
    """nbgrader's late penalties work on our scores."""
    hand_in(course, "ada", notebook(course, **RIGHT), time="2026-11-05 12:00:00 UTC")
    with gradebook(course) as book:
        book.update_or_create_assignment(NAME, duedate="2026-11-02 12:00:00 UTC")
    autograde(course, "--LateSubmissionPlugin.penalty_method=zero")
    with gradebook(course) as book:
        assert book.find_submission_notebook(NAME, NAME, "ada").late_submission_penalty == 5.0


def test_formgraders_button_works_inside_a_running_event_loop(course):
    """formgrader calls autograde and generate_feedback synchronously from a coroutine of its server."""
    import asyncio

    hand_in(course, "ada", notebook(course, **RIGHT))

    async def press():
        with contextlib.chdir(course):
            app = AutogradeApp()
            app.initialize([])
            api = NbGraderAPI(app.coursedir, parent=app)
            return api.autograde(NAME, "ada"), api.generate_feedback(NAME, "ada")

    for result in asyncio.run(press()):
        assert result["success"], result
    assert scores(course, "ada")["check_double"] == (2.0, False)
    assert (course / "feedback" / "ada" / NAME / f"{NAME}.html").is_file()


# ---- a gradebook and a disk that refuse, and two graders -------------------------------------------------


def problem_lines(log):
    """What is more than progress: no traceback, and nothing of nbgrader's advice to upgrade the database."""
    assert "Traceback" not in log
    assert "db upgrade" not in log
    return [line for line in log.split("\n") if "gradebook sqlite" in line or "make space" in line]


@pytest.fixture
def impatient(course):
    """The course, with a gradebook that waits for a lock for a fifth of a second."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(f'\nc.CourseDirectory.db_url = "sqlite:///{course}/gradebook.db?timeout=0.2"\n')
    return course


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_locked_gradebook_is_one_line_and_loses_nothing(impatient, monkeypatch, when):
    """Whoever holds the gradebook is named as what to wait for; after that the same command grades everybody."""
    course, whole = impatient, StandIn.grade
    hand_in(course, "ada", notebook(course, **RIGHT))
    hand_in(course, "bob", notebook(course, **RIGHT | WRONG))
    other = sqlite3.connect(course / "gradebook.db", isolation_level=None)

    def lock(*args):
        if args and args[1].student == "bob":
            other.execute("BEGIN EXCLUSIVE")
        return whole(*args) if args else None

    monkeypatch.setattr(StandIn, "grade", lock)
    if when == "before":
        other.execute("BEGIN EXCLUSIVE")
    status, log = autograde(course)
    assert status == 1
    assert len(problem_lines(log)) == 1
    assert "gradebook.db?timeout=0.2: database is locked; another program holds a lock on it" in log
    assert "run the same command again" in log
    other.execute("ROLLBACK")
    if when == "meanwhile":
        assert scores(course, "ada") == FULL | {"why": (0.0, False)}
    monkeypatch.setattr(StandIn, "grade", whole)
    assert autograde(course)[0] == 0
    assert scores(course, "ada")["check_double"] == (2.0, False)
    assert scores(course, "bob")["check_double"] == (0.0, False)
    other.close()


def test_gradebook_on_a_full_disk_is_one_line_and_loses_nothing(course):
    """When SQLite finds no room the run ends, with the scores so far; with room the same command grades the rest."""
    from sqlalchemy import Engine, event

    def no_room(connection, record):
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")

    students = [f"s{number:02d}" + 80 * "x" for number in range(40)]
    for student in students:
        hand_in(course, student, notebook(course, **RIGHT))
    event.listen(Engine, "connect", no_room)
    try:
        status, log = autograde(course)
    finally:
        event.remove(Engine, "connect", no_room)
    assert status == 1
    assert len(problem_lines(log)) == 1
    assert "gradebook.db: database or disk is full; make space on the disk that holds it" in log
    assert autograde(course)[0] == 0
    for student in students:
        assert scores(course, student)["check_double"] == (2.0, False)


@pytest.mark.parametrize("where", ["copying", "writing"])
def test_full_disk_is_one_line_and_loses_nothing(course, monkeypatch, where):
    """When there is no room beside the graded notebooks the run ends with one line; nobody is left half-graded."""

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))

    hand_in(course, "ada", notebook(course, **RIGHT))
    with monkeypatch.context() as patch:
        if where == "copying":
            patch.setattr(shutil, "copy", full)
        else:
            patch.setattr(nbgrader_run, "write_atomically", full)
        status, log = autograde(course)
    assert status == 1
    assert len(problem_lines(log)) == 1
    assert "No space left on device; make space on this disk; what was graded before is kept" in log
    assert not (course / "autograded" / "ada" / NAME).exists()
    assert autograde(course)[0] == 0
    assert scores(course, "ada")["check_double"] == (2.0, False)


def test_killed_run_leaves_nothing_half_graded(course, monkeypatch):
    """A run that is killed while it grades leaves no score, and the next one grades the submission without --force."""
    folder = hand_in(course, "ada", notebook(course, **RIGHT))
    (folder / "figure.txt").write_text("copied before anything is graded")

    def killed(*args):
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(StandIn, "grade", killed)
        assert autograde(course)[0] == 137
    assert (course / "autograded" / "ada" / NAME / "figure.txt").exists()
    status, log = autograde(course)
    assert status == 0
    assert "was not finished by an earlier run; it is graded again" in log
    assert scores(course, "ada")["check_double"] == (2.0, False)


def test_submission_in_another_runs_hands_is_left_to_it(course):
    """A run passes over what another one is grading, says so, grades the rest, and waits for the other at the end."""
    for student in ("ada", "bob"):
        hand_in(course, student, notebook(course, **RIGHT))
    command = [sys.executable, "-c", HOLD, str(course / "autograded"), "ada", NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        status, log = autograde(course)
    assert status == 0
    assert f"ada, {NAME}: another run is grading it now; left for the end" in log
    graded = {student: course / "autograded" / student / NAME / f"{NAME}.ipynb" for student in ("ada", "bob")}
    assert graded["bob"].stat().st_mtime_ns < graded["ada"].stat().st_mtime_ns
    assert scores(course, "ada")["check_double"] == scores(course, "bob")["check_double"] == (2.0, False)


HOLD = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from autograder.nbgrader_run import Turns
folders = SimpleNamespace(autograded_directory=sys.argv[1], format_path=lambda *a: sys.argv[1], groupshared=False)
turns = Turns(folders)
assert turns.take(f"{sys.argv[2]}\\0{sys.argv[3]}", wait=False)
print("held", flush=True)
time.sleep(3)
"""


def test_hidden_tests_that_changed_are_read_again(course, monkeypatch):
    """A process that lives on, as formgrader's does, makes a new grader when a file it was loaded from has changed."""
    hand_in(course, "ada", notebook(course, **RIGHT))
    autograde(course, "--force")
    autograde(course, "--force")
    assert StandIn.started == 1
    (course / "autograder" / "exercises" / "double").mkdir(parents=True)
    (course / "autograder" / "exercises" / "double" / "hidden.py").touch()
    monkeypatch.setattr(hidden, "__file__", str(course / "autograder" / "exercise.py"))
    autograde(course, "--force")
    assert StandIn.started == 2


def test_forgetting_loads_the_tests_from_their_files():
    """After forget() an exercise is made of new functions, those that its files define now."""
    before = hidden.load("bn_forward_train")
    names = vars(before.reference)["_names"]
    nbgrader_plugin.forget()
    after = hidden.load("bn_forward_train")
    assert [test.__name__ for test in after.tests] == [test.__name__ for test in before.tests]
    assert after.tests[0] is not before.tests[0]
    assert vars(after.reference)["_names"].items().isdisjoint(names.items())


def test_gradebook_is_opened_once_for_a_run(course, monkeypatch):
    """However many students a run grades, it opens one connection pool, and writes each notebook once."""
    opened, written = [], []
    create, write = nbgrader.api.create_engine, nbgrader_run.write_atomically
    monkeypatch.setattr(nbgrader.api, "create_engine", lambda *a, **k: opened.append(a) or create(*a, **k))
    monkeypatch.setattr(nbgrader_run, "write_atomically", lambda *a: written.append(a) or write(*a))
    for student in ("ada", "bob", "cyd"):
        hand_in(course, student, notebook(course, **RIGHT))
    assert autograde(course)[0] == 0
    assert len(opened) == 1
    assert len(written) == 3


# ---- feedback ------------------------------------------------------------------------------------------


def feedback(course, student, name=NAME):
    status, log = run(course, GenerateFeedbackApp, name, "--force")
    assert status == 0, log
    return (course / "feedback" / student / name / f"{name}.html").read_text()


def test_feedback_gives_verdict_and_manual_grades_and_no_test(course):
    """The page has verdicts, the written answer made harmless, its grade and comment, and nothing of the hidden side."""
    answer = "Because $a<b$. <script>alert(1)</script> [x](javascript:alert(2)) <img src=x onerror=alert(3)> **bold**"
    hand_in(course, "ada", notebook(course, **RIGHT | WRONG, why=answer))
    autograde(course)
    with gradebook(course) as book:
        book.find_grade("why", NAME, NAME, "ada").manual_score = 3.5
        book.find_grade("why", NAME, NAME, "ada").needs_manual_grade = False
        book.find_comment("why", NAME, NAME, "ada").manual_comment = "Which <grounds>?"
        book.db.commit()
    page = feedback(course, "ada")
    assert "double" in page
    assert "3.5 of 4" in page
    assert "6.5 of 9" in page
    assert "Which &lt;grounds&gt;?" in page
    assert "<strong>bold</strong>" in page
    for bad in (
        "<script>alert",
        'href="javascript:',
        "onerror=",
        "autograder.kernel",
        "HIDDEN",
        "return x + x",
        "of the grounds",
    ):
        assert bad not in page, bad


def test_feedback_shows_a_score_that_a_person_changed(course):
    """Where the gradebook differs from the automatic score, the page gives the gradebook's, and says so."""
    hand_in(course, "ada", notebook(course, **RIGHT | WRONG))
    autograde(course)
    with gradebook(course) as book:
        book.find_grade("check_double", NAME, NAME, "ada").manual_score = 1.5
        book.db.commit()
    page = feedback(course, "ada")
    assert "4.5 of 9" in page
    assert "Changed from 0 to 1.5" in page


def test_formgrader_shows_written_answers_without_their_scripts(course):
    """The exporter of formgrader's page cleans the HTML of markdown cells, and leaves their formatting."""
    answer = "> quote\n\n<script>alert(1)</script>\n\n**bold** [x](javascript:alert(2)) <img src=x onerror=alert(3)>"
    hand_in(course, "ada", notebook(course, **RIGHT, why=answer))
    autograde(course)
    page = formgrader_page(course, "ada")
    assert "<strong>bold</strong>" in page
    assert "<blockquote>" in page
    assert "off by" not in page
    for bad in ("<script>alert", 'href="javascript:', "onerror="):
        assert bad not in page, bad


def formgrader_page(course, student):
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

    with contextlib.chdir(course):
        app = FormgradeExtension()
        app.initialize([])
        exporter = HTMLExporter(config=app.config)
        resources = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "base_url", "student"), "x")
        resources |= {"index": 0, "total": 1, "last_name": "", "first_name": "", "notebook_path": ""}
        path = course / "autograded" / student / NAME / f"{NAME}.ipynb"
        return exporter.from_filename(str(path), resources=resources)[0]


# ---- nbgrader without us: the hidden line ----------------------------------------------------------------


def loud(x, gamma, beta, eps=1e-5):
    print("on stdout")
    os.write(2, b"on descriptor 2")
    warnings.warn("on stderr", stacklevel=1)
    return hidden.find_reference("bn_forward_train")(x, gamma, beta, eps)


@pytest.mark.parametrize(
    "disturb", [lambda: None, lambda: np.seterr(all="raise"), lambda: warnings.simplefilter("error")]
)
def test_score_in_the_kernel_is_a_plain_number_and_silent(capfd, disturb):
    """A right answer that prints and warns gets its points as an exact float, and nothing reaches the outputs."""
    with np.errstate(), warnings.catch_warnings():
        disturb()
        points = kernel.score("bn_forward_train", {"bn_forward_train": loud})
    assert type(points) is float
    assert points == hidden.load("bn_forward_train").points
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("answer", [lambda *a, **k: sys.exit(), lambda *a, **k: None, "no function"])
def test_score_in_the_kernel_of_a_useless_answer_is_zero(answer):
    """An answer that ends the process, returns nothing or is none gets 0.0, not an exception and not full points."""
    assert kernel.score("bn_forward_train", {"bn_forward_train": answer}) == 0.0
    assert kernel.score("bn_forward_train", {}) == 0.0


# ---- with the real grader, and against nbgrader without it --------------------------------------------------


REAL = "02_batch_norm"
EXERCISES = ("bn_forward_train", "bn_backward", "bn_running_update")
BIASED = """\
def bn_running_update(run_mean, run_var, x, momentum=0.1, convention="torch"):
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
    new = momentum if convention == "torch" else 1 - momentum
    print("a line on stdout")
    warnings.warn("a line on stderr")
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0)
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The first exercises of a real notebook, without its experiments, and a class of four."""
    root = tmp_path_factory.mktemp("real")
    whole = Course(ROOT).source(REAL)
    keep = {name for id in EXERCISES for name in (id, f"check_{id}")} | {"W02a"}
    whole.cells = [
        cell for cell in whole.cells if grade_id(cell) in keep or (role(cell) == "code" and "import" in cell.source)
    ]
    (root / "solutions").mkdir()
    shutil.copy(ROOT / "solutions" / f"{REAL}.py", root / "solutions")
    (root / "pyproject.toml").write_text("")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    derive(root, REAL, whole)
    answers = {
        grade_id(cell): re.sub(r".*### (BEGIN|END) SOLUTION\n?", "", cell.source)
        for cell in whole.cells
        if role(cell) == "solution"
    }
    students = {
        "right": answers | {"W02a": "Four."},
        "biased": answers | {"bn_running_update": BIASED.replace("print", "import warnings\n    print")},
        "half": {
            "bn_forward_train": answers["bn_forward_train"].replace("x - mu) / np", "x - mu - 1) / np"),
            "W02a": "Four.",
        },
        "untouched": {},
    }
    for student, cells in students.items():
        hand_in(root, student, notebook(root, REAL, **cells), assignment=REAL)
    released = (root / "notebooks" / REAL / f"{REAL}.ipynb").read_bytes()
    assert run(root, GenerateAssignmentApp, REAL, "--force")[0] == 0
    assert (root / "notebooks" / REAL / f"{REAL}.ipynb").read_bytes() == released
    return root


@pytest.fixture(scope="module")
def graded(real):
    """The class, graded by `nbgrader autograde` with our plug-in, as an instructor types it."""
    done = subprocess.run(["nbgrader", "autograde", REAL], cwd=real, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return real


def environment(**extra):
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return os.environ | {"PATH": path, "TRAINDEEP_SEED": "test"} | extra


@pytest.mark.slow
def test_real_grader_behind_the_command(graded):
    """`nbgrader autograde` gives full marks to the solution, none to the stubs, and names the idea that went wrong."""
    full = {f"check_{id}": (points, False) for id, points in points_of(Course(graded).release(REAL)).items()}
    assert full.keys() == {f"check_{id}" for id in EXERCISES}
    assert scores(graded, "right", REAL) == full | {"W02a": (None, True)}
    assert all(score == (0.0, False) for score in scores(graded, "untouched", REAL).values())
    assert 0 < scores(graded, "biased", REAL)["check_bn_running_update"][0] < full["check_bn_running_update"][0]
    page = feedback(graded, "biased", REAL)
    assert "bn_running_update" in page
    assert "N - 1" in comments(graded, "biased", REAL)["bn_running_update"]
    assert "compare(" not in page
    assert "assert " not in page


@pytest.mark.slow
def test_plain_nbgrader_gives_the_same_scores(graded, tmp_path):
    """Without the plug-in, nbgrader's own kernel and our hidden line give honest submissions the same scores."""
    plain = tmp_path / "plain"
    shutil.copytree(graded, plain, ignore=shutil.ignore_patterns("autograded", "feedback", "right", "untouched"))
    env = environment(TRAINDEEP_PLAIN_NBGRADER="1")
    done = subprocess.run(["nbgrader", "autograde", REAL], cwd=plain, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for student in ("biased", "half"):
        assert scores(plain, student, REAL) == scores(graded, student, REAL), student
    kernel = nbformat.read(plain / "autograded" / "half" / REAL / f"{REAL}.ipynb", as_version=4)
    assert any(cell.get("outputs") for cell in kernel.cells)


@pytest.mark.slow
def test_validate_says_failed_where_a_visible_check_fails(real):
    """`nbgrader validate` on a notebook names failing checks, and passes the solution."""
    paths = [real / "submitted" / student / REAL / f"{REAL}.ipynb" for student in ("right", "half")]
    done = subprocess.run(["nbgrader", "validate", *paths], cwd=real, env=environment(), capture_output=True, text=True)
    right, half = re.split(r"(?=VALIDATION FAILED)", done.stdout)
    assert "Success! Your notebook passes all the tests." in right
    assert "VALIDATION FAILED ON 3 CELL(S)" in half
    assert "bn_backward: not_attempted" in half
