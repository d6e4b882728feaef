"""Hidden tests of smooth_labels and convert_eps. The ends of eps have a test of their own, with the word "refused"
for a ValueError, so that it can be told what was done.
"""

import numpy as np
from traindeep.exercises.smooth_labels import _ends, _targets, _wrong

from autograder.exercise import part

PARTS = {"torch": 2, "others": 1, "convert": 1}


def _classes(rng, N, C):
    """Every class, in a random order, and some of them again."""
    return rng.permutation(np.concatenate([np.arange(C), rng.integers(C, size=N - C)]))


# Whoever writes into y pays for it in the tests of the values, so the others hand out copies.


def _default(student, y, C, eps):
    found = student.smooth_labels(y.copy(), C, eps)
    facts = {"targets": found}
    if _wrong(found, y, C, eps, "torch"):
        facts |= {name: student.smooth_labels(y.copy(), C, eps, name) for name in ("torch", "others")}
    return facts


def _refused(student, ys, C):
    student.smooth_labels(np.array([1, 0]), C, 0.2, "torch")  # an answer that always raises is not one that refuses
    facts = {}
    for y in ys:
        try:
            student.smooth_labels(np.array(y), C, 0.2, "torch")
        except (ValueError, IndexError):  # whether the kind is right is asked below
            facts[f"y = {y} is refused"] = True
        else:
            facts[f"y = {y} is refused"] = False
    return facts


@part("torch")
def test_torch(compare, rng):
    """In the convention "torch" eps is spread over all classes, the right one included, and rows add up to 1."""
    for N, C in ((7, 4), (5, 3), (4, 2), (14, 11)):
        compare(_targets, _classes(rng, N, C), C, float(rng.uniform(0.1, 0.45)), "torch")


@part("torch")
def test_torch_is_the_default(compare, rng):
    """Without a convention it is "torch"."""
    compare(_default, _classes(rng, 6, 5), 5, float(rng.uniform(0.1, 0.45)))


@part("torch")
def test_torch_at_the_ends(compare, rng):
    """Very little and very much smoothing, and both ends, are as the formula says."""
    compare(_ends, _classes(rng, 7, 4), 4, "torch", (0, 0.05, 0.95, 1))
    compare(_ends, _classes(rng, 5, 3), 3, "torch", (0.0, 1.0))


@part("torch", supporting=True)
def test_bad_classes(compare, rng):
    """Classes outside 0..C-1 are refused, negative ones as well."""
    compare(_refused, ([0, 4], [0, -1], [9, 1, 2]), 4)
    for y in ([0, 4], [-1, 0], [-5, 2], [3, 7, 1]):
        for convention in ("torch", "others"):
            compare.refuses("smooth_labels", np.array(y), 4, 0.1, convention, naming=("y",))


@part("torch", supporting=True)
def test_bad_input(compare, rng):
    """Fewer than two classes, an eps outside [0, 1] and another convention are refused."""
    y = np.zeros(3, dtype=int)
    for C in (1, 0):
        compare.refuses("smooth_labels", y, C, 0.1, "torch", naming=("C", "y"))
    for eps in (-0.01, 1.01):
        for convention in ("torch", "others"):
            compare.refuses("smooth_labels", y, 3, eps, convention, naming=("eps",))
    for convention in ("other", "Torch", ""):
        compare.refuses("smooth_labels", y, 3, 0.1, convention, naming=("convention",))


@part("others")
def test_others(compare, rng):
    """In the convention "others" eps is spread over the wrong classes only, and rows add up to 1."""
    for N, C in ((7, 4), (5, 3), (4, 2), (14, 11)):
        compare(_targets, _classes(rng, N, C), C, float(rng.uniform(0.1, 0.45)), "others")


@part("others")
def test_others_at_the_ends(compare, rng):
    """Very little and very much smoothing, and both ends, are as the formula says: the right class may get least of all."""
    compare(_ends, _classes(rng, 7, 4), 4, "others", (0, 0.05, 0.95, 1))
    compare(_ends, _classes(rng, 5, 3), 3, "others", (0.0, 1.0))


@part("convert")
def test_convert(compare, rng):
    """The converted eps gives the same targets, for any number of classes."""
    for C in (3, 7, 2, 100):
        compare("convert_eps", float(rng.uniform(0.1, 0.45)), C)


@part("convert")
def test_convert_near_1(compare, rng):
    """Where "others" makes the right class the least likely one, the converted eps is above 1."""
    for eps, C in ((0.95, 4), (1.0, 2), (float(rng.uniform(0.7, 0.9)), 3)):
        compare("convert_eps", eps, C)


@part("convert", supporting=True)
def test_convert_bad_input(compare, rng):
    """Fewer than two classes and an eps outside [0, 1] are refused."""
    for C in (1, 0):
        compare.refuses("convert_eps", 0.1, C, naming=("C",))
    for eps in (-0.01, 1.01):
        compare.refuses("convert_eps", eps, 3, naming=("eps",))
