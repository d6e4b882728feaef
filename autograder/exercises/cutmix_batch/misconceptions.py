"""Believable wrong answers to cutmix_box, cutmix and sample_cutmix. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- cutmix_box ------------------------------------------------------------------------------------------


def _share(lam):
    if not 0 <= lam <= 1:
        raise ValueError("lam must be in [0, 1]")
    return np.sqrt(1 - lam)


def _span(size, length, center):
    start = center - length // 2
    return max(start, 0), min(start + length, size)


def _around(H, W, h, w, cy, cx):
    return (*_span(H, int(round(h)), cy), *_span(W, int(round(w)), cx))


@replaces("cutmix_box")
def sides_without_root(H, W, lam, cy, cx):
    """Your sides are H (1 - lam) and W (1 - lam), so the area is (1 - lam)^2 of the image. An area of 1 - lam needs sides with the square root."""
    side = _share(lam) ** 2
    return _around(H, W, H * side, W * side, cy, cx)


@replaces("cutmix_box")
def area_lam(H, W, lam, cy, cx):
    """Your box has a share lam of the area. lam is what stays of the image itself; 1 - lam is replaced."""
    side = _share(1 - lam)
    return _around(H, W, H * side, W * side, cy, cx)


@replaces("cutmix_box")
def not_clipped(H, W, lam, cy, cx):
    """Your box may reach over the border. What lies outside is cut off, or its area counts pixels that do not exist."""
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    return cy - h // 2, cy - h // 2 + h, cx - w // 2, cx - w // 2 + w


@replaces("cutmix_box")
def negative_start(H, W, lam, cy, cx):
    """You clip only the end of the box, and its start may be negative. A slice from -3 on starts three pixels before the end."""
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    return cy - h // 2, min(cy - h // 2 + h, H), cx - w // 2, min(cx - w // 2 + w, W)


@replaces("cutmix_box")
def end_not_clipped(H, W, lam, cy, cx):
    """You clip only the start of the box. A slice forgives an end beyond the border, but the area that you compute with it is too large."""
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    return max(cy - h // 2, 0), cy - h // 2 + h, max(cx - w // 2, 0), cx - w // 2 + w


@replaces("cutmix_box")
def center_swapped(H, W, lam, cy, cx):
    """You use cy for the columns and cx for the rows. Rows come first: y is the row, x is the column."""
    return _around(H, W, H * _share(lam), W * _share(lam), cx, cy)


@replaces("cutmix_box")
def sides_swapped(H, W, lam, cy, cx):
    """The box has the height that its width should have. The height goes with H, the width with W."""
    return _around(H, W, W * _share(lam), H * _share(lam), cy, cx)


@replaces("cutmix_box")
def square_box(H, W, lam, cy, cx):
    """Your box is always a square. It has the shape of the image: sides H sqrt(1 - lam) and W sqrt(1 - lam)."""
    side = min(H, W) * _share(lam)
    return _around(H, W, side, side, cy, cx)


@replaces("cutmix_box")
def columns_first(H, W, lam, cy, cx):
    """You return columns before rows. The order is y0, y1, x0, x1."""
    y0, y1, x0, x1 = _around(H, W, H * _share(lam), W * _share(lam), cy, cx)
    return x0, x1, y0, y1


@replaces("cutmix_box")
def starts_first(H, W, lam, cy, cx):
    """You return both starts before both ends. The order is y0, y1, x0, x1."""
    y0, y1, x0, x1 = _around(H, W, H * _share(lam), W * _share(lam), cy, cx)
    return y0, x0, y1, x1


@replaces("cutmix_box")
def sides_returned(H, W, lam, cy, cx):
    """You return starts and sides. The second and the fourth number are ends: y1 and x1."""
    y0, y1, x0, x1 = _around(H, W, H * _share(lam), W * _share(lam), cy, cx)
    return y0, y1 - y0, x0, x1 - x0


@replaces("cutmix_box")
def shifted_to_fit(H, W, lam, cy, cx):
    """You move the box until it fits. It stays where its centre is, and what lies outside is cut off: boxes at the border are smaller."""
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    y0, x0 = min(max(cy - h // 2, 0), H - h), min(max(cx - w // 2, 0), W - w)
    return y0, y0 + h, x0, x0 + w


@replaces("cutmix_box")
def center_as_corner(H, W, lam, cy, cx):
    """Your box starts at (cy, cx). That is its centre: go back by half of each side."""
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    return cy, min(cy + h, H), cx, min(cx + w, W)


@replaces("cutmix_box")
def twice_as_large(H, W, lam, cy, cx):
    """You go a whole side to each direction, so the box is twice as high and twice as wide. Go half a side."""
    return _around(H, W, 2 * H * _share(lam), 2 * W * _share(lam), cy, cx)


@replaces("cutmix_box")
def at_least_one_pixel(H, W, lam, cy, cx):
    """Your box is never empty. With lam = 1 nothing is replaced, so it has to be."""
    return _around(H, W, max(H * _share(lam), 1), max(W * _share(lam), 1), cy, cx)


@replaces("cutmix_box")
def not_rounded(H, W, lam, cy, cx):
    """Your edges are not whole numbers, so they cannot cut rows and columns. Round them."""
    h, w = H * _share(lam), W * _share(lam)
    return max(cy - h / 2, 0.0), min(cy + h / 2, H), max(cx - w / 2, 0.0), min(cx + w / 2, W)


@replaces("cutmix_box")
def end_refused(H, W, lam, cy, cx):
    """You refuse lam = 0 or lam = 1. Both ends belong to [0, 1]: they replace everything, and nothing."""
    if not 0 < lam < 1:
        raise ValueError("lam must be in (0, 1)")
    return _around(H, W, H * _share(lam), W * _share(lam), cy, cx)


@replaces("cutmix_box")
def lam_clipped(H, W, lam, cy, cx):
    """You clip lam to [0, 1] instead of refusing it. A lam outside is a mistake of the caller, who should hear of it."""
    side = _share(min(max(lam, 0), 1))
    return _around(H, W, H * side, W * side, cy, cx)


# ---- cutmix ----------------------------------------------------------------------------------------------


def _parts(x, y):
    if not len(x):
        raise ValueError("x must hold at least one image")
    return np.array(x), np.array(y, dtype=float)


def _paste(x, perm, box):
    y0, y1, x0, x1 = box
    xm = x.copy()
    xm[:, :, y0:y1, x0:x1] = x[perm][:, :, y0:y1, x0:x1]
    return xm


def _weight(x, box):
    y0, y1, x0, x1 = box
    return 1 - (y1 - y0) * (x1 - x0) / (x.shape[2] * x.shape[3])


def _mix(y, lam, perm):
    return lam * y + (1 - lam) * y[perm]


def _answer(x, y, perm, box, xm=None, ym=None, lam=None):
    x, y = _parts(x, y)
    lam = _weight(x, box) if lam is None else lam
    return _paste(x, perm, box) if xm is None else xm, _mix(y, lam, perm) if ym is None else ym, lam


@replaces("cutmix")
def patch_from_the_corner(x, y, perm, box):
    """You cut the patch out of the upper left corner of the partner. It comes from the same place as it goes to."""
    a, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    xm = a.copy()
    xm[:, :, y0:y1, x0:x1] = a[perm][:, :, : y1 - y0, : x1 - x0]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def pasted_again(x, y, perm, box):
    """You go through the batch and paste into the array that you cut from. Later images get patches that were pasted already: cut from the old array."""
    xm, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    for n in range(len(xm)):
        xm[n, :, y0:y1, x0:x1] = xm[perm[n], :, y0:y1, x0:x1]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def x_in_place(x, y, perm, box):
    """You paste into the caller's x. Next time the batch is used, it has foreign patches already: work on a copy."""
    answer = _answer(x, y, perm, box)
    if isinstance(x, np.ndarray):
        x[...] = answer[0]
    return answer


