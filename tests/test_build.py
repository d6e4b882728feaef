"""`autograder build`: reproducible, and refusing with file and exercise named."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from traindeep import exercise

from autograder import build, killtable
from autograder import exercise as hidden
from autograder.course import BuildError, Course, exercises_of, grade_id, release_notebook, role, source_notebook
from autograder.exercise import Live, Mistake
from autograder.workers import side_by_side

ROOT = Path(__file__).parents[1]
ASSIGNMENT = "02_batch_norm"
DERIVED = (ASSIGNMENT, "05_dropout", "11_residual_networks")


@pytest.fixture(scope="module")
def derived():
    """Everything the build derives from three notebooks; `make check` derives all thirteen."""
    return build.derive(Course(ROOT), DERIVED)


@pytest.fixture
def small(tmp_path):
    """A course with one exercise; `write(text)` replaces its source."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    course = Course(tmp_path)

    def write(text: str, name: str = ASSIGNMENT) -> Course:
        (tmp_path / "solutions" / f"{name}.py").write_text(text)
        return Course(tmp_path)

    course.write = write
    return course


SOURCE = '''# %% [markdown]
# # A small notebook

# %%
import numpy as np

# %% exercise="bn_forward_train" points=5
def bn_forward_train(x, gamma, beta, eps=1e-5):
    """Normalize every feature over the batch."""
    ### BEGIN SOLUTION
    x, gamma, beta = np.asarray(x, dtype=float), np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float)
    if len(x) < 2:
        raise ValueError("x needs two rows")
    for name, value in (("gamma", gamma), ("beta", beta)):
        if value.shape != x.shape[1:]:
            raise ValueError(f"{name} must be (D,)")
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
    ### END SOLUTION

# %% check="bn_forward_train"
check("bn_forward_train")
'''


def test_two_builds_give_the_same_bytes(derived):
    """Nothing in a derived file depends on when, where or how often it is made."""
    again = build.derive(Course(ROOT), DERIVED)
    assert derived.keys() == again.keys()
    assert [p.name for p in derived if derived[p] != again[p]] == []


def test_the_committed_files_are_up_to_date(derived):
    """What is in the repository is what its sources give."""
    complaints = build.stale(Course(ROOT), derived)
    assert [line for line in complaints if not line.endswith("has no source any more")] == []


def test_a_changed_byte_is_found(derived, tmp_path):
    """`build --check` names a derived file that was edited by hand and one whose source is gone."""
    course = Course(tmp_path)
    moved = {tmp_path / path.relative_to(ROOT): data for path, data in derived.items()}
    build.write(moved)
    assert build.stale(course, moved) == []
    course.release_path(ASSIGNMENT).write_bytes(b"{}")
    orphan = tmp_path / "lib/traindeep/answers/gone.json"
    orphan.write_text("{}")
    assert build.stale(course, moved) == [
        "lib/traindeep/answers/gone.json has no source any more",
        f"notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb differs from what its source gives",
    ]


def test_the_last_digit_of_a_recorded_number_is_no_change(tmp_path):
    """Processors and threads differ in it; a number that differs by more, another key and another length are changes."""
    course = Course(tmp_path)
    path = tmp_path / "lib/traindeep/answers/one.json"
    build.write({path: b'{"a": [1.0, -0.158972633288, NaN, "x"]}'})
    for same in (b'{"a": [1.0, -0.158972633287, NaN, "x"]}', b'{"a": [1.0, -0.1589726332881, NaN, "x"]}'):
        assert build.stale(course, {path: same}) == build.write({path: same}) == []
    for other in (
        b'{"a": [1.0, -0.158972643288, NaN, "x"]}',
        b'{"a": [1, -0.158972633288, NaN, "x"]}',
        b'{"a": [1.0, -0.158972633288, NaN]}',
        b'{"a": [1.0, -0.158972633288, NaN, "y"]}',
        b'{"b": [1.0, -0.158972633288, NaN, "x"]}',
    ):
        assert build.stale(course, {path: other})


