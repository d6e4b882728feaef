"""The wall, from both sides: what student code can use up, whom it can reach, and what is left when it has ended.

tests/test_sandbox.py shows that attacks end with the right verdict; here their effects are measured from outside, on
two sandboxes at once, as an ordinary user, and on a machine without user namespaces.
"""

import contextlib
import errno
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from classroom import descendants
from test_sandbox import WALLS, gone, run, start, still_sound

from autograder.sandbox import host, lockdown
from autograder.sandbox.host import Limits, Sandbox, SubmissionFailed
from autograder.student import RemoteStudent

BUDGET = 128 << 20
SLACK = 16 << 20  # of the peak beyond what the warm process and the budget hold


@pytest.fixture(scope="module", params=WALLS)
def sandbox(request):
    yield from start(request.param)


@pytest.fixture(scope="module")
def other(sandbox):
    """A second sandbox of the same level, at the same time."""
    yield from start(sandbox.level)


# ---- memory, time, output, files ---------------------------------------------------------------------------------

GREED = {
    "numpy": "import numpy\ndef grow(): kept.append(numpy.ones(1 << 17))",
    "torch": "import torch\ndef grow(): kept.append(torch.ones(1 << 18))",
    "bytes": "def grow(): kept.append(b'x' * (1 << 20))",
    "small objects": "def grow(): kept.extend((n, str(n)) for n in range(len(kept), len(kept) + 1000))",
    "shared mapping": "import mmap\ndef grow():\n  try: kept.append(mmap.mmap(-1, 1 << 20))\n"
    "  except OSError as error: raise MemoryError from error\n  kept[-1].write(bytes(1 << 20))",
    "one text": "kept.append('')\ndef grow(): kept[0] += 'x' * (1 << 20)",
    "one big array": "import numpy\ndef grow(): kept.append(numpy.ones(1 << 40))",
}


@pytest.mark.parametrize("what", GREED)
def test_memory_stays_within_its_budget(sandbox, what):
    """Whatever takes memory, and goes on when it is refused: the peak is that of the warm process plus the budget."""
    warm = descendants(sandbox._process.pid)[-1:] or [sandbox._process.pid]
    pages = int(Path(f"/proc/{warm[0]}/statm").read_text().split()[1])
    allowed = pages * os.sysconf("SC_PAGE_SIZE") + BUDGET + SLACK
    source = f"kept = []\n{GREED[what]}\ndef attack():\n  while True: grow()"
    stubborn = f"{source}\ndef attack():\n  while True:\n    try: grow()\n    except Exception: pass"
    # Out of memory, or crashed if what it holds leaves too little even for an answer.
    for text, verdicts in ((source, ("out_of_memory", "crashed")), (stubborn, ("timeout",))):
        limits = Limits(memory_bytes=BUDGET, call_s=1 if "timeout" in verdicts else 15)
        with sandbox.job(limits) as job:
            assert job.run_cell(text) is None
            with pytest.raises(SubmissionFailed) as caught:
                RemoteStudent(job).attack()
        assert caught.value.verdict in verdicts
        assert job.report.maxrss_kb << 10 <= allowed


def test_wall_time_is_counted_over_all_calls(sandbox):
    """Many calls that are short enough each end at the deadline of the job."""
    with sandbox.job(Limits(wall_s=2, call_s=5)) as job, pytest.raises(SubmissionFailed) as caught:  # noqa: PT012
        job.run_cell("import time\ndef attack(): time.sleep(0.3)")
        for _ in range(20):
            RemoteStudent(job).attack()
    assert caught.value.verdict == "timeout"


def test_cpu_time_is_counted_over_all_calls(sandbox):
    """Calls that are short enough each use up the CPU seconds of the job together."""
    with sandbox.job(Limits(cpu_s=1, call_s=30)) as job, pytest.raises(SubmissionFailed, match="CPU") as caught:  # noqa: PT012
        job.run_cell(
            "import time\ndef attack():\n  end = time.process_time() + 0.3\n  while time.process_time() < end: pass"
        )
        for _ in range(20):
            RemoteStudent(job).attack()
    assert caught.value.verdict == "timeout"
    assert 0.9 < job.report.cpu_s < 2.5


