"""Running the visible tests of an exercise and explaining what they found."""

import numpy as np
import pytest
import torch
from traindeep import checks, exercise
from traindeep.checks import overall, run_test, run_visible, seeded
from traindeep.compare import Mismatch
from traindeep.student import ForbiddenCall, LocalStudent, Missing, raised, vjp

from autograder import exercise as hidden

RIGHT = {"bn_forward_train": hidden.find_reference("bn_forward_train")}


def outcome_of(test, namespace=None):
    """Run one test function over a namespace."""
    student = LocalStudent(namespace or {})
    return run_test(test, student=student, compare=None, rng=seeded("test"))


def student_code(source: str, **names) -> dict:
    """A notebook's globals after a cell of this source has run."""
    namespace = dict(names)
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("id", exercise.ids())
def test_the_reference_passes_every_visible_test(id):
    """A right answer is told so, for every exercise of the course."""
    item = hidden.load(id)
    report = run_visible(id, {name: hidden.find_reference(name) for name in item.visible.names})
    assert report.outcome == "passed", [(t.name, t.message) for t in report.tests if t.outcome != "passed"]
    assert report.hidden == len(item.tests) >= 3


@pytest.mark.parametrize("id", exercise.ids())
def test_every_misconception_fails_a_visible_test_or_is_left_to_the_hidden_ones(id):
    """At least half of the known mistakes are caught, and named rightly, before anything is handed in."""
    item = hidden.load(id)
    right = {name: hidden.find_reference(name) for name in item.visible.names}
    named = 0
    for mistake in item.misconceptions:
        failure = run_visible(id, right | mistake.names).first_failure
        named += failure is not None and failure.misconception == mistake.id
    assert named >= len(item.misconceptions) / 2, f"{named} of {len(item.misconceptions)}"


def test_the_stub_is_not_attempted():
    """NotImplementedError in every test means that nobody has tried yet."""
    stub = student_code("def bn_forward_train(x, gamma, beta, eps=1e-5):\n    raise NotImplementedError()\n")
    assert run_visible("bn_forward_train", stub).outcome == "not_attempted"


def test_an_absent_name_says_to_run_the_cell():
    """A name that is not defined is missing, not wrong."""
    report = run_visible("bn_forward_train", {})
    assert report.outcome == "missing"
    assert report.tests[0].message == "bn_forward_train is not defined in this notebook"


def test_an_exception_is_shown_with_its_line_and_without_ours():
    """The student's own error names the function, the line and the inputs."""
    broken = student_code("def bn_forward_train(x, gamma, beta, eps=1e-5):\n    y = x.maen(axis=0)\n    return y, {}\n")
    failure = run_visible("bn_forward_train", broken).first_failure
    assert failure.outcome == "error"
    assert "AttributeError" in failure.message
    assert "line 2" in failure.message
    assert "traindeep" not in failure.message
    assert "x = " in failure.call


def test_a_failure_with_a_diagnosis_is_shown_first():
    """Of several failures the one that names the idea is the one to read."""
    ids = ("bn_forward_train", "unbiased_variance")
    mistake = next(m for m in hidden.load(ids[0]).misconceptions if m.id == ids[1])
    failure = run_visible(ids[0], mistake.names).first_failure
    assert failure.misconception == ids[1]
    assert "divides by N - 1" in failure.diagnosis


def test_an_answer_that_writes_into_its_arguments_spoils_no_later_check():
    """The constants of a test file are the same after a check as before it, whatever student code did to them."""
    for mistake in hidden.load("bn_backward").misconceptions:  # in_place and cache_overwritten among them
        assert run_visible("bn_backward", mistake.names).outcome != "passed"
    right = {"bn_backward": hidden.find_reference("bn_backward")}
    assert run_visible("bn_backward", right).outcome == "passed"


def test_printing_is_kept_apart_and_capped():
    """What the student's function prints is shown with the failure, not over the page."""
    noisy = student_code(
        "def bn_forward_train(x, gamma, beta, eps=1e-5):\n    print('shape', x.shape)\n    return None\n"
    )
    report = run_visible("bn_forward_train", noisy)
    assert report.tests[0].printed.startswith("shape (2, 2)")
    flood = student_code("def bn_forward_train(*args, **kwargs):\n    print('x' * 10**6)\n    return None\n")
    assert len(run_visible("bn_forward_train", flood).tests[0].printed) <= checks.PRINTED


def test_a_check_leaves_the_random_streams_and_settings_alone():
    """Tests draw their own numbers, and an honest but odd setting costs nothing."""
    np.random.seed(3)
    torch.manual_seed(3)
    wanted = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    old = np.seterr(all="raise")
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    try:
        assert run_visible("bn_forward_train", RIGHT).outcome == "passed"
        assert torch.get_default_dtype() == torch.float64
        assert not torch.is_grad_enabled()
    finally:
        np.seterr(**old)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    assert wanted == (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())


