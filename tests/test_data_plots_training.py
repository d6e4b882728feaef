"""What the experiments share: data sets, figures, the training loop."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn
from traindeep.data import SHAPES, digits, noisy_labels, shapes
from traindeep.plots import COLORS, axes_box, claim, mean_with_spread, style
from traindeep.training import evaluate, train


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def small_net(*extra):
    return nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), *extra, nn.Linear(16, 10))


# data


def test_digits_parts_do_not_overlap_and_have_the_promised_sizes_and_types():
    """Test, validation and training digits are disjoint rows of the same 1797 digits."""
    split = digits(900, seed=3, n_val=200)
    assert [len(x) for x, _ in (split.train, split.val, split.test)] == [900, 200, 500]
    x, y = split.train
    assert x.dtype == np.float32
    assert x.shape == (900, 64)
    assert (x.min(), x.max()) == (0, 1)
    assert y.dtype == np.int64
    parts = [{row.tobytes() for row in part[0]} for part in split]
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_digits_depend_on_the_seed_alone():
    """One seed gives one split, another seed another."""
    np.testing.assert_array_equal(digits(50, seed=1, label_noise=0.5).train[1], digits(50, 1, label_noise=0.5).train[1])
    assert not np.array_equal(digits(50, seed=1).train[0], digits(50, seed=2).train[0])


def test_digits_label_noise_changes_training_labels_only():
    """Label noise of 0.2 makes about 18 % of the training labels wrong; images, validation and test labels stay."""
    clean, noisy = digits(997, seed=0), digits(997, seed=0, label_noise=0.2)
    wrong = np.mean(clean.train[1] != noisy.train[1])
    assert abs(wrong - 0.18) < 5 * np.sqrt(0.18 * 0.82 / 997)
    np.testing.assert_array_equal(clean.train[0], noisy.train[0])
    np.testing.assert_array_equal(clean.val[1], noisy.val[1])
    np.testing.assert_array_equal(clean.test[1], noisy.test[1])


def test_shapes_are_told_apart_by_the_pixels_they_cover():
    """Each image has two colours 0.25 apart or more, and each class covers a share of its own of the circle around it."""
    images, labels = shapes(600, seed=1)
    assert (images.shape, images.dtype, labels.dtype) == ((600, 3, 16, 16), np.float32, np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert set(labels) == set(range(len(SHAPES)))
    corner = images[:, :, 0, 0]  # no shape reaches it
    away = abs(images - corner[:, :, None, None]).max(axis=1) > 0.35
    cover = [np.median(away[labels == k].sum(axis=(1, 2))) for k in range(len(SHAPES))]
    order = [SHAPES[k] for k in np.argsort(cover)[::-1]]
    assert order[0] == "disc"
    assert min(cover) > 10


def test_shapes_depend_on_the_seed_and_the_labels_alone_on_their_noise():
    """One seed, one result; label noise changes about a sixth less than its share of the labels, and no image."""
    clean, noisy = shapes(2000, 5), shapes(2000, 5, label_noise=0.3)
    np.testing.assert_array_equal(clean[0], noisy[0])
    wrong = np.mean(clean[1] != noisy[1])
    assert abs(wrong - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 2000)
    assert not np.array_equal(shapes(3, 1)[0], shapes(3, 2)[0])
    assert shapes(2, size=24)[0].shape == (2, 3, 24, 24)
    for wrong in ({"n": 0}, {"n": 5, "size": 8}):
        with pytest.raises(ValueError, match="n >= 1 and size >= 12"):
            shapes(**wrong)


def test_digits_as_images_are_the_same_pixels():
    """images=True gives the rows as one channel of 8 x 8 pixels."""
    rows, images = digits(20, seed=0).train[0], digits(20, seed=0, images=True).train[0]
    assert images.shape == (20, 1, 8, 8)
    np.testing.assert_array_equal(images.reshape(20, 64), rows)


def test_digits_refuses_more_than_there_are():
    """998 training digits and 300 for validation are one too many."""
    with pytest.raises(ValueError, match="at most 1297"):
        digits(998)
    with pytest.raises(ValueError, match="share"):
        noisy_labels(np.zeros(3, int), 1.2, np.random.default_rng(0))


# training


def test_train_learns_the_digits():
    """Five epochs bring a small net above 90 % on test digits; the history has one entry per epoch."""
    split = digits(600, seed=0)
    torch.manual_seed(0)
    net = small_net()
    history = train(net, split.train, 5, after_epoch=lambda net: evaluate(net, split.test))
    assert len(history) == 5
    loss, accuracy = history[-1]
    assert accuracy > 0.9
    assert loss < history[0][0]


def test_train_is_reproducible_and_leaves_the_global_random_state_alone():
    """Two runs with one seed end with the same weights, dropout included, whatever the global state was."""
    weights = []
    for global_seed in (1, 2):
        torch.manual_seed(0)
        net = small_net(nn.Dropout(0.3))
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        train(net, digits(100).train, 1, seed=5)
        assert torch.equal(before, torch.get_rng_state())
        weights.append(net[0].weight)
    assert torch.equal(*weights)


def test_train_augments_every_batch_and_skips_a_last_batch_of_one():
    """Each batch goes through augment; 33 digits in batches of 16 make two batches, the 33rd is left out."""
    sizes = []

    def spy(x, y):
        sizes.append(len(x))
        return x, y

    assert train(small_net(), digits(33).train, 2, batch_size=16, augment=spy) == []
    assert sizes == [16, 16] * 2


def test_train_uses_the_given_optimizer_and_loss():
    """With a zero loss and no decay nothing moves; with the given optimizer's decay the weights shrink."""
    net = small_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1.0)
    before = net[0].weight.detach().clone()
    train(net, digits(32).train, 1, optimizer=optimizer, loss=lambda z, y: 0 * z.sum())
    torch.testing.assert_close(net[0].weight, 0.9 * before)


