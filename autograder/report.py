"""What people read: the feedback page of a submission, the comment in the gradebook, the table of a class."""

import re
from collections import Counter
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


def png(uri: str) -> str:
    """The address of a picture that lies in the page, and no other address."""
    return uri if re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/=]+", uri) else ""


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"text": text, "points": points, "wrong": wrong, "lost": lost, "png": png}
    environment.globals |= {"VERDICT": VERDICT, "OUTCOME": OUTCOME}
    return environment


def feedback_html(result: Result) -> str:
    """The feedback page of one submission: whole, self-contained, and without a line of a hidden test."""
    return _environment().get_template("feedback.html").render(result=result, first=_first_steps(result))


def lost(exercise: ExerciseResult) -> float:
    """Points still to win."""
    return exercise.max_score - exercise.score


def wrong(exercise: ExerciseResult) -> list[tuple[str, str, list[str]]]:
    """(outcome, reason, sentences) of the tests that do not pass; tests that fail for one and the same reason together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for test in exercise.tests:
        if test.outcome != "passed":
            # A cell that did not run, a limit: said once. Where a value differs, each sentence has its own reason.
            same = test.message if test.outcome != "failed" else f"{test.message}\0{test.name}"
            groups.setdefault((test.outcome, same), []).append(test.says)
    return [(outcome, same.partition("\0")[0], says) for (outcome, same), says in groups.items()]


def _first_steps(result: Result) -> list[ExerciseResult]:
    """The exercises worth opening first: those with most points to win by one recognised idea."""
    recognised = [e for e in result.exercises if e.diagnosis]
    return sorted(recognised, key=lost, reverse=True)[:3]


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
    """One line for the table of a class: the idea that cost most points, else what became of the rest."""
    verdicts = {e.verdict for e in result.exercises}
    if verdicts == {"passed"}:
        return "nothing"
    if verdicts == {"not_attempted"}:
        return "not attempted yet"
    if verdicts in ({"missing"}, {"could_not_grade"}):
        return text(result.problems[-1], 200) if result.problems else VERDICT[verdicts.pop()]
    open_ = [e for e in result.exercises if e.verdict != "passed"]
    if first := _first_steps(result):
        more = f" And {len(open_) - 1} more." if len(open_) > 1 else ""
        return text(f"{first[0].id}: {_first_sentence(first[0].diagnosis)}{more}", 300)
    by_verdict: dict[str, list[str]] = {}
    for e in open_:
        by_verdict.setdefault(e.verdict, []).append(e.id)
    said = (f"{VERDICT[v]}: {ids[0] if len(ids) == 1 else f'{len(ids)} exercises'}" for v, ids in by_verdict.items())
    return text("; ".join(said), 300)


def _first_sentence(line: str) -> str:
    """The fact without the explanation, for a table.

    >>> _first_sentence("You divide by N - 1, i.e. too little. Batch normalization divides by N.")
    'You divide by N - 1, i.e. too little.'
    """
    return re.split(r"(?<=[.?])\s+(?=[A-Z])", line, maxsplit=1)[0]


def class_table(results: Iterable[Result]):
    """A rich table: student, score, what went wrong in words."""
    from rich.table import Table
    from rich.text import Text

    results = list(results)
    several = len({result.assignment for result in results}) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("student", overflow="fold", max_width=28)
    if several:
        table.add_column("assignment", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what went wrong")
    for result in results:
        score = f"{points(result.score)} / {points(result.max_score)}"
        name = [text(result.student, 60)] + ([result.assignment] if several else [])
        table.add_row(*map(Text, name), Text(score), Text(in_words(result)))
    return table


def common_ideas(results: Iterable[Result]):
    """A rich table of the mistakes that several students make, the most common first; None if there are none."""
    from rich.table import Table
    from rich.text import Text

    results = list(results)
    found = Counter((e.id, e.diagnosis) for result in results for e in result.exercises if e.diagnosis)
    common = [(count, *idea) for idea, count in found.most_common(8) if count > 1]
    if not common:
        return None
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold", title_justify="left")
    table.add_column("students", justify="right", no_wrap=True)
    table.add_column("exercise", no_wrap=True)
    table.add_column("what they have in common")
    for count, id, says in common:
        share = f"{count} of {len(results)}"
        table.add_row(Text(share), Text(id), Text(_first_sentence(says)))
    return table


def not_graded(results: Iterable[Result]) -> list[str]:
    """What the instructor has to mend, each thing once: a broken test, a grader that failed."""
    reasons = []
    for result in results:
        open_ = [e for e in result.exercises if e.verdict == "could_not_grade"]
        tests = [(e, test) for e in open_ for test in e.tests if test.outcome == "could_not_grade"]
        reasons += [f"{e.id}, {test.name}: {test.message}" for e, test in tests]
        if open_ and not tests:
            reasons.append(f"{result.student}, {result.assignment}: {result.problems[-1] if result.problems else ''}")
    return [text(reason, 400).replace("\n", " ") for reason in dict.fromkeys(reasons)]
