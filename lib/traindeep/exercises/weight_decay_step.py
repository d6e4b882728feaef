"""One step of gradient descent with weight decay, in four conventions."""

import numpy as np

SIGNATURES = {"sgd_step": "w, g, lr, wd, mode, momentum, buf -> w_new, buf_new"}
FORBIDDEN = ("_fused_sgd",)
HINTS = (
    "Two questions settle each mode: does the decay go into the gradient d, and so into the buffer? And by which factor "
    "are the weights multiplied, before or after the step is subtracted?",
    "Compute the buffer first: d is g, except under 'l2', and buf_new is d where there is no previous buffer. Then only "
    "the last line differs from mode to mode. Under 'l2' it has no factor at all.",
    "buf_new = d if buf is None else momentum * buf + d. 'decoupled' keeps the share 1 - lr * wd of w, 'lecture' the share "
    "1 - wd; 'engineer' multiplies w - lr * buf_new as a whole by 1 - wd. Build new arrays: no *= or += on w, g or buf.",
)

W, G = np.array([10.0, -4.0]), np.array([2.0, 1.0])
BUF = np.array([30.0, -20.0])


def _weights(student, w, g, lr, wd, mode):
    # A buffer that momentum 0 switches off: whoever stumbles over buf=None hears of it in a test of its own.
    return {"w_new": student.sgd_step(w, g, lr, wd, mode, 0.0, np.zeros(len(w)))[0]}


def _beyond(student, w, g, lr, wd, momentum, buf):
    """What "l2" does beyond a step with the gradient g + wd * w and no decay."""
    w_new, buf_new = student.sgd_step(w, g, lr, wd, "l2", momentum, buf)
    w_same, buf_same = student.sgd_step(w, g + wd * w, lr, 0.0, "l2", momentum, buf)
    return {"w_new, less what g + wd * w gives": w_new - w_same, "buf_new, less what it gives": buf_new - buf_same}


def _decay(student, w, g, lr, wd, mode, momentum, buf):
    """What the decay of this mode does to a step."""
    w_new, buf_new = student.sgd_step(w, g, lr, wd, mode, momentum, buf.copy())
    w_plain, buf_plain = student.sgd_step(w, g, lr, 0.0, mode, momentum, buf.copy())
    return {"w_new, less that for wd = 0": w_new - w_plain, "buf_new, less that for wd = 0": buf_new - buf_plain}


def _first_steps(student, w, g, lr, momentum):
    w_new, buf_new = student.sgd_step(w, g, lr, 0.0, "l2", momentum)
    w_next, buf_next = student.sgd_step(w_new, g, lr, 0.0, "l2", momentum, buf_new.copy())
    return {"w_new": w_new, "buf_new": buf_new, "w_new of the next step": w_next, "buf_new of the next step": buf_next}


def test_l2(student, compare):
    """ "l2": w = 10, g = 2, wd = 0.5 give d = 2 + 0.5 * 10 = 7, and lr = 0.1 leads to 10 - 0.7 = 9.3."""
    compare(_weights, W, G, lr=0.1, wd=0.5, mode="l2")


def test_decoupled(student, compare):
    """ "decoupled": (1 - 0.1 * 0.5) * 10 - 0.1 * 2 = 9.3, the same without momentum."""
    compare(_weights, W, G, lr=0.1, wd=0.5, mode="decoupled")


def test_lecture(student, compare):
    """ "lecture": (1 - 0.5) * 10 - 0.1 * 2 = 4.8; lr does not multiply wd."""
    compare(_weights, W, G, lr=0.1, wd=0.5, mode="lecture")


def test_engineer(student, compare):
    """ "engineer": (1 - 0.5) * (10 - 0.1 * 2) = 4.9; the step shrinks as well."""
    compare(_weights, W, G, lr=0.1, wd=0.5, mode="engineer")


def test_first_steps(student, compare):
    """Without a previous buffer, buf_new is the gradient itself, 2; after one more step with this gradient it is 0.8 * 2 + 2."""
    compare(_first_steps, W, G, lr=0.1, momentum=0.8)


def test_later_step(student, compare):
    """A buffer of 30, momentum 0.8 and a gradient of 2 make a buffer of 26, and lr = 0.1 a step of 2.6; buf is left alone."""
    compare("sgd_step", W, G, lr=0.1, wd=0.0, mode="l2", momentum=0.8, buf=BUF)


def test_penalty_takes_part_in_momentum(student, compare):
    """Under "l2", the decay is nothing but a change of the gradient from g to g + wd * w, with momentum, too."""
    compare(_beyond, W, G, lr=0.1, wd=0.5, momentum=0.8, buf=BUF)


def test_decay_beside_momentum(student, compare):
    """Under "decoupled", the decay takes lr * wd * w from the weights, and the buffer does not notice."""
    compare(_decay, W, G, lr=0.1, wd=0.5, mode="decoupled", momentum=0.8, buf=BUF)


def test_bad_input(student, compare):
    """An unknown mode, a learning rate of 0 and a negative wd are ValueErrors that name the argument."""
    compare.refuses("sgd_step", W, G, 0.1, 0.5, "adamw", 0.0, BUF, naming=("mode",))
    compare.refuses("sgd_step", W, G, 0.0, 0.5, "l2", 0.0, BUF, naming=("lr",))
    compare.refuses("sgd_step", W, G, 0.1, -0.5, "lecture", 0.0, BUF, naming=("wd",))
