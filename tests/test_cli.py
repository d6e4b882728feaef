"""The command line: each command does what it says, and every bad request is one line on stderr and status 2."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from traindeep import cli, state, workbook

ID = "bn_forward_train"
RIGHT = """def bn_forward_train(x, gamma, beta, eps=1e-5):
    x = np.asarray(x, dtype=float)
    if len(x) < 2:
        raise ValueError("x is too short")
    if np.shape(gamma) != x[0].shape:
        raise ValueError("gamma has another length")
    if np.shape(beta) != x[0].shape:
        raise ValueError("beta has another length")
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}"""
WRONG = RIGHT.replace("x.var(axis=0)", "x.var(axis=0, ddof=1)")
STUB = "def bn_forward_train(x, gamma, beta, eps=1e-5):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def notebook(answer=STUB, *extra):
    """A released notebook in miniature."""

    def meta(id, **kwargs):
        return {"nbgrader": {"grade_id": id, "schema_version": 3, "grade": False, "solution": False, **kwargs}}

    nb = nbformat.v4.new_notebook()
    code = nbformat.v4.new_code_cell
    nb.cells = [
        nbformat.v4.new_markdown_cell("# Batch normalization"),
        code("%matplotlib inline\nimport numpy as np\nfrom traindeep import check, hint, progress, use\n!echo shell"),
        code(answer, metadata=meta(ID, solution=True)),
        code(f'check("{ID}")', metadata=meta(f"check_{ID}", grade=True, points=5)),
        code("raise SystemError('experiments are not run')", metadata={"tags": ["experiment"]}),
        *(code(source) for source in extra),
    ]
    return nb


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    """A folder with one notebook, and the released copy that reset reads."""
    for name in ("NBGRADER_EXECUTION", "TRAINDEEP_GRADING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRAINDEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(state, "_memory", None)
    monkeypatch.setattr(state, "_said", set())
    pristine = tmp_path / "pristine"
    pristine.mkdir()
    nbformat.write(notebook(), pristine / "02_batch_norm.ipynb")
    monkeypatch.setattr(workbook, "PRISTINE", pristine)
    root = tmp_path / "course"
    (root / "notebooks/02_batch_norm").mkdir(parents=True)
    monkeypatch.chdir(root)
    put(root, notebook())
    workbook._order.cache_clear()
    yield root
    workbook._order.cache_clear()


def put(root, nb):
    path = root / "notebooks/02_batch_norm/02_batch_norm.ipynb"
    nbformat.write(nb, path)
    return path


def run(capsys, *argv):
    """(status, stdout, stderr) of a command."""
    try:
        status = cli.main(list(argv))
    except SystemExit as stop:  # argparse
        status = stop.code
    return status, *capsys.readouterr()


# ---- check -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [["02"], ["2"], ["02_batch_norm"], [ID], ["02", ID], ["notebooks/02_batch_norm"],
                                  ["notebooks/02_batch_norm/02_batch_norm.ipynb"]])  # fmt: skip
def test_check_passes(course, capsys, what):
    """A right answer: one short line, status 0, and it is recorded."""
    put(course, notebook(RIGHT))
    status, out, err = run(capsys, "check", *what)
    assert (status, err) == (0, "")
    assert out.startswith(f"{ID}: ")
    assert "visible tests pass; " in out
    assert out.count("\n") <= 2
    assert state.all()[ID]["best"] == "passed"
    assert "def bn_forward_train" in state.saved_source(ID)


def test_check_explains_a_wrong_answer(course, capsys):
    """A wrong answer: the page with the diagnosis, status 1."""
    put(course, notebook(WRONG))
    status, out, err = run(capsys, "check", "02")
    assert (status, err) == (1, "")
    assert "Your variance divides by N - 1." in " ".join(out.split())


def test_check_of_an_untouched_notebook(capsys):
    """A stub is not attempted, and no attempt is counted."""
    status, out, _ = run(capsys, "check", "02")
    assert status == 1
    assert f"{ID}: not attempted yet\n" in out
    assert state.all()[ID]["attempts"] == 0


def test_check_from_inside_the_notebooks_folder_and_in_a_bundle(course, capsys, monkeypatch):
    """The notebook is found from a folder below, and in a bundle without the folder notebooks/."""
    path = put(course, notebook(RIGHT))
    monkeypatch.chdir(path.parent)
    assert run(capsys, "check", "02")[0] == 0
    bundle = course.parent / "bundle"
    bundle.mkdir()
    path.rename(bundle / path.name)
    monkeypatch.chdir(bundle)
    assert run(capsys, "check", "02")[0] == 0


def test_a_cell_that_raises_ends_only_itself(course, capsys):
    """An exception is one line with cell and line; later cells still run."""
    nb = notebook(
        RIGHT, "a = 1\nb = undefined_name\nc = 2", "import sys; sys.exit(3)", "def (", "print('noise')\nlast = a"
    )
    path = put(course, nb)
    status, out, err = run(capsys, "check", "02")
    assert (status, err) == (0, "")
    assert "cell 6: NameError: name 'undefined_name' is not defined (line 2: b = undefined_name)" in out
    assert "cell 7: SystemExit: 3" in out
    assert "cell 8: SyntaxError" in out
    assert "noise" not in out
    namespace, problems = workbook.run(path)
    assert namespace["last"] == 1
    assert len(problems) == 3


def test_an_exception_in_the_answer_names_its_line(course, capsys):
    """The page shows the line of the student's cell."""
    put(course, notebook(RIGHT.replace("x.mean(axis=0)", "x.mean(axis=0)[99]")))
    _, out, _ = run(capsys, "check", "02")
    assert "line 9: mu, var = x.mean(axis=0)[99], x.var(axis=0)" in " ".join(out.split())


