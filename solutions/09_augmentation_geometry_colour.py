# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Augmentation I: geometry, colour, test time

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import Dataset
from traindeep import check, hint, progress, use
from traindeep.data import digits, shapes
from traindeep.plots import COLORS, claim, mean_with_spread, style

torch.set_num_threads(1)
style()

# %% [markdown]
# ### Exercise: `hflip`, `random_hflip` and `random_crop` (6 points)


# %% exercise="random_flip_crop" points=6
def hflip(img):
    """The mirror image: left and right are swapped; channels and rows stay where they are.

        out[c, y, x] = img[c, y, W - 1 - x]

    Args:
        img: (C, H, W) array of any dtype.

    Returns:
        (C, H, W) array of the same dtype. A view is fine.
    """
    ### BEGIN SOLUTION
    return np.flip(img, axis=2)
    ### END SOLUTION


def random_hflip(img, p, rng):
    """The mirror image with probability p, else the image as it is.

    Args:
        img: (C, H, W) array of any dtype.
        p: Probability of the mirror image, from 0 (never) to 1 (always).
        rng: np.random.Generator, the source of all randomness.

    Returns:
        (out, flipped): an image of the same shape and dtype, and a bool that says whether it was mirrored.

    Raises:
        ValueError: p is outside [0, 1]. The message names p.
    """
    ### BEGIN SOLUTION
    if p < 0 or p > 1:
        raise ValueError(f"p is a probability, got {p}")
    flipped = bool(rng.random() < p)
    return (np.flip(img, axis=2) if flipped else img), flipped
    ### END SOLUTION


def random_crop(img, size, pad, rng):
    """Put a frame of `pad` zeros around the image, then cut out a square at a random place.

        crop = padded[:, top : top + size, left : left + size]

    top is one of 0, 1, ..., H + 2 pad - size, each as likely as the others, and left one of 0, 1, ..., W + 2 pad - size.
    The two are drawn independently.

    Args:
        img: (C, H, W) array of any dtype.
        size: Side of the square.
        pad: Width of the frame on each of the four sides, 0 or more.
        rng: np.random.Generator, the source of all randomness.

    Returns:
        (crop, (top, left)): a (C, size, size) array of the dtype of img, and two integers that count from the corner of
        the padded image.

    Raises:
        ValueError: pad < 0, or size is larger than the height or the width of the padded image. The message names the
            argument.
    """
    ### BEGIN SOLUTION
    if pad < 0:
        raise ValueError(f"pad must not be negative, got {pad}")
    C, H, W = img.shape
    if size > H + 2 * pad or size > W + 2 * pad:
        raise ValueError(f"size {size} does not fit into {H + 2 * pad} x {W + 2 * pad} pixels")
    canvas = np.zeros((C, H + 2 * pad, W + 2 * pad), dtype=img.dtype)
    canvas[:, pad : pad + H, pad : pad + W] = img
    top = int(rng.integers(0, H + 2 * pad - size + 1))  # the upper end is not included
    left = int(rng.integers(0, W + 2 * pad - size + 1))
    return canvas[:, top : top + size, left : left + size], (top, left)
    ### END SOLUTION


# %% check="random_flip_crop"
check("random_flip_crop")

# %% [markdown]
# ### Exercise: `resize_bilinear` and `random_short_side_crop` (6 points)