def test_evaluate_runs_in_evaluation_mode_and_restores_every_mode():
    """Dropout is off and running statistics stay; a layer frozen in evaluation mode is still so afterwards."""
    net = small_net(nn.Dropout(0.5)).train()
    net[1].eval()
    data = digits(64).test
    stored = net[1].running_mean.clone()
    assert evaluate(net, data) == evaluate(net, data)
    assert torch.equal(stored, net[1].running_mean)
    assert net.training
    assert net[3].training
    assert not net[1].training


# plots


def test_style_uses_colours_of_the_okabe_ito_palette(ax):
    """The default colours are distinct colours of the palette, and each comes with a marker of its own."""
    with mpl.rc_context():
        style()
        cycle = list(plt.rcParams["axes.prop_cycle"])
    assert len({look["color"] for look in cycle} & set(COLORS.values())) == len(cycle)
    assert len({look["marker"] for look in cycle}) == len(cycle)


def test_mean_with_spread_draws_mean_and_one_standard_deviation(ax):
    """The line is the mean over runs, the band one deviation (dividing by runs - 1) to each side."""
    line = mean_with_spread(ax, [1, 2], [[0.0, 1.0], [2.0, 5.0]], label="two runs")
    np.testing.assert_allclose(line.get_ydata(), [1, 3])
    corners = ax.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose([corners[:, 1].min(), corners[:, 1].max()], [1 - np.sqrt(2), 3 + np.sqrt(8)])
    mean_with_spread(ax, [1, 2], [[0.0, 1.0]])
    assert len(ax.collections) == 1


def test_claim_prints_effect_spread_and_verdict(capsys):
    """The line holds the claim, mean and deviation with unit and number of seeds, and whether it was reproduced."""
    claim("More is more", [1.0, 3.0], holds=np.bool_(True), unit="nats")
    claim("Less is more", 2.0, holds=False)
    assert capsys.readouterr().out.splitlines() == [
        "More is more | 2 +- 1.4 nats (2 seeds) | reproduced",
        "Less is more | 2 (1 seed) | NOT reproduced",
    ]


@pytest.mark.parametrize(
    ("averaged", "groups", "orange", "caption"),
    [
        # N, C, P = 4, 6, 5; faces that the reader sees: front N x P, top N x C, side C x P
        ("N", 1, 4 + 4 + 1, "N values per mean,\nC·H·W means"),
        ("NHW", 1, 20 + 4 + 5, "N·H·W values per mean,\nC means"),
        ("CHW", 1, 5 + 6 + 30, "C·H·W values per mean,\nN means"),
        ("HW", 1, 5 + 1 + 5, "H·W values per mean,\nN·C means"),
        ("CHW", 2, 5 + 3 + 15, "C/2·H·W values per mean,\nN·2 means"),
        ("NCHW", 1, 20 + 24 + 30, "N·C·H·W values per mean,\none mean"),
    ],
)
def test_axes_box_colours_the_values_of_one_statistic(ax, averaged, groups, orange, caption):
    """The visible cells that share a mean with the nearest corner are orange, all others grey, and counted below."""
    axes_box(ax, averaged, groups=groups, title="a box")
    colors = [patch.get_facecolor()[:3] for patch in ax.patches]
    assert len(colors) == 20 + 24 + 30
    assert sum(max(color) - min(color) > 0.1 for color in colors) == orange
    assert caption in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(("averaged", "groups"), [("", 1), ("NH", 1), ("NX", 1), ("CHW", 4), ("NHW", 2)])
def test_axes_box_refuses_what_it_cannot_draw(ax, averaged, groups):
    """Half of the pixel axis, unknown letters and groups that do not divide the channels are errors."""
    with pytest.raises(ValueError, match="averaged|groups"):
        axes_box(ax, averaged, groups=groups)
