"""Stand-ins of 05_dropout: each would earn its exercise's points, agrees with a formula, and draws as it should."""

import numpy as np
import pytest
import torch
from traindeep import checks, exercise, reuse, standins

from autograder import exercise as hidden

IDS = (
    "sample_keep_mask",
    "dropout_forward",
    "dropout_backward",
    "classic_dropout",
    "dropout_mlp_grads",
    "channel_dropout",
    "InvertedDropout",
)
FROM_TORCH = ("dropout_forward", "dropout_backward", "channel_dropout", "InvertedDropout")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def test_every_name_of_notebook_05_has_a_stand_in():
    """Nothing that a later notebook may ask for is missing."""
    assert set(standins.load()) >= {name for id in IDS for name in exercise.load(id).names}


@pytest.mark.parametrize("seed", ["stand-in 1", "stand-in 2", "stand-in 3"])
@pytest.mark.parametrize("id", IDS)
def test_a_stand_in_would_earn_full_points(id, seed):
    """Were nothing forbidden, the hidden tests would give the stand-ins all their points."""
    item = hidden.load(id)
    student = hidden.Answering({name: s(name) for name in item.visible.names})
    results = [hidden.run_hidden(item, test, student, hidden.Live(item), seed) for test in item.tests]
    assert hidden.score(item, results) == item.points, [r for r in results if r.outcome != "passed"]


@pytest.mark.parametrize("id", FROM_TORCH)
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs what the exercise forbids."""
    if not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    namespace = {name: s(name) for name in exercise.load(id).names}
    assert checks.run_visible(id, namespace).outcome != "passed"


def test_formulas(rng):
    """y, gradient and test weights are those of the formulas, for the masks that come with them."""
    x, dy = rng.normal(size=(4, 3, 2, 5)), rng.normal(size=(4, 3, 2, 5))
    for name in ("dropout_forward", "channel_dropout"):
        y, mask = s(name)(x, 0.3, rng, True)
        np.testing.assert_allclose(y, x * mask / 0.7, rtol=1e-12)
        np.testing.assert_array_equal(s(name)(x, 0.3, rng, False)[0], x)
    _, mask = s("dropout_forward")(x, 0.3, rng, True)
    np.testing.assert_allclose(s("dropout_backward")(dy, mask == 1, 0.3), dy * mask / 0.7, rtol=1e-12)
    np.testing.assert_array_equal(s("classic_train")(x, mask), x * mask)
    np.testing.assert_allclose(s("classic_test_weights")(x[0, 0], 0.3), 0.3 * x[0, 0], rtol=1e-12)
    theta, z = rng.normal(size=4), rng.normal(size=4)
    masks = np.indices((2,) * 4).reshape(4, -1).T
    law = (0.3**masks * 0.7 ** (1 - masks)).prod(axis=1)
    assert s("expected_preactivation")(theta, z, 0.3) == pytest.approx(law @ (masks @ (theta * z)))


def test_random_streams_are_left_alone(rng):
    """The global generators of NumPy and torch are as before; the ones that are given move on."""
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    layer = s("InvertedDropout")(0.3, torch.Generator().manual_seed(1))
    first = [s("dropout_forward")(np.ones(200), 0.3, rng, True)[0], layer(torch.ones(200)).numpy()]
    again = [s("dropout_forward")(np.ones(200), 0.3, rng, True)[0], layer(torch.ones(200)).numpy()]
    assert not any(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])


def test_a_model_with_the_layer_is_saved_and_copied():
    """InvertedDropout has no state to store; deepcopy of a model that holds one with a generator works."""
    import copy

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), s("InvertedDropout")(0.3, torch.Generator()))
    assert set(model.state_dict()) == {"0.weight", "0.bias"}
    assert copy.deepcopy(model)(torch.ones(2, 3)).shape == (2, 4)
