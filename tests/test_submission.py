"""A submitted file becomes the right cells, whatever was done to it; see autograder/submission.py."""

import contextlib
import copy
import json
import os
import re
import time

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_notebook import HEADS, NAME, RELEASE, RIGHT, WORDS, cell_of, code, make_release, solved

from autograder import untrusted
from autograder.submission import UnreadableSubmission, content_hash, find, read, rebuild, safe_name


@pytest.fixture
def hand_in(tmp_path):
    def write(content, name=f"{NAME}.ipynb"):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(data)
        return read(path, RELEASE, student="s01")

    return write


def run(result):
    """What the sandbox does with the cells: run them in order, without magics; an exception ends a cell."""
    space = {}
    for cell in result.cells:
        with contextlib.suppress(Exception):
            exec(re.sub(r"(?m)^[%!].*$", "", cell.source), space)
    return space


def works(result):
    """The submission still holds the three right answers, and they work."""
    space = run(result)
    return space["forward"](3) == 2 and space["backward"](3) == 6 and space["Norm"].call(3) == 2


def solutions(result):
    return {cell.grade_id: cell.source for cell in result.cells if cell.kind == "solution"}


def test_right_submission_is_read_without_remarks(hand_in):
    """A right submission gives its solutions, its answer in words and the release's given cells, and no problem."""
    result = hand_in(solved())
    assert result.problems == ()
    assert result.untouched == ()
    assert result.missing == ()
    assert solutions(result) == RIGHT
    assert result.written == {"why": WORDS}
    assert [(cell.kind, cell.grade_id) for cell in result.cells] == [
        ("given", "imports"), ("solution", "forward"), ("solution", "backward"), ("solution", "Norm"),
    ]  # fmt: skip
    assert (result.student, result.assignment) == ("s01", NAME)
    assert works(result)


def test_untouched_notebook_is_untouched(hand_in):
    """The release handed in as it is: everything is untouched, nothing is missing."""
    result = hand_in(json.loads(nbformat.writes(RELEASE)))
    assert result.untouched == (*HEADS, "why")
    assert result.missing == ()
    assert result.problems == ()


# Harmless oddities: each keeps all right answers and is named in one sentence.

ODD = {}


def odd(sentence):
    def mark(damage):
        ODD[damage.__name__] = (damage, sentence)
        return damage

    return mark


@odd("Missing in the notebook, taken from the original: check_forward.")
def check_deleted(nb):
    nb["cells"].remove(cell_of(nb, "check_forward"))


@odd("The cell check_forward was changed; the original was used.")
def check_changed(nb):
    cell_of(nb, "check_forward")["source"] = "forward = None"


@odd("Missing in the notebook, taken from the original: imports.")
def imports_deleted(nb):
    nb["cells"].remove(cell_of(nb, "imports"))


@odd("The cell imports was changed; the original ran, then yours.")
def imports_extended(nb):
    cell_of(nb, "imports")["source"] += "\nimport math"
    cell_of(nb, "forward")["source"] = "def forward(x):\n    return math.floor(x - 1)"


@odd("The cell forward is there 2 times; copy number 1, the last answer before its check, was graded.")
def cell_copied(nb):
    nb["cells"].insert(4, copy.deepcopy(cell_of(nb, "forward")))


@odd("Two cells have the cell id forward; this costs no points.")
def cell_id_copied(nb):
    nb["cells"].insert(4, copy.deepcopy(cell_of(nb, "forward")))


@odd("The cell forward is there 2 times; copy number 2, the last answer before its check, was graded.")
def stub_before_its_copy(nb):
    stub = copy.deepcopy(cell_of(nb, "forward")) | {"source": RELEASE.cells[2].source, "id": "x"}
    nb["cells"].insert(2, stub)


@odd("The cell forward is there 3 times; copy number 2, the last answer before its check, was graded.")
def first_attempt_and_scratch_kept(nb):
    wrong = cell_of(nb, "forward") | {"source": "def forward(x):\n    return 0"}
    nb["cells"].insert(2, wrong | {"id": "attempt"})
    nb["cells"].append(wrong | {"id": "scratch"})


@odd("The cell forward is there 2 times; copy number 2, the last answer before its check, was graded.")
def first_attempt_kept_as_markdown(nb):
    nb["cells"].insert(2, cell_of(nb, "forward") | {"source": "def forward(x):\n    return 0", "cell_type": "markdown"})


@odd("The cell forward is there 2 times; copy number 2, the first answer, was graded.")
def both_copies_behind_the_check(nb):
    right = cell_of(nb, "forward")
    nb["cells"].remove(right)
    nb["cells"] += [right | {"source": RELEASE.cells[2].source, "id": "x"}, right]


