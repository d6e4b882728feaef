"""Notebooks executed from top to bottom in a kernel of their own: what it costs, what cells said, what experiments claim."""

import copy
import os
import re
from typing import NamedTuple

import nbclient
from nbformat.v4 import new_code_cell

from autograder.course import Course, grade_id, release_notebook, role
from autograder.workers import ONE_THREAD

COURSE = Course.find(__file__)
COST = """
import resource as _r
_used = _r.getrusage(_r.RUSAGE_SELF)
print(f"cost {_used.ru_utime + _used.ru_stime:.1f} {_used.ru_maxrss // 1024}")
"""


class Claim(NamedTuple):
    """One line that an experiment printed (traindeep.plots.claim)."""

    sentence: str
    effect: str  # mean and standard deviation over seeds, with the unit
    seeds: int
    reproduced: bool
    place: str  # the id of the experiment (E05a), or the heading above it

    def __str__(self) -> str:
        verdict = "reproduced" if self.reproduced else "NOT reproduced"
        return f"{self.sentence} | {self.effect} ({self.seeds} seed{'s' * (self.seeds > 1)}) | {verdict}"


def solved(assignment: str):
    """What students run, with the answers put in: the released checks, not the graded cells of the instructor's copy."""
    source = COURSE.source(assignment)
    nb = release_notebook(source)
    answers = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
    for cell in nb.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return nb


def executed(nb, folder):
    """The notebook after a run in a fresh kernel on one thread, and what the run cost: (CPU seconds, MiB)."""
    nb = copy.deepcopy(nb)
    nb.cells.append(new_code_cell(COST))
    client = nbclient.NotebookClient(nb, timeout=600, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | ONE_THREAD | {"TRAINDEEP_HOME": str(folder)})  # the user's progress stays out of it
    cost = nb.cells.pop()
    seconds, memory = re.search(r"cost ([\d.]+) (\d+)", text_of(cost)).groups()
    return nb, float(seconds), int(memory)


def code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def text_of(cell) -> str:
    """What a cell printed and showed, as plain text."""
    parts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


def claims(nb) -> list[Claim]:
    """What the experiments of an executed notebook claim, in the order of the notebook."""
    found, place = [], ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^#+ +(.+)$", cell.source, flags=re.M):
                id = re.match(r"(?:Experiment )?(E\d\d[a-z])\b", heading)
                place = id.group(1) if id else re.sub(r"^\d+ · ", "", heading)
            continue
        for line in text_of(cell).split("\n") if cell.cell_type == "code" else ():
            if parts := re.fullmatch(r"(.+) \| (.+) \((\d+) seeds?\) \| (NOT )?reproduced", line):
                sentence, effect, seeds, not_ = parts.groups()
                found.append(Claim(sentence, effect, int(seeds), not not_, place))
    return found