def test_printing_does_not_extend_the_deadline(sandbox):
    """A job that prints a little all the time is not taken for one that gets on."""
    with sandbox.job(Limits(call_s=0.5)) as job:
        job.run_cell("import os, time\ndef attack():\n  while True: os.write(1, b'.'), time.sleep(0.01)")
        begin = time.monotonic()
        with pytest.raises(SubmissionFailed) as caught:
            RemoteStudent(job).attack()
    assert caught.value.verdict == "timeout"
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("fd", [1, 2, 5])
def test_every_way_out_is_bounded(sandbox, fd):
    """stdout, stderr and the descriptor behind them: 64 KiB are kept, and a flood is read no further than its bound."""
    limits = Limits(output_bytes=1 << 20)
    with sandbox.job(limits) as job, pytest.raises(SubmissionFailed, match="printed more") as caught:
        job.run_cell(f"import os\nwhile True: os.write({fd}, bytes(1 << 16))")
    assert caught.value.verdict == "crashed"
    assert len(job.output) == host.KEEP_OUTPUT
    assert job.output_total <= limits.output_bytes + (5 << 20)  # and what stood in the pipe


FILES = """
import os
def attack(n):
    held = []
    try:
        while len(held) < n: held.append(os.open('/dev/null', os.O_RDONLY))
    except OSError as error: return len(held), error.errno
    return len(held), 0
def big(name):
    with open(name, 'wb', buffering=0) as f:
        try:
            for n in range(100): f.write(bytes(1 << 20))
        except OSError as error: return n, error.errno
    return n, 0
def writable(folders):
    found = []
    for folder in folders:
        try:
            os.close(os.open(folder + '/wall', os.O_CREAT | os.O_WRONLY))
            os.unlink(folder + '/wall')
            found.append(folder)
        except OSError: pass
    return found
"""


def test_files_are_bounded_in_number_and_size(sandbox):
    """64 open descriptors, 16 MiB for a file; and the next job has all of it again."""
    for _ in range(2):
        with sandbox.job() as job:
            job.run_cell(FILES)
            held, why = RemoteStudent(job).attack(1000)
            assert held < 64
            assert why == errno.EMFILE
        with sandbox.job() as job:
            job.run_cell(FILES)
            if sandbox.features["scratch"]:
                assert RemoteStudent(job).big("big") == (16, errno.EFBIG)


def test_only_scratch_can_be_written(sandbox, other, tmp_path):
    """No folder of the machine, of Python or of our own takes a file; the folder of the job does."""
    with sandbox.job() as job:
        folders = ["/", "/tmp", "/var/tmp", "/run", "/dev", "/dev/shm", "/proc/self", "/sandbox", "/course", "/home", "/root",
                   str(tmp_path), sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), host.course_folder()]  # fmt: skip
        for one in (sandbox, other):
            folders += [f"{one._temporary}/{name}" for name in ("", "modules", "course") if one._temporary]
        folders += [f"{other._temporary}/scratch"] if other._temporary else []
        job.run_cell(FILES)
        here = ["."] if sandbox.features["scratch"] else []
        assert RemoteStudent(job).writable([*folders, "."]) == here


# ---- system calls ------------------------------------------------------------------------------------------------

CALLS = """
import ctypes, errno, lockdown
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
column, _ = lockdown.ARCHITECTURES[lockdown.platform.machine()]
def attack():
    passed = []
    for name, numbers in lockdown.REFUSED.items():
        if numbers[column] is not None:
            ctypes.set_errno(0)
            if libc.syscall(ctypes.c_long(numbers[column]), 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
                passed.append(name)
    return passed
"""


def test_every_refused_call_is_refused(sandbox):
    """No system call of the table gets through, whatever its arguments."""
    assert run(sandbox, CALLS) == []
    still_sound(sandbox)


def test_the_table_of_calls_has_the_kernels_numbers():
    """The numbers for both architectures are those of the kernel's headers, as far as the headers know the calls."""
    headers = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h")
    if not all(map(os.path.exists, headers)):
        pytest.skip("needs linux-libc-dev on x86_64, whose headers name the numbers of both architectures")
    calls = {**lockdown.REFUSED, **lockdown.IGNORED, "clone": lockdown.CLONE, "clone3": lockdown.CLONE3,
             "kill": lockdown.KILL, "tgkill": lockdown.TGKILL, "prlimit64": lockdown.PRLIMIT, "prctl": lockdown.PRCTL,
             "ioctl": lockdown.IOCTL, "fcntl": lockdown.FCNTL, "open": lockdown.OPEN, "openat": lockdown.OPENAT,
             "socketpair": lockdown.SOCKETPAIR}  # fmt: skip
    compared = 0
    for column, header in enumerate(headers):
        pairs = re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
        known = {name: int(number) for name, number in pairs}
        newest = max(known.values())
        for name, numbers in calls.items():
            if numbers[column] is None or numbers[column] <= newest:
                assert known.get(name) == numbers[column], name
                compared += 1
    assert compared > 200


