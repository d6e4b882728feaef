"""The trusted side of the sandbox: starts the warm process, runs jobs in it, and bounds everything that it reads.

    with Sandbox(choose_isolation("auto")) as sandbox:
        with sandbox.job(Limits(), seed=7) as job:
            job.run_cell("def f(x): return x + 1")

Levels of isolation:

- `bubblewrap`: the warm process lives in namespaces of its own, which bubblewrap makes: no network, no file of the
  machine but the Python installation. Each child limits itself further. The one to use.
- `confined`: without bubblewrap. The same limits (Landlock and seccomp are required), but no wall behind them.
- `none`: a child process with a deadline. Only for code that is trusted.

A Sandbox belongs to the process that started it, and to the *thread* too: the kernel ends bubblewrap when that thread
ends (`--die-with-parent`). Start it from one that lives as long as the work.
"""

import collections
import contextlib
import fcntl
import functools
import importlib.util
import os
import platform
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.sandbox import lockdown, wire

INSIDE = ("worker.py", "leftovers.py", "lockdown.py", "wire.py")
KEEP_OUTPUT = 64 << 10
MAX_TEST, MAX_REQUESTS = 256 << 20, 10_000  # bytes and number of what a test says and hears, kept until its end
START_S, ANSWER_S = 120, 20  # for the warm process itself; it is ours, so these only catch a broken machine
JOBS_PER_PROCESS = 300


class SandboxUnavailable(Exception):
    """This machine cannot run untrusted code at the level asked for. One line: what is missing, what to do."""


class GraderFault(BaseException):  # as SubmissionFailed
    """The sandbox itself broke. Not the student's fault: restart it and try again."""


class Unforeseen(BaseException):  # as SubmissionFailed
    """A test made another request than the one that was sent ahead for it: run it again, one request at a time."""


class SubmissionFailed(BaseException):  # not an Exception: no `except` of a test or a comparison may swallow it
    """The submission broke a limit or the protocol. Its job is over."""

    def __init__(self, verdict: str, text: str):
        super().__init__(text)
        self.verdict = verdict  # timeout, out_of_memory or crashed


@dataclass(frozen=True)
class Limits:
    """What one job may use. Memory is what it may map beyond the imported libraries."""

    memory_bytes: int = 2 << 30
    cpu_s: int = 60
    wall_s: float = 120.0
    call_s: float = 10.0
    output_bytes: int = 8 << 20


@dataclass(frozen=True)
class RemoteError:
    """An exception that student code raised, as plain text."""

    kinds: tuple[str, ...]  # names of its classes, most specific first
    text: str
    where: tuple[str, ...] = ()  # lines of the student's cells, outermost first
    reason: str = ""  # missing, forbidden or nothing

    @classmethod
    def read(cls, error) -> "RemoteError | None":
        """From the reply of the sandbox; None if no honest reply looks so."""
        fields = error if type(error) is dict else {}
        kinds, where = fields.get("kinds"), fields.get("where")
        texts = [fields.get("text"), fields.get("reason"), *(kinds if type(kinds) is list else [None]),
                 *(where if type(where) is list else [None])]  # fmt: skip
        if any(type(text) is not str for text in texts):
            return None
        plain = [text[:4000].encode("utf-8", "replace").decode() for text in texts]
        return cls(tuple(plain[2 : 2 + len(kinds)]), plain[0], tuple(plain[2 + len(kinds) :]), plain[1])

    @property
    def kind(self) -> str:
        return self.kinds[0] if self.kinds else "Exception"

    @property
    def out_of_memory(self) -> bool:
        signs = ("DefaultCPUAllocator", "not enough memory", "Cannot allocate memory")
        return "MemoryError" in self.kinds or any(sign in self.text for sign in signs)


@dataclass(frozen=True)
class JobReport:
    """How a job ended: exit status or minus the signal, CPU seconds, peak memory, and whether it left files."""

    status: int
    cpu_s: float
    maxrss_kb: int
    clean: bool = True


