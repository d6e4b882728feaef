"""Believable wrong answers to trivial_augment and rand_augment. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- trivial_augment -------------------------------------------------------------------------------------


def _trivial(img, ops, rng, levels, op=None, m=None, apply=None, back=None):
    """A right answer with holes: each hook replaces one of its parts."""
    if not len(ops):
        raise ValueError("ops is empty")
    i = op() if op else int(rng.integers(len(ops)))
    strength = m() if m else int(rng.integers(levels))
    out = apply(i, strength) if apply else ops[i](np.array(img), strength)
    return out, back(i, strength) if back else (i, strength)


@replaces("trivial_augment")
def strength_from_1(img, ops, rng, levels=31):
    """Your strengths begin with 1. 0 belongs to the set: with some operations it means that nothing happens."""
    return _trivial(img, ops, rng, levels, m=lambda: int(rng.integers(1, max(levels, 2))))


@replaces("trivial_augment")
def strength_below_the_last(img, ops, rng, levels=31):
    """Your strengths end with 29. 30 belongs to the set: in rng.integers the upper end is not included, so it is levels."""
    return _trivial(img, ops, rng, levels, m=lambda: int(rng.integers(max(levels - 1, 1))))


@replaces("trivial_augment")
def strength_up_to_levels(img, ops, rng, levels=31):
    """Your strengths go up to levels. There are levels of them and the first is 0, so the last is levels - 1."""
    return _trivial(img, ops, rng, levels, m=lambda: int(rng.integers(levels + 1)))


@replaces("trivial_augment")
def levels_ignored(img, ops, rng, levels=31):
    """You draw from 31 strengths whatever levels says."""
    return _trivial(img, ops, rng, 31)


@replaces("trivial_augment")
def always_the_largest(img, ops, rng, levels=31):
    """Your strength is always the largest. TrivialAugment draws it anew for each image."""
    return _trivial(img, ops, rng, levels, m=lambda: levels - 1)


@replaces("trivial_augment")
def fraction_as_strength(img, ops, rng, levels=31):
    """Your strength is a number with a fraction. It is one of the whole numbers 0 to levels - 1."""
    return _trivial(img, ops, rng, levels, m=lambda: float(rng.uniform(0, levels - 0.5)))


@replaces("trivial_augment")
def same_draw(img, ops, rng, levels=31):
    """You use one random number for operation and strength, so some pairs never occur. Draw two."""
    number = int(rng.integers(levels))
    return _trivial(img, ops, rng, levels, op=lambda: number % len(ops), m=lambda: number)


@replaces("trivial_augment")
def same_share_of_both(img, ops, rng, levels=31):
    """You stretch one random number to operations and to strengths, so weak strengths go with the first operations only. Draw two."""
    u = rng.random()
    return _trivial(img, ops, rng, levels, op=lambda: int(u * len(ops)), m=lambda: int(u * levels))


@replaces("trivial_augment")
def every_operation(img, ops, rng, levels=31):
    """You apply all operations one after the other. TrivialAugment applies a single one."""

    def apply(i, m):
        out = np.array(img)
        for op in ops:
            out = op(out, m)
        return out

    return _trivial(img, ops, rng, levels, apply=apply)


@replaces("trivial_augment")
def applied_twice(img, ops, rng, levels=31):
    """You apply the operation twice. Call it once and keep what it returns."""
    return _trivial(img, ops, rng, levels, apply=lambda i, m: ops[i](ops[i](np.array(img), m), m))


@replaces("trivial_augment")
def result_dropped(img, ops, rng, levels=31):
    """You call the operation and return the image as it was. An operation returns a new image: return that one."""

    def apply(i, m):
        ops[i](np.array(img), m)
        return np.array(img)

    return _trivial(img, ops, rng, levels, apply=apply)


@replaces("trivial_augment")
def drawn_again(img, ops, rng, levels=31):
    """What you return is not what you applied: you draw again. Draw once, use it, return it."""
    return _trivial(img, ops, rng, levels, back=lambda i, m: (int(rng.integers(len(ops))), int(rng.integers(levels))))


@replaces("trivial_augment")
def last_operation_never(img, ops, rng, levels=31):
    """You never use the last operation. In rng.integers the upper end is not included, so it is len(ops)."""
    return _trivial(img, ops, rng, levels, op=lambda: int(rng.integers(max(len(ops) - 1, 1))))


@replaces("trivial_augment")
def first_operation_preferred(img, ops, rng, levels=31):
    """Some of your operations are more likely than others. All have the same probability, that is what is trivial about it."""
    weights = np.arange(len(ops), 0, -1) ** 2.0
    return _trivial(img, ops, rng, levels, op=lambda: int(rng.choice(len(ops), p=weights / weights.sum())))


@replaces("trivial_augment")
def counted_from_1(img, ops, rng, levels=31):
    """The index that you return counts from 1. The first operation is ops[0]."""
    return _trivial(img, ops, rng, levels, back=lambda i, m: (i + 1, m))


@replaces("trivial_augment")
def strength_first(img, ops, rng, levels=31):
    """You return strength and operation in the wrong order. The index of the operation comes first."""
    return _trivial(img, ops, rng, levels, back=lambda i, m: (m, i))


@replaces("trivial_augment")
def strength_scaled(img, ops, rng, levels=31):
    """You hand the operation m / levels. It gets the whole number m, and knows itself what that means."""
    return _trivial(img, ops, rng, levels, apply=lambda i, m: ops[i](np.array(img), m / levels))


@replaces("trivial_augment")
def generator_handed_on(img, ops, rng, levels=31):
    """You hand rng to the operation as well. It is called as op(img, m), and draws nothing."""

    def apply(i, m):
        try:
            return ops[i](np.array(img), m, rng)
        except TypeError:
            return ops[i](np.array(img), m)

    return _trivial(img, ops, rng, levels, apply=apply)


@replaces("trivial_augment")
def empty_list_accepted(img, ops, rng, levels=31):
    """Without operations you return the image as it is. Something went wrong before, and the caller should hear of it here."""
    return _trivial(img, ops, rng, levels) if len(ops) else (np.array(img), (0, 0))


@replaces("trivial_augment")
def image_changed(img, ops, rng, levels=31):
    """You write the result into the caller's image. Return a new one."""
    out, drawn = _trivial(img, ops, rng, levels)
    if isinstance(img, np.ndarray):
        img[...] = out
    return out, drawn


