"""CPU and time per submission: ours, stock nbgrader, otter-grader and the floor, on one class, in one run, same scores.

    python benchmarks/grading.py [--students 60] [--rounds 2] [--skip otter] [--skip shipped]

Prints tables of medians and writes benchmarks/results.json. Exits with 1 if two graders disagree about a score.
docs/speed.md says what is compared; cpu.py says how CPU is counted.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from pathlib import Path

import checking
import cpu
from classroom import KINDS, Class
from graders import OTTER, CannotSetUp, Floor, Nbgrader, Otter, Ours, environment
from rich.console import Console
from rich.table import Table

from autograder.course import Course

ROOT = Path(__file__).parents[1]
SHIPPED = 3
PARTS = ("nbgrader", "otter", "floor", "shipped", "jobs", "check")
OURS, TWO = "ours", "ours, 2 jobs"
NBGRADER, NBGRADER_SHIPPED = "stock nbgrader", "stock nbgrader, as shipped"
OTTER_, OTTER_SHIPPED = "otter-grader", "otter-grader, as shipped"
FLOOR = "floor"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--students", type=int, default=sum(KINDS.values()), help="size of the class, at most 60")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--shipped", type=int, default=SHIPPED, help="submissions graded with their experiment cells")
    options.add_argument("--skip", action="append", default=[], choices=PARTS, help="leave a part out (repeatable)")
    options.add_argument("--isolation", default="auto")
    options.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results.json")
    args = options.parse_args()
    if not 6 <= args.students <= sum(KINDS.values()):
        options.error(f"--students must be from 6 to {sum(KINDS.values())}, got {args.students}")
    console = Console(highlight=False, soft_wrap=True)
    meter = cpu.meter()
    console.print(
        f"CPU is counted by: {meter.name}" + ("" if meter.parent else " (run as root, or in a group that is yours)")
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        results = Run(args, meter, Path(scratch), console).results()
    show(results, console)
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    for line in results["scores_differ"]:
        console.print(f"scores differ: {line}", markup=False)
    return 1 if results["scores_differ"] else 0


class Run:
    """One run of the benchmark."""

    def __init__(self, args, meter: cpu.Meter, scratch: Path, console: Console):
        self.args, self.meter, self.scratch, self.console = args, meter, scratch, console
        self.env = environment(scratch)
        self.course = Course.find(ROOT)
        console.print("making the class")
        self.group = Class(self.course, args.students)
        self.sample = list(self.group.notebooks)[: args.shipped]
        self.left_out: dict[str, str] = {}

    def graders(self) -> dict:
        group, scratch, wanted = self.group, self.scratch, set(PARTS) - set(self.args.skip)
        made = {OURS: Ours(group, scratch / "ours", 1, self.args.isolation)}
        if "jobs" in wanted:
            made[TWO] = Ours(group, scratch / "ours2", 2, self.args.isolation)
        if "floor" in wanted:
            made[FLOOR] = Floor(group, scratch / "floor")
        if "nbgrader" in wanted:
            made[NBGRADER] = Nbgrader(group, scratch / "nbgrader", self.env, experiments=False)
        if {"nbgrader", "shipped"} <= wanted:
            made[NBGRADER_SHIPPED] = Nbgrader(
                group, scratch / "nbgrader-shipped", self.env, experiments=True, students=self.sample
            )
        if "otter" in wanted:
            try:
                made[OTTER_] = Otter(group, scratch / "otter", experiments=False)
                if "shipped" in wanted:
                    made[OTTER_SHIPPED] = Otter(
                        group, scratch / "otter-shipped", experiments=True, students=self.sample
                    )
            except CannotSetUp as error:
                self.left_out["otter"] = str(error)
                self.console.print(f"otter-grader is left out: {error}", markup=False)
        return made

    def results(self) -> dict:
        graders = self.graders()
        spent: dict[str, list[dict]] = {name: [] for name in graders}
        warm: dict[str, list[list[dict]]] = {OURS: [], TWO: [], FLOOR: []}
        differ: dict[str, None] = {}
        for number in range(self.args.rounds):  # interleaved, so that a slow minute of the machine meets all
            for name, grader in graders.items():
                shipped = name in (NBGRADER_SHIPPED, OTTER_SHIPPED)
                if shipped and number:
                    continue
                count = len(self.sample if shipped else self.group.notebooks)
                used = self.measured(name, grader.command(), grader.folder, count)
                spent[name].append({"cpu_s": used["cpu_s"], "wall_s": used["wall_s"]})
                if name == FLOOR:
                    warm[name].append(lines(used["stdout"]))
                if isinstance(grader, Ours):
                    used = self.measured(f"{name}, warm", grader.warm(), grader.folder, count)
                    warm[name].append(lines(used["stdout"]))
            differ |= dict.fromkeys(disagreements({name: grader.scores() for name, grader in graders.items()}))
        rows = {name: medians(rounds) for name, rounds in spent.items()}
        record = graders[OURS].records()[0]
        return {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
            "versions": versions(),
            "method": f"CPU: {self.meter.name} (whole process tree), wall: perf_counter; medians over rounds",
            "isolation": record["isolation"],
            "students": len(self.group.notebooks),
            "kinds": {kind: sum(kind in student for student in self.group.notebooks) for kind in KINDS},
            "rounds": self.args.rounds,
            "shipped_sample": len(self.sample),
            "left_out": self.left_out,
            "per_submission": rows,
            "warm": {name: summary(found, int("2" in name) + 1) for name, found in warm.items() if found},
            "check": checking.measure(self.course, self.env, self.scratch) if "check" not in self.args.skip else {},
            "scores_equal": not differ,
            "scores_differ": list(differ),
        }

    def measured(self, name: str, command: list[str], folder: Path, count: int) -> dict:
        used = self.meter.run(command, folder, self.env)
        cpu_s = None if used.cpu_s is None else used.cpu_s / count
        self.console.print(
            f"{name}: {used.wall_s / count:.3f} s per submission"
            + ("" if cpu_s is None else f", CPU {cpu_s:.3f} s"), markup=False
        )  # fmt: skip
        return {"cpu_s": cpu_s, "wall_s": used.wall_s / count, "stdout": used.stdout}


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def medians(rounds: list[dict]) -> dict:
    keys = [key for key in rounds[0] if rounds[0][key] is not None]
    return {key: round(statistics.median(entry[key] for entry in rounds), 4) for key in keys}


def summary(rounds: list[list[dict]], jobs: int) -> dict:
    """Medians per submission after the start-up, by kind too; with two jobs only the rate has a meaning."""
    after = [entry for found in rounds for entry in found[2 * jobs :]]
    rate = statistics.median(
        len(found[2 * jobs :]) / sum(entry["wall_s"] for entry in found[2 * jobs :]) for found in rounds
    )
    made = {"submissions_per_s": round(rate, 2)}
    if jobs == 1:
        for key in ("cpu_s", "wall_s", "read_and_fork_s", "cells_s", "calls_s", "exit_s"):
            if key in after[0]:
                made[key] = round(statistics.median(entry[key] for entry in after), 4)
        made["mean_cpu_s"] = round(statistics.fmean(entry["cpu_s"] for entry in after), 4)
        made["cpu_s_by_kind"] = {
            kind: round(statistics.median(found), 4)
            for kind in KINDS
            if (found := [entry["cpu_s"] for entry in after if kind in entry["student"]])
        }
    return made


def disagreements(scores: dict[str, dict[str, float]]) -> list[str]:
    """Students whose score is not the same everywhere, one line each."""
    found = []
    for student in scores[OURS]:
        others = {name: theirs[student] for name, theirs in scores.items() if student in theirs}
        if len({round(score, 2) for score in others.values()}) > 1:
            found.append(f"{student}: {', '.join(f'{name} {score:g}' for name, score in others.items())}")
    for name, theirs in scores.items():
        if theirs and name in (TWO, NBGRADER, OTTER_) and (absent := set(scores[OURS]) - set(theirs)):
            found.append(f"{name} has no score for {', '.join(sorted(absent))}")
    return found


def versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in ("nbgrader", "numpy", "torch")}
    return {"python": platform.python_version(), **found, "otter-grader": OTTER}


def show(results: dict, console: Console) -> None:
    """The tables: per submission, targets, check."""
    rows, warm = results["per_submission"], results["warm"]
    ours = rows[OURS]
    table = Table(
        title=f"Per submission, start-up included: {results['students']} submissions, {results['rounds']} rounds"
    )
    for head in ("", "CPU s", "x ours", "wall s", "x ours"):
        table.add_column(head, justify="right" if head else "left")
    for name, row in rows.items():
        cells = []
        for key in ("cpu_s", "wall_s"):
            cells += [f"{row[key]:.3f}", f"{row[key] / ours[key]:.2f}"] if key in row else ["?", "?"]
        table.add_row(name + (f" ({results['shipped_sample']} only)" if "shipped" in name else ""), *cells)
    for name in warm:
        if "cpu_s" in warm[name]:
            table.add_row(f"{name}, warm", f"{warm[name]['cpu_s']:.3f}", "", f"{warm[name]['wall_s']:.3f}", "")
    console.print(table)
    for line in targets(results):
        console.print(line, markup=False)
    equal = "the same from all graders" if results["scores_equal"] else "DIFFER"
    console.print(f"scores: {equal}; isolation of ours: {results['isolation']}; {results['method']}", markup=False)
    if check := results["check"]:
        table = Table(title="check in a notebook, seconds")
        for head in ("", "median", "slowest", "target"):
            table.add_column(head, justify="right" if head else "left")
        later, first = (
            f"{check['slowest_s']:.3f} ({check['slowest']})",
            f"{check['first_slowest_s']:.3f} ({check['first_slowest']})",
        )
        table.add_row(f"a call, {check['exercises']} exercises", f"{check['median_s']:.3f}", later, "0.3")
        table.add_row(
            f"the first call, {check['numpy_exercises']} exercises", f"{check['first_median_s']:.3f}", first, "1.0"
        )
        console.print(table)


def targets(results: dict) -> list[str]:
    """Each target with what was measured."""
    rows, warm, found = results["per_submission"], results["warm"], []

    def line(says: str, above: float | None, below: float | None, wanted: float, more: bool = True) -> None:
        if not above or not below:
            return
        ratio = above / below
        reached = ratio >= wanted if more else ratio <= wanted
        missed = "" if reached else f", missed by a factor of {max(wanted / ratio, ratio / wanted):.2f}"
        found.append(f"{'reached' if reached else 'MISSED '}  {says}: {ratio:.2f}x, target {wanted:g}x{missed}")

    def cpu_of(name: str) -> float | None:
        return rows.get(name, {}).get("cpu_s")

    line("stock nbgrader, CPU over ours", cpu_of(NBGRADER), cpu_of(OURS), 20)
    line("stock nbgrader as shipped, CPU over ours", cpu_of(NBGRADER_SHIPPED), cpu_of(OURS), 100)
    line("ours, CPU over the floor, start-up included", cpu_of(OURS), cpu_of(FLOOR), 2.5, more=False)
    if FLOOR in warm and "cpu_s" in warm[OURS]:
        line("ours, CPU over the floor, warm", warm[OURS]["mean_cpu_s"], warm[FLOOR]["mean_cpu_s"], 2.5, more=False)
        line("stock nbgrader, CPU over ours, warm", cpu_of(NBGRADER), warm[OURS]["mean_cpu_s"], 20)
    line("throughput with 2 jobs, start-up included", rows[OURS]["wall_s"], rows.get(TWO, {}).get("wall_s"), 1.8)
    line(
        "throughput with 2 jobs, warm", warm.get(TWO, {}).get("submissions_per_s"), warm[OURS]["submissions_per_s"], 1.8
    )
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended too
    try:
        sys.exit(main())
    except (cpu.Failed, CannotSetUp) as error:
        sys.exit(f"benchmarks/grading.py: {error}")
