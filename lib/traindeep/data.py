"""Small data sets for the experiments: one that comes with scikit-learn, one that is drawn. Nothing is downloaded."""

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


def noisy_labels(labels: np.ndarray, share: float, rng: np.random.Generator, classes: int = CLASSES) -> np.ndarray:
    """Replace each label, with probability `share`, by one drawn uniformly from all classes.

    A draw may hit the right label: with ten classes share = 0.2 leaves about 18 % of the labels wrong.

    Raises:
        ValueError: share is outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share of noisy labels must be in [0, 1], got {share}")
    replaced = rng.random(len(labels)) < share
    return np.where(replaced, rng.integers(classes, size=len(labels)), labels)


SHAPES = ("disc", "square", "triangle", "cross", "ring", "stripes")


def shapes(n: int, seed: int = 0, *, size: int = 16, label_noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw small colour images, each of one bright or dark shape on a plain background, with noise of 0.08.

    Place, size and both colours differ from image to image; in at least one channel the colours are 0.25 apart.

    Args:
        n: Number of images.
        seed: Decides everything. One seed, one result.
        size: Height and width in pixels, at least 12; the shapes grow with it.
        label_noise: Share of the labels that noisy_labels replaces, in [0, 1]; the images do not depend on it.

    Returns:
        (images, labels): float32 of shape (n, 3, size, size) with values in [0, 1], and int64 indices into SHAPES.

    Raises:
        ValueError: n < 1 or size < 12.
    """
    if n < 1 or size < 12:
        raise ValueError(f"shapes needs n >= 1 and size >= 12, got {n} and {size}")
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(SHAPES), size=n)
    unit = size / 16
    radius = rng.uniform(3.0, 4.8, (n, 1, 1)) * unit
    center = rng.uniform(5 * unit, size - 5 * unit, (2, n, 1, 1))
    y, x = np.mgrid[:size, :size] + 0.5
    dy, dx = y - center[0], x - center[1]  # (n, size, size): pixels below and right of the center
    distance, chess = np.hypot(dx, dy), np.maximum(abs(dx), abs(dy))
    masks = (
        distance < 0.95 * radius,
        chess < 0.8 * radius,
        (dy > -radius) & (dy < 0.7 * radius) & (abs(dx) < 0.55 * (dy + radius)),
        (np.minimum(abs(dx), abs(dy)) < 0.33 * radius) & (chess < radius),
        (distance > 0.5 * radius) & (distance < radius),
        (chess < 0.9 * radius) & (np.floor(dy / unit) % 3 == 0),
    )
    inside = np.choose(labels[:, None, None], masks)[:, None]  # (n, 1, size, size)
    back, front = rng.uniform(0.0, 0.6, (n, 3)), rng.uniform(0.2, 1.0, (n, 3))
    while (close := abs(back - front).max(axis=1) < 0.25).any():
        back[close], front[close] = (rng.uniform(low, low + d, (close.sum(), 3)) for low, d in ((0.0, 0.6), (0.2, 0.8)))
    images = np.where(inside, front[:, :, None, None], back[:, :, None, None])
    images = (images + rng.normal(0, 0.08, images.shape)).clip(0, 1).astype(np.float32)
    return images, noisy_labels(labels, label_noise, rng, len(SHAPES))
