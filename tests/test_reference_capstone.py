"""The pieces of the capstone against torch's own parts, closed formulas and loops that somebody else wrote."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import chance
from traindeep.data import shapes
from traindeep.reference.capstone import build_resnet, decay_param_groups, train_with_early_stopping
from traindeep.training import train


def small(dropout=0.0):
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(196, 6)
    )


def images(n, seed=0):
    """Two sets of n images with labels."""
    return [tuple(map(torch.as_tensor, shapes(n, own))) for own in (seed, seed + 1)]


def built(*args, **kwargs):
    torch.manual_seed(0)
    return build_resnet(*args, **kwargs)


# ---- decay_param_groups ------------------------------------------------------------------------------------


def test_the_groups_hold_all_parameters_once():
    """The groups together are model.parameters(), weights first."""
    net = built(3, 6, 4, 2)
    decay, rest = decay_param_groups(net, 0.1)
    assert {*map(id, decay["params"])} | {*map(id, rest["params"])} == {*map(id, net.parameters())}
    assert len(decay["params"]) + len(rest["params"]) == len([*net.parameters()])
    assert {p.ndim for p in decay["params"]} == {2, 4}
    assert {p.ndim for p in rest["params"]} == {1}


def test_a_step_without_gradient_is_decay_alone():
    """AdamW makes weights smaller by lr * wd, and leaves a scale of 1 where it is."""
    net = built(3, 6, 4, 1)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    torch.optim.AdamW(decay_param_groups(net, 0.2), lr=0.1).step()
    for name, p in net.named_parameters():
        torch.testing.assert_close(p.detach(), before[name] * (0.98 if p.ndim > 1 else 1))


def test_shared_and_frozen_parameters():
    """A weight of two layers is there once, a frozen one not at all."""
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    net[2].requires_grad_(False)
    decay, rest = decay_param_groups(net, 0.1)
    assert [*map(id, decay["params"])] == [id(net[0].weight)]
    assert [*map(id, rest["params"])] == [id(net[0].bias), id(net[1].bias)]


# ---- build_resnet ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("in_ch", "classes", "width", "blocks"), [(3, 6, 4, 1), (1, 10, 8, 2), (2, 3, 5, 3)])
def test_number_of_parameters(in_ch, classes, width, blocks):
    """The count is that of the layers, added up by hand."""
    w, b = width, blocks
    convolutions = 9 * in_ch * w + 9 * w * w * 2 * b  # stem, first stage
    for out in (2 * w, 4 * w):
        convolutions += 9 * out * out // 2 + 9 * out * out * (2 * b - 1) + out * out // 2  # first, others, projection
    norms = 2 * (2 * b * w + (w + (2 * b - 1) * 2 * w) + (2 * w + (2 * b - 1) * 4 * w) + 4 * w)
    net = built(in_ch, classes, width, blocks)
    assert sum(p.numel() for p in net.parameters()) == convolutions + norms + 4 * w * classes + classes
    assert sum(p.ndim > 1 for p in net.parameters()) == 6 * blocks + 2 + 2


def test_against_torchs_layers_one_by_one():
    """With blocks = 1 and group norm, the output is that of a chain of torch's functions with the same weights."""
    net = built(2, 5, 4, 1, norm=lambda channels: nn.GroupNorm(2, channels)).double()
    w = {name: nn.init.normal_(p, std=0.5).detach() for name, p in net.named_parameters()}

    def normed(x, name):
        return F.group_norm(x, 2, w[f"{name}.weight"], w[f"{name}.bias"]).relu()

    x = torch.randn(3, 2, 9, 7, dtype=torch.float64)
    h = F.conv2d(x, w["stem.weight"], padding=1)
    for i, stride in enumerate((1, 2, 2)):
        a = normed(h, f"blocks.{i}.bn1")
        c = F.conv2d(a, w[f"blocks.{i}.conv1.weight"], stride=stride, padding=1)
        branch = F.conv2d(normed(c, f"blocks.{i}.bn2"), w[f"blocks.{i}.conv2.weight"], padding=1)
        h = branch + (F.conv2d(a, w[f"blocks.{i}.shortcut.weight"], stride=stride) if stride == 2 else h)
    features = F.adaptive_avg_pool2d(normed(h, "norm"), 1).flatten(1)
    torch.testing.assert_close(net(x), F.linear(features, w["head.weight"], w["head.bias"]))


def test_gates_follow_one_schedule():
    """The gates survive with 1 - l / L (1 - p_L), l = 1 ... 3 * blocks; so often do they let the branch through."""
    net = built(1, 3, 2, 2, p_L=0.4)
    assert [gate.p_survive for gate in net.gates] == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    net.train()(torch.randn(2000, 1, 4, 4))
    for gate in net.gates:
        assert chance.share(gate.last_gate.sum(), 2000, gate.p_survive) == gate.p_survive


def test_evaluation_leaves_nothing_to_chance():
    """In evaluation two calls agree, and an image gives the same alone; in training neither holds."""
    net, x = built(3, 6, 4, 2, p_L=0.5, p_drop=0.3), torch.randn(5, 3, 16, 16)
    net(x)
    net.eval()
    assert torch.equal(net(x), net(x))
    torch.testing.assert_close(net(x[2:3]), net(x)[2:3])
    net.train()
    assert not torch.equal(net(x), net(x))


