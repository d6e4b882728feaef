"""Believable wrong answers to smooth_labels and convert_eps. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- smooth_labels ---------------------------------------------------------------------------------------


def _checked(y, C, eps, convention):
    if C < 2:
        raise ValueError("C must be at least 2")
    if not 0 <= eps <= 1:
        raise ValueError("eps must be in [0, 1]")
    if np.any(np.asarray(y) < 0) or np.any(np.asarray(y) >= C):
        raise ValueError("y must be in 0..C-1")
    if convention not in ("torch", "others"):
        raise ValueError("convention must be torch or others")
    return np.eye(C)[np.asarray(y)]


def _right(y, C, eps, convention):
    one_hot = _checked(y, C, eps, convention)
    if convention == "torch":
        return (1 - eps) * one_hot + eps / C
    return (1 - eps) * one_hot + eps / (C - 1) * (1 - one_hot)


def _filled(one_hot, on, off):
    return np.where(one_hot == 1, on, off)


@replaces("smooth_labels")
def conventions_swapped(y, C, eps, convention="torch"):
    """You have the two conventions the wrong way round. In "torch" eps is spread over all C classes, the right one too; in "others" over the C - 1 wrong ones."""
    _checked(y, C, eps, convention)
    return _right(y, C, eps, "others" if convention == "torch" else "torch")


@replaces("smooth_labels")
def always_torch(y, C, eps, convention="torch"):
    """You return the targets of "torch" whatever convention says. In "others" the right class keeps exactly 1 - eps."""
    _checked(y, C, eps, convention)
    return _right(y, C, eps, "torch")


@replaces("smooth_labels")
def always_others(y, C, eps, convention="torch"):
    """You return the targets of "others" whatever convention says. In "torch" the right class gets its share eps / C as well."""
    _checked(y, C, eps, convention)
    return _right(y, C, eps, "others")


@replaces("smooth_labels")
def torch_sums_below_1(y, C, eps, convention="torch"):
    """In "torch" your rows add up to 1 - eps / C, which is below 1. What is taken away is spread over all C classes: the right one gets eps / C back."""
    one_hot = _checked(y, C, eps, convention)
    return _filled(one_hot, 1 - eps, eps / C) if convention == "torch" else _right(y, C, eps, convention)


@replaces("smooth_labels")
def others_sums_below_1(y, C, eps, convention="torch"):
    """In "others" your rows add up to less than 1. Here eps is shared by C - 1 classes, not by C."""
    one_hot = _checked(y, C, eps, convention)
    return _filled(one_hot, 1 - eps, eps / C) if convention == "others" else _right(y, C, eps, convention)


@replaces("smooth_labels")
def sums_above_1(y, C, eps, convention="torch"):
    """In "torch" your rows add up to more than 1. The right class gets eps / C back, so only (C - 1) / C of eps is left for C - 1 classes: eps / C each."""
    one_hot = _checked(y, C, eps, convention)
    on = 1 - eps + eps / C
    return _filled(one_hot, on, eps / (C - 1)) if convention == "torch" else _right(y, C, eps, convention)


@replaces("smooth_labels")
def eps_subtracted_everywhere(y, C, eps, convention="torch"):
    """You subtract the same number from all classes, so wrong classes get negative probabilities. Take eps from the right class and give it to others."""
    one_hot = _checked(y, C, eps, convention)
    return one_hot - eps / C if convention == "torch" else one_hot - eps / (C - 1)


@replaces("smooth_labels")
def eps_added_without_scale(y, C, eps, convention="torch"):
    """You add eps / C to the one-hot row, so it adds up to 1 + eps. The 1 has to become 1 - eps first."""
    one_hot = _checked(y, C, eps, convention)
    return one_hot + eps / C if convention == "torch" else one_hot + eps / (C - 1) * (1 - one_hot)


@replaces("smooth_labels")
def wrong_classes_found_by_zero(y, C, eps, convention="torch"):
    """You take every 0 of a row for a wrong class. With eps = 1 the right class is 0 as well: ask y which class is right."""
    targets = (1 - eps) * _checked(y, C, eps, convention)
    if convention == "torch":
        return targets + eps / C
    targets[targets == 0] = eps / (C - 1)
    return targets


@replaces("smooth_labels")
def right_class_kept_ahead(y, C, eps, convention="torch"):
    """You stop the smoothing where the right class would no longer be the most likely one. The formula goes on: with a large eps in "others" it gets least of all."""
    _checked(y, C, eps, convention)
    return _right(y, C, min(eps, (C - 1) / C) if convention == "others" else eps, convention)


@replaces("smooth_labels")
def end_refused(y, C, eps, convention="torch"):
    """You refuse eps = 1. Both ends belong to [0, 1]: it is full smoothing."""
    if eps == 1:
        raise ValueError("eps must be below 1")
    return _right(y, C, eps, convention)


@replaces("smooth_labels")
def whole_number_one_hot(y, C, eps, convention="torch"):
    """You write the targets into an array of whole numbers, which cuts off what is behind the point. Make the one-hot array a float one."""
    return _right(y, C, eps, convention).astype(int)


@replaces("smooth_labels")
def y_made_a_flat_index(y, C, eps, convention="torch"):
    """You add to y in place (+= does) to make flat indices of it. The caller's labels are changed: work on a new array."""
    targets = _right(y, C, eps, convention)
    if isinstance(y, np.ndarray):
        y += C * np.arange(len(y))
    return targets


