"""What an attack may aim at, and whether it has hit.

A `World` is made once for a run. It plants a secret wherever a submission may look for one, listens where it may call,
and remembers what must stay as it is. After each attack, `World.harm` says in sentences what is no longer so.
"""

import base64
import builtins
import collections
import contextlib
import csv
import ctypes
import importlib
import io
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import torch
from frame import ASSIGNMENT

ENVIRONMENT = "HOSTILE_TOKEN"
SETTLE_S = 3.0  # what was killed may take a moment to go
GROWTH = 1 << 30  # bytes: the largest frame has 64 MiB, and nothing a submission says needs more than a few of them
SUBREAPER = 36  # a prctl: orphans below this process become its children, so that none is lost from sight


class World:
    """Targets, all of them canaries.

    Attributes:
        token: A secret. It stands in the environment of the grader, in `secret`, `gradebook` and `tests`, and in the
            honest neighbour's notebook. No output may hold it.
        marker: A text that an attack may try to bring out of a hidden call; no output may hold it either. In the name
            of a file it says whose the file is: none may appear outside the sandbox.
        spelled: A Python expression whose value is the marker, but whose text does not hold it.
        submitted: The folder of the class.
        secret, gradebook, tests: Files beside it.
        neighbour: The notebook of an honest student.
        home, tmp: The grader's home and its folder for temporary files.
        out: Where the results of the attack that runs now are written.
        course: The root of the course.
        pid: The grader's process.
        port: A TCP service on 127.0.0.1.
        datagrams: A UDP service on 127.0.0.1.
        socket: The path of a unix socket.
        abstract: The name of an abstract unix socket, without its leading NUL.
    """

    def __init__(self, course):
        self.token, self.marker = f"tok{secrets.token_hex(12)}", f"mrk{secrets.token_hex(12)}"
        self.spelled = f"({self.marker[:9]!r} + {self.marker[9:]!r})"
        self.course, self.pid = course, os.getpid()
        self.base = Path(tempfile.mkdtemp(prefix="hostile-")).resolve()
        self.submitted, self.home, self.tmp = self.base / "class/submitted", self.base / "home", self.base / "tmp"
        for folder in (self.submitted, self.home / ".config", self.tmp):
            folder.mkdir(parents=True)
        self.secret, self.gradebook = self.base / "class/secret.txt", self.base / "class/gradebook.db"
        self.tests = self.base / "class/source" / ASSIGNMENT / "hidden_tests.py"
        self.tests.parent.mkdir(parents=True)
        for path in (self.secret, self.gradebook, self.tests):
            path.write_text(f"# {self.token}\n")
        self.neighbour = self.submitted / "s00-honest" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        self.out = self.base / "out"
        self._listen()
        # In this order: what `close` puts back is what was there before.
        self._restore = {"HOME": os.environ.get("HOME"), "TMPDIR": os.environ.get("TMPDIR"), ENVIRONMENT: None}
        self._tempdir = tempfile.tempdir
        os.environ |= {"HOME": str(self.home), "TMPDIR": str(self.tmp), ENVIRONMENT: self.token}
        tempfile.tempdir = str(self.tmp)
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)

    def _listen(self) -> None:
        """Sockets on which nobody answers: that somebody has called is seen afterwards."""
        self.services = {name: socket.socket(socket.AF_INET) for name in ("a TCP service",)}
        self.services["a TCP service"].bind(("127.0.0.1", 0))
        self.port = self.services["a TCP service"].getsockname()[1]
        datagrams = self.services["a UDP service"] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        self.datagrams = datagrams.getsockname()[1]
        self.socket, self.abstract = self.base / "service", f"hostile-{secrets.token_hex(4)}"
        for name, address in (("a unix socket", str(self.socket)), ("an abstract socket", f"\0{self.abstract}")):
            self.services[name] = socket.socket(socket.AF_UNIX)
            self.services[name].bind(address)
        for name, service in self.services.items():
            service.setblocking(False)
            if name != "a UDP service":
                service.listen(64)

    def close(self) -> None:
        for service in self.services.values():
            service.close()
        for name, value in self._restore.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        tempfile.tempdir = self._tempdir
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(SUBREAPER, 0, 0, 0, 0)
        remove(self.base)

    # ---- before and after

    def remember(self, grader) -> None:
        """Call before each attack, when its submission is written and the grader is warm."""
        self._files = self._listing(grader)
        self._modules, self._state = dict(sys.modules), state()
        self._objects = objects()
        self._processes = processes()
        self._peak = peak_memory(reset=True)

    def harm(self, grader, said: str = "") -> list[str]:
        """What is no longer as `remember` saw it, and what got out. `said` is what the grader printed meanwhile."""
        found = [f"{service} was called" for service in self._called()]
        found += self._changed_files(grader)
        found += self._leaks(said)
        for page in sorted(self.out.rglob("*.html")):
            if page.parent.name not in ("s00-honest", "s99-honest"):
                found += [f"the feedback page holds {what}" for what in active(page.read_text(encoding="utf-8"))]
        for table in self.out.glob("*.csv"):
            found += [
                f"grades.csv holds the cell {cell[:60]!r}" for cell in formulas(table.read_text(encoding="utf-8"))
            ]
        found += self._grader_changed()
        found += self._left_processes(grader)
        return found

    def _called(self) -> list[str]:
        found = []
        for name, service in self.services.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    if name == "a UDP service":
                        service.recv(1 << 16)
                    else:
                        service.accept()[0].close()
                    found.append(name)
        return list(dict.fromkeys(found))

    # ---- files

    def _listing(self, grader) -> dict[str, tuple]:
        warm = getattr(grader._sandbox, "_temporary", None)  # the one folder that a grader without bubblewrap needs
        roots = [self.base / "class", self.home, self.tmp]
        roots += [self.course / name for name in ("autograder", "lib", "solutions", "notebooks")]
        found = listing(roots, skip={warm, str(self.out)})
        found |= {f"{self.course}/{name}": () for name in os.listdir(self.course) if not name.startswith(".")}
        return found

    def _changed_files(self, grader) -> list[str]:
        before, after = self._files, self._listing(grader)
        found = [f"the file {path} appeared" for path in after.keys() - before.keys()]
        found += [f"the file {path} is gone" for path in before.keys() - after.keys()]
        found += [
            f"the file {path} was changed" for path in before.keys() & after.keys() if before[path] != after[path]
        ]
        for path in (self.secret, self.gradebook, self.tests):
            if not path.is_file() or path.read_text() != f"# {self.token}\n":
                found.append(f"the canary {path.name} was changed")
        marked = [self.course, self.course.parent, *map(Path, ("/", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home"))]
        for folder in marked:
            with contextlib.suppress(OSError):
                found += [f"the file {folder / name} appeared" for name in os.listdir(folder) if self.marker in name]
        warm = getattr(grader._sandbox, "_temporary", None)
        if warm and os.path.isdir(f"{warm}/scratch") and (left := os.listdir(f"{warm}/scratch")):
            found.append(f"{left[0]!r} was left in the scratch folder")
        return sorted(found)

    def _leaks(self, said: str) -> list[str]:
        places = {path.relative_to(self.out).as_posix(): path for path in self.out.rglob("*") if path.is_file()}
        texts = {name: path.read_bytes() for name, path in places.items()} | {"the grader's own output": said.encode()}
        found = []
        for name, text in texts.items():
            for what, secret in (("the planted secret", self.token), ("what a hidden call said", self.marker)):
                if any(form in text or form in name.encode() for form in forms(secret)):
                    found.append(f"{name} holds {what}")
        return found

    # ---- the grader and its processes

    def _grader_changed(self) -> list[str]:
        found = []
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                found.append(f"the grader's module {name} was replaced")
        for name in sys.modules.keys() - self._modules.keys():
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(self.base)):
                found.append(f"the grader imported {file}")
        before, after = self._objects, objects()
        found += [f"the grader's {name} was replaced" for name in before if after.get(name) is not before[name]]
        now = state()
        for name in now:
            if now[name] != self._state[name]:
                found.append(f"the grader's {name} changed: {difference(self._state[name], now[name])}"[:300])
        if (grown := peak_memory() - self._peak) > GROWTH:
            found.append(f"the grader grew by {grown >> 20} MiB")
        return found

    def _left_processes(self, grader) -> list[str]:
        """More processes of a name than there were: the warm one may have been replaced by another."""
        known = collections.Counter(name for name, letter in self._processes.values() if letter != "Z")
        end = time.monotonic() + SETTLE_S
        while True:
            now = processes()
            collect_zombies(now, keep=getattr(getattr(grader._sandbox, "_process", None), "pid", 0))
            extra = collections.Counter(name for name, letter in now.values() if letter != "Z") - known
            if not extra:
                return []
            if time.monotonic() > end:
                return [f"{count} process {name} was left behind" for name, count in sorted(extra.items())]
            time.sleep(0.05)


# ---- parts of it, each for itself --------------------------------------------------------------------------------


def forms(secret: str) -> tuple[bytes, ...]:
    """How a secret may be written."""
    data = secret.encode()
    inner = base64.b64encode(data).rstrip(b"=")
    return data, data[::-1], data.hex().encode(), data.upper(), inner[:-1], repr(list(data)).encode()[1:-1]


def listing(roots, skip: set[str] = frozenset(), limit: int = 20_000) -> dict[str, tuple]:
    """Path -> kind, size and time of change of everything below; does not follow links and does not open files."""
    found: dict[str, tuple] = {}
    todo = [str(root) for root in roots]
    while todo and len(found) < limit:
        folder = todo.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.path in skip or entry.name in ("__pycache__", ".ruff_cache"):
                continue
            with contextlib.suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    found[entry.path] = (info.st_mode,)
                    if len(entry.path) < 3000:
                        todo.append(entry.path)
                else:
                    found[entry.path] = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_nlink)
    return found


def remove(path: Path) -> None:
    """Remove a folder however deep it is; shutil recurses."""
    subprocess.run(["rm", "-rf", "--", str(path)], check=False, stderr=subprocess.DEVNULL)


class Active(HTMLParser):
    """Finds what a browser would run or load."""

    TAGS = ("script", "iframe", "object", "embed", "form", "base", "link", "applet", "foreignobject", "svg", "math")

    def __init__(self, text: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in self.TAGS:
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            address = "".join(c for c in value or "" if c.isprintable() and not c.isspace()).lower()
            external = (
                name in ("src", "srcset", "poster", "background", "data", "xlink:href") and address[:5] != "data:"
            )
            if name.startswith("on") or external or address.startswith(("javascript:", "vbscript:", "data:text")):
                self.found.append(f"<{tag} {name}={value!r}>"[:100])
            if name == "http-equiv" and address == "refresh":
                self.found.append("<meta refresh>")


def active(html: str) -> list[str]:
    """What a page would run or load; our pages hold none of it."""
    return Active(html).found


def formulas(table: str) -> list[str]:
    """Cells that a spreadsheet would take for a formula."""
    found = []
    for row in csv.reader(io.StringIO(table)):
        for cell in row:
            first = unicodedata.normalize("NFKC", cell.lstrip("\N{REPLACEMENT CHARACTER} ;|,"))[:1]
            if cell[:1] in "\t\r\n" and cell or first in tuple("=+@") or (first == "-" and not number(cell)):
                found.append(cell)
    return found


def number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


PLACES = (
    "builtins", "math", "os", "os.path", "io", "json", "csv", "re", "time", "hashlib", "random", "numpy", "numpy.random",
    "numpy.linalg", "numpy.testing", "torch", "torch.testing", "torch.nn.functional", "pytest", "traindeep.compare",
    "traindeep.checks", "traindeep.student", "autograder.grading", "autograder.student", "autograder.result",
    "autograder.sandbox.host", "autograder.sandbox.wire",
)  # fmt: skip


def objects() -> dict[str, object]:
    """The functions and classes that a grade depends on, by name."""
    found = {}
    for place in PLACES:
        module = importlib.import_module(place)
        found |= {f"{place}.{name}": value for name, value in vars(module).items() if callable(value)}
    return found


def state() -> dict[str, object]:
    """The global state of the grader's process that a submission must not reach."""
    handlers = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE, signal.SIGCHLD):
        handlers[number.name] = signal.getsignal(number)
    return {
        "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "working directory": os.getcwd(),
        "sys.stdout": id(sys.stdout),
        "sys.stderr": id(sys.stderr),
        "sys.path": list(sys.path),
        "sys.meta_path": list(map(id, sys.meta_path)),
        "recursion limit": sys.getrecursionlimit(),
        "trace function": sys.gettrace() if "coverage" not in sys.modules else None,
        "signal handlers": handlers,
        "NumPy errors": np.geterr(),
        "torch threads": torch.get_num_threads(),
        "torch dtype": torch.get_default_dtype(),
        "torch gradients": torch.is_grad_enabled(),
        "built-in names": sorted(vars(builtins).keys() - {"_"}),
        "open files": open_files(),
    }


def difference(before, after) -> str:
    """Two states in words; of dicts only the keys that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        before, after = ({key: values.get(key) for key in keys} for values in (before, after))
    return f"{before!r} -> {after!r}"


def open_files() -> int:
    """Rounded: the sandbox opens a few more at times; a leak of one per submission would show over the run."""
    try:
        return len(os.listdir("/proc/self/fd")) // 32
    except OSError:
        return 0


def peak_memory(*, reset: bool = False) -> int:
    """The most memory that this process has held since the last reset, in bytes."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def processes() -> dict[int, tuple[str, str]]:
    """Process id -> (name, state) of everything below this process."""
    parents: dict[int, list] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{entry}/stat").read_text(errors="replace")
            name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
            parents.setdefault(int(rest[1]), []).append((int(entry), name, rest[0]))
    found, todo = {}, [os.getpid()]
    while todo:
        for pid, name, letter in parents.get(todo.pop(), ()):
            found[pid] = (name, letter)
            todo.append(pid)
    return found


def collect_zombies(now: dict[int, tuple[str, str]], keep: int) -> None:
    """Orphans that ended come to us; nobody else waits for them."""
    for pid, (_, letter) in now.items():
        if letter == "Z" and pid != keep:
            with contextlib.suppress(ChildProcessError, OSError):
                os.waitpid(pid, os.WNOHANG)
