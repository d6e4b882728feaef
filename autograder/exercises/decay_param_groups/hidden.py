"""Hidden tests of decay_param_groups: what stands where, and what an optimizer makes of it.

"split" asks about parameters that stand somewhere, so that one that is left out is paid for in "completeness".
"""

from traindeep.exercises.decay_param_groups import _counts, _decays, _negative, _refused, _trains, _zero_gradient

from autograder.exercise import part

PARTS = {"split": 2, "completeness": 2}
KINDS = ("image", "linear without bias", "norms", "own parameter")


def _seed(rng):
    return int(rng.integers(2**31))


def _width(rng):
    return int(rng.choice([3, 5, 6]))


@part("split")
def test_which_decay(compare, rng):
    """Weights of convolutions and linear layers decay; biases, and weights of norms, do not."""
    compare(_decays, "image", _width(rng), float(rng.uniform(0.01, 1)))
    compare(_decays, "linear without bias", _width(rng), 0.3)


@part("split")
def test_zero_gradient(compare, rng):
    """Where the gradient is 0, AdamW makes the weights smaller by lr * wd, and leaves the others as they are."""
    compare(_zero_gradient, "image", _width(rng), float(rng.uniform(0.1, 0.5)), lr=0.5, seed=_seed(rng))


@part("split", supporting=True)
def test_refusals(compare, rng):
    """A negative wd is refused."""
    compare(_refused, 0.0, -0.01, -2.0)
    compare.refuses(_negative, -float(rng.uniform(0.001, 1)), naming=("wd",))


@part("completeness")
def test_each_once(compare, rng):
    """Every parameter stands in one place, and nothing else does."""
    for kind in KINDS:
        compare(_counts, kind, _width(rng), 0.2)


@part("completeness")
def test_frozen(compare, rng):
    """Parameters that are not trained are left out, wherever they are."""
    for place in (0, 1, 3):
        compare(_counts, "image", _width(rng), 0.2, frozen=place)
    compare(_counts, "linear without bias", _width(rng), 0.2, frozen=2)


@part("completeness")
def test_shared(compare, rng):
    """A weight that two layers share stands in one place."""
    compare(_counts, "linear without bias", _width(rng), 0.2, shared=True)
    compare(_counts, "linear without bias", _width(rng), 0.2, frozen=0, shared=True)


@part("completeness")
def test_a_step(compare, rng):
    """A step of SGD without decay changes every parameter by its gradient times lr, once."""
    for kind in ("image", "own parameter"):
        compare(_trains, kind, _width(rng), lr=float(rng.uniform(0.1, 1)), seed=_seed(rng))
