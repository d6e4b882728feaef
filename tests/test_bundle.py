"""The student bundle: nothing secret gets in, two releases are alike, and it works where the repository is not."""

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from traindeep import cli as student_cli
from traindeep import exercise as visible

from autograder import bundle, cli
from autograder import exercise as hidden
from autograder.course import Course, exercises_of

ROOT = Path(__file__).parents[1]
ASSIGNMENT, ID = "02_batch_norm", "bn_forward_train"
WRONG = """
import numpy as np
from traindeep import check

def bn_forward_train(x, gamma, beta, eps=1e-5):
    mu, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}

check("bn_forward_train")
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """The bundle of this course."""
    return bundle.write(Course(ROOT), tmp_path_factory.mktemp("release") / "student-bundle")


@pytest.fixture(scope="module")
def texts(released) -> dict[str, str]:
    """name -> text of every file of the bundle and of its wheel."""
    found = {p.relative_to(released).as_posix(): p.read_bytes() for p in released.rglob("*") if p.is_file()}
    (wheel,) = [name for name in found if name.endswith(".whl")]
    with zipfile.ZipFile(released / wheel) as archive:
        found |= {name: archive.read(name) for name in archive.namelist()}
    del found[wheel]
    return {name: data.decode() for name, data in found.items()}


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of the course in which a test may plant something."""
    root = tmp_path / "course"
    root.mkdir()
    for name in ("pyproject.toml", *bundle.BESIDE):
        shutil.copyfile(ROOT / name, root / name)
    for name in ("solutions", "notebooks", "lib"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return root


def release(capsys, root: Path, out) -> tuple[int, str]:
    """(exit status, stderr) of `autograder release`; whatever it says is one line, and it leaves no scratch folder."""
    status = cli.main(["--course", str(root), "release", str(out)])
    said = capsys.readouterr().err
    assert said.count("\n") <= 1, said
    assert "Traceback" not in said
    parent = Path(out).parent
    assert not parent.is_dir() or not list(parent.glob(f".{Path(out).name}-*"))
    return status, said


# ---- what is in it ---------------------------------------------------------------------------------------


def test_the_bundle_holds_what_a_student_needs_and_no_other_kind_of_file(released, texts):
    """Notebooks, one wheel, how to install them, and their digests."""
    top = {p.relative_to(released).as_posix() for p in released.rglob("*") if p.is_file()}
    wheel = next(name for name in top if name.endswith(".whl"))
    notebooks = {f"notebooks/{a}/{a}.ipynb" for a in Course(ROOT).assignments}
    assert top == notebooks | {wheel, "README.md", "LICENSE", "environment.yml", "constraints.txt", "SHA256SUMS"}
    inside = {name for name in texts if name.startswith("traindeep")}
    assert {f"traindeep/exercises/{id}.py" for id in visible.ids()} <= inside
    assert {f"traindeep/answers/{id}.json" for id in visible.ids()} <= inside
    assert {"traindeep/cli.py", "traindeep/templates/page.html", f"traindeep/notebooks/{ASSIGNMENT}.ipynb"} <= inside
    for name in inside:
        assert not re.search(r"reference|autograder|hidden|misconceptions|variants|solution|__pycache__", name), name
    with zipfile.ZipFile(bundle.zip_of(released)) as archive:
        assert {name.removeprefix("student-bundle/") for name in archive.namelist()} == top


def test_the_wheel_asks_for_the_student_side_only(texts):
    """No extra, program or package of the instructor is named."""
    meta = next(text for name, text in texts.items() if name.endswith("METADATA"))
    assert "Requires-Dist: torch>=" in meta
    assert "nbgrader" not in meta
    assert "extra ==" not in meta
    assert "autograder" not in next(text for name, text in texts.items() if name.endswith("entry_points.txt"))


def test_nothing_secret_is_in_the_bundle(texts):
    """No hidden test, wrong or right answer of the bank and no reference stands in any file, by name or by body."""
    everything = "\n".join(texts.values())
    unescaped = everything.replace('\\"', '"').replace("\\n", "\n")
    shown = {test.__name__ for id in visible.ids() for test in visible.load(id).tests}
    looked_at = 0
    for id in exercises_of(Course(ROOT).source(ASSIGNMENT)):
        item = hidden.load(id)
        for test in item.tests:
            assert test.__name__ in shown or f"def {test.__name__}(" not in everything
        answers = [value for bank in (item.misconceptions, item.variants) for m in bank for value in m.names.values()]
        for value in [*item.tests, *answers, *vars(item.reference)["_names"].values()]:
            source = inspect.getsource(value)
            node = ast.parse(source).body[0]
            body = "".join(
                source.splitlines(keepends=True)[node.body[1 if ast.get_docstring(node) else 0].lineno - 1 :]
            )
            if len(body) > 60:
                looked_at += 1
                assert body not in unescaped, value
    assert looked_at > 150
    assert "### BEGIN" not in everything
    assert "traindeep.reference" not in everything


def test_two_releases_are_the_same_to_the_byte(released, tmp_path):
    """Neither time nor place nor the user's file mode shows in folder, wheel or zip."""
    before = os.umask(0o077)
    try:
        again = bundle.write(Course(ROOT), tmp_path / "elsewhere" / "student-bundle")
    finally:
        os.umask(before)
    names = sorted(p.relative_to(released) for p in released.rglob("*") if p.is_file())
    assert len(names) >= 7
    assert [n for n in names if (released / n).read_bytes() != (again / n).read_bytes()] == []
    assert bundle.zip_of(released).read_bytes() == bundle.zip_of(again).read_bytes()


def test_the_commands_of_its_readme_are_right(released):
    """Files that it names exist, the torch it asks for is the tested one, and `traindeep` knows the commands."""
    text = (released / "README.md").read_text()
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert [c.split()[0] for c in commands[:4]] == [
        "python3", ".venv/bin/pip", ".venv/bin/pip", ".venv/bin/traindeep"
    ]  # fmt: skip
    for name in re.findall(r"(?<=-c )\S+|(?<=-f )\S+|\./\S+", "\n".join(commands)):
        assert (released / name).is_file(), name
    assert re.search(r"torch==\S+", text).group() in (ROOT / "constraints.txt").read_text().split()
    known = next(a for a in student_cli.parser()._actions if a.choices).choices
    named = set(re.findall(r"traindeep (learn|[a-z]+)\b(?=[^\n]*`|$)", "\n".join(re.findall(r"`[^`]+`", text)) + text))
    assert {"learn", "check", "progress", "reset", "hint"} <= named
    assert named <= set(known) | {"and"}
    assert f"name: {re.search(r'conda activate (.*)', text).group(1)}\n" in (released / "environment.yml").read_text()


# ---- what is refused -------------------------------------------------------------------------------------


def _append(name: str, code: str):
    def plant(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.is_file() else "") + "\n\n" + code)

    return plant