@replaces("cutmix")
def rows_and_columns_swapped(x, y, perm, box):
    """You use the rows of the box for the columns. Axis 2 of a batch is the rows, axis 3 the columns."""
    a, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    xm = a.copy()
    xm[:, :, x0:x1, y0:y1] = a[perm][:, :, x0:x1, y0:y1]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def end_included(x, y, perm, box):
    """You paste row y1 and column x1 as well. They are ends: the last row is y1 - 1."""
    a, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    return _answer(x, y, perm, box, xm=_paste(a, perm, (y0, y1 + 1, x0, x1 + 1)))


@replaces("cutmix")
def first_channel_only(x, y, perm, box):
    """You paste the first channel only. A patch has all of its colours."""
    a, _ = _parts(x, y)
    xm = a.copy()
    xm[:, :1] = _paste(a, perm, box)[:, :1]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def outside_replaced(x, y, perm, box):
    """You keep the box and replace everything around it. It is the box that comes from the partner."""
    a, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    xm = a[perm].copy()
    xm[:, :, y0:y1, x0:x1] = a[:, :, y0:y1, x0:x1]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def blended_in_the_box(x, y, perm, box):
    """You blend the two images inside of the box. That is MixUp; here the box shows the partner alone, and the rest the image alone."""
    a, _ = _parts(x, y)
    lam = _weight(a, box)
    xm = a.astype(float)
    y0, y1, x0, x1 = box
    xm[:, :, y0:y1, x0:x1] = (lam * a + (1 - lam) * a[perm])[:, :, y0:y1, x0:x1]
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def filled_with_zeros(x, y, perm, box):
    """You fill the box with zeros. That is Cutout; here the box shows the partner."""
    xm, _ = _parts(x, y)
    y0, y1, x0, x1 = box
    xm[:, :, y0:y1, x0:x1] = 0
    return _answer(x, y, perm, box, xm=xm)


