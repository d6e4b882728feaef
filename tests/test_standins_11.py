"""Stand-ins of 11_residual_networks: each would earn its exercise's points and agrees with the reference or a formula."""

import numpy as np
import pytest
import torch
from traindeep import exercise, reuse, standins

from autograder import exercise as hidden

IDS = (
    "residual_stack",
    "residual_backward",
    "basic_block",
    "bottleneck",
    "preact_block",
    "euler_resnet",
    "dropout_ladder",
    "stochastic_depth",
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def test_every_name_of_notebook_11_has_a_stand_in():
    """Nothing that a later notebook may ask for is missing."""
    assert set(standins.load()) >= {name for id in IDS for name in exercise.load(id).names}


@pytest.mark.parametrize("seed", ["stand-in 1", "stand-in 2", "stand-in 3"])
@pytest.mark.parametrize("id", IDS)
def test_a_stand_in_would_earn_full_points(id, seed):
    """The hidden tests give the stand-ins all their points."""
    item = hidden.load(id)
    student = hidden.Answering({name: s(name) for name in item.visible.names})
    results = [hidden.run_hidden(item, test, student, hidden.Live(item), seed) for test in item.tests]
    assert hidden.score(item, results) == item.points, [r for r in results if r.outcome != "passed"]


@pytest.mark.parametrize("name", ["BasicBlock", "Bottleneck", "PreActBlock"])
@pytest.mark.parametrize("args", [(8, 2), (4, 8, 2)])
def test_weights_of_the_reference_load_into_a_stand_in(name, args):
    """A stand-in block has the names of the reference in its state, and computes the same with its weights."""
    torch.manual_seed(3)
    ours, theirs = hidden.find_reference(name)(*args[:2], *args[2:]), s(name)(*args)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, args[0], 6, 5)
    torch.testing.assert_close(theirs(x), ours(x))
    torch.testing.assert_close(theirs.eval()(x), ours.eval()(x))


def test_random_streams_are_left_alone():
    """The global generators of NumPy and torch are as before; the ones that are given move on."""
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    rng, layer = np.random.default_rng(1), s("StochasticDepth")(0.5, generator=torch.Generator().manual_seed(1))
    ones = torch.ones(200, 1)
    first = [s("ladder_mask")((4, 3, 6, 5), "block", 0.3, rng), layer(ones, ones).numpy()]
    again = [s("ladder_mask")((4, 3, 6, 5), "block", 0.3, rng), layer(ones, ones).numpy()]
    assert not any(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
