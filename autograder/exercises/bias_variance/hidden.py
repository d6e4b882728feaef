"""Hidden tests of bias_variance: one part for each key.

"total" is right if it is the sum of what the answer itself returns, or the direct error plus the noise: a wrong variance
costs the point of the variance only.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"bias2": 1, "variance": 1, "noise": 1, "total": 1}


def _case(rng, M=3, T=5):
    """Predictions with a bias that differs from point to point and changes its sign, and models that differ."""
    f_true = rng.normal(size=T)
    bias = rng.uniform(0.5, 2, T) * np.where(np.arange(T) % 2, 1, -1)
    spread = rng.uniform(0.5, 2, T) * rng.normal(size=(M, T))
    return f_true + bias + spread + rng.normal(size=(M, 1)), f_true


def _key(student, key, preds, f_true, noise_var):
    return {key: student.bias_variance(preds.copy(), f_true.copy(), noise_var)[key]}


def _other_truth(student, preds, f_true, other, noise_var):
    values = [student.bias_variance(preds.copy(), f.copy(), noise_var)["variance"] for f in (f_true, other)]
    return {"change of variance when the truth is another": values[1] - values[0]}


# ---- bias2 -----------------------------------------------------------------------------------------------


@part("bias2")
def test_bias2(compare, rng):
    """The squared distance of the average model from the truth, averaged over the test points."""
    for M, T in ((3, 5), (6, 4), (1, 3)):
        compare(_key, "bias2", *_case(rng, M, T), float(rng.uniform(0.5, 2)))
    compare(_key, "bias2", rng.integers(-9, 9, size=(4, 3)), rng.integers(-9, 9, size=3), 1)


@part("bias2")
def test_bias2_of_a_square_table(compare, rng):
    """With as many models as test points, the truth still belongs to the columns."""
    compare(_key, "bias2", *_case(rng, 4, 4), 0.7)


@part("bias2", supporting=True)
def test_arguments_are_kept(compare, rng):
    """The caller's arrays are afterwards what they were."""

    def total(student, preds, f_true):
        student.bias_variance(preds, f_true, 0.5)
        return {"number of predictions": preds.size}

    compare(total, *_case(rng))


# ---- variance --------------------------------------------------------------------------------------------


@part("variance")
def test_variance(compare, rng):
    """The spread of the models around their average, which divides by M, averaged over the test points."""
    for M, T in ((3, 5), (6, 4), (2, 3)):
        compare(_key, "variance", *_case(rng, M, T), float(rng.uniform(0.5, 2)))
    compare(_key, "variance", rng.integers(-9, 9, size=(4, 3)), rng.integers(-9, 9, size=3), 1)


@part("variance")
def test_variance_of_a_square_table(compare, rng):
    """With as many models as test points, it is still the models that vary."""
    compare(_key, "variance", *_case(rng, 4, 4), 0.7)


@part("variance")
def test_models_of_the_same_mean(compare, rng):
    """Models whose averages over the test points are equal still differ at each of them; a single one has no variance."""
    preds, f_true = _case(rng, 5, 3)
    compare(_key, "variance", preds - preds.mean(axis=1, keepdims=True), f_true, 0.4)
    compare(_key, "variance", *_case(rng, 1, 4), 0.4)


@part("variance", supporting=True)
def test_variance_has_nothing_to_do_with_the_truth(compare, rng):
    """The variance does not feel another truth."""
    compare(_other_truth, *_case(rng), rng.normal(size=5), 0.4)


# ---- noise -----------------------------------------------------------------------------------------------


@part("noise")
def test_noise(compare, rng):
    """The noise is the variance that was given, 0 included."""
    for noise_var in (float(rng.uniform(2, 3)), float(rng.uniform(0.1, 0.5)), 0.0):
        compare(_key, "noise", *_case(rng), noise_var)


@part("noise", supporting=True)
def test_bad_noise(compare, rng):
    """A negative variance of the noise is refused."""
    for noise_var in (-0.1, -2):
        compare.refuses("bias_variance", *_case(rng), noise_var, naming=("noise_var",))


# ---- total -----------------------------------------------------------------------------------------------


def _total(student, preds, f_true, noise_var):
    """The smaller distance of total from the sum of the other three and from the direct error plus the noise."""
    parts = {key: float(value) for key, value in student.bias_variance(preds.copy(), f_true.copy(), noise_var).items()}
    own = parts["bias2"] + parts["variance"] + parts["noise"]
    direct = np.mean((preds - f_true) ** 2) + noise_var
    return {"total minus the sum of the three": min(parts["total"] - own, parts["total"] - direct, key=abs)}


@part("total", supporting=True)
def test_total(compare, rng):
    """The total is the sum of the three."""
    for M, T in ((3, 5), (4, 4), (2, 3)):
        compare(_total, *_case(rng, M, T), float(rng.uniform(1, 2)))


@part("total", supporting=True)
def test_bad_shapes(compare, rng):
    """No models, predictions without two axes, and another number of test points are refused, also if they broadcast."""
    preds, f_true = _case(rng)
    compare.refuses("bias_variance", preds[:0], f_true, 0.5, naming=("preds",))
    compare.refuses("bias_variance", preds[0], f_true, 0.5, naming=("preds", "f_true"))
    for wrong in (f_true[:4], f_true[:1], f_true[:, None], preds):
        compare.refuses("bias_variance", preds, wrong, 0.5, naming=("f_true", "preds"))
    compare.refuses("bias_variance", preds[:, :1], f_true, 0.5, naming=("f_true", "preds"))
