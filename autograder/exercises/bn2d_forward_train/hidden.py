"""Hidden tests of bn2d_forward_train.

Statistics are looked at with gamma = 1 and beta = 0, mostly where C = W, so that a gamma which meets the wrong axis costs
its points where gamma is tested. Exact values (divisor, eps) count in two tests, and writing into x in one.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"default": 3, "per_pixel": 1, "C=W": 1}


def _images(rng, n=5, c=4, h=2, w=3):
    """Images whose channels, pixels and brightness differ, so that no axis can stand in for another."""
    spread = np.resize([1.0, 0.2, 5.0, 2.0], c)[:, None, None]
    place = np.resize([0.0, 3.0, -50.0, 1.0], c)[:, None, None]
    pixels, brightness = rng.normal(size=(c, h, w)), rng.normal(size=(n, c, 1, 1))
    return place + spread * (rng.normal(size=(n, c, h, w)) + 2 * pixels + brightness)


def _gamma_beta(rng, c=4):
    return rng.uniform(1, 2, c) * np.resize([1, -1], c), rng.uniform(1, 2, c)


def _normalized(student, x, **settings):
    """y for gamma = 1 and beta = 0, of a copy of x."""
    channels = x.shape[1]
    return {"y": student.bn2d_forward_train(x.copy(), np.ones(channels), np.zeros(channels), **settings)}


def _call(student, x, gamma, beta):
    """Nothing but whether the arguments are as before is compared."""
    student.bn2d_forward_train(x, gamma, beta)
    return {}


def _kinds_of_numbers(student, x, whole):
    """What whole numbers, float32 and another memory order change."""

    def y(images):
        return _normalized(student, images)["y"]

    return {
        "y of whole numbers minus y of real numbers": y(whole) - y(whole.astype(float)),
        "y of float32 minus y of float64": y(x.astype(np.float32)) - y(x.astype(np.float32).astype(float)),
        "y of an array in Fortran order minus y": y(np.asfortranarray(x)) - y(x),
    }


def _one_image(student, images):
    # The batch first: an answer that raises for every input is not one that refuses a single image.
    _normalized(student, images)
    try:
        y = _normalized(student, images[:1])["y"]
    except ValueError:
        return {"one image alone is accepted": False, "y": None}
    return {"one image alone is accepted": True, "y": y}


def _scale_and_shift(student, x, gamma, beta, images):
    """y of `images` minus gamma * xhat + beta, channel by channel: 0 whatever the statistics are."""
    found = {}
    for per_pixel in (False, True):
        xhat = student.bn2d_forward_train(x.copy(), np.ones(len(gamma)), np.zeros(len(beta)), per_pixel=per_pixel)
        y = student.bn2d_forward_train(images.copy(), gamma, beta, per_pixel=per_pixel)[..., : x.shape[3]]
        found[f"y - (gamma * xhat + beta), per_pixel={per_pixel},"] = y - (
            gamma[:, None, None] * xhat + beta[:, None, None]
        )
    return found


@part("default")
def test_values(compare, rng):
    """One mean and one biased variance per channel, over images and pixels; eps is inside the square root."""
    compare(_normalized, _images(rng), eps=0.1)


@part("default")
def test_statistics_of_y(student, rng):
    """Each channel of y has mean beta and a spread of about gamma, and depends on the same channel of x only."""
    x, (gamma, beta) = _images(rng), _gamma_beta(rng)
    y = student.bn2d_forward_train(x.copy(), gamma, beta)
    assert np.allclose(y.mean(axis=(0, 2, 3)), beta, atol=1e-6), "the mean of each channel of y is not beta"
    # Dividing by one value less changes 2 %, eps beside the root less: both are judged by their values elsewhere.
    near = np.allclose(y.std(axis=(0, 2, 3)), np.abs(gamma), rtol=0.1)
    assert near, "the spread of each channel of y is far from gamma"
    x[:, 0] = rng.normal(size=x[:, 0].shape)
    changed = student.bn2d_forward_train(x.copy(), gamma, beta)
    assert np.allclose(y[:, 1:], changed[:, 1:], atol=1e-8), "changing one channel of x changes another channel of y"
    assert not np.allclose(y[:, 0], changed[:, 0], atol=1e-3), (
        "changing a channel of x does not change that channel of y"
    )


@part("default")
def test_all_values_of_a_channel_are_alike(student, rng):
    """Exchanging values of a channel between images and pixels exchanges those of y, and a constant added is no matter."""
    x, gamma, beta = _images(rng, w=4), np.ones(4), np.zeros(4)
    order = rng.permutation(x[:, 0].size)

    def exchanged(a):
        rows = np.moveaxis(a, 1, -1).reshape(-1, a.shape[1])[order]
        return np.moveaxis(rows.reshape(len(a), *a.shape[2:], a.shape[1]), -1, 1)

    y = student.bn2d_forward_train(x.copy(), gamma, beta)
    assert np.all(np.abs(y) < 1e6), "y is not finite"
    assert np.std(y[:, 0]) > 0.1, "a channel of y is (nearly) constant"
    moved = exchanged(x) + np.array([3.0, -2.0, 8.0, 1.0])[:, None, None]
    same = np.allclose(student.bn2d_forward_train(moved, gamma, beta), exchanged(y), atol=1e-6)
    assert same, "a value of y depends on where its pixel lies, or on a constant added to the channel"


@part("default")
def test_constant_channel_and_default_eps(compare, rng):
    """A constant channel comes out as beta, here 0, and eps is 1e-5 unless it is given."""
    x = _images(rng, w=4) * 0.01
    x[:, 2] = 4.0
    compare(_normalized, x)


@part("default")
def test_one_image(compare, rng):
    """One image alone is enough, because its pixels share a mean."""
    # 40 values per channel: dividing by 39 changes y by less than 0.1, and costs its points elsewhere.
    compare.within(rtol=0, atol=0.1)(_one_image, _images(rng, n=2, c=3, h=8, w=5))


@part("default", supporting=True)
def test_kinds_of_numbers(compare, rng):
    """Whole numbers, float32 and arrays in another memory order work, and the arguments are left as they were."""
    compare(_call, _images(rng, w=4), np.ones(4), np.zeros(4))
    compare.within(rtol=0, atol=1e-4)(_kinds_of_numbers, _images(rng, w=4), rng.integers(-5, 9, size=(5, 4, 2, 4)))


@part("default", supporting=True)
def test_refusals(compare, rng):
    """x without four axes, or with one value per mean, is refused."""
    for shape in ((6, 3), (6, 3, 2), (2, 3, 1, 2, 2), (1, 3, 1, 1)):
        compare.refuses("bn2d_forward_train", rng.normal(size=shape), np.ones(3), np.zeros(3), naming=("x",))


@part("per_pixel")
def test_per_pixel_values(compare, rng):
    """With per_pixel=True every pixel of every channel has its own mean and variance, over the images."""
    # 31 images: dividing by 30 changes y by less than 0.1, and costs its points in another part.
    compare.within(rtol=0, atol=0.1)(_normalized, _images(rng, n=31, w=4), per_pixel=True)


@part("per_pixel")
def test_pixels_do_not_mix(student, rng):
    """With per_pixel=True a pixel of y has mean 0 over the images and depends on the same pixel and channel of x only."""
    x, ones, zeros = _images(rng, n=9, w=4), np.ones(4), np.zeros(4)
    y = student.bn2d_forward_train(x.copy(), ones, zeros, per_pixel=True)
    assert np.allclose(y.mean(axis=0), 0, atol=1e-6), "the mean of a pixel of y over the images is not 0"
    x[:, 1, 0, 2] = rng.normal(size=9)
    changed = student.bn2d_forward_train(x.copy(), ones, zeros, per_pixel=True)
    same = np.isclose(y, changed, atol=1e-8).all(axis=0)
    assert not same[1, 0, 2], "changing a pixel of x does not change that pixel of y"
    assert same.sum() == same.size - 1, "changing one pixel of x changes other pixels of y"


@part("per_pixel", supporting=True)
def test_per_pixel_refusals(compare, rng):
    """One image alone has one value per pixel: it is refused with per_pixel=True."""
    x = rng.normal(size=(1, 4, 2, 3))
    compare.refuses("bn2d_forward_train", x, np.ones(4), np.zeros(4), per_pixel=True, naming=("x",))


@part("C=W")
def test_scale_and_shift_of_channels(compare, rng):
    """In images as wide as there are channels, gamma and beta belong to the channels, not to the columns."""
    x, (gamma, beta) = _images(rng, h=3, w=4), _gamma_beta(rng)
    compare(_scale_and_shift, x, gamma, beta, images=x)


@part("C=W")
def test_twice_as_wide(compare, rng):
    """Repeating every image to its right makes W differ from C and changes no mean and no variance: y repeats, too."""
    x, (gamma, beta) = _images(rng, h=3, w=4), _gamma_beta(rng)
    # Dividing by one value less than there are is 0.4 % here: within 0.1, and costs its points in another part.
    compare.within(rtol=0, atol=0.1)(_scale_and_shift, x, gamma, beta, images=np.concatenate([x, x], axis=3))
