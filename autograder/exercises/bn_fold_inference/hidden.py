"""Hidden tests of bn_fold_inference: bn_eval and bn_fold, each without the help of the other."""

import numpy as np

from autograder.exercise import part

PARTS = {"eval": 2, "N=1": 1, "fold": 2}
VECTORS = ("gamma", "beta", "run_mean", "run_var")


def _stored(rng, d=4):
    """gamma, beta, run_mean and run_var of d features; the variances reach from far below 1 to far above."""
    gamma = rng.uniform(1, 2, d) * np.resize([1, -1], d)
    variances = np.resize([0.04, 0.3, 2.5, 9.0], d) * rng.uniform(0.8, 1.2, d)
    return gamma, rng.uniform(2, 3, d), rng.normal(size=d) * 3 + 1, variances


def _layer(rng, n_out=4, n_in=3):
    return rng.normal(size=(n_out, n_in)) + 0.5, rng.uniform(1, 2, n_out)


def _copies(arguments):
    return [None if a is None else a.copy() for a in arguments]


# Whoever writes into an argument pays for it in the tests of kinds of numbers, so the others hand out copies.
def _eval(student, x, gamma, beta, run_mean, run_var, **settings):
    return {"y": student.bn_eval(*_copies((x, gamma, beta, run_mean, run_var)), **settings)}


def _fold(student, W, b, gamma, beta, run_mean, run_var, **settings):
    W2, b2 = student.bn_fold(*_copies((W, b, gamma, beta, run_mean, run_var)), **settings)
    return {"W2": W2, "b2": b2}


def _one_row(student, x, gamma, beta, run_mean, run_var):
    """A row alone and in company, as a difference: right in any answer that lets rows be."""
    # The batch first: an answer that raises for every input is not one that refuses a single row.
    together = student.bn_eval(x.copy(), gamma, beta, run_mean, run_var)
    try:
        alone = student.bn_eval(x[:1].copy(), gamma, beta, run_mean, run_var)
        middle = student.bn_eval(run_mean[None].copy(), gamma, beta, run_mean, run_var)
    except ValueError:
        return {"one row alone is accepted": False, "its y minus that in a batch": None, "y of the stored mean": None}
    return {
        "one row alone is accepted": True,
        "its y minus that in a batch": alone - together[:1],
        "y of the stored mean": middle,
    }


def _without_bias(student, W, gamma, beta, run_mean, run_var, eps):
    stored = gamma, beta, run_mean, run_var
    _fold(student, W, np.zeros(len(W)), *stored, eps=eps)
    try:
        W2, b2 = student.bn_fold(W.copy(), None, *stored, eps=eps)
    except (TypeError, ValueError, AttributeError):
        return {"b=None is accepted": False, "W2": None, "b2": None}
    return {"b=None is accepted": True, "W2": W2, "b2": b2}


@part("eval")
def test_eval_values(compare, rng):
    """y is normalized by the stored mean and variance; eps is added to the variance, inside the square root."""
    compare(_eval, rng.normal(size=(5, 4)) * 2 + 1, *_stored(rng), eps=0.1)


@part("eval")
def test_eval_in_units_of_the_deviation(student, rng):
    """A row that lies k stored deviations above the stored mean comes out as beta + k * gamma."""
    gamma, beta, mean, variance = _stored(rng)
    k = np.array([-1.0, 0.0, 1.0, 3.0, 0.5])[:, None]
    copies = (a.copy() for a in (gamma, beta, mean, variance))
    y = student.bn_eval(mean + k * np.sqrt(variance), *copies)
    assert np.allclose(y, beta + k * gamma, atol=0.01), "y is not beta + k * gamma"


@part("eval")
def test_eval_default_eps_and_constant_feature(compare, rng):
    """eps is 1e-5 unless it is given, and a feature whose stored variance is 0 gives finite numbers."""
    gamma, beta, mean, variance = _stored(rng)
    variance[1] = 0
    x = mean + rng.normal(size=(6, 4)) * np.array([0.2, 0.001, 1.0, 3.0])
    compare(_eval, x, gamma, beta, mean, variance)


@part("eval")
def test_eval_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    compare("bn_eval", rng.normal(size=(5, 4)), *_stored(rng), eps=0.1)
    compare("bn_eval", rng.integers(-5, 9, size=(5, 4)), *_stored(rng), eps=0.1)
    compare("bn_eval", rng.normal(size=(5, 4)).astype(np.float32), *_stored(rng), eps=0.1)
    whole = rng.integers(1, 5, size=(4, 3))
    compare("bn_eval", rng.normal(size=(7, 3)), *whole, eps=0.1)


