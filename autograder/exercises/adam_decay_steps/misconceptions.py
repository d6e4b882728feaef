"""Believable wrong answers to adam_step. Each docstring is what a good tutor would say."""

import numpy as np


def _check(lr, wd, betas):
    if lr < 0:
        raise ValueError("lr must not be negative")
    if wd < 0:
        raise ValueError("wd must not be negative")
    if not all(0 <= beta < 1 for beta in betas):
        raise ValueError("betas must be in [0, 1)")


def _moments(g, state, betas):
    return betas[0] * state["m"] + (1 - betas[0]) * g, betas[1] * state["v"] + (1 - betas[1]) * np.square(g)


def _move(w, m, v, t, lr, betas, eps):
    with np.errstate(all="ignore"):
        return w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def _decayed(w, g, lr, wd, decoupled):
    w, g = np.asarray(w, dtype=float), np.asarray(g, dtype=float)
    return ((1 - lr * wd) * w, g) if decoupled else (w, g + wd * w)


def _adam(w, g, state, lr, betas, eps):
    t = state["t"] + 1
    m, v = _moments(g, state, betas)
    return _move(w, m, v, t, lr, betas, eps), dict(m=m, v=v, t=t)


# ---- decay -----------------------------------------------------------------------------------------------


def penalty_in_both(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your decay goes through the gradient in both modes. Then v divides it away again, most where gradients are large: AdamW must not see it in m and v."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd, False), state, lr, betas, eps)


def decoupled_in_both(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your decay never goes through the gradient. Without decoupling it is a penalty, and m and v see its gradient."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd, True), state, lr, betas, eps)


def decayed_twice(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """With decoupling you decay twice, through the gradient as well. It is one or the other."""
    _check(lr, wd, betas)
    w_new, g_new = _decayed(w, g, lr, wd, decoupled)
    return _adam(w_new, g_new + wd * w if decoupled else g_new, state, lr, betas, eps)


def decay_without_lr(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your decoupled decay takes the share wd in every step. In torch's convention it is lr * wd: 0.01 a thousand times over leaves nothing, with lr = 0.001 it leaves 99 %."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, 1, wd, decoupled)
    return _adam(w, g, state, lr, betas, eps)


def decay_of_the_new_weights(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You decay the weights after the step, so the fresh step shrinks, too. The old weights are what decays."""
    _check(lr, wd, betas)
    if not decoupled:
        return _adam(*_decayed(w, g, lr, wd, False), state, lr, betas, eps)
    w_new, new = _adam(w, np.asarray(g, dtype=float), state, lr, betas, eps)
    return (1 - lr * wd) * w_new, new


def decay_scaled_by_v(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You add wd w to mhat, so the decoupled decay is divided by sqrt(vhat) as well. It stands beside Adam's step, not in it."""
    _check(lr, wd, betas)
    if not decoupled:
        return _adam(*_decayed(w, g, lr, wd, False), state, lr, betas, eps)
    w_new, new = _adam(w, np.asarray(g, dtype=float), state, lr, betas, eps)
    vhat = new["v"] / (1 - betas[1] ** new["t"])
    return w_new - lr * wd * w / (np.sqrt(vhat) + eps), new


def decay_adds(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your decoupled decay makes the weights larger. The factor is below 1."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, -wd if decoupled else wd, decoupled), state, lr, betas, eps)


def doubled_penalty(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your penalty adds 2 wd w to the gradient. It is wd/2 ||w||^2, as in torch; look at what the half does."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd if decoupled else 2 * wd, decoupled), state, lr, betas, eps)


def penalty_subtracted(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You subtract wd w from the gradient, so the step makes the weights longer. Which sign does the gradient of a penalty have?"""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd if decoupled else -wd, decoupled), state, lr, betas, eps)


def penalty_not_in_v(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your penalty goes into m but not into v. As a part of the gradient it goes into both."""
    _check(lr, wd, betas)
    w, full = _decayed(w, g, lr, wd, decoupled)
    t = state["t"] + 1
    m, v = _moments(full, state, betas)[0], _moments(g, state, betas)[1]
    return _move(w, m, v, t, lr, betas, eps), dict(m=m, v=v, t=t)


def gradient_overwritten(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You write the penalty into the caller's g (+= does). Whoever looks at the gradient afterwards sees another one."""
    _check(lr, wd, betas)
    w, full = _decayed(w, g, lr, wd, decoupled)
    if not decoupled and g.dtype.kind == "f":
        g[:] = full
    return _adam(w, full, state, lr, betas, eps)


def weights_overwritten(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You write into the caller's w (*= and -= do). Return a new array instead."""
    _check(lr, wd, betas)
    w_new, new = _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas, eps)
    if w.dtype.kind == "f":
        w[:] = w_new
    return w_new, new


# ---- Adam ------------------------------------------------------------------------------------------------


def no_correction(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You leave out the correction for the start at zero. With the usual betas the first steps are then about three times too long."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    m, v = _moments(g, state, betas)
    return w - lr * m / (np.sqrt(v) + eps), dict(m=m, v=v, t=state["t"] + 1)


def only_m_corrected(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You correct m but not v. Both averages start at zero, and both are too small at first."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    return w - lr * m / (1 - betas[0] ** t) / (np.sqrt(v) + eps), dict(m=m, v=v, t=t)


def only_v_corrected(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You correct v but not m. Both averages start at zero, and both are too small at first."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    return w - lr * m / (np.sqrt(v / (1 - betas[1] ** t)) + eps), dict(m=m, v=v, t=t)


def steps_counted_from_zero(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You correct with the old t, which divides by 0 in the first step. Count the step first, then correct."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    m, v = _moments(g, state, betas)
    return _move(w, m, v, state["t"], lr, betas, eps), dict(m=m, v=v, t=state["t"] + 1)


def steps_not_counted(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your new state has the old t. Then every step is corrected like the first one."""
    _check(lr, wd, betas)
    w_new, new = _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas, eps)
    return w_new, new | dict(t=state["t"])


def multiple_not_power(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You divide by 1 - beta times t. What the start weighs shrinks by beta in every step: beta to the power of t."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    with np.errstate(all="ignore"):
        return w - lr * m / (1 - betas[0] * t) / (np.sqrt(v / (1 - betas[1] * t)) + eps), dict(m=m, v=v, t=t)


def corrected_state(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You store the corrected averages. The next step would correct them again; the state keeps m and v as they are."""
    _check(lr, wd, betas)
    w_new, new = _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas, eps)
    t = new["t"]
    return w_new, dict(m=new["m"] / (1 - betas[0] ** t), v=new["v"] / (1 - betas[1] ** t), t=t)


def eps_inside_the_root(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You add eps inside the root. In Adam, unlike in batch norm, it is added to the root itself."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    return w - lr * m / (1 - betas[0] ** t) / np.sqrt(v / (1 - betas[1] ** t) + eps), dict(m=m, v=v, t=t)


def eps_before_the_correction(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You add eps to the root of the uncorrected v and correct afterwards. It is added to the root of vhat."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    step = m / (1 - betas[0] ** t) / (np.sqrt(v) + eps) * np.sqrt(1 - betas[1] ** t)
    return w - lr * step, dict(m=m, v=v, t=t)


def no_eps(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You leave eps out. A weight whose gradient has always been 0 is then divided by 0."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas, 0.0)


def no_root(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You divide by vhat. It averages squares; its root has the unit of a gradient."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    return w - lr * m / (1 - betas[0] ** t) / (v / (1 - betas[1] ** t) + eps), dict(m=m, v=v, t=t)


def betas_exchanged(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You have exchanged the betas: the first one belongs to m, the second to v."""
    _check(lr, wd, betas)
    return _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas[::-1], eps)


def shares_exchanged(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your averages weigh the new gradient by beta. It is the old average that beta weighs."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, (1 - betas[0], 1 - betas[1])), state["t"] + 1
    return _move(w, m, v, t, lr, betas, eps), dict(m=m, v=v, t=t)


def gradient_in_the_step(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your step follows this step's gradient, divided by the root of vhat. Adam follows the average mhat."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    (m, v), t = _moments(g, state, betas), state["t"] + 1
    return w - lr * g / (np.sqrt(v / (1 - betas[1] ** t)) + eps), dict(m=m, v=v, t=t)


def uphill(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """Your step is added. It goes against the gradient."""
    _check(lr, wd, betas)
    w, g = _decayed(w, g, lr, wd, decoupled)
    w_new, new = _adam(w, g, state, lr, betas, eps)
    return 2 * w - w_new, new


def state_overwritten(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """You write into the caller's state or into its arrays (*= and += do). Return a new dict with new arrays; whoever repeats the step needs the old one."""
    _check(lr, wd, betas)
    w_new, new = _adam(*_decayed(w, g, lr, wd, decoupled), state, lr, betas, eps)
    state.update(new)
    return w_new, state
