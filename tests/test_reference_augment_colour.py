"""Brightness, contrast, histogram operations and colour noise, against Pillow, kornia, NumPy and scikit-learn."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats
from sklearn.decomposition import PCA
from traindeep.reference.augment_colour import (
    adjust_brightness,
    adjust_contrast,
    autocontrast,
    equalize,
    pca_color_apply,
    pca_color_fit,
    random_brightness_contrast,
    random_pca_color,
    solarize,
)


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def by_pillow(operation, img, *args):
    return np.stack([np.array(operation(Image.fromarray(channel), *args)) for channel in img])


def lopsided(rng, C=2, H=33, W=40):
    """Bytes with a histogram that is not flat, and a range of their own in each channel."""
    low, high = rng.integers(0, 90, (C, 1, 1)), rng.integers(130, 256, (C, 1, 1))
    return np.rint(low + (high - low) * rng.beta(0.6, 2, (C, H, W))).astype(np.uint8)


# ---- brightness and contrast -----------------------------------------------------------------------------


@pytest.mark.parametrize("f", [0.0, 0.4, 1.0, 1.6, 3.0])
def test_brightness_and_contrast_of_grey_images_are_pillows(f, rng):
    """To a level, and for the contrast half a level more: Pillow rounds the mean."""
    img = rng.integers(0, 256, (1, 9, 11), dtype=np.uint8)
    for ours, theirs in ((adjust_brightness, ImageEnhance.Brightness), (adjust_contrast, ImageEnhance.Contrast)):
        out = by_pillow(lambda image, theirs=theirs: theirs(image).enhance(f), img)
        assert abs(ours(img / 255, f) * 255 - out).max() <= 1 + 0.5 * abs(1 - f)


def test_libraries_disagree_on_contrast_and_brightness(rng):
    """Pillow's contrast of a colour image is about its grey mean; kornia adds for brightness and multiplies for contrast."""
    kornia = pytest.importorskip("kornia")
    img = np.stack([np.full((4, 5), 200), np.full((4, 5), 100), np.full((4, 5), 20)]).astype(np.uint8)
    pillow = np.array(ImageEnhance.Contrast(Image.fromarray(img.transpose(1, 2, 0))).enhance(0.0))
    grey = np.round(0.299 * 200 + 0.587 * 100 + 0.114 * 20)
    assert np.all(abs(pillow - grey) <= 1)
    assert np.allclose(adjust_contrast(img / 255, 0.0) * 255, 320 / 3)
    x = rng.uniform(0, 1, (3, 4, 5))
    tensor = torch.from_numpy(x)
    added = kornia.enhance.adjust_brightness(tensor, 0.2).numpy()
    np.testing.assert_allclose(added, np.clip(x + 0.2, 0, 1), atol=1e-12)
    np.testing.assert_allclose(kornia.enhance.adjust_contrast(tensor, 0.5).numpy(), adjust_brightness(x, 0.5))
    grey = torch.from_numpy(x[:1])
    about_mean = kornia.enhance.adjust_contrast_with_mean_subtraction(grey, 0.5).numpy()
    np.testing.assert_allclose(about_mean, adjust_contrast(x[:1], 0.5), atol=1e-12)


def test_contrast_leaves_the_mean(rng):
    """As long as nothing is clipped, the mean stays and the spread is multiplied by f."""
    img = rng.uniform(0.4, 0.6, (3, 5, 4))
    out = adjust_contrast(img, 1.7)
    assert out.mean() == pytest.approx(img.mean())
    assert out.std() == pytest.approx(1.7 * img.std())


def test_random_factors_are_uniform_and_independent(rng):
    """Kolmogorov and Smirnov agree, and the rank correlation is nothing unusual."""
    img = rng.uniform(0, 1, (1, 2, 3))
    made = [random_brightness_contrast(img, 0.3, rng) for _ in range(1500)]
    for out, (fb, fc) in made[:50]:
        bright = np.clip(img * fb, 0, 1)
        np.testing.assert_allclose(out, np.clip((1 - fc) * bright.mean() + fc * bright, 0, 1), atol=1e-12)
    fb, fc = np.array([factors for _, factors in made]).T
    for factors in (fb, fc):
        assert stats.kstest(factors, stats.uniform(0.7, 0.6).cdf).pvalue > 1e-6
    assert stats.spearmanr(fb, fc).pvalue > 1e-6


# ---- histogram -------------------------------------------------------------------------------------------


def test_solarize_is_pillows(rng):
    """For every threshold, exactly."""
    img = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for threshold in range(257):
        assert np.array_equal(solarize(img, threshold), by_pillow(ImageOps.solarize, img, threshold))
    assert solarize(img, 128).dtype == np.uint8


