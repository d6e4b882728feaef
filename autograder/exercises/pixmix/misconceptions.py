"""Believable wrong answers to pixmix_combine and pixmix. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

# ---- pixmix_combine --------------------------------------------------------------------------------------


def _checked(x, z, op):
    x, z = np.array(x, dtype=float), np.array(z, dtype=float)
    if x.shape != z.shape:
        raise ValueError("x and z must have the same shape")
    if op not in ("add", "mul"):
        raise ValueError("op must be add or mul")
    return x, z


def _raw(x, z, op, a, b):
    if op == "add":
        return (a * (2 * x - 1) + b * (2 * z - 1) + 1) / 2
    return (2 * x) ** a * np.maximum(2 * z, 1e-37) ** b / 2


def _right(x, z, op, a, b):
    return np.clip(_raw(*_checked(x, z, op), op, a, b), 0, 1)


@replaces("pixmix_combine")
def add_without_centring(x, z, op, a, b):
    """In "add" you add the pictures as they are, so two grey pictures become brighter or darker. Take them to [-1, 1] first, where grey is 0."""
    x, z = _checked(x, z, op)
    return np.clip(a * x + b * z if op == "add" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def mul_without_centring(x, z, op, a, b):
    """In "mul" you multiply the pictures as they are, so two grey pictures become dark. Take them to [0, 2] first, where grey is 1."""
    x, z = _checked(x, z, op)
    return np.clip(x**a * np.maximum(z, 1e-37) ** b if op == "mul" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def add_not_taken_back(x, z, op, a, b):
    """In "add" you stay in [-1, 1]. The result goes back to [0, 1]: add 1 and halve."""
    x, z = _checked(x, z, op)
    return np.clip(a * (2 * x - 1) + b * (2 * z - 1) if op == "add" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def mul_not_halved(x, z, op, a, b):
    """In "mul" you stay in [0, 2]. The result goes back to [0, 1]: halve it."""
    x, z = _checked(x, z, op)
    return np.clip(2 * _raw(x, z, op, a, b) if op == "mul" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def not_clipped(x, z, op, a, b):
    """Your result leaves [0, 1]. Clip it, or the next round multiplies what is no brightness any more."""
    return _raw(*_checked(x, z, op), op, a, b)


@replaces("pixmix_combine")
def zero_to_a_negative_power(x, z, op, a, b):
    """You raise 0 to a negative power, which is infinite, and 0 times infinity is nan. Take max(2z, 1e-37) first."""
    x, z = _checked(x, z, op)
    return np.clip((2 * x) ** a * (2 * z) ** b / 2 if op == "mul" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def bound_too_large(x, z, op, a, b):
    """Your lower bound for 2z is so large that it changes dark pictures. 1e-37 only keeps 0 away."""
    x, z = _checked(x, z, op)
    return np.clip((2 * x) ** a * np.maximum(2 * z, 0.5) ** b / 2 if op == "mul" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def ops_swapped(x, z, op, a, b):
    """You multiply for "add" and add for "mul"."""
    return np.clip(_raw(*_checked(x, z, op), "add" if op == "mul" else "mul", a, b), 0, 1)


@replaces("pixmix_combine")
def a_and_b_swapped(x, z, op, a, b):
    """You give a to z and b to x. a is the strength of x, which comes first."""
    x, z = _checked(x, z, op)
    if op == "mul":
        return np.clip(np.maximum(2 * x, 1e-37) ** b * (2 * z) ** a / 2, 0, 1)
    return np.clip(_raw(x, z, op, b, a), 0, 1)


@replaces("pixmix_combine")
def b_positive(x, z, op, a, b):
    """You take b without its sign. A negative b subtracts the picture, or divides by it: that is half of the strengths."""
    return _right(x, z, op, a, abs(b))


@replaces("pixmix_combine")
def factors_instead_of_powers(x, z, op, a, b):
    """In "mul" a and b are factors in your code. They are exponents: the strength of a factor is its power."""
    x, z = _checked(x, z, op)
    return np.clip(a * 2 * x * b * 2 * z / 2 if op == "mul" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def weighted_mean(x, z, op, a, b):
    """In "add" you divide by a + b, as for a mean. PixMix lets contrasts grow, and clips."""
    x, z = _checked(x, z, op)
    return np.clip((a * x + b * z) / (a + b) if op == "add" else _raw(x, z, op, a, b), 0, 1)


@replaces("pixmix_combine")
def shapes_broadcast(x, z, op, a, b):
    """You accept pictures of different shapes as long as NumPy can broadcast them. A picture of one column is then smeared over the image: compare the shapes."""
    if op not in ("add", "mul"):
        raise ValueError("op must be add or mul")
    try:
        return np.clip(_raw(np.array(x, dtype=float), np.array(z, dtype=float), op, a, b), 0, 1)
    except ValueError:
        raise ValueError("x and z do not go together") from None


@replaces("pixmix_combine")
def any_other_op_multiplies(x, z, op, a, b):
    """You multiply for every op that is not "add". A typing error of the caller would never be noticed: refuse it."""
    return _right(x, z, op if op == "add" else "mul", a, b)


@replaces("pixmix_combine")
def x_in_place(x, z, op, a, b):
    """You write into the caller's x (*= and += do). Make a new array."""
    out = _right(x, z, op, a, b)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        x[...] = out
    return out


