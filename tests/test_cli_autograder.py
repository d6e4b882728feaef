"""The instructor's commands: a bad request is one clear line on stderr and the right exit status, never a traceback."""

import argparse
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import batch, cli, demo
from autograder.course import BuildError, Course
from autograder.grading import Grader
from autograder.sandbox import host, lockdown

NAME = demo.ASSIGNMENT


@pytest.fixture
def submitted(course, tmp_path):
    """Two students who handed in the release as it is."""
    for student in ("anna", "bert"):
        put(tmp_path / "submitted" / student / NAME / f"{NAME}.ipynb", course.release(NAME))
    return tmp_path / "submitted"


def put(path, nb):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)
    return path


class Quick(Grader):
    """Reads submissions as the real one does, and gives every exercise of a readable one its points without running it."""

    def __init__(self, *args):
        super().__init__(args[0], "none", "seed")

    def grade(self, submission):
        return self.nothing(submission.student, submission.assignment, submission.problems, "not_attempted")


@pytest.fixture
def quick(monkeypatch):
    """No student code runs: these tests are about what is said around it."""
    monkeypatch.setattr(batch, "Grader", Quick)
    for function in (host.why_not, host.visible_paths):
        function.cache_clear()
    yield
    host.why_not.cache_clear()


def run(capsys, *argv):
    """(status, stdout, stderr)"""
    try:
        status = cli.main([str(arg) for arg in argv])
    except SystemExit as stop:  # argparse
        status = stop.code
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    return status, said.out, said.err


def one_line(stderr):
    assert stderr.startswith("autograder: ")
    assert stderr.endswith("\n")
    assert stderr.count("\n") == 1, stderr
    return stderr.removeprefix("autograder: ").rstrip("\n")


# ---- what can be asked for and cannot be done --------------------------------------------------------------------


