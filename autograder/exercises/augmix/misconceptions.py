"""Believable wrong answers to augmix_combine, augmix and jsd. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- augmix_combine --------------------------------------------------------------------------------------


def _mixture(chains, weights):
    return np.tensordot(np.asarray(weights, dtype=float), np.asarray(chains, dtype=float), axes=1)


@replaces("augmix_combine")
def m_swapped(img, chains, weights, m):
    """You give m to the chains. The published code does so, with the same law; here m is the weight of the image, as in the paper."""
    return (1 - m) * np.asarray(img, dtype=float) + m * _mixture(chains, weights)


@replaces("augmix_combine")
def weights_ignored(img, chains, weights, m):
    """You take the plain mean of the chains. Each has its weight."""
    return m * np.asarray(img, dtype=float) + (1 - m) * np.mean(chains, axis=0)


@replaces("augmix_combine")
def chains_added_up(img, chains, weights, m):
    """You add the chains without their weights, so the result is k times too bright. The weights add up to 1."""
    return m * np.asarray(img, dtype=float) + (1 - m) * np.sum(chains, axis=0, dtype=float)


@replaces("augmix_combine")
def mixture_in_full(img, chains, weights, m):
    """You add the mixture of the chains in full. The image takes m, so 1 - m is left for it."""
    return m * np.asarray(img, dtype=float) + _mixture(chains, weights)


@replaces("augmix_combine")
def image_in_full(img, chains, weights, m):
    """You add the image in full. It has the weight m; together the weights are 1."""
    return np.asarray(img, dtype=float) + (1 - m) * _mixture(chains, weights)


@replaces("augmix_combine")
def mixture_only(img, chains, weights, m):
    """You return the mixture of the chains. The image itself takes part in it, with the weight m."""
    return _mixture(chains, weights)


@replaces("augmix_combine")
def first_chain_only(img, chains, weights, m):
    """You mix the image with the first chain only. All k chains take part, by their weights."""
    return m * np.asarray(img, dtype=float) + (1 - m) * np.asarray(chains[0], dtype=float)


@replaces("augmix_combine")
def softmax_of_the_weights(img, chains, weights, m):
    """You apply softmax to the weights. They add up to 1 already, and softmax makes them almost equal."""
    w = np.exp(weights)
    return m * np.asarray(img, dtype=float) + (1 - m) * _mixture(chains, w / w.sum())


@replaces("augmix_combine")
def clipped(img, chains, weights, m):
    """You clip the result to [0, 1]. Images may be normalized, with values outside of it."""
    return np.clip(m * np.asarray(img, dtype=float) + (1 - m) * _mixture(chains, weights), 0, 1)


@replaces("augmix_combine")
def whole_numbers(img, chains, weights, m):
    """You keep the kind of the image, so whole numbers lose what is behind the point. Convert to float first."""
    out = m * np.asarray(img, dtype=float) + (1 - m) * _mixture(chains, weights)
    return out.astype(np.asarray(img).dtype)


@replaces("augmix_combine")
def image_in_place(img, chains, weights, m):
    """You write the result into the caller's image (*= and += do). Make a new array."""
    out = m * np.array(img, dtype=float) + (1 - m) * _mixture(chains, weights)
    if isinstance(img, np.ndarray) and img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("augmix_combine")
def chains_in_place(img, chains, weights, m):
    """You multiply the caller's chains by their weights in place. Make a new array."""
    out = m * np.array(img, dtype=float) + (1 - m) * _mixture(chains, weights)
    if isinstance(chains, np.ndarray) and chains.dtype.kind == "f":
        chains *= np.reshape(weights, (-1, 1, 1, 1))
    return out


# ---- augmix ----------------------------------------------------------------------------------------------


def _combine(img, chains, weights, m):
    return m * np.asarray(img, dtype=float) + (1 - m) * _mixture(chains, weights)


