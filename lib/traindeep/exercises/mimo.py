"""Several inputs, several outputs: an ensemble inside one network."""

import math

import torch

from traindeep import chance

SIGNATURES = {
    "mimo_batch": "x, y, M, generator -> xm, ym, perms",
    "mimo_loss": "logits, ym -> loss",
    "mimo_predict": "model, x, M -> p",
}
HINTS = (
    "In training, what does head 2 know about the input of head 1? It should be nothing, so each head needs an order of "
    "its own. At test time, what do the M inputs have to be for the heads to answer the same question?",
    "Draw M permutations. Row j says which sample head j gets at each place: inputs and labels are picked with the same "
    "row. The loss treats (sample, head) as one long batch. For predictions repeat x along a new axis 1, take softmax over "
    "the classes first and the mean over the heads second.",
    "torch.randperm(N, generator=generator) for each head, torch.stack for perms; x[perms[j]] are the inputs of head j, and "
    "torch.stack([...], dim=1) has shape (N, M, D). F.cross_entropy(logits.flatten(0, 1), ym.flatten()) is a mean over "
    "both. x[:, None].expand(-1, M, -1) repeats x.",
)


def _batch(student, x, y, M, seed):
    """The heads are looked at one by one, with the orders that were drawn."""
    N = len(x)
    xm, ym, perms = student.mimo_batch(x, y, M, torch.Generator().manual_seed(seed))
    shapes = {"shapes of xm, ym, perms": [list(value.shape) for value in (xm, ym, perms)]}
    if shapes["shapes of xm, ym, perms"] != [[N, M, x.shape[1]], [N, M], [M, N]]:
        return shapes
    orders = [tuple(row.tolist()) for row in perms]
    return shapes | {
        "rows of perms in which every sample is once": sum(sorted(row) == list(range(N)) for row in orders),
        "different rows of perms": len(set(orders)),
        "heads with inputs x[perms[j]]": sum(torch.equal(xm[:, j], x[perms[j].long()]) for j in range(M)),
        "heads with labels y[perms[j]]": sum(torch.equal(ym[:, j], y[perms[j].long()]) for j in range(M)),
    }


def _law(student, M, seed):
    """Statistics of the orders of five samples for many heads. Plausible shares are shown as what they should be."""
    x, y = torch.arange(5.0)[:, None], torch.arange(5)
    perms = torch.as_tensor(student.mimo_batch(x, y, M, torch.Generator().manual_seed(seed))[2])
    if tuple(perms.shape) != (M, 5):
        return {"shape of perms": list(perms.shape)}
    one, two = perms[:, 0], perms[:, 1]
    return {
        "heads next to each other begin with the same sample": chance.share((one[::2] == one[1::2]).sum(), M // 2, 0.2),
        "all samples are at place 0 equally often": chance.shares(_counts(one, 5), 0.2),
        "all pairs are at the places 0 and 1 equally often": chance.shares(_counts(one * 5 + two, 25)[_PAIRS], 1 / 20),
    }


def _counts(values, number):
    return torch.bincount(values.long().flatten().clamp(0, number - 1), minlength=number).numpy()


_PAIRS = [5 * a + b for a in range(5) for b in range(5) if a != b]


def _generator(student, x, y, M, seed):
    # Not torch.manual_seed: that would also touch the devices of a machine that has some.
    torch_ = student.imported("torch")
    before = torch_.get_rng_state()
    first, again = (torch.Generator().manual_seed(seed) for _ in range(2))
    one, next_one = (student.mimo_batch(x, y, M, first)[2] for _ in range(2))
    repeated = student.mimo_batch(x, y, M, again)[2]
    return {
        "the same seed gives the same orders": bool(torch.equal(one, repeated)),
        "the next call gives other orders": not torch.equal(one, next_one),
        "torch's global generator is left alone": bool(torch.equal(before, torch_.get_rng_state())),
    }


def _loss(student, logits, ym):
    loss = student.mimo_loss(logits, ym)
    return {"loss is a tensor": torch.is_tensor(loss), "loss": loss}


def _predict(student, weight, bias, x, M):
    """A net that flattens its M inputs, applies a linear layer and gives each head its share of the outputs."""
    nn = student.imported("torch.nn")
    model = nn.Sequential(nn.Flatten(), nn.Linear(weight.shape[1], weight.shape[0]), nn.Unflatten(1, (M, -1))).double()
    model[1].load_state_dict({"weight": weight, "bias": bias})
    return {"p": student.mimo_predict(model, x, M)}


def _numbers(*shape):
    """Different numbers from -2 to 2, in an order that looks random."""
    n = math.prod(shape)
    return (2 * torch.sin(torch.arange(1.0, n + 1, dtype=torch.float64) ** 2)).reshape(shape)


def test_batch(student, compare):
    """Head j gets the samples x[perms[j]] with the labels y[perms[j]]; each row of perms is an order of its own."""
    compare(_batch, _numbers(20, 3), torch.arange(20) + 100, 4, seed=1)
    compare(_batch, _numbers(20, 2), torch.arange(20), 1, seed=2)


def test_orders_are_independent(student, compare):
    """Over 600 heads all orders are equally likely, and an order says nothing about the next one."""
    compare(_law, 600, seed=3)


def test_generator(student, compare):
    """All randomness comes from the generator: the same seed gives the same orders, and the next call gives others."""
    compare(_generator, _numbers(20, 2), torch.arange(20), 3, seed=4)


def test_loss_by_hand(student, compare):
    """If all classes have the same logit, the loss is log C; here C = 3, with 2 samples and 2 heads."""
    compare(_loss, torch.zeros(2, 2, 3, dtype=torch.float64), torch.tensor([[0, 1], [2, 0]]))


def test_loss(student, compare):
    """The loss is the mean of the cross-entropies of all heads and all samples."""
    compare(_loss, 2 * _numbers(4, 3, 5), torch.tensor([[0, 1, 4], [2, 0, 3], [1, 1, 2], [4, 3, 0]]))


def test_predict(student, compare):
    """All inputs are the same sample, and the probabilities of the heads are averaged."""
    compare(_predict, _numbers(8, 6), _numbers(8), _numbers(3, 3), 2)
    compare(_predict, 2 * _numbers(9, 6), _numbers(9), _numbers(5, 2), 3)


def test_bad_input(student, compare):
    """Fewer than one head is a ValueError that names M."""
    x, y = _numbers(4, 2), torch.arange(4)
    compare.refuses("mimo_batch", x, y, 0, torch.Generator().manual_seed(0), naming=("M",))
    compare.refuses("mimo_predict", _same, x, 0, naming=("M",))


def _same(x):
    return x
