"""Hidden tests of linear_forward and linear_backward. Every result has its own part and is looked at alone."""

import numpy as np

from autograder.exercise import part

PARTS = {"forward": 1, "dx": 1, "dW": 1, "db": 1}
PLACE = {"dx": 0, "dW": 1, "db": 2}


def _layer(rng, n=5, n_in=3, n_out=4):
    """dz, x and W; no entry is near 0, so that nothing is hidden."""
    return tuple(
        rng.uniform(0.5, 2, size=shape) * rng.choice([-1, 1], size=shape)
        for shape in ((n, n_out), (n, n_in), (n_out, n_in))
    )


def _forward(student, x, W, b):
    return {"z": student.linear_forward(x.copy(order="K"), W.copy(order="K"), None if b is None else b.copy())}


def _backward(student, dz, x, W, what):
    """One of the three gradients."""
    return {what: student.linear_backward(dz.copy(order="K"), x.copy(order="K"), W.copy(order="K"))[PLACE[what]]}


def _unchanged_by_forward(student, x, W, b):
    """Nothing but whether the arguments are as before is compared."""
    student.linear_forward(x, W, b)
    return {}


def _unchanged_by_backward(student, dz, x, W):
    student.linear_backward(dz, x, W)
    return {}


def _other_dtypes(student, dz, x, W, what):
    """A gradient of whole numbers or float32 minus that of the same numbers in float64."""
    arguments = dz, x, W
    given, same = (
        student.linear_backward(*(a.astype(dtype) if dtype else a.copy() for a in arguments))[PLACE[what]]
        for dtype in (None, float)
    )
    return {f"{what} minus {what} of the same float64 numbers": given - same}


def _kinds(compare, rng, what):
    compare(_other_dtypes, *(rng.integers(-4, 5, size=a.shape) for a in _layer(rng)), what)
    compare(_other_dtypes, *(a.astype(np.float32) for a in _layer(rng)), what)


# ---- forward ---------------------------------------------------------------------------------------------


@part("forward")
def test_forward(compare, rng):
    """z is x W^T + b, for matrices of any layout in memory."""
    _, x, W = _layer(rng, n_in=4)  # square first: there a wrong product is a result, elsewhere an error
    compare(_forward, x, W, rng.uniform(1, 2, 4))
    _, x, W = _layer(rng)
    compare(_forward, x, W, rng.uniform(1, 2, 4))
    _, x, W = _layer(rng, n_in=4, n_out=3)
    compare(_forward, x[:, ::2], W[:, 1:3], rng.uniform(1, 2, 3))


@part("forward")
def test_forward_without_a_bias(compare, rng):
    """b=None adds nothing."""
    _, x, W = _layer(rng)
    compare(_forward, x, W, None)


@part("forward")
def test_bias(compare, rng):
    """The bias belongs to the outputs and is the same in every row, also where there are as many rows as outputs."""
    _, x, W = _layer(rng, n=4)
    compare(_forward, x, W, rng.uniform(1, 2, 4))
    _, x, W = _layer(rng, n=1)
    compare(_forward, x, W, rng.uniform(1, 2, 4))


@part("forward", supporting=True)
def test_forward_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, the arguments are the same after the call, and another Din is refused."""
    _, x, W = _layer(rng)
    b = rng.uniform(1, 2, 4)
    compare(_forward, rng.integers(-4, 5, size=(5, 3)), rng.integers(-4, 5, size=(4, 3)), rng.integers(1, 9, size=4))
    compare(_forward, x.astype(np.float32), W.astype(np.float32), b.astype(np.float32))
    compare(_unchanged_by_forward, x, W, b)
    compare.refuses("linear_forward", x[:, :2], W, b, naming=("x", "W", "Din"))
    compare.refuses("linear_forward", x[:, :1], W, None, naming=("x", "W", "Din"))


# ---- backward --------------------------------------------------------------------------------------------


@part("dx")
def test_dx(compare, rng):
    """dx is the gradient with respect to x, also where W is square."""
    compare(_backward, *_layer(rng, n_in=4), "dx")
    compare(_backward, *_layer(rng), "dx")
    dz, x, W = _layer(rng, n_in=6)
    compare(_backward, dz, x[:, ::2], W[:, ::2], "dx")


@part("dx")
def test_dx_fits_the_layer(student, rng):
    """Moving x moves the weighted sum of the outputs as dx says."""
    dz, x, W = _layer(rng)
    dx, step = student.linear_backward(dz.copy(), x.copy(), W.copy())[0], rng.normal(size=(5, 3))
    assert np.shape(dx) == (5, 3), "dx should have the shape of x"
    assert np.isclose(np.sum(dx * step), np.sum(dz * (step @ W.T))), "dx does not say how z moves with x"


@part("dx", supporting=True)
def test_dx_of_other_numbers(compare, rng):
    """For dx, whole numbers and float32 work, and dz, x and W are the same after the call."""
    _kinds(compare, rng, "dx")
    compare(_unchanged_by_backward, *_layer(rng))


@part("dW")
def test_dW(compare, rng):
    """dW is the gradient with respect to W, a sum over the rows without 1/N, also where W is square."""
    compare(_backward, *_layer(rng), "dW")
    compare(_backward, *_layer(rng, n_in=4), "dW")
    compare(_backward, *_layer(rng, n=1), "dW")


@part("dW")
def test_dW_fits_the_layer(student, rng):
    """Moving W moves the weighted sum of the outputs as dW says."""
    dz, x, W = _layer(rng)
    dW, step = student.linear_backward(dz.copy(), x.copy(), W.copy())[1], rng.normal(size=(4, 3))
    assert np.shape(dW) == (4, 3), "dW should have the shape of W"
    assert np.isclose(np.sum(dW * step), np.sum(dz * (x @ step.T))), "dW does not say how z moves with W"


@part("dW", supporting=True)
def test_dW_of_other_numbers(compare, rng):
    """For dW, whole numbers and float32 work, and x and W that disagree about Din are refused."""
    _kinds(compare, rng, "dW")
    dz, x, W = _layer(rng)
    compare.refuses("linear_backward", dz, x[:, :2], W, naming=("x", "W", "Din"))
    compare.refuses("linear_backward", dz, x, W[:, :1], naming=("x", "W", "Din"))


@part("db")
def test_db(compare, rng):
    """db is the sum of dz over the rows, of shape (Dout,)."""
    compare(_backward, *_layer(rng), "db")
    compare(_backward, *_layer(rng, n=4), "db")


@part("db")
def test_db_of_two_batches(student, rng):
    """db of a batch is the sum of db of its two halves, and db of a single row is that row of dz."""
    dz, x, W = _layer(rng, n=6)
    whole, first, last, one = (
        np.asarray(student.linear_backward(dz[rows].copy(), x[rows].copy(), W.copy())[2])
        for rows in (slice(0, 6), slice(0, 2), slice(2, 6), slice(0, 1))
    )
    assert whole.shape == (4,), "db should have shape (Dout,)"
    assert np.allclose(one, dz[0]), "db of a single row is not that row of dz"
    assert np.allclose(whole, first + last), "db of a batch is not the sum of db of its two halves"


@part("db", supporting=True)
def test_db_of_other_numbers(compare, rng):
    """For db, whole numbers and float32 work."""
    _kinds(compare, rng, "db")
