"""Several views of an image at test time: ten crops, and the mean of the predictions.

Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1.
"""

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray


def ten_crop(img: Array, size: int) -> Array:
    """Four corners and the centre, each with its mirror image.

    The centre crop starts at row (H - size) / 2 and column (W - size) / 2, either of them rounded down or up.

    Args:
        img: (C, H, W) array of any dtype.
        size: Side of the crops.

    Returns:
        (10, C, size, size) array of the dtype of img, in any order.

    Raises:
        ValueError: size is larger than H or W.

    Source: Krizhevsky et al., section 4.1.

    >>> ten_crop(np.arange(9).reshape(1, 3, 3), 1).ravel()
    array([0, 2, 6, 8, 4, 0, 2, 6, 8, 4])
    """
    H, W = img.shape[1:]
    if size > min(H, W):
        raise ValueError(f"size must be at most {min(H, W)}, got {size}")
    bottom, right = H - size, W - size
    corners = ((0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2))
    five = np.stack([img[:, top : top + size, left : left + size] for top, left in corners])
    return np.concatenate([five, five[..., ::-1]])


def tta_predict(predict_proba: Callable[[Array], Array], x: Array, views: Sequence[Callable[[Array], Array]]) -> Array:
    """The arithmetic mean of the predicted probabilities over all views of x.

    A view maps x, of shape (N, ...), to an array with as many axes, (N, ...), or to several crops on a new first axis,
    (V, N, ...). Every crop has the same weight, so a view that returns V crops counts V times. Crops may be
    smaller than x. Nothing but the views is averaged: x itself counts only if a view returns it.

    Args:
        predict_proba: Maps inputs (n, ...), for any n, to probabilities (n, C), row by row.
        x: (N, ...) array.
        views: At least one.

    Returns:
        (N, C) array.

    Raises:
        ValueError: views is empty.

    Source: Krizhevsky et al., section 4.1.

    >>> tta_predict(lambda x: np.stack([x, 1 - x], axis=1), np.array([0.5]), [lambda x: x, lambda x: 0 * x])
    array([[0.25, 0.75]])
    """
    if not len(views):
        raise ValueError("views must have at least one view")
    crops = []
    for view in views:
        seen = np.asarray(view(x))
        crops += list(seen) if seen.ndim > np.ndim(x) else [seen]
    return np.mean([predict_proba(crop) for crop in crops], axis=0)
