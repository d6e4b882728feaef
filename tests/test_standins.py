"""Stand-ins: each agrees with an oracle that shares no code with it; `use` says whose function it gives."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import checks, exercise, reuse, standins, state
from traindeep.checks import Report, TestResult

NOTEBOOK_02 = {
    "bn_forward_train", "bn_backward", "bn_running_update", "ema_weights", "bn_population_stats", "bn2d_forward_train",
    "bn_eval", "bn_fold", "BatchNormScratch", "recalibrate_bn",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("NBGRADER_EXECUTION", "TRAINDEEP_GRADING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRAINDEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(state, "_memory", None)
    monkeypatch.setattr(state, "_said", set())


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def by_hand(x, gamma, beta, eps, axes=(0,)):
    """Batch normalization written out in NumPy."""
    mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return np.reshape(gamma, shape) * (x - mu) / np.sqrt(var + eps) + np.reshape(beta, shape)


def test_every_name_of_notebook_02_has_a_stand_in():
    """Nothing that a later notebook may ask for is missing."""
    assert set(standins.load()) >= NOTEBOOK_02


# ---- against oracles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_bn_forward_train(rng, eps):
    """Output and cache are those of the formula, also for integers and a constant feature."""
    x, gamma, beta = rng.integers(-5, 9, size=(7, 4)), rng.normal(size=4), rng.normal(size=4)
    x[:, 2] = 3
    before = x.copy()
    y, cache = s("bn_forward_train")(x, gamma, beta, eps)
    np.testing.assert_allclose(y, by_hand(x, gamma, beta, eps), rtol=1e-9, atol=1e-9)
    assert set(cache) == {"x", "xhat", "mu", "var", "gamma", "eps"}
    np.testing.assert_allclose(cache["mu"], x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(cache["var"], x.var(axis=0), atol=1e-12)
    np.testing.assert_allclose(cache["xhat"], by_hand(x, np.ones(4), np.zeros(4), eps), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(x, before)


def test_bn_backward(rng):
    """The gradients are those of central differences of the formula, with a random upstream gradient."""
    x, gamma, beta, dy = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3), rng.normal(size=(5, 3))
    _, cache = s("bn_forward_train")(x, gamma, beta, 0.1)
    found = s("bn_backward")(dy, cache)
    for value, gradient in zip((x, gamma, beta), found, strict=True):
        numeric, h = np.zeros_like(value), 1e-6
        for index in np.ndindex(value.shape):
            ends = []
            for step in (h, -h):
                moved = [a.copy() if a is value else a for a in (x, gamma, beta)]
                next(m for m, a in zip(moved, (x, gamma, beta), strict=True) if a is value)[index] += step
                ends.append(np.sum(dy * by_hand(*moved, 0.1)))
            numeric[index] = (ends[0] - ends[1]) / (2 * h)
        assert gradient.shape == value.shape
        np.testing.assert_allclose(gradient, numeric, atol=1e-8)


def test_bn_running_update(rng):
    """Five updates give the buffers of nn.BatchNorm1d; the two conventions exchange their weights."""
    layer, mean, var = nn.BatchNorm1d(3, momentum=0.3, dtype=torch.float64), np.zeros(3), np.ones(3)
    for n in (4, 9, 2, 5, 7):
        x = rng.normal(2, 3, size=(n, 3))
        layer(torch.tensor(x))
        old = mean.copy()
        lecture = s("bn_running_update")(mean, var, x, momentum=0.7, convention="lecture")
        mean, var = s("bn_running_update")(mean, var, x, momentum=0.3)
        np.testing.assert_allclose(lecture, (mean, var), atol=1e-12)
        np.testing.assert_allclose(mean, 0.7 * old + 0.3 * x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(mean, layer.running_mean, atol=1e-12)
    np.testing.assert_allclose(var, layer.running_var, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("T", [0, 1, 6])
def test_ema_weights(T, momentum):
    """(1 - m)^T for the start, m (1 - m)^(T - t) for batch t; the sum is 1."""
    weights = s("ema_weights")(T, momentum)
    expected = [(1 - momentum) ** T, *(momentum * (1 - momentum) ** (T - t) for t in range(1, T + 1))]
    np.testing.assert_allclose(weights, expected, atol=1e-12)
    assert weights.sum() == pytest.approx(1)


def test_bn_population_stats(rng):
    """The three methods are the three formulas, also with a short last batch."""
    batches = [rng.normal(1, 2, size=(n, 3)) for n in (6, 6, 2)]
    sizes = np.array([6, 6, 2])[:, None]
    means, variances = np.array([b.mean(0) for b in batches]), np.array([b.var(0) for b in batches])
    rows = np.concatenate(batches)
    expected = {
        "eq4": (means.mean(0), np.sqrt(variances).mean(0)),
        "alg2": (means.mean(0), np.sqrt((variances * sizes / (sizes - 1)).mean(0))),
        "pooled": (rows.mean(0), rows.std(0)),
    }
    for method, values in expected.items():
        np.testing.assert_allclose(s("bn_population_stats")(batches, method), values, rtol=1e-9, err_msg=method)


@pytest.mark.parametrize("per_pixel", [False, True])
def test_bn2d_forward_train(rng, per_pixel):
    """Statistics over images and pixels, or over images alone; C = W shows that gamma belongs to channels."""
    x, gamma, beta = rng.normal(size=(5, 3, 4, 3)), rng.normal(size=3), rng.normal(size=3)
    y = s("bn2d_forward_train")(x, gamma, beta, eps=0.1, per_pixel=per_pixel)
    np.testing.assert_allclose(y, by_hand(x, gamma, beta, 0.1, (0,) if per_pixel else (0, 2, 3)), atol=1e-9)


def test_bn_eval_and_bn_fold(rng):
    """bn_eval is the straight line; the folded layer equals the linear layer followed by it, with and without b."""
    x, W, b = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=3)
    stats = [rng.normal(size=3), rng.normal(size=3), rng.normal(size=3), rng.uniform(0.1, 2, size=3)]
    gamma, beta, mean, var = stats
    z = rng.normal(size=(1, 3))
    np.testing.assert_allclose(
        s("bn_eval")(z, *stats, eps=0.1), gamma * (z - mean) / np.sqrt(var + 0.1) + beta, atol=1e-12
    )
    for bias in (b, None):
        W2, b2 = s("bn_fold")(W, bias, *stats, eps=0.1)
        assert W2.shape == W.shape
        assert b2.shape == (3,)
        z = x @ W.T + (0 if bias is None else bias)
        np.testing.assert_allclose(x @ W2.T + b2, gamma * (z - mean) / np.sqrt(var + 0.1) + beta, atol=1e-10)


@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 5), (6, 3, 4, 5)])
@pytest.mark.parametrize("momentum", [0.2, None])
def test_batch_norm_scratch(shape, momentum):
    """Outputs and buffers are those of nn.BatchNorm1d and 2d; state_dicts fit both ways."""
    torch.manual_seed(0)
    theirs = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(3, momentum=momentum)
    ours = s("BatchNormScratch")(3, momentum=momentum)
    for _ in range(3):
        x = torch.randn(shape) * 2 + 1
        torch.testing.assert_close(ours(x), theirs(x))
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    with pytest.raises(ValueError, match="channels"):
        ours(torch.zeros(4, 5))


class Own(nn.Module):
    """A learner's layer: same buffers as torch's, no kinship."""

    def __init__(self, features):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(features) + 0.5), nn.Parameter(torch.rand(features))
        self.register_buffer("running_mean", torch.full((features,), 7.0))
        self.register_buffer("running_var", torch.full((features,), 7.0))
        self.register_buffer("num_batches_tracked", torch.tensor(9))
        self.eps, self.momentum = 1e-3, 0.25

    def forward(self, x):
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


@pytest.mark.parametrize("layer", [nn.BatchNorm1d, Own])
def test_recalibrate_bn(layer):
    """Statistics are plain averages with dropout off; modes, momentum, parameters and gradients stay."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Linear(4, 5), layer(5), nn.ReLU(), nn.Dropout(0.5), nn.Sequential(nn.Linear(5, 3), layer(3)), nn.LayerNorm(3)
    )
    model.train()
    model[0].eval()
    modes = [module.training for module in model.modules()]
    objects = [id(module) for module in model.modules()]
    parameters = copy.deepcopy([p.detach() for p in model.parameters()])
    batches = [torch.randn(n, 4) for n in (6, 8, 3)]
    with torch.no_grad():
        first = [model[0](batch) for batch in batches]
        outputs = []
        for z in first:
            zn = (z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + model[1].eps) * model[1].weight + model[1].bias
            outputs.append(model[4][0](torch.relu(zn)))
    assert s("recalibrate_bn")(model, (batch for batch in batches)) is None
    for bn, values in ((model[1], first), (model[4][1], outputs)):
        torch.testing.assert_close(bn.running_mean, torch.stack([z.mean(0) for z in values]).mean(0))
        torch.testing.assert_close(bn.running_var, torch.stack([z.var(0) for z in values]).mean(0))
        assert bn.momentum == (0.25 if layer is Own else 0.1)
    assert [module.training for module in model.modules()] == modes
    assert [id(module) for module in model.modules()] == objects
    assert all(torch.equal(a, b) for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


def test_recalibrate_bn_without_batches_changes_nothing():
    """No batches: a ValueError, and the model is as it was."""
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="batches"):
        s("recalibrate_bn")(model, [])
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: s("bn_forward_train")(np.ones((1, 2)), np.ones(2), np.ones(2)), "x"),
        (lambda: s("bn_forward_train")(np.ones((3, 2)), np.ones(3), np.ones(2)), "gamma"),
        (lambda: s("bn_backward")(np.ones((3, 2)), {"x": np.ones((2, 3))}), "dy"),
        (lambda: s("bn_running_update")(np.ones(2), np.ones(2), np.ones((3, 2)), 1.5), "momentum"),
        (lambda: s("bn_running_update")(np.ones(2), np.ones(2), np.ones((1, 2))), "x"),
        (lambda: s("bn_running_update")(np.ones(2), np.ones(2), np.ones((3, 2)), 0.1, "keras"), "convention"),
        (lambda: s("ema_weights")(3, -0.1), "momentum"),
        (lambda: s("bn_population_stats")([], "eq4"), "batches"),
        (lambda: s("bn_population_stats")([np.ones((2, 2))], "eq5"), "method"),
        (lambda: s("bn_population_stats")([np.ones((1, 2))], "alg2"), "batches"),
        (lambda: s("bn2d_forward_train")(np.ones((3, 2)), np.ones(2), np.ones(2)), "x"),
        (lambda: s("bn2d_forward_train")(np.ones((1, 2, 3, 3)), np.ones(2), np.ones(2), per_pixel=True), "x"),
        (lambda: s("bn_eval")(np.ones((1, 2)), np.ones(2), np.ones(2), np.ones(2), -np.ones(2)), "run_var"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call()


@pytest.mark.parametrize("id", ["bn_forward_train", "bn_backward", "bn2d_forward_train", "bn_running_update",
                                "bn_population_stats", "bn_fold_inference", "BatchNormScratch"])  # fmt: skip
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs what a from-scratch exercise forbids."""
    if id not in exercise.ids() or not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    namespace = {name: s(name) for name in exercise.load(id).names}
    assert checks.run_visible(id, namespace).outcome != "passed"


def test_random_streams_and_torch_defaults_are_left_alone(rng):
    """A stand-in draws nothing and sets nothing."""
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.is_grad_enabled()
    s("bn_forward_train")(rng.normal(size=(4, 2)), np.ones(2), np.zeros(2))
    s("bn_population_stats")([rng.normal(size=(4, 2))], "alg2")
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    assert before[2] == torch.is_grad_enabled()


# ---- use -------------------------------------------------------------------------------------------------

RIGHT = """
import numpy as np

def bn_forward_train(x, gamma, beta, eps=1e-5):
    x = np.asarray(x, dtype=float)
    if len(x) < 2:
        raise ValueError("x is too short")
    if np.shape(gamma) != x[0].shape:
        raise ValueError("gamma has another length")
    if np.shape(beta) != x[0].shape:
        raise ValueError("beta has another length")
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
"""


def cell(source):
    namespace = {"__name__": "__main__"}
    exec(source, namespace)
    return namespace


def test_use_prefers_your_own(capsys):
    """What the notebook defines is used when it passes its checks."""
    namespace = cell(RIGHT)
    assert reuse.use("bn_forward_train", namespace) is namespace["bn_forward_train"]
    assert capsys.readouterr().out == "use: your own bn_forward_train\n"


def test_use_finds_the_callers_globals(capsys):
    """Without a namespace, the globals of the notebook that calls count."""
    namespace = cell(RIGHT)
    exec("from traindeep import use\nmine = use('bn_forward_train')", namespace)
    assert namespace["mine"] is namespace["bn_forward_train"]


def test_use_falls_back_to_a_stand_in(capsys):
    """A wrong version and none at all give a stand-in, and the line says why."""
    namespace = cell(RIGHT.replace("var(axis=0)", "var(axis=0, ddof=1)"))
    assert reuse.use("bn_forward_train", namespace) is s("bn_forward_train")
    assert "a stand-in for bn_forward_train (yours does not pass its checks yet)" in capsys.readouterr().out
    reuse.use("bn_forward_train", {})
    assert "a stand-in for bn_forward_train (you have not built it yet)" in capsys.readouterr().out


def test_use_takes_the_saved_version(capsys):
    """A later notebook, which does not define the function, gets the one that passed; a spoiled copy is not used."""
    report = Report("bn_forward_train", "T.", "passed", (TestResult("t", "S.", "passed"),))
    import linecache

    linecache.cache["<a cell>"] = (len(RIGHT), None, RIGHT.splitlines(keepends=True), "<a cell>")
    namespace = {"__name__": "__main__"}
    exec(compile(RIGHT, "<a cell>", "exec"), namespace)
    state.record(report, namespace)
    found = reuse.use("bn_forward_train", {})
    assert "your own bn_forward_train, as it was when it last passed" in capsys.readouterr().out
    assert found is not s("bn_forward_train")
    again = {"bn_forward_train": found}
    reuse.use("bn_forward_train", again)
    assert "as it was when it last passed" in capsys.readouterr().out
    for spoiled in (RIGHT.replace("var(axis=0)", "var(axis=1)"), "def (", "1 / 0", ""):
        state._saved("bn_forward_train").write_text(spoiled)
        assert reuse.use("bn_forward_train", {}) is s("bn_forward_train")


def test_a_stand_in_is_not_mistaken_for_your_own(capsys):
    """Running `f = use("f")` twice says both times that it is a stand-in."""
    namespace = {}
    for _ in range(2):
        namespace["bn_forward_train"] = reuse.use("bn_forward_train", namespace)
        assert "a stand-in" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "value"), [("TRAINDEEP_GRADING", "1"), ("NBGRADER_EXECUTION", "autograde")])
def test_grading_always_uses_the_stand_in(name, value, monkeypatch, capsys):
    """While grading, not even a right version of the student's own is used."""
    monkeypatch.setenv(name, value)
    assert reuse.use("bn_forward_train", cell(RIGHT)) is s("bn_forward_train")
    assert "while grading" in capsys.readouterr().out


def test_unknown_names_are_refused():
    """A typo names what is near; a name without stand-in says what to do."""
    with pytest.raises(reuse.NoStandIn, match="did you mean bn_forward_train"):
        reuse.use("bn_forward_trian", {})
    with pytest.raises(reuse.NoStandIn, match="there is no stand-in for 'zzz'"):
        reuse.stand_in("zzz")


def test_importing_stand_ins_imports_no_torch():
    """A NumPy notebook that imports `use` pays for neither torch nor scikit-learn."""
    import subprocess
    import sys

    code = "import sys, traindeep; traindeep.use; assert not {'torch', 'sklearn'} & set(sys.modules), 'imported'"
    subprocess.run([sys.executable, "-c", code], check=True)
