"""Hidden tests of bn_linear_backward and effective_lr.

eps is given everywhere but in the part "identities", and only du is compared for "du", only dW for "dW".
"""

import numpy as np

from autograder.exercise import part

PARTS = {"du": 2, "dW": 2, "identities": 1, "effective_lr": 1}


def _layer(rng, n=7, n_in=5, n_out=3):
    """Inputs that are not centred, weights whose rows have very different lengths, a gradient that is not centred."""
    lengths = np.resize([0.3, 1.0, 4.0], n_out)[:, None] * rng.uniform(0.8, 1.2, size=(n_out, 1))
    return rng.normal(size=(n, n_in)) + 0.7, lengths * rng.normal(size=(n_out, n_in)), rng.normal(size=(n, n_out)) + 0.4


def _gradients(student, u, W, dy, **settings):
    """Of copies: whoever writes into an argument pays for it in test_arguments_unchanged."""
    return student.bn_linear_backward(u.copy(), W.copy(), dy.copy(), **settings)


def _du(student, u, W, dy, eps):
    return {"du": _gradients(student, u, W, dy, eps=eps)[0]}


def _dW(student, u, W, dy, eps):
    return {"dW": _gradients(student, u, W, dy, eps=eps)[1]}


def _call(student, u, W, dy, eps):
    """Nothing but whether the arguments are as before is compared."""
    student.bn_linear_backward(u, W, dy, eps=eps)
    return {}


def _strided(a):
    """The same numbers, every second column of a wider array."""
    return np.repeat(a, 2, axis=1)[:, ::2]


# ---- du ------------------------------------------------------------------------------------------------


@part("du")
def test_du(compare, rng):
    """du is right for units of very different weights and a large eps, and where W is square."""
    compare(_du, *_layer(rng), eps=0.1)
    compare(_du, *_layer(rng, n_in=4, n_out=4), eps=0.0)


@part("du")
def test_du_of_other_numbers(compare, rng):
    """du is right for whole numbers, for float32 and for arrays that are not contiguous."""
    u, W, dy = _layer(rng, n=9)
    compare(_du, rng.integers(-5, 9, size=(6, 4)), np.array([[1, 2, 0, -1], [3, -1, 1, 2]]), dy[:6, :2], eps=0.1)
    compare(_du, u.astype(np.float32), W.astype(np.float32), dy, eps=0.1)
    compare(_du, _strided(u), _strided(W), _strided(dy), eps=0.1)


@part("du")
def test_rows_of_du_add_up_to_zero(student, rng):
    """The rows of du add up to 0, because a constant added to all inputs changes no output."""
    u, W, dy = _layer(rng)
    du = _gradients(student, u, W, dy, eps=0.1)[0]
    moved = _gradients(student, u + rng.normal(size=5), W, dy, eps=0.1)[0]
    assert np.shape(du) == u.shape, "du does not have the shape of u"
    assert np.all(np.abs(du) < 1e6), "du is not finite"
    assert np.all(np.std(du, axis=0) > 1e-3), "du is the same for every row"
    assert np.all(np.abs(np.sum(du, axis=0)) <= 1e-9 * np.abs(du).sum(axis=0)), "the rows of du do not add up to 0"
    assert np.allclose(moved, du, atol=1e-8), "du changes when a constant is added to the inputs"


@part("du", supporting=True)
def test_arguments_unchanged(compare, rng):
    """u, W and dy are the same after the call."""
    compare(_call, *_layer(rng), eps=0.1)


def _unit_without_spread(student, u, W, dy):
    """A zero row of W: refused for eps = 0 (with the same weights but for that row it is not)."""
    whole = W + (W == 0)
    student.bn_linear_backward(u.copy(), whole, dy.copy(), eps=0.0)
    try:
        student.bn_linear_backward(u.copy(), W.copy(), dy.copy(), eps=0.0)
    except ValueError:
        return {"a unit whose output does not vary is refused for eps = 0": True}
    return {"a unit whose output does not vary is refused for eps = 0": False}


