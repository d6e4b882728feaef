"""What a student reads: the outcome of a check, hints, progress.

A page is a list of blocks. One template turns them into HTML and one function into plain text, so that a notebook, a
terminal and a screen reader get the same words in the same order.
"""

import dataclasses
import functools
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from traindeep import exercise, state
from traindeep.checks import PRINTED, Report, TestResult

# Okabe-Ito accents, at least 3:1 against a white and against a near-black page; only borders carry them.
ACCENT = {"good": "#009E73", "bad": "#D55E00", "open": "#0072B2", "quiet": "#808080"}
TONE = {"passed": "good", "failed": "bad", "error": "bad", "not_attempted": "open", "missing": "open"}
RICH = {"headline": "bold", "callout": "bold", "quiet": "dim"}  # on a terminal, the emphasis of a whole block
WIDTH = 96
CAP = 4000  # characters of any text that student code can lengthen


@dataclasses.dataclass(frozen=True)
class Block:
    """A piece of a page. `text` and `label` may hold `code` between backticks, except in "pre" and "verbatim"."""

    kind: str  # headline quiet paragraph verbatim items callout pre pair table picture
    text: str = ""
    label: str = ""
    tone: str = ""
    rows: tuple = ()  # items and pair: blocks; table: rows of cells, the first is the header; picture: its data: URI


class Page:
    """Blocks, shown as HTML in a notebook and as text elsewhere."""

    tone = "open"

    def blocks(self) -> Iterator[Block]:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return _template().render(blocks=list(self.blocks()), accent=ACCENT, tone=self.tone, spans=_spans)

    def lines(self, width: int = WIDTH) -> list[tuple[str, str]]:
        """(line, style) of the plain text; the style is for a terminal and may be dropped."""
        found = []
        for i, block in enumerate(self.blocks()):
            if i and block.kind != "quiet":
                found.append(("", ""))
            found += [(line, RICH.get(block.kind, "")) for line in _text(block, width)]
        return found

    def __repr__(self) -> str:
        return "\n".join(line for line, _ in self.lines(_width()))


# ---- the pages -------------------------------------------------------------------------------------------


class CheckPage(Page):
    """The outcome of one exercise. `short` leaves one line where there is nothing to explain: passed or not attempted."""

    def __init__(self, report: Report, hints_used: int = 0, short: bool = False):
        self.report, self.hints_used, self.short = report, hints_used, short
        self.tone = TONE.get(report.outcome, "bad")

    def blocks(self):
        report, failure = self.report, self.report.first_failure
        passed, total = sum(test.outcome == "passed" for test in report.tests), len(report.tests)
        if self.short and report.outcome == "passed":
            yield Block("quiet", f"{report.id}: {_counts(passed, total, report.hidden)}.")
            return
        if self.short and report.outcome == "not_attempted":
            yield Block("quiet", f"{_headline(report, passed, total)}.")
            return
        yield Block("headline", _headline(report, passed, total))
        yield Block("quiet", report.title)
        yield Block("items", rows=tuple(_item(test) for test in report.tests))
        if failure is not None and report.outcome not in ("not_attempted", "missing"):
            yield from _explained(failure)
        printed = failure.printed if failure is not None else ""
        if printed.strip():
            cut = f" (the first {PRINTED} characters)" if len(printed) >= PRINTED else ""
            yield Block("pre", clean(printed), f"What your code printed{cut}")
        yield Block("paragraph", self._next_step(), "Next:")
        yield Block("quiet", f"{_counts(passed, total, report.hidden)}.{self._hints()}")

    def _next_step(self) -> str:
        report, failure = self.report, self.report.first_failure
        if failure is None:
            return "go on to the next exercise."
        if report.outcome == "not_attempted":
            return "replace the line `raise NotImplementedError` in the cell above by your code, run that cell, then this one."
        if failure.outcome == "missing":
            name, found, _ = failure.message.partition(" is not defined")
            what = f"`{name}`" if found else "it"
            return (
                f"run the cell that defines {what}, then this one. After a restart every cell above has to run again."
            )
        if failure.outcome == "not_attempted":
            return "a part of this exercise still raises NotImplementedError: write that part, run its cell, then this one."
        if failure.outcome == "error":
            call = " Make the same call in a new cell to meet the error there." if failure.call else ""
            return f"read the line that is named above: the error arose there.{call}"
        if failure.diagnosis:
            return "find the line of your code that does this, change it, run its cell, then this one."
        if failure.call:
            return "make the same call in a new cell and compare it, step by step, with the formula."
        return "find the step of your code that breaks this sentence; print what lies between the steps to see where."

    def _hints(self) -> str:
        total, used = self.report.hints, min(self.hints_used, self.report.hints)
        if not total or self.report.outcome == "passed":
            return f" Hints used: {used} of {total}." if used else ""
        if used == total:
            return f' All {total} hints used; `hint("{self.report.id}")` shows them again.'
        return f' `hint("{self.report.id}")` gives {"the next" if used else "a"} hint ({used} of {total} used).'


