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
# # Augmentation II: mixing, policies, labels

# %%
import numpy as np
from traindeep import check, hint, progress, use

# %% [markdown]
# ## 1 · Soft labels

# %% [markdown]
# ### Exercise: `smooth_labels` and `convert_eps` (4 points)


# %% exercise="smooth_labels" points=4
def smooth_labels(y, C, eps, convention="torch"):
    """Turn class numbers into smoothed targets.

        "torch":     the class of y gets  1 - eps + eps / C,   every other class  eps / C
        "others":    the class of y gets  1 - eps,             every other class  eps / (C - 1)

    Args:
        y: (N,) integer array of classes in 0..C-1. It is not changed.
        C: Number of classes, at least 2.
        eps: How much is given away, in [0, 1]; both ends are allowed.
        convention: "torch" or "others".

    Returns:
        (N, C) float array; each row adds up to 1.

    Raises:
        ValueError: C < 2, eps is outside [0, 1], a class in y is outside 0..C-1 (negative ones as well), or convention
            is something else. The message names the argument.
    """
    ### BEGIN SOLUTION
    y = np.asarray(y)
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps}")
    if y.size and not (y.min() >= 0 and y.max() < C):
        raise ValueError(f"y must hold classes in 0..{C - 1}")
    one_hot = np.eye(C)[y]
    if convention == "torch":
        return (1 - eps) * one_hot + eps / C
    if convention == "others":
        return (1 - eps) * one_hot + eps / (C - 1) * (1 - one_hot)
    raise ValueError(f"convention must be torch or others, got {convention!r}")
    ### END SOLUTION


def convert_eps(eps, C):
    """The eps of the convention "torch" that gives the same targets as this eps in the convention "others".

    Args:
        eps: In [0, 1], in the convention "others".
        C: Number of classes, at least 2.

    Returns:
        A float. It is above 1 where eps is near 1: then "torch" would have to take away more than there is.

    Raises:
        ValueError: C < 2 or eps is outside [0, 1]. The message names the argument.
    """
    ### BEGIN SOLUTION
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps}")
    return eps * C / (C - 1)
    ### END SOLUTION


# %% check="smooth_labels"
check("smooth_labels")

# %% [markdown]
# ## 2 · MixUp

# %% [markdown]
# ### Exercise: `mixup` and `sample_mixup` (5 points)


# %% exercise="mixup_batch" points=5
def mixup(x, y, lam, perm):
    """Mix every example of a batch with its partner, inputs and labels alike.

        xm[n] = lam * x[n] + (1 - lam) * x[perm[n]],     ym[n] = lam * y[n] + (1 - lam) * y[perm[n]]

    Args:
        x: (N, ...) inputs: rows of features, images, anything whose first axis is the examples. Integers (uint8 images
            as well) give a floating-point xm. It is not changed.
        y: (N, C) one-hot or soft labels. It is not changed.
        lam: The share of the example itself, in [0, 1], one number for the batch.
        perm: (N,) integer array; perm[n] is the partner of example n.

    Returns:
        xm of the shape of x and ym of the shape of y.

    Raises:
        ValueError: lam is outside [0, 1], or y is 1-D. The message names the argument.
    """
    ### BEGIN SOLUTION
    if not 0 <= lam <= 1:
        raise ValueError(f"lam must be in [0, 1], got {lam}")
    if np.ndim(y) == 1:
        raise ValueError("y must be one-hot or soft labels of shape (N, C), got class numbers (1-D)")
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]
    ### END SOLUTION


def sample_mixup(N, alpha, rng):
    """Draw what mixup needs for a batch: lam ~ Beta(alpha, alpha) and a uniformly random permutation.

    Args:
        N: Number of examples.
        alpha: Parameter of the Beta law, at least 0. With 0 nothing is mixed: lam = 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        lam, a float in [0, 1], and perm, an (N,) integer array that holds each of 0..N-1 once.

    Raises:
        ValueError: alpha < 0. The message names alpha.
    """
    ### BEGIN SOLUTION
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, rng.permutation(N)
    ### END SOLUTION


