"""Dropout: the mask, the layer in both conventions and its gradient, a network with it, and dropout of whole feature maps.

Units are dropped, never weights, and every example of a batch has a mask of its own. A mask is 1 where a value is kept.
Rates are drop rates, as in torch, except in `classic_dropout`, whose papers count what is kept.

Sources: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks from
Overfitting", JMLR 15, 2014 (sections 4, 5 and 10); Hinton et al., arXiv:1207.0580; Goodfellow, Bengio, Courville, "Deep
Learning", 2016, section 7.12; Tompson et al., "Efficient Object Localization Using Convolutional Networks",
arXiv:1411.4280, section 3.2 (whole feature maps).
"""

import numpy as np

from traindeep.reference.foundations import cross_entropy, linear_backward, linear_forward

Array = np.ndarray
MOST_UNITS = 20  # 2**20 masks are a million


def sample_keep_mask(shape: tuple[int, ...], p_drop: float, rng: np.random.Generator) -> Array:
    """A random mask: each entry, independently, is True (kept) with probability 1 - p_drop.

    The number of dropped entries is itself random: of 1000 with p_drop = 0.5 it is 500 on average, with a standard
    deviation of sqrt(1000 / 4) = 15.8.

    Args:
        shape: Shape of the mask.
        p_drop: Probability that an entry is dropped, in [0, 1].
        rng: All randomness comes from here.

    Returns:
        Boolean array of that shape.

    Raises:
        ValueError: p_drop is outside [0, 1].

    Source: Srivastava et al., section 4 (r ~ Bernoulli(p), where p is the probability of keeping).

    >>> sample_keep_mask((2, 3), 0.0, np.random.default_rng(0))
    array([[ True,  True,  True],
           [ True,  True,  True]])
    """
    _refuse_rate("p_drop", p_drop)
    return rng.random(shape) >= p_drop  # numbers in [0, 1): right for 0 and 1 as well


def dropout_forward(x: Array, p_drop: float, rng: np.random.Generator, train: bool) -> tuple[Array, Array]:
    """Inverted dropout: what is kept in training is scaled up, and nothing is left to do at test time.

        training:   y = x * mask / (1 - p_drop)
        test:       y = x

    so that the mean of y over masks is x in both. Activations are scaled, not weights. With p_drop = 1 nothing is
    kept, and y is 0 (not 0 / 0).

    Args:
        x: Array of any shape.
        p_drop: Probability that a value is dropped, in [0, 1].
        rng: All randomness comes from here.
        train: Whether to drop anything.

    Returns:
        y and the mask of 0 and 1 that was used, both of the shape of x; at test time the mask is all 1.

    Raises:
        ValueError: p_drop is outside [0, 1].

    Source: Srivastava et al., section 10 (the scaling of training time).

    >>> dropout_forward(np.array([1.0, 2.0]), 0.5, np.random.default_rng(0), train=False)
    (array([1., 2.]), array([1., 1.]))
    """
    _refuse_rate("p_drop", p_drop)
    x = _floating(x)
    if not train:
        return x.copy(), np.ones(x.shape)
    mask = sample_keep_mask(x.shape, p_drop, rng).astype(float)
    return _scaled(x, mask, p_drop), mask


def dropout_backward(dy: Array, mask: Array, p_drop: float) -> Array:
    """The gradient of inverted dropout, with the mask of the forward pass.

        dx = dy * mask / (1 - p_drop)

    Where a value was dropped no gradient passes; with p_drop = 1 none passes anywhere.

    Args:
        dy: Gradient of the loss with respect to y, of any shape.
        mask: The mask of 0 and 1 of the forward pass, of the shape of dy.
        p_drop: The rate of the forward pass, in [0, 1].

    Returns:
        Array of the shape of dy.

    Raises:
        ValueError: dy and mask have different shapes.

    Source: the derivative of y = x * mask / (1 - p_drop); Srivastava et al., section 5.1.

    >>> dropout_backward(np.array([1.0, -2.0, 3.0]), np.array([1, 0, 1]), 0.25).round(3)
    array([ 1.333, -0.   ,  4.   ])
    """
    dy, mask = _floating(dy), np.asarray(mask)
    if dy.shape != mask.shape:
        raise ValueError(f"mask must have the shape of dy, {dy.shape}, got {mask.shape}")
    return _scaled(dy, mask, p_drop)


def classic_train(x: Array, mask: Array) -> Array:
    """Dropout as first published, in training: y = x * mask, without a scale.

    Args:
        x: Array of any shape.
        mask: 0 and 1, of the shape of x.

    Returns:
        Array of the shape of x.

    Source: Srivastava et al., section 4.

    >>> classic_train(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1]))
    array([1., 0., 3.])
    """
    return _floating(x) * np.asarray(mask)


def classic_test_weights(W: Array, p_keep: float) -> Array:
    """Dropout as first published, at test time: all units are on, and their outgoing weights are p_keep * W.

    Biases are not scaled, since they are never dropped.

    Args:
        W: (O, I) weights of the layer that receives the dropped units.
        p_keep: Probability that a unit was kept in training, in [0, 1].

    Returns:
        (O, I) array.

    Raises:
        ValueError: p_keep is outside [0, 1].

    Source: Srivastava et al., sections 1 (figure 2) and 4.

    >>> classic_test_weights(np.array([[2.0, -4.0]]), 0.25)
    array([[ 0.5, -1. ]])
    """
    _refuse_rate("p_keep", p_keep)
    return p_keep * np.asarray(W, dtype=float)