# %% exercise="resize_short_side" points=6
def resize_bilinear(img, h, w):
    """Bilinear interpolation to h rows and w columns, with half-pixel centres and without antialiasing.

    The centre of pixel i lies at i + 1/2, in the old image and in the new one. So row i of the new image lies at

        s = (i + 1/2) * H / h - 1/2,    clipped to the range from 0 to H - 1,

    in the old one. It is (1 - t) * row floor(s) + t * row floor(s) + 1, with t = s - floor(s). The same for columns. For
    the last row there is no next one, and none is needed: t is 0 there.

    Args:
        img: (C, H, W) array; values may be whole numbers.
        h: Number of rows of the result.
        w: Number of columns of the result.

    Returns:
        (C, h, w) float array.

    Raises:
        ValueError: h < 1 or w < 1. The message names the argument.
    """
    ### BEGIN SOLUTION
    if h < 1:
        raise ValueError(f"h must be positive, got {h}")
    if w < 1:
        raise ValueError(f"w must be positive, got {w}")
    img = np.asarray(img, dtype=float)
    H, W = img.shape[1:]
    sy = np.clip((np.arange(h) + 0.5) * H / h - 0.5, 0, H - 1)
    sx = np.clip((np.arange(w) + 0.5) * W / w - 0.5, 0, W - 1)
    y0, x0 = np.floor(sy).astype(int), np.floor(sx).astype(int)
    y1, x1 = np.minimum(y0 + 1, H - 1), np.minimum(x0 + 1, W - 1)
    ty, tx = (sy - y0)[:, None], sx - x0
    rows = (1 - ty) * img[:, y0, :] + ty * img[:, y1, :]
    return (1 - tx) * rows[:, :, x0] + tx * rows[:, :, x1]
    ### END SOLUTION


def random_short_side_crop(img, s_min, s_max, size, rng):
    """Resize the image so that its short side is a random L, keep its aspect ratio, then cut out a random square.

    L is one of s_min, ..., s_max, both ends included, each as likely as the others. The long side becomes
    long * L / short, rounded to the nearest whole number or down, as you like. The place of the crop is drawn as in
    random_crop, without a frame: all places are equally likely, and the axes are independent.

    Args:
        img: (C, H, W) array. H may be larger or smaller than W.
        s_min: Smallest short side.
        s_max: Largest short side.
        size: Side of the crop.
        rng: np.random.Generator, the source of all randomness.

    Returns:
        (crop, info): the (C, size, size) float array

            resize_bilinear(img, h, w)[:, top : top + size, left : left + size]

        and the dict of integers L, h, w, top, left.

    Raises:
        ValueError: s_min > s_max, or size > s_min. The message names one of the arguments.
    """
    ### BEGIN SOLUTION
    if s_min > s_max:
        raise ValueError(f"s_min = {s_min} is larger than s_max = {s_max}")
    if size > s_min:
        raise ValueError(f"size = {size} does not fit into s_min = {s_min}")
    H, W = img.shape[1:]
    L = int(rng.integers(s_min, s_max + 1))
    h, w = (L, round(W * L / H)) if H <= W else (round(H * L / W), L)
    resized = resize_bilinear(img, h, w)
    top, left = int(rng.integers(h - size + 1)), int(rng.integers(w - size + 1))
    crop = resized[:, top : top + size, left : left + size]
    return crop, {"L": L, "h": h, "w": w, "top": top, "left": left}
    ### END SOLUTION


# %% check="resize_short_side"
check("resize_short_side")

# %% [markdown]
# ### Exercise: `ten_crop` (4 points)


