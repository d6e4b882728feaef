"""Random damage to a submission: nothing raises, nobody gains a point, and no answer is lost that is still there.

Points are judged in two ways. All properties with random damage judge without the sandbox: the cells are run here, in
the order in which they would be graded, and an exercise has its point if its answer works; every line of these small
notebooks is our own. A few damaged submissions of the real assignment (`test_damage_and_the_grader_agree`) are graded
by the Grader, in the sandbox, with the hidden tests.
"""

import contextlib
import copy
import json
import random

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_notebook import HEADS, RELEASE, RIGHT, cell_of, code, labels, solved

from autograder import demo
from autograder import exercise as hidden
from autograder.course import grade_id, release_notebook, role, to_bytes
from autograder.grading import Grader
from autograder.submission import UnreadableSubmission, content_hash, read, rebuild

LIKE_THIS = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WRONG = {
    "forward": "def forward(x):\n    return np.asarray(x) + 1\n",
    "backward": "def backward(dy):\n    return dy\n",
    "Norm": "class Norm:\n    call = staticmethod(abs)\n",
}
WORKS = {
    "forward": lambda space: space["forward"](3) == 2,
    "backward": lambda space: space["backward"](3) == 6,
    "Norm": lambda space: space["Norm"].call(3) == 2,
}


def earned(result):
    """The exercises whose answers work when the cells run in order; an exception ends a cell, as in the sandbox."""
    space, found = {}, set()
    for cell in result.cells:
        with contextlib.suppress(Exception, SystemExit):
            exec(cell.source, space)
    for name, works in WORKS.items():
        with contextlib.suppress(Exception):
            found |= {name} if works(space) else set()
    return found


def solutions(result):
    return {cell.grade_id: cell.source for cell in result.cells if cell.kind == "solution"}


def text_of(cell):
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source


def still_there(notebook, answers):
    """The exercises whose answer is still the text of some cell of the notebook."""
    texts = [text_of(cell) for cell in notebook.get("cells", []) if isinstance(cell, dict)]
    return {name for name, text in answers.items() if text in texts}


# Damage: functions that change a notebook (plain JSON data) in place, and draw what they need

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = [*HEADS, "why", "imports", "check_forward", "title", "mine", ""]
JUNK = ["y = 1", "1 / 0", "raise SystemExit", "def (", "import math\nmath.pi", "%%bash\nls", "!rm -rf ~"]


def some(draw, notebook):
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    return draw(st.sampled_from(cells)) if cells else {}


def delete(draw, notebook):
    if notebook["cells"]:
        notebook["cells"].pop(draw(st.integers(0, len(notebook["cells"]) - 1)))


def duplicate(draw, notebook):
    twin = copy.deepcopy(some(draw, notebook))
    notebook["cells"].insert(draw(st.integers(0, len(notebook["cells"]))), twin)


def reorder(draw, notebook):
    notebook["cells"] = draw(st.permutations(notebook["cells"]))


def retype(draw, notebook):
    some(draw, notebook)["cell_type"] = draw(st.sampled_from(["code", "markdown", "raw", "sql", None, 5]))


def relabel(draw, notebook):
    flags = {flag: draw(VALUES) for flag in draw(st.sets(st.sampled_from(["grade", "solution", "locked", "task"])))}
    some(draw, notebook)["metadata"] = labels(draw(st.sampled_from(NAMES) | VALUES), points=draw(VALUES), **flags)


def rename(draw, notebook):
    some(draw, notebook)["id"] = draw(st.sampled_from(NAMES) | VALUES)


def strip(draw, notebook):
    for cell in notebook["cells"]:
        if isinstance(cell, dict):
            cell.pop("metadata", None)
            cell["id"] = f"x{draw(st.integers(0, 99))}"


def junk(draw, notebook):
    added = draw(st.sampled_from(JUNK).map(code) | VALUES)
    notebook["cells"].insert(draw(st.integers(0, len(notebook["cells"]))), added)


def lines(draw, notebook):
    cell = some(draw, notebook)
    if isinstance(text := text_of(cell), str):
        cell["source"] = text.splitlines(keepends=True) if draw(st.booleans()) else list(text)


def outputs(draw, notebook):
    some(draw, notebook)["outputs"] = draw(VALUES)


def surgery(draw, notebook):
    """Any value anywhere is replaced, removed or exchanged with another of its object."""
    place = notebook
    for _ in range(draw(st.integers(0, 5))):
        below = list(place.values()) if isinstance(place, dict) else place
        below = [x for x in below if isinstance(x, (dict, list)) and x]
        if not below:
            break
        place = draw(st.sampled_from(below))
    key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    if place is not notebook or key != "cells":
        place[key] = draw(VALUES)


