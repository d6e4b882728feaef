"""Bias, variance and noise."""

import numpy as np

SIGNATURES = {"bias_variance": "preds, f_true, noise_var -> parts"}
HINTS = (
    "There are two averages: over the models, which gives one curve g_bar, and over the test points, which gives one "
    "number. For each of the two quantities, which squares are taken before which average?",
    "Column t of preds has the predictions of all models at test point t. Its mean is g_bar(x_t); its variance around that "
    "mean divides by M. Then average squared distances over the columns.",
    "g_bar = preds.mean(axis=0) has shape (T,). bias2 = np.mean((g_bar - f_true) ** 2), squares first; "
    "preds.var(axis=0) divides by M. To see whether you are right: bias2 + variance equals np.mean((preds - f_true) ** 2).",
)
PREDS = np.array([[1.0, 4.0, 2.0], [3.0, 0.0, 2.0]])  # two models, three test points: g_bar is 2, 2, 2
F_TRUE = np.array([1.0, 3.0, 2.0])


def test_by_hand(student, compare):
    """g_bar is 2, 2, 2 and f is 1, 3, 2, so bias2 is (1 + 1 + 0) / 3; the variances 1, 4, 0 have the mean 5/3."""
    compare("bias_variance", PREDS, F_TRUE, 0.25)


def test_bias_and_variance(student, compare):
    """The bias does not cancel between test points, and the variance divides by M; whole numbers are fine."""
    compare(_bias2, np.array([[2, 0, 1, 5], [2, 0, 3, 5], [2, 0, 5, 5]]), np.array([1, 1, 1, 7]), 0)
    compare(_variance, np.array([[2, 0, 1, 5], [2, 0, 3, 5], [2, 0, 5, 5]]), np.array([1, 1, 1, 7]), 0)


def test_as_many_models_as_points(student, compare):
    """A row is a model and a column is a test point, also where there are as many of both."""
    compare("bias_variance", np.array([[1.0, 5.0], [2.0, 9.0]]), np.array([1.0, 6.0]), 2.0)


def test_one_model(student, compare):
    """A single model has no variance: all of its error is bias and noise."""
    compare("bias_variance", PREDS[:1], F_TRUE, 0.5)


def test_identity(student):
    """bias2 + variance is the mean squared distance of all predictions from f, exactly."""
    parts = student.bias_variance(PREDS.copy(), F_TRUE.copy(), 0.25)
    direct = np.mean((PREDS - F_TRUE) ** 2)
    assert abs(parts["bias2"] + parts["variance"] - direct) < 1e-12, (
        f"bias2 + variance is {parts['bias2'] + parts['variance']:.6g}, but the mean of (preds - f_true)^2 is {direct:.6g}"
    )


def test_bad_input(student, compare):
    """No model, another number of test points, or a negative variance is a ValueError that names the argument."""
    compare.refuses("bias_variance", PREDS[:0], F_TRUE, 0.25, naming=("preds",))
    compare.refuses("bias_variance", PREDS, F_TRUE[:2], 0.25, naming=("f_true", "preds"))
    compare.refuses("bias_variance", PREDS, F_TRUE[:1], 0.25, naming=("f_true", "preds"))
    compare.refuses("bias_variance", PREDS, F_TRUE, -0.25, naming=("noise_var",))


def _bias2(student, preds, f_true, noise_var):
    return {"bias2": student.bias_variance(preds, f_true, noise_var)["bias2"]}


def _variance(student, preds, f_true, noise_var):
    return {"variance": student.bias_variance(preds, f_true, noise_var)["variance"]}
