"""The student bundle: notebooks, the student side of traindeep as a wheel, and how to install them.

Only files of the kinds listed here get in, and `write` reads each of them before it lets the bundle out: no solution,
hidden test, misconception or reference is in it. Two releases of one course are the same to the byte.
"""

import ast
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from traindeep.checks import run_visible

from autograder import exercise as hidden
from autograder.course import BuildError, Course, exercises_of, release_notebook, solution_lines, to_bytes

STUDENT_SIDE = ("*.py", "answers/*.json", "exercises/*.py", "notebooks/*.ipynb", "standins/*.py", "templates/*.html")
INSTRUCTOR_SIDE = "reference"
BESIDE = ("environment.yml", "constraints.txt", "LICENSE")
SUMS = "SHA256SUMS"  # of every other file; by it a bundle is known, and a file that was edited since
FORBIDDEN = ("### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS", "import autograder", "from autograder", "course_secret")
LONG = 60  # characters of code; two authors may write a shorter function alike
SHARE = 0.7  # of a function's code, in characters: so much of it in one file is a leak

README = """# traindeep

Install, in this folder (Python 3.11 or newer):

    python3 -m venv .venv
    .venv/bin/pip install -c constraints.txt {torch}
    .venv/bin/pip install -c constraints.txt ./{wheel}
    .venv/bin/traindeep learn

On Windows the first word is `py` instead of `python3`, and the programs are in .venv\\Scripts instead of .venv/bin. On
Linux, the second command brings several gigabytes of CUDA packages unless you add the `--index-url` of the CPU build
that the selector on pytorch.org/get-started shows; the CPU build is all this course needs. `-c constraints.txt` takes
the versions that the course was tested with; leave it out where one of them does not exist for your Python.

With conda:

    conda env create -f environment.yml
    conda activate traindeep
    pip install --no-deps ./{wheel}
    traindeep learn

`traindeep learn` opens JupyterLab at the next open exercise. In a notebook, `check("name")` says what is right and what
is not, `hint("name")` helps, `progress()` shows where you are. In a terminal: `traindeep check 02`, `traindeep progress`,
`traindeep hint name` and `traindeep reset name` (puts the empty exercise back and keeps a copy of yours).

Hand in the notebook that you edited: notebooks/<assignment>/<assignment>.ipynb.
"""


def write(course: Course, out: Path) -> Path:
    """Write the bundle as a folder and as a zip beside it; returns the folder.

    Raises:
        BuildError: `out` cannot be written or holds something else, the course is not built, or something secret
            would get into the bundle.
    """
    out = out.resolve()
    refuse_unbuilt(course)
    refuse_overwriting(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent)
    except OSError as error:
        raise BuildError(f"{out} cannot be written: {error.strerror or error}") from None
    with scratch:
        bundle, archive = Path(scratch.name) / "bundle", Path(scratch.name) / "bundle.zip"
        fill(course, bundle, Path(scratch.name))
        refuse_secrets(course, bundle)
        (bundle / SUMS).write_text("".join(f"{_digest(bundle / name)}  {name}\n" for name in _files(bundle)))
        _zip({f"{out.name}/{name}": (bundle / name).read_bytes() for name in _files(bundle)}, archive)
        shutil.rmtree(out, ignore_errors=True)
        os.replace(bundle, out)
        os.replace(archive, zip_of(out))
    return out


def zip_of(out: Path) -> Path:
    """Where the zip of a bundle lies: beside its folder."""
    return out.with_name(f"{out.name}.zip")  # with_suffix would make spring.zip of spring.2


def fill(course: Course, bundle: Path, scratch: Path) -> None:
    """Put everything into the bundle's folder."""
    for assignment in course.assignments:
        target = bundle / "notebooks" / assignment
        target.mkdir(parents=True)
        shutil.copyfile(course.release_path(assignment), target / f"{assignment}.ipynb")
    for name in BESIDE:
        shutil.copyfile(course.root / name, bundle / name)
    wheel = _wheel(course, scratch, bundle)
    torch = re.search(r"^torch==\S+", (course.root / "constraints.txt").read_text(), re.MULTILINE).group()
    (bundle / "README.md").write_text(README.format(wheel=wheel.name, torch=torch), encoding="utf-8")


# ---- what is refused -------------------------------------------------------------------------------------