@odd("The cell check_forward was changed; the original was used.")
def check_emptied(nb):
    cell_of(nb, "check_forward")["source"] = " "


@odd("The cell forward is there 2 times; copy number 1, the last answer before its check, was graded.")
def wrong_copy_later(nb):
    nb["cells"].append(copy.deepcopy(cell_of(nb, "forward")) | {"source": "def forward(x):\n    return 0", "id": "x"})


@odd("The cell forward is there 2 times; copy number 1, the last answer before its check, was graded.")
def stub_copy_later(nb):
    nb["cells"].append(copy.deepcopy(cell_of(nb, "forward")) | {"source": RELEASE.cells[2].source, "id": "x"})


@odd("Cell number 11 defines forward again after its check; forward was graded.")
def scratch_after_the_check(nb):
    nb["cells"].append(code("def forward(x):\n    return 0"))


@odd("The answer to forward was found in cell number 4, not in its own cell.")
def answered_in_an_added_cell(nb):
    nb["cells"].insert(3, code(cell_of(nb, "forward")["source"]))
    cell_of(nb, "forward")["source"] = RELEASE.cells[2].source


@odd("backward is defined in the cell of forward; it was graded from there.")
def two_answers_in_one_cell(nb):
    cell_of(nb, "forward")["source"] += RIGHT["backward"]
    cell_of(nb, "backward")["source"] = RELEASE.cells[4].source


@odd("backward is defined in the cell of forward; it was graded from there.")
def two_answers_in_one_cell_and_the_other_deleted(nb):
    cell_of(nb, "forward")["source"] += RIGHT["backward"]
    nb["cells"].remove(cell_of(nb, "backward"))


@odd("Cell number 3 has grade_id 'mine', expected forward; it was recognised by its cell id.")
def grade_id_renamed(nb):
    cell_of(nb, "forward")["metadata"]["nbgrader"]["grade_id"] = "mine"


@odd("Cell number 3 has grade_id 5, expected forward; it was recognised by what it defines.")
def grade_id_int(nb):
    cell_of(nb, "forward")["metadata"]["nbgrader"]["grade_id"] = 5
    cell_of(nb, "forward")["id"] = "other"


@odd("Cell number 3 has no grade_id, expected forward; it was recognised by what it defines.")
def one_cell_replaced(nb):
    nb["cells"][2] = code(RIGHT["forward"])


@odd("The answer to forward was found in cell number 3, not in its own cell.")
def grade_ids_swapped(nb):
    one, two = cell_of(nb, "forward"), cell_of(nb, "backward")
    one["metadata"], two["metadata"] = two["metadata"], one["metadata"]


@odd("The grading metadata of the cell check_forward was changed; the original was used.")
def points_are_text(nb):
    cell_of(nb, "check_forward")["metadata"]["nbgrader"]["points"] = "abc"


@odd("The grading metadata of the cell check_forward was changed; the original was used.")
def points_are_500(nb):
    cell_of(nb, "check_forward")["metadata"]["nbgrader"]["points"] = 500


@odd("The grading metadata of the cell forward was changed; the original was used.")
def schema_version_99(nb):
    cell_of(nb, "forward")["metadata"]["nbgrader"]["schema_version"] = 99


@odd("The grading metadata of the cell forward was changed; the original was used.")
def flags_flipped(nb):
    cell_of(nb, "forward")["metadata"]["nbgrader"] |= {"solution": False, "grade": True, "locked": True, "task": True}


@odd("The cell forward is now of type markdown, expected code; its text was taken.")
def became_markdown(nb):
    cell_of(nb, "forward")["cell_type"] = "markdown"


@odd("The cell forward is now of type raw, expected code; its text was taken.")
def became_raw_without_labels(nb):
    cell_of(nb, "forward").update(cell_type="raw", metadata={}, id="x")


@odd("The cell forward is now of type unknown, expected code; its text was taken.")
def unknown_cell_type(nb):
    cell_of(nb, "forward")["cell_type"] = ["code"]


@odd("The cell why is now of type code, expected markdown; its text was taken.")
def words_in_a_code_cell(nb):
    cell_of(nb, "why")["cell_type"] = "code"


@odd("The cells stand in another order than in the assignment; this costs no points.")
def reversed_order(nb):
    nb["cells"].reverse()


@odd("The cells stand in another order than in the assignment; this costs no points.")
def check_before_its_solution(nb):
    nb["cells"][2:4] = nb["cells"][3:1:-1]


@odd("The cells stand in another order than in the assignment; this costs no points.")
def class_before_what_it_needs(nb):
    nb["cells"].insert(2, nb["cells"].pop(6))


