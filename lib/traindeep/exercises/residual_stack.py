"""A plain network composes its functions, a residual network adds them up."""

import numpy as np

SIGNATURES = {"compose": "fs, x -> x_L", "residual_forward": "fs, x -> y, branches"}
HINTS = (
    "Write down three blocks of each kind by hand. In the plain network, what does the second function see? And in the "
    "residual one?",
    "Both are a loop that carries one array along. In compose the function's result replaces it. In residual_forward the "
    "result is a branch: keep it, and add it to the array that you carry; the next function sees the sum.",
    "y = y + branch makes a new array; y += branch writes into the old one, which may be the caller's x, or a branch that "
    "you have just put into the list. np.shape(branch) != np.shape(y) is the question to ask before you add.",
)


def _double(x):
    return 2 * x


def _add_one(x):
    return x + 1


def _square(x):
    return x**2


def _same(x):
    return x


def _forward(student, fs, x):
    y, branches = student.residual_forward(list(fs), np.array(x))
    return {"y": y, "branches": [np.array(branch) for branch in branches]}


def _calls(student, x):
    seen = [0, 0]

    def counting(i):
        def f(v):
            seen[i] += 1
            return v + i

        return f

    student.residual_forward([counting(0), counting(1)], np.array(x))
    return {"calls of each function": list(seen)}


def _empty(student, name, x):
    try:
        result = getattr(student, name)([], np.array(x))
    except (IndexError, ValueError, TypeError):
        return {"an empty list is accepted": False}
    return {"an empty list is accepted": True, "result": np.array(result[0] if name == "residual_forward" else result)}


def _refused(student, wrong, x):
    facts = []
    for f in wrong:
        try:
            student.residual_forward([f], np.array(x))
            facts.append(False)
        except ValueError:
            facts.append(True)
    return {"refused": facts}


def test_compose_by_hand(student, compare):
    """Doubled, one added and squared, 3 becomes 6, 7 and 49."""
    compare("compose", [_double, _add_one, _square], np.array([3.0, 0.5]))
    compare("compose", [_square, lambda x: x.sum(axis=0)], np.array([[1.0, 2.0], [3.0, 4.0]]))


def test_residual_by_hand(student, compare):
    """With the same functions 1 becomes 1 + 2 = 3, then 3 + 4 = 7, then 7 + 49 = 56; the branches are 2, 4 and 49."""
    compare(_forward, [_double, _add_one, _square], np.array([1.0, -0.5]))


def test_three_scalar_maps(student, compare):
    """Three scalar maps, 0.3 x, 0.5 x and 0.7 x: x is multiplied by 1.3, 1.5 and 1.7, so that 1 becomes 3.315."""
    compare(_forward, [lambda x: 0.3 * x, lambda x: 0.5 * x, lambda x: 0.7 * x], np.array([1.0]))


def test_empty_list(student, compare):
    """Without functions both return x."""
    compare(_empty, "compose", np.array([1.0, 2.0]))
    compare(_empty, "residual_forward", np.array([1.0, 2.0]))


def test_nothing_is_changed(student, compare):
    """x stays as it was; so do the branches, even of a function that returns its argument itself."""
    compare("residual_forward", [_double, _square], np.array([1.0, 2.0]))
    compare("compose", [_double, _square], np.array([1.0, 2.0]))
    compare(_forward, [_same, _same], np.array([1.0, 2.0]))


def test_whole_numbers(student, compare):
    """Whole numbers are fine, and nothing is cut off."""
    compare(_forward, [lambda x: x / 4, np.sqrt], np.array([1, 2]))


def test_calls(student, compare):
    """Each function is called once."""
    compare(_calls, np.array([1.0]))


def test_bad_input(student, compare):
    """A function that changes the shape is a ValueError that names fs, also where the sum would broadcast."""
    compare(_refused, [lambda x: x.sum(), lambda x: np.stack([x, x])], np.array([1.0, 2.0]))
    compare.refuses("residual_forward", [_double, lambda x: x[:1]], np.array([1.0, 2.0]), naming=("fs", "f", "x"))
