"""grades.csv: one row per submission, for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from autograder.result import Result, write_atomically


def grades_csv(results: Iterable[Result]) -> str:
    """The table as text: student, assignment, score, max_score, one column per exercise, verdicts, problems."""
    results = list(results)
    ids = list(dict.fromkeys(exercise.id for result in results for exercise in result.exercises))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "assignment", "score", "max_score", *ids, "what_went_wrong", "problems", "isolation"])
    for result in results:
        scores = {exercise.id: exercise.score for exercise in result.exercises}
        row = [result.student, result.assignment, result.score, result.max_score]
        row += [scores.get(id, "") for id in ids]
        wrong = [f"{e.id}: {e.diagnosis or e.verdict}" for e in result.exercises if e.verdict != "passed"]
        row += ["; ".join(wrong), "; ".join(result.problems), result.isolation]
        writer.writerow([_inert(value) for value in row])
    return out.getvalue()


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