PROCESSES = {
    "spawn": "os.posix_spawn(sys.executable, ['python'], {})",
    "multiprocessing": "multiprocessing.Process(target=print).start()",
    "pool": "concurrent.futures.ProcessPoolExecutor(1).submit(print).result()",
    "threads": "concurrent.futures.ThreadPoolExecutor(1).submit(print).result()",
    "data loader": "next(iter(torch.utils.data.DataLoader([1], num_workers=1)))",
    "shell": "os.system('true') and fail()",
    "vfork": "clone(0x4000 | 0x100 | 17)",
    "thread without libc": "clone(0x10000 | 0x800 | 0x100)",
    "clone3": "check(libc.syscall(435, ctypes.create_string_buffer(88), 88))",
    "daemon": "os.setsid()",
    "move to another group": "os.setpgid(0, 0)",
    "datagram socket": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "other kinds of sockets": "socket.socketpair(30, socket.SOCK_STREAM)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "lease": "fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, 0)",
    "watch a folder": "fcntl.fcntl(os.open(os.path.dirname(os.__file__), os.O_RDONLY), 1026, 2)",
    "type into a terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "shared memory": "multiprocessing.shared_memory.SharedMemory(create=True, size=100)",
    "semaphore": "multiprocessing.Lock()",
}  # fmt: skip
PRELUDE = """
import concurrent.futures, ctypes, fcntl, multiprocessing.shared_memory, os, platform, socket, sys, torch
libc = ctypes.CDLL(None, use_errno=True)
def check(got):
    if got == 0: os._exit(0)  # we are the child
    if got < 0: raise OSError(ctypes.get_errno(), "refused")
def clone(flags): check(libc.syscall(56 if platform.machine() == "x86_64" else 220, flags, 0, 0, 0, 0))
def fail(): raise OSError("refused")
"""


@pytest.mark.parametrize("what", PROCESSES)
def test_every_way_to_another_process_is_refused(sandbox, what):
    """Processes, threads, sockets and what is shared between processes: an exception, no hang, and the job goes on."""
    before = set(descendants(sandbox._process.pid))
    with sandbox.job() as job:
        assert job.run_cell(PRELUDE) is None
        error = job.run_cell(PROCESSES[what])
        assert error is not None
        assert set(error.kinds) & {"OSError", "RuntimeError", "BrokenProcessPool"}, error
        assert job.run_cell("alive = 1") is None
        assert len(set(descendants(sandbox._process.pid)) - before) == 1
    assert set(descendants(sandbox._process.pid)) == before


PIN = """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
class Piece(ctypes.Structure): _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def attack():
    m = mmap.mmap(-1, 1 << 12)
    m.write(b"x")
    piece = Piece(ctypes.addressof(ctypes.c_char.from_buffer(m)), 1 << 12)
    return libc.vmsplice(os.pipe()[1], ctypes.byref(piece), ctypes.c_size_t(1), 0)
"""


def test_a_pipe_cannot_hold_memory_that_is_no_longer_mapped(sandbox):
    """vmsplice into a pipe, which keeps whole huge pages that no limit counts, is refused."""
    assert run(sandbox, PIN) == -1


# ---- files of the machine ----------------------------------------------------------------------------------------

