"""Believable wrong answers to mc_dropout_predict and predictive_scores. Each docstring is what a good tutor would say."""

import contextlib
import math

import torch
from torch import nn

from autograder.exercise import replaces


def _dropouts(model):
    return [m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd) or _is_own(m)]


def _is_own(module):
    return type(module).__name__ == "InvertedDropout"


def _checked(model, T):
    if T < 1:
        raise ValueError("T must be at least 1")
    if not _dropouts(model):
        raise ValueError("model has no dropout layer")


@contextlib.contextmanager
def _restored(model):
    modes = [(m, m.training) for m in model.modules()]
    yield
    for m, mode in modes:
        m.training = mode


def _passes(model, x, T, softmax=lambda s: torch.softmax(s, dim=-1)):
    with torch.no_grad():
        return torch.stack([softmax(model(x)) for _ in range(T)])


def _switch_on(model, layers):
    model.eval()
    for layer in layers:
        layer.train()


# ---- passes ----------------------------------------------------------------------------------------------


@replaces("mc_dropout_predict")
def whole_model_in_training(model, x, T):
    """model.train() switches batch norm to the statistics of the batch as well: rows then depend on each other, and its buffers move. Only dropout layers may be on."""
    _checked(model, T)
    with _restored(model):
        model.train()
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def everything_in_evaluation(model, x, T):
    """model.eval() switches dropout off, so all T passes are the same. Put the dropout layers back into training mode."""
    _checked(model, T)
    with _restored(model):
        model.eval()
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def dropout_as_it_was(model, x, T):
    """You put everything else into evaluation and leave the dropout layers as they are. In a trained model they are off: switch them on."""
    _checked(model, T)
    with _restored(model):
        dropouts = _dropouts(model)
        for m in model.modules():
            if m not in dropouts:
                m.training = False
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def modes_not_restored(model, x, T):
    """The dropout layers are left on, and the rest off. Whoever hands you a model expects it back as it was: write down each mode first."""
    _checked(model, T)
    _switch_on(model, _dropouts(model))
    return _passes(model, x, T)


@replaces("mc_dropout_predict")
def left_in_evaluation(model, x, T):
    """The model is left in evaluation mode. It may have been in training, and the next training step would not know."""
    _checked(model, T)
    _switch_on(model, _dropouts(model))
    probs = _passes(model, x, T)
    model.eval()
    return probs


@replaces("mc_dropout_predict")
def one_mode_for_all(model, x, T):
    """You restore the mode of the model as a whole. Its modules can have different ones, frozen layers for example: write down each."""
    _checked(model, T)
    training = model.training
    _switch_on(model, _dropouts(model))
    probs = _passes(model, x, T)
    model.train(training)
    return probs


@replaces("mc_dropout_predict")
def plain_dropout_only(model, x, T):
    """You switch on nn.Dropout only. nn.Dropout2d is a dropout layer, too, and so is the InvertedDropout of notebook 05."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, [m for m in model.modules() if type(m) is nn.Dropout])
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def torch_layers_only(model, x, T):
    """You switch on torch's dropout layers only. A module of the class InvertedDropout, your own of notebook 05, is one as well."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, [m for m in _dropouts(model) if not _is_own(m)])
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def kin_of_plain_dropout(model, x, T):
    """You ask for instances of nn.Dropout. nn.Dropout2d is not one of them: both are instances of nn.modules.dropout._DropoutNd."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, [m for m in model.modules() if isinstance(m, nn.Dropout) or _is_own(m)])
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def first_level_only(model, x, T):
    """You look at the first level of the model only. A dropout layer inside a block stays off: ask model.modules()."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, [m for m in _dropouts(model) if m in list(model.children())])
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def logits_returned(model, x, T):
    """You return logits. Probabilities are asked for: apply the softmax to the logits of each pass."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T, lambda s: s)


@replaces("mc_dropout_predict")
def logits_averaged(model, x, T):
    """You average the logits and take one softmax at the end. That is another estimate: each pass has probabilities of its own, and their average comes later."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        logits = _passes(model, x, T, lambda s: s)
        return logits.mean(0).softmax(-1).expand_as(logits).clone()


@replaces("mc_dropout_predict")
def already_averaged(model, x, T):
    """You return the average. All T passes are asked for, (T, N, C): how they differ is the point of the second function."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T).mean(0)


@replaces("mc_dropout_predict")
def softmax_over_rows(model, x, T):
    """Your softmax runs over the rows of the batch. Each row has its own probabilities: take the last axis, the classes."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T, lambda s: s.softmax(0))


@replaces("mc_dropout_predict")
def one_pass_repeated(model, x, T):
    """You make one pass and repeat its result. Every pass needs masks of its own: call the model T times."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, 1).expand(T, -1, -1).clone()


@replaces("mc_dropout_predict")
def same_seed_in_every_pass(model, x, T):
    """You seed torch in every pass, so all passes have the same masks. Leave the random numbers to whoever calls you."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        passes = []
        for _ in range(T):
            torch.manual_seed(0)
            passes.append(_passes(model, x, 1)[0])
        return torch.stack(passes)


