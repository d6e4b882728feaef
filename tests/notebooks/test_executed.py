"""Every notebook, executed from top to bottom: with the solutions, and as a student first opens it.

make executed         prints CPU seconds and peak memory of each kernel, on one thread
make executed ONCE=1  runs each experiment once: solved notebooks without theirs, untouched ones with them (for CI)
"""

import copy
import os
import re

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder.course import Course, exercises_of, grade_id, release_notebook, role

COURSE = Course.find(__file__)
MOST_S, MOST_MIB = 300, 2000  # CPU seconds and memory of one notebook: a student's laptop, with room to spare
ONCE = bool(os.environ.get("TRAINDEEP_ONCE"))
COST = """
import resource as _r
_used = _r.getrusage(_r.RUSAGE_SELF)
print(f"cost {_used.ru_utime + _used.ru_stime:.1f} {_used.ru_maxrss // 1024}")
"""


def executed(nb, folder, monkeypatch):
    """The notebook after a run in a fresh kernel on one thread, and what the run cost: (CPU seconds, MiB)."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    nb = copy.deepcopy(nb)
    nb.cells.append(new_code_cell(COST))
    client = nbclient.NotebookClient(nb, timeout=280, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute()
    cost = nb.cells.pop()
    seconds, memory = re.search(r"cost ([\d.]+) (\d+)", text_of(cost)).groups()
    return nb, float(seconds), int(memory)


def text_of(cell) -> str:
    """What a cell printed and showed, as plain text."""
    parts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


def errors(nb) -> list[str]:
    """The exceptions that cells ended with."""
    found = [(cell, output) for cell in code(nb) for output in cell.outputs if output.output_type == "error"]
    return [f"{grade_id(cell) or cell.id}: {output.ename}: {output.evalue}" for cell, output in found]


def noise(nb) -> list[str]:
    """What cells wrote to standard error: warnings, mostly."""
    return [
        output.text
        for cell in code(nb)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


def code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def claims(nb) -> list[str]:
    lines = "\n".join(text_of(cell) for cell in code(nb)).split("\n")
    return [line for line in lines if re.search(r"\| (NOT )?reproduced$", line)]


def checks(nb) -> dict[str, str]:
    return {grade_id(cell).removeprefix("check_"): text_of(cell) for cell in code(nb) if role(cell) == "check"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("assignment", COURSE.assignments)
def test_with_its_solutions_every_check_passes_and_every_experiment_runs(assignment, tmp_path, monkeypatch):
    """The lecture as its author sees it: no error, no warning, every check passes, every experiment makes its claim."""
    # What students run, with the answers put in: the released checks, not the graded cells of the instructor's copy.
    nb, source = release_notebook(COURSE.source(assignment)), COURSE.source(assignment)
    answers = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
    for cell in nb.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    if ONCE:
        nb.cells = [cell for cell in nb.cells if role(cell) != "experiment"]
    nb, seconds, memory = executed(nb, tmp_path, monkeypatch)
    print(f"{assignment}, solved: {seconds:.0f} CPU s, {memory} MiB, {len(claims(nb))} claims")
    print("\n".join(f"  {line}" for line in claims(nb)))
    assert errors(nb) == []
    assert noise(nb) == []
    assert sorted(checks(nb)) == sorted(exercises_of(source))
    assert [id for id, said in checks(nb).items() if "passed" not in said.lower()] == []
    assert claims(nb) or ONCE, "no experiment states its claim"
    assert seconds < MOST_S
    assert memory < MOST_MIB


@pytest.mark.timeout(900)
@pytest.mark.parametrize("assignment", COURSE.assignments)
def test_untouched_it_runs_to_its_end_and_says_not_attempted(assignment, tmp_path, monkeypatch):
    """A student who runs all cells of a new notebook meets no crash; experiments run on stand-ins or say what is missing."""
    nb = nbformat.reads(nbformat.writes(release_notebook(COURSE.source(assignment))), as_version=4)
    nb, seconds, memory = executed(nb, tmp_path, monkeypatch)
    print(f"{assignment}, untouched: {seconds:.0f} CPU s, {memory} MiB, {len(claims(nb))} claims")
    assert errors(nb) == []
    assert noise(nb) == []
    assert [id for id, said in checks(nb).items() if "not attempted" not in said.lower()] == []
