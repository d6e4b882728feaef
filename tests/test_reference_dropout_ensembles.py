"""The references of dropout's averages, calibration and DropConnect, against enumeration, torch and published numbers."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn
from traindeep.reference.dropout_ensembles import (
    calibration_error,
    dropconnect_infer,
    dropconnect_moments,
    dropout_ensemble_exact,
)
from traindeep.reference.mc_dropout import is_dropout, mc_dropout_predict, predictive_scores

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(60)


# ---- all masks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_keep", [0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(("units", "classes"), [(1, 2), (5, 3), (3, 3)])
def test_ensemble_is_that_of_a_loop_over_masks_in_torch(rng, units, classes, p_keep):
    """Each thinned network is run in torch; geo is the product of the powers, divided by its sum."""
    h, W, b = rng.normal(size=units), rng.normal(size=(classes, units)), rng.normal(size=classes)
    layer = nn.Linear(units, classes).double()
    layer.load_state_dict({"weight": torch.tensor(W), "bias": torch.tensor(b)})
    arith, geo = torch.zeros(classes).double(), torch.ones(classes).double()
    for bits in itertools.product([0.0, 1.0], repeat=units):
        mask = torch.tensor(bits).double()
        weight = math.prod(p_keep if bit else 1 - p_keep for bit in bits)
        probs = layer(torch.tensor(h) * mask).softmax(0).detach()
        arith, geo = arith + weight * probs, geo * probs**weight
    out = dropout_ensemble_exact(h, W, b, p_keep)
    np.testing.assert_allclose(out["arith"], arith, rtol=1e-12)
    np.testing.assert_allclose(out["geo"], geo / geo.sum(), rtol=1e-12)
    assert all(value.sum() == pytest.approx(1) for value in out.values())


def test_geometric_mean_is_the_mean_network_and_the_arithmetic_is_not(rng):
    """Renormalized, the geometric mean equals the mean network to rounding; unnormalized, or arithmetic, nothing does."""
    for p_keep in (0.2, 0.5, 0.8):
        out = dropout_ensemble_exact(2 * rng.normal(size=8), rng.normal(size=(4, 8)), rng.normal(size=4), p_keep)
        np.testing.assert_allclose(out["geo"], out["mean_net"], rtol=1e-12)
        assert np.abs(out["arith"] - out["mean_net"]).max() > 1e-3


def test_a_sigmoid_output_is_a_softmax_of_two_classes(rng):
    """For two classes with logits (z, 0), geo is the sigmoid of the mean logit."""
    h, w, b = rng.normal(size=6), rng.normal(size=6), 0.3
    out = dropout_ensemble_exact(h, np.stack([w, 0 * w]), np.array([b, 0.0]), 0.7)
    assert out["geo"][0] == pytest.approx(1 / (1 + math.exp(-(0.7 * w @ h + b))), rel=1e-12)


def test_large_logits_do_not_overflow():
    """Logits of a thousand are no trouble."""
    out = dropout_ensemble_exact(np.array([1000.0, -1000.0]), np.eye(2), np.zeros(2), 0.5)
    assert all(np.isfinite(value).all() for value in out.values())


def test_two_hidden_layers_are_another_matter(rng):
    """With a second layer of units the geometric mean over all masks of both is not the mean network."""
    x, W1, W2 = rng.normal(size=3), 2 * rng.normal(size=(3, 3)), 2 * rng.normal(size=(2, 3))
    log_geo = np.zeros(2)
    for bits in itertools.product([0, 1], repeat=6):
        mask = np.array(bits)
        z = W2 @ (mask[3:] * np.maximum(W1 @ (mask[:3] * x), 0))
        log_geo += (z - np.logaddexp.reduce(z)) / 64
    geo = np.exp(log_geo) / np.exp(log_geo).sum()
    z = W2 @ (0.5 * np.maximum(W1 @ (0.5 * x), 0))
    assert abs(geo - np.exp(z - np.logaddexp.reduce(z))).max() > 0.01


# ---- calibration -----------------------------------------------------------------------------------------


def test_calibration_by_hand():
    """Six rows in two bins, worked out on paper."""
    probs = np.array([[0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.9, 0.1], [0.55, 0.45], [1.0, 0.0]])
    ece, table = calibration_error(probs, np.array([0, 1, 1, 0, 0, 1]), n_bins=4)
    np.testing.assert_allclose(table["count"], [0, 0, 3, 3])
    np.testing.assert_allclose(table["conf"], [np.nan, np.nan, 1.85 / 3, 0.9])
    np.testing.assert_allclose(table["acc"], [np.nan, np.nan, 2 / 3, 2 / 3])
    assert ece == pytest.approx((2 - 1.85 + 2.7 - 2) / 6)


@pytest.mark.parametrize("n_bins", [1, 3, 10, 15])
def test_calibration_is_scipys_binned_statistic(rng, n_bins):
    """Away from the edges, bins are those of scipy, and the error is the weighted mean of the gaps."""
    probs, y = rng.dirichlet([1.0] * 4, size=200), rng.integers(4, size=200)
    conf, right = probs.max(axis=1), (probs.argmax(axis=1) == y).astype(float)
    means = stats.binned_statistic(conf, [conf, right], bins=n_bins, range=(0, 1))
    counts = np.histogram(conf, bins=n_bins, range=(0, 1))[0]
    ece, table = calibration_error(probs, y, n_bins)
    np.testing.assert_allclose([table["conf"], table["acc"]], means.statistic)
    np.testing.assert_array_equal(table["count"], counts)
    assert ece == pytest.approx(np.nansum(counts * abs(means.statistic[0] - means.statistic[1])) / 200)


@pytest.mark.parametrize(("top", "accuracy", "wanted"), [(0.9, 0.6, 0.3), (0.6, 0.9, 0.3), (0.75, 0.75, 0.0)])
def test_calibration_of_a_constant_confidence(top, accuracy, wanted):
    """A model that always says the same misses by the difference to its accuracy."""
    y = (np.arange(100) >= 100 * accuracy).astype(int)
    assert calibration_error(np.tile([top, 1 - top], (100, 1)), y)[0] == pytest.approx(wanted)


def test_calibration_edges_belong_to_the_bin_below():
    """0.5 and 0.75 are in the second and third of four bins, 1 is in the last."""
    probs = np.array([[0.5, 0.25, 0.25], [0.75, 0.25, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(calibration_error(probs, np.zeros(3, int), 4)[1]["count"], [0, 1, 1, 1])


# ---- DropConnect -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_keep", [0.3, 0.8, 1.0])
def test_dropconnect_moments_over_all_masks(rng, p_keep):
    """Means, variances and covariances over all masks of a (2, 3) layer: outputs are independent."""
    W, v = rng.normal(size=(2, 3)), rng.normal(size=3)
    masks = np.array(list(itertools.product([0, 1], repeat=6))).reshape(-1, 2, 3)
    weight = np.prod(np.where(masks == 1, p_keep, 1 - p_keep), axis=(1, 2))
    z = (masks * W) @ v
    mean, var = dropconnect_moments(W, v, p_keep)
    np.testing.assert_allclose(weight @ z, mean, atol=1e-12)
    np.testing.assert_allclose((z - mean).T @ (weight[:, None] * (z - mean)), np.diag(var), atol=1e-12)


def test_dropping_units_has_the_same_variances_but_correlates_the_outputs(rng):
    """With masks of inputs the diagonal of the covariance is the same, and the rest is not zero."""
    W, v, p = rng.normal(size=(2, 4)), rng.normal(size=4), 0.6
    covariance = p * (1 - p) * (W * v**2) @ W.T
    np.testing.assert_allclose(np.diag(covariance), dropconnect_moments(W, v, p)[1])
    assert abs(covariance[0, 1]) > 1e-3


def test_dropconnect_infer_is_the_gaussian_integral(rng):
    """For many draws the average of tanh is its integral over the normal distribution, within six standard errors."""
    W, v, p, n = rng.normal(size=(3, 6)), rng.normal(size=6), 0.5, 200_000
    mean, var = dropconnect_moments(W, v, p)
    found = dropconnect_infer(W, v, p, np.tanh, n, rng)
    for o in range(3):
        law = stats.norm(mean[o], math.sqrt(var[o]))
        first = integrate.quad(lambda z, law=law: np.tanh(z) * law.pdf(z), -30, 30, epsabs=1e-10)[0]
        second = integrate.quad(lambda z, law=law: np.tanh(z) ** 2 * law.pdf(z), -30, 30, epsabs=1e-10)[0]
        assert abs(found[o] - first) < 6 * math.sqrt((second - first**2) / n)


def test_dropconnect_infer_of_simple_functions(rng):
    """The identity gives the mean, the square the variance plus the squared mean, both within six standard errors."""
    W, v, p, n = rng.normal(size=(2, 5)), rng.normal(size=5), 0.7, 100_000
    mean, var = dropconnect_moments(W, v, p)
    assert np.all(abs(dropconnect_infer(W, v, p, np.positive, n, rng) - mean) < 6 * np.sqrt(var / n))
    square = dropconnect_infer(W, v, p, np.square, n, rng)
    assert np.all(abs(square - var - mean**2) < 6 * np.sqrt((2 * var**2 + 4 * mean**2 * var) / n))


# ---- Monte Carlo dropout ---------------------------------------------------------------------------------


class InvertedDropout(nn.Module):
    """Of the course's name and no kin of torch's."""

    def forward(self, x):
        return nn.functional.dropout(x, 0.3, self.training)


LAYERS = (nn.Dropout(0.3), nn.Dropout1d(0.3), nn.Dropout2d(0.3), nn.AlphaDropout(0.3), InvertedDropout())


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_passes_are_those_of_a_model_of_which_only_dropout_is_in_training(layer):
    """With one seed, passes are those of a model whose batch norm was frozen by hand; it is afterwards as it was."""
    torch.manual_seed(0)
    shape = (2, 2, 2) if isinstance(layer, nn.Dropout2d) else (2, 4)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Unflatten(1, shape), layer, nn.Flatten())
    model[1].running_mean.normal_()
    model.train()
    layer.eval()
    x, modes = torch.randn(5, 6), [m.training for m in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(1)
    probs = mc_dropout_predict(model, x, 3)
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert not probs.requires_grad
    model.eval()
    layer.train()
    torch.manual_seed(1)
    with torch.no_grad():
        expected = torch.stack([nn.functional.softmax(model(x), dim=1) for _ in range(3)])
    assert torch.equal(probs, expected)
    assert not torch.equal(probs[0], probs[1])


def test_modes_come_back_when_the_model_fails():
    """A model that raises is left in the modes it had."""
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2)).train()
    with pytest.raises(RuntimeError):
        mc_dropout_predict(model, torch.ones(1, 4), 2)
    assert all(m.training for m in model.modules())


def test_what_a_dropout_layer_is():
    """Torch's six, and the course's own by its name."""
    assert all(map(is_dropout, (*LAYERS, nn.Dropout3d(), nn.FeatureAlphaDropout())))
    assert not any(map(is_dropout, (nn.Linear(1, 1), nn.BatchNorm1d(1), nn.Sequential(nn.Dropout()))))


def test_scores_are_those_of_torch_distributions(rng):
    """Entropies of torch's Categorical; the information is the mean divergence of the passes from their average."""
    probs = torch.from_numpy(rng.dirichlet([0.4] * 5, size=(7, 6)))
    scores = predictive_scores(probs)
    mean = probs.mean(0)
    each = torch.distributions.Categorical(probs=probs)
    together = torch.distributions.Categorical(probs=mean)
    torch.testing.assert_close(scores["mean"], mean)
    torch.testing.assert_close(scores["entropy"], together.entropy())
    divergence = torch.distributions.kl_divergence(each, together.expand(probs.shape[:2])).mean(0)
    torch.testing.assert_close(scores["mutual_info"], divergence)


