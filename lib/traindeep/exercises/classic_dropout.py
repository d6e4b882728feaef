"""Dropout as first published, and the mean over all masks."""

import numpy as np

SIGNATURES = {
    "classic_train": "x, mask -> y",
    "classic_test_weights": "W, p_keep -> W_test",
    "expected_preactivation": "theta, x, p_keep -> mean",
}
HINTS = (
    "With two inputs there are four masks. Write down, for each of them, the sum that it leaves and the probability that it "
    "is drawn. What do you get if you multiply the two and add up?",
    "In training nothing is scaled, so a unit receives only a share of what it receives when all are on. Which share? That "
    "is what the weights of test time are multiplied by, and what the sum over the masks should confirm.",
    "itertools.product([0, 1], repeat=n) goes through all masks. One with k ones contributes "
    "p_keep**k * (1 - p_keep)**(n - k) times the sum of theta * x * mask. Look at n and p_keep before the loop.",
)


def _refused(student, name, arguments, rates):
    getattr(student, name)(*arguments, 0.4)
    facts = {}
    for p_keep in rates:
        try:
            getattr(student, name)(*arguments, p_keep)
        except ValueError:
            facts[f"{p_keep} is refused"] = True
        else:
            facts[f"{p_keep} is refused"] = False
    return facts


def _number(student, theta, x, p_keep):
    return float(student.expected_preactivation(theta, x, p_keep))


def _too_many(student, n):
    student.expected_preactivation(np.ones(3), np.ones(3), 0.5)
    try:
        student.expected_preactivation(np.zeros(n), np.zeros(n), 0.5)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


W = np.array([[10.0, -20.0, 30.0], [5.0, 0.0, -1.0]])


def test_training(student, compare):
    """In training 1, 2, 3, 4, 5 becomes 1, 0, 3, 4, 5 if the second value is dropped: nothing is scaled."""
    compare("classic_train", np.array([[1.0, 2, 3, 4, 5]]), np.array([[1.0, 0, 1, 1, 1]]))
    compare("classic_train", np.array([[1.0, 2, 3, 4, 5]]), np.array([[True, False, True, True, True]]))


def test_test_weights(student, compare):
    """If 0.8 of the units were kept, a weight of 10 is 8 at test time, and one of -20 is -16."""
    compare("classic_test_weights", W, 0.8)


def test_two_inputs(student, compare):
    """Two inputs, p_keep = 0.8: the four masks have the probabilities 0.64, 0.16, 0.16 and 0.04."""
    compare(_number, np.array([2.0, 3.0]), np.array([1.0, 10.0]), 0.8)


def test_five_inputs(student, compare):
    """Five inputs of both signs have 32 masks; p_keep is 0.3."""
    compare(_number, np.array([1.0, -2.0, 3.0, 0.5, 4.0]), np.array([2.0, 1.0, 1.0, 4.0, -1.0]), 0.3)


def test_bad_rates(student, compare):
    """A p_keep outside [0, 1] is a ValueError that names it, in both functions."""
    rates, pair = (-0.1, 1.1), (np.ones(2), np.ones(2))
    for name, arguments in (("classic_test_weights", (W,)), ("expected_preactivation", pair)):
        compare(_refused, name, arguments, rates)
        for p_keep in rates:
            compare.refuses(name, *arguments, p_keep, naming=("p_keep",))


def test_too_many_inputs(student, compare):
    """More than 20 inputs are a ValueError, at once."""
    compare(_too_many, 30)
    compare.refuses("expected_preactivation", np.ones(30), np.ones(30), 0.5, naming=("theta", "x", "n"))
