"""Four activation functions and their slopes."""

import numpy as np

SIGNATURES = {"activation": "name, z -> a, da_dz"}
HINTS = (
    "Write down each function and its derivative on paper first. For sigmoid and tanh the derivative can be expressed by "
    "the value a that you already have. For the other two the derivative is one of two numbers.",
    "The slope of the sigmoid is a (1 - a), that of tanh 1 - a^2. exp overflows only for large positive numbers: for z >= 0 "
    "take 1 / (1 + exp(-z)), for z < 0 the same fraction multiplied by exp(z) above and below. At z = 0 the other two "
    "have the slope of the negative side.",
    "e = np.exp(-np.abs(z)) never overflows; np.where(z >= 0, 1, e) / (1 + e) is the sigmoid on both sides. "
    "np.where(z > 0, 1.0, 0.1) is the slope of the leaky ReLU, and what is a in terms of slope and z? End with a "
    "ValueError for any other name.",
)

Z = np.array([[-2.0, -0.5, 0.0], [1.0, 3.0, -4.0]])


# Whoever writes into z is told so by test_z_is_unchanged, so the others hand out copies.
def _activation(student, name, z):
    return student.activation(name, z.copy())


def _without_overflow(student, name, z):
    """a and its slope, while an overflow raises instead of printing a warning."""
    careful = student.imported("numpy").errstate(over="raise", invalid="raise", divide="raise")(student.activation)
    try:
        a, da_dz = careful(name, z.copy())
    except FloatingPointError:
        return {"computed without an overflow": False}
    return {"computed without an overflow": True, "a": a, "da_dz": da_dz}


def test_sigmoid(student, compare):
    """sigmoid(0) is 0.5 and its slope there 0.25, the largest there is; sigmoid(log 3) is 3/4 with slope 3/16."""
    compare(_activation, "sigmoid", np.array([0.0, np.log(3), -np.log(3)]))


def test_sigmoid_far_out(student, compare):
    """At -1000 and 1000 the sigmoid is 0 and 1 with slope 0, and nothing overflows on the way."""
    compare(_without_overflow, "sigmoid", np.array([-1000.0, 1000.0]))


def test_tanh(student, compare):
    """tanh(0) is 0 with slope 1; tanh(log 2) is 3/5 with slope 16/25."""
    compare(_activation, "tanh", np.array([0.0, np.log(2), -np.log(2)]))


def test_relu(student, compare):
    """ReLU keeps what is positive and makes the rest 0; its slope is 1 or 0, and 0 at z = 0."""
    compare(_activation, "relu", Z)


def test_leaky_relu(student, compare):
    """The leaky ReLU keeps what is positive and a tenth of the rest; its slope is 1 or 0.1, and 0.1 at z = 0."""
    compare(_activation, "leaky_relu", Z)


def test_whole_numbers(student, compare):
    """Whole numbers give the same as real ones: a tenth of -3 is -0.3."""
    compare(_activation, "leaky_relu", np.array([-3, 0, 2]))


def test_z_is_unchanged(student, compare):
    """z is the same after the call."""
    compare("activation", "relu", Z.copy())
    compare("activation", "leaky_relu", Z.copy())


def test_bad_input(student, compare):
    """An unknown name is a ValueError that names the argument name."""
    compare.refuses("activation", "gelu", Z, naming=("name",))
