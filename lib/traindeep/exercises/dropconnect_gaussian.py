"""Dropping single weights: two moments, and a Gaussian in the place of all masks."""

import numpy as np
from scipy import special

from traindeep import chance

SIGNATURES = {
    "dropconnect_moments": "W, v, p_keep -> mean, var",
    "dropconnect_infer": "W, v, p_keep, f, n, rng -> result",
}
HINTS = (
    "z_o is a sum of independent terms m W v, and m is 0 or 1. Mean and variance of one term first; then both add up. For "
    "the inference: is the mean of f(z) the same as f of the mean of z?",
    "The mean of m is p_keep, its variance p_keep (1 - p_keep), and a factor W v in front of m enters the variance as a "
    "square. For the inference draw a matrix of n rows and O columns, apply f to each entry, and only then average over "
    "the rows.",
    "terms = W * v has shape (O, I); sum terms, and terms**2, over axis 1. A generator's normal method takes the standard "
    "deviation: rng.normal(mean, np.sqrt(var), size=(n, len(mean))). Then f(z).mean(axis=0).",
)
W = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
V = np.array([2.0, 1.0, -1.0])
ROWS = 1500
BINS = 6


def _mean(student, W, v, p_keep):
    mean, _ = student.dropconnect_moments(W, v, p_keep)
    return {"mean": mean}


def _var(student, W, v, p_keep):
    _, var = student.dropconnect_moments(W, v, p_keep)
    return {"var": var}


def _law(student, p_keep, seed):
    """Facts about single draws of 3000 outputs, of two kinds: z itself comes back, because f does nothing."""
    W, v = np.repeat([[3.0, 1.0], [-1.0, 2.0]], ROWS, axis=0), np.array([2.0, 4.0])
    z = student.dropconnect_infer(W, v, p_keep, np.positive, 1, np.random.default_rng(seed))
    if np.shape(z) != (2 * ROWS,):
        return {"shape of the result": np.array(np.shape(z))}
    mean = p_keep * np.repeat([10.0, 6.0], ROWS)
    sd = np.sqrt(p_keep * (1 - p_keep) * np.repeat([52.0, 68.0], ROWS))
    u = special.ndtr((np.asarray(z, dtype=float) - mean) / sd).reshape(2, ROWS)
    counts = [np.histogram(part, np.linspace(0, 1, BINS + 1))[0] for part in u]
    above = u > 0.5
    return {
        "shape of the result": np.array(np.shape(z)),
        "draws of the first kind are normal with mean and var": chance.shares(counts[0], 1 / BINS),
        "draws of the second kind are normal with mean and var": chance.shares(counts[1], 1 / BINS),
        "share of neighbours that are both above their mean": chance.share(
            np.sum(above[:, ::2] & above[:, 1::2]), ROWS, 0.25
        ),
        "no draw is anything but the mean": bool(np.abs(z - mean).max() < 1e-9),
    }


def _signs(student, p_keep, n, seed):
    """Facts about averages of n signs: how many draws of n are positive has a binomial law."""
    W, v = np.repeat([[3.0, 1.0]], ROWS, axis=0), np.array([2.0, -4.0])
    result = student.dropconnect_infer(W, v, p_keep, np.sign, n, np.random.default_rng(seed))
    if np.shape(result) != (ROWS,):
        return {"shape of the result": np.array(np.shape(result))}
    positive = (np.asarray(result, dtype=float) + 1) / 2 * n
    share = special.ndtr(2 * p_keep / np.sqrt(52 * p_keep * (1 - p_keep)))
    hits = np.rint(positive[np.isfinite(positive)]).astype(int)
    one = np.abs(positive - np.rint(positive)) < 1e-6
    seen = np.sum(np.clip(hits, 0, n))
    return {
        "every result is an average of n signs": bool(one.all() and hits.min() >= 0 and hits.max() <= n),
        "share of positive draws": chance.share(seen, ROWS * n, share),
        "share of outputs of which all draws are positive": chance.share(np.sum(hits == n), ROWS, share**n),
    }


def _generator(student, seed):
    numbers = student.imported("numpy.random")
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    one, next_one = (student.dropconnect_infer(W, V, 0.6, np.tanh, 3, first) for _ in range(2))
    repeated = student.dropconnect_infer(W, V, 0.6, np.tanh, 3, again)
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same result": bool(np.array_equal(one, repeated)),
        "the next call gives another result": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_mean(student, compare):
    """The mean of an output is p_keep times what it would be with all weights."""
    compare(_mean, W, V, 0.5)
    compare(_mean, W, V, 0.8)


def test_var(student, compare):
    """The variance of an output is p_keep (1 - p_keep) times the sum of the squared terms."""
    compare(_var, W, V, 0.8)
    compare(_var, W, V, 0.5)


def test_nothing_dropped(student, compare):
    """With p_keep = 1 there is no variance, and the result is f of the usual pre-activation."""
    compare("dropconnect_moments", W, V, 1.0)
    compare("dropconnect_infer", W, V, 1.0, np.tanh, 4, np.random.default_rng(1))


def test_draws(student, compare):
    """Each output is drawn from a normal distribution with its mean and variance, and neighbours independently."""
    compare(_law, 0.8, seed=2)


def test_averages(student, compare):
    """f is applied to every draw, and the results are averaged."""
    compare(_signs, 0.6, 3, seed=3)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same result, and the next call gives another."""
    compare(_generator, seed=4)


def test_bad_input(student, compare):
    """A p_keep outside (0, 1], or an n below 1, is a ValueError that names the argument."""
    for wrong in (0.0, 1.2):
        compare.refuses("dropconnect_moments", W, V, wrong, naming=("p_keep",))
        compare.refuses("dropconnect_infer", W, V, wrong, np.tanh, 3, np.random.default_rng(0), naming=("p_keep",))
    compare.refuses("dropconnect_infer", W, V, 0.5, np.tanh, 0, np.random.default_rng(0), naming=("n",))
