"""Hidden tests of conditional_norms: adain and spade, each without the help of the other."""

import numpy as np

from autograder.exercise import part

PARTS = {"adain": 3, "spade": 2}


def _images(rng, n=5, c=4, h=2, w=3):
    """Images whose channels, rows, columns and brightness differ, so that no axis can stand in for another."""
    x = rng.normal(size=(n, c, h, w))
    for axis, size in enumerate(x.shape):
        along = np.reshape(np.linspace(-1.5, 2, size), [-1 if a == axis else 1 for a in range(4)])
        x = (x + (axis + 1) * along) * np.exp(along / 2)
    return x


def _style(rng, n=5, c=4, h=2, w=3):
    """Images that differ from each other in place and scale in every channel."""
    place, scale = rng.normal(size=(n, c, 1, 1)) * 3, rng.uniform(0.2, 4, size=(n, c, 1, 1))
    return place + scale * rng.normal(size=(n, c, h, w))


# Whoever writes into an argument pays for it in the tests of kinds of numbers, so the others hand out copies.
def _adain(student, content, style, **settings):
    return {"y": student.adain(content.copy(), style.copy(), **settings)}


def _spade(student, x, gamma_map, beta_map, **settings):
    return {"y": student.spade(x.copy(), gamma_map.copy(), beta_map.copy(), **settings)}


def _normalized(student, x, **settings):
    return {"y": student.spade(x.copy(), np.ones(x.shape), np.zeros(x.shape), **settings)}


def _other_size(student, content, style):
    # The same size first: an answer that raises for every input is not one that refuses another size.
    _adain(student, content, style[..., : content.shape[2], : content.shape[3]])
    try:
        y = _adain(student, content, style)["y"]
    except ValueError:
        return {"a style of another size is accepted": False, "y": None}
    return {"a style of another size is accepted": True, "y": y}


def _refused(student, content, style):
    try:
        return {"refused": False, **_adain(student, content, style)}
    except ValueError:
        return {"refused": True}


@part("adain")
def test_adain_values(compare, rng):
    """Every channel of every image is normalized, then scaled and shifted to the statistics of the same channel and image of the style."""
    compare(_adain, _images(rng), _style(rng), eps=0.1)


@part("adain")
def test_adain_default_eps(compare, rng):
    """eps is 1e-5 unless it is given, and a channel of equal values takes the mean of the style."""
    content = 0.01 * _images(rng)
    content[1, 2] = 4.0
    compare(_adain, content, 0.01 * _style(rng))


@part("adain")
def test_adain_other_size(compare, rng):
    """A style of another height and width is accepted: only its statistics are used."""
    # Long sets: what the variance divides by, and where eps is, costs its points in other tests.
    compare.within(rtol=0.1, atol=0.2)(_other_size, _images(rng, h=5, w=7), _style(rng, h=6, w=11))


@part("adain")
def test_adain_statistics(student, rng):
    """Mean and deviation of every channel of the result are those of the style."""
    content, style = _images(rng, h=5, w=7), _style(rng, h=9, w=4)
    y = student.adain(content.copy(), style.copy())
    assert np.shape(y) == content.shape, "y does not have the shape of content"
    assert np.allclose(np.mean(y, axis=(2, 3)), style.mean(axis=(2, 3)), atol=1e-6), (
        "the means of the channels are not those of the style"
    )
    assert np.allclose(np.std(y, axis=(2, 3)), style.std(axis=(2, 3)), rtol=0.05), (
        "the deviations of the channels are not those of the style"
    )


@part("adain")
def test_adain_keeps_what_is_not_statistics(student, rng):
    """A style that is the content changes nothing, and pixels of the style may be shuffled."""
    content, style = _images(rng), _style(rng)
    same = student.adain(content.copy(), content.copy())
    assert np.allclose(same, content, atol=1e-6), "the content in its own style is not the content"
    y = student.adain(content.copy(), style.copy())
    assert not np.allclose(y, content, atol=0.1), "the style has no effect"
    shuffled = student.adain(content.copy(), style[:, :, ::-1, ::-1].copy())
    assert np.allclose(y, shuffled, atol=1e-8), "the place of a pixel of the style matters"


