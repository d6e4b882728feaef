"""Small data sets for the experiments. All of them come with scikit-learn: nothing is downloaded."""

from typing import NamedTuple

import numpy as np

CLASSES = 10
N_TEST = 500


class Digits(NamedTuple):
    """Three parts of the digits data; each is a pair (images, labels)."""

    train: tuple[np.ndarray, np.ndarray]
    val: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def digits(
    n_train: int = 997, seed: int = 0, *, n_val: int = 300, label_noise: float = 0.0, images: bool = False
) -> Digits:
    """Split the 1797 handwritten digits of scikit-learn at random: 500 for testing, n_val, then n_train.

    Args:
        n_train: Number of training digits, at most 1297 - n_val.
        seed: Decides the split and the wrong labels. One seed, one result.
        n_val: Number of validation digits.
        label_noise: Share of the *training* labels that noisy_labels replaces, in [0, 1].
        images: Return images of shape (n, 1, 8, 8) instead of rows of shape (n, 64).

    Returns:
        Digits(train, val, test). Images are float32 with values in [0, 1], labels int64 in 0..9.

    Raises:
        ValueError: more digits are asked for than there are.
    """
    from sklearn.datasets import load_digits  # a second of imports that only an experiment needs

    pixels, labels = load_digits(return_X_y=True)
    left = len(labels) - N_TEST
    if n_train < 1 or n_val < 0 or n_train + n_val > left:
        raise ValueError(f"n_train + n_val must be at most {left} with n_train >= 1, got {n_train} + {n_val}")
    rng = np.random.default_rng(seed)
    x = (pixels / 16).astype(np.float32).reshape((-1, 1, 8, 8) if images else (-1, 64))
    order = rng.permutation(len(labels))
    test, val, train = np.split(order[: N_TEST + n_val + n_train], [N_TEST, N_TEST + n_val])
    y_train = noisy_labels(labels[train], label_noise, rng)
    return Digits((x[train], y_train), (x[val], labels[val]), (x[test], labels[test]))


def noisy_labels(labels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Replace each label, with probability `share`, by one drawn uniformly from all ten.

    A draw may hit the right label: share = 0.2 leaves about 18 % of the labels wrong.

    Raises:
        ValueError: share is outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share of noisy labels must be in [0, 1], got {share}")
    replaced = rng.random(len(labels)) < share
    return np.where(replaced, rng.integers(CLASSES, size=len(labels)), labels)
