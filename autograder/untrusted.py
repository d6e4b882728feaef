"""The file of a student -> cells with checked types and bounded text, whatever the file holds.

Time and memory are bounded before anything is parsed: size, nesting and the number of values are capped. Nothing of
a file is trusted or run. A file that is no notebook at all raises UnreadableSubmission; every other oddity becomes a
sentence in `problems`.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import stat
import warnings
from collections.abc import Container
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from autograder.finding import plain

MIB = 2**20
MAX_FILE = 64 * MIB  # old outputs included; they are thrown away
MAX_DEPTH = 200  # nested brackets; a figure's JSON has about 30
MAX_VALUES = 2_000_000  # JSON values, because "[],[],[]" takes 30 times its size in memory
MAX_CELLS = 2000
MAX_CELL = MIB
MAX_SOURCE = 8 * MIB
MAX_PARSED = 64 * 1024  # a longer cell is searched with a regular expression, because ast is slow
MAX_PARSED_TOTAL = MIB

_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)", re.MULTILINE)
# A magic or a shell command, also one whose value gets a name, or that goes on in the next line.
_MAGIC = re.compile(r"^([ \t]*)(?:\w[\w., \t]*=[ \t]*)?[%!?](?:.*\\\n)*.*$", re.MULTILINE)


class UnreadableSubmission(Exception):
    """Nothing can be taken from the file; the message says what was expected, what it is, and what to try."""


@dataclass(frozen=True)
class Names:
    """Names of a cell: defined by def or class, bound in any way, and needed while the cell itself runs."""

    defines: frozenset[str]
    binds: frozenset[str]
    needs: tuple[str, ...] = ()


@dataclass(eq=False)
class RawCell:
    """A cell with checked types. `index` counts from 1, as a student would; 0 is no cell of the file."""

    index: int
    cell_type: str  # code, markdown, raw or unknown
    source: str
    id: str = ""
    grade_id: str = ""
    metadata: dict = field(default_factory=dict)  # what nbgrader keeps there; its values are unchecked
    parse: bool = True  # small enough for ast

    @cached_property
    def names(self) -> Names:
        return names_of(self.source, parse=self.parse)

    @cached_property
    def tidy(self) -> str:
        return tidied(self.source)


def tidied(source: str) -> str:
    """The text without what no reader sees: blank lines and blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in source.splitlines() if line.strip())