def test_scores_at_the_ends():
    """Certain passes that agree score 0; certain passes that contradict each other have all of ln C as information."""
    eye = torch.eye(4, dtype=torch.float64)
    scores = predictive_scores(torch.stack([eye, eye]))
    assert scores["entropy"].abs().max() == scores["mutual_info"].abs().max() == 0
    scores = predictive_scores(eye[:, None])
    assert scores["entropy"].item() == pytest.approx(math.log(4)) == scores["mutual_info"].item()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: dropout_ensemble_exact(np.ones(15), np.ones((2, 15)), np.ones(2), 0.5), "h must have"),
        (lambda: dropout_ensemble_exact(np.ones(2), np.ones((2, 2)), np.ones(2), 0.0), "p_keep"),
        (lambda: calibration_error(np.ones((1, 2)) / 2, np.array([2])), "y must have"),
        (lambda: calibration_error(np.ones((1, 2)) / 2, np.array([0]), 0), "n_bins"),
        (lambda: dropconnect_moments(np.ones((1, 2)), np.ones(2), 1.1), "p_keep"),
        (lambda: dropconnect_infer(np.ones((1, 2)), np.ones(2), 0.5, np.tanh, 0, None), "n must be"),
        (lambda: mc_dropout_predict(nn.Dropout(), torch.ones(1, 2), 0), "T must be"),
        (lambda: mc_dropout_predict(nn.ReLU(), torch.ones(1, 2), 1), "model must have"),
    ],
)
def test_bad_input(call, name):
    """A ValueError names the argument."""
    with pytest.raises(ValueError, match=name):
        call()
