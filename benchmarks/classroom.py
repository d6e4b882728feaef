"""The class that all graders grade: 60 harmless submissions of one assignment, all different, the same on every machine.

12  all right: solution and known variants, mixed from exercise to exercise
30  one to three mistakes, drawn from the known misconceptions
 8  half done: the first exercises only
 4  untouched but for a note
 6  a mistake in every exercise
"""

import ast
import inspect
import random
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder import demo
from autograder import exercise as hidden
from autograder.course import Course, exercises_of, grade_id, release_notebook, role, to_bytes
from autograder.exercise import Exercise, Mistake

ASSIGNMENT = demo.ASSIGNMENT
KINDS = {"right": 12, "few-mistakes": 30, "half-done": 8, "untouched": 4, "all-wrong": 6}
NOTES = ("# to do before Friday", "# ask about exercise 2", "# scratch\n1 + 1", "# I will come back to this")


class Class:
    """Submissions by student name. A smaller class keeps the mixture of the whole one."""

    def __init__(self, course: Course, size: int = sum(KINDS.values())):
        self.course = course
        self.source = course.source(ASSIGNMENT)
        self.items = [hidden.load(id) for id in exercises_of(self.source)]
        self.right = {grade_id(cell): cell.source for cell in self.source.cells if role(cell) == "solution"}
        self.notebooks: dict[str, NotebookNode] = {}
        seen = set()
        for number, kind in enumerate(order()):
            rng = random.Random(f"class {number} {kind}")
            while (data := to_bytes(nb := self._notebook(kind, rng))) in seen:
                pass
            seen.add(data)
            if number < size:
                self.notebooks[f"s{number + 1:02d}-{kind}"] = nb

    def write(self, folder: Path, *, experiments: bool = True, students: list[str] | None = None) -> None:
        """Write the class in nbgrader's layout."""
        for student in students or self.notebooks:
            path = folder / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(to_bytes(cut(self.notebooks[student], experiments)))

    def _notebook(self, kind: str, rng: random.Random) -> NotebookNode:
        answers, note = {}, ""
        if kind != "untouched":
            answers = {item.id: self._right(item, rng) for item in self.items}
        if kind == "few-mistakes":
            for item in rng.sample(self.items, rng.randint(1, 3)):
                answers[item.id] = answer_cell(self.right[item.id], item, rng.choice(item.misconceptions))
        elif kind == "all-wrong":
            for item in self.items:
                answers[item.id] = answer_cell(self.right[item.id], item, rng.choice(item.misconceptions))
        elif kind == "half-done":
            for item in self.items[rng.randint(3, 6) :]:
                del answers[item.id]
        elif kind == "untouched":
            note = rng.choice(NOTES)
        nb = release_notebook(self.source)
        for cell in nb.cells:
            cell.source = answers.get(grade_id(cell), cell.source)
        if note:
            nb.cells.append(new_code_cell(note, id="note"))
        return nb

    def _right(self, item: Exercise, rng: random.Random) -> str:
        answer = rng.choice([None, None, *item.variants])  # most people write what the lecture suggests
        return self.right[item.id] if answer is None else answer_cell(self.right[item.id], item, answer)


def order() -> list[str]:
    """The kinds, evenly spread, so that every part of the class is a small class."""
    places = [((number + 0.5) / count, kind) for kind, count in KINDS.items() for number in range(count)]
    return [kind for _, kind in sorted(places)]


def cut(nb: NotebookNode, experiments: bool) -> NotebookNode:
    """A copy of a notebook with or without its experiment cells."""
    copy = NotebookNode(nb)
    copy.cells = [cell for cell in nb.cells if experiments or role(cell) != "experiment"]
    return copy


def answer_cell(right: str, item: Exercise, answer: Mistake) -> str:
    """A cell with this answer and the helpers it needs, and nothing of the other answers in the same file."""
    ((name, value),) = answer.names.items()
    text = ast.unparse(_needed(inspect.getmodule(value), value))
    body = "\n".join(f"    {line}" if line else "" for line in f"{text}\n\nreturn {value.__name__}".split("\n"))
    before = right + "\n\n\n" if len(item.visible.names) > 1 else ""
    return f"{before}def _answer():\n{body}\n\n\n{name} = _answer()\n"


def _needed(module, value: Callable) -> ast.Module:
    """The imports of a module and those of its top-level statements that `value` leads to, without docstrings."""
    imports, defines = [], {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not (getattr(node, "module", None) or "").startswith("autograder"):
                imports.append(node)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.decorator_list = [d for d in node.decorator_list if "replaces" not in ast.unparse(d)]
            if ast.get_docstring(node) and len(node.body) > 1:
                node.body = node.body[1:]
            defines[node.name] = node
        elif isinstance(node, ast.Assign):
            defines |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    wanted, open_ = set(), [value.__name__]
    while open_:
        name = open_.pop()
        if name in defines and name not in wanted:
            wanted.add(name)
            open_ += [inner.id for inner in ast.walk(defines[name]) if isinstance(inner, ast.Name)]
    kept = {id(node): node for name, node in defines.items() if name in wanted}
    return ast.Module(body=[*imports, *kept.values()], type_ignores=[])
