"""Dropout against oracles that share no code with it: autograd, enumeration of all masks, exact binomial laws, torch's own."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from traindeep.reference.dropout import (
    channel_dropout,
    classic_test_weights,
    classic_train,
    dropout_backward,
    dropout_forward,
    dropout_mlp_grads,
    expected_preactivation,
    sample_keep_mask,
)
from traindeep.reference.dropout_modules import InvertedDropout
from traindeep.reference.foundations import numerical_gradient
from traindeep.student import vjp

torch.set_num_threads(1)
RATES = [0.05, 0.2, 0.5, 0.7]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def plausible(hits, trials, p):
    """Whether an exact binomial test at 1e-9 leaves `hits` alone."""
    return stats.binomtest(int(hits), int(trials), p).pvalue > 1e-9


# ---- masks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_drop", RATES)
def test_a_mask_has_independent_entries_of_the_right_frequency(rng, p_drop):
    """Frequency, neighbours in both directions, and the law of the number in a row are those of independent draws."""
    mask = sample_keep_mask((4000, 50), p_drop, rng)
    assert mask.shape == (4000, 50)
    assert plausible(mask.sum(), mask.size, 1 - p_drop)
    alike = p_drop**2 + (1 - p_drop) ** 2
    assert plausible((mask[:, ::2] == mask[:, 1::2]).sum(), mask.size / 2, alike)
    assert plausible((mask[::2] == mask[1::2]).sum(), mask.size / 2, alike)
    counts = np.bincount(mask.sum(axis=1), minlength=51)
    law = stats.binom.pmf(np.arange(51), 50, 1 - p_drop)
    common = law * 4000 > 10
    observed = np.append(counts[common], counts[~common].sum())
    expected = np.append(law[common], law[~common].sum()) * 4000
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-6


def test_the_number_dropped_of_a_thousand_varies(rng):
    """Of 1000 units at one half, 500 are dropped on average, with a standard deviation of 15.8."""
    dropped = np.array([1000 - sample_keep_mask((1000,), 0.5, rng).sum() for _ in range(4000)])
    assert dropped.mean() == pytest.approx(500, abs=1.5)
    assert dropped.std() == pytest.approx(np.sqrt(250), rel=0.07)


@pytest.mark.parametrize(("p_drop", "kept"), [(0, 1), (0.0, 1), (1, 0), (1.0, 0)])
def test_masks_of_rates_0_and_1(rng, p_drop, kept):
    """Nothing is dropped at 0 and everything at 1, never by accident the other way round."""
    assert np.all(sample_keep_mask((300, 40), p_drop, rng) == kept)


def test_masks_use_their_generator_alone():
    """The same seed gives the same mask, the next call another, and the global state is not touched."""
    before = np.random.get_state()[1].copy()
    first, again = np.random.default_rng(3), np.random.default_rng(3)
    mask = sample_keep_mask((20, 30), 0.3, first)
    np.testing.assert_array_equal(mask, sample_keep_mask((20, 30), 0.3, again))
    assert not np.array_equal(mask, sample_keep_mask((20, 30), 0.3, first))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


# ---- inverted dropout ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_drop", RATES)
def test_inverted_dropout_has_the_moments_of_torchs(rng, p_drop):
    """y / x is 0 or 1 / (1 - p_drop): mean 1 and variance p_drop / (1 - p_drop), as those of F.dropout."""
    x = rng.uniform(1, 2, size=(500, 200)) * rng.choice([-1, 1], (500, 200))
    y, mask = dropout_forward(x, p_drop, rng, train=True)
    np.testing.assert_allclose(y, np.where(mask == 1, x / (1 - p_drop), 0))
    torch.manual_seed(0)
    theirs = F.dropout(torch.tensor(x), p_drop).numpy() / x
    variance = p_drop / (1 - p_drop)
    for ratio in (y / x, theirs):
        assert ratio.mean() == pytest.approx(1, abs=6 * np.sqrt(variance / x.size))
        assert ratio.var() == pytest.approx(variance, rel=0.05)
    np.testing.assert_allclose(np.unique((y / x).round(9)), np.unique(theirs.round(9)), atol=1e-8)


def test_the_example_of_five_numbers(rng):
    """1, 2, 3, 4, 5 with p_drop = 0.2 become 0 or 1.25, 2.5, 3.75, 5, 6.25."""
    for _ in range(50):
        y, mask = dropout_forward(np.arange(1, 6), 0.2, rng, train=True)
        np.testing.assert_allclose(y, np.array([1.25, 2.5, 3.75, 5, 6.25]) * mask)


@pytest.mark.parametrize("layer", [dropout_forward, channel_dropout])
def test_test_time_and_the_two_ends(rng, layer):
    """Nothing happens at test time and for p_drop = 0; with p_drop = 1 all is 0 and nothing is nan; x is left alone."""
    x = rng.normal(size=(3, 4, 2, 5))
    before = x.copy()
    for p_drop, train in ((0.3, False), (1.0, False), (0.0, True)):
        y, mask = layer(x, p_drop, rng, train)
        np.testing.assert_array_equal(y, x)
        assert mask.shape in ((3, 4, 2, 5), (3, 4, 1, 1))
        assert np.all(mask == 1)
    y, mask = layer(x, 1.0, rng, True)
    assert not y.any()
    assert not mask.any()
    np.testing.assert_array_equal(x, before)
    for kind in (np.float32, np.float64):
        assert layer(x.astype(kind), 0.3, rng, True)[0].dtype == kind
    assert layer(np.ones(x.shape, dtype=int), 0.3, rng, True)[0].max() == pytest.approx(1 / 0.7)


@pytest.mark.parametrize("p_drop", RATES)
@pytest.mark.parametrize("kind", [float, bool, int])
def test_the_gradient_is_that_of_autograd(rng, p_drop, kind):
    """With the mask of the forward pass, for a random upstream gradient; and that of central differences."""
    x, dy = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    _, mask = dropout_forward(x, p_drop, rng, train=True)
    leaf = torch.tensor(x, requires_grad=True)
    (leaf * torch.tensor(mask) / (1 - p_drop)).backward(torch.tensor(dy))
    dx = dropout_backward(dy, mask.astype(kind), p_drop)
    np.testing.assert_allclose(dx, leaf.grad, rtol=1e-12)
    numeric = numerical_gradient(lambda v: float(np.sum(dy * v * mask / (1 - p_drop))), x)
    np.testing.assert_allclose(dx, numeric, atol=1e-8)
    assert np.all(dx[mask == 0] == 0)
    assert np.all(dropout_backward(dy, np.zeros_like(dy), 1.0) == 0)


# ---- the classic form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p_keep", [0.0, 0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 12])
def test_the_mean_over_all_masks_is_the_scaled_sum(rng, n, p_keep):
    """Enumeration agrees with p_keep theta . x, and with a second enumeration entry by entry."""
    theta, x = rng.normal(size=n), rng.normal(size=n)
    found = expected_preactivation(theta, x, p_keep)
    assert found == pytest.approx(p_keep * theta @ x, abs=1e-12)
    if n <= 5:
        by_hand = sum(
            np.prod([p_keep if m else 1 - p_keep for m in mask])
            * sum(t * v for t, v, m in zip(theta, x, mask, strict=True) if m)
            for mask in itertools.product([0, 1], repeat=n)
        )
        assert found == pytest.approx(by_hand, abs=1e-12)


def test_classic_and_inverted_dropout_agree_up_to_the_factor(rng):
    """What follows a classic layer with scaled weights is what follows an inverted one with the weights it was trained with."""
    x, W, p_keep = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), 0.7
    mask = sample_keep_mask(x.shape, 1 - p_keep, rng)
    classic = classic_train(x, mask) @ W.T
    inverted = (x * mask / p_keep) @ (p_keep * W).T
    np.testing.assert_allclose(classic, inverted, atol=1e-12)
    np.testing.assert_allclose(x @ classic_test_weights(W, p_keep).T, x @ (p_keep * W).T, atol=1e-12)


def test_the_rule_is_not_exact_after_a_nonlinearity():
    """Inputs (1, 1) and weights (1, -1) at one half: the mean of relu is 1/4, relu of the mean is 0."""
    sums = [float(np.array([1, -1]) @ mask) for mask in itertools.product([0, 1], repeat=2)]
    assert np.mean(np.maximum(sums, 0)) == 0.25
    assert expected_preactivation(np.array([1, -1]), np.ones(2), 0.5) == 0


# ---- a network -------------------------------------------------------------------------------------------------


def case(rng, n=7, d=5, h=6, c=3):
    params = {
        "W1": rng.normal(size=(h, d)),
        "b1": rng.normal(size=h),
        "W2": rng.normal(size=(c, h)),
        "b2": rng.normal(size=c),
    }
    masks = rng.integers(0, 2, size=(n, d)), rng.integers(0, 2, size=(n, h))
    return params, rng.normal(size=(n, d)), rng.integers(c, size=n), *masks, 0.2, 0.45


def test_the_network_agrees_with_autograd(rng):
    """Loss and all four gradients, with the same masks."""
    params, x, t, m_in, m_hid, p_in, p_hid = case(rng)
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    thin = torch.tensor(x * m_in / (1 - p_in))
    hidden = torch.relu(F.linear(thin, leaves["W1"], leaves["b1"])) * torch.tensor(m_hid) / (1 - p_hid)
    expected = F.cross_entropy(F.linear(hidden, leaves["W2"], leaves["b2"]), torch.tensor(t))
    expected.backward()
    loss, grads = dropout_mlp_grads(params, x, t, m_in, m_hid, p_in, p_hid)
    assert loss == pytest.approx(expected.item())
    for name, leaf in leaves.items():
        np.testing.assert_allclose(grads[name], leaf.grad, atol=1e-12, err_msg=name)


def test_the_network_agrees_with_differences(rng):
    """Each gradient is the numerical one."""
    params, *rest = case(rng)
    _, grads = dropout_mlp_grads(params, *rest)
    for name in params:
        numeric = numerical_gradient(lambda v, n=name: dropout_mlp_grads(params | {n: v}, *rest)[0], params[name])
        np.testing.assert_allclose(grads[name], numeric, atol=1e-8, err_msg=name)


def test_a_unit_that_is_always_dropped_has_no_gradient(rng):
    """Neither into it nor out of it; another one has."""
    params, x, t, m_in, m_hid, *rates = case(rng)
    m_hid[:, 2], m_hid[:, 3] = 0, 1
    _, grads = dropout_mlp_grads(params, x, t, m_in, m_hid, *rates)
    assert not grads["W1"][2].any()
    assert grads["b1"][2] == 0
    assert not grads["W2"][:, 2].any()
    assert grads["W2"][:, 3].any()


# ---- whole maps, and the module ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p_drop", RATES)
def test_channel_dropout_has_the_meaning_of_dropout2d(rng, p_drop):
    """Maps are 0 or scaled as a whole, as those of F.dropout2d; frequency and neighbours are those of independent draws."""
    x = rng.uniform(1, 2, size=(400, 30, 2, 3))
    y, mask = channel_dropout(x, p_drop, rng, train=True)
    torch.manual_seed(0)
    theirs = F.dropout2d(torch.tensor(x), p_drop).numpy()
    for out in (y, theirs):
        ratio = out / x
        assert np.all(np.isclose(ratio, 0) | np.isclose(ratio, 1 / (1 - p_drop)))
        assert np.ptp(ratio, axis=(2, 3)).max() < 1e-12
        assert plausible((ratio[:, :, 0, 0] > 0).sum(), 400 * 30, 1 - p_drop)
    np.testing.assert_allclose(y, x * mask / (1 - p_drop))
    alike = p_drop**2 + (1 - p_drop) ** 2
    assert plausible((mask[::2] == mask[1::2]).sum(), mask.size / 2, alike)
    assert plausible((mask[:, ::2] == mask[:, 1::2]).sum(), mask.size / 2, alike)


@pytest.mark.parametrize("p", [0.0, *RATES, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_module_keeps_the_contract_of_nn_dropout(p, dtype):
    """Same values, dtype, modes and gradient; neither has parameters."""
    x = torch.linspace(1, 2, 6000, dtype=dtype).reshape(20, 10, 5, 6)
    upstream = torch.randn(x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(dtype)
    model = nn.Sequential(InvertedDropout(p, torch.Generator().manual_seed(0)))
    for layer in (model, nn.Dropout(p)):
        y, (dx,), gradients = vjp(layer, x, upstream=upstream)
        assert y.dtype == dtype
        assert not gradients
        kept = y != 0
        assert plausible(kept.sum(), kept.numel(), 1 - p) or p in (0, 1)
        scale = 1 / (1 - p) if p < 1 else 0
        tolerance = {"rtol": 2e-2, "atol": 0} if dtype == torch.bfloat16 else {}
        torch.testing.assert_close(y, torch.where(kept, x * scale, 0), **tolerance)
        torch.testing.assert_close(dx, torch.where(kept, upstream * scale, 0), **tolerance)
        layer.eval()
        assert torch.equal(layer(x), x)
        layer.train()


def test_the_module_draws_from_its_generator_or_from_torchs():
    """With a generator the global state stays as it is; without one the global state is what counts."""
    x = torch.ones(30, 20)
    before = torch.get_rng_state()
    first, again = (InvertedDropout(0.3, torch.Generator().manual_seed(5)) for _ in range(2))
    y = first(x)
    assert torch.equal(y, again(x))
    assert not torch.equal(y, first(x))
    assert torch.equal(before, torch.get_rng_state())
    layer = InvertedDropout(0.3)
    torch.manual_seed(2)
    y = layer(x)
    assert not torch.equal(y, layer(x))
    torch.manual_seed(2)
    assert torch.equal(y, layer(x))
    assert repr(layer) == "InvertedDropout(p=0.3)"


# ---- refusals ----------------------------------------------------------------------------------------------------


ONES, RNG = np.ones((2, 3)), np.random.default_rng(0)
PARAMS = {"W1": np.ones((4, 3)), "b1": np.ones(4), "W2": np.ones((2, 4)), "b2": np.ones(2)}


@pytest.mark.parametrize(("call", "named"), [
    (lambda: sample_keep_mask((2,), -0.1, RNG), "p_drop"),
    (lambda: sample_keep_mask((2,), 1.1, RNG), "p_drop"),
    (lambda: sample_keep_mask((2,), float("nan"), RNG), "p_drop"),
    (lambda: dropout_forward(ONES, 2, RNG, True), "p_drop"),
    (lambda: dropout_backward(ONES, np.ones(3), 0.5), "mask"),
    (lambda: classic_test_weights(ONES, 1.5), "p_keep"),
    (lambda: expected_preactivation(np.ones(2), np.ones(2), -1), "p_keep"),
    (lambda: expected_preactivation(np.ones(21), np.ones(21), 0.5), "theta"),
    (lambda: dropout_mlp_grads(PARAMS, ONES, [0, 1], np.ones((1, 3)), np.ones((2, 4)), 0.5, 0.5), "m_in"),
    (lambda: dropout_mlp_grads(PARAMS, ONES, [0, 1], ONES, np.ones((2, 3)), 0.5, 0.5), "m_hid"),
    (lambda: channel_dropout(ONES, 0.5, RNG, True), "x"),
    (lambda: channel_dropout(np.ones((1, 1, 1, 1)), -0.5, RNG, True), "p_drop"),
    (lambda: InvertedDropout(1.5), "p"),
])  # fmt: skip
def test_bad_input(call, named):
    """What makes no sense is refused by name."""
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        call()
