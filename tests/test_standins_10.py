"""The stand-ins of notebook 10 against the reference."""

import numpy as np
import pytest
from traindeep import exercise, standins

from autograder import exercise as hidden

EXERCISES = ("smooth_labels", "mixup_batch", "cutmix_batch", "cutout", "augmix", "pixmix", "augment_policy")
NAMES = (
    "smooth_labels", "convert_eps", "mixup", "sample_mixup", "cutmix_box", "cutmix", "sample_cutmix", "cutout", "random_cutout",
    "augmix_combine", "augmix", "jsd", "pixmix_combine", "pixmix", "trivial_augment", "rand_augment",
)  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(10)


def s(name):
    return standins.load()[name]()


def r(name):
    return hidden.find_reference(name)


def test_every_name_has_a_stand_in():
    """What the exercises of the notebook ask for can be used without solving them."""
    standins.load()
    assert {name for name, home in standins.HOME.items() if home == "10"} == set(NAMES)
    assert {name for id in EXERCISES for name in exercise.load(id).names} == set(NAMES)


@pytest.mark.parametrize("id", EXERCISES)
def test_stand_ins_get_full_points(id):
    """The hidden tests accept the stand-ins."""
    item = hidden.load(id)
    student = hidden.Answering({name: s(name) for name in item.visible.names})
    for seed in ("a", "b"):
        oracle = hidden.Live(item)
        results = [hidden.run_hidden(item, test, student, oracle, seed) for test in item.tests]
        assert hidden.score(item, results) == item.points, [x for x in results if x.outcome != "passed"]


def test_labels_agree(rng):
    """Both conventions, for lists and arrays, at both ends of eps, and without any examples."""
    for C in (2, 5):
        for y in (rng.integers(C, size=7), [0, 1, 1], np.array([], dtype=int)):
            for eps in (0, 0.3, 1.0):
                for convention in ("torch", "others"):
                    expected = r("smooth_labels")(y, C, eps, convention)
                    np.testing.assert_allclose(s("smooth_labels")(y, C, eps, convention), expected, atol=1e-12)
        assert s("convert_eps")(0.3, C) == pytest.approx(r("convert_eps")(0.3, C))


def test_mixing_agrees(rng):
    """mixup and cutmix, for several kinds of numbers; boxes are at most a pixel apart."""
    x, y, perm = rng.integers(256, size=(5, 2, 6, 7)), np.eye(3)[rng.integers(3, size=5)], rng.permutation(5)
    for kind in (float, np.float32, np.uint8):
        for lam in (0, 0.3, 1):
            for mine, theirs in zip(*(f("mixup")(x.astype(kind), y, lam, perm) for f in (s, r)), strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-5)
        for box in ((0, 6, 0, 7), (1, 4, 2, 7), (3, 3, 2, 5)):
            for mine, theirs in zip(
                *(f("cutmix")(x.astype(kind), y.astype(int), perm, box) for f in (s, r)), strict=True
            ):
                np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    for _ in range(100):
        H, W = rng.integers(1, 50, size=2)
        case = int(H), int(W), rng.random(), int(rng.integers(H)), int(rng.integers(W))
        assert abs(np.subtract(s("cutmix_box")(*case), r("cutmix_box")(*case))).max() <= 1


def test_cutout_agrees(rng):
    """All centres, odd and even sizes, several kinds of numbers."""
    img = rng.integers(256, size=(2, 4, 5))
    for kind in (float, np.float32, np.uint8):
        for size in (1, 2, 3, 9):
            for cy in range(4):
                for cx in range(5):
                    case = img.astype(kind), size, cy, cx, -1.5
                    np.testing.assert_array_equal(s("cutout")(*case), r("cutout")(*case))