def test_dropout_does_not_change_what_the_norms_see():
    """The stored statistics are those of a network without dropout."""
    x, states = torch.randn(16, 3, 8, 8), []
    for p_drop in (0.0, 0.7):
        net = built(3, 6, 4, 1, p_drop=p_drop)
        net(x)
        states.append(net.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


# ---- train_with_early_stopping -----------------------------------------------------------------------------


def test_against_the_loop_of_the_experiments():
    """Without decay, and with batches that divide the data, the weights are those of traindeep.training.train."""
    data, val = images(60)
    net, other = small(0.2), small(0.2)
    states = train(other, data, 4, batch_size=20, lr=0.05, seed=3, after_epoch=lambda n: copy.deepcopy(n.state_dict()))
    net, history = train_with_early_stopping(net, data, val, 4, 20, 0.05, seed=3, patience=9)
    best = states[history["best_epoch"]]
    assert all(torch.equal(value, best[name]) for name, value in net.state_dict().items())


def test_what_is_returned_is_the_best_epoch():
    """Loss and accuracy of the result on val are those of the epoch with the smallest validation loss."""
    data, (X, y) = images(90)
    net, history = train_with_early_stopping(small(), data, (X, y), 12, 16, 0.1, wd=1e-3, patience=3, seed=1)
    best = history["best_epoch"]
    assert history["val_loss"][best] == min(history["val_loss"])
    assert len(history["val_loss"]) == min(12, best + 4)
    assert not net.training
    logits = net(X)
    assert F.cross_entropy(logits, y).item() == pytest.approx(min(history["val_loss"]), rel=1e-6)
    assert (logits.argmax(1) == y).double().mean().item() == history["val_acc"][best]


def test_train_loss_is_the_mean_over_samples():
    """With a learning rate of 0 and no batch norm, train_loss is the loss of the data, whatever the batches."""
    (X, y), val = images(37)
    net = nn.Sequential(nn.Flatten(), nn.Linear(768, 6))
    expected = F.cross_entropy(net(X), y).item()
    _, history = train_with_early_stopping(net, (X, y), val, 3, 9, 0.0)
    assert history["train_loss"] == pytest.approx([expected] * 3, rel=1e-5)


@pytest.mark.parametrize("n", [1, 2, 9, 17, 33])
def test_no_size_of_data_crashes(n):
    """Batches of 8 and n samples: a single one at the end is joined to the batch before."""
    sizes, (data, val) = [], images(n)

    def seen(x, y):
        sizes.append(len(x))
        return x, y

    train_with_early_stopping(small(), data, val, 1, 8, 0.1, augment=seen)
    assert sum(sizes) == n
    assert n == 1 or min(sizes) > 1


def test_targets_of_augment_reach_the_loss():
    """Soft targets from augment are trained on; validation keeps its classes."""
    data, val = images(24)
    kinds = []

    def loss(logits, y):
        kinds.append(y.ndim)
        return F.cross_entropy(logits, y)

    def soften(x, y):
        return x, F.one_hot(y, 6) * 0.9 + 0.1 / 6

    train_with_early_stopping(small(), data, val, 2, 12, 0.1, augment=soften, loss=loss)
    assert kinds == [2, 2, 1, 2, 2, 1]


def test_the_random_state_is_left_alone():
    """One seed gives one result whatever was drawn before, and torch's generator is as it was."""
    data, val = images(24)
    results = []
    for before in (1, 2):
        net = small(0.5)
        torch.manual_seed(before)
        state = torch.get_rng_state()
        results.append(train_with_early_stopping(net, data, val, 2, 8, 0.1, seed=5)[1])
        assert torch.equal(torch.get_rng_state(), state)
    assert results[0] == results[1]


def test_losses_of_nan_leave_the_model_as_it_is():
    """If no validation loss is a number, there is no best epoch, and nothing is loaded."""
    data, val = images(8)
    net, history = train_with_early_stopping(
        small(), data, val, 5, 8, 0.1, loss=lambda logits, y: logits.sum() * float("nan"), patience=2
    )
    assert history["best_epoch"] is None
    assert len(history["val_loss"]) == 2
    assert not net.training


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda data: decay_param_groups(small(), -0.1), "wd"),
        (lambda data: build_resnet(3, 6, 0, 1), "width"),
        (lambda data: build_resnet(3, 6, 4, 0), "blocks"),
        (lambda data: train_with_early_stopping(small(), data, data, 0, 8, 0.1), "epochs"),
        (lambda data: train_with_early_stopping(small(), (data[0][:0], data[1][:0]), data, 1, 8, 0.1), "train"),
        (lambda data: train_with_early_stopping(small(), data, (data[0][:0], data[1][:0]), 1, 8, 0.1), "val"),
    ],
)
def test_bad_input(call, named):
    """Bad input is a ValueError that names the argument."""
    with pytest.raises(ValueError, match=named):
        call(images(4)[0])
