"""The `autograder` command: parses, calls, prints, exits. Exit status 0 done, 1 something could not be done, 2 usage."""

import argparse
import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console

LEVELS = ("auto", "bubblewrap", "confined", "none")

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


GRADE = """\
A rerun with the same --out skips what was graded before and has not changed:
a run that was interrupted, or killed, goes on where it stopped. A submission
has the same record and the same page however it was graded.

A job array grades one class in parts, all with the same --out on a shared
disk. Which part a submission belongs to follows from its student and
assignment alone. Each job that ends writes grades.csv from all records that
are there, so after the last one it is whole. With SLURM:
  sbatch --array=1-10 --wrap 'autograder grade submitted \\
    --out graded --shard $SLURM_ARRAY_TASK_ID/10'
Run a job that failed or was killed again; the records of a job that never
ended are in the table after `autograder table graded`, which also joins
folders: `autograder table one two --csv all.csv`. All jobs need the same
secret: the .course_secret of a course on the shared disk, or TRAINDEEP_SEED.

On a Dask cluster (pip install 'traindeep[cluster]') the workers grade and
this process writes. Course, submissions and --out must be at the same place
on every machine, with the same versions. One thread a worker is best:
  dask scheduler &  dask worker tcp://HOST:8786 --nworkers 16 --nthreads 1
  autograder grade submitted --out graded --scheduler tcp://HOST:8786
"""
PLAIN_S = 30  # between two lines about the progress, where there is no terminal
LONG = 100  # submissions whose table is still shown and not only written


class Stop(Exception):
    """Ends the command with one line on stderr."""

    def __init__(self, message: str, status: int = 1):
        super().__init__(message)
        self.status = status


def command() -> None:
    """The command `autograder`: `main`, without the half second in which Python takes torch apart before it ends."""
    status = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # a full disk, a closed pipe
        sys.exit(status or 1)
    os._exit(status)


def main(argv: list[str] | None = None) -> int:
    """Run one command; every expected trouble ends in one line and a status, never in a traceback of ours."""
    args = parser().parse_args(argv)
    try:
        if sys.platform == "win32" and args.command in ("grade", "demo", "doctor"):
            raise Stop(
                "student code runs in forked processes, which Windows does not have; use WSL2 or a Linux machine"
            )
        if args.command in ("grade", "demo", "build", "killtable", "fairness"):
            from autograder.workers import ONE_THREAD

            os.environ.update(ONE_THREAD)  # before NumPy is imported, as for the worker processes
        return args.run(args)
    except KeyboardInterrupt:
        _say("interrupted; what was finished is kept, run the same command again to go on")
        return 130
    except BrokenPipeError:  # of `autograder ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:
        from autograder.cluster import ClusterTrouble
        from autograder.course import BuildError
        from autograder.exercise import BadExercise
        from autograder.folder import CannotWrite
        from autograder.sandbox.host import GraderFault, SandboxUnavailable

        if isinstance(error, OSError):
            what = f"{error.filename}: " if error.filename else ""
            _say(f"{what}{error.strerror or error}; nothing that was finished is lost")
        elif isinstance(
            error, (Stop, BuildError, BadExercise, CannotWrite, ClusterTrouble, SandboxUnavailable, GraderFault)
        ):
            _say(str(error))
        else:
            raise
        return getattr(error, "status", 1)


def _say(message: str) -> None:
    err.print(f"autograder: {message}", markup=False)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="autograder",
        description="Build the course and grade a class.",
        epilog="Exit status: 0 done (a wrong answer is a result), 1 something could not be done, 2 usage. "
        "`autograder COMMAND -h` explains a command.",
    )
    top.add_argument("--course", default=".", metavar="DIR", help="a folder inside the course (default: here)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, help, **more):
        made = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".", **more)
        made.set_defaults(run=run)
        return made

    def isolation(made):
        made.add_argument(
            "--isolation",
            choices=LEVELS,
            default="auto",
            help="how student code is walled in; none is for notebooks you trust (default: auto, the strongest there is)",
        )

    def jobs(made, what):
        number = min(2, os.cpu_count() or 1)
        text = f"{what} at a time (default: %(default)s)"
        made.add_argument("--jobs", type=_positive, default=number, metavar="N", help=text)

    build = command("build", _build, "write notebooks and recorded answers from their sources, or refuse and say why")
    build.add_argument("assignment", nargs="*", help="default: all")
    build.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if a derived file is not up to date, or a proof fails with one seed",
    )
    jobs(build, "exercises proved")

    kill = command("killtable", _killtable, "show how the hidden tests do on wrong, right and trivial answers")
    kill.add_argument("exercise", nargs="*", help="default: all")
    jobs(kill, "exercises proved")

    fair = command("fairness", _fairness, "grade right answers to random exercises with many seeds")
    fair.add_argument("exercise", nargs="*", help="default: all")
    fair.add_argument("--seeds", type=_positive, default=200, metavar="N", help="seeds for each answer (default: 200)")
    jobs(fair, "exercises tried")

    grade = command(
        "grade",
        _grade,
        "grade notebooks; needs no database",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=GRADE,
    )
    grade.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="notebooks, or a folder submitted/<student>/<assignment>/"
    )
    grade.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="where results, feedback pages and grades.csv go"
    )
    grade.add_argument("--assignment", metavar="NAME", help="which assignment (default: from the folder or file name)")
    grade.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="submissions graded at a time (default: 1)"
    )
    where = grade.add_mutually_exclusive_group()
    where.add_argument(
        "--shard", type=_shard, metavar="I/N", help="only the I-th of N parts of the class: for the jobs of an array"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="grade on the Dask cluster that has its scheduler there")
    isolation(grade)
    grade.add_argument("--again", action="store_true", help="grade anew what an earlier run has graded")

    table = command("table", _table, "write grades.csv anew from the records of one or several output folders")
    table.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="an --out of `autograder grade`")
    table.add_argument("--csv", type=Path, metavar="FILE", help="default: grades.csv in the first folder")

    release = command("release", _release, "write the student bundle: notebooks and the student side of traindeep")
    release.add_argument("out", type=Path, metavar="DIR", help="where the bundle goes")

    demo = command("demo", _demo, "make a class of 24 submissions of every kind and grade it")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="made anew (default: demo)")
    jobs(demo, "submissions graded")
    isolation(demo)

    command("doctor", _doctor, "say what this machine can do: isolation, versions, folders")
    return top


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not value:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return value


