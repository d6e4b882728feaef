"""`autograder doctor`: what this machine can do."""

import importlib.metadata
import platform
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course import Course
from autograder.sandbox.host import why_not


def run(course: Course) -> int:
    """Print what was found; 1 if student code cannot be graded safely here."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()

    def row(name: str, value: object) -> None:
        table.add_row(name, Text(str(value)))

    row(
        "system",
        f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()} at {sys.prefix}",
    )
    row("course", f"{course.root}: {', '.join(course.assignments) or 'no assignments'}")
    for package in ("numpy", "torch", "nbgrader", "jupyterlab", "msgpack"):
        try:
            row(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            row(package, "not installed")
    usable = []
    for level in ("bubblewrap", "confined"):
        reason = why_not(level)
        row(f"level {level}", f"cannot be had: {reason}" if reason else "works")
        if not reason:
            usable.append(level)
    row(
        "isolation",
        f"{usable[0]} is what `autograder grade` uses" if usable else "none can be had: see the lines above",
    )
    Console(soft_wrap=True).print(table)
    return 0 if usable else 1
