"""Hidden tests of dropout_mlp_grads. All masks are given, so everything is exact.

Each part looks at its own results only. Who writes into an argument pays for it in the test of kinds of numbers; the
others hand out copies.
"""

import copy

import numpy as np

from autograder.exercise import part

PARTS = {"loss": 2, "W2 and b2": 2, "W1 and b1": 2, "dropped unit": 1}
SIZES = (7, 5, 6, 3)  # N, D, H, C


def _mask(rng, shape, p_drop):
    """A mask in which no row is empty or full and neighbouring rows differ; all ones for a rate of 0."""
    mask = (rng.random(shape) >= p_drop).astype(float)
    if p_drop:
        rows = np.arange(shape[0])
        mask[rows, rows % shape[1]], mask[rows, (rows + 1) % shape[1]] = 0, 1
    return mask


def _case(rng, sizes=SIZES, p_in=0.2, p_hid=0.45):
    n, d, h, c = sizes
    params = {
        "W1": rng.normal(size=(h, d)),
        "b1": rng.normal(size=h) + 0.5,
        "W2": rng.normal(size=(c, h)),
        "b2": rng.normal(size=c),
    }
    x, t = rng.normal(size=(n, d)), rng.integers(c, size=n)
    return params, x, t, _mask(rng, (n, d), p_in), _mask(rng, (n, h), p_hid), p_in, p_hid


def _run(student, case):
    loss, grads = student.dropout_mlp_grads(*copy.deepcopy(case))
    return float(loss), grads


def _loss(student, params, x, t, m_in, m_hid, p_in, p_hid):
    return {"loss": _run(student, (params, x, t, m_in, m_hid, p_in, p_hid))[0]}


def _gradients(student, names, params, x, t, m_in, m_hid, p_in, p_hid):
    _, grads = _run(student, (params, x, t, m_in, m_hid, p_in, p_hid))
    return {f"gradient of {name}": np.asarray(grads[name], dtype=float) for name in names}


def _cases(rng):
    """Other sizes and other rates; a rate of 0 for one of the two masks."""
    yield _case(rng)
    yield _case(rng, (4, 6, 5, 2), 0.35, 0.6)
    yield _case(rng, (6, 4, 7, 4), 0.0, 0.3)
    yield _case(rng, (5, 7, 4, 3), 0.3, 0.0)


# ---- loss ------------------------------------------------------------------------------------------------


@part("loss")
def test_loss(compare, rng):
    """The loss is the mean cross-entropy of the thinned network, whose inputs and hidden units are scaled up."""
    for case in _cases(rng):
        compare(_loss, *case)


# A constant passes.
@part("loss", supporting=True)
def test_examples_are_independent(student, rng):
    """The loss of a batch is the mean of the losses of its examples, each with its own masks."""
    params, x, t, m_in, m_hid, *rates = _case(rng)
    alone = [_run(student, (params, *(a[i : i + 1] for a in (x, t, m_in, m_hid)), *rates))[0] for i in range(len(x))]
    together = _run(student, (params, x, t, m_in, m_hid, *rates))[0]
    assert abs(together) > 1e-9, "the loss is 0"
    assert abs(np.mean(alone) - together) < 1e-6 * (1 + abs(together)), "the loss is not the mean over the examples"


@part("loss")
def test_loss_of_large_scores(compare, rng):
    """Large scores are no reason for nan or infinity."""
    params, *rest = _case(rng)
    compare(_loss, {name: 30 * value for name, value in params.items()}, *rest)


def _kinds(student, params, x, t, m_in, m_hid, p_in, p_hid):
    return {"loss": float(student.dropout_mlp_grads(params, x, t, m_in, m_hid, p_in, p_hid)[0])}


@part("loss")
def test_kinds_of_numbers(compare, rng):
    """Masks of bool and whole numbers as inputs are all right; params, x and the masks are not changed."""
    params, x, t, m_in, m_hid, *rates = _case(rng)
    compare(_kinds, params, x, t, m_in, m_hid, *rates)
    compare(_kinds, params, rng.integers(-3, 4, size=x.shape), t, m_in == 1, m_hid == 1, *rates)


def _refused(student, case, wrong):
    # First what is allowed: an answer that always raises is not one that refuses.
    _run(student, case)
    facts = {}
    for position, name, shape in wrong:
        changed = list(case)
        changed[position] = np.ones(shape)
        try:
            _run(student, changed)
        except ValueError:
            facts[f"{name} of shape {shape} is refused"] = True
        else:
            facts[f"{name} of shape {shape} is refused"] = False
    return facts


@part("loss", supporting=True)
def test_bad_input(compare, rng):
    """Masks of another shape are refused by name, even those that NumPy could broadcast."""
    case, (n, d, h, _) = _case(rng), SIZES
    wrong = [(3, "m_in", (1, d)), (3, "m_in", (n, 1)), (4, "m_hid", (1, h)), (4, "m_hid", (h,)), (3, "m_in", (n, h))]
    compare(_refused, case, wrong)
    for position, name, shape in wrong:
        changed = list(case)
        changed[position] = np.ones(shape)
        compare.refuses("dropout_mlp_grads", *changed, naming=(name,))


