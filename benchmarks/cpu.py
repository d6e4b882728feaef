"""CPU seconds and wall seconds of a command and of everything it starts.

A control group of its own counts them: the kernel adds the time of every process born in the group, whoever waits for
it, in whatever namespace it runs and however it ends. `getrusage` and `time` miss what is killed behind a wall and
never waited for up the chain, which is the greater part of what a sandboxed grader spends.

`meter` proves itself before it is used: a process behind bubblewrap (a plain one, where there is none) burns half a
second, is killed without being waited for by the command, and must be found in the account.
"""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

BURNT = 0.5
BURNER = f"""
import os, signal, sys, time
if os.fork() == 0:
    while time.process_time() < {BURNT}:
        pass
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(0)
time.sleep(60)
"""


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a command cost."""

    cpu_s: float | None
    wall_s: float
    stdout: str


class Failed(Exception):
    """A measured command failed; the message holds the end of its output."""


class Meter:
    """A way to account for CPU: where groups are made, which file tells their time, and its unit."""

    def __init__(self, name: str, parent: Path | None, read: Callable[[Path], float]):
        self.name, self.parent, self.read = name, parent, read

    @contextlib.contextmanager
    def group(self) -> Iterator[Path | None]:
        """A fresh group; what is still in it at the end is killed."""
        if self.parent is None:
            yield None
            return
        group = self.parent / f"traindeep-bench-{os.getpid()}-{time.monotonic_ns()}"
        group.mkdir()
        try:
            yield group
        finally:
            for _ in range(100):
                for pid in (group / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                with contextlib.suppress(OSError):
                    group.rmdir()
                    break
                time.sleep(0.05)

    def run(self, command: list[str], cwd: Path, env: dict, *, fails: bool = False) -> Spent:
        """Run a command to its end. Raises Failed if its exit status is not 0, unless `fails`."""
        with self.group() as group:

            def enter():
                (group / "cgroup.procs").write_text(str(os.getpid()))

            if group is not None:
                env = env | {"BENCH_CPU": self.name, "BENCH_GROUP": str(group)}
            start = time.perf_counter()
            made = subprocess.run(
                command, cwd=cwd, env=env, capture_output=True, text=True, preexec_fn=enter if group else None
            )
            wall = time.perf_counter() - start
            if group is not None:
                self._settle(group)
            cpu = self.read(group) if group is not None else None
        if made.returncode and not fails:
            raise Failed(
                f"{' '.join(command)} ended with {made.returncode}:\n{made.stdout[-1500:]}\n{made.stderr[-3000:]}"
            )
        return Spent(cpu, wall, made.stdout)

    @staticmethod
    def _settle(group: Path) -> None:
        """Give the last processes (a sandbox that takes itself down) a moment: their time belongs to the command."""
        for _ in range(100):
            if not (group / "cgroup.procs").read_text().split():
                return
            time.sleep(0.05)


def _v2(group: Path) -> float:
    return int((group / "cpu.stat").read_text().split("usage_usec ")[1].split()[0]) / 1e6


def _v1(group: Path) -> float:
    return int((group / "cpuacct.usage").read_text()) / 1e9


READ = {"cgroup v2 cpu.stat": _v2, "cgroup v1 cpuacct": _v1}


def meter() -> Meter:
    """The first way that can be had here and that proves itself; one that knows wall seconds only if there is none."""
    for name, parent in _parents():
        candidate = Meter(name, parent, READ[name])
        with contextlib.suppress(OSError, Failed):
            if BURNT <= candidate.run(_burner(), Path("/"), dict(os.environ), fails=True).cpu_s < BURNT + 0.5:
                return candidate
    return Meter("none", None, lambda group: 0.0)


def inside() -> Callable[[], float]:
    """In a measured command: a clock of the CPU seconds of the whole group so far."""
    if "BENCH_GROUP" not in os.environ:
        return lambda: float("nan")
    read, group = READ[os.environ["BENCH_CPU"]], Path(os.environ["BENCH_GROUP"])
    return lambda: read(group)


def _parents() -> Iterator[tuple[str, Path]]:
    """Folders in which a group may be made: our own group, else the root of the hierarchy."""
    try:
        own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return
    for fields in mounts:
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        name = {"cgroup2": "cgroup v2 cpu.stat", "cgroup": "cgroup v1 cpuacct"}.get(kind)
        if name is None or (kind == "cgroup" and "cpuacct" not in options):
            continue
        controllers = next((key for key in own if ("cpuacct" in key.split(",") if kind == "cgroup" else not key)), None)
        mount = Path(fields[4])
        if controllers is not None:
            yield name, mount / own[controllers].lstrip("/")
        yield name, mount


def _burner() -> list[str]:
    python = [sys.executable, "-c", BURNER]
    wall = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    return [*wall, *python] if shutil.which("bwrap") else python