@odd(
    "The notebook has lost its nbgrader metadata (another editor?); its cells were recognised by their cell ids and by the functions they define."
)  # noqa: E501
def metadata_stripped(nb):
    for cell in nb["cells"]:
        cell["metadata"] = {}


@odd(
    "The notebook has lost its nbgrader metadata (another editor?); its cells were recognised by their cell ids and by the functions they define."
)  # noqa: E501
def metadata_and_ids_stripped(nb):
    for cell in nb["cells"]:
        cell["id"] = f"x{id(cell)}"
        cell["metadata"] = {}
    nb["nbformat_minor"] = 4


@odd(
    "The notebook has lost its nbgrader metadata (another editor?); its cells were recognised by their cell ids and by the functions they define."
)  # noqa: E501
def stripped_with_magics_and_an_edited_experiment(nb):
    cell_of(nb, "experiment")["source"] += "\nwhile True: pass"
    cell_of(nb, "forward")["source"] = "%time\n!ls\n" + RIGHT["forward"]
    metadata_and_ids_stripped(nb)


@odd("The file says notebook format 3, expected 4; it was read all the same.")
def format_3(nb):
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source").splitlines(keepends=True)
    nb.update(worksheets=[{"cells": nb.pop("cells")}], nbformat=3)


@odd("The file says notebook format 99, expected 4; it was read all the same.")
def format_99(nb):
    nb["nbformat"] = 99


@odd("The file says notebook format 'four', expected 4; it was read all the same.")
def format_four(nb):
    nb["nbformat"] = "four"


@odd("Cell number 1 has a source that is not text; only text was taken.")
def source_null(nb):
    nb["cells"][0]["source"] = None


@odd("Cell number 3 has a source that is not text; only text was taken.")
def source_with_numbers(nb):
    cell_of(nb, "forward")["source"] = [*RIGHT["forward"].splitlines(keepends=True), 5, None, ["x"], {}]


@odd("Cells number 1, 2, 3, ... (4 in all) are not cells; they were left out.")
def cells_of_odd_types(nb):
    nb["cells"][:0] = [None, 5, "cell", ["cell"], {}, {"cell_type": {}, "metadata": 7, "source": {}, "id": []}]


@odd("Cell number 3 holds NUL or broken characters; they were removed.")
def nul_in_source(nb):
    cell_of(nb, "forward")["source"] += "\0"


@odd("Cell number 3 holds NUL or broken characters; they were removed.")
def lone_surrogate(nb):
    cell_of(nb, "forward")["source"] += "# \ud800"


@odd(
    "The notebook has 3010 cells, at most 2000 are read; after number 2000 only cells with the name of an exercise were."
)  # noqa: E501
def three_thousand_cells(nb):
    nb["cells"][:0] = [code(f"x{i} = {i}") for i in range(3000)]


@odd("Cell number 1 holds 10.0 MiB of text, at most 1 MiB is read; it was left out.")
def ten_mb_line(nb):
    nb["cells"].insert(0, code("x" * 10 * 2**20))


@odd("The notebook holds more than 8 MiB of text; not all of it was read.")
def twenty_long_cells(nb):
    nb["cells"][:0] = [code(f"'{i}" + "x" * 2**20) | {"source": "x" * 2**20} for i in range(20)]


@pytest.mark.parametrize("name", ODD)
def test_oddity_costs_nothing_and_is_named(hand_in, name):
    """A harmless deviation loses no right answer and is reported once, in the expected words."""
    damage, sentence = ODD[name]
    notebook = solved()
    damage(notebook)
    result = hand_in(notebook)
    assert list(result.problems).count(sentence) == 1, result.problems
    assert works(result)
    assert result.missing == ()
    assert result.untouched == ()
    assert result.written == {"why": WORDS}
    assert not any("while True" in cell.source or "YOUR CODE" in cell.source for cell in result.cells)


def test_oddities_were_collected():
    """The loop above has cases."""
    assert len(ODD) > 35


def test_solution_cells_beyond_the_bounds_are_still_found(hand_in):
    """Behind 3,000 cells only labelled ones are read; a definition there is not seen, and that is said."""
    notebook = solved()
    three_thousand_cells(notebook)
    cell_of(notebook, "forward").update(metadata={}, id="x")
    result = hand_in(notebook)
    assert result.missing == ("forward",)
    assert "Not found in the notebook: forward." in result.problems


# The file itself

