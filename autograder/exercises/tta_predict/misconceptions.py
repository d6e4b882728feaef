"""Believable wrong answers to tta_predict. Each docstring is what a good tutor would say."""

import numpy as np


def _crops(x, views):
    if len(views) == 0:
        raise ValueError("views must not be empty")
    out = []
    for view in views:
        seen = np.asarray(view(x))
        out += list(seen) if seen.ndim > x.ndim else [seen]
    return out


def _all(predict_proba, x, views):
    return np.stack([predict_proba(crop) for crop in _crops(x, views)])


def images_averaged(predict_proba, x, views):
    """You average the views and predict the one blurred image. Predict each view, and average the probabilities."""
    crops = _crops(x, views)
    size = [min(crop.shape[axis] for crop in crops) for axis in range(x.ndim)]
    cut = tuple(slice(0, n) for n in size)
    return predict_proba(np.mean([crop[cut] for crop in crops], axis=0))


def logits_averaged(predict_proba, x, views):
    """You average the logarithms, which gives a geometric mean. Asked for is the arithmetic mean of the probabilities."""
    p = np.exp(np.log(_all(predict_proba, x, views)).mean(axis=0))
    return p / p.sum(axis=1, keepdims=True)


def votes(predict_proba, x, views):
    """You count which class is the most likely one in each view. Average the probabilities: how sure a view is counts as well."""
    p = _all(predict_proba, x, views)
    return np.eye(p.shape[2])[p.argmax(axis=2)].mean(axis=0)


def most_likely_class(predict_proba, x, views):
    """You return the most likely class. Asked for are its probabilities, (N, C)."""
    return _all(predict_proba, x, views).mean(axis=0).argmax(axis=1)


def largest(predict_proba, x, views):
    """You take the largest probability of each class over the views, and rows do not add up to 1. Take the mean."""
    return _all(predict_proba, x, views).max(axis=0)


def largest_renormalized(predict_proba, x, views):
    """You take the largest probability of each class over the views, and divide by the sum. Take the mean."""
    p = _all(predict_proba, x, views).max(axis=0)
    return p / p.sum(axis=1, keepdims=True)


def median(predict_proba, x, views):
    """You take the median over the views. Take the mean."""
    return np.median(_all(predict_proba, x, views), axis=0)


def summed(predict_proba, x, views):
    """You add the probabilities up and do not divide, so rows add up to the number of crops. Divide by it."""
    return _all(predict_proba, x, views).sum(axis=0)


def stacked(predict_proba, x, views):
    """You return the probabilities of all views. Take the mean over them: one row for each input."""
    return _all(predict_proba, x, views)


def each_view_the_same_weight(predict_proba, x, views):
    """You average the crops of each view first, then the views, so crops of a view with many of them count less. Every crop has the same weight."""
    if len(views) == 0:
        raise ValueError("views must not be empty")
    return np.mean([_all(predict_proba, x, [view]).mean(axis=0) for view in views], axis=0)


def divided_by_views(predict_proba, x, views):
    """You divide by the number of views. A view may return several crops: divide by the number of crops."""
    return _all(predict_proba, x, views).sum(axis=0) / len(views)


def only_the_last(predict_proba, x, views):
    """You return the prediction of the last view: your loop overwrites the others. Collect them, and take the mean."""
    return _all(predict_proba, x, views)[-1]


def only_the_first(predict_proba, x, views):
    """You return the prediction of the first view: your return is inside the loop. Collect all, and take the mean."""
    return _all(predict_proba, x, views)[0]


def first_crop_only(predict_proba, x, views):
    """Of a view with several crops you use the first only. Every crop counts."""
    if len(views) == 0:
        raise ValueError("views must not be empty")
    seen = [np.asarray(view(x)) for view in views]
    return np.mean([predict_proba(each[0] if each.ndim > x.ndim else each) for each in seen], axis=0)


def one_after_the_other(predict_proba, x, views):
    """You hand each view what the view before it returned. Every view is a view of x."""
    if len(views) == 0:
        raise ValueError("views must not be empty")
    given, out = x, []
    for view in views:
        seen = np.asarray(view(given))
        crops = list(seen) if seen.ndim > x.ndim else [seen]
        out += [predict_proba(crop) for crop in crops]
        given = crops[-1]
    return np.mean(out, axis=0)


def original_added(predict_proba, x, views):
    """You count x itself as well, although no view returns it. Only the views are averaged."""
    return np.mean([predict_proba(x), *_all(predict_proba, x, views)], axis=0)


def without_views(predict_proba, x, views):
    """You predict x itself, and the views play no part. Predict what the views return."""
    _crops(x, views)
    return predict_proba(x)


def running_mean(predict_proba, x, views):
    """You halve the sum in every step, so the last views count most. Divide once, at the end, by the number of crops."""
    out = None
    for p in _all(predict_proba, x, views):
        out = p if out is None else (out + p) / 2
    return out


def told_apart_by_length(predict_proba, x, views):
    """You take a first axis of another length than x for crops. There may be as many crops as inputs: compare the number of axes."""
    if len(views) == 0:
        raise ValueError("views must not be empty")
    out = []
    for view in views:
        seen = np.asarray(view(x))
        if seen.ndim > x.ndim and len(seen) != len(x):
            out += [predict_proba(crop) for crop in seen]
        else:
            out.append(predict_proba(seen if seen.ndim == x.ndim else seen[:, 0]))
    return np.mean(out, axis=0)


def crops_mixed_with_inputs(predict_proba, x, views):
    """You reshape (V, N, ...) to (V N, ...), predict, and take V neighbouring rows together. They lie N apart: the first axis of (V, N, C) is the crops."""
    if len(views) == 0:
        raise ValueError("views must not be empty")
    total, count = 0.0, 0
    for view in views:
        seen = np.asarray(view(x))
        if seen.ndim > x.ndim:
            p = predict_proba(seen.reshape(-1, *seen.shape[2:]))
            total = total + p.reshape(len(x), len(seen), -1).sum(axis=1)
            count += len(seen)
        else:
            total, count = total + predict_proba(seen), count + 1
    return total / count


def x_changed(predict_proba, x, views):
    """Your mean is right, but x is not what it was: something was written into it. Leave x alone."""
    p = _all(predict_proba, x, views).mean(axis=0)
    x[...] = views[-1](x) if np.shape(views[-1](x)) == x.shape else 0
    return p


def empty_accepted(predict_proba, x, views):
    """You accept an empty list of views, and what you return is no prediction. Refuse it with a ValueError that names views."""
    return _all(predict_proba, x, views).mean(axis=0) if views else np.full((len(x), 1), np.nan)