# ---- what this machine can do ------------------------------------------------------------------------------------


def choose_isolation(wanted: str = "auto") -> str:
    """The level to use: the one asked for, or for "auto" the best that this machine has.

    Raises:
        SandboxUnavailable: with one line that says what is missing and what to install.
    """
    if wanted not in ("auto", "bubblewrap", "confined", "none"):
        raise ValueError(f"isolation must be auto, bubblewrap, confined or none, got {wanted!r}")
    missing = {}
    for level in ("bubblewrap", "confined") if wanted == "auto" else (wanted,):
        missing[level] = why_not(level)
        if not missing[level]:
            return level
    raise SandboxUnavailable("; ".join(f"isolation {level}: {text}" for level, text in missing.items()))


@functools.cache
def why_not(level: str) -> str:
    """Why this machine cannot provide a level, in one line; an empty text if it can."""
    if not hasattr(os, "fork"):
        return f"{sys.platform} cannot fork a process; use Linux, macOS or WSL2"
    if level == "none":
        return ""
    if not lockdown.LINUX:
        return f"needs Linux, this is {sys.platform}; use WSL2 or a Linux machine"
    if platform.machine() not in lockdown.ARCHITECTURES:
        return f"no table of system calls for {platform.machine()}; use x86_64 or aarch64"
    try:
        if "seccomp" not in Path("/proc/self/status").read_text().lower():
            return "the kernel has no seccomp"
    except OSError:
        pass
    return _why_no_bubblewrap() if level == "bubblewrap" else _why_not_confined()


def _why_no_bubblewrap() -> str:
    program = shutil.which("bwrap")
    if not program:
        return "bubblewrap is not installed; try: apt install bubblewrap"
    if "--size" not in subprocess.run([program, "--help"], capture_output=True, text=True).stdout:
        return "bubblewrap is older than 0.7 and cannot bound its scratch space; install a newer one"
    probe = subprocess.run([*_bubblewrap(), sys.executable, "-I", "-c", "pass"], capture_output=True, text=True)
    if not probe.returncode:
        return ""
    said = " ".join(probe.stderr.split())[-300:]
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return f"bubblewrap cannot start ({said}); allow user namespaces in this container"
    return f"bubblewrap cannot start ({said}); on Ubuntu load the AppArmor profile bwrap-userns-restrict"


def _why_not_confined() -> str:
    if not lockdown.landlock_version():
        return "the kernel has no Landlock (5.13 or newer, enabled); install bubblewrap instead"
    for secret in secret_paths():
        for visible in visible_paths():
            if _below(secret, visible):
                return f"{secret} lies in {visible}, which student code can read; install bubblewrap, which hides it"
    return ""