@pytest.mark.parametrize(
    "call",
    [
        "F.batch_norm(t, None, None, g, b, True, 0.1, eps)",
        "torch.batch_norm(t, g, b, None, None, True, 0.1, eps, False)",
        "torch.ops.aten.native_batch_norm(t, g, b, None, None, True, 0.1, eps)[0]",
        "getattr(F, 'batch' + '_norm')(t, None, None, g, b, True, 0.1, eps)",
        "nn.BatchNorm1d(t.shape[1], eps).double()(t).detach() * g + b",
        "alias(t, None, None, g, b, True, 0.1, eps)",
    ],
)
def test_the_library_routine_is_no_answer(call):
    """However it is reached, torch's batch norm in place of one's own code is named as such."""
    source = (
        "import torch, torch.nn as nn, torch.nn.functional as F\nalias = F.batch_norm\n"
        "def bn_forward_train(x, gamma, beta, eps=1e-5):\n"
        "    t, g, b = (torch.as_tensor(v, dtype=torch.float64) for v in (x, gamma, beta))\n"
        f"    return ({call}).numpy(), {{}}\n"
    )
    failure = run_visible("bn_forward_train", student_code(source)).first_failure
    assert failure.outcome == "failed"
    assert "this exercise asks for your own code" in failure.message


def test_turning_gradients_off_is_not_asking_for_them():
    """torch.no_grad() in an answer to bn_backward is nobody's shortcut; torch.autograd.grad is one."""
    head = "import torch\ndef bn_backward(dy, cache):\n    "
    off = student_code(
        head + "with torch.no_grad():\n        torch.set_grad_enabled(False)\n        return torch.ones(1) * 2\n"
    )
    asks = student_code(
        head + "x = torch.ones(2, requires_grad=True)\n    return torch.autograd.grad((x * x).sum(), x)\n"
    )
    assert not any("your own code" in test.message for test in run_visible("bn_backward", off).tests)
    assert any("your own code" in test.message for test in run_visible("bn_backward", asks).tests)


def test_outcomes_of_one_test():
    """Assertion, mismatch, wrong form, forbidden call and absent name each have their outcome."""

    def asserts(student):
        """A sentence."""
        raise AssertionError("the mean is not 0")

    def mismatches(student):
        """A sentence."""
        raise Mismatch("y differs", misconception="idea", diagnosis="You ...")

    def chokes(student):
        """A sentence."""
        a, b = student.f()

    def forbidden(student):
        """A sentence."""
        error = ForbiddenCall("batch_norm does the exercise for you")
        error.kind, error.text = "ForbiddenCall", str(error)
        raise error

    def absent(student):
        """A sentence."""
        student.g()

    def remote(student):
        """A sentence."""
        raise raised(["MyError", "KeyError", "LookupError", "Exception"], "'mu'")

    assert outcome_of(asserts).message == "the mean is not 0"
    assert outcome_of(mismatches).misconception == "idea"
    assert "documented form" in outcome_of(chokes, {"f": lambda: None}).message
    assert outcome_of(forbidden).outcome == "failed"
    assert outcome_of(absent).outcome == "missing"
    assert outcome_of(remote).outcome == "error"
    assert "MyError" in outcome_of(remote).message


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        (["passed", "passed"], "passed"),
        (["not_attempted"] * 3, "not_attempted"),
        (["not_attempted", "passed"], "failed"),
        (["missing"] * 2, "missing"),
        (["failed", "error"], "error"),
        (["passed", "failed"], "failed"),
    ],
)
def test_outcome_of_an_exercise(outcomes, wanted):
    """An exercise is as its tests are."""
    assert overall(outcomes) == wanted


def test_exceptions_of_the_student_are_caught_by_kind():
    """`pytest.raises(ValueError)` works for an exception that crossed the wall."""
    error = raised(["ValueError", "Exception"], "gamma must be (3,)")
    assert isinstance(error, ValueError)
    assert str(error) == "gamma must be (3,)"
    assert not isinstance(raised(["SystemExit"], ""), SystemExit)
    assert raised([], "").kind == "Exception"


def test_vjp_weighs_the_output():
    """The gradient is that of sum(upstream * y), for functions and for modules."""
    x, upstream = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    y, (gradient,), parameters = vjp(lambda x: x**2, x, upstream=upstream)
    assert torch.equal(y, x**2)
    assert torch.equal(gradient, 2 * x * upstream)
    assert parameters == {}
    layer = torch.nn.Linear(2, 1)
    _, _, parameters = vjp(layer, x[None], upstream=torch.ones(1, 1))
    assert torch.equal(parameters["weight"], x[None])


def test_an_unknown_exercise_offers_near_ids(capsys):
    """A typing error costs one line, not a traceback."""
    checks.check("bn_forward_trian", {})
    assert "did you mean bn_forward_train" in capsys.readouterr().out


def test_seeds_follow_from_names_alone():
    """The same names give the same numbers on every machine, other names give others."""
    assert seeded("a", "b").integers(10**9) == 362001018
    assert seeded("a", "b").normal() != seeded("ab").normal()


def test_missing_is_an_attribute_error():
    """`hasattr(student, name)` tells whether a name is defined."""
    assert not hasattr(LocalStudent({}), "f")
    assert issubclass(Missing, AttributeError)
