"""Time per submission: ours and stock `nbgrader autograde`, on the same class, in one run, with the same scores.

    python benchmarks/time_per_submission.py [--students 8] [--rounds 3]

Prints a table of medians and writes benchmarks/results.json. Both sides leave the experiment cells out in one column
and nbgrader runs them in the other ("as shipped").
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from autograder import demo
from autograder.course import Course, role, to_bytes

ROOT = Path(__file__).parents[1]
ASSIGNMENT = demo.ASSIGNMENT
STOCK_CONFIG = "c = get_config()\nc.ExecutePreprocessor.timeout = 600\nc.IgnorePattern = ''\n"


def measured(command: list[str], cwd: Path, env: dict) -> float:
    """Wall seconds. CPU seconds are not compared: those spent behind the wall never reach the one who waits for it."""
    start = time.perf_counter()
    made = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    wall = time.perf_counter() - start
    if made.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{made.stdout[-2000:]}\n{made.stderr[-2000:]}")
    return wall


def honest_class(course: Course, folder: Path, students: int) -> list[str]:
    """The harmless submissions of the demo class, readable ones only."""
    made = []
    for kind, data in demo.submissions(course, harmless=True):
        if kind not in ("corrupt-file", "metadata-lost") and len(made) < students:
            path = folder / kind / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            made.append(kind)
    return made


def stock_course(course: Course, folder: Path, students: int, experiments: bool) -> list[str]:
    """A plain nbgrader course with the same source notebook, the same class, and no plug-in of ours."""
    source = course.source(ASSIGNMENT)

    def cut(nb):
        if not experiments:
            nb.cells = [cell for cell in nb.cells if role(cell) != "experiment"]
        return nb

    target = folder / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_bytes(to_bytes(cut(source)))
    (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
    made = honest_class(course, folder / "submitted", students)
    for student in made:
        path = folder / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.write_bytes(to_bytes(cut(nbformat.read(path, as_version=4))))
    return made


def stock_scores(folder: Path) -> dict[str, float]:
    """Scores of the code exercises in nbgrader's gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student_id: round(
                sum(grade.auto_score or 0 for notebook in submission.notebooks for grade in notebook.grades), 2
            )
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
        }


def main() -> None:
    """Measure both, compare the scores, print and write."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--students", type=int, default=8)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--experiments", action="store_true", help="also measure stock nbgrader with the experiment cells (minutes)"
    )
    args = options.parse_args()
    course = Course.find(ROOT)
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MPLBACKEND="Agg", TRAINDEEP_SEED="benchmark")
    tool = Path(sys.executable).parent
    env["PATH"] = f"{tool}{os.pathsep}{env['PATH']}"  # nbgrader starts alembic by name
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        students = honest_class(course, folder / "ours", args.students)
        variants = [("stock nbgrader", False)] + (
            [("stock nbgrader, experiments too", True)] if args.experiments else []
        )
        for name, experiments in variants:
            stock_course(course, folder / name, args.students, experiments)
            measured([str(tool / "nbgrader"), "generate_assignment", ASSIGNMENT], folder / name, env)
        for _ in range(args.rounds):  # interleaved, so that a slow minute of the machine meets both
            out = folder / "graded"
            shutil.rmtree(out, ignore_errors=True)
            command = [
                str(tool / "autograder"),
                "--course",
                str(ROOT),
                "grade",
                str(folder / "ours"),
                "--out",
                str(out),
                "--assignment",
                ASSIGNMENT,
            ]
            times.setdefault("ours", []).append(measured(command, folder, env))
            for name, _ in variants:
                command = [str(tool / "nbgrader"), "autograde", ASSIGNMENT, "--force"]
                times.setdefault(name, []).append(measured(command, folder / name, env))
        records = [json.loads(p.read_text()) for p in sorted(out.glob(f"*/{ASSIGNMENT}.json"))]
        ours = {r["student"]: r["score"] for r in records}
        inside = statistics.median(r["elapsed_s"] for r in records)
        stock = stock_scores(folder / "stock nbgrader")
        isolation = records[0]["isolation"]
    count = len(students)
    rows = {name: statistics.median(walls) / count for name, walls in times.items()}
    print(f"{count} submissions, {args.rounds} rounds, medians, wall seconds per submission, start-up included")
    for name, wall in rows.items():
        print(f"{name:34}{wall:8.2f}   {wall / rows['ours']:5.1f} times ours")
    print(f"ours, one submission in the warm grader: {inside:.2f} s (median), isolation {isolation}")
    differ = {s: (ours[s], stock.get(s)) for s in students if ours[s] != stock.get(s)}
    print(f"scores: {'the same for all' if not differ else f'DIFFER (ours, stock): {differ}'}")
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "isolation": isolation,
        "students": count,
        "rounds": args.rounds,
        "wall_s_per_submission": rows,
        "warm_median_s": inside,
        "scores_equal": not differ,
    }
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    if differ:
        sys.exit(1)


if __name__ == "__main__":
    main()
