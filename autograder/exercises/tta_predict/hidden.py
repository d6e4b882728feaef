"""Hidden tests of tta_predict, with predictors and views of the test."""

import functools

import numpy as np
from traindeep.exercises.tta_predict import _empty

from autograder.exercise import part

PARTS = {"mean": 2, "crops": 1, "purity": 1}


def _predictor(weights, x):
    """Softmax of products with features that images of any size have. Rows do not know of each other."""
    x = np.asarray(x, dtype=float)
    axes = tuple(range(1, x.ndim))
    first, last = (x.reshape(len(x), -1)[:, i] for i in (0, -1))
    features = np.stack([x.mean(axis=axes), x.max(axis=axes), first, last, np.ones(len(x))], axis=1)
    scores = np.exp(features @ weights)
    return scores / scores.sum(axis=1, keepdims=True)


VIEWS = {
    "same": lambda x: x,
    "mirrored": lambda x: np.flip(x, axis=-1),
    "turned": lambda x: np.flip(x, axis=(-1, -2)),
    "darker": lambda x: 0.6 * x - 0.1,
    "negative": lambda x: -x,
    "crops": lambda x: np.stack([x[..., 1:, :-1], x[..., :-1, 1:], x[..., 1:, 1:]]),
    "shades": lambda x: np.stack([x + shift for shift in (-0.4, -0.2, 0.2, 0.4, 0.8)]),
    "one crop": lambda x: x[None, ..., 1:, 1:],
    "three of one": lambda x: np.repeat(x[None], 3, axis=0) ** 2,
}


def _mean(student, weights, x, views):
    return {"p": student.tta_predict(functools.partial(_predictor, weights), x, [VIEWS[name] for name in views])}


def _rows(student, weights, x):
    """Feature vectors instead of images: views of them have one axis, or two."""
    views = [lambda x: x, lambda x: x[:, ::-1], lambda x: np.stack([x, 2 * x, -x])]
    return {"p": student.tta_predict(functools.partial(_predictor, weights), x, views)}


def _calls(student, weights, x, views):
    """What the views are given, and whether anything but them is predicted."""
    given, predicted = [], []

    def watched(view):
        def f(x):
            given.append(np.array(x))
            return view(x)

        return f

    def predict_proba(inputs):
        predicted.append(np.array(inputs))
        return _predictor(weights, inputs)

    p = student.tta_predict(predict_proba, x.copy(), [watched(VIEWS[name]) for name in views])
    rows = sum(len(inputs) for inputs in predicted)
    expected = sum(1 if np.ndim(seen := VIEWS[name](x)) == x.ndim else len(seen) for name in views) * len(x)
    return {
        "p": p,
        "every view is given x as it was": all(np.array_equal(each, x) for each in given),
        "rows that are predicted, of those that the views return": round(rows / expected, 2),
    }


def _order(student, weights, x, views):
    """The same views in another order."""
    predictor = functools.partial(_predictor, weights)
    one, two = (
        student.tta_predict(predictor, x.copy(), [VIEWS[name] for name in each]) for each in (views, views[::-1])
    )
    return {"first order": one, "second order": two, "sums of rows": np.sum(one, axis=1)}


def _weights(rng, C):
    return rng.normal(0, 1.5, (5, C))


@part("mean")
def test_mean(compare, rng):
    """Probabilities are averaged over the views, each of which is a view of x."""
    for shape, C, views in (
        ((5, 2, 4, 3), 3, ("same", "mirrored", "darker")),
        ((2, 1, 3, 5), 4, ("negative", "turned")),
        ((4, 3, 2, 2), 2, ("darker", "same", "same", "negative", "mirrored")),
    ):
        compare(_mean, _weights(rng, C), rng.normal(size=shape), views)


@part("mean")
def test_one_view(compare, rng):
    """One view alone decides; x itself has no say."""
    compare(_mean, _weights(rng, 3), rng.normal(size=(3, 1, 4, 2)), ("negative",))
    compare(_mean, _weights(rng, 4), rng.normal(size=(1, 2, 3, 3)), ("turned",))


@part("mean")
def test_rows(compare, rng):
    """x may also be rows of features."""
    compare(_rows, _weights(rng, 3), rng.normal(size=(4, 6)))


@part("mean", supporting=True)
def test_no_views(compare, rng):
    """No views at all are refused."""
    compare(_empty, rng.normal(size=(3, 1, 4, 2)))
    for shape in ((3, 1, 4, 2), (2, 5)):
        compare.refuses(_mean, _weights(rng, 3), rng.normal(size=shape), (), naming=("views",))


@part("crops")
def test_crops(compare, rng):
    """Every crop counts as much as any other, so a view with many of them counts many times."""
    for shape, C, views in (
        ((4, 2, 4, 5), 3, ("crops", "negative")),
        ((2, 1, 3, 4), 4, ("same", "shades", "crops")),
        ((5, 2, 3, 3), 2, ("shades",)),
    ):
        compare(_mean, _weights(rng, C), rng.normal(size=shape), views)


@part("crops")
def test_confusable_crops(compare, rng):
    """One crop on an axis of its own; as many crops as images; as many as channels."""
    compare(_mean, _weights(rng, 3), rng.normal(size=(4, 2, 4, 5)), ("one crop", "darker"))
    compare(_mean, _weights(rng, 4), rng.normal(size=(3, 2, 4, 5)), ("crops", "three of one"))
    compare(_mean, _weights(rng, 2), rng.normal(size=(1, 3, 4, 4)), ("crops", "mirrored"))


@part("purity")
def test_views_are_given_x(compare, rng):
    """Every view is given x, not what the view before it made of it, and nothing else is predicted."""
    compare(_calls, _weights(rng, 3), rng.normal(size=(3, 2, 3, 4)), ("darker", "negative", "mirrored"))
    compare(_calls, _weights(rng, 3), rng.normal(size=(2, 1, 4, 3)), ("shades", "darker"))


@part("purity")
def test_order(compare, rng):
    """The order of the views does not matter, and rows of the result add up to 1."""
    compare(_order, _weights(rng, 3), rng.normal(size=(3, 2, 3, 4)), ("darker", "crops", "negative", "turned"))