@part("eval", supporting=True)
def test_eval_refusals(compare, rng):
    """A negative stored variance is refused, and so is a vector that is not (D,), also where it would broadcast."""
    x, stored = rng.normal(size=(5, 4)), _stored(rng)
    negative = np.array([1.0, 0.5, -0.1, 2.0])
    compare.refuses("bn_eval", x, *stored[:3], negative, naming=("run_var",))
    for place, name in enumerate(VECTORS):
        for shape in ((3,), (1,), (5, 4)):
            vectors = list(stored)
            vectors[place] = np.ones(shape)
            compare.refuses("bn_eval", x, *vectors, naming=(name,))


@part("N=1")
def test_one_row(compare, rng):
    """One row alone is accepted and gives what it gives in the company of others."""
    compare(_one_row, rng.normal(size=(3, 4)) * 2 + 1, *_stored(rng))


@part("N=1")
def test_rows_do_not_influence_each_other(student, rng):
    """Changing one row of x changes that row of y and no other."""
    x, (gamma, beta, mean, variance) = rng.normal(size=(5, 4)) * 2 + 1, _stored(rng)
    x[0] = mean
    y = student.bn_eval(*(a.copy() for a in (x, gamma, beta, mean, variance)))
    x[3] += rng.uniform(1, 2, 4)
    changed = student.bn_eval(*(a.copy() for a in (x, gamma, beta, mean, variance)))
    assert np.allclose(np.delete(y, 3, axis=0), np.delete(changed, 3, axis=0), atol=1e-8), "other rows of y change too"
    assert np.abs(y[3] - changed[3]).min() > 0.01, "the row of y does not change with its row of x"
    assert np.allclose(y[0], beta, atol=1e-6), "a row equal to run_mean does not come out as beta"


@part("fold")
def test_fold_values(compare, rng):
    """W2 and b2 are the weights and the bias of the layer with batch normalization in it."""
    compare(_fold, *_layer(rng), *_stored(rng), eps=0.1)


@part("fold")
def test_folded_layer(student, rng):
    """The folded layer gives what the layer followed by batch normalization with stored statistics gives."""
    (W, b), (gamma, beta, mean, variance) = _layer(rng, n_out=3, n_in=5), _stored(rng, d=3)
    u = rng.normal(size=(6, 5))
    W2, b2 = student.bn_fold(*(a.copy() for a in (W, b, gamma, beta, mean, variance)), eps=0.1)
    expected = gamma * (u @ W.T + b - mean) / np.sqrt(variance + 0.1) + beta
    assert np.shape(W2) == W.shape, f"W2 should have the shape of W, {W.shape}"
    assert np.shape(b2) == (3,), "b2 should have shape (3,)"
    assert np.allclose(u @ W2.T + b2, expected, atol=1e-8), "u @ W2.T + b2 is not the normalized output of the layer"


@part("fold")
def test_fold_square_weights(compare, rng):
    """A layer with as many outputs as inputs is nothing special, nor is a stored variance of 0 with the default eps."""
    gamma, beta, mean, variance = _stored(rng)
    variance[2] = 0
    compare(_fold, *_layer(rng, n_in=4), gamma, beta, mean, variance)


@part("fold")
def test_fold_without_bias(compare, rng):
    """b=None counts as zeros, and b2 is an array then, too."""
    compare(_without_bias, _layer(rng)[0], *_stored(rng), eps=0.1)


@part("fold")
def test_fold_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    compare("bn_fold", *_layer(rng), *_stored(rng), eps=0.1)
    compare("bn_fold", rng.integers(-5, 9, size=(4, 3)), rng.integers(1, 9, size=4), *_stored(rng), eps=0.1)
    W, b = _layer(rng)
    compare("bn_fold", W.astype(np.float32), b.astype(np.float32), *_stored(rng), eps=0.1)


@part("fold", supporting=True)
def test_fold_refusals(compare, rng):
    """A negative stored variance is refused, and so is a vector that is not (Dout,), also where it would broadcast."""
    (W, b), stored = _layer(rng), _stored(rng)
    compare.refuses("bn_fold", W, b, *stored[:3], np.array([1.0, 0.5, -0.1, 2.0]), naming=("run_var",))
    for place, name in enumerate(("b", *VECTORS)):
        for shape in ((3,), (1,), (4, 3)):
            vectors = [b, *stored]
            vectors[place] = np.ones(shape)
            compare.refuses("bn_fold", W, *vectors, naming=(name,))
