"""One step of a recurrent net with layer normalization."""

import numpy as np

SIGNATURES = {"ln_rnn_step": "x, h, Wx, Wh, gamma, beta, eps -> h2"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Write down the order of the four operations: two products, one sum, one normalization, one tanh. What is normalized "
    "is the sum, before the nonlinearity, and the statistics are those of the units of one case.",
    "a = x Wx^T + h Wh^T has the shape (N, H). Layer-normalize its rows, scale and shift them with gamma and beta, one "
    "entry for each unit, and put tanh around all of it. Is Wh, which is square, used the right way round?",
    "Weights are (out, in), so both products are of the form inputs @ W.T. a.mean(axis=1, keepdims=True) and "
    "a.var(axis=1, keepdims=True) are the (N, 1) statistics. Compare the six shapes with N, D and H, which x and h give, "
    "before you compute.",
)

WX = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
WH = np.array([[0.0, 1.0], [2.0, 0.0]])
GAMMA, BETA = np.array([0.5, 1.5]), np.array([0.1, -0.2])


def _sequence(student, xs, h, Wx, Wh, gamma, beta, eps):
    for x in xs:
        h = student.ln_rnn_step(x, h, Wx, Wh, gamma, beta, eps=eps)
    return {"h after the last step": h}


def test_one_step_by_hand(student, compare):
    """The sums [3, 6] and [1, 4] have the variance 2.25; eps = 4 makes it 6.25, and the units become tanh(-0.6) and tanh(0.6)."""
    x, h = np.array([[1.0, 2.0, 0.0], [0.0, 2.0, 0.0]]), np.array([[2.0, 2.0], [1.0, 1.0]])
    compare("ln_rnn_step", x, h, WX, WH, np.ones(2), np.zeros(2), eps=4.0)


def test_gamma_beta_eps(student, compare):
    """gamma scales and beta shifts a unit, inside tanh; eps = 3 divides by 2 what eps = 0 divides by 1."""
    x, h = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 1.0]]), np.array([[2.0, 2.0], [-1.0, 1.0]])
    compare("ln_rnn_step", x, h, WX, WH, GAMMA, BETA, eps=3.0)
    compare("ln_rnn_step", x, h, WX, WH, GAMMA, BETA)


def test_whole_numbers(student, compare):
    """Whole numbers are as good as real ones."""
    x, h = np.array([[1, 1, 0], [0, 2, 1], [3, -1, 1]]), np.array([[0, 1], [-1, 0], [1, 1]])
    compare("ln_rnn_step", x, h, WX.astype(int), WH.astype(int), np.array([1, 2]), np.array([0, 1]), eps=0.1)


def test_three_steps(student, compare):
    """The state of one step goes into the next one, with the same weights, gamma and beta."""
    xs = np.array([[[1.0, 1.0, 0.0]], [[0.0, 2.0, 1.0]], [[3.0, -1.0, 1.0]]])
    compare(_sequence, xs, np.zeros((1, 2)), WX, WH, GAMMA, BETA, eps=0.1)


def test_one_case_alone(student, rng):
    """A case alone gives what it gives in the company of others: there are no statistics of the batch."""
    x, h, Wx, Wh = (rng.normal(size=shape) for shape in ((4, 3), (4, 5), (5, 3), (5, 5)))
    together = student.ln_rnn_step(x.copy(), h.copy(), Wx, Wh, np.ones(5), np.zeros(5))
    alone = student.ln_rnn_step(x[1:2].copy(), h[1:2].copy(), Wx, Wh, np.ones(5), np.zeros(5))
    assert np.std(together) > 0, "the state is the same everywhere"
    assert np.allclose(together[1], alone[0], atol=1e-8), "the second case gives something else when it is alone"


def test_bad_input(student, compare):
    """A shape that does not fit is a ValueError that names the argument."""
    x, h = np.ones((4, 3)), np.ones((4, 2))
    compare.refuses("ln_rnn_step", x, h[:1], WX, WH, GAMMA, BETA, naming=("h", "x"))
    compare.refuses("ln_rnn_step", x, h, WX.T, WH, GAMMA, BETA, naming=("Wx", "x", "h"))
    compare.refuses("ln_rnn_step", x, h, WX, WX, GAMMA, BETA, naming=("Wh", "h"))
    compare.refuses("ln_rnn_step", x, h, WX, WH, np.ones(1), BETA, naming=("gamma",))
    compare.refuses("ln_rnn_step", x, h, WX, WH, GAMMA, np.ones(3), naming=("beta",))
