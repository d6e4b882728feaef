"""The `autograder` command: parses, calls, prints, exits. Exit status 0 done, 1 something could not be done, 2 usage."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

LEVELS = ("auto", "bubblewrap", "confined", "none")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Stop(Exception):
    """Ends the command with one line on stderr."""

    def __init__(self, message: str, status: int = 1):
        super().__init__(message)
        self.status = status


def main(argv: list[str] | None = None) -> int:
    """Run one command; every expected trouble ends in one line and a status, never in a traceback of ours."""
    from autograder.course import BuildError
    from autograder.exercise import BadExercise
    from autograder.sandbox.host import GraderFault, SandboxUnavailable

    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except Stop as error:
        err.print(f"autograder: {error}", markup=False)
        return error.status
    except (BuildError, BadExercise, SandboxUnavailable, GraderFault) as error:
        err.print(f"autograder: {error}", markup=False)
        return 1
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        err.print(f"autograder: {what}{error.strerror or error}; nothing that was finished is lost", markup=False)
        return 1
    except KeyboardInterrupt:
        err.print("autograder: interrupted; what was finished is kept, run the same command again to go on")
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="autograder", description="Build the course, grade a class.")
    top.add_argument("--course", default=".", metavar="DIR", help="a folder inside the course (default: here)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, help):
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(run=run)
        return made

    build = command("build", _build, "write notebooks and recorded answers from their sources, or refuse and say why")
    build.add_argument("assignment", nargs="*", help="default: all")
    build.add_argument("--check", action="store_true", help="write nothing; fail if a derived file is not up to date")

    kill = command("killtable", _killtable, "show how the hidden tests do on wrong, right and trivial answers")
    kill.add_argument("exercise", nargs="*", help="default: all")

    grade = command("grade", _grade, "grade notebooks; needs no database")
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
    grade.add_argument(
        "--isolation",
        choices=LEVELS,
        default="auto",
        help="default: the strongest this machine has; none is for trusted notebooks",
    )
    grade.add_argument("--again", action="store_true", help="grade anew what an earlier run has graded")

    release = command("release", _release, "write the student bundle: notebooks and the student side of traindeep")
    release.add_argument("out", type=Path, metavar="DIR")

    demo = command("demo", _demo, "make a class of 24 submissions of every kind and grade it")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR")
    demo.add_argument("--jobs", type=_positive, default=min(2, os.cpu_count() or 1), metavar="N")
    demo.add_argument("--isolation", choices=LEVELS, default="auto")

    command("doctor", _doctor, "say what this machine can do: isolation, versions, folders")
    return top


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not value:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return value


def _course(args):
    from autograder.course import Course

    return Course.find(args.course)


def _build(args) -> int:
    from autograder import build

    course = _course(args)
    files = build.derive(course, args.assignment)
    rows = build.prove(course, args.assignment)
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
    from traindeep import exercise

    from autograder import killtable

    rows = []
    for id in args.exercise or exercise.ids():
        try:
            rows.append(killtable.row(id))
        except exercise.UnknownExercise as error:
            raise Stop(str(error), 2) from None
    Console().print(killtable.table(rows))
    faults = [f"{row.id}: {fault}" for row in rows for fault in row.faults]
    for fault in faults:
        err.print(fault, markup=False)
    return 1 if faults else 0


def _grade(args) -> int:
    from autograder.batch import Settings
    from autograder.finding import find
    from autograder.grading import course_seed

    course = _course(args)
    for path in args.paths:
        if not os.path.lexists(path):
            raise Stop(f"{path} does not exist; expected a notebook or a folder of submissions", 2)
    if args.assignment:
        course.solution_path(args.assignment)
    found = find(args.paths, args.assignment)
    if (
        not args.assignment
        and len(course.assignments) == 1
        and any(item.assignment not in course.assignments for item in found)
    ):
        # One assignment only: a notebook under any name is taken for it, and read() says if it is another one.
        found = find(args.paths, course.assignments[0])
    unknown = [item for item in found if item.assignment not in course.assignments]
    for item in unknown:
        err.print(
            f"autograder: {item.path or item.student}: unknown assignment {item.assignment!r}; there are {', '.join(course.assignments)}. "
            "Name it with --assignment.",
            markup=False,
        )
    found = [item for item in found if item not in unknown]
    if not found:
        raise Stop(
            f"no submission found in {', '.join(map(str, args.paths))}; expected *.ipynb or submitted/<student>/<assignment>/*.ipynb"
        )
    settings = Settings(course.root, args.out.resolve(), _level(args.isolation), course_seed(course), args.again)
    results = run_batch(found, settings, args.jobs)
    _report(results, settings)
    return 1 if unknown or not all(result.gradable for result in results) else 0


def _level(wanted: str) -> str:
    from autograder.sandbox.host import choose_isolation

    level = choose_isolation(wanted)
    if level == "confined" and wanted == "auto":
        err.print(
            "autograder: bubblewrap is not installed; grading at the level 'confined'. Recommended: apt install bubblewrap"
        )
    if level == "none":
        err.print("autograder: isolation 'none': student code runs with your rights. Use it for notebooks you trust.")
    return level


def run_batch(found, settings, jobs: int) -> list:
    """Grade with a progress bar; writes grades.csv at the end, also when interrupted."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from autograder import export
    from autograder.batch import grade_all

    settings.out.mkdir(parents=True, exist_ok=True)
    results, skipped = [], 0
    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=err) as bar:
            task = bar.add_task("", total=len(found))
            for done in grade_all(found, settings, jobs):
                results.append(done.result)
                skipped += done.skipped
                bar.advance(task)
    finally:
        results.sort(key=lambda result: (result.assignment, result.student))
        if results:
            export.write(settings.out / "grades.csv", results)
    if skipped:
        err.print(f"{skipped} of {len(found)} were graded before and have not changed (--again grades them anew)")
    return results


def _report(results, settings) -> None:
    from autograder import report

    Console().print(report.class_table(results))
    fresh = sorted(result.elapsed_s for result in results if result.elapsed_s)
    if fresh:
        out.print(
            f"time per submission: median {fresh[len(fresh) // 2]:.2f} s, longest {fresh[-1]:.2f} s; isolation: {settings.isolation}"
        )
    out.print(
        f"feedback pages and records: {settings.out}/<student>/; table: {settings.out / 'grades.csv'}", markup=False
    )


def _release(args) -> int:
    from autograder import bundle

    course = _course(args)
    path = bundle.write(course, args.out)
    out.print(f"wrote {path} and {path.with_suffix('.zip')}", markup=False)
    return 0


def _demo(args) -> int:
    from autograder import demo

    return demo.run(_course(args), args.out.resolve(), args.jobs, args.isolation)


def _doctor(args) -> int:
    from autograder import doctor

    return doctor.run(_course(args))


if __name__ == "__main__":
    sys.exit(main())
