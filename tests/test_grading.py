"""A grade is what the answer deserves, whatever the notebook does; see autograder/grading.py."""

import dataclasses
import json
import time
import types

import pytest
from classroom import Class

from autograder import demo, grading, report
from autograder import exercise as hidden
from autograder.exercise import part
from autograder.grading import Grader, withhold
from autograder.sandbox.host import GraderFault, Limits, SubmissionFailed, why_not

NAME = demo.ASSIGNMENT
LEVELS = ("bubblewrap", "confined")
LIMITS = Limits(memory_bytes=512 << 20, cpu_s=60, wall_s=120.0, call_s=2.0)
FORWARD, BACKWARD, UPDATE, POPULATION = "bn_forward_train", "bn_backward", "bn_running_update", "bn_population_stats"
IMAGES, FOLD, MODULE, RECALIBRATE = "bn2d_forward_train", "bn_fold_inference", "BatchNormScratch", "recalibrate_bn"


@pytest.fixture(scope="module")
def students(course, tmp_path_factory):
    return Class(course, tmp_path_factory.mktemp("submitted"))


@pytest.fixture(scope="module")
def graders(course):
    """One grader for each level that this machine has, over the same loaded assignment."""
    made = {}
    for level in LEVELS:
        if not why_not(level):
            made[level] = Grader(course, level, "a seed of the tests", LIMITS)
            made[level]._assignments = next(iter(made.values()))._assignments
    yield made
    for grader in made.values():
        grader.__exit__()


@pytest.fixture(params=LEVELS)
def each_grader(request, graders):
    if request.param not in graders:
        pytest.skip(f"isolation {request.param}: {why_not(request.param)}")
    return graders[request.param]


@pytest.fixture
def grader(graders):
    if not graders:
        pytest.skip("; ".join(f"isolation {level}: {why_not(level)}" for level in LEVELS))
    return next(iter(graders.values()))


def another(grader, seed):
    """A grader with another seed that runs in the same sandbox."""
    other = Grader(grader.course, grader.isolation, seed, LIMITS)
    grader._open_for(grader.assignment(NAME))
    other._sandbox = grader.sandbox
    return other


def verdicts(result):
    return {e.id: e.verdict for e in result.exercises}


def scores(result):
    return {e.id: e.score for e in result.exercises}


def messages(result, id):
    return {t.message for e in result.exercises if e.id == id for t in e.tests if t.outcome != "passed"}


def assert_all_right(result):
    wrong = {e.id: [(t.name, t.outcome, t.message) for t in e.tests if t.outcome != "passed"] for e in result.exercises}
    assert not any(wrong.values()), wrong
    assert result.score == result.max_score == 46


# ---- what answers earn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["solution", "first variant", "last variant"])
def test_right_answers_earn_everything(each_grader, students, kind):
    """The solution and right answers written otherwise get full marks behind every wall."""
    which = {"solution": None, "first variant": 0, "last variant": -1}[kind]
    submission = students.right_but() if which is None else students.answering("variants", which)[0]
    result = each_grader.grade(submission)
    assert_all_right(result)
    assert set(verdicts(result).values()) == {"passed"}
    assert result.isolation == each_grader.isolation
    assert result.problems == ()


def test_every_mistake_is_named_and_costs_the_same_with_any_seed(grader, students):
    """The first misconception of each exercise loses points and is named; score and name repeat, also with another seed."""
    submission, chosen = students.answering("misconceptions", 0)
    first, again, other = (g.grade(submission) for g in (grader, grader, another(grader, "another seed")))
    assert {e.id: e.misconception for e in first.exercises} == {id: mistake.id for id, mistake in chosen.items()}
    assert all(e.score < e.max_score and e.diagnosis == chosen[e.id].says for e in first.exercises)
    assert scores(first) == scores(again) == scores(other)
    assert first.seed == again.seed != other.seed
    assert [e.tests for e in first.exercises] == [e.tests for e in again.exercises]
    assert first.key == again.key != other.key


def test_an_untouched_notebook_is_not_attempted(grader, students):
    """Stubs earn nothing, are called not attempted, and are no trouble worth a remark."""
    result = grader.grade(students.submission({}))
    assert result.score == 0
    assert set(verdicts(result).values()) == {"not_attempted"}
    assert result.problems == ()


# ---- harm that stays where it is ---------------------------------------------------------------------------------


