"""Grade the hostile corpus: python tests/hostile [--jobs N] [--each N] [--isolation bubblewrap|confined] [--only NAME]."""

import argparse
import dataclasses
import json
import os
import signal
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import frame  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from rich.text import Text  # noqa: E402
from running import Row, judge_all  # noqa: E402

from autograder.course import Course  # noqa: E402
from autograder.sandbox.host import SandboxUnavailable  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/hostile", description="Grade the hostile corpus.")
    parser.add_argument("--isolation", choices=("bubblewrap", "confined"), default="bubblewrap")
    parser.add_argument("--only", nargs="+", metavar="NAME_OR_NUMBER", default=[], help="these attacks only")
    parser.add_argument("--section", nargs="+", choices=frame.SECTIONS, default=frame.SECTIONS, metavar="SECTION",
                        help=f"the attacks of these sections only: {', '.join(frame.SECTIONS)}")  # fmt: skip
    parser.add_argument("--each", type=int, metavar="N", help="the first N attacks of each number of the list only")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="grade N at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    chosen = parser.parse_args()
    attacks = frame.corpus(chosen.section)
    attacks = [a for a in attacks if not chosen.only or a.name in chosen.only or str(a.number) in chosen.only]
    if chosen.each:
        attacks = frame.sample(attacks, chosen.each)
    if not attacks:
        parser.error("no attack has such a name or number; they are in tests/hostile/*.py")
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    rows, start = [], time.monotonic()
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(143))  # so that what it has made is removed
    try:
        for row in judge_all(Course.find(__file__), chosen.isolation, attacks, max(chosen.jobs, 1)):
            rows.append(row)
            console.print(line(row))
            sys.stdout.flush()
    except SandboxUnavailable as error:
        print(f"python tests/hostile: {error}", file=sys.stderr)
        return 2
    order = {(attack.section, attack.name): place for place, attack in enumerate(attacks)}
    rows.sort(key=lambda row: order[row.section, row.name])
    console.print(table(rows))
    bad = [row for row in rows if not row.good]
    console.print(
        f"{len(rows)} attacks, isolation {chosen.isolation}, {time.monotonic() - start:.0f} s: "
        f"{len(rows) - len(bad)} as expected and without harm, {sum(bool(row.objections) for row in rows)} not as "
        f"expected, {sum(bool(row.harm) for row in rows)} with harm"
    )
    if chosen.json:
        chosen.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    return 1 if bad else 0


def line(row: Row) -> Text:
    """What is printed as soon as an attack is judged."""
    text = Text(f"{row.number:3} {row.name}: {earned(row)} ({row.seconds:.1f} s)")
    for what in row.objections:
        text.append(f"\n    not as expected: {printable(what)}", "yellow")
    for what in row.harm:
        text.append(f"\n    HARM: {printable(what)}", "bold red")
    return text


def table(rows: list[Row]) -> Table:
    made = Table("no.", "attack", "verdict", "as expected", "harm", "seconds")
    for row in rows:
        cells = [str(row.number), row.says, earned(row), "no" if row.objections else "yes",
                 "; ".join(row.harm) or "none", f"{row.seconds:.1f}"]  # fmt: skip
        made.add_row(*(Text(printable(cell)) for cell in cells))
    return made


def earned(row: Row) -> str:
    """The score, and the verdicts that are not "passed"."""
    if row.score is None:
        return "no result"
    others = [f"{id} {verdict}" for id, verdict in row.verdicts.items() if verdict != "passed"]
    if len(others) == len(row.verdicts) and len(set(row.verdicts.values())) == 1:
        others = [f"all {next(iter(row.verdicts.values()))}"]
    return f"{row.score:g} of {row.max_score:g}" + (f": {', '.join(others)}" if others else "")


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


if __name__ == "__main__":
    sys.exit(main())
