"""The stand-ins of notebook 09 against the reference."""

import numpy as np
import pytest
from torch.utils.data import DataLoader
from traindeep import exercise, standins

from autograder import exercise as hidden

EXERCISES = (
    "random_flip_crop", "resize_short_side", "ten_crop", "warp", "brightness_contrast", "histogram_ops", "pca_color",
    "tta_predict", "augmented_dataset",
)  # fmt: skip
NAMES = (
    "hflip", "random_hflip", "random_crop", "resize_bilinear", "random_short_side_crop", "ten_crop", "translate", "rotate",
    "adjust_brightness", "adjust_contrast", "random_brightness_contrast", "solarize", "autocontrast", "equalize",
    "pca_color_fit", "pca_color_apply", "random_pca_color", "tta_predict", "AugmentedDataset", "precompute", "stored_bytes",
)  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def s(name):
    return standins.load()[name]()


def r(name):
    return hidden.find_reference(name)


def test_every_name_has_a_stand_in():
    """What the exercises of the notebook ask for can be used without solving them."""
    standins.load()
    assert {name for name, home in standins.HOME.items() if home == "09"} == set(NAMES)
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


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_geometry_agrees(dtype, rng):
    """Everything without chance, for several dtypes; crops of one dtype stay of that dtype."""
    img = (255 * rng.random((3, 7, 6))).astype(dtype)
    same = dict(rtol=1e-9, atol=1e-9)
    for name, args in (
        ("hflip", ()), ("resize_bilinear", (4, 9)), ("resize_bilinear", (12, 3)), ("translate", (2, -1, 0.5)),
        ("translate", (-9, 0, 0.5)), ("rotate", (30.0, 0.5)), ("rotate", (-90, 2.0)), ("rotate", (180, 0.0)),
    ):  # fmt: skip
        np.testing.assert_allclose(s(name)(img, *args), r(name)(img, *args), **same, err_msg=name)
    crops = [{crop.tobytes() for crop in np.ascontiguousarray(get("ten_crop")(img, 3))} for get in (s, r)]
    assert crops[0] == crops[1]
    assert s("ten_crop")(img, 3).dtype == s("hflip")(img).dtype == dtype


def test_colours_agree(rng):
    """Brightness, contrast, histogram operations (contrast to a level) and components."""
    img = rng.uniform(0, 1, (3, 5, 4))
    for f in (0.0, 0.4, 1.0, 2.5):
        for name in ("adjust_brightness", "adjust_contrast"):
            np.testing.assert_allclose(s(name)(img, f), r(name)(img, f), atol=1e-12)
    raw = (255 * rng.beta(1, 3, (2, 24, 30))).astype(np.uint8)
    assert np.array_equal(s("solarize")(raw, 90), r("solarize")(raw, 90))
    assert np.array_equal(s("equalize")(raw), r("equalize")(raw))
    assert abs(s("autocontrast")(raw).astype(int) - r("autocontrast")(raw)).max() <= 1
    X, alpha = rng.normal(size=(4, 3, 5, 6)), rng.normal(size=3)
    (evals, evecs), (evals2, evecs2) = s("pca_color_fit")(X), r("pca_color_fit")(X)
    np.testing.assert_allclose(evecs @ np.diag(evals) @ evecs.T, evecs2 @ np.diag(evals2) @ evecs2.T, atol=1e-12)
    np.testing.assert_allclose(
        s("pca_color_apply")(img, evals, evecs, alpha), r("pca_color_apply")(img, evals, evecs, alpha), atol=1e-12
    )


