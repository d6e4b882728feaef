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
#
# A classifier of photographs should not care whether a cat looks to the left or to the right, stands two pixels lower,
# or sits in the shade. Nobody tells it so. It knows the training images, and from those it must guess what matters.
# **Data augmentation** tells it: show it each image in many versions which all deserve the same label.
#
# It is the regularizer that everybody uses, and it has its own ways to go wrong:
#
# 1. **The code is easy to get nearly right.** A crop that never reaches the last row, one random number for both axes,
#    a rotation about the wrong point, bytes that wrap around at 256: nothing crashes, the training just gets a little
#    worse.
# 2. **The label must survive.** A mirrored cat is a cat. A 6 upside down is a 9.
# 3. **The claims.** "More robust", "free of cost", "never enough data". You will measure what each of them needs to be
#    true.
#
# By the end you can write the transformations of AlexNet's pipeline and of its successors, with randomness that you can
# test and repeat; average predictions over several views of an image; decide between augmenting on the fly and in
# advance; and name a label that a transformation puts at risk.
#
# **You need**: NumPy, notebook [00](../00_workshop/00_workshop.ipynb), and from notebook
# [01](../01_input_normalization/01_input_normalization.ipynb) what a covariance matrix and its eigenvectors are.
# **Time**: about 4.5 hours. **Points**: 47 for code in nine exercises, 7 for two questions in words. Exercises marked
# *extension* can be left out without losing the thread. `hint("random_flip_crop")` and `progress()` work as before. New
# here: when an answer of yours is an image and is wrong, `check` shows it beside the input and the expected image.
#
# The usual rules hold: arguments are left as they were, and bad input is refused with a `ValueError` that names the
# argument. As in notebook 05, a function that draws gets its generator as an argument and returns what it drew, so that
# a check can test the arithmetic exactly and the draws by counting.
#
# The papers: Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*
# (NeurIPS 2012, section 4.1; "AlexNet" below); He, Zhang, Ren and Sun, *Deep Residual Learning* (arXiv:1512.03385,
# sections 3.4 and 4.2, for the crops); Cubuk and others, *AutoAugment* (arXiv:1805.09501, for the operations on the
# histogram).

# %%
import copy
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_sample_image
from torch import nn
from torch.utils.data import Dataset
from traindeep import check, hint, progress, use
from traindeep.data import SHAPES, digits, shapes
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · What must not matter
#
# Three kinds of variation leave the answer alone in most tasks of vision:
#
# - **pose**: where the object is, how large, how far it is turned, from where it is seen;
# - **appearance**: which of the many cats, which handwriting, which colour of car;
# - **illumination**: brightness, contrast, the colour of the light.
#
# Geometric transformations imitate a part of pose, colour operations a part of illumination. Appearance is the hardest
# to imitate: nobody can compute another cat from a cat. So there is **never enough data**, and augmentation replaces a
# part of it, the part that we can describe. In return we have to know what must not matter. That knowledge is not in
# the data; it is in the one who writes the transformation.
#
# You have met one augmentation already: noise on the input (notebook 07). There we could compute what it does, a
# penalty on large weights. For crops and colours nobody has such a formula, but the idea is the same: the network is
# asked to give equal answers to neighbours, and this time we say what a neighbour is.
#
# ### The network whose recipe we follow
#
# Most of what is in this notebook goes back to one paper of 2012. AlexNet, five convolutional and three fully connected
# layers with 650 000 units and 60 million parameters, was trained on 1.2 million photographs of 1000 classes. In the
# contest of 2010 it reached a top-1 error of 37.5 % and a top-5 error of 17.0 %; a variant won the one of 2012 with
# 15.3 % top-5, eleven points ahead of the second. Its authors write that without augmentation they would have had to
# use a much smaller network, and they name two forms of it: crops with mirror images (sections 2 to 4), and changes of
# colour (section 9). Dropout (notebook 05) was their other remedy. W09b goes through their numbers.
#
# ### The data
#
# Two data sets accompany us, both small: the 8 × 8 digits, and coloured shapes that are drawn by
# `traindeep.data.shapes`. Two photographs come with scikit-learn.

# %% tags=["experiment"]


def show(ax, image, title=""):
    """One image (C, H, W) with values in [0, 1] or bytes; a single channel is drawn as ink on paper."""
    image = np.asarray(image) / 255 if np.asarray(image).dtype == np.uint8 else np.asarray(image)
    if len(image) == 1:
        ax.imshow(image[0], cmap="gray_r", vmin=0, vmax=1)
    else:
        ax.imshow(np.moveaxis(image, 0, -1).clip(0, 1))
    ax.set_title(title, fontsize=10)
    ax.axis("off")


pictures, names = shapes(200, seed=1, size=24)
fig, axes = plt.subplots(4, 6, figsize=(9, 6.2))
for column, name in enumerate(SHAPES):
    for row, picture in enumerate(pictures[names == column][:4]):
        show(axes[row, column], picture, name if row == 0 else "")
fig.suptitle("One name per column: place, size and colours do not matter", x=0.02, ha="left", fontsize=11)
plt.show()

# %% [markdown]
# Figure: 24 little colour images in six columns, four each of disc, square, triangle, cross, ring and stripes. Within a
# column place, size and both colours differ.
#
# **What to notice.** In every column there is something that the name depends on, and much that it does not. Some of
# the variation we can produce from a single image (the place, the colours), some we cannot (a square does not become a
# larger one without a blurred edge).

# %% [markdown]
# ## 2 · Flip and crop
#
# The two oldest transformations, and still the first two lines of most pipelines. A **horizontal flip** makes two
# images out of one. A **random crop** cuts out a smaller square, at a random place; on images that are already small
# one puts a frame of zeros around them first, so that the crop is a shift by up to `pad` pixels in each direction.
#
# An image of $H \times W$ pixels with a frame of `pad` on each side has $(H + 2\,\mathrm{pad} - \mathrm{size} + 1)$
# places for the top of the crop, and likewise for its left side. The **+ 1** is where most of the wrong crops in the
# world go wrong: a generator whose upper end is excluded, and somebody who excludes it once more.
#
# **By hand.** A 3 × 3 image, pad 1, size 3. The padded image has 5 rows, so top is 0, 1 or 2. With (top, left) = (0, 1)
# the crop begins in the frame: the image has moved one row *down*, and its last row is gone.
#
# | image | padded | crop at (0, 1) |
# | --- | --- | --- |
# | 1 2 3 | 0 0 0 0 0 | 0 0 0 |
# | 4 5 6 | 0 1 2 3 0 | 1 2 3 |
# | 7 8 9 | 0 4 5 6 0 | 4 5 6 |
# | | 0 7 8 9 0 | |
# | | 0 0 0 0 0 | |
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | axes of an image | (C, H, W): channels, rows, columns, as in PyTorch | Pillow, matplotlib, TensorFlow: (H, W, C). There the last axis is the colour, and a "flip of the last axis" turns red into blue |
# | what a horizontal flip does | swaps left and right: the **W** axis | |
# | a crop's place | (top, left), from the corner of the **padded** image, both ends included | `Image.crop` of Pillow: (left, upper, right, lower) |
# | the frame | zeros | reflection, repeated border pixels, the mean colour |
# | top and left | two independent draws, for each image anew | one draw for a whole batch is faster and weaker; E09a measures it |
# | `p` of the flip | the probability *that it flips* | the same everywhere |
#
# ### Exercise: `hflip`, `random_hflip` and `random_crop` (6 points)
#
# Bytes stay bytes and floats stay floats: nothing is computed here, only moved.
#
# *Difficulty 2 of 4, about 15 minutes.*


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
# ### Where the crops begin

# %% tags=["experiment"]
crop_of = use("random_crop")
rng = np.random.default_rng(4)
picture = pictures[names == SHAPES.index("ring")][1]
framed = np.pad(picture, ((0, 0), (4, 4), (4, 4)))
begins, shown_crops = np.zeros((9, 9)), {}
for _ in range(8100):
    part, (top, left) = crop_of(picture, 24, 4, rng)
    begins[top, left] += 1
    if {top, left} <= {0, 1, 7, 8}:  # keep one crop of each corner
        shown_crops[top > 4, left > 4] = part, top, left

fig, axes = plt.subplot_mosaic(
    [["frame", "a", "b", "map"], ["frame", "c", "d", "map"]], figsize=(11, 3.9), width_ratios=[2, 1, 1, 2]
)
show(axes["frame"], framed, "image with a frame of 4, and four crops")
axes["frame"].set(xlim=(-1.5, 32.5), ylim=(32.5, -1.5))
for name, color, corner in zip("abcd", ("blue", "red", "green", "orange"), sorted(shown_crops), strict=True):
    part, top, left = shown_crops[corner]
    show(axes[name], part, f"({top}, {left})")
    for ax, x, y, width in ((axes["frame"], left, top, 2), (axes[name], 0, 0, 4)):
        ax.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 24, 24, fill=False, color=COLORS[color], linewidth=width))
shown = axes["map"].imshow(begins, cmap="Blues", vmin=0, vmax=200)
axes["map"].set(xlabel="left", ylabel="top", title="8100 crops: where they began", xticks=range(9), yticks=range(9))
axes["map"].grid(False)
fig.colorbar(shown, ax=axes["map"], label="number of crops", shrink=0.8)
plt.show()

# %% [markdown]
# Figure: left, an image of a ring in a black frame with four coloured squares, the crops; middle, the four crops, in
# which the ring has moved and parts of the frame are visible; right, a map of 9 × 9 places, each of which was drawn
# about 100 times.
#
# **What to notice.** All 81 places occur, those in the corners as often as the one in the middle. The crop is a shift:
# (4, 4) is the image itself, and at (0, 0) it has moved 4 pixels down and to the right.

