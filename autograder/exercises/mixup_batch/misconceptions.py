"""Believable wrong answers to mixup and sample_mixup. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- mixup -----------------------------------------------------------------------------------------------


def _checked(x, y, lam):
    if not 0 <= lam <= 1:
        raise ValueError("lam must be in [0, 1]")
    if np.ndim(y) == 1:
        raise ValueError("y must be one-hot or soft")
    return np.array(x, dtype=float), np.array(y, dtype=float)


def _mix(a, lam, perm):
    return lam * a + (1 - lam) * a[perm]


@replaces("mixup")
def labels_not_mixed(x, y, lam, perm):
    """You mix the inputs and leave the labels as they were. A picture that is 70 % one class and 30 % another needs a label that says so."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, perm), y


@replaces("mixup")
def labels_the_other_way_round(x, y, lam, perm):
    """In the labels you give lam to the partner, in the inputs to the example. It is the same lam for both: the share of the example itself."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, perm), _mix(y, 1 - lam, perm)


@replaces("mixup")
def inputs_the_other_way_round(x, y, lam, perm):
    """In the inputs you give lam to the partner, in the labels to the example. It is the same lam for both: the share of the example itself."""
    x, y = _checked(x, y, lam)
    return _mix(x, 1 - lam, perm), _mix(y, lam, perm)


@replaces("mixup")
def lam_for_the_partner(x, y, lam, perm):
    """You give lam to the partner. The law of lam is symmetric, so a network would not notice; here lam is the share of the example itself."""
    x, y = _checked(x, y, lam)
    return _mix(x, 1 - lam, perm), _mix(y, 1 - lam, perm)


@replaces("mixup")
def labels_of_another_partner(x, y, lam, perm):
    """Your labels come from other partners than your inputs: perm and its inverse are mixed up. y[perm] belongs to x[perm]."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, perm), _mix(y, lam, np.argsort(perm))


@replaces("mixup")
def inverse_permutation(x, y, lam, perm):
    """You hand every example to its partner, instead of fetching the partner: that is the inverse permutation. The partner of n is perm[n]."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, np.argsort(perm)), _mix(y, lam, np.argsort(perm))


@replaces("mixup")
def batch_reversed(x, y, lam, perm):
    """You take the batch in reverse order for the partners, as some libraries do. The partners are given: perm[n] is the one of n."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, np.arange(len(x))[::-1]), _mix(y, lam, np.arange(len(x))[::-1])


@replaces("mixup")
def class_numbers_mixed(x, y, lam, perm):
    """You mix class numbers as well. 0.7 times class 3 and 0.3 times class 0 is 2.1, and that is no class: labels have to be one-hot or soft, so refuse a 1-D y."""
    x, y = _checked(x, np.array(y)[:, None] if np.ndim(y) == 1 else y, lam)
    return _mix(x, lam, perm), np.squeeze(_mix(y, lam, perm))


@replaces("mixup")
def label_of_the_larger_share(x, y, lam, perm):
    """You give the label of whoever has the larger share. The label is a mixture as well, with lam and 1 - lam."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, perm), y if lam >= 0.5 else y[perm]


@replaces("mixup")
def label_rounded(x, y, lam, perm):
    """You turn the mixed label back into one class. Its two fractions are what the loss shall see."""
    x, y = _checked(x, y, lam)
    ym = _mix(y, lam, perm)
    return _mix(x, lam, perm), np.eye(ym.shape[1])[ym.argmax(axis=1)]


@replaces("mixup")
def labels_added(x, y, lam, perm):
    """You add the two labels without weights, so the targets add up to 2. They get lam and 1 - lam, as the inputs do."""
    x, y = _checked(x, y, lam)
    return _mix(x, lam, perm), y + y[perm]


@replaces("mixup")
def half_and_half(x, y, lam, perm):
    """You take the mean of the example and its partner whatever lam is. The shares are lam and 1 - lam."""
    x, y = _checked(x, y, lam)
    return _mix(x, 0.5, perm), _mix(y, 0.5, perm)


@replaces("mixup")
def partner_in_full(x, y, lam, perm):
    """You add the partner in full. It gets the weight 1 - lam, so that the mixture keeps the scale of the data."""
    x, y = _checked(x, y, lam)
    return lam * x + x[perm], _mix(y, lam, perm)


@replaces("mixup")
def x_in_place(x, y, lam, perm):
    """You write the mixture into the caller's x (*= and += do). Next time the batch is mixed, it is a mixture already: make a new array."""
    before, y = _checked(x, y, lam)
    xm = _mix(before, lam, perm)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        x[...] = xm
    return xm, _mix(y, lam, perm)


@replaces("mixup")
def y_in_place(x, y, lam, perm):
    """You write the mixture into the caller's y (*= and += do). Next time the labels are mixed, they are mixtures already: make a new array."""
    x, before = _checked(x, y, lam)
    ym = _mix(before, lam, perm)
    if isinstance(y, np.ndarray) and y.dtype.kind == "f":
        y[...] = ym
    return _mix(x, lam, perm), ym


@replaces("mixup")
def partners_mixed_already(x, y, lam, perm):
    """You go through the batch and mix into the array that you read partners from. Later examples get partners that are mixtures already: read from the old array."""
    x, y = _checked(x, y, lam)
    for n in range(len(x)):
        x[n] = lam * x[n] + (1 - lam) * x[perm[n]]
    return x, _mix(y, lam, perm)


