"""Hidden tests of ln_invariance_table.

An answer is a truth value, so one alone proves nothing: a test compares a row of the table, with both values in it.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"batch norm": 1, "weight norm": 1, "layer norm": 2, "other functions": 1}
TRANSFORMS = ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale")


def _standard(z, axis):
    return (z - z.mean(axis=axis, keepdims=True)) / z.std(axis=axis, keepdims=True)


def _affine(xhat):
    """Gain and bias of each unit, which change nothing in the table."""
    return np.linspace(0.5, 2, xhat.shape[1]) * xhat + 0.3


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _lengths(rows):
    return np.linalg.norm(rows, axis=1)


LAYERS = {
    "BN": lambda X, W: _affine(_standard(X @ W.T, axis=0)),
    "WN": lambda X, W: X @ W.T / _lengths(W),
    "LN": lambda X, W: _affine(_standard(X @ W.T, axis=1)),
    "cosine": lambda X, W: X @ W.T / _lengths(X)[:, None] / _lengths(W),
    "linear": lambda X, W: X @ W.T,
    "small LN": lambda X, W: 0.02 * _affine(_standard(X @ W.T, axis=1)),
    "softmax": lambda X, W: _softmax(0.5 * X @ W.T),
    "RMS": lambda X, W: X @ W.T / np.sqrt(((X @ W.T) ** 2).mean(axis=1, keepdims=True)),
}


def _data(rng, n=7, d=4, h=5):
    return rng.normal(size=(n, d)) + 0.5, rng.normal(size=(h, d)) + 0.3


def _row(student, layer, X, W, seed):
    """A row of the table, from copies: whoever writes into X or W pays for it in test_arguments_unchanged."""
    return {
        transform: student.is_invariant(
            LAYERS[layer], X.copy(), W.copy(), transform, np.random.default_rng([seed, number])
        )
        for number, transform in enumerate(TRANSFORMS)
    }


def _call(student, transform, X, W):
    """Nothing but whether the arguments are as before is compared."""
    student.is_invariant(LAYERS["linear"], X, W, transform, np.random.default_rng(3))
    return {}


@part("batch norm")
def test_batch_norm(compare, rng):
    """Batch norm hides every scale and the shift of the inputs, and shows the shift of the weights and one case made larger."""
    compare(_row, "BN", *_data(rng), 1)


@part("batch norm", supporting=True)
def test_unknown_transform(compare, rng):
    """A transform that is not one of the six is refused."""
    for name in ("w_scale", "X-scale", "scale", "beta", ""):
        compare.refuses(_call, name, *_data(rng), naming=("transform",))


@part("weight norm")
def test_weight_norm(compare, rng):
    """Weight norm looks at the weights alone: it hides their scale, of all or of one unit, and nothing of the inputs."""
    compare(_row, "WN", *_data(rng), 3)


@part("weight norm", supporting=True)
def test_arguments_unchanged(compare, rng):
    """X and W are the same after the call."""
    for transform in TRANSFORMS:
        compare(_call, transform, *_data(rng, n=4, h=3))


@part("layer norm")
def test_layer_norm(compare, rng):
    """Layer norm hides scale and shift of all weights and the scale of inputs, of all or of one case, and nothing else."""
    compare(_row, "LN", *_data(rng), 5)


@part("layer norm")
def test_layer_norm_of_few_or_many(compare, rng):
    """It is the same for a single case, for as many cases as inputs and units, and for whole numbers."""
    compare(_row, "LN", *_data(rng, n=1), 7)
    compare(_row, "LN", *_data(rng, n=5, d=5, h=5), 8)
    compare(_row, "LN", *(rng.integers(1, 9, size=shape) for shape in ((6, 4), (5, 4))), 9)


@part("other functions")
def test_cosine_and_linear(compare, rng):
    """Cosine similarity hides all scales and no shift; a linear layer hides nothing."""
    compare(_row, "cosine", *_data(rng), 10)
    compare(_row, "linear", *_data(rng), 11)


@part("other functions")
def test_small_outputs(compare, rng):
    """A layer whose outputs are small is judged like any other, and so are two layers that are in no table of the course."""
    compare(_row, "small LN", *_data(rng), 12)
    compare(_row, "softmax", *_data(rng), 13)
    compare(_row, "RMS", *_data(rng), 14)