def test_a_function_that_hangs_kills_or_floods_costs_only_its_exercise(grader, students):
    """Each bad function gets the verdict that says what it did; its neighbours get full marks."""
    bad = {
        FORWARD: (demo.CRASH, "crashed"),
        BACKWARD: (demo.ENDLESS, "timeout"),
        UPDATE: (demo.FLOOD, "crashed"),
        POPULATION: (demo.HOG, "out_of_memory"),
        IMAGES: ("import sys\n\ndef {name}(*args, **kwargs):\n    sys.exit(0)\n", "error"),
        FOLD: ("def {name}(*args, **kwargs):\n    raise KeyboardInterrupt\n", "error"),
    }
    answers = {}
    for id, (code, _) in bad.items():
        answers[id] = "\n".join(code.replace("{name}", name) for name in students.items[id].visible.names)
    result = grader.grade(students.right_but(**answers))
    expected = {id: verdict for id, (_, verdict) in bad.items()} | {MODULE: "passed", RECALIBRATE: "passed"}
    assert verdicts(result) == expected
    assert scores(result) == {id: 0 if id in bad else points for id, points in students.points.items()}
    assert "the process ended by itself" in messages(result, FORWARD)
    assert "the time limit is over" in messages(result, BACKWARD)
    assert any("printed more than" in message for message in messages(result, UPDATE))
    assert "Your code raised SystemExit" in messages(result, IMAGES)
    assert "Your code raised KeyboardInterrupt" in messages(result, FOLD)
    assert result.gradable


@pytest.mark.parametrize("how", ["while True:\n            pass", "__import__('os')._exit(0)"], ids=["hangs", "exits"])
@pytest.mark.parametrize("whole", [True, False], ids=["all requests are foreseen", "some are not"])
def test_an_answer_counts_although_a_later_call_of_its_test_ends_the_process(grader, students, monkeypatch, how, whole):
    """Answers leave the sandbox together; the outcome is still that of the first wrong one, which a mistake names."""
    mistake = students.items[FORWARD].misconceptions[0]
    code = demo.as_cell(students.right[FORWARD], students.items[FORWARD], mistake)
    code += f"\n\nwrong = {FORWARD}\ndef {FORWARD}(x, *args, **kwargs):\n    if x.dtype == np.float32:\n        {how}\n"
    code += "    return wrong(x, *args, **kwargs)\n"
    assignment = grader._rehearsed(NAME)
    key = (FORWARD, "test_default_eps_and_float32")  # two calls, the second with float32
    assert key in assignment.whole
    if not whole:
        monkeypatch.setattr(assignment, "whole", assignment.whole - {key})
    result = grader.grade(students.right_but(**{FORWARD: code}))
    (found,) = (t for e in result.exercises for t in e.tests if (e.id, t.name) == key)
    assert (found.outcome, found.misconception) == ("failed", mistake.id)


def test_a_cell_that_hangs_exits_or_does_not_parse_costs_only_its_exercise(grader, students, monkeypatch):
    """A broken cell is skipped, its exercise says why, and so does a remark; added cells cost nothing."""
    monkeypatch.setattr(grading, "CELL_S", 2.0)
    broken = {
        FORWARD: ("while True:\n    pass\n", "timeout", "the time limit is over"),
        BACKWARD: ("import os\nos._exit(0)\n", "crashed", "the process ended by itself"),
        UPDATE: ("def bn_running_update(:\n    pass", "error", "SyntaxError"),
        POPULATION: ("import sys\nsys.exit('bye')\n", "error", "SystemExit"),
        IMAGES: ("1 / 0\n" + students.right[IMAGES], "error", "ZeroDivisionError"),
    }
    submission = students.submission(
        students.right | {id: code for id, (code, *_) in broken.items()},
        before=["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"],
        after=["raise RuntimeError('an added cell')"],
    )
    result = grader.grade(submission)
    expected = {id: verdict for id, (_, verdict, _) in broken.items()}
    assert verdicts(result) == dict.fromkeys([FOLD, MODULE, RECALIBRATE], "passed") | expected
    assert result.score == sum(students.points[id] for id in (FOLD, MODULE, RECALIBRATE))
    for id, (_, _, why) in broken.items():
        assert all(why in message for message in messages(result, id)), messages(result, id)
        assert any(f"cell {id}" in problem and why in problem for problem in result.problems)
    assert any("an added cell" in problem and "SIGKILL" in problem for problem in result.problems)
    assert any("an added cell" in problem and "RuntimeError" in problem for problem in result.problems)
    assert len(result.problems) == len(broken) + 2, "each broken cell is remarked upon once"


