"""Believable wrong answers to mimo_batch, mimo_loss and mimo_predict. Each docstring is what a good tutor would say."""

import torch
import torch.nn.functional as F

from autograder.exercise import replaces

# ---- batch -----------------------------------------------------------------------------------------------


def _orders(x, M, generator):
    if M < 1:
        raise ValueError("M must be at least 1")
    return torch.stack([torch.randperm(len(x), generator=generator) for _ in range(M)])


def _picked(x, y, perms):
    return x[perms.T], y[perms.T], perms


@replaces("mimo_batch")
def same_order_for_all(x, y, M, generator):
    """All your heads get the samples in the same order, so all inputs are one sample, and the heads never become independent. Draw an order for each head."""
    return _picked(x, y, _orders(x, M, generator)[:1].repeat(M, 1))


@replaces("mimo_batch")
def labels_not_permuted(x, y, M, generator):
    """You permute the inputs and leave the labels where they were. Each head then learns wrong labels: pick them with the same row of perms."""
    xm, _, perms = _picked(x, y, _orders(x, M, generator))
    return xm, y[:, None].repeat(1, M), perms


@replaces("mimo_batch")
def labels_of_the_first_head(x, y, M, generator):
    """All your heads get the labels of the first one. Each head has samples of its own, and labels that belong to them."""
    xm, ym, perms = _picked(x, y, _orders(x, M, generator))
    return xm, ym[:, :1].repeat(1, M), perms


@replaces("mimo_batch")
def inputs_not_permuted(x, y, M, generator):
    """You permute the labels and leave the inputs where they were. Pick both with the same row of perms."""
    _, ym, perms = _picked(x, y, _orders(x, M, generator))
    return x[:, None].repeat(1, M, 1), ym, perms


@replaces("mimo_batch")
def put_instead_of_picked(x, y, M, generator):
    """You put sample i at place perms[j, i] instead of picking sample perms[j, i] for place i. That is the inverse order of the one that you return."""
    perms = _orders(x, M, generator)
    return *_picked(x, y, perms.argsort(dim=1))[:2], perms


@replaces("mimo_batch")
def with_replacement(x, y, M, generator):
    """You draw samples with replacement, as for bagging. Here every head sees each sample of the batch once, in an order of its own."""
    _orders(x, M, generator)
    return _picked(x, y, torch.randint(len(x), (M, len(x)), generator=generator))


@replaces("mimo_batch")
def rotated(x, y, M, generator):
    """Head j gets the order of the first head, moved on by j. Knowing one input a network knows the next: draw each order by itself."""
    base = _orders(x, M, generator)[0]
    return _picked(x, y, torch.stack([base.roll(-j) for j in range(M)]))


@replaces("mimo_batch")
def random_rotations(x, y, M, generator):
    """You move the batch on by a random number of places. Neighbours stay neighbours then: all orders have to be possible."""
    _orders(x, M, generator)
    start = torch.randint(len(x), (M, 1), generator=generator)
    return _picked(x, y, (torch.arange(len(x)) + start) % len(x))


@replaces("mimo_batch")
def heads_first(x, y, M, generator):
    """Your heads are on axis 0. The samples come first, as in every batch: xm is (N, M, D) and ym is (N, M)."""
    perms = _orders(x, M, generator)
    return x[perms], y[perms], perms


@replaces("mimo_batch")
def perms_transposed(x, y, M, generator):
    """Your perms have a column for each head. A row of perms belongs to a head: the shape is (M, N)."""
    xm, ym, perms = _picked(x, y, _orders(x, M, generator))
    return xm, ym, perms.T


