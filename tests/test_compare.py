"""Comparing a student's answer with the reference."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from traindeep.compare import (
    Answer,
    Call,
    Compare,
    Mismatch,
    Recorded,
    Signature,
    answer_from_json,
    answer_to_json,
    difference,
    same,
)
from traindeep.student import LocalStudent, once, raised

TIGHT = (1e-6, 1e-8)


class Oracle:
    """Answers of a reference and of named mistakes, both plain functions."""

    def __init__(self, reference, **mistakes):
        self.reference, self.wrong = reference, mistakes

    def expected(self, test, index, call):
        return call.on(LocalStudent({"f": self.reference}))

    def mistakes(self, test, index, call):
        for name, function in self.wrong.items():
            yield name, function.__doc__, call.on(LocalStudent({"f": function}))


def compare_of(answer, reference, reveal=True, **mistakes):
    """The compare fixture for a student who answers `answer`."""
    signatures = {"f": Signature.parse("x, gamma -> y")}
    return Compare(LocalStudent({"f": answer}), Oracle(reference, **mistakes), "test", signatures, reveal)


@pytest.mark.parametrize(
    ("expected", "got", "says"),
    [
        (np.zeros(3), np.zeros((3, 1)), r"should be shape \(3,\); got a NumPy array of shape \(3, 1\)"),
        (np.zeros(3), torch.zeros(3), "should be a NumPy array"),
        (torch.zeros(3), np.zeros(3), "should be a torch tensor"),
        (np.zeros(3), None, "got None"),
        (np.zeros(3), [0.0, 0.0, 0.0], "got a list of 3"),
        (np.zeros(3), np.array(["a", "b", "c"]), "of dtype float64"),
        (np.zeros(2), np.array([0.0, np.nan]), "some are nan"),
        (np.array([True, False]), np.array([1.0, 0.0]), "of dtype bool"),
        ((1.0, 2.0), (1.0,), "should be 2 values"),
        ({"mu": 1.0}, {"sigma": 1.0}, "lacks the key 'mu'; it has 'sigma'"),
        (1.5, "1.5", "a number"),
        (1.5, True, "a number"),
        (None, 0.0, "should be None"),
        ("relu", "Relu", "expected 'relu', got 'Relu'"),
    ],
)
def test_a_difference_is_told_in_words(expected, got, says):
    """Kind, shape, key and length are named before any number is."""
    found = difference(expected, got, *TIGHT)
    assert found is not None
    import re

    assert re.search(says, found.full), found.full


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (np.array([1.0, np.nan, np.inf]), np.array([1.0, np.nan, np.inf], dtype=np.float32)),
        ((1.0, np.ones(2)), [1.0, np.ones(2)]),
        ({"mu": 1.0}, {"mu": 1, "more": None}),
        (2.0, np.float64(2.0)),
        (2, np.array(2.0)),
        (torch.ones(2, dtype=torch.float64), torch.ones(2, requires_grad=True)),
        (np.array([1, 2]), np.array([1.0, 2.0])),
    ],
)
def test_harmless_differences_of_form_are_accepted(expected, got):
    """Width of the dtype, list or tuple, extra keys and NumPy scalars do not matter."""
    assert difference(expected, got, *TIGHT) is None


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_nothing_is_near_an_infinity(infinite):
    """A tolerance relative to an infinite value would be infinite: only the same infinity agrees with it."""
    for got in (0.0, 1e308, np.nan, -infinite):
        assert difference(infinite, got, *TIGHT) is not None
        assert difference(np.array([1.0, infinite]), np.array([1.0, got]), *TIGHT) is not None
    assert difference(infinite, infinite, *TIGHT) is None


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-100, 100)), st.data())
def test_one_changed_value_is_found_and_located(x, data):
    """Whatever value is changed beyond the tolerance, its index is the one reported."""
    index = tuple(data.draw(st.integers(0, n - 1)) for n in x.shape)
    y = x.copy()
    y[index] += 1.0
    found = difference(x, y, *TIGHT)
    assert f"in 1 of {x.size} values" in found.short
    assert f"{list(index)}" in found.full


def test_the_short_form_gives_no_expected_number_away():
    """What hidden tests show holds neither the expected nor the given values."""
    found = difference(np.array([0.123456]), np.array([0.654321]), *TIGHT)
    assert "0.123" in found.full
    assert "0.123" not in found.short
    assert "0.654" not in found.short


def test_a_known_mistake_is_named():
    """An answer that equals a misconception's carries its id and the tutor's line."""

    def halves(x, gamma):
        """You halve."""
        return x * gamma / 2

    with pytest.raises(Mismatch) as caught:
        compare_of(lambda x, gamma: x * gamma * 0.5, lambda x, gamma: x * gamma, halves=halves)(
            "f", np.arange(3.0), 2.0
        )
    assert (caught.value.misconception, caught.value.diagnosis) == ("halves", "You halve.")
    assert "f(x, gamma)" in caught.value.call


def test_a_mistake_that_gives_the_right_answer_here_names_nothing():
    """A misconception that agrees with the reference on this input explains no failure."""
    with pytest.raises(Mismatch) as caught:
        compare_of(lambda x: x + 1, lambda x: x, same=lambda x: x)("f", np.arange(3.0))
    assert caught.value.misconception == ""


def test_the_nearer_of_two_mistakes_is_named():
    """Two mistakes within float32 of each other are told apart in float64."""
    one = lambda x: x * 1.00001  # noqa: E731
    two = lambda x: x * 1.00002  # noqa: E731
    with pytest.raises(Mismatch) as caught:
        compare_of(two, lambda x: x.astype(np.float32) * 0.5, one=one, two=two)("f", np.arange(1.0, 4.0))
    assert caught.value.misconception == "two"


def test_an_argument_changed_in_place_fails_although_the_value_is_right():
    """The message names the argument by the signature's name."""

    def scales(x, gamma):
        x *= gamma
        return x

    x = np.arange(1.0, 4.0)
    with pytest.raises(Mismatch, match="changes x; work on a copy"):
        compare_of(scales, lambda x, gamma: x * gamma)("f", x, 2.0)
    assert x.tolist() == [1.0, 2.0, 3.0], "the test's own array must stay as it was"


