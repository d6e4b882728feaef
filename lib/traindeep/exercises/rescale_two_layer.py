"""The same network with other weights, and what the L2 penalty thinks of it."""

import numpy as np

SIGNATURES = {"rescale_two_layer": "W1, b1, W2, c -> W1c, b1c, W2c", "l2_ratio": "W1, W2, c -> ratio"}
HINTS = (
    "relu(c z) = c relu(z) for c > 0. So let every number before the ReLU become c times as large, and take the factor "
    "back behind it. Of what does z = W1 x + b1 consist?",
    "z becomes c z only if both its terms do, so b1 goes with W1. What comes out of the ReLU is multiplied by W2, and "
    "there the factor goes away again. For the ratio, write down both sums of squares: a factor c on the entries is c^2 on "
    "their squares.",
    "c * W1, c * b1, W2 / c; and with a = np.sum(W1**2), b = np.sum(W2**2) the penalty goes from a + b to c^2 a + b / c^2.",
)
W1 = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])
B1 = np.array([2.0, -1.0])
W2 = np.array([[1.0, 4.0], [-2.0, 0.5], [3.0, 0.0], [0.0, -1.0]])


def _outputs(student, W1, b1, W2, c):
    """What the two networks say about a row, hidden unit by hidden unit."""
    A1, a1, A2 = student.rescale_two_layer(W1, b1, W2, c)
    x = np.array([1.0, 0.5, -1.0])
    before = W2 * np.maximum(W1 @ x + b1, 0)
    return {"what each unit adds to the outputs, after minus before": A2 * np.maximum(A1 @ x + a1, 0) - before}


def _is_refused(student, c):
    try:
        student.rescale_two_layer(W1, B1, W2, c)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


def test_weights(student, compare):
    """The first layer is multiplied by c and the second divided by it."""
    compare("rescale_two_layer", W1, B1, W2, 2.0)
    compare("rescale_two_layer", W1, B1, W2, 0.5)


def test_same_function(student, compare):
    """With ReLU, every hidden unit adds the same to the outputs as before, so no mask makes a difference."""
    compare(_outputs, W1, B1, W2, 3.0)


def test_whole_numbers(student, compare):
    """Whole numbers are fine as weights and as c, and nothing is cut off."""
    compare("rescale_two_layer", np.array([[1, 2]]), np.array([3]), np.array([[5], [2]]), 2)


def test_l2_ratio(student, compare):
    """The penalty is the sum of the squares of all weights; it can grow or shrink."""
    compare("l2_ratio", W1, W2, 2.0)
    compare("l2_ratio", W1, W2, 0.25)


def test_bad_input(student, compare):
    """c has to be positive: relu(-z) is something else than -relu(z). Otherwise there is a ValueError that names c."""
    for wrong in (0.0, -2.0):
        compare(_is_refused, wrong)
        compare.refuses("rescale_two_layer", W1, B1, W2, wrong, naming=("c",))