def _headline(report: Report, passed: int, total: int) -> str:
    if report.outcome == "not_attempted":
        return f"{report.id}: not attempted yet"
    if report.outcome == "missing":
        return f"{report.id}: not defined yet"
    error = "your code raises an error; " if report.outcome == "error" else ""
    return f"{report.id}: {error}{passed} of {total} visible test{'s' * (total != 1)} pass{'es' * (total == 1)}"


def _counts(passed: int, total: int, hidden: int) -> str:
    visible = f"{passed} of {total} visible test{'s' * (total != 1)} pass{'es' * (total == 1)}"
    if not hidden:
        return visible
    return f"{visible}; {hidden} hidden {'ones run' if hidden > 1 else 'one runs'} when it is graded"


def _item(test: TestResult) -> Block:
    return Block("items", test.says, test.outcome.replace("_", " "), TONE.get(test.outcome, "bad"))


def _explained(failure: TestResult) -> Iterator[Block]:
    yield Block("paragraph", failure.says, "Look at this one first:")
    if failure.diagnosis:
        yield Block("callout", failure.diagnosis, "Likely cause", "bad")
    if failure.message:
        yield Block("verbatim", clean(failure.message))
    if failure.pictures:
        yield Block("picture", failure.pictures.words(), rows=(failure.pictures.uri(),))
    if failure.call:
        yield Block("pre", clean(failure.call), "What was called")
    if failure.expected != failure.got:  # of two large arrays only their shapes are shown
        yield Block("pair", rows=(_side("expected", failure.expected), _side("got", failure.got)))


def _side(label: str, text: str) -> Block:
    return Block("pre", clean(text), label)


class HintPage(Page):
    """Hint number `n` of an exercise, or all of them when `n` exceeds their number."""

    def __init__(self, id: str, hints: tuple[str, ...], n: int):
        self.id, self.hints, self.n = id, hints, n

    def blocks(self):
        total = len(self.hints)
        if self.n > total:
            yield Block("headline", f"{self.id}: all {total} hints")
            yield Block(
                "items", rows=tuple(Block("items", text, f"hint {i + 1}", "open") for i, text in enumerate(self.hints))
            )
            return
        yield Block("headline", f"{self.id}: hint {self.n} of {total}")
        yield Block("paragraph", self.hints[self.n - 1])
        if self.n < total:
            yield Block("quiet", f'Call `hint("{self.id}")` again for the next.')
        else:
            yield Block("quiet", f'That was the last; `hint("{self.id}")` now repeats all {total}.')


