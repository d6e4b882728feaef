"""Hidden tests of mimo_batch, mimo_loss and mimo_predict: each is tested without the help of the others.

The law of the orders is asked of many heads of one batch, with three questions that a right sampler fails with
probability 1e-9 at most each. Whether the first head keeps the order of the batch is open: that is one of 600 heads.
"""

import torch
from traindeep import chance
from traindeep.exercises.mimo import _counts, _generator
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"batch": 2, "loss": 1, "predict": 2}
PAIRS = [5 * a + b for a in range(5) for b in range(5) if a != b]


def _normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _seed(rng):
    return int(rng.integers(2**32))


# ---- batch -----------------------------------------------------------------------------------------------


def _batch(student, x, y, M, seed):
    """Inputs and labels of each head, compared with the order that was drawn for it."""
    N = len(x)
    xm, ym, perms = student.mimo_batch(x, y, M, torch.Generator().manual_seed(seed))
    shapes = [tuple(value.shape) for value in (xm, ym, perms)]
    if shapes != [(N, M, x.shape[1]), (N, M), (M, N)]:
        return {"shapes of xm, ym and perms": shapes}
    orders = [tuple(row.tolist()) for row in perms]
    known = [all(0 <= i < N for i in row) for row in orders]
    inputs = sum(known[j] and torch.equal(xm[:, j], x[perms[j].long()]) for j in range(M))
    labels = sum(known[j] and torch.equal(ym[:, j], y[perms[j].long()]) for j in range(M))
    return {
        "shapes of xm, ym and perms": shapes,
        "rows of perms in which every sample is once": sum(sorted(row) == list(range(N)) for row in orders),
        "different rows of perms": len(set(orders)),
        "heads with the inputs of their row of perms": float(inputs),
        "heads with the labels of their row of perms": float(labels),
    }


def _law(student, M, seed):
    """Statistics of the orders of five samples for M heads."""
    x, y = torch.arange(5.0)[:, None], torch.arange(5)
    perms = torch.as_tensor(student.mimo_batch(x, y, M, torch.Generator().manual_seed(seed))[2])
    if tuple(perms.shape) != (M, 5):
        return {"shape of perms": tuple(perms.shape)}
    one, two = perms[:, 0], perms[:, 1]
    return {
        "heads next to each other that begin with the same sample": chance.share(
            (one[::2] == one[1::2]).sum(), M // 2, 0.2
        ),
        "all samples come first equally often": chance.shares(_counts(one, 5), 0.2),
        "all pairs come first equally often": chance.shares(_counts(5 * one + two, 25)[PAIRS], 1 / 20),
    }


@part("batch")
def test_batch(compare, rng):
    """Each head has all samples in an order of its own, with the labels that belong to them; one head or several."""
    for M in (4, 1):
        y = torch.from_numpy(rng.permutation(100)[:20])
        compare(_batch, _normal(rng, 20, 3), y, M, _seed(rng))
    compare(_batch, _normal(rng, 25, 1).float(), _normal(rng, 25), 2, _seed(rng))


@part("batch")
def test_law(compare, rng):
    """All orders are equally likely, and the order of one head says nothing about that of another."""
    compare(_law, 600, _seed(rng))


@part("batch", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from the generator: equal ones give equal orders, the next call other ones, nothing else changes."""
    compare(_generator, _normal(rng, 20, 2), torch.arange(20), 3, _seed(rng))


@part("batch", supporting=True)
def test_bad_batch(compare, rng):
    """Fewer than one head is refused."""
    for M in (0, -1):
        generator = torch.Generator().manual_seed(1)
        compare.refuses("mimo_batch", _normal(rng, 4, 2), torch.arange(4), M, generator, naming=("M",))


# ---- loss ------------------------------------------------------------------------------------------------


def _gradient(student, logits, ym, upstream):
    loss_of = student.imported("functools").partial(student.mimo_loss, ym=ym)
    _, (gradient,), _ = vjp(loss_of, logits, upstream=upstream)
    return {"gradient of the logits": gradient}


def _kind(student, logits, ym):
    return {"the loss is a tensor": torch.is_tensor(student.mimo_loss(logits, ym))}


def _labels(rng, N, M, C):
    return torch.from_numpy(rng.integers(C, size=(N, M)))


@part("loss")
def test_loss(compare, rng):
    """The mean over samples and heads of the cross-entropies, with a label for each head; one head or several."""
    for N, M, C in ((5, 3, 4), (4, 1, 3), (6, 2, 7), (3, 3, 3)):
        compare("mimo_loss", 2 * _normal(rng, N, M, C), _labels(rng, N, M, C))


@part("loss", supporting=True)
def test_gradient(compare, rng):
    """The loss is a tensor that can be differentiated with respect to the logits."""
    compare(_kind, _normal(rng, 4, 3, 5), _labels(rng, 4, 3, 5))
    compare(_gradient, _normal(rng, 4, 3, 5), _labels(rng, 4, 3, 5), torch.tensor(rng.uniform(1, 2)))


# ---- predict ---------------------------------------------------------------------------------------------


def _predict(student, weight, bias, x, M):
    """A net that flattens its M inputs, applies a linear layer and gives each head its share of the outputs."""
    nn = student.imported("torch.nn")
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    model = nn.Sequential(nn.Flatten(), linear, nn.Unflatten(1, (M, len(bias) // M))).to(dtype=x.dtype)
    linear.load_state_dict({"weight": weight, "bias": bias})
    return {"p": student.mimo_predict(model, x, M)}


@part("predict")
def test_predict(compare, rng):
    """All inputs of the net are the same sample; the result is the mean over the heads of their probabilities."""
    for N, M, D, C in ((5, 3, 2, 4), (4, 2, 3, 5), (3, 3, 3, 3)):
        compare(_predict, _normal(rng, M * C, M * D), _normal(rng, M * C), _normal(rng, N, D), M)
    compare(_predict, _normal(rng, 12, 6).float(), _normal(rng, 12).float(), _normal(rng, 5, 2).float(), 3)


@part("predict")
def test_predict_with_one_head(compare, rng):
    """With one head the net is an ordinary one; a batch may have a single sample."""
    for N in (4, 1):
        compare(_predict, _normal(rng, 3, 2), _normal(rng, 3), _normal(rng, N, 2), 1)


@part("predict")
def test_rows_are_probabilities(student, rng):
    """Each row of a prediction is positive and adds up to 1, and it does not depend on the other samples."""
    M, D, C = 2, 3, 4
    weight, bias, x = _normal(rng, M * C, M * D), _normal(rng, M * C), _normal(rng, 5, D)
    p = _predict(student, weight, bias, x, M)["p"].detach()
    assert tuple(p.shape) == (5, C), "the prediction should have shape (N, C)"
    assert bool((p > 0).all()), "a probability is not positive"
    assert torch.allclose(p.sum(1), torch.ones(5).double(), atol=1e-8), "a row does not add up to 1"
    assert float(p.std(0).max()) > 1e-6, "the prediction does not depend on x"
    alone = _predict(student, weight, bias, x[2:3], M)["p"].detach()
    assert torch.allclose(alone, p[2:3], atol=1e-8), "the prediction for a sample depends on the other samples"


@part("predict", supporting=True)
def test_bad_predict(compare, rng):
    """Fewer than one head is refused."""
    for M in (0, -3):
        compare.refuses("mimo_predict", _itself, _normal(rng, 4, 2), M, naming=("M",))


def _itself(x):
    return x