def _du_if_accepted(student, u, W, dy, eps):
    student.bn_linear_backward(u.copy(), W + (W == 0), dy.copy(), eps=eps)
    try:
        du = student.bn_linear_backward(u.copy(), W.copy(), dy.copy(), eps=eps)[0]
    except ValueError:
        return {"a unit whose output does not vary is accepted for eps > 0": False, "du": None}
    return {"a unit whose output does not vary is accepted for eps > 0": True, "du": du}


@part("du", supporting=True)
def test_unit_without_spread(compare, rng):
    """A unit whose output does not vary is refused for eps = 0, and has gradients for eps > 0."""
    u, W, dy = _layer(rng)
    W[1] = 0
    compare(_unit_without_spread, u, W, dy)
    compare.refuses("bn_linear_backward", u, W, dy, naming=("W", "u", "eps"))
    compare(_du_if_accepted, u, W, dy, eps=0.1)


# ---- dW ------------------------------------------------------------------------------------------------


@part("dW")
def test_dW(compare, rng):
    """dW is right for units of very different weights and a large eps, and where W is square."""
    compare(_dW, *_layer(rng), eps=0.1)
    compare(_dW, *_layer(rng, n_in=4, n_out=4), eps=0.0)


@part("dW")
def test_dW_of_other_numbers(compare, rng):
    """dW is right for whole numbers, for float32 and for arrays that are not contiguous."""
    u, W, dy = _layer(rng, n=9)
    compare(_dW, rng.integers(-5, 9, size=(6, 4)), np.array([[1, 2, 0, -1], [3, -1, 1, 2]]), dy[:6, :2], eps=0.1)
    compare(_dW, u.astype(np.float32), W.astype(np.float32), dy, eps=0.1)
    compare(_dW, _strided(u), _strided(W), _strided(dy), eps=0.1)


@part("dW")
def test_dW_is_the_slope_of_the_loss(student, rng):
    """Along random directions of W the loss sum(dy * y) rises as dW says."""
    u, W, dy = _layer(rng)
    dW = _gradients(student, u, W, dy, eps=0.1)[1]
    assert np.shape(dW) == W.shape, "dW does not have the shape of W"

    def loss(W):
        z = u @ W.T
        return (dy * (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 0.1)).sum()

    for _ in range(3):
        direction = rng.normal(size=W.shape)
        slope = (loss(W + 1e-5 * direction) - loss(W - 1e-5 * direction)) / 2e-5
        found = float((dW * direction).sum())
        assert abs(found - slope) <= 1e-5 * max(1, abs(slope)), "dW is not the slope of the loss along W"


# ---- identities ----------------------------------------------------------------------------------------


def _default_eps(student, u, W, dy):
    """What is made of tiny weights without eps, relative to what eps = 0 gives."""
    with_zero, default = (_gradients(student, u, W, dy, **settings)[0] for settings in ({"eps": 0.0}, {}))
    return {"du by default minus du for eps = 0": default - with_zero}


@part("identities")
def test_scale_of_the_weights(student, rng):
    """With row o of W multiplied by a_o > 0, du is the same and row o of dW is divided by a_o."""
    u, W, dy = _layer(rng)
    a = np.array([3.0, 0.2, 700.0])[:, None] * rng.uniform(0.5, 1.5, size=(3, 1))
    du, dW = _gradients(student, u, W, dy, eps=0.0)
    du_a, dW_a = _gradients(student, u, a * W, dy, eps=0.0)
    assert np.all(np.std(du, axis=0) > 1e-3), "du is the same for every row"
    assert np.all(np.abs(du) < 1e6), "du is not finite"
    assert np.abs(dW).max() > 1e-3, "dW is zero"
    assert np.allclose(du_a, du, rtol=1e-6, atol=1e-8), (
        "du changes when the rows of W are multiplied by positive numbers"
    )
    assert np.allclose(a * dW_a, dW, rtol=1e-6, atol=1e-8), (
        "dW is not divided by the number that multiplies the row of W"
    )


