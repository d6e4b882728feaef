"""Believable wrong answers to calibration_error. Each docstring is what a good tutor would say."""

import numpy as np


def _read(probs, y, n_bins):
    probs, y = np.asarray(probs, dtype=float), np.asarray(y)
    if n_bins < 1:
        raise ValueError("n_bins must be at least 1")
    if y.min() < 0 or y.max() >= probs.shape[1]:
        raise ValueError("y has a label that is no class")
    return probs, y


def _tally(conf, right, n_bins, bins=None):
    """(count, mean confidence, accuracy) of each bin; nan where it is empty."""
    if bins is None:
        bins = np.searchsorted(np.arange(1, n_bins) / n_bins, conf, side="left")
    count = np.bincount(bins, minlength=n_bins)
    with np.errstate(all="ignore"):
        mean, acc = (np.bincount(bins, weights=a, minlength=n_bins) / count for a in (conf, right))
    return count, mean, acc


def _result(count, conf, acc, ece=None):
    if ece is None:
        ece = np.nansum(count * np.abs(acc - conf)) / count.sum()
    return float(ece), {"conf": conf, "acc": acc, "count": count}


def _usual(probs, y, n_bins):
    probs, y = _read(probs, y, n_bins)
    return _tally(probs.max(axis=1), probs.argmax(axis=1) == y, n_bins)


def plain_mean(probs, y, n_bins=10):
    """You average over the bins, so a bin with one row counts as much as a bin with a thousand. Weigh each by its share of the rows."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.nanmean(np.abs(acc - conf)))


def divided_by_bins(probs, y, n_bins=10):
    """You divide the sum of the gaps by the number of bins, empty ones included. Weigh each gap by its share of the rows."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.nansum(np.abs(acc - conf)) / n_bins)


def not_divided(probs, y, n_bins=10):
    """You weigh by the number of rows, not by their share. The error then grows with the data set: divide by N."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.nansum(count * np.abs(acc - conf)))


def signed(probs, y, n_bins=10):
    """You add signed differences: too sure in one bin makes up for not sure enough in another. Take absolute values bin by bin, before adding."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.nansum(count * (conf - acc)) / count.sum())


def squared(probs, y, n_bins=10):
    """You square the gaps and take the root at the end. That is another measure, which large gaps dominate; here absolute gaps are averaged."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.sqrt(np.nansum(count * (conf - acc) ** 2) / count.sum()))


def largest_gap(probs, y, n_bins=10):
    """You return the largest gap of any bin, the maximum calibration error. Here the gaps are averaged, weighed by the rows."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.nanmax(np.abs(acc - conf)))


def lower_edge_included(probs, y, n_bins=10):
    """A confidence on an edge is in your bin above it. Here the upper edge belongs to a bin: (lo, hi]."""
    probs, y = _read(probs, y, n_bins)
    conf = probs.max(axis=1)
    bins = np.minimum((conf * n_bins).astype(int), n_bins - 1)
    return _result(*_tally(conf, probs.argmax(axis=1) == y, n_bins, bins))


def one_in_a_bin_of_its_own(probs, y, n_bins=10):
    """int(conf * B) gives B for a confidence of 1: such rows are in a bin that does not exist. And a value on an edge belongs to the bin below."""
    probs, y = _read(probs, y, n_bins)
    conf = probs.max(axis=1)
    return _result(*_tally(conf, probs.argmax(axis=1) == y, n_bins, (conf * n_bins).astype(int)))


def one_dropped(probs, y, n_bins=10):
    """Rows with a confidence of 1 are in none of your bins, because every bin ends before its upper edge. It is the upper edge that belongs to a bin: (lo, hi]."""
    probs, y = _read(probs, y, n_bins)
    conf, right = probs.max(axis=1), probs.argmax(axis=1) == y
    below = conf < 1
    bins = (conf * n_bins).astype(int)[below]
    count, mean, acc = _tally(conf[below], right[below], n_bins, bins)
    return _result(count, mean, acc, np.nansum(count * np.abs(acc - mean)) / len(y))