BYTES = {
    "byte order mark": (lambda data: b"\xef\xbb\xbf" + data, None),
    "nul at the end": (lambda data: data + b"\0" * 512, None),
    "nan": (lambda data: data[:-1] + b', "a": NaN, "b": [Infinity, -Infinity, 1e999]}', None),
    "long numbers": (lambda data: data[:-1] + b', "a": [' + b"9" * 10**6 + b", 0." + b"9" * 10**6 + b"]}", None),
    "line ends inside text": (lambda data: data.replace(b"\\n", b"\n"), None),
    "utf-16": (
        lambda data: data.decode().encode("utf-16"),
        "The file is stored as UTF-16, expected UTF-8; it was read all the same.",
    ),
    "latin-1": (
        lambda data: data.replace(b"Batch norm", b"Stra\xdfe"),
        "is not UTF-8; the file was read as Latin-1.",
    ),
    "duplicate keys": (
        lambda data: b'{"cells": [], ' + data[1:],
        "The file uses a name twice within one JSON object; the last value was taken.",
    ),
    "60 MB of outputs": (lambda data: data[:-1] + b', "a": "' + b"A" * 60 * 10**6 + b'"}', None),
    "brackets inside text": (lambda data: data[:-1] + b', "a": "\\\\\\"' + b"[" * 200_000 + b'"}', None),
}


@pytest.mark.parametrize("name", BYTES)
def test_odd_bytes_are_read(hand_in, name):
    """Oddities of the file that leave the notebook whole cost nothing."""
    change, sentence = BYTES[name]
    result = hand_in(change(json.dumps(solved()).encode()))
    assert works(result)
    assert result.missing == ()
    assert len(result.problems) == (sentence is not None)
    assert all(problem.endswith(sentence) for problem in result.problems)


