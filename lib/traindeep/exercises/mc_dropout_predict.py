"""Many passes with dropout on, and what their disagreement says."""

import torch
from torch import nn

from traindeep import chance

SIGNATURES = {"mc_dropout_predict": "model, x, T -> probs", "predictive_scores": "probs -> scores"}
HINTS = (
    "model.train() would switch on too much and model.eval() too little. The mode is kept module by module, in "
    "module.training. For the scores: where do the entropy of the average and the average entropy differ?",
    "Write down (module, module.training) for all model.modules(). Put the model into evaluation and the dropout layers "
    "alone into training, make T passes under torch.no_grad(), and put every mode back. The softmax goes over the last "
    "axis, in each pass.",
    "isinstance(m, nn.modules.dropout._DropoutNd) or type(m).__name__ == 'InvertedDropout' tells a dropout layer; "
    "torch.stack makes one tensor of T. torch.xlogy(q, q) is q ln q, and 0 for q = 0: an entropy is its negative sum.",
)
T, N, D = 20, 40, 20  # passes, rows and units of a model whose predictions show its masks


class InvertedDropout(nn.Module):
    """A layer of this name, as notebook 05 asks for it."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return nn.functional.dropout(x, self.p, self.training)


LAYERS = {"Dropout": nn.Dropout, "Dropout2d": nn.Dropout2d, "InvertedDropout": InvertedDropout}


def _network(kind, p, training):
    """Images (N, 2, 2, 2) to logits (N, 3), by way of batch norm and dropout; weights are the same everywhere."""
    bn = nn.BatchNorm2d(2)
    bn.running_mean.copy_(torch.tensor([0.5, -0.5]))
    bn.running_var.copy_(torch.tensor([4.0, 0.25]))
    last = nn.Linear(8, 3)
    weight = torch.tensor([[1.0, -1.0, 0.5, 0.0, 2.0, 1.0, -0.5, 0.3], [0.0, 0.5, 1.0, -1.0, 0.0, 1.0, 0.2, -2.0]])
    last.load_state_dict({"weight": torch.cat([weight, -weight[:1]]), "bias": torch.tensor([0.5, -0.2, 0.0])})
    model = nn.Sequential(bn, nn.Sequential(LAYERS[kind](p), nn.Flatten()), last)
    return model.double().train(training)


def _nothing_dropped(student, x, T):
    return {"probs": student.mc_dropout_predict(_network("Dropout", 0.0, training=False), x, T)}


def _everything_dropped(student, x, T):
    """What networks predict whose dropout layer drops everything, so that nothing is left to chance."""
    found = {
        f"probs with {kind}": student.mc_dropout_predict(_network(kind, 1.0, training=False), x, T) for kind in LAYERS
    }
    first = nn.Sequential(nn.Flatten(), nn.Dropout(1.0), nn.Linear(8, 2)).double()
    weight = torch.arange(16.0, dtype=torch.float64).reshape(2, 8) - 4
    first[2].load_state_dict({"weight": weight, "bias": torch.tensor([1.0, -1.0], dtype=torch.float64)})
    return found | {
        "probs of a network in training": student.mc_dropout_predict(_network("Dropout", 1.0, training=True), x, T),
        "probs with dropout outside of blocks": student.mc_dropout_predict(first.eval(), x, T),
    }


def _masks(student, p, seed):
    """Facts about masks: class j + 1 is more likely than class 0 where unit j was kept."""
    read = nn.Linear(D, D + 1, bias=False)
    read.load_state_dict({"weight": torch.cat([torch.zeros(1, D), torch.eye(D)])})
    model = nn.Sequential(InvertedDropout(p), read).train()
    student.imported("torch").manual_seed(seed)  # check puts the global generator back
    probs, x = student.mc_dropout_predict(model, torch.ones(N, D), T), torch.ones(D + 1)
    facts = {"shape of probs": " x ".join(map(str, probs.shape))}
    if tuple(probs.shape) != (T, N, D + 1):
        return facts
    x[0] = 0
    kept = (probs[..., 1:] > 1.2 * probs[..., :1]).numpy()
    return facts | {
        "share of kept units": chance.share(kept.sum(), kept.size, 1 - p),
        "share of units kept in two passes": chance.share((kept[::2] & kept[1::2]).sum(), kept.size // 2, (1 - p) ** 2),
        "share of units kept in two rows": chance.share(
            (kept[:, ::2] & kept[:, 1::2]).sum(), kept.size // 2, (1 - p) ** 2
        ),
        "predictions are those without dropout": bool(((probs - x.softmax(0)).abs() < 1e-4).all()),
        "the next call gives other passes": not torch.equal(
            probs, student.mc_dropout_predict(model, torch.ones(N, D), T)
        ),
    }


def _afterwards(student, x):
    facts = {}
    for mode, training in (("evaluation", False), ("training", True)):
        model = _network("Dropout", 0.5, training)
        model[1].train(not training)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        probs, parameters = student.mc_dropout_predict(model, x, 3), list(model.named_parameters())
        changed = [name for name, value in model.state_dict().items() if (value != before[name]).any()]
        facts |= {
            f"training of each module of a model in {mode}": [module.training for module in model.modules()],
            f"changed parameters and buffers of a model in {mode}": " ".join(changed),
            "parameters with a .grad": " ".join(name for name, value in parameters if value.grad is not None),
            "parameters that are frozen": " ".join(name for name, value in parameters if not value.requires_grad),
            "probs.requires_grad": probs.requires_grad,
        }
    return facts


def _without_dropout(student, x):
    return student.mc_dropout_predict(nn.Sequential(nn.Flatten(), nn.Linear(8, 3)).double(), x, 4)


def _no_passes(student, x, T):
    return student.mc_dropout_predict(_network("Dropout", 0.5, False), x, T)


X = torch.arange(24.0, dtype=torch.float64).reshape(3, 2, 2, 2) / 8 - 1
SURE = torch.tensor(
    [
        [[1.0, 0.0, 0.0], [0.9, 0.1, 0.0], [0.4, 0.3, 0.3]],
        [[0.0, 1.0, 0.0], [0.9, 0.1, 0.0], [0.2, 0.4, 0.4]],
    ],
    dtype=torch.float64,
)


def test_nothing_dropped(student, compare):
    """With p = 0 all passes give the same: the softmax of the model in evaluation, batch norm included."""
    compare(_nothing_dropped, X, 2)


def test_everything_dropped(student, compare):
    """With p = 1 only the bias of the last layer is left: every kind of dropout layer is on, whatever mode it was in."""
    compare(_everything_dropped, X, 2)


def test_masks(student, compare):
    """Every pass and every row has masks of its own."""
    compare(_masks, 0.2, seed=1)


def test_all_else_is_as_before(student, compare):
    """Modes, parameters and buffers are what they were, and there is nothing to differentiate."""
    compare(_afterwards, X)


def test_scores_of_passes_that_agree_and_passes_that_do_not(student, compare):
    """Two passes, three rows: sure and contradictory, in agreement, nearly undecided. 0 ln 0 is 0."""
    compare("predictive_scores", SURE)


def test_scores(student, compare):
    """Three classes and as many passes as rows."""
    compare("predictive_scores", torch.tensor([[[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], [[0.1, 0.8, 0.1], [0.4, 0.4, 0.2]]]))


def test_bad_input(student, compare):
    """T below 1, or a model without a dropout layer, is a ValueError that names the argument."""
    compare.refuses(_no_passes, X, 0, naming=("T",))
    compare.refuses(_without_dropout, X, naming=("model",))