def _shard(text: str):
    from autograder.folder import Shard

    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _course(args):
    from autograder.course import Course

    return Course.find(args.course)


def _build(args) -> int:
    from autograder import build, killtable

    course = _course(args)
    _known(course, args.assignment)
    files = build.derive(course, args.assignment)
    # A check is run often, and by CI: one seed. What is written is proved with all of them.
    seeds = killtable.SEEDS[:1] if args.check else killtable.SEEDS
    rows = build.prove(course, args.assignment, args.jobs, seeds)
    count = f"{len(rows)} exercises, {sum(r.misconceptions for r in rows)} misconceptions, {sum(r.variants for r in rows)} variants"
    if args.check:
        if not args.assignment and (stale := build.stale(course, files)):
            raise Stop("not up to date: " + "; ".join(stale) + ". Run `autograder build` and commit the result.")
        out.print(f"up to date: {count}")
        return 0
    changed = build.write(files)
    for path in changed:
        out.print(f"wrote {path.relative_to(course.root)}", markup=False)
    out.print(f"built: {count}; {len(changed)} of {len(files)} files changed")
    return 0


def _killtable(args) -> int:
    from autograder import killtable

    return _prove(args, killtable.row, killtable.table)


def _fairness(args) -> int:
    from autograder import fairness

    return _prove(args, functools.partial(fairness.row, seeds=args.seeds), fairness.table)


def _prove(args, row: Callable, table: Callable) -> int:
    """Print the table of the exercises that were asked for, and what is wrong with them."""
    from traindeep import exercise

    from autograder.workers import side_by_side

    ids = args.exercise or exercise.ids()
    try:
        with side_by_side(min(args.jobs, len(ids))) as run:
            rows = list(run(row, ids))
    except exercise.UnknownExercise as error:
        raise Stop(str(error), 2) from None
    Console().print(table(rows))
    faults = [f"{row.id}: {fault}" for row in rows for fault in row.faults]
    for fault in faults:
        err.print(fault, markup=False)
    return 1 if faults else 0


def _grade(args) -> int:
    from autograder.batch import Settings
    from autograder.grading import course_seed

    course = _course(args)
    if args.assignment:
        _known(course, [args.assignment])
    found, strangers = _find(course, args)
    for assignment in dict.fromkeys(item.assignment for item in found):
        course.release(assignment)  # says so before any work if it is not built yet
    if args.shard:
        every, found = len(found), [item for item in found if args.shard.holds(item)]
        err.print(f"shard {args.shard}: {len(found)} of {every} submissions")
    level = _level(args.isolation)
    settings = Settings(course.root, args.out.resolve(), level, course_seed(course), args.again)
    results = run_batch(found, settings, args.jobs, args.shard, args.scheduler)
    _report(results, settings)
    return 1 if strangers or not all(result.gradable for result in results) else 0


def _known(course, assignments: list[str]) -> None:
    """A wrong name on the command line is a usage error."""
    for name in assignments:
        if name not in course.assignments:
            known = ", ".join(course.assignments) or "none"
            raise Stop(f"there is no assignment {name!r} in {course.root / 'solutions'}; there are: {known}", 2)


