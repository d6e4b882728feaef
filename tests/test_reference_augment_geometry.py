"""Flip, crop, resize, shift, rotate and ten crops, against torch, scipy, Pillow, kornia and enumeration."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage, stats
from traindeep.reference.at_test_time import ten_crop, tta_predict
from traindeep.reference.augment_geometry import (
    hflip,
    random_crop,
    random_hflip,
    random_short_side_crop,
    resize_bilinear,
    rotate,
    translate,
)


@pytest.fixture
def rng():
    return np.random.default_rng(9)


# ---- flip and crop ---------------------------------------------------------------------------------------


def test_hflip_is_the_mirror_image_of_other_libraries(rng):
    """As Pillow's mirror and kornia's hflip; twice is the identity; dtypes stay."""
    kornia = pytest.importorskip("kornia")
    img = rng.integers(0, 256, (3, 5, 7), dtype=np.uint8)
    mirrored = Image.fromarray(img.transpose(1, 2, 0)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert np.array_equal(hflip(img), np.array(mirrored).transpose(2, 0, 1))
    assert np.array_equal(hflip(img), kornia.geometry.hflip(torch.tensor(img)).numpy())
    assert np.array_equal(hflip(hflip(img)), img)
    assert hflip(img).dtype == np.uint8


def test_random_hflip_has_its_probability(rng):
    """The number of flips has a binomial law; p = 0 and p = 1 are certain."""
    img = rng.normal(size=(2, 3, 4))
    for p in (0.0, 0.3, 1.0):
        made = [random_hflip(img, p, rng) for _ in range(2000)]
        assert all(np.array_equal(out, img[..., ::-1] if flipped else img) for out, flipped in made)
        assert stats.binomtest(sum(flipped for _, flipped in made), 2000, p).pvalue > 1e-6


def test_random_crop_against_all_crops(rng):
    """Every crop is the window at its place, and all windows of the padded image occur equally often."""
    img = rng.normal(size=(2, 4, 3))
    padded = F.pad(torch.from_numpy(img), (1, 1, 1, 1)).numpy()
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    counts = np.zeros(windows.shape[1:3])
    for _ in range(4000):
        crop, (top, left) = random_crop(img, 3, 1, rng)
        assert np.array_equal(crop, windows[:, top, left])
        counts[top, left] += 1
    assert counts.shape == (4, 3)
    assert stats.chisquare(counts.ravel()).pvalue > 1e-6
    assert stats.chi2_contingency(counts).pvalue > 1e-6


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_crops_keep_the_dtype(dtype, rng):
    """Nothing is computed, so nothing is converted."""
    img = rng.integers(0, 2, (1, 4, 4)).astype(dtype)
    assert random_crop(img, 4, 2, rng)[0].dtype == dtype
    assert ten_crop(img, 2).dtype == dtype


# ---- resize ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(8, 15), (3, 4), (7, 2), (1, 1), (4, 5), (12, 5)])
def test_resize_is_interpolate(size, rng):
    """As F.interpolate without antialias, up and down, rows and columns by themselves."""
    img = rng.normal(size=(3, 4, 5))
    theirs = F.interpolate(torch.from_numpy(img)[None], size, mode="bilinear", align_corners=False)[0].numpy()
    np.testing.assert_allclose(resize_bilinear(img, *size), theirs, rtol=1e-12, atol=1e-13)


def test_resize_of_a_linear_image_is_linear(rng):
    """Away from the clipped border a linear function of the place stays that function of the place."""
    H, W, h, w = 6, 9, 15, 22
    y, x = np.indices((H, W))
    out = resize_bilinear((2 * y - 3 * x)[None], h, w)[0]
    sy, sx = (np.arange(h) + 0.5) * H / h - 0.5, (np.arange(w) + 0.5) * W / w - 0.5
    inside = np.ix_((sy >= 0) & (sy <= H - 1), (sx >= 0) & (sx <= W - 1))
    np.testing.assert_allclose(out[inside], (2 * sy[:, None] - 3 * sx)[inside], atol=1e-12)


def test_libraries_disagree_on_smaller_images(rng):
    """Pillow agrees with us on larger images to a level; on smaller ones it averages all pixels that a new one covers."""
    img = rng.integers(0, 256, (1, 16, 12), dtype=np.uint8)

    def pillow(h, w):
        return np.array(Image.fromarray(img[0]).resize((w, h), Image.Resampling.BILINEAR)).astype(float)

    assert abs(resize_bilinear(img, 40, 30)[0] - pillow(40, 30)).max() <= 1
    assert abs(resize_bilinear(img, 4, 3)[0] - pillow(4, 3)).max() > 20
    antialiased = F.interpolate(torch.tensor(img)[None].double(), (4, 3), mode="bilinear", antialias=True)[0, 0]
    assert abs(antialiased.numpy() - pillow(4, 3)).max() <= 1
    corners = F.interpolate(torch.tensor(img)[None].double(), (40, 30), mode="bilinear", align_corners=True)[0, 0]
    assert abs(resize_bilinear(img, 40, 30)[0] - corners.numpy()).max() > 20


def test_short_side_crops(rng):
    """Short side, aspect ratio and place are as told; the short side is uniform with both ends."""
    img = rng.normal(size=(2, 6, 9))
    sides = []
    for _ in range(1200):
        crop, info = random_short_side_crop(img, 5, 8, 4, rng)
        assert info["h"] == info["L"]
        assert info["w"] == 9 * info["L"] // 6
        resized = F.interpolate(torch.from_numpy(img)[None], (info["h"], info["w"]), mode="bilinear")[0].numpy()
        piece = resized[:, info["top"] :, info["left"] :][:, :4, :4]
        np.testing.assert_allclose(crop, piece, atol=1e-12)
        sides.append(info["L"])
    assert sorted(set(sides)) == [5, 6, 7, 8]
    assert stats.chisquare(np.bincount(sides)[5:]).pvalue > 1e-6


# ---- shift and rotate ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dy", "dx"), [(1, 2), (-2, 0), (0, -3), (4, -5), (0, 0), (-9, 1)])
def test_translate_against_scipy_and_kornia(dy, dx, rng):
    """As scipy's shift of order 0, and kornia's translate."""
    kornia = pytest.importorskip("kornia")
    img = rng.normal(size=(2, 4, 5))
    ours = translate(img, dy, dx, 0.7)
    np.testing.assert_allclose(ours, ndimage.shift(img, (0, dy, dx), order=0, cval=0.7, mode="constant"))
    theirs = kornia.geometry.translate(torch.from_numpy(img)[None], torch.tensor([[float(dx), float(dy)]]).double())
    np.testing.assert_allclose(translate(img, dy, dx), theirs[0].numpy(), atol=1e-12)


@pytest.mark.parametrize("size", [4, 5])
def test_quarter_turns_are_rot90(size, rng):
    """Counter-clockwise, as np.rot90 and Pillow; 0 and 360 degrees are the identity."""
    img = rng.normal(size=(2, size, size))
    for quarters in range(-1, 5):
        turned = np.rot90(img, quarters, axes=(1, 2))
        np.testing.assert_allclose(rotate(img, 90 * quarters), turned, atol=1e-12)
        pillow = np.array(Image.fromarray(img[0].astype(np.float32)).rotate(90 * quarters))
        np.testing.assert_allclose(pillow, turned[0], rtol=1e-6)


def grid_sample(img, deg):
    """The same rotation by F.grid_sample, in pixels of the rectangle."""
    H, W = img.shape[1:]
    y, x = np.mgrid[:H, :W] - np.array([(H - 1) / 2, (W - 1) / 2])[:, None, None]
    z = np.exp(1j * np.deg2rad(deg)) * (x + 1j * y)
    grid = torch.from_numpy(np.stack([z.real / ((W - 1) / 2), z.imag / ((H - 1) / 2)], axis=-1))
    return F.grid_sample(torch.from_numpy(img)[None], grid[None], align_corners=True)[0].numpy()


@pytest.mark.parametrize("shape", [(2, 6, 6), (1, 5, 8), (3, 7, 4)])
@pytest.mark.parametrize("deg", [30.0, -17.5, 200.0, 45, 90, 1.0])
def test_rotate_against_three_libraries(shape, deg, rng):
    """As F.grid_sample and kornia with zeros outside, and as scipy with a grid of fill outside."""
    kornia = pytest.importorskip("kornia")
    img = rng.normal(size=shape)
    np.testing.assert_allclose(rotate(img, deg), grid_sample(img, deg), atol=1e-10)
    theirs = kornia.geometry.rotate(torch.from_numpy(img)[None], torch.tensor([float(deg)]).double())[0].numpy()
    np.testing.assert_allclose(rotate(img, deg), theirs, atol=1e-6)
    t = np.deg2rad(deg)
    matrix = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    c = (np.array(shape[1:]) - 1) / 2
    for channel, ours in zip(img, rotate(img, deg, 0.7), strict=True):
        how = dict(offset=c - matrix @ c, order=1, cval=0.7)
        np.testing.assert_allclose(
            ours, ndimage.affine_transform(channel, matrix, mode="grid-constant", **how), atol=1e-10
        )


def test_libraries_disagree_at_the_border(rng):
    """scipy's mode "constant" and Pillow give fill, or the edge, to places less than a pixel outside; inside all agree."""
    img = rng.normal(size=(1, 15, 15))
    t, c = np.deg2rad(30), 7.0
    matrix = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    y, x = np.indices((15, 15)) - c
    source = matrix @ np.stack([y.ravel(), x.ravel()])
    inside = (abs(source) < c - 0.01).all(axis=0).reshape(15, 15)
    near = (abs(source) < c + 0.9).all(axis=0).reshape(15, 15) & ~inside
    ours = rotate(img, 30, 0.7)[0]
    constant = ndimage.affine_transform(img[0], matrix, offset=c - matrix @ [c, c], order=1, mode="constant", cval=0.7)
    pillow = np.array(Image.fromarray(img[0].astype(np.float32)).rotate(30, Image.Resampling.BILINEAR, fillcolor=0.7))
    for theirs in (constant, pillow):
        assert abs(ours - theirs)[inside].max() < 1e-4
        assert abs(ours - theirs)[near].max() > 0.1