def test_the_release_holds_stubs_and_full_nbgrader_metadata(course):
    """Every exercise raises NotImplementedError, every cell id is the grade_id, points stand on the check cells."""
    release = course.release(ASSIGNMENT)
    cells = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    ids = exercises_of(release)
    assert len(ids) == 8
    assert sum(cells[f"check_{id}"].metadata.nbgrader.points for id in ids) == 46
    for id in ids:
        assert "raise NotImplementedError()" in cells[id].source
        assert cells[f"check_{id}"].source == f'check("{id}")'
        assert cells[f"check_{id}"].metadata.editable is False
    assert all(cell.id == id for id, cell in cells.items())
    text = nbformat.writes(release)
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "autograder", "jupytext", "rubric", "Rubric"):
        assert secret not in text, secret


def test_written_questions_lose_their_model_answer(course):
    """A question keeps its text; the answer and the rubric stay in the source."""
    release = course.release(ASSIGNMENT)
    written = [cell for cell in release.cells if role(cell) == "written"]
    assert [(grade_id(c), c.metadata.nbgrader.points) for c in written] == [("W02a", 5), ("W02b", 3)]
    assert all("YOUR ANSWER HERE" in cell.source for cell in written)


def test_nbgrader_generates_the_same_release(course, tmp_path):
    """`nbgrader generate_assignment` on our source notebook gives the cells that the build wrote."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    folder = tmp_path / "source" / ASSIGNMENT
    folder.mkdir(parents=True)
    nbformat.write(course.source(ASSIGNMENT), folder / f"{ASSIGNMENT}.ipynb")
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    result = NbGraderAPI(config=config).generate_assignment(ASSIGNMENT)
    assert result["success"], result["log"]
    made = nbformat.read(tmp_path / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    ours = course.release(ASSIGNMENT)
    strip = lambda nb: [(c.cell_type, c.source.rstrip(), dict(c.metadata.get("nbgrader", {}))) for c in nb.cells]  # noqa: E731
    assert strip(made) == strip(ours)


def test_a_small_course_builds(small):
    """The pieces work on a course of one exercise, outside this repository."""
    course = small.write(SOURCE)
    files = build.derive(course)
    assert {path.name for path in files} == {f"{ASSIGNMENT}.ipynb", "bn_forward_train.json"}
    record = json.loads(next(data for path, data in files.items() if path.suffix == ".json"))
    assert record["points"] == 5
    assert set(record["misconceptions"]) >= {"unbiased_variance", "eps_outside_root"}
    build.refuse_scores(course.source(ASSIGNMENT), ASSIGNMENT, full=True)
    build.refuse_scores(release_notebook(course.source(ASSIGNMENT)), ASSIGNMENT, full=False)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("### END SOLUTION\n", "\n", "bn_forward_train: BEGIN SOLUTION without END SOLUTION"),
        ("    ### BEGIN SOLUTION\n", "", "bn_forward_train: END SOLUTION without BEGIN SOLUTION"),
        ("points=5", "", "expected points=<positive number>, got None"),
        ("points=5", "points=4", "the cell says 4 points, hidden.py has .* = 5"),
        (
            '# %% check="bn_forward_train"\ncheck("bn_forward_train")\n',
            "",
            "exercise 'bn_forward_train' has no check cell",
        ),
        ('check="bn_forward_train"', 'check="bn_backward"', 'bn_backward: a check cell holds check\\("bn_backward"\\)'),
        ('exercise="bn_forward_train"', 'exercize="bn_forward_train"', "unknown key 'exercize'"),
        ('exercise="bn_forward_train"', 'exercise="bn forward"', "something other than letters"),
        (
            "# %%\nimport numpy",
            '# %% exercise="bn_backward" points=5\n### BEGIN SOLUTION\n### END SOLUTION\nimport numpy',
            "no check cell before",
        ),
        ("# # A small notebook", "# ### BEGIN SOLUTION", "neither an exercise nor a question"),
        ("import numpy as np\n", "import numpy as np\nxhat = (x - mu) / np.sqrt(var + eps)\n", None),
        ("# # A small notebook", "# `return gamma * xhat + beta, {`", None),
    ],
)
def test_refusals_that_need_no_tests_to_run(small, old, new, says):
    """Markers, keys, ids and points that contradict each other are refused by name; the lecture may show formulas."""
    assert old in SOURCE
    course = small.write(SOURCE.replace(old, new))
    if says is None:
        build.derive(course)
    else:
        with pytest.raises(BuildError, match=says):
            build.derive(course)


def test_a_grade_id_used_twice_is_refused():
    """Two cells of one id would share one grade."""
    twice = SOURCE + SOURCE.split("import numpy as np\n")[1]
    with pytest.raises(BuildError, match="the id 'bn_forward_train' is used twice"):
        source_notebook(twice, ASSIGNMENT, "solutions/x.py")


def test_an_exercise_in_two_assignments_is_refused(small):
    """An exercise belongs to one notebook."""
    small.write(SOURCE, "03_other")
    with pytest.raises(BuildError, match="already in 02_batch_norm"):
        build.derive(small.write(SOURCE))


def test_a_missing_piece_is_named(small):
    """An exercise without its instructor side is refused with the file that is missing."""
    with pytest.raises(BuildError, match="no_such: .*no_such.py does not exist"):
        build.derive(small.write(SOURCE.replace("bn_forward_train", "no_such")))


def test_a_solution_line_in_another_code_cell_is_refused(small):
    """A stub that keeps a line of the solution gives it away."""
    leaking = SOURCE.replace(
        '    """Normalize every feature over the batch."""\n',
        '    """Normalize every feature over the batch.\n\n    if value.shape != x.shape[1:]:\n    """\n',
    )
    course = small.write(leaking)
    source = course.source(ASSIGNMENT)
    release = release_notebook(source)
    # The same line outside the markers is the author's choice; one that only the release has is a leak.
    build.refuse_leaks(source, release, ASSIGNMENT)
    release.cells[2].source += "\n    xhat = (x - mu) / np.sqrt(var + eps)"
    with pytest.raises(BuildError, match="the solution line 'xhat = .*' would reach the released notebook"):
        build.refuse_leaks(source, release, ASSIGNMENT)


@pytest.mark.parametrize("secret", ["test_constant_feature", "bn_forward_train"])
def test_a_line_of_the_hidden_side_is_refused(small, secret):
    """A line of a hidden test or of the reference in the release is named with its exercise."""
    import inspect

    source = small.write(SOURCE).source(ASSIGNMENT)
    release = release_notebook(source)
    item = hidden.load("bn_forward_train")
    code = next((t for t in item.tests if t.__name__ == secret), None) or hidden.find_reference(secret)
    line = [line for line in inspect.getsource(code).split("\n") if "=" in line and "def " not in line][-1]
    release.cells[1].source += "\n" + line.strip() + "  # leaked"
    release.cells[1].source = release.cells[1].source.replace("  # leaked", "")
    with pytest.raises(BuildError, match="would reach the released notebook"):
        build.refuse_leaks(source, release, ASSIGNMENT)


def test_a_wrong_solution_is_refused(small):
    """A solution that does not get full marks is refused, with the test that it fails."""
    course = small.write(SOURCE.replace("x.var(axis=0)", "x.var(axis=0, ddof=1)"))
    with pytest.raises(BuildError, match=r"bn_forward_train: the solution gets .* of 5 points; test_\w+ failed"):
        build.refuse_scores(course.source(ASSIGNMENT), ASSIGNMENT, full=True)


def test_a_stub_that_earns_points_is_refused(small):
    """A release in which the answer still stands is refused."""
    with pytest.raises(BuildError, match="the untouched stub gets 5 points"):
        build.refuse_scores(small.write(SOURCE).source(ASSIGNMENT), ASSIGNMENT, full=False)


def test_a_cell_that_raises_is_named(small):
    """Our own notebook must run."""
    course = small.write(SOURCE.replace("import numpy as np", "import nunpy as np"))
    with pytest.raises(BuildError, match=r"solutions/02_batch_norm.py, cell 2 \(code\): ModuleNotFoundError"):
        build.refuse_scores(course.source(ASSIGNMENT), ASSIGNMENT, full=True)


class Loose:
    """An exercise whose hidden tests are replaced, to see the kill table turn red."""

    def __init__(self, monkeypatch, **changes):
        import dataclasses

        item = hidden.load("bn_forward_train")
        properties = {k: changes.pop(k) for k in ("misconceptions", "variants") if k in changes}
        loose = dataclasses.replace(item, **changes)
        for name, value in properties.items():
            loose.__dict__[name] = value
        monkeypatch.setattr(killtable.hidden, "load", lambda id: loose)
        self.faults = killtable.row("bn_forward_train", seeds=("one",)).faults


def test_a_misconception_that_is_not_caught_is_refused(monkeypatch):
    """Hidden tests without the exact comparison let ddof = 1 through, and the kill table says so."""
    item = hidden.load("bn_forward_train")
    loose = Loose(monkeypatch, tests=tuple(t for t in item.tests if t.part == "y"), parts={"y": 2})
    assert "misconception unbiased_variance gets full points" in loose.faults


def test_a_refused_variant_is_refused(monkeypatch):
    """A right answer that loses points is a fault of the tests."""
    item = hidden.load("bn_forward_train")
    wrong = Mistake("not_so_right", "A wrong one.", item.misconceptions[0].names)
    assert any("variant not_so_right gets" in fault for fault in Loose(monkeypatch, variants=(wrong,)).faults)


def test_a_trivial_answer_with_points_is_refused(monkeypatch):
    """Were refusing bad input not a supporting part, an answer that only raises would earn it."""
    item = hidden.load("bn_forward_train")

    def only_errors(compare, rng):
        """Bad input is refused."""
        item.tests[-1](compare, rng)

    only_errors.part, only_errors.supporting = "errors", False
    faults = Loose(monkeypatch, tests=(*item.tests, only_errors)).faults
    assert any("the trivial answer 'only errors' gets" in fault for fault in faults)


def test_an_idle_answer_says_always_yes_or_always_no():
    """A truth value is work like a number: no idle answer takes it over from the reference."""
    given = {"stop": True, "why": [False, True, 2.0]}
    assert killtable._map(killtable._zeros, given) == {"stop": False, "why": [False, False, 0.0]}
    assert killtable._map(killtable._all(1.5), given) == {"stop": True, "why": [True, True, 1.5]}


@pytest.mark.parametrize("id", exercise.ids())
def test_an_exercise_has_something_to_prove_its_tests_with(id):
    """`make check` runs the kill table of every exercise; here: that none of them is an empty one."""
    item = hidden.load(id)
    assert len(item.misconceptions) >= 4
    assert len(item.variants) >= 2
    assert len(item.tests) >= 4
    assert len(item.visible.tests) >= 2


def test_side_by_side_is_map_in_other_processes():
    """Results come in order, from other processes, and an exception of one of them arrives as it was raised."""
    with side_by_side(2) as run:
        assert list(run(int, ["3", "2", "1"])) == [3, 2, 1]
        assert os.getpid() not in set(run(_pid, range(4)))
        with pytest.raises(ValueError, match="invalid literal"):
            list(run(int, ["3", "x"]))
    with side_by_side(1) as run:
        assert set(run(_pid, range(2))) == {os.getpid()}


def _pid(_):
    return os.getpid()


def test_parts_earn_their_share():
    """A part earns points in the share of its tests that pass; a broken test counts for nobody."""
    item = hidden.load("bn_forward_train")
    oracle = Live(item)
    results = [hidden.run_hidden(item, test, item.reference, oracle, "seed") for test in item.tests]
    assert hidden.score(item, results) == 5
    import dataclasses

    def without(name):
        return [dataclasses.replace(r, outcome="failed") if r.name == name else r for r in results]

    assert hidden.score(item, without("test_constant_feature")) == pytest.approx(5 - 1 / 3, abs=0.01)
    assert hidden.score(item, without("test_constant_feature"), void={"test_constant_feature"}) == 5
    supporting = [r for r in results if next(t for t in item.tests if t.__name__ == r.name).supporting]
    assert hidden.score(item, supporting) == 0


def test_what_is_left_of_an_earlier_build_is_no_source(tmp_path):
    """A copy of the repository without derived files builds them all."""
    (tmp_path / "solutions").mkdir()
    shutil.copy(ROOT / "solutions/02_batch_norm.py", tmp_path / "solutions")
    (tmp_path / "pyproject.toml").write_text("")
    course = Course(tmp_path)
    changed = build.write(build.derive(course))
    assert len(changed) == 8 + 3
    assert build.write(build.derive(course)) == []
