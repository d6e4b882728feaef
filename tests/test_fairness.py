"""Right answers to random exercises are graded with many seeds, and a test that refuses one of them is found."""

import dataclasses

import numpy as np
import pytest
from traindeep import chance

from autograder import cli, fairness
from autograder import exercise as hidden
from autograder.exercise import part


def test_right_answers_pass_with_every_seed():
    """init_weights: its reference and all variants, two seeds; the bound is the number of questions times 1e-9."""
    row = fairness.row("init_weights", seeds=2)
    assert row.faults == ()
    assert row.gradings == 2 * row.answers == 2 * (1 + len(hidden.load("init_weights").variants))
    assert row.questions > 5
    assert row.bound == pytest.approx(row.questions * chance.FALSE_ALARM)


def test_an_unfair_test_is_found(monkeypatch):
    """A hidden test that refuses one in four right draws: the table names the answers and the seeds."""
    item = hidden.load("init_weights")

    @part("variance")
    def unfair(student, rng):
        """The weights of one unit are positive on average, or not too negative."""
        W = student.init_weights(1, 1, "xavier", np.random.default_rng(rng.integers(2**32)))
        assert W[0, 0] > -0.67, "too small"
        chance.near(0, 0, 1)

    monkeypatch.setattr(hidden, "load", lambda id: dataclasses.replace(item, tests=(*item.tests, unfair)))
    row = fairness.row("init_weights", seeds=8)
    assert [f for f in row.faults if "seed fair-" in f and "unfair (too small" in f], row.faults
    assert row.questions == 13


def test_an_exercise_without_chance_is_graded_once():
    """Nothing asks chance: one seed is enough, and the table leaves the exercise out."""
    row = fairness.row("activation_pair", seeds=50)
    assert (row.questions, row.gradings, row.faults) == (0, row.answers, ())
    assert fairness.table([row]).row_count == 1  # the sum


def test_the_command(capsys):
    """`autograder fairness` prints the table and ends with status 0; an unknown exercise is a usage error."""
    assert cli.main(["fairness", "init_weights", "--seeds", "1", "--jobs", "1"]) == 0
    assert "init_weights" in capsys.readouterr().out
    assert cli.main(["fairness", "nonsense", "--jobs", "1"]) == 2
    assert "nonsense" in capsys.readouterr().err
