"""Right answers to tta_predict, written in other ways."""

import itertools

import numpy as np
import torch


def _some(views):
    if not views:
        raise ValueError("views: at least one")
    return views


def concatenated(predict_proba, x, views):
    """Crops of one size go through the predictor in one batch."""
    groups = {}
    for view in _some(views):
        seen = np.array(view(x))
        for crop in seen if seen.ndim == x.ndim + 1 else seen[None]:
            groups.setdefault(crop.shape, []).append(crop)
    total, n = 0, 0
    for crops in groups.values():
        p = predict_proba(np.concatenate(crops))
        total = total + p.reshape(len(crops), len(x), -1).sum(0)
        n += len(crops)
    return total / n


def running_average(predict_proba, x, views):
    """An average that is brought up to date crop by crop."""
    mean, k = 0.0, 0
    for view in _some(views):
        seen = view(x.copy())
        for crop in [seen] if np.ndim(seen) == np.ndim(x) else seen:
            k += 1
            mean = mean + (predict_proba(crop) - mean) / k
    return mean


def weighted(predict_proba, x, views):
    """Means of views, weighted by how many crops they have."""
    means, weights = [], []
    for view in _some(views):
        seen = np.asarray(view(x))
        seen = seen.reshape(-1, *seen.shape[-x.ndim :])
        p = predict_proba(seen.reshape(-1, *seen.shape[2:]))
        means.append(p.reshape(len(seen), len(x), -1).mean(axis=0))
        weights.append(len(seen))
    return np.average(means, axis=0, weights=weights)


def row_by_row(predict_proba, x, views):
    """One input at a time, in torch at the end."""
    crops = [np.asarray(view(x)) for view in _some(views)]
    crops = list(itertools.chain.from_iterable(each if each.ndim > x.ndim else [each] for each in crops))
    rows = [[predict_proba(crop[i : i + 1])[0] for i in range(len(x))] for crop in crops]
    return torch.tensor(np.array(rows)).mean(dim=0).numpy()