OTHER = json.dumps(solved()).replace("forward", "drop").replace("backward", "undrop").replace("Norm", "Dropper")
UNREADABLE = {
    "empty": (b"", "expected a notebook, got an empty file. Open the notebook in JupyterLab"),
    "only nul": (b"\0" * 4096, "got an empty file"),
    "truncated": (json.dumps(solved()).encode()[:-40], r"got text that stops making sense in line 1, column \d+"),
    "html": (b"<!DOCTYPE html>", "got text that stops making sense in line 1, column 1"),
    "top-level list": (b"[1, 2]", r"expected a notebook \(a JSON object\), got a JSON list"),
    "top-level null": (b"null", "got a JSON NoneType"),
    "no cells": (b'{"nbformat": 4}', "expected a list of cells, got none"),
    "cells is an object": (b'{"nbformat": 4, "cells": {}}', "expected a list of cells, got a JSON dict"),
    "brackets": (b"[" * 200_000, "expected at most 200 nested brackets, got 200000"),
    "nested objects": (b'{"a":' * 200_000, "expected at most 200 nested brackets, got 200000"),
    "many lists": (b"[" + b"[]," * 3_000_000 + b"[]]", "expected at most 2,000,000 values in the file, got 6,000,002"),
    "too large": (b" " * (64 * 2**20 + 1), "expected at most 64 MiB, got a larger file. Clear all outputs"),
    "another assignment": (
        OTHER.replace(NAME, "03_dropout").replace("why", "reason").replace("imports", "i").encode(),
        r"this notebook is 03_dropout \(its exercises: drop, undrop, Dropper\); expected 02_batch_norm",
    ),
    "another assignment without a name": (
        OTHER.replace("traindeep", "x").replace("why", "reason").replace("imports", "i").encode(),
        r"this notebook is of another assignment \(its exercises: drop, undrop, Dropper\)",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_says_what_it_is(hand_in, name):
    """A file from which nothing can be taken raises one sentence with the file, expected and got, soon."""
    content, sentence = UNREADABLE[name]
    start = time.monotonic()
    with pytest.raises(UnreadableSubmission, match=sentence) as caught:
        hand_in(content)
    assert f"{NAME}.ipynb: " in str(caught.value)
    assert time.monotonic() - start < 10


def test_what_is_no_regular_file_is_not_read(tmp_path):
    """Links, folders, pipes, missing files and impossible names raise UnreadableSubmission and never block."""
    (tmp_path / "secret.ipynb").write_text(json.dumps(solved()))
    (tmp_path / "link.ipynb").symlink_to("secret.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("link.ipynb", "folder.ipynb", "pipe.ipynb", "none.ipynb", "nul\0.ipynb", "x" * 5000):
        with pytest.raises(UnreadableSubmission, match="expected a notebook file"):
            read(tmp_path / name, RELEASE)
    with pytest.raises(UnreadableSubmission, match="pipe or device"):
        read("/dev/zero", RELEASE)


def test_notebook_without_cells_is_missing_everything(hand_in):
    """A notebook with no cells is a submission in which everything is missing, with the given cells to run."""
    result = hand_in({"cells": [], "nbformat": 4})
    assert result.missing == (*HEADS, "why")
    assert [cell.kind for cell in result.cells] == ["given"]
    assert result.problems == (
        "The notebook has no cells.",
        "Not found in the notebook: forward, backward, Norm, why.",
    )


def test_number_of_remarks_is_bounded(hand_in):
    """A thousand oddities give forty remarks and the number of those left out; what is missing is always told."""
    notebook = solved()
    notebook["cells"].remove(cell_of(notebook, "backward"))
    notebook["cells"] += [code(f"def forward(x):\n    return {n}") for n in range(1000)]
    result = hand_in(notebook)
    assert len(result.problems) == 42
    assert result.problems[-2] == "960 more remarks were left out."
    assert result.problems[-1] == "Not found in the notebook: backward."


def test_remarks_on_many_cells_are_one(hand_in):
    """Cells that share an oddity share a sentence, so that none crowds out the others."""
    notebook = solved()
    notebook["cells"] = [None] * 1000 + [cell | {"id": "x"} for cell in notebook["cells"]]
    assert hand_in(notebook).problems == (
        "Cells number 1, 2, 3, ... (1000 in all) are not cells; they were left out.",
        "9 cells have the cell id of another, for instance x; this costs no points.",
    )


# The order


def order(result):
    return [cell.grade_id or cell.source for cell in result.cells]


def test_added_cells_stand_where_the_student_put_them(hand_in):
    """Added cells run at their place; markdown, experiments, checks and empty cells do not."""
    notebook = solved()
    notebook["cells"].insert(0, code("a = 1"))
    notebook["cells"].insert(4, code("b = np.ones(2)"))
    notebook["cells"].insert(3, code("z = 1"))
    notebook["cells"] += [code("c = 1"), code("  "), {**code("d"), "cell_type": "markdown"}]
    result = hand_in(notebook)
    assert order(result) == ["a = 1", "imports", "z = 1", "forward", "b = np.ones(2)", "backward", "Norm", "c = 1"]


def test_split_solution_runs_both_cells(hand_in):
    """A solution split over two cells: the labelled cell and the added one next to it both run, in their order."""
    notebook = solved()
    cell_of(notebook, "forward")["source"] = "def helper(x):\n    return x - 1"
    notebook["cells"].insert(3, code("def forward(x):\n    return helper(x)"))
    result = hand_in(notebook)
    assert works(result)
    assert result.untouched == ()
    assert order(result)[1:3] == ["def helper(x):\n    return x - 1", "forward"]


def test_redefinition_before_the_check_holds(hand_in):
    """What the student's check saw is graded: a better version between the cell and its check wins."""
    notebook = solved()
    cell_of(notebook, "forward")["source"] = "def forward(x):\n    return 0"
    notebook["cells"].insert(3, code(RIGHT["forward"]))
    assert works(hand_in(notebook))


def test_cell_comes_before_the_one_that_needs_it_at_once(hand_in):
    """A helper that stands too late for a decorator, default or base class is moved forward; nothing else moves."""
    notebook = solved()
    cell_of(notebook, "forward")["source"] = "@wrap\ndef forward(x, by=ONE):\n    return later(x, by)"
    notebook["cells"] += [
        code("def later(x, by):\n    return x - by"),
        code("def wrap(f):\n    return f"),
        code("ONE = len([0])\nprint(forward(1))"),
    ]
    result = hand_in(notebook)
    assert works(result)
    assert [cell.kind for cell in result.cells] == [
        "given",
        "added",
        "added",
        "solution",
        "solution",
        "solution",
        "added",
    ]


def test_redefinition_never_overtakes_the_answer(hand_in):
    """An answer that is moved forward takes with it the earlier definitions that it replaces."""
    notebook = solved()
    notebook["cells"] = [
        cell_of(notebook, "Norm"),
        code("def forward(x):\n    return 0"),
        cell_of(notebook, "forward"),
        cell_of(notebook, "check_forward"),
        cell_of(notebook, "backward"),
    ]
    result = hand_in(notebook)
    assert works(result)
    assert order(result)[:2] == ["imports", "def forward(x):\n    return 0"]


def test_redefinition_of_an_answer_in_another_answers_cell(hand_in):
    """An answer that stands in another answer's cell holds against a definition behind its check."""
    notebook = solved()
    two_answers_in_one_cell(notebook)
    notebook["cells"].append(code("def backward(dy):\n    return 0"))
    assert works(hand_in(notebook))


def test_added_cell_made_from_an_experiment_keeps_its_helpers(hand_in):
    """A cell that looks like an experiment is skipped only if it defines nothing of its own."""
    notebook = solved()
    text = cell_of(notebook, "experiment")["source"]
    notebook["cells"] += [code(text + "\nmore()"), code(text + "\ndef helper(): pass")]
    assert order(hand_in(notebook))[4:] == [text + "\ndef helper(): pass"]


def test_only_a_bounded_amount_is_parsed():
    """Of many long cells only the first are given to ast; the exercises' own come before all others."""
    cells = [code("x = 1\n" * 10_000) for _ in range(100)] + [code("y", id="forward")]
    raws = untrusted.cells_of({"nbformat": 4, "cells": cells}, "n.ipynb", {"forward"}, [])
    assert sum(len(raw.source) for raw in raws if raw.parse) <= untrusted.MAX_PARSED_TOTAL
    assert raws[-1].parse
    assert not raws[-2].parse


@pytest.mark.parametrize(
    "magic", ["!ls", "%cd ..", "files = !ls -la", "a, b = %pwd", "!pip install \\\n    x", "if 1:\n    !ls", "?np.mean"]
)
def test_names_are_found_beside_magics(magic):
    """A cell with magics or shell commands is understood as if they were not there; arithmetic stays what it is."""
    names = untrusted.names_of(f"{magic}\n@wrap\ndef f(x):\n    return x\n\nresult = f(1)\nresult %= 3\n{magic}")
    assert names.defines == {"f"}
    assert "result" in names.binds
    assert "wrap" in names.needs


def test_answer_in_words_without_its_name_is_found_by_its_neighbours(hand_in):
    """An answer in words, even split over two cells, is what stands between the unchanged cells around it."""
    notebook = solved()
    metadata_and_ids_stripped(notebook)
    extra = {"cell_type": "markdown", "source": "Second thoughts.", "metadata": {}}
    notebook["cells"].append(extra)
    notebook["cells"].insert(1, extra | {"source": "A note of my own."})
    result = hand_in(notebook)
    assert result.written == {"why": WORDS + "\n\nSecond thoughts."}
    assert "The answer to why has lost its name; it was recognised by its neighbours." in result.problems


def test_cells_that_need_each_other_end(hand_in):
    """Cells that need each other in a circle are all kept, each once."""
    notebook = solved()
    notebook["cells"] += [code(f"v{i} = v{(i + 1) % 1500}") for i in range(1500)]
    result = hand_in(notebook)
    assert len(result.cells) == 1504
    assert len({cell.source for cell in result.cells}) == 1504


# Rebuilding


def instructor_source():
    source = make_release()
    for cell in source.cells:
        if cell.id in RIGHT:
            cell.source = "### BEGIN SOLUTION SECRET"
        if cell.id.startswith("check_"):
            cell.source += "\n### BEGIN HIDDEN TESTS"
        if cell.id == "why":
            cell.source = "Rubric: SECRET"
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="old")]
    return source


@pytest.mark.parametrize("name", ["nothing", *ODD])
def test_rebuilt_notebook_is_the_source_with_the_answers(hand_in, name):
    """The rebuilt notebook is valid, in the source's order, keeps its tests, and holds no answer of the instructor."""
    notebook = solved()
    ODD.get(name, (lambda nb: None,))[0](notebook)
    result = hand_in(notebook)
    source = instructor_source()
    before = copy.deepcopy(source)
    rebuilt = rebuild(result, source)
    nbformat.validate(rebuilt)
    assert source == before
    assert "SECRET" not in nbformat.writes(rebuilt)
    own = [cell for cell in rebuilt.cells if not cell.id.startswith("added-")]
    assert [cell.id for cell in own] == [cell.id for cell in source.cells]
    assert [cell.metadata for cell in own] == [cell.metadata for cell in source.cells]
    assert all(not cell.outputs for cell in rebuilt.cells if cell.cell_type == "code")
    assert sum("BEGIN HIDDEN TESTS" in cell.source for cell in rebuilt.cells) == 3
    assert len(rebuilt.cells) - len(own) == sum(cell.kind == "added" for cell in result.cells)
    assert {cell.id: cell.source for cell in own if cell.id in RIGHT} == solutions(result)


def test_rebuild_restores_the_stub_of_a_missing_cell(hand_in):
    """A missing cell gets the release's stub, never the instructor's solution."""
    notebook = solved()
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in ("forward", "why")]
    rebuilt = rebuild(hand_in(notebook), instructor_source())
    assert rebuilt.cells[2].source == RELEASE.cells[2].source
    assert rebuilt.cells[-1].source == "YOUR ANSWER HERE"


