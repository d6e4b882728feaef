"""augmix, jsd, pixmix and the policies against torch, scipy, published formulas and simulations."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import jensenshannon
from traindeep import chance
from traindeep.reference.augmentation_policies import (
    augmix,
    augmix_combine,
    jsd,
    pixmix,
    pixmix_combine,
    rand_augment,
    trivial_augment,
)

IDENTITY = [lambda img, rng: img]


@pytest.fixture
def rng():
    return np.random.default_rng(10)


# ---- augmix ----------------------------------------------------------------------------------------------


def test_combine_is_a_weighted_mean(rng):
    """NumPy's average over image and chains, with weights m and (1 - m) w."""
    img, chains, w = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 2, 3, 4)), rng.dirichlet(np.ones(3))
    for m in (0.0, 0.3, 1.0):
        expected = np.average(np.concatenate([img[None], chains]), axis=0, weights=[m, *(1 - m) * w])
        np.testing.assert_allclose(augmix_combine(img, chains, w, m), expected, rtol=1e-12)


def test_published_code_gives_m_to_the_chains(rng):
    """(1 - m) * image + m * mixture is ours with 1 - m; m and 1 - m have the same law."""
    img, chain, m = rng.normal(size=(1, 2, 3)), rng.normal(size=(1, 1, 2, 3)), 0.3
    np.testing.assert_allclose((1 - m) * img + m * chain[0], augmix_combine(img, chain, [1.0], 1 - m))


def test_operations_that_do_nothing_change_nothing(rng):
    """All weights together are 1."""
    img = rng.normal(size=(2, 3, 4))
    for k in (1, 3, 6):
        out, info = augmix(img, IDENTITY, rng, k)
        np.testing.assert_allclose(out, img, rtol=1e-12)
        assert len(info["depths"]) == k


def test_depths_and_operations(rng):
    """Counting operations: with one chain the depth is seen; operations and depths are uniform."""
    ops = [lambda img, rng, j=j: img + np.eye(3)[j][:, None, None] for j in range(3)]
    counts, depths = np.zeros(3, dtype=int), np.zeros(4, dtype=int)
    for _ in range(1500):
        out, info = augmix(np.zeros((3, 1, 1)), ops, rng, 1)
        if info["m"] > 1 - 1e-6:
            continue
        applied = out.ravel() / (1 - info["m"])
        assert applied.sum() == pytest.approx(info["depths"][0])
        counts += np.rint(applied).astype(int)
        depths[info["depths"][0]] += 1
    assert chance.shares(counts, 1 / 3)
    assert chance.shares(depths[1:], 1 / 3)


def test_every_chain_starts_from_the_image(rng):
    """An operation that adds 1: the image grows by (1 - m) times the weighted mean of the depths."""
    for k in (1, 3, 5):
        out, info = augmix(np.zeros((1, 1, 1)), [lambda img, rng: img + 1], rng, k)
        assert out.item() == pytest.approx((1 - info["m"]) * np.dot(info["weights"], info["depths"]))


def test_moments_of_weights_and_m(rng):
    """Dirichlet(1, 1, 1): mean 1/3, variance 1/18, covariance -1/36; m: mean 1/2, variance 1/12."""
    infos = [augmix(np.zeros((1, 1, 1)), IDENTITY, rng)[1] for _ in range(4000)]
    weights, ms = np.array([info["weights"] for info in infos]), np.array([info["m"] for info in infos])
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert chance.near(weights[:, 0].mean(), 1 / 3, np.sqrt(1 / 18 / 4000))
    np.testing.assert_allclose(np.cov(weights.T), np.eye(3) / 12 - 1 / 36, atol=0.005)
    assert chance.uniform(ms, 0, 1)


def test_jsd_of_two_is_that_of_scipy(rng):
    """scipy's Jensen-Shannon distance is the root."""
    p, q = rng.dirichlet(np.ones(5), size=(2, 7))
    assert jsd([p, q]) == pytest.approx(np.mean(jensenshannon(p, q, axis=1) ** 2), rel=1e-9)


