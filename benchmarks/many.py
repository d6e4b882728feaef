"""A class of thousands: throughput, memory over time, and a resumption after kill -9.

    python benchmarks/many.py [--students 2000] [--jobs 2] [--kill-at 0.6]

Makes submissions that differ (each a mix of right, wrong and missing answers), grades them with `autograder grade`,
kills it once, runs it again, and prints what it took. Memory is the resident size (RSS) of the coordinator, and the
largest among workers and among warm processes.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder import demo
from autograder import exercise as hidden
from autograder.course import Course, exercises_of, grade_id, release_notebook, role, to_bytes

ROOT = Path(__file__).parents[1]
PAGE = os.sysconf("SC_PAGE_SIZE")


def make_class(course: Course, folder: Path, students: int, assignment: str = demo.ASSIGNMENT) -> None:
    """The n-th student is the same in every class: half of the answers right, most others a known answer, some none."""
    source = course.source(assignment)
    items = [hidden.load(id) for id in exercises_of(source)]
    right = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
    known = {
        item.id: [demo.as_cell(right[item.id], item, answer) for answer in (*item.variants, *item.misconceptions)]
        for item in items
    }
    release = release_notebook(source)
    untouched = {grade_id(cell): cell.source for cell in release.cells if role(cell) == "solution"}
    for number in range(students):
        rng = random.Random(number)
        for cell in release.cells:
            if (id := grade_id(cell)) in known:
                kind = rng.random()
                chosen = right[id] if kind < 0.5 else rng.choice(known[id]) if kind < 0.9 else untouched[id]
                cell.source = f"{chosen}\n# student {number}\n"
        path = folder / f"s{number:05d}" / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(to_bytes(release))


def processes() -> dict[int, tuple[int, int, str]]:
    """pid -> (parent, resident MiB, command line)."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found[int(path.name)] = int(fields[1]), int(fields[21]) * PAGE >> 20, words
        except (OSError, ValueError):
            continue
    return found


def memory(pid: int) -> dict[str, int]:
    """MiB of the coordinator, of the largest worker, and of the largest process of the sandbox, its children included."""
    seen = processes()
    found, todo = {"coordinator": seen[pid][1] if pid in seen else 0, "worker": 0, "sandbox": 0}, [pid]
    while todo:
        parent = todo.pop()
        for child, (above, size, words) in seen.items():
            if above == parent:
                todo.append(child)
                kind = "worker" if "workers.work(" in words else "sandbox" if "worker.main(" in words else ""
                if kind:
                    found[kind] = max(found[kind], size)
    return found


def graded(out: Path) -> int:
    return sum(1 for _ in out.glob("*/*.json"))


def watched(command: list[str], env: dict, out: Path, students: int, kill_at: float = 2.0) -> tuple[float, list]:
    """Run the command; returns (seconds, [(share done, records, memory)]). Kills it when a share `kill_at` is done."""
    run = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    start, samples, marks = time.monotonic(), [], [0.1, 0.25, 0.5, 0.75, 0.9]
    first = graded(out)
    while run.poll() is None:
        count = graded(out)
        if marks and count > first and count >= marks[0] * students:
            samples.append((count, time.monotonic() - start, memory(run.pid)))
            marks = [mark for mark in marks if count < mark * students]
        if count >= kill_at * students:
            samples.append((count, time.monotonic() - start, memory(run.pid)))
            run.send_signal(signal.SIGKILL)
            break
        # The last sample is of a run that is about to end.
        if count >= students - 2 and marks != [2.0]:
            samples.append((count, time.monotonic() - start, memory(run.pid)))
            marks = [2.0]
        time.sleep(0.2)
    status = run.wait()
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return time.monotonic() - start, samples


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--students", type=int, default=2000)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--kill-at", type=float, default=0.6, metavar="SHARE", help="default: 0.6 of the class")
    args = options.parse_args()
    env = dict(os.environ, TRAINDEEP_SEED="benchmark")
    with tempfile.TemporaryDirectory(prefix="many-") as scratch:
        submitted, out = Path(scratch, "submitted"), Path(scratch, "graded")
        start = time.monotonic()
        make_class(Course.find(ROOT), submitted, args.students)
        print(f"made {args.students} submissions in {time.monotonic() - start:.0f} s", flush=True)
        command = [sys.executable, "-m", "autograder", "--course", str(ROOT), "grade", str(submitted)]
        command += ["--out", str(out), "--jobs", str(args.jobs)]
        print(f"{'graded':>8}{'seconds':>10}   resident MiB: coordinator, largest worker, largest in a sandbox")
        took = []
        for what, kill_at in (("run, killed with kill -9", args.kill_at), ("run again", 2.0), ("all is done", 2.0)):
            before = graded(out)
            seconds, samples = watched(command, env, out, args.students, kill_at)
            count = graded(out) - before
            for done, at, size in samples:
                print(f"{done:8}{at:10.0f}   {size['coordinator']:8}{size['worker']:8}{size['sandbox']:8}")
            each = f", {count / seconds:.2f} a second, start included" if count else ""
            print(f"{what}: {count} graded in {seconds:.0f} s{each}", flush=True)
            took.append((count, seconds))
        rows = len((out / "grades.csv").read_text().splitlines()) - 1
        left = [path for path in out.rglob(".*") if path.name != ".lock"]
        print(f"records {graded(out)}, rows of the table {rows}, unfinished files {len(left)}")
        if not graded(out) == rows == args.students or left:
            sys.exit("something is missing")


if __name__ == "__main__":
    main()
