"""Population statistics from the batches of one epoch."""

import numpy as np

SIGNATURES = {"bn_population_stats": "batches, method -> mean, std"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Which quantity is averaged over the batches in each method: deviations, variances, or nothing at all because the rows "
    "are put together first? And where does the square root come, before or after the average?",
    "'eq4' averages the biased deviations. 'alg2' averages the unbiased variances, each with its own n_k, and takes one root "
    "at the end. 'pooled' forgets where one batch ends and the next begins. The first two count every batch the same.",
    "[b.mean(axis=0) for b in batches] is a list of K means; np.mean(that list, axis=0) averages it. b.std(axis=0) is biased "
    "and b.var(axis=0, ddof=1) unbiased. np.concatenate(batches) has all rows. Check method, batches and n_k first.",
)

BATCHES = [
    np.array([[1.0, 10.0], [3.0, 30.0]]),  # means 2 and 20, biased deviations 1 and 10
    np.array([[1.0, 0.0], [5.0, 0.0], [5.0, 8.0], [1.0, 8.0]]),  # means 3 and 4, biased deviations 2 and 4
]
SORTED = [np.full((3, 1), 1.0), np.full((3, 1), 5.0)]


def _with_a_single_row(student, batches, method):
    # Without it first: an answer that raises for every input is not one that refuses a single row.
    student.bn_population_stats(batches[:-1], method)
    try:
        mean, std = student.bn_population_stats(batches, method)
    except ValueError:
        return {"a batch of one row is accepted": False}
    return {"a batch of one row is accepted": True, "mean": mean, "std": std}


def test_eq4(student, compare):
    """Method "eq4" averages the batch means 2 and 3 to 2.5 and the batch deviations 1 and 2 to 1.5."""
    compare("bn_population_stats", BATCHES, "eq4")


def test_alg2(student, compare):
    """Method "alg2" averages the unbiased variances 2/1 * 1 and 4/3 * 4 and takes the root of 11/3."""
    compare("bn_population_stats", BATCHES, "alg2")


def test_pooled(student, compare):
    """Method "pooled" is the mean and the biased standard deviation of all six rows."""
    compare("bn_population_stats", BATCHES, "pooled")


def test_pooled_sees_the_spread_between_batches(student, compare):
    """Batches of constants, 1, 1, 1 and 5, 5, 5, have deviation 0 each, but together the deviation 2."""
    compare("bn_population_stats", SORTED, "pooled")


def test_single_row(student, compare):
    """A last batch of a single row has deviation 0 in "eq4" and is a row like any other in "pooled"."""
    short = [*BATCHES, np.array([[9.0, 2.0]])]
    compare(_with_a_single_row, short, "eq4")
    compare(_with_a_single_row, short, "pooled")


def test_bad_input(student, compare):
    """No batches, an unknown method, or "alg2" with a batch of one row is a ValueError that names the argument."""
    compare.refuses("bn_population_stats", [], "eq4", naming=("batches",))
    compare.refuses("bn_population_stats", BATCHES, "mean", naming=("method",))
    compare.refuses("bn_population_stats", [*BATCHES, BATCHES[0][:1]], "alg2", naming=("batches", "method"))