def refuse_unbuilt(course: Course) -> None:
    """Raise BuildError where a derived file is missing or, as far as a quick look shows, not up to date."""
    if not course.assignments:
        raise BuildError(f"{course.root / 'solutions'} holds no assignment to release")
    lib = course.root / "lib/traindeep"
    for assignment in course.assignments:
        source = course.source(assignment)
        expected = to_bytes(release_notebook(source))
        for path in (course.release_path(assignment), lib / "notebooks" / f"{assignment}.ipynb"):
            name = path.relative_to(course.root)
            if not path.is_file():
                raise BuildError(f"{name} does not exist; run `autograder build`")
            if path.read_bytes() != expected:
                raise BuildError(f"{name} differs from what solutions/{assignment}.py gives; run `autograder build`")
        for id in exercises_of(source):
            name = f"lib/traindeep/answers/{id}.json"
            if not (course.root / name).is_file():
                raise BuildError(f"{name} does not exist; run `autograder build`")
            # By what is recorded, the reference must pass its own visible tests.
            found = run_visible(id, vars(hidden.load(id).reference)["_names"]).first_failure
            if found:
                raise BuildError(f"{name} does not fit {found.name} ({found.message[:120]}); run `autograder build`")


def refuse_overwriting(out: Path) -> None:
    """Raise BuildError if a file would be lost that an earlier release did not write."""
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            raise BuildError(f"{path} is a file; expected a new or empty folder, or an earlier student bundle")
    if out.is_dir() and (found := _files(out)):
        if SUMS not in found:
            raise BuildError(f"{out} holds {found[0]} and is no student bundle; expected a new or empty folder")
        lines = (out / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
        written = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        for name in found:
            if name != SUMS and (name not in written or _digest(out / name) != written[name]):
                raise BuildError(f"{out}: {name} is not as it was released; name another folder, or delete this one")
    archive = zip_of(out)
    if archive.exists():
        names = zipfile.ZipFile(archive).namelist() if zipfile.is_zipfile(archive) else []
        if f"{out.name}/{SUMS}" not in names:
            raise BuildError(f"{archive} exists and is no student bundle; the bundle's zip would take its place")


def refuse_secrets(course: Course, bundle: Path) -> None:
    """Read every file of the bundle, those in the wheel too; raise BuildError for an unknown kind and for a secret."""
    texts = {name: (bundle / name).read_bytes() for name in _files(bundle)}
    for name in [name for name in texts if name.endswith(".whl")]:
        with zipfile.ZipFile(bundle / name) as archive:
            texts |= {f"{name}/{member}": archive.read(member) for member in archive.namelist()}
        del texts[name]
    expected = {f"notebooks/{a}/{a}.ipynb" for a in course.assignments} | {"README.md", *BESIDE}
    for name, data in texts.items():
        inside = name.partition(".whl/")[2]
        if name not in expected and not inside.partition("/")[0].endswith(".dist-info"):
            _refuse_kind(name, inside.removeprefix("traindeep/"))
        for word in FORBIDDEN:
            if word in data.decode("utf-8", "replace"):
                raise BuildError(f"{name}: {word!r} would reach the student bundle")
    distinct = {data: name for name, data in reversed(texts.items())}  # a notebook is there and in the wheel
    pieces = {name: _pieces(name, data.decode("utf-8", "replace")) for data, name in distinct.items()}
    for what, code in secrets_of(course):
        for name, (statements, text) in pieces.items():
            found = sum(len(part) for part in code if part in statements)
            if found >= SHARE * sum(map(len, code)) or _folded(" ".join(code)) in text:
                raise BuildError(f"{name}: {what} would reach the student bundle")


def _refuse_kind(name: str, inside: str) -> None:
    """Raise BuildError unless a file of traindeep (its path inside it) is of a kind that students may have."""
    fits = any(fnmatchcase(inside, kind) and inside.count("/") == kind.count("/") for kind in STUDENT_SIDE)
    if not fits or Path(inside).stem in (INSTRUCTOR_SIDE, "hidden", "misconceptions", "variants", "solutions"):
        raise BuildError(f"{name} would reach the student bundle; it holds {', '.join(STUDENT_SIDE)} of traindeep only")


def secrets_of(course: Course) -> Iterator[tuple[str, list[str]]]:
    """(what it is, its statements) of every solution and every function that students must not have.

    Docstrings, imports and refusals of bad arguments do not count: both sides have them.
    """
    for assignment in course.assignments:
        source = course.source(assignment)
        for id, lines in solution_lines(source).items():
            if len(" ".join(lines)) >= LONG:
                yield f"the solution of {id}", [_folded(" ".join(lines))]
        # A solution is code of its function: look at the whole cell, as for the files below.
        for cell in source.cells:
            if "BEGIN SOLUTION" in cell.source and cell.cell_type == "code":
                yield from _functions(cell.source, f"solutions/{assignment}.py")
    exercises = Path(hidden.__file__).parent / "exercises"
    for path in [*(course.root / "lib/traindeep" / INSTRUCTOR_SIDE).glob("*.py"), *exercises.glob("*/*.py")]:
        yield from _functions(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}")


def _functions(source: str, where: str) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(ast.parse(source)):
        # A helper of the hidden tests prepares a call, often the very one that a visible test makes.
        helper = where.endswith("/hidden.py") and isinstance(node, ast.FunctionDef) and node.name.startswith("_")
        if isinstance(node, ast.FunctionDef) and not helper:
            code = [_folded(ast.unparse(item)) for item in node.body if not _common(item)]
            if len(" ".join(code)) >= LONG:
                yield f"{where}, {node.name}", code


def _common(node: ast.stmt) -> bool:
    """Is this a docstring, an import or a refusal of bad arguments?"""
    if isinstance(node, ast.If | ast.For):
        return all(_common(item) for item in (*node.body, *node.orelse))
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Raise | ast.Import | ast.ImportFrom)