@replaces("smooth_labels")
def smoothed_twice(y, C, eps, convention="torch"):
    """You smooth twice: the targets that you start from are smoothed already. Start from the one-hot rows."""
    targets = _right(y, C, eps, convention)
    if convention == "torch":
        return (1 - eps) * targets + eps / C
    return (1 - eps) * targets + eps / (C - 1) * (1 - targets)


@replaces("smooth_labels")
def classes_in_rows(y, C, eps, convention="torch"):
    """Your rows are classes. A row is an example: the shape is (N, C)."""
    return _right(y, C, eps, convention).T


@replaces("smooth_labels")
def classes_from_1(y, C, eps, convention="torch"):
    """You count classes from 1, so everything is one class too low. The first class is 0, and y = 0 wraps around to the last one in your code."""
    _checked(y, C, eps, convention)
    return _right((np.asarray(y) - 1) % C, C, eps, convention)


@replaces("smooth_labels")
def negative_class_wraps(y, C, eps, convention="torch"):
    """You accept negative classes. np.eye(C)[-1] is the last class for NumPy; for a label it is an error that nobody sees, so look at y.min() yourself."""
    return _right(np.where(np.asarray(y) < 0, np.asarray(y) % C, y), C, eps, convention)


@replaces("smooth_labels")
def eps_for_the_right_class(y, C, eps, convention="torch"):
    """Your right class gets eps, and the others share the rest. eps is what is taken away from the right one."""
    _checked(y, C, eps, convention)
    return _right(y, C, 1 - eps, convention)


# ---- convert_eps -----------------------------------------------------------------------------------------


def _converted(eps, C, value):
    if C < 2:
        raise ValueError("C must be at least 2")
    if not 0 <= eps <= 1:
        raise ValueError("eps must be in [0, 1]")
    return float(value())


@replaces("convert_eps")
def converted_backwards(eps, C):
    """You convert in the other direction, from "torch" to "others". A wrong class gets eps / (C - 1), which has to be e / C: so e is larger than eps."""
    return _converted(eps, C, lambda: eps * (C - 1) / C)


@replaces("convert_eps")
def not_converted(eps, C):
    """You return eps as it is. The same eps gives a wrong class 1 / (C - 1) of it in "others" and only 1 / C of it in "torch"."""
    return _converted(eps, C, lambda: eps)


@replaces("convert_eps")
def capped_at_1(eps, C):
    """You cap the result at 1. For an eps near 1 it is larger, and that it is impossible in "torch" is what it tells you."""
    return _converted(eps, C, lambda: min(eps * C / (C - 1), 1))


@replaces("convert_eps")
def share_of_a_wrong_class(eps, C):
    """You return what one wrong class gets, eps / (C - 1). In "torch" that is e / C, and e is asked for."""
    return _converted(eps, C, lambda: eps / (C - 1))


@replaces("convert_eps")
def only_times_C(eps, C):
    """You multiply by C but do not divide by C - 1. A wrong class gets eps / (C - 1); set that equal to e / C."""
    return _converted(eps, C, lambda: eps * C)


@replaces("convert_eps")
def one_class_too_many(eps, C):
    """You divide C + 1 by C. The wrong classes are C - 1, all classes are C: the factor is C / (C - 1)."""
    return _converted(eps, C, lambda: eps * (C + 1) / C)
