"""Hidden tests of ln_rnn_step."""

import numpy as np

from autograder.exercise import part

PARTS = {"one step": 2, "sequence": 1, "invariance": 1}


def _cell(rng, n=5, d=3, h=4):
    """x, h, Wx, Wh, gamma and beta; the two parts of the sum differ in scale."""
    x, state = rng.normal(size=(n, d)) * 2 + 0.5, np.tanh(rng.normal(size=(n, h)))
    gamma = rng.uniform(0.4, 0.8, h) * np.resize([1, -1], h)
    return x, state, rng.normal(size=(h, d)), rng.normal(size=(h, h)), gamma, rng.uniform(0.2, 0.5, h)


def _step(student, x, h, Wx, Wh, gamma, beta, **settings):
    """The next state, from copies: whoever writes into an argument pays for it in test_arguments_unchanged."""
    return {"h": student.ln_rnn_step(*(a.copy() for a in (x, h, Wx, Wh, gamma, beta)), **settings)}


def _sequence(student, xs, h, Wx, Wh, gamma, beta, eps):
    states = []
    for x in xs:
        h = _step(student, x, h, Wx, Wh, gamma, beta, eps=eps)["h"]
        states.append(h)
    return {f"h after step {t + 1}": states[t] for t in (1, len(xs) // 2, len(xs) - 1)}


def _call(student, *arguments):
    """Nothing but whether the arguments are as before is compared."""
    student.ln_rnn_step(*arguments)
    return {}


# ---- one step ------------------------------------------------------------------------------------------


@part("one step")
def test_one_step(compare, rng):
    """The state is tanh of the layer-normalized sum, also where N, D and H are equal."""
    compare(_step, *_cell(rng), eps=0.1)
    compare(_step, *_cell(rng, n=4, d=4, h=4), eps=0.1)


@part("one step")
def test_default_eps_and_scale(compare, rng):
    """eps is 1e-5 unless it is given, and it counts where the sums are small."""
    x, h, Wx, Wh, gamma, beta = _cell(rng)
    compare(_step, 0.01 * x, 0.01 * h, Wx, Wh, gamma, beta)
    compare(_step, x, h, Wx, Wh, np.ones(4), np.zeros(4))


@part("one step", supporting=True)
def test_arguments_unchanged(compare, rng):
    """All six arrays are the same after the call; whole numbers, float32 and strided arrays work."""
    compare(_call, *_cell(rng))
    compare(_step, *(rng.integers(-4, 5, size=np.shape(a)) for a in _cell(rng)), eps=0.1)
    compare(_step, *(a.astype(np.float32) for a in _cell(rng)), eps=0.1)
    x, h, *rest = _cell(rng)
    compare("ln_rnn_step", np.asfortranarray(x), np.asfortranarray(h), *rest)


@part("one step", supporting=True)
def test_refusals(compare, rng):
    """A shape that does not fit is refused, also where it would broadcast."""
    wrong = {
        "x": ((1, 3), (5, 4)), "h": ((1, 4), (5, 3)), "Wx": ((3, 4), (1, 3), (4, 1)), "Wh": ((1, 4), (4, 3), (4, 1)),
        "gamma": ((1,), (5,), (5, 4)), "beta": ((1,), (5,), (5, 4)),
    }  # fmt: skip
    # Where two shapes contradict each other, either argument may be named.
    naming = {"x": ("x", "h", "Wx"), "h": ("h", "x", "Wx", "Wh"), "Wx": ("Wx", "x", "h"), "Wh": ("Wh", "h")}
    for place, (name, shapes) in enumerate(wrong.items()):
        for shape in shapes:
            arguments = list(_cell(rng))
            arguments[place] = np.ones(shape)
            compare.refuses("ln_rnn_step", *arguments, naming=naming.get(name, (name,)))


# ---- sequence ------------------------------------------------------------------------------------------


@part("sequence")
def test_twenty_steps(compare, rng):
    """Twenty steps, each from the state before, with the same weights, gamma and beta."""
    _, h, *rest = _cell(rng)
    compare(_sequence, rng.normal(size=(20, 5, 3)), 0 * h, *rest, eps=0.1)


@part("sequence")
def test_gain_makes_no_difference(student, rng):
    """However large or small the weights, the state keeps its size over 30 steps without input."""
    _, h, Wx, Wh, _, _ = _cell(rng, n=6, h=8)
    for gain in (0.3, 1.0, 30.0):
        state = h
        for _ in range(30):
            state = student.ln_rnn_step(np.zeros((6, 3)), state.copy(), Wx, gain * Wh, np.ones(8), np.zeros(8))
        size = np.sqrt((state * state).mean(axis=1))
        assert np.all((size > 0.4) & (size < 0.95)), "the state dies out or saturates"
        assert np.abs(np.mean(state, axis=1)).max() < 0.4, "the state has lost its balance between the units"
        assert np.std(state, axis=0).max() > 0.05, "all cases have the same state"


# ---- invariance ----------------------------------------------------------------------------------------


@part("invariance")
def test_scale_of_the_weights(student, rng):
    """Without eps, scaling Wx and Wh together, or adding one row to each of theirs, does not change the state."""
    x, h, Wx, Wh, gamma, beta = _cell(rng)

    def step(a, b):
        return student.ln_rnn_step(x.copy(), h.copy(), a, b, gamma.copy(), beta.copy(), eps=0.0)

    state = step(Wx.copy(), Wh.copy())
    assert np.std(state, axis=1).min() > 0.01, "all units of a case have the same state"
    assert np.allclose(state, step(5 * Wx, 5 * Wh), atol=1e-6), "five times the weights give another state"
    shifted = step(Wx + rng.normal(size=3), Wh + rng.normal(size=4))
    assert np.allclose(state, shifted, atol=1e-6), "one vector added to all rows of the weights gives another state"
    assert not np.allclose(state, step(5 * Wx, Wh.copy()), atol=1e-3), "the scale of Wx alone should make a difference"


@part("invariance")
def test_one_case(student, rng):
    """A batch of one gives its row of the batch."""
    x, h, *rest = _cell(rng)
    state = student.ln_rnn_step(x.copy(), h.copy(), *(a.copy() for a in rest))
    alone = [student.ln_rnn_step(x[i : i + 1], h[i : i + 1], *(a.copy() for a in rest)) for i in range(5)]
    assert all(np.shape(row) == (1, 4) for row in alone), "a batch of one should give a state of shape (1, H)"
    assert np.abs(state).max() < 100, "a state that went through tanh cannot be that large"
    assert np.std(state, axis=0).min() > 0.01, "all cases have the same state"
    assert np.allclose(state, np.concatenate(alone), atol=1e-8), "a case gives something else when it is alone"
