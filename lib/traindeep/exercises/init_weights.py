"""Random initial weights of the right size."""

import numpy as np

SIGNATURES = {"init_weights": "fan_in, fan_out, kind, rng -> W"}
HINTS = (
    "The rules speak of the variance. What does a generator's normal method want to know instead? And which shape did the "
    "weights of a linear layer have?",
    "Draw numbers with mean 0 and variance 1 in the shape (fan_out, fan_in), then multiply them by the square root of the "
    "variance that you want. Only the variance differs between the three kinds.",
    "rng.normal(size=(fan_out, fan_in)) has variance 1; a dict from kind to variance, {'xavier': 1 / fan_in, ...}, makes the "
    "unknown kinds easy to refuse. Numbers that are uniform between -c and c have variance c^2 / 3.",
)
RULES = {"xavier": (1, 0), "kaiming": (2, 0), "glorot": (2, 1)}


def _draw(student, fan_in, fan_out, kind, seed):
    W = np.asarray(student.init_weights(fan_in, fan_out, kind, np.random.default_rng(seed)), dtype=float)
    top, both = RULES[kind]
    return W, top / (fan_in + both * fan_out)


def _steps(ratio):
    """How many steps of 10 % a ratio is away from 1: 0 for anything from 0.953 to 1.049."""
    with np.errstate(all="ignore"):
        steps = np.log(ratio) / np.log(1.1)
    return int(np.rint(steps)) if np.isfinite(steps) else "none"


def _variance(student, fan_in, fan_out, kind, seed):
    W, variance = _draw(student, fan_in, fan_out, kind, seed)
    return {"variance of W, in steps of 10 % away from the rule": _steps(W.var() / variance)}


def _shape_and_mean(student, fan_in, fan_out, kind, seed):
    W, variance = _draw(student, fan_in, fan_out, kind, seed)
    off = abs(W.mean()) / np.sqrt(variance / W.size)
    return {"shape of W": np.array(W.shape), "mean of W is about 0": bool(off < 7)}


def _generator(student, fan_in, fan_out, kind, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (student.init_weights(fan_in, fan_out, kind, first) for _ in range(2))
    repeated = student.init_weights(fan_in, fan_out, kind, again)
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same weights": bool(np.array_equal(one, repeated)),
        "the next call gives other weights": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_variance_of_xavier(student, compare):
    """Of 40,000 weights, "xavier" weights have the variance 1 / fan_in."""
    compare(_variance, 160, 250, "xavier", seed=1)


def test_variance_of_kaiming(student, compare):
    """Of 40,000 weights, "kaiming" weights have the variance 2 / fan_in."""
    compare(_variance, 160, 250, "kaiming", seed=2)


def test_variance_of_glorot(student, compare):
    """Of 40,000 weights, "glorot" weights have the variance 2 / (fan_in + fan_out)."""
    compare(_variance, 160, 250, "glorot", seed=3)


def test_shape_and_mean(student, compare):
    """The shape is (fan_out, fan_in), a row for each output, and the weights are 0 on average."""
    compare(_shape_and_mean, 160, 250, "kaiming", seed=4)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same weights, and the next call gives others."""
    compare(_generator, 3, 2, "xavier", seed=5)


def test_bad_input(student, compare):
    """A fan that is not positive, or an unknown kind, is a ValueError that names the argument."""
    rng = np.random.default_rng(0)
    compare.refuses("init_weights", 0, 3, "xavier", rng, naming=("fan_in",))
    compare.refuses("init_weights", 3, -1, "xavier", rng, naming=("fan_out",))
    compare.refuses("init_weights", 3, 4, "he", rng, naming=("kind",))