def test_draws_are_what_the_arithmetic_used(rng):
    """With what they return, the random stand-ins and the reference's arithmetic give the same image."""
    img = rng.uniform(0, 1, (3, 6, 8))
    out, flipped = s("random_hflip")(img, 0.5, rng)
    assert np.array_equal(out, r("hflip")(img) if flipped else img)
    crop, (top, left) = s("random_crop")(img, 7, 2, rng)
    assert np.array_equal(crop, np.pad(img, ((0, 0), (2, 2), (2, 2)))[:, top : top + 7, left : left + 7])
    crop, info = s("random_short_side_crop")(img, 7, 9, 5, rng)
    resized = r("resize_bilinear")(img, info["h"], info["w"])
    np.testing.assert_allclose(crop, resized[:, info["top"] :, info["left"] :][:, :5, :5], atol=1e-12)
    out, (fb, fc) = s("random_brightness_contrast")(img, 0.4, rng)
    np.testing.assert_allclose(out, r("adjust_contrast")(r("adjust_brightness")(img, fb), fc), atol=1e-12)
    out, alpha = s("random_pca_color")(img, np.ones(3), np.eye(3), 0.1, rng)
    np.testing.assert_allclose(out, img + alpha[:, None, None], atol=1e-12)


def test_predictions_agree(rng):
    """Views of one crop and of many."""
    x, A = rng.random((4, 2, 5, 5)), rng.random((2, 3))

    def predict_proba(x):
        p = x.mean(axis=(2, 3)) @ A
        return p / p.sum(axis=1, keepdims=True)

    views = [lambda x: x**2, lambda x: np.stack([x[..., 1:], x[..., :-1], x[..., 1:] + 1])]
    ours, theirs = (get("tta_predict")(predict_proba, x, views) for get in (s, r))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_data_sets_agree_on_everything_but_the_numbers(rng):
    """Items, labels, lengths and bytes; a transform without chance gives the same images, in loaders as well."""
    X, y = rng.random((6, 1, 3, 4)).astype(np.float32), np.arange(6)

    def negative(img, rng):
        img *= -1
        return img

    ours, theirs = (get("AugmentedDataset")(X, y, negative, 3) for get in (s, r))
    for one, two in zip(DataLoader(ours, batch_size=4), DataLoader(theirs, batch_size=4), strict=True):
        assert all((a == b).all() for a, b in zip(one, two, strict=True))
    for one, two in zip(*(get("precompute")(X, y, negative, 3, 1) for get in (s, r)), strict=True):
        assert np.array_equal(one, two)
    assert s("stored_bytes")(X, 3) == r("stored_bytes")(X, 3) == 3 * 6 * 12 * 4
    assert s("AugmentedDataset") is s("AugmentedDataset")


def test_bad_input():
    """The ValueErrors of the exercises name the argument."""
    img, rng = np.ones((1, 4, 5)), np.random.default_rng(0)
    for call, name in (
        (lambda: s("random_hflip")(img, -0.1, rng), "p is"),
        (lambda: s("random_crop")(img, 3, -1, rng), "pad"),
        (lambda: s("random_crop")(img, 5, 0, rng), "size"),
        (lambda: s("resize_bilinear")(img, 0, 2), "h and w"),
        (lambda: s("random_short_side_crop")(img, 6, 5, 4, rng), "s_min"),
        (lambda: s("ten_crop")(img, 5), "size"),
        (lambda: s("translate")(img[0], 1, 1), "img"),
        (lambda: s("rotate")(img[0], 1.0), "img"),
        (lambda: s("adjust_brightness")(img, -1), "f is"),
        (lambda: s("random_brightness_contrast")(img, 2, rng), "delta"),
        (lambda: s("solarize")(img, 3), "img"),
        (lambda: s("solarize")(img.astype(np.uint8), 300), "threshold"),
        (lambda: s("pca_color_fit")(img), "X"),
        (lambda: s("random_pca_color")(img, img, img, -1, rng), "sigma"),
        (lambda: s("tta_predict")(lambda x: x, img, []), "views"),
        (lambda: s("precompute")(img, [0], lambda img, rng: img, 0, 1), "k is"),
    ):
        with pytest.raises(ValueError, match=name):
            call()


def test_random_streams_are_left_alone(rng):
    """A stand-in draws from what it is given, and from nothing else."""
    before = np.random.get_state()[1].copy()
    img = rng.random((3, 6, 8))
    s("random_crop")(img, 4, 1, rng)
    s("random_short_side_crop")(img, 5, 7, 4, rng)
    s("random_brightness_contrast")(img, 0.4, rng)
    s("AugmentedDataset")(img[None], np.zeros(1), lambda img, rng: img + rng.random(), 3)[0]
    assert np.array_equal(before, np.random.get_state()[1])
