"""Hidden tests of zca_fit and zca_apply.

A whitening matrix is right up to a rotation of its result, and ZCA is the one without: the part "whitening" looks at
what no rotation changes, the part "symmetry" at the rotation alone.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"whitening": 2, "symmetry": 1, "new data": 1, "errors": 1}


def _rows(rng, n=12, d=4):
    """Correlated rows away from zero, with variances from far below eps = 0.1 to far above along tilted axes."""
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return rng.normal(size=(n, d)) * np.resize([2.0, 0.9, 0.4, 0.15, 1.4], d) @ axes + np.resize([3.0, -1.0, 0.5], d)


def _stored(rng, d=4):
    W = rng.normal(size=(d, d))
    return {"mean": rng.uniform(1, 3, d), "W": W @ W.T / d + 0.1 * np.eye(d)}


def _fit(student, X, **settings):
    """mean and W, of a copy: whoever writes into X pays for it in one test."""
    st = student.zca_fit(X.copy(), **settings)
    return np.asarray(st["mean"], dtype=float), np.asarray(st["W"], dtype=float)


def _whitening(student, X, **settings):
    """What a rotation of z does not change: the stretching by W, and the covariance of W x."""
    W = _fit(student, X, **settings)[1]
    if not _usable(W):
        return {"W holds finite numbers": False}
    after = W @ np.cov(X.T.astype(float), bias=True) @ W.T
    return {
        "W holds finite numbers": True,
        "factors by which W stretches": np.linalg.svd(W, compute_uv=False),
        "eigenvalues of the covariance of z": np.linalg.eigvalsh((after + after.T) / 2),
    }


def _turn(student, X, **settings):
    """The rotation that is in W beside the stretching: none in a symmetric W."""
    W = _fit(student, X, **settings)[1]
    if not _usable(W):
        return {"W holds finite numbers": False}
    left, _, right = np.linalg.svd(W)
    axes = np.linalg.eigh(np.cov(X.T, bias=True))[1]
    return {
        "W holds finite numbers": True,
        # The order of the axes and their signs are an accident of the routine that finds them.
        "rotation in W, without order and signs": np.sort(np.abs(left @ right), axis=0),
        "W shrinks wide directions most": bool(np.linalg.norm(W @ axes[:, 0]) > 1.2 * np.linalg.norm(W @ axes[:, -1])),
    }


def _usable(W) -> bool:
    """Whether LAPACK can be asked about W without complaints."""
    return bool(np.all(np.abs(W) < 1e100))


def _mean(student, X, **settings):
    return {"mean": _fit(student, X, **settings)[0]}


def _only_fit(student, X):
    """Nothing but whether X is as before is compared."""
    student.zca_fit(X)
    return {}


def _apply(student, X, st):
    return {"Z": student.zca_apply(X.copy(), {key: value.copy() for key, value in st.items()})}


def _accepted(student, X, eps):
    # A harmless eps first: an answer that raises for every input is not one that refuses this one.
    _fit(student, X, eps=1.0)
    try:
        W = _fit(student, X, eps=eps)[1]
    except ValueError:
        return {"eps is accepted": False}
    return {"eps is accepted": True, "W is finite": bool(np.isfinite(W).all())}


@part("whitening")
def test_variances_afterwards(compare, rng):
    """The eigenvalues of the covariance become lam / (lam + eps): eps is added to variances, which divide by N."""
    compare(_whitening, _rows(rng, n=6), eps=0.1)
    compare(_whitening, _rows(rng, d=3), eps=0.7)


@part("whitening")
def test_default_and_other_numbers(compare, rng):
    """eps is 0.1 unless given; whole numbers and float32 work, and every second row of an array."""
    compare(_whitening, _rows(rng))
    compare(_whitening, rng.integers(-4, 5, size=(9, 3)), eps=0.5)
    compare(_whitening, _rows(rng).astype(np.float32), eps=0.5)
    compare(_whitening, _rows(rng, n=20)[::2], eps=0.1)


@part("whitening")
def test_fewer_rows_than_features(compare, rng):
    """With fewer rows than features, directions in which the rows do not vary are stretched by 1 / sqrt(eps)."""
    compare(_whitening, _rows(rng, n=3, d=5), eps=0.25)


@part("whitening")
def test_white_without_eps(student, rng):
    """With eps = 0 the covariance afterwards is the identity, in any units and wherever the rows lie."""
    X = _rows(rng, n=30)
    for rows in (X, X * np.array([3.0, 0.5, 10.0, 1.0]) + 20):
        W = _fit(student, rows, eps=0.0)[1]
        assert W.shape == (4, 4), "W should have shape (D, D)"
        after = W @ np.cov(rows.T, bias=True) @ W.T
        assert np.allclose(after, np.eye(4), atol=1e-5), "with eps = 0 the covariance afterwards is not the identity"


@part("symmetry")
def test_no_rotation(compare, rng):
    """W only stretches along the axes of the data: there is no rotation in it."""
    compare(_turn, _rows(rng), eps=0.1)
    compare(_turn, _rows(rng, d=3), eps=0.01)


@part("symmetry")
def test_symmetric(student, rng):
    """W is symmetric and has the axes of the covariance matrix."""
    X = _rows(rng, n=9)
    W, Sigma = _fit(student, X, eps=0.05)[1], np.cov(X.T, bias=True)
    assert _usable(W), "W does not hold finite numbers"
    assert np.ptp(np.linalg.svd(W, compute_uv=False)) > 0.5, "W stretches all directions alike"
    assert np.allclose(W, W.T, atol=1e-7), "W is not symmetric"
    assert np.allclose(W @ Sigma, Sigma @ W, atol=1e-6), "W and Sigma do not have the same axes"


@part("symmetry")
def test_turning_the_data(student, rng):
    """When the rows are rotated, W is rotated with them, so the picture of z is the rotated picture."""
    X, Q = _rows(rng), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    W, turned = (_fit(student, rows, eps=0.1)[1] for rows in (X, X @ Q.T))
    assert np.linalg.norm(W - np.mean(np.diag(W)) * np.eye(4)) > 0.3, "W does not depend on the direction"
    assert np.allclose(turned, Q @ W @ Q.T, atol=1e-6), "W does not turn with the data"


@part("new data")
def test_apply(compare, rng):
    """zca_apply subtracts the mean it is given and multiplies by the W it is given; its arguments are as before."""
    compare(_apply, _rows(rng, n=5), _stored(rng))
    compare("zca_apply", _rows(rng, n=5), _stored(rng))


@part("new data")
def test_apply_other_numbers(compare, rng):
    """A single row, whole numbers, float32 and as many rows as features go through the same W."""
    compare(_apply, _rows(rng, n=1), _stored(rng))
    compare(_apply, rng.integers(-9, 9, size=(6, 4)), _stored(rng))
    compare(_apply, _rows(rng).astype(np.float32), _stored(rng))
    compare(_apply, _rows(rng, n=4), _stored(rng))


@part("new data")
def test_stored_mean(compare, rng):
    """What zca_fit stores as the mean is that of every feature; fitting leaves X as it was."""
    compare(_mean, _rows(rng), eps=0.1)
    compare(_mean, rng.integers(-9, 9, size=(5, 3)), eps=0.1)


@part("new data", supporting=True)
def test_fit_leaves_rows_alone(compare, rng):
    """Fitting leaves X as it was."""
    compare(_only_fit, _rows(rng))


@part("errors", supporting=True)
def test_negative_eps(compare, rng):
    """A negative eps is refused, also where all eigenvalues are larger."""
    for eps in (-0.1, -1e-6):
        compare.refuses("zca_fit", 9 * _rows(rng), eps=eps, naming=("eps",))


@part("errors", supporting=True)
def test_flat_directions(compare, rng):
    """A direction in which X does not vary is refused when eps does not help; small but real variances are not."""
    constant = _rows(rng)
    constant[:, 2] = 7.0
    doubled = _rows(rng)
    doubled[:, 1] = doubled[:, 3]
    for X in (constant, doubled, _rows(rng, n=3), _rows(rng, n=1)):
        for eps in (0.0, 1e-14):
            compare.refuses("zca_fit", X, eps=eps, naming=("eps", "X"))
        compare(_accepted, X, eps=1e-6)
    compare(_accepted, _rows(rng) * 1e-3, eps=0.0)
