"""MIMO against plain loops, torch's losses and a net whose heads are separate networks."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import chance
from traindeep.reference.mimo import mimo_batch, mimo_loss, mimo_predict

torch.set_num_threads(1)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(8)


def test_batch_entry_by_entry(generator):
    """xm[i, j] is x[perms[j, i]] and ym[i, j] is y[perms[j, i]], each row of perms is a permutation of its own."""
    x, y = torch.randn(7, 3, generator=generator), torch.randint(5, (7,), generator=generator)
    for M in (1, 4):
        xm, ym, perms = mimo_batch(x, y, M, generator)
        assert (xm.shape, ym.shape, perms.shape) == ((7, M, 3), (7, M), (M, 7))
        for i, j in itertools.product(range(7), range(M)):
            assert torch.equal(xm[i, j], x[perms[j, i]])
            assert ym[i, j] == y[perms[j, i]]
        assert all(sorted(row) == list(range(7)) for row in perms.tolist())
        assert len({tuple(row) for row in perms.tolist()}) == M


def test_all_orders_are_equally_likely(generator):
    """3000 heads of three samples: the 6 orders, and the 36 pairs of orders of neighbouring heads."""
    _, _, perms = mimo_batch(torch.zeros(3, 1), torch.zeros(3), 3000, generator)
    number = {order: n for n, order in enumerate(itertools.permutations(range(3)))}
    orders = torch.tensor([number[tuple(row)] for row in perms.tolist()])
    assert chance.shares(torch.bincount(orders, minlength=6).numpy(), 1 / 6)
    assert chance.shares(torch.bincount(6 * orders[::2] + orders[1::2], minlength=36).numpy(), 1 / 36)


def test_batch_follows_its_generator():
    """Equal generators give equal batches, the next one differs, and torch's own generator is left alone."""
    x, y, before = torch.randn(9, 2), torch.arange(9), torch.get_rng_state()
    one, two = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    first, second = mimo_batch(x, y, 3, one)[2], mimo_batch(x, y, 3, one)[2]
    assert torch.equal(first, mimo_batch(x, y, 3, two)[2])
    assert not torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_loss_is_the_mean_over_heads(generator):
    """The mean of the cross-entropies of the heads, and its gradient against central differences."""
    logits = torch.randn(5, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    ym = torch.randint(4, (5, 3), generator=generator)
    heads = [F.cross_entropy(logits[:, j], ym[:, j]) for j in range(3)]
    torch.testing.assert_close(mimo_loss(logits, ym), torch.stack(heads).mean())
    assert torch.autograd.gradcheck(lambda z: mimo_loss(z, ym), logits)


class Separate(nn.Module):
    """M networks side by side: head j looks at input j only."""

    def __init__(self, M, D, C):
        super().__init__()
        self.nets = nn.ModuleList(nn.Linear(D, C) for _ in range(M))

    def forward(self, xm):
        return torch.stack([net(xm[:, j]) for j, net in enumerate(self.nets)], dim=1)


def test_prediction_of_separate_networks_is_their_ensemble(generator):
    """Where every head has a network of its own, the prediction is the mean of what these say about the sample."""
    model, x = Separate(3, 4, 5), torch.randn(6, 4, generator=generator)
    expected = torch.stack([net(x).softmax(1) for net in model.nets]).mean(0)
    torch.testing.assert_close(mimo_predict(model, x, 3), expected)
    for mode in (True, False):
        model.train(mode)
        mimo_predict(model, x, 3)
        assert model.training is mode


def test_every_input_is_the_sample(generator):
    """The model is asked once, about M copies of each sample."""
    seen, x = [], torch.randn(6, 4, generator=generator)

    def model(xm):
        seen.append(xm)
        return xm

    p = mimo_predict(model, x, 3)
    assert len(seen) == 1
    assert all(torch.equal(seen[0][:, j], x) for j in range(3))
    torch.testing.assert_close(p.sum(1), torch.ones(6))


def test_refusals(generator):
    """Fewer than one head."""
    with pytest.raises(ValueError, match="M must"):
        mimo_batch(torch.ones(3, 2), torch.ones(3), 0, generator)
    with pytest.raises(ValueError, match="M must"):
        mimo_predict(nn.Identity(), torch.ones(3, 2), -1)