def _augmix(
    img,
    ops,
    rng,
    k,
    depth=None,
    pick=None,
    weights=None,
    m=None,
    chained=False,
    applied=None,
    combine=_combine,
    ops_rng=None,
):
    if k < 1:
        raise ValueError("k must be at least 1")
    if not len(ops):
        raise ValueError("ops is empty")
    depths = [int(depth() if depth else rng.integers(1, 4)) for _ in range(k)]
    chains, x = [], np.array(img, dtype=float)
    for d in depths:
        x = x if chained else np.array(img, dtype=float)
        picks = pick(d) if pick else rng.integers(len(ops), size=d)
        for i in picks[: applied(d) if applied else d]:
            x = ops[int(i)](x, ops_rng or rng)
        chains.append(x)
    w = weights() if weights else rng.dirichlet(np.ones(k))
    share = float(m() if m else rng.beta(1, 1))
    return combine(img, chains, w, share), {"weights": w, "m": share, "depths": depths}


@replaces("augmix")
def m_for_the_chains(img, ops, rng, k=3):
    """In augmix you give m to the chains. The m that you return is the weight of the image."""
    return _augmix(img, ops, rng, k, combine=lambda img, chains, w, m: _combine(img, chains, w, 1 - m))


@replaces("augmix")
def chained_branches(img, ops, rng, k=3):
    """Each of your chains goes on where the one before ended. Every chain starts from the image."""
    return _augmix(img, ops, rng, k, chained=True)


@replaces("augmix")
def depth_from_0(img, ops, rng, k=3):
    """Your depths are 0, 1 and 2. They are 1, 2 and 3: rng.integers(1, 4)."""
    return _augmix(img, ops, rng, k, depth=lambda: rng.integers(3))


@replaces("augmix")
def depth_never_3(img, ops, rng, k=3):
    """Your depths are 1 and 2 only. In rng.integers the upper end is not included, so it is 4."""
    return _augmix(img, ops, rng, k, depth=lambda: rng.integers(1, 3))


@replaces("augmix")
def depth_always_3(img, ops, rng, k=3):
    """All of your chains have three operations. The depth is drawn: 1, 2 or 3."""
    return _augmix(img, ops, rng, k, depth=lambda: 3)


@replaces("augmix")
def depth_is_k(img, ops, rng, k=3):
    """All of your chains have k operations. k is the number of chains; the depth is drawn: 1, 2 or 3."""
    return _augmix(img, ops, rng, k, depth=lambda: k)


@replaces("augmix")
def one_operation_per_chain(img, ops, rng, k=3):
    """You apply one operation in each chain, whatever its depth. The depth says how many."""
    return _augmix(img, ops, rng, k, applied=lambda depth: 1)


@replaces("augmix")
def one_operation_too_many(img, ops, rng, k=3):
    """You apply one operation more than the depth says. range(depth) has depth entries."""
    return _augmix(img, ops, rng, k, pick=lambda d: rng.integers(len(ops), size=d + 1), applied=lambda d: d + 1)


@replaces("augmix")
def same_operation_in_a_chain(img, ops, rng, k=3):
    """You draw one operation for a chain and repeat it. Each of its operations is drawn anew."""
    return _augmix(img, ops, rng, k, pick=lambda d: [rng.integers(len(ops))] * d)


@replaces("augmix")
def without_replacement(img, ops, rng, k=3):
    """You draw the operations of a chain without replacement. Each is drawn anew from all of them, so one may occur twice."""
    return _augmix(img, ops, rng, k, pick=lambda d: [*rng.permutation(len(ops)), *[0] * d][:d])


@replaces("augmix")
def last_operation_never(img, ops, rng, k=3):
    """You never use the last operation. In rng.integers the upper end is not included, so it is len(ops)."""
    return _augmix(img, ops, rng, k, pick=lambda d: rng.integers(max(len(ops) - 1, 1), size=d))


@replaces("augmix")
def weights_not_normalized(img, ops, rng, k=3):
    """Your weights do not add up to 1, so the image gets brighter or darker. rng.dirichlet draws weights that do."""
    return _augmix(img, ops, rng, k, weights=lambda: rng.random(k))


