"""Believable wrong answers to bootstrap_indices, combine and ensemble_mse. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- bootstrap -------------------------------------------------------------------------------------------


def _checked(k):
    if k < 1:
        raise ValueError("k must be at least 1")
    return k


@replaces("bootstrap_indices")
def permutations(n, k, rng):
    """You draw without replacement: every set has every sample exactly once, so all members train on the same data. In a bootstrap set some samples are missing and others are there twice."""
    return np.stack([rng.permutation(n) for _ in range(_checked(k))])


@replaces("bootstrap_indices")
def one_set_for_all(n, k, rng):
    """You draw one set and give it to all members. Members that see the same data make the same errors: draw each set by itself."""
    return np.tile(rng.integers(n, size=n), (_checked(k), 1))


@replaces("bootstrap_indices")
def last_sample_never(n, k, rng):
    """You never draw the last sample. In rng.integers the upper end is not included, so it is n, not n - 1."""
    return rng.integers(max(n - 1, 1), size=(_checked(k), n))


@replaces("bootstrap_indices")
def counted_from_1(n, k, rng):
    """Your indices go from 1 to n. The first sample has index 0, and there is none with index n."""
    return rng.integers(1, n + 1, size=(_checked(k), n))


@replaces("bootstrap_indices")
def ends_half_as_often(n, k, rng):
    """You round uniform numbers to the nearest index, so the first and the last sample get half of the share of the others. rng.integers draws all of them alike."""
    return np.rint(rng.random((_checked(k), n)) * (n - 1)).astype(int)


@replaces("bootstrap_indices")
def sets_in_columns(n, k, rng):
    """Your sets are columns. A row is a set: the shape is (k, n)."""
    return rng.integers(n, size=(n, _checked(k)))


@replaces("bootstrap_indices")
def folds(n, k, rng):
    """You cut the samples into k parts, as for cross-validation. Each bootstrap set has n draws of its own, with replacement."""
    return np.stack(np.split(rng.permutation(n)[: n // _checked(k) * k], k))


@replaces("bootstrap_indices")
def distinct_share_only(n, k, rng):
    """Your sets have 0.632 n different samples each. That is how many different ones a bootstrap set has on average; the set itself has n draws, repeats included."""
    size = max(int(np.rint(0.632 * n)), 1)
    return np.stack([rng.choice(n, size, replace=False) for _ in range(_checked(k))])


@replaces("bootstrap_indices")
def not_whole_numbers(n, k, rng):
    """Your indices are not whole numbers, so they cannot pick rows of an array. rng.integers draws whole ones."""
    return rng.uniform(0, n, size=(_checked(k), n))


@replaces("bootstrap_indices")
def global_generator(n, k, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return np.random.randint(n, size=(_checked(k), n))


@replaces("bootstrap_indices")
def own_generator(n, k, rng):
    """You make a generator of your own with a fixed seed, so every call gives the same sets. Use the one that you are given."""
    return np.random.default_rng(0).integers(n, size=(_checked(k), n))


@replaces("bootstrap_indices")
def fresh_generator(n, k, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return np.random.default_rng().integers(n, size=(_checked(k), n))


# ---- combine ---------------------------------------------------------------------------------------------


def _right(probs, how):
    probs = np.asarray(probs, dtype=float)
    if how == "arith":
        return probs.mean(axis=0)
    if how == "geo":
        product = np.prod(probs ** (1 / len(probs)), axis=0)
        return product / product.sum(axis=1, keepdims=True)
    if how == "vote":
        return np.eye(probs.shape[2])[probs.argmax(axis=2)].mean(axis=0)
    raise ValueError("how is unknown")


@replaces("combine")
def geo_not_renormalized(probs, how):
    """Your "geo" rows do not add up to 1. A geometric mean of probabilities is smaller than the arithmetic one: divide by the sum over the classes."""
    return np.prod(probs ** (1 / len(probs)), axis=0) if how == "geo" else _right(probs, how)


@replaces("combine")
def geo_product_without_root(probs, how):
    """Your "geo" is the product, renormalized. Without the k-th root it becomes far too sure: k members that agree are taken for k pieces of evidence."""
    if how == "geo":
        product = np.prod(probs, axis=0)
        return product / product.sum(axis=1, keepdims=True)
    return _right(probs, how)


@replaces("combine")
def geo_sum_over_samples(probs, how):
    """In "geo" you divide by the sum over the samples or over everything. It is the classes of one sample that have to add up to 1."""
    if how == "geo":
        product = np.prod(probs ** (1 / len(probs)), axis=0)
        return product / product.sum()
    return _right(probs, how)


@replaces("combine")
def geo_with_a_small_number(probs, how):
    """In "geo" you add a small number before the logarithm. Its k-th root is not small, so a class that one member excludes comes back: the 0 has to stay."""
    if how == "geo":
        mean = np.exp(np.log(np.asarray(probs) + 1e-8).mean(axis=0))
        return mean / mean.sum(axis=1, keepdims=True)
    return _right(probs, how)


@replaces("combine")
def geo_log_of_zero_left_out(probs, how):
    """In "geo" you put 0 in the place of log 0. That is the logarithm of 1: the class that one member excludes is then one it finds certain."""
    if how == "geo":
        probs = np.asarray(probs)
        mean = np.exp(np.log(np.where(probs > 0, probs, 1)).mean(axis=0))
        return mean / mean.sum(axis=1, keepdims=True)
    return _right(probs, how)


@replaces("combine")
def geo_log_of_zero_spoils_the_row(probs, how):
    """Your "geo" gives nan where a member says 0: log 0 is minus infinity, and infinities were subtracted or multiplied by 0. The result there is 0."""
    if how == "geo":
        logs = np.log(np.asarray(probs)).mean(axis=0)
        mean = np.exp(logs - logs.min(axis=1, keepdims=True))
        return mean / mean.sum(axis=1, keepdims=True)
    return _right(probs, how)


@replaces("combine")
def vote_of_the_mean(probs, how):
    """Your "vote" averages first and takes the largest class then. One very sure member can outvote the others that way: each has one vote."""
    return np.eye(np.shape(probs)[2])[np.mean(probs, axis=0).argmax(axis=1)] if how == "vote" else _right(probs, how)


@replaces("combine")
def vote_winner_only(probs, how):
    """Your "vote" gives everything to the class with most votes. The result is the share of the votes of each class, ties included."""
    votes = _right(probs, how)
    return np.eye(np.shape(probs)[2])[votes.argmax(axis=1)] if how == "vote" else votes


@replaces("combine")
def vote_counts(probs, how):
    """Your "vote" counts the votes. Divide by the number of members, so that each row adds up to 1."""
    return _right(probs, how) * (len(probs) if how == "vote" else 1)


@replaces("combine")
def vote_over_members(probs, how):
    """Your "vote" looks for the member that is most sure of a class. It is the other way round: each member looks for the class that it is most sure of."""
    if how == "vote":
        probs = np.asarray(probs)
        return (probs == probs.max(axis=0)).mean(axis=0)
    return _right(probs, how)


@replaces("combine")
def softmax_again(probs, how):
    """In "arith" you apply softmax to the mean. These are probabilities already, and softmax makes them almost equal."""
    p = _right(probs, how)
    return np.exp(p) / np.exp(p).sum(axis=1, keepdims=True) if how == "arith" else p


@replaces("combine")
def added_up(probs, how):
    """In "arith" you add the members up. Divide by their number, or the rows do not add up to 1."""
    return np.sum(probs, axis=0) if how == "arith" else _right(probs, how)


@replaces("combine")
def mean_over_samples(probs, how):
    """In "arith" you average over the samples. The members are on axis 0, and every sample keeps its row."""
    return np.mean(probs, axis=1) if how == "arith" else _right(probs, how)


@replaces("combine")
def always_arithmetic(probs, how):
    """You return the arithmetic mean whatever how says. There are three ways to combine, and anything else is refused."""
    _right(probs, how)
    return np.mean(probs, axis=0)


@replaces("combine")
def root_in_place(probs, how):
    """You take the root of the caller's probabilities in place (**= does). Whoever uses them afterwards gets other numbers."""
    result = _right(probs, how)
    if isinstance(probs, np.ndarray):
        probs **= 1 / len(probs) if len(probs) > 1 else 0.5
    return result


