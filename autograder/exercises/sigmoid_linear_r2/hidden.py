"""Hidden tests of sigmoid_linear_r2."""

import numpy as np

from autograder.exercise import part

PARTS = {"values": 3, "edge": 1}


def _r2(student, z):
    """R^2 of a copy: whoever writes into z pays for it in one test only."""
    return {"r2": student.sigmoid_linear_r2(z.copy())}


def _refused(student, z, good):
    student.sigmoid_linear_r2(good)
    try:
        student.sigmoid_linear_r2(z)
    except ValueError:
        return {"z is refused": True}
    return {"z is refused": False}


def _residuals(z):
    """R^2 from the residuals of NumPy's fit, for moderate z."""
    s = 1 / (1 + np.exp(-z))
    errors = s - np.polyval(np.polyfit(z, s, 1), z)
    return 1 - (errors**2).sum() / ((s - s.mean()) ** 2).sum()


@part("values")
def test_values(compare, rng):
    """R^2 is right for narrow and wide, centred and one-sided values; z is not changed."""
    for scale, place in ((0.5, 0.0), (1.0, 0.0), (5.0, 1.0), (2.0, 6.0)):
        compare("sigmoid_linear_r2", place + scale * rng.normal(size=17))


@part("values")
def test_residuals(student, rng):
    """R^2 is 1 minus the squared errors of the least-squares line over the spread of the sigmoids around their mean."""
    for n in (3, 4, 50):
        z = 3 * rng.normal(size=n) + 1
        found = float(student.sigmoid_linear_r2(z.copy()))
        assert abs(found - _residuals(z)) < 1e-6, "R^2 does not fit the residuals of the least-squares line"


@part("values")
def test_order_and_sign(student, rng):
    """The order of the values makes no difference, nor does their sign, nor does saying each of them twice."""
    z = 4 * rng.normal(size=11) + 1
    found, *others = (
        float(student.sigmoid_linear_r2(a)) for a in (z.copy(), z[::-1].copy(), -z, np.concatenate([z, z]))
    )
    assert 0.1 < found < 1, "R^2 is not between 0.1 and 1, where it should be for these values"
    # Which values they are does make one.
    assert abs(float(student.sigmoid_linear_r2(z / 3)) - found) > 1e-4, "R^2 does not depend on how wide z is"
    assert np.allclose(others, found, atol=1e-7), (
        "R^2 changes when z is reversed, when its sign is, or when it is doubled"
    )


@part("values")
def test_normal_values(student):
    """For a normal distribution of deviation 0.5, 1, 2 and 5, R^2 is what it should be, and falls from one to the next."""
    # Quantiles of the normal distribution, by its distribution function on a fine grid: no random numbers.
    grid = np.linspace(-6, 6, 24_001)
    mass = np.cumsum(np.exp(-(grid**2) / 2))
    normal = np.interp((np.arange(4000) + 0.5) / 4000, mass / mass[-1], grid)
    for deviation in (0.5, 1.0, 2.0, 5.0):
        found = float(student.sigmoid_linear_r2(deviation * normal))
        assert abs(found - _residuals(deviation * normal)) < 1e-6, "R^2 is not what it should be for normal values"


@part("values")
def test_other_numbers(compare, rng):
    """Whole numbers, float32 and arrays that are not contiguous work."""
    compare(_r2, np.array([-3, 0, 1, 2, 7]))
    compare(_r2, (2 * rng.normal(size=12)).astype(np.float32))
    compare(_r2, (2 * rng.normal(size=24))[::2])


@part("edge")
def test_far_out(compare, rng):
    """Values as large as 1000, of either sign, give a number and not nan."""
    z = 3 * rng.normal(size=14)
    z[[2, 5, 9]] = (-1000.0, 1000.0, 750.0)
    compare(_r2, z)
    compare(_r2, np.abs(z))
    compare(_r2, -np.abs(z))


@part("edge")
def test_tiny(student, rng):
    """For tiny values the sigmoid is straight and R^2 is 1, and for large ones it is not."""
    z = rng.uniform(1, 3, size=9) * np.resize([1, -1], 9)
    tiny, large = (float(student.sigmoid_linear_r2(a)) for a in (1e-5 * z, 20 * z))
    assert abs(tiny - 1) < 1e-6, "R^2 is not 1 for values around 0.00001"
    assert 0.1 < large < 0.999, "R^2 is not between 0.1 and 0.999 for values around 40"


@part("edge", supporting=True)
def test_refusals(compare, rng):
    """Fewer than 3 entries, and a z that is constant, are refused."""
    good = rng.normal(size=5)
    for z in (np.array([1.0, 2.0]), np.array([1.0]), np.full(6, 0.5)):
        compare(_refused, z, good)
        compare.refuses("sigmoid_linear_r2", z, naming=("z",))