# ---- pixmix ----------------------------------------------------------------------------------------------


def _draw_ab(rng, beta, law):
    if law:
        return rng.beta(beta, 1), rng.beta(1, beta)
    return 1 + rng.beta(1, beta), -rng.beta(1, beta)


def _pixmix(img, mix_img, ops, rng, k, beta, *, start=None, rounds=None, source=None, op=None, ab=None, pick=None,
            augment=None, mix=_right, ops_rng=None):  # fmt: skip
    """A right answer with holes: each hook replaces one of its parts."""
    img, mix_img = np.array(img, dtype=float), np.array(mix_img, dtype=float)

    def augmented(x):
        return ops[int(pick() if pick else rng.integers(len(ops)))](x.copy(), ops_rng or rng)

    first = bool(start() if start else rng.random() < 0.5)
    out = augmented(img) if first else img.copy()
    n, steps = int(rounds() if rounds else rng.integers(k + 1)), []
    for _ in range(n):
        where = source() if source else ("aug", "mix")[rng.integers(2)]
        z = augmented(augment(out) if augment else img) if where == "aug" else mix_img.copy()
        kind = op() if op else ("add", "mul")[rng.integers(2)]
        a, b = ab() if ab else _draw_ab(rng, beta, rng.random() < 0.5)
        out = mix(out, z, kind, a, b)
        steps.append({"z": z, "source": where, "op": kind, "a": float(a), "b": float(b)})
    return out, {"start_augmented": first, "rounds": n, "steps": steps}


@replaces("pixmix")
def rounds_from_1(img, mix_img, ops, rng, k=4, beta=3.0):
    """You always do one round at least. The number of rounds is 0 to k, so that some images stay as they are."""
    return _pixmix(img, mix_img, ops, rng, k, beta, rounds=lambda: rng.integers(1, k + 1) if k else 0)


@replaces("pixmix")
def rounds_below_k(img, mix_img, ops, rng, k=4, beta=3.0):
    """You never do k rounds. In rng.integers the upper end is not included, so it is k + 1."""
    return _pixmix(img, mix_img, ops, rng, k, beta, rounds=lambda: rng.integers(k) if k else 0)


@replaces("pixmix")
def always_k_rounds(img, mix_img, ops, rng, k=4, beta=3.0):
    """You do k rounds every time. k is the largest number; the number itself is drawn, from 0 to k."""
    return _pixmix(img, mix_img, ops, rng, k, beta, rounds=lambda: k)


@replaces("pixmix")
def mixed_image_augmented(img, mix_img, ops, rng, k=4, beta=3.0):
    """You augment what the rounds have made of the image. The copy that is mixed in is one of the original, so that something of it comes back."""
    return _pixmix(img, mix_img, ops, rng, k, beta, augment=lambda out: out)


@replaces("pixmix")
def start_never_augmented(img, mix_img, ops, rng, k=4, beta=3.0):
    """You always start from the image itself. Half of the time the start is an augmented copy."""
    return _pixmix(img, mix_img, ops, rng, k, beta, start=lambda: False)


@replaces("pixmix")
def start_always_augmented(img, mix_img, ops, rng, k=4, beta=3.0):
    """You always start from an augmented copy. Half of the time the start is the image itself."""
    return _pixmix(img, mix_img, ops, rng, k, beta, start=lambda: True)


@replaces("pixmix")
def start_flag_reversed(img, mix_img, ops, rng, k=4, beta=3.0):
    """Your start_augmented says the opposite of what you did."""
    out, info = _pixmix(img, mix_img, ops, rng, k, beta)
    return out, info | {"start_augmented": not info["start_augmented"]}


