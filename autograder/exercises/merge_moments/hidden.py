"""Hidden tests of merge_moments.

The mean is tested alone, and the variance in parts of equal size, too, where wrong weights do not show: a mistake in one
of them does not cost the points of the other.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"mean": 1, "variance": 2, "stability": 1}
SCALE, PLACE = np.array([1.0, 0.2, 5.0, 2.0]), np.array([0.0, 3.0, -50.0, 1.0])


def _shards(rng, sizes, place=0.0):
    """Rows of four features; parts differ in size, place and spread."""
    spread, shift = (rng.uniform(low, high, size=(len(sizes), 1, 4)) for low, high in ((0.5, 3), (-3, 3)))
    return [
        (rng.normal(size=(n, 4)) * spread[k] + shift[k]) * SCALE + PLACE + place for k, n in enumerate(sizes)
    ]  # fmt: skip


def _parts(shards):
    return [(len(rows), rows.mean(axis=0), rows.var(axis=0)) for rows in shards]


# Whoever writes into a part pays for it in test_parts_unchanged, so the others hand out copies.
def _copies(parts):
    return [(n, mean.copy(), var.copy()) for n, mean, var in parts]


def _mean(student, parts):
    n, mean, _ = student.merge_moments(_copies(parts))
    return {"n": n, "mean": mean}


def _variance(student, parts):
    return {"var": student.merge_moments(_copies(parts))[2]}


def _call(student, parts):
    """Nothing but whether the parts are as before is compared."""
    student.merge_moments(parts)
    return {}


def _far_away(student, parts, place):
    """What a shift does to the variance of an answer: nothing, if it computes carefully. And 3 X has 9 times the variance."""
    near = np.asarray(student.merge_moments(_copies(parts))[2])
    far = student.merge_moments([(n, mean + place, var.copy()) for n, mean, var in parts])[2]
    wide = np.asarray(student.merge_moments([(n, 3 * mean, 9 * var) for n, mean, var in parts])[2])
    change = np.abs(np.asarray(far) - near).max()
    sizes = ((1e-6, "less than 1e-6"), (1, "less than 1"), (np.inf, "1 or more"))
    return {
        # Which digits get lost depends on the order of the additions; that some do, does not.
        "a shift by 1e6 changes var by": next((name for limit, name in sizes if change < limit), "nan"),
        "var of 3 X minus 9 var of X": wide - 9 * near,
        "the variance is positive": bool(np.all(near > 0)),
    }


@part("mean")
def test_mean(compare, rng):
    """n is the number of all rows, and the mean is that of all rows, however unequal the parts are."""
    compare(_mean, _parts(_shards(rng, (5, 2, 9))))
    compare(_mean, _parts(_shards(rng, (1, 30))))


@part("mean")
def test_mean_of_all_rows(student, rng):
    """n and mean are those of the rows in one array, in any order of the parts."""
    shards = _shards(rng, (4, 7, 1, 2))
    rows = np.concatenate(shards)
    for order in (shards, shards[::-1]):
        n, mean, _ = student.merge_moments(_parts(order))
        assert n == 14, "n is not the number of all rows"
        assert np.shape(mean) == (4,), "the mean should have shape (D,)"
        assert np.allclose(mean, rows.mean(axis=0), atol=1e-8), "the mean is not that of all rows in one array"


@part("mean", supporting=True)
def test_bad_parts(compare, rng):
    """An empty list and a part whose number of rows is not positive are refused."""
    compare.refuses("merge_moments", [], naming=("parts", "n", "n_k"))
    for n in (0, -3):
        parts = _parts(_shards(rng, (3, 4)))
        parts[1] = (n, *parts[1][1:])
        compare.refuses("merge_moments", parts, naming=("parts", "n", "n_k"))
        compare.refuses("merge_moments", parts[1:], naming=("parts", "n", "n_k"))


@part("mean", supporting=True)
def test_parts_unchanged(compare, rng):
    """The parts are as they were."""
    compare(_call, _parts(_shards(rng, (5, 2, 9))))


@part("variance")
def test_variance(compare, rng):
    """The variance is that of all rows, divided by their number, for unequal parts."""
    compare(_variance, _parts(_shards(rng, (5, 2, 9))))
    compare(_variance, _parts(_shards(rng, (3, 8))))


@part("variance")
def test_variance_of_equal_parts(compare, rng):
    """The variance of parts of equal size contains the spread inside the parts and the spread between them."""
    compare(_variance, _parts(_shards(rng, (4, 4, 4))))
    compare(_variance, _parts(_shards(rng, (1, 1, 1, 1, 1))))


@part("variance")
def test_variance_of_special_parts(compare, rng):
    """One part alone, parts of a single row, and parts with the same mean are nothing special; nor are integers and float32."""
    compare(_variance, _parts(_shards(rng, (6,))))
    compare(_variance, _parts(_shards(rng, (1, 6, 1))))
    compare(_variance, [(n, PLACE, var) for n, _, var in _parts(_shards(rng, (2, 6, 3)))])
    compare(_variance, [(n, rng.integers(-9, 9, size=3), rng.integers(0, 9, size=3)) for n in (4, 7, 2)])
    narrow = [(n, mean.astype(np.float32), var.astype(np.float32)) for n, mean, var in _parts(_shards(rng, (5, 2)))]
    compare(_variance, narrow)


@part("variance")
def test_merging_in_stages(student, rng):
    """Merging some parts first and the rest later gives the variance of all rows in one array, in any order."""
    shards = _shards(rng, (4, 7, 2, 5))
    parts, expected = _parts(shards), np.concatenate(shards).var(axis=0)
    staged = [tuple(student.merge_moments(_copies(parts[:2]))), tuple(student.merge_moments(_copies(parts[2:])))]
    for given in (parts, parts[::-1], staged, [staged[1], *parts[:2]]):
        var = student.merge_moments(_copies(given))[2]
        assert np.shape(var) == (4,), "the variance should have shape (D,)"
        assert np.allclose(var, expected, atol=1e-7), "the variance is not that of all rows in one array"


@part("stability")
def test_far_from_zero(compare, rng):
    """Adding 1e6 to all rows does not change the variance: no difference of two huge numbers is taken."""
    compare(_far_away, _parts(_shards(rng, (5, 3, 9))), 1e6)


@part("stability")
def test_small_variance_far_from_zero(student, rng):
    """Variances near 1e-2 around means near 1e6 are merged with six correct digits."""
    parts = [(n, rng.normal(size=3) * 0.1, rng.uniform(0.5, 2, size=3) * 1e-2) for n in (4, 4, 4)]
    near = np.asarray(student.merge_moments(_copies(parts))[2])
    far = np.asarray(student.merge_moments([(n, mean + 1e6, var) for n, mean, var in _copies(parts)])[2])
    assert np.all((near > 1e-3) & (near < 1)), "the variance has the wrong size even near zero"
    assert np.ptp(near) > 1e-6, "all features have the same variance"
    # Adding 1e6 rounds the means to 1e-10, which changes the variance by about 1e-11.
    assert np.allclose(far, near, rtol=1e-6, atol=0), "digits of the variance are lost when the means are large"