@replaces("mc_dropout_predict")
def seeded_inside(model, x, T):
    """You seed torch, so two calls give the same passes. Leave the random numbers to whoever calls you."""
    _checked(model, T)
    torch.manual_seed(0)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def row_by_row_masks_shared(model, x, T):
    """Your rows share one mask in each pass, because you reset the seed for every row. Rows are dropped independently: hand the batch to the model."""
    _checked(model, T)
    with _restored(model), torch.no_grad():
        _switch_on(model, _dropouts(model))
        passes = []
        for _ in range(T):
            state = torch.get_rng_state()
            rows = []
            for row in x:
                torch.set_rng_state(state)
                rows.append(model(row[None]).softmax(-1)[0])
            passes.append(torch.stack(rows))
        return torch.stack(passes)


@replaces("mc_dropout_predict")
def rows_first(model, x, T):
    """Your result has the shape (N, T, C). The passes come first."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T).transpose(0, 1).contiguous()


@replaces("mc_dropout_predict")
def with_gradients(model, x, T):
    """Your result carries its autograd history, with all T graphs in memory. Nothing is learned here: use torch.no_grad()."""
    _checked(model, T)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return torch.stack([model(x).softmax(-1) for _ in range(T)])


@replaces("mc_dropout_predict")
def parameters_frozen(model, x, T):
    """You switch requires_grad off and leave it off: afterwards the model cannot be trained any more. torch.no_grad() changes nothing in the model."""
    _checked(model, T)
    model.requires_grad_(False)
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T)


@replaces("mc_dropout_predict")
def statistics_reset(model, x, T):
    """You call reset_running_stats, so batch norm forgets what it has learned. Evaluation mode is all it needs."""
    _checked(model, T)
    for m in model.modules():
        if hasattr(m, "reset_running_stats"):
            m.reset_running_stats()
    with _restored(model):
        _switch_on(model, _dropouts(model))
        return _passes(model, x, T)


# ---- scores ----------------------------------------------------------------------------------------------


def _entropy(q):
    return -torch.xlogy(q, q).sum(-1)


def _scores(probs, **other):
    mean = probs.mean(0)
    total = _entropy(mean)
    return {"mean": mean, "entropy": total, "mutual_info": total - _entropy(probs).mean(0)} | other


@replaces("predictive_scores")
def variance_of_the_passes(probs):
    """Your mutual information is a variance over the passes. Both measure disagreement; the entropy of the average minus the average entropy is asked for."""
    return _scores(probs, mutual_info=probs.var(0, unbiased=False).sum(-1))


@replaces("predictive_scores")
def nan_for_sure_passes(probs):
    """A probability of 0 gives 0 times minus infinity, which is nan. 0 ln 0 counts as 0: torch.xlogy knows."""

    def entropy(q):
        return -(q * q.log()).sum(-1)

    total = entropy(probs.mean(0))
    return _scores(probs, entropy=total, mutual_info=total - entropy(probs).mean(0))


@replaces("predictive_scores")
def cut_off_far_too_early(probs):
    """You keep the logarithm finite by a number that is not small: 0.001 moves every entropy. Treat 0 by itself."""

    def entropy(q):
        return -(q * (q + 1e-3).log()).sum(-1)

    total = entropy(probs.mean(0))
    return _scores(probs, entropy=total, mutual_info=total - entropy(probs).mean(0))


@replaces("predictive_scores")
def bits(probs):
    """Your entropies are in bits. The natural logarithm is asked for: nats."""
    scores = _scores(probs)
    return _scores(probs, **{name: scores[name] / math.log(2) for name in ("entropy", "mutual_info")})


@replaces("predictive_scores")
def share_of_the_largest(probs):
    """You divide the entropies by ln C. They are asked for in nats, between 0 and ln C."""
    scores = _scores(probs)
    return _scores(probs, **{name: scores[name] / math.log(probs.shape[-1]) for name in ("entropy", "mutual_info")})


@replaces("predictive_scores")
def average_entropy(probs):
    """Your entropy is the average of the entropies of the passes. It is the entropy of the average; the difference of the two is the mutual information."""
    return _scores(probs, entropy=_entropy(probs).mean(0))


@replaces("predictive_scores")
def other_way_round(probs):
    """Your mutual information is negative. The entropy of the average is the larger one: subtract the average entropy from it."""
    scores = _scores(probs)
    return scores | {"mutual_info": -scores["mutual_info"]}


@replaces("predictive_scores")
def sign_of_the_entropy(probs):
    """Your entropies are negative: the sum of q ln q has a minus in front."""
    scores = _scores(probs)
    return scores | {"entropy": -scores["entropy"], "mutual_info": -scores["mutual_info"]}


@replaces("predictive_scores")
def average_entropy_for_information(probs):
    """Your mutual information is the average entropy of the passes. That is what is left when they agree; take it off the entropy of the average."""
    return _scores(probs, mutual_info=_entropy(probs).mean(0))


@replaces("predictive_scores")
def log_probabilities_averaged(probs):
    """You average logarithms, that is a geometric mean. The mean of the probabilities themselves is asked for."""
    mean = probs.clamp_min(1e-30).log().mean(0).softmax(-1)
    total = _entropy(mean)
    return {"mean": mean, "entropy": total, "mutual_info": total - _entropy(probs).mean(0)}


@replaces("predictive_scores")
def averaged_over_rows(probs):
    """You average over the rows. Each row has scores of its own: average over the passes, the first axis."""
    mean = probs.mean(1)
    total = _entropy(mean)
    return {"mean": mean, "entropy": total, "mutual_info": total - _entropy(probs).mean(1)}


@replaces("predictive_scores")
def one_number(probs):
    """You average the scores over the rows. Each row has its own: (N,)."""
    scores = _scores(probs)
    return scores | {name: scores[name].mean() for name in ("entropy", "mutual_info")}
