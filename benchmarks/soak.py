"""Many jobs through one sandbox, some of them hostile: does anything hang, grow or stay behind?

    python benchmarks/soak.py                      # 10,000 jobs at the best level of this machine
    python benchmarks/soak.py --forks 300          # less than a minute
    python benchmarks/soak.py --isolation confined

Every job runs a notebook that trains a small convolutional network for one step (forward, backward, Adam) and must
arrive at the same loss. Every 20th is a hostile one instead: it crashes, hangs, takes memory or floods its output. The
exit status is 1, with the reasons, if a verdict is wrong or something exceeds a bound below. Everything is counted from
outside, in /proc: Linux only. Descriptors, mounts and the proportional memory of the warm process are shown to root only.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, fields
from pathlib import Path

from autograder.sandbox import host
from autograder.sandbox.host import Limits, Sandbox, SubmissionFailed, choose_isolation
from autograder.student import RemoteStudent

HOSTILE_EVERY = 20
STUCK_S = 60  # a job that takes longer hangs: the limits below are shorter
LIMITS = Limits(memory_bytes=512 << 20, cpu_s=20, wall_s=30.0, call_s=20.0)
HOSTILE_LIMITS = Limits(memory_bytes=256 << 20, cpu_s=5, wall_s=20.0, call_s=20.0)
HANG_S = 0.2

# From 10 % of the jobs to the end this process, and from its first to its last job a warm process, may grow by so much:
GROWTH_MB = 16  # the allocator keeps some of what it has given out
# Processes, descriptors, mounts and files may not grow at all. PSS is only shown: it also changes when another program
# that uses the same libraries starts or ends.

HONEST = """
import torch
from torch import nn
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 14 * 14, 10))
optimizer = torch.optim.Adam(net.parameters())
x, y = torch.randn(16, 1, 14, 14), torch.randint(10, (16,))
loss = nn.functional.cross_entropy(net(x), y)
loss.backward()
optimizer.step()
final = loss.item() + nn.functional.cross_entropy(net(x), y).item()
open("log.txt", "w").write(str(final))
"""
HOSTILE = (
    ("crashed", "import ctypes; ctypes.string_at(0)"),
    ("timeout", "import signal\nfor s in (2, 15, 24): signal.signal(s, signal.SIG_IGN)\nwhile True: pass"),
    ("out_of_memory", "x = []\nwhile True: x.append(bytearray(1 << 20))"),
    ("crashed", "while True: print('x' * 10000)"),
)


class Stuck(BaseException):
    """A job did not end; not an Exception, so that nothing swallows it."""


def run_job(sandbox: Sandbox, number: int) -> str:
    """What came of a job: the loss, or the verdict."""
    hostile = number % HOSTILE_EVERY == HOSTILE_EVERY - 1
    verdict, source = HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)] if hostile else ("", HONEST)
    try:
        with sandbox.job(HOSTILE_LIMITS if hostile else LIMITS, seed=7) as job:
            error = job.run_cell(source, timeout=HANG_S if verdict == "timeout" else None)
            if error:
                return "out_of_memory" if error.out_of_memory else f"{error.kind}: {error.text}"
            return repr(RemoteStudent(job).final)
    except SubmissionFailed as failure:
        return failure.verdict


def wanted(number: int, loss: str) -> str:
    hostile = number % HOSTILE_EVERY == HOSTILE_EVERY - 1
    return HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)][0] if hostile else loss


# ---- what is measured --------------------------------------------------------------------------------------------


@dataclass
class Reading:
    """The state of this process and of the warm one; None for what this user may not see."""

    jobs: int
    processes: int = 0
    host_fds: int | None = None
    host_rss_mb: float | None = None
    host_pss_mb: float | None = None
    warm_fds: int | None = None
    warm_rss_mb: float | None = None
    warm_pss_mb: float | None = None
    mounts: int | None = None
    files: int = 0
    restarts: int = field(default=0)


def read(sandbox: Sandbox, jobs: int) -> Reading:
    family = descendants(os.getpid())
    warm = descendants(sandbox._process.pid)[-1:] or [sandbox._process.pid]
    own, theirs = Path("/proc/self"), Path(f"/proc/{warm[0]}")
    return Reading(
        jobs, len(family), count(own / "fd"), rss_mb(own), pss_mb(own), count(theirs / "fd"), rss_mb(theirs),
        pss_mb(theirs), lines(theirs / "mounts"), sum(1 for _ in Path(tempfile.gettempdir()).rglob("*")), sandbox.generation,
    )  # fmt: skip


def descendants(pid: int) -> list[int]:
    """Processes below one, parents first."""
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            parent = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def count(folder: Path) -> int | None:
    with contextlib.suppress(OSError):
        return len(os.listdir(folder))
    return None


def lines(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return len(path.read_text().splitlines())
    return None


def rss_mb(process: Path) -> float:
    return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def pss_mb(process: Path) -> float | None:
    with contextlib.suppress(OSError):
        rows = (process / "smaps_rollup").read_text().splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("Pss:"))
    return None


def report(readings: list[Reading]) -> None:
    for one in fields(Reading):
        values = [getattr(reading, one.name) for reading in readings]
        shown = ["-" if v is None else f"{v:.1f}" if isinstance(v, float) else str(v) for v in values]
        print(f"{one.name:12} " + " ".join(f"{text:>9}" for text in shown))


def grown(first: Reading, last: Reading, names: tuple[str, ...]) -> list[str]:
    """What is larger than its bound allows."""
    found = []
    for name in names:
        before, after = getattr(first, name), getattr(last, name)
        allowed = GROWTH_MB if name.endswith("_mb") else 0
        if before is not None and after is not None and after - before > allowed:
            found.append(f"{name} went from {before:g} to {after:g} between jobs {first.jobs} and {last.jobs}")
    return found


# ---- the run -----------------------------------------------------------------------------------------------------

HOST_SIDE = ("processes", "host_fds", "host_rss_mb", "mounts", "files")
WARM_SIDE = ("warm_fds", "warm_rss_mb", "mounts")


def soak(sandbox: Sandbox, forks: int) -> list[str]:
    """Run the jobs and print the table; what was wrong."""
    wrong, loss = [], run_job(sandbox, 0)
    shown = [read(sandbox, 0)]
    born = shown[0]  # the first reading of the warm process that runs now
    moments = {max(1, forks // 10), forks // 2, forks}
    start = time.perf_counter()
    for number in range(forks):
        signal.alarm(STUCK_S)
        got = run_job(sandbox, number)
        signal.alarm(0)
        if got != wanted(number, loss):
            wrong.append(f"job {number}: expected {wanted(number, loss)}, got {got}")
        if sandbox.generation != born.restarts:
            born = read(sandbox, number + 1)
        if sandbox._jobs == host.JOBS_PER_PROCESS:
            wrong += grown(born, read(sandbox, number + 1), WARM_SIDE)
        if number + 1 in moments:
            shown.append(read(sandbox, number + 1))
    elapsed = time.perf_counter() - start
    report(shown)
    print(f"\n{forks} jobs in {elapsed:.0f} s, {forks / elapsed:.1f} jobs/s; every {HOSTILE_EVERY}th was hostile")
    wrong += grown(born, shown[-1], WARM_SIDE) if born.restarts == shown[-1].restarts else []
    return wrong + grown(shown[1], shown[-1], HOST_SIDE)


def stuck(*_):
    raise Stuck


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--forks", type=int, default=10_000, metavar="N", help="jobs; default %(default)s")
    parser.add_argument("--isolation", default="auto", metavar="LEVEL", help="default: the best of this machine")
    parser.add_argument("--one-process", action="store_true", help="never renew the warm process, to see it grow")
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit(f"soak: reads /proc and needs Linux, this is {sys.platform}")
    if args.forks < 20:
        parser.error(f"--forks must be 20 or more, got {args.forks}")
    if args.one_process:
        host.JOBS_PER_PROCESS = args.forks + 2
    signal.signal(signal.SIGALRM, stuck)
    level = choose_isolation(args.isolation)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        tempfile.tempdir = folder  # whatever the sandbox leaves behind is left here
        try:
            # What an optimizer imports at its first use; a grader finds it with `grading.imported_by`.
            with Sandbox(level, modules=("torch._dynamo",)) as sandbox:
                print(f"isolation {level}, a new warm process after {host.JOBS_PER_PROCESS} jobs\n")
                wrong = soak(sandbox, args.forks)
        except Stuck:
            wrong = [f"a job did not end within {STUCK_S} s"]
        wrong += [f"{path} was left behind" for path in sorted(Path(folder).rglob("*"))]
        wrong += [f"process {pid} was left behind" for pid in descendants(os.getpid())]
    print("\n".join(wrong[:50]) if wrong else "nothing hung, grew or stayed behind")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
