"""Hidden tests of adam_step.

The parts of the two decays compare a step with another step of the same answer, so that a mistake in Adam itself is
paid for in "Adam" only; there wd is 0. Whoever writes into the state pays there as well.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"Adam": 2, "L2": 2, "decoupled": 2}


def _copy(state):
    return {"m": state["m"].copy(), "v": state["v"].copy(), "t": state["t"]}


def _start(d=4):
    return {"m": np.zeros(d), "v": np.zeros(d), "t": 0}


def _numbers(rng, d=4):
    """Weights and a gradient, none of them small, and a state that is under way."""
    w, g, m = (rng.choice([-1, 1], size=d) * rng.uniform(1, 3, size=d) for _ in range(3))
    return w, g, {"m": m, "v": rng.uniform(1, 6, size=d), "t": int(rng.integers(2, 9))}


def _of_copies(student, w, g, state, lr, **settings):
    w_new, new = student.adam_step(w.copy(), g.copy(), _copy(state), lr, **settings)
    return {"w_new": w_new, "m": new["m"], "v": new["v"], "t": new["t"]}


def _walk(student, w, gradients, lr, betas, decoupled):
    """Several steps without decay; each gets copies."""
    places, state = [], _start(len(w))
    for g in gradients:
        w, state = student.adam_step(w.copy(), g.copy(), _copy(state), lr, betas=betas, decoupled=decoupled)
        places.append(w)
    return {"w after each step": places, "t at the end": state["t"], "m at the end": state["m"]}


def _like_a_gradient(student, w, g, state, lr, wd):
    """What the penalty does beyond a step with the penalty in the gradient."""
    w_new, s_new = student.adam_step(w.copy(), g.copy(), _copy(state), lr, wd=wd)
    w_same, s_same = student.adam_step(w.copy(), g + wd * w, _copy(state), lr)
    w_plain, _ = student.adam_step(w.copy(), g.copy(), _copy(state), lr)
    return {
        "w_new, less what the gradient with the penalty in it gives": w_new - w_same,
        "m, less what it gives": s_new["m"] - s_same["m"],
        "v, less what it gives": s_new["v"] - s_same["v"],
        "the decay changes something": bool(np.any(np.abs(w_new - w_plain) > 1e-7)),
    }


def _in_the_average(student, w, g, state, lr, wd, beta):
    """What the penalty does to the averages; the two betas are the same, so that nobody can exchange them."""
    _, with_decay = student.adam_step(w.copy(), g.copy(), _copy(state), lr, betas=(beta, beta), wd=wd)
    _, without = student.adam_step(w.copy(), g.copy(), _copy(state), lr, betas=(beta, beta))
    return {"m, less that without decay": with_decay["m"] - without["m"]}


def _decay(student, w, g, state, lr, wd):
    """What the decoupled decay does to a step."""
    w_new, s_new = student.adam_step(w.copy(), g.copy(), _copy(state), lr, wd=wd, decoupled=True)
    w_plain, s_plain = student.adam_step(w.copy(), g.copy(), _copy(state), lr, decoupled=True)
    return {
        "w_new, less that without decay": w_new - w_plain,
        "m, less that without decay": s_new["m"] - s_plain["m"],
        "v, less that without decay": s_new["v"] - s_plain["v"],
    }


def _call(student, w, g, state, lr, wd):
    """Only whether w and g are as before is compared."""
    for decoupled in (False, True):
        student.adam_step(w, g, _copy(state), lr, wd=wd, decoupled=decoupled)
    return {}


# ---- Adam itself -----------------------------------------------------------------------------------------


@part("Adam")
def test_first_step(compare, rng):
    """The first step starts from averages that are zero, and corrects for that."""
    w, g, _ = _numbers(rng)
    compare(_of_copies, w, g, _start(), 0.1)
    compare(_of_copies, w, 1e-3 * g, _start(), 0.02, betas=(0.7, 0.95))


@part("Adam")
def test_later_step(compare, rng):
    """A step from a given state: new averages, one more step counted, and a smaller correction."""
    compare(_of_copies, *_numbers(rng), 0.1)
    compare(_of_copies, *_numbers(rng), 0.3, betas=(0.6, 0.9), decoupled=True)


@part("Adam")
def test_twenty_steps(compare, rng):
    """Over twenty steps the weights are those of torch's Adam, whichever decay is switched on with a strength of 0."""
    gradients = rng.normal(size=(20, 3)) * np.array([1.0, 0.01, 30.0]) + 0.3
    compare(_walk, rng.normal(size=3), gradients, 0.1, (0.9, 0.999), False)
    compare(_walk, rng.normal(size=3), gradients, 0.05, (0.7, 0.9), True)