def test_what_a_call_leaves_behind_costs_only_its_own_test(grader, students):
    """A failure that an earlier test could have caused is confirmed in a new child before it counts."""
    poisoned = students.right[FORWARD].replace(
        "### BEGIN SOLUTION",
        "if _refused:\n        raise RuntimeError('broken by an earlier call')\n"
        "    if len(x) < 2 or np.shape(gamma) != x.shape[1:] or np.shape(beta) != x.shape[1:]:\n"
        "        _refused.append(1)\n",
    )
    result = grader.grade(students.right_but(**{FORWARD: "_refused = []\n\n" + poisoned}))
    failed = [t.name for e in result.exercises for t in e.tests if t.outcome != "passed"]
    assert failed == ["test_wrong_shapes"]  # it makes six calls, so the second of them meets what the first did
    dying = "import threading, os\n" + students.right[FORWARD].replace(
        "### BEGIN SOLUTION", "threading.Timer(0.02, os._exit, [0]).start()\n"
    )
    others = {
        e.id: e.verdict for e in grader.grade(students.right_but(**{FORWARD: dying})).exercises if e.id != FORWARD
    }
    assert set(others.values()) == {"passed"}, others


DISTURBED = """
import os, sys, warnings
import matplotlib
import numpy as np
import torch
torch.set_default_dtype(torch.float64)
np.seterr(all="raise")
warnings.simplefilter("error")
torch.set_num_threads(64)
torch.use_deterministic_algorithms(True)
torch.set_grad_enabled(False)
np.random.seed(0)
os.chdir("/")
np.set_printoptions(precision=1)
matplotlib.use("Agg")
sys.setrecursionlimit(400)
sys.stdout = None
os.close(1)
"""
NAMES = """
from numpy import *
from builtins import min  # a solution of ours uses it, and so would a student's own check
import numpy as np
student, check, rng, compare, vjp, x, job = "mine", None, 3, "c", "v", "x", "j"
def sum(values, start=0):
    for value in values:
        start = start + value
    return start
"""
IN_CALLS = """
import contextlib
import functools

def _disturbing(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        import os, sys, warnings
        np.random.seed(0)
        print("working on it")
        print("and on it", file=sys.stderr)
        try:
            return function(*args, **kwargs)
        finally:
            torch.set_default_dtype(torch.float64)
            np.seterr(all="raise")
            warnings.simplefilter("error")
            torch.set_num_threads(64)
            torch.use_deterministic_algorithms(True)
            torch.set_grad_enabled(False)
            os.chdir("/")
            np.set_printoptions(precision=1)
            sys.setrecursionlimit(400)
            sys.stdout = None
            with contextlib.suppress(OSError):
                os.close(1)
    return call
"""


@pytest.mark.parametrize("where", ["in added cells", "in every call"])
def test_disturbed_global_state_costs_nothing(grader, students, where):
    """ATTACKS 60: what honest notebooks do to the process, to names and to their own cells costs no point."""
    if where == "in added cells":
        split = students.right[FORWARD].replace("eps=1e-5):", "eps: Undefined = 1e-5) -> AlsoUndefined:", 1)
        submission = students.submission(
            students.right | {FORWARD: "from __future__ import annotations\n" + split},
            before=[DISTURBED],
            after=[NAMES, DISTURBED],
        )
    else:
        answers = dict(students.right)
        # Not bn_backward, which forbids all that is called "grad", and not the class.
        for id in (FORWARD, UPDATE, POPULATION, IMAGES, FOLD, RECALIBRATE):
            for name in students.items[id].visible.names:
                answers[id] += f"\n{name} = _disturbing({name})"
        submission = students.submission(answers, before=["import numpy as np\nimport torch\n" + IN_CALLS])
    assert_all_right(grader.grade(submission))


