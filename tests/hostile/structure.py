"""The notebook's structure: cells gone, doubled, renamed, retyped, moved; the file broken, huge, or of another tool.

Most of these are what honest people and other editors do. A deviation costs nothing unless an answer is gone, and each
is named in one sentence of `problems`.
"""

import base64
import copy
import functools
import json
import random
import re

from frame import BACKWARD, FORWARD, FULL, MODULE, POPULATION, UPDATE, Expect, HandIn, attack, exercise

from autograder.course import to_bytes


def full(problem: str) -> Expect:
    """Everything is earned, and a sentence says what is odd."""
    return Expect(problem=problem)


def nothing(problem: str) -> Expect:
    """The file holds nothing to grade, and a sentence says why."""
    return Expect(total=0, problem=problem)


def plain(hand_in: HandIn, **answers) -> dict:
    """A submission as plain JSON data, right but for these answers."""
    return json.loads(to_bytes(hand_in.notebook(**answers)))


def write(hand_in: HandIn, nb) -> None:
    hand_in.write(json.dumps(nb).encode())


def cell(nb: dict, id: str) -> dict:
    return next(cell for cell in nb["cells"] if cell.get("id") == id)


def check_of(nb: dict, id: str) -> dict:
    return cell(nb, f"check_{id}")


def code(source: str, **more) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def before(nb: dict, id: str, added: dict) -> None:
    nb["cells"].insert(nb["cells"].index(cell(nb, id)), added)


def edit(number: int, expect: Expect = FULL, **options):
    """An attack that changes the JSON of a right submission in place; with `kernels` as in `attack`."""

    def add(change):
        @functools.wraps(change)
        def build(hand_in):
            nb = plain(hand_in)
            change(nb)
            write(hand_in, nb)

        attack(number, expect, **options)(build)
        return change

    return add


def file(number: int, expect: Expect, **options):
    """An attack that changes the bytes of a right submission."""

    def add(change):
        @functools.wraps(change)
        def build(hand_in):
            hand_in.write(change(to_bytes(hand_in.notebook())))

        attack(number, expect, **options)(build)
        return change

    return add


WRONG = "def bn_backward(dy, cache):\n    return dy, dy.sum(axis=0), dy.sum(axis=0)\n"

# 43. Checks deleted


@edit(43, full("Missing in the notebook, taken from the original: check_bn_backward"))
def check_deleted(nb):
    """The check cell of a right answer is deleted."""
    nb["cells"].remove(check_of(nb, BACKWARD))


@attack(43, Expect(lost={BACKWARD: 0}, problem="taken from the original: check_bn_backward"))
def check_of_a_wrong_answer_deleted(hand_in):
    """The check cell of an unfinished answer is deleted."""
    nb = plain(hand_in, **{BACKWARD: "def bn_backward(dy, cache):\n    return None\n"})
    nb["cells"].remove(check_of(nb, BACKWARD))
    write(hand_in, nb)


@edit(43, full("Missing in the notebook, taken from the original: .*check_recalibrate_bn"))
def all_checks_deleted(nb):
    """Every check cell is deleted."""
    nb["cells"] = [c for c in nb["cells"] if not c["id"].startswith("check_")]


@edit(43, full("The cell check_bn_backward was changed; the original was used"))
def check_emptied(nb):
    """A check cell is emptied."""
    check_of(nb, BACKWARD)["source"] = ""


# 44. Duplicates


@edit(44, full("The cell bn_backward is there 2 times"))
def solution_duplicated(nb):
    """A solution cell is there twice, with all its metadata and its cell id."""
    before(nb, BACKWARD, copy.deepcopy(cell(nb, BACKWARD)))


@edit(44, FULL)
def check_duplicated(nb):
    """A check cell is there twice."""
    before(nb, BACKWARD, copy.deepcopy(check_of(nb, BACKWARD)))


@edit(44, full("is there 2 times"))
def every_cell_duplicated(nb):
    """Every cell is there twice in a row."""
    nb["cells"] = [copy.deepcopy(c) for c in nb["cells"] for _ in range(2)]


@edit(44, full("The cell bn_backward is there 2 times"))
def stub_copied_behind_its_answer(nb):
    """A copy of the answered cell with the stub's text stands at the end."""
    stub = 'def bn_backward(dy, cache):\n    """To do."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
    nb["cells"].append(copy.deepcopy(cell(nb, BACKWARD)) | {"source": stub})


@edit(44, full("The cell bn_backward is there 2 times"))
def wrong_copy_behind_the_check(nb):
    """A wrong copy of an answer, kept as scratch, stands behind the check."""
    nb["cells"].append(copy.deepcopy(cell(nb, BACKWARD)) | {"source": WRONG, "id": "scratch"})