def test_rebuild_of_the_release_reads_back_the_same(hand_in):
    """Reading the rebuilt release gives the same cells: reading is idempotent."""
    notebook = solved()
    notebook["cells"].insert(3, code("helper = 1"))
    first = hand_in(notebook)
    again = hand_in(nbformat.writes(rebuild(first, RELEASE)).encode())
    assert again.cells == first.cells
    assert again.problems == ()


def test_content_hash_is_of_what_is_graded(hand_in):
    """The hash ignores path, outputs and new lines of JSON; it changes with any source."""
    first = content_hash(hand_in(solved()))
    notebook = solved()
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "text": "x"}]
    assert content_hash(hand_in(json.dumps(notebook, indent=1).encode(), "other.ipynb")) == first
    cell_of(notebook, "forward")["source"] += "# x"
    assert content_hash(hand_in(notebook)) != first


# Sources that are hard to parse


@pytest.mark.parametrize(
    "source",
    ["-" * 60_000 + "1", "a" + ".b" * 30_000, "a" + "()" * 30_000, "[a for " * 90, "{" * 190 + ":", "x = \\\n" * 9000,
     "\n".join(f"def f{i}(): pass" for i in range(60_000)), "'" * 60_000, "if 1:\n 1\n" + "elif 1:\n 1\n" * 5000],
    ids=range(9),
)  # fmt: skip
def test_source_that_is_hard_to_parse_is_bounded(hand_in, source):
    """Source made to exhaust the parser neither crashes nor hangs, and costs the other cells nothing."""
    notebook = solved()
    notebook["cells"] += [code(source) for _ in range(20)]
    start = time.monotonic()
    assert solutions(hand_in(notebook)) == RIGHT
    assert time.monotonic() - start < 20