def test_a_solution_split_over_two_cells_and_unknown_annotations_cost_nothing(grader, students):
    """A helper in a cell of its own serves the answer; an annotation that cannot be evaluated ends its cell, as in Jupyter."""
    helper = "def spread(x, eps):\n    return np.sqrt(x.var(axis=0) + eps)"
    answer = students.right[FORWARD]
    assert "np.sqrt(var + eps)" in answer
    answer = answer.replace("np.sqrt(var + eps)", "spread(x, eps)")
    annotated = students.right[UPDATE].replace(
        "def bn_running_update(run_mean,", "def bn_running_update(run_mean: 'Nowhere',"
    )
    nb_after = students.submission(students.right | {FORWARD: answer, UPDATE: annotated}, after=[helper])
    assert_all_right(grader.grade(nb_after))


# ---- attacks that must not pay -----------------------------------------------------------------------------------

THIEF = """
import glob, importlib, os, sys

def _stolen(name):
    for module in ("traindeep.reference.normalization", "traindeep.reference", "traindeep.standins", "autograder.exercise",
                   "traindeep.standins.normalization"):
        try:
            found = getattr(importlib.import_module(module), name, None)
        except Exception:
            found = None
        if found is not None:
            return found
    for root in {os.getcwd(), *sys.path, COURSE}:
        for path in glob.glob(root + "/**/reference/*.py", recursive=root == COURSE):
            space = {}
            exec(open(path).read(), space)
            if name in space:
                return space[name]
    try:
        return __import__("traindeep").use(name)
    except BaseException:
        raise RuntimeError(" ".join(os.environ))

{name} = _stolen("{name}")
"""


def test_stealing_gets_nothing(each_grader, students):
    """Reference, stand-ins, grader and secrets are not there to be imported, read or used: no point is earned."""
    thief = THIEF.replace("COURSE", repr(str(each_grader.course.root)))
    result = each_grader.grade(students.everywhere(thief))
    assert result.score == 0, scores(result)
    assert set(verdicts(result).values()) == {"error"}
    assert "TRAINDEEP_SEED" not in result.to_json()


def test_a_stand_in_is_no_answer(grader, students):
    """`use` gives no answer to the exercises of the notebook that is graded."""
    result = grader.grade(students.everywhere('from traindeep import use\n{name} = use("{name}")'))
    assert result.score == 0, scores(result)


def test_remembering_and_counting_do_not_pay(grader, students):
    """Stored outputs, the first output for ever, and answers by the number of the call earn no full marks, and mostly nothing."""
    stored = """
_outputs, _calls = [np.zeros((7, 4)), np.ones((7, 4)), np.array([[-1.0, -1.0], [1.0, 1.0]])], []

def bn_forward_train(x, gamma, beta, eps=1e-5):
    _calls.append(1)
    y = _outputs[len(_calls) % 3]
    return y, {"x": x, "xhat": y, "mu": x.mean(axis=0), "var": x.var(axis=0), "gamma": gamma, "eps": eps}
"""
    first = f"""
_seen = []

{students.right[BACKWARD]}

_right = bn_backward

def bn_backward(dy, cache):
    _seen.append(_right(dy, cache))
    return _seen[0]
"""
    result = grader.grade(students.right_but(**{FORWARD: stored, BACKWARD: first}))
    assert scores(result)[FORWARD] == 0
    assert scores(result)[BACKWARD] < students.points[BACKWARD]
    assert result.score <= 46 - students.points[FORWARD] - 0.5


LEAKY = """
import numpy as np

Spy = type("LEAK_type", (), {})
LEAK_error = type("LEAK_error", (ValueError,), {})

def bn_forward_train(x, gamma, beta, eps=1e-5):
    if len(x) < 2:
        raise ValueError("LEAK in a refusal")
    if np.shape(gamma) != x.shape[1:]:
        raise LEAK_error("LEAK")
    if np.shape(beta) != x.shape[1:]:
        raise KeyError("LEAK")
    return Spy(), {"LEAK_key": 1}

def bn_backward(dy, cache):
    print("LEAK on stdout")
    raise LEAK_error(f"LEAK {dy}")

def bn_running_update(*args, **kwargs):
    raise NotImplementedError("LEAK")

def bn_population_stats(batches, method):
    return {"LEAK_a": 1, "LEAK_b": "LEAK"}

def recalibrate_bn(model, batches):
    raise BaseExceptionGroup("LEAK", [KeyboardInterrupt("LEAK")])

def bn_fold(*args, **kwargs):
    return 7777777.25
"""


