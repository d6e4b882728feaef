"""Hidden tests of sync_bn_stats.

Only the part "structure" asks for separate shards and for errors; elsewhere a result that was put together counts as
well. Shards are of different size in their own part only.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"equal shards": 2, "unequal shards": 2, "structure": 1}


def _shards(rng, sizes, image=(4, 2, 3), means=(0, 3, 10)):
    """Shards that differ in their means; channels differ in scale."""
    scale = np.resize([1.0, 0.3, 2.0, 5.0], image[0])[:, None, None]
    return [scale * (rng.normal(size=(n, *image)) + means[k % len(means)]) for k, n in enumerate(sizes)]


def _affine(rng, channels=4):
    return rng.uniform(1, 2, channels) * np.resize([1, -1], channels), rng.normal(size=channels)


def _joined(y):
    return np.concatenate(y, axis=0) if isinstance(y, (list, tuple)) else y


def _put_together(student, shards, gamma, beta, **settings):
    # Of copies: whoever writes into the shards pays for it in test_arguments_unchanged.
    return {"y": _joined(student.sync_bn_forward([x.copy() for x in shards], gamma, beta, **settings))}


# ---- equal shards --------------------------------------------------------------------------------------


@part("equal shards")
def test_the_union_is_normalized(student, rng):
    """Over all shards together each channel of y has the mean beta and a spread of about gamma; a shard alone has not."""
    shards, (gamma, beta) = _shards(rng, (5, 5, 5)), _affine(rng)
    y = _joined(student.sync_bn_forward([x.copy() for x in shards], gamma.copy(), beta.copy()))
    each = (0, 2, 3)
    assert np.shape(y) == (15, 4, 2, 3), "the shards of y together do not have the shape of the batch"
    assert np.allclose(np.mean(y, axis=each), beta, atol=1e-6), "the mean of a channel over all shards is not beta"
    # The exact divisor of the variance is the affair of another test.
    spread = np.std(y, axis=each)
    assert np.allclose(spread, np.abs(gamma), rtol=0.1), "the spread of a channel over all shards is not gamma"
    apart = np.abs(np.mean(y[:5], axis=each) - np.mean(y[10:], axis=each)) / np.abs(gamma)
    assert apart.min() > 1, "the shards have lost the difference of their means"


@part("equal shards")
def test_equal_shards(compare, rng):
    """Shards of equal size give what batch normalization of the union gives, eps inside the root and 1e-5 by default."""
    compare(_put_together, _shards(rng, (4, 4)), *_affine(rng), eps=0.1)
    compare(_put_together, [0.01 * x for x in _shards(rng, (3, 3, 3))], *_affine(rng))


@part("equal shards")
def test_square_images(compare, rng):
    """Images as wide as they have channels are nothing special: gamma and beta belong to the channels."""
    compare(_put_together, _shards(rng, (3, 3), image=(3, 2, 3)), *_affine(rng, 3), eps=0.1)


# ---- unequal shards ------------------------------------------------------------------------------------


@part("unequal shards")
def test_unequal_shards(compare, rng):
    """Every value counts once, so a large shard counts more than a small one."""
    compare(_put_together, _shards(rng, (8, 8, 4)), *_affine(rng), eps=0.1)
    compare(_put_together, _shards(rng, (1, 7, 2, 3)), *_affine(rng))


@part("unequal shards")
def test_how_the_batch_is_cut(student, rng):
    """Where a batch is cut into shards makes no difference, and the result is that of one shard."""
    x, (gamma, beta) = np.concatenate(_shards(rng, (2, 5, 3))), _affine(rng)
    each, channel = (0, 2, 3), (slice(None), None, None)
    expected = (x - x.mean(each)[channel]) / np.sqrt(x.var(each)[channel] + 0.1) * gamma[channel] + beta[channel]
    for cuts in ([3], [1, 2, 8], [9]):
        shards = [shard.copy() for shard in np.split(x, cuts)]
        y = _joined(student.sync_bn_forward(shards, gamma.copy(), beta.copy(), eps=0.1))
        assert np.shape(y) == x.shape, "the shards of y together do not have the shape of the batch"
        assert np.allclose(y, expected, atol=1e-6), "the result depends on where the batch is cut"


# ---- structure -----------------------------------------------------------------------------------------


def _shapes(student, shards, gamma, beta, eps):
    y = student.sync_bn_forward([x.copy() for x in shards], gamma, beta, eps=eps)
    if not isinstance(y, (list, tuple)):
        return {"one array for each shard is returned": False}
    return {"one array for each shard is returned": True, "shapes": " ".join(str(np.shape(shard)) for shard in y)}


def _call(student, shards, gamma, beta):
    """Nothing but whether the arguments are as before is compared."""
    student.sync_bn_forward(shards, gamma, beta)
    return {}


@part("structure")
def test_order_of_the_shards(student, rng):
    """Shard k of y belongs to shard k: larger values of a shard come out larger, and single shards are lists, too."""
    shards = _shards(rng, (2, 3, 1), means=(0, 10, 20))
    y = student.sync_bn_forward([x.copy() for x in shards], np.ones(4), np.zeros(4))
    assert isinstance(y, (list, tuple)), "a list of arrays should be returned"
    assert len(y) == 3, "there should be one array for each shard"
    assert [np.shape(a) for a in y] == [x.shape for x in shards], "the arrays should have the shapes of the shards"
    means = [np.mean(a) for a in y]
    assert means[0] < means[1] < means[2], "the arrays are not in the order of the shards"
    assert np.abs(means).max() < 3, "the arrays are not normalized"
    alike = [np.corrcoef(a[:, 0].ravel(), x[:, 0].ravel())[0, 1] for a, x in zip(y, shards, strict=True)]
    assert min(alike) > 0.99, "an array is not its own shard, shifted and scaled"
    alone = student.sync_bn_forward([shards[1].copy()], np.ones(4), np.zeros(4))
    assert isinstance(alone, (list, tuple)), "one shard should give a list of one array"
    assert [np.shape(a) for a in alone] == [shards[1].shape], "one shard should give a list of one array of its shape"
    assert np.std(alone[0]) > 0, "y is the same everywhere"


@part("structure", supporting=True)
def test_shapes_of_the_shards(compare, rng):
    """There is one array for each shard, of its shape, also for a shard of one image."""
    compare(_shapes, _shards(rng, (2, 1, 3)), *_affine(rng), eps=0.1)


@part("structure", supporting=True)
def test_arguments_unchanged(compare, rng):
    """Shards, gamma and beta are the same after the call; whole numbers and float32 work."""
    compare(_call, _shards(rng, (2, 3)), *_affine(rng))
    compare(_put_together, [rng.integers(-5, 9, size=(n, 4, 2, 3)) for n in (3, 3)], *_affine(rng), eps=0.1)
    compare(_put_together, [x.astype(np.float32) for x in _shards(rng, (3, 3))], *_affine(rng), eps=0.1)


@part("structure", supporting=True)
def test_refusals(compare, rng):
    """No shard at all, shards that differ in C, and a gamma or beta that is not (C,) are refused."""
    x, (gamma, beta) = _shards(rng, (3,))[0], _affine(rng)
    compare.refuses("sync_bn_forward", [], gamma, beta, naming=("shards",))
    for channels in (3, 1, 5):
        compare.refuses("sync_bn_forward", [x, rng.normal(size=(2, channels, 2, 3))], gamma, beta, naming=("shards",))
    for wrong in (np.ones(3), np.ones(1), np.ones((4, 1, 1))):
        compare.refuses("sync_bn_forward", [x], wrong, beta, naming=("gamma",))
        compare.refuses("sync_bn_forward", [x], gamma, wrong, naming=("beta",))