@replaces("cutmix")
def inverse_permutation(x, y, perm, box):
    """You hand every patch to the partner, instead of fetching it there: that is the inverse permutation. The partner of n is perm[n]."""
    return _answer(x, y, np.argsort(perm), box)


@replaces("cutmix")
def batch_reversed(x, y, perm, box):
    """You take the batch in reverse order for the partners, as some libraries do. The partners are given: perm[n] is the one of n."""
    return _answer(x, y, np.arange(len(x))[::-1], box)


@replaces("cutmix")
def labels_not_mixed(x, y, perm, box):
    """You leave the labels as they were. The partner's label gets the share of the pixels that come from the partner."""
    return _answer(x, y, perm, box, ym=_parts(x, y)[1])


@replaces("cutmix")
def labels_the_other_way_round(x, y, perm, box):
    """You give lam_adj to the partner. lam_adj is the share that stays, so it belongs to the image itself."""
    a, labels = _parts(x, y)
    return _answer(x, y, perm, box, ym=_mix(labels, 1 - _weight(a, box), perm))


@replaces("cutmix")
def area_returned(x, y, perm, box):
    """You return the share that was pasted. lam_adj is the share that stays: 1 minus it."""
    a, labels = _parts(x, y)
    lam = _weight(a, box)
    return _paste(a, perm, box), _mix(labels, lam, perm), 1 - lam


@replaces("cutmix")
def weight_ignores_clipping(x, y, perm, box):
    """You compute the weight of the labels from one side, as lam = 1 - (h / H)^2. At the border the box was cut off, and labels and pixels disagree: count the pixels of the box that is left."""
    a, _ = _parts(x, y)
    return _answer(x, y, perm, box, lam=1 - ((box[1] - box[0]) / a.shape[2]) ** 2)


@replaces("cutmix")
def one_side_counted(x, y, perm, box):
    """Your weight is the share of the rows. A box does not reach from border to border: its area counts."""
    a, _ = _parts(x, y)
    return _answer(x, y, perm, box, lam=1 - (box[1] - box[0]) / a.shape[2])


@replaces("cutmix")
def area_of_a_square_image(x, y, perm, box):
    """You divide the area by H^2. The image has H * W pixels."""
    a, _ = _parts(x, y)
    return _answer(x, y, perm, box, lam=1 - (box[1] - box[0]) * (box[3] - box[2]) / a.shape[2] ** 2)


