"""What people read: the feedback page of a submission, the comment in the gradebook, the table of a class."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import jinja2

from autograder.result import ExerciseResult, Result

VERDICT = {
    "passed": "passed",
    "partial": "partly right",
    "failed": "not right yet",
    "not_attempted": "not attempted",
    "error": "raised an error",
    "timeout": "ran out of time",
    "out_of_memory": "ran out of memory",
    "crashed": "ended the process",
    "missing": "not found in the notebook",
    "could_not_grade": "could not be graded (our fault, not yours)",
}
OUTCOME = VERDICT | {"failed": "does not hold", "passed": "holds"}


def text(value: object, limit: int = 2000) -> str:
    """Untrusted text made harmless to read: no control or direction characters, bounded."""
    clean = re.sub(
        r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", " ", str(value)
    )
    return clean if len(clean) <= limit else clean[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def points(value: float) -> str:
    """3 rather than 3.0, 2.67 as it is."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"text": text, "points": points}
    environment.globals |= {"VERDICT": VERDICT, "OUTCOME": OUTCOME}
    return environment


def feedback_html(result: Result) -> str:
    """The feedback page of one submission: whole, self-contained, and without a line of a hidden test."""
    return _environment().get_template("feedback.html").render(result=result, first=_first_steps(result))


def _first_steps(result: Result) -> list[ExerciseResult]:
    """The exercises worth opening first: those with most points to win by one recognised idea."""
    wrong = [e for e in result.exercises if e.diagnosis]
    return sorted(wrong, key=lambda e: e.score - e.max_score)[:3]


def comment(exercise: ExerciseResult) -> str:
    """Verdict and reason in plain words, for the gradebook."""
    lines = [f"{VERDICT[exercise.verdict]}: {points(exercise.score)} of {points(exercise.max_score)} points."]
    if exercise.diagnosis:
        lines.append(text(exercise.diagnosis))
    if exercise.verdict not in ("passed", "not_attempted"):
        failed = [test for test in exercise.tests if test.outcome not in ("passed", "not_attempted")]
        lines += [f"{OUTCOME[test.outcome]}: {test.says}" for test in failed[:4]]
        if len(failed) > 4:
            lines.append(f"and {len(failed) - 4} more")
    return "\n".join(lines)


def in_words(result: Result) -> str:
    """One line for the table of a class: the first thing that went wrong."""
    verdicts = [e.verdict for e in result.exercises]
    if all(v == "passed" for v in verdicts):
        return "nothing: every exercise passes"
    if all(v == "not_attempted" for v in verdicts):
        return "nothing attempted yet"
    if all(v == "missing" for v in verdicts):
        return text(result.problems[-1], 160) if result.problems else "no exercise found"
    said = [f"{e.id}: {e.diagnosis}" for e in result.exercises if e.diagnosis]
    rest = [e for e in result.exercises if e.verdict != "passed" and not e.diagnosis]
    by_verdict = {v: [e.id for e in rest if e.verdict == v] for v in dict.fromkeys(e.verdict for e in rest)}
    said += [
        f"{VERDICT[v]}: {', '.join(ids) if len(ids) <= 3 else f'{len(ids)} exercises'}" for v, ids in by_verdict.items()
    ]
    return text(" | ".join(said[:2]) + (f" | and {len(said) - 2} more" if len(said) > 2 else ""), 320)


def class_table(results: Iterable[Result]):
    """A rich table: student, score, what went wrong in words."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=False, expand=False)
    table.add_column("student", overflow="fold", no_wrap=True, max_width=32)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what went wrong")
    for result in results:
        score = f"{points(result.score)} / {points(result.max_score)}"
        table.add_row(Text(text(result.student, 60)), Text(score), Text(in_words(result)))
    return table