# %% [markdown]
# ## 3 · Resize, then crop
#
# Photographs come in all sizes. The usual recipe since 2014: pick a random length $L$, at ImageNet from 256 to 480;
# resize the image so that its **short side** is $L$; cut out a square of 224 at a random place. So the object appears
# in many sizes, and the aspect ratio, which is a property of the object, stays. With our small images $L$ will be 20 to
# 30 and the crop 20.
#
# Resizing sounds like something that a library does for you. Several libraries do, and they do different things. The
# first question is *where a pixel is*. Think of a row of four pixels as a ruler from 0 to 4. A pixel is the stretch
# from $i$ to $i + 1$, so its centre is at $i + \frac12$. If the ruler is divided into $h$ new pixels, then the centre
# of the new pixel $i$ lies at $(i + \frac12)\frac{H}{h}$ on the same ruler, and that is where to look. In numbers of
# old pixels (centre minus $\frac12$):
#
# $$ s = \bigl(i + \tfrac12\bigr)\frac{H}{h} - \tfrac12 , \qquad \text{clipped to } [0, H - 1] . $$
#
# The value is a mixture of the two old pixels on either side, by distance. In two dimensions one does rows and then
# columns; the order does not matter.
#
# **By hand.** Two pixels, (0, 4), become four. Positions: $(0.5, 1.5, 2.5, 3.5)\cdot\frac24 - \frac12 = (-0.25, 0.25,
# 0.75, 1.25)$, clipped to $(0, 0.25, 0.75, 1)$.
#
# | convention | positions | result |
# | --- | --- | --- |
# | **half-pixel centres** (here) | 0, 0.25, 0.75, 1 | 0, 1, 3, 4 |
# | corners aligned: first and last pixels stay, $s = i\frac{H-1}{h-1}$ | 0, 0.33, 0.67, 1 | 0, 1.33, 2.67, 4 |
# | the half forgotten, $s = i\frac{H}{h}$ | 0, 0.5, 1, 1 | 0, 2, 4, 4 |
# | nearest pixel | 0, 0, 1, 1 | 0, 0, 4, 4 |
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | where a pixel is | half-pixel centres | `F.interpolate(align_corners=False)`, Pillow, OpenCV the same; `align_corners=True` the second row above |
# | beyond the first and last centre | clipped: the border pixel itself | |
# | shrinking | two neighbours only, **no antialiasing**: below half size, pixels are simply skipped | Pillow averages over all pixels that fall into the new one, so `Image.resize` and `F.interpolate` agree when they enlarge and differ when they shrink; `antialias=True` makes torch do as Pillow does |
# | the long side | long · L / short, rounded or cut off, as you like | both occur |
# | range of $L$ | both ends included | |

# %% [markdown]
# ### Exercise: `resize_bilinear` and `random_short_side_crop` (6 points)
#
# Compute the positions for rows and columns first; everything else is indexing. In the second function take care which
# side is the short one.
#
# *Difficulty 3 of 4, about 25 minutes.*


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
# ### Only one of them keeps the picture in its place

# %% tags=["experiment"]
resize = use("resize_bilinear")
old, new = 6, 24
row = np.array([0.2, 0.2, 1.0, 0.6, 0.2, 0.2])
inside = np.arange(old)
wrong = {  # position of each new pixel, in old pixels
    "corners aligned": np.arange(new) * (old - 1) / (new - 1),
    "the half forgotten": np.arange(new) * old / new,
}
ruler = (np.arange(new) + 0.5) * old / new
curves = {"half-pixel centres": resize(row.reshape(1, 1, old), 1, new).ravel()}
curves |= {name: np.interp(places, inside, row) for name, places in wrong.items()}

fig, ax = plt.subplots(figsize=(8, 3.6))
ax.bar(inside + 0.5, row, width=1, color="0.9", edgecolor="white", label="six old pixels")
looks = (("blue", "o", (3.9, 0.66)), ("orange", "^", (3.05, 0.93)), ("red", "s", (0.35, 0.62)))
for (name, values), (color, marker, place) in zip(curves.items(), looks, strict=True):
    ax.plot(ruler, values, color=COLORS[color], marker=marker, markersize=4, linewidth=1)
    ax.text(*place, name, color=COLORS[color], weight="bold")
ax.text(0.05, 0.04, "six old pixels", color="0.4")
ax.set(
    xlabel="place on the ruler (old pixels)", ylabel="value", title="24 new pixels out of 6", xlim=(0, 6), ylim=(0, 1.1)
)
plt.show()

# %% [markdown]
# Figure: a bar chart of six pixels, of which the third is the brightest, and three curves of 24 points through it. The
# curve with half-pixel centres has its top in the middle of the third bar. With the half forgotten it is shifted to the
# left by more than a third of an old pixel; with aligned corners it is stretched, and the top lies a little to the left.
#
# **What to notice.** With half-pixel centres the top is where the bright pixel is, at 2.5. If the half is forgotten,
# the whole image moves to the left and up, by $\frac12(1 - \frac{H}{h})$ of an old pixel. Aligned corners
# do not move the middle of an image but stretch the rest. None of the three is an error of a library; mixing two of
# them is an error of yours, and one that no shape and no exception gives away.

# %% [markdown]
# ## 4 · Ten crops
#
# At test time nothing should be random, and one crop does not see the whole image. AlexNet used **ten crops**: the four
# corners and the centre, and the mirror image of each. The network answers ten times, and its probabilities are
# averaged (section 10).
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | centre crop | begins at (H − size)/2 and (W − size)/2; a half may be rounded either way | torchvision rounds a half to the even neighbour |
# | the mirror images | left and right swapped | `TenCrop(vertical_flip=True)` of torchvision swaps top and bottom |
# | order | open | torchvision: five crops, then their five mirror images |
#
# ### Exercise: `ten_crop` (4 points)
#
# The centre is not the mean of anything, and the right corner begins at W − size.
#
# *Difficulty 2 of 4, about 10 minutes.*


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
# ### What ten crops see
#
# If an image has its pixel *numbers* as values, then its crops tell which pixels they contain.

# %% tags=["experiment"]
crops_of = use("ten_crop")
fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), width_ratios=[1, 1, 1.25])
show(axes[0], picture, "five of the ten: size 16 of 24")
for (top, left), color in zip(
    ((0, 0), (0, 8), (8, 0), (8, 8), (4, 4)), ("blue", "red", "green", "orange", "black"), strict=True
):
    axes[0].add_patch(plt.Rectangle((left - 0.5, top - 0.5), 16, 16, fill=False, color=COLORS[color], linewidth=2))
for ax, size in zip(axes[1:], (16, 20), strict=True):
    numbers = np.arange(24 * 24).reshape(1, 24, 24)
    seen = np.bincount(crops_of(numbers, size).ravel(), minlength=24 * 24).reshape(24, 24)
    shown = ax.imshow(seen, cmap="Blues", vmin=0, vmax=10)
    ax.set(title=f"how often a pixel is seen, size {size}", xticks=[], yticks=[])
    ax.grid(False)
fig.colorbar(shown, ax=axes[2], label="crops, of ten")
plt.show()

# %% [markdown]
# Figure: an image with five squares drawn on it; two maps of how many of the ten crops contain a pixel: 10 in the
# middle, 2 in the corners, with steps between them; at size 20 the middle is larger.
#
# **What to notice.** Averaging over ten crops is also a statement about where things are: the middle of the image gets
# five times the weight of its corners. The smaller the crop, the more of what a corner crop shows may be background.
# Keep that in mind for E09e.

# %% [markdown]
# ## 5 · Shift and rotate
#
# To turn an image one could take each pixel, compute where it goes, and write it there (**forward mapping**). Two
# pixels may then arrive at the same place, and at some places none arrives: the result has holes. So everybody does it
# the other way round (**inverse mapping**): for each pixel of the *result*, compute where it came from, and look up the
# value there, with bilinear interpolation between the four pixels around that place.
#
# $$
# \begin{aligned}
# s_x &= c_x + (x - c_x)\cos\varphi - (y - c_y)\sin\varphi \\
# s_y &= c_y + (x - c_x)\sin\varphi + (y - c_y)\cos\varphi
# \end{aligned}
# \qquad (c_y, c_x) = \Bigl(\frac{H-1}{2}, \frac{W-1}{2}\Bigr)
# $$
#
# Two traps for the sense of rotation sit in these lines. They are the *inverse* of the rotation one wants to see, and
# rows count *downwards*. Each of them flips a sign.
#
# **By hand.** (a) The row (1, 2, 3) with dx = 1 and fill 0 becomes (0, 1, 2): the 3 is lost, nothing comes back in on
# the other side. (b) For a pixel that looks up the place $(s_y, s_x) = (0.25, 0.5)$ in the image with rows (0, 4) and
# (8, 0): the upper row gives $0.5 \cdot 0 + 0.5 \cdot 4 = 2$, the lower one $4$, and together $0.75 \cdot 2 + 0.25
# \cdot 4 = 2.5$. (c) At $(s_y, s_x) = (0, 1.75)$ the right neighbours are outside of the image: $0.25 \cdot 4 + 0.75
# \cdot \text{fill}$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | sign of the shift | out[y, x] = img[y − dy, x − dx]: positive moves **down and to the right** | matrices that are given to Pillow's `transform` or to torch's `affine_grid` say where to look, so their signs are the opposite |
# | sense of rotation | positive is counter-clockwise, as one sees it | Pillow, OpenCV and scipy the same |
# | centre | $(\frac{H-1}{2}, \frac{W-1}{2})$, counted in pixel *indices* | Pillow says W/2, counted from the *corner*: the same point |
# | size of the result | unchanged, corners are lost | scipy's `rotate` enlarges the image unless `reshape=False` |
# | interpolation | bilinear | default of Pillow: nearest; of scipy: cubic splines |
# | outside | fill; a pixel half outside gets half of it | torch's `grid_sample(padding_mode="zeros", align_corners=True)` the same with fill 0; "border" and "reflection" exist too |
#
# ### Exercise: `translate` and `rotate` (6 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


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
# ### Why the inverse