def expected_preactivation(theta: Array, x: Array, p_keep: float) -> float:
    """The mean of theta . (x * mask) over all 2**n masks, each with its own probability.

        sum over masks m of  p_keep**k (1 - p_keep)**(n - k) * sum_i theta_i x_i m_i,     k = number of ones in m

    It equals p_keep * theta . x, which is the reason for `classic_test_weights`. This holds for a sum, not for what a
    nonlinearity makes of it.

    Args:
        theta: (n,) weights of one unit.
        x: (n,) its inputs.
        p_keep: Probability that an input is kept, in [0, 1].

    Returns:
        The mean as a float.

    Raises:
        ValueError: p_keep is outside [0, 1], or n is above 20.

    Source: Deep Learning, section 7.12 (the weight scaling inference rule).

    >>> expected_preactivation(np.array([1.0, 2.0]), np.array([3.0, 4.0]), 0.5)
    5.5
    """
    _refuse_rate("p_keep", p_keep)
    terms = np.asarray(theta, dtype=float) * np.asarray(x, dtype=float)
    n = len(terms)
    if n > MOST_UNITS:
        raise ValueError(f"theta and x must have at most {MOST_UNITS} entries, got {n}")
    masks = np.arange(2**n)[:, None] >> np.arange(n) & 1  # (2**n, n): the binary digits of 0, 1, 2, ...
    kept = masks.sum(axis=1)
    probabilities = p_keep**kept * (1 - p_keep) ** (n - kept)
    return float(probabilities @ (masks @ terms))


def dropout_mlp_grads(
    params: dict[str, Array], x: Array, t: Array, m_in: Array, m_hid: Array, p_in: float, p_hid: float
) -> tuple[float, dict[str, Array]]:
    """Loss and gradients of a network with one hidden layer and inverted dropout on inputs and hidden units.

        x~   = x * m_in / (1 - p_in)
        h    = relu(x~ W1^T + b1) * m_hid / (1 - p_hid)
        loss = mean over the N examples of the cross-entropy of softmax(h W2^T + b2)

    Row n of the masks is the thinned network of example n. The gradient is the mean over all N examples; an example in
    which a unit is absent contributes 0 to the gradients of that unit's weights. The outputs are not dropped.

    Args:
        params: W1 (H, D), b1 (H,), W2 (C, H), b2 (C,).
        x: (N, D) inputs.
        t: (N,) labels in 0..C-1.
        m_in: (N, D) mask of the inputs.
        m_hid: (N, H) mask of the hidden units.
        p_in: Drop rate of the inputs, in [0, 1).
        p_hid: Drop rate of the hidden units, in [0, 1).

    Returns:
        The loss as a float and the gradients, a dict with the keys and shapes of params.

    Raises:
        ValueError: m_in or m_hid has another shape.

    Source: Srivastava et al., sections 4 and 5.1.

    >>> params = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.array([[0.0], [1.0]]), "b2": np.zeros(2)}
    >>> loss, grads = dropout_mlp_grads(params, np.ones((1, 1)), [1], np.ones((1, 1)), np.zeros((1, 1)), 0.0, 0.5)
    >>> round(loss, 4), grads["b2"], grads["W1"] == 0
    (0.6931, array([ 0.5, -0.5]), array([[ True]]))
    """
    W1, b1, W2, b2 = (np.asarray(params[name], dtype=float) for name in ("W1", "b1", "W2", "b2"))
    x = np.asarray(x, dtype=float)
    for name, mask, shape in (("m_in", m_in, x.shape), ("m_hid", m_hid, (len(x), len(W1)))):
        if np.shape(mask) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {np.shape(mask)}")
    x_thin = _scaled(x, m_in, p_in)
    z = linear_forward(x_thin, W1, b1)
    h = _scaled(np.maximum(z, 0), m_hid, p_hid)
    loss, dscores = cross_entropy(linear_forward(h, W2, b2), t)
    dh, dW2, db2 = linear_backward(dscores, h, W2)
    dz = dropout_backward(dh, m_hid, p_hid) * (z > 0)
    _, dW1, db1 = linear_backward(dz, x_thin, W1)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def channel_dropout(x: Array, p_drop: float, rng: np.random.Generator, train: bool) -> tuple[Array, Array]:
    """Inverted dropout of whole feature maps: the pixels of a map are kept or dropped together.

        training:   y = x * mask / (1 - p_drop),    mask (N, C, 1, 1)
        test:       y = x

    Neighbouring pixels are so alike that a single dropped one is no loss: its neighbours still tell what it was.

    Args:
        x: (N, C, H, W) feature maps.
        p_drop: Probability that a map is dropped, in [0, 1]; with 1 y is 0.
        rng: All randomness comes from here.
        train: Whether to drop anything.

    Returns:
        y, (N, C, H, W), and the mask of 0 and 1 that was used, (N, C, 1, 1); at test time it is all 1.

    Raises:
        ValueError: x does not have 4 axes, or p_drop is outside [0, 1].

    Source: Tompson et al., arXiv:1411.4280, section 3.2 ("SpatialDropout"); the scale is that of `dropout_forward`.

    >>> y, mask = channel_dropout(np.ones((2, 3, 4, 5)), 1.0, np.random.default_rng(0), train=True)
    >>> y.shape, mask.shape, y.max()
    ((2, 3, 4, 5), (2, 3, 1, 1), np.float64(0.0))
    """
    _refuse_rate("p_drop", p_drop)
    x = _floating(x)
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {x.shape}")
    shape = (*x.shape[:2], 1, 1)
    if not train:
        return x.copy(), np.ones(shape)
    mask = sample_keep_mask(shape, p_drop, rng).astype(float)
    return _scaled(x, mask, p_drop), mask


def _scaled(x: Array, mask: Array, p_drop: float) -> Array:
    return np.zeros(x.shape, x.dtype) if p_drop == 1 else x * np.asarray(mask, dtype=x.dtype) / (1 - p_drop)


def _floating(x: Array) -> Array:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _refuse_rate(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