@replaces("trivial_augment")
def global_generator(img, ops, rng, levels=31):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _trivial(
        img, ops, rng, levels, op=lambda: int(np.random.randint(len(ops))), m=lambda: int(np.random.randint(levels))
    )


@replaces("trivial_augment")
def own_generator(img, ops, rng, levels=31):
    """You make a generator of your own with a fixed seed, so the same is drawn every time. Use the one that you are given."""
    return _trivial(img, ops, np.random.default_rng(0), levels)


@replaces("trivial_augment")
def fresh_generator(img, ops, rng, levels=31):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _trivial(img, ops, np.random.default_rng(), levels)


# ---- rand_augment ----------------------------------------------------------------------------------------


def _checked(ops, n, m):
    if not len(ops):
        raise ValueError("ops is empty")
    if n < 0:
        raise ValueError("n must be at least 0")
    if not 0 <= m <= 30:
        raise ValueError("m must be in 0..30")


def _rand(img, ops, n, m, rng, draw=None, strength=None, call=None, checked=_checked):
    """A right answer with holes: each hook replaces one of its parts."""
    checked(ops, n, m)
    chosen = [int(i) for i in (draw() if draw else rng.integers(len(ops), size=n))]
    out = np.array(img)
    for i in chosen:
        s = strength() if strength else m
        out = call(ops[i], out, s) if call else ops[i](out, s)
    return out, chosen


@replaces("rand_augment")
def without_replacement(img, ops, n, m, rng):
    """You draw without replacement, so an operation never comes twice, and there cannot be more than the list has. Each draw is from all operations."""
    return _rand(img, ops, n, m, rng, draw=lambda: rng.choice(len(ops), size=n, replace=False))


@replaces("rand_augment")
def shuffled_and_cut(img, ops, n, m, rng):
    """You shuffle the operations and take the first n, so there are never more than the list has. Each draw is from all operations."""
    return _rand(img, ops, n, m, rng, draw=lambda: rng.permutation(len(ops))[:n])


@replaces("rand_augment")
def random_strength(img, ops, n, m, rng):
    """You draw the strength. In RandAugment it is fixed: m is the one number that is tuned."""
    s = int(rng.integers(31))
    return _rand(img, ops, n, m, rng, strength=lambda: s)


@replaces("rand_augment")
def strength_up_to_m(img, ops, n, m, rng):
    """You draw a strength up to m for each operation. All of them get m itself."""
    return _rand(img, ops, n, m, rng, strength=lambda: int(rng.integers(m + 1)))


@replaces("rand_augment")
def applied_to_the_original(img, ops, n, m, rng):
    """You apply every operation to the original, so only the last one is left. Each works on what the one before made."""
    return _rand(img, ops, n, m, rng, call=lambda op, out, s: op(np.array(img), s))


@replaces("rand_augment")
def list_reversed(img, ops, n, m, rng):
    """Your list is in the opposite order. It is the order in which the operations were applied."""
    out, chosen = _rand(img, ops, n, m, rng)
    return out, chosen[::-1]