# %% exercise="ten_crop" points=4
def ten_crop(img, size):
    """The four corners and the centre of an image, each of them with its mirror image (left and right swapped).

    The centre crop starts at row (H - size) / 2 and column (W - size) / 2. Where that is no whole number, round it
    up or down, as you like. Nothing is random here.

    Args:
        img: (C, H, W) array of any dtype.
        size: Side of the crops.

    Returns:
        (10, C, size, size) array of the dtype of img. The order of the ten is up to you.

    Raises:
        ValueError: size is larger than H or W. The message names size.
    """
    ### BEGIN SOLUTION
    H, W = img.shape[1:]
    if size > H or size > W:
        raise ValueError(f"size {size} is larger than the image of {H} x {W} pixels")
    crops = []
    for top, left in [(0, 0), (0, W - size), (H - size, 0), (H - size, W - size), ((H - size) // 2, (W - size) // 2)]:
        crop = img[:, top : top + size, left : left + size]
        crops += [crop, crop[:, :, ::-1]]
    return np.stack(crops)
    ### END SOLUTION


# %% check="ten_crop"
check("ten_crop")

# %% [markdown]
# ### Exercise: `translate` and `rotate` (6 points)


# %% exercise="warp" points=6
def translate(img, dy, dx, fill=0.0):
    """Shift the image by dy rows down and dx columns to the right. What comes in from outside is fill.

        out[c, y, x] = img[c, y - dy, x - dx]  where that pixel exists, else fill

    Args:
        img: (C, H, W) array; values may be whole numbers.
        dy: Whole number of rows; negative shifts up.
        dx: Whole number of columns; negative shifts to the left.
        fill: Value of the pixels that come from outside.

    Returns:
        (C, H, W) float array. After a shift beyond the image it is fill everywhere.

    Raises:
        ValueError: img has not three axes. The message names img.
    """
    ### BEGIN SOLUTION
    img = np.asarray(img, dtype=float)
    if img.ndim != 3:
        raise ValueError(f"img must have shape (C, H, W), got {img.shape}")
    H, W = img.shape[1:]
    out = np.full(img.shape, float(fill))
    if abs(dy) < H and abs(dx) < W:
        out[:, max(dy, 0) : H + min(dy, 0), max(dx, 0) : W + min(dx, 0)] = img[
            :, max(-dy, 0) : H + min(-dy, 0), max(-dx, 0) : W + min(-dx, 0)
        ]
    return out
    ### END SOLUTION


def rotate(img, deg, fill=0.0):
    """Rotate the image counter-clockwise about its centre, which lies at row cy = (H - 1) / 2, column cx = (W - 1) / 2.

    Inverse mapping: the pixel (y, x) of the result asks where it came from. That is

        sx = cx + (x - cx) cos(deg) - (y - cy) sin(deg)
        sy = cy + (x - cx) sin(deg) + (y - cy) cos(deg)

    (rows are counted downwards), and its value is the bilinear mean of the four pixels around (sy, sx). Those of the
    four that lie outside of the image count as fill, with the weight that they have.

    Args:
        img: (C, H, W) array; values may be whole numbers.
        deg: Angle in degrees, any number; positive turns counter-clockwise.
        fill: Value of everything outside of the image.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: img has not three axes. The message names img.
    """
    ### BEGIN SOLUTION
    img = np.asarray(img, dtype=float)
    if img.ndim != 3:
        raise ValueError(f"img must have shape (C, H, W), got {img.shape}")
    C, H, W = img.shape
    cy, cx = (H - 1) / 2, (W - 1) / 2
    y, x = np.meshgrid(np.arange(H) - cy, np.arange(W) - cx, indexing="ij")
    angle = np.radians(deg)
    sx = cx + x * np.cos(angle) - y * np.sin(angle)
    sy = cy + x * np.sin(angle) + y * np.cos(angle)
    # A frame of fill around the image: places farther outside are moved into it.
    framed = np.full((C, H + 4, W + 4), float(fill))
    framed[:, 2:-2, 2:-2] = img
    sy, sx = np.clip(sy + 2, 0, H + 2), np.clip(sx + 2, 0, W + 2)
    y0, x0 = np.floor(sy).astype(int), np.floor(sx).astype(int)
    ty, tx = sy - y0, sx - x0
    upper = (1 - tx) * framed[:, y0, x0] + tx * framed[:, y0, x0 + 1]
    lower = (1 - tx) * framed[:, y0 + 1, x0] + tx * framed[:, y0 + 1, x0 + 1]
    return (1 - ty) * upper + ty * lower
    ### END SOLUTION


# %% check="warp"
check("warp")

# %% [markdown]
# ### Exercise: `adjust_brightness`, `adjust_contrast` and `random_brightness_contrast` (4 points)


# %% exercise="brightness_contrast" points=4
def adjust_brightness(img, f):
    """Multiply all values by f, then clip to the range from 0 to 1.

        out = clip(f * img, 0, 1)

    Args:
        img: (C, H, W) array with values in [0, 1]; they may be whole numbers.
        f: Factor. 0 gives a black image, 1 the image itself.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: f < 0. The message names f.
    """
    ### BEGIN SOLUTION
    if f < 0:
        raise ValueError(f"f must not be negative, got {f}")
    return np.minimum(np.asarray(img, dtype=float) * f, 1.0)
    ### END SOLUTION


def adjust_contrast(img, f):
    """Multiply the distances from the mean by f, then clip to the range from 0 to 1.

        out = clip(m + f * (img - m), 0, 1),    m = the mean of the whole image, one number for all channels

    Args:
        img: (C, H, W) array with values in [0, 1]; they may be whole numbers.
        f: Factor. 0 gives a plain grey image, 1 the image itself.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: f < 0. The message names f.
    """
    ### BEGIN SOLUTION
    if f < 0:
        raise ValueError(f"f must not be negative, got {f}")
    mean = np.mean(img)
    return np.clip(mean + f * (np.asarray(img) - mean), 0.0, 1.0)
    ### END SOLUTION


def random_brightness_contrast(img, delta, rng):
    """Change the brightness by a random factor fb, then the contrast of the result by a random factor fc.

    fb and fc are uniform between 1 - delta and 1 + delta, and independent of each other.

    Args:
        img: (C, H, W) array with values in [0, 1].
        delta: How far the factors may be from 1, in [0, 1].
        rng: np.random.Generator, the source of all randomness.

    Returns:
        (out, (fb, fc)): out = adjust_contrast(adjust_brightness(img, fb), fc), and the two factors.

    Raises:
        ValueError: delta is outside [0, 1]. The message names delta.
    """
    ### BEGIN SOLUTION
    if delta < 0 or delta > 1:
        raise ValueError(f"delta must lie in [0, 1], got {delta}")
    fb = float(rng.uniform(1 - delta, 1 + delta))
    fc = float(rng.uniform(1 - delta, 1 + delta))
    return adjust_contrast(adjust_brightness(img, fb), fc), (fb, fc)
    ### END SOLUTION


# %% check="brightness_contrast"
check("brightness_contrast")

# %% [markdown]
# ### Exercise: `solarize`, `autocontrast` and `equalize` (7 points)


# %% exercise="histogram_ops" points=7
def solarize(img, threshold):
    """Invert the bright values: v where v < threshold, else 255 - v.

    Args:
        img: (C, H, W) array of dtype uint8.
        threshold: A whole number from 0 (everything is inverted) to 256 (nothing is).

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8, or threshold is outside 0..256. The message names the argument.
    """
    ### BEGIN SOLUTION
    if img.dtype != np.uint8:
        raise ValueError(f"img must have dtype uint8, got {img.dtype}")
    if threshold < 0 or threshold > 256:
        raise ValueError(f"threshold must lie in 0..256, got {threshold}")
    levels = np.arange(256)
    return np.where(levels < threshold, levels, 255 - levels).astype(np.uint8)[img]
    ### END SOLUTION


def autocontrast(img):
    """Stretch the values of each channel to the whole range from 0 to 255.

        v becomes (v - lo) * 255 / (hi - lo),    lo and hi: the smallest and the largest value of the channel

    Round the result to the nearest whole number or down, as you like. A channel with hi = lo stays as it is.

    Args:
        img: (C, H, W) array of dtype uint8.

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8. The message names img.
    """
    ### BEGIN SOLUTION
    if img.dtype != np.uint8:
        raise ValueError(f"img must have dtype uint8, got {img.dtype}")
    out = img.copy()
    for c, channel in enumerate(img):
        lo, hi = int(channel.min()), int(channel.max())
        if hi > lo:
            out[c] = np.round((channel.astype(float) - lo) * 255 / (hi - lo))
    return out
    ### END SOLUTION


def equalize(img):
    """Spread the values of each channel so that bright and dark are used about equally often, by Pillow's formula.

    Let count_v be the number of pixels of value v in a channel of N pixels, and last the count of the highest value that
    occurs in it. Divide whole numbers, without a remainder:

        step = (N - last) // 255
        lut[v] = (step // 2 + count_0 + ... + count_(v - 1)) // step,    at most 255

    Every value v becomes lut[v]. Where step is 0, the channel stays as it is.

    Args:
        img: (C, H, W) array of dtype uint8.

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8. The message names img.
    """
    ### BEGIN SOLUTION
    if img.dtype != np.uint8:
        raise ValueError(f"img must have dtype uint8, got {img.dtype}")
    out = img.copy()
    for c, channel in enumerate(img):
        counts = np.bincount(channel.reshape(-1), minlength=256)
        last = counts[counts > 0][-1]
        step = (channel.size - last) // 255
        if step > 0:
            before = np.concatenate([[0], np.cumsum(counts)[:-1]])
            lut = np.minimum((step // 2 + before) // step, 255).astype(np.uint8)
            out[c] = lut[channel]
    return out
    ### END SOLUTION


# %% check="histogram_ops"
check("histogram_ops")

# %% [markdown]
# ### Exercise: `pca_color_fit`, `pca_color_apply` and `random_pca_color` (5 points)


# %% exercise="pca_color" points=5
def pca_color_fit(X):
    """Eigenvalues and eigenvectors of the covariance of colours, over all pixels of all images.

        cov = mean over all pixels of (colour - mean colour)(colour - mean colour)^T      (3, 3)
        cov = evecs @ diag(evals) @ evecs.T

    The mean divides by the number of pixels.

    Args:
        X: (N, 3, H, W) array; values may be whole numbers.

    Returns:
        (evals, evecs): (3,) eigenvalues and (3, 3) with the eigenvectors, of length 1, in the columns: column i
        belongs to evals[i]. The order of the three, and the signs of the columns, are up to you.

    Raises:
        ValueError: X has not the shape (N, 3, H, W). The message names X.
    """
    ### BEGIN SOLUTION
    if np.ndim(X) != 4 or np.shape(X)[1] != 3:
        raise ValueError(f"X must have shape (N, 3, H, W), got {np.shape(X)}")
    colours = np.asarray(X, dtype=float).transpose(0, 2, 3, 1).reshape(-1, 3)
    centred = colours - colours.mean(axis=0)
    evals, evecs = np.linalg.eigh(centred.T @ centred / len(centred))
    return evals, evecs
    ### END SOLUTION


def pca_color_apply(img, evals, evecs, alpha):
    """Add one and the same colour to all pixels. Nothing is clipped.

        out[:, y, x] = img[:, y, x] + sum over i of alpha[i] * evals[i] * evecs[:, i]

    Args:
        img: (3, H, W) array; values may be whole numbers.
        evals: (3,) eigenvalues.
        evecs: (3, 3) array, eigenvectors in the columns.
        alpha: (3,) array.

    Returns:
        (3, H, W) float array.

    Raises:
        ValueError: img has not the shape (3, H, W). The message names img.
    """
    ### BEGIN SOLUTION
    if np.ndim(img) != 3 or np.shape(img)[0] != 3:
        raise ValueError(f"img must have shape (3, H, W), got {np.shape(img)}")
    colour = sum(alpha[i] * evals[i] * evecs[:, i] for i in range(3))
    return img + colour.reshape(3, 1, 1)
    ### END SOLUTION


def random_pca_color(img, evals, evecs, sigma, rng):
    """pca_color_apply with a random alpha: three independent normal numbers, one draw for the whole image.

    Args:
        img: (3, H, W) array.
        evals: (3,) eigenvalues.
        evecs: (3, 3) array, eigenvectors in the columns.
        sigma: Standard deviation of the numbers, 0 or more; their mean is 0.
        rng: np.random.Generator, the source of all randomness.

    Returns:
        (out, alpha): the image and the (3,) array that was drawn.

    Raises:
        ValueError: sigma < 0, or img has not the shape (3, H, W). The message names the argument.
    """
    ### BEGIN SOLUTION
    if sigma < 0:
        raise ValueError(f"sigma must not be negative, got {sigma}")
    alpha = rng.normal(0.0, sigma, size=3)
    return pca_color_apply(img, evals, evecs, alpha), alpha
    ### END SOLUTION


# %% check="pca_color"
check("pca_color")

# %% [markdown]
# ### Exercise: `tta_predict` (4 points)


# %% exercise="tta_predict" points=4
def tta_predict(predict_proba, x, views):
    """The mean of the predicted probabilities over several views of the same inputs.

    A view is a function. It maps x, of shape (N, ...), to an array with as many axes, again with N inputs; or to several
    crops of it on a new first axis, (V, N, ...). Crops may be smaller than the inputs in x. All crops have the same
    weight: a view that returns ten crops counts ten times.

    The mean is the arithmetic mean of probabilities. x itself is part of it only if a view returns it.

    Args:
        predict_proba: Function that maps inputs (n, ...), with any n, to probabilities (n, C), row by row.
        x: (N, ...) array.
        views: List of functions.

    Returns:
        (N, C) array.

    Raises:
        ValueError: views is empty. The message names views.
    """
    ### BEGIN SOLUTION
    if not views:
        raise ValueError("views is empty")
    total, count = 0.0, 0
    for view in views:
        crops = view(x)
        for crop in crops if crops.ndim == x.ndim + 1 else [crops]:
            total = total + predict_proba(crop)
            count += 1
    return total / count
    ### END SOLUTION


# %% check="tta_predict"
check("tta_predict")

# %% [markdown]
# ### Exercise: `AugmentedDataset`, `precompute` and `stored_bytes` (5 points)


# %% exercise="augmented_dataset" points=5
class AugmentedDataset(Dataset):
    """Images that are transformed anew each time they are looked at.

        ds[i] is the tuple (transform(img, rng), y[i]),    img: a copy of X[i]

    rng is a fresh np.random.Generator, made from seed, epoch and i and from nothing else. So one and the same seed, epoch
    and index always give the same image, whatever was looked at before, in whatever process; and any other seed, epoch or
    index gives other random numbers. Global random states are not used.

    len(ds) is N. transform may work in place, and still X never changes.
    """

    def __init__(self, X, y, transform, seed):
        """Begin with epoch 0.

        Args:
            X: (N, ...) array of images.
            y: (N,) array of labels.
            transform: Function transform(img, rng) that returns the augmented image.
            seed: Whole number, 0 or more.
        """
        ### BEGIN SOLUTION
        self.X, self.y, self.transform, self.seed = X, y, transform, seed
        self.epoch = 0
        ### END SOLUTION

    def set_epoch(self, e):
        """Go to epoch e, a whole number, 0 or more."""
        ### BEGIN SOLUTION
        self.epoch = e
        ### END SOLUTION

    def __len__(self):
        ### BEGIN SOLUTION
        return len(self.X)
        ### END SOLUTION

    def __getitem__(self, i):
        ### BEGIN SOLUTION
        rng = np.random.default_rng([self.seed, self.epoch, i])
        return self.transform(self.X[i].copy(), rng), self.y[i]
        ### END SOLUTION


def precompute(X, y, transform, k, seed):
    """Make k transformed copies of every image in advance.

    First comes one copy of all N images in the order of X, then the next copy of all, and so on. Each copy of each image
    has random numbers of its own; the same seed gives the same result.

    Args:
        X: (N, ...) array of images. It is not changed, even if transform works in place.
        y: (N,) array of labels.
        transform: As for AugmentedDataset.
        k: Number of copies.
        seed: Whole number, 0 or more.

    Returns:
        (images, labels): arrays of shape (k N, ...) and (k N,).

    Raises:
        ValueError: k < 1. The message names k.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be positive, got {k}")
    images = [
        transform(X[i].copy(), np.random.default_rng([seed, copy, i])) for copy in range(k) for i in range(len(X))
    ]
    return np.stack(images), np.concatenate([y] * k)
    ### END SOLUTION


def stored_bytes(X, k):
    """How many bytes k precomputed copies of the images X take (labels not counted), if transform keeps shape and dtype.

    Returns:
        A whole number.

    Raises:
        ValueError: k < 1. The message names k.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be positive, got {k}")
    return X.size * X.itemsize * k
    ### END SOLUTION


# %% check="augmented_dataset"
check("augmented_dataset")
