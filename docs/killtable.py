"""Make docs/killtable.md: what the hidden tests of every exercise did with known answers.

    python docs/killtable.py                     all exercises: several minutes
    python docs/killtable.py bn_forward_train    these anew; the other rows stay as they are

An exercise in which a wrong answer passes or is misnamed, a right one is refused or an idle one earns points gets no row;
it is named, and the exit status is 1.
"""

import re
import sys
from pathlib import Path

from autograder import killtable
from autograder.course import Course
from autograder.workers import side_by_side

PAGE = Path(__file__).with_name("killtable.md")
HEAD = """# The kill table

A hidden test is worth what it rejects. For every exercise the course keeps answers whose grade is known beforehand, and
`autograder build` refuses to write the course while one of them gets another grade:

- **known mistakes** lose points (*caught*), and the feedback says which idea went wrong (*named*);
- **other right answers**, written in another way than the course's own, get full points;
- **idle answers** do no work: the input unchanged, zeros, a constant, noise, only the right errors. They get nothing.

Each answer is graded with three seeds, so with three sets of hidden inputs, and counts only if all three agree.
`autograder killtable bn_forward_train` does it again for one exercise; `make killtable` for all.

This page is made by `python docs/killtable.py`.
"""
COLUMNS = (
    "| exercise | points | mistakes caught | and named | other right answers accepted | idle answers: best score |"
)


def line(row: killtable.Row) -> str:
    return (
        f"| `{row.id}` | {row.points:g} | {row.caught} of {row.misconceptions} | {row.named} of {row.misconceptions} "
        f"| {row.accepted} of {row.variants} | {row.trivial}: {row.trivial_score:g} |"
    )


def recorded(text: str) -> dict[str, str]:
    """The rows of the page: exercise id -> line."""
    return {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` \|.*$", text, re.MULTILINE)}


def numbers(text: str) -> tuple[int, ...]:
    """A row in numbers: points left out; caught, mistakes, named, mistakes, accepted, variants, idle answers, score."""
    return tuple(map(int, re.findall(r"\d+", text.split("|", 3)[3])))


def page(course: Course, rows: dict[str, str]) -> str:
    """One table a notebook, in the order of the course, below the sums."""
    parts = []
    for assignment in course.assignments:
        if found := [rows[id] for id in course.exercises(assignment) if id in rows]:
            link = f"## [{assignment}](../notebooks/{assignment}/{assignment}.ipynb)"
            parts.append("\n".join([link, "", COLUMNS, "| --- |" + " --- |" * 5, *found, ""]))
    sums = [sum(column) for column in zip(*map(numbers, rows.values()), strict=True)]
    total = (
        f"In {len(rows)} exercises: {sums[0]} of {sums[1]} known mistakes caught, {sums[2]} named, {sums[4]} of {sums[5]} other "
        f"right answers accepted, {sums[6]} idle answers with {sums[7]} points between them.\n"
    )
    return "\n".join([HEAD, total, *parts])


def main(ids: list[str]) -> int:
    course = Course.find(PAGE.parent)
    every = [id for assignment in course.assignments for id in course.exercises(assignment)]
    if strangers := set(ids) - set(every):
        sys.exit(f"no exercise of the course: {', '.join(sorted(strangers))}")
    with side_by_side(min(2, len(ids or every))) as run:
        rows = list(run(killtable.row, ids or every))
    known = recorded(PAGE.read_text(encoding="utf-8")) if ids and PAGE.is_file() else {}
    lines = {id: text for id, text in known.items() if id not in ids} | {r.id: line(r) for r in rows if not r.faults}
    PAGE.write_text(page(course, {id: lines[id] for id in every if id in lines}), encoding="utf-8")
    faults = [f"{row.id}: {fault}" for row in rows for fault in row.faults]
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
