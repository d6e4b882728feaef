"""The fairness table: right answers that draw in different ways, graded with many seeds.

A hidden test of a random answer can refuse a right one by chance. Each of its questions does so with probability
traindeep.chance.FALSE_ALARM at most; the table adds them up, and tries the solution and every variant.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Iterable, Iterator

from traindeep import chance

from autograder import exercise as hidden
from autograder.exercise import run_hidden, score
from autograder.kernel import Reference

QUESTIONS = ("share", "shares", "near", "uniform")


@dataclasses.dataclass(frozen=True)
class Row:
    """What the hidden tests of one exercise did with its right answers. `faults` is empty if none was refused."""

    id: str
    questions: int  # to chance, in one grading; 0: nothing in this exercise is random
    answers: int
    gradings: int
    faults: tuple[str, ...]

    @property
    def bound(self) -> float:
        """With which probability one grading refuses a right answer, at most."""
        return self.questions * chance.FALSE_ALARM


def row(id: str, seeds: int) -> Row:
    """Grade the reference and all variants of one exercise with each of `seeds` seeds; once if nothing is random."""
    item = hidden.load(id)
    answers = {"the reference": item.reference} | {v.id: item.answering(v) for v in item.variants}
    questions, gradings, faults = 0, 0, []
    for number in range(seeds):
        seed, oracle = f"fair-{number}", Reference(item)
        for name, student in answers.items():
            with _counted() as asked:
                results = [run_hidden(item, test, student, oracle, seed) for test in item.tests]
            gradings += 1
            if score(item, results) != item.points:
                failing = "; ".join(f"{r.name} ({r.message})" for r in results if r.outcome != "passed")
                faults.append(f"{name}, seed {seed}: {failing}")
            elif name != "the reference":  # with it the oracle asks, too
                questions = max(questions, len(asked))
        if not questions:
            break
    return Row(id, questions, len(answers), gradings, tuple(faults))


@contextlib.contextmanager
def _counted() -> Iterator[list]:
    """Collects the questions that are put to traindeep.chance."""
    asked, real = [], {name: getattr(chance, name) for name in QUESTIONS}

    def counting(name):
        @functools.wraps(real[name])
        def ask(*args, **kwargs):
            asked.append(name)
            return real[name](*args, **kwargs)

        return ask

    for name in QUESTIONS:
        setattr(chance, name, counting(name))
    try:
        yield asked
    finally:
        for name in QUESTIONS:
            setattr(chance, name, real[name])


def table(rows: Iterable[Row]):
    """A rich table of the rows whose tests ask chance, and of all of them together: a whole course of one student."""
    from rich.table import Table

    out = Table(title="Fairness", caption="refused right answers; the bound is that of one grading")
    for heading in ("exercise", "right answers", "gradings", "refused", "questions to chance", "false alarm, at most"):
        out.add_column(heading, justify="left" if heading == "exercise" else "right")
    rows = [r for r in rows if r.questions or r.faults]
    for r in rows:
        out.add_row(r.id, f"{r.answers}", f"{r.gradings}", f"{len(r.faults)}", f"{r.questions}", f"{r.bound:.0e}")
    questions = sum(r.questions for r in rows)
    out.add_section()
    out.add_row(
        "all",
        f"{sum(r.answers for r in rows)}",
        f"{sum(r.gradings for r in rows)}",
        f"{sum(len(r.faults) for r in rows)}",
        f"{questions}",
        f"{questions * chance.FALSE_ALARM:.0e}",
    )
    return out
