"""Hidden tests of mc_dropout_predict and predictive_scores.

With p = 1 an active dropout layer does the same for everyone, and so does one with p = 0: most tests leave nothing to
chance. Masks are read from the predictions of a model that has one class for each unit; how often units are kept, and
kept twice, are counts with binomial laws (`traindeep.chance`).
"""

import numpy as np
import torch
from traindeep import chance

from autograder.exercise import part

PARTS = {"passes": 2, "batch norm and modes": 2, "scores": 2}

# A layer that is called as the course's own and no kin of torch's: made on the student's side, of torch's parts.
OWN = """lambda nn: type("InvertedDropout", (nn.Module,), {
    "forward": lambda self, x: nn.functional.dropout(x, self.p, self.training)
})()"""


def _dropout(student, kind, p):
    nn = student.imported("torch.nn")
    if kind != "InvertedDropout":
        return getattr(nn, kind)(p)
    layer = student.imported("builtins").eval(OWN)(nn)
    layer.p = p
    return layer


def _weights(rng):
    return {
        "conv": _normal(rng, 3, 2, 1, 1),
        "mean": _normal(rng, 3),
        "var": torch.from_numpy(rng.uniform(0.3, 4, 3)),
        "linear": _normal(rng, 5, 18),
        "bias": _normal(rng, 5),
    }


def _normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _network(student, weights, kind, p):
    """Images (N, 2, 2, 3) to logits (N, 5): convolution, batch norm, dropout in a block, linear; in evaluation."""
    nn = student.imported("torch.nn")
    conv, bn, last = nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3), nn.Linear(18, 5)
    model = nn.Sequential(conv, bn, nn.Sequential(_dropout(student, kind, p), nn.Flatten()), last).double()
    conv.load_state_dict({"weight": weights["conv"]})
    learned = {"weight": torch.tensor([1.5, 0.5, -1.0]), "bias": torch.tensor([0.0, 0.3, -0.5])}
    stored = {"running_mean": weights["mean"], "running_var": weights["var"], "num_batches_tracked": torch.tensor(7)}
    bn.load_state_dict(learned | stored)
    last.load_state_dict({"weight": weights["linear"], "bias": weights["bias"]})
    return model.eval()


# ---- passes ----------------------------------------------------------------------------------------------

KINDS = ("Dropout", "Dropout2d", "InvertedDropout")


def _probs(student, weights, kind, p, x, passes):
    return student.mc_dropout_predict(_network(student, weights, kind, p), x, passes)


def _everything_dropped(student, weights, x):
    """What models predict whose dropout layers drop everything: every kind, inside a block, in and out of training."""
    out = {f"probs with {kind}": _probs(student, weights, kind, 1.0, x, 3) for kind in KINDS}
    model = _network(student, weights, "Dropout", 1.0).train()
    first = _reader(student, "Dropout", 1.0, 4).eval()
    return out | {
        "probs of a model in training": student.mc_dropout_predict(model, x, 2),
        "probs with dropout on the first level": student.mc_dropout_predict(first, torch.ones(2, 4), 2),
    }


def _reader(student, kind, p, units):
    """Rows to logits of one class for each unit, and of a class 0 whose logit is 0; in training."""
    nn = student.imported("torch.nn")
    read = nn.Linear(units, units + 1, bias=False)
    read.load_state_dict({"weight": torch.cat([torch.zeros(1, units), torch.eye(units)])})
    return nn.Sequential(_dropout(student, kind, p), nn.Flatten(), read)