# ---- mse -------------------------------------------------------------------------------------------------


def _valid(var, cov, k):
    if k < 1:
        raise ValueError("k must be at least 1")
    if cov > var:
        raise ValueError("cov must be at most var")


@replaces("ensemble_mse")
def cov_ignored(var, cov, k):
    """You divide var by k and leave cov out. That is right for errors that have nothing to do with each other; common errors stay, however many models there are."""
    _valid(var, cov, k)
    return var / k


@replaces("ensemble_mse")
def var_over_k_squared(var, cov, k):
    """You divide var by k^2. Among the k^2 products of errors there are k squares, so var gets k / k^2."""
    _valid(var, cov, k)
    return var / k**2 + (k - 1) / k * cov


@replaces("ensemble_mse")
def cov_subtracted(var, cov, k):
    """You subtract cov. Errors that go together make an average worse, not better: the term is added."""
    _valid(var, cov, k)
    return var - cov * k


@replaces("ensemble_mse")
def cov_subtracted_from_the_share(var, cov, k):
    """You subtract the share of cov. Errors that go together make an average worse, not better: the term is added."""
    _valid(var, cov, k)
    return var / k - (k - 1) / k * cov


@replaces("ensemble_mse")
def falls_in_a_straight_line(var, cov, k):
    """Your error falls by the same amount with each model. It falls like 1 / k: the second model takes away half of what it can, the hundredth almost nothing."""
    _valid(var, cov, k)
    return var * (1 - (k - 1) / 10)


@replaces("ensemble_mse")
def cov_in_full(var, cov, k):
    """You add cov in full. A share 1 / k of the products are squares, so cov has the factor (k - 1) / k; with one model there is no second one to vary with."""
    _valid(var, cov, k)
    return var / k + cov


@replaces("ensemble_mse")
def cov_over_k(var, cov, k):
    """You divide cov by k, so that everything averages out. Of the k^2 products, k (k - 1) are covariances: their share grows with k."""
    _valid(var, cov, k)
    return var / k + cov / k


@replaces("ensemble_mse")
def covariances_not_averaged(var, cov, k):
    """Your covariances grow with the number of models: k (k - 1) of them are divided by k^2, not by k."""
    _valid(var, cov, k)
    return var / k + (k - 1) * cov


@replaces("ensemble_mse")
def each_pair_once(var, cov, k):
    """You count each pair of models once. In the square of a sum a product of two different errors is there twice."""
    _valid(var, cov, k)
    return var / k + (k - 1) / (2 * k) * cov


@replaces("ensemble_mse")
def deviation(var, cov, k):
    """You return the root. The mean squared error is asked for, without a root."""
    _valid(var, cov, k)
    return np.sqrt(var / k + (k - 1) / k * cov)