# %% tags=["experiment"]
turn = use("rotate")
letter = np.zeros((1, 19, 19))
letter[0, 3:16, 5:8] = letter[0, 3:6, 5:14] = letter[0, 8:11, 5:12] = 1.0

# Forward mapping: where does each pixel go? Write it there, at the nearest place.
rows, columns = np.indices((19, 19)) - 9
angle = np.radians(30)
to_row = np.rint(9 + rows * np.cos(angle) - columns * np.sin(angle)).astype(int)
to_column = np.rint(9 + rows * np.sin(angle) + columns * np.cos(angle)).astype(int)
arrives = (to_row >= 0) & (to_row < 19) & (to_column >= 0) & (to_column < 19)
forward = np.full((1, 19, 19), np.nan)
forward[0, to_row[arrives], to_column[arrives]] = letter[0, arrives]
twelve = letter
for _ in range(12):
    twelve = turn(twelve, 30)

fig, axes = plt.subplots(1, 4, figsize=(11, 3))
for ax, image, title in zip(
    axes,
    (letter, forward, turn(letter, 30), twelve),
    ("the letter", "30°, forward: holes", "30°, inverse, bilinear", "12 times 30°"),
    strict=True,
):
    show(ax, image, title)
    holes = np.argwhere(np.isnan(image[0]) & (np.hypot(rows, columns) < 9))
    ax.plot(holes[:, 1], holes[:, 0], "s", color=COLORS["red"], markersize=4)
plt.show()

# %% [markdown]
# Figure: a letter F; the letter turned counter-clockwise by 30 degrees with forward mapping, full of red squares where
# nothing arrived; turned with inverse mapping, without holes and with softer edges; and after twelve turns of 30
# degrees, upright again and badly blurred.
#
# **What to notice.** Interpolation costs sharpness, every time. So a pipeline that resizes, rotates and shifts should
# not do the three one after the other; good ones combine them into one map and interpolate once.

# %% [markdown]
# ### Experiment E09a: one pixel
#
# A network with two hidden layers learns 300 digits and reads 94 % of the test digits. Now shift the test digits by at
# most one pixel in each direction: they lose at most a row and a column, and any person reads them as before.
#
# We train the same network with **shift augmentation**: each time it sees a digit, it sees one of nine versions, drawn
# at random. For comparison also with one draw *per batch*. Same start, same learning rate, three seeds, 60 epochs at
# first. Then two questions that the first result raises: does the augmented network just need more time? (180 epochs
# for both.) And how many digits are the shifts worth? (100 with shifts against 997 without, 600 steps each.)
#
# Each of the claims below was written down before the experiment ran.

# %% tags=["experiment"]
move = use("translate")
SHIFTS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
SEEDS = range(3)


def mlp(classes=10):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, classes)
    )


def moved(images, dy, dx):
    """All of the (n, 1, 8, 8) digits shifted alike; they are handed over as n channels of one image."""
    return move(images[:, 0], dy, dx)[:, None].astype(np.float32)


def train_on_versions(net, versions, labels, epochs, seed, *, per_batch=False, after_epoch=None):
    """Train with versions (V, n, 1, 8, 8) of n digits; a random one is seen each time.

    The network's "data" are the numbers of the digits; `augment` looks the images up.
    """
    versions = torch.as_tensor(versions)

    def look(rows, targets):
        draws = torch.randint(len(versions), (1 if per_batch else len(rows),))
        return versions[draws.expand(len(rows)), rows], targets

    rows = np.arange(versions.shape[1])
    return train(net, (rows, labels), epochs, lr=0.05, augment=look, after_epoch=after_epoch, seed=seed)


def shift_run(n, shifts, epochs, seed, *, per_batch=False):
    """Accuracy on clean test digits after each epoch, and the networks after epoch 60 and after the last one."""
    split = digits(n, seed, images=True)
    images, labels = split.train
    versions = np.stack([moved(images, *shift) for shift in (SHIFTS if shifts else [(0, 0)])])
    kept = []

    def after_epoch(net):
        kept.append(copy.deepcopy(net) if len(kept) == 59 else None)
        return evaluate(net, split.test)[1]

    torch.manual_seed(seed)
    net = mlp()
    curve = train_on_versions(net, versions, labels, epochs, seed, per_batch=per_batch, after_epoch=after_epoch)
    return np.array(curve), (kept[59] if len(kept) > 59 else net), net


def accuracy_map(net, seed, reach=2):
    """Accuracy on test digits shifted by dy, dx = -reach..reach."""
    images, labels = digits(300, seed, images=True).test
    steps = range(-reach, reach + 1)
    return np.array([[evaluate(net, (moved(images, dy, dx), labels))[1] for dx in steps] for dy in steps])


runs = {shifts: [shift_run(300, shifts, 180, seed) for seed in SEEDS] for shifts in (False, True)}
per_batch = [shift_run(300, True, 60, seed, per_batch=True)[2] for seed in SEEDS]
few, many = ([shift_run(*arm, seed)[2] for seed in SEEDS] for arm in ((100, True, 150), (997, False, 19)))

curves = {shifts: np.array([curve for curve, _, _ in runs[shifts]]) for shifts in runs}
nets = {shifts: [net for _, net, _ in runs[shifts]] for shifts in runs}  # after 60 epochs
maps = {shifts: np.array([accuracy_map(net, seed) for seed, net in enumerate(nets[shifts])]) for shifts in nets}
on_shifted = {shifts: grid[:, 1:4, 1:4].mean(axis=(1, 2)) for shifts, grid in maps.items()}
batchwise, few_shifted, many_plain = (
    np.array([accuracy_map(net, seed, reach=1).mean() for seed, net in enumerate(trained)])
    for trained in (per_batch, few, many)
)

fig, axes = plt.subplots(1, 3, figsize=(12, 3.9), width_ratios=[1, 1, 1.3])
for ax, shifts, title in zip(axes, (False, True), ("trained without shifts", "trained with shifts"), strict=False):
    grid = maps[shifts].mean(axis=0)
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1, extent=(-2.5, 2.5, 2.5, -2.5))
    for (i, j), value in np.ndenumerate(grid):
        ax.text(j - 2, i - 2, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.55 else "black")
    ax.add_patch(plt.Rectangle((-1.5, -1.5), 3, 3, fill=False, color=COLORS["orange"], linewidth=2.5))
    ax.set(xlabel="pixels to the right", ylabel="pixels down", title=title, xticks=range(-2, 3), yticks=range(-2, 3))
    ax.grid(False)
for shifts, color, place in ((False, "red", (14, 0.965)), (True, "blue", (62, 0.82))):
    mean_with_spread(axes[2], np.arange(1, 181), curves[shifts], color=COLORS[color], marker="")
    axes[2].text(*place, f"with{'' if shifts else 'out'} shifts", color=COLORS[color], weight="bold")
axes[2].axvline(60, color="0.5", linestyle=":")
axes[2].set(ylim=(0.5, 1), xlabel="epoch", ylabel="accuracy on digits that are not shifted", title="The price is time")
plt.show()

print("Test accuracy, mean of three seeds    not shifted   shifted by at most 1")
for shifts, name in ((False, "without shifts, 60 epochs"), (True, "with shifts, 60 epochs")):
    print(f"{name:38}{maps[shifts][:, 2, 2].mean():11.3f}{on_shifted[shifts].mean():15.3f}")
gain = on_shifted[True] - on_shifted[False]
for values, name in (
    (batchwise, "with shifts, one draw per batch"),
    (few_shifted, "100 digits with shifts"),
    (many_plain, "997 digits without"),
):
    print(f"{name:38}{values.mean():26.3f}")
claim("Shifted digits: training with shifts gains more than 0.3", gain, holds=np.all(gain > 0.3))
price60, price180 = (curves[False][:, t - 1] - curves[True][:, t - 1] for t in (60, 180))
claim("Digits that are not shifted: after 60 epochs the shifts cost accuracy", price60, holds=np.all(price60 > 0))
claim("Of this price, three times the training takes off", price60 - price180, holds=np.all(price180 < price60))
loss = on_shifted[True] - batchwise
claim("Shifted digits: one draw per batch is worse than one per digit, by", loss, holds=np.all(loss > 0))
worth = few_shifted - many_plain
claim("Shifted digits: 100 with shifts beat 997 without, by", worth, holds=np.all(worth > 0))

# %% [markdown]
# Figure: two maps of test accuracy against the shift of the test digits, −2 to 2 pixels in both directions, with a frame
# around the nine shifts of the training. Trained without shifts: 0.94 in the middle, about 0.4 beside it, 0.11 to 0.25
# in the corners of the frame. Trained with shifts: 0.86 to 0.92 in the whole frame, 0.1 to 0.45 outside of it. Right,
# accuracy on unshifted digits against the epoch: without shifts it reaches its end value within 30 epochs; with shifts
# it rises slowly and arrives at the same height at about epoch 150.
#
# **What to notice.**
#
# - **One pixel is enough.** Over the nine shifts the ordinary network falls from 0.94 to 0.37. To it the 64 pixels are
#   64 unrelated inputs; nothing tells it that a pixel has neighbours. (Convolutions do: notebook 11.)
# - **The invariance is learned where it was shown**, and not beyond. One step outside the frame the augmented network
#   is at 0.1 to 0.45.
# - **The price is time.** After 60 epochs the augmented network is 0.03 behind on unshifted digits, and it would be easy
#   to write "augmentation costs accuracy". After 180 epochs it is level (0.95 and 0.94). It learns nine times as many
#   images; it needs longer. That is what a regularizer does: the training set becomes harder to learn by heart.
# - **100 digits with shifts beat 997 without**, 0.78 against 0.39 on shifted digits. No number of centred digits teaches
#   that digits may be elsewhere. This is the sense in which augmentation replaces data.
# - **One draw per batch instead of one per digit: not reproduced.** In one seed it was worse, by 0.05, in two it was
#   level. With 600 batches and nine shifts, every shift comes up often enough. With stronger operations it does matter;
#   notebook 10 has numbers.