# Finding the files


def put(path, content="{}"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def listed(found):
    return [(f.student, f.assignment, f.path and f.path.name, f.problems) for f in found]


@pytest.fixture
def submitted(tmp_path):
    root = tmp_path / "course" / "submitted"
    put(root / "s01" / NAME / f"{NAME}.ipynb")
    put(root / "s02" / NAME / f"{NAME}.ipynb")
    put(root / "s02" / "03_dropout" / "03_dropout.ipynb")
    put(tmp_path / "course" / "source" / NAME / f"{NAME}.ipynb")
    return root


ONE, TWO = ("s01", NAME, f"{NAME}.ipynb", ()), ("s02", NAME, f"{NAME}.ipynb", ())
THREE = ("s02", "03_dropout", "03_dropout.ipynb", ())


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("..", [ONE, TWO, THREE]),
        (".", [ONE, TWO, THREE]),
        ("s02", [TWO, THREE]),
        (f"s02/{NAME}", [TWO]),
        (f"s02/{NAME}/{NAME}.ipynb", [TWO]),
    ],
)
def test_find_from_any_folder_of_nbgraders_layout(submitted, below, expected):
    """The course, submitted/, a student's folder, an assignment's folder and a notebook all lead to the same."""
    assert listed(find([submitted / below])) == expected
    only = [row for row in expected if row[1] == NAME]
    assert listed(find([submitted / below], NAME)) == only
    assert listed(find([submitted / below, submitted / below], NAME)) == only


def test_find_says_who_handed_in_nothing(submitted):
    """A student without a notebook is listed with path None and a reason."""
    assert listed(find([submitted], "03_dropout"))[0] == (
        "s01", "03_dropout", None, ("No notebook was handed in for 03_dropout.",),
    )  # fmt: skip


def test_find_in_flat_folders(tmp_path):
    """A flat folder of NAME.ipynb, and students' folders without assignment folders."""
    put(tmp_path / "flat" / "anna.ipynb"), put(tmp_path / "flat" / "[a]*.ipynb")
    assert listed(find([tmp_path / "flat"], NAME)) == [
        ("[a]*", NAME, "[a]*.ipynb", ()), ("anna", NAME, "anna.ipynb", ()),
    ]  # fmt: skip
    assert [f.student for f in find([tmp_path / "flat"])] == ["[a]*", "anna"]
    put(tmp_path / "students" / "anna" / f"{NAME}.ipynb")
    for path in (tmp_path / "students", tmp_path / "students" / "anna"):
        assert listed(find([path], NAME)) == listed(find([path])) == [("anna", NAME, f"{NAME}.ipynb", ())]
    assert find([tmp_path / "students" / "anna" / f"{NAME}.ipynb"], NAME)[0].student == "anna"


def test_find_is_not_led_astray_by_names_of_students_files(submitted):
    """Folders and notebooks inside a submission never become another student's submission."""
    put(submitted / "01_smith" / NAME / f"{NAME}.ipynb")
    put(submitted / "s01" / NAME / "submitted" / "s02" / NAME / f"{NAME}.ipynb")
    (submitted / "s02" / NAME / f"{NAME}.ipynb").unlink()
    put(submitted / "s02" / NAME / "s01.ipynb")
    put(submitted / "s02" / NAME / "s02.ipynb")
    students = ["01_smith", "s01", "s02"]
    assert [f.student for f in find([submitted], NAME)] == students
    assert sorted({f.student for f in find([submitted])}) == students
    elsewhere = submitted.rename(submitted.parent / "handed_in")
    assert [f.student for f in find([elsewhere / name / NAME for name in students], NAME)] == students