def test_student_code_cannot_write_into_its_own_feedback(grader, students):
    """ATTACKS 19: no text that a hidden call returned, raised or printed reaches the record, the page or the comment."""
    answers = dict.fromkeys(students.items, "") | {FORWARD: LEAKY}
    result = grader.grade(students.submission(answers))
    called = [t for e in result.exercises for t in e.tests if t.outcome not in ("missing", "not_attempted")]
    assert len(called) > 35, "the functions above were called"
    page = report.feedback_html(result) + "".join(map(report.comment, result.exercises)) + report.in_words(result)
    graded = json.dumps(json.loads(result.to_json())["exercises"]) + page
    for secret in ("LEAK", "7777777"):
        assert secret not in graded, graded[graded.index(secret) - 200 : graded.index(secret) + 50]
    assert result.score == 0


@pytest.mark.parametrize(("outcome", "message", "shown"), [
    ("error", "Your code raised TypeError: 0.25 in f", "Your code raised TypeError"),
    ("error", "Your code raised x0_25: y", "Your code raised an exception"),
    ("missing", "f0.25 in this notebook", "a name that this exercise asks for is not defined in the notebook"),
    ("failed", "0.25; this exercise asks for your own code.",
     "a library routine does the exercise for you; this exercise asks for your own code."),
    ("failed", "expected a ValueError that names x, got TypeError: 0.25", "expected a ValueError that names x, got TypeError"),
    ("failed", "The result does not have the documented form (KeyError: 'a')", "The result does not have the documented form."),
    ("failed", "y should be an array; got the number 0.25.", "y should be an array; got a number."),
    ("crashed", "bad frame: KeyError: 'a'", "the reply cannot be read"),
    ("failed", "y should be shape (7, 4); got a NumPy array of shape (4, 31415926, 7) and dtype float64.",
     "y should be shape (7, 4); got a NumPy array of shape (4, ..., 7) and dtype float64."),
    ("failed", "y should be 2 values (y, cache); got a tuple of 271828.", "y should be 2 values (y, cache); got a tuple of many."),
    ("failed", "y differs from the reference in 3 of 9 values.", "y differs from the reference in 3 of 9 values."),
])  # fmt: skip
def test_withheld_text(outcome, message, shown):
    """What is left of a message says what went wrong, in words of ours."""
    found = grading.Found("test_x", "says", outcome, message, call="f(x)", got="0.25")
    assert withhold(found) == grading.Found("test_x", "says", outcome, shown)


# ---- faults of ours ----------------------------------------------------------------------------------------------


def test_a_broken_hidden_test_costs_nobody_a_point(grader, students, monkeypatch):
    """A test that raises, hangs, asserts nothing or asks for the impossible is named and left out of the score."""

    @part("y")
    def test_that_raises(student, rng):
        """This test is broken."""
        raise ZeroDivisionError("of ours")

    @part("cache")
    def test_that_the_reference_fails(student, rng):
        """This test asks for the impossible."""
        student.bn_forward_train(rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3))
        raise AssertionError("never right")

    @part("y")
    def test_that_hangs(student, rng):
        """This test has no end."""
        student.bn_forward_train(rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3))
        while True:
            time.sleep(0.1)

    @part("y")
    def test_that_forgets_to_assert(student, rng):
        """This test looks at nothing."""
        student.bn_forward_train(rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3))

    monkeypatch.setattr(grading, "TEST_S", 8.0)
    real = hidden.load
    item = real(FORWARD)
    faulty = (test_that_raises, test_that_the_reference_fails, test_that_hangs, test_that_forgets_to_assert)
    broken = dataclasses.replace(item, tests=(*item.tests, *faulty))
    monkeypatch.setattr(hidden, "load", lambda id: broken if id == FORWARD else real(id))
    other = another(grader, grader.seed)
    result = other.grade(students.right_but())
    first = result.exercises[0]
    assert (first.id, first.verdict, first.score) == (FORWARD, "could_not_grade", 5)
    assert result.score == 46
    assert not result.gradable
    named = {t.name: t.message for t in first.tests if t.outcome == "could_not_grade"}
    assert set(named) == {test.__name__ for test in faulty}
    assert "of ours" in named["test_that_raises"]
    assert "it did not end within 8 seconds" in named["test_that_hangs"]
    assert "it passes for an answer that returns None" in named["test_that_forgets_to_assert"]
    assert any("test_that_raises" in reason for reason in report.not_graded([result]))
    assert "of ours" not in report.feedback_html(result), "students need not read about it"
    assert other.assignment(NAME).digest, "a rerun has a key to compare with"


