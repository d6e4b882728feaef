"""A network with dropout: loss and gradients for given masks."""

import numpy as np

SIGNATURES = {"dropout_mlp_grads": "params, x, t, m_in, m_hid, p_in, p_hid -> loss, grads"}
FORBIDDEN = ("dropout",)
HINTS = (
    "With given masks nothing is random: this is an ordinary network in which two arrays of numbers are multiplied in. "
    "Draw it as a chain of steps, from x to the loss. Which of them has parameters?",
    "Go back through the chain in the opposite order. Where the forward pass multiplied by mask / (1 - p), so does the "
    "backward pass; the ReLU lets through where its input was positive; the gradient of a W needs what came into that layer.",
    "ds = (softmax - one-hot) / N; dW2 = ds.T @ h with h after dropout; dz = (ds @ W2) * m_hid / (1 - p_hid) * (z > 0); "
    "dW1 = dz.T @ x~ with the thinned, scaled inputs. The gradient of a bias is the sum of the rows that come back to it.",
)


def _loss(student, params, x, t, m_in, m_hid, p_in, p_hid):
    return {"loss": float(student.dropout_mlp_grads(params, x, t, m_in, m_hid, p_in, p_hid)[0])}


def _gradients(student, params, x, t, m_in, m_hid, p_in, p_hid, names):
    grads = student.dropout_mlp_grads(params, x, t, m_in, m_hid, p_in, p_hid)[1]
    return {f"gradient of {name}": np.asarray(grads[name], dtype=float) for name in names}


def _refused(student, case, wrong):
    student.dropout_mlp_grads(*case)
    facts = {}
    for position, name, shape in wrong:
        changed = list(case)
        changed[position] = np.ones(shape)
        try:
            student.dropout_mlp_grads(*changed)
        except ValueError:
            facts[f"{name} of shape {shape} is refused"] = True
        else:
            facts[f"{name} of shape {shape} is refused"] = False
    return facts


PARAMS = {
    "W1": np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 1.0], [2.0, 0.0]]),
    "b1": np.array([0.5, -1.0, 2.0, 0.5]),
    "W2": np.array([[1.0, 0.0, -1.0, 0.5], [0.0, 2.0, 1.0, -0.5], [-1.0, 1.0, 0.5, 1.0]]),
    "b2": np.array([0.1, -0.2, 0.3]),
}
X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0], [-1.0, 2.0], [2.0, 1.0]])
T = np.array([0, 2, 1, 1, 0])
M_IN = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
M_HID = np.array([[1.0, 0, 1, 1], [1, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 1], [1, 0, 1, 0]])
CASE = (PARAMS, X, T, M_IN, M_HID, 0.2, 0.4)


def test_loss(student, compare):
    """The loss of five examples with p_in = 0.2 and p_hid = 0.4 is the mean of their cross-entropies."""
    compare(_loss, *CASE)


def test_without_dropout(student, compare):
    """With masks of ones and rates of 0, loss and gradients are those of an ordinary network."""
    case = (PARAMS, X, T, np.ones((5, 2)), np.ones((5, 4)), 0.0, 0.0)
    compare(_loss, *case)
    compare(_gradients, *case, names=("W2", "b2", "W1", "b1"))


def test_output_layer(student, compare):
    """The gradients of W2 and b2 are means over all five examples, with the hidden units after dropout."""
    compare(_gradients, *CASE, names=("W2", "b2"))


def test_hidden_layer(student, compare):
    """The gradients of W1 and b1 come back through the mask and the scale of the hidden units; the second unit, always dropped, has none."""
    compare(_gradients, *CASE, names=("b1", "W1"))


def test_bad_input(student, compare):
    """A mask of another shape is a ValueError that names it, even if NumPy could broadcast it."""
    wrong = [(3, "m_in", (1, 2)), (4, "m_hid", (4,))]
    compare(_refused, CASE, wrong)
    for position, name, shape in wrong:
        changed = list(CASE)
        changed[position] = np.ones(shape)
        compare.refuses("dropout_mlp_grads", *changed, naming=(name,))