HARM = """
import ctypes, fcntl, os, socket, struct
def tries(path):
    folder = os.path.dirname(path)
    yield "chmod", lambda: os.chmod(path, 0)
    yield "fchmod", lambda: os.fchmod(os.open(path, os.O_RDONLY), 0)
    yield "folder", lambda: os.chmod(folder, 0)
    yield "utime", lambda: os.utime(path, (1, 1))
    yield "chown", lambda: os.chown(path, os.getuid(), 12345)
    yield "truncate", lambda: os.truncate(path, 0)
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_TRUNC, 3, 3 | os.O_TRUNC, os.O_APPEND | 1):
        yield f"open {flags:o}", lambda flags=flags: os.open(path, flags)
    yield "attribute", lambda: os.setxattr(path, "user.a", b"1")
    yield "flags", lambda: fcntl.ioctl(os.open(path, os.O_RDONLY), 0x40086602, struct.pack("l", 0x40))
    yield "flags without opening", lambda: fcntl.ioctl(os.open(path, 3), 0x40086602, struct.pack("l", 0x40))
    yield "remove", lambda: os.unlink(path)
    yield "rename", lambda: os.rename(path, path + "2")
    yield "link out", lambda: os.link(path, "mine")
    yield "link in", lambda: os.symlink("/", folder + "/mine")
    yield "folder in", lambda: os.mkdir(folder + "/mine")
    yield "lease", lambda: fcntl.fcntl(os.open(path, os.O_RDONLY), 1024, 0)
def attack(paths, service):
    passed = []
    for path in paths:
        for name, action in tries(path):
            try:
                action()
                passed.append(name)
            except OSError: pass
    try: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"hello", service)
    except OSError: passed.append("no datagram")
    return passed, open(paths[0]).read()
"""


def state_of(folder: Path):
    """All about a folder and its files that an attacker could change."""
    found = {}
    for path in (folder, *sorted(folder.iterdir())):
        info = path.stat()
        found[path.name] = (
            stat.filemode(info.st_mode),
            info.st_uid,
            info.st_gid,
            info.st_size,
            info.st_mtime_ns,
            info.st_ctime_ns,
        )
    return found


def test_files_of_the_machine_stay_as_they_are(sandbox, tmp_path, monkeypatch):
    """Contents, names, modes and times of files that the user may change, in sight of student code and out of it."""
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    for folder in (shown, hidden):
        folder.mkdir()
        (folder / "grades").write_text("100")
    visible = (*host.visible_paths(), str(shown))
    monkeypatch.setattr(host, "visible_paths", lambda: visible)
    before = state_of(shown), state_of(hidden)
    # A socket's path must be short, or nobody could send there at all.
    with tempfile.TemporaryDirectory(dir="/tmp") as short, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
        service.bind(f"{short}/service")
        os.chmod(f"{short}/service", 0o777)
        service.setblocking(False)
        with Sandbox(sandbox.level) as one:
            passed, read = run(one, HARM, paths=[f"{shown}/grades", f"{hidden}/grades"], service=f"{short}/service")
        with pytest.raises(BlockingIOError):
            service.recv(10)
    assert read == "100"  # it was in sight: the rest is no accident
    assert (state_of(shown), state_of(hidden)) == before
    assert set(passed) <= {"chmod", "fchmod", "folder", "utime", "no datagram"}  # ignored, and so without effect


# ---- two submissions at once -------------------------------------------------------------------------------------

REACH = """
import ctypes, os, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
class Piece(ctypes.Structure): _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def checked(got):
    if got < 0: raise OSError(ctypes.get_errno(), "refused")
def copy(call, pid):
    here = ctypes.create_string_buffer(8)
    ours, theirs = Piece(ctypes.addressof(here), 8), Piece(ctypes.addressof(here), 8)
    checked(call(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0))
def tries(pid):
    for number in (0, 9, 15, 19): yield f"kill {number}", lambda number=number: os.kill(pid, number)
    yield "killpg", lambda: os.killpg(pid, 9)
    yield "tgkill", lambda: checked(libc.tgkill(pid, pid, 9))
    yield "sigqueue", lambda: checked(libc.sigqueue(pid, 9, None))
    yield "pidfd", lambda: os.pidfd_open(pid)
    for request in (16, 0x4206): yield f"ptrace {request}", lambda request=request: checked(libc.ptrace(request, pid, 0, 0))
    yield "read memory", lambda: copy(libc.process_vm_readv, pid)
    yield "write memory", lambda: copy(libc.process_vm_writev, pid)
    yield "see limits", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE)
    yield "limit", lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))
    yield "affinity", lambda: os.sched_setaffinity(pid, {0})
    yield "priority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19)
    for name in ("mem", "environ", "cmdline", "maps", "stat", "status", "root", "cwd", "fd", "exe"):
        yield name, lambda name=name: os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
        yield f"link {name}", lambda name=name: os.readlink(f"/proc/{pid}/{name}")
def attack(pids, folders, ids):
    done = []
    for pid in {*pids, *range(1, 30), os.getppid()} - {os.getpid()}:
        for name, action in tries(pid):
            try:
                action()
                done.append((pid, name))
            except OSError: pass
    for folder in folders:
        try: done += os.listdir(folder)
        except OSError: pass
    try:
        socket.socket(socket.AF_UNIX).connect("\\0traindeep-wall")
        done.append("abstract socket")
    except OSError: pass
    for name, call in (("shm", libc.shmctl), ("msg", libc.msgctl), ("sem", lambda n, what, x: libc.semctl(n, 0, what))):
        for n in ids:
            if call(n, 0, None) == 0: done.append(f"removed {name} {n}")
            if call(n, 2, ctypes.create_string_buffer(500)) == 0: done.append(f"looked at {name} {n}")
    return done
"""


