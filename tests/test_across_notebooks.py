"""What a student's trouble in one notebook means for the others: nothing."""

import matplotlib
import pytest
from classroom import Class
from traindeep import exercise, state
from traindeep.checks import Report, TestResult, run_visible

from autograder.course import Course, exercises_of, role
from autograder.grading import Grader

COURSE = Course.find(__file__)


@pytest.mark.parametrize("assignment", ["11_residual_networks", "12_capstone"])
def test_who_failed_all_earlier_notebooks_can_finish_the_last_ones(assignment, capsys):
    """With nothing but failures on record, right cells run on stand-ins and pass their checks."""
    matplotlib.use("Agg")
    for earlier in COURSE.assignments[: COURSE.assignments.index(assignment)]:
        for id in COURSE.exercises(earlier):
            state.record(Report(id, "T.", "failed", (TestResult("t", "S.", "failed"),)), {})
    source = COURSE.source(assignment)
    namespace = {"__name__": "__main__"}
    for cell in source.cells:
        if cell.cell_type == "code" and role(cell) in ("solution", "code"):
            exec(cell.source, namespace)
    said = capsys.readouterr().out
    assert ("a stand-in for" in said) == (assignment == "12_capstone")
    for id in exercises_of(source):
        if not exercise.load(id).seconds:  # what trains is trained by `make executed`
            assert run_visible(id, namespace).first_failure is None, id


@pytest.mark.timeout(600)
def test_a_mistake_costs_its_points_once(tmp_path, isolation):
    """Notebook 12 builds on the PreActBlock of notebook 11. A wrong one lost points there; graded here, it loses none."""
    wrong = "from torch import nn\n\nclass PreActBlock(nn.Identity):\n    pass"
    students = Class(COURSE, tmp_path, "12_capstone")
    with Grader(COURSE, isolation, "across") as grader:
        result = grader.grade(students.submission(students.right, before=[wrong]))
    assert [one.id for one in result.exercises if one.score < one.max_score] == []