class ProgressPage(Page):
    """One line for each notebook; for those that are open, each exercise: outcome, points, hints, attempts, what next."""

    NOTEBOOKS = ("notebook", "pass", "points")
    HEADER = ("exercise", "outcome", "points", "hints", "attempts", "next")

    def __init__(self, course: dict[str, list[dict]], records: dict[str, dict], only: str = ""):
        """`course` maps an assignment to its exercises (id, points) in order; `records` is `state.all()`.

        `only` is an assignment whose exercises are shown, whatever their state, in place of the open ones.
        """
        self.course, self.records, self.only = course, records, only

    def blocks(self):
        items = [item for group in self.course.values() for item in group]
        done = [item for assignment in self.course for item in self._passed(assignment)]
        yield Block("headline", f"{len(done)} of {len(items)} exercises pass their visible tests")
        points, total = _number(sum(i["points"] for i in done)), _number(sum(i["points"] for i in items))
        yield Block(
            "quiet", f"They are worth {points} of {total} points; the hidden tests decide on points when it is graded."
        )
        following = next_open(self.course, self.records)
        if len(self.course) > 1:
            rows = tuple(self._summary(assignment) for assignment in self.course)
            yield Block("table", label="The notebooks", rows=(self.NOTEBOOKS, *rows))
        for assignment, group in self.course.items():
            if assignment == self.only if self.only else self._is_open(assignment, following):
                rows = tuple(self._row(item) for item in group)
                label = f"{assignment}: {len(self._passed(assignment))} of {len(group)} pass"
                yield Block("table", label=label, rows=(self.HEADER, *rows))
        if following:
            yield Block(
                "paragraph", f"{following[1]} in {following[0]}; `traindeep learn` in a terminal opens it.", "Next:"
            )
        elif items:
            yield Block("paragraph", "Every exercise passes its visible tests.")

    def _is_open(self, assignment: str, following: tuple[str, str] | None) -> bool:
        """Whether the notebook is the next one, or begun and not finished."""
        records = [self._record(item) for item in self.course[assignment]]
        begun = any(records) and any(record.get("outcome") != "passed" for record in records)
        return begun or (following is not None and following[0] == assignment)

    def _passed(self, assignment: str) -> list[dict]:
        return [item for item in self.course[assignment] if self._record(item).get("best") == "passed"]

    def _summary(self, assignment: str) -> tuple[str, ...]:
        group, passed = self.course[assignment], self._passed(assignment)
        points, total = (_number(sum(item["points"] for item in items)) for items in (passed, group))
        return assignment, f"{len(passed)} of {len(group)}", f"{points} of {total}"

    def _record(self, item: dict) -> dict:
        return self.records.get(item["id"], {})

    def _row(self, item: dict) -> tuple[str, ...]:
        record = self._record(item)
        outcome = record.get("outcome", "")
        seen = " (solution seen)" if record.get("solution_seen") else ""
        hints = f"{min(record.get('hints', 0), 3)} of 3"
        return (
            item["id"],
            _outcome_in_words(record) + seen,
            _number(item["points"]),
            hints,
            str(record.get("attempts", 0)),
            _what_next(item["id"], outcome, record),
        )


def _outcome_in_words(record: dict) -> str:
    outcome = record.get("outcome", "")
    if not outcome:
        return "not opened"
    if outcome == "passed":
        return "passed"
    words = outcome.replace("_", " ")
    if outcome in ("failed", "error"):
        words += f", {record.get('passed', 0)} of {record.get('total', 0)} pass"
    return words + ("; passed before" if record.get("best") == "passed" else "")


def _what_next(id: str, outcome: str, record: dict) -> str:
    if outcome == "passed":
        return "done"
    if record.get("best") == "passed":
        return "passed before: check again after your change"
    if outcome in ("failed", "error"):
        left = 3 - min(record.get("hints", 0), 3)
        return f'try again; `hint("{id}")` has {left} left' if left else "try again; read the three hints once more"
    if outcome == "missing":
        return "run the cell that defines it"
    return "write it in the notebook"


