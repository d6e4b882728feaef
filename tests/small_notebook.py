"""A release of three exercises and one answer in words, and the right submission of it: what reader tests damage."""

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "02_batch_norm"
STUB = '{head}\n    """Say what to return."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
HEADS = {
    "forward": "def forward(x):",
    "backward": "def backward(dy):",
    "Norm": "class Norm:",
}
RIGHT = {
    "forward": 'def forward(x):\n    """Say what to return."""\n    return np.asarray(x) - 1\n',
    "backward": "def backward(dy):\n    return dy * SCALE\n",
    "Norm": "class Norm:\n    call = staticmethod(forward)\n",
}
WORDS = "Because the scale is lost otherwise."


def labels(grade_id, **flags):
    values = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3} | flags
    return {"nbgrader": {"grade_id": grade_id, **values}}


def make_release():
    cells = [
        new_markdown_cell("# Batch norm", id="title"),
        new_code_cell("import numpy as np\nSCALE = 2", id="imports", metadata=labels("imports", locked=True)),
    ]
    for name, head in HEADS.items():
        stub, check = STUB.format(head=head), f"check_{name}"
        cells += [
            new_code_cell(stub, id=name, metadata=labels(name, solution=True)),
            new_code_cell(f'check("{name}")', id=check, metadata=labels(check, grade=True, locked=True, points=5)),
        ]
    experiment = "history = train(Norm)\nplot(history)\nshow()"
    cells += [
        new_code_cell(experiment, id="experiment", metadata={"tags": ["experiment"]}),
        new_markdown_cell("YOUR ANSWER HERE", id="why", metadata=labels("why", grade=True, solution=True, points=2)),
    ]
    return new_notebook(cells=cells, metadata={"traindeep": {"assignment": NAME}})


RELEASE = make_release()


def solved():
    """A right submission as plain JSON data."""
    notebook = json.loads(nbformat.writes(RELEASE))
    for cell in notebook["cells"]:
        cell["source"] = {**RIGHT, "why": WORDS}.get(cell["id"], "".join(cell["source"]))
    return notebook


def cell_of(notebook, name):
    return next(cell for cell in notebook["cells"] if cell.get("id") == name)


def code(source, **more):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}