@replaces("augmix")
def uniform_numbers_normalized(img, ops, rng, k=3):
    """You draw uniform numbers and divide by their sum. That is not Dirichlet(1, ..., 1): it makes weights that are too much alike."""

    def weights():
        u = rng.random(k)
        return u / u.sum()

    return _augmix(img, ops, rng, k, weights=weights)


@replaces("augmix")
def equal_weights(img, ops, rng, k=3):
    """All of your weights are 1 / k. They are drawn, from Dirichlet(1, ..., 1)."""
    return _augmix(img, ops, rng, k, weights=lambda: np.full(k, 1 / k))


@replaces("augmix")
def other_weights_returned(img, ops, rng, k=3):
    """The weights that you return are not the ones that you mixed with. Draw once, use them, return them."""
    out, info = _augmix(img, ops, rng, k)
    return out, info | {"weights": rng.dirichlet(np.ones(k))[::-1]}


@replaces("augmix")
def chains_without_weights(img, ops, rng, k=3):
    """You take the plain mean of the chains. Each has its weight."""
    return _augmix(
        img, ops, rng, k, combine=lambda img, chains, w, m: m * np.asarray(img) + (1 - m) * np.mean(chains, axis=0)
    )


@replaces("augmix")
def m_always_half(img, ops, rng, k=3):
    """Your m is 1/2 every time. That is its mean; m itself is drawn from Beta(1, 1)."""
    return _augmix(img, ops, rng, k, m=lambda: 0.5)


@replaces("augmix")
def m_near_1(img, ops, rng, k=3):
    """You take the larger one of m and 1 - m. m is uniform on [0, 1]: sometimes nearly nothing is left of the image."""
    return _augmix(img, ops, rng, k, m=lambda: abs(rng.random() - 0.5) + 0.5)


@replaces("augmix")
def without_the_image(img, ops, rng, k=3):
    """You return the mixture of the chains without the image. m is the weight of the image."""
    return _augmix(img, ops, rng, k, combine=lambda img, chains, w, m: _mixture(chains, w))


@replaces("augmix")
def image_changed(img, ops, rng, k=3):
    """You write into the caller's image. Start each chain from a copy."""
    out, info = _augmix(img, ops, rng, k)
    if isinstance(img, np.ndarray) and img.dtype.kind == "f":
        img[...] = out
    return out, info


@replaces("augmix")
def global_generator(img, ops, rng, k=3):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _augmix(img, ops, np.random.default_rng(np.random.randint(2**31)), k)


@replaces("augmix")
def own_generator(img, ops, rng, k=3):
    """You make a generator of your own with a fixed seed, so every image is treated alike. Use the one that you are given."""
    return _augmix(img, ops, np.random.default_rng(0), k)


@replaces("augmix")
def fresh_generator(img, ops, rng, k=3):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _augmix(img, ops, np.random.default_rng(), k)


@replaces("augmix")
def fresh_generator_for_the_operations(img, ops, rng, k=3):
    """You hand the operations a generator of your own. They get rng as well, or nobody can repeat what they draw."""
    return _augmix(img, ops, rng, k, ops_rng=np.random.default_rng())


@replaces("augmix")
def nothing_accepted(img, ops, rng, k=3):
    """You accept zero chains, and the result is only a darker image. There has to be at least one."""
    if not len(ops):
        raise ValueError("ops is empty")
    if k < 1:
        return np.asarray(img) * rng.random(), {"weights": np.zeros(0), "m": 0.0, "depths": []}
    return _augmix(img, ops, rng, k)


# ---- jsd -------------------------------------------------------------------------------------------------


def _kl(p, q):
    """Elementwise p log(p / q), 0 where p is 0."""
    return p * (np.log(np.where(p > 0, p, 1)) - np.log(np.maximum(q, 1e-7)))