@replaces("cutmix")
def end_counted(x, y, perm, box):
    """You count one row and one column too many. Rows y0 to y1 - 1 are y1 - y0 rows."""
    a, _ = _parts(x, y)
    area = (box[1] - box[0] + 1) * (box[3] - box[2] + 1)
    return _answer(x, y, perm, box, lam=1 - area / (a.shape[2] * a.shape[3]))


@replaces("cutmix")
def equal_pixels_counted(x, y, perm, box):
    """You count the pixels that did not change. A patch that looks like what it covers, black on black, is the partner's all the same: count the pixels of the box."""
    a, _ = _parts(x, y)
    return _answer(x, y, perm, box, lam=float(np.mean(_paste(a, perm, box) == a)))


@replaces("cutmix")
def labels_of_another_partner(x, y, perm, box):
    """Your labels come from other partners than your patches: perm and its inverse are mixed up. y[perm] belongs to x[perm]."""
    a, labels = _parts(x, y)
    return _answer(x, y, perm, box, ym=_mix(labels, _weight(a, box), np.argsort(perm)))


@replaces("cutmix")
def whole_labels(x, y, perm, box):
    """You keep the kind of the labels, so one-hot labels of whole numbers lose what is behind the point. Convert to float first."""
    xm, ym, lam = _answer(x, y, perm, box)
    return xm, ym.astype(np.asarray(y).dtype), lam


@replaces("cutmix")
def label_of_the_larger_share(x, y, perm, box):
    """You give the label of whoever has more pixels. The label is a mixture, with the share of the pixels of each."""
    a, labels = _parts(x, y)
    return _answer(x, y, perm, box, ym=labels if _weight(a, box) >= 0.5 else labels[perm])


@replaces("cutmix")
def y_in_place(x, y, perm, box):
    """You write the mixture into the caller's y. Next time the labels are used, they are mixtures already: make a new array."""
    answer = _answer(x, y, perm, box)
    if isinstance(y, np.ndarray) and y.dtype.kind == "f":
        y[...] = answer[1]
    return answer


@replaces("cutmix")
def empty_batch_accepted(x, y, perm, box):
    """You accept a batch without images. Something went wrong before, and the caller should hear of it here."""
    x, y = np.array(x), np.array(y, dtype=float)
    return _paste(x, perm, box), _mix(y, _weight(x, box), perm), _weight(x, box)


# ---- sample_cutmix ---------------------------------------------------------------------------------------


def _drawn(H, W, alpha, rng, lam=None, centers=None):
    if alpha < 0:
        raise ValueError("alpha must be at least 0")
    share = 1.0 if alpha == 0 else rng.beta(alpha, alpha) if lam is None else lam()
    cy, cx = (rng.integers(H), rng.integers(W)) if centers is None else centers(share)
    return float(share), _around(H, W, H * _share(share), W * _share(share), int(cy), int(cx))


@replaces("sample_cutmix")
def lam_at_least_half(H, W, alpha, rng):
    """You take the larger one of lam and 1 - lam. That is another law than Beta(alpha, alpha): boxes of more than half of the image belong to it."""

    def lam():
        value = rng.beta(alpha, alpha)
        return max(value, 1 - value)

    return _drawn(H, W, alpha, rng, lam)


@replaces("sample_cutmix")
def uniform_lam(H, W, alpha, rng):
    """You draw lam uniformly whatever alpha is. That is right for alpha = 1 only."""
    return _drawn(H, W, alpha, rng, rng.random)


@replaces("sample_cutmix")
def beta_alpha_one(H, W, alpha, rng):
    """You draw from Beta(alpha, 1), which is not symmetric. Both parameters are alpha."""
    return _drawn(H, W, alpha, rng, lambda: rng.beta(alpha, 1))