@edit(44, full("The cell bn_backward is there 2 times; copy number 2"))
def improved_copy_before_the_check(nb):
    """The first attempt is kept, and its copy with the right answer stands between it and the check."""
    before(nb, BACKWARD, copy.deepcopy(cell(nb, BACKWARD)) | {"source": WRONG, "id": "first-attempt"})


@edit(44, full("is there 100 times"))
def a_hundred_copies(nb):
    """A solution cell is there a hundred times."""
    nb["cells"][5:5] = [copy.deepcopy(cell(nb, BACKWARD)) for _ in range(99)]


# 45 to 48. Metadata


def label(number: int, expect: Expect, name: str, says: str, *, of: str = BACKWARD, **values):
    """An attack that changes the nbgrader metadata of one cell; the value `...` removes a key."""

    def change(nb):
        metadata = cell(nb, of)["metadata"]["nbgrader"]
        metadata.update(values)
        for key in [key for key, value in values.items() if value is ...]:
            del metadata[key]

    change.__name__, change.__doc__ = name, says
    edit(number, expect)(change)


CHANGED = full("The grading metadata of the cell bn_backward was changed; the original was used")
CHECK_CHANGED = full("The grading metadata of the cell check_bn_backward was changed; the original was used")
CHECK = f"check_{BACKWARD}"
NAMED = full("recognised by its cell id")

label(45, CHANGED, "schema_version_99", "A solution says schema_version 99.", schema_version=99)
label(45, CHECK_CHANGED, "schema_version_of_check", "A check says schema_version 99.", of=CHECK, schema_version=99)
label(45, CHANGED, "schema_version_text", "The schema_version of a solution is a text.", schema_version="three")
label(45, CHANGED, "schema_version_missing", "A solution has no schema_version.", schema_version=...)

label(46, NAMED, "grade_id_renamed", "A solution's grade_id is renamed.", grade_id="my_backward")
label(46, NAMED, "grade_id_int", "A solution's grade_id is an integer.", grade_id=7)
label(46, NAMED, "grade_id_missing", "A solution has no grade_id.", grade_id=...)
label(46, NAMED, "grade_id_null", "A solution's grade_id is null.", grade_id=None)
label(46, NAMED, "grade_id_list", "A solution's grade_id is a nested list.", grade_id=[["bn_backward"], {}])
label(46, NAMED, "grade_id_long", "A solution's grade_id is a megabyte long.", grade_id="a" * 10**6)
label(46, FULL, "check_renamed", "A check's grade_id is renamed.", of=CHECK, grade_id="check_mine")
label(46, CHECK_CHANGED, "points_abc", "A check gives points 'abc'.", of=CHECK, points="abc")
label(46, CHECK_CHANGED, "points_null", "A check gives points null.", of=CHECK, points=None)
label(46, CHECK_CHANGED, "points_500", "A check gives 500 points.", of=CHECK, points=500)
label(46, CHECK_CHANGED, "points_negative", "A check gives -8 points.", of=CHECK, points=-8)
label(46, CHECK_CHANGED, "points_missing", "A check has no points.", of=CHECK, points=...)
label(46, CHECK_CHANGED, "points_nan", "A check gives NaN points.", of=CHECK, points=float("nan"))
label(46, CHANGED, "points_on_a_solution", "A solution claims 500 points and to be a test.", grade=True, points=500)

for flag in ("solution", "grade", "task", "locked"):
    for kind, of, expect in (("solution", BACKWARD, CHANGED), ("check", CHECK, CHECK_CHANGED)):
        new = {"solution": {"solution": False}, "check": {"grade": False, "locked": False}}[kind]
        value = new.get(flag, True)
        says = f"The flag {flag} of a {kind} is {value}."
        label(47, expect, f"flag_{flag}_of_{kind}", says, of=of, **{flag: value})

label(
    47, CHANGED, "all_flags", "A solution claims to be everything.", solution=True, grade=True, task=True, locked=True
)


@edit(47, full("is now of type markdown, expected code; its text was taken"))
def solution_became_markdown(nb):
    """A solution cell is now markdown."""
    cell(nb, BACKWARD)["cell_type"] = "markdown"


@edit(47, full("is now of type raw, expected code; its text was taken"))
def solution_became_raw(nb):
    """A solution cell is now raw."""
    cell(nb, BACKWARD)["cell_type"] = "raw"


@edit(47, FULL)
def check_became_markdown(nb):
    """A check cell is now markdown."""
    check_of(nb, BACKWARD)["cell_type"] = "markdown"


@edit(47, FULL)
def every_type_changed(nb):
    """Code cells are markdown and markdown cells are code."""
    for c in nb["cells"]:
        c["cell_type"] = {"code": "markdown", "markdown": "code"}[c["cell_type"]]


STRIPPED = full("The notebook has lost its nbgrader metadata")


@edit(48, STRIPPED)
def metadata_stripped(nb):
    """Another editor has removed all metadata of all cells."""
    for c in nb["cells"]:
        c["metadata"] = {}