@replaces("mixup")
def rows_only(x, y, lam, perm):
    """Your code mixes rows of features and fails on images, because lam has the shape (N, 1). A single number needs no shape at all."""
    before, y = _checked(x, y, lam)
    if before.ndim > 2:
        raise ValueError("operands could not be broadcast together")
    return _mix(before, lam, perm), _mix(y, lam, perm)


@replaces("mixup")
def whole_numbers(x, y, lam, perm):
    """You keep the kind of the input, so whole numbers lose what is behind the point. Convert to float first."""
    kind = np.asarray(x).dtype
    before, y = _checked(x, y, lam)
    return _mix(before, lam, perm).astype(kind), _mix(y, lam, perm)


@replaces("mixup")
def whole_labels(x, y, lam, perm):
    """You keep the kind of the labels, so one-hot labels of whole numbers lose what is behind the point. Convert to float first."""
    kind = np.asarray(y).dtype
    x, before = _checked(x, y, lam)
    return _mix(x, lam, perm), _mix(before, lam, perm).astype(kind)


@replaces("mixup")
def lam_clipped(x, y, lam, perm):
    """You clip lam to [0, 1] instead of refusing it. A lam outside is a mistake of the caller, who should hear of it."""
    x, y = _checked(x, y, min(max(lam, 0), 1))
    lam = min(max(lam, 0), 1)
    return _mix(x, lam, perm), _mix(y, lam, perm)


# ---- sample_mixup ----------------------------------------------------------------------------------------


def _lam(alpha, rng, draw):
    if alpha < 0:
        raise ValueError("alpha must be at least 0")
    return draw() if alpha > 0 else 1.0


@replaces("sample_mixup")
def with_replacement(N, alpha, rng):
    """You draw partners with replacement, so some examples are nobody's partner and others several times. rng.permutation gives each of them once."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, alpha)), rng.integers(N, size=N)


@replaces("sample_mixup")
def lam_at_least_half(N, alpha, rng):
    """You take the larger one of lam and 1 - lam. Some libraries do, so that the example keeps its label in the main; it is another law than Beta(alpha, alpha)."""
    lam = _lam(alpha, rng, lambda: rng.beta(alpha, alpha))
    return max(lam, 1 - lam), rng.permutation(N)


@replaces("sample_mixup")
def beta_alpha_one(N, alpha, rng):
    """You draw from Beta(alpha, 1), which is not symmetric. Both parameters are alpha."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, 1)), rng.permutation(N)


@replaces("sample_mixup")
def uniform_lam(N, alpha, rng):
    """You draw lam uniformly whatever alpha is. That is right for alpha = 1 only: a small alpha mixes little, a large one makes halves."""
    return _lam(alpha, rng, lambda: rng.random()), rng.permutation(N)


@replaces("sample_mixup")
def always_half(N, alpha, rng):
    """Your lam is 1/2 every time. That is its mean; lam itself is drawn from Beta(alpha, alpha)."""
    return _lam(alpha, rng, lambda: 0.5), rng.permutation(N)


@replaces("sample_mixup")
def lam_for_each_example(N, alpha, rng):
    """You draw a lam for each example. Here one number holds for the whole batch."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, alpha, size=N)), rng.permutation(N)


@replaces("sample_mixup")
def never_its_own_partner(N, alpha, rng):
    """In your orders no example is its own partner. In a uniformly random permutation that happens to one example on average."""
    lam, perm = _lam(alpha, rng, lambda: rng.beta(alpha, alpha)), rng.permutation(N)
    while N > 1 and np.any(perm == np.arange(N)):
        perm = rng.permutation(N)
    return lam, perm


@replaces("sample_mixup")
def shifted(N, alpha, rng):
    """Your orders are the batch moved around by a random number. So neighbours always get neighbours: draw from all N! orders."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, alpha)), np.roll(np.arange(N), rng.integers(N))


@replaces("sample_mixup")
def reversed_order(N, alpha, rng):
    """Your order is the batch reversed, every time. Then the same examples meet whenever the batch comes again: draw the order."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, alpha)), np.arange(N)[::-1]


@replaces("sample_mixup")
def alpha_0_fails(N, alpha, rng):
    """You hand alpha = 0 to the Beta law, which has no density there. The limit is lam 0 or 1; this exercise says 1, so nothing is mixed."""
    if alpha < 0:
        raise ValueError("alpha must be at least 0")
    return rng.beta(alpha, alpha), rng.permutation(N)


@replaces("sample_mixup")
def alpha_0_gives_0(N, alpha, rng):
    """For alpha = 0 your lam is 0: every example becomes its partner. 1 leaves the batch as it is."""
    return float(_lam(alpha, rng, lambda: rng.beta(alpha, alpha))) if alpha else 0.0, rng.permutation(N)


@replaces("sample_mixup")
def global_generator(N, alpha, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _lam(alpha, rng, lambda: np.random.beta(alpha, alpha)), np.random.permutation(N)


@replaces("sample_mixup")
def perm_from_global_generator(N, alpha, rng):
    """Your lam comes from rng, but your order from NumPy's global generator. All of it comes from rng, or nobody can repeat the experiment."""
    return _lam(alpha, rng, lambda: rng.beta(alpha, alpha)), np.random.permutation(N)


@replaces("sample_mixup")
def own_generator(N, alpha, rng):
    """You make a generator of your own with a fixed seed, so every batch is mixed alike. Use the one that you are given."""
    own = np.random.default_rng(0)
    return _lam(alpha, own, lambda: own.beta(alpha, alpha)), own.permutation(N)


@replaces("sample_mixup")
def fresh_generator(N, alpha, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    own = np.random.default_rng()
    return _lam(alpha, own, lambda: own.beta(alpha, alpha)), own.permutation(N)
