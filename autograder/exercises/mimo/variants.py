"""Right answers to mimo_batch, mimo_loss and mimo_predict, written in other ways."""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.exercise import replaces


def _heads(M):
    if M < 1:
        raise ValueError(f"M = {M}: at least one head")
    return M


@replaces("mimo_batch")
def argsort_of_rand(x, y, M, generator):
    """argsort of uniform numbers for all heads at once; gather."""
    N, D = x.shape
    perms = torch.rand(_heads(M), N, generator=generator, dtype=torch.float64).argsort(1)
    xm = torch.gather(x[None].expand(M, N, D), 1, perms[..., None].expand(M, N, D))
    return xm.permute(1, 0, 2), torch.gather(y[None].expand(M, N), 1, perms).t(), perms


@replaces("mimo_batch")
def first_head_in_order(x, y, M, generator):
    """The first head keeps the order of the batch, the others are permuted; index_select."""
    perms = [torch.arange(len(x))] if _heads(M) > 1 else []
    while len(perms) < M:
        perms.append(torch.randperm(len(x), generator=generator))
    xm = torch.stack([x.index_select(0, order) for order in perms], dim=1)
    return xm, torch.stack([y.index_select(0, order) for order in perms], dim=1), torch.stack(perms)


@replaces("mimo_batch")
def multinomial(x, y, M, generator):
    """torch.multinomial without replacement; a list is returned, with int32 perms."""
    perms = torch.multinomial(torch.ones(_heads(M), len(x)), len(x), generator=generator)
    return [x[perms].transpose(0, 1).contiguous(), y[perms].T.contiguous(), perms.int()]


@replaces("mimo_batch")
def swaps(x, y, M, generator):
    """Fisher and Yates, by hand."""
    N = len(x)
    perms = torch.arange(N).repeat(_heads(M), 1)
    rows = torch.arange(M)
    for i in range(N - 1, 0, -1):
        j = torch.randint(i + 1, (M,), generator=generator)
        perms[rows, i], perms[rows, j] = perms[rows, j].clone(), perms[rows, i].clone()
    return x[perms.T, :], y[perms.T], perms


@replaces("mimo_batch")
def numpy_generator(x, y, M, generator):
    """A NumPy generator with a seed from the torch generator."""
    rng = np.random.default_rng(torch.randint(2**62, (1,), generator=generator).item())
    perms = torch.from_numpy(rng.permuted(np.tile(np.arange(len(x)), (_heads(M), 1)), axis=1))
    return torch.stack([x[p] for p in perms], 1), torch.stack([y[p] for p in perms], 1), perms


@replaces("mimo_loss")
def head_by_head(logits, ym):
    """The mean of the losses of the heads."""
    losses = [F.cross_entropy(logits[:, j], ym[:, j]) for j in range(logits.shape[1])]
    return sum(losses) / len(losses)


@replaces("mimo_loss")
def picked_logarithms(logits, ym):
    """log_softmax, and the entry of each label."""
    log_p = logits - logits.logsumexp(dim=-1, keepdim=True)
    return -torch.gather(log_p, 2, ym.unsqueeze(2)).mean()


@replaces("mimo_loss")
def classes_on_axis_1(logits, ym):
    """cross_entropy with the classes on axis 1."""
    return F.cross_entropy(logits.permute(0, 2, 1), ym, reduction="mean")


@replaces("mimo_predict")
def stacked(model, x, M):
    """Copies stacked, exp over its sum, without gradients."""
    with torch.no_grad():
        logits = model(torch.stack([x for _ in range(_heads(M))], dim=1))
        e = (logits - logits.amax(-1, keepdim=True)).exp()
        return (e / e.sum(-1, keepdim=True)).sum(1) / M


@replaces("mimo_predict")
def in_evaluation(model, x, M):
    """The mode is put to evaluation and back; einsum over the heads."""
    if M <= 0:
        raise ValueError("M")
    mode = model.training
    model.eval()
    p = F.softmax(model(x.unsqueeze(1).expand(len(x), M, x.size(1))), dim=-1)
    model.train(mode)
    return torch.einsum("nmc->nc", p) / M


@replaces("mimo_predict")
def sample_by_sample(model, x, M):
    """One sample at a time."""
    _heads(M)
    return torch.cat([model(row.repeat(1, M, 1)).softmax(2).mean(1) for row in x])