def _find(course, args) -> tuple[list, int]:
    """The submissions of this course's assignments, and how many others there are (each is named on stderr)."""
    from autograder.finding import find

    for path in args.paths:
        if not os.path.lexists(path):
            raise Stop(f"{_plain(path)} does not exist; expected a notebook or a folder of submissions", 2)
    found = find(args.paths, args.assignment)
    one = not args.assignment and len(course.assignments) == 1
    if one and any(item.assignment not in course.assignments for item in found):
        # One assignment only: a notebook under any name is taken for it, and read() says if it is another one.
        found = find(args.paths, course.assignments[0])
    known = set(course.assignments)
    strangers = [item for item in found if item.assignment not in known]
    for item in strangers:
        _say(
            f"{_plain(item.path or item.student)}: unknown assignment {item.assignment!r}; "
            f"there are: {', '.join(course.assignments)}. Name it with --assignment."
        )
    if len(strangers) == len(found):
        if strangers:
            raise Stop("nothing was graded")
        where = ", ".join(map(_plain, args.paths))
        raise Stop(f"no submission in {where}; expected *.ipynb or submitted/<student>/<assignment>/*.ipynb")
    # One assignment after the other: each has its own warm process and its own rehearsal.
    found.sort(key=lambda item: (item.assignment, item.student))
    return [item for item in found if item.assignment in known], len(strangers)


def _plain(text: object) -> str:
    from autograder.finding import plain

    return plain(text)


def _level(wanted: str) -> str:
    from autograder.sandbox.host import choose_isolation

    level = choose_isolation(wanted)
    if level == "confined" and wanted == "auto":
        _say("bubblewrap cannot be had; grading at the level 'confined'. Recommended: apt install bubblewrap")
    if level == "none":
        _say("isolation 'none': student code runs with your rights. Use it for notebooks you trust.")
    return level


def run_batch(found, settings, jobs: int, shard=None, scheduler: str | None = None) -> list:
    """Grade with a progress bar on a terminal, else with a line now and then.

    Returns the results in the order of the class table, without the tests that could be graded: of thousands of
    submissions only what the summary says is kept in memory.
    """
    from autograder import batch, cluster, folder

    results, skipped = [], 0
    with folder.output(settings.out, shard or folder.WHOLE), _progress(len(found)) as advance:
        if scheduler:
            running = batch.written(cluster.grade_on(scheduler, found, settings), settings)
        else:
            running = batch.grade_all(found, settings, jobs)
        with contextlib.closing(running):
            for done in running:
                results.append(done.result.brief())
                skipped += done.skipped
                advance(done)
    if skipped:
        err.print(f"{skipped} of {len(found)} were graded before and have not changed (--again grades them anew)")
    return sorted(results, key=lambda result: (result.assignment, result.student))


@contextlib.contextmanager
def _progress(total: int):
    """Gives a function that is told of each submission that is done."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
    )
    said, failures = time.monotonic(), 0
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=total, failed="")

        def advance(done) -> None:
            nonlocal said, failures
            failures += not done.result.gradable
            failed = f"{failures} could not be graded" if failures else ""
            bar.update(task, advance=1, failed=failed)
            if bar.disable and time.monotonic() - said >= PLAIN_S:
                said = time.monotonic()
                left = bar.tasks[task].time_remaining
                eta = "" if left is None else f"about {timedelta(seconds=int(left))} left"
                count = f"{bar.tasks[task].completed:.0f} of {total} graded"
                err.print(", ".join(filter(None, (count, failed, eta))))

        yield advance


def _report(results, settings) -> None:
    from autograder import report

    wide = Console() if out.is_terminal else Console(width=100)
    if len(results) <= LONG:
        wide.print(report.class_table(results))
    if ideas := report.common_ideas(results):
        wide.print(ideas)
    for reason in report.not_graded(results):
        _say(f"could not grade {reason}")
    times = sorted(result.elapsed_s for result in results if result.elapsed_s)
    if times:
        out.print(
            f"time per submission: median {times[len(times) // 2]:.2f} s, longest {times[-1]:.2f} s; "
            f"isolation: {settings.isolation}"
        )
    out.print(
        f"feedback pages and records: {settings.out}/<student>/; table: {settings.out / 'grades.csv'}", markup=False
    )


def _table(args) -> int:
    from autograder import folder

    for path in args.folders:
        if not path.is_dir():
            raise Stop(f"{_plain(path)} is not a folder; expected an --out of `autograder grade`", 2)
    target = args.csv or args.folders[0] / "grades.csv"
    out.print(f"{folder.merge(args.folders, target)} rows in {target}", markup=False)
    return 0


def _release(args) -> int:
    from autograder import bundle

    course = _course(args)
    path = bundle.write(course, args.out)
    out.print(f"wrote {path} and {bundle.zip_of(path)}", markup=False)
    return 0


def _demo(args) -> int:
    from autograder import demo

    return demo.run(_course(args), args.out.resolve(), args.jobs, args.isolation)


def _doctor(args) -> int:
    from autograder import doctor

    return doctor.run(_course(args))


if __name__ == "__main__":
    command()
