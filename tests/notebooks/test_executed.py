"""Every notebook, executed from top to bottom: with the solutions, and as a student first opens it.

make executed         prints CPU seconds and peak memory of each kernel, on one thread
make executed ONCE=1  runs each experiment once: solved notebooks without theirs, untouched ones with them (for CI)
"""

import os

import nbformat
import pytest
from execution import COURSE, claims, code, executed, solved, text_of

from autograder.course import exercises_of, grade_id, release_notebook, role

MOST_S, MOST_MIB = 300, 2000  # CPU seconds and memory of one notebook: a student's laptop, with room to spare
ONCE = bool(os.environ.get("TRAINDEEP_ONCE"))


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


def checks(nb) -> dict[str, str]:
    return {grade_id(cell).removeprefix("check_"): text_of(cell) for cell in code(nb) if role(cell) == "check"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("assignment", COURSE.assignments)
def test_with_its_solutions_every_check_passes_and_every_experiment_runs(assignment, tmp_path):
    """The lecture as its author sees it: no error, no warning, every check passes, every experiment makes its claim."""
    nb = solved(assignment)
    if ONCE:
        nb.cells = [cell for cell in nb.cells if role(cell) != "experiment"]
    nb, seconds, memory = executed(nb, tmp_path)
    print(f"{assignment}, solved: {seconds:.0f} CPU s, {memory} MiB, {len(claims(nb))} claims")
    print("\n".join(f"  {line}" for line in claims(nb)))
    assert errors(nb) == []
    assert noise(nb) == []
    assert sorted(checks(nb)) == sorted(exercises_of(COURSE.source(assignment)))
    assert [id for id, said in checks(nb).items() if "passed" not in said.lower()] == []
    assert claims(nb) or ONCE, "no experiment states its claim"
    assert seconds < MOST_S
    assert memory < MOST_MIB


@pytest.mark.timeout(900)
@pytest.mark.parametrize("assignment", COURSE.assignments)
def test_untouched_it_runs_to_its_end_and_says_not_attempted(assignment, tmp_path):
    """A student who runs all cells of a new notebook meets no crash; experiments run on stand-ins or say what is missing."""
    nb = nbformat.reads(nbformat.writes(release_notebook(COURSE.source(assignment))), as_version=4)
    nb, seconds, memory = executed(nb, tmp_path)
    print(f"{assignment}, untouched: {seconds:.0f} CPU s, {memory} MiB, {len(claims(nb))} claims")
    assert errors(nb) == []
    assert noise(nb) == []
    assert [id for id, said in checks(nb).items() if "not attempted" not in said.lower()] == []
