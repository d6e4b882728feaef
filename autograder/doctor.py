"""`autograder doctor`: what this machine can do, and what to do about the rest."""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Course
from autograder.grading import course_seed, fingerprint
from autograder.sandbox import lockdown
from autograder.sandbox.host import GraderFault, Limits, Sandbox, SandboxUnavailable, SubmissionFailed, why_not

EXTRAS = {"instructor": ("nbgrader", "jupytext", "nbclient", "msgpack"), "postgresql": ("psycopg",),
          "cluster": ("dask", "distributed")}  # fmt: skip
LEAST_FREE_GB = 1
LEVELS = ("bubblewrap", "confined")


def run(course: Course) -> int:
    """Print what was found, a line each; 1 if student code cannot be graded safely here."""
    for rows in (machine(), folders(course), packages(), kernel()):
        for name, value in rows:
            print(f"{name:16} {value}")
    for level in LEVELS:
        print(f"{'level ' + level:16} {'cannot be had: ' + why_not(level) if why_not(level) else 'works'}")
    level = next((level for level in LEVELS if not why_not(level)), None)
    fault, said = round_trip(level) if level else ("", "")
    if said:
        print(f"{'round trip':16} {said}")
    if not level or fault:
        print(
            f"{'isolation':16} none can be had, see above; nothing is graded but with --isolation none, for trusted code"
        )
        return 1
    advice = "" if level == "bubblewrap" else "; install bubblewrap for a wall behind its limits"
    print(f"{'isolation':16} {level} is what `autograder grade` uses and stamps into results{advice}")
    print(f"{'seed':16} {seed(course)}")
    return 0


def machine() -> Iterator[tuple[str, str]]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield "system", f"{system}, Python {platform.python_version()} at {sys.prefix}"
    yield "cores", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    if lockdown.LINUX:
        fields = dict(line.split(":") for line in read("/proc/meminfo").splitlines())
        free = int(fields["MemAvailable"].split()[0]) << 10
        jobs = free // (Limits().memory_bytes + (512 << 20))  # the warm process takes the rest
        hint = f"enough for --jobs {jobs}, each at its limit" if jobs else "less than one job may take: free some"
        yield "memory", f"{free / 2**30:.1f} GiB available, {hint}"
    if hasattr(os, "getuid") and os.getuid() == 0:
        yield "user", "root; better grade as an ordinary user, who has less to lose"


def folders(course: Course) -> Iterator[tuple[str, str]]:
    yield "course", f"{course.root}: {', '.join(course.assignments) or 'no assignments'}"
    for name, folder in (("this folder", Path.cwd()), ("temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free / 2**30
        hint = "" if os.access(folder, os.W_OK) else "; cannot be written, choose another one"
        hint += "; make room before grading" if free < LEAST_FREE_GB else ""
        yield name, f"{folder}: {free:.1f} GiB free{hint}"


def packages() -> Iterator[tuple[str, str]]:
    yield (
        "versions",
        ", ".join(f"{name} {version(name) or 'not installed'}" for name in ("traindeep", "numpy", "torch")),
    )
    for extra, names in EXTRAS.items():
        found = [f"{name} {version(name)}" for name in names if version(name)]
        missing = ", ".join(name for name in names if not version(name))
        found += [f"{missing} not installed; try: pip install 'traindeep[{extra}]'"] if missing else []
        yield extra, ", ".join(found)


def kernel() -> Iterator[tuple[str, str]]:
    """What the levels are made of."""
    if not lockdown.LINUX:
        return
    yield "seccomp", "yes" if "Seccomp:" in read("/proc/self/status") else "no; grade on another machine"
    abi = lockdown.landlock_version()
    yield "Landlock", f"version {abi}" if abi else "no; needs Linux 5.13 or newer and landlock in the boot option lsm="
    if read("/proc/sys/user/max_user_namespaces") == "0":
        yield "user namespaces", "refused; try: sysctl user.max_user_namespaces=15000"
    elif read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        yield "user namespaces", "refused to users; try: sysctl kernel.unprivileged_userns_clone=1"
    elif read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        yield "user namespaces", "restricted by AppArmor; if bubblewrap cannot start, load bwrap-userns-restrict"
    else:
        yield "user namespaces", "allowed"


def round_trip(level: str) -> tuple[str, str]:
    """Start the sandbox and run one job: what went wrong, and a line about it."""
    start = time.perf_counter()
    try:
        with Sandbox(level) as sandbox:
            ready, shared = time.perf_counter(), not sandbox.features["scratch"]
            with sandbox.job() as job:
                error = job.run_cell("import torch\ntorch.ones(2, requires_grad=True).sum().backward()")
            job_ms = 1000 * (time.perf_counter() - ready)
        fault = f"{error.kind}: {error.text}" if error else ""
    except (SandboxUnavailable, SubmissionFailed, GraderFault) as problem:
        fault = str(problem)
    if fault:
        return fault, f"failed: {fault}"
    hint = "; mounting is refused, so jobs have no scratch folder of their own" if shared else ""
    return "", f"{ready - start:.1f} s to start the sandbox, {job_ms:.0f} ms for one job{hint}"


def seed(course: Course) -> str:
    secret = course.root / ".course_secret"
    if not secret.is_file() and not os.environ.get("TRAINDEEP_SEED"):
        return f"will be made in {secret}; keep that file: the hidden inputs follow from it"
    hint = (
        f"; others can read it, try: chmod 600 {secret}" if secret.is_file() and secret.stat().st_mode & 0o077 else ""
    )
    return f"{fingerprint(course_seed(course))} is stamped into results{hint}"


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