@part("adain", supporting=True)
def test_adain_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    compare("adain", _images(rng), _style(rng), eps=0.1)
    compare("adain", rng.integers(-5, 9, size=(5, 4, 2, 3)), _style(rng), eps=0.1)
    compare("adain", _images(rng), rng.integers(-5, 9, size=(5, 4, 3, 2)), eps=0.1)
    compare("adain", _images(rng).astype(np.float32), _style(rng).astype(np.float32), eps=0.1)


@part("adain", supporting=True)
def test_adain_refusals(compare, rng):
    """A style with another number of images or channels is refused, also where it would broadcast."""
    for n, c in ((1, 4), (3, 4), (5, 1), (5, 2)):
        compare(_refused, _images(rng), _style(rng, n, c))
        compare.refuses("adain", _images(rng), _style(rng, n, c), naming=("style", "content"))


@part("spade")
def test_spade_values(compare, rng):
    """x is normalized per channel over images and pixels; every value has its own scale and shift."""
    x = _images(rng)
    compare(_spade, x, rng.uniform(1, 2, x.shape), rng.uniform(1, 2, x.shape), eps=0.1)


@part("spade")
def test_spade_normalizes_like_batch_norm(compare, rng):
    """With scale 1 and shift 0 every channel is batch-normalized; eps is 1e-5 unless it is given."""
    compare(_normalized, 0.01 * _images(rng))
    x = _images(rng)
    x[:, 2] = 4.0
    compare(_normalized, x)


@part("spade")
def test_spade_maps(student, rng):
    """One more in beta_map is one more in y, at that place alone; twice the gamma_map is twice the distance from beta_map."""
    x = _images(rng, h=4, w=5)
    gamma_map, beta_map = rng.uniform(1, 2, x.shape), rng.uniform(1, 2, x.shape)
    y = student.spade(x.copy(), gamma_map.copy(), beta_map.copy())
    assert np.shape(y) == x.shape, "y does not have the shape of x"
    assert 0.1 < np.std(y) < 100, "y is constant or not finite"
    step = rng.integers(0, 2, x.shape)
    assert np.allclose(student.spade(x.copy(), gamma_map.copy(), beta_map + step) - y, step, atol=1e-8), (
        "y does not follow beta_map, value by value"
    )
    factor = rng.uniform(1, 3, x.shape)
    scaled = student.spade(x.copy(), factor * gamma_map, beta_map.copy())
    assert np.allclose(scaled - beta_map, factor * (y - beta_map), atol=1e-8), (
        "y - beta_map does not scale with gamma_map, value by value"
    )


@part("spade", supporting=True)
def test_spade_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and the arguments are left as they were."""
    x = _images(rng)
    maps = rng.uniform(1, 2, x.shape), rng.uniform(1, 2, x.shape)
    compare("spade", x, *maps, eps=0.1)
    compare("spade", rng.integers(-5, 9, size=x.shape), *maps, eps=0.1)
    compare("spade", x, *rng.integers(-5, 9, size=(2, *x.shape)), eps=0.1)
    compare("spade", *(a.astype(np.float32) for a in (x, *maps)), eps=0.1)


@part("spade", supporting=True)
def test_spade_refusals(compare, rng):
    """A map that does not have the shape of x is refused, also where it would broadcast."""
    x = _images(rng)
    for shape in ((5, 4, 3, 2), (1, 4, 2, 3), (5, 1, 2, 3), (1, 4, 1, 1), (4, 1, 1), (3,)):
        compare.refuses("spade", x, np.ones(shape), np.ones(x.shape), naming=("gamma_map",))
        compare.refuses("spade", x, np.ones(x.shape), np.ones(shape), naming=("beta_map",))