def _source(value) -> str:
    return inspect.getsource(value)


def _misconception() -> str:
    return _source(hidden.load(ID).misconceptions[1].names[ID])


def _into_notebook(root: Path) -> None:
    """The solution of an exercise as the build would give it without ClearSolutions, in a cell of its own."""
    path = root / f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    nb = json.loads(path.read_text())
    source = next(c.source for c in Course(ROOT).source(ASSIGNMENT).cells if "def bn_backward" in c.source)
    nb["cells"][1]["source"] = source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "# done")
    path.write_text(json.dumps(nb))


def _into_answers(root: Path) -> None:
    path = root / f"lib/traindeep/answers/{ID}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"note": _misconception()}))


PLANTS = {
    "the reference under another name": (
        lambda root: shutil.copyfile(ROOT / "lib/traindeep/reference/normalization.py", root / "lib/traindeep/maths.py"),
        "traindeep/maths.py: .* would reach",
    ),
    "a misconception among the helpers, laid out anew": (
        lambda root: _append("lib/traindeep/data.py", ast.unparse(ast.parse(_misconception())).replace("    ", "  "))(root),
        f"{ID}/misconceptions.py, eps_outside_root would reach",
    ),
    "a hidden test among the visible ones": (
        lambda root: _append(f"lib/traindeep/exercises/{ID}.py", _source(hidden.load(ID).tests[0]).split("\n", 1)[1])(root),
        f"{ID}/hidden.py, test_statistics_of_y would reach",
    ),
    "a solution in a notebook": (_into_notebook, "the solution of bn_backward would reach|, bn_backward would reach"),
    "a misconception in a record": (_into_answers, "misconceptions.py, eps_outside_root would reach"),
    "a file named like the instructor's": (
        _append("lib/traindeep/misconceptions.py", ""),
        "traindeep/misconceptions.py would reach",
    ),
    "a folder nobody spoke of": (_append("lib/traindeep/notes/todo.py", ""), "traindeep/notes/todo.py would reach"),
    "a kind of file nobody spoke of": (_append("lib/traindeep/class.csv", "Ann,3"), "traindeep/class.csv would reach"),
    "an import of the grader": (
        _append("lib/traindeep/plots.py", "def peek():\n    import autograder\n"),
        "'import autograder' would reach",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTS)
def test_a_planted_secret_stops_the_release(tree, tmp_path, capsys, monkeypatch, what):
    """The file and the secret are named in one line, and no bundle is written."""
    plant, message = PLANTS[what]
    plant(tree)
    monkeypatch.setattr(bundle, "refuse_unbuilt", lambda course: None)  # it would refuse the notebook first
    status, said = release(capsys, tree, tmp_path / "out")
    assert status == 1
    assert re.search(message, said), said
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.zip").exists()


def _course_without(name: str):
    return lambda root, out: (root / name).unlink()


def _stale(root: Path, out: Path) -> None:
    path = root / f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    path.write_text(path.read_text().replace("Batch normalization", "Bath normalization"))


def _edited(root: Path, out: Path) -> None:
    bundle.write(Course(root), out)
    (out / f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").write_text("my work")


def _bad_version(root: Path, out: Path) -> None:
    path = root / "pyproject.toml"
    path.write_text(re.sub("^version = .*", 'version = "one"', path.read_text(), flags=re.MULTILINE))


TROUBLES = {
    "is a file; expected a new or empty folder": lambda root, out: out.write_text("mine"),
    "out holds letters/a.txt and is no student bundle": lambda root, out: _append("letters/a.txt", "dear")(out),
    "is not as it was released": _edited,
    "out.zip exists and is no student bundle": lambda root, out: bundle.zip_of(out).write_text("mine"),
    "02_batch_norm.ipynb does not exist; run `autograder build`": _course_without(
        f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    ),
    "bn_backward.json does not exist; run `autograder build`": _course_without("lib/traindeep/answers/bn_backward.json"),
    "differs from what solutions/02_batch_norm.py gives; run `autograder build`": _stale,
    "holds no assignment to release": lambda root, out: [path.unlink() for path in (root / "solutions").glob("*.py")],
    "building the wheel failed": _bad_version,
}  # fmt: skip


@pytest.mark.parametrize("message", TROUBLES)
def test_trouble_is_one_line_and_nothing_is_lost(tree, tmp_path, capsys, message):
    """What stood in the way is named and still there."""
    out = tmp_path / "out"
    TROUBLES[message](tree, out)
    before = {p: p.read_bytes() for p in tmp_path.rglob("out*/**/*") if p.is_file()} | {
        p: p.read_bytes() for p in tmp_path.glob("out*") if p.is_file()
    }
    status, said = release(capsys, tree, out)
    assert status == 1
    assert re.search(message, said), said
    for path, data in before.items():
        assert path.read_bytes() == data


def test_answers_that_do_not_fit_the_tests_stop_the_release(tmp_path, capsys, monkeypatch):
    """A visible test that was added after the last build is named."""
    record = visible.load(ID).record
    tests = {name: calls for name, calls in record["tests"].items() if name != "test_two_rows_by_hand"}
    whole = visible.load_record
    monkeypatch.setattr(
        visible, "load_record", lambda path: record | {"tests": tests} if path.stem == ID else whole(path)
    )
    status, said = release(capsys, ROOT, tmp_path / "out")
    assert status == 1
    assert f"answers/{ID}.json does not fit test_two_rows_by_hand" in said
    assert "run `autograder build`" in said


@pytest.mark.parametrize("place", ["file.txt/out", "locked/out"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys, monkeypatch, place):
    """Whatever the reason, the folder is named."""
    (tmp_path / "file.txt").write_text("mine")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(bundle.tempfile, "TemporaryDirectory", refuse)
    status, said = release(capsys, ROOT, tmp_path / place)
    assert status == 1
    assert re.search("file.txt is a file|locked/out cannot be written: Permission denied", said), said


def test_a_release_takes_the_place_of_an_earlier_one(released, tmp_path, capsys):
    """An unedited bundle is replaced; a dot in its name does no harm."""
    out = tmp_path / "spring.2"
    shutil.copytree(released, out)
    assert release(capsys, ROOT, out) == (0, "")
    assert zipfile.is_zipfile(tmp_path / "spring.2.zip")
    assert (out / "SHA256SUMS").read_bytes() == (released / "SHA256SUMS").read_bytes()


# ---- installed, where the repository is not --------------------------------------------------------------


class Student:
    """A virtual environment with the wheel and its dependencies, a copy of the bundle, and a state of its own."""

    def __init__(self, released: Path, folder: Path):
        self.folder, self.bin = folder / "bundle", folder / "venv" / "bin"
        shutil.copytree(released, self.folder)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        # The packages that the wheel asks for, lent from here: links, so that neither the .pth files of this
        # environment nor traindeep and autograder themselves are seen.
        links = folder / "packages"
        links.mkdir()
        for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for path in Path(place).iterdir():
                if not re.match(r"__editable__|traindeep|autograder|pip\b|__pycache__|.*\.pth$", path.name):
                    (links / path.name).symlink_to(path)
        (site,) = (folder / "venv").glob("lib/python*/site-packages")
        (site / "packages.pth").write_text(f"{links}\n")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TRAINDEEP_HOME": str(folder / "home")}
        self.env |= {"OMP_NUM_THREADS": "1", "MPLCONFIGDIR": str(folder / "mpl")}
        (wheel,) = self.folder.glob("*.whl")
        made = self.run("pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel))
        assert made.returncode == 0, made.stderr

    def run(self, program: str, *args: str) -> subprocess.CompletedProcess:
        command = [str(self.bin / program), *args]
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def student(released, tmp_path_factory) -> Student:
    return Student(released, tmp_path_factory.mktemp("student"))


def test_what_is_installed_is_the_wheel(student):
    """traindeep comes from the new environment; neither the reference nor the grader can be imported."""
    made = student.run("python", "-c", "import traindeep; print(traindeep.__file__)")
    assert str(student.bin.parent) in made.stdout
    for module in ("traindeep.reference", "autograder"):
        made = student.run("python", "-c", f"import {module}")
        assert made.returncode == 1
        assert f"ModuleNotFoundError: No module named '{module}'" in made.stderr
    assert str(ROOT) not in student.run("python", "-c", "import sys; print(sys.path)").stdout


def test_an_untouched_bundle_is_not_attempted(student):
    """`traindeep check 02` names all eight exercises, with status 1 and no traceback."""
    made = student.run("traindeep", "check", "02")
    assert (made.returncode, made.stderr) == (1, "")
    ids = exercises_of(Course(ROOT).source(ASSIGNMENT))
    assert len(ids) == 8
    for id in ids:
        assert f"{id}: not attempted yet.\n" in made.stdout
    assert f"0 of 8 exercises of {ASSIGNMENT} pass" in made.stdout


def test_a_wrong_answer_is_diagnosed(student):
    """check in plain Python names the misconception from the recorded answers alone."""
    made = student.run("python", "-c", WRONG)
    assert made.returncode == 0, made.stderr
    assert "Your variance divides by N - 1" in " ".join(made.stdout.split())


def test_hint_progress_and_learn_work(student):
    """A hint is counted, the progress shows it, and learn finds the notebook of the bundle."""
    made = student.run("traindeep", "hint", "bn_backward")
    assert made.returncode == 0
    assert "bn_backward: hint 1 of 3" in made.stdout
    made = student.run("traindeep", "progress")
    assert made.returncode == 0
    assert f"of {len(visible.ids())} exercises pass their visible tests" in made.stdout
    assert re.search(r"bn_backward .* 1 of 3", made.stdout)
    made = student.run("traindeep", "learn", "--print")
    first = Course(ROOT).assignments[0]
    assert made.stdout.strip() == str(student.folder / f"notebooks/{first}/{first}.ipynb")


def test_reset_puts_the_released_stub_back(student):
    """After an edit, reset gives the released cell again and keeps the edited notebook."""
    path = student.folder / f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    before = json.loads(path.read_text())
    nb = json.loads(path.read_text())
    cell = next(c for c in nb["cells"] if "def bn_forward_train" in "".join(c["source"]))
    cell["source"] = "def bn_forward_train(x, gamma, beta, eps=1e-5):\n    return 1"
    path.write_text(json.dumps(nb))
    made = student.run("traindeep", "reset", ID)
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(path.read_text()) == before
    (backup,) = path.parent.glob("*.bak")
    assert "return 1" in backup.read_text()
    backup.unlink()


def test_there_is_no_solution_to_show(student):
    """Also after an attempt, `traindeep solution` says in one line that it is not part of this copy."""
    assert student.run("python", "-c", WRONG).returncode == 0
    made = student.run("traindeep", "solution", ID)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr.count("\n") == 1
    assert "worked solutions are not part of this copy of the course" in made.stderr
