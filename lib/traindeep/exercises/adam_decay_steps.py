"""One step of Adam, with weight decay in the gradient or beside it."""

import numpy as np

SIGNATURES = {"adam_step": "w, g, state, lr, betas, eps, wd, decoupled -> w_new, state_new"}
FORBIDDEN = ("_fused_adam",)
HINTS = (
    "Which numbers does the decay change first? Under decoupled=False it is g, and everything after it follows; under "
    "decoupled=True it is w, and m and v see the same g as without decay.",
    "Count the step before you correct: t is 1 in the first step, and 1 - beta**t is then 1 - beta. Keep m and v in the "
    "state as they are, uncorrected; mhat and vhat are only for this step.",
    "m = beta1 * state['m'] + (1 - beta1) * g makes a new array, *= and += would write into the old one. The last line is "
    "w - lr * mhat / (np.sqrt(vhat) + eps), with the w that has decayed. Return dict(m=m, v=v, t=t).",
)

W, G = np.array([10.0, -4.0, 1.0]), np.array([0.5, -2.0, 0.1])
STATE = {"m": np.array([1.0, -1.0, 0.2]), "v": np.array([4.0, 1.0, 0.09]), "t": 3}


def _start(d=3):
    return {"m": np.zeros(d), "v": np.zeros(d), "t": 0}


def _copy(state):
    return {"m": state["m"].copy(), "v": state["v"].copy(), "t": state["t"]}


def _several(student, w, gradients, lr, betas):
    state = {"m": np.zeros(len(w)), "v": np.zeros(len(w)), "t": 0}
    for g in gradients:
        w, state = student.adam_step(w, g, state, lr, betas)
    return {"w after the last step": w, "state after the last step": state}


def _beyond(student, w, g, state, lr, wd):
    """What the penalty does beyond a step with the gradient g + wd * w and no decay."""
    w_new, s_new = student.adam_step(w, g.copy(), _copy(state), lr, wd=wd)
    w_same, s_same = student.adam_step(w, g + wd * w, _copy(state), lr)
    return {
        "w_new, less what g + wd * w gives": w_new - w_same,
        "m, less what it gives": s_new["m"] - s_same["m"],
        "v, less what it gives": s_new["v"] - s_same["v"],
    }


def _decay(student, w, g, state, lr, wd):
    """What the decoupled decay does to a step."""
    w_new, s_new = student.adam_step(w.copy(), g, _copy(state), lr, wd=wd, decoupled=True)
    w_plain, s_plain = student.adam_step(w.copy(), g, _copy(state), lr, decoupled=True)
    return {
        "w_new, less that for wd = 0": w_new - w_plain,
        "m, less that for wd = 0": s_new["m"] - s_plain["m"],
        "v, less that for wd = 0": s_new["v"] - s_plain["v"],
    }


def test_first_step(student, compare):
    """In its first step Adam moves every weight by lr, against the sign of its gradient, however large that is."""
    compare("adam_step", W, G, _start(), 0.1)


def test_later_step(student, compare):
    """A step from a state with t = 3 gives t = 4, new m and v, and leaves the old state alone."""
    compare("adam_step", W, G, STATE, 0.1, (0.8, 0.9))


def test_several_steps(student, compare):
    """Over four steps weights and state are those of torch's Adam."""
    gradients = np.array([[0.5, -2.0], [1.5, 1.0], [-0.5, -3.0], [2.0, 0.1]])
    compare(_several, np.array([1.0, -1.0]), gradients, 0.1, (0.8, 0.9))


def test_eps(student, compare):
    """eps is added to the root: with eps = 0.5 a first gradient of 0.5 moves its weight by lr / 2."""
    compare("adam_step", W, G, _start(), 0.1, eps=0.5)


def test_penalty(student, compare):
    """Without decoupling, the decay is nothing but a change of the gradient from g to g + wd * w."""
    compare(_beyond, W, G, STATE, 0.1, wd=0.3)


def test_decoupled(student, compare):
    """With decoupling, the decay takes lr * wd * w from the weights, and m and v do not notice."""
    compare(_decay, W, G, STATE, 0.1, wd=0.3)


def test_first_steps_with_decay(student, compare):
    """First steps with wd = 0.3: the penalty alone would move w = 10 by lr, the decoupled decay by 0.3."""
    for decoupled in (False, True):
        compare("adam_step", W, 0 * G + 1e-6, _start(), 0.1, wd=0.3, decoupled=decoupled)


def test_bad_input(student, compare):
    """A negative lr or wd, and a beta of 1, are ValueErrors that name the argument."""
    compare.refuses("adam_step", W, G, _start(), -0.1, naming=("lr",))
    compare.refuses("adam_step", W, G, _start(), 0.1, wd=-0.1, naming=("wd",))
    compare.refuses("adam_step", W, G, _start(), 0.1, betas=(0.9, 1.0), naming=("betas",))
