"""Run the hostile corpus against stock nbgrader and otter-grader.

    python benchmarks/hostile_others.py --json FILE [--each N] [--only NAME ...] [--grader nbgrader|otter]
    python benchmarks/hostile_others.py --json FILE --ours FILE [--also NAME=FILE] [--note TEXT] --page docs/hostile.md

The last form only writes the page. These graders run a submission with the full power of whoever started them. Every
attack therefore gets a bubblewrap of its own: no network, own processes, everything read-only but bounded tmpfs, and
control groups that bound memory and processes. Where that cannot be had nothing is run. The class is [s00-honest,
attack, s99-honest], s00 already graded. The assignment is whole but for its experiment cells. FILE is written after
every attack; a second run goes on where the first has ended.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "hostile")]

GRADERS = ("nbgrader", "otter")
SECONDS = 120  # for the batch of two; the machine's own pace is added, see Outside.pace
MEMORY, PROCESSES, FILE = 4 << 30, 400, 256 << 20
MARK = "HOSTILE RESULT "
BEFORE, AFTER = "s00-honest", "s99-honest"
HOSTILE = ("forging", "stealing")  # who attacks and loses points by it has lost nothing that he had earned
CELLS = "c = get_config()\nc.IgnorePattern.enabled = True\nc.IgnorePattern.pattern = r'(?s).'\n"
OTTER_EACH = """
for folder in class/submitted/*/; do
    student=$(basename "$folder")
    [ "$student" = s00-honest ] && continue
    mkdir -p "class/results/$student"
    timeout -k 5 {seconds} {python} -m otter run "$folder/{name}/{name}.ipynb" -a class/autograder.zip \\
        -o "class/results/$student" --no-logo > "class/results/$student/log" 2>&1 < /dev/null
done
"""


class CannotContain(Exception):
    """This machine cannot hold a hostile process; one line that says what is missing."""


# ---- outside: one wall for each attack -----------------------------------------------------------------------------


class Outside:
    """Starts this file behind a wall, once for each attack and grader."""

    def __init__(self, scratch: Path):
        self.scratch = scratch
        if not shutil.which("bwrap"):
            raise CannotContain(
                "bubblewrap is needed (apt install bubblewrap): these graders have no wall of their own"
            )
        self.pace = 0.0  # seconds that an honest batch takes here, now
        self.seeds: dict[str, str] = {}

    def prepare(self, grader: str) -> None:
        """Grade s00-honest once, and keep what the grader has made of it."""
        start = time.monotonic()
        found = self.run(grader, "", SECONDS * 5)
        self.pace = max(self.pace, time.monotonic() - start)
        scores = found.get("scores", {})
        if not scores or sum((scores.get(BEFORE) or {}).values()) != 46:
            raise CannotContain(f"{grader} does not grade honest work here: {json.dumps(found)[:600]}")
        self.seeds[grader] = found["seed"]

    def run(self, grader: str, attack: str, seconds: float) -> dict:
        """What the inside reports; {"lost": why} if it could not."""
        inputs = self.scratch / "in"
        inputs.mkdir(exist_ok=True)
        (inputs / "seed").write_text(self.seeds.get(grader, ""))
        command = [
            *wall(inputs),
            sys.executable,
            "-u",
            str(HERE / "hostile_others.py"),
            "--inside",
            grader,
            attack,
            str(seconds),
        ]
        with limits_group() as enter:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=enter,
                start_new_session=True,
            )  # fmt: skip
            try:
                said, _ = child.communicate(timeout=seconds + 120)
            except subprocess.TimeoutExpired:
                child.kill()
                said, _ = child.communicate()
                return {"lost": f"nothing was heard for {seconds + 120:.0f} s"}
        text = said.decode(errors="replace")
        if MARK not in text:
            return {"lost": f"the machine of the grader went down: {text.strip()[-300:]}"}
        return json.loads(text.split(MARK)[1].splitlines()[0])


def wall(inputs: Path) -> list[str]:
    """bubblewrap and its arguments; only what lies in memory can be written, and that is bounded."""
    home = Path.home()
    made = [
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
        "--cap-drop",
        "ALL",
        "--clearenv",
    ]
    made += [
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--size",
        str(64 << 20),
        "--tmpfs",
        "/dev/shm",
        "--remount-ro",
        "/dev",
    ]
    made += ["--proc", "/proc", "--size", str(16 << 20), "--tmpfs", "/run", "--size", str(1 << 30), "--tmpfs", "/tmp"]
    made += ["--size", str(64 << 20), "--tmpfs", str(home)]
    for path in (Path(sys.base_prefix), ROOT):
        if any(path.is_relative_to(hidden) for hidden in (home, Path("/tmp"), Path("/run"))):
            made += ["--ro-bind", str(path), str(path)]
    made += ["--ro-bind", str(inputs), "/tmp/in", "--chdir", "/tmp"]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    env = threads | {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "TRAINDEEP_SEED": "hostile",
    }
    for name, value in env.items():
        made += ["--setenv", name, value]
    return made


@contextlib.contextmanager
def limits_group():
    """Bounds on memory and processes for all that a child starts; yields what the child must call first.

    RLIMIT_NPROC does not bind root, and no rlimit bounds what many processes take together: hence control groups.
    """
    made = []
    name = f"hostile-{os.getpid()}-{time.monotonic_ns()}"
    try:
        for controller, file, limit in (("pids", "pids.max", PROCESSES), ("memory", "memory.limit_in_bytes", MEMORY)):
            group = Path("/sys/fs/cgroup") / controller / name
            if group.parent.joinpath("cgroup.procs").is_file():
                group.mkdir()
                made.append(group)
                (group / file).write_text(str(limit))
        if not made:
            group = Path("/sys/fs/cgroup") / name
            group.mkdir()
            made.append(group)
            (group / "pids.max").write_text(str(PROCESSES))
            (group / "memory.max").write_text(str(MEMORY))
    except OSError as error:
        for group in made:
            with contextlib.suppress(OSError):
                group.rmdir()
        raise CannotContain(f"control groups for memory and processes are needed (run as root): {error}") from None

    def enter():
        for group in made:
            (group / "cgroup.procs").write_text(str(os.getpid()))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))

    try:
        yield enter
    finally:
        for group in made:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    for pid in (group / "cgroup.procs").read_text().split():
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(int(pid), signal.SIGKILL)
                    group.rmdir()
                    break
                time.sleep(0.05)


# ---- inside: process 1 behind the wall -----------------------------------------------------------------------------


def inside(grader: str, attack_name: str, seconds: float) -> None:
    """Make the world and the class, let the grader grade, end everything, and say what came of it.

    As process 1 of its namespace this one cannot be killed from within.
    """
    import frame
    import graders
    import harm
    from classroom import cut

    from autograder.course import Course, exercises_of, to_bytes

    course = Course.find(ROOT)
    whole = course.source(frame.ASSIGNMENT)
    course.source = lambda assignment: cut(whole, False)
    world = harm.World(course)
    base, name = world.base / "class", frame.ASSIGNMENT
    world.gradebook.unlink()  # the real one comes in its place
    for student in (BEFORE, AFTER) if attack_name else (BEFORE,):
        hand_in = frame.HandIn(course, world.submitted / student, world)
        secret = f"# {world.token}\n" if student == BEFORE else ""
        hand_in(**{id: secret + source for id, source in hand_in.right.items()})
    seed = Path("/tmp/in/seed").read_text()
    if seed:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(seed))) as archive:
            archive.extractall(base, filter="fully_trusted")
    student = ""
    if attack_name:
        section, _, attack_name = attack_name.partition(".")
        attack = next(a for a in frame.corpus([section]) if a.name == attack_name)
        student = attack.student
        attack.build(frame.HandIn(course, world.submitted / student, world))
    if grader == "nbgrader":
        (base / "nbgrader_config.py").write_text(CELLS)
        nbgrader = str(graders.TOOL / "nbgrader")
        if not seed:
            (base / "source" / name / f"{name}.ipynb").write_bytes(to_bytes(cut(whole, False)))
            subprocess.run([nbgrader, "generate_assignment", name], cwd=base, check=True, capture_output=True)
        command, cwd = [nbgrader, "autograde", name], base
    else:
        import zipfile

        with zipfile.ZipFile(base / "autograder.zip", "w") as archive:
            for id, text in graders.otter_tests(exercises_of(whole)):
                archive.writestr(f"tests/{id}.py", text)
            archive.writestr("otter_config.json", "{}")
        script = OTTER_EACH.format(seconds=int(seconds / 2), python=graders.otter_python(), name=name)
        command, cwd = ["bash", "-c", script if seed else script.replace("s00-honest ] &&", "none ] &&")], world.base
    neighbour = world.neighbour.read_bytes()
    log = world.base / "log"

    def lower():
        Path("/proc/self/oom_score_adj").write_text("500")  # it goes before process 1 does

    evidence, start = [], time.monotonic()
    with open(log, "wb") as sink:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            preexec_fn=lower,
        )
        while (status := reap(child.pid)) is None and time.monotonic() - start < seconds:
            time.sleep(0.1)
    if status is None:
        evidence.append(f"still running after {seconds:.0f} s")
    else:
        time.sleep(1)
        if left := [n for pid, n in others() if "kernel" not in n]:
            evidence.append(f"LEFT {len(left)} process left running: {left[0]}")
    while others():
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)  # all but process 1: this is a namespace of its own
        reap(0)
        time.sleep(0.05)
    scores = {}
    try:
        scores = nbgrader_scores(base, name) if grader == "nbgrader" else otter_scores(base)
    except Exception as error:
        evidence.append(f"the results cannot be read: {type(error).__name__}")
    evidence += [f"CALL {service} was called" for service in world._called()]
    for path in (world.secret, world.tests):
        if not path.is_file() or path.read_text() != f"# {world.token}\n":
            evidence.append(f"CHANGE {path.name} was changed")
    if not world.neighbour.is_file() or world.neighbour.read_bytes() != neighbour:
        evidence.append("CHANGE the neighbour's submission was changed")
    evidence += leaks([base / "autograded", base / "results", log], world, harm.forms)
    evidence += [f"CHANGE a file appeared: {path}" for path in marked(world.marker)]
    found = {"scores": scores, "evidence": evidence, "seconds": round(time.monotonic() - start, 1)}
    found["log"] = log.read_bytes()[-600:].decode(errors="replace")
    if not attack_name:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            notebook = f"source/{name}/{name}.ipynb"
            for part in ("gradebook.db", notebook, "release", f"autograded/{BEFORE}", f"results/{BEFORE}"):
                if (base / part).exists():
                    archive.add(base / part, part)
        found["seed"] = base64.b64encode(made.getvalue()).decode()
    print(f"\n{MARK}{json.dumps(found)}", flush=True)
    os._exit(0)


def reap(pid: int) -> int | None:
    """Collect whatever has ended; the status of `pid` if it is among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                status = ended[1]
    return status


def others() -> list[tuple[int, str]]:
    """All processes of this namespace but this one."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry not in ("1", str(os.getpid())):
            with contextlib.suppress(OSError):
                found.append(
                    (int(entry), Path(f"/proc/{entry}/cmdline").read_text(errors="replace").replace("\0", " ")[:80])
                )
    return found


def nbgrader_scores(base: Path, assignment: str) -> dict[str, dict[str, float] | None]:
    """Student -> exercise -> points, from the gradebook; None for a student without a grade."""
    from nbgrader.api import Gradebook

    scores: dict[str, dict[str, float] | None] = {}
    with Gradebook(f"sqlite:///{base / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            points = {
                grade.name.removeprefix("check_"): grade.auto_score or 0.0
                for grade in grades
                if grade.name.startswith("check_")
            }
            scores[submission.student_id] = points or None
    for student in list(scores):
        if not (base / "autograded" / student / assignment).is_dir():  # nbgrader takes a failed one away again
            scores[student] = None
    return scores


def otter_scores(base: Path) -> dict[str, dict[str, float] | None]:
    """Student -> exercise -> points, from otter's results.json; None for a student without one."""
    scores: dict[str, dict[str, float] | None] = {}
    for folder in sorted((base / "results").iterdir()):
        scores[folder.name] = None
        if (folder / "results.json").is_file():
            tests = json.loads((folder / "results.json").read_text())["tests"]
            scores[folder.name] = {
                test["name"]: round(test["score"], 2) for test in tests if "score" in test and "name" in test
            }
    return scores


def leaks(places: list[Path], world, forms) -> list[str]:
    """Where the planted secret or the marker of a hidden call stands, in what the grader has written."""
    found = []
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            # nbgrader itself copies what lies beside the source notebook into every student's folder.
            if path.is_file() and path.name != world.tests.name:
                with open(path, "rb") as stream, contextlib.suppress(OSError):
                    text = stream.read(50 << 20)
                    for what, secret in (
                        ("the planted secret", world.token),
                        ("what a hidden call said", world.marker),
                    ):
                        if any(form in text for form in forms(secret)):
                            found.append(f"LEAK {what} stands in {path.relative_to(world.base)}")
    return found


def marked(marker: str) -> list[str]:
    """Files whose name holds the marker, where a grader's user keeps things."""
    found = []
    for folder in ("/tmp", "/dev/shm", str(Path.home()), os.environ.get("HOME", "/")):
        with contextlib.suppress(OSError):
            found += [os.path.join(folder, name) for name in os.listdir(folder) if marker in name]
    return found


# ---- outside again: the verdict, the page --------------------------------------------------------------------------


def verdict(attack, found: dict, points: dict[str, float]) -> dict:
    """The classes that apply, the worst first, with the evidence for each."""
    full = sum(points.values())
    expect, scores, said = attack.expect, found.get("scores", {}), []
    wanted = expect.total if expect.total is not None else sum((points | expect.lost).values())
    evidence = found.get("evidence", [])
    for kind in ("LEAK", "CALL", "CODE", "CHANGE"):
        said += [
            ("LEAK" if kind != "CHANGE" else "CODE", e.removeprefix(kind + " ")) for e in evidence if e.startswith(kind)
        ]
    if "lost" in found:
        return {"classes": ["BATCH"], "why": found["lost"]}
    got = scores.get(attack.student)
    total = None if got is None else round(sum(got.values()), 2)
    if total is not None and total > wanted + 0.01:
        said.append(("FULL", f"{total:g} points, {wanted:g} earned"))
    for student in (BEFORE, AFTER):
        theirs = scores.get(student)
        if theirs is None:
            said.append(("BATCH", f"{student} has no grade"))
        elif sum(theirs.values()) != full:
            said.append(("BATCH", f"{student} has {sum(theirs.values()):g} of {full:g}"))
    if total is None and wanted > 0:
        said.append(("LOST", f"no grade, {wanted:g} earned"))
    elif total is not None and total < wanted - 0.01 and attack.section not in HOSTILE:
        said.append(("LOST", f"{total:g} points, {wanted:g} earned"))
    said += [("CODE", e.removeprefix("LEFT ")) for e in evidence if e.startswith("LEFT")]
    if not said:
        return {"classes": ["fine"], "why": "no grade, none earned" if total is None else f"{total:g} points"}
    rest = [e for e in evidence if not e.split()[0].isupper()]
    classes = list(dict.fromkeys(kind for kind, _ in said))
    return {"classes": classes, "why": "; ".join(dict.fromkeys([why for _, why in said] + rest))[:300]}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", type=Path, required=True, help="the rows; what it already holds is not run again")
    options.add_argument("--only", nargs="+", default=[], metavar="NAME_OR_NUMBER")
    options.add_argument("--each", type=int, metavar="N", help="the first N attacks of each number of the list only")
    options.add_argument("--section", action="append", default=[], help="the attacks of this section only (repeatable)")
    options.add_argument("--grader", choices=GRADERS, action="append", default=[])
    options.add_argument("--ours", type=Path, help="what `python tests/hostile --json` wrote, for the page")
    options.add_argument(
        "--also", action="append", default=[], metavar="NAME=FILE", help="another run of ours, as --ours"
    )
    options.add_argument("--note", default="", help="a sentence for the page: how the rows came about")
    options.add_argument("--page", type=Path, help="write this page instead of running anything")
    args = options.parse_args()
    rows = json.loads(args.json.read_text()) if args.json.is_file() else {}
    if args.page:
        if not args.ours:
            options.error("--page needs --ours")
        import hostile_page

        also = dict(each.split("=", 1) for each in args.also)
        also = {name: json.loads(Path(file).read_text()) for name, file in also.items()}
        args.page.write_text(hostile_page.page(json.loads(args.ours.read_text()), rows, also, args.note))
        return 0
    import tempfile

    import frame
    import graders

    from autograder import exercise as hidden
    from autograder.course import Course, exercises_of

    wanted = args.grader or list(GRADERS)
    points = {id: hidden.load(id).points for id in exercises_of(Course.find(ROOT).release(frame.ASSIGNMENT))}
    attacks = [a for a in frame.corpus(args.section or frame.SECTIONS) if a.kernels]
    attacks = [a for a in attacks if not args.only or a.name in args.only or str(a.number) in args.only]
    if args.each:
        attacks = frame.sample(attacks, args.each)
    if "otter" in wanted:
        graders.otter_python()  # before the wall: it installs
    with tempfile.TemporaryDirectory(prefix="hostile-others-") as scratch:
        outside = Outside(Path(scratch))
        todo = [(g, a) for g in wanted for a in attacks if a.name not in rows.get(g, {})]
        for grader in dict.fromkeys(g for g, _ in todo):
            outside.prepare(grader)
            print(f"{grader}: an honest submission takes {outside.pace:.0f} s; {len(attacks)} attacks", flush=True)
        for grader, attack in todo:
            found = outside.run(grader, f"{attack.section}.{attack.name}", SECONDS + 2 * outside.pace)
            said = verdict(attack, found, points)
            row = said | {"number": attack.number, "says": attack.says, "section": attack.section}
            rows.setdefault(grader, {})[attack.name] = row | {
                "seconds": found.get("seconds"),
                "log": found.get("log", ""),
            }
            draft = args.json.with_name(args.json.name + ".new")
            draft.write_text(json.dumps(rows, indent=1) + "\n")
            draft.replace(args.json)
            print(
                f"{grader:9}{attack.number:4} {attack.name}: {', '.join(said['classes'])}: {said['why']!a}", flush=True
            )
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        if os.getpid() != 1:
            sys.exit("--inside is for process 1 of a sandbox, which hostile_others.py makes itself")
        inside(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended too
    try:
        sys.exit(main())
    except CannotContain as error:
        sys.exit(f"benchmarks/hostile_others.py: {error}")
