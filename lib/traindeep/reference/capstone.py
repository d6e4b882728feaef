"""The pieces of the capstone: groups of parameters, a small residual network, a training loop with early stopping.

Sources: He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027, and "Deep Residual Learning
for Image Recognition", arXiv:1512.03385, section 4.2 (three stages); Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks
with Stochastic Depth", arXiv:1603.09382; Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 7.1 (only weights
are penalized) and 7.8 (early stopping).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from traindeep.reference.dropout_modules import InvertedDropout
from traindeep.reference.early_stopping import EarlyStopper
from traindeep.reference.residual_blocks import Norm, PreActBlock
from traindeep.reference.stochastic_depth import StochasticDepth, survival_probs

Data = tuple[Tensor, Tensor]


def decay_param_groups(model: nn.Module, wd: float) -> list[dict]:
    """Two groups for an optimizer: parameters with two axes or more, which decay, and the rest, which do not.

    R^2(W) = sum(w^2) is a penalty on weights. A bias shifts and does not scale, the weight of a norm is wanted near 1 and
    not near 0, and what decay does to weights in front of a norm is a matter of the learning rate (the output does not
    depend on their size). The second group says 0 itself: the default of AdamW is 0.01.

    Args:
        model: Any module.
        wd: Weight decay of the first group.

    Returns:
        [dict(params=weights, weight_decay=wd), dict(params=others, weight_decay=0.0)]. Each parameter with requires_grad
        is in one of them, once, also if it has several names.

    Raises:
        ValueError: wd < 0.

    Source: Goodfellow et al., section 7.1.

    >>> groups = decay_param_groups(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), 0.1)
    >>> [[tuple(p.shape) for p in group["params"]] for group in groups]
    [[(2, 3)], [(2,), (2,), (2,)]]
    """
    if wd < 0:
        raise ValueError(f"wd must be at least 0, got {wd}")
    groups = [{"params": [], "weight_decay": wd}, {"params": [], "weight_decay": 0.0}]
    for parameter in model.parameters():  # names each tensor once
        if parameter.requires_grad:
            groups[parameter.ndim < 2]["params"].append(parameter)
    return groups


class _ResNet(nn.Module):
    def __init__(self, in_ch: int, classes: int, width: int, blocks: int, p_L: float, p_drop: float, norm: Norm):
        super().__init__()
        self.stem = nn.Conv2d(in_ch, width, 3, padding=1, bias=False)
        channels, stages = width, []
        for out, first in ((width, 1), (2 * width, 2), (4 * width, 2)):
            for stride in (first, *[1] * (blocks - 1)):
                stages.append(PreActBlock(channels, out, stride=stride, norm=norm))
                channels = out
        self.blocks = nn.ModuleList(stages)
        # One schedule for the whole depth, not one for each stage.
        self.gates = nn.ModuleList(StochasticDepth(float(p)) for p in survival_probs(len(stages), p_L))
        self.norm = norm(channels)
        self.dropout = InvertedDropout(p_drop)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block, gate in zip(self.blocks, self.gates, strict=True):
            h = F.relu(block.bn1(x))
            skip = x if block.shortcut is None else block.shortcut(h)
            x = gate(block.conv2(F.relu(block.bn2(block.conv1(h)))), skip)
        features = F.relu(self.norm(x)).mean((2, 3))
        return self.head(self.dropout(features))


def build_resnet(
    in_ch: int,
    classes: int,
    width: int,
    blocks: int,
    p_L: float = 1.0,
    p_drop: float = 0.0,
    norm: Norm = nn.BatchNorm2d,
) -> nn.Module:
    """A residual network of three stages of pre-activation blocks, for images of any size.

        stem        3x3 convolution to width channels, stride 1, no norm: the first block begins with one
        stages      `blocks` PreActBlocks each, with width, 2 width, 4 width channels; the first block of the second and
                    of the third stage has stride 2
        gates       block l of L = 3 blocks keeps its branch with probability 1 - l / L (1 - p_L); the skip always stays
        end         norm, relu, mean over all pixels, dropout with p_drop, linear layer to logits

    The norm at the end is needed, as nothing has normalized the sum. Dropout stands behind the last norm: in front of
    one it would change the variance between training and evaluation. 6 blocks + 2 layers with weights, and the two
    projections.

    Args:
        in_ch: Channels of the images.
        classes: Number of logits.
        width: Channels of the first stage.
        blocks: Blocks of each stage.
        p_L: Survival probability of the last block.
        p_drop: Dropout of the pooled features.
        norm: Makes a norm from a number of channels; called for each place.

    Returns:
        A module, (N, in_ch, H, W) -> (N, classes).

    Raises:
        ValueError: width < 1 or blocks < 1.

    Source: He et al., arXiv:1603.05027 (blocks, last norm); arXiv:1512.03385, section 4.2 (stages); Huang et al. (gates).

    >>> net = build_resnet(3, 6, width=4, blocks=2)
    >>> net(torch.zeros(5, 3, 16, 12)).shape, sum(p.ndim > 1 for p in net.parameters())
    (torch.Size([5, 6]), 16)
    """
    for name, value in (("width", width), ("blocks", blocks)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    return _ResNet(in_ch, classes, width, blocks, p_L, p_drop, norm)


def train_with_early_stopping(
    model: nn.Module,
    train: Data,
    val: Data,
    epochs: int,
    batch_size: int,
    lr: float,
    wd: float = 0.0,
    augment: Callable[[Tensor, Tensor], Data] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    patience: int = 5,
    seed: int = 0,
) -> tuple[nn.Module, dict]:
    """Train a model in place with SGD, and leave it with the weights of the epoch whose validation loss was best.

    SGD with momentum 0.9 and `decay_param_groups`. An epoch takes the training samples in a new random order, in batches
    of batch_size; a last batch of one sample is joined to the one before, as batch norm has nothing to normalize there.
    After each epoch the model is evaluated on val; `EarlyStopper` decides. The global random state of torch is the same
    afterwards.

    Args:
        model: (n, ...) -> (n, classes).
        train: (X, y) to train on; y may be classes or whatever `augment` or `loss` takes.
        val: (X, y) with classes (n,).
        epochs: The most epochs.
        batch_size: Samples of a batch.
        lr: Learning rate.
        wd: Weight decay.
        augment: (x, y) -> (x, y), for each batch of training; validation never sees it.
        loss: Mean loss of a batch from logits and targets.
        patience: So many epochs in a row without a better validation loss end the training.
        seed: Decides the order of the samples and all that model and augment draw from torch's global generator.

    Returns:
        The model in evaluation mode, with weights and buffers of the best epoch, and dict(train_loss: mean over the
        samples as they were trained on, one for each epoch; val_loss; val_acc; best_epoch: from 0).

    Raises:
        ValueError: epochs < 1, train or val without samples.

    Source: Goodfellow et al., algorithm 7.1.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    for name, (X, _) in (("train", train), ("val", val)):
        if len(X) == 0:
            raise ValueError(f"{name} has no samples")
    optimizer = torch.optim.SGD(decay_param_groups(model, wd), lr=lr, momentum=0.9)
    stopper, history = EarlyStopper(patience), {"train_loss": [], "val_loss": [], "val_acc": []}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(epochs):
            history["train_loss"].append(_epoch(model, train, batch_size, optimizer, augment, loss))
            val_loss, val_acc = _evaluate(model, val, loss)
            history["val_loss"].append(val_loss)
            history["val_acc"].append(val_acc)
            if stopper.update(val_loss, model.state_dict()):
                break
    if stopper.best_weights is not None:  # all losses were nan: nothing is better than what there is
        model.load_state_dict(stopper.best_weights)
    return model.eval(), history | {"best_epoch": stopper.best_step}


def _epoch(model, data, batch_size, optimizer, augment, loss) -> float:
    """Train on all samples once; the mean loss of the samples."""
    X, y = data
    model.train()
    rows, total, seen = [*torch.randperm(len(X)).split(batch_size)], 0.0, 0
    if len(rows) > 1 and len(rows[-1]) == 1:
        rows[-2:] = [torch.cat(rows[-2:])]
    for some in rows:
        inputs, targets = (X[some], y[some]) if augment is None else augment(X[some], y[some])
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        optimizer.step()
        total, seen = total + value.item() * len(some), seen + len(some)
    return total / seen


@torch.no_grad()
def _evaluate(model, data, loss) -> tuple[float, float]:
    X, y = data
    logits = model.eval()(X)
    return loss(logits, y).item(), (logits.argmax(1) == y).double().mean().item()
