"""The order in which a student's cells run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autograder.finding import plain
from autograder.matching import Part, Release
from autograder.untrusted import RawCell


@dataclass(frozen=True, eq=False)
class Step:
    cell: RawCell
    kind: str
    name: str = ""


def sequence(cells: list[RawCell], chosen: dict[str, RawCell], given: Release, problems: list[str]) -> list[Step]:
    """The code to run in the student's order, with the given cells of the release where they belong."""
    answers = {cell: given.by_id[name] for name, cell in chosen.items()}
    own = set(cells)
    elsewhere = [cell for cell in answers if cell not in own]  # stands in the cell of another answer
    standing = sorted([*elsewhere, *cells], key=lambda cell: cell.index)
    parts = {cell: answers.get(cell) or given.part_of(cell) for cell in standing}
    before = _redefinitions(parts, chosen, answers, given, problems)
    moved = {cell for cells in before.values() for cell in cells}
    waiting = [part for part in given.parts if part.kind == "given"]
    steps: list[Step] = []

    def give(position: float) -> None:
        while waiting and waiting[0].position <= position:
            part = waiting.pop(0)
            steps.append(Step(RawCell(0, "code", part.source), "given", part.name))

    for cell, part in parts.items():
        if cell in answers:
            if part.kind == "solution":
                give(part.position)
                steps += [Step(other, "added") for other in before.get(cell, ())]
                steps.append(Step(cell, "solution", part.name))
            continue
        if cell in moved or cell.cell_type != "code":
            continue
        if part is not None:
            changed = cell.tidy != part.tidy
            if part.kind == "given":
                give(part.position)
            if changed and part.kind in ("check", "given"):
                then = "the original was used" if part.kind == "check" else "the original ran, then yours"
                problems.append(f"The cell {plain(part.name, 40)} was changed; {then}.")
            if part.kind in ("check", "experiment") or not changed:
                continue
        if cell.source.strip():
            steps.append(Step(cell, "added"))
    give(float("inf"))

    here = {part.name for part in parts.values() if part is not None}
    gone = [part.name for part in given.parts if part.kind in ("check", "given") and part.name not in here]
    if gone and cells:
        problems.append(f"Missing in the notebook, taken from the original: {plain(', '.join(gone), 200)}.")
    positions = [part.position for part in parts.values() if part is not None and part.kind != "text"]
    if positions != sorted(positions):
        problems.append("The cells stand in another order than in the assignment; this costs no points.")
    return steps


def _redefinitions(
    parts: dict[RawCell, Part | None], chosen: dict, answers: dict, given: Release, problems: list[str]
) -> dict[RawCell, list[RawCell]]:
    """Cells that would replace a graded answer, by the cell of that answer: they run before it, so that it holds.

    These are other copies of an exercise's cell, and cells behind its check, which the student's check never saw.
    """
    ends = given.checked_at({cell: part for cell, part in parts.items() if cell not in answers})
    found: dict[RawCell, list[RawCell]] = {}
    for cell, part in parts.items():
        if cell in answers or cell.cell_type != "code" or (part and cell.tidy == part.tidy):
            continue
        overruled = []
        for name in sorted({given.owner[name] for name in cell.names.defines & given.owner.keys()} & chosen.keys()):
            answer, copied, end = chosen[name], name in (cell.grade_id, cell.id), ends.get(name)
            late = end is not None and answer.index < end < cell.index
            if answer.index < cell.index and (copied or late):
                overruled.append(answer)
                if not copied:
                    problems.append(
                        f"Cell number {cell.index} defines {name} again after its check; {name} was graded."
                    )
        if overruled:
            found.setdefault(min(overruled, key=lambda cell: cell.index), []).append(cell)
    return found


def satisfy(steps: list[Step]) -> list[Step]:
    """The same steps; before one that needs a name at once comes the one that binds it, if none has so far.

    What stands before an answer and defines the same name stays before it.
    """
    binder: dict[str, Step] = {}
    for step in sorted(steps, key=lambda step: step.kind != "solution"):
        for name in step.cell.names.binds:
            binder.setdefault(name, step)
    position = {step: at for at, step in enumerate(steps)}
    rivals: dict[Step, list[Step]] = {}
    for step in steps:
        for owner in dict.fromkeys(binder[name] for name in sorted(step.cell.names.defines)):
            if position[owner] > position[step]:
                rivals.setdefault(owner, []).append(step)
    order: list[Step] = []
    have: set[str] = set()
    entered: set[Step] = set()

    def first(step: Step) -> Iterator[Step]:
        yield from rivals.get(step, ())
        yield from (binder[name] for name in step.cell.names.needs if name in binder and name not in have)

    for start in steps:
        stack = [] if start in entered else [(start, first(start))]
        entered.add(start)
        while stack:
            step, wanted = stack[-1]
            other = next((other for other in wanted if other not in entered), None)
            if other is None:
                stack.pop()
                order.append(step)
                have |= step.cell.names.binds
            else:
                entered.add(other)
                stack.append((other, first(other)))
    return order
