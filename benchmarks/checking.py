"""Seconds that `check` takes in a notebook, in a real kernel, with the right answers.

A call is timed inside the kernel, from before `check` to after its page was displayed. "First" is the first call after
`from traindeep import check` in a fresh kernel that has not imported torch: what a student who starts with a NumPy
exercise waits for. "Median" is over all exercises, of calls after the first.
"""

import statistics
from pathlib import Path

import nbclient
import nbformat
from classroom import ASSIGNMENT
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import Course, grade_id, role

CALLS = 5
IMPORTS = "import numpy as np\nfrom traindeep import check, use"
TIMED = """
import time
start = time.perf_counter()
check("{id}")
print("seconds", time.perf_counter() - start)
"""


def seconds(cells: list[str], env: dict, folder: Path) -> list[float]:
    """Run cells in a fresh kernel; returns what the timed ones printed."""
    nb = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    nb.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    client = nbclient.NotebookClient(nb, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.extra_arguments = ["--IPKernelApp.log_level=50"]  # a kernel warns of every TCP connection
    client.execute(env=env)
    texts = ["".join(out.get("text", "") for out in cell.outputs if out.output_type == "stream") for cell in nb.cells]
    return [float(text.split("seconds ")[1].split()[0]) for text in texts if "seconds " in text]


def measure(course: Course, env: dict, folder: Path) -> dict:
    """Medians and maxima, with the exercise that takes longest."""
    source = nbformat.from_dict(course.source(ASSIGNMENT))
    setup = next(cell.source for cell in source.cells if role(cell) == "code")
    right = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
    numpy_only = [id for id, cell in right.items() if not {"torch", "nn"} & set(cell.replace(".", " ").split())]
    calls = [TIMED.format(id=id) for id in right for _ in range(CALLS)]
    times = seconds([setup, *right.values(), *calls], env, folder)
    later = {id: statistics.median(times[k * CALLS + 1 : (k + 1) * CALLS]) for k, id in enumerate(right)}
    first = {id: seconds([IMPORTS, right[id], TIMED.format(id=id)], env, folder)[0] for id in numpy_only}
    return {
        "median_s": statistics.median(later.values()),
        "slowest": max(later, key=later.get),
        "slowest_s": max(later.values()),
        "first_median_s": statistics.median(first.values()),
        "first_slowest": max(first, key=first.get),
        "first_slowest_s": max(first.values()),
        "exercises": len(later),
        "numpy_exercises": len(first),
        "calls": CALLS - 1,
    }