def only(submitted, names, *, student="s03"):
    folder = submitted / student / NAME
    folder.mkdir(parents=True)
    for age, name in enumerate(names):
        os.utime(put(folder / name), (1000 - age, 1000 - age))
    found = [f for f in find([submitted], NAME) if f.student == student]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("names", "taken", "sentence"),
    [
        (["Mine.ipynb"], "Mine.ipynb", f"is called Mine.ipynb, expected {NAME}.ipynb; it was graded."),
        ([f"{NAME.upper()}.IPYNB"], f"{NAME.upper()}.IPYNB", f"expected {NAME}.ipynb; it was graded."),
        (["a.ipynb", f"{NAME}.ipynb"], f"{NAME}.ipynb", f"2 notebooks were handed in; {NAME}.ipynb was graded, not a.ipynb."),
        (["new.ipynb", "old.ipynb"], "new.ipynb", "it was graded because it is the newest."),
        (["x.ipynb", f"{NAME.upper()}.ipynb"], f"{NAME.upper()}.ipynb", "it was graded because its name fits best."),
        ([".ipynb_checkpoints/a.ipynb"], None, f"No notebook was handed in for {NAME}."),
        ([f"unpacked/{NAME}.ipynb"], f"{NAME}.ipynb", "was found in the folder unpacked"),
        (["timestamp.txt", "numpy.py"], None, "No notebook was handed in"),
    ],
)  # fmt: skip
def test_find_decides_on_odd_names(submitted, names, taken, sentence):
    """A wrong name is accepted when it is the only one; of several the rightly named, else the newest; and it is said."""
    found = only(submitted, names)
    assert (found.path and found.path.name) == taken
    assert any(sentence in problem for problem in found.problems), found.problems


def test_find_reads_no_links_pipes_or_folders(submitted):
    """A notebook that is a link, a pipe or a folder is named and not taken; a linked folder is not entered."""
    folder = submitted / "s03" / NAME
    folder.mkdir(parents=True)
    (folder / "a.ipynb").symlink_to(submitted / "s01" / NAME / f"{NAME}.ipynb")
    os.mkfifo(folder / "b.ipynb")
    (folder / f"{NAME}.ipynb").mkdir()
    (folder / "more").symlink_to(submitted / "s01" / NAME)
    (submitted / "s04").symlink_to(submitted / "s01")
    (submitted / "s05").mkdir()
    (submitted / "s05" / NAME).symlink_to(submitted / "s01" / NAME)
    found = {f.student: f for f in find([submitted], NAME)}
    assert [found[student].path for student in ("s03", "s04", "s05")] == [None] * 3
    for text in ("a.ipynb is a symbolic link", "b.ipynb is not a file with contents", "ipynb is a folder", "more is a"):
        assert any(text in problem for problem in found["s03"].problems)
    assert "s04 is a symbolic link" in found["s04"].problems[0]
    assert f"{NAME} is a symbolic link" in found["s05"].problems[0]
    assert find([folder / "a.ipynb"], NAME)[0].path is None


@pytest.mark.parametrize("student", ["*", "[a]", "x..", "a\nb", "+", "?", "a b", "ä", "\udcff", "-rf", "=1+1", "%41"])
def test_find_takes_any_student_id(submitted, student):
    """Names of students are text, not patterns."""
    found = only(submitted, [f"{NAME}.ipynb"], student=student)
    assert found.path.is_file()
    assert found.problems == ()
    safe = safe_name(student)
    assert re.fullmatch(r"[A-Za-z0-9_%-][A-Za-z0-9_.%-]*", safe)


def test_find_of_nothing_says_so(tmp_path):
    """A path that does not exist is a usage error that names it."""
    with pytest.raises(FileNotFoundError, match="none does not exist: expected a notebook or a folder"):
        find([tmp_path / "none"])


@given(st.lists(st.text(st.characters(), max_size=300), unique=True, max_size=20))
def test_safe_names_are_safe_and_different(students):
    """Different students get different file names that no shell, glob, browser or file system misreads."""
    names = [safe_name(student) for student in students]
    assert len(set(names)) == len(students)
    assert all(re.fullmatch(r"[A-Za-z0-9_%-][A-Za-z0-9_.%-]{0,200}", name) for name in names)