def test_check_works_on_a_notebook_that_lost_its_metadata(course, capsys):
    """An editor that drops metadata does not stop the check."""
    nb = notebook(RIGHT)
    for cell in nb.cells:
        cell.metadata = nbformat.NotebookNode()
    nb.cells = [cell for cell in nb.cells if "SystemError" not in cell.source]
    put(course, nb)
    assert run(capsys, "check", "02")[0] == 0


def test_the_working_folder_and_path_are_put_back(course, capsys):
    """Running a notebook leaves the process as it was."""
    put(course, notebook(RIGHT, "import sys, os; os.chdir('/'); sys.path.append('x')"))
    before = os.getcwd(), sys.path[0]
    run(capsys, "check", "02")
    assert (os.getcwd(), sys.path[0]) == before
    sys.path.remove("x")


# ---- bad requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["check", "bn_forward_trian"], "did you mean bn_forward_train"),
        (["check", "02", "bn_forward_trian"], "did you mean bn_forward_train"),
        (["check", "77"], "no notebook 77 in "),
        (["check", "nowhere.ipynb"], "there is no notebook nowhere.ipynb"),
        (["check", "bad.ipynb"], "bad.ipynb is not a valid notebook"),
        (["check", "list.ipynb"], "list.ipynb is not a valid notebook"),
        (["check", "odd.ipynb"], "odd.ipynb is not a valid notebook"),
        (["check", "binary.ipynb"], "binary.ipynb is not a valid notebook"),
        (["check", "empty.ipynb"], "has no exercises"),
        (["check", "../../x"], "there is no exercise"),
        (["check", ""], "there is no exercise"),
        (["hint", "bn_forward_trian"], "did you mean bn_forward_train"),
        (["reset", "bn_forward_trian"], "did you mean bn_forward_train"),
        (["reset", ID, "--notebook", "bad.ipynb"], "bad.ipynb is not a valid notebook"),
        (["reset", ID, "--notebook", "empty.ipynb"], "has no cell for bn_forward_train"),
        (["solution", "bn_forward_trian"], "did you mean bn_forward_train"),
        (["solution", "a\x1b[31m\nb"], "there is no exercise"),
    ],
)
def test_bad_requests_are_one_line(course, capsys, argv, says):
    """Status 2, one clear line on stderr, no traceback."""
    (course / "bad.ipynb").write_text("{not json")
    (course / "list.ipynb").write_text("[1, 2]")
    (course / "odd.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"source": 3}]}')
    (course / "binary.ipynb").write_bytes(b"\xff\xfe\x00\x80")
    nbformat.write(nbformat.v4.new_notebook(), course / "empty.ipynb")
    status, out, err = run(capsys, *argv)
    assert status == 2
    assert out == ""
    assert err.startswith("traindeep: ")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert says in err


def test_two_matching_notebooks_are_named(course, capsys):
    """Where two notebooks fit, both are named and neither is run; a backup does not count."""
    path = put(course, notebook(RIGHT))
    path.with_name(path.name + ".20260101.bak").write_text("x")
    assert run(capsys, "check", "02")[0] == 0
    path.with_name("copy.ipynb").write_text(path.read_text())
    status, out, err = run(capsys, "check", "02")
    assert (status, out) == (2, "")
    assert "fits 2 notebooks" in err
    assert "copy.ipynb" in err


@pytest.mark.parametrize("argv", [[], ["check"], ["bogus"], ["hint"], ["progress", "--what"]])
def test_usage_errors_are_argparses(capsys, argv):
    """A malformed command line shows the usage and exits 2."""
    status, out, err = run(capsys, *argv)
    assert status == 2
    assert err.startswith("usage: ")


def test_help_tells_the_exit_status(capsys):
    """Scripts can rely on what --help says."""
    status, out, _ = run(capsys, "--help")
    assert status == 0
    assert "Exit status: 0 done" in " ".join(out.split())
    assert "Exits 0 when all of them pass, 1 when one does not." in " ".join(run(capsys, "check", "--help")[1].split())


# ---- the other commands ----------------------------------------------------------------------------------


def test_hint_and_progress(capsys):
    """Hints advance across commands, and progress shows them."""
    assert "hint 1 of 3" in run(capsys, "hint", ID)[1]
    assert "hint 2 of 3" in run(capsys, "hint", ID)[1]
    status, out, _ = run(capsys, "progress")
    assert status == 0
    row = next(line for line in out.splitlines() if line.split()[:1] == [ID])
    assert "2 of 3" in row
    assert ID in run(capsys, "progress", "02")[1]
    status, out, err = run(capsys, "progress", "77")
    assert (status, out) == (2, "")
    assert "there is no notebook 77; there are: " in err


def test_reset_restores_the_stub_and_keeps_a_backup(course, capsys):
    """Only the one cell changes; the backup holds the notebook as it was, byte for byte."""
    path = put(course, notebook(WRONG, "mine = 1"))
    before = path.read_bytes()
    status, out, err = run(capsys, "reset", ID)
    assert (status, err) == (0, "")
    (backup,) = path.parent.glob("*.bak")
    assert backup.name in out
    assert backup.read_bytes() == before
    old, new = json.loads(before), json.loads(path.read_text())
    changed = [i for i, (a, b) in enumerate(zip(old["cells"], new["cells"], strict=True)) if a != b]
    assert changed == [2]
    assert "".join(new["cells"][2]["source"]) == STUB
    nbformat.validate(nbformat.read(path, as_version=4))
    assert run(capsys, "check", "02")[0] == 1
    run(capsys, "reset", ID)
    assert len(list(path.parent.glob("*.bak"))) == 2


def test_reset_finds_the_cell_without_metadata(course, capsys):
    """A cell that defines the function is the cell, when its grade_id is lost; the metadata comes back."""
    nb = notebook(WRONG)
    nb.cells[2].metadata = nbformat.NotebookNode()
    path = put(course, nb)
    assert run(capsys, "reset", ID)[0] == 0
    cell = json.loads(path.read_text())["cells"][2]
    assert "".join(cell["source"]) == STUB
    assert cell["metadata"]["nbgrader"]["grade_id"] == ID


def test_solution_after_an_attempt(course, capsys):
    """Locked until an answer was checked; then it is printed without markers, and noted."""
    (course / "solutions").mkdir()
    (course / "solutions/02_batch_norm.py").write_text(
        f'# %% exercise="{ID}" points=5\ndef {ID}(x):\n    """Doc."""\n    ### BEGIN SOLUTION\n    return x\n'
        f'    ### END SOLUTION\n\n\n# %% check="{ID}"\ncheck("{ID}")\n'
    )
    run(capsys, "check", "02")  # the stub is no attempt
    status, out, err = run(capsys, "solution", ID)
    assert (status, out) == (2, "")
    assert "after one attempt of your own" in err
    put(course, notebook(WRONG))
    run(capsys, "check", "02")
    status, out, err = run(capsys, "solution", ID)
    assert (status, err) == (0, "")
    assert out == f'def {ID}(x):\n    """Doc."""\n    return x\n'
    assert state.all()[ID]["solution_seen"]
    assert "(solution seen)" in run(capsys, "progress")[1]


def test_solution_where_there_are_none(capsys, monkeypatch, tmp_path):
    """The student bundle has no solutions, and says so in one line."""
    monkeypatch.setattr(workbook, "ROOT", tmp_path / "site-packages/lib/traindeep")
    monkeypatch.setattr(workbook, "_record", lambda id: {"assignment": "02_batch_norm", "points": 5})
    status, out, err = run(capsys, "solution", ID)
    assert (status, out) == (2, "")
    assert "not part of this copy" in err


def test_learn_prints_and_starts_jupyterlab(course, capsys, monkeypatch):
    """The next open exercise decides the notebook; --print starts nothing."""
    monkeypatch.setattr(workbook, "course", lambda: {"02_batch_norm": [{"id": ID, "points": 5}]})
    path = put(course, notebook())
    assert run(capsys, "learn", "--print") == (0, f"{path}\n", "")
    started = []
    monkeypatch.setattr(cli, "_become", lambda command: started.append(command) or 0)
    status, out, _ = run(capsys, "learn", "--no-browser")
    assert status == 0
    assert f"Next: {ID} in {path}" in out
    assert started[0][1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={course}" in started[0]
    assert "--LabApp.default_url=/lab/tree/notebooks/02_batch_norm/02_batch_norm.ipynb" in started[0]
    assert "--no-browser" in started[0]
    assert run(capsys, "learn")[0] == 0
    assert "--no-browser" not in started[1]
    monkeypatch.chdir(path.parent)  # the links of a notebook lead out of its folder
    assert run(capsys, "learn")[0] == 0
    assert f"--ServerApp.root_dir={course / 'notebooks'}" in started[2]


def test_learn_says_in_one_line_what_is_missing(course, capsys, monkeypatch, tmp_path):
    """No notebook, or no JupyterLab: one line and status 2."""
    monkeypatch.setattr(workbook, "course", lambda: {"02_batch_norm": [{"id": ID, "points": 5}]})
    put(course, notebook())
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    status, _, err = run(capsys, "learn")
    assert (status, err) == (2, "traindeep: JupyterLab is not installed here: pip install jupyterlab\n")
    monkeypatch.setattr(workbook, "ROOT", tmp_path / "a/b")
    monkeypatch.chdir(tmp_path / "home" if (tmp_path / "home").is_dir() else tmp_path)
    status, out, err = run(capsys, "learn")
    assert (status, out) == (2, "")
    assert err.startswith("traindeep: no notebook 02_batch_norm in ")
    assert err.count("\n") == 1


def test_as_a_program(course):
    """python -m traindeep.cli answers --version and a bad request like the command does."""
    env = os.environ | {"PYTHONWARNINGS": "error"}
    program = [sys.executable, "-m", "traindeep.cli"]
    done = subprocess.run([*program, "--version"], capture_output=True, text=True, env=env)
    assert done.stdout.startswith("traindeep 0.")
    done = subprocess.run([*program, "check", "99"], capture_output=True, text=True, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    put(course, notebook(WRONG))
    done = subprocess.run([*program, "check", "02"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Likely cause" in done.stdout


def test_help_does_not_load_torch():
    """--help and a NumPy check answer at once: torch stays out."""
    code = "import sys, traindeep.cli as c; sys.argv=['traindeep', '--version']\ntry: c.main()\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
