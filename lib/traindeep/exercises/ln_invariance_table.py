"""What a normalized layer cannot see."""

import numpy as np

SIGNATURES = {"is_invariant": "f, X, W, transform, rng -> invariant"}
HINTS = (
    "Do the experiment: call f as things are, change what the transform says, call f again, compare. An answer is only "
    "worth something if the change is a real one: a factor of 1 or a shift of 0 leaves every layer as it is.",
    "Six cases, each one line: what is multiplied or added, W or X, all rows or one? A shift adds the same (D,) vector to "
    "every row; row_scale and one_case_scale touch a single row. Change copies, not the arrays you were given.",
    "c = rng.uniform(1.5, 5); W2 = c * W, W2 = W + rng.normal(size=W.shape[1]), or W2 = W.copy(); W2[0] *= c, and the same "
    "for X. Then compare f(X, W2) with f(X, W): bool(np.allclose(after, before, rtol=1e-6, atol=1e-9)) looks at every "
    "number.",
)
TRANSFORMS = ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale")


def _unit_inputs(X, W):
    return X @ W.T / np.linalg.norm(X, axis=1, keepdims=True)


def _unit_weights(X, W):
    return X @ W.T / np.linalg.norm(W, axis=1)


def _centred_units(X, W):
    z = X @ W.T
    return z - z.mean(axis=1, keepdims=True)


def _centred_cases(X, W):
    z = X @ W.T
    return 0.01 * (z - z.mean(axis=0))


def _largest_of_the_case(X, W):
    z = X @ W.T
    return z / np.abs(z).max(axis=1, keepdims=True)


def _largest_of_the_unit(X, W):
    z = X @ W.T
    return z / np.abs(z).max(axis=0)


LAYERS = {
    "X @ W.T": lambda X, W: X @ W.T,
    "divided by the length of the rows of X": _unit_inputs,
    "divided by the length of the rows of W": _unit_weights,
    "mean over the units subtracted": _centred_units,
    "mean over the cases subtracted, times 0.01": _centred_cases,
    "divided by the largest output of the case": _largest_of_the_case,
    "divided by the largest output of the unit": _largest_of_the_unit,
}
LINEAR, *OTHERS = LAYERS
X = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.5, -1.0], [-3.0, 0.5, 1.0]])
W = np.array([[1.0, 0.0, 2.0], [3.0, -1.0, 1.0], [0.5, 2.0, -1.0], [-1.0, 1.0, 2.0], [2.0, 2.0, 0.5]])


def _rows_of_the_table(student, layers, transforms):
    """Rows of the table, from data that nobody has written into."""
    return {
        f"{layer}; {transform}": student.is_invariant(
            LAYERS[layer], X.copy(), W.copy(), transform, np.random.default_rng(number)
        )
        for layer in layers
        for number, transform in enumerate(transforms)
    }


def _is_invariant(student, layer, X, W, transform):
    return {"invariant": student.is_invariant(LAYERS[layer], X, W, transform, np.random.default_rng(1))}


def test_linear_layer(student, compare):
    """A plain linear layer sees every one of the six changes."""
    compare(_rows_of_the_table, [LINEAR], TRANSFORMS)


def test_lengths_and_means(student, compare):
    """Dividing by the length of a row hides its scale, subtracting a mean hides a shift, and neither hides more than that."""
    compare(_rows_of_the_table, OTHERS[:4], TRANSFORMS)


def test_all_or_one(student, compare):
    """It makes a difference whether all rows are scaled or a single one."""
    compare(_rows_of_the_table, OTHERS[4:], TRANSFORMS)


def test_arguments_unchanged(student, compare):
    """X and W are the same after the call."""
    for transform in TRANSFORMS:
        compare(_is_invariant, LINEAR, X, W, transform)


def test_bad_input(student, compare):
    """Any other transform is a ValueError that names it."""
    for name in ("w_scale", "scale", ""):
        compare.refuses(_is_invariant, LINEAR, X, W, name, naming=("transform",))
