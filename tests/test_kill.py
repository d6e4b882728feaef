"""kill -9 at random moments: nothing is lost, nothing is half written, nothing stays behind, no grade changes.

python tests/test_kill.py [ROUNDS]      prints the log of the kills; pytest runs as many rounds as KILL_ROUNDS says
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from classroom import NAME, SEED, alive, descendants, files, hand_in_all, is_warm, is_worker, small_course, until

from autograder.course import Course
from autograder.grading import Grader
from autograder.result import Result
from autograder.sandbox.host import SandboxUnavailable, choose_isolation

ROUNDS = range(1, 1 + int(os.environ.get("KILL_ROUNDS", "1")))
KILLS = 5


class School:
    """A course, its class, and what an undisturbed run of one process makes of it."""

    def __init__(self, folder: Path):
        (folder / "course").mkdir()
        self.course = small_course(folder / "course", Course.find(__file__))
        self.submitted = hand_in_all(self.course, folder)
        self.size = len(list(self.submitted.iterdir()))
        run = self.start(folder / "undisturbed", 1)
        assert run.wait(timeout=120) == 0
        self.expected = files(folder / "undisturbed")
        assert len(self.expected) == 2 * self.size + 1

    def start(self, out: Path, jobs: int) -> subprocess.Popen:
        command = [sys.executable, "-m", "autograder", "--course", self.course.root, "grade", self.submitted]
        command += ["--out", out, "--jobs", str(jobs)]
        return subprocess.Popen(
            list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TRAINDEEP_SEED": SEED},
        )  # fmt: skip

    def written(self, out: Path) -> int:
        """How many submissions are graded; each record and page that has its name is whole and as it should be."""
        count = 0
        for record in out.glob("*/[!.]*.json"):
            result = Result.from_json(record.read_text())
            if result.gradable:  # one of which two workers died is not, until the next run
                for path in (record, record.with_suffix(".html")):
                    assert path.read_bytes() == self.expected[path.relative_to(out).as_posix()], path
                count += 1
        return count

    def grading(self, run: subprocess.Popen, out: Path, more: int) -> None:
        """Wait until there are so many more records than now, or the run has ended."""
        enough = len(list(out.glob("*/*.json"))) + more
        until(lambda: run.poll() is not None or len(list(out.glob("*/*.json"))) >= enough)


def coordinator_killed(school: School, out: Path, seed: int, log) -> None:
    """Kill the coordinator KILLS times, each time at another moment, and run it again until it is done."""
    rng = random.Random(seed)
    for number in range(KILLS):
        jobs, start = rng.choice([1, 2]), time.monotonic()
        run = school.start(out, jobs)
        if rng.random() < 0.3:  # while it starts up
            time.sleep(rng.uniform(0, 4))
        else:  # while it grades
            school.grading(run, out, rng.randint(1, 4))
            time.sleep(rng.uniform(0, 0.3))
        below = descendants(run.pid)
        run.kill()
        status = run.wait()
        gone = ended(below)
        log(
            f"coordinator, --jobs {jobs}, kill {number + 1}: {time.monotonic() - start:.1f} s after its start (status "
            f"{status}); {school.written(out)} of {school.size} graded; {len(below)} processes below it, "
            f"{'all ended' if gone else 'NOT all ended'}"
        )
        assert gone
    finish(school, out, log)


def others_killed(school: School, out: Path, seed: int, log) -> None:
    """Kill worker processes and warm processes of one run while it goes on."""
    rng = random.Random(seed)
    run = school.start(out, 2)
    everything, killed = set(), 0
    while run.poll() is None and killed < KILLS:
        school.grading(run, out, 1)
        time.sleep(rng.uniform(0, 0.5))
        kind, chosen = rng.choice([("a worker", is_worker), ("a warm process", is_of_the_wall)])
        below = descendants(run.pid)
        everything |= set(below)
        if victims := sorted(filter(chosen, below)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(victims), signal.SIGKILL)
                killed += 1
                log(f"{kind} killed, {school.written(out)} of {school.size} graded")
    status = run.wait(timeout=120)
    log(f"the run ended with status {status}")
    assert killed > 1
    assert ended(everything)
    finish(school, out, log)


def ended(pids) -> bool:
    """Whether these processes end within twenty seconds."""
    return until(lambda: not alive(pids), 20)


def is_of_the_wall(pid: int) -> bool:
    """Bubblewrap or the warm process itself. Its child is the student's process, and whoever kills that can be the student."""
    with contextlib.suppress(OSError):
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        names = [Path(f"/proc/{each}/comm").read_text().strip() for each in (pid, parent)]
        return is_warm(pid) and "bwrap" in names
    return False


def finish(school: School, out: Path, log) -> None:
    """Run again, undisturbed: as if nothing had happened."""
    run = school.start(out, 2)
    assert run.wait(timeout=200) == 0
    assert files(out) == school.expected
    log(f"rerun: {school.size} records and pages and the table are those of an undisturbed run, byte for byte")


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    try:
        choose_isolation("bubblewrap")
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    return School(tmp_path_factory.mktemp("school"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_killed_coordinator(school, tmp_path, seed):
    """The coordinator, killed five times and run again, leaves the files of an undisturbed run and no process."""
    coordinator_killed(school, tmp_path / "out", seed, print)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_killed_workers_and_warm_processes(school, tmp_path, seed):
    """Workers and warm processes killed in the middle change no file."""
    others_killed(school, tmp_path / "out", seed, print)


WRITE = """
import os, signal, sys
from pathlib import Path
from autograder import folder
from autograder.result import Result

out, number, text = Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.read()
calls = []
def replace(*args, really=os.replace):
    calls.append(args)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    really(*args)

os.replace = replace
with folder.output(out):
    folder.write(out, Result.from_json(text), "<p>a page</p>")
"""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed_in_the_middle_of_writing(course, tmp_path, number):
    """Page, record, table: the file that is being written does not appear, and a rerun removes what was left of it."""
    text = Grader(course, "none", SEED).nothing("anna", NAME, ("nothing there",)).to_json()
    command = [sys.executable, "-c", WRITE, str(tmp_path), str(number)]
    made = subprocess.run(command, input=text, text=True)
    assert made.returncode == -signal.SIGKILL
    names = [f"anna/{NAME}.html", f"anna/{NAME}.json", "grades.csv"]
    left = sorted(files(tmp_path))
    assert [name for name in left if "/." not in name and name[0] != "."] == names[: number - 1]
    assert len(left) == number, "what was being written has another name"
    command[-1] = "0"
    assert not subprocess.run(command, input=text, text=True).returncode
    assert sorted(files(tmp_path)) == names
    assert Result.from_json((tmp_path / names[1]).read_text()).student == "anna"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory(prefix="kill-") as scratch:
        school = School(Path(scratch))
        print(
            f"a class of {school.size}; each round kills the coordinator {KILLS} times, then workers and warm processes"
        )
        for seed in range(1, rounds + 1):
            for kind in (coordinator_killed, others_killed):
                print(f"round {seed}")
                kind(
                    school, Path(scratch, f"{kind.__name__}-{seed}"), seed, lambda line: print(f"  {line}", flush=True)
                )


if __name__ == "__main__":
    main()