@replaces("mimo_batch")
def global_generator(x, y, M, generator):
    """You draw from torch's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _picked(x, y, _orders(x, M, None))


@replaces("mimo_batch")
def own_generator(x, y, M, generator):
    """You make a generator of your own with a fixed seed, so every batch is put together in the same way. Use the one that you are given."""
    return _picked(x, y, _orders(x, M, torch.Generator().manual_seed(0)))


@replaces("mimo_batch")
def fresh_generator(x, y, M, generator):
    """You make a generator of your own with a random seed, so nobody can repeat the experiment. Use the one that you are given."""
    own = torch.Generator()
    own.seed()
    return _picked(x, y, _orders(x, M, own))


# ---- loss ------------------------------------------------------------------------------------------------


@replaces("mimo_loss")
def summed_over_heads(logits, ym):
    """You add the losses of the heads up, as the paper does. Here they are averaged, so that the learning rate does not depend on M."""
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten()) * logits.shape[1]


@replaces("mimo_loss")
def summed_over_everything(logits, ym):
    """You add up over samples and heads. The loss is a mean, or the steps grow with the batch."""
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten(), reduction="sum")


@replaces("mimo_loss")
def loss_of_the_first_head(logits, ym):
    """Your loss is that of the first head. The others would never be trained: average over all of them."""
    return F.cross_entropy(logits[:, 0], ym[:, 0])


@replaces("mimo_loss")
def heads_averaged_first(logits, ym):
    """You average the logits of the heads before the loss. In training each head has its own sample and label, so each has its own loss."""
    mean = logits.mean(dim=1, keepdim=True).expand_as(logits)
    return F.cross_entropy(mean.flatten(0, 1), ym.flatten())


@replaces("mimo_loss")
def labels_in_another_order(logits, ym):
    """You flatten the logits sample by sample and the labels head by head. Then most logits meet the label of another head or sample."""
    return F.cross_entropy(logits.flatten(0, 1), ym.T.flatten())


@replaces("mimo_loss")
def softmax_twice(logits, ym):
    """You apply softmax before F.cross_entropy, which does it itself. Pass the logits as they are."""
    return F.cross_entropy(logits.softmax(dim=2).flatten(0, 1), ym.flatten())


@replaces("mimo_loss")
def logarithm_forgotten(logits, ym):
    """You use F.nll_loss on the logits. It expects logarithms of probabilities: log_softmax first, or F.cross_entropy."""
    return F.nll_loss(logits.flatten(0, 1), ym.flatten())


@replaces("mimo_loss")
def softmax_over_heads(logits, ym):
    """You normalize over the heads. The probabilities of the classes of one head add up to 1: the classes are on the last axis."""
    return F.nll_loss(logits.log_softmax(dim=1).flatten(0, 1), ym.flatten())


@replaces("mimo_loss")
def divided_by_the_classes(logits, ym):
    """You take the mean over the classes as well. A cross-entropy adds up over the classes; only the label's term is not 0."""
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten()) / logits.shape[2]


@replaces("mimo_loss")
def loss_as_a_number(logits, ym):
    """You return a Python number. The training calls backward() on it: keep the tensor."""
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten()).item()


# ---- predict ---------------------------------------------------------------------------------------------


def _repeated(x, M):
    if M < 1:
        raise ValueError("M must be at least 1")
    return x[:, None].repeat(1, M, 1)


@replaces("mimo_predict")
def different_inputs(model, x, M):
    """You give the heads different samples, as in training. For a prediction all inputs are the sample that is asked about."""
    _repeated(x, M)
    return model(torch.stack([x.roll(j, dims=0) for j in range(M)], dim=1)).softmax(dim=2).mean(dim=1)


@replaces("mimo_predict")
def samples_mixed_up(model, x, M):
    """You repeat the whole batch and reshape: then neighbouring samples share a row. Repeat along a new axis 1, so that a row has M copies of one sample."""
    _repeated(x, M)
    return model(x.repeat(M, 1).reshape(len(x), M, -1)).softmax(dim=2).mean(dim=1)


@replaces("mimo_predict")
def sample_in_the_first_input_only(model, x, M):
    """You put the sample into the first input and zeros into the others. The other heads never hear of it: repeat it M times."""
    xm = _repeated(x, M).clone()
    xm[:, 1:] = 0
    return model(xm).softmax(dim=2).mean(dim=1)


@replaces("mimo_predict")
def logits_averaged(model, x, M):
    """You average the logits and take softmax then. That is the geometric mean of the heads; the mean of their probabilities is asked for."""
    return model(_repeated(x, M)).mean(dim=1).softmax(dim=1)


@replaces("mimo_predict")
def heads_added_up(model, x, M):
    """You add the probabilities of the heads up, so a row adds up to M. Take the mean."""
    return model(_repeated(x, M)).softmax(dim=2).sum(dim=1)


@replaces("mimo_predict")
def first_head_only(model, x, M):
    """You use the first head only. The others cost nothing more and make the prediction better: average all heads."""
    return model(_repeated(x, M)).softmax(dim=2)[:, 0]


@replaces("mimo_predict")
def heads_not_averaged(model, x, M):
    """You return what each head says. The ensemble has one answer for a sample, the mean over the heads."""
    return model(_repeated(x, M)).softmax(dim=2)


@replaces("mimo_predict")
def predict_softmax_over_heads(model, x, M):
    """Your softmax runs over the heads. It is over the classes, the last axis, that probabilities add up to 1."""
    return model(_repeated(x, M)).softmax(dim=1).mean(dim=1)


@replaces("mimo_predict")
def softmax_forgotten(model, x, M):
    """You average the logits and return them. Probabilities are asked for: softmax, head by head, before the mean."""
    return model(_repeated(x, M)).mean(dim=1)


@replaces("mimo_predict")
def logarithms(model, x, M):
    """You average logarithms of probabilities. That is not the logarithm of the average, and probabilities are asked for."""
    return model(_repeated(x, M)).log_softmax(dim=2).mean(dim=1)


@replaces("mimo_predict")
def votes(model, x, M):
    """You count for which class each head votes. The mean of their probabilities says more: it knows how sure they are."""
    logits = model(_repeated(x, M))
    return F.one_hot(logits.argmax(dim=2), logits.shape[2]).to(logits.dtype).mean(dim=1)