def test_submissions_cannot_reach_each_other(sandbox, other):
    """With two at work no signal, trace, memory, file, socket or shared memory leads from one to the other or to us."""
    secret = "secret = 'SECRET'\nimport os\nos.path.isdir('.') and open('left', 'w').close()"
    if not sandbox.features["scratch"]:
        secret = "secret = 'SECRET'"
    with other.job() as victim, socket.socket(socket.AF_UNIX) as service:
        service.bind("\0traindeep-wall")
        service.listen()
        assert victim.run_cell(secret) is None
        family = descendants(os.getpid())
        os.kill(family[-1], 0)  # outside this is allowed
        folders = [f"{other._temporary}/scratch"] if other._temporary else []
        ours = [os.getpid(), os.getppid(), *family]
        with sandbox.job() as job:
            assert job.run_cell(REACH) is None
            assert RemoteStudent(job).attack(ours, folders, list(range(50))) == []
        assert RemoteStudent(victim).secret == "SECRET"
        assert set(descendants(os.getpid())) == set(family)
        assert victim.report is None
    assert victim.report.status == -9  # by us, at the end
    still_sound(sandbox)


# ---- afterwards --------------------------------------------------------------------------------------------------

LITTER = """
import atexit, fcntl, os, signal, socket, threading, torch
def leave(action):
    try: action()
    except Exception: pass
leave(lambda: atexit.register(lambda: open('late', 'w')))
for number in range(1, 32): leave(lambda: signal.signal(number, signal.SIG_IGN))
leave(lambda: os.setsid())
leave(lambda: os.fork())
leave(lambda: threading.Thread(target=print).start())
leave(lambda: threading.Timer(0.1, print).start())
leave(lambda: fcntl.lockf(open('lock', 'w'), fcntl.LOCK_EX))
leave(lambda: os.makedirs('a/b/c'))
leave(lambda: os.symlink('/', 'a/root'))
leave(lambda: open('/dev/shm/left', 'w'))
leave(lambda: open('/tmp/left', 'w'))
held = [socket.socketpair() for _ in range(20)]
signal.setitimer(signal.ITIMER_REAL, 1000)
class Late:
    def __del__(self):
        while True: pass
late = Late()
"""


def around(sandbox) -> dict:
    """What a job could leave on the machine."""
    warm = descendants(sandbox._process.pid)
    others = ("sem.loky-", "traindeep-fuzz-")  # scikit-learn's joblib and the fuzz, in this and other test processes
    found = {
        "processes": warm,
        "shared": sorted(name for name in os.listdir("/dev/shm") if not name.startswith(others)),
    }
    for name in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError):
            found[name] = Path(f"/proc/sysvipc/{name}").read_text().splitlines()[1:]
    for pid in warm:
        with contextlib.suppress(OSError):  # only root may look
            found[f"mounts of {pid}"] = Path(f"/proc/{pid}/mounts").read_text()
            found[f"descriptors of {pid}"] = sorted(os.listdir(f"/proc/{pid}/fd"))
    if sandbox._temporary:
        found["files"] = sorted(map(str, Path(sandbox._temporary).rglob("*")))
    return found


ENDINGS = {"in order": "pass", "hanging": "while True: pass", "exit": "import os; os._exit(0)",
           "crash": "import ctypes; ctypes.string_at(0)"}  # fmt: skip


@pytest.mark.parametrize("how", ENDINGS)
def test_nothing_outlives_its_submission(sandbox, how):
    """However a job ends: no process, mount, descriptor, file, lock or shared memory of it is left, and no code runs late."""
    still_sound(sandbox)
    before = around(sandbox)
    with contextlib.suppress(SubmissionFailed), sandbox.job(Limits(call_s=1)) as job:
        job.run_cell(LITTER)
        mine = set(descendants(sandbox._process.pid)) - set(before["processes"])
        assert len(mine) == 1
        job.run_cell(ENDINGS[how])
    assert gone(mine)
    assert around(sandbox) == before
    assert not any(f": {pid} " in Path("/proc/locks").read_text() for pid in mine)
    still_sound(sandbox)


