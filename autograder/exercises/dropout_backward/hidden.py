"""Hidden tests of dropout_backward. The mask is given, so everything is exact; who writes into an argument pays once."""

import numpy as np

from autograder.exercise import part

PARTS = {"values": 2, "p=1": 1}


def _dy(rng, *shape):
    """Numbers of both signs, none of them near 0."""
    return rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)


def _mask(rng, shape, p_drop):
    """Not a sample, but the same number of zeros every time, in some order."""
    mask = np.ones(int(np.prod(shape)))
    mask[: max(1, round(mask.size * p_drop))] = 0
    return rng.permutation(mask).reshape(shape)


def _one_number(values):
    if not values.size or not np.ptp(values) <= 1e-4 * np.abs(values).max():
        return None
    return float(np.median(values))


def _backward(student, dy, mask, p_drop):
    return np.asarray(student.dropout_backward(dy.copy(), mask.copy(), p_drop), dtype=float)


def _facts(dx, dy, mask):
    facts = {"shape of dx": dx.shape}
    if dx.shape != dy.shape:
        return facts
    kept = np.asarray(mask) != 0
    return facts | {
        "dx is 0 where the mask is 0": bool((dx[~kept] == 0).all()),
        "dx / dy where the mask is 1": _one_number(dx[kept] / dy[kept]),
        "dx does not depend on the mask": _one_number(dx / dy) is not None,
        "dx is 0 where dy is negative, only there": bool(((dx == 0) == (dy < 0)).all()),
        "dx has one value where the mask is 1": _one_number(dx[kept]),
    }


def _values(student, dy, mask, p_drop):
    return _facts(_backward(student, dy, mask, p_drop), dy, mask)


@part("values")
def test_values(compare, rng):
    """dx is dy times the slope of y: 0 where a value was dropped, and one and the same factor where it was kept."""
    for shape, p_drop in (((7, 5), 0.2), ((30,), 0.7), ((3, 4, 2, 5), 0.35)):
        compare(_values, _dy(rng, *shape), _mask(rng, shape, p_drop), p_drop)


@part("values")
def test_directional_derivative(student, rng):
    """For any direction v, the sum of dx * v is the derivative of the sum of dy * y along v."""
    for p_drop in (0.25, 0.6):
        x, v, dy = (_dy(rng, 6, 8) for _ in range(3))
        mask = _mask(rng, x.shape, p_drop)

        def loss(step, x=x, v=v, dy=dy, mask=mask, p_drop=p_drop):
            return np.sum(dy * ((x + step * v) * mask / (1 - p_drop)))

        slope = (loss(1e-3) - loss(-1e-3)) / 2e-3
        found = np.sum(_backward(student, dy, mask, p_drop) * v)
        assert abs(found - slope) < 1e-6 * (1 + abs(slope)), "dx is not the gradient of the loss: compare a difference"


def _kinds(student, dy, mask, p_drop):
    before, mask_before = np.array(dy, dtype=float), np.array(mask)
    dx = np.asarray(student.dropout_backward(dy, mask, p_drop), dtype=float)
    return _facts(dx, before, mask_before)


@part("values")
def test_kinds_of_masks(compare, rng):
    """Masks of bool, of whole numbers and of float32 are all right, and neither dy nor the mask is changed."""
    dy = _dy(rng, 6, 7)
    for kind in (float, bool, np.int64, np.uint8, np.float32):
        compare(_kinds, dy, _mask(rng, dy.shape, 0.3).astype(kind), 0.3)
    compare(_kinds, rng.integers(1, 5, size=(4, 3)), _mask(rng, (4, 3), 0.3), 0.3)


def _refused(student, dy, shapes):
    # First what is allowed: an answer that always raises is not one that refuses.
    _backward(student, dy, np.ones(dy.shape), 0.5)
    facts = {}
    for shape in shapes:
        try:
            _backward(student, dy, np.ones(shape), 0.5)
        except ValueError:
            facts[f"a mask of shape {shape} is refused"] = True
        else:
            facts[f"a mask of shape {shape} is refused"] = False
    return facts


@part("values", supporting=True)
def test_bad_input(compare, rng):
    """A mask of another shape is refused by name, even one that NumPy could broadcast."""
    dy, shapes = _dy(rng, 3, 4), ((4, 3), (4,), (3, 1), (2, 3, 4))
    compare(_refused, dy, shapes)
    for shape in shapes:
        compare.refuses("dropout_backward", dy, np.ones(shape), 0.5, naming=("dy", "mask"))


def _ends(student, dy):
    facts = {"dx of p_drop 0": _backward(student, dy, np.ones(dy.shape), 0.0)}
    try:
        dx = _backward(student, dy, np.zeros(dy.shape), 1.0)
    except ZeroDivisionError:
        return facts | {"p_drop 1 gives": "a division by zero"}
    return facts | {"p_drop 1 gives": "a result", "dx of p_drop 1": dx + 0.0}


@part("p=1", supporting=True)
def test_never_and_always(compare, rng):
    """With p_drop = 1 the gradient is 0 everywhere, and nothing is nan; with p_drop = 0 it is dy."""
    compare(_ends, _dy(rng, 4, 5))
    compare(_ends, _dy(rng, 2, 3, 1, 4))