def next_open(course: dict[str, list[dict]], records: dict[str, dict]) -> tuple[str, str] | None:
    """(assignment, id) of the exercise to do next: the first behind the newest success that has never passed.

    So whoever leaves an extension out, or begins in the middle, is not called back before the end of the course.
    """
    order = [(assignment, item["id"]) for assignment, group in course.items() for item in group]
    passed = [records.get(id, {}).get("first_passed", "") for _, id in order]
    newest = max(range(len(order)), key=lambda i: (passed[i], i)) if any(passed) else -1
    for assignment, id in order[newest + 1 :] + order[: newest + 1]:
        if records.get(id, {}).get("best") != "passed":
            return assignment, id
    return None


# ---- what a notebook calls -------------------------------------------------------------------------------


def hint(id: str) -> None:
    """Show the next of three hints for an exercise; after the third, all of them."""
    try:
        item = exercise.load(id)
    except exercise.UnknownExercise as error:
        line(f"hint: {error}")
        return
    n = state.hints_used(id) + 1
    if n <= len(item.hints):
        n = state.count_hint(id)
    show(HintPage(id, item.hints, n))


def show_progress(only: str = "") -> None:
    """Show how far each notebook is, and the exercises of the open ones (or of the assignment `only`)."""
    if os.environ.get("TRAINDEEP_GRADING"):  # nobody is there to read it
        return
    from traindeep import workbook

    show(ProgressPage(workbook.course(), state.all(), only))


def show(page: Page) -> None:
    """Display a page: as HTML with its text twin in a notebook, as text elsewhere."""
    if _in_ipython():
        from IPython.display import display

        display(page)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False)
        for text, style in page.lines(_width()):
            console.print(Text(text, style=style), soft_wrap=True)
    else:
        print(page)


def line(text: str) -> None:
    """Show one line."""
    print(one_line(text))


def one_line(text: str) -> str:
    """Text that may come from anywhere, on one line."""
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """Text of student code without control characters (a terminal would obey them), and of bounded length."""
    text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", str(text)).expandtabs(4)
    text = "".join(c for c in text if c == "\n" or c.isprintable() or c.isspace() and ord(c) > 0x9F)
    text = "\n".join(part.rstrip() for part in text.splitlines())
    return text if len(text) <= CAP else text[:CAP] + " ..."


def _in_ipython() -> bool:
    module = sys.modules.get("IPython")
    return module is not None and module.get_ipython() is not None


# ---- rendering -------------------------------------------------------------------------------------------


@functools.cache
def _template():
    import jinja2

    folder = Path(__file__).parent / "templates"
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True).get_template("page.html")


def _spans(text: str) -> list[tuple[str, bool]]:
    """Split text at backticks into (part, is it code); an unpaired backtick stays text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, bool(i % 2)) for i, part in enumerate(parts) if part]


def _plain(text: str) -> str:
    return "".join(part for part, _ in _spans(text))


def _text(block: Block, width: int) -> list[str]:
    text = _plain(block.text)
    if block.kind == "items":
        return [
            line for item in block.rows for line in _wrap(f"{item.label}: {_plain(item.text)}", width, "  ", "      ")
        ]
    if block.kind == "callout":
        return [f"  {block.label}", *_wrap(text, width, "    ", "    ")]
    if block.kind == "verbatim":
        return [line for part in block.text.split("\n") for line in _wrap(part, width)]
    if block.kind == "pre":
        return [block.label, *textwrap.indent(block.text, "    ").split("\n")]
    if block.kind == "pair":
        return [line for item in block.rows for line in _text(item, width)]
    if block.kind == "table":
        return [block.label, *_columns([[_plain(cell) for cell in row] for row in block.rows], width)]
    return _wrap(f"{block.label} {text}".strip(), width)


def _wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 30),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _columns(rows: list[list[str]], width: int) -> list[str]:
    """Rows in aligned columns; the last column wraps below itself."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    left = "  " + "".join(" " * (w + 2) for w in widths)
    found = []
    for row in rows:
        start = "  " + "".join(f"{cell:<{w}}  " for cell, w in zip(row, widths, strict=False))
        found += [line.rstrip() for line in _wrap(row[-1], max(width, len(left) + 24), start, left)]
    return found


def _width() -> int:
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)


def _number(value: float) -> str:
    return f"{value:g}"