def _below(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@functools.cache
def visible_paths() -> tuple[str, ...]:
    """What student code can read of this machine: the Python installation and the system's libraries."""
    folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"]
    for prefix in (sys.prefix, sys.base_prefix):
        shared = os.path.realpath(prefix) in ("/usr", "/usr/local")  # a whole machine below it
        folders += [f"{prefix}/lib", f"{prefix}/lib64"] if shared else [prefix]
    folders = [f for f in dict.fromkeys(folders) if os.path.isdir(f) and (not os.path.islink(f) or f == sys.prefix)]
    files = ["/etc/ld.so.cache", "/etc/alternatives"]  # how the loader finds libraries on some systems
    hop = sys.executable  # a virtual environment's python is a chain of links
    for _ in range(10):
        if not any(_inside(hop, folder) for folder in folders):
            files.append(hop)
        if not os.path.islink(hop):
            break
        hop = os.path.normpath(os.path.join(os.path.dirname(hop), os.readlink(hop)))
    return (*folders, *(f for f in files if os.path.exists(f)))


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def course_folder() -> str | None:
    """The folder of the package traindeep, without importing it."""
    spec = importlib.util.find_spec("traindeep")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return places[0] if places else None


def course_entries(stand_ins: Iterable[str] = ()) -> dict[str, str]:
    """Name and path of everything in traindeep that student code may import.

    Not the reference; of the stand-ins only those asked for: others would answer the notebook that is graded.

    Args:
        stand_ins: Names of modules of `traindeep.standins`, for example "nb02".
    """
    folder = course_folder()
    names = sorted(os.listdir(folder)) if folder else []
    entries = {name: os.path.join(folder, name) for name in names if name not in ("reference", "standins")}
    for name in ("__init__", *stand_ins) if stand_ins else ():
        entries[f"standins/{name}.py"] = os.path.join(folder, "standins", f"{name}.py")
    return entries


def secret_paths() -> list[str]:
    """What student code must never see, wherever it is installed."""
    package = Path(__file__).resolve().parents[1]
    around = [package.parent / name for name in ("solutions", "tests", "submitted", "autograded", "feedback",
                                                 "gradebook.db", ".course_secret")]  # fmt: skip
    secrets = [package, *(path for path in around if path.exists())]
    return [str(path) for path in secrets] + ([course_folder()] if course_folder() else [])


ENVIRONMENT = {
    "TRAINDEEP_GRADING": "1", "PATH": "/usr/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",  # the same order of a set in every run
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "134217728",
    "LD_LIBRARY_PATH": os.path.join(sys.base_prefix, "lib"),
}  # fmt: skip


def _environment(scratch: str) -> dict[str, str]:
    return {**ENVIRONMENT, "HOME": scratch, "TMPDIR": scratch, "MPLCONFIGDIR": f"{scratch}/matplotlib"}


def _bubblewrap(stand_ins: Iterable[str] = ()) -> list[str]:
    """The command line of the wall. Later options hide what earlier ones showed, so the order matters."""
    # Started by root, bubblewrap keeps every capability unless told to drop them.
    a = ["bwrap", "--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
         "--hostname", "sandbox", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL",
         "--cap-add", "CAP_SYS_ADMIN"]  # fmt: skip  # the warm process mounts a scratch folder for each job
    for folder in ("/lib", "/lib64"):
        if os.path.islink(folder):
            a += ["--symlink", os.readlink(folder), folder]
    for path in visible_paths():
        a += ["--ro-bind", os.path.realpath(path), path]
    for secret in secret_paths():
        if any(_below(secret, path) for path in visible_paths()):
            a += ["--tmpfs", secret] if os.path.isdir(secret) else ["--ro-bind", "/dev/null", secret]
    here = os.path.dirname(os.path.abspath(__file__))
    for name in INSIDE:
        a += ["--ro-bind", f"{here}/{name}", f"/sandbox/{name}"]
    for name, path in course_entries(stand_ins).items():
        a += ["--ro-bind", path, f"/course/traindeep/{name}"]
    # torch reads cpuinfo to choose its kernels. No --dev: it would be a second writable file system.
    a += ["--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom",
          "--ro-bind", "/proc/cpuinfo", "/proc/cpuinfo", "--size", str(64 << 20), "--tmpfs", "/scratch",
          "--remount-ro", "/", "--chdir", "/"]  # fmt: skip
    for name, value in _environment("/scratch").items():
        a += ["--setenv", name, value]
    return a


# ---- the warm process --------------------------------------------------------------------------------------------


class Sandbox:
    """One warm process, in which jobs run one after the other. Use one Sandbox for each worker process.

    Args:
        level: Of isolation.
        stand_ins: What `traindeep.reuse.use` may return inside, see `course_entries`.
        modules: What notebooks import: paid for once, not by every child.
    """

    def __init__(self, level: str, stand_ins: tuple[str, ...] = (), modules: tuple[str, ...] = ()):
        if why_not(level):
            raise SandboxUnavailable(f"isolation {level}: {why_not(level)}")
        self.level, self.stand_ins, self.modules, self.generation = level, stand_ins, modules, 0
        self._process = self._job = None
        self._start()

    def _start(self) -> None:
        self._owner, self._jobs, self._stale = os.getpid(), 0, False
        self._temporary, scratch, modules, course = None, "/scratch", "/sandbox", "/course"
        if self.level != "bubblewrap":
            self._temporary, scratch, modules, course = _folders(self.stand_ins)
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_S)
        code = f"import sys; sys.path[:0] = [{course!r}, {modules!r}]; import worker; worker.main({theirs.fileno()})"
        command = [sys.executable, "-s", "-P", "-c", code]  # not -I, which would ignore PYTHONHASHSEED
        wall = _bubblewrap(self.stand_ins) if self.level == "bubblewrap" else []
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [*wall, *command], pass_fds=[theirs.fileno()], env=_environment(scratch), cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors)  # fmt: skip
        theirs.close()
        read = ["/"]
        if self.level == "confined":
            read = [*visible_paths(), *course_entries(self.stand_ins).values(), course, modules, "/dev/null", "/dev/urandom",
                    "/proc/cpuinfo"]  # fmt: skip
            read += [os.path.join(os.path.dirname(os.path.abspath(__file__)), name) for name in INSIDE]
        sources = [str(Path(path).parent) for path in secret_paths()]  # an editable install puts them on sys.path
        setup = {"level": self.level, "scratch": scratch, "read": read, "temporary": self._temporary,
                 "warm": ["traindeep", *self.modules],
                 "not_path": [path for path in sources if not path.endswith("-packages")]}  # fmt: skip
        try:
            self.features = self._ask(setup)
        except GraderFault as fault:
            self.close()
            raise SandboxUnavailable(f"isolation {self.level}: {fault}") from None
        self._control.settimeout(ANSWER_S)

    def _ask(self, message: dict, fds: list[int] = ()) -> dict:
        """One question to the warm process and its answer."""
        try:
            socket.send_fds(self._control, [wire.encode(message)[0]], fds)
            data = self._receive(wire.PREFIX.size)
            header, body = wire.PREFIX.unpack(data)
            answer = wire.decode(self._receive(header), self._receive(body))
            if type(answer) is not dict:
                raise wire.ProtocolError("the warm process answered something else")
            return answer
        except (OSError, EOFError, wire.ProtocolError) as error:
            self._stale = True
            raise GraderFault(f"the warm process of the sandbox failed: {self._last_words() or error}") from None

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            got = self._control.recv(min(size - len(data), 1 << 16))
            if not got:
                raise EOFError("it has ended")
            data += got
        return data

    def _last_words(self) -> str:
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def job(self, limits: Limits = Limits(), seed: int = 0, refused: Iterable[str] = ()) -> "Job":  # noqa: B008 - frozen
        """A new child of the warm process. Use it as a context manager; one at a time.

        Args:
            limits: What it may use.
            seed: Of its random streams.
            refused: Words that requests will name as `forbidden`: what takes time to prepare is prepared only once.
        """
        if os.getpid() != self._owner:
            raise RuntimeError("a Sandbox belongs to the process that started it; start another one here")
        if self._job is not None:
            raise RuntimeError("the sandbox runs one job at a time; close the other first")
        if self._process is None or self._stale or self._jobs >= JOBS_PER_PROCESS:
            self.restart()
        self._jobs += 1
        return Job(self, limits, seed, sorted(refused))

    def restart(self) -> None:
        """End the warm process and start another. A job that was running is lost."""
        self.close()
        self._start()

    def close(self) -> None:
        """End everything inside. Nothing is left: the kernel ends what the warm process has started."""
        if self._process is None or os.getpid() != self._owner:
            return
        if self._job is not None:
            self._job._close_pipes()
        self.generation += 1
        self._control.close()  # outside bubblewrap the warm process ends its child, cleans up and goes
        try:
            if self.level == "bubblewrap":
                self._process.kill()
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._process = self._job = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def _folders(stand_ins: Iterable[str]) -> tuple[str, str, str, str]:
    """Scratch, our modules, and the course without its answers, for a process that sees the file system as it is."""
    base = os.path.realpath(tempfile.mkdtemp(prefix="traindeep-"))
    here = os.path.dirname(os.path.abspath(__file__))
    links = {f"modules/{name}": f"{here}/{name}" for name in INSIDE}
    links |= {f"course/traindeep/{name}": path for name, path in course_entries(stand_ins).items()}
    os.makedirs(f"{base}/scratch")
    for link, path in links.items():
        os.makedirs(os.path.dirname(f"{base}/{link}"), exist_ok=True)
        os.symlink(path, f"{base}/{link}")
    return base, f"{base}/scratch", f"{base}/modules", f"{base}/course"