def load(path: Path, problems: list[str]) -> dict:
    """The notebook as plain data: sizes are bounded, types are not checked yet.

    Raises:
        UnreadableSubmission: the file cannot be read, breaks a bound, or holds no JSON object.
    """
    where = plain(path)

    def unreadable(expected: str, got: str, hint: str) -> UnreadableSubmission:
        return UnreadableSubmission(f"{where}: expected {expected}, got {got}. {hint}")

    itself = "Hand in the notebook file itself, not a link or a folder."
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            with open(handle if regular else os.devnull, "rb", closefd=not regular) as file:
                data = file.read(MAX_FILE + 1)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unreadable("a notebook file", f"an error on opening it ({reason})", itself) from None
    if not regular:
        raise unreadable("a notebook file", "a folder, pipe or device", itself)
    clear = "Clear all outputs (Edit > Clear Outputs of All Cells), save, and hand in again."
    again = "Open the notebook in JupyterLab, save it, and hand in that file."
    if len(data) > MAX_FILE:
        raise unreadable(f"at most {MAX_FILE // MIB} MiB", "a larger file", clear)
    text = _decode(data, problems).strip("\0 \t\r\n")
    if not text:
        raise unreadable("a notebook", "an empty file", again)
    depth, values = _measure(text.encode("utf-8", "surrogatepass"))
    if depth > MAX_DEPTH:
        raise unreadable(f"at most {MAX_DEPTH} nested brackets", f"{depth}", again)
    if values > MAX_VALUES:
        raise unreadable(f"at most {MAX_VALUES:,} values in the file", f"{values:,}", clear)
    twice: list[str] = []

    def unique(pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.append("")
        return found

    try:
        # No number in a notebook matters to us, and long ones are slow to read.
        notebook = json.loads(
            text, strict=False, object_pairs_hook=unique, parse_float=lambda _: 0.0, parse_int=_short_int
        )
    except json.JSONDecodeError as error:
        got = f"text that stops making sense in line {error.lineno}, column {error.colno} ({error.msg})"
        raise unreadable("a notebook in JSON", got, again) from None
    if not isinstance(notebook, dict):
        raise unreadable("a notebook (a JSON object)", f"a JSON {type(notebook).__name__}", again)
    if twice:
        problems.append("The file uses a name twice within one JSON object; the last value was taken.")
    return notebook


def _decode(data: bytes, problems: list[str]) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problems.append("The file is stored as UTF-16, expected UTF-8; it was read all the same.")
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(f"Byte {error.start} of the file is not UTF-8; the file was read as Latin-1.")
        return data.decode("latin-1")


def _short_int(digits: str) -> int:
    return int(digits) if len(digits) < 20 else 0


def _measure(data: bytes) -> tuple[int, int]:
    """The deepest nesting and the number of values of a JSON text, without parsing it."""
    data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = deepest = values = 0
    quotes = 0
    for start in range(0, len(data), MIB):
        block = np.frombuffer(data, dtype=np.uint8, count=min(MIB, len(data) - start), offset=start)
        inside = (np.cumsum(block == ord('"')) + quotes) % 2 == 1
        opening = ((block == ord("[")) | (block == ord("{"))) & ~inside
        closing = ((block == ord("]")) | (block == ord("}"))) & ~inside
        depths = np.cumsum(opening.astype(np.int64) - closing) + depth
        deepest, depth = max(deepest, int(depths.max())), int(depths[-1])
        values += int(np.count_nonzero(opening | ((block == ord(",")) & ~inside)))
        quotes = int(np.count_nonzero(block == ord('"'))) + quotes
    return deepest, values


def cells_of(notebook: dict, path: Path, known: Container[str], problems: list[str]) -> list[RawCell]:
    """The cells of a loaded notebook. Where bounds cut, cells labelled with one of the `known` ids come first.

    Raises:
        UnreadableSubmission: there is no list of cells.
    """
    version = notebook.get("nbformat")
    if version != 4:
        got = plain(repr(version), 20)
        problems.append(f"The file says notebook format {got}, expected 4; it was read all the same.")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # format 3
        sheets = [sheet.get("cells") for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        got = "none" if cells is None else f"a JSON {type(cells).__name__}"
        hint = "Open the notebook in JupyterLab, save it, and hand in that file."
        raise UnreadableSubmission(f"{plain(path)}: expected a list of cells, got {got}. {hint}")
    if not cells:
        problems.append("The notebook has no cells.")
    raws: list[RawCell] = []
    seen: set[str] = set()
    twins: list[str] = []
    odd: dict[str, list[int]] = {}  # oddity -> numbers of the cells that have it
    late = 0
    for index, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            odd.setdefault("none", []).append(index)
            continue
        raw = _raw_cell(index, cell)
        if index > MAX_CELLS:
            late += raw.grade_id in known or raw.id in known
            if late > MAX_CELLS or not (raw.grade_id in known or raw.id in known):
                continue
        if raw.id and raw.id in seen:
            twins.append(raw.id)
        seen.add(raw.id)
        if _take_text(raw, cell, odd, problems):
            raws.append(raw)
    problems += [_numbered(numbers, *_ODD[kind]) for kind, numbers in odd.items()]
    if twins:
        many = f"Two cells have the cell id {plain(twins[0], 40)}"
        if len(twins) > 1:
            many = f"{len(twins)} cells have the cell id of another, for instance {plain(twins[0], 40)}"
        problems.append(f"{many}; this costs no points.")
    if len(cells) > MAX_CELLS:
        problems.append(
            f"The notebook has {len(cells)} cells, at most {MAX_CELLS} are read; "
            f"after number {MAX_CELLS} only cells with the name of an exercise were."
        )
    return _within(raws, known, problems)


_ODD = {
    "none": ("is not a cell; it was left out", "are not cells; they were left out"),
    "text": (
        "has a source that is not text; only text was taken",
        "have sources that are not text; only text was taken",
    ),
    "characters": (
        "holds NUL or broken characters; they were removed",
        "hold NUL or broken characters; they were removed",
    ),
}


def _numbered(numbers: list[int], one: str, many: str) -> str:
    """A remark on one cell, or the same on many."""
    if len(numbers) == 1:
        return f"Cell number {numbers[0]} {one}."
    rest = f", ... ({len(numbers)} in all)" if len(numbers) > 3 else ""
    return f"Cells number {', '.join(map(str, numbers[:3]))}{rest} {many}."


def _raw_cell(index: int, cell: dict) -> RawCell:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    nbgrader = nbgrader if isinstance(nbgrader, dict) else {}
    cell_type, cell_id, grade_id = cell.get("cell_type"), cell.get("id"), nbgrader.get("grade_id")
    return RawCell(
        index=index,
        cell_type=cell_type if cell_type in ("code", "markdown", "raw") else "unknown",
        source="",
        id=cell_id if isinstance(cell_id, str) else "",
        grade_id=grade_id if isinstance(grade_id, str) else "",
        metadata=nbgrader,
    )


def _take_text(raw: RawCell, cell: dict, odd: dict[str, list[int]], problems: list[str]) -> bool:
    """Put the text of `cell` into `raw`; False when there is too much of it."""
    source = cell.get("source", cell.get("input"))  # format 3 says input
    parts = source if isinstance(source, list) else [source]
    lines = [line for line in parts if isinstance(line, str)]
    size = sum(map(len, lines))
    if size > MAX_CELL:
        got, most = f"{size / MIB:.1f} MiB", f"{MAX_CELL // MIB} MiB"
        problems.append(f"Cell number {raw.index} holds {got} of text, at most {most} is read; it was left out.")
        return False
    if len(lines) < len(parts):
        odd.setdefault("text", []).append(raw.index)
    # Some editors write the lines without their line ends.
    glue = "\n" if len(lines) > 1 and not any("\n" in line or "\r" in line for line in lines) else ""
    text = glue.join(lines).replace("\r\n", "\n").replace("\r", "\n")
    raw.source = re.sub("[\ud800-\udfff]", "\ufffd", text.replace("\0", ""))
    if raw.source != text:
        odd.setdefault("characters", []).append(raw.index)
    return True


def _within(raws: list[RawCell], known: Container[str], problems: list[str]) -> list[RawCell]:
    """Keep to MAX_SOURCE, and say which cells may be parsed: the exercises' own cells come first."""
    total = parsed = 0
    kept = []
    for raw in sorted(raws, key=lambda raw: raw.grade_id not in known and raw.id not in known):
        total += len(raw.source)
        if total > MAX_SOURCE:
            problems.append(f"The notebook holds more than {MAX_SOURCE // MIB} MiB of text; not all of it was read.")
            break
        raw.parse = len(raw.source) <= MAX_PARSED and parsed + len(raw.source) <= MAX_PARSED_TOTAL
        parsed += len(raw.source) if raw.parse else 0
        kept.append(raw)
    return sorted(kept, key=lambda raw: raw.index)


@functools.lru_cache(maxsize=512)  # most cells of a class are those of the release
def names_of(source: str, *, parse: bool = True) -> Names:
    """The names of Python source; where it does not parse, those after a def or class at the start of a line."""
    for text in (source, _MAGIC.sub(r"\1pass", source)) if parse else ():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return _of_tree(tree)
    found = frozenset(_DEFINITION.findall(source))
    return Names(found, found)


def _of_tree(tree: ast.Module) -> Names:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    binds: set[str] = set()
    needs: dict[str, None] = {}
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, (*functions, ast.Lambda)):  # the body runs later
            nodes += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            if isinstance(node, ast.Lambda):
                continue
            binds.add(node.name)
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            arguments += filter(None, (node.args.vararg, node.args.kwarg))
            nodes += [*node.decorator_list, *filter(None, (node.returns, *(a.annotation for a in arguments)))]
            continue
        if isinstance(node, ast.ClassDef):
            binds.add(node.name)
        elif isinstance(node, ast.alias):
            binds.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                needs[node.id] = None
            else:
                binds.add(node.id)
        nodes += ast.iter_child_nodes(node)
    defines = frozenset(node.name for node in tree.body if isinstance(node, (*functions, ast.ClassDef)))
    return Names(defines, frozenset(binds), tuple(name for name in needs if name not in binds))
