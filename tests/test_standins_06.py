"""Stand-ins of notebook 06 against oracles that share no code with them."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from traindeep import reuse

torch.set_num_threads(1)


def s(name):
    return reuse.stand_in(name)


@pytest.fixture
def rng():
    return np.random.default_rng(61)


def _softmax(z):
    return np.exp(z) / np.exp(z).sum()


@pytest.mark.parametrize("p_keep", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("H", [1, 4])
def test_dropout_ensemble_exact(rng, H, p_keep):
    """A loop over the masks gives the same two averages; the geometric one is the mean network."""
    h, W, b = rng.normal(size=H), rng.normal(size=(3, H)), rng.normal(size=3)
    arith, geo = np.zeros(3), np.ones(3)
    for mask in itertools.product([False, True], repeat=H):
        weight = np.prod([p_keep if kept else 1 - p_keep for kept in mask])
        probs = _softmax(W @ np.where(mask, h, 0) + b)
        arith, geo = arith + weight * probs, geo * probs**weight
    found = s("dropout_ensemble_exact")(h, W, b, p_keep)
    np.testing.assert_allclose(found["arith"], arith, rtol=1e-12)
    np.testing.assert_allclose(found["geo"], geo / geo.sum(), rtol=1e-12)
    np.testing.assert_allclose(found["mean_net"], found["geo"], rtol=1e-12)


class InvertedDropout(nn.Module):
    """A learner's own layer; no kin of torch's."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p) if self.training else x


