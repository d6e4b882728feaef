"""Hidden tests of bn_running_update and ema_weights."""

import numpy as np

from autograder.exercise import part

PARTS = {"mean": 1, "variance": 2, "lecture convention": 1, "weights": 2}


def _batch(rng, n=4, d=3):
    """A small batch, so that N and N - 1 differ, of features that differ in scale and place."""
    return rng.normal(size=(n, d)) * np.array([1.0, 0.2, 5.0]) + np.array([2.0, 3.0, -50.0])


def _stored(rng, d=3):
    return rng.uniform(1, 2, d) * np.array([1, -3, 20]), rng.uniform(1, 2, d) * np.array([2.0, 0.5, 9.0])


def _mean(student, run_mean, run_var, x, **settings):
    return {"mean": student.bn_running_update(run_mean, run_var, x, **settings)[0]}


# Whoever writes into run_mean or run_var pays for it in test_mean, so the others hand out copies.
def _mean_of_copies(student, run_mean, run_var, x, **settings):
    return {"mean": student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), **settings)[0]}


def _sum_at_the_ends(student, run_mean, run_var, x):
    """The new means for momentum 0 and 1 together: stored mean plus batch mean, whichever is which."""
    # The default first: an answer that raises for every input is not one that refuses 0 and 1.
    student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy())
    try:
        means = [student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), m)[0] for m in (0.0, 1.0)]
    except ValueError:
        return {"momentum 0 and 1 are accepted": False, "sum of the two means": None}
    return {"momentum 0 and 1 are accepted": True, "sum of the two means": means[0] + means[1]}


def _variance(student, run_mean, run_var, x, **settings):
    return {"var": student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), **settings)[1]}


def _both_conventions(student, run_mean, run_var, x, momentum):
    means = {}
    for convention in ("lecture", "torch"):
        means[convention] = student.bn_running_update(run_mean.copy(), run_var.copy(), x, momentum, convention)[0]
    return means


@part("mean")
def test_mean(compare, rng):
    """The new mean keeps 1 - momentum of the stored one; momentum is 0.1 unless given; the arguments are as before."""
    compare(_mean, *_stored(rng), _batch(rng))
    compare(_mean, *_stored(rng), _batch(rng), momentum=0.3)


@part("mean")
def test_mean_of_integers_and_float32(compare, rng):
    """Integer and float32 batches and an integer stored mean are averaged as real numbers."""
    stored = np.array([3, 0, -2]), np.array([1, 4, 2])
    compare(_mean_of_copies, *stored, rng.integers(-9, 9, size=(5, 3)), momentum=0.25)
    compare(_mean_of_copies, *_stored(rng), _batch(rng).astype(np.float32), momentum=0.25)


@part("mean", supporting=True)
def test_bad_input(compare, rng):
    """A momentum outside [0, 1] and a batch of one row are refused; a momentum of 0 or 1 is not."""
    compare(_sum_at_the_ends, *_stored(rng), _batch(rng))
    for momentum in (-0.1, 1.01, 10.0):
        compare.refuses("bn_running_update", *_stored(rng), _batch(rng), momentum=momentum, naming=("momentum",))
    compare.refuses("bn_running_update", *_stored(rng), _batch(rng, n=1), naming=("x",))


@part("variance")
def test_variance(compare, rng):
    """What enters the stored variance is the variance of the batch divided by N - 1."""
    # momentum 0.5 is the same in both conventions: those are tested elsewhere.
    compare(_variance, *_stored(rng), _batch(rng), momentum=0.5)
    compare(_variance, *_stored(rng), rng.integers(-9, 9, size=(2, 3)), momentum=0.5)


@part("variance")
def test_variance_moves_like_the_mean(student, rng):
    """Stored value and batch enter the variance with the same weights as they enter the mean."""
    x, zero, (run_mean, run_var) = _batch(rng), np.zeros(3), _stored(rng)
    momentum = rng.uniform(0.2, 0.4)

    def update(mean, var):
        return student.bn_running_update(mean.copy(), var.copy(), x.copy(), momentum)

    mean, var = update(run_mean, run_var)
    mean_alone, var_alone = update(zero, zero)
    new, old = mean_alone / x.mean(axis=0), (mean - mean_alone) / run_mean
    assert np.all(np.abs(new) > 0.05), "the mean of the batch is left out"
    assert np.all(np.abs(old) > 0.05), "the stored mean is left out"
    # Averages of the batch variance over N and over N - 1 differ by a quarter; the exact value is compared above.
    assert np.allclose(var_alone, new * x.var(axis=0, ddof=1), rtol=0.1), "the batch enters the variance wrongly"
    assert np.allclose(var - var_alone, old * run_var, rtol=1e-6), (
        "the stored variance does not weigh as much as the mean"
    )


@part("lecture convention")
def test_lecture_convention(compare, rng):
    """Under "lecture" momentum weighs the stored mean, under "torch" the batch."""
    compare(_both_conventions, *_stored(rng), _batch(rng), momentum=0.8)


@part("lecture convention")
def test_conventions_are_mirrored(student, rng):
    """momentum in one convention is 1 - momentum in the other, for the mean and for the variance."""
    x, (run_mean, run_var) = _batch(rng), _stored(rng)
    lecture = student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), 0.8, "lecture")
    torch = student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), 0.2, "torch")
    other = student.bn_running_update(run_mean.copy(), run_var.copy(), x.copy(), 0.8, "torch")
    for name, a, b, c in zip(("mean", "variance"), lecture, torch, other, strict=True):
        assert np.allclose(a, b, atol=1e-9), f"the {name} for 0.8, 'lecture' is not the one for 0.2, 'torch'"
        assert not np.allclose(a, c, atol=1e-3), f"the {name} does not depend on the convention"


@part("lecture convention", supporting=True)
def test_unknown_convention(compare, rng):
    """Any other convention is refused."""
    for convention in ("keras", "Torch", ""):
        compare.refuses("bn_running_update", *_stored(rng), _batch(rng), convention=convention, naming=("convention",))


@part("weights")
def test_weights(compare, rng):
    """The weights of the initial value and of batch 1 to T are right, in this order."""
    compare("ema_weights", 5, rng.uniform(0.1, 0.4))
    compare("ema_weights", 1, 0.3)


@part("weights")
def test_weights_repeat_the_updates(student, rng):
    """The weighted sum of the initial value and the batches is what T updates, one after the other, give."""
    momentum, values = rng.uniform(0.1, 0.4), rng.normal(size=7)
    stored = values[0]
    for batch in values[1:]:
        stored = (1 - momentum) * stored + momentum * batch
    weights = np.asarray(student.ema_weights(6, momentum))
    assert weights.shape == (7,), "T updates have T + 1 weights, in an array of shape (T + 1,)"
    assert abs(weights.sum() - 1) < 1e-8, "the weights do not add up to 1"
    assert abs(weights @ values - stored) < 1e-7, "the weighted sum is not what the updates give"


@part("weights")
def test_weights_at_the_ends(compare):
    """With momentum 0 only the initial value counts, with momentum 1 only the last batch; without updates it is all there is."""
    compare("ema_weights", 4, 0.0)
    compare("ema_weights", 4, 1.0)
    compare("ema_weights", 0, 0.3)


@part("weights", supporting=True)
def test_weights_of_a_bad_momentum(compare):
    """ema_weights refuses a momentum outside [0, 1]."""
    compare.refuses("ema_weights", 4, 1.2, naming=("momentum",))
    compare.refuses("ema_weights", 4, -0.2, naming=("momentum",))
