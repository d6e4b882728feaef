"""Right answers to calibration_error, written in other ways."""

import math

import numpy as np


def loop_over_bins(probs, y, n_bins=10):
    """A loop over lower and upper edges."""
    if n_bins <= 0:
        raise ValueError("n_bins is the number of bins")
    if not all(0 <= label < len(probs[0]) for label in y):
        raise ValueError("y: there is no such class")
    conf, correct = np.max(probs, 1), (np.argmax(probs, 1) == y).astype(float)
    edges = [k / n_bins for k in range(n_bins + 1)]
    table, total = {"conf": [], "acc": [], "count": []}, 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (conf > low) & (conf <= high)
        table["count"].append(int(inside.sum()))
        table["conf"].append(conf[inside].mean() if inside.any() else float("nan"))
        table["acc"].append(correct[inside].mean() if inside.any() else float("nan"))
        if inside.any():
            total += inside.mean() * abs(table["acc"][-1] - table["conf"][-1])
    return total, {name: np.array(values) for name, values in table.items()}


def weighted_histogram(probs, y, n_bins=10):
    """Histograms of the negative confidences, whose bins include their lower edge; sums instead of means."""
    probs, y = np.asarray(probs, float), np.asarray(y, int)
    if n_bins < 1 or np.any(y < 0) or np.any(y >= probs.shape[1]):
        raise ValueError("y must hold classes and n_bins must be positive")
    down = -probs.max(1)
    right = probs.argmax(1) == y
    edges = -np.arange(n_bins, -1, -1) / n_bins
    count = np.histogram(down, edges)[0][::-1]
    conf = np.histogram(down, edges, weights=-down)[0][::-1]
    acc = np.histogram(down, edges, weights=right.astype(float))[0][::-1]
    ece = np.sum(np.abs(acc - conf)) / len(y)
    empty = np.where(count == 0, np.nan, 1.0)
    return ece, {"conf": conf / np.maximum(count, 1) * empty, "acc": acc / np.maximum(count, 1) * empty, "count": count}


def row_by_row(probs, y, n_bins=10):
    """Python lists; the number of a bin from math.ceil of conf * B."""
    if not n_bins >= 1:
        raise ValueError(f"n_bins: {n_bins}")
    classes = len(probs[0])
    groups = [[] for _ in range(n_bins)]
    for row, label in zip(np.asarray(probs, dtype=float).tolist(), np.asarray(y).tolist(), strict=True):
        if label not in range(classes):
            raise ValueError(f"y: {label}")
        top = max(row)
        # 1e-12 below, so that rounding does not lift a value on an edge into the next bin.
        groups[max(math.ceil(top * n_bins - 1e-12), 1) - 1].append((top, row.index(top) == label))
    ece, conf, acc = 0.0, np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for k, group in enumerate(groups):
        if group:
            conf[k], acc[k] = np.mean(group, axis=0)
            ece += len(group) / len(y) * abs(conf[k] - acc[k])
    return np.float64(ece), {"count": np.array([float(len(g)) for g in groups]), "conf": conf, "acc": acc}
