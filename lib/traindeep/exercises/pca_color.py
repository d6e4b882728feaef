"""Colour changes along the principal components of the colours."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "pca_color_fit": "X -> evals, evecs",
    "pca_color_apply": "img, evals, evecs, alpha -> out",
    "random_pca_color": "img, evals, evecs, sigma, rng -> out, alpha",
}
IMAGES = ("img", "out")
HINTS = (
    "How many colours are there in N images of H x W pixels, and how many numbers has one colour? What shape has a covariance "
    "of colours?",
    "Move the channel axis to the end and reshape to (-1, 3): a row for each pixel. Subtract the mean colour, then a product "
    "of two matrices gives the covariance, and eigh takes it apart. What is added to an image is one colour, of shape (3,).",
    "np.linalg.eigh(centred.T @ centred / len(centred)) returns both results in the form asked for. evecs @ (alpha * evals) "
    "is the colour; [:, None, None] spreads it over the pixels. rng.normal takes the standard deviation, not the variance.",
)
FLAG = np.array(
    [
        [[0.9, 0.9, 0.1, 0.1, 0.2, 0.3], [0.9, 0.8, 0.1, 0.2, 0.2, 0.3], [0.7, 0.9, 0.2, 0.1, 0.2, 0.2]],
        [[0.8, 0.7, 0.6, 0.6, 0.1, 0.2], [0.7, 0.8, 0.7, 0.5, 0.1, 0.1], [0.8, 0.8, 0.6, 0.6, 0.2, 0.1]],
        [[0.2, 0.1, 0.2, 0.1, 0.5, 0.6], [0.1, 0.2, 0.1, 0.2, 0.6, 0.5], [0.2, 0.1, 0.2, 0.2, 0.5, 0.5]],
    ]
)
X = np.stack([FLAG, FLAG[::-1] * 0.5 + 0.4, np.roll(FLAG, 1, axis=0) ** 2, 1 - FLAG[:, ::-1]])
EVALS = np.array([4.0, 2.0, 0.5])
EVECS = np.array([[0.6, -0.8, 0.0], [0.0, 0.0, 1.0], [0.8, 0.6, 0.0]])


def _fit(student, X):
    """What must be as in the docstring whatever the order and the signs."""
    evals, evecs = (np.asarray(value, dtype=float) for value in student.pca_color_fit(X.copy()))
    facts = {"shapes": (evals.shape, evecs.shape)}
    if facts["shapes"] != ((3,), (3, 3)):
        return facts
    return facts | {
        "evecs @ diag(evals) @ evecs.T": evecs @ np.diag(evals) @ evecs.T,
        "evecs.T @ evecs": evecs.T @ evecs + 0.0,
        "evals in their order": np.sort(evals),
    }


def _change(student, X):
    """Images are handed over as they are."""
    student.pca_color_fit(X)
    student.random_pca_color(X[0], EVALS, EVECS, 0.1, np.random.default_rng(1))
    return {}


def _random(student, img, evals, evecs, sigma, calls, seed):
    """What the results have to do with the alpha that are returned."""
    rng, found = np.random.default_rng(seed), set()
    for _ in range(calls):
        out, alpha = student.random_pca_color(img.copy(), evals.copy(), evecs.copy(), sigma, rng)
        found.add(_what(student, img, evals, evecs, np.asarray(out, dtype=float), np.asarray(alpha, dtype=float)))
    return {"what came out": ", ".join(sorted(found))}


def _what(student, img, evals, evecs, out, alpha):
    if out.shape != img.shape or alpha.shape != (3,):
        return f"an image of shape {out.shape} and alpha of shape {alpha.shape}"
    colour = (out - img)[:, 0, 0]
    if np.ptp(out - img, axis=(1, 2)).max() > 1e-4:
        return "pixels change by different colours"
    said = "one colour is added, the one that alpha says"
    if np.allclose(colour, np.einsum("ci,i,i", evecs, evals, alpha), rtol=1e-4, atol=1e-6) and np.any(colour):
        return said
    own = student.pca_color_apply(img.copy(), evals.copy(), evecs.copy(), alpha.copy())
    if np.shape(own) == out.shape and np.allclose(out, own, rtol=1e-4, atol=1e-6) and np.any(colour):
        return said  # by a function that other tests complain about
    if np.any(colour) and np.allclose(colour, alpha, rtol=1e-4, atol=1e-6):
        return "one colour is added, and alpha is that colour"
    return "one colour is added, but not the one that alpha says" if np.any(colour) else "nothing is added"


def _draws(student, img, sigma, calls, seed):
    """Facts about alpha / sigma in many calls: a normal number is within 0.6745 of 0 in one half of the cases."""
    rng = np.random.default_rng(seed)
    alphas = [student.random_pca_color(img.copy(), EVALS, EVECS, sigma, rng)[1] for _ in range(calls)]
    z = np.array([np.ravel(np.asarray(alpha, dtype=float))[:3] for alpha in alphas]) / sigma
    if z.shape != (calls, 3):
        return {"shape": z.shape}
    same = (np.sign(z[:, 0]) == np.sign(z[:, 1])).sum()
    return {
        "all calls have the same alpha": bool(np.ptp(z, axis=0).max() == 0),
        "the three are always equal": bool(np.ptp(z, axis=1).max() == 0),
        "share above 0": chance.share((z > 0).sum(), z.size, 0.5),
        "share within 0.6745 sigma": chance.share((abs(z) < 0.67448975).sum(), z.size, 0.5),
        "share beyond 1.96 sigma": chance.share((abs(z) > 1.95996398).sum(), z.size, 0.05),
        "how often the first two have the same sign": chance.share(same, calls, 0.5),
    }


def _generator(student, img, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)

    def alpha(rng):
        return np.array(student.random_pca_color(img.copy(), EVALS, EVECS, 0.2, rng)[1], dtype=float)

    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, more = alpha(first), alpha(first)
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    return {
        "the same seed gives the same alpha": bool(np.array_equal(one, alpha(again))),
        "the next call gives another alpha": not np.array_equal(one, more),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _refused(student, shapes, sigmas):
    """First what is allowed, then what is not. Shapes of X; img is X[0]."""
    facts, alpha, rng = {}, np.ones(3), np.random.default_rng(0)
    for shape in ((2, 3, 4, 5), *shapes):
        given = np.arange(np.prod(shape), dtype=float).reshape(shape)
        facts[f"X of shape {shape}"] = _outcome(lambda X=given: student.pca_color_fit(X))
        facts[f"img of shape {shape[1:]}"] = _outcome(
            lambda img=given[0]: student.pca_color_apply(img, EVALS, EVECS, alpha)
        )
    for sigma in (0, 0.1, *sigmas):
        facts[f"sigma {sigma}"] = _outcome(
            lambda sigma=sigma: student.random_pca_color(np.ones((3, 2, 2)), EVALS, EVECS, sigma, rng)
        )
    return facts


def _outcome(call):
    try:
        call()
    except (ValueError, IndexError):  # whether the kind is right is asked below
        return "refused"
    return "accepted"


def test_fit_by_hand(student, compare):
    """Red is 0, 2, 0, 2 and blue is red's half: the covariance has 1, 0.5 and 0.25 in it, whatever green."""
    red = np.array([[[0, 2], [0, 2]]])
    compare(_fit, np.stack([red, red * 0 + 7, red // 2], axis=1).astype(int))


def test_fit(student, compare):
    """Taken together, evals and evecs give the covariance of all colours."""
    compare(_fit, X)
    compare(_fit, X[:2, :, :2] * 3)


def test_apply(student, compare):
    """With evals (4, 2, 0.5) and alpha (0.05, 0, 0) 0.2 times the first column is added to every pixel."""
    for alpha in ([0.05, 0, 0], [0, -0.1, 0.4], [0.03, 0.05, -0.2]):
        compare("pca_color_apply", FLAG, EVALS, EVECS, np.array(alpha))


def test_nothing_is_clipped(student, compare):
    """Values may leave the range from 0 to 1, and whole numbers become floats."""
    compare("pca_color_apply", np.rint(FLAG * 9).astype(int), EVALS, EVECS, np.array([1.1, -2.3, 4.7]))


def test_random(student, compare):
    """All pixels of an image change by the same colour, the one that the returned alpha says."""
    compare(_random, FLAG, EVALS, EVECS, 0.1, calls=5, seed=1)


def test_alpha(student, compare):
    """The three alpha are normal, with standard deviation sigma, and independent."""
    compare(_draws, FLAG[:, :1, :2], 0.1, calls=300, seed=2)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same alpha, and the next call gives another."""
    compare(_generator, FLAG, seed=3)


def test_image_is_left_alone(student, compare):
    """Nothing is written into the images."""
    compare(_change, X)


def test_bad_input(student, compare):
    """Images without three channels and a negative sigma are a ValueError that names the argument."""
    compare(_refused, ((2, 4, 3, 3), (2, 1, 3, 3)), (-0.1,))
    compare.refuses("pca_color_fit", X[:, :2], naming=("X",))
    compare.refuses("pca_color_apply", FLAG[:1], EVALS, EVECS, np.ones(3), naming=("img",))
    compare.refuses("random_pca_color", FLAG, EVALS, EVECS, -0.1, np.random.default_rng(0), naming=("sigma",))