# %% check="mixup_batch"
check("mixup_batch")

# %% [markdown]
# ## 3 · CutMix

# %% [markdown]
# ### Exercise: `cutmix_box`, `cutmix` and `sample_cutmix` (6 points)


# %% exercise="cutmix_batch" points=6
def cutmix_box(H, W, lam, cy, cx):
    """The box that CutMix replaces: a share 1 - lam of the area, as far as it lies inside the image.

    Its sides are about H * sqrt(1 - lam) and W * sqrt(1 - lam), its centre is the pixel in row cy and column cx, and
    what lies outside of the image is cut off. You may round as you like: each edge may be up to (not including) 2 pixels
    from where it would be exactly, and so may each side. An edge that would be 2 pixels outside of the image or more is
    at the border exactly. With lam = 1 the box is empty.

    Args:
        H: Height of the image.
        W: Width of the image.
        lam: Share of the area that stays, in [0, 1].
        cy: Row of the centre, in 0..H-1.
        cx: Column of the centre, in 0..W-1.

    Returns:
        (y0, y1, x0, x1), a tuple or an array of four integers: rows y0 to y1 - 1 and columns x0 to x1 - 1, so
        0 <= y0 <= y1 <= H and 0 <= x0 <= x1 <= W.

    Raises:
        ValueError: lam is outside [0, 1]. The message names lam.
    """
    ### BEGIN SOLUTION
    if not 0 <= lam <= 1:
        raise ValueError(f"lam must be in [0, 1], got {lam}")
    h, w = int(round(H * np.sqrt(1 - lam))), int(round(W * np.sqrt(1 - lam)))
    top, left = cy - h // 2, cx - w // 2
    return max(top, 0), min(top + h, H), max(left, 0), min(left + w, W)
    ### END SOLUTION


def cutmix(x, y, perm, box):
    """Paste a box of the partner into every image, at the same place, and mix the labels by area.

        lam_adj = 1 - area of the box / (H * W)
        xm[n]   = x[perm[n]] inside of the box, x[n] elsewhere
        ym[n]   = lam_adj * y[n] + (1 - lam_adj) * y[perm[n]]

    Args:
        x: (N, C, H, W) images. It is not changed.
        y: (N, K) one-hot or soft labels. It is not changed.
        perm: (N,) integer array; perm[n] is the partner of image n.
        box: (y0, y1, x0, x1) as cutmix_box returns it, inside of the image.

    Returns:
        xm of the shape of x, ym of the shape of y, and lam_adj, a float.

    Raises:
        ValueError: the batch is empty (N = 0). The message names x.
    """
    ### BEGIN SOLUTION
    if not len(x):
        raise ValueError("x must hold at least one image")
    y0, y1, x0, x1 = box
    xm, y = np.array(x), np.asarray(y, dtype=float)
    xm[:, :, y0:y1, x0:x1] = np.asarray(x)[perm][:, :, y0:y1, x0:x1]
    lam_adj = 1 - (y1 - y0) * (x1 - x0) / (xm.shape[2] * xm.shape[3])
    return xm, lam_adj * y + (1 - lam_adj) * y[perm], float(lam_adj)
    ### END SOLUTION


def sample_cutmix(H, W, alpha, rng):
    """Draw lam ~ Beta(alpha, alpha), a centre uniformly from all H * W pixels, and so a box.

    Args:
        H: Height of the images.
        W: Width of the images.
        alpha: Parameter of the Beta law, at least 0. With 0 nothing is pasted: lam = 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        lam, a float: what was drawn, not what is left after clipping; and the box (y0, y1, x0, x1), what cutmix_box
        makes of lam and the centre.

    Raises:
        ValueError: alpha < 0. The message names alpha.
    """
    ### BEGIN SOLUTION
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, cutmix_box(H, W, lam, int(rng.integers(H)), int(rng.integers(W)))
    ### END SOLUTION


