"""Hidden tests of ln_forward.

Exact values (divisor, eps) and scale and shift count in "rows" only: elsewhere gamma = 1, beta = 0, and sets are long
or tolerances wide.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"rows": 2, "time steps": 1, "independence": 1, "edges": 1}


def _values(rng, shape):
    """Rows and features that differ in place and scale; the positions within x differ, too."""
    x = rng.normal(size=shape)
    for axis, size in enumerate(shape):
        along = np.reshape(np.linspace(-1.5, 2, size), [-1 if a == axis else 1 for a in range(len(shape))])
        x = (x + (axis + 1) * along) * np.exp(along / 2)
    return x


def _gamma_beta(rng, d=4):
    return rng.uniform(1, 2, d) * np.resize([1, -1], d), rng.uniform(1, 2, d)


# Whoever writes into x pays for it in test_kinds_of_numbers, so the others hand out copies.
def _of_copies(student, x, gamma, beta, **settings):
    return {"y": student.ln_forward(x.copy(), gamma.copy(), beta.copy(), **settings)}


def _normalized(student, x, **settings):
    d = x.shape[-1]
    return {"y": student.ln_forward(x.copy(), np.ones(d), np.zeros(d), **settings)}


def _scale_and_shift(student, x, gamma, beta):
    xhat = _normalized(student, x)["y"]
    return {"y - (gamma * xhat + beta)": _of_copies(student, x, gamma, beta)["y"] - (gamma * xhat + beta)}


def _kinds_of_numbers(student, x, whole):
    """What whole numbers, float32 and another memory order change."""

    def y(a):
        return _normalized(student, a)["y"]

    return {
        "y of whole numbers minus y of real numbers": y(whole) - y(whole.astype(float)),
        "y of float32 minus y of float64": y(x.astype(np.float32)) - y(x.astype(np.float32).astype(float)),
        "y of a transposed array minus y": y(x.T.copy().T) - y(x),
    }


def _one_row(student, x):
    # The batch first: an answer that raises for every input is not one that refuses a single row.
    _normalized(student, x)
    try:
        y = _normalized(student, x[:1])["y"]
    except ValueError:
        return {"one row alone is accepted": False, "y": None}
    return {"one row alone is accepted": True, "y": y}


def _call(student, x, gamma, beta):
    """Nothing but whether the arguments are as before is compared."""
    student.ln_forward(x, gamma, beta)
    return {}


@part("rows")
def test_values(compare, rng):
    """Every row has its own mean and biased variance; eps is inside the square root, and 1e-5 unless it is given."""
    compare(_normalized, _values(rng, (7, 4)), eps=0.1)
    compare(_normalized, 0.01 * _values(rng, (5, 3)))


@part("rows")
def test_statistics_of_y(student, rng):
    """Every row of y has mean 0 and deviation 1 (for gamma = 1, beta = 0), whatever the place and scale of the row of x."""
    x = _values(rng, (5, 31)) * rng.uniform(1, 20, size=(5, 1))
    y = student.ln_forward(x.copy(), np.ones(31), np.zeros(31))
    assert np.shape(y) == x.shape, "y does not have the shape of x"
    assert np.allclose(np.mean(y, axis=1), 0, atol=1e-6), "the mean of a row is not 0"
    # Dividing by 30 instead of 31 is no matter here.
    assert np.allclose(np.std(y, axis=1), 1, atol=0.05), "the deviation of a row is not 1"
    moved = student.ln_forward(3 * x + rng.normal(size=(5, 1)), np.ones(31), np.zeros(31))
    assert np.allclose(y, moved, atol=0.05), "y changes with the place and scale of a row"


@part("rows")
def test_scale_and_shift(compare, rng):
    """y is gamma times the normalized row, plus beta, with one gamma and one beta per feature."""
    compare(_scale_and_shift, _values(rng, (7, 4)), *_gamma_beta(rng))


@part("rows")
def test_as_many_rows_as_features(compare, rng):
    """Where there are as many rows as features, gamma and beta still lie along the features."""
    compare(_of_copies, _values(rng, (4, 4)), *_gamma_beta(rng), eps=0.1)


@part("time steps")
def test_three_and_four_axes(compare, rng):
    """In (N, T, D), and with one axis more, every position has its own mean and variance over the last axis."""
    # 29 features: dividing by 28 changes y by less than 0.1, and costs its points in another part.
    compare.within(rtol=0, atol=0.15)(_normalized, _values(rng, (3, 5, 29)))
    compare.within(rtol=0, atol=0.15)(_normalized, _values(rng, (2, 3, 5, 29)))


@part("time steps")
def test_later_steps_do_not_matter(student, rng):
    """Changing one time step of one sequence changes that step of y and no other."""
    x = _values(rng, (3, 5, 4))
    y = student.ln_forward(x.copy(), np.ones(4), np.zeros(4))
    assert not np.allclose(y, x, atol=0.1), "y is x"
    x[1, 3] += rng.uniform(1, 2, 4) * np.array([1, -2, 3, 0])
    changed = student.ln_forward(x, np.ones(4), np.zeros(4))
    assert np.shape(y) == x.shape, "y does not have the shape of x"
    moved = ~np.isclose(y, changed, atol=1e-8).all(axis=-1)
    assert moved[1, 3], "y does not change with x"
    assert moved.sum() == 1, "time steps leak into each other"


@part("independence")
def test_rows_do_not_see_each_other(student, rng):
    """A row of y is the same in any company, also alone."""
    x = _values(rng, (6, 4))
    y = student.ln_forward(x.copy(), np.ones(4), np.zeros(4))
    assert np.shape(y) == x.shape, "y does not have the shape of x"
    assert np.all(np.abs(y) < 1e6), "y is not finite"
    assert not np.allclose(y, x, atol=0.1), "y is x"
    assert np.all(np.std(y, axis=1) > 0.1), "a row of y is (nearly) constant"
    alone = np.concatenate([student.ln_forward(row.copy(), np.ones(4), np.zeros(4)) for row in np.split(x, 6)])
    assert np.allclose(y, alone, atol=1e-8), "a row alone gives something else than in company"
    assert np.allclose(student.ln_forward(x[::-1].copy(), np.ones(4), np.zeros(4))[::-1], y, atol=1e-8), (
        "the order of the rows matters"
    )


@part("independence")
def test_one_row(compare, rng):
    """One row alone is accepted and normalized with its own statistics."""
    compare.within(rtol=0, atol=0.15)(_one_row, _values(rng, (3, 29)))


@part("edges")
def test_constant_rows(compare, rng):
    """A row of equal values comes out as beta, the other rows as usual."""
    x = _values(rng, (6, 29))
    x[2] = 8.0
    compare.within(rtol=0, atol=0.15)(_normalized, x)


@part("edges")
def test_one_feature(student, rng):
    """With one feature only, y is beta whatever x is, and a single position (D,) is normalized like a row."""
    y = student.ln_forward(rng.normal(size=(5, 1)), np.array([3.0]), np.array([-2.0]))
    assert np.allclose(y, np.full((5, 1), -2.0), atol=1e-6), "y is not beta"
    x = _values(rng, (2, 6))
    both = student.ln_forward(x.copy(), np.ones(6), np.zeros(6))
    one = student.ln_forward(x[1].copy(), np.ones(6), np.zeros(6))
    assert np.shape(one) == (6,), "y does not have the shape of x"
    assert 0.1 < np.std(one) < 10, "y is constant or not finite"
    assert np.allclose(one, both[1], atol=1e-6), "x of shape (D,) is not normalized like a row"


@part("edges", supporting=True)
def test_kinds_of_numbers(compare, rng):
    """Whole numbers, float32 and arrays in another memory order work, and the arguments are left as they were."""
    compare(_call, _values(rng, (6, 5)), *_gamma_beta(rng, 5))
    compare.within(rtol=0, atol=1e-4)(_kinds_of_numbers, _values(rng, (6, 5)), rng.integers(-5, 9, size=(3, 2, 5)))


@part("edges", supporting=True)
def test_wrong_shapes(compare, rng):
    """A gamma or beta that is not (D,) is refused, also where it would broadcast."""
    x = rng.normal(size=(5, 2, 3))
    for wrong in ((2,), (1,), (2, 3), (5, 2, 3)):
        compare.refuses("ln_forward", x, np.ones(wrong), np.zeros(3), naming=("gamma",))
        compare.refuses("ln_forward", x, np.ones(3), np.ones(wrong), naming=("beta",))