@edit(48, STRIPPED)
def metadata_and_ids_stripped(nb):
    """Another editor has removed all metadata and given new cell ids."""
    for number, c in enumerate(nb["cells"]):
        c["metadata"], c["id"] = {}, f"cell-{number}"


@edit(48, STRIPPED)
def only_types_and_sources_left(nb):
    """Nothing is left of the cells but their types and sources, and of the file but the cells."""
    cells = [{"cell_type": c["cell_type"], "source": c["source"]} for c in nb["cells"]]
    nb.clear()
    nb["cells"] = cells


@edit(48, FULL)
def colab(nb):
    """Google Colab has saved it: format 4.0, ids inside the metadata, its own metadata everywhere."""
    nb["nbformat_minor"] = 0
    nb["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    for number, c in enumerate(nb["cells"]):
        c["metadata"] |= {"id": f"c{number:011d}", "colab": {"base_uri": "https://localhost:8080/"}}
        del c["id"]


@edit(48, STRIPPED)
def stripped_and_shuffled(nb):
    """All metadata and ids are gone, and the cells are in random order."""
    metadata_and_ids_stripped(nb)
    random.Random(1).shuffle(nb["cells"])


# 49. Order

MOVED = full("The cells stand in another order than in the assignment")


@edit(49, MOVED)
def check_before_its_solution(nb):
    """A check stands before its solution."""
    check = check_of(nb, BACKWARD)
    nb["cells"].remove(check)
    before(nb, BACKWARD, check)


@edit(49, MOVED)
def reversed_cells(nb):
    """All cells stand in reverse order."""
    nb["cells"].reverse()


@edit(49, MOVED)
def imports_last(nb):
    """The cell with the imports is the last one."""
    nb["cells"].append(nb["cells"].pop(1))


@edit(49, MOVED)
def solutions_last(nb):
    """All solutions stand at the end, behind all checks."""
    nb["cells"].sort(key=lambda c: bool(c["metadata"].get("nbgrader", {}).get("solution")))


@edit(49, MOVED)
def shuffled(nb):
    """All cells stand in random order."""
    random.Random(0).shuffle(nb["cells"])


# 50, 51. The file


def sheets(nb: dict) -> dict:
    for c in nb["cells"]:
        if c["cell_type"] == "code":
            c["input"] = c.pop("source")
    return {"metadata": nb["metadata"], "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": nb["cells"]}]}


@file(50, full("The file says notebook format 3, expected 4"))
def format_3(data):
    """The notebook is saved in format 3."""
    return json.dumps(sheets(json.loads(data))).encode()


@edit(50, full("The file says notebook format 5, expected 4"))
def format_5(nb):
    """The file says format 5."""
    nb.update(nbformat=5, nbformat_minor=0)


@edit(50, full("The file says notebook format None, expected 4"))
def no_format(nb):
    """The file does not say its format."""
    del nb["nbformat"], nb["nbformat_minor"]