def _ps(ps):
    if len(ps) < 2:
        raise ValueError("ps must hold at least two predictions")
    ps = np.array(ps, dtype=float)
    return ps, ps.mean(axis=0)


@replaces("jsd")
def kl_from_the_mean(ps):
    """You compute KL from M to each prediction. It runs from each p to M: p is in front of the logarithm."""
    ps, M = _ps(ps)
    return float(_kl(np.broadcast_to(M, ps.shape), ps).sum(axis=2).mean())


@replaces("jsd")
def sum_over_the_predictions(ps):
    """You add over the k predictions. Take their mean, or the bound log k does not hold."""
    ps, M = _ps(ps)
    return float(_kl(ps, M).sum(axis=2).sum(axis=0).mean())


@replaces("jsd")
def log_of_0(ps):
    """Your result is nan where a probability is 0. In KL 0 log 0 counts as 0, and M is clipped before its logarithm."""
    ps, M = _ps(ps)
    return float((ps * (np.log(ps) - np.log(M))).sum(axis=2).mean())


@replaces("jsd")
def mean_over_the_classes(ps):
    """You divide by the number of classes as well. A divergence is a sum over classes; only predictions and examples are averaged."""
    ps, M = _ps(ps)
    return float(_kl(ps, M).mean())


@replaces("jsd")
def sum_over_the_examples(ps):
    """You add over the examples. Take their mean, so that the loss does not depend on the size of the batch."""
    ps, M = _ps(ps)
    return float(_kl(ps, M).sum(axis=(1, 2)).mean())


@replaces("jsd")
def bits(ps):
    """You use the logarithm with base 2. Here divergences are in nats: the natural logarithm."""
    ps, M = _ps(ps)
    return float(_kl(ps, M).sum(axis=2).mean() / np.log(2))


@replaces("jsd")
def distance(ps):
    """You take the root, as for the Jensen-Shannon distance. The divergence is asked for."""
    ps, M = _ps(ps)
    return float(np.sqrt(np.maximum(_kl(ps, M).sum(axis=2), 0)).mean())


@replaces("jsd")
def to_the_first(ps):
    """You compute KL to the first prediction. It runs from each prediction to their mean M."""
    ps, _ = _ps(ps)
    return float(_kl(ps, np.broadcast_to(ps[0], ps.shape)).sum(axis=2).mean())


@replaces("jsd")
def first_only(ps):
    """You compute KL for the first prediction only. All of them count alike."""
    ps, M = _ps(ps)
    return float(_kl(ps[0], M).sum(axis=1).mean())


@replaces("jsd")
def one_mean_for_all_examples(ps):
    """Your M is the mean over the examples as well. Each example has its own M."""
    ps, M = _ps(ps)
    return float(_kl(ps, np.broadcast_to(M.mean(axis=0), ps.shape)).sum(axis=2).mean())


@replaces("jsd")
def entropy_of_the_mean(ps):
    """You return the entropy of M. The mean entropy of the predictions has to be subtracted, or one uncertain prediction looks like a disagreement."""
    _, M = _ps(ps)
    return float(-_kl(M, np.ones_like(M)).sum(axis=1).mean())


@replaces("jsd")
def negative(ps):
    """Your sign is wrong. A divergence is never below 0."""
    ps, M = _ps(ps)
    return -float(_kl(ps, M).sum(axis=2).mean())


@replaces("jsd")
def predictions_clipped(ps):
    """You clip the predictions themselves, in place. Whoever uses them afterwards gets other numbers: work on copies."""
    a, M = _ps(ps)
    for p in ps:
        if isinstance(p, np.ndarray):
            p[...] = np.clip(p, 0.1, 1)
    return float(_kl(a, M).sum(axis=2).mean())


@replaces("jsd")
def single_accepted(ps):
    """You accept a single prediction. It always agrees with itself, so the loss would be 0 and do nothing: refuse it."""
    ps = np.array(ps, dtype=float)
    return float(_kl(ps, ps.mean(axis=0)).sum(axis=2).mean()) if len(ps) else 0.0