@replaces("sample_cutmix")
def center_kept_inside(H, W, alpha, rng):
    """You draw only centres for which the whole box fits. All pixels are allowed, and boxes at the border are cut off."""

    def centers(lam):
        h, w = (int(round(size * _share(lam))) for size in (H, W))
        return h // 2 + rng.integers(H - h + 1), w // 2 + rng.integers(W - w + 1)

    return _drawn(H, W, alpha, rng, centers=centers)


@replaces("sample_cutmix")
def one_number_for_both(H, W, alpha, rng):
    """You use the same random number for the row and the column, so all centres lie on a diagonal. Draw two."""

    def centers(lam):
        u = rng.random()
        return u * H, u * W

    return _drawn(H, W, alpha, rng, centers=centers)


@replaces("sample_cutmix")
def center_in_a_square(H, W, alpha, rng):
    """You draw rows and columns from the same range. Rows go from 0 to H - 1, columns from 0 to W - 1."""
    return _drawn(H, W, alpha, rng, centers=lambda lam: (rng.integers(min(H, W)), rng.integers(min(H, W))))


@replaces("sample_cutmix")
def always_in_the_middle(H, W, alpha, rng):
    """Your box is always in the middle. Its centre is drawn from all pixels."""
    return _drawn(H, W, alpha, rng, centers=lambda lam: (H // 2, W // 2))


@replaces("sample_cutmix")
def corner_drawn(H, W, alpha, rng):
    """You draw the upper left corner of the box. It is the centre that is uniform on the pixels: your pixels at the top and on the left are replaced too rarely."""
    lam, _ = _drawn(H, W, alpha, rng)
    y0, x0 = int(rng.integers(H)), int(rng.integers(W))
    h, w = (int(round(size * _share(lam))) for size in (H, W))
    return lam, (y0, min(y0 + h, H), x0, min(x0 + w, W))


@replaces("sample_cutmix")
def lam_after_clipping(H, W, alpha, rng):
    """You return the lam that is left after clipping. What was drawn is asked for; cutmix computes the other one from the box."""
    _, (y0, y1, x0, x1) = _drawn(H, W, alpha, rng)
    return 1 - (y1 - y0) * (x1 - x0) / (H * W), (y0, y1, x0, x1)


@replaces("sample_cutmix")
def box_of_another_lam(H, W, alpha, rng):
    """Your box has a share lam of the area. The lam that you return is what stays of the image; the box is the rest."""
    lam, box = _drawn(H, W, alpha, rng)
    return (1 - lam if alpha else lam), box


@replaces("sample_cutmix")
def alpha_0_fails(H, W, alpha, rng):
    """You hand alpha = 0 to the Beta law, which has no density there. This exercise says lam = 1, so nothing is pasted."""
    if alpha < 0:
        raise ValueError("alpha must be at least 0")
    return _drawn(H, W, alpha or 1, rng, lambda: rng.beta(alpha, alpha))


@replaces("sample_cutmix")
def alpha_0_gives_0(H, W, alpha, rng):
    """For alpha = 0 your lam is 0: the whole image may be replaced. 1 leaves the batch as it is."""
    return _drawn(H, W, 1, rng, lambda: 0.0) if alpha == 0 else _drawn(H, W, alpha, rng)


@replaces("sample_cutmix")
def global_generator(H, W, alpha, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    centers = (np.random.randint(H), np.random.randint(W))
    return _drawn(H, W, alpha, rng, lambda: np.random.beta(alpha, alpha), lambda lam: centers)


@replaces("sample_cutmix")
def centers_from_global_generator(H, W, alpha, rng):
    """Your lam comes from rng, but your centre from NumPy's global generator. All of it comes from rng, or nobody can repeat the experiment."""
    return _drawn(H, W, alpha, rng, centers=lambda lam: (np.random.randint(H), np.random.randint(W)))


@replaces("sample_cutmix")
def own_generator(H, W, alpha, rng):
    """You make a generator of your own with a fixed seed, so the box is always the same. Use the one that you are given."""
    return _drawn(H, W, alpha, np.random.default_rng(0))


@replaces("sample_cutmix")
def fresh_generator(H, W, alpha, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _drawn(H, W, alpha, np.random.default_rng())