# ---- other users, other machines ---------------------------------------------------------------------------------

CORE = ("test_memory_stays_within_its_budget and small", "test_only_scratch_can_be_written",
        "test_every_refused_call_is_refused", "test_files_of_the_machine_stay_as_they_are",
        "test_submissions_cannot_reach_each_other", "test_nothing_outlives_its_submission and order")  # fmt: skip
NOBODY = 65534
BECOME = f"""
import os, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def again(prefix: list[str], folder: Path, *become: str) -> str:
    """What pytest says of the core of this file when run by another command."""
    folder.chmod(0o777)
    command = [*prefix, sys.executable, *become, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", "--basetemp",
               str(folder / "pytest"), __file__, "-k", " or ".join(f"({name})" for name in CORE)]  # fmt: skip
    environment = {**os.environ, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env=environment,
                          cwd=Path(__file__).parents[1])  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


def opened(path: str) -> list[str]:
    """A command under which everybody can reach a path that lies in a closed folder, such as a Python below /root."""
    parents = [str(parent) for parent in reversed(Path(os.path.realpath(path)).parents)]
    closed = next((p for p in parents if not os.stat(p).st_mode & stat.S_IXOTH), None)
    if closed is None:
        return []
    between = [p for p in parents if p.startswith(closed + "/")]
    command = ["bwrap", "--dev-bind", "/", "/", "--cap-add", "ALL", "--perms", "0755", "--tmpfs", closed]
    for parent in between:
        command += ["--perms", "0755", "--dir", parent]
    return [*command, "--ro-bind", os.path.realpath(path), os.path.realpath(path), "--"]


def test_the_wall_stands_for_an_ordinary_user(tmp_path_factory):
    """The core of this file, run by root as a user without any rights."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user; for an ordinary one the rest of this file is the proof")
    wrapper = opened(sys.base_prefix)
    if wrapper and host.why_not("bubblewrap"):
        pytest.skip(f"{sys.base_prefix} can be read by root only")
    folder = Path(__file__).parents[1]
    if any(not os.stat(p).st_mode & stat.S_IXOTH for p in (folder, *folder.parents)):
        pytest.skip(f"{folder} can be read by root only")
    said = again(wrapper, shared_folder(tmp_path_factory), "-c", BECOME)
    assert int(re.search(r"(\d+) passed", said)[1]) == len(CORE) * sum(not host.why_not(level) for level in WALLS)


def shared_folder(factory) -> Path:
    """A folder that any user can reach: pytest's own lie in one that is closed."""
    folder = factory.mktemp("shared")
    for parent in (folder, *folder.parents):
        if parent.owner() == "root" and parent.name.startswith(("pytest-", "popen-", "shared")):
            parent.chmod(0o755)
    return folder


PROBE = """
from autograder.sandbox.host import SandboxUnavailable, choose_isolation
try: choose_isolation("bubblewrap")
except SandboxUnavailable as error: print(error)
print(choose_isolation())
"""


def test_a_machine_without_user_namespaces(tmp_path):
    """bubblewrap is refused in one line that says why and what to do, and the level without a wall still holds."""
    if host.why_not("bubblewrap") or host.why_not("confined"):
        pytest.skip("needs bubblewrap, to take the namespaces away, and Landlock")
    prefix = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--"]
    if "--disable-userns" not in subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout:
        pytest.skip("this bubblewrap cannot take user namespaces away; 0.8 can")
    done = subprocess.run([*prefix, sys.executable, "-c", PROBE], capture_output=True, text=True,
                          cwd=Path(__file__).parents[1])  # fmt: skip
    refused, chosen = done.stdout.splitlines()
    assert re.match(
        r"isolation bubblewrap: bubblewrap cannot start \(.*namespace.*\); (allow|on Ubuntu load) ", refused
    )
    assert chosen == "confined"
    said = again(prefix, tmp_path)
    assert "bubblewrap cannot start" in said  # those are skipped, with the reason
    assert int(re.search(r"(\d+) passed", said)[1]) == len(CORE)