# ---- at test time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("H", "W", "size"), [(6, 8, 4), (7, 4, 3), (5, 5, 5), (9, 6, 2)])
def test_ten_crops_are_windows(H, W, size, rng):
    """Five windows and their mirror images, the centre at most half a pixel from the middle."""
    img = rng.normal(size=(2, H, W))
    crops = [crop.tobytes() for crop in np.ascontiguousarray(ten_crop(img, size))]
    corners = list(itertools.product({0, H - size}, {0, W - size}))
    windows = {
        place: img[:, place[0] : place[0] + size, place[1] : place[1] + size]
        for place in itertools.product(range(H - size + 1), range(W - size + 1))
    }
    for place in corners:
        for window in (windows[place], windows[place][..., ::-1]):
            assert np.ascontiguousarray(window).tobytes() in crops
    middle = [place for place in windows if abs(2 * place[0] - H + size) <= 1 and abs(2 * place[1] - W + size) <= 1]
    assert any(np.ascontiguousarray(windows[place]).tobytes() in crops for place in middle)
    assert len(set(crops)) == (2 if size == H == W else 10)


def test_tta_of_a_linear_predictor_is_the_prediction_of_the_mean(rng):
    """For a linear function the mean of predictions is the prediction of the mean; ten crops have ten times the weight."""
    x, A = rng.normal(size=(4, 2, 5, 5)), rng.normal(size=(18, 3))

    def linear(x):
        return x[:, :, :3, :3].reshape(len(x), -1) @ A

    def crops(x):
        return np.stack([ten_crop(img, 3) for img in x], axis=1)

    p = tta_predict(linear, x, [crops, lambda x: x])
    mean = (crops(x).sum(axis=0) + x[:, :, :3, :3]) / 11
    np.testing.assert_allclose(p, linear(mean), atol=1e-12)


def test_bad_input_is_refused_by_name():
    """Every ValueError of the docstrings."""
    img, rng = np.ones((1, 4, 5)), np.random.default_rng(0)
    for call, name in (
        (lambda: random_hflip(img, 1.1, rng), "p must"),
        (lambda: random_crop(img, 3, -1, rng), "pad"),
        (lambda: random_crop(img, 5, 0, rng), "size"),
        (lambda: resize_bilinear(img, 0, 2), "h must"),
        (lambda: resize_bilinear(img, 2, 0), "w must"),
        (lambda: random_short_side_crop(img, 6, 5, 4, rng), "s_min"),
        (lambda: random_short_side_crop(img, 4, 6, 5, rng), "size"),
        (lambda: ten_crop(img, 5), "size"),
        (lambda: translate(img[0], 1, 1), "img"),
        (lambda: rotate(img[None], 1.0), "img"),
        (lambda: tta_predict(lambda x: x, img, []), "views"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
