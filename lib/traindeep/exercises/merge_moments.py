"""Merging the means and variances of parts."""

import numpy as np

SIGNATURES = {"merge_moments": "parts -> n, mean, var"}
HINTS = (
    "Imagine all rows in one array. How much of their mean does a part with half of the rows decide? And how far from the "
    "common mean is a row on average, if its part lies far away as a whole?",
    "The mean is the average of the part means, weighted by n_k. A squared distance from the common mean has two parts: "
    "the variance inside the row's own part, and the squared distance from the mean of the part to the common mean.",
    "First n and mean, with weights n_k / n. Then var is the average, with the same weights, of "
    "var_k + (mean_k - mean)**2. Nothing is squared before it is subtracted, so large means do no harm.",
)

# Together: n = 8, mean = (2 * 1 + 6 * 5) / 8 = 4, variance = (2 * (1 + 9) + 6 * (3 + 1)) / 8 = 5.5 in the first feature.
A = (2, np.array([1.0, 0.0]), np.array([1.0, 0.25]))
B = (6, np.array([5.0, 2.0]), np.array([3.0, 0.0]))


def test_unequal_parts_by_hand(student, compare):
    """2 rows with mean 1 and variance 1, and 6 with mean 5 and variance 3: 8 rows with mean 4 and variance 5.5."""
    compare("merge_moments", [A, B])


def test_equal_parts_by_hand(student, compare):
    """Two rows each around 1 and around 5, all with variance 1: mean 3, and the variance is 1 + 4."""
    compare("merge_moments", [(2, np.array([1.0]), np.array([1.0])), (2, np.array([5.0]), np.array([1.0]))])


def test_single_rows(student, compare):
    """Parts of one row each, 1, 2 and 6: mean 3 and variance (4 + 1 + 9) / 3."""
    compare("merge_moments", [(1, np.array([value]), np.array([0.0])) for value in (1.0, 2.0, 6.0)])


def test_one_part(student, compare):
    """A part alone comes back as it is."""
    compare("merge_moments", [B])


def test_all_rows_together(student, rng):
    """The result is the mean and the variance of all rows in one array, also when they lie near 1e6."""
    for place in (0.0, 1e6):
        shards = [rng.normal(size=(n, 3)) + place + n for n in (3, 1, 5)]
        n, mean, var = student.merge_moments([(len(rows), rows.mean(axis=0), rows.var(axis=0)) for rows in shards])
        rows = np.concatenate(shards)
        assert n == 9, f"9 rows were merged, n is {n}"
        assert np.allclose(mean, rows.mean(axis=0), rtol=1e-9), "the mean is not the mean of all rows"
        assert np.allclose(var, rows.var(axis=0), rtol=1e-6), (
            f"the variance of rows near {place:g} is not the variance of all rows"
        )


def test_bad_input(student, compare):
    """An empty list, or a part of no rows, is a ValueError that names parts (or n)."""
    compare.refuses("merge_moments", [], naming=("parts", "n"))
    compare.refuses("merge_moments", [A, (0, np.zeros(2), np.zeros(2))], naming=("parts", "n"))
