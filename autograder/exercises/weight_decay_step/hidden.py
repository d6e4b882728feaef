"""Hidden tests of sgd_step.

The parts of the four modes get a buffer that a momentum of 0 switches off, or compare the answer with itself, so that
whoever builds the buffer wrongly pays in "momentum" only; there wd is 0, so that nobody pays for a mode.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"l2": 2, "decoupled": 2, "lecture": 1, "engineer": 1, "momentum": 1}
MODES = ("l2", "decoupled", "lecture", "engineer")


def _numbers(rng, d=5):
    """Weights, a gradient and a buffer, none of them small; and a learning rate and a decay that are."""
    w, g, buf = (rng.choice([-1, 1], size=d) * rng.uniform(1, 4, size=d) for _ in range(3))
    return w, g, buf, rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.6)


def _weights(student, w, g, buf, lr, wd, mode):
    return {"w_new": student.sgd_step(w.copy(), g.copy(), lr, wd, mode, 0.0, buf.copy())[0]}


def _like_a_gradient(student, w, g, buf, lr, wd, momentum):
    """What "l2" does beyond a step with the gradient g + wd * w and no decay."""
    w_new, buf_new = student.sgd_step(w.copy(), g.copy(), lr, wd, "l2", momentum, buf.copy())
    w_same, buf_same = student.sgd_step(w.copy(), g + wd * w, lr, 0.0, "l2", momentum, buf.copy())
    w_plain, _ = student.sgd_step(w.copy(), g.copy(), lr, 0.0, "l2", momentum, buf.copy())
    return {
        "w_new, less what the gradient with the penalty in it gives": w_new - w_same,
        "buf_new, less what it gives": buf_new - buf_same,
        "the decay changes something": bool(np.all(np.abs(w_new - w_plain) > 1e-4)),
    }


def _decay(student, w, g, buf, lr, wd, mode, momentum):
    """What the decay of this mode does to a step."""
    w_new, buf_new = student.sgd_step(w.copy(), g.copy(), lr, wd, mode, momentum, buf.copy())
    w_plain, buf_plain = student.sgd_step(w.copy(), g.copy(), lr, 0.0, mode, momentum, buf.copy())
    return {"w_new, less that without decay": w_new - w_plain, "buf_new, less that": buf_new - buf_plain}


def _shrunk_step(student, w, g, buf, lr, wd, momentum):
    """What "engineer" does beyond shrinking the result of its own step without decay."""
    w_new, buf_new = student.sgd_step(w.copy(), g.copy(), lr, wd, "engineer", momentum, buf.copy())
    w_plain, buf_plain = student.sgd_step(w.copy(), g.copy(), lr, 0.0, "engineer", momentum, buf.copy())
    return {
        "w_new, less that without decay, shrunk": w_new - (1 - wd) * w_plain,
        "buf_new, less that without decay": buf_new - buf_plain,
        "the decay changes something": bool(np.all(np.abs(w_new - w_plain) > 1e-4)),
    }


def _walk(student, w, gradients, lr, momentum, mode):
    """Several steps without decay, the first one without a buffer."""
    places, bufs, buf = [], [], None
    for g in gradients:
        w, buf = student.sgd_step(w.copy(), g.copy(), lr, 0.0, mode, momentum, None if buf is None else buf.copy())
        places.append(w)
        bufs.append(buf)
    return {"w after each step": places, "buf after each step": bufs}


def _all_modes(student, w, g, buf, lr, wd):
    """Only whether w and g are as before is compared."""
    for mode in MODES:
        student.sgd_step(w, g, lr, wd, mode, 0.3, buf.copy())
    return {}


# ---- the penalty -----------------------------------------------------------------------------------------


@part("l2")
def test_l2(compare, rng):
    """ "l2" follows the gradient of the loss plus wd/2 ||w||^2."""
    compare(_weights, *_numbers(rng), "l2")
    compare(_weights, *_numbers(rng, d=1), "l2")


@part("l2")
def test_l2_of_other_numbers(compare, rng):
    """Whole numbers, float32 and a decay of 0 are nothing special."""
    w, g, buf, lr, wd = _numbers(rng)
    whole = [np.array(v) for v in ([3, -7, 2], [1, 4, -6], [5, 0, 2])]
    compare(_weights, *whole, 0.25, 0.5, "l2")
    compare(_weights, w.astype(np.float32), g.astype(np.float32), buf.astype(np.float32), lr, wd, "l2")
    compare(_weights, w, g, buf, lr, 0.0, "l2")


@part("l2")
def test_penalty_takes_part_in_momentum(compare, rng):
    """Under "l2" the decay changes the gradient and nothing else, so momentum carries it on like the rest."""
    compare(_like_a_gradient, *_numbers(rng), momentum=rng.uniform(0.6, 0.9))


@part("l2", supporting=True)
def test_refusals(compare, rng):
    """An unknown mode, a learning rate that is not positive and a negative decay are refused."""
    w, g, buf, lr, wd = _numbers(rng)
    for mode in ("L2", "adamw", "", None):
        compare.refuses("sgd_step", w, g, lr, wd, mode, 0.0, buf, naming=("mode",))
    for mode in MODES:
        compare.refuses("sgd_step", w, g, 0.0, wd, mode, 0.0, buf, naming=("lr",))
        compare.refuses("sgd_step", w, g, -lr, wd, mode, 0.0, buf, naming=("lr",))
        compare.refuses("sgd_step", w, g, lr, -wd, mode, 0.0, buf, naming=("wd",))


# ---- decay beside the gradient ---------------------------------------------------------------------------


@part("decoupled")
def test_decoupled(compare, rng):
    """ "decoupled" shrinks the weights before the step, by a factor in which the learning rate stands as well."""
    compare(_weights, *_numbers(rng), "decoupled")
    compare(_weights, *(np.array(v) for v in ([3, -7, 2], [1, 4, -6], [5, 0, 2])), 0.25, 0.5, "decoupled")


@part("decoupled")
def test_decay_beside_momentum(compare, rng):
    """Under "decoupled" the buffer does not notice the decay, and the decay does not notice the buffer."""
    compare(_decay, *_numbers(rng), "decoupled", momentum=rng.uniform(0.6, 0.9))


@part("decoupled", supporting=True)
def test_arguments_unchanged(compare, rng):
    """No mode writes into w or g."""
    compare(_all_modes, *_numbers(rng))


@part("lecture")
def test_lecture(compare, rng):
    """ "lecture" shrinks the weights before the step, by a factor that knows no learning rate."""
    compare(_weights, *_numbers(rng), "lecture")
    compare(_weights, *_numbers(rng, d=2), "lecture")


@part("lecture")
def test_lecture_beside_momentum(compare, rng):
    """Under "lecture" the buffer does not notice the decay, and the decay does not notice the buffer."""
    compare(_decay, *_numbers(rng), "lecture", momentum=rng.uniform(0.6, 0.9))


@part("engineer")
def test_engineer(compare, rng):
    """ "engineer" makes the step with the gradient of the loss alone and shrinks what comes out."""
    compare(_weights, *_numbers(rng), "engineer")
    compare(_weights, *_numbers(rng, d=2), "engineer")


@part("engineer")
def test_engineer_shrinks_the_whole_step(compare, rng):
    """Under "engineer" the result is that without decay, shrunk; the buffer does not notice."""
    compare(_shrunk_step, *_numbers(rng), momentum=rng.uniform(0.6, 0.9))


# ---- momentum --------------------------------------------------------------------------------------------


@part("momentum")
def test_first_steps(compare, rng):
    """The first buffer is the first gradient; later ones keep their share of the one before, in every mode alike."""
    w, _, _, lr, _ = _numbers(rng)
    for mode in MODES:
        compare(_walk, w, rng.normal(size=(3, 5)) + 1, lr, rng.uniform(0.6, 0.9), mode)


@part("momentum")
def test_twenty_steps(compare, rng):
    """Over twenty steps weights and buffers stay with those of torch's SGD."""
    compare(_walk, rng.normal(size=3), rng.normal(size=(20, 3)) + 0.5, 0.1, 0.9, "l2")


@part("momentum")
def test_buffer_is_left_alone(compare, rng):
    """The previous buffer is used and stays as it was; the new one is returned beside the weights."""
    w, g, buf, lr, _ = _numbers(rng)
    compare("sgd_step", w, g, lr, 0.0, "decoupled", momentum=0.8, buf=buf)
    compare("sgd_step", w, g, lr, 0.0, "engineer", momentum=0.7, buf=buf)