@part("identities")
def test_right_angle(student, rng):
    """Without eps every row of dW is at a right angle to the same row of W, so that a step can only make it longer."""
    u, W, dy = _layer(rng)
    dW = _gradients(student, u, W, dy, eps=0.0)[1]
    assert np.shape(dW) == W.shape, "dW does not have the shape of W"
    sizes = (dW**2).sum(axis=1)
    assert np.all((sizes > 1e-6) & (sizes < 1e12)), "dW is zero or not finite"
    along = (W * dW).sum(axis=1) / np.sqrt((W**2).sum(axis=1) * sizes)
    assert np.allclose(along, 0, atol=1e-9), "rows of dW have a component along the rows of W"
    longer = ((W - 0.1 * dW) ** 2).sum(axis=1) - (W**2).sum(axis=1)
    assert np.allclose(longer, 0.01 * sizes, rtol=1e-6, atol=1e-8), "a step does not lengthen the rows as it should"


@part("identities")
def test_sign_of_the_weights(student, rng):
    """With -W in the place of W the outputs change their sign: du does, too, and dW stays."""
    u, W, dy = _layer(rng)
    du, dW = _gradients(student, u, W, dy, eps=0.0)
    minus_du, minus_dW = _gradients(student, u, -2 * W, dy, eps=0.0)
    assert min(np.abs(du).min(), np.abs(dW).min()) > 0, "a gradient has a zero in it"
    assert np.all(np.abs(du) < 1e6), "du is not finite"
    assert np.allclose(minus_du, -du, atol=1e-8), "du does not change its sign with W"
    assert np.allclose(2 * minus_dW, dW, atol=1e-8), "dW is not what it should be for -2 W"


@part("identities", supporting=True)
def test_eps_is_zero_by_default(compare, rng):
    """eps is 0 unless it is given, which shows where the weights are tiny."""
    u, W, dy = _layer(rng)
    compare(_default_eps, u, 1e-3 * W, dy)


# ---- effective_lr --------------------------------------------------------------------------------------


def _of_copies(student, lr, w):
    return {"effective_lr": student.effective_lr(lr, w.copy())}


def _without_direction(student, lr, w):
    student.effective_lr(lr, w + 1)
    try:
        student.effective_lr(lr, w)
    except ValueError:
        return {"w = 0 is refused": True}
    return {"w = 0 is refused": False}


@part("effective_lr")
def test_effective_lr(compare, rng):
    """The effective learning rate is right for short and long vectors, whole numbers and float32; w is not changed."""
    for scale in (0.05, 1.0, 30.0):
        compare("effective_lr", float(rng.uniform(0.01, 2)), scale * rng.normal(size=6))
    compare(_of_copies, 0.3, np.array([2, -3, 5]))
    compare(_of_copies, 0.3, rng.normal(size=4).astype(np.float32))


@part("effective_lr")
def test_steps_turn_alike(student, rng):
    """A step of lr on w and one of effective_lr on w / ||w|| end in the same direction."""
    u, W, dy = _layer(rng, n_out=1)

    def gradient(w):
        z = u @ w
        xhat = (z - z.mean()) / z.std()
        d = dy[:, 0]
        return (d - d.mean() - xhat * (d * xhat).mean()) @ u / z.std()

    for length in (0.2, 6.0):
        w = length * W[0] / np.sqrt((W[0] ** 2).sum())
        found = float(student.effective_lr(0.1, w.copy()))
        assert 0 < found < 1e6, "the effective learning rate is not a positive number"
        there, here = w - 0.1 * gradient(w), w / length - found * gradient(w / length)
        cosine = (there @ here) / np.sqrt((there @ there) * (here @ here))
        assert cosine > 1 - 1e-9, "a step of effective_lr on w / ||w|| does not turn it as a step of lr turns w"


@part("effective_lr", supporting=True)
def test_no_direction(compare):
    """w = 0 has no direction and is refused."""
    compare(_without_direction, 0.1, np.zeros(4))
    compare.refuses("effective_lr", 0.1, np.zeros(4), naming=("w",))
