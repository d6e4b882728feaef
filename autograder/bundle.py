"""The student bundle: notebooks, the student side of traindeep as a wheel, and how to install them.

It holds no solution, hidden test, misconception or reference; `write` looks before it lets one out.
"""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder import exercise as hidden
from autograder.course import BuildError, Course, exercises_of, solution_lines

README = """# traindeep

Install, in this folder (Python 3.11 or newer):

    python3 -m venv .venv
    .venv/bin/pip install {torch}
    .venv/bin/pip install {wheel}
    .venv/bin/traindeep learn

On Windows the programs are in .venv\\Scripts instead of .venv/bin. On Linux, plain `pip install torch` brings several
gigabytes of CUDA packages; the selector on pytorch.org/get-started shows the command for the CPU build, which is all
this course needs. With conda: `conda env create -f environment.yml`, then `conda activate traindeep` and
`pip install --no-deps {wheel}`.

`traindeep learn` opens JupyterLab at the next open exercise. In a notebook, `check("name")` says what is right and what
is not, `hint("name")` helps, `progress()` shows where you are. In a terminal: `traindeep check 02`, `traindeep progress`,
`traindeep reset name` (puts the empty exercise back and keeps a copy of yours).

Hand in the notebook that you edited: notebooks/<assignment>/<assignment>.ipynb.
"""


def write(course: Course, out: Path) -> Path:
    """Write the bundle as a folder and as a zip beside it; returns the folder.

    Raises:
        BuildError: `out` exists and holds something else, or something secret would get into the bundle.
    """
    out = out.resolve()
    marker = out / "environment.yml"
    if out.exists() and any(out.iterdir()) and not marker.is_file():
        raise BuildError(f"{out} exists and is no student bundle; expected a new or empty folder")
    with tempfile.TemporaryDirectory(prefix="traindeep-") as scratch:
        bundle = Path(scratch) / "bundle"
        bundle.mkdir()
        wheel = _wheel(course, Path(scratch), bundle)
        for assignment in course.assignments:
            target = bundle / "notebooks" / assignment
            target.mkdir(parents=True)
            shutil.copyfile(course.release_path(assignment), target / f"{assignment}.ipynb")
        shutil.copyfile(course.root / "environment.yml", bundle / "environment.yml")
        shutil.copyfile(course.root / "LICENSE", bundle / "LICENSE")
        torch = re.search(r"^torch==\S+", (course.root / "constraints.txt").read_text(), re.MULTILINE).group()
        (bundle / "README.md").write_text(README.format(wheel=wheel.name, torch=torch), encoding="utf-8")
        refuse_secrets(course, bundle)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(bundle, out)
        _zip(out, out.with_suffix(".zip"))
    return out


def _wheel(course: Course, scratch: Path, target: Path) -> Path:
    """A wheel of traindeep without its reference."""
    tree = scratch / "tree"
    shutil.copytree(
        course.root / "lib" / "traindeep",
        tree / "traindeep",
        ignore=lambda folder, names: [
            n for n in names if n == "__pycache__" or (n == "reference" and Path(folder).name == "traindeep")
        ],
    )
    project = (course.root / "pyproject.toml").read_text(encoding="utf-8")
    head, tail = project.split("[project.optional-dependencies]")
    # The instructor's extras, scripts and packages stay behind.
    head = re.sub(r"^readme = .*\n|^license-files = .*\n", "", head, flags=re.MULTILINE)
    head += '[project.scripts]\ntraindeep = "traindeep.cli:main"\n\n[tool.setuptools.packages.find]\ninclude = ["traindeep*"]\n\n'
    head += '[tool.setuptools.package-data]\n"*" = ["*.json", "*.ipynb", "*.html", "*.mplstyle"]\n'
    (tree / "pyproject.toml").write_text(head, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(target), str(tree)]
    made = subprocess.run(command, capture_output=True, text=True)
    wheels = list(target.glob("*.whl"))
    if made.returncode or not wheels:
        raise BuildError(f"building the wheel failed: {(made.stderr or made.stdout).strip().splitlines()[-1:]}")
    return wheels[0]


def refuse_secrets(course: Course, bundle: Path) -> None:
    """Read every file of the bundle, the wheel's too; refuse folders of the instructor and bodies of their functions."""
    texts: dict[str, str] = {}
    for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as archive:
                texts |= {
                    f"{path.name}/{name}": archive.read(name).decode(errors="replace") for name in archive.namelist()
                }
        else:
            texts[str(path.relative_to(bundle))] = path.read_text(encoding="utf-8", errors="replace")
    for name in texts:
        if re.search(r"(^|/)(reference|autograder|hidden|misconceptions|variants|solutions)(/|\.py$)", name):
            raise BuildError(f"{name} would reach the student bundle")
    folded = {name: _folded(text.replace('\\"', '"').replace("\\n", " ")) for name, text in texts.items()}
    for what, body in secrets_of(course):
        for name, text in folded.items():
            if body in text:
                raise BuildError(f"{name}: {what} would reach the student bundle")


def secrets_of(course: Course) -> Iterator[tuple[str, str]]:
    """(what it is, text with single spaces) of every function body and solution that students must not have."""
    files = list((course.root / "lib/traindeep/reference").glob("*.py"))
    for assignment in course.assignments:
        source = course.source(assignment)
        for id in exercises_of(source):
            files += (Path(hidden.__file__).parent / "exercises" / id).glob("*.py")
        for id, lines in solution_lines(source).items():
            yield f"the solution of {id}", _folded(" ".join(lines))
    for path in files:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                code = [
                    item
                    for item in node.body
                    if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
                ]
                body = _folded(" ".join(ast.get_source_segment(text, item) for item in code))
                if len(body) >= LONG:
                    yield f"{path.parent.name}/{path.name}, {node.name}", body


LONG = 60  # characters; two authors may write a shorter function alike


def _folded(text: str) -> str:
    return " ".join(text.split())


def _zip(folder: Path, path: Path) -> None:
    """The folder as a zip whose bytes do not depend on when it was made."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(f"{folder.name}/{file.relative_to(folder).as_posix()}", (2026, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())
