"""Hidden tests of augmix_combine, augmix and jsd: each is tested without the help of the others.

Operations that count show how many of them were applied, and how often each. Each question to traindeep.chance refuses a
right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.augmix import (
    _consistent,
    _draws,
    _generator,
    _image_afterwards,
    _no_chain,
    _one_prediction,
    _refused,
    _weights,
)

from autograder.exercise import part

PARTS = {"combine": 2, "sampler": 2, "jsd": 2}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- combine ---------------------------------------------------------------------------------------------


# Only test_combine hands out the arguments themselves: who writes into them pays for it once.
def _combined(student, img, chains, weights, m):
    return {"out": student.augmix_combine(img.copy(), chains.copy(), weights.copy(), m)}


@part("combine")
def test_combine(compare, rng):
    """The image gets m, the chains share 1 - m by their weights, and nothing is clipped."""
    for k, shape in ((3, (2, 4, 5)), (2, (3, 3, 4)), (4, (4, 4, 4))):
        img, chains = rng.normal(size=shape), rng.normal(size=(k, *shape))
        compare("augmix_combine", img, chains, rng.dirichlet(np.ones(k)), float(rng.uniform(0.2, 0.4)))


@part("combine")
def test_combine_at_the_ends(compare, rng):
    """m = 0 and m = 1, a single chain, and much weight on the image."""
    img, chains, weights = rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 2, 4, 5)), rng.dirichlet(np.ones(3))
    for m in (0, 1, float(rng.uniform(0.7, 0.9))):
        compare(_combined, img, chains, weights, m)
    compare(_combined, img, chains[:1], np.ones(1), float(rng.uniform(0.2, 0.4)))


@part("combine")
def test_combine_kinds_of_images(compare, rng):
    """float32 images and images of whole numbers are mixed as numbers with a fraction."""
    img, chains = rng.integers(0, 256, size=(2, 3, 4)), rng.integers(0, 256, size=(3, 2, 3, 4))
    for kind in (np.float32, np.int64, np.uint8):
        compare(_combined, img.astype(kind), chains.astype(kind), rng.dirichlet(np.ones(3)), 0.35)


# ---- sampler ---------------------------------------------------------------------------------------------


@part("sampler")
def test_chains(compare, rng):
    """Every chain starts from the image, and the result is what weights, m and depths say; the image is left as it was."""
    for n, k in ((3, 3), (4, 1), (2, 5)):
        compare(_consistent, rng.normal(size=(n, 2, 3)), n, k, _seed(rng))
    compare(_image_afterwards, rng.normal(size=(3, 2, 2)), 3, _seed(rng))


@part("sampler")
def test_draws(compare, rng):
    """Depths, operations and m have their laws."""
    compare(_draws, 3, _seed(rng), 200)


@part("sampler", supporting=True)
def test_weights(compare, rng):
    """The weights have their law."""
    compare(_weights, 4400, _seed(rng))


@part("sampler", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng, that of the operations as well: equal generators give equal images."""
    compare(_generator, rng.normal(size=(2, 3, 4)), 3, _seed(rng))


@part("sampler", supporting=True)
def test_bad_input(compare, rng):
    """An empty list of operations and fewer than one chain are refused by name."""
    img = rng.normal(size=(2, 3, 4))
    compare(_refused, img)
    compare.refuses("augmix", img, [], np.random.default_rng(1), 3, naming=("ops",))
    for k in (0, -1):
        compare.refuses(_no_chain, img, k, naming=("k",))


# ---- jsd -------------------------------------------------------------------------------------------------


# Only test_jsd hands out ps itself: who writes into it pays for it once.
def _divergence(student, ps):
    return {"divergence": float(student.jsd([p.copy() for p in ps]))}


@part("jsd")
def test_jsd(compare, rng):
    """The mean over predictions and examples of the divergence from each prediction to their mean, in nats."""
    for k, N, K in ((3, 5, 4), (2, 4, 7), (4, 3, 3)):
        compare.within(1e-6, 1e-6)("jsd", list(rng.dirichlet(np.ones(K), size=(k, N))))


@part("jsd")
def test_jsd_with_zeros(compare, rng):
    """Classes with probability 0 in some or in all predictions give a number all the same."""
    ps = rng.dirichlet(np.ones(5), size=(3, 4))
    ps[0, :, 1] = ps[:, 2, 3] = ps[1, 0, 2] = 0
    compare.within(1e-6, 1e-6)(_divergence, list(ps / ps.sum(axis=2, keepdims=True)))
    compare.within(1e-6, 1e-6)(_divergence, [np.eye(4)[rng.permutation(4)] for _ in range(3)] + [np.eye(4)])


@part("jsd", supporting=True)
def test_jsd_of_equal_predictions(compare, rng):
    """Predictions that agree have divergence 0, and no order of the predictions matters."""
    p, q = rng.dirichlet(np.ones(4), size=(2, 5))
    for ps in ([p, p, p], [p, q, q], [q, p, q]):
        compare.within(1e-6, 1e-6)(_divergence, ps)


@part("jsd", supporting=True)
def test_single_prediction(compare, rng):
    """Fewer than two predictions are refused by name."""
    p = rng.dirichlet(np.ones(4), size=5)
    compare(_one_prediction, p)
    for ps in ([p], []):
        compare.refuses("jsd", ps, naming=("ps",))