DAMAGE = [delete, duplicate, reorder, retype, relabel, rename, strip, junk, lines, outputs, surgery]


def hurt(draw, notebook, damage=DAMAGE):
    for _ in range(draw(st.integers(1, 8))):
        draw(st.sampled_from(damage))(draw, notebook)
    return notebook


@st.composite
def submissions(draw):
    """(answers, damaged notebook): every exercise is answered rightly, wrongly, or not at all."""
    answers = {name: draw(st.sampled_from([RIGHT, WRONG, {}])).get(name) for name in HEADS}
    notebook = solved()
    for cell, given_cell in zip(notebook["cells"], RELEASE.cells, strict=True):
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]] or given_cell.source
    return {name: text for name, text in answers.items() if text}, hurt(draw, notebook)


def put(tmp_path, notebook):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook))
    return path


@settings(LIKE_THIS, max_examples=300)
@given(submissions())
def test_damage_earns_nothing_and_costs_no_answer_that_is_there(tmp_path, case):
    """No point is gained by damage, and an answer whose text is still in some cell keeps its point."""
    answers, notebook = case
    right = {name for name, text in answers.items() if text == RIGHT[name]}
    try:
        result = read(put(tmp_path, notebook), RELEASE)
    except UnreadableSubmission:
        assert not still_there(notebook, answers)
        return
    points = earned(result)
    assert points <= right
    there = still_there(notebook, answers) & right
    if "forward" not in there:
        there -= {"Norm"}  # it calls forward
    assert points >= there, result.problems
    assert not [name for name in there if name in result.missing]


@settings(LIKE_THIS, max_examples=150)
@given(submissions())
def test_damaged_submission_can_be_told_hashed_and_rebuilt(tmp_path, case):
    """What is read of a damaged notebook rebuilds to a valid notebook that reads back with the same answers."""
    _, notebook = case
    with contextlib.suppress(UnreadableSubmission):
        result = read(put(tmp_path, notebook), RELEASE)
        assert all(problem.isprintable() and len(problem) < 1000 for problem in result.problems)
        rebuilt = rebuild(result, RELEASE)
        nbformat.validate(rebuilt)
        again = read(put(tmp_path, rebuilt), RELEASE)
        kept = {name: text for name, text in solutions(result).items() if name not in result.missing}
        assert {name: solutions(again)[name] for name in kept} == kept
        assert again.written == {"why": "YOUR ANSWER HERE"} | result.written
        assert len(content_hash(result)) == 64


@settings(LIKE_THIS, max_examples=100)
@given(st.data())
def test_damage_keeps_a_solution_split_over_two_cells(tmp_path, data):
    """A class whose second half stands in an added cell keeps its point under all damage that keeps the order."""
    notebook = solved()
    cell = cell_of(notebook, "Norm")
    cell["source"] = "class Norm:\n    pass\n"
    notebook["cells"].insert(notebook["cells"].index(cell) + 1, code("Norm.call = staticmethod(forward)\n"))
    hurt(data.draw, notebook, [retype_text, relabel, rename, junk, lines, outputs])
    assert "Norm" in earned(read(put(tmp_path, notebook), RELEASE))


def retype_text(draw, notebook):
    draw(st.sampled_from([c for c in notebook["cells"] if isinstance(c, dict) and c.get("id") == "title"] or [{}]))[
        "cell_type"
    ] = "raw"


@st.composite
def damaged(draw):
    """A right notebook in which all cells but one were damaged at will; and the name of that one."""
    notebook = solved()
    safe = draw(st.sampled_from(sorted(RIGHT)))
    kept = cell_of(notebook, safe)
    keep = draw(st.sampled_from(["grade_id", "id", "definition"]))
    for cell in notebook["cells"]:
        for _ in range(draw(st.integers(0, 2))):
            keys = ["cell_type", "outputs", "extra"]
            if cell is not kept:
                keys += ["metadata", "id", "source"]
            elif keep != "grade_id":
                keys += ["metadata", "id"] if keep == "definition" else ["metadata"]
            else:
                keys += ["id"]
            key = draw(st.sampled_from(keys))
            if draw(st.booleans()):
                cell.pop(key, None)
            else:
                cell[key] = draw(VALUES)
            if key == "metadata" and cell is not kept and draw(st.booleans()):
                cell[key] = {"nbgrader": draw(VALUES)}
            if key == "metadata" and cell is not kept and draw(st.booleans()):
                cell[key] = {"nbgrader": {"grade_id": draw(VALUES), "solution": draw(VALUES)}}
    cells = draw(st.permutations(notebook["cells"]))
    cells = [cell for cell in cells if cell is kept or draw(st.integers(0, 4))]
    for _ in range(draw(st.integers(0, 2))):
        cells.insert(draw(st.integers(0, len(cells))), draw(VALUES))
    notebook["cells"] = cells
    for key in ("metadata", "nbformat", "nbformat_minor"):
        if draw(st.booleans()):
            notebook[key] = draw(VALUES)
    return notebook, safe


