"""Smoothed labels in two conventions, and the way from one to the other."""

import numpy as np

SIGNATURES = {"smooth_labels": "y, C, eps, convention -> targets", "convert_eps": "eps, C -> eps_torch"}
HINTS = (
    "Write down the row of one example with C = 4. Which number is the right class's, which are the others', and do the "
    "four add up to 1? Then do it for the other convention: over how many classes is eps spread?",
    "np.eye(C)[y] holds a row for each example, with a single 1. Both conventions are a multiple of it plus something. "
    "For convert_eps: what a wrong class gets is eps / (C - 1) in the one convention and e / C in the other. Solve for e.",
    '"torch": (1 - eps) * one_hot + eps / C. "others": (1 - eps) * one_hot + eps / (C - 1) * (1 - one_hot). Look at '
    "y.min() yourself: np.eye(C)[-1] is no error for NumPy, it is the last class.",
)
Y = np.array([2, 0, 3, 2, 1])


def _wrong(found, y, C, eps, convention):
    off = eps / C if convention == "torch" else eps / (C - 1)
    wanted = np.where(np.arange(C) == y[:, None], 1 - (C - 1) * off, off)
    return np.shape(found) != wanted.shape or not np.allclose(found, wanted)


def _targets(student, y, C, eps, convention):
    """The targets; where they are wrong also those of the other convention, to tell one mistake from another."""
    before = y.copy()
    found = student.smooth_labels(y, C, eps, convention)
    facts = {"targets": found}
    if _wrong(found, before, C, eps, convention):
        other = "others" if convention == "torch" else "torch"
        facts["targets of the other convention"] = student.smooth_labels(before, C, eps, other)
    return facts


def _ends(student, y, C, convention, several):
    """Targets for some values of eps, as numbers or as a word."""
    facts = {}
    for eps in several:
        try:
            found = student.smooth_labels(y.copy(), C, eps, convention)
        except ValueError:
            found = "refused"
        facts[f"targets for eps = {eps}"] = found
    if any(
        isinstance(found, str) or _wrong(found, y, C, eps, convention)
        for found, eps in zip(facts.values(), several, strict=True)
    ):
        other = "others" if convention == "torch" else "torch"
        facts["targets of the other convention for eps = 0.2"] = student.smooth_labels(y.copy(), C, 0.2, other)
    return facts


def _refused(student, cases):
    """Whether classes that do not exist are refused, by an error of any kind."""
    student.smooth_labels(np.array([1, 0]), 3, 0.2, "torch")
    facts = {}
    for y in cases:
        try:
            student.smooth_labels(np.array(y), 3, 0.2, "torch")
        except (ValueError, IndexError):
            facts[f"y = {y} is refused for C = 3"] = True
        else:
            facts[f"y = {y} is refused for C = 3"] = False
    return facts


def test_torch(student, compare):
    """With C = 4 and eps = 0.2 the right class gets 0.8 + 0.05 = 0.85 and each other one 0.05."""
    compare(_targets, Y, 4, 0.2, "torch")
    compare("smooth_labels", np.array([0]), 3, 0.15)


def test_others(student, compare):
    """In the convention "others" (1, 0, 0) becomes (0.9, 0.05, 0.05) with eps = 0.1."""
    compare(_targets, np.array([0]), 3, 0.1, "others")
    compare(_targets, Y, 4, 0.3, "others")


def test_ends(student, compare):
    """With eps = 0 nothing is smoothed. With eps = 1 "torch" is flat, and in "others" the right class has nothing left."""
    compare(_ends, Y, 5, "torch", (0, 0.9, 1))
    compare(_ends, Y, 5, "others", (0, 0.9, 1))


def test_convert(student, compare):
    """0.1 of "others" with three classes is 0.15 of "torch"; 0.95 with three classes is more than 1."""
    for eps, C in ((0.1, 3), (0.2, 10), (0.95, 3)):
        compare("convert_eps", eps, C)


def test_bad_input(student, compare):
    """A single class, an eps outside [0, 1], a class outside 0..C-1 and an unknown convention are a ValueError."""
    compare(_refused, ([0, 3], [0, -1]))
    compare.refuses("smooth_labels", np.array([0, 3]), 3, 0.1, "torch", naming=("y",))
    compare.refuses("smooth_labels", np.array([0, -1]), 3, 0.1, "torch", naming=("y",))
    compare.refuses("smooth_labels", np.array([0]), 1, 0.1, "torch", naming=("C",))
    compare.refuses("smooth_labels", Y, 4, 1.2, "torch", naming=("eps",))
    compare.refuses("smooth_labels", Y, 4, 0.1, "pytorch", naming=("convention",))
    compare.refuses("convert_eps", -0.1, 4, naming=("eps",))
    compare.refuses("convert_eps", 0.1, 1, naming=("C",))