# %% check="cutmix_batch"
check("cutmix_batch")

# %% [markdown]
# ## 4 · Cutout

# %% [markdown]
# ### Exercise: `cutout` and `random_cutout` (4 points)


# %% exercise="cutout" points=4
def cutout(img, size, cy, cx, fill=0.0):
    """Cover a square of an image: size rows from cy - size // 2 on, size columns from cx - size // 2 on, all channels.

    What lies outside of the image is cut off, so that a square at the border covers less.

    Args:
        img: (C, H, W) image; integers give a floating-point result, so that any fill fits. It is not changed.
        size: Side of the square in pixels, at least 1; it may be larger than the image.
        cy: Row of the centre, in 0..H-1.
        cx: Column of the centre, in 0..W-1.
        fill: The value inside of the square.

    Returns:
        (C, H, W) image.

    Raises:
        ValueError: size < 1, or the centre lies outside of the image. The message names the argument.
    """
    ### BEGIN SOLUTION
    out = np.array(img, dtype=float)
    _, H, W = out.shape
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if not 0 <= cy < H:
        raise ValueError(f"cy must be in 0..{H - 1}, got {cy}")
    if not 0 <= cx < W:
        raise ValueError(f"cx must be in 0..{W - 1}, got {cx}")
    top, left = cy - size // 2, cx - size // 2
    out[:, max(top, 0) : top + size, max(left, 0) : left + size] = fill
    return out
    ### END SOLUTION


def random_cutout(img, size, rng):
    """cutout with fill 0, at a centre that is drawn uniformly from all H * W pixels.

    Args:
        img: (C, H, W) image. It is not changed.
        size: Side of the square in pixels, at least 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        The (C, H, W) image and the centre (cy, cx), two integers.

    Raises:
        ValueError: size < 1. The message names size.
    """
    ### BEGIN SOLUTION
    _, H, W = np.shape(img)
    cy, cx = int(rng.integers(H)), int(rng.integers(W))
    return cutout(img, size, cy, cx), (cy, cx)
    ### END SOLUTION


# %% check="cutout"
check("cutout")

# %% [markdown]
# ## 5 · AugMix and its consistency loss

# %% [markdown]
# ### Exercise: `augmix_combine`, `augmix` and `jsd` (6 points)


# %% exercise="augmix" points=6
def augmix_combine(img, chains, weights, m):
    """Mix the augmented copies with each other, and the result with the image.

        out = m * img + (1 - m) * sum_i weights[i] * chains[i]

    Args:
        img: (C, H, W) image. It is not changed.
        chains: (k, C, H, W), one augmented copy for each chain.
        weights: (k,) that add up to 1.
        m: Weight of the image itself, in [0, 1].

    Returns:
        (C, H, W) float image.
    """
    ### BEGIN SOLUTION
    mixed = np.tensordot(np.asarray(weights, dtype=float), np.asarray(chains, dtype=float), axes=1)
    return m * np.asarray(img, dtype=float) + (1 - m) * mixed
    ### END SOLUTION


