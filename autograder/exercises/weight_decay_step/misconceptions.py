"""Believable wrong answers to sgd_step. Each docstring is what a good tutor would say."""

MODES = ("l2", "decoupled", "lecture", "engineer")


def _check(lr, wd, mode):
    if mode not in MODES:
        raise ValueError("mode is unknown")
    if lr <= 0:
        raise ValueError("lr must be positive")
    if wd < 0:
        raise ValueError("wd must not be negative")


def _buffer(d, momentum, buf):
    return d.copy() if buf is None else momentum * buf + d


def _step(w, buf, lr, wd, mode):
    """The last line of every mode."""
    if mode == "engineer":
        return (1 - wd) * (w - lr * buf)
    return {"l2": 1, "decoupled": 1 - lr * wd, "lecture": 1 - wd}[mode] * w - lr * buf


def _gradient(w, g, wd, mode):
    return g + wd * w if mode == "l2" else g * 1.0


def doubled_penalty(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "l2" adds 2 wd w to the gradient. The penalty here is wd/2 ||w||^2, as in torch; look at what the half does."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, 2 * wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def penalty_subtracted(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "l2" subtracts wd w from the gradient, so the step makes the weights longer. Which sign does the gradient of a penalty have?"""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, -wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def penalty_beside_the_buffer(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "l2" keeps the penalty out of the buffer, which makes it the same as "decoupled". It belongs to the gradient, and momentum carries it on."""
    _check(lr, wd, mode)
    buf = _buffer(g * 1.0, momentum, buf)
    return _step(w, buf, lr, wd, "decoupled" if mode == "l2" else mode), buf


def gradient_overwritten(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You write the penalty into the caller's g (+= does). Whoever looks at the gradient afterwards sees another one."""
    _check(lr, wd, mode)
    if mode == "l2" and g.dtype.kind == "f":
        g += (wd * w).astype(g.dtype)
        d = g
    else:
        d = _gradient(w, g, wd, mode)
    buf = _buffer(d, momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def weights_overwritten(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You write into the caller's w (*= and -= do). Return a new array instead."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    w_new = _step(w, buf, lr, wd, mode)
    if w.dtype.kind == "f":
        w[:] = w_new
    return w_new, buf


def decay_without_lr(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "decoupled" takes the share wd of the weights in every step. In torch's convention it is lr * wd: a smaller learning rate also decays less."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, "lecture" if mode == "decoupled" else mode), buf


def decay_after_the_step(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "decoupled" shrinks the weights after the step, so the fresh step shrinks, too. The old weights are what decays."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return ((1 - lr * wd) * (w - lr * buf) if mode == "decoupled" else _step(w, buf, lr, wd, mode)), buf


def decay_in_the_buffer(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "decoupled" puts the decay into the buffer, which makes it the same as "l2". Decoupled means that momentum never sees it."""
    _check(lr, wd, mode)
    mode = "l2" if mode == "decoupled" else mode
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def decay_twice(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "decoupled" decays twice, once in the gradient and once by a factor. Only one of the two is meant."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, "l2" if mode == "decoupled" else mode), momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def lecture_with_lr(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "lecture" multiplies wd by lr. This convention does not: its wd is the share that every step takes."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, "decoupled" if mode == "lecture" else mode), buf


def lecture_after_the_step(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "lecture" shrinks the weights after the step. That is "engineer"; here the old weights shrink and the step stays whole."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, "engineer" if mode == "lecture" else mode), buf


def engineer_before_the_step(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "engineer" shrinks the weights before the step. Here the step comes first, and all that comes out of it shrinks."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd, "lecture" if mode == "engineer" else mode), buf


def engineer_with_penalty(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "engineer" has the penalty in the gradient and shrinks the weights as well, so the decay counts twice. The gradient of the loss alone is meant."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, "l2" if mode == "engineer" else mode), momentum, buf)
    return _step(w, buf, lr, wd, mode), buf


def engineer_with_lr(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your "engineer" multiplies wd by lr. This rule does not: 0.98 in every step is 0.98, whatever the learning rate."""
    _check(lr, wd, mode)
    buf = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf, lr, wd * (lr if mode == "engineer" else 1), mode), buf


def buffer_not_returned(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You return the buffer that you were given, not the new one. The next step needs what this one has added."""
    _check(lr, wd, mode)
    new = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    return _step(w, new, lr, wd, mode), None if buf is None else buf.copy()


def gradient_returned(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You return this step's gradient in the place of the buffer. Then the next step remembers one gradient and forgets all earlier ones."""
    _check(lr, wd, mode)
    d = _gradient(w, g, wd, mode)
    return _step(w, _buffer(d, momentum, buf), lr, wd, mode), d


def buffer_overwritten(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You write into the caller's buffer (*= and += do). Return a new one; whoever repeats the step needs the old one."""
    _check(lr, wd, mode)
    new = _buffer(_gradient(w, g, wd, mode), momentum, buf)
    if buf is not None and buf.dtype.kind == "f":
        buf[:] = new
    return _step(w, new, lr, wd, mode), new


def buffer_unused(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You keep a buffer but step along this step's gradient. With momentum the step follows the buffer."""
    _check(lr, wd, mode)
    d = _gradient(w, g, wd, mode)
    return _step(w, d, lr, wd, mode), _buffer(d, momentum, buf)


def missing_buffer_refused(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You compute with buf=None. Before the first step there is no buffer, and the first one is the gradient itself."""
    _check(lr, wd, mode)
    buf = momentum * buf + _gradient(w, g, wd, mode)
    return _step(w, buf, lr, wd, mode), buf


def averaged_gradients(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your buffer weighs the new gradient by 1 - momentum. That is Adam's average; here the new gradient counts in full."""
    _check(lr, wd, mode)
    buf = (0 if buf is None else momentum * buf) + (1 - momentum) * _gradient(w, g, wd, mode)
    return _step(w, buf, lr, wd, mode), buf


def first_gradient_weighed(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your first buffer is only a part of the first gradient. Without a previous buffer, the new one is the gradient itself."""
    _check(lr, wd, mode)
    d = _gradient(w, g, wd, mode)
    buf = (1 - momentum) * d if buf is None else momentum * buf + d
    return _step(w, buf, lr, wd, mode), buf


def lr_in_the_buffer(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """Your buffer holds steps, gradients times lr. In torch's convention lr multiplies the buffer when the step is made."""
    _check(lr, wd, mode)
    buf = _buffer(lr * _gradient(w, g, wd, mode), momentum, buf)
    return _step(w, buf / lr, lr, wd, mode), buf


def nesterov(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """You look ahead as Nesterov does: gradient plus momentum times the new buffer. Here the step is lr times the buffer."""
    _check(lr, wd, mode)
    d = _gradient(w, g, wd, mode)
    buf = _buffer(d, momentum, buf)
    return _step(w, d + momentum * buf, lr, wd, mode), buf
