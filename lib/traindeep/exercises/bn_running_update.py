"""Running mean and variance of batch normalization."""

import numpy as np

SIGNATURES = {
    "bn_running_update": "run_mean, run_var, x, momentum, convention -> mean, var",
    "ema_weights": "T, momentum -> weights",
}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "An update mixes two things, the stored value and the statistic of this batch. Which of them does momentum weigh in "
    "each convention? For ema_weights, apply the rule by hand for T = 1 and T = 2 and collect what stands before each batch.",
    "Let one number say how much the new batch counts: momentum for 'torch', 1 - momentum for 'lecture'. Mean and variance "
    "are then updated in the same way. In ema_weights a batch loses the factor 1 - momentum with every batch after it.",
    "The variance that is stored divides by N - 1: x.var(axis=0, ddof=1). Build new arrays instead of changing run_mean. "
    "The weights are (1 - momentum)**T for the start and momentum * (1 - momentum)**(T - t) for batch t = 1, ..., T.",
)

X = np.array([[1.0, 10.0], [3.0, 40.0], [5.0, 10.0]])  # means 3 and 20, variances 4 and 300 (divided by N - 1)
RUN_MEAN, RUN_VAR = np.array([13.0, 0.0]), np.array([14.0, 1.0])


def _mean(student, run_mean, run_var, x, **settings):
    return {"mean": student.bn_running_update(run_mean, run_var, x, **settings)[0]}


def _both_conventions(student, run_mean, run_var, x, momentum):
    update = student.bn_running_update
    return {c: update(run_mean, run_var, x, momentum=momentum, convention=c)[0] for c in ("lecture", "torch")}


def _variance(student, run_mean, run_var, x, **settings):
    return {"var": student.bn_running_update(run_mean, run_var, x, **settings)[1]}


def test_mean(student, compare):
    """A stored mean 13 and a batch mean 3 give 0.9 * 13 + 0.1 * 3 = 12 with the default momentum 0.1."""
    compare(_mean, RUN_MEAN, RUN_VAR, X)


def test_variance(student, compare):
    """A stored variance 14 and the batch [1, 3, 5], whose unbiased variance is 4, give 0.9 * 14 + 0.1 * 4 = 13."""
    compare(_variance, RUN_MEAN, RUN_VAR, X)


def test_lecture_convention(student, compare):
    """With momentum 0.8, a stored mean 13 and a batch mean 3 give 11 under "lecture" (and 5 under "torch")."""
    compare(_both_conventions, RUN_MEAN, RUN_VAR, X, momentum=0.8)


def test_weights(student, compare):
    """After 3 updates with momentum 0.2 the initial value weighs 0.8 ** 3 = 0.512 and the last batch 0.2."""
    compare("ema_weights", 3, 0.2)


def test_weights_add_up_to_one(student):
    """The weights add up to 1, and a newer batch weighs more than an older one."""
    weights = np.asarray(student.ema_weights(5, 0.3))
    assert weights.shape == (6,), f"T = 5 has 6 weights (of the initial value and 5 batches), got shape {weights.shape}"
    assert abs(weights.sum() - 1) < 1e-9, f"the weights add up to {weights.sum():.6g}, not to 1"
    assert np.all(np.diff(weights[1:]) > 0), "a newer batch should weigh more than an older one"


def _ends(student, run_mean, run_var, x):
    # The default first: an answer that raises for every input is not one that refuses 0 and 1.
    student.bn_running_update(run_mean, run_var, x)
    try:
        means = [student.bn_running_update(run_mean, run_var, x, momentum=momentum)[0] for momentum in (0.0, 1.0)]
    except ValueError:
        return {"momentum 0 and 1 are accepted": False}
    return {"momentum 0 and 1 are accepted": True, "mean with momentum 0": means[0], "mean with momentum 1": means[1]}


def test_momentum_0_and_1(student, compare):
    """Momentum 0 keeps the stored mean, momentum 1 takes that of the batch."""
    compare(_ends, RUN_MEAN, RUN_VAR, X)


def test_bad_input(student, compare):
    """A momentum outside [0, 1], a batch of one row or an unknown convention is a ValueError that names the argument."""
    compare.refuses("bn_running_update", RUN_MEAN, RUN_VAR, X, momentum=1.5, naming=("momentum",))
    compare.refuses("bn_running_update", RUN_MEAN, RUN_VAR, X[:1], naming=("x",))
    compare.refuses("bn_running_update", RUN_MEAN, RUN_VAR, X, convention="keras", naming=("convention",))
    compare.refuses("ema_weights", 3, -0.1, naming=("momentum",))
