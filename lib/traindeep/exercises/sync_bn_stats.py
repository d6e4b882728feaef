"""Batch normalization of a batch that is split over several devices."""

import numpy as np

SIGNATURES = {"sync_bn_forward": "shards, gamma, beta, eps -> y"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Imagine the shards put together again. Mean and variance of that batch are wanted, and every device can contribute a "
    "few numbers per channel. Which three numbers does a shard have to send, so that nothing about the union is lost?",
    "A shard counts by the number of its values per channel, n_k * H * W. The mean of the union is the weighted mean of "
    "the means. Its variance has two parts: the variance within the shards, and the spread of their means. Sums of x and "
    "of x^2 carry both.",
    "With m = sum(counts): mean = sum(m_k * mean_k) / m and var = sum(m_k * (var_k + (mean_k - mean) ** 2)) / m, each of "
    "shape (C,). merge_moments does the same, two shards at a time. Then normalize each shard with them, "
    "mean[:, None, None] lined up with (n_k, C, H, W), and return a list.",
)


def _images(*values):
    """Images of one row of two pixels, (n, C, 1, 2): one pair of numbers for each image and channel."""
    return np.array(values, dtype=float)[:, :, None, :]


def _put_together(student, shards, gamma, beta, eps):
    y = student.sync_bn_forward(shards, gamma, beta, eps=eps)
    # That the shards stay apart is said by its own test.
    return {"y": np.concatenate(y, axis=0) if isinstance(y, (list, tuple)) else y}


def test_two_shards_by_hand(student, compare):
    """The values 0, 6 and 6, 8 of two shards have the mean 5 and the variance 9 together; 8 becomes 1."""
    compare(_put_together, [_images([[0, 6]]), _images([[6, 8]])], np.ones(1), np.zeros(1), eps=0.0)


def test_unequal_shards(student, compare):
    """A shard of three images counts three times as much as a shard of one; gamma scales and beta shifts a channel."""
    shards = [_images([[0, 2], [1, 1]], [[4, 2], [0, 3]], [[3, 1], [2, 6]]), _images([[8, 10], [-4, -1]])]
    compare(_put_together, shards, np.array([2.0, -1.0]), np.array([0.5, 3.0]), eps=0.1)


def test_one_shard(student, compare):
    """One shard alone is ordinary batch normalization, whole numbers included, also where C and W are equal."""
    whole = np.array([[0, 2, 1, 1], [4, 2, 0, 3], [3, 1, 2, 6]]).reshape(3, 2, 1, 2)
    compare(_put_together, [whole], np.array([2.0, -1.0]), np.array([0.5, 3.0]), eps=0.1)


def test_shards_stay_apart(student, compare):
    """The result is a list with one array for each shard, of its shape and in the same order."""
    shards = [_images([[1, 3]]), _images([[5, 7]], [[0, 2]])]
    compare("sync_bn_forward", shards, np.array([2.0]), np.array([1.0]), eps=0.1)


def test_how_a_batch_is_cut(student, rng):
    """It makes no difference where a batch is cut into shards."""
    x, gamma, beta = rng.normal(size=(6, 2, 1, 3)) + np.arange(6.0).reshape(6, 1, 1, 1), np.ones(2), np.zeros(2)
    cuts = [np.concatenate(student.sync_bn_forward(np.split(x.copy(), at), gamma, beta)) for at in ([], [2], [1, 4])]
    assert np.std(cuts[0]) > 0, "y is the same everywhere, whatever the shards hold"
    assert np.allclose(cuts[0], cuts[1], atol=1e-8), (
        "one shard of 6 images and shards of 2 and 4 give different results"
    )
    assert np.allclose(cuts[0], cuts[2], atol=1e-8), (
        "one shard of 6 images and shards of 1, 3 and 2 give different results"
    )


def test_bad_input(student, compare):
    """No shard, shards that differ in C, or a gamma or beta that is not (C,), is a ValueError that names the argument."""
    x, one = np.arange(12.0).reshape(3, 2, 1, 2), np.ones(2)
    compare.refuses("sync_bn_forward", [], one, one, naming=("shards",))
    compare.refuses("sync_bn_forward", [x, x[:, :1]], one, one, naming=("shards",))
    compare.refuses("sync_bn_forward", [x], np.ones(3), one, naming=("gamma",))
    compare.refuses("sync_bn_forward", [x], one, np.ones(1), naming=("beta",))