# %% [markdown]
# ## 6 · Labels at risk
#
# A transformation is allowed if the label survives it. That depends on the task, and it fails in quiet ways. Digits
# and letters are the school example: 6 and 9, d and p, M and W, b and d in the mirror.
#
# ### Experiment E09c: 6 upside down
#
# First, what does an ordinary network (600 digits, 40 epochs) read when test digits stand on their heads? Then we train
# the same network with digits that are turned by 180 degrees half of the time, **labels unchanged**: what a well-meant
# "random rotation" does. Third, mirror images, also half of the time: hardly any digit is another digit's mirror image.
# And since 6 and 9 are at stake, once more with these two classes alone. Three seeds; claims first.

# %% tags=["experiment"]
turn, mirror = use("rotate"), use("hflip")


def upside_down(images):
    """All (n, 1, 8, 8) digits turned by 180 degrees; the n digits are handed over as channels."""
    return turn(images[:, 0], 180)[:, None].astype(np.float32)


def mirrored(images):
    return np.ascontiguousarray(mirror(images[:, 0]))[:, None].astype(np.float32)


def reads(net, images):
    with torch.no_grad():
        return net.eval()(torch.as_tensor(images)).argmax(dim=1).numpy()


def six_and_nine(part):
    """Only the sixes (class 0) and the nines (class 1) of (images, labels)."""
    images, labels = part
    kept = (labels == 6) | (labels == 9)
    return images[kept], (labels[kept] == 9).astype(int)


WAYS = {"as they are": None, "turned by 180°": upside_down, "mirrored": mirrored}
answers = {way: [] for way in WAYS}  # per seed: labels, what is read in test digits, what in turned ones
two_classes = {way: [] for way in list(WAYS)[:2]}  # per seed: accuracy upright, turned
for way, transform in WAYS.items():
    for seed in SEEDS:
        split = digits(600, seed, images=True)
        for only_two in (False, True) if way in two_classes else (False,):
            (images, labels), (test, truth) = (map(six_and_nine, split[::2])) if only_two else split[::2]
            versions = np.stack([images, images if transform is None else transform(images)])
            torch.manual_seed(seed)
            net = mlp(2 if only_two else 10)
            train_on_versions(net, versions, labels, 40, seed)
            found = truth, reads(net, test), reads(net, upside_down(test))
            if only_two:
                two_classes[way].append([np.mean(found[1] == truth), np.mean(found[2] == truth)])
            else:
                answers[way].append(found)

recall = {
    way: np.array([[np.mean(read[truth == k] == k) for k in range(10)] for truth, read, _ in answers[way]])
    for way in WAYS
}
confusion = np.zeros((10, 10))
for truth, _, turned in answers["as they are"]:
    np.add.at(confusion, (truth, turned), 1)
confusion /= confusion.sum(axis=1, keepdims=True)

test, truth = digits(600, 0, images=True).test
_, _, turned = answers["as they are"][0]
fig = plt.figure(figsize=(12, 4))
small, left, right = fig.subfigures(1, 3, width_ratios=[0.8, 1.2, 1.4])
for ax, k in zip(small.subplots(3, 2).flat, (6, 9, 0, 1, 2, 5), strict=True):
    first = np.flatnonzero(truth == k)[0]
    show(ax, upside_down(test[[first]])[0], f"{k}, read as {turned[first]}")
ax = left.subplots()
ax.imshow(confusion, cmap="Blues", vmin=0, vmax=1)
for (i, j), share in np.ndenumerate(confusion):
    if share >= 0.1:
        ax.text(j, i, f"{share:.1f}", ha="center", va="center", color="white" if share > 0.55 else "black", fontsize=8)
ax.set(xlabel="read as", ylabel="digit, upside down", xticks=range(10), yticks=range(10))
ax.set_title("Turned test digits,\nordinary network")
ax.grid(False)
ax = right.subplots()
for way, color, marker, offset in (("turned by 180°", "red", "o", -0.17), ("mirrored", "blue", "s", 0.17)):
    change = recall[way] - recall["as they are"]
    ax.bar(np.arange(10) + offset, change.mean(axis=0), width=0.32, color=COLORS[color], alpha=0.4)
    ax.plot(np.tile(np.arange(10) + offset, (3, 1)), change, marker, color=COLORS[color], markersize=3)
ax.text(3.2, 0.108, "trained with turned digits", color=COLORS["red"], weight="bold")
ax.text(3.2, 0.09, "trained with mirrored digits", color=COLORS["blue"], weight="bold")
ax.axhline(0, color="black", linewidth=0.8)
ax.set(xlabel="digit, upright", ylabel="change of the share read correctly", xticks=range(10), ylim=(-0.2, 0.13))
ax.set_title("What the augmentation costs, digit by digit")
plt.show()


def accuracy(way, wanted):
    """Per seed: share of the test digits in `wanted` that are read correctly."""
    return np.array([np.mean((read == truth)[np.isin(truth, wanted)]) for truth, read, _ in answers[way]])


BOTH, REST, ALL = [6, 9], [0, 1, 2, 3, 4, 5, 7, 8], list(range(10))
print("Test accuracy, mean of three seeds       all    6 and 9")
for way in WAYS:
    print(f"trained with digits {way:16}{accuracy(way, ALL).mean():9.3f}{accuracy(way, BOTH).mean():9.3f}")
for way, found in two_classes.items():
    upright, over = np.mean(found, axis=0)
    print(f"two classes, {way:14} upright {upright:.3f}, upside down {over:.3f}")
nine = np.array([np.mean(turned[truth == 6] == 9) for truth, _, turned in answers["as they are"]])
claim("The ordinary network reads most turned sixes as 9: share", nine, holds=np.all(nine > 0.5))
over = np.array(two_classes["as they are"])[:, 1]
claim("With two classes less than 0.1 of the turned digits are read correctly", over, holds=np.all(over < 0.1))
cost = {
    (way, name): accuracy("as they are", which) - accuracy(way, which)
    for way in list(WAYS)[1:]
    for name, which in (("both", BOTH), ("rest", REST), ("all", ALL))
}
both, rest = cost["turned by 180°", "both"], cost["turned by 180°", "rest"]
claim("Training with turned digits costs accuracy on 6 and 9", both, holds=np.all(both > 0))
claim("It costs more on 6 and 9 than on the other digits, by", both - rest, holds=np.all(both > rest))
flip = cost["mirrored", "all"]
claim("Training with mirrored digits costs accuracy, all digits", flip, holds=np.all(flip > 0))

# %% [markdown]
# Figure: left, six turned test digits and what the ordinary network reads: 6 as 9, 9 as 6, 0 as 0, and others. Middle,
# a table of turned digits against answers: 0, 4 and 8 are mostly read as themselves, 90 % of the sixes as 9, 70 % of the
# nines as 6, most threes as 8, most sevens as 1. Right, bars of what training with turned or mirrored digits changes for
# upright digits: with turned digits 8 and 9 lose 0.07 to 0.08, 3 and 6 lose 0.04; with mirrored ones 3 and 8 lose most,
# and the points of the three seeds are far apart.
#
# **What to notice.**
#
# - **The network is right**: a turned 6 is a 9. With two classes it reads 99.6 % of the upright digits and 1.8 % of the
#   turned ones "correctly", if correct means the label of before. An accuracy far below one half does not say that the
#   network knows nothing; it says that the labels are wrong.
# - **Training with turned digits hurts where it must**: 0.06 on 6 and 9, 0.02 on the others, in each of three seeds.
#   The others pay for capacity: a turned 3 has to be told from an 8.
# - **But not as much as you may have feared.** With two classes the network learns to read both 6 and 9 both ways round
#   (0.96 and 0.97): what people write as a 9 is not exactly a turned 6. W09a asks what that means.
# - **Mirror images: not reproduced.** Accuracy fell by little more than 0.01 in the mean, and rose in one seed. No digit is another
#   one's mirror image, so no label is destroyed. Nor is anything gained: no test digit is mirrored either. An
#   augmentation that imitates nothing that occurs is at best a waste.