@replaces("rand_augment")
def list_sorted(img, ops, n, m, rng):
    """Your list is sorted. It is the order in which the operations were applied."""
    out, chosen = _rand(img, ops, n, m, rng)
    return out, sorted(chosen)


@replaces("rand_augment")
def same_operation_n_times(img, ops, n, m, rng):
    """You draw one operation and apply it n times. Each of the n is drawn by itself."""
    return _rand(img, ops, n, m, rng, draw=lambda: [rng.integers(len(ops))] * n)


@replaces("rand_augment")
def first_n_operations(img, ops, n, m, rng):
    """You apply the operations in the order of the list, from the first on. Each of the n is drawn at random."""
    return _rand(img, ops, n, m, rng, draw=lambda: [i % len(ops) for i in range(n)])


@replaces("rand_augment")
def one_operation(img, ops, n, m, rng):
    """You apply one operation, as TrivialAugment does. RandAugment applies n of them."""
    return _rand(img, ops, n, m, rng, draw=lambda: [rng.integers(len(ops))])


@replaces("rand_augment")
def one_less(img, ops, n, m, rng):
    """You apply n - 1 operations. range(n) has n entries."""
    return _rand(img, ops, n, m, rng, draw=lambda: rng.integers(len(ops), size=max(n - 1, 0)))


@replaces("rand_augment")
def up_to_n(img, ops, n, m, rng):
    """You draw the number of operations as well. There are always n of them."""
    return _rand(img, ops, n, m, rng, draw=lambda: rng.integers(len(ops), size=rng.integers(n + 1)))


@replaces("rand_augment")
def last_never(img, ops, n, m, rng):
    """In rand_augment you never use the last operation. In rng.integers the upper end is not included, so it is len(ops)."""
    return _rand(img, ops, n, m, rng, draw=lambda: rng.integers(max(len(ops) - 1, 1), size=n))


@replaces("rand_augment")
def list_from_1(img, ops, n, m, rng):
    """Your list counts from 1. The first operation is ops[0]."""
    out, chosen = _rand(img, ops, n, m, rng)
    return out, [i + 1 for i in chosen]


@replaces("rand_augment")
def rng_handed_on(img, ops, n, m, rng):
    """In rand_augment you hand rng to the operations. They are called as op(img, m), and draw nothing."""

    def call(op, out, s):
        try:
            return op(out, s, rng)
        except TypeError:
            return op(out, s)

    return _rand(img, ops, n, m, rng, call=call)


@replaces("rand_augment")
def strength_divided(img, ops, n, m, rng):
    """You hand the operations m / 30. They get the whole number m, and know themselves what that means."""
    return _rand(img, ops, n, m, rng, strength=lambda: m / 30)


@replaces("rand_augment")
def no_operation_refused(img, ops, n, m, rng):
    """You refuse n = 0. It is allowed: the image stays as it is."""
    if n == 0:
        raise ValueError("n must be at least 1")
    return _rand(img, ops, n, m, rng)


@replaces("rand_augment")
def any_strength_accepted(img, ops, n, m, rng):
    """You accept any m. The operations know the strengths 0 to 30 only: refuse the others."""
    return _rand(img, ops, n, m, rng, checked=lambda ops, n, m: _checked(ops, n, 0))


@replaces("rand_augment")
def strength_30_refused(img, ops, n, m, rng):
    """You refuse m = 30. It is the largest strength, and it belongs to the range."""
    if m == 30:
        raise ValueError("m must be below 30")
    return _rand(img, ops, n, m, rng)


@replaces("rand_augment")
def negative_number_accepted(img, ops, n, m, rng):
    """You accept an n below 0, as if it were 0. range(-1) is empty and no error: refuse it yourself."""
    return _rand(img, ops, max(n, 0), m, rng)


@replaces("rand_augment")
def caller_image_changed(img, ops, n, m, rng):
    """In rand_augment you write the result into the caller's image. Return a new one."""
    out, chosen = _rand(img, ops, n, m, rng)
    if isinstance(img, np.ndarray):
        img[...] = out
    return out, chosen


@replaces("rand_augment")
def draws_from_global_generator(img, ops, n, m, rng):
    """In rand_augment you draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _rand(img, ops, n, m, rng, draw=lambda: np.random.randint(len(ops), size=n))


@replaces("rand_augment")
def draws_from_own_generator(img, ops, n, m, rng):
    """In rand_augment you make a generator of your own with a fixed seed, so every image gets the same. Use the one that you are given."""
    return _rand(img, ops, n, m, np.random.default_rng(0))


@replaces("rand_augment")
def draws_from_fresh_generator(img, ops, n, m, rng):
    """In rand_augment you make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _rand(img, ops, n, m, np.random.default_rng())