def test_a_path_that_does_not_exist(capsys, tmp_path):
    """The path is named, and what was expected: usage, 2."""
    status, _, err = run(capsys, "grade", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert status == 2
    assert one_line(err) == f"{tmp_path / 'nowhere'} does not exist; expected a notebook or a folder of submissions"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", ["", "submitted", "essays/anna.txt"])
def test_a_folder_without_submissions(capsys, tmp_path, layout):
    """An empty folder is named, with the layout that was expected: nothing could be graded, 1."""
    folder = tmp_path / "class"
    folder.mkdir()
    if layout.endswith(".txt"):
        (folder / "anna.txt").write_text("an essay")
    elif layout:
        (folder / layout).mkdir()
    status, _, err = run(capsys, "grade", folder, "--out", tmp_path / "out")
    assert status == 1
    assert one_line(err) == f"no submission in {folder}; expected *.ipynb or submitted/<student>/<assignment>/*.ipynb"
    assert not (tmp_path / "out").exists()


def test_an_unknown_assignment(capsys, submitted, tmp_path):
    """A name that is wrong on the command line is usage, 2, with the names there are."""
    for command in (("grade", submitted, "--out", tmp_path / "out", "--assignment", "99_magic"), ("build", "99_magic")):
        status, _, err = run(capsys, *command)
        assert status == 2
        assert re.fullmatch(
            r"there is no assignment '99_magic' in .*/solutions; there are: .*02_batch_norm.*", one_line(err)
        )


def test_a_folder_of_an_assignment_that_is_not_in_the_course(capsys, quick, course, tmp_path, monkeypatch):
    """What belongs to no assignment is named and makes the status 1; the rest is graded."""
    monkeypatch.setattr(Course, "assignments", (NAME, "03_dropout"))
    put(tmp_path / "submitted/anna" / NAME / f"{NAME}.ipynb", course.release(NAME))
    put(tmp_path / "submitted/anna/07_alchemy/07_alchemy.ipynb", course.release(NAME))
    status, out, err = run(capsys, "grade", tmp_path / "submitted", "--out", tmp_path / "out", "--isolation", "none")
    assert status == 1
    (line,) = (line for line in err.splitlines() if "alchemy" in line)
    assert line.endswith(
        "unknown assignment '07_alchemy'; there are: 02_batch_norm, 03_dropout. Name it with --assignment."
    )
    assert "anna" in out
    assert (tmp_path / "out/anna/02_batch_norm.json").is_file()
    only = tmp_path / "submitted/anna/07_alchemy"
    status, out, err = run(capsys, "grade", only, "--out", tmp_path / "out", "--isolation", "none")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == "autograder: nothing was graded"


def test_damaged_and_foreign_notebooks_are_results(capsys, quick, course, submitted, tmp_path):
    """A corrupt notebook and one of another assignment are graded 0 with the reason: status 0."""
    (submitted / "anna" / NAME / f"{NAME}.ipynb").write_text('{"cells": [')
    meta = {"nbgrader": {"grade_id": "mix_up", "solution": True, "grade": False, "locked": False, "schema_version": 3}}
    foreign = new_notebook(cells=[new_code_cell("def mix_up():\n    return 1", metadata=meta)])
    foreign.metadata["traindeep"] = {"assignment": "05_augmentation"}
    put(submitted / "bert" / NAME / f"{NAME}.ipynb", foreign)
    status, out, err = run(capsys, "grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    assert status == 0
    assert one_line(err).startswith("isolation 'none'")
    said = " ".join(out.split())
    assert "anna 0 / 46 02_batch_norm.ipynb: expected a notebook in JSON" in said
    assert "bert 0 / 46 02_batch_norm.ipynb: this notebook is 05_augmentation" in said
    page = (tmp_path / "out/anna/02_batch_norm.html").read_text()
    assert "expected a notebook in JSON" in page
    assert str(tmp_path) not in page


def test_a_course_that_is_not_built(capsys, quick, course, submitted, tmp_path):
    """Before any work: which file is missing, and the command that makes it."""
    root = tmp_path / "course"
    (root / "solutions").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    shutil.copy(course.solution_path(NAME), root / "solutions")
    status, _, err = run(capsys, "--course", root, "grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    assert status == 1
    assert one_line(err).endswith(f"notebooks/{NAME}/{NAME}.ipynb does not exist; run `autograder build`")
    assert not (tmp_path / "out").exists()


def test_outside_a_course(capsys, submitted, tmp_path, monkeypatch):
    """Every command that needs the course says where it looked and what makes a folder a course."""
    monkeypatch.chdir(tmp_path)
    for command in (("grade", submitted, "--out", "out"), ("build",), ("doctor",), ("release", "out"), ("demo",)):
        status, _, err = run(capsys, *command)
        assert status == 1
        assert (
            one_line(err) == f"{tmp_path} is not inside a course: expected a folder with solutions/ and pyproject.toml"
        )
    assert {path.name for path in tmp_path.iterdir()} == {"submitted"}


def test_an_output_folder_that_cannot_be_written(capsys, quick, submitted, tmp_path):
    """The folder, the reason and the way out, before any grading."""
    (tmp_path / "taken").write_text("")
    status, _, err = run(capsys, "grade", submitted, "--out", tmp_path / "taken", "--isolation", "none")
    assert status == 1
    said = err.splitlines()[-1]
    assert said.startswith(f"autograder: {tmp_path / 'taken'}: expected a folder that can be written to: ")
    assert said.endswith("choose another --out")


@pytest.mark.parametrize(("argv", "says"), [
    (("grade", "x", "--out", "y", "--jobs", "0"), "--jobs: expected a whole number of 1 or more, got '0'"),
    (("grade", "x", "--out", "y", "--jobs", "two"), "--jobs: expected a whole number of 1 or more, got 'two'"),
    (("grade", "x", "--out", "y", "--jobs", "-1"), "--jobs: expected a whole number of 1 or more, got '-1'"),
    (("grade", "x", "--out", "y", "--isolation", "strong"), "invalid choice: 'strong'"),
    (("grade", "x"), "required: --out"),
    (("grade", "--out", "y"), "required: PATH"),
    ((), "required: COMMAND"),
    (("grad", "x"), "invalid choice: 'grad'"),
])  # fmt: skip
def test_usage(capsys, argv, says):
    """Bad options are usage errors: status 2, the last line says what was expected."""
    status, out, err = run(capsys, *argv)
    assert (status, out) == (2, "")
    assert says in err.splitlines()[-1]


# ---- isolation ---------------------------------------------------------------------------------------------------


def test_without_bubblewrap(capsys, quick, submitted, tmp_path, monkeypatch):
    """auto falls back to 'confined' with one recommending line; asking for bubblewrap by name is refused."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if host.why_not("confined"):
        pytest.skip(host.why_not("confined"))
    status, _, err = run(capsys, "grade", submitted, "--out", tmp_path / "out")
    assert status == 0
    assert one_line(err) == (
        "bubblewrap cannot be had; grading at the level 'confined'. Recommended: apt install bubblewrap"
    )
    status, _, err = run(capsys, "grade", submitted, "--out", tmp_path / "other", "--isolation", "bubblewrap")
    assert status == 1
    assert one_line(err) == "isolation bubblewrap: bubblewrap is not installed; try: apt install bubblewrap"
    assert not (tmp_path / "other").exists()


def test_without_any_wall(capsys, quick, submitted, tmp_path, monkeypatch):
    """Where neither level can be had, nothing is graded unless `none` is asked for by name, which is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(lockdown, "landlock_version", lambda: 0)
    status, _, err = run(capsys, "grade", submitted, "--out", tmp_path / "out")
    assert status == 1
    assert one_line(err) == (
        "isolation bubblewrap: bubblewrap is not installed; try: apt install bubblewrap; isolation confined: "
        "the kernel has no Landlock (5.13 or newer, enabled); install bubblewrap instead"
    )
    assert not (tmp_path / "out").exists()
    status, _, err = run(capsys, "grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    assert status == 0
    assert one_line(err) == "isolation 'none': student code runs with your rights. Use it for notebooks you trust."


# ---- what a good run says ----------------------------------------------------------------------------------------


def test_a_run_prints_the_table_and_where_things_are(capsys, quick, submitted, tmp_path):
    """The table names every student; the last line says where pages and table are; a rerun says what it skipped."""
    argv = ("grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    status, out, _ = run(capsys, *argv)
    assert status == 0
    assert [line.split() for line in out.splitlines()[1:3]] == [
        [student, "0", "/", "46", "not", "attempted", "yet"] for student in ("anna", "bert")
    ]
    assert out.splitlines()[-1] == (
        f"feedback pages and records: {tmp_path}/out/<student>/; table: {tmp_path}/out/grades.csv"
    )
    assert all(len(line) <= 100 for line in out.splitlines()[:-1])


def test_what_could_not_be_graded_makes_the_status_1(capsys, quick, submitted, tmp_path, monkeypatch):
    """A fault of the grader is told to the instructor, with the student and the reason."""
    monkeypatch.setattr(Quick, "grade", lambda self, submission: 1 / 0)
    status, out, err = run(capsys, "grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    assert status == 1
    assert "could not grade anna, 02_batch_norm: the grader failed (ZeroDivisionError: division by zero)" in err
    assert "anna" in out


def test_an_interrupt_is_one_line(capsys, quick, submitted, tmp_path, monkeypatch):
    """Ctrl-C is no traceback and has the status that shells give it."""

    def interrupt(self, submission):
        raise KeyboardInterrupt

    monkeypatch.setattr(Quick, "grade", interrupt)
    status, out, err = run(capsys, "grade", submitted, "--out", tmp_path / "out", "--isolation", "none")
    assert (status, out) == (130, "")
    assert err.splitlines()[-1].startswith("autograder: interrupted; what was finished is kept")


def test_a_demo_does_not_replace_other_files(tmp_path):
    """`demo --out` empties its folder, so it refuses one that holds anything but an earlier demo."""
    demo._clear(tmp_path / "new")
    demo._clear(tmp_path / "new")
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BuildError, match="holds something that no demo has made"):
        demo._clear(tmp_path)
    assert (tmp_path / "thesis.tex").is_file()


def subparsers():
    (action,) = (a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


@pytest.mark.parametrize("name", ["", *subparsers()])
def test_help(capsys, name, monkeypatch):
    """Every command explains itself and all its options on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(capsys, *([name] if name else []), "-h")
    assert (status, err) == (0, "")
    assert all(len(line) <= 80 for line in out.splitlines())
    parser = subparsers()[name] if name else cli.parser()
    assert parser.description[0].isupper()
    assert parser.description.endswith(".")
    assert not [a.dest for a in parser._actions if not a.help and a.dest != "command"]
    for word in subparsers() if not name else ():
        assert f"    {word} " in out


def test_a_reader_that_goes_away_is_no_traceback():
    """`autograder grade -h | head -0` ends quietly, as other commands do."""
    code = "import sys; from autograder import cli; cli._doctor = lambda a: print('x' * 10**6, flush=True); sys.exit(cli.main(['doctor']))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_messages_go_to_stderr_as_they_are():
    """A path with brackets or colons is no markup and no emoji."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        cli._say("/home/[bold]/:smile:/x does not exist")
    assert said.getvalue() == "autograder: /home/[bold]/:smile:/x does not exist\n"