@replaces("pixmix")
def fractal_always(img, mix_img, ops, rng, k=4, beta=3.0):
    """You mix in mix_img in every round. Half of the time it is an augmented copy of the image."""
    return _pixmix(img, mix_img, ops, rng, k, beta, source=lambda: "mix")


@replaces("pixmix")
def fractal_never(img, mix_img, ops, rng, k=4, beta=3.0):
    """You never mix in mix_img. Half of the time z is that picture."""
    return _pixmix(img, mix_img, ops, rng, k, beta, source=lambda: "aug")


@replaces("pixmix")
def source_once_per_call(img, mix_img, ops, rng, k=4, beta=3.0):
    """You toss the coin for the source once, and keep it for all rounds. Each round draws anew."""
    source = ("aug", "mix")[rng.integers(2)]
    return _pixmix(img, mix_img, ops, rng, k, beta, source=lambda: source)


@replaces("pixmix")
def op_once_per_call(img, mix_img, ops, rng, k=4, beta=3.0):
    """You toss the coin for add or mul once, and keep it for all rounds. Each round draws anew."""
    op = ("add", "mul")[rng.integers(2)]
    return _pixmix(img, mix_img, ops, rng, k, beta, op=lambda: op)


@replaces("pixmix")
def strengths_once_per_call(img, mix_img, ops, rng, k=4, beta=3.0):
    """You draw a and b once, and keep them for all rounds. Each round draws anew."""
    ab = _draw_ab(rng, beta, rng.random() < 0.5)
    return _pixmix(img, mix_img, ops, rng, k, beta, ab=lambda: ab)


@replaces("pixmix")
def add_only(img, mix_img, ops, rng, k=4, beta=3.0):
    """You always add. Half of the rounds multiply."""
    return _pixmix(img, mix_img, ops, rng, k, beta, op=lambda: "add")


@replaces("pixmix")
def second_law_with_positive_b(img, mix_img, ops, rng, k=4, beta=3.0):
    """In the second law your b is positive. There a is above 1 and b below 0: the picture is taken away, not added."""

    def ab():
        a, b = _draw_ab(rng, beta, rng.random() < 0.5)
        return a, abs(b)

    return _pixmix(img, mix_img, ops, rng, k, beta, ab=ab)


@replaces("pixmix")
def first_law_only(img, mix_img, ops, rng, k=4, beta=3.0):
    """You use the first law only. Half of the rounds have a above 1 and b below 0."""
    return _pixmix(img, mix_img, ops, rng, k, beta, ab=lambda: _draw_ab(rng, beta, True))


@replaces("pixmix")
def second_law_only(img, mix_img, ops, rng, k=4, beta=3.0):
    """You use the second law only. Half of the rounds have both a and b between 0 and 1."""
    return _pixmix(img, mix_img, ops, rng, k, beta, ab=lambda: _draw_ab(rng, beta, False))


@replaces("pixmix")
def beta_ignored(img, mix_img, ops, rng, k=4, beta=3.0):
    """You draw a and b uniformly. With Beta(beta, 1) and Beta(1, beta) the image stays the stronger one."""
    return _pixmix(img, mix_img, ops, rng, k, beta, ab=lambda: _draw_ab(rng, 1, rng.random() < 0.5))


@replaces("pixmix")
def parameters_swapped(img, mix_img, ops, rng, k=4, beta=3.0):
    """You have the parameters of the first law the wrong way round. Beta(beta, 1) is near 1, and belongs to a: the image stays the stronger one."""

    def ab():
        return (rng.beta(1, beta), rng.beta(beta, 1)) if rng.random() < 0.5 else _draw_ab(rng, beta, False)

    return _pixmix(img, mix_img, ops, rng, k, beta, ab=ab)


@replaces("pixmix")
def first_parameter_in_the_second_law(img, mix_img, ops, rng, k=4, beta=3.0):
    """In the second law your a is 1 + Beta(beta, 1), near 2. It is 1 + Beta(1, beta), near 1."""

    def ab():
        return _draw_ab(rng, beta, True) if rng.random() < 0.5 else (1 + rng.beta(beta, 1), -rng.beta(1, beta))

    return _pixmix(img, mix_img, ops, rng, k, beta, ab=ab)


@replaces("pixmix")
def clipped_at_the_end(img, mix_img, ops, rng, k=4, beta=3.0):
    """You clip once, after the last round. Each round clips, or the next one works with brightnesses that do not exist."""
    out, info = _pixmix(
        img,
        mix_img,
        ops,
        rng,
        k,
        beta,
        mix=lambda *args: _raw(np.maximum(args[0], 0) if args[2] == "mul" else args[0], *args[1:]),
    )
    return np.clip(out, 0, 1), info


