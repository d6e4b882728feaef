"""Inverted dropout, backward."""

import numpy as np

SIGNATURES = {"dropout_backward": "dy, mask, p_drop -> dx"}
FORBIDDEN = ("dropout", "backward", "=grad")
HINTS = (
    "For a given mask the layer only multiplies each value by a number. Which one is it where the mask is 1, and which one "
    "where it is 0?",
    "The derivative of c * x is c, so the gradient of x is c times the gradient of y, with the same c as in the forward "
    "pass. The mask is the one that you are given; nothing is random here.",
    "dx = dy * mask / (1 - p_drop), with zeros for p_drop = 1, where the formula is 0 / 0. Compare the shapes of dy and mask "
    "before: NumPy would accept a mask of a single row.",
)


def _one_number(values):
    if not values.size or not np.ptp(values) <= 1e-4 * np.abs(values).max():
        return None
    return float(np.median(values))


def _refused(student, dy, shapes):
    student.dropout_backward(dy, np.ones(dy.shape), 0.5)
    facts = {}
    for shape in shapes:
        try:
            student.dropout_backward(dy, np.ones(shape), 0.5)
        except ValueError:
            facts[f"a mask of shape {shape} is refused"] = True
        else:
            facts[f"a mask of shape {shape} is refused"] = False
    return facts


def _facts(student, dy, mask, p_drop):
    before = dy.copy()
    dx = np.asarray(student.dropout_backward(dy, mask, p_drop), dtype=float)
    if dx.shape != dy.shape:
        return {"shape of dx": dx.shape}
    kept = mask != 0
    return {
        "shape of dx": dx.shape,
        "dx is 0 where the mask is 0": bool((dx[~kept] == 0).all()),
        "dx / dy where the mask is 1": _one_number(dx[kept] / before[kept]),
    }


def _all_dropped(student, dy):
    try:
        dx = np.asarray(student.dropout_backward(dy, np.zeros(dy.shape), 1.0), dtype=float)
    except ZeroDivisionError:
        return {"p_drop 1 gives": "a division by zero"}
    return {"p_drop 1 gives": "a result", "dx": dx + 0.0}


DY = np.array([[8.0, -4.0, 2.0], [-6.0, 10.0, 12.0]])
MASK = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])


def test_by_hand(student, compare):
    """With p_drop = 0.2 a gradient of 8 becomes 10 where the value was kept, and 0 where it was dropped."""
    compare("dropout_backward", DY, MASK, 0.2)


def test_a_mask_of_bool(student, compare):
    """A mask of True and False does as well, and another rate gives another factor."""
    compare("dropout_backward", DY, MASK == 1, 0.75)


def test_factor(student, compare):
    """The gradient has the factor of the forward pass, 1 / (1 - p_drop), where the mask is 1, and is 0 elsewhere."""
    compare(_facts, np.arange(1.0, 31).reshape(5, 6), np.resize([1.0, 1, 0, 1], (5, 6)), 0.3)


def test_all_dropped(student, compare):
    """With p_drop = 1 the gradient is 0, not nan."""
    compare(_all_dropped, DY)


def test_bad_input(student, compare):
    """A mask of another shape is a ValueError that names dy or mask, even if NumPy could broadcast it."""
    compare(_refused, DY, ((3, 2), (3,)))
    for shape in ((3, 2), (3,)):
        compare.refuses("dropout_backward", DY, np.ones(shape), 0.5, naming=("dy", "mask"))