def every_class(probs, y, n_bins=10):
    """You put all N * C probabilities into bins. Only the largest one of each row is a confidence."""
    probs, y = _read(probs, y, n_bins)
    return _result(*_tally(probs.ravel(), (np.arange(probs.shape[1]) == y[:, None]).ravel(), n_bins))


def probability_of_the_label(probs, y, n_bins=10):
    """Your confidence is the probability of the right class. The model does not know that class: its confidence is its largest probability."""
    probs, y = _read(probs, y, n_bins)
    return _result(*_tally(probs[np.arange(len(y)), y], probs.argmax(axis=1) == y, n_bins))


def least_likely_class(probs, y, n_bins=10):
    """You compare the label with the class of the smallest probability. The model predicts the class of the largest one."""
    probs, y = _read(probs, y, n_bins)
    return _result(*_tally(probs.max(axis=1), probs.argmin(axis=1) == y, n_bins))


def label_in_bins(probs, y, n_bins=10):
    """Your accuracy is the mean label of a bin. It is the share of its rows whose most likely class is the label."""
    probs, y = _read(probs, y, n_bins)
    return _result(*_tally(probs.max(axis=1), y, n_bins))


def nan_in_the_sum(probs, y, n_bins=10):
    """An empty bin has no mean, and your nan spreads through the sum. It has no rows, so it weighs nothing: leave it out."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, conf, acc, np.sum(count * np.abs(acc - conf)) / count.sum())


def empty_bins_are_zero(probs, y, n_bins=10):
    """Your table says 0 for the confidence and accuracy of an empty bin. Nobody was wrong there: report nan."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, np.nan_to_num(conf), np.nan_to_num(acc))


def empty_bins_left_out(probs, y, n_bins=10):
    """Your table has rows for bins with rows in them only. It has n_bins entries, also where nothing fell."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count[count > 0], conf[count > 0], acc[count > 0])


def middle_of_the_bin(probs, y, n_bins=10):
    """You take the middle of a bin for its confidence. Average the confidences of the rows that are in it."""
    count, conf, acc = _usual(probs, y, n_bins)
    return _result(count, np.where(count > 0, (np.arange(n_bins) + 0.5) / n_bins, np.nan), acc)


def number_of_right_rows(probs, y, n_bins=10):
    """Your count is the number of right rows in a bin. It is the number of all of them."""
    count, conf, acc = _usual(probs, y, n_bins)
    ece, table = _result(count, conf, acc)
    return ece, table | {"count": np.nan_to_num(acc * count)}


def from_the_smallest_possible(probs, y, n_bins=10):
    """Your bins divide the range from 1 / C to 1, the confidences that can occur. Here they divide the range from 0 to 1."""
    probs, y = _read(probs, y, n_bins)
    low = 1 / probs.shape[1]
    conf = probs.max(axis=1)
    bins = np.clip(np.ceil((conf - low) / (1 - low) * n_bins).astype(int) - 1, 0, n_bins - 1)
    return _result(*_tally(conf, probs.argmax(axis=1) == y, n_bins, bins))


def equal_counts(probs, y, n_bins=10):
    """Your bins hold equally many rows. Here they are equally wide, however many rows fall into each."""
    probs, y = _read(probs, y, n_bins)
    conf = probs.max(axis=1)
    bins = np.argsort(np.argsort(conf, kind="stable"), kind="stable") * n_bins // len(conf)
    return _result(*_tally(conf, probs.argmax(axis=1) == y, n_bins, bins))


def always_ten_bins(probs, y, n_bins=10):
    """You use ten bins whatever n_bins says. The result depends on their number: use the one that you are given."""
    _read(probs, y, n_bins)
    return _result(*_usual(probs, y, 10))
