"""The mean prediction over several views."""

import numpy as np

SIGNATURES = {"tta_predict": "predict_proba, x, views -> p"}
HINTS = (
    "What is the shape of what a view returns if it returns three crops of each image? How do you see that it is three crops "
    "and not three images?",
    "Collect all crops of all views in one list: a result with one axis more than x is itself a list of crops. Then predict "
    "each, and take the plain mean over the list.",
    "crops.ndim > x.ndim tells the two kinds apart. Count the crops, not the views, when you divide.",
)
X = np.array([[[[0.1, 0.9], [0.2, 0.4]]], [[[0.8, 0.3], [0.5, 0.7]]], [[[0.6, 0.6], [0.9, 0.1]]]])  # (3, 1, 2, 2)


def _probabilities(x):
    """Softmax of three numbers for each image, of any size: its mean, its upper left pixel, and its lower right one."""
    x = np.asarray(x, dtype=float)
    logits = 4 * np.stack([x.mean(axis=(1, 2, 3)), x[:, 0, 0, 0], -x[:, 0, -1, -1]], axis=1)
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


VIEWS = {
    "as it is": lambda x: x,
    "mirror image": lambda x: x[..., ::-1],
    "upside down": lambda x: x[..., ::-1, :],
    "half as bright": lambda x: x / 2,
    "inverted": lambda x: 1 - x,
    "four pixels as crops": lambda x: np.stack([x[..., i : i + 1, j : j + 1] for i in (0, 1) for j in (0, 1)]),
    "two brightnesses": lambda x: np.stack([x * 0.7, x * 1.3]),
    "one crop on an axis of its own": lambda x: x[None, ..., :1, :],
}


def _mean(student, x, views, predict_proba=_probabilities):
    return {"p": student.tta_predict(predict_proba, x, [VIEWS[name] for name in views])}


def _seen(student, x, views):
    """What the views are given."""
    given = []

    def watched(view):
        def f(x):
            given.append(np.array(x))
            return view(x)

        return f

    student.tta_predict(_probabilities, x.copy(), [watched(VIEWS[name]) for name in views])
    return {"every view is given x": all(np.array_equal(each, x) for each in given)}


def _empty(student, x):
    """One view, then none."""
    student.tta_predict(_probabilities, x.copy(), [VIEWS["as it is"]])
    try:
        student.tta_predict(_probabilities, x.copy(), [])
    except (ValueError, ZeroDivisionError, IndexError):  # whether the kind is right is asked below
        return {"no views": "refused"}
    return {"no views": "accepted"}


def test_one_view(student, compare):
    """The prediction for one view is the prediction for what it returns."""
    compare(_mean, X, ("mirror image",))


def test_mean(student, compare):
    """Several views: the plain mean of their probabilities."""
    compare(_mean, X, ("as it is", "mirror image", "inverted"))
    compare(_mean, X, ("upside down", "half as bright"))


def test_crops(student, compare):
    """A view that returns four crops counts four times, one that returns two counts twice."""
    compare(_mean, X, ("two brightnesses", "four pixels as crops", "mirror image"))
    compare(_mean, X, ("four pixels as crops",))


def test_one_crop(student, compare):
    """A new first axis of length 1 is one crop; there may also be as many crops as images."""
    compare(_mean, X, ("one crop on an axis of its own", "inverted"))
    compare(_mean, X[:2], ("two brightnesses", "inverted"))


def test_x(student, compare):
    """Every view is given x as it was."""
    compare(_seen, X, ("half as bright", "inverted", "upside down"))


def test_bad_input(student, compare):
    """An empty list of views is a ValueError that names views."""
    compare(_empty, X)
    compare.refuses("tta_predict", _probabilities, X, [], naming=("views",))