def test_a_hidden_test_may_use_pytest_raises(grader, students, monkeypatch):
    """What pytest.raises reports is a failed test, and quotes nothing that the student wrote."""

    @part("errors")
    def test_refused(student, rng):
        """A single row is refused."""
        with pytest.raises(ValueError, match="x"):
            student.bn_forward_train(rng.normal(size=(1, 3)), rng.normal(size=3), rng.normal(size=3))

    real = hidden.load
    item = real(FORWARD)
    more = dataclasses.replace(item, tests=(*item.tests, test_refused))
    monkeypatch.setattr(hidden, "load", lambda id: more if id == FORWARD else real(id))
    other = another(grader, grader.seed)
    assert not other._rehearsed(NAME).void
    said = []
    for ending in ("return x", "raise ValueError('LEAK')", "raise KeyError('LEAK')"):
        result = other.grade(
            students.submission({FORWARD: f"def bn_forward_train(x, gamma, beta, eps=0):\n    {ending}"})
        )
        (found,) = (t for t in result.exercises[0].tests if t.name == "test_refused")
        said.append((found.outcome, found.message.partition(" Va")[0]))
    assert said == [
        ("failed", "DID NOT RAISE"),
        ("failed", "the message of the exception does not say what is wrong"),
        ("error", "Your code raised KeyError"),
    ]


class BrokenSandbox:
    """Stands in for a sandbox whose warm process fails `times` times and then gives jobs of the real one."""

    def __init__(self, real, times):
        self.real, self.times, self.restarts, self.stand_ins = real, times, 0, real.stand_ins

    def job(self, *args, **kwargs):
        self.times -= 1
        if self.times >= 0:
            raise GraderFault("the warm process of the sandbox failed")
        return self.real.job(*args, **kwargs)

    def restart(self):
        self.restarts += 1

    def close(self):
        pass


def test_a_broken_sandbox_is_restarted_and_otherwise_nobodys_verdict(grader, students):
    """One failure of the sandbox changes nothing; a sandbox that stays broken grades nothing and blames nobody."""
    other = another(grader, grader.seed)
    other._assignments = grader._assignments
    other._sandbox = BrokenSandbox(grader.sandbox, times=1)
    assert_all_right(other.grade(students.right_but()))
    assert other._sandbox.restarts == 1
    other._sandbox = BrokenSandbox(grader.sandbox, times=10**6)
    result = other.grade(students.right_but())
    assert set(verdicts(result).values()) == {"could_not_grade"}
    assert not result.gradable


def a_session(**item):
    """A session over no sandbox, and an exercise as far as it looks at one."""
    blank = types.SimpleNamespace(void={}, ahead={}, whole=set(), order=())
    return grading._Session(types.SimpleNamespace(), types.SimpleNamespace(), blank), an_exercise(**item)


def an_exercise(seconds=0.0, **item):
    return types.SimpleNamespace(visible=types.SimpleNamespace(seconds=seconds), **item)


def holds(student):
    """It holds."""


def found_as(outcome):
    return grading.Found("holds", "It holds.", outcome)


@pytest.mark.parametrize(("answers", "outcome", "tries"), [
    (["passed"], "passed", [1]),
    (["crashed", "passed"], "passed", [1, 1]),  # an earlier test had broken something
    (["crashed", "crashed"], "crashed", [1, 1]),
    (["starved", "passed"], "passed", [1, 3]),  # the machine was busy
    (["starved", "timeout"], "timeout", [1, 3]),
    (["failed"], "failed", [1]),  # repeated later, with the other failures of its exercise
    (["not_attempted"], "not_attempted", [1]),
])  # fmt: skip
def test_a_doubtful_end_of_a_child_is_tried_again(monkeypatch, answers, outcome, tries):
    """A child that ends after other tests gets a successor, a call that got no processor also more time; each once."""
    session, item = a_session(id=FORWARD)
    script, patience = iter(answers), []

    def once(item, test, more=1.0):
        kind = next(script)
        patience.append(more)
        session._starved, session._used_before = kind == "starved", kind == "crashed"
        return found_as("timeout" if kind == "starved" else kind)

    monkeypatch.setattr(session, "once", once)
    assert (session.run(item, holds).outcome, patience) == (outcome, tries)