def test_jsd_is_the_published_loss(rng):
    """torch's kl_div with batchmean, one-hot predictions included; and the entropy of the mean minus the mean entropy."""
    for ps in (rng.dirichlet(np.ones(4), size=(3, 6)), np.eye(4)[rng.integers(4, size=(3, 6))]):
        tensors = [torch.from_numpy(p) for p in ps]
        log_mean = torch.clamp(sum(tensors) / 3, 1e-7, 1).log()
        theirs = sum(F.kl_div(log_mean, p, reduction="batchmean") for p in tensors) / 3
        assert jsd(list(ps)) == pytest.approx(float(theirs), abs=1e-6)

        def entropy(p):
            return -np.sum(np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0), axis=-1)

        assert jsd(list(ps)) == pytest.approx(float(np.mean(entropy(ps.mean(0)) - entropy(ps).mean(0))), abs=1e-6)


def test_jsd_is_between_0_and_log_k(rng):
    """0 for equal predictions, log k for k predictions without a common class."""
    p = rng.dirichlet(np.ones(4), size=3)
    assert jsd([p, p, p]) == pytest.approx(0, abs=1e-12)
    assert jsd([np.eye(4)[[j]] for j in range(4)]) == pytest.approx(np.log(4), abs=1e-6)
    for _ in range(20):
        assert 0 <= jsd(list(rng.dirichlet(np.full(5, 0.2), size=(3, 4)))) <= np.log(3) + 1e-6


# ---- pixmix ----------------------------------------------------------------------------------------------


def published_pixmix(x, z, op, a, b):
    """The two functions of the published code, on tensors."""
    x, z = torch.from_numpy(x), torch.from_numpy(z)
    if op == "add":
        out = (a * (x * 2 - 1) + b * (z * 2 - 1) + 1) / 2
    else:
        out = (x * 2) ** a * (z * 2).clip(1e-37) ** b / 2
    return torch.clip(out, 0, 1).numpy()


def test_pixmix_combine_is_the_published_one(rng):
    """Both operations and both laws, with black and white in all combinations."""
    x, z = rng.random((2, 1, 4, 5))
    x[0, 0, :4], z[0, 0, :4] = (0, 0, 1, 1), (0, 1, 0, 1)
    for op in ("add", "mul"):
        for a, b in ((0.8, 0.3), (1.4, -0.6), (1.0, 0.0)):
            np.testing.assert_allclose(pixmix_combine(x, z, op, a, b), published_pixmix(x, z, op, a, b), rtol=1e-9)


def test_grey_is_neutral(rng):
    """Adding grey with any b, and multiplying with it, leaves a picture as it is for a = 1; no combination gives nan."""
    x, grey = rng.random((2, 3, 4)), np.full((2, 3, 4), 0.5)
    for b in (0.4, -0.7):
        for op in ("add", "mul"):
            np.testing.assert_allclose(pixmix_combine(x, grey, op, 1.0, b), x, rtol=1e-12)
    corners = np.array(list(itertools.product((0.0, 0.5, 1.0), repeat=2))).T[:, None, None]
    for a, b in ((0.5, 0.5), (1.5, -0.99), (2.0, -1.0)):
        out = pixmix_combine(*corners, "mul", a, b)
        assert np.isfinite(out).all()
        assert out.min() >= 0
        assert out.max() <= 1


def test_pixmix_is_replayed_by_its_info(rng):
    """Every step has the original's augmented copy or the picture; the result is in [0, 1]."""
    img, mix_img = rng.random((2, 1, 3, 4))
    for _ in range(100):
        out, info = pixmix(img, mix_img, [lambda x, rng: 1 - x], rng)
        replayed = 1 - img if info["start_augmented"] else img
        assert len(info["steps"]) == info["rounds"] <= 4
        for step in info["steps"]:
            np.testing.assert_array_equal(step["z"], 1 - img if step["source"] == "aug" else mix_img)
            replayed = published_pixmix(replayed, step["z"], step["op"], step["a"], step["b"])
        np.testing.assert_allclose(out, replayed, rtol=1e-9)
        assert 0 <= out.min() <= out.max() <= 1


