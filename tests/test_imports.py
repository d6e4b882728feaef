"""Imports run one way, and torch is paid for only where an exercise needs it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.host import INSIDE

ROOT = Path(__file__).parents[1]
STUDENT = sorted(p for p in (ROOT / "lib/traindeep").rglob("*.py") if "reference" not in p.parts)
REFERENCE = sorted((ROOT / "lib/traindeep/reference").glob("*.py"))
WORKER = [ROOT / "autograder/sandbox" / name for name in INSIDE]


def imported(path: Path) -> set[str]:
    """Dotted names of everything a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def test_there_is_something_to_look_at():
    """The lists above are not empty, whatever is renamed."""
    assert len(STUDENT) > 10
    assert len(REFERENCE) >= 2
    assert all(path.is_file() for path in WORKER)


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.name)
def test_student_side_knows_nothing_of_the_instructor(path):
    """No module of traindeep imports autograder, and none outside reference/ imports the reference."""
    for name in imported(path):
        assert not name.startswith("autograder"), f"{path.name} imports {name}"
        assert not name.startswith(("traindeep.reference", ".reference")), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", REFERENCE, ids=lambda p: p.name)
def test_the_reference_stands_alone(path):
    """The reference imports neither the grader nor the student side."""
    names = {n for n in imported(path) if n.startswith(("autograder", "traindeep"))}
    assert all(n.startswith("traindeep.reference") for n in names), names


@pytest.mark.parametrize("path", WORKER, ids=lambda p: p.name)
def test_what_runs_behind_the_wall_imports_neither_side(path):
    """The worker is mounted alone: standard library, msgpack, numpy, torch and its neighbours."""
    allowed = {"msgpack", "numpy", "torch", "matplotlib", *(path.stem for path in WORKER)} | set(
        sys.stdlib_module_names
    )
    names = {name.split(".")[0] for name in imported(path)} - {"autograder"}
    assert names <= allowed, names - allowed
    # wire.py and lockdown.py serve both sides; under the wall their package does not exist.
    package = {name for name in imported(path) if name.startswith("autograder")}
    assert not package, package


@pytest.mark.parametrize(
    "code",
    [
        "import traindeep",
        "from traindeep import check; check('bn_forward_train', {})",
        "import traindeep.cli, contextlib\nwith contextlib.suppress(SystemExit): traindeep.cli.main(['--help'])",
        "import autograder.cli, contextlib\nwith contextlib.suppress(SystemExit): autograder.cli.main(['--help'])",
    ],
)
def test_torch_is_not_imported(code, tmp_path):
    """Help texts and the check of a NumPy exercise do not pay for torch."""
    program = f"{code}\nimport sys; assert 'torch' not in sys.modules, 'torch was imported'"
    made = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"TRAINDEEP_HOME": str(tmp_path), "PATH": ""},
    )
    assert made.returncode == 0, made.stderr