def test_the_same_exception_as_a_mistake_is_explained():
    """A crash that a known mistake has too keeps its own exception and gains the tutor's line."""

    def forgets_none(x, gamma):
        """gamma may be None."""
        return x * gamma

    def right(x, gamma):
        return x if gamma is None else x * gamma

    with pytest.raises(TypeError) as caught:
        compare_of(lambda x, gamma: gamma * x, right, forgets_none=forgets_none)("f", np.ones(2), None)
    assert caught.value.diagnosis == "gamma may be None."


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("gamma must be (3,)"), None),
        (ValueError("bad input"), "should name x or gamma"),
        (ValueError("maxgamma is odd"), "should name x or gamma"),
        (TypeError("gamma"), "expected a ValueError that names x or gamma, got TypeError"),
        (None, "the call was accepted"),
    ],
)
def test_refuses(error, says):
    """Bad input must be a ValueError whose message names an argument as a word."""

    def answer(x, gamma):
        if error:
            raise error
        return x

    compare = compare_of(answer, answer)
    if says is None:
        compare.refuses("f", np.ones(1), np.ones(2), naming=("x", "gamma"))
    else:
        with pytest.raises(Mismatch, match=says):
            compare.refuses("f", np.ones(1), np.ones(2), naming=("x", "gamma"))


def test_float32_input_loosens_the_tolerance():
    """An answer computed in float32 from float32 input is right, the same error from float64 input is not."""
    x = np.linspace(0.1, 0.9, 7)
    answer = lambda x: np.exp(np.asarray(x, np.float32))  # noqa: E731
    compare_of(answer, np.exp)("f", x.astype(np.float32))
    compare = compare_of(lambda x: np.exp(x) * (1 + 1e-5), np.exp)
    with pytest.raises(Mismatch):
        compare("f", x)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        float("nan"),
        "text",
        (1.0, [2.0, None]),
        {"mu": np.arange(6.0).reshape(2, 3), "n": 4},
        np.zeros((0, 3)),
        np.array(1.5),
        np.array([1, 2]),
        np.array([True]),
        np.float64(0.1),
        torch.arange(4.0).reshape(2, 2),
        torch.tensor([1, 2]),
    ],
)
def test_recorded_answers_survive_the_round_trip(value):
    """What the build records compares equal to what it recorded."""
    import json

    answer = Answer(value, changed=("x",))
    back = answer_from_json(json.loads(json.dumps(answer_to_json(answer), allow_nan=False)))
    assert same(answer, back, (1e-9, 1e-12))


def test_recorded_numbers_are_rounded_away_from_the_noise_of_a_machine():
    """Values that differ in the last bits are recorded by the same text."""
    x = np.array([1 / 3, 1e-17, 0.1 + 0.2])
    assert answer_to_json(Answer(x)) == answer_to_json(Answer(x * (1 + 1e-15) + 1e-18))


def test_a_call_without_a_recorded_answer_says_how_to_get_one():
    """An outdated answers file is an error of the course, not of the student."""
    with pytest.raises(RuntimeError, match="autograder build"):
        Recorded({"tests": {}}).expected("test_new", 0, Call("f", (), {}))


def test_a_documented_value_needs_no_reference():
    """`expect` holds the answer to the value without running the reference, and names a mistake as ever."""

    class Documented(Oracle):
        def expected(self, test, index, call):
            assert call.documented is not None, "the reference was run"
            return call.documented

    def holds(student, x):
        return student.f(x) > 0

    def compare(answer):
        return Compare(LocalStudent({"f": answer}), Documented(None, negated=lambda x: -x), "test", {}, False)

    assert compare(lambda x: x).expect(True, holds, 2.0) is True
    with pytest.raises(Mismatch) as caught:
        compare(lambda x: -x).expect(True, holds, 2.0)
    assert caught.value.misconception == "negated"


def test_once_is_made_once_and_given_to_all():
    """The tests of an exercise share one result, each a copy of its own, and an exception of the student's too."""
    student, made = LocalStudent({}), []

    def make():
        made.append(1)
        return [1, 2]

    once(student, "exam", make).append(3)
    assert once(student, "exam", make) == [1, 2]
    assert made == [1]

    def fails():
        made.append(2)
        raise raised(["ValueError"], "no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            once(student, "other", fails)
    assert made == [1, 2]
