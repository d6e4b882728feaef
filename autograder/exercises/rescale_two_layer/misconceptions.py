"""Believable wrong answers to rescale_two_layer and l2_ratio. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _read(*arrays, c):
    if not c > 0:
        raise ValueError("c must be positive")
    return [np.asarray(a, dtype=float) for a in arrays]


def _squares(W1, W2):
    return [float(np.sum(np.asarray(W, dtype=float) ** 2)) for W in (W1, W2)]


@replaces("rescale_two_layer")
def bias_not_scaled(W1, b1, W2, c):
    """You leave b1 as it is. What enters the ReLU is W1 x + b1, and only if both grow by c does the ReLU pass the factor on."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return c * W1, b1.copy(), W2 / c


@replaces("rescale_two_layer")
def bias_like_the_second_layer(W1, b1, W2, c):
    """You divide the bias by c. b1 is added to W1 x before the ReLU, so it goes with W1; the bias that stays as it is belongs to the second layer."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return c * W1, b1 / c, W2 / c


@replaces("rescale_two_layer")
def both_multiplied(W1, b1, W2, c):
    """You multiply both layers by c, so the outputs are c^2 times as large. One layer takes the factor, the other gives it back."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return c * W1, c * b1, c * W2


@replaces("rescale_two_layer")
def other_way_round(W1, b1, W2, c):
    """You divide the first layer by c and multiply the second by it. The function is the same, but the factor was to go into the first layer."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return W1 / c, b1 / c, c * W2


@replaces("rescale_two_layer")
def second_layer_left(W1, b1, W2, c):
    """You leave W2 as it is, so the outputs are c times as large. What the first layer gains, the second has to lose."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return c * W1, c * b1, W2.copy()


@replaces("rescale_two_layer")
def squared_factor(W1, b1, W2, c):
    """You divide W2 by c^2. The ReLU passes on a factor c, so that is all there is to take back; the squares come with the penalty."""
    W1, b1, W2 = _read(W1, b1, W2, c=c)
    return c * W1, c * b1, W2 / c**2


@replaces("rescale_two_layer")
def negative_factor(W1, b1, W2, c):
    """You accept a negative c. relu(-z) is not -relu(z), so the network would become another one: refuse it."""
    if c == 0:
        raise ValueError("c must not be zero")
    W1, b1, W2 = (np.asarray(a, dtype=float) for a in (W1, b1, W2))
    return c * W1, c * b1, W2 / c


@replaces("rescale_two_layer")
def zero_factor(W1, b1, W2, c):
    """You accept c = 0. Then the first layer forgets everything and the second is divided by zero: refuse it."""
    if c < 0:
        raise ValueError("c must not be negative")
    W1, b1, W2 = (np.asarray(a, dtype=float) for a in (W1, b1, W2))
    with np.errstate(all="ignore"):
        return c * W1, c * b1, np.divide(W2, c)


@replaces("rescale_two_layer")
def in_place(W1, b1, W2, c):
    """You change the weights that you were given. They belong to whoever called you: return new arrays."""
    _read(c=c)
    if W1.dtype.kind != "f":
        return c * W1, c * b1, W2 / c
    W1 *= c
    b1 *= c
    W2 /= c
    return W1, b1, W2


@replaces("rescale_two_layer")
def cut_off(W1, b1, W2, c):
    """Your results have the type of the weights, so whole numbers lose what comes after the point. Compute with floating-point numbers."""
    _read(c=c)
    return tuple((np.asarray(a) * factor).astype(np.asarray(a).dtype) for a, factor in ((W1, c), (b1, c), (W2, 1 / c)))


@replaces("l2_ratio")
def norms(W1, W2, c):
    """You add norms instead of their squares. The L2 penalty is the sum of the squares of all weights."""
    a, b = np.sqrt(_squares(W1, W2))
    return float((c * a + b / c) / (a + b))


@replaces("l2_ratio")
def factor_not_squared(W1, W2, c):
    """You multiply the sums of squares by c and 1 / c. Weights that are c times as large have squares that are c^2 times as large."""
    a, b = _squares(W1, W2)
    return float((c * a + b / c) / (a + b))


@replaces("l2_ratio")
def upside_down(W1, W2, c):
    """You divide the old penalty by the new one. A ratio above 1 should mean that the penalty has grown."""
    a, b = _squares(W1, W2)
    return float((a + b) / (c**2 * a + b / c**2))


@replaces("l2_ratio")
def root_of_the_ratio(W1, W2, c):
    """You return the ratio of the norms of all weights. The penalty is the squared norm: no root."""
    a, b = _squares(W1, W2)
    return float(np.sqrt((c**2 * a + b / c**2) / (a + b)))


@replaces("l2_ratio")
def layers_exchanged(W1, W2, c):
    """You multiply the second layer by c and divide the first. It is the first that becomes larger."""
    a, b = _squares(W1, W2)
    return float((a / c**2 + c**2 * b) / (a + b))


@replaces("l2_ratio")
def both_grow(W1, W2, c):
    """Both layers grow by c^2 in your ratio. The second one becomes smaller."""
    return float(c**2)


@replaces("l2_ratio")
def means_of_squares(W1, W2, c):
    """You average the squares of each layer, so a small layer counts as much as a large one. Add up the squares of all weights."""
    a, b = (np.mean(np.asarray(W, dtype=float) ** 2) for W in (W1, W2))
    return float((c**2 * a + b / c**2) / (a + b))


@replaces("l2_ratio")
def spectral_norms(W1, W2, c):
    """np.linalg.norm(W, 2) is the largest singular value. The L2 penalty adds up the squares of all entries."""
    a, b = (np.linalg.norm(np.asarray(W, dtype=float), 2) ** 2 for W in (W1, W2))
    return float((c**2 * a + b / c**2) / (a + b))
