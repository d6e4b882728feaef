"""Hidden tests of init_weights: statistics of large draws, so that any law and any method of the generator will do.

Weights have mean 0 and a kurtosis of 6 at most (Laplace), so the variance of n of them has a standard deviation of
sqrt(5 / n) times itself at most; chance.near allows 6.11 of those, 3.1 % for the 200,000 here. The part
"variance" takes either orientation and looks at the spread about the mean: shape and mean are the affair of another part.
"""

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"variance": 2, "shape and mean": 1, "rng": 1}
RULES = {"xavier": (1, 0), "kaiming": (2, 0), "glorot": (2, 1)}  # numerator, and whether fan_out counts


def _rule(fan_in, fan_out, kind):
    top, both = RULES[kind]
    return top / (fan_in + both * fan_out)


def _draw(student, fan_in, fan_out, kind, seed):
    return np.asarray(student.init_weights(fan_in, fan_out, kind, np.random.default_rng(seed)), dtype=float)


def _steps(ratio, n):
    """How many steps of 10 % the variance of n weights is away from the rule: 0 where chance explains the ratio."""
    if chance.near(ratio, 1, np.sqrt(5 / n)):
        return 0
    with np.errstate(all="ignore"):
        steps = np.log(ratio) / np.log(1.1)
    if not np.isfinite(steps):
        return "none"
    return int(np.rint(steps)) or ("a little less" if steps < 0 else "a little more")


def _variance(student, fan_in, fan_out, kind, seed):
    W = _draw(student, fan_in, fan_out, kind, seed)
    steps = _steps(W.var() / _rule(fan_in, fan_out, kind), fan_in * fan_out)
    return {"variance of W, in steps of 10 % away from the rule": steps}


def _shape_and_mean(student, fan_in, fan_out, kind, seed):
    """The mean is compared with its spread, and its sign is told apart."""
    W = _draw(student, fan_in, fan_out, kind, seed)
    off = W.mean() / np.sqrt(_rule(fan_in, fan_out, kind) / W.size)
    return {
        "shape of W": np.array(W.shape),
        "mean of W, 0 for about 0": float(0 if chance.near(off, 0, 1) else np.sign(off)),
    }


def _generator(student, fan_in, fan_out, kind, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = (student.init_weights(fan_in, fan_out, kind, first) for _ in range(2))
    repeated = student.init_weights(fan_in, fan_out, kind, again)
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same weights": bool(np.array_equal(one, repeated)),
        "the next call gives other weights": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _mean_squares(student, rng, kind, bend):
    """Mean square of a random vector after 1, 2, ... layers of 250 to 320, divided by what it was."""
    h = rng.normal(size=250)
    sizes, start = [], np.mean(h**2)
    for fan_in in range(250, 320, 10):
        W = _draw(student, fan_in, fan_in + 10, kind, int(rng.integers(2**32)))
        W = W if W.shape == (fan_in + 10, fan_in) else W.reshape(fan_in, fan_in + 10).T
        z = (W - W.mean()) @ h
        sizes.append(np.mean(z**2) / start)
        h = bend(z)
    return np.array(sizes)


# ---- variance --------------------------------------------------------------------------------------------


@part("variance")
def test_variance_of_xavier(compare, rng):
    """ "xavier" weights have the variance 1 / fan_in, for wide layers and for narrow ones."""
    compare(_variance, 400, 500, "xavier", seed=int(rng.integers(2**32)))
    compare(_variance, 5, 40_000, "xavier", seed=int(rng.integers(2**32)))


@part("variance")
def test_variance_of_kaiming(compare, rng):
    """ "kaiming" weights have the variance 2 / fan_in, for wide layers and for narrow ones."""
    compare(_variance, 400, 500, "kaiming", seed=int(rng.integers(2**32)))
    compare(_variance, 40_000, 5, "kaiming", seed=int(rng.integers(2**32)))


@part("variance")
def test_variance_of_glorot(compare, rng):
    """ "glorot" weights have the variance 2 / (fan_in + fan_out), and the two fans are interchangeable."""
    compare(_variance, 300, 700, "glorot", seed=int(rng.integers(2**32)))
    compare(_variance, 2_000, 100, "glorot", seed=int(rng.integers(2**32)))


@part("variance")
def test_signals_keep_their_size(student, rng):
    """A signal keeps its size through seven layers: "kaiming" with ReLU between them, "xavier" with nothing between them."""
    # Per layer the mean square varies by 5 / 250 of its square at most: over seven layers its logarithm has a standard
    # deviation of 0.37 with ReLU, so a factor of 10 is 6.2 of them; a rule that loses half per layer loses 128.
    relu = _mean_squares(student, rng, "kaiming", lambda z: np.maximum(z, 0))
    plain = _mean_squares(student, rng, "xavier", lambda z: z)
    assert 0.2 < relu[-1] < 20, "seven layers with ReLU and kaiming weights do not keep the size of a signal"
    assert 0.1 < plain[-1] < 10, "seven linear layers with xavier weights do not keep the size of a signal"


@part("variance", supporting=True)
def test_bad_input(compare, rng):
    """A fan that is not positive and an unknown kind are refused."""
    for wrong in (0, -3):
        for kind in RULES:
            compare.refuses("init_weights", wrong, 4, kind, np.random.default_rng(1), naming=("fan_in",))
            compare.refuses("init_weights", 4, wrong, kind, np.random.default_rng(1), naming=("fan_out",))
    for kind in ("he", "Xavier", ""):
        compare.refuses("init_weights", 3, 4, kind, np.random.default_rng(1), naming=("kind",))


# ---- shape and mean --------------------------------------------------------------------------------------


@part("shape and mean", supporting=True)
def test_shape_and_mean(compare, rng):
    """W has the shape (fan_out, fan_in) and the mean 0, for each of the three kinds."""
    for kind in RULES:
        compare(_shape_and_mean, 200, 300, kind, seed=int(rng.integers(2**32)))


@part("shape and mean", supporting=True)
def test_small_layers(compare, rng):
    """Layers with a single input or a single output have weights of the documented shape, too."""
    for fan_in, fan_out in ((1, 4), (3, 1), (np.int64(2), np.int64(3))):
        compare(_shape_and_mean, fan_in, fan_out, "glorot", seed=int(rng.integers(2**32)))


# ---- the generator ---------------------------------------------------------------------------------------


@part("rng")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal weights, the next call other ones, nothing else is touched."""
    for kind in RULES:
        compare(_generator, 3, 4, kind, seed=int(rng.integers(2**32)))