# %% [markdown]
# ## 7 · Brightness and contrast
#
# From here on the pixels stay where they are, and their values change. **Brightness** multiplies all of them by a
# factor. **Contrast** multiplies their distances from the mean of the image. Both are lines, and both are clipped at
# the ends of the range: what is lost there is lost.
#
# **By hand.** One row, (0.2, 0.4, 0.9); its mean is 0.5.
#
# | | | | |
# | --- | --- | --- | --- |
# | the row | 0.2 | 0.4 | 0.9 |
# | brightness 1.5 | 0.3 | 0.6 | 1.35, clipped to **1** |
# | contrast 1.5 | 0.5 − 0.45 = 0.05 | 0.5 − 0.15 = 0.35 | 0.5 + 0.6 = 1.1, clipped to **1** |
# | brightness 2, then contrast 0.5 | 0.567 | 0.767 | 0.867 |
# | contrast 0.5, then brightness 2 | 0.7 | 0.9 | 1 (from 1.4) |
#
# The last two rows show that the order matters. (In the first of them the mean is the one *after* the brightness:
# 0.733.)
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | range of the values | [0, 1], clipped after each of the two | bytes: 0 to 255 |
# | mean in the contrast | of the whole image, **one number** for all channels | Pillow: the mean of the grey image, rounded (the same for one channel, up to rounding); kornia: brightness may *add* instead of multiply |
# | factor | 0 is black, or plain grey; 1 changes nothing; above 1 goes beyond the image | some libraries count from 0: "contrast 0.2" is our 1.2 |
# | random factors | two, independent, uniform on [1 − δ, 1 + δ] | torchvision's `ColorJitter` also draws the *order* of the operations |
#
# ### Exercise: `adjust_brightness`, `adjust_contrast` and `random_brightness_contrast` (4 points)
#
# *Difficulty 1 of 4, about 10 minutes.*


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
# ## 8 · The histogram
#
# Three more operations look only at how often each value occurs. They come from image editors, and got into training by
# the policies of notebook 10. They work on **bytes**, channel by channel.
#
# - **solarize** inverts everything from a threshold on. It is named after a mistake in the darkroom.
# - **autocontrast** stretches a channel until its darkest value is 0 and its brightest 255.
# - **equalize** replaces each value by the share of pixels that are darker, so that all levels are used about equally
#   often. Photographs with everything in the shade become readable; the colours may become strange.
#
# **By hand.** A channel of $N = 1020$ pixels with three values. For equalize: the count of the highest value is 120, so
# step $= (1020 - 120) \mathbin{//} 255 = 3$, and step // 2 = 1.
#
# | value | count | darker pixels | solarize, 128 | autocontrast | equalize |
# | --- | --- | --- | --- | --- | --- |
# | 50 | 300 | 0 | 50 | 0 | (1 + 0) // 3 = 0 |
# | 60 | 600 | 300 | 60 | 10 · 255 / 150 = 17 | (1 + 300) // 3 = 100 |
# | 200 | 120 | 900 | 255 − 200 = 55 | 255 | (1 + 900) // 3 = 300, at most **255** |
#
# And what NumPy makes of it if you are not careful: bytes wrap around at 256. `np.uint8(10) * np.uint8(255)` is 2550
# modulo 256, which is 246, and the darkest pixels become bright. Compute in a wider type and come back at the end.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | solarize at the threshold itself | inverted: v < threshold stays | Pillow the same |
# | autocontrast, rounding | to the nearest or down, both accepted | Pillow cuts off; implementations for floats do neither |
# | equalize | Pillow's formula: pixels *below* v, whole numbers | OpenCV maps by $(\mathrm{cdf}(v) - \mathrm{cdf}_\min)/(N - \mathrm{cdf}_\min) \cdot 255$: other levels for the same image; scikit-image works with floats |
# | channels | each for itself: colours may shift | equalize only the luminance to keep colours |
# | a channel with one value, or step = 0 | unchanged | formulas without this case divide by zero |
#
# ### Exercise: `solarize`, `autocontrast` and `equalize` (7 points)
#
# For `equalize` build a table with 256 entries first; then one line of indexing does all pixels.
#
# *Difficulty 3 of 4, about 25 minutes.*


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
# ### What a histogram sees

# %% tags=["experiment"]
china = np.ascontiguousarray(load_sample_image("china.jpg").transpose(2, 0, 1))  # (3, 427, 640) bytes
small = china[:, ::3, ::3]
brightness, contrast = use("adjust_brightness"), use("adjust_contrast")
dull = (255 * contrast(brightness(small / 255, 0.7), 0.5)).astype(np.uint8)
versions = {
    "the photograph": small,
    "solarize, 128": use("solarize")(small, 128),
    "made dull": dull,
    "dull, autocontrast": use("autocontrast")(dull),
    "dull, equalize": use("equalize")(dull),
}
fig, axes = plt.subplots(2, 5, figsize=(12.5, 4), height_ratios=[1.5, 1])
for (above, below), (name, image) in zip(axes.T, versions.items(), strict=True):
    show(above, image, name)
    for channel, color in zip(image, ("red", "green", "blue"), strict=True):
        counts = np.bincount(channel.ravel(), minlength=256)
        below.plot(np.cumsum(counts) / channel.size, color=COLORS[color], marker="", linewidth=1.2)
    below.set(xlabel="value", xlim=(0, 255), ylim=(0, 1), xticks=(0, 128, 255))
axes[1, 0].set_ylabel("share of the pixels\nup to this value")
plt.show()

# %% [markdown]
# Figure: a photograph of a Chinese temple; solarized, with a dark sky; with less brightness and contrast, dull; the dull
# one after autocontrast, which looks like the photograph again, and after equalize, with a violet sky. Under each the
# cumulative histogram of its three channels. (Photograph: danielbuechele, CC BY 2.0, from scikit-learn.)
#
# **What to notice.** *Solarize* folds the bright half over onto the dark one: no value above 127 is left. *Autocontrast*
# stretches the curve to the whole range and keeps its shape. *Equalize* makes it a diagonal, nearly, and does so in each
# channel, so the three become alike and the sky loses its colour. Whatever the dull version has merged into one value
# stays merged: neither of the two can bring it back; they can only move levels apart, and you see the steps in the
# curves.

# %% [markdown]
# ## 9 · The colour of the light
#
# AlexNet's second augmentation: add a random colour to the whole image, the same to every pixel, as if the light had
# another colour. Not any colour: take the colours of all pixels of the training set as points in three dimensions, and
# compute the eigenvectors $p_i$ and eigenvalues $\lambda_i$ of their covariance (a 3 × 3 matrix; notebook 01 did the
# same with pixels for whitening). Then add
#
# $$ \sum_{i=1}^3 \alpha_i\,\lambda_i\,p_i , \qquad \alpha_i \sim N(0, \sigma^2), \quad \sigma = 0.1 , $$
#
# with one draw of the three $\alpha_i$ per image and visit. Directions in which the colours of the data vary much (from
# dark to bright) are changed much; green against magenta hardly.
#
# **By hand.** If all pixels are grey, with variance $s^2$, then every entry of the covariance is $s^2$. The first
# eigenvector is $(1, 1, 1)/\sqrt3$ with $\lambda_1 = 3s^2$, and the other two are 0. With $\alpha_1 = 0.1$ each channel
# gets $0.1 \cdot 3 s^2/\sqrt3 = 0.173\,s^2$. For photographs with values in [0, 1], $s$ is about 0.3, so this is 0.016:
# 4 of 255 levels.
#
# ### Convention card
#
# | question | here | remark |
# | --- | --- | --- |
# | $\lambda_i$ | the **eigenvalue**, a variance | not its root. So the formula depends on units: with bytes instead of [0, 1] all values are 255 times as large and $\lambda$ is 255² times as large, and $\sigma = 0.1$ means something else. Use [0, 1] |
# | eigenvectors | the columns of evecs, as `np.linalg.eigh` returns them; order and signs open | since $\alpha_i$ is symmetric, the sign does not matter |
# | covariance | of *colours* over all pixels of all images, centred, divided by their number | not of images, not per image |
# | draw | one for the whole image | one per pixel is noise |
# | 0.1 | the standard deviation | not the variance |
# | clipping | none | bytes have to be clipped afterwards |
#
# ### Exercise: `pca_color_fit`, `pca_color_apply` and `random_pca_color` (5 points, extension)
#
# *Difficulty 3 of 4, about 20 minutes.*


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
# ### How much is 0.1?

# %% tags=["experiment"]
fit, add_color, recolor = use("pca_color_fit"), use("pca_color_apply"), use("random_pca_color")
photographs = np.stack([small, load_sample_image("flower.jpg").transpose(2, 0, 1)[:, ::3, ::3]]) / 255
evals, evecs = fit(photographs)
print("eigenvalues:", *(f"{value:.4f}" for value in np.sort(evals)[::-1]))

flower, rng = photographs[1], np.random.default_rng(0)
largest_first = np.argsort(evals)[::-1]
fig, axes = plt.subplots(2, 5, figsize=(12, 3.9))
show(axes[0, 0], flower, "as it is")
for ax in axes[0, 1:4]:
    show(ax, recolor(flower, evals, evecs, 0.1, rng)[0], "$\\sigma$ = 0.1")
per_pixel = np.einsum("ci,ihw->chw", evecs * evals, rng.normal(0, 1.0, flower.shape))
show(axes[0, 4], flower + per_pixel, "$\\sigma$ = 1, one draw per pixel")
for k, pair in zip(range(2), (axes[1, :2], axes[1, 2:4]), strict=True):
    for ax, length in zip(pair, (-0.2, 0.2), strict=True):
        alpha = np.zeros(3)
        alpha[largest_first[k]] = length / evals[largest_first[k]]
        show(ax, add_color(flower, evals, evecs, alpha), f"direction {k + 1}, {length:+g}")
axes[1, 4].axis("off")
plt.show()

shift = np.array([recolor(flower[:, :1, :1], evals, evecs, 0.1, rng)[0] - flower[:, :1, :1] for _ in range(500)])
print(f"sigma 0.1 shifts a channel by {255 * shift.std():.1f} of 255 levels (standard deviation of 500 draws)")

# %% [markdown]
# Figure: above, a photograph of a flower, three versions of it with sigma 0.1 that can hardly be told apart, and one with
# coloured noise in every pixel. Below, a step of length 0.2 in either sense along the first eigenvector, darker and
# brighter, and along the second, warmer and cooler. (Photograph: vultilion, CC BY 2.0, from scikit-learn.)
#
# **What to notice.** The first direction is brightness, the second the colour of the light, from yellow to blue. At the
# published strength the change is about 4 of 255 levels: you would not see it. Nearly all of it is brightness, since the
# first eigenvalue is nine times the sum of the others. By AlexNet's account it still took more than one percent off the
# top-1 error. Drawn per pixel, the same formula is noise: an augmentation too, but against another weakness.

# %% [markdown]
# ## 10 · Several views of one input
#
# Augmentation can also be used when the training is over: show the network several versions of the *test* image and
# average its answers (**test-time augmentation**, TTA). It is an ensemble (notebook 08) of one network with itself,
# looking from different sides.
#
# **By hand.** Two views, two classes; the network says (0.6, 0.4) and (0.1, 0.9). The mean is (0.35, 0.65): class 1.
# The vote is a draw. If the second view is two crops that say (0.1, 0.9) and (0.3, 0.7), the mean is over three
# answers: (0.333, 0.667), not over two views, (0.4, 0.6).
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what is averaged | probabilities, arithmetically | logits (which is a geometric mean of probabilities, renormalized, as in notebook 06); votes; never images |
# | weights | each crop the same | a view of ten crops counts ten times |
# | the image itself | only if a view returns it | some libraries always add it |
# | views | each looks at x, not at the result of the view before | |
#
# ### Exercise: `tta_predict` (4 points)
#
# *Difficulty 2 of 4, about 15 minutes.*


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
# Before the experiment: the examples by hand of the last sections, by the functions themselves.