def _pieces(name: str, text: str) -> tuple[set[str], str]:
    """(the statements in a file, whatever their layout and comments; all its text, folded)."""
    codes = [text] if name.endswith(".py") else []
    if name.endswith((".ipynb", ".json")):
        strings = list(_strings(json.loads(text)))
        codes, text = strings, "\n".join(strings)
    statements = set()
    for code in codes:
        try:
            tree = ast.parse(re.sub(r"^[%!].*", "", code, flags=re.MULTILINE))
        except (SyntaxError, ValueError):  # prose, most likely
            continue
        statements |= {_folded(ast.unparse(node)) for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    return statements, _folded(text)


def _strings(data) -> Iterator[str]:
    """Every text in plain data; a list of lines, as in a notebook, is one text."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        yield "".join(data)
    elif isinstance(data, list | dict):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _strings(item)


def _folded(text: str) -> str:
    return " ".join(text.split())


# ---- the wheel and the zip -------------------------------------------------------------------------------


def _wheel(course: Course, scratch: Path, target: Path) -> Path:
    """Build a wheel of the student side of traindeep; returns its path in `target`."""
    tree, lib = scratch / "tree", course.root / "lib/traindeep"
    for name in _files(lib):
        if name.startswith(f"{INSTRUCTOR_SIDE}/") or re.search(r"(^|/)(\.|__pycache__/)|\.bak$", name):
            continue
        _refuse_kind(f"lib/traindeep/{name}", name)
        (tree / "traindeep" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lib / name, tree / "traindeep" / name)
    shutil.copyfile(course.root / "LICENSE", tree / "LICENSE")
    (tree / "pyproject.toml").write_text(_pyproject(course), encoding="utf-8")

    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if int(_version("setuptools").partition(".")[0]) >= 77:  # else pip fetches one
        command += ["--no-index", "--no-build-isolation"]
    made = subprocess.run([*command, "--wheel-dir", str(scratch), str(tree)], capture_output=True, text=True)
    wheels = list(scratch.glob("*.whl"))
    if made.returncode or not wheels:
        said = (made.stderr or made.stdout).strip().splitlines() or ["pip said nothing"]
        raise BuildError(f"building the wheel failed: {said[-1]}")
    with zipfile.ZipFile(wheels[0]) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    _zip(members, target / wheels[0].name)
    return target / wheels[0].name


def _pyproject(course: Course) -> str:
    """The wheel's own project file: the instructor's extras, programs and packages stay behind."""
    project = tomllib.loads((course.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = ("name", "version", "description", "requires-python", "license", "license-files", "dependencies")
    kept = "".join(f"{key} = {json.dumps(project[key])}\n" for key in wanted)  # JSON's strings and lists are TOML's
    return f"""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
{kept}
[project.scripts]
traindeep = {json.dumps(project["scripts"]["traindeep"])}

[tool.setuptools.packages.find]
include = ["traindeep*"]

[tool.setuptools.package-data]
"*" = ["*.json", "*.ipynb", "*.html"]
"""


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "0"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> list[str]:
    """Names of everything in a folder that is no folder, in order."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def _zip(members: dict[str, bytes], path: Path) -> None:
    """A zip whose bytes follow from names and contents alone."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name)  # 1980-01-01
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, members[name], zipfile.ZIP_DEFLATED)
