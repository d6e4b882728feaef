"""Hidden tests of build_resnet: what the network computes with given weights, whatever its inside looks like.

Norms of one size hold the same numbers, so only the order of the convolutions matters (traindeep.weights). Where gates and
dropout are is read off what becomes of branches and features. A gate of either scale is right.
"""

import torch
from traindeep.exercises.build_resnet import (
    _chance,
    _drops,
    _layers,
    _normal,
    _output,
    _refused,
    _schedule,
    _sizes,
    _survive,
    _values,
)

from autograder.exercise import part

PARTS = {"structure": 3, "schedule": 2, "norm choice": 1, "eval": 2}


# ---- structure -------------------------------------------------------------------------------------------


@part("structure")
def test_training(compare, rng):
    """y and the gradient of x in training, with given weights and two blocks a stage, all branches there."""
    compare(_output, _values(rng, 1, 5, 3, 2), _normal(rng, 3, 1, 9, 8), _normal(rng, 3, 5))


@part("structure", supporting=True)
def test_layers(compare):
    """Weights, parameters and norms: their number and their shapes."""
    for sizes in ((3, 6, 2, 1), (1, 5, 3, 2)):
        compare(_layers, *sizes)


@part("structure")
def test_image_sizes(compare, rng):
    """Images of other sizes work."""
    compare(_sizes, _values(rng, 2, 5, 3, 1), [_normal(rng, 2, 2, *size) for size in ((8, 8), (12, 16), (7, 11))])


@part("structure")
def test_dropout(compare, rng):
    """Dropout takes features in front of the last layer, behind the last norm."""
    compare(_drops, _values(rng, 2, 9, 2, 1, "group"), _normal(rng, 80, 2, 8, 8), float(rng.choice([0.3, 0.6])))


@part("structure", supporting=True)
def test_refusals(compare):
    """Fewer than one block or channel is refused."""
    compare(_refused, (1, 1), (2, 0), (0, 1), (2, -1), (-2, 1))
    for width, blocks, name in ((2, 0, "blocks"), (0, 2, "width"), (3, -1, "blocks"), (-1, 1, "width")):
        compare.refuses("build_resnet", 1, 3, width, blocks, naming=(name,))


# ---- schedule --------------------------------------------------------------------------------------------


def _ones(n):
    return torch.ones(n, 1, 4, 4, dtype=torch.float64)


@part("schedule")
def test_schedule(compare, rng):
    """The weight of each branch in evaluation falls in equal steps over all blocks; a skip is never dropped."""
    values = _values(rng, 1, 3, 2, 2, "none", positive=True)
    compare(_schedule, values, _ones(300), float(rng.uniform(0.3, 0.6)))


@part("schedule")
def test_how_often_branches_are_there(compare, rng):
    """In training each example has each branch with the probability of the block."""
    compare(_survive, _values(rng, 1, 3, 2, 1, "none", positive=True), _ones(500), float(rng.choice([0.25, 0.4])))


# ---- norm choice -----------------------------------------------------------------------------------------


@part("norm choice")
def test_norms(compare, rng):
    """Another layer in the place of batch norm, or none at all, in all places."""
    for norm, width in (("scale", 3), ("none", 2)):
        values = _values(rng, 1, 5, width, 1, norm)
        compare(_output, values, _normal(rng, 3, 1, 8, 6), _normal(rng, 3, 5), norm=norm)


# ---- eval ------------------------------------------------------------------------------------------------


@part("eval")
def test_stored_statistics(compare, rng):
    """In evaluation batch norm uses what it has stored, no feature is dropped, and an image gives the same alone."""
    compare(_sizes, _values(rng, 3, 5, 2, 1), [_normal(rng, 4, 3, 8, 8)], 0.4)


@part("eval")
def test_chance(compare, rng):
    """In evaluation two calls agree."""
    examples = _normal(rng, 9, 2, 8, 8)
    for name, p in (("p_L", 0.5), ("p_drop", 0.3)):
        compare(_chance, _values(rng, 2, 5, 2, 1), examples, **{name: p})