@settings(LIKE_THIS, max_examples=150)
@given(damaged())
def test_damage_never_loses_an_intact_solution(tmp_path, case):
    """Whatever happens to the other cells and to the file's head, an intact solution cell is graded."""
    notebook, safe = case
    result = read(put(tmp_path, notebook), RELEASE)
    assert solutions(result)[safe] == RIGHT[safe]
    nbformat.validate(rebuild(result, RELEASE))
    content_hash(result)


@settings(LIKE_THIS, max_examples=200)
@given(st.data())
def test_damaged_bytes_raise_nothing_else(tmp_path, data):
    """Cutting, doubling and replacing bytes gives a submission or UnreadableSubmission, and no point too many."""
    wrong = data.draw(st.booleans())
    notebook = solved()
    for name in HEADS if wrong else ():
        cell_of(notebook, name)["source"] = WRONG[name]
    content = bytearray(json.dumps(notebook).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=10))
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with contextlib.suppress(UnreadableSubmission):
        result = read(path, RELEASE)
        content_hash(result)
        assert not (wrong and earned(result))


@settings(LIKE_THIS, max_examples=100)
@given(VALUES)
def test_any_json_raises_nothing_else(tmp_path, value):
    """Any JSON value gives a submission or UnreadableSubmission."""
    for content in (value, {"cells": value}, {"cells": [value]}, {"worksheets": value}, {"worksheets": [value]}):
        with contextlib.suppress(UnreadableSubmission):
            read(put(tmp_path, content), RELEASE)


def test_the_judge_can_say_no(tmp_path):
    """Without damage the right answers earn all points, the wrong ones none, and a mix its own."""
    for answers, points in ((RIGHT, set(HEADS)), (WRONG, set()), (RIGHT | {"backward": "x"}, {"forward", "Norm"})):
        notebook = solved()
        for name in HEADS:
            cell_of(notebook, name)["source"] = answers[name]
        assert earned(read(put(tmp_path, notebook), RELEASE)) == points
    assert still_there({"cells": [None, code(list(RIGHT["forward"]))]}, RIGHT) == {"forward"}


# With the Grader


@pytest.fixture(scope="module")
def grader(course):
    with Grader(course, "auto", seed="damage") as grader:
        yield grader


def shuffled(rng, cells):
    rng.shuffle(cells)


def stripped(rng, cells):
    for number, cell in enumerate(cells):
        cell["metadata"], cell["id"] = {}, f"cell-{number}"


def doubled(rng, cells):
    cells[:] = [copy.deepcopy(cell) for cell in cells for _ in range(rng.choice([1, 2]))]


def relabelled(rng, cells):
    for cell in cells:
        if "nbgrader" in cell["metadata"] and rng.random() < 0.5:
            cell["metadata"]["nbgrader"] |= {"grade_id": rng.choice([None, 5, "x"]), "points": 500, "solution": False}


def retyped(rng, cells):
    for cell in cells:
        cell["cell_type"] = rng.choice(["code", "markdown", "raw", cell["cell_type"]])


def thinned(rng, cells):
    cells[:] = [c for c in cells if c["metadata"].get("nbgrader", {}).get("solution") or rng.random() < 0.3]


@pytest.mark.parametrize("answered", ["right", "wrong"])
@pytest.mark.parametrize(
    "damage",
    [(shuffled, stripped), (doubled, relabelled), (thinned, retyped, relabelled)],
    ids=lambda damage: "-".join(change.__name__ for change in damage),
)
def test_damage_and_the_grader_agree(grader, course, tmp_path, damage, answered):
    """Graded in the sandbox, a damaged right submission earns all points, and a damaged wrong one none."""
    source = course.source(demo.ASSIGNMENT)
    right = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
    notebook = json.loads(to_bytes(release_notebook(source)))
    rng = random.Random(answered)
    for cell in notebook["cells"]:
        if cell["id"] in right:
            wrong = [f"def {name}(*args, **kwargs): return None" for name in hidden.load(cell["id"]).visible.names]
            cell["source"] = right[cell["id"]] if answered == "right" else "\n".join(wrong)
    for change in damage:
        change(rng, notebook["cells"])
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook))
    result = grader.grade(read(path, course.release(demo.ASSIGNMENT), student="s01"))
    assert result.score == (result.max_score if answered == "right" else 0), result.problems
    assert result.problems