def test_a_call_that_had_no_processor_gets_more_time(grader, students):
    """A call that is late although its process hardly ran is made again with more time; here it sleeps instead."""
    late = f"import time\n_right = {FORWARD}\ndef {FORWARD}(x, *args, **kwargs):\n    if len(x) == 1:\n"
    late += f"        time.sleep({1.5 * LIMITS.call_s})\n    return _right(x, *args, **kwargs)\n"
    assert_all_right(grader.grade(students.right_but(**{FORWARD: f"{students.right[FORWARD]}\n\n{late}"})))


@pytest.mark.parametrize(("left", "repeated"), [
    (False, []),
    (True, ["new child", ("a", "t3"), "new child", ("b", "t1")]),  # the first had met nothing, and a mistake is plain
])  # fmt: skip
def test_failures_are_repeated_when_calls_have_left_something_behind(monkeypatch, left, repeated):
    """Each failure that an earlier call could have caused is repeated in a child of its own; what it does there counts."""
    session, a = a_session(id="a")
    b = an_exercise(id="b")
    t1, t2, t3 = (types.FunctionType(holds.__code__, {}, name) for name in ("t1", "t2", "t3"))
    session.assignment.order = [(a, t1), (b, t2), (a, t3), (b, t1), (b, t3)]
    log = []

    def run(item, test):
        log.append((item.id, test.__name__))
        session._used_before, again = len(log) > 1, "new child" in log
        if item is a or (test is t1 and again):
            return grading.Found(test.__name__, "It holds.", "failed", misconception="m" if item is b else "")
        return grading.Found(test.__name__, "It holds.", "passed" if test is t2 else "failed", misconception="m")

    monkeypatch.setattr(session, "run", run)
    monkeypatch.setattr(session, "_end", lambda: log.append("new child"))
    monkeypatch.setattr(session, "_something_left", lambda: left)
    found = session.run_all()
    assert log[5:] == repeated
    assert {key for key, one in found.items() if one.outcome != "failed"} == {("b", "t2")}


def test_what_one_exercise_wastes_is_not_taken_from_another(monkeypatch):
    """After two timeouts, or its share of time, an exercise is not run any further; the next one is."""
    session, slow = a_session(id="a", does="timeout")
    fine = an_exercise(id="b", does="passed")
    monkeypatch.setattr(session, "once", lambda item, test, more=1.0: found_as(item.does))
    found = [session.run(slow, holds) for _ in range(4)]
    assert [f.outcome for f in found] == ["timeout"] * 4
    assert [f.message[:7] for f in found] == ["", "", "not run", "not run"]
    assert session.run(fine, holds).outcome == "passed"
    session._tests_s["b"] = grading.EXERCISE_S + 1
    assert session.run(fine, holds).outcome == "timeout"
    trains = an_exercise(seconds=9.0, id="c", does="timeout")
    assert [session.run(trains, holds).message[:7] for _ in range(3)] == ["", "not run", "not run"]


def test_an_exercise_that_trains_has_time_of_its_own(grader, students):
    """Its tests come last and may take longer than others; one of them that does not end is enough."""
    visible = students.items[UPDATE].visible
    busy = f"import time\n_right, _rest = {UPDATE}, [1.5]\ndef {UPDATE}(*args, **kwargs):\n"
    busy += "    end = time.process_time() + (_rest.pop() if _rest else 0)\n    while time.process_time() < end:\n"
    busy += "        pass\n    return _right(*args, **kwargs)\n"
    slow = students.right_but(**{UPDATE: f"{students.right[UPDATE]}\n\n{busy}"})
    short = dataclasses.replace(LIMITS, call_s=0.4)
    usual = another(grader, "the usual")
    usual.limits = short
    assert verdicts(usual.grade(slow))[UPDATE] != "passed"
    object.__setattr__(visible, "seconds", 2.0)
    try:
        other = another(grader, "one that trains")
        other.limits = short
        order = [item.id for item, _ in other.assignment(NAME).order]
        assert set(order[-len(students.items[UPDATE].tests) :]) == {UPDATE}
        assert_all_right(other.grade(slow))
        endless = other.grade(students.right_but(**{UPDATE: demo.ENDLESS.replace("{name}", UPDATE)}))
        assert verdicts(endless) == dict.fromkeys(students.points, "passed") | {UPDATE: "timeout"}
        assert any("not run: 1 of the tests" in message for message in messages(endless, UPDATE))
    finally:
        object.__setattr__(visible, "seconds", 0.0)


