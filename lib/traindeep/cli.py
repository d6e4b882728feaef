"""traindeep on the command line: parse, call, print, exit."""

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import traindeep
from traindeep import checks, display, exercise, state, workbook

ATTEMPT_FIRST = (
    "the worked solution of {id} opens after one attempt of your own: write something, then `traindeep check {id}`"
)


class Usage(Exception):
    """A request that cannot be met; the message is one line."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except (Usage, workbook.WorkbookProblem, exercise.UnknownExercise) as error:
        print(f"traindeep: {display.one_line(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader (head, a pager) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="traindeep",
        description="Work through the course: open a notebook, check what you wrote, get hints, see how far you are.",
        epilog="Exit status: 0 done (for check: all exercises pass), 1 something does not pass yet, 2 a request that cannot be met.",
    )
    top.add_argument("--version", action="version", version=f"traindeep {traindeep.__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, **kwargs) -> argparse.ArgumentParser:
        # The whole description is the help line too.
        sub = commands.add_parser(name, description=kwargs["help"], **kwargs)
        sub.set_defaults(run=run)
        return sub

    sub = command("learn", _learn, help="Open JupyterLab at the notebook with the next open exercise.")
    sub.add_argument("--print", action="store_true", dest="only_print", help="print the notebook's path, open nothing")
    sub.add_argument("--no-browser", action="store_true", help="start JupyterLab without opening a browser")

    sub = command(
        "check",
        _check,
        help="Run a notebook and check its exercises. Exits 0 when all of them pass, 1 when one does not.",
        epilog="Examples: traindeep check 02; traindeep check 02 bn_forward_train; traindeep check bn_forward_train",
    )
    sub.add_argument("what", help="an assignment (02), an exercise id, or the path of a notebook")
    sub.add_argument("ids", nargs="*", metavar="ID", help="only these exercises of it")

    sub = command("hint", _hint, help="Show the next hint for an exercise.")
    sub.add_argument("id", metavar="ID")

    sub = command(
        "progress", _progress, help="Show how far you are in each notebook, and the exercises of the open ones."
    )
    sub.add_argument("notebook", nargs="?", default="", help="show the exercises of this one (05) instead")

    sub = command("reset", _reset, help="Put the stub of an exercise back; a backup of the notebook is kept beside it.")
    sub.add_argument("id", metavar="ID")
    sub.add_argument("--notebook", metavar="PATH", help="the notebook, where it is not found by itself")

    sub = command("solution", _solution, help="Show the worked solution of an exercise after an attempt of your own.")
    sub.add_argument("id", metavar="ID")
    return top


def _check(args) -> int:
    for id in args.ids:
        exercise.load(id)
    path = workbook.find(args.what)
    present = workbook.exercises_in(workbook.read(path))
    ids = tuple(args.ids) or ((args.what,) if args.what in exercise.ids() else present)
    if not ids:
        raise Usage(f"{path} has no exercises")
    homes = {id: workbook.assignment_of(id) for id in ids}
    if absent := [id for id, home in homes.items() if home != path.stem and id not in present]:
        raise Usage(f"{absent[0]} is not in {path.name}; it belongs to {homes[absent[0]]}")
    namespace, problems = workbook.run(path)
    for problem in problems:
        display.line(problem)
    passed = 0
    for id in ids:
        report = checks.run_visible(id, namespace)
        state.record(report, namespace)
        alone = len(ids) == 1
        display.show(display.CheckPage(report, state.hints_used(id), short=not alone or report.outcome == "passed"))
        if not alone and report.outcome not in ("passed", "not_attempted"):
            print()
        passed += report.outcome == "passed"
    if len(ids) > 1:
        display.line(f"{passed} of {len(ids)} exercises of {path.stem} pass their visible tests.")
    return 0 if passed == len(ids) else 1


def _hint(args) -> int:
    exercise.load(args.id)
    display.hint(args.id)
    return 0


def _progress(args) -> int:
    names = list(workbook.course())
    only = [name for name in names if args.notebook in (name, name[:2])] if args.notebook else [""]
    if not only:
        raise Usage(f"there is no notebook {args.notebook}; there are: {', '.join(names) or 'none'}")
    display.show_progress(only[0])
    return 0


def _reset(args) -> int:
    path = workbook.find(args.notebook or args.id)
    backup = workbook.reset(args.id, path)
    display.line(f"{args.id} in {path} is as it was released; the notebook before is {backup.name}.")
    display.line("If it is open in JupyterLab, choose File > Reload Notebook from Disk.")
    return 0


def _solution(args) -> int:
    text = workbook.solution(args.id)
    if not state.all().get(args.id, {}).get("attempts"):
        raise Usage(ATTEMPT_FIRST.format(id=args.id))
    state.saw_solution(args.id)
    print(text)
    return 0


def _learn(args) -> int:
    course = workbook.course()
    if not course:
        raise Usage("this copy of the course has no exercises")
    following = display.next_open(course, state.all())
    assignment, id = following or (list(course)[-1], "")
    path = workbook.find(assignment)
    if args.only_print:
        print(path)
        return 0
    display.line(f"Next: {id} in {path}" if id else f"Every exercise passes its visible tests. Opening {path}")
    if importlib.util.find_spec("jupyterlab") is None:
        raise Usage("JupyterLab is not installed here: pip install jupyterlab")
    # Notebooks link to each other by ../NN_topic/NN_topic.ipynb.
    beside = path.parents[1] if path.parent.name == path.stem else path.parent
    root = Path.cwd() if beside.is_relative_to(Path.cwd()) else beside
    address = f"/lab/tree/{urllib.parse.quote(path.relative_to(root).as_posix())}"
    display.line("JupyterLab starts; Ctrl-C ends it.")
    # -y: one Ctrl-C ends it, without a question. (A path as argument is not in the address that JupyterLab prints.)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "-y",
        "--log-level=ERROR",  # the address is shown at any level; the rest is two dozen lines about its extensions
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url={address}",
    ]
    if args.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; JupyterLab answers this machine only
        command.append("--allow-root")
    return _become(command)


def _become(command: list[str]) -> int:
    """Run a program in the place of this one, so that Ctrl-C and kill reach it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    with contextlib.suppress(KeyboardInterrupt):  # the program has seen it too
        return subprocess.call(command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
