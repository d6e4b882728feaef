"""Find the notebooks to grade: single files, nbgrader's folders, or a flat folder of NAME.ipynb.

    submitted/<student>/<assignment>/<notebook>.ipynb     nbgrader's layout; any folder of it, or above it, may be given
    <student>/<assignment>.ipynb                          a student's folder without assignment folders
    <folder>/<student>.ipynb                              a flat folder, as a download from another platform gives it

A folder named like an assignment holds one student's files, so a flat folder needs another name.
Names are compared, never used as a glob or a pattern. Symbolic links are not followed and only regular files are
taken, so a submission cannot make the grader read what is not part of it.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

MAX_FILES = 1_000_000  # of one folder that are looked at
MAX_ENTRIES = 10_000  # folders and notebooks of one folder that are taken
MAX_DEPTH = 3  # folders below the assignment's folder, as unpacking an archive leaves them
_ASSIGNMENT = re.compile(r"[0-9]+_")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


@dataclass(frozen=True)
class Found:
    """One student's submission of one assignment; `path` is None when no notebook was handed in."""

    student: str
    assignment: str
    path: Path | None
    problems: tuple[str, ...] = ()


def find(paths: Iterable[str | os.PathLike[str]], assignment: str | None = None) -> list[Found]:
    """List the submissions under `paths`, sorted by student and assignment, each student and assignment once.

    Args:
        paths: Notebooks or folders (see the top of this module). A folder that contains `submitted` means `submitted`.
        assignment: Take this assignment only; a student who has no notebook for it is listed with path None.

    Raises:
        FileNotFoundError: one of the paths does not exist.
    """
    once: dict[tuple[str, str], Found] = {}
    for path in map(Path, paths):
        for found in _under(path, assignment):
            key = (found.student, found.assignment)
            first = once.get(key)
            if first is None or (first.path is None and found.path is not None):
                once[key] = found
            elif found.path is not None and found.path != first.path:
                text = f"{plain(found.path)} is a second notebook of the same student; {plain(first.path)} was graded."
                once[key] = replace(first, problems=(*first.problems, text))
    return [once[key] for key in sorted(once)]


def safe_name(student: str) -> str:
    """A file name for any student id: percent-encoding, no leading dot, different for different ids.

    >>> safe_name("anna-b.c"), safe_name("../x"), safe_name("*"), safe_name(""), safe_name("grades.csv")
    ('anna-b.c', '%2E.%2Fx', '%2A', '%', 'grades%2Ecsv')
    """
    data = student.encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in data) or "%"
    if name.startswith("."):
        name = "%2E" + name[1:]
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in ("csv", "json", "html", "tmp", "lock"):  # the names of our own files beside the folder
        name = f"{stem}%2E{ending}"
    # A file name holds 255 bytes and we add an ending; "%-" cannot arise from encoding.
    return name if len(name) <= 180 else f"{name[:120]}%-{hashlib.sha256(data).hexdigest()[:40]}"


def plain(text: object, limit: int = 300) -> str:
    """Text from outside, made fit for a message: printable, on one line, not longer than `limit`."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text)[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def _under(path: Path, assignment: str | None) -> Iterator[Found]:
    kind = _kind(path)
    if kind == "missing":
        raise FileNotFoundError(f"{plain(path)} does not exist: expected a notebook or a folder of submissions.")
    full = Path(os.path.abspath(path))
    if kind != "folder":
        yield _one_file(full, kind, assignment)
        return
    # Below submitted/ the folders are the students', who may call theirs "submitted" too.
    inside = "submitted" in full.parts or _is_assignment(full.name, assignment)
    if not inside and _kind(full / "submitted") == "folder":
        full = full / "submitted"
    folders, notebooks, problems = _entries(full, students=full.name == "submitted")
    if full.name != "submitted":
        if _is_assignment(full.name, assignment) or any(_same(file.stem, full.name) for file in notebooks):
            yield _pick(full, full.parent.name, assignment or full.name)
            return
        if any(_is_assignment(path.stem, assignment) for path in (*folders, *notebooks)) or (
            not notebooks and any(_same(file.stem, below.name) for below in folders for file in _entries(below)[1])
        ):
            yield from _student(full, assignment)
            return
    yield from (_one_file(file, _kind(file), assignment, flat=True) for file in notebooks)
    for folder in folders:
        yield from _student(folder, assignment)
    for name, text in problems.items():
        if name:
            yield Found(name, assignment or "", None, (text,))


def _student(folder: Path, assignment: str | None) -> Iterator[Found]:
    """The submissions in one student's folder."""
    folders, notebooks, problems = _entries(folder)
    if assignment is None:
        yield from (_pick(below, folder.name, below.name) for below in folders)
        yield from (Found(folder.name, file.stem, *_checked(file)) for file in notebooks)
        if not folders and not notebooks:
            yield Found(folder.name, "", None, (*problems.values(), "No notebook was handed in."))
        return
    fitting = sorted((f for f in folders if _same(f.name, assignment)), key=lambda f: f.name != assignment)
    if fitting:
        found = _pick(fitting[0], folder.name, assignment)
        if fitting[0].name != assignment:
            text = f"The folder is called {plain(fitting[0].name)}, expected {assignment}; it was taken."
            found = replace(found, problems=(text, *found.problems))
        yield found
    elif notebooks:
        yield _pick(folder, folder.name, assignment)
    else:
        yield Found(folder.name, assignment, None, (*problems.values(), f"No notebook was handed in for {assignment}."))