def test_a_child_that_died_between_two_tests_is_not_the_next_tests_fault():
    """What ends a child after a test is not charged to the test that would have come next."""
    session, _ = a_session()

    def reset(seed, ahead):
        raise SubmissionFailed("crashed", "it died")

    session._job, session._born = types.SimpleNamespace(reset=reset), float("inf")
    session.submission = types.SimpleNamespace(
        assignment="", cells=(), written={}, problems=(), untouched=(), missing=()
    )
    assert not session._sound(())


# ---- pictures ----------------------------------------------------------------------------------------------------

REMEMBERS = """
seen = []
def bn2d_forward_train(x, gamma, beta, eps=1e-5, per_pixel=False):
    if x.shape != (2, 2, 1, 3):
        seen.append(x)  # a hidden input
    return np.full(x.shape, 1.0 if seen else 0.25)
"""


@pytest.fixture
def on_images(monkeypatch):
    """bn2d_forward_train, as if it were an exercise on pictures."""
    item = hidden.load(IMAGES)
    shown = dataclasses.replace(item.visible, images=("x", "y"))
    monkeypatch.setitem(item.__dict__, "visible", shown)


def test_a_wrong_image_is_shown_as_in_the_notebook(each_grader, students, on_images):
    """The record holds the picture of a visible test, and the page shows it with its words; right answers have none."""
    wrong = "def bn2d_forward_train(x, gamma, beta, eps=1e-5, per_pixel=False):\n    return x * 1.0\n"
    result = each_grader.grade(students.right_but(**{IMAGES: wrong}))
    (one,) = (e for e in result.exercises if e.id == IMAGES)
    assert one.picture.uri.startswith("data:image/png;base64,")
    assert "What you return is the input, unchanged." in one.picture.words
    assert one.picture.says == hidden.load(IMAGES).visible.tests[0].__doc__
    assert all(e.picture is None for e in result.exercises if e is not one)
    page = report.feedback_html(type(result).from_json(result.to_json()))
    assert f'<img src="{one.picture.uri}" alt="Input, expected and got side by side' in page
    assert page.count("What you return is the input, unchanged.") == 2
    again = each_grader.grade(students.right_but(**{IMAGES: wrong}))
    assert again.to_json() == result.to_json()
    forged = dataclasses.replace(one, picture=dataclasses.replace(one.picture, uri='x" onerror="alert(1)'))
    assert "onerror" not in report.feedback_html(dataclasses.replace(result, exercises=(forged,)))


def test_a_picture_holds_nothing_of_hidden_inputs(grader, students, on_images):
    """The visible test runs in a process of its own: what an answer has kept of earlier calls is not there."""
    result = grader.grade(students.right_but(**{IMAGES: REMEMBERS}))
    (one,) = (e for e in result.exercises if e.id == IMAGES)
    assert one.verdict == "failed"
    assert "(got - expected is 1.25)" in one.picture.words, "0.25 is what it returns before it has seen a hidden input"


def test_an_answer_that_hangs_or_dies_on_a_visible_test_has_no_picture(grader, students, on_images):
    """Its other exercises keep their points, and the next submission is graded as ever."""
    wrong = "import os\ndef bn2d_forward_train(x, *a, **k):\n    if x.shape == (2, 2, 1, 3): os._exit(3)\n    return x * 1.0\n"
    result = grader.grade(students.right_but(**{IMAGES: wrong}))
    assert {e.id: e.picture for e in result.exercises if e.picture} == {}
    assert sum(e.score for e in result.exercises if e.id != IMAGES) == 41
    assert_all_right(grader.grade(students.right_but()))


def test_the_warm_process_imports_what_the_notebook_imports(grader):
    """Also what functions import; the compiler that a first optimizer loads only where there is one; no cell that is broken."""
    cells = [
        "import numpy as np, torch.nn\ndef f():\n    from traindeep.data import digits",
        "%magic",
        "from . import x",
    ]
    assert grading.imported_by(cells) == ("numpy", "torch.nn", "traindeep.data")
    assert grading.imported_by(["import torch\no = torch.optim.SGD([], 1)"]) == ("torch", "torch._dynamo")
    assert "torch._dynamo" not in grader.assignment(NAME).modules
