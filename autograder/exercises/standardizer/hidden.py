"""Hidden tests of fit_standardizer and apply_standardizer, each without the help of the other where it can be."""

import numpy as np

from autograder.exercise import part

PARTS = {"fit": 2, "new data": 2, "constant column": 1}
SCALE, PLACE = np.array([1.0, 0.2, 5.0, 2.0]), np.array([0.5, 3.0, -50.0, 1.0])


def _rows(rng, n=6):
    """Rows of four features that differ in scale and place."""
    return rng.normal(size=(n, 4)) * SCALE + PLACE


def _stored(rng):
    """Statistics that are not those of the rows they will be applied to."""
    return {"mean": rng.uniform(1, 2, 4) * np.array([1, -1, 3, 1]), "std": SCALE * rng.uniform(1.5, 3, 4)}


# Whoever writes into X pays for it in the first test of each function, so the others hand out copies.
def _fit(student, X, **settings):
    st = student.fit_standardizer(X.copy(), **settings)
    return {"mean": st["mean"], "std": st["std"]}


def _apply(student, X, st):
    return {"Z": student.apply_standardizer(X.copy(), {key: value.copy() for key, value in st.items()})}


def _alone(student, X, st):
    """A row alone and in company, as a difference: right in any answer that lets rows be."""
    # All rows first: an answer that raises for every input is not one that refuses a single row.
    together = _apply(student, X, st)["Z"]
    try:
        alone = _apply(student, X[:1], st)["Z"]
    except ValueError:
        return {"one row alone is accepted": False}
    return {"one row alone is accepted": True, "a row alone minus the same row in company": alone - together[:1]}


def _constant(student, X, constant):
    """The deviations of the constant features, and whether those of the others notice them."""
    std = np.asarray(student.fit_standardizer(X.copy())["std"])
    alone = np.asarray(student.fit_standardizer(np.delete(X, constant, axis=1))["std"])
    return {
        "std of the constant features": std[constant],
        "the other std minus theirs alone": np.delete(std, constant) - alone,
    }


def _small(student, X):
    """Relative to the feature itself: its deviation is far below any absolute tolerance."""
    wide, small = (np.asarray(student.fit_standardizer(rows.copy())["std"]) for rows in (X, X * 1e-10))
    return {"std of 1e-10 X, over 1e-10 times std of X": small / (1e-10 * wide)}


@part("fit")
def test_fit(compare, rng):
    """fit_standardizer returns the mean of every feature and its deviation, which divides by N unless ddof is given."""
    compare("fit_standardizer", _rows(rng))


@part("fit")
def test_fit_with_ddof(compare, rng):
    """The squared deviations are divided by N - ddof."""
    compare(_fit, _rows(rng, n=3), ddof=1)
    compare(_fit, _rows(rng, n=5), ddof=2)


@part("fit")
def test_fit_other_numbers(compare, rng):
    """Whole numbers, float32 and every second row of an array are as good as any other; as many rows as features, too."""
    compare(_fit, rng.integers(-9, 9, size=(5, 3)))
    compare(_fit, _rows(rng).astype(np.float32))
    compare(_fit, _rows(rng, n=10)[::2])
    compare(_fit, _rows(rng, n=4))


@part("fit")
def test_fit_follows_the_units(student, rng):
    """In other units, b + aX, the mean is b + a mean and the deviation |a| std; nothing else matters, nor the order of rows."""
    X, a, b = _rows(rng), np.array([3.0, -20.0, 0.1, 1.0]), np.array([5.0, 0.0, -2.0, 40.0])
    before, after = (student.fit_standardizer(rows) for rows in (X.copy(), a * X[::-1] + b))
    assert np.shape(before["mean"]) == np.shape(before["std"]) == (4,), "mean and std should have shape (D,)"
    assert np.all(np.asarray(before["std"]) > 0), "a feature that varies has no deviation"
    assert np.allclose(after["mean"], a * before["mean"] + b, atol=1e-6), "the mean does not follow the units of X"
    assert np.allclose(after["std"], np.abs(a) * before["std"], atol=1e-6), "std does not follow the units of X"


@part("fit", supporting=True)
def test_too_few_rows(compare, rng):
    """As many rows as ddof or fewer are refused."""
    for n, ddof in ((1, 1), (2, 2), (2, 3), (0, 0)):
        compare.refuses("fit_standardizer", _rows(rng, n=n), ddof=ddof, naming=("X", "ddof"))


@part("new data")
def test_apply(compare, rng):
    """apply_standardizer uses the statistics it is given, and leaves its arguments as they were."""
    compare("apply_standardizer", _rows(rng, n=5), _stored(rng))


@part("new data")
def test_apply_other_numbers(compare, rng):
    """Whole numbers and float32 are standardized as real numbers are, also with as many rows as features."""
    compare(_apply, rng.integers(-9, 9, size=(5, 4)), _stored(rng))
    compare(_apply, _rows(rng).astype(np.float32), _stored(rng))
    compare(_apply, _rows(rng, n=4), _stored(rng))


@part("new data")
def test_rows_do_not_influence_each_other(student, compare, rng):
    """A new row becomes the same alone and in company, and rows at mean and at mean + std become 0 and 1."""
    compare(_alone, _rows(rng, n=3), _stored(rng))
    st = _stored(rng)
    Z = np.asarray(_apply(student, np.array([st["mean"], st["mean"] + st["std"], st["mean"] - 2 * st["std"]]), st)["Z"])
    assert np.allclose(Z, [[0.0] * 4, [1.0] * 4, [-2.0] * 4], atol=1e-7), (
        "rows at mean, mean + std and mean - 2 std do not become 0, 1 and -2"
    )


@part("new data", supporting=True)
def test_other_features(compare, rng):
    """Another number of features than in training is refused, also where it would broadcast."""
    for d in (3, 5, 1):
        compare.refuses("apply_standardizer", rng.normal(size=(6, d)), _stored(rng), naming=("X", "st"))
    st = {"mean": np.ones(1), "std": np.ones(1)}
    compare.refuses("apply_standardizer", rng.normal(size=(6, 3)), st, naming=("X", "st"))


@part("constant column")
def test_constant_column(compare, rng):
    """A constant feature gets std 1, and the other features keep theirs."""
    X = _rows(rng)
    X[:, 1], X[:, 3] = 7.0, 0.0
    compare(_constant, X, [1, 3])


@part("constant column")
def test_one_row(compare, rng):
    """In a single row every feature is constant, and ddof = 0 accepts it."""
    compare(_fit, _rows(rng, n=1))


@part("constant column")
def test_a_small_feature_is_not_constant(compare, rng):
    """A feature whose values are of the size of 1e-10 is standardized like any other."""
    compare(_small, _rows(rng) - PLACE)