def _pick(folder: Path, student: str, assignment: str) -> Found:
    """The one notebook of a submission: the rightly named, else the only, else the newest."""
    problems: list[str] = []
    notebooks: list[Path] = []
    level = [folder]
    for depth in range(MAX_DEPTH + 1):
        listed = [_entries(below) for below in level[:100]]
        notebooks = [file for _, files, _ in listed for file in files if _usable(file, problems)]
        problems += [text for *_, texts in listed for text in texts.values()]
        if notebooks and depth:
            where = plain(os.path.relpath(notebooks[0].parent, folder))
            problems.append(f"The notebook was found in the folder {where}, expected it in {assignment} itself.")
        if notebooks:
            break
        level = [below for folders, *_ in listed for below in folders]
    if not notebooks:
        return Found(student, assignment, None, (*problems, f"No notebook was handed in for {assignment}."))
    # Tuples compare left to right: exact name, name in another case, then the newest; the name decides a tie.
    best = max(
        notebooks,
        key=lambda f: (f.name == f"{assignment}.ipynb", _same(f.stem, assignment), os.lstat(f).st_mtime_ns, f.name),
    )
    named = _same(best.stem, assignment)
    if best.name != f"{assignment}.ipynb":
        why = "" if len(notebooks) == 1 else " because its name fits best" if named else " because it is the newest"
        problems.append(f"The notebook is called {plain(best.name)}, expected {assignment}.ipynb; it was graded{why}.")
    if len(notebooks) > 1:
        others = ", ".join(plain(f.name, 60) for f in notebooks if f is not best)
        problems.append(
            f"{len(notebooks)} notebooks were handed in; {plain(best.name)} was graded, not {plain(others)}."
        )
    return Found(student, assignment, best, tuple(problems))


def _one_file(path: Path, kind: str, assignment: str | None, *, flat: bool = False) -> Found:
    """A notebook given by its path; the folders above it say whose it is."""
    above, stem = path.parent, path.stem
    if not flat and (_same(above.name, stem) or _is_assignment(above.name, assignment)):
        student, name = above.parent.name, assignment or above.name
    elif not flat and _is_assignment(stem, assignment):
        student, name = above.name, assignment or stem
    else:
        student, name = stem, assignment or ""
    return Found(student, name, *_checked(path))


def _checked(path: Path) -> tuple[Path | None, tuple[str, ...]]:
    problems: list[str] = []
    return (path, ()) if _usable(path, problems) else (None, tuple(problems))


def _usable(path: Path, problems: list[str]) -> bool:
    kind = _kind(path)
    if kind != "file":
        problems.append(f"{plain(path.name)} is {_ARTICLE[kind]}, expected a regular file; it was not read.")
    return kind == "file"


_ARTICLE = {
    "link": "a symbolic link (never followed)",
    "folder": "a folder",
    "special": "not a file with contents",
    "missing": "gone",
}


def _kind(path: Path) -> str:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return "missing"
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "special")


def _entries(folder: Path, *, students: bool = False) -> tuple[list[Path], list[Path], dict[str, str]]:
    """Folders, things named like a notebook (whatever they are), and problems by name ("" for the folder itself)."""
    try:
        with os.scandir(folder) as entries:
            looked_at = itertools.islice(entries, MAX_FILES)
            names = [entry.name for entry in itertools.islice(filter(_may_matter, looked_at), MAX_ENTRIES + 1)]
    except OSError as error:
        return [], [], {"": f"The folder {plain(folder.name)} cannot be read: {error.strerror}."}
    folders, notebooks, problems = [], [], {}
    if len(names) > MAX_ENTRIES:
        problems[""] = (
            f"The folder {plain(folder.name)} holds more than {MAX_ENTRIES} notebooks and folders; not all were looked at."
        )
    for path in (folder / name for name in sorted(names[:MAX_ENTRIES])):
        if path.name.startswith(".") and not (students and any(_ASSIGNMENT.match(f.name) for f in _entries(path)[0])):
            continue
        if path.suffix.lower() == ".ipynb":
            notebooks.append(path)
        elif (kind := _kind(path)) == "folder":
            folders.append(path)
        elif kind == "link":
            problems[path.name] = f"{plain(path.name)} is a symbolic link; links are not followed."
    return folders, notebooks, problems


def _may_matter(entry: os.DirEntry) -> bool:
    return entry.name.lower().endswith(".ipynb") or entry.is_symlink() or entry.is_dir(follow_symlinks=False)


def _is_assignment(name: str, assignment: str | None) -> bool:
    return _same(name, assignment) if assignment else _ASSIGNMENT.match(name) is not None


def _same(a: str, b: str) -> bool:
    return a.casefold() == b.casefold()
