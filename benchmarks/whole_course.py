"""A class that hands in every notebook of the course, half right: scores, feedback, table and gradebook, and what they take.

    python benchmarks/whole_course.py [--students 10] [--jobs 2] [--keep DIR]

First `autograder grade` on everything in one run; then the same class through `nbgrader autograde`, into a gradebook.
Prints a table: per notebook the points, the median score, and seconds per student of each way, start included; and
whether both ways gave the same scores.
"""

import argparse
import collections
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest.mock
from pathlib import Path

from many import ROOT, make_class
from nbgrader.api import Gradebook

from autograder import cli
from autograder.course import Course, to_bytes


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--students", type=int, default=10)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--keep", type=Path, metavar="DIR", help="keep submissions, results and gradebook there")
    args = options.parse_args()
    course = Course.find(ROOT)
    with tempfile.TemporaryDirectory(prefix="whole-course-") as scratch:
        folder = args.keep or Path(scratch)
        for assignment in course.assignments:
            make_class(course, folder / "submitted", args.students, assignment)
        os.environ["TRAINDEEP_SEED"] = "benchmark"
        seconds, results = grade(folder, args.jobs)
        scores = table(folder)
        print(f"autograder grade: {sum(map(len, scores.values()))} submissions in {seconds:.0f} s, {args.jobs} jobs")
        took = {name: autograde(course, folder, name) for name in course.assignments}
        report(folder, scores, results, took)


def grade(folder: Path, jobs: int) -> tuple[float, list]:
    """`autograder grade` on everything: seconds, and the results, which know how long each took."""
    results, show = [], cli._report

    def keep(found, settings):
        results.extend(found)
        show(found, settings)

    start = time.monotonic()
    command = ["--course", str(ROOT), "grade", str(folder / "submitted"), "--out", str(folder / "graded")]
    with unittest.mock.patch.object(cli, "_report", keep):
        if status := cli.main([*command, "--jobs", str(jobs)]):
            raise SystemExit(status)
    return time.monotonic() - start, results


def table(folder: Path) -> dict[str, dict[str, float]]:
    """Assignment -> student -> score, from grades.csv."""
    scores: dict = collections.defaultdict(dict)
    for row in csv.DictReader((folder / "graded/grades.csv").open()):
        scores[row["assignment"]][row["student"]] = float(row["score"])
    return scores


def autograde(course: Course, folder: Path, assignment: str) -> float:
    """Grade one assignment through nbgrader; seconds."""
    place = folder / "nbgrader"
    if not place.is_dir():
        place.mkdir()
        for name in ("pyproject.toml", "nbgrader_config.py"):
            shutil.copy(ROOT / name, place)
        for name in ("solutions", "lib", "autograder"):
            (place / name).symlink_to(ROOT / name)
        (place / "submitted").symlink_to(folder / "submitted")
        shutil.copytree(ROOT / "notebooks", place / "notebooks")  # nbgrader writes its release there
    source = place / "build/source" / assignment / f"{assignment}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(to_bytes(course.source(assignment)))
    nbgrader = [str(Path(sys.executable).with_name("nbgrader"))]
    quiet = dict(cwd=place, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([*nbgrader, "generate_assignment", assignment, "--force"], **quiet)
    start = time.monotonic()
    subprocess.run([*nbgrader, "autograde", assignment, "--create"], **quiet)
    return time.monotonic() - start


def report(folder: Path, scores: dict, results: list, took: dict[str, float]) -> None:
    entered: dict = collections.defaultdict(dict)
    with Gradebook(f"sqlite:///{folder}/nbgrader/gradebook.db") as gradebook:
        for name in scores:
            for row in gradebook.assignment_submissions(name):
                entered[name][row.student.id] = round(
                    sum(g.auto_score or 0.0 for n in row.notebooks for g in n.grades), 2
                )
    print(f"{'notebook':40}{'points':>8}{'median':>8}{'s each':>8}{'nbgrader: s each':>18}{'equal':>7}")
    total = 0.0
    for name, by_student in scores.items():
        of_it = [result for result in results if result.assignment == name]
        each = statistics.mean(result.elapsed_s for result in of_it)
        total += each
        equal = sum(entered[name].get(student) == score for student, score in by_student.items())
        print(
            f"{name:40}{of_it[0].max_score:8g}{statistics.median(by_student.values()):8.1f}{each:8.2f}"
            f"{took[name] / len(by_student):18.2f}{equal:4} of {len(by_student)}"
        )
    pages = len(list((folder / "graded").glob("*/*.html")))
    print(
        f"{total:.1f} s a student for all notebooks; {pages} feedback pages; {sum(map(len, entered.values()))} in the gradebook"
    )


if __name__ == "__main__":
    main()