# %% tags=["experiment"]
hand = np.array([[[0.2, 0.4, 0.9]]])
channel = np.repeat(np.array([50, 60, 200], dtype=np.uint8), (300, 600, 120)).reshape(1, 30, 34)
by_hand = {
    "resize (0, 4) to four": use("resize_bilinear")(np.array([[[0.0, 4.0]]]), 1, 4),
    "translate (1, 2, 3), dx = 1": use("translate")(np.array([[[1, 2, 3]]]), 0, 1),
    "brightness 1.5": use("adjust_brightness")(hand, 1.5),
    "contrast 1.5": use("adjust_contrast")(hand, 1.5),
    "brightness 2, contrast 0.5": use("adjust_contrast")(use("adjust_brightness")(hand, 2), 0.5),
    "contrast 0.5, brightness 2": use("adjust_brightness")(use("adjust_contrast")(hand, 0.5), 2),
    "solarize 50, 60, 200": np.unique(use("solarize")(channel, 128)),
    "autocontrast": np.unique(use("autocontrast")(channel)),
    "equalize": np.unique(use("equalize")(channel)),
}
says = {"once": [0.6, 0.4], "left": [0.1, 0.9], "right": [0.3, 0.7]}  # a "network" and its "inputs"
views = [lambda x: np.array(["once"]), lambda x: np.array([["left"], ["right"]])]
by_hand["one view and two crops"] = use("tta_predict")(
    lambda x: np.array([says[i] for i in x]), np.array(["input"]), views
)
for name, result in by_hand.items():
    print(f"{name:28}", *np.ravel(result).round(3))

# %% [markdown]
# ### Experiment E09b: more robust?
#
# "Average over several views, that makes predictions more robust": is it so? We take the networks of E09a, trained
# without and with shifts, and let each look at nine shifted views of a test digit. Then the same for test digits that
# are *already* shifted by one of the nine. Before we ran it, we expected a gain for the augmented network, a loss for
# the other, and, for digits that are shifted already, a loss for both, because some of their views are shifted by two.

# %% tags=["experiment"]
tta = use("tta_predict")


def probabilities_of(net):
    def predict(x):
        with torch.no_grad():
            return net.eval()(torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float32)).softmax(dim=1).numpy()

    return predict


VIEWS = [lambda images, shift=shift: moved(images, *shift) for shift in SHIFTS]
LOOKERS = {
    "without shifts": nets[False],
    "with shifts": nets[True],
    "with shifts, 180 epochs": [net for _, _, net in runs[True]],
}
found = {}  # (network, digits): per seed accuracy of one view and of nine
for name, trained in LOOKERS.items():
    for shifted in (False, True):
        pairs = []
        for seed, net in enumerate(trained):
            images, labels = digits(300, seed, images=True).test
            if shifted:
                which = np.random.default_rng(seed).integers(len(SHIFTS), size=len(images))
                images = np.stack([view(images) for view in VIEWS])[which, np.arange(len(images))]
            predict = probabilities_of(net)
            pairs.append([np.mean(p.argmax(axis=1) == labels) for p in (predict(images), tta(predict, images, VIEWS))])
        found[name, shifted] = np.array(pairs)

fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for ax, shifted, title in zip(axes, (False, True), ("digits as they are", "digits already shifted"), strict=True):
    for place, (name, color) in enumerate(zip(LOOKERS, ("red", "sky", "blue"), strict=True)):
        one, nine = found[name, shifted].T
        at = np.array([place - 0.2, place + 0.2])
        ax.plot(at, [one, nine], color=COLORS[color], marker="o")
        if not shifted:
            ax.text(place, 0.2, name.replace(", ", ",\n"), color=COLORS[color], ha="center", weight="bold")
    ax.set(title=title, ylim=(0.15, 1), xticks=[p + d for p in range(3) for d in (-0.2, 0.2)], xlim=(-0.5, 2.5))
    ax.set_xticklabels(["1", "9"] * 3)
    ax.set_xlabel("views that are averaged")
axes[0].set_ylabel("test accuracy")
plt.show()

print("Test accuracy, mean of three seeds       as they are: 1 view, 9     already shifted: 1 view, 9")
for name in LOOKERS:
    numbers = [value for shifted in (False, True) for value in found[name, shifted].mean(axis=0)]
    print("{:38}{:13.3f}{:8.3f}{:20.3f}{:8.3f}".format(f"trained {name}", *numbers))
change = {key: pairs[:, 1] - pairs[:, 0] for key, pairs in found.items()}
gain, loss = change["with shifts", False], -change["without shifts", False]
claim("Nine views help the network that was trained with them: gain", gain, holds=np.all(gain > 0))
claim("They harm the one that was not: loss", loss, holds=np.all(loss > 0))
beyond = -change["with shifts", True]
claim("Digits that are shifted already: they harm the augmented network too", beyond, holds=np.all(beyond > 0))

# %% [markdown]
# Figure: pairs of points, one view and nine views, joined for each of three seeds. Left, digits as they are: the network
# without shifts falls steeply, the two with shifts rise. Right, digits that are shifted already: all fall, the ones with
# shifts from about 0.9, the one without from 0.38.
#
# **What to notice.**
#
# - **The same nine views help one network and ruin the other**: 0.92 → 0.96, and 0.94 → 0.61. Views are not robust by
#   themselves. The network must have been trained to accept them; if it was, its nine answers are nine fair opinions.
# - After 180 epochs the gain is smaller, 0.95 → 0.97: part of what the views repaired was an unfinished training.
# - **Digits that are shifted already lose**, even with the augmented network (0.90 → 0.85). Some of their views are
#   shifted by two, and E09a shows what happens there. Views belong *within* the range of the training, counted from the
#   inputs that will really come.

# %% [markdown]
# ## 11 · On the fly or in advance?
#
# There are two places where augmented images can be made. **On the fly**: whenever an image is needed, transform it;
# nothing is stored, and every epoch is new. **In advance**: make $k$ copies of everything, store them, and train on
# $kN$ images; transforming costs once, reading is cheap, and there are never more than $k$ versions of an image.
#
# Randomness on the fly is harder than it looks, because several worker processes load images at once, in an order that
# is different each time. If they share one stream of random numbers, the result depends on who came first. If each has
# a copy of the same stream, they all draw the same crops; much published training code had that bug for years. The remedy is to have no stream: **the random numbers of an item are a function of (seed, epoch, index)** and
# of nothing else.
#
# A function of the *three*, not of their sum: with seed + epoch + index, item 2 in epoch 1 would be cropped as item 1 in
# epoch 2. `np.random.default_rng([seed, epoch, index])` mixes them properly.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | random numbers | a fresh NumPy generator for each item and epoch | PyTorch: a stream for each worker, seeded from the loader's |
# | who counts epochs | you: `set_epoch(e)`, as `DistributedSampler` of PyTorch wants it | |
# | order of the precomputed copies | one copy of the whole set after the other | |
# | bytes | of the images, without labels | |
#
# ### Exercise: `AugmentedDataset`, `precompute` and `stored_bytes` (5 points, extension)
#
# `AugmentedDataset` is a `torch.utils.data.Dataset`: it knows its length and returns (image, label) for an index.
#
# *Difficulty 3 of 4, about 25 minutes.*


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

# %% [markdown]
# ### Experiment E09d: memory against speed
#
# 300 digits, and a transformation with many outcomes: a rotation by up to 15 degrees and a shift by up to one pixel.
# The same network gets 30 passes' worth of images in each arm: no augmentation; 1, 3 and 10 stored copies (30, 10
# and 3 passes over them); and on the fly. It is tested on digits that were transformed in the same way. Three seeds.
#
# And the clock. AlexNet's authors wrote that their augmentation was "in effect, computationally free": it ran in
# Python on the CPU while the GPU trained on the batch before. We measure both sides of that: here, where one CPU does
# everything; and with a photograph of 256 × 256 pixels and their three operations, against the time that their GPUs
# left for it. About 90 passes over 1.2 million images in five to six days are some 230 images per second, or 4.4 ms
# each.

# %% tags=["experiment"]
Augmented, in_advance, bytes_of = use("AugmentedDataset"), use("precompute"), use("stored_bytes")
turn, move = use("rotate"), use("translate")
PASSES, COPIES = 30, (1, 3, 10)


def wobble(image, rng):
    """Turned by up to 15 degrees and shifted by up to one pixel."""
    down, right = rng.integers(-1, 2, size=2)
    return move(turn(image, rng.uniform(-15, 15)), down, right).astype(np.float32)


def distinct(images):
    return len(np.unique(images.reshape(len(images), -1), axis=0))


