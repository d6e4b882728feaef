"""What every network is made of: gradients by differences, softmax and cross-entropy, activations, linear layers, initial weights.

Sources: Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 4.1, 4.3, 6.2.2, 6.3, 6.5 and 11.5; the papers
named below. Conventions are PyTorch's, except the slope 0.1 of the leaky ReLU.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    """The gradient of a scalar function by central differences.

        df/dx_i ~ (f(x + h e_i) - f(x - h e_i)) / (2 h)

    e_i is 1 at one coordinate and 0 elsewhere. The error is h**2 / 6 times the third derivative, plus rounding of about
    1e-16 |f| / h. A one-sided difference would be off by h / 2 times the second derivative.

    Args:
        f: Takes an array of the shape of x and returns a number. It always gets an array of its own.
        x: Array of any shape, () included; integers and float32 are converted to float64, whose digits a small h needs.
        h: The step, > 0.

    Returns:
        Array of the shape of x.

    Raises:
        ValueError: h is not positive.

    Source: Deep Learning, section 11.5 ("centered difference").

    >>> numerical_gradient(lambda v: float(np.sum(v**2)), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if not h > 0:
        raise ValueError(f"h must be positive, got {h}")
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        gradient[index] = (f(above) - f(below)) / (2 * h)
    return gradient


def softmax(s: Array) -> Array:
    """Probabilities from scores, each row by itself.

        p_nk = exp(s_nk) / sum_j exp(s_nj)

    A constant added to a row changes nothing, so the maximum of each row is subtracted first and exp cannot overflow.

    Args:
        s: (N, C) scores; integers and float32 are computed in float64.

    Returns:
        (N, C) array with rows that sum to 1.

    Source: Deep Learning, sections 4.1 (why the maximum is subtracted) and 6.2.2.3.

    >>> softmax(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """
    return np.exp(_log_softmax(np.asarray(s, dtype=float)))


def cross_entropy(s: Array, t: Array) -> tuple[float, Array]:
    """Mean cross-entropy between targets and the softmax of scores, and its gradient with respect to the scores.

        loss = -(1/N) sum_n sum_k t_nk log p_nk,    p = softmax(s),    dloss/ds = (p - t) / N

    in nats (natural logarithm). A label c counts as the row t_n that is 1 at c and 0 elsewhere. log p is s minus the
    logarithm of the sum of exponentials, never the logarithm of a probability that may have become 0.

    Args:
        s: (N, C) scores; integers and float32 are computed in float64.
        t: (N,) integer labels in 0..C-1, or (N, C) probabilities with rows that sum to 1.

    Returns:
        The loss as a float and its gradient, (N, C).

    Raises:
        ValueError: t is neither (N,) nor (N, C), or a label is outside 0..C-1 (-1 included).

    Source: Deep Learning, sections 6.2.2.3 and 5.5; the mean over N is `torch.nn.functional.cross_entropy`'s.

    >>> loss, ds = cross_entropy(np.zeros((1, 2)), np.array([1]))
    >>> round(loss, 4), ds
    (0.6931, array([[ 0.5, -0.5]]))
    """
    s, t = np.asarray(s, dtype=float), np.asarray(t)
    n, classes = s.shape
    if t.shape == (n,):
        if not np.all((t >= 0) & (t < classes)):
            raise ValueError(f"labels in t must be in 0..{classes - 1}, got {t.min()}..{t.max()}")
        t = np.eye(classes)[t]
    elif t.shape != (n, classes):
        raise ValueError(f"t must have shape ({n},) or ({n}, {classes}), got {t.shape}")
    log_p = _log_softmax(s)
    return float(-np.sum(t * log_p) / n), (np.exp(log_p) - t) / n


def activation(name: str, z: Array) -> tuple[Array, Array]:
    """An activation function and its derivative, element by element.

        "sigmoid":     a = 1 / (1 + exp(-z)),       da/dz = a (1 - a)
        "tanh":        a = tanh(z),                 da/dz = 1 - a**2
        "relu":        a = max(0, z),               da/dz = 1 where z > 0, else 0
        "leaky_relu":  a = z where z > 0, else 0.1 z,    da/dz = 1 where z > 0, else 0.1

    At the kink z = 0 the derivative of the negative side is taken, as in torch. 0.1 is this course's slope; torch's
    default is 0.01. exp is taken of negative numbers only and cannot overflow.

    Args:
        name: "sigmoid", "tanh", "relu" or "leaky_relu".
        z: Array of any shape; integers and float32 are computed in float64.

    Returns:
        a and da/dz, both of the shape of z.

    Raises:
        ValueError: the name is unknown.

    Source: Deep Learning, section 6.3; Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    Models", ICML 2013 workshop, section 2 (leaky ReLU).

    >>> activation("leaky_relu", np.array([-2.0, 0.0, 3.0]))
    (array([-0.2,  0. ,  3. ]), array([0.1, 0.1, 1. ]))
    """
    z = np.asarray(z, dtype=float)
    if name == "sigmoid":
        small = np.exp(-np.abs(z))
        a = np.where(z >= 0, 1.0, small) / (1 + small)
        return a, a * (1 - a)
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a**2
    if name in ("relu", "leaky_relu"):
        slope = np.where(z > 0, 1.0, 0.0 if name == "relu" else 0.1)
        return slope * z, slope
    raise ValueError(f"name must be 'sigmoid', 'tanh', 'relu' or 'leaky_relu', got {name!r}")


def linear_forward(x: Array, W: Array, b: Array | None) -> Array:
    """A fully-connected layer: z = x W^T + b.

    Args:
        x: (N, Din) array; integers and float32 are computed in float64.
        W: (Dout, Din) weights, a row for each output, as in torch.
        b: (Dout,) bias, or None for a layer without.

    Returns:
        (N, Dout) array.

    Raises:
        ValueError: x and W disagree about Din.

    Source: Deep Learning, section 6.3 (there with columns for vectors).

    >>> linear_forward(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    x, W = _matching(x, W)
    return x @ W.T + (0.0 if b is None else np.asarray(b, dtype=float))


def linear_backward(dz: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    """Gradients of a fully-connected layer.

        dx = dz W,    dW = dz^T x,    db = sum_n dz_n

    There is no 1/N: a loss that is a mean has put it into dz already.

    Args:
        dz: (N, Dout) gradient of the loss with respect to z.
        x: (N, Din) what the layer was given.
        W: (Dout, Din) its weights.

    Returns:
        dx, dW and db of shapes (N, Din), (Dout, Din) and (Dout,).

    Raises:
        ValueError: x and W disagree about Din.

    Source: Deep Learning, section 6.5 (the gradients of a matrix product), with rows for examples.

    >>> linear_backward(np.array([[2.0]]), np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    (array([[6., 8.]]), array([[2., 4.]]), array([2.]))
    """
    x, W = _matching(x, W)
    dz = np.asarray(dz, dtype=float)
    return dz @ W, dz.T @ x, dz.sum(axis=0)


def init_weights(fan_in: int, fan_out: int, kind: str, rng: np.random.Generator) -> Array:
    """Random initial weights of a layer, independent, with mean 0 and

        "xavier":   variance 1 / fan_in                 keeps Var(z) for a linear layer or one with tanh near 0
        "kaiming":  variance 2 / fan_in                 keeps E[z^2] where a ReLU halves the second moment
        "glorot":   variance 2 / (fan_in + fan_out)     a compromise between the forward and the backward pass

    Glorot and Bengio's paper gives the third; the name Xavier (Glorot's first name) is also used for the first, which
    is LeCun's. torch's default Linear has neither: its variance is 1 / (3 fan_in).

    Args:
        fan_in: Number of inputs of the layer, > 0.
        fan_out: Number of outputs, > 0.
        kind: "xavier", "kaiming" or "glorot".
        rng: All randomness comes from here. The law is normal; any other of the same mean and variance would do.

    Returns:
        (fan_out, fan_in) array.

    Raises:
        ValueError: a fan is not positive, or the kind is unknown.

    Sources: LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, section 4.6; Glorot, Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", AISTATS 2010, equation 12; He et al., "Delving Deep into
    Rectifiers", arXiv:1502.01852, equation 10.

    >>> init_weights(3, 2, "kaiming", np.random.default_rng(0)).shape
    (2, 3)
    """
    for name, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        if fan <= 0:
            raise ValueError(f"{name} must be positive, got {fan}")
    variances = {"xavier": 1 / fan_in, "kaiming": 2 / fan_in, "glorot": 2 / (fan_in + fan_out)}
    if kind not in variances:
        raise ValueError(f"kind must be 'xavier', 'kaiming' or 'glorot', got {kind!r}")
    return rng.normal(0.0, np.sqrt(variances[kind]), size=(fan_out, fan_in))


def _log_softmax(s: Array) -> Array:
    shifted = s - s.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _matching(x: Array, W: Array) -> tuple[Array, Array]:
    x, W = np.asarray(x, dtype=float), np.asarray(W, dtype=float)
    if x.shape[1] != W.shape[1]:
        raise ValueError(f"x has {x.shape[1]} columns, but W has {W.shape[1]}: both must be Din")
    return x, W