def _first_frame(message: dict) -> bytes:
    return b"".join(wire.encode({**message, "seq": 1}))


# ---- one job -----------------------------------------------------------------------------------------------------


class Job:
    """One submission in one child process.

    Attributes:
        output: The first 64 KiB that student code printed. Untrusted bytes; never show those of hidden calls.
        output_total: How many bytes it printed.
        report: How it ended, once it has.
        epoch: Counts resets; objects of an earlier one are gone.
        heard: The answers since the last reset, as they came.
        foreseen: Whether all requests since the last reset had been sent ahead.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits, seed: int, refused: list[str]):
        self.sandbox, self.limits, self.generation = sandbox, limits, sandbox.generation
        self.deadline = time.monotonic() + limits.wall_s
        self.output, self.output_total, self.epoch = b"", 0, 0
        self.report: JobReport | None = None
        self.failure: SubmissionFailed | None = None
        self._callbacks = []
        self._ahead, self._replies = collections.deque(), collections.deque()  # requests sent ahead, and their answers
        self._agenda = collections.deque()  # the requests of each test that was sent ahead and has not begun
        self._begin()
        self._outbox, self._inbox, self._at, self._selector = [], b"", 0, selectors.DefaultSelector()
        request_out, self._request = os.pipe()
        self._reply, reply_in = os.pipe()
        self._printed, printed_in = os.pipe()
        theirs = [request_out, reply_in, printed_in]
        for fd in (self._request, self._reply, self._printed):
            os.set_blocking(fd, False)
        for fd in (self._reply, self._printed):
            self._selector.register(fd, selectors.EVENT_READ)
        if lockdown.LINUX:
            for fd in (self._request, self._reply):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(fd, 1031, 1 << 20)  # F_SETPIPE_SZ: fewer turns for large arrays
        try:
            sandbox._job = self
            bounds = {"memory": limits.memory_bytes, "cpu": limits.cpu_s}
            sandbox._ask({"limits": bounds, "seed": seed, "refused": refused}, theirs)
        except GraderFault:
            self._close_pipes()
            sandbox._job = None
            raise
        finally:
            for fd in theirs:
                os.close(fd)

    # what callers use

    def run_cell(self, source: str, name: str = "", timeout: float | None = None) -> RemoteError | None:
        """Run a cell of the notebook; the exception that ended it, or None. Names begin with "<cell"."""
        result, _ = self.request({"op": "cell", "source": source, "name": name}, timeout=timeout)
        return result if isinstance(result, RemoteError) else None

    def reset(self, seed: int, ahead: Iterable[bytes] = ()) -> bool:
        """Restore what student code may have disturbed; False if that fails (then use a new job).

        Requests are numbered, and objects of the student named, from here on: the same test makes the same requests.

        Args:
            seed: Of the random streams.
            ahead: Requests that the test which begins now will probably make. They are sent at once, and the student's
                process answers them without waiting for us in between, which is most of the time that a small call
                takes. `request` gives out the answers; another request than the next of these is Unforeseen.
        """
        self.epoch += 1
        self._callbacks.clear()
        self._number = 0
        ahead = tuple(ahead)
        message = {"op": "reset", "seed": seed, "ahead": len(ahead)}
        if self._agenda:
            if self._agenda.popleft() != ahead:
                raise ValueError("another test than the next one of the plan")
            self._ahead.append(_first_frame(message))
        result, _ = self.request(message, ahead=ahead)
        self._begin()
        self._ahead.extend(ahead)
        return result is None

    def _begin(self) -> None:
        """Nothing has been asked yet: of a new child, or of a test."""
        self._number, self._said, self.heard, self._size, self.foreseen, self._called_back = 0, [], [], 0, True, None

    def plan(self, seed: int, tests: Iterable[tuple[bytes, ...]]) -> None:
        """Send the requests of many tests ahead, a reset before each. `reset` must then be called for them in turn.

        Until the last of them nothing else can be asked: a request that was not sent ahead is Unforeseen.
        """
        self._agenda.extend(tests)
        resets = (_first_frame({"op": "reset", "seed": seed, "ahead": len(ahead)}) for ahead in self._agenda)
        self._outbox = [memoryview(reset + b"".join(ahead)) for reset, ahead in zip(resets, self._agenda, strict=True)]
        self._write()

    @property
    def planned(self) -> int:
        """How many tests of the plan are still to come."""
        return len(self._agenda)

    @property
    def said(self) -> tuple[bytes, ...]:
        """The requests since the last reset that can be sent ahead next time: up to the first that calls a function back."""
        return tuple(self._said[: self._called_back])

    def leftovers(self, libraries: bool = True) -> str:
        """A fingerprint of what calls may have left behind in the student's code; "" if that cannot be told.

        Args:
            libraries: Whether it is also "" if functions of libraries are no longer what the warm process had.
        """
        result, _ = self.request({"op": "leftovers", "libraries": libraries})
        return result if isinstance(result, str) else ""

    def peek(self, index: int) -> tuple[memoryview, memoryview] | None:
        """An answer to what was sent ahead, as it came; None if it does not come: the request itself will say why."""
        try:
            while len(self._replies) <= index:
                self._replies.append(self._frame(time.monotonic() + self.limits.call_s))
        except SubmissionFailed:
            return None
        return self._replies[index]

    def forget(self, patience: float) -> bool:
        """Drop the answers that nobody asked for. False if they take longer than `patience` seconds; then the job is over."""
        unread, deadline = len(self._ahead) - len(self._replies), time.monotonic() + patience
        self._ahead.clear()
        self._replies.clear()
        if self.failure or self.report:
            return False
        try:
            for _ in range(unread):
                self._frame(deadline)
            if not self._agenda:
                self._nothing_waits()
        except SubmissionFailed:
            return False
        return True

    def callback(self, function) -> wire.Callback:
        """Let student code call a function of the test, which stays here. It receives and returns plain data."""
        self._callbacks.append(function)
        return wire.Callback(len(self._callbacks) - 1)

    def request(
        self, message: dict, *, timeout: float | None = None, outgoing=None, incoming=None, ident=None, ahead=()
    ):
        """Send one request and wait for its answer.

        Args:
            message: Plain data with the key "op".
            timeout: Wall seconds; default `limits.call_s`. The job's own deadline holds too.
            outgoing, incoming, ident: Hooks of `wire.encode` and `wire.decode`.
            ahead: Frames to send in the same breath, see `reset`.

        Returns:
            (value or RemoteError, list of [index, new value] of arguments that were changed in place).

        Raises:
            SubmissionFailed: a limit or the protocol was broken. The job is over.
            GraderFault: the sandbox broke.
            Unforeseen: another request had been sent ahead. `forget`, then reset.
        """
        if not self._replies and (self.failure or self.report):
            raise self.failure or RuntimeError("this job is closed")
        if self.generation != self.sandbox.generation:
            raise GraderFault("the sandbox was restarted, and this job with it")
        hooks = {k: v for k, v in (("foreign", outgoing), ("ident", ident)) if v}
        seconds = self.limits.call_s if timeout is None else timeout
        deadline = min(self.deadline, time.monotonic() + seconds)
        self._number += 1
        number = self._number
        frame = b"".join(wire.encode({**message, "seq": number}, **hooks))
        while True:
            reply = self._reply_to(frame, deadline, incoming, ahead)
            if "callback" in reply:
                if self._ahead:  # the student's process takes what was sent ahead for the answer of the function
                    self._fail("crashed", "a function of the test was called while other requests were waiting")
                    raise Unforeseen
                if self._called_back is None:
                    self._called_back = len(self._said)
                frame = b"".join(wire.encode(self._call_back(reply), **hooks))
                continue
            if reply.get("skipped") and self.foreseen:
                raise Unforeseen  # a test that goes on after "not implemented"
            written = reply.get("written", [])
            if reply.get("seq") != number or type(written) is not list:
                raise self._fail("crashed", "the reply has the wrong number")
            for change in written:
                if type(change) is not list or len(change) != 2 or type(change[0]) is not int:
                    raise self._fail("crashed", "the reply lists changes that cannot be")
            value = RemoteError.read(reply["error"]) if "error" in reply else reply.get("ok")
            if value is None and "error" in reply:
                raise self._fail("crashed", "the reply is no exception")
            return value, written

    def close(self) -> None:
        """Kill the child and learn how it ended."""
        if self.report or self.generation != self.sandbox.generation or os.getpid() != self.sandbox._owner:
            return
        self._finish()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.close()
        except GraderFault:
            if kind is None:
                raise

    # how it works

    def _call_back(self, message: dict) -> dict:
        number, args, kwargs = message["callback"], message.get("args"), message.get("kwargs")
        if type(number) is not int or not 0 <= number < len(self._callbacks):
            raise self._fail("crashed", "the reply calls a function that does not exist")
        if type(args) is not list or type(kwargs) is not dict or any(type(key) is not str for key in kwargs):
            raise self._fail("crashed", "the reply calls a function in a way that cannot be")
        try:
            return {"returned": self._callbacks[number](*args, **kwargs)}
        except (SubmissionFailed, GraderFault):
            raise
        except Exception as error:  # noqa: BLE001 - the student's code sees it as raised by the function
            return {"raised": {"kind": type(error).__name__, "text": str(error)[:500]}}

    def _reply_to(self, frame: bytes, deadline: float, incoming, ahead=()) -> dict:
        """Write one frame, read one frame; or read only, if it was sent ahead."""
        if self._ahead:
            if self._ahead[0] != frame:
                raise Unforeseen
            self._ahead.popleft()
            data = self._replies.popleft() if self._replies else self._frame(deadline)
        elif self._agenda:
            raise Unforeseen
        else:
            self._outbox = [memoryview(part) for part in (frame, *ahead)]
            self._write()
            data = self._frame(deadline)
            self.foreseen = False
        self._said.append(frame)
        self.heard.append(data)
        self._size += len(frame) + len(data[0]) + len(data[1])
        if self._size > MAX_TEST or len(self.heard) > MAX_REQUESTS:
            raise self._fail("crashed", "the answers to one test are larger or more than they can be")
        if not self._ahead and not ahead and not self._agenda:
            self._nothing_waits()
        try:
            # A copy: the test may write into the arrays of its answers.
            reply = wire.decode(data[0], bytearray(data[1]), *([incoming] if incoming else []))
        except wire.ProtocolError as error:
            raise self._fail("crashed", str(error)) from None
        if type(reply) is not dict:
            raise self._fail("crashed", "the reply is no reply")
        return reply

    def _nothing_waits(self) -> None:
        if self._at < len(self._inbox) or self._outbox:
            raise self._fail("crashed", "a reply came before its request")

    def _frame(self, deadline: float) -> tuple[bytes | memoryview, bytes | memoryview]:
        """Header and body of the next frame."""
        start = self._at + wire.PREFIX.size
        if start <= len(self._inbox):  # most frames are small and have come with others
            header, body = wire.PREFIX.unpack_from(self._inbox, self._at)
            if (end := start + header + body) <= len(self._inbox):
                self._at = end
                return self._inbox[start : start + header], self._inbox[start + header : end]
        header, body = wire.PREFIX.unpack(self._take(wire.PREFIX.size, deadline))
        if header > wire.MAX_HEADER or body > wire.MAX_BODY:
            raise self._fail("crashed", "the reply claims to be larger than a reply can be")
        return self._take(header, deadline), self._take(body, deadline)

    def _take(self, size: int, deadline: float) -> memoryview:
        """The next bytes of the reply. Reads ahead a little: a small reply costs one system call."""
        start, self._at = self._at, self._at + size
        if self._at <= len(self._inbox):
            return memoryview(self._inbox)[start : self._at]
        view = memoryview(np.empty(size, np.uint8))
        at = len(self._inbox) - start
        view[:at], self._inbox, self._at = self._inbox[start:], b"", 0
        while at < size:
            self._wait(deadline)
            if size - at < 1 << 16:
                self._inbox = os.read(self._reply, 1 << 18)
                self._at = min(size - at, len(self._inbox))
                view[at : at + self._at] = self._inbox[: self._at]
                got = self._at
            else:
                got = os.readv(self._reply, [view[at:]])
            if not got:
                raise self._ended()
            at += got
        return view

    def _wait(self, deadline: float) -> None:
        """Until there is something to read, send what waits to be sent and collect what is printed."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._fail("timeout", "the time limit is over")
            ready = {key.fd for key, _ in self._selector.select(left)}
            if self._request in ready:
                self._write()
            if self._printed in ready and not self._drain():
                self._selector.unregister(self._printed)
                os.close(self._printed)
                self._printed = None
            if self._reply in ready:
                return

    def _write(self) -> None:
        waiting = self._request in self._selector.get_map()
        try:
            while self._outbox:
                sent = os.writev(self._request, self._outbox[:8])
                while self._outbox and sent >= len(self._outbox[0]):
                    sent -= len(self._outbox.pop(0))
                if sent:
                    self._outbox[0] = self._outbox[0][sent:]
        except BlockingIOError:
            if not waiting:
                self._selector.register(self._request, selectors.EVENT_WRITE)
            return
        except BrokenPipeError:
            raise self._ended() from None
        if waiting:
            self._selector.unregister(self._request)

    def _drain(self) -> bool:
        """Read what student code printed; False at the end."""
        chunk = os.read(self._printed, 1 << 16)
        self.output_total += len(chunk)
        self.output += chunk[: KEEP_OUTPUT - len(self.output)]
        if self.output_total > self.limits.output_bytes and not self.report:
            raise self._fail("crashed", f"it printed more than {self.limits.output_bytes} bytes")
        return bool(chunk)

    def _fail(self, verdict: str, text: str) -> SubmissionFailed:
        self.failure = SubmissionFailed(verdict, text)
        if not self.report:
            self._finish()
        return self.failure

    def _ended(self) -> SubmissionFailed:
        """The child has closed its pipe, so most likely it has ended: how?"""
        self._finish()
        status, cpu = self.report.status, self.report.cpu_s
        if status == -signal.SIGXCPU or (status == -signal.SIGKILL and cpu >= self.limits.cpu_s):
            return self._fail("timeout", f"it used more than {self.limits.cpu_s} seconds of CPU time")
        if status < 0:
            return self._fail("crashed", f"the process was ended by {signal.Signals(-status).name}")
        return self._fail("crashed", "the process ended by itself")

    def _finish(self) -> None:
        try:
            answer = self.sandbox._ask({"end": True})
            self.report = JobReport(**answer)
        except TypeError:
            raise GraderFault("the warm process reported something else") from None
        finally:
            self.sandbox._job = None
            if self.report:
                self._read_rest()
                self.sandbox._stale = not self.report.clean
            self._close_pipes()

    def _read_rest(self) -> None:
        if self._printed is None:
            return
        try:
            for _ in range(64):  # the pipe is bounded; what was printed before the end
                if not self._drain():
                    break
        except BlockingIOError:
            pass

    def _close_pipes(self) -> None:
        self._selector.close()
        for fd in (self._request, self._reply, self._printed):
            if fd is not None:
                os.close(fd)
        self._request = self._reply = self._printed = None