accuracies, seen, seconds = {}, {}, []  # of each arm, per seed; seconds: per image and seed, to train on it, to make it
for seed in SEEDS:
    split = digits(300, seed, images=True)
    images, labels = split.train
    test = in_advance(*split.test, wobble, 1, 1000 + seed)

    def fitted(data, passes, seed=seed):
        """A new network, trained."""
        torch.manual_seed(seed)
        return train_further(mlp(), data, passes, seed)

    def train_further(net, data, passes, seed, optimizer=None):
        train(net, data, passes, lr=0.05, optimizer=optimizer, seed=seed)
        return net

    def note(arm, net, images, test=test):
        accuracies.setdefault(arm, []).append(evaluate(net, test)[1])
        seen.setdefault(arm, []).append(distinct(images))

    start = time.process_time()
    plain = fitted((images, labels), PASSES)
    training = (time.process_time() - start) / (PASSES * len(images))
    note("none", plain, images)
    stored = in_advance(images, labels, wobble, max(COPIES), seed)
    for k in COPIES:
        data = tuple(part[: k * len(images)] for part in stored)
        note(k, fitted(data, PASSES // k), data[0])

    dataset, everything, making = Augmented(images, labels, wobble, seed), [], 0.0
    torch.manual_seed(seed)
    net = mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(PASSES):
        dataset.set_epoch(epoch)
        start = time.process_time()
        everything.append(np.stack([dataset[i][0] for i in range(len(dataset))]))
        making += time.process_time() - start
        train_further(net, (everything[-1], labels), 1, 1000 * seed + epoch, optimizer)
    note("on the fly", net, np.concatenate(everything))
    seconds.append([training, making / (PASSES * len(images))])

# AlexNet's three operations on one photograph, three times
flips, crops = use("random_hflip"), use("random_crop")
photograph, rng, costs = china[:, 100:356, 200:456], np.random.default_rng(0), []
for _ in range(3):
    start = time.process_time()
    for _ in range(20):
        recolor(flips(crops(photograph, 224, 0, rng)[0], 0.5, rng)[0] / 255, evals, evecs, 0.1, rng)
    costs.append(50 * (time.process_time() - start))  # ms per image
costs = np.array(costs)

arms = list(accuracies)
values = np.array([accuracies[arm] for arm in arms])  # (arms, seeds)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.7))
places = np.arange(len(arms))
colors = [COLORS["red"]] + 3 * [COLORS["orange"]] + [COLORS["blue"]]
axes[0].bar(places, values.mean(axis=1), color=colors, alpha=0.4)
for place, row, color in zip(places, values, colors, strict=True):
    axes[0].plot([place] * 3, row, "o", color=color)
axes[0].set(ylabel="accuracy on transformed test digits", title="How many copies?")
axes[1].bar(places, [np.mean(seen[arm]) for arm in arms], color=colors)
axes[1].set(ylabel="distinct images seen", title="On the fly is always new")
axes[2].bar(places, [0] + [bytes_of(images, k) / 1000 for k in COPIES] + [0], color=colors)
axes[2].set(ylabel="kB stored beside the originals", title="Copies cost memory")
for ax in axes:
    ax.set_xticks(places, ["none", *map(str, COPIES), "on the\nfly"])
    ax.set_xlabel("stored copies")
plt.show()

train_us, make_us = 1e6 * np.mean(seconds, axis=0)
print(f"per digit: {train_us:.0f} µs to train on it, {make_us:.0f} µs to transform it")
print(f"per photograph: {costs.mean():.2f} ms for crop, flip and colour; AlexNet had 4.4 ms")
for arm in arms:
    print(f"{arm!s:11} accuracy {np.mean(accuracies[arm]):.3f}, distinct images {np.mean(seen[arm]):.0f}")
by_arm = dict(zip(arms, values, strict=True))
new = np.array(seen["on the fly"]) / len(images)
claim("On the fly every image of every epoch is new: distinct images per digit", new, holds=np.all(new == PASSES))
gain = by_arm["on the fly"] - by_arm[1]
claim("On the fly beats one stored copy, by", gain, holds=np.all(gain > 0))
gap = by_arm["on the fly"] - by_arm[10]
claim("Ten stored copies are within 0.02 of on the fly", gap, holds=np.all(abs(gap) <= 0.02))
ratio = np.array([make / train for train, make in seconds])
claim("Here transforming a digit costs more time than training on it", ratio, holds=np.all(ratio > 1), unit="times")
claim("AlexNet's operations take less than its 4.4 ms per image", costs, holds=np.all(costs < 4.4), unit="ms")

# %% [markdown]
# Figure: three bar charts over the arms none, 1, 3 and 10 copies, on the fly. Accuracy on transformed test digits: about
# 0.35, then 0.66 to 0.75, with points of single seeds that overlap. Distinct images seen: 300, 300, 900, 3000, 9000.
# Memory: 0, 77, 230 and 770 kB, and 0 on the fly.
#
# **What to notice.** (The draws depend on how you wrote your functions, so your last digits will differ from ours.)
#
# - **Any augmentation is far better than none, and one copy is too few**: on the fly beats it by 0.06 to 0.09, in every
#   seed. One copy is a second training set of 300 images, not an augmentation.
# - **How many copies are enough, three seeds cannot say.** We had expected ten copies within 0.02 of on the fly. In the
#   mean they were 0.02 to 0.05 behind, but the single seeds differ by as much in both directions: not reproduced, and
#   not refuted either. The spread of the difference is 0.06 to 0.09; to see 0.02 one would need some fifty seeds. (After
#   30 passes the networks are far from finished, see E09a, and the last few batches shake the result.)
# - **Memory**: nothing for digits. A copy of 1.2 million crops of 224 × 224 bytes in three channels is 181 GB.
# - **Free? Not here**: to transform a digit takes some four to eight times as long as to train on it. For AlexNet the
#   three operations take 0.2 to 0.3 ms of one core of today, of the 4.4 ms that the GPUs left: free indeed, on an older
#   processor as well. "Free" is a statement about which of two devices waits for the other. W09b does the sums.
#
# ## 12 · The whole pipeline
#
# ### Experiment E09e: testing with ten crops and several sizes
#
# Now everything together, as in the networks of 2012 to 2015, at a smaller scale: shapes of 24 × 24 pixels, a small
# convolutional network that looks at 20 × 20. **Training**: a random short side $L$ from 20 to 30, a random crop of 20,
# a random flip, four stored copies of 400 images. A second network gets crops and flips at the original size only
# ($L = 24$), with the same number of steps. **Testing**: the centre crop; ten crops; ten crops at each of three sizes,
# 20, 25 and 30.
#
# Our expectations before the run: for the network that was trained with all sizes, each step of this ladder improves
# accuracy; ten crops also improve the log loss; and the network that knows one size is harmed by the others.

# %% tags=["experiment"]
resize, crops_of, tta = use("resize_bilinear"), use("ten_crop"), use("tta_predict")
scale_and_crop, flips, in_advance = use("random_short_side_crop"), use("random_hflip"), use("precompute")
SIZE = 20


def pipeline(s_min, s_max):
    def transform(image, rng):
        crop, _ = scale_and_crop(image, s_min, s_max, SIZE, rng)
        return flips(crop, 0.5, rng)[0].astype(np.float32)

    return transform


def convnet():
    """Three blocks of convolution, batch norm and ReLU, down to 10, 5 and 3 pixels; then the mean over all places."""
    layers = []
    for m, n in ((3, 12), (12, 24), (24, 32)):
        layers += [nn.Conv2d(m, n, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(n), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(SHAPES)))


def as_channels(images):
    """(N, 3, H, W) as one image with 3N channels: what resizes or crops one image then does all."""
    return images.reshape(-1, *images.shape[2:])


def centre(images):
    start = (images.shape[2] - SIZE) // 2
    return images[:, :, start : start + SIZE, start : start + SIZE]


def ten_at(L):
    """A view: resized to L, then ten crops."""

    def view(images):
        stack = resize(as_channels(images), L, L) if images.shape[2] != L else as_channels(images)
        return crops_of(stack, SIZE).reshape(10, len(images), 3, SIZE, SIZE)

    return view


LADDER = {"centre": [centre], "ten crops": [ten_at(24)], "3 sizes × ten": [ten_at(20), ten_at(25), ten_at(30)]}
scores = {}  # network: (seeds, rungs, 2), accuracy and log loss
for name, sizes in {"all sizes": (20, 30), "one size": (24, 24)}.items():
    rows = []
    for seed in SEEDS:
        data = in_advance(*shapes(400, seed, size=24), pipeline(*sizes), 4, seed)
        test, truth = shapes(400, 100 + seed, size=24)
        torch.manual_seed(seed)
        net = convnet()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        train(net, data, 6, optimizer=optimizer, seed=seed)
        optimizer.param_groups[0]["lr"] = 0.005  # calm down at the end
        train(net, data, 2, optimizer=optimizer, seed=50 + seed)
        answers = [tta(probabilities_of(net), test, views) for views in LADDER.values()]
        rows.append(
            [[np.mean(p.argmax(axis=1) == truth), -np.log(p[range(len(truth)), truth]).mean()] for p in answers]
        )
    scores[name] = np.array(rows)

fig, axes = plt.subplots(1, 3, figsize=(12, 3.9), width_ratios=[1, 1, 0.9])
for ax, column, label in ((axes[0], 0, "test accuracy"), (axes[1], 1, "log loss, nats")):
    for name, color, marker in (("all sizes", "blue", "o"), ("one size", "red", "s")):
        for row in scores[name][:, :, column]:
            ax.plot(list(LADDER), row, color=COLORS[color], marker=marker, alpha=0.75)
    ax.set(ylabel=label, title=label.split(",")[0])
axes[0].text(0.02, 0.745, "trained with one size", color=COLORS["red"], weight="bold")
axes[0].text(0.02, 0.955, "trained with all sizes", color=COLORS["blue"], weight="bold")
axes[0].set_ylim(0.72, 0.98)
large = resize(picture, 30, 30)
show(axes[2], large, "size 30: two of the ten crops")
for start, color in ((0, "orange"), (10, "green")):
    axes[2].add_patch(
        plt.Rectangle((start - 0.5, start - 0.5), SIZE, SIZE, fill=False, color=COLORS[color], linewidth=3)
    )
plt.show()

print("Mean of three seeds      " + "".join(f"{rung:>22}" for rung in LADDER))
for name, numbers in scores.items():
    cells = (f"{accuracy:.3f}, loss {loss:.3f}" for accuracy, loss in numbers.mean(axis=0))
    print(f"trained with {name:12}" + "".join(f"{cell:>22}" for cell in cells))
(centre_hit, ten_hit, sizes_hit), (centre_loss, ten_loss, sizes_loss) = scores["all sizes"].transpose(2, 1, 0)
claim(
    "All sizes: ten crops are more accurate than the centre, by",
    ten_hit - centre_hit,
    holds=np.all(ten_hit > centre_hit),
)
claim("All sizes: ten crops lower the log loss, by", centre_loss - ten_loss, holds=np.all(centre_loss > ten_loss))
claim("All sizes: three sizes are more accurate than one, by", sizes_hit - ten_hit, holds=np.all(sizes_hit > ten_hit))
_, ten_one, sizes_one = scores["one size"][:, :, 0].T
claim("One size: the other sizes cost accuracy", ten_one - sizes_one, holds=np.all(sizes_one < ten_one))

# %% [markdown]
# Figure: left and middle, accuracy and log loss for the centre crop, ten crops, and ten crops at three sizes, a line for
# each of three seeds and two networks. Ten crops raise the accuracy of both. The three sizes lower that of the network
# trained with one size and hardly change the other's; the log loss rises for both. Right, an enlarged ring with two of
# its crops: the one at the upper left contains only a part of the ring.
#
# **What to notice.**
#
# - **Ten crops are worth about 0.05** for the network with all sizes (0.82 → 0.87), in every seed, and they
#   lower its log loss a little. They cost nine more evaluations.
# - **Three sizes: not reproduced.** Accuracy changes by 0.01 or 0.02, with either sign, and the log loss rises. The
#   picture on the right shows why: at size 30 a corner crop contains less than half of the image, and our shapes do not
#   fill it. Such crops answer about a piece of background, with the same weight as the others. The recipe comes from
#   photographs whose object fills most of the image. **A recipe has assumptions about the data, too.**
# - **The network that knows one size loses** 0.05 or more by the other sizes: the rule of E09b once more. At the size it
#   knows it is even better at the centre crop than the other network (0.84): all test images are drawn at that size,
#   and it had nothing else to learn in as many steps.
# - How much ten crops bring depends on the network. We had first tried a network with pooling instead of strides, which
#   is more accurate, depends less on the place of a shape, and takes twice the time. There ten crops were worth about
#   0.01, and the log loss stayed the same.

# %% [markdown]
# ## 13 · Where the answers stand
#
# | what a text says | what we found | where |
# | --- | --- | --- |
# | "never enough data" | 100 digits with shifts beat 997 without, on shifted digits: 0.78 against 0.39 | E09a |
# | "the network becomes invariant" | within the range that was trained, hardly beyond it | E09a |
# | "augmentation costs accuracy on clean data" | 0.03 after 60 epochs, nothing after 180: it costs time | E09a |
# | "draw for each image, not for each batch" | no difference that three seeds could show, for nine shifts | E09a; notebook 10 has a case where it matters |
# | "do not distort labels: 6 and 9" | 90 % of turned sixes are read as 9; training with them costs 0.06 on 6 and 9, 0.02 elsewhere | E09c |
# | "test-time augmentation is more robust" | only with views that the network was trained to accept: 0.92 → 0.96, but 0.94 → 0.61 without | E09b |
# | "augmentation is computationally free" | while another device is the bottleneck; here it takes several times as long as the training | E09d |
# | "on the fly or in advance" | one copy is clearly worse; three, ten and on the fly are too close to call with three seeds | E09d |
# | "ten crops at several sizes" | ten crops: + 0.05; further sizes: no gain | E09e |
#
# One more sentence belongs here, and it has a whole experiment in notebook 10 (E10c): if you compare two networks, give
# both **the same augmentation**. It is part of the design of a network, like its width, and it can easily be worth more
# than the difference you want to show.
#
# ## 14 · Two questions in words

# %% [markdown] question="W09a" points=4
# **W09a (4 points).** (a) A classifier should be invariant to pose, appearance and illumination. For three tasks,
# (i) handwritten digits, (ii) photographs of animals, (iii) chest X-rays (is there pneumonia? on which side?), name for
# *pose* and for *illumination* one transformation of this notebook that you would use and one that you would not, with
# the reason. (b) Why can so little be done for *appearance*? (c) Digits and letters both break under rotations and
# mirror images. Give two pairs of each kind of symbol, or one where there is only one, and say which rotations of a
# digit are still fine. (d) In E09c, training with turned digits cost only 0.06 on 6 and 9, not half of them. Where does
# the network get the label from, and for which data would it really be half? What would you do if turned digits *do*
# occur in use?
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) Any defensible choice counts. For example:
#
# | | pose: yes | pose: no | illumination: yes | illumination: no |
# | --- | --- | --- | --- | --- |
# | digits | shifts of a pixel or two, rotations up to some 15° | mirror images, 180° (6/9, and 2 and 5 become other signs) | brightness, contrast (pressure of the pen, scanner) | solarize: strokes become paper; colour: there is none |
# | animals | flip, crop, resize, small rotations | upside down: hardly ever occurs, so it costs capacity and brings nothing | brightness, contrast, colour of the light | strong colour changes where colour tells species apart |
# | X-rays | small shifts, rotations, sizes | **mirror image**: the heart is on the left, and "which side" is part of the answer | brightness and contrast within the range of exposures | solarize and equalize, where the grey value *is* the finding; colour |
#
# (b) Another animal of the same species, another handwriting, cannot be computed from one example: we have no formula
# for the variation. Geometry and light do have formulas. It takes more data, or mixtures of examples (notebook 10), or
# a model of the data.
#
# (c) Digits, 180°: 6/9. (2 and 5 resemble each other's *mirror* image in seven-segment shapes.) Letters, rotation: d/p,
# b/q, u/n, M/W, N/Z (90°); mirror: b/d, p/q. Rotations well below 45° are fine: a 6 tilted by 15° is a 6. It is the
# *range* that decides, not the kind of transformation.
#
# (d) From what differs between a turned 6 and a 9 *as people write them*: slant, the straight or bent stroke, where the
# strokes are thick. With two classes 0.964 upright and 0.971 upside down are read correctly, so the information is
# there. In a typeface where 9 is exactly the turned 6, the images of both classes would be the same, and the best
# network could only guess: half. If turned digits occur in use: ask for more information (a line under the digit, the
# neighbouring digits, the orientation of the page), or make "6 or 9, orientation unknown" an answer of its own.
# Training with labels unchanged cannot create what the image does not contain.
#
# **Rubric.** One point per letter. (a) three tasks, each with reasons; the mirror image of X-rays must be recognized as
# a problem, half a point without it; (b) "no formula for it", or equivalent; (c) at least one digit pair and two letter
# pairs, and a range of angles that is fine; (d) other cues for the first half, identical images for the second.
# ### END SOLUTION

# %% [markdown] question="W09b" points=3
# **W09b (3 points).** From the AlexNet paper: 1.2 million training images, 1000 classes, 60 million parameters.
# (a) "The 1000 classes make each training example impose 10 bits of constraint on the mapping from image to label."
# Where does 10 come from, when is it exact, and how many bits are there per parameter? Does augmentation add any?
# (b) Crops of 224 from 256 × 256 and mirror images enlarge the training set "by a factor of 2048". Which factor does
# your `random_crop` give, where does 2048 come from, and why is neither worth 2048 times the data? How much memory
# would 2048 stored copies of the crops take (one byte per value)? (c) "In effect, computationally free": state the
# condition under which that is true, check it with the times of E09d for AlexNet and for our digits, and give the
# number of images per second from which one CPU core is too slow for those three operations.
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) To name one of 1000 equally likely classes takes $\log_2 1000 = 9.97$ bits, and less if the classes are not
# equally likely: then it is the entropy, 9.97 is the maximum. All labels: $1.2 \cdot 10^6 \cdot 9.97 \approx 12$ million
# bits, for 60 million parameters: 0.2 bits per parameter, far less than one needs to store a number. Augmented copies
# carry the label of their original, so they add no bits of that kind. What they add is ours: the statement that the
# label does not depend on these shifts. It rules out most of the functions that fit the labels.
#
# (b) $256 - 224 + 1 = 33$ places in each direction: $33 \cdot 33 \cdot 2 = 2178$. The paper's number is $32 \cdot 32
# \cdot 2 = 2048$, the + 1 forgotten (or the last place not used). The copies are nearly the same image: neighbouring
# crops share over 99 % of their pixels. One copy: $1.2 \cdot 10^6 \cdot 3 \cdot 224^2 \approx 181$ GB, 2048 copies:
# 370 TB.
#
# (c) True if the CPU has nothing else to do and makes a batch at least as fast as the other device trains on one: time
# per image, divided by the number of workers, below the training time per image. AlexNet: about 0.2 ms on one core of
# today against 4.4 ms: free, also on a processor ten times slower. Our digits: about 100 µs against 20 µs on the *same*
# CPU: an epoch takes about six times as long. One core at 0.2 ms makes 5000 images per second; whatever trains
# faster than that waits, unless there are more workers (and decoding of JPEG files, not measured here, comes on top).
#
# **Rubric.** One point per letter. (a) log2 of 1000 with the condition, 12 million bits against 60 million (half), and
# a position on augmentation (half); (b) 33 against 32 (half) and dependence or memory (half); (c) condition and both
# cases; a limit that fits the student's own printed times.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **Transformations with their randomness in the open.** Each one draws from a generator it is given and says what it
#   drew. Notebook 10 puts them into policies (RandAugment, TrivialAugment), chains and mixes them (AugMix, PixMix), and
#   also lets the *labels* move (MixUp, CutMix).
# - **`translate`, `rotate`, the operations on colours and histograms** are the list of operations of those policies.
# - **`tta_predict`** is an ensemble of one network; the same mean of probabilities as in notebook 08, at ten times the
#   cost of a prediction.
# - **`random_crop` and `random_hflip`** are the augmentation of your capstone, and `AugmentedDataset` shows how to keep
#   it reproducible with several workers.
# - **Knowledge that is not in the data.** Every transformation here is a sentence about the task. The convention cards
#   were about getting the sentence across without an error; whether it is true, nobody can compute for you.
#
# **Next**: [10 · Augmentation II: mixing, policies, labels](../10_augmentation_mixing/10_augmentation_mixing.ipynb).


# %%
progress()