# ---- gradients -------------------------------------------------------------------------------------------


@part("W2 and b2")
def test_gradients_of_the_output_layer(compare, rng):
    """The gradients of W2 and b2 are those of the loss: means over all N examples."""
    for case in _cases(rng):
        compare(_gradients, ("W2", "b2"), *case)


@part("W1 and b1")
def test_gradients_of_the_hidden_layer(compare, rng):
    """The gradients of W1 and b1 are those of the loss, through the masks of the forward pass."""
    for case in _cases(rng):
        compare(_gradients, ("W1", "b1"), *case)


def _away_from_kinks(rng):
    """A case in which no difference steps over the kink of a relu: there a right gradient would look wrong."""
    while True:
        case = _case(rng)
        params, x, _, m_in, _, p_in, _ = case
        z = (x * m_in / (1 - p_in)) @ params["W1"].T + params["b1"]
        if np.abs(z).min() > 1e-3:
            return case


def _slopes(student, names, rng):
    """For each name: the derivative of the student's own loss along a direction, and that of the gradients."""
    case = _away_from_kinks(rng)
    grads = _run(student, case)[1]
    for name in names:
        direction, ends = rng.normal(size=case[0][name].shape), []
        for step in (1e-5, -1e-5):
            params = case[0] | {name: case[0][name] + step * direction}
            ends.append(_run(student, (params, *case[1:]))[0])
        yield name, (ends[0] - ends[1]) / 2e-5, float(np.sum(np.asarray(grads[name], dtype=float) * direction))


def _agree(student, names, rng):
    for name, slope, found in _slopes(student, names, rng):
        assert abs(slope) > 1e-9, f"your loss does not depend on {name}"
        assert abs(slope - found) < 1e-5 * max(1.0, abs(slope)), f"your gradient of {name} is not that of your loss"


@part("W2 and b2")
def test_output_layer_agrees_with_differences(student, rng):
    """The gradients of W2 and b2 agree with differences of the loss."""
    _agree(student, ("W2", "b2"), rng)


@part("W1 and b1")
def test_hidden_layer_agrees_with_differences(student, rng):
    """The gradients of W1 and b1 agree with differences of the loss."""
    _agree(student, ("W1", "b1"), rng)


# ---- dropped unit ----------------------------------------------------------------------------------------


def _absent(student, params, x, t, m_in, m_hid, p_in, p_hid):
    """One hidden unit and one input are dropped in all examples: what the gradients of their weights are."""
    m_in, m_hid = m_in.copy(), m_hid.copy()
    m_in[:, 1] = m_hid[:, 2] = 0
    grads = _run(student, (params, x, t, m_in, m_hid, p_in, p_hid))[1]
    W1, b1, W2 = (np.asarray(grads[name], dtype=float) for name in ("W1", "b1", "W2"))
    if W1.shape != params["W1"].shape or b1.shape != params["b1"].shape or W2.shape != params["W2"].shape:
        return {"shapes of the gradients are those of params": False}
    others = np.arange(len(b1)) != 2
    return {
        "shapes of the gradients are those of params": True,
        "weights into the unit": W1[2],
        "bias of the unit": b1[2],
        "weights out of the unit": W2[:, 2],
        "weights out of the input": W1[:, 1],
        "another unit has a gradient": bool(np.abs(W1[others]).max() > 1e-6 and np.abs(W2[:, others]).max() > 1e-6),
    }


@part("dropped unit")
def test_dropped_units_have_no_gradient(compare, rng):
    """A unit that is dropped in every example has no gradient, neither in the weights into it nor in those out of it."""
    compare(_absent, *_case(rng))


# Constants pass.
@part("dropped unit", supporting=True)
def test_dropped_units_have_no_influence(student, rng):
    """What the weights into a unit and out of it are does not matter to an example that drops it, others do."""
    case = _case(rng)
    case[4][:, 3] = 0
    moved = copy.deepcopy(case)
    for name, where in (("W1", 3), ("b1", 3), ("W2", (slice(None), 3))):
        moved[0][name][where] += 2.0
    before, after = _run(student, case), _run(student, moved)
    assert np.abs(np.asarray(before[1]["b2"])).max() > 1e-6, "the gradients are 0"
    assert abs(before[0] - after[0]) < 1e-6, "the loss depends on the weights of a unit that is dropped"
    for name in ("W2", "b2"):
        first, second = (np.asarray(grads[name], dtype=float) for _, grads in (before, after))
        assert np.allclose(first, second, rtol=1e-6, atol=1e-8), (
            f"the gradient of {name} depends on a unit that is dropped"
        )