@file(50, nothing("expected .*, got text that stops making sense in line"))
def truncated(data):
    """The JSON ends in the middle."""
    return data[: len(data) // 2]


@file(50, nothing("got an empty file"))
def empty_file(data):
    """The file is empty."""
    return b""


@file(50, nothing("expected a list of cells, got none"))
def empty_object(data):
    """The file is an empty JSON object."""
    return b"{}"


@edit(50, nothing("The notebook has no cells"))
def no_cells(nb):
    """The list of cells is empty."""
    nb["cells"] = []


@file(50, FULL)
def byte_order_mark(data):
    """The file begins with a byte order mark."""
    return b"\xef\xbb\xbf" + data


@file(50, nothing("got a JSON list"))
def top_level_list(data):
    """The notebook stands in a JSON list."""
    return b"[" + data + b"]"


@edit(50, full("Cell number 1 has a source that is not text"))
def null_source(nb):
    """A cell's source is null."""
    nb["cells"][0]["source"] = None


@edit(50, Expect(lost={BACKWARD: 0}, problem="Cell number 10 has a source that is not text"))
def null_source_of_a_solution(nb):
    """The source of a solution is null: this answer is gone, the others are not."""
    cell(nb, BACKWARD)["source"] = None


@edit(50, full("is now of type unknown, expected code; its text was taken"))
def unknown_cell_type(nb):
    """A solution's cell_type is a word that no format knows."""
    cell(nb, BACKWARD)["cell_type"] = "sql"


@edit(50, full("is now of type unknown"))
def cell_types_are_not_text(nb):
    """The cell_type of every cell is an object."""
    for c in nb["cells"]:
        c["cell_type"] = {"code": True}


@edit(50, full("Cells number 1, 3, 4, .* are not cells; they were left out"))
def cells_that_are_none(nb):
    """Between the cells stand numbers, texts, lists and nulls."""
    nb["cells"] = [x for c in nb["cells"] for x in (None, c, 5, "cell", [c])]


@edit(51, full("48 cells have the cell id of another, for instance same"))
def duplicate_cell_ids(nb):
    """All cells have the same cell id."""
    for c in nb["cells"]:
        c["id"] = "same"


@edit(51, FULL)
def nan_in_json(nb):
    """Metadata and outputs hold NaN and infinities."""
    nb["metadata"]["x"] = [float("nan"), float("inf"), -float("inf")]
    cell(nb, BACKWARD)["metadata"]["x"] = float("nan")


@edit(51, full("holds NUL or broken characters; they were removed"))
def surrogates_in_text(nb):
    """Lone surrogates stand in a solution's comment, in names and in metadata."""
    cell(nb, BACKWARD)["source"] += "\n# \ud800 \udfff"
    nb["metadata"]["\ud83d"] = "\udc80"
    cell(nb, FORWARD)["metadata"]["tags"] = ["\ud800"]


@edit(51, full("holds NUL or broken characters; they were removed"))
def nul_in_source(nb):
    """NUL characters stand in a solution."""
    cell(nb, BACKWARD)["source"] = "\0" + "".join(cell(nb, BACKWARD)["source"]) + "\0\0"


@file(51, FULL)
def nul_bytes_at_the_end(data):
    """A full disk has left NUL bytes at the end of the file."""
    return data + b"\0" * 4096


@file(51, nothing("expected at most 200 nested brackets, got 200000"))
def brackets(data):
    """The file is 200,000 nested brackets."""
    return b"[" * 200_000


@edit(51, FULL)
def brackets_in_text(nb):
    """200,000 opening brackets stand in a markdown cell."""
    nb["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "[" * 200_000})


@edit(51, FULL)
def brackets_in_code(nb):
    """A cell holds 50,000 nested brackets of Python: the cell fails, nothing else."""
    nb["cells"].insert(0, code("x = " + "[" * 50_000 + "]" * 50_000))


@edit(51, FULL)
def operators_in_code(nb):
    """A cell holds an expression of 60,000 minus signs, which has brought down parsers."""
    nb["cells"].insert(0, code("x = " + "-" * 60_000 + "1"))


@file(51, full("is not UTF-8; the file was read as Latin-1"))
def latin_1(data):
    """The file is stored as Latin-1."""
    nb = json.loads(data)
    nb["cells"][0]["source"] = "Stra\xdfe"
    return json.dumps(nb, ensure_ascii=False).encode("latin-1", "replace")


@file(51, full("The file is stored as UTF-16, expected UTF-8"))
def utf_16(data):
    """The file is stored as UTF-16."""
    return data.decode().encode("utf-16")


@attack(51, nothing("is a folder, expected a regular file"))
def folder_named_like_the_notebook(hand_in):
    """A folder has the notebook's name."""
    (hand_in.path / "inside").mkdir(parents=True)


# 52. Size


@edit(52, FULL)
def old_outputs_of_60_mb(nb):
    """60 MB of text stand in an old output."""
    text = ("x" * 99 + "\n") * 600_000
    cell(nb, FORWARD)["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]


@edit(52, full("The notebook has .* cells, at most 2000 are read"))
def three_thousand_cells(nb):
    """3,000 added cells stand before all others."""
    nb["cells"][:0] = [code(f"x{number} = {number}") for number in range(3000)]


@edit(52, full("holds 10.0 MiB of text, at most 1 MiB is read; it was left out"))
def line_of_10_mb(nb):
    """A cell is one line of 10 MB."""
    nb["cells"].insert(0, code("x = '" + "x" * 10 * 2**20 + "'"))


@edit(52, FULL)
def base64_images(nb):
    """Every code cell shows an image of 1 MB."""
    image = base64.b64encode(random.Random(0).randbytes(750_000)).decode()
    for c in nb["cells"]:
        if c["cell_type"] == "code":
            c["outputs"] = [{"output_type": "display_data", "data": {"image/png": image}, "metadata": {}}]


@file(52, nothing("expected at most 64 MiB, got a larger file"))
def file_of_70_mb(data):
    """The file is larger than 64 MiB."""
    return data + b" " * (70 * 2**20)


@file(52, nothing("values in the file"))
def six_million_lists(data):
    """The file holds six million empty lists, which would take 30 times their size in memory."""
    return data[: data.rindex(b"}")] + b', "x": [' + b"[]," * 6_000_000 + b"[]]}"


# 53. Magics and the shell


def magic(name: str, says: str, text: str, *, number: int = 53, expect: Expect = FULL, last: bool = False, **options):
    """An attack with this text in an added cell before all others, and at the head (or end) of an answer's cell."""

    def build(hand_in):
        right = hand_in.right[BACKWARD]
        whole = text.startswith("%%")  # a cell magic takes the whole cell
        both = f"{right}\n\n{text}" if last else f"{text}\n\n{right}"
        hand_in(before=[text], **{BACKWARD: right if whole else both})

    build.__name__, build.__doc__ = name, says
    attack(number, expect, **options)(build)


magic("magic_bash", "A cell of bash.", "%%bash\ntouch /tmp/by-bash; exit 1")
magic("magic_sh_background", "A cell of sh in the background.", "%%sh --bg\nsleep 1000 &")
magic("magic_rm", "A shell command removes the home folder.", "!rm -rf ~")
magic("magic_rm_indented", "A shell command stands inside a block.", "if True:\n    !rm -rf ~\n    !!ls")
magic("magic_shell_assigned", "A name is bound to a shell command's lines.", "files = !ls -la ~")
magic("magic_shell_continued", "A shell command goes on in the next line.", "!pip install -q \\\n    no-such-package")
magic("magic_pip", "A package is installed.", "%pip install no-such-package")
magic("magic_run", "Another file is run.", "%run other.py")
magic("magic_load_ext", "Extensions are loaded.", "%load_ext autoreload\n%autoreload 2")
magic("magic_cd", "The working folder is changed.", "%cd ..")
magic("magic_reset", "The namespace is emptied.", "%reset -f")
magic("magic_env", "The environment is changed.", "%env PYTHONPATH=/tmp\n%set_env LD_PRELOAD /tmp/x.so")
magic("magic_matplotlib", "A backend is chosen.", "%matplotlib inline\n%config InlineBackend.figure_format = 'svg'")
magic("magic_assigned", "A name is bound to a magic's value.", "here = %pwd")
magic("magic_timeit_line", "A line is timed.", "%timeit -n 1 sum(range(10))")
magic("magic_help", "Help is asked for.", "?np.mean\nnp.mean?\nnp.mean??")
magic("magic_html", "A cell of HTML and JavaScript.", "%%html\n<script>alert(1)</script>")
magic("magic_writefile", "A cell writes a file that shadows NumPy.", "%%writefile numpy.py\nraise SystemExit")
magic("magic_input", "A cell waits for input.", "input('your name? ')", expect=full("EOFError"), last=True)
magic("magic_exit", "A cell calls exit.", "exit()", expect=full("SystemExit"), last=True)
magic("magic_quit_bare", "A cell only says quit.", "quit")
magic("magic_get_ipython", "A magic is called as a function.", "get_ipython().run_line_magic('reset', '-f')")
magic("magic_system", "A shell is called by name.", "get_ipython().system('rm -rf ~')")
magic(
    "top_level_await",
    "A cell awaits at its top.",
    "import asyncio\nawait asyncio.sleep(0)\nvalue = await asyncio.sleep(0, 3)",
)


@attack(53, FULL)
def magic_time_around_an_answer(hand_in):
    """%%time stands at the head of every solution cell."""
    hand_in(**{id: f"%%time\n{source}" for id, source in hand_in.right.items()})


@attack(53, FULL)
def magics_between_functions(hand_in):
    """Line magics and shell commands stand between the functions of every answer."""
    hand_in(**{id: f"!date\n{source}\n%timeit 1\n!date\n" for id, source in hand_in.right.items()})


# 54. Windows, progress bars and widgets

GUI = """
import matplotlib, matplotlib.pyplot as plt
try:
    matplotlib.use({backend!r})
except Exception:
    pass
plt.figure(); plt.plot([1, 2]); plt.show()
"""
for backend in ("TkAgg", "QtAgg", "nbagg", "WebAgg", "module://ipympl.backend_nbagg"):
    name = "backend_" + re.sub(r"\W", "_", backend.lower())
    says = f"The matplotlib backend {backend} is chosen and a figure is shown."
    magic(name, says, GUI.format(backend=backend), number=54)

magic("a_thousand_figures", "A thousand figures are opened.", """
import matplotlib.pyplot as plt
for _ in range(1000):
    plt.figure(num=1); plt.show()
""", number=54)  # fmt: skip
magic("window", "A window is opened.", """
try:
    import tkinter
    tkinter.Tk().mainloop()
except Exception:
    pass
""", number=54)  # fmt: skip
magic("widgets", "Widgets are made and shown.", """
try:
    import ipywidgets
    ipywidgets.interact(lambda x: x, x=(0, 10))
except ImportError:
    pass
""", number=54)  # fmt: skip


def inside(source: str, text: str) -> str:
    """An answer in which every function first does this."""
    return re.sub(
        r"^( +)### BEGIN SOLUTION", lambda m: "\n".join(m[1] + line for line in text.split("\n")), source, flags=re.M
    )


@attack(54, FULL)
def figures_in_every_call(hand_in):
    """Every tested function draws a figure and shows it."""
    text = "plt.figure(); plt.plot([1, 2]); plt.show()"
    hand_in(**{id: inside(source, text) for id, source in hand_in.right.items()})


@attack(54, FULL)
def progress_bars(hand_in):
    """Every tested function shows a progress bar of tqdm."""
    text = "for _ in tqdm(range(3)): pass"
    answers = {id: inside(source, text) for id, source in hand_in.right.items()}
    hand_in(before=["from tqdm.auto import tqdm"], **answers)


# 55. Scripts in what people see

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>[x](javascript:alert(4)){{ 7 * 7 }}"


@edit(55)
def script_in_outputs(nb):
    """Old outputs hold HTML, JavaScript and SVG."""
    data = {"text/html": SCRIPT, "application/javascript": "alert(1)", "image/svg+xml": "<svg onload=alert(3)>"}
    for c in nb["cells"]:
        if c["cell_type"] == "code":
            c["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]


@edit(55)
def script_in_markdown(nb):
    """Added markdown cells and the answers in words hold scripts."""
    nb["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": SCRIPT})
    for c in nb["cells"]:
        if c["metadata"].get("nbgrader", {}).get("solution") and c["cell_type"] == "markdown":
            c["source"] = SCRIPT


@edit(55)
def script_in_docstring(nb):
    """The docstring of every answer is a script."""
    for c in nb["cells"]:
        c["source"] = re.sub('"""', f'"""{SCRIPT} ', "".join(c["source"]), count=1)


@edit(55)
def script_in_figure_and_display(nb):
    """An added cell displays HTML, and an object whose `_repr_html_` is a script."""
    nb["cells"].insert(0, code(
        f"class Page:\n    def _repr_html_(self): return {SCRIPT!r}\n    __repr__ = _repr_html_\ndisplay(Page())"
    ))  # fmt: skip


@edit(55, full("script"))
def script_in_exception_message(nb):
    """The cell of a right answer ends with an exception whose message is a script."""
    cell(nb, BACKWARD)["source"] = "".join(cell(nb, BACKWARD)["source"]) + f"\nraise ValueError({SCRIPT!r})"


@edit(55, full("the cell raised"))
def script_in_exception_name(nb):
    """The class of an exception is called like a script."""
    cell(nb, BACKWARD)["source"] = (
        "".join(cell(nb, BACKWARD)["source"]) + f"\nraise type({SCRIPT!r}, (Exception,), {{}})('x')"
    )


@edit(55, exercise(BACKWARD, 0))
def script_raised_by_a_call(nb):
    """A tested function raises an exception whose class and message are scripts."""
    cell(nb, BACKWARD)["source"] = (
        f"def bn_backward(dy, cache):\n    raise type({SCRIPT!r}, (ValueError,), {{}})({SCRIPT!r})"
    )


@edit(55, exercise(BACKWARD, 0))
def script_in_type_name(nb):
    """A tested function returns an object whose class is called like a script."""
    cell(nb, BACKWARD)["source"] = f"def bn_backward(dy, cache):\n    return type({SCRIPT!r}, (), {{}})()"


@edit(55, exercise(BACKWARD, 0))
def script_in_dict_keys(nb):
    """A tested function returns a dict whose keys are scripts."""
    cell(nb, BACKWARD)["source"] = f"def bn_backward(dy, cache):\n    return {{{SCRIPT!r}: 1}}"


@edit(55, full("recognised by its cell id"))
def script_in_grade_id(nb):
    """The grade_id of an answer is a script; problems quote it."""
    cell(nb, BACKWARD)["metadata"]["nbgrader"]["grade_id"] = SCRIPT


@edit(55, full("The file says notebook format"))
def script_in_format(nb):
    """The number of the format is a script."""
    nb["nbformat"] = SCRIPT


@attack(55, full("expected 02_batch_norm.ipynb; it was graded"))
def script_in_file_name(hand_in):
    """The notebook's file name is a script."""
    hand_in()
    hand_in.path.rename(hand_in.folder / (SCRIPT.replace("/", "") + ".ipynb"))


@attack(55, full("script"), student="<script>alert(1)<script> {{ 7 * 7 }}")
def script_in_student_name(hand_in):
    """The student is called like a script, and so is an exception."""
    hand_in(after=[f"raise Exception({SCRIPT!r})"])


# 56, 57. Names of students


def named(number: int, name: str, student: str, says: str):
    def build(hand_in):
        hand_in()

    build.__name__, build.__doc__ = name, says
    attack(number, FULL, student=student)(build)


for name, student in {
    "equals": "=HYPERLINK(\"http:localhost\",\"x\")", "plus": "+1+1|cmd", "minus": "-2+3|cmd", "at": "@SUM(A1:A9)", "tab": "\t=1+1",
    "full_width": "\uff1d1+1", "semicolon": ";=1+1", "quote": '",=1+1,"', "newline": "a\n=1+1",
}.items():  # fmt: skip
    named(56, f"formula_{name}", student, f"The student is called {student!r}.")

for name, student in {
    "star": "*", "set": "[a]", "question": "?", "plus_only": "+", "regex": "(a+)+$", "braces": "{a,b}", "dots": "..x",
    "percent": "%41%2F", "option": "-rf", "shell": "$(touch x); ls `id` & 'a'", "space": " a ", "tilde": "~root",
    "backslash": "..\\x", "long": "a" * 200, "direction": "a\u202eb", "accent": "a\u0301", "sqlite": "x'; DROP TABLE student; --",
    "assignment": "02_batch_norm", "submitted": "submitted", "device": "CON", "not_utf8": "\udcff",
}.items():  # fmt: skip
    named(57, f"student_{name}", student, f"The student is called {student!r}.")


# 58, 59. Warnings; one broken cell


@attack(58, FULL)
def warnings_in_every_call(hand_in):
    """Every tested function warns, writes to stderr and divides by zero."""
    text = (
        "import sys, warnings\nwarnings.warn('deprecated', DeprecationWarning)\nwarnings.warn('careful')\n"
        "print('to stderr', file=sys.stderr)\nnp.array([1.0]) / 0"
    )
    hand_in(**{id: inside(source, text) for id, source in hand_in.right.items()})


@attack(58, FULL)
def warnings_in_cells(hand_in):
    """Cells warn on stderr: a SyntaxWarning, a deprecation, a logging message."""
    hand_in(before=["'\\d'; 1 is 1", "import logging; logging.warning('x')", "import warnings; warnings.warn('x')"])


@attack(59, full("the cell raised ZeroDivisionError"))
def first_cell_raises(hand_in):
    """An added cell before all others raises."""
    hand_in(before=["1 / 0"])


@attack(59, exercise(FORWARD, 0, "error", problem="the cell raised SyntaxError"))
def first_answer_does_not_parse(hand_in):
    """The first answer is no Python; all later ones are right."""
    hand_in(**{FORWARD: "def bn_forward_train(x, gamma, beta, eps=1e-5)\n    return x"})


@attack(59, exercise(FORWARD, 0))
def first_answer_raises_when_defined(hand_in):
    """The cell of the first answer raises before it defines anything."""
    hand_in(**{FORWARD: "raise RuntimeError('not today')\n" + hand_in.right[FORWARD]})


@edit(59, full("the original ran, then yours"))
def imports_broken(nb):
    """The cell with the imports is broken by an edit."""
    nb["cells"][1]["source"] = "import numpy as np\nimport no_such_module\n"


@attack(59, exercise(FORWARD, 0))
def first_answer_never_ends(hand_in):
    """The cell of the first answer loops forever; it is skipped after its time."""
    hand_in(**{FORWARD: "while True: pass\n" + hand_in.right[FORWARD]})


# Of our own invention


@edit(141, full("The answer to bn_backward was found in cell number"))
def answers_swapped(nb):
    """Two answers stand in each other's cell."""
    one, two = cell(nb, BACKWARD), cell(nb, UPDATE)
    one["source"], two["source"] = two["source"], one["source"]


@attack(142, full("it was graded from there"))
def all_in_one_cell(hand_in):
    """All answers stand in one added cell, and nothing else is in the notebook."""
    nb = plain(hand_in)
    nb["cells"] = [code("\n\n".join(hand_in.right.values()))]
    write(hand_in, nb)


@edit(143, FULL)
def labels_of_check_and_answer_swapped(nb):
    """A check and its answer have exchanged their metadata and cell ids."""
    one, two = cell(nb, BACKWARD), check_of(nb, BACKWARD)
    for key in ("metadata", "id"):
        one[key], two[key] = two[key], one[key]


@edit(144, FULL)
def sources_as_lists_of_characters(nb):
    """The source of every cell is a list of single characters."""
    for c in nb["cells"]:
        c["source"] = list("".join(c["source"]))


@edit(144, FULL)
def sources_as_lines_without_ends(nb):
    """The source of every cell is a list of lines that have lost their line ends."""
    for c in nb["cells"]:
        c["source"] = "".join(c["source"]).split("\n")


@edit(144, FULL)
def old_line_ends(nb):
    """The lines of all cells end as on Windows and on the first Macs."""
    for number, c in enumerate(nb["cells"]):
        c["source"] = "".join(c["source"]).replace("\n", "\r" if number % 2 else "\r\n")


@file(145, full("The file uses a name twice within one JSON object"))
def cells_twice(data):
    """The name "cells" is there twice in the file; the first list is empty."""
    return b'{"cells": [], ' + data.lstrip()[1:]


@file(145, FULL)
def cells_and_worksheets(data):
    """A list of cells and a list of worksheets of format 3, with other cells, are both there."""
    return json.dumps(json.loads(data) | {"worksheets": [{"cells": [code("bn_backward = None")]}]}).encode()


@edit(146, full("is there 2 times"))
def notebook_pasted_twice(nb):
    """The whole notebook stands in the file twice, one behind the other."""
    nb["cells"] += copy.deepcopy(nb["cells"])


@edit(147, FULL)
def metadata_of_odd_types(nb):
    """The metadata of cells and of the notebook are lists, texts, numbers and nulls."""
    nb["metadata"] = None
    for number, c in enumerate(nb["cells"]):
        c["metadata"] = [None, [], "nbgrader", 5, {"nbgrader": []}, {"nbgrader": {"grade_id": {}}}][number % 6]


@edit(148, FULL)
def kernel_of_another_language(nb):
    """The notebook names the kernel of another language, with a path in its name."""
    nb["metadata"]["kernelspec"] = {"name": "../../../tmp/evil", "language": "bash", "display_name": "bash"}
    nb["metadata"]["language_info"] = {"name": "bash"}


@edit(149, full("recognised by its cell id"))
def labels_with_invisible_characters(nb):
    """Grade ids hold invisible and look-alike characters."""
    cell(nb, BACKWARD)["metadata"]["nbgrader"]["grade_id"] = "bn\u200b_backward"
    cell(nb, UPDATE)["metadata"]["nbgrader"]["grade_id"] = "bn_runn\u0456ng_update"


@edit(149, FULL)
def name_in_other_letters(nb):
    """A function is defined in mathematical letters, which Python reads as the plain ones, and all labels are gone."""
    metadata_and_ids_stripped(nb)
    letters = str.maketrans({c: chr(0x1D44E + ord(c) - ord("a")) for c in "abckwrd"})
    for c in nb["cells"]:
        name = "bn_backward".translate(letters)
        c["source"] = "".join(c["source"]).replace("def bn_backward", f"def {name}")


@edit(150, full("The notebook has .* cells, at most 2000 are read"))
def half_a_million_empty_cells(nb):
    """Half a million empty objects stand before the cells."""
    nb["cells"][:0] = [{}] * 500_000


@edit(150, full("more remarks were left out"))
def remarks_by_the_thousand(nb):
    """A thousand cells are odd in several ways; the remarks stay few and short."""
    odd = {"cell_type": "\n" * 1000, "source": [5, "def bn_backward(): pass"], "id": "x" * 1000}
    nb["cells"] += [odd | {"cell_type": kind} for kind in ("code", "\n" * 1000) for _ in range(500)]


@file(151, nothing("stops making sense in line"))
def merge_conflict(data):
    """A merge conflict of git stands in the file."""
    lines = data.split(b"\n")
    return b"\n".join([*lines[:20], b"<<<<<<< HEAD", *lines[20:30], b"=======", *lines[20:], b">>>>>>> main"])


@attack(152, nothing("stops making sense in line 1"))
def script_instead_of_notebook(hand_in):
    """The notebook was exported as a Python script and given the notebook's name."""
    hand_in.write("\n\n".join(hand_in.right.values()).encode())


@edit(153, FULL)
def functions_by_assignment(nb):
    """Answers are bound by assignment, not by def, and the notebook has lost its metadata but not its cell ids."""
    for c in nb["cells"]:
        c["metadata"] = {}
        if c["id"] == BACKWARD:
            source = "".join(c["source"]).replace("def bn_backward", "def _answer")
            c["source"] = f"{source}\nbn_backward = lambda dy, cache: _answer(dy, cache)\n"


@edit(154, FULL)
def answers_that_call_each_other_backwards(nb):
    """An answer uses at once what a later answer defines: the cells are put in an order that works."""
    cell(nb, FORWARD)["source"] = (
        "assert np.allclose(ema_weights(0, 0.5), [1.0])\nassert bn_population_stats([np.ones((2, 1))], 'pooled')[0] == 1\n\n\n"
        + "".join(cell(nb, FORWARD)["source"])
    )


@edit(155, FULL)
def tests_of_ones_own(nb):
    """The student's own tests stand behind every answer, and one of them fails."""
    for id in (FORWARD, BACKWARD, UPDATE, POPULATION, MODULE):
        before(
            nb,
            f"check_{id}",
            code(f"def test_{id}():\n    assert {id}\n\ntest_{id}()\nassert not {id}, 'my test fails'"),
        )


@attack(156, Expect(total=0))
def answers_only_in_outputs(hand_in):
    """The answers stand in outputs, markdown and comments, not in code."""
    nb = plain(hand_in)
    for c in nb["cells"]:
        if c["id"] in hand_in.right:
            text = "".join(c["source"])
            c["source"] = "# " + text.replace("\n", "\n# ")
            c["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    write(hand_in, nb)


@edit(157, FULL)
def form_feeds_and_separators(nb):
    """Form feeds, separators and unusual blanks stand in the comments of every answer."""
    for c in nb["cells"]:
        if c["cell_type"] == "code":
            c["source"] = "# a\x0cb \x1c \x85 \u2028 \u2029 \ufeff \xa0\n\x0c\n" + "".join(c["source"])