def _masks(student, passes, rows, units, seed):
    """Facts about the masks of many passes, for each kind of layer. nn.Dropout2d has channels of two pixels."""
    student.imported("torch").manual_seed(seed)
    facts = {}
    for kind, p in (("Dropout", 0.2), ("InvertedDropout", 0.4), ("Dropout2d", 0.3)):
        shape = (rows, units // 2, 1, 2) if kind == "Dropout2d" else (rows, units)
        probs = student.mc_dropout_predict(_reader(student, kind, p, units), torch.ones(shape), passes)
        facts[f"{kind}: shape of probs"] = " x ".join(map(str, probs.shape))
        if tuple(probs.shape) != (passes, rows, units + 1):
            return facts
        facts |= {f"{kind}: {fact}": value for fact, value in _facts(probs, 1 - p, kind == "Dropout2d").items()}
    return facts


def _facts(probs, keep, channels):
    kept = (probs[..., 1:] > 1.2 * probs[..., :1]).numpy()
    first = kept[..., ::2] if channels else kept  # one pixel of each channel
    whole = torch.ones(probs.shape[-1])
    whole[0] = 0
    return {
        "share kept": chance.share(first.sum(), first.size, keep),
        "share kept in two passes": chance.share((first[::2] & first[1::2]).sum(), first.size // 2, keep**2),
        "share kept in two rows": chance.share((first[:, ::2] & first[:, 1::2]).sum(), first.size // 2, keep**2),
        "neighbours share their fate": bool((kept[..., ::2] == kept[..., 1::2]).all()),
        "predictions are those without dropout": bool(((probs - whole.softmax(0)).abs() < 1e-4).all()),
    }


def _repeated(student, seed):
    """What a global seed does: the same seed gives the same passes, and the next call others."""
    torchs, model, x = student.imported("torch"), _reader(student, "Dropout", 0.4, 30), torch.ones(4, 30)
    torchs.manual_seed(seed)
    one, next_one = (student.mc_dropout_predict(model, x, 3) for _ in range(2))
    torchs.manual_seed(seed)
    again = student.mc_dropout_predict(model, x, 3)
    return {
        "the same seed gives the same passes": bool(torch.equal(one, again)),
        "the next call gives other passes": not torch.equal(one, next_one),
        "passes differ": not torch.equal(one[0], one[-1]),
    }


@part("passes")
def test_everything_dropped(compare, rng):
    """With p = 1 the bias of the last layer decides alone, whichever kind of dropout layer the model has, and wherever."""
    compare(_everything_dropped, _weights(rng), _normal(rng, 4, 2, 2, 3))


@part("passes")
def test_masks(compare, rng):
    """Units and channels are dropped at the rate of the layer, independently in every pass and every row."""
    compare(_masks, passes=20, rows=24, units=20, seed=int(rng.integers(2**32)))


@part("passes", supporting=True)
def test_repeated(compare, rng):
    """The passes come from torch's random numbers: a seed repeats them, and without one they differ."""
    compare(_repeated, seed=int(rng.integers(2**32)))


@part("passes", supporting=True)
def test_bad_input(compare, rng):
    """Fewer than one pass is refused, and a model in which nothing is dropped."""
    weights, x = _weights(rng), _normal(rng, 3, 2, 2, 3)
    for wrong in (0, -1):
        compare.refuses(_probs, weights, "Dropout", 0.5, x, wrong, naming=("T",))
    compare.refuses(_no_dropout, x, naming=("model",))


def _no_dropout(student, x):
    nn = student.imported("torch.nn")
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(18, 5)).double()
    return student.mc_dropout_predict(model, x, 2)


# ---- batch norm and modes --------------------------------------------------------------------------------


def _with_batch_norm(student, weights, kind, x, training):
    """Probabilities without any dropping, of the batch and of its first row alone."""
    model = _network(student, weights, kind, 0.0).train(training)
    return {
        "probs": student.mc_dropout_predict(model, x, 2),
        "probs of one row": student.mc_dropout_predict(model, x[:1], 1),
    }


def _modes(student, weights, x):
    """Of a model in training with a frozen part, and of one in evaluation with a part that is not."""
    training, evaluation = (_network(student, weights, "Dropout", 0.3) for _ in range(2))
    training.train()
    training[1].eval()
    evaluation[2].train()
    for model in (training, evaluation):
        student.mc_dropout_predict(model, x, 2)
    return {
        "training of each module of a model in training": [module.training for module in training.modules()],
        "training of each module of a model in evaluation": [module.training for module in evaluation.modules()],
    }


def _state(student, weights, x):
    model = _network(student, weights, "InvertedDropout", 0.3).train()
    probs = student.mc_dropout_predict(model, x, 3)
    parameters = list(model.named_parameters())
    return {
        "parameters and buffers": {name: value.detach() for name, value in model.state_dict().items()},
        "parameters with a .grad": " ".join(name for name, value in parameters if value.grad is not None),
        "parameters without requires_grad": " ".join(name for name, value in parameters if not value.requires_grad),
        "probs.requires_grad": bool(probs.requires_grad),
    }


def _frozen_dropout(student, weights, x):
    """p = 1 in models in training whose dropout layer is in evaluation, and in one where it is not."""
    block, first, usual = (
        _network(student, weights, "Dropout", 1.0).train(),
        _reader(student, "Dropout", 1.0, 4),
        _reader(student, "Dropout", 1.0, 4),
    )
    block[2].eval()
    first[0].eval()
    return {
        "probs with a frozen layer in a block": student.mc_dropout_predict(block, x, 2),
        "probs with a frozen layer": student.mc_dropout_predict(first, torch.ones(2, 4), 2),
        "probs with a layer in training": student.mc_dropout_predict(usual, torch.ones(2, 4), 2),
    }


@part("batch norm and modes")
def test_batch_norm(compare, rng):
    """Batch norm uses what it has stored, whatever the mode of the model, and rows do not depend on each other."""
    weights, x = _weights(rng), 2 * _normal(rng, 4, 2, 2, 3) + 1
    for kind, training in (("Dropout", True), ("InvertedDropout", False), ("Dropout2d", True)):
        compare(_with_batch_norm, weights, kind, x, training)


@part("batch norm and modes")
def test_frozen_dropout(compare, rng):
    """A dropout layer that was in evaluation mode is on during the passes."""
    compare(_frozen_dropout, _weights(rng), _normal(rng, 3, 2, 2, 3))


@part("batch norm and modes", supporting=True)
def test_modes(compare, rng):
    """Every module is afterwards in the mode it was in, also where modules of one model differ."""
    compare(_modes, _weights(rng), _normal(rng, 3, 2, 2, 3))


@part("batch norm and modes", supporting=True)
def test_state(compare, rng):
    """Parameters and buffers are afterwards what they were; no gradients are computed or kept."""
    compare(_state, _weights(rng), _normal(rng, 4, 2, 2, 3))


# ---- scores ----------------------------------------------------------------------------------------------


@part("scores")
def test_scores(compare, rng):
    """Average, entropy of the average, and mutual information, for passes that disagree."""
    for passes, rows, classes, spread in ((4, 3, 5, 1.0), (6, 2, 3, 0.3), (3, 3, 3, 5.0)):
        compare("predictive_scores", torch.from_numpy(rng.dirichlet([spread] * classes, size=(passes, rows))))


@part("scores")
def test_scores_with_zeros(compare, rng):
    """Probabilities may be 0: sure passes that contradict each other, and sure passes that agree."""
    probs = torch.eye(3, dtype=torch.float64)[torch.from_numpy(rng.integers(3, size=(6, 4)))]
    probs[:, 0] = probs[0, 0]
    probs[0, 1], probs[1:, 1] = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0.25, 0.75])
    compare("predictive_scores", probs)


@part("scores")
def test_scores_are_consistent(student, rng):
    """The mutual information is not negative, not above the entropy, and 0 where all passes agree."""
    probs = torch.from_numpy(rng.dirichlet([0.5] * 4, size=(5, 6)))
    probs[:, 0] = probs[0, 0]
    scores = student.predictive_scores(probs)
    entropy, info = (np.asarray(scores[name]) for name in ("entropy", "mutual_info"))
    assert entropy.shape == info.shape == (6,), "the scores do not have the shape (N,)"
    assert np.all(info > -1e-7), "a mutual information is negative"
    assert np.all(info <= entropy + 1e-7), "a mutual information is above the entropy"
    assert np.all(entropy <= np.log(4) + 1e-7), "an entropy is above that of four equal probabilities"
    assert abs(info[0]) < 1e-6, "passes that agree have a mutual information"
    assert info[1:].min() > 1e-3, "passes that disagree have no mutual information"


@part("scores")
def test_scores_of_single_precision(compare, rng):
    """float32 does as well, and a single pass has nobody to disagree with."""
    probs = torch.from_numpy(rng.dirichlet([1.0] * 3, size=(5, 4))).float()
    compare("predictive_scores", probs)
    compare("predictive_scores", probs[:1])