@part("Adam")
def test_eps(compare, rng):
    """A large eps shortens steps; it is added to the root."""
    compare(_of_copies, *_numbers(rng), 0.1, eps=0.8)
    compare(_of_copies, *_numbers(rng)[:2], _start(), 0.1, eps=0.8, betas=(0.7, 0.9))


@part("Adam")
def test_state_is_left_alone(compare, rng):
    """The old state stays as it was; whole numbers, float32 and a learning rate of 0 are nothing special."""
    w, g, state = _numbers(rng)
    compare("adam_step", w, g, state, 0.1)
    compare("adam_step", np.array([3, -2]), np.array([1, 4]), _start(2), 0.5)
    compare("adam_step", w.astype(np.float32), g.astype(np.float32), state, 0.1)
    compare("adam_step", w, g, state, 0)


@part("Adam", supporting=True)
def test_refusals(compare, rng):
    """A negative learning rate or decay and a beta outside [0, 1) are refused; a beta of 0 is not."""
    w, g, state = _numbers(rng)
    compare.refuses("adam_step", w, g, state, -0.1, naming=("lr",))
    compare.refuses("adam_step", w, g, state, 0.1, wd=-0.1, naming=("wd",))
    compare.refuses("adam_step", w, g, state, 0.1, wd=-0.1, decoupled=True, naming=("wd",))
    for betas in ((1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, 1.5)):
        compare.refuses("adam_step", w, g, state, 0.1, betas=betas, naming=("betas",))


# ---- decay in the gradient -------------------------------------------------------------------------------


@part("L2")
def test_penalty_is_a_gradient(compare, rng):
    """Without decoupling the decay changes the gradient and nothing else."""
    compare(_like_a_gradient, *_numbers(rng), 0.1, wd=rng.uniform(0.2, 0.6))
    compare(_like_a_gradient, *_numbers(rng), 0.1, wd=rng.uniform(3, 5))


@part("L2")
def test_penalty_in_the_average(compare, rng):
    """The average of gradients sees the penalty, with the sign and the size that its gradient has."""
    compare(_in_the_average, *_numbers(rng), 0.1, wd=rng.uniform(0.2, 0.6), beta=rng.uniform(0.6, 0.9))


@part("L2", supporting=True)
def test_arguments_unchanged(compare, rng):
    """Neither of the two decays writes into w or g."""
    compare(_call, *_numbers(rng), 0.1, 0.3)


# ---- decay beside the gradient ---------------------------------------------------------------------------


@part("decoupled")
def test_decay(compare, rng):
    """With decoupling the old weights shrink by a share in which lr stands, too, and the averages do not notice."""
    compare(_decay, *_numbers(rng), rng.uniform(0.1, 0.3), wd=rng.uniform(0.2, 0.6))
    compare(_decay, *_numbers(rng, d=2), rng.uniform(0.1, 0.3), wd=rng.uniform(0.2, 0.6))


@part("decoupled")
def test_decay_of_other_numbers(compare, rng):
    """The decay is the same beside a gradient of any size, and for weights that are whole numbers."""
    w, g, state = _numbers(rng)
    compare(_decay, w, 1e4 * g, state, 0.2, wd=0.5)
    compare(_decay, w, 1e-4 * g, state, 0.3, wd=0.4)
    compare(_decay, np.array([3, -7, 2, 5]), g, state, 0.25, wd=0.5)
