"""smooth_labels, mixup, cutmix and cutout against torch, kornia, closed forms and simulations."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import integrate, special
from traindeep import chance
from traindeep.reference.mixing import (
    convert_eps,
    cutmix,
    cutmix_box,
    cutout,
    mixup,
    random_cutout,
    sample_cutmix,
    sample_mixup,
    smooth_labels,
)


@pytest.fixture
def rng():
    return np.random.default_rng(10)


def cross_entropy(logits, targets):
    """Mean over the examples, in double precision."""
    return -(targets * F.log_softmax(torch.from_numpy(logits), dim=1).numpy()).sum(axis=1).mean()


# ---- labels ----------------------------------------------------------------------------------------------


def test_smoothed_targets_give_the_loss_of_torch(rng):
    """The cross-entropy with these targets is that of torch with label_smoothing; "others" needs the converted eps."""
    for C in (2, 3, 7):
        logits, y = rng.normal(size=(9, C)) * 3, rng.integers(C, size=9)
        for eps in (0.0, 0.1, 0.4, 1.0):
            theirs = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y), label_smoothing=eps)
            assert cross_entropy(logits, smooth_labels(y, C, eps)) == pytest.approx(float(theirs), rel=1e-6)
        eps = 0.9 * (C - 1) / C
        theirs = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y), label_smoothing=convert_eps(eps, C))
        assert cross_entropy(logits, smooth_labels(y, C, eps, "others")) == pytest.approx(float(theirs), rel=1e-6)


def test_the_two_conventions_disagree():
    """(0.9, 0.05, 0.05) is eps = 0.1 of "others" and eps = 0.15 of "torch"; torch itself makes (0.933, 0.033, 0.033) of 0.1."""
    np.testing.assert_allclose(smooth_labels([0], 3, 0.1, "others"), [[0.9, 0.05, 0.05]])
    np.testing.assert_allclose(smooth_labels([0], 3, 0.15, "torch"), [[0.9, 0.05, 0.05]])
    np.testing.assert_allclose(smooth_labels([0], 3, 0.1, "torch"), [[0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3]])
    assert convert_eps(0.1, 3) == pytest.approx(0.15)


def test_smoothed_rows_add_up_to_1(rng):
    """In both conventions, for all eps; with eps = 1 "torch" is flat and "others" has 0 for the right class."""
    y = rng.integers(5, size=8)
    for eps in np.linspace(0, 1, 11):
        for convention in ("torch", "others"):
            targets = smooth_labels(y, 5, eps, convention)
            np.testing.assert_allclose(targets.sum(axis=1), 1)
            assert targets.min() >= 0
    np.testing.assert_allclose(smooth_labels(y, 5, 1.0), 0.2)
    np.testing.assert_allclose(smooth_labels(y, 5, 1.0, "others")[np.arange(8), y], 0)
    assert convert_eps(1.0, 5) == pytest.approx(1.25)


# ---- mixup -----------------------------------------------------------------------------------------------


def test_mixed_labels_mix_the_losses(rng):
    """The cross-entropy with mixed labels is the mixture of two cross-entropies, as the published code computes it."""
    logits, a, perm, lam = torch.randn(6, 4, dtype=torch.float64), rng.integers(4, size=6), rng.permutation(6), 0.3
    _, ym = mixup(np.zeros((6, 1)), np.eye(4)[a], lam, perm)
    own, partner = (F.cross_entropy(logits, torch.from_numpy(labels)) for labels in (a, a[perm]))
    assert cross_entropy(logits.numpy(), ym) == pytest.approx(float(lam * own + (1 - lam) * partner), rel=1e-12)


def test_mixup_is_torch_lerp(rng):
    """Any shape; whole numbers and uint8 give fractions; float32 stays float32."""
    perm = rng.permutation(5)
    for x in (
        rng.normal(size=(5, 3)),
        rng.integers(256, size=(5, 2, 3, 4)).astype(np.uint8),
        np.ones((5, 2), np.float32),
    ):
        xm, _ = mixup(x, np.eye(5), 0.35, perm)
        own = torch.from_numpy(x.astype(float))
        np.testing.assert_allclose(xm, torch.lerp(own[perm], own, 0.35).numpy(), rtol=1e-6)
    assert xm.dtype == np.float32


def test_moments_of_lam(rng):
    """Beta(alpha, alpha): mean 1/2 and variance 1 / (4 (2 alpha + 1)), within the error of 4000 draws."""
    for alpha in (0.2, 1.0, 3.0):
        lams = np.array([sample_mixup(1, alpha, rng)[0] for _ in range(4000)])
        variance = 1 / (4 * (2 * alpha + 1))
        assert chance.near(lams.mean(), 0.5, np.sqrt(variance / 4000))
        assert lams.var() == pytest.approx(variance, rel=0.15)
        assert chance.uniform(special.betainc(alpha, alpha, lams), 0, 1)


def test_all_orders_are_equally_likely(rng):
    """The 24 orders of four."""
    orders = [tuple(sample_mixup(4, 1.0, rng)[1].tolist()) for _ in range(4000)]
    seen = {order: orders.count(order) for order in set(orders)}
    assert len(seen) == 24
    assert chance.shares(list(seen.values()), 1 / 24)


# ---- cutmix ----------------------------------------------------------------------------------------------


def published_box(H, W, lam, cy, cx):
    """The box of the code that the authors published, with rows and columns in the order of the image."""
    cut = np.sqrt(1.0 - lam)
    h, w = int(H * cut), int(W * cut)
    rows, columns = np.clip([cy - h // 2, cy + h // 2], 0, H), np.clip([cx - w // 2, cx + w // 2], 0, W)
    return *rows, *columns


def test_box_is_near_the_published_one(rng):
    """Edges are at most two pixels apart, which is the rounding of sides and of their halves."""
    for _ in range(300):
        H, W = rng.integers(1, 60, size=2)
        lam, cy, cx = rng.random(), rng.integers(H), rng.integers(W)
        ours, theirs = np.array(cutmix_box(H, W, lam, cy, cx)), np.array(published_box(H, W, lam, cy, cx))
        assert abs(ours - theirs).max() <= 2
        assert 0 <= ours[0] <= ours[1] <= H
        assert 0 <= ours[2] <= ours[3] <= W


def test_box_at_the_ends_of_lam():
    """lam = 1 is empty, lam = 0 the whole image around its middle, and a quarter of it around a corner."""
    for cy, cx in ((0, 0), (5, 3), (9, 11)):
        y0, y1, x0, x1 = cutmix_box(10, 12, 1.0, cy, cx)
        assert (y1 - y0) * (x1 - x0) == 0
    assert cutmix_box(10, 12, 0.0, 5, 6).tolist() == [0, 10, 0, 12]
    assert cutmix_box(10, 12, 0.0, 0, 0).tolist() == [0, 5, 0, 6]


def test_lam_adj_is_the_share_of_own_pixels(rng):
    """Images that carry their number in every pixel: counted pixels are the weights of the labels."""
    for _ in range(50):
        N, H, W = 4, *rng.integers(1, 12, size=2)
        x = np.arange(float(N))[:, None, None, None] * np.ones((1, 2, H, W))
        perm = np.roll(np.arange(N), 1)
        box = sample_cutmix(H, W, 1.0, rng)[1]
        xm, ym, lam_adj = cutmix(x, np.eye(N), perm, box)
        own = (xm == x).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(own, lam_adj, atol=1e-12)
        np.testing.assert_allclose(ym[np.arange(N), perm], 1 - own, atol=1e-12)
        assert np.all((xm == x) | (xm == x[perm]))


def test_patch_keeps_its_place(rng):
    """torch.where with a mask of the box, on images in which every pixel is different."""
    x, perm = rng.normal(size=(4, 2, 6, 7)), np.array([2, 0, 1, 3])
    for y0, y1, x0, x1 in ((1, 4, 3, 7), (2, 6, 1, 2)):
        mask = torch.zeros(6, 7, dtype=torch.bool)
        mask[y0:y1, x0:x1] = True
        expected = torch.where(mask, torch.from_numpy(x[perm]), torch.from_numpy(x))
        np.testing.assert_array_equal(cutmix(x, np.eye(4), perm, (y0, y1, x0, x1))[0], expected.numpy())


def test_mean_of_lam_adj(rng):
    """For lam uniform the mean of lam_adj is 1 - the integral of (s - s^2 / 4)^2 over lam, s the side: 0.679, not 1/2.

    The published code rounds sides down to even numbers: 0.70 for images of 32 x 32.
    """
    exact = 1 - integrate.quad(lambda lam: (np.sqrt(1 - lam) - (1 - lam) / 4) ** 2, 0, 1)[0]
    assert exact == pytest.approx(0.679, abs=0.001)
    draws = [sample_cutmix(1000, 1000, 1.0, rng) for _ in range(4000)]
    kept = np.array([1 - (y1 - y0) * (x1 - x0) / 1e6 for _, (y0, y1, x0, x1) in draws])
    assert kept.mean() == pytest.approx(exact, abs=7 * kept.std() / np.sqrt(4000))
    assert np.mean([lam for lam, _ in draws]) == pytest.approx(0.5, abs=7 * 0.29 / np.sqrt(4000))
    boxes = np.array([published_box(32, 32, rng.random(), *rng.integers(32, size=2)) for _ in range(4000)])
    kept = 1 - (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) / 1024
    assert kept.mean() == pytest.approx(0.70, abs=0.03)


# ---- cutout ----------------------------------------------------------------------------------------------


def published_cutout(img, size, cy, cx):
    """The mask of the code that the authors published: np.clip on both ends. For even sizes only."""
    _, H, W = img.shape
    mask = np.ones((H, W))
    y1, y2 = np.clip(cy - size // 2, 0, H), np.clip(cy + size // 2, 0, H)
    x1, x2 = np.clip(cx - size // 2, 0, W), np.clip(cx + size // 2, 0, W)
    mask[y1:y2, x1:x2] = 0.0
    return img * mask


def test_even_squares_are_the_published_ones(rng):
    """At all places; for an odd size the published code covers one row and column less, and ours covers `size`."""
    img = rng.uniform(1, 2, size=(2, 5, 7))
    for cy in range(5):
        for cx in range(7):
            for size in (2, 4, 6, 20):
                np.testing.assert_array_equal(cutout(img, size, cy, cx), published_cutout(img, size, cy, cx))
    assert (published_cutout(img, 3, 2, 3) == 0).sum() == 2 * 4
    assert (cutout(img, 3, 2, 3) == 0).sum() == 2 * 9


def test_square_is_that_of_kornia(rng):
    """kornia's erasing transform, given the same rectangle."""
    pytest.importorskip("kornia")
    from kornia.geometry.bbox import bbox_generator, bbox_to_mask

    img = rng.uniform(1, 2, size=(2, 6, 8))
    top, left, size = 1, 3, 3
    box = bbox_generator(*(torch.tensor([float(v)]) for v in (left, top, size, size)))
    mask = bbox_to_mask(box, 8, 6)[0].numpy().astype(bool)
    ours = cutout(img, size, top + size // 2, left + size // 2, fill=-1.0)
    np.testing.assert_array_equal(ours, np.where(mask, -1.0, img))


def test_whole_numbers_take_any_filling():
    """A uint8 image is filled with -1.5 without wrapping around, and is not changed."""
    img = np.full((1, 3, 3), 200, dtype=np.uint8)
    assert cutout(img, 1, 1, 1, fill=-1.5)[0].tolist() == [[200, 200, 200], [200, -1.5, 200], [200, 200, 200]]
    assert (img == 200).all()


def test_pixels_are_covered_as_often_as_enumeration_says(rng):
    """How often each pixel is covered, against the mean over all centres."""
    img, size, times = np.ones((1, 4, 5)), 3, 4000
    exact = np.mean([cutout(img, size, cy, cx)[0] == 0 for cy in range(4) for cx in range(5)], axis=0)
    outs = [random_cutout(img, size, rng) for _ in range(times)]
    hits = np.sum([out[0] == 0 for out, _ in outs], axis=0)
    for count, p in zip(hits.ravel(), exact.ravel(), strict=True):
        assert chance.share(count, times, p) == p
    assert all(np.array_equal(out, cutout(img, size, *center)) for out, center in outs[:50])
    assert exact[0, 0] < exact[1, 2]  # corners are covered less


def test_refusals(rng):
    """The messages name the argument."""
    x, y, perm = np.ones((2, 1, 3, 4)), np.eye(2), np.array([1, 0])
    for call, name in (
        (lambda: smooth_labels([0], 1, 0.1), "C"),
        (lambda: smooth_labels([0], 3, 1.1), "eps"),
        (lambda: smooth_labels([-1], 3, 0.1), "y"),
        (lambda: smooth_labels([0], 3, 0.1, "mine"), "convention"),
        (lambda: convert_eps(-0.1, 3), "eps"),
        (lambda: convert_eps(0.1, 1), "C"),
        (lambda: mixup(x, y, 1.1, perm), "lam"),
        (lambda: mixup(x, np.array([1, 0]), 0.5, perm), "y"),
        (lambda: sample_mixup(3, -1, rng), "alpha"),
        (lambda: cutmix_box(3, 4, -0.1, 1, 1), "lam"),
        (lambda: cutmix(x[:0], y[:0], perm[:0], (0, 1, 0, 1)), "x"),
        (lambda: sample_cutmix(3, 4, -1, rng), "alpha"),
        (lambda: cutout(x[0], 0, 1, 1), "size"),
        (lambda: cutout(x[0], 1, 3, 1), "cy"),
        (lambda: cutout(x[0], 1, 1, -1), "cx"),
        (lambda: random_cutout(x[0], 0, rng), "size"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