def augmix(img, ops, rng, k=3):
    """Send an image through k chains of random operations, and mix what comes out with the image.

    Each chain starts from img and applies depth operations, one after the other: depth is 1, 2 or 3 with equal
    probability, each operation is drawn uniformly from ops, with replacement. Then weights ~ Dirichlet(1, ..., 1),
    m ~ Beta(1, 1), and augmix_combine. The depth may be drawn for each chain or once for all of them.

    Args:
        img: (C, H, W) image. It is not changed.
        ops: List of functions; op(img, rng) returns a new image of the same shape.
        rng: A np.random.Generator, the only source of randomness; the operations get the same one.
        k: Number of chains, at least 1.

    Returns:
        The (C, H, W) image, and a dict of what was drawn: "weights" (k,), "m" a float (the weight of img), and
        "depths", a list of k integers.

    Raises:
        ValueError: k < 1, or ops is empty. The message names the argument.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    weights, m = rng.dirichlet(np.ones(k)), float(rng.beta(1, 1))
    depths = [int(depth) for depth in rng.integers(1, 4, size=k)]
    chains = []
    for depth in depths:
        chain = np.array(img, dtype=float)
        for _ in range(depth):
            chain = ops[rng.integers(len(ops))](chain, rng)
        chains.append(chain)
    return augmix_combine(img, chains, weights, m), {"weights": weights, "m": m, "depths": depths}
    ### END SOLUTION


def jsd(ps):
    """The Jensen-Shannon divergence of k predictions of the same N examples, in nats, as a mean over the examples.

        M = (p_1 + ... + p_k) / k
        JSD = mean over j and n of  KL(p_j[n] || M[n]),     KL(p || M) = sum over classes of p * log(p / M)

    A class with p = 0 contributes 0. M is clipped from below at 1e-7 before the logarithm.

    Args:
        ps: List of k arrays (N, K) of probabilities, k at least 2.

    Returns:
        A float between 0 and log k.

    Raises:
        ValueError: ps holds fewer than two arrays. The message names ps.
    """
    ### BEGIN SOLUTION
    if len(ps) < 2:
        raise ValueError(f"ps must hold at least two predictions, got {len(ps)}")
    ps = np.asarray(ps, dtype=float)
    log_M = np.log(np.maximum(ps.mean(axis=0), 1e-7))
    log_p = np.log(np.where(ps > 0, ps, 1))
    return float((ps * (log_p - log_M)).sum(axis=-1).mean())
    ### END SOLUTION


# %% check="augmix"
check("augmix")

# %% [markdown]
# ## 6 · PixMix

# %% [markdown]
# ### Exercise: `pixmix_combine` and `pixmix` (6 points)


# %% exercise="pixmix" points=6
def pixmix_combine(x, z, op, a, b):
    """Mix two pictures with values in [0, 1], and clip the result to [0, 1].

        "add":   (a * (2x - 1) + b * (2z - 1) + 1) / 2
        "mul":   (2x)^a * max(2z, 1e-37)^b / 2

    Args:
        x: (C, H, W) picture. It is not changed.
        z: (C, H, W) picture to mix in. It is not changed.
        op: "add" or "mul".
        a: Strength of x, above 0.
        b: Strength of z; it may be negative.

    Returns:
        (C, H, W) float picture with values in [0, 1].

    Raises:
        ValueError: op is something else, or x and z have different shapes. The message names the argument (for the
            shapes, x or z).
    """
    ### BEGIN SOLUTION
    x, z = np.asarray(x, dtype=float), np.asarray(z, dtype=float)
    if x.shape != z.shape:
        raise ValueError(f"z must have the shape of x, {x.shape}, got {z.shape}")
    if op == "add":
        mixed = (a * (2 * x - 1) + b * (2 * z - 1) + 1) / 2
    elif op == "mul":
        mixed = (2 * x) ** a * np.maximum(2 * z, 1e-37) ** b / 2
    else:
        raise ValueError(f"op must be add or mul, got {op!r}")
    return np.clip(mixed, 0, 1)
    ### END SOLUTION


def pixmix(img, mix_img, ops, rng, k=4, beta=3.0):
    """Mix an image several times with a picture or with augmented copies of itself.

    1. Start from img, or (probability 1/2) from an augmented copy of it.
    2. The number of rounds is 0, 1, ..., or k, all equally likely.
    3. In each round, anew: z is an augmented copy of img, the *original*, or mix_img (1/2 each); op is "add" or "mul"
       (1/2 each); (a, b) follow one of two laws (1/2 each),
       a ~ Beta(beta, 1) and b ~ Beta(1, beta), or a ~ 1 + Beta(1, beta) and b ~ -Beta(1, beta);
       the picture so far becomes pixmix_combine(picture, z, op, a, b).

    An augmented copy is op(img, rng), once, with an operation that is drawn uniformly from ops. The label stays.

    Args:
        img: (C, H, W) image with values in [0, 1]. It is not changed.
        mix_img: (C, H, W) picture with values in [0, 1]. It is not changed.
        ops: List of functions; op(img, rng) returns a new image of the same shape with values in [0, 1].
        rng: A np.random.Generator, the only source of randomness; the operations get the same one.
        k: Largest number of rounds.
        beta: Parameter of the strengths, above 0.

    Returns:
        The (C, H, W) image and a dict of what was drawn: "start_augmented" (a bool), "rounds" (an integer) and "steps", a
        list with one dict for each round: "z" (the picture that was mixed in), "source" ("aug" or "mix"), "op", "a", "b".
    """
    ### BEGIN SOLUTION

    def augmented():
        return ops[rng.integers(len(ops))](np.array(img, dtype=float), rng)

    start_augmented = bool(rng.random() < 0.5)
    out = augmented() if start_augmented else np.array(img, dtype=float)
    rounds, steps = int(rng.integers(k + 1)), []
    for _ in range(rounds):
        source = "aug" if rng.random() < 0.5 else "mix"
        z = augmented() if source == "aug" else np.array(mix_img, dtype=float)
        op = "add" if rng.random() < 0.5 else "mul"
        if rng.random() < 0.5:
            a, b = float(rng.beta(beta, 1)), float(rng.beta(1, beta))
        else:
            a, b = 1 + float(rng.beta(1, beta)), -float(rng.beta(1, beta))
        out = pixmix_combine(out, z, op, a, b)
        steps.append({"z": z, "source": source, "op": op, "a": a, "b": b})
    return out, {"start_augmented": start_augmented, "rounds": rounds, "steps": steps}
    ### END SOLUTION


# %% check="pixmix"
check("pixmix")

# %% [markdown]
# ## 7 · Policies: which operation, and how strong?

# %% [markdown]
# ### Exercise: `trivial_augment` and `rand_augment` (5 points)


# %% exercise="augment_policy" points=5
def trivial_augment(img, ops, rng, levels=31):
    """TrivialAugment: one operation, drawn uniformly, with one strength, drawn uniformly from 0, 1, ..., levels - 1.

    Args:
        img: Image. It is not changed.
        ops: List of functions; op(img, m) returns a new image.
        rng: A np.random.Generator, the only source of randomness. The operations do not get it.
        levels: Number of strengths.

    Returns:
        The new image, and what was drawn: (index of the operation in ops, strength m), two integers.

    Raises:
        ValueError: ops is empty. The message names ops.
    """
    ### BEGIN SOLUTION
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    op, m = int(rng.integers(len(ops))), int(rng.integers(levels))
    return ops[op](img, m), (op, m)
    ### END SOLUTION


def rand_augment(img, ops, n, m, rng):
    """RandAugment: n operations, drawn uniformly with replacement, one after the other, all of them with strength m.

    Args:
        img: Image. It is not changed.
        ops: List of functions; op(img, m) returns a new image.
        n: Number of operations, at least 0; it may be larger than the number of ops. With 0 the image stays as it is.
        m: Strength of all operations, an integer in 0..30.
        rng: A np.random.Generator, the only source of randomness. The operations do not get it.

    Returns:
        The new image, and the list of the n indices into ops that were drawn, in the order in which they were applied.

    Raises:
        ValueError: ops is empty, n < 0, or m is outside 0..30. The message names the argument.
    """
    ### BEGIN SOLUTION
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if not 0 <= m <= 30:
        raise ValueError(f"m must be in 0..30, got {m}")
    chosen = [int(op) for op in rng.integers(len(ops), size=n)]
    for op in chosen:
        img = ops[op](img, m)
    return img, chosen
    ### END SOLUTION


# %% check="augment_policy"
check("augment_policy")

# %% [markdown]
# ## What you built and where it goes next

# %%
progress()