def test_laws_of_pixmix(rng):
    """Coins are fair, rounds uniform, strengths have the means of their Beta laws."""
    img = np.full((1, 1, 1), 0.5)
    infos = [pixmix(img, img, IDENTITY, rng)[1] for _ in range(2000)]
    steps = [step for info in infos for step in info["steps"]]
    assert chance.shares(np.bincount([info["rounds"] for info in infos]), 1 / 5)
    assert chance.share(sum(info["start_augmented"] for info in infos), 2000, 0.5) == 0.5
    n, second = len(steps), np.array([step["b"] < 0 for step in steps])
    for hits in (sum(s["source"] == "mix" for s in steps), sum(s["op"] == "mul" for s in steps), second.sum()):
        assert chance.share(hits, n, 0.5) == 0.5
    a, b = (np.array([step[name] for step in steps]) for name in "ab")
    sd = np.sqrt(3 / (4**2 * 5))  # of Beta(3, 1)
    for values, mean in ((a[~second], 0.75), (b[~second], 0.25), (a[second], 1.25), (b[second], -0.25)):
        assert chance.near(values.mean(), mean, sd / np.sqrt(len(values)))
        assert values.std() == pytest.approx(sd, rel=0.15)


# ---- policies --------------------------------------------------------------------------------------------

OPS = [np.add, np.subtract, np.multiply]


def test_trivial_augment_is_uniform_over_pairs(rng):
    """All 3 x 4 pairs, and the image is what the pair says."""
    img, counts = rng.uniform(2, 3, size=(2, 2)), np.zeros((3, 4), dtype=int)
    for _ in range(3000):
        out, (op, m) = trivial_augment(img, OPS, rng, levels=4)
        counts[op, m] += 1
        np.testing.assert_array_equal(out, OPS[op](img, m))
    assert chance.shares(counts.ravel(), 1 / 12)


def test_trivial_augment_reaches_both_ends(rng):
    """Strengths 0 and 30 are drawn."""
    strengths = {trivial_augment(np.zeros(1), OPS, rng)[1][1] for _ in range(900)}
    assert strengths == set(range(31))


def test_rand_augment_composes(rng):
    """The image is the composition, in order; all 9 sequences of two out of three are equally likely."""
    img, counts = rng.uniform(2, 3, size=(2, 2)), np.zeros((3, 3), dtype=int)
    for _ in range(3000):
        out, chosen = rand_augment(img, OPS, 2, 7, rng)
        np.testing.assert_array_equal(out, OPS[chosen[1]](OPS[chosen[0]](img, 7), 7))
        counts[tuple(chosen)] += 1
    assert chance.shares(counts.ravel(), 1 / 9)
    out, chosen = rand_augment(img, OPS[:1], 5, 1, rng)
    np.testing.assert_allclose(out, img + 5)
    assert chosen == [0] * 5


def test_operations_that_work_in_place_do_no_harm(rng):
    """The caller's image stays as it was."""

    def in_place(img, *args):
        img *= 0.5
        return img

    img = rng.uniform(0.1, 0.9, size=(1, 2, 2))
    before = img.copy()
    augmix(img, [in_place], rng)
    for _ in range(10):
        pixmix(img, img, [in_place], rng)
    trivial_augment(img, [in_place], rng)
    rand_augment(img, [in_place], 2, 3, rng)
    np.testing.assert_array_equal(img, before)


def test_refusals(rng):
    """The messages name the argument."""
    img = np.ones((1, 2, 2))
    for call, name in (
        (lambda: augmix(img, IDENTITY, rng, 0), "k"),
        (lambda: augmix(img, [], rng), "ops"),
        (lambda: jsd([np.eye(2)]), "ps"),
        (lambda: pixmix_combine(img, img, "sub", 1, 1), "op"),
        (lambda: pixmix_combine(img, img[:, :1], "add", 1, 1), "z"),
        (lambda: trivial_augment(img, [], rng), "ops"),
        (lambda: rand_augment(img, [], 1, 1, rng), "ops"),
        (lambda: rand_augment(img, OPS, -1, 1, rng), "n"),
        (lambda: rand_augment(img, OPS, 1, 31, rng), "m"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
