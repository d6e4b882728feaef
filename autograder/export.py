"""grades.csv: one row per submission, for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from autograder.result import Result, write_atomically


def grades_csv(results: Iterable[Result]) -> str:
    """The table as text: student, assignment, score, max_score, one column per exercise, verdicts, problems.

    Rows are sorted by assignment and student. Of each result only its row is kept, so that thousands can be read one
    after the other.
    """
    rows = sorted(map(_row, results), key=lambda row: (row["assignment"], row["student"]))
    ids = dict.fromkeys(id for row in rows for id in row["scores"])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "assignment", "score", "max_score", *ids, "what_went_wrong", "problems", "isolation"])
    for row in rows:
        scores = row.pop("scores")
        before, after = list(row.values())[:4], list(row.values())[4:]
        writer.writerow([_inert(value) for value in (*before, *(scores.get(id, "") for id in ids), *after)])
    return out.getvalue()


def _row(result: Result) -> dict:
    wrong = [f"{e.id}: {e.diagnosis or e.verdict}" for e in result.exercises if e.verdict != "passed"]
    return {
        "student": result.student,
        "assignment": result.assignment,
        "score": result.score,
        "max_score": result.max_score,
        "scores": {exercise.id: exercise.score for exercise in result.exercises},
        "what_went_wrong": "; ".join(wrong),
        "problems": "; ".join(result.problems),
        "isolation": result.isolation,
    }


def _inert(value):
    """Text that a spreadsheet would read as a formula gets a quote in front; line breaks and the like go."""
    if not isinstance(value, str):
        return value
    value = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    # Some programs read the full-width signs as the plain ones, and some skip what stands before them.
    sign = unicodedata.normalize("NFKC", value.lstrip("\N{REPLACEMENT CHARACTER} ;|,"))[:1]
    return f"'{value}" if sign in tuple("=+-@") else value


def write(path: Path, results: Iterable[Result]) -> None:
    """Write grades.csv in one step."""
    write_atomically(path, grades_csv(results))