@replaces("pixmix")
def never_clipped(img, mix_img, ops, rng, k=4, beta=3.0):
    """Your image leaves [0, 1]. Each round clips."""
    return _pixmix(
        img,
        mix_img,
        ops,
        rng,
        k,
        beta,
        mix=lambda *args: _raw(np.maximum(args[0], 0) if args[2] == "mul" else args[0], *args[1:]),
    )


@replaces("pixmix")
def last_round_only(img, mix_img, ops, rng, k=4, beta=3.0):
    """Each of your rounds starts from the image again, so only the last one is left. A round goes on with what the one before made."""
    original = np.array(img, dtype=float)
    return _pixmix(img, mix_img, ops, rng, k, beta, mix=lambda out, z, op, a, b: _right(original, z, op, a, b))


@replaces("pixmix")
def picture_augmented(img, mix_img, ops, rng, k=4, beta=3.0):
    """You augment mix_img before you mix it in. It is taken as it is."""
    picture = ops[0](np.array(mix_img, dtype=float), rng)
    return _pixmix(img, picture, ops, rng, k, beta)


@replaces("pixmix")
def original_not_augmented(img, mix_img, ops, rng, k=4, beta=3.0):
    """Where z should be an augmented copy, you mix in the image itself. Apply an operation first."""
    out, info = _pixmix(img, mix_img, [lambda x, rng: x], rng, k, beta, start=lambda: False)
    return out, info


@replaces("pixmix")
def result_recorded_as_z(img, mix_img, ops, rng, k=4, beta=3.0):
    """What you record as z is the picture after the round. z is the one that was mixed in."""
    pictures = []

    def mix(*args):
        pictures.append(_right(*args))
        return pictures[-1]

    out, info = _pixmix(img, mix_img, ops, rng, k, beta, mix=mix)
    return out, info | {"steps": [step | {"z": z} for step, z in zip(info["steps"], pictures, strict=True)]}


@replaces("pixmix")
def last_operation_never(img, mix_img, ops, rng, k=4, beta=3.0):
    """You never use the last operation. In rng.integers the upper end is not included, so it is len(ops)."""
    return _pixmix(img, mix_img, ops, rng, k, beta, pick=lambda: rng.integers(max(len(ops) - 1, 1)))


@replaces("pixmix")
def all_operations_applied(img, mix_img, ops, rng, k=4, beta=3.0):
    """You apply all operations one after the other. An augmented copy is made with one of them, drawn at random."""

    def every(x, rng):
        for op in ops:
            x = op(x, rng)
        return x

    return _pixmix(img, mix_img, [every], rng, k, beta)


@replaces("pixmix")
def label_weight_returned(img, mix_img, ops, rng, k=4, beta=3.0):
    """You return a weight for the label as well. The pictures that are mixed in have no label: that of the image stays."""
    out, info = _pixmix(img, mix_img, ops, rng, k, beta)
    return out, info, 1.0


@replaces("pixmix")
def image_changed(img, mix_img, ops, rng, k=4, beta=3.0):
    """You write into the caller's image. Start from a copy."""
    out, info = _pixmix(img, mix_img, ops, rng, k, beta)
    if isinstance(img, np.ndarray):
        img[...] = 0.5 * img
    return out, info


@replaces("pixmix")
def global_generator(img, mix_img, ops, rng, k=4, beta=3.0):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _pixmix(img, mix_img, ops, np.random.default_rng(np.random.randint(2**31)), k, beta)


@replaces("pixmix")
def own_generator(img, mix_img, ops, rng, k=4, beta=3.0):
    """You make a generator of your own with a fixed seed, so every image is treated alike. Use the one that you are given."""
    return _pixmix(img, mix_img, ops, np.random.default_rng(0), k, beta)


@replaces("pixmix")
def fresh_generator(img, mix_img, ops, rng, k=4, beta=3.0):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _pixmix(img, mix_img, ops, np.random.default_rng(), k, beta)


@replaces("pixmix")
def fresh_generator_for_the_operations(img, mix_img, ops, rng, k=4, beta=3.0):
    """You hand the operations a generator of your own. They get rng as well, or nobody can repeat what they draw."""
    return _pixmix(img, mix_img, ops, rng, k, beta, ops_rng=np.random.default_rng())