@pytest.mark.parametrize("layer", [nn.Dropout(0.3), nn.Dropout2d(0.3), InvertedDropout(0.3)])
def test_mc_dropout_predict(layer):
    """Passes differ, their mean entry is kept, batch norm stays as it is, and so do modes and gradients."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), layer, nn.Flatten(), nn.Linear(12, 5)).train()
    model[2].eval()
    modes, state = [m.training for m in model.modules()], {k: v.clone() for k, v in model.state_dict().items()}
    x = torch.randn(4, 2, 2, 2)
    probs = s("mc_dropout_predict")(model, x, 6)
    assert probs.shape == (6, 4, 5)
    assert not probs.requires_grad
    torch.testing.assert_close(probs.sum(-1), torch.ones(6, 4))
    assert len({tuple(one.flatten().tolist()) for one in probs}) == 6
    assert modes == [m.training for m in model.modules()]
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    layer.p = 0.0
    model.eval()
    expected = model(x).softmax(-1).detach().expand(2, -1, -1)
    torch.testing.assert_close(s("mc_dropout_predict")(model, x, 2), expected)


def test_predictive_scores(rng):
    """Entropies written out, zeros among the probabilities; the numbers are between 0 and ln C."""
    probs = rng.dirichlet([0.3] * 4, size=(7, 5))
    probs[:, 0] = [1, 0, 0, 0]
    probs[::2, 1] = [0, 1, 0, 0]

    def entropy(q):
        return -sum(x * np.log(x) for x in q if x > 0)

    found = s("predictive_scores")(torch.tensor(probs))
    for i in range(5):
        total = entropy(probs[:, i].mean(0))
        assert found["entropy"][i] == pytest.approx(total, abs=1e-12)
        assert found["mutual_info"][i] == pytest.approx(total - np.mean([entropy(q) for q in probs[:, i]]), abs=1e-12)
    torch.testing.assert_close(found["mean"], torch.tensor(probs).mean(0))
    assert found["mutual_info"][0] == 0


@pytest.mark.parametrize("n_bins", [1, 4, 7, 10])
def test_calibration_error(rng, n_bins):
    """A loop over rows gives the same table; edges and 1.0 belong to the bin below them."""
    probs, y = rng.dirichlet([0.7] * 3, size=60), rng.integers(3, size=60)
    probs[:3] = [[0.5, 0.25, 0.25], [0.75, 0.25, 0], [1, 0, 0]]
    rows = {k: [] for k in range(n_bins)}
    for q, label in zip(probs, y, strict=True):
        edge = next(k for k in range(n_bins) if q.max() <= (k + 1) / n_bins)
        rows[edge].append((q.max(), q.argmax() == label))
    ece, table = s("calibration_error")(probs, y, n_bins)
    assert table["count"].tolist() == [len(rows[k]) for k in range(n_bins)]
    total = 0
    for k, inside in rows.items():
        conf, acc = np.mean(inside, axis=0) if inside else (np.nan, np.nan)
        np.testing.assert_allclose([table["conf"][k], table["acc"][k]], [conf, acc])
        total += len(inside) / 60 * abs(conf - acc) if inside else 0
    assert ece == pytest.approx(total)


@pytest.mark.parametrize("p_keep", [0.3, 1.0])
def test_dropconnect(rng, p_keep):
    """Moments by enumeration; draws have them, and units have their own."""
    W, v = rng.normal(size=(2, 4)), rng.normal(size=4)
    masks = np.array(list(itertools.product([0, 1], repeat=4)))
    weight = np.prod(np.where(masks == 1, p_keep, 1 - p_keep), axis=1)
    z = (masks * v) @ W.T
    mean = weight @ z
    found = s("dropconnect_moments")(W, v, p_keep)
    np.testing.assert_allclose(found[0], mean, atol=1e-12)
    np.testing.assert_allclose(found[1], weight @ (z - mean) ** 2, atol=1e-12)
    draws = s("dropconnect_infer")(np.repeat(W[:1], 4000, axis=0), v, p_keep, np.square, 1, rng)
    assert draws.shape == (4000,)
    sd = np.sqrt(2 * found[1][0] ** 2 + 4 * found[0][0] ** 2 * found[1][0])
    assert abs(draws.mean() - found[0][0] ** 2 - found[1][0]) <= 6 * sd / np.sqrt(4000) + 1e-12
    assert (np.unique(draws).size > 3000) == (p_keep < 1)


def test_dropout_objective_and_ridge(rng):
    """The objective by enumeration; its minimizer, found by least squares on all masks, times p_keep."""
    X, y, w, p_keep = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3), 0.7
    rows, targets, total = [], [], 0
    for bits in itertools.product([0, 1], repeat=6):
        mask, weight = np.reshape(bits, (2, 3)), p_keep ** sum(bits) * (1 - p_keep) ** (6 - sum(bits))
        total += weight * np.sum((y - (mask * X) @ w) ** 2)
        rows.append(np.sqrt(weight) * mask * X)
        targets.append(np.sqrt(weight) * y)
    assert s("dropout_objective")(X, y, w, p_keep) == pytest.approx(total)
    best = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    np.testing.assert_allclose(s("dropout_ridge")(X, y, p_keep), p_keep * best, rtol=1e-9)
    X, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    np.testing.assert_allclose(s("dropout_ridge")(X, y, 1), np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-9)


def test_filters(rng):
    """Gradient descent and ridge regression, run, have the filters as their response; also where the rank is low."""
    X, y = rng.normal(size=(7, 3)) @ rng.normal(size=(3, 4)), rng.normal(size=7)
    lr, w = 1.3 / np.linalg.norm(X, 2) ** 2, np.zeros(4)
    for _ in range(5):
        w = w - lr * X.T @ (X @ w - y)
    singular, response = s("singular_response")(X, y, w)
    assert singular.shape == (3,)
    np.testing.assert_allclose(response, s("gd_filter")(singular**2, lr, 5), rtol=1e-8)
    ridge = np.linalg.solve(X.T @ X + 0.7 * np.eye(4), X.T @ y)
    np.testing.assert_allclose(s("singular_response")(X, y, ridge)[1], s("ridge_filter")(singular**2, 0.7), rtol=1e-8)


def test_rescaling(rng):
    """The outputs are the same under any mask; the ratio is that of the sums of squares."""
    W1, b1, W2, x = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=(2, 5)), rng.normal(size=3)
    A1, a1, A2 = s("rescale_two_layer")(W1, b1, W2, 3.5)
    mask = rng.random(5) < 0.6
    np.testing.assert_allclose(A2 @ (mask * np.maximum(A1 @ x + a1, 0)), W2 @ (mask * np.maximum(W1 @ x + b1, 0)))
    before, after = ((W**2).sum() + (V**2).sum() for W, V in ((W1, W2), (A1, A2)))
    assert s("l2_ratio")(W1, W2, 3.5) == pytest.approx(after / before)


def test_variance_shift_ratio(rng):
    """A large sample has about this ratio."""
    mean, var = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.5, 2.0])
    x = rng.normal(mean, np.sqrt(var), size=(400_000, 3))
    dropped = x * (rng.random(x.shape) >= 0.3) / 0.7
    np.testing.assert_allclose(s("variance_shift_ratio")(mean, var, 0.3), dropped.var(0) / x.var(0), rtol=0.02)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: s("dropout_ensemble_exact")(np.ones(15), np.ones((2, 15)), np.ones(2), 0.5), "h"),
        (lambda: s("dropout_ensemble_exact")(np.ones(2), np.ones((2, 2)), np.ones(2), 0.0), "p_keep"),
        (lambda: s("mc_dropout_predict")(nn.Sequential(nn.Dropout(0.5)), torch.ones(2, 2), 0), "T"),
        (lambda: s("mc_dropout_predict")(nn.Sequential(nn.ReLU()), torch.ones(2, 2), 1), "model"),
        (lambda: s("calibration_error")(np.ones((2, 1)), np.array([0, 1])), "y"),
        (lambda: s("calibration_error")(np.ones((2, 1)), np.array([0, 0]), 0), "n_bins"),
        (lambda: s("dropconnect_moments")(np.ones((2, 2)), np.ones(2), 1.1), "p_keep"),
        (lambda: s("dropconnect_infer")(np.ones((2, 2)), np.ones(2), 0.5, np.tanh, 0, None), "n must"),
        (lambda: s("dropout_objective")(np.ones((2, 2)), np.ones(2), np.ones(2), 0), "p_keep"),
        (lambda: s("dropout_ridge")(np.array([[0.0, 1.0]]), np.ones(1), 0.5), "X"),
        (lambda: s("gd_filter")(np.array([1.0, 5.0]), 0.5, 3), "lr"),
        (lambda: s("rescale_two_layer")(np.ones((2, 2)), np.ones(2), np.ones((2, 2)), -1), "c"),
        (lambda: s("variance_shift_ratio")(np.zeros(2), np.array([1.0, 0.0]), 0.5), "var"),
        (lambda: s("variance_shift_ratio")(np.zeros(2), np.ones(2), 1.0), "p_drop"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call()