def test_arithmetic_of_chains_agrees(rng):
    """augmix_combine, jsd and pixmix_combine, with zeros."""
    img, chains, w = rng.random((2, 3, 4)), rng.random((3, 2, 3, 4)), rng.dirichlet(np.ones(3))
    expected = r("augmix_combine")(img, chains, w, 0.3)
    np.testing.assert_allclose(s("augmix_combine")(img, list(chains), list(w), 0.3), expected, rtol=1e-12)
    ps = rng.dirichlet(np.ones(4), size=(3, 5))
    ps[0, :, 1] = 0
    for case in (list(ps), [np.eye(4), np.eye(4)[::-1]]):
        assert s("jsd")(case) == pytest.approx(r("jsd")(case), abs=1e-12)
    img[0, 0, 0] = chains[0, 0, 0, :2] = 0
    for op in ("add", "mul"):
        for a, b in ((0.7, 0.3), (1.5, -0.9)):
            expected = r("pixmix_combine")(img, chains[0], op, a, b)
            np.testing.assert_allclose(s("pixmix_combine")(img, chains[0], op, a, b), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "args", "match"),
    [
        ("smooth_labels", ([0], 1, 0.1), "C"),
        ("smooth_labels", ([0], 3, 1.1), "eps"),
        ("smooth_labels", ([-1], 3, 0.1), "y"),
        ("smooth_labels", ([3], 3, 0.1), "y"),
        ("smooth_labels", ([0], 3, 0.1, "mine"), "convention"),
        ("convert_eps", (-0.1, 3), "eps"),
        ("convert_eps", (0.1, 1), "C"),
        ("mixup", (np.ones((2, 3)), np.eye(2), 1.1, [1, 0]), "lam"),
        ("mixup", (np.ones((2, 3)), np.array([1, 0]), 0.5, [1, 0]), "y"),
        ("sample_mixup", (3, -1, np.random.default_rng(0)), "alpha"),
        ("cutmix_box", (3, 4, -0.1, 1, 1), "lam"),
        ("cutmix", (np.ones((0, 1, 3, 4)), np.ones((0, 2)), [], (0, 1, 0, 1)), "x"),
        ("sample_cutmix", (3, 4, -1, np.random.default_rng(0)), "alpha"),
        ("cutout", (np.ones((1, 3, 4)), 0, 1, 1), "size"),
        ("cutout", (np.ones((1, 3, 4)), 1, 3, 1), "cy"),
        ("cutout", (np.ones((1, 3, 4)), 1, 1, -1), "cx"),
        ("random_cutout", (np.ones((1, 3, 4)), 0, np.random.default_rng(0)), "size"),
        ("augmix", (np.ones((1, 2, 2)), [np.real_if_close], np.random.default_rng(0), 0), "k"),
        ("augmix", (np.ones((1, 2, 2)), [], np.random.default_rng(0)), "ops"),
        ("jsd", ([np.eye(2)],), "ps"),
        ("pixmix_combine", (np.ones((1, 2, 2)), np.ones((1, 2, 2)), "sub", 1, 1), "op"),
        ("pixmix_combine", (np.ones((1, 2, 2)), np.ones((1, 2, 1)), "add", 1, 1), "z"),
        ("trivial_augment", (np.ones(2), [], np.random.default_rng(0)), "ops"),
        ("rand_augment", (np.ones(2), [], 1, 1, np.random.default_rng(0)), "ops"),
        ("rand_augment", (np.ones(2), [np.add], -1, 1, np.random.default_rng(0)), "n"),
        ("rand_augment", (np.ones(2), [np.add], 1, 31, np.random.default_rng(0)), "m"),
    ],
)
def test_bad_input(name, args, match):
    """The ValueErrors of the exercises name the argument."""
    for get in (s, r):
        with pytest.raises(ValueError, match=match):
            get(name)(*args)


def test_global_random_streams_are_left_alone(rng):
    """Samplers draw from the generator that they are given."""
    before = np.random.get_state()[1].copy()
    img, ops = np.full((1, 3, 4), 0.5), [np.real_if_close]
    s("sample_mixup")(4, 0.5, rng)
    s("sample_cutmix")(5, 6, 0.5, rng)
    s("random_cutout")(img, 2, rng)
    s("augmix")(img, ops, rng)
    s("pixmix")(img, img, ops, rng)
    s("trivial_augment")(img, [np.add], rng)
    s("rand_augment")(img, [np.add], 2, 3, rng)
    assert np.array_equal(before, np.random.get_state()[1])
