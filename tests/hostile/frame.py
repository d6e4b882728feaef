"""What an attack is, what it is given, and how it is judged.

An attack is a function that writes what a hostile (or merely odd) student hands in:

    @attack(5, exercise("bn_forward_train", 0))
    def equality_lies(hand_in):
        '''The returned array answers True to every comparison.'''
        hand_in(bn_forward_train=CODE)

Its docstring is its line in the table. It is graded between two honest submissions by the same warm grader, and judged
by its score, its verdicts and problems, and by the harm that must not have happened (`harm.py`).
"""

import collections
import dataclasses
import importlib
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from autograder import demo
from autograder import exercise as hidden
from autograder.course import Course, exercises_of, grade_id, release_notebook, role, to_bytes
from autograder.result import Result

ASSIGNMENT = demo.ASSIGNMENT
FORWARD, BACKWARD, UPDATE, POPULATION = "bn_forward_train", "bn_backward", "bn_running_update", "bn_population_stats"
IMAGES, FOLD, MODULE, RECALIBRATE = "bn2d_forward_train", "bn_fold_inference", "BatchNormScratch", "recalibrate_bn"


@dataclasses.dataclass(frozen=True)
class Expect:
    """What the result of a submission must say.

    Attributes:
        lost: exercise -> the points it must earn; exercises not named must earn everything.
        total: The total score, instead of `lost`.
        verdicts: exercise -> verdicts of which it must have one.
        problem: A pattern that one of the result's `problems` must match.
        missing: No result at all is right as well (the file is not a submission).
    """

    lost: dict[str, float] = dataclasses.field(default_factory=dict)
    total: float | None = None
    verdicts: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    problem: str = ""
    missing: bool = False

    def objections(self, result: Result | None) -> list[str]:
        """What is wrong with a result, one line each; an empty list if it is as it must be."""
        if result is None:
            return [] if self.missing else ["no result was written"]
        found = []
        if not result.gradable:
            found.append(f"could not grade: {'; '.join(result.problems)[:200]}")
        if self.total is not None:
            if result.score != self.total:
                found.append(f"score {result.score:g}, expected {self.total:g}")
        else:
            for item in result.exercises:
                wanted = self.lost.get(item.id, item.max_score)
                if item.score != wanted:
                    found.append(f"{item.id}: {item.score:g} points ({item.verdict}), expected {wanted:g}")
        for item in result.exercises:
            if item.verdict not in self.verdicts.get(item.id, (item.verdict,)):
                found.append(f"{item.id}: verdict {item.verdict}, expected {' or '.join(self.verdicts[item.id])}")
        if self.problem and not any(re.search(self.problem, line) for line in result.problems):
            found.append(f"no problem matches {self.problem!r}: {list(result.problems)}")
        return found


FULL = Expect()
NOTHING = Expect(total=0)


def exercise(id: str, points: float, *verdicts: str, problem: str = "") -> Expect:
    """One exercise earns `points` (with one of the verdicts); the others earn everything."""
    return Expect(lost={id: points}, verdicts={id: verdicts} if verdicts else {}, problem=problem)


@dataclasses.dataclass(frozen=True)
class Attack:
    """One entry of the corpus."""

    number: int  # line of the list in docs/hostile.md; from 101 on, of our own invention
    name: str
    says: str
    section: str
    build: Callable[["HandIn"], None]
    expect: Expect
    harm: (
        Callable | None
    )  # harm(world, result) -> a sentence if harm was done, "" if none; besides the harm of every attack
    student: str  # the student id, where that is the attack
    kernels: bool  # whether it means something to graders that run a kernel (stock nbgrader, otter)
    limit: str = ""  # what is known not to be stopped; then `expect` says what happens, not what should


CORPUS: list[Attack] = []
SECTIONS = ("forging", "stealing", "resources", "files", "structure", "disturbing")


def corpus(sections=SECTIONS) -> list[Attack]:
    """Every attack of these sections, in the order of the list."""
    for section in sections:
        importlib.import_module(section)
    return sorted((a for a in CORPUS if a.section in sections), key=lambda a: a.number)


def sample(attacks: list[Attack], each: int) -> list[Attack]:
    """The first `each` attacks of every number."""
    taken: collections.Counter[int] = collections.Counter()
    chosen = []
    for one in attacks:
        taken[one.number] += 1
        if taken[one.number] <= each:
            chosen.append(one)
    return chosen


def attack(
    number: int,
    expect: Expect,
    *,
    harm: Callable | None = None,
    student: str = "",
    kernels: bool = True,
    limit: str = "",
):
    """Put a builder into the corpus."""

    def add(build):
        section = build.__module__.rpartition(".")[2]
        student_id = student or "s50-" + build.__name__.replace("_", "-")
        says = " ".join(build.__doc__.split())
        if any((other.section, other.name) == (section, build.__name__) for other in CORPUS):
            raise ValueError(f"two attacks in {section} are named {build.__name__}")
        CORPUS.append(Attack(number, build.__name__, says, section, build, expect, harm, student_id, kernels, limit))
        return build

    return add


class HandIn:
    """Writes a submission: called with answers by exercise id, or used piece by piece.

    Attributes:
        folder: submitted/<student>/<assignment>, made when first needed.
        path: The notebook in it.
        right: exercise id -> source of the right answer.
        names: exercise id -> names that its answer defines.
        world: What the attack may aim at: see harm.py.
    """

    def __init__(self, course: Course, student_folder: Path, world=None):
        self.course, self.world = course, world
        self.source = course.source(ASSIGNMENT)
        self.student_folder = student_folder
        self.right = {grade_id(cell): cell.source for cell in self.source.cells if role(cell) == "solution"}
        self.names = {id: hidden.load(id).visible.names for id in exercises_of(self.source)}

    @property
    def folder(self) -> Path:
        folder = self.student_folder / ASSIGNMENT
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def path(self) -> Path:
        return self.folder / f"{ASSIGNMENT}.ipynb"

    def notebook(self, *, before=(), after=(), **answers) -> nbformat.NotebookNode:
        """The release with every answer right but these, and added cells before all and after all."""
        nb = release_notebook(self.source)
        for cell in nb.cells:
            cell.source = (self.right | answers).get(grade_id(cell), cell.source)
        nb.cells = [*map(new_code_cell, before), *nb.cells, *map(new_code_cell, after)]
        return nb

    def write(self, nb) -> None:
        """Write the notebook: a NotebookNode, or bytes as they are."""
        self.path.write_bytes(nb if isinstance(nb, bytes) else to_bytes(nb))

    def __call__(self, *, before=(), after=(), **answers) -> None:
        """Hand in a notebook in which all is right but these answers."""
        self.write(self.notebook(before=before, after=after, **answers))

    def everywhere(self, code: str, *, before=(), after=()) -> None:
        """Answer every exercise with this code; "{name}" stands for the names it must define, one after the other."""
        answers = {id: "\n".join(code.replace("{name}", n) for n in names) for id, names in self.names.items()}
        self.write(self.notebook(before=before, after=after, **answers))

    def cell_of(self, nb, id: str):
        """The solution cell of an exercise in a notebook."""
        return next(cell for cell in nb.cells if grade_id(cell) == id)