def test_autocontrast_is_pillows_to_a_level(rng):
    """Pillow truncates, we round: on 150 images they are at most a level apart, and sometimes they are."""
    apart = []
    for _ in range(150):
        img = lopsided(rng)
        off = autocontrast(img).astype(int) - by_pillow(ImageOps.autocontrast, img)
        apart.append(abs(off).max())
        assert autocontrast(img).min() == 0
        assert autocontrast(img).max() == 255
    assert set(apart) == {1}


def test_equalize_is_pillows(rng):
    """On 150 images and sizes, exactly: small ones, lopsided ones, and some with few levels."""
    for k in range(150):
        img = lopsided(rng, 2, 5 + k % 40, 60)
        if k % 3 == 0:
            img //= 32
        assert np.array_equal(equalize(img), by_pillow(ImageOps.equalize, img))


def test_libraries_disagree_on_equalize(rng):
    """The textbook's cumulative distribution shifts the levels: it is not Pillow's formula."""
    img = lopsided(rng, 1)
    count = np.bincount(img.ravel(), minlength=256)
    cdf = np.cumsum(count)
    least = cdf[cdf > 0][0]
    textbook = np.rint((cdf - least).clip(0) * 255 / (img.size - least))[img]
    assert abs(textbook - equalize(img)).max() > 3


@pytest.mark.parametrize("value", [0, 77, 255])
def test_flat_channels_stay(value):
    """A flat channel is left alone, whatever the other does."""
    img = np.stack([np.full((20, 30), value), np.arange(600).reshape(20, 30) % 100]).astype(np.uint8)
    for operation in (autocontrast, equalize):
        out = operation(img)
        assert np.all(out[0] == value)
        assert out[1].max() == 255
        assert np.array_equal(by_pillow(getattr(ImageOps, operation.__name__), img)[0], img[0])


# ---- colours ---------------------------------------------------------------------------------------------


def test_fit_is_the_covariance(rng):
    """Together, eigenvalues and eigenvectors give np.cov(bias=True); the values are those of scikit-learn's PCA."""
    X = (rng.normal(size=(4, 5, 6, 3)) @ rng.normal(size=(3, 3)) + [1, 5, -2]).transpose(0, 3, 1, 2)
    evals, evecs = pca_color_fit(X)
    pixels = X.transpose(0, 2, 3, 1).reshape(-1, 3)
    np.testing.assert_allclose(evecs @ np.diag(evals) @ evecs.T, np.cov(pixels.T, bias=True), atol=1e-12)
    n = len(pixels)
    np.testing.assert_allclose(np.sort(evals)[::-1], PCA().fit(pixels).explained_variance_ * (n - 1) / n)


def test_random_colours(rng):
    """The covariance of what is added is sigma^2 cov^2, since every direction is multiplied by its eigenvalue."""
    X = (rng.normal(size=(2, 8, 8, 3)) @ rng.normal(size=(3, 3))).transpose(0, 3, 1, 2)
    evals, evecs = pca_color_fit(X)
    img = rng.normal(size=(3, 2, 3))
    made = [random_pca_color(img, evals, evecs, 0.1, rng) for _ in range(4000)]
    added = np.array([out - img for out, _ in made])
    assert np.ptp(added, axis=(2, 3)).max() < 1e-12
    cov = evecs @ np.diag(evals) @ evecs.T
    seen = np.cov(added[:, :, 0, 0].T, bias=True)
    np.testing.assert_allclose(seen, 0.01 * cov @ cov, atol=0.15 * 0.01 * evals.max() ** 2)
    alpha = np.array([alpha for _, alpha in made])
    assert stats.kstest(alpha.ravel(), stats.norm(0, 0.1).cdf).pvalue > 1e-6
    np.testing.assert_allclose(added[:, :, 0, 0], alpha * evals @ evecs.T, atol=1e-12)


def test_bad_input_is_refused_by_name(rng):
    """Every ValueError of the docstrings."""
    img, grey = np.ones((3, 4, 5)), np.ones((1, 4, 5))
    evals, evecs = np.ones(3), np.eye(3)
    for call, name in (
        (lambda: adjust_brightness(img, -1), "f must"),
        (lambda: adjust_contrast(img, -1), "f must"),
        (lambda: random_brightness_contrast(img, 1.5, rng), "delta"),
        (lambda: solarize(img, 3), "img"),
        (lambda: solarize(img.astype(np.uint8), 257), "threshold"),
        (lambda: autocontrast(img), "img"),
        (lambda: equalize(img.tolist()), "img"),
        (lambda: pca_color_fit(img), "X"),
        (lambda: pca_color_apply(grey, evals, evecs, evals), "img"),
        (lambda: random_pca_color(img, evals, evecs, -0.1, rng), "sigma"),
        (lambda: random_pca_color(grey, evals, evecs, 0.1, rng), "img"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
