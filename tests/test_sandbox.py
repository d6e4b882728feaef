"""The sandbox: honest notebooks run, hostile ones harm nothing but themselves."""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from classroom import alive, descendants
from traindeep.student import StudentRaised

from autograder.sandbox import host
from autograder.sandbox.host import (
    GraderFault,
    Limits,
    Sandbox,
    SandboxUnavailable,
    SubmissionFailed,
    Unforeseen,
    choose_isolation,
)
from autograder.student import RemoteStudent

SMALL = Limits(memory_bytes=256 << 20, cpu_s=3, wall_s=20, call_s=5)
WALLS = ("bubblewrap", "confined")


@pytest.fixture(scope="module", params=[*WALLS, "none"])
def any_sandbox(request):
    yield from start(request.param)


@pytest.fixture(scope="module", params=WALLS)
def sandbox(request):
    yield from start(request.param)


def start(level):
    if host.why_not(level):
        pytest.skip(f"isolation {level}: {host.why_not(level)}")
    with Sandbox(level) as sandbox:
        yield sandbox


def run(sandbox, source, name="attack", limits=SMALL, **kwargs):
    """What the student's function returns when called in a new job."""
    with sandbox.job(limits) as job:
        error = job.run_cell(source)
        assert error is None, error
        return getattr(RemoteStudent(job), name)(**kwargs)


def still_sound(sandbox):
    """The next job is a clean one: nothing left in scratch, in modules or in the process."""
    source = "import os, numpy\ndef attack(): return bool(numpy.allclose([1.0], [2.0])), os.listdir('.')"
    assert run(sandbox, source) == (False, [])


# ---- honest notebooks --------------------------------------------------------------------------------------------


def test_cells_share_names_and_survive_an_exception(any_sandbox):
    """A cell that raises ends alone; what was defined before it and after it counts."""
    with any_sandbox.job() as job:
        assert job.run_cell("import numpy as np\nx = np.arange(3)") is None
        error = job.run_cell("y = 1\nraise ValueError('gamma \\ud800')", name="<cell 2>")
        assert (error.kind, error.where) == ("ValueError", ("<cell 2>, line 2: raise ValueError('gamma \\ud800')",))
        assert error.text == "gamma ?"
        assert "Exception" in error.kinds
        assert job.run_cell("exit()").kind == "SystemExit"
        assert job.run_cell("z = int(x.sum()) + y") is None
        assert RemoteStudent(job).z == 4
    assert job.report.cpu_s > 0
    assert job.report.maxrss_kb > 0


@pytest.mark.parametrize("cell", [
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show(); plt.savefig('a.png')\nok = 1",
    "%%time\nok = 1", "%%bash\nrm -rf ~", "!pip install x\nok = 1", "if True:\n    %timeit 1\nok = 1", "len?\nok = 1",
    "import asyncio\nawait asyncio.sleep(0)\nok = 1", "display(1)\nget_ipython().run_line_magic('a', 'b')\nok = 1",
    "import matplotlib\nmatplotlib.use('TkAgg')\nok = 1", "import torch\ntorch.set_num_threads(64)\n"
    "a = torch.randn(300, 300); (a @ a).exp().sum(); ok = 1", "def f(x: Undefined) -> Missing: pass\nok = 1",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 0\nassert A(1) == A(1)\nok = 1",
    "def f(x):\n    return x\nimport inspect\nassert 'return x' in inspect.getsource(f)\nok = 1",
    "import pickle, copy\nclass A: pass\npickle.loads(pickle.dumps(A())); copy.deepcopy(A())\nok = 1",
    "try: input()\nexcept EOFError: ok = 1", "from tqdm.auto import tqdm\nlist(tqdm(range(3)))\nok = 1",
    "import torch\nm = torch.nn.Linear(2, 1); o = torch.optim.Adam(m.parameters())\n"
    "for _ in range(3): o.zero_grad(); m(torch.ones(4, 2)).sum().backward(); o.step()\nok = 1",
    "import torch, io\nb = io.BytesIO(); torch.save({'a': torch.ones(2)}, b); b.seek(0); torch.load(b)\nok = 1",
    "import traindeep\nok = 1",
])  # fmt: skip
def test_what_notebooks_contain_runs(any_sandbox, cell):
    """Magics, shell lines, figures, await, dataclasses, training and threads asked for: all harmless."""
    with any_sandbox.job() as job:
        assert job.run_cell(cell) is None
        assert cell.startswith("%%bash") or RemoteStudent(job).ok == 1


def test_a_syntax_error_is_the_students(any_sandbox):
    """A cell that is no Python is reported as SyntaxError, and the next cell runs."""
    with any_sandbox.job() as job:
        assert job.run_cell("def f(:\n  %magic").kind == "SyntaxError"
        assert job.run_cell("x = 1\0").kind in ("SyntaxError", "ValueError")
        assert job.run_cell("y = 1") is None


def test_output_is_kept_up_to_a_bound(any_sandbox):
    """The first 64 KiB of what is printed are kept, all of it is counted, and lone surrogates do not hurt."""
    with any_sandbox.job() as job:
        job.run_cell("import os\nprint('caf\\u00e9 \\ud800')\nos.write(2, b'\\xff')")
        job.run_cell("print('x' * 100000)")
    assert job.output.startswith("café \\ud800\n".encode() + b"\xff")
    assert (len(job.output), job.output_total) == (64 << 10, 11 + 2 + 1 + 100001)


def test_jobs_are_reproducible_from_their_seed(any_sandbox):
    """Two jobs with one seed draw the same numbers; a reset to a seed does too."""
    source = "import random, numpy as np, torch\ndef attack(): return random.random(), np.random.rand(), torch.rand(1).item()"
    drawn = []
    for seed in (1, 1, 2):
        with any_sandbox.job(seed=seed) as job:
            job.run_cell(source)
            drawn.append(RemoteStudent(job).attack())
            job.reset(seed)
            assert RemoteStudent(job).attack() == drawn[-1]
    assert drawn[0] == drawn[1] != drawn[2]


DISTURB = """
import os, sys, warnings, random, signal, numpy as np, torch
def disturb():
    torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False); torch.use_deterministic_algorithms(True)
    torch.set_num_threads(64); torch.autograd.set_detect_anomaly(True); torch.set_default_device("meta")
    np.seterr(all="raise"); np.set_printoptions(precision=1); warnings.simplefilter("error")
    os.makedirs("below", exist_ok=True); os.chdir("below"); os.close(1); sys.stdout = sys.stderr = None
    sys.setrecursionlimit(120); sys.settrace(lambda *a: None); signal.alarm(1); sys.path.clear()
def look():
    print("visible")
    return (str(torch.tensor(1.0).dtype), torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled(),
            torch.get_num_threads(), np.geterr()["under"], str(np.array([1.23456])), os.path.basename(os.getcwd()),
            sys.getrecursionlimit() > 500, sys.gettrace() is None, len(warnings.filters) > 1, bool(sys.path),
            torch.ones(1).device.type)
"""


def test_reset_restores_disturbed_state(any_sandbox):
    """After `reset`, global state that honest code disturbs is what it was."""
    with any_sandbox.job() as job:
        job.run_cell(DISTURB)
        before = RemoteStudent(job).look()
        RemoteStudent(job).disturb()
        assert RemoteStudent(job).look() != before
        assert job.reset(0)
        assert RemoteStudent(job).look() == before
        assert before[:5] == ("torch.float32", True, False, 1, "ignore")
    assert job.output.count(b"visible") == 2  # the one in between found no stdout


def test_a_reset_that_fails_says_so(any_sandbox):
    """Where the global state cannot be restored any more, `reset` is false and the grader takes a new job."""
    with any_sandbox.job() as job:
        job.run_cell("import numpy as np")
        assert job.reset(0)
        job.run_cell("np.geterr = None")
        assert not job.reset(0)


PURE = [
    "def f(x):\n    y = [x]\n    y.append(1)\n    return sum(y)",
    "import numpy as np, torch\nSCALE = np.ones(3)\ndef f(x):\n    torch.manual_seed(1); np.random.seed(2)\n    return float((SCALE * x).sum())",
    "from torch import nn\nimport torch\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.layer = nn.Linear(2, 2)\n    def forward(self, x): return self.layer(x)\n"
    "def f(x):\n    net = Net().eval()\n    setattr(net, 'extra', x)\n    return net(torch.ones(1, 2)).sum().item()",
]  # fmt: skip
STATEFUL = [
    "calls = 0\ndef f(x):\n    global calls\n    calls += 1\n    return calls",
    "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)",
    "def f(x, seen={}):\n    seen[len(seen)] = x\n    return len(seen)",
    "def make():\n    n = 0\n    def f(x):\n        nonlocal n\n        n += 1\n        return n\n    return f\nf = make()",
    "def f(x):\n    f.last = x\n    return x",
    "class A:\n    n = 0\ndef f(x):\n    A.n += 1\n    return A.n",
    "class A: pass\na = A()\ndef f(x):\n    a.x = x\n    return x",
    "import numpy as np\nrng = np.random.default_rng(0)\ndef f(x): return rng.random()",
    "import numpy as np\ntotal = np.zeros(2)\ndef f(x):\n    total[0] += x\n    return total[0]",
    "import torch\nw = torch.zeros(2, requires_grad=True)\ndef f(x):\n    (w.sum() * x).backward()\n    return 1",
    "import torch\nnet = torch.nn.BatchNorm1d(2)\ndef f(x):\n    net(torch.randn(4, 2))\n    return 1",
    "import numpy as np\ndef f(x):\n    np.allclose = max\n    return 1",
    "import torch\ndef f(x):\n    torch.Tensor.double = abs\n    return 1",
    "helper = abs\ndef f(x):\n    global helper\n    helper = max\n    return 1",
]  # fmt: skip
HIDDEN = [
    "import functools\n@functools.lru_cache\ndef f(x): return x",
    "numbers = iter(range(99))\ndef f(x): return next(numbers)",
    "def f(x):\n    globals()['n'] = x\n    return x",
]


@pytest.mark.parametrize("source", [*PURE, *STATEFUL, *HIDDEN])
def test_what_calls_leave_behind_is_noticed(any_sandbox, source):
    """A call that leaves something behind changes the fingerprint; where that cannot be told there is none."""
    with any_sandbox.job() as job:
        assert job.run_cell(source) is None
        job.reset(0)
        before = job.leftovers()
        RemoteStudent(job).f(3)
        job.reset(0)
        after = job.leftovers()
    assert (before == "") == (source in HIDDEN)
    if before:
        assert (before == after) == (source in PURE)


def test_functions_of_libraries_that_cells_replaced_count_as_left_behind(any_sandbox):
    """The comparison is with the warm process: it costs time only where a test has failed."""
    with any_sandbox.job() as job:
        assert job.run_cell("def f(x): return x") is None
        assert job.leftovers(libraries=False) == job.leftovers() != ""
        assert job.run_cell("import numpy as np\nnp.allclose = max") is None
        assert job.leftovers(libraries=False) != "" == job.leftovers()


# ---- requests sent ahead -----------------------------------------------------------------------------------------

COUNT = """
import time
seen = []
def f(x):
    seen.append(x)
    return len(seen)
def slow(x):
    time.sleep(60)
def apply(function, x):
    return function(x)
"""


def requests_of(sandbox, test):
    """What a test asks for, as the frames that can be sent ahead."""
    with sandbox.job() as job:
        job.run_cell(COUNT)
        job.reset(0)
        test(RemoteStudent(job, names=("f", "slow", "apply")))
        return job.said


def test_requests_sent_ahead_are_answered_once(any_sandbox):
    """A test whose requests were foreseen finds their answers; the calls were made once, in order."""

    def asks(student):
        return [student.f(x) for x in (5, 6, 7)] + [student.seen]

    ahead = requests_of(any_sandbox, asks)
    with any_sandbox.job() as job:
        job.run_cell(COUNT)
        assert job.reset(0, ahead)
        assert asks(RemoteStudent(job, names=("f",))) == [1, 2, 3, [5, 6, 7]]
        assert job.foreseen
        assert job.forget(1)
        assert job.reset(0)
        assert RemoteStudent(job).seen == [5, 6, 7]
        assert not job.foreseen


def test_another_request_than_the_foreseen_one_is_noticed(any_sandbox):
    """A test that asks for something else is told so, and after a reset it gets its own answer."""
    ahead = requests_of(any_sandbox, lambda student: [student.f(x) for x in (5, 6, 7)])
    with any_sandbox.job() as job:
        job.run_cell(COUNT)
        job.reset(0, ahead)
        student = RemoteStudent(job, names=("f",))
        assert student.f(5) == 1
        with pytest.raises(Unforeseen):
            student.f(60)
        assert job.forget(1)
        job.reset(0)
        assert student.f(60) == 4


def test_an_object_that_was_never_made_is_an_error_of_its_request(any_sandbox):
    """What was sent ahead about the result of a call that failed harms nothing."""
    ahead = requests_of(any_sandbox, lambda student: student.imported("fractions").Fraction(1, 2).limit_denominator(1))
    with any_sandbox.job() as job:
        job.run_cell("import sys; sys.modules['fractions'] = None")
        job.reset(0, ahead)
        with pytest.raises(ImportError):
            RemoteStudent(job).imported("fractions")
        assert job.forget(1)
        assert job.reset(0)


def test_many_tests_are_sent_in_one_go(any_sandbox):
    """The tests of a plan find their answers in turn; what was not foreseen has to wait until the plan is done."""

    def asks(student):
        return [student.f(x) for x in (5, 6)]

    ahead = requests_of(any_sandbox, asks)
    with any_sandbox.job() as job:
        job.run_cell(COUNT)
        job.plan(0, [ahead] * 3)
        for number in range(3):
            assert job.reset(0, ahead)
            assert job.planned == 2 - number
            student = RemoteStudent(job, names=("f",))
            if number == 1:
                assert student.f(5) == 3
                with pytest.raises(Unforeseen):
                    student.f(7)
            else:
                assert asks(student) == [2 * number + 1, 2 * number + 2]
                if number == 0:
                    with pytest.raises(Unforeseen):
                        student.f(8)
            assert job.forget(1)
        assert job.reset(0)
        assert RemoteStudent(job, names=("f",)).f(7) == 7


def test_what_follows_not_implemented_is_not_answered_ahead(any_sandbox):
    """Behind a stub nothing that was sent ahead runs; a test that goes on all the same gets its answers afterwards."""

    def asks(student):
        with contextlib.suppress(NotImplementedError):
            student.stub(1)
        return student.f(5)

    stub = "\ndef stub(x): raise NotImplementedError"
    with any_sandbox.job() as job:
        job.run_cell(COUNT + stub)
        job.reset(0)
        assert asks(RemoteStudent(job, names=("f", "stub"))) == 1
        ahead = job.said
    with any_sandbox.job() as job:
        job.run_cell(COUNT + stub)
        job.reset(0, ahead)
        with pytest.raises(Unforeseen):
            asks(RemoteStudent(job, names=("f", "stub")))
        assert job.forget(1)
        job.reset(0)
        assert asks(RemoteStudent(job, names=("f", "stub"))) == 1, "f had not been called"


def test_a_call_that_nobody_waits_for_may_hang(any_sandbox):
    """What hangs behind the end of a test ends the job, in a bounded time, with the answers that left together with it."""
    with any_sandbox.job() as job:  # `slow` is not called for the frames: they are made by hand
        job.run_cell(COUNT + "def slow(x): return 1")
        job.reset(0)
        student = RemoteStudent(job, names=("f", "slow"))
        student.f(1), student.slow(1)
        ahead = job.said
    with any_sandbox.job(Limits(call_s=0.5)) as job:
        job.run_cell(COUNT)
        assert job.reset(0, ahead)
        with pytest.raises(SubmissionFailed, match="the time limit is over"):
            RemoteStudent(job, names=("f",)).f(1)
        assert not job.forget(0.2)
        assert job.report is not None


def test_an_answer_that_takes_long_comes_without_the_next(any_sandbox):
    """Answers leave together only while they are quick: a slow call is not held to the time limit of the one after it."""
    slow = "import time\ndef f(x):\n    time.sleep(0.4)\n    return x\n"
    with any_sandbox.job() as job:
        job.run_cell(slow)
        job.reset(0)
        student = RemoteStudent(job, names=("f",))
        assert [student.f(1), student.f(2), student.f(3)] == [1, 2, 3]
        ahead = job.said
    with any_sandbox.job(Limits(call_s=0.7)) as job:
        job.run_cell(slow)
        assert job.reset(0, ahead)
        student = RemoteStudent(job, names=("f",))
        assert [student.f(1), student.f(2), student.f(3)] == [1, 2, 3]


def test_a_function_of_the_test_ends_what_can_be_sent_ahead(any_sandbox):
    """Behind a request that calls back nothing is sent ahead; one that calls back unexpectedly is noticed."""
    called = []

    def asks(student):
        return student.apply(called.append, 3), student.f(1)

    ahead = requests_of(any_sandbox, asks)
    assert len(ahead) == 1
    assert called == [3]
    with any_sandbox.job() as job:
        job.run_cell(COUNT)
        job.reset(0, ahead)
        assert asks(RemoteStudent(job, names=("f", "apply"))) == (None, 1)
        assert called == [3, 3]
    other = requests_of(any_sandbox, lambda student: student.f(1)) * 2
    with any_sandbox.job() as job:
        job.run_cell(COUNT)
        job.reset(0, (*ahead, *other))
        with pytest.raises(Unforeseen):
            asks(RemoteStudent(job, names=("f", "apply")))
        assert not job.forget(1)


# ---- what is visible inside --------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["traindeep.reference", "traindeep.reference.normalization", "autograder",
                                    "autograder.grading", "solutions"])  # fmt: skip
def test_answers_and_tests_cannot_be_imported(any_sandbox, module):
    """The reference answers and the grader are not there."""
    source = f"""
import sys
def attack():
    sys.path[:0] = [{str(Path(host.course_folder()).parent)!r}, {str(Path(host.__file__).parents[2])!r}]
    try: __import__({module!r})
    except (ImportError, PermissionError): return "not there"
"""
    if any_sandbox.level == "none":
        source = source.replace("sys.path[:0]", "unused")  # nothing hides files there, but nothing points to them
    assert run(any_sandbox, source) == "not there"


def test_the_course_can_be_imported(any_sandbox):
    """`import traindeep` finds the student's side of the course."""
    assert (
        run(any_sandbox, "import traindeep.student\ndef attack(): return traindeep.student.__name__")
        == "traindeep.student"
    )


def test_secrets_cannot_be_read(sandbox, tmp_path):
    """Files of the machine, hidden tests, answers and the grader's memory are out of reach."""
    secret = tmp_path / "hidden.py"
    secret.write_text("SECRET")
    paths = [secret, __file__, host.__file__, "/etc/passwd", f"/proc/{os.getpid()}/environ", "/proc/1/environ",
             "/proc/self/environ", host.course_folder() + "/reference/__init__.py", "/sandbox/host.py"]  # fmt: skip
    source = f"""
import os
def attack():
    read = []
    for path in {[str(path) for path in paths]!r}:
        for p in (path, "link"):
            if p == "link": os.symlink(path, p)
            try: read.append(open(p, "rb").read(20) and path)
            except OSError: pass
        os.unlink("link")
    return read
"""
    assert run(sandbox, source) == []


def test_the_environment_is_scrubbed(any_sandbox, monkeypatch):
    """Variables of the grader's environment do not reach student code."""
    monkeypatch.setenv("COURSE_SECRET", "SECRET")
    with Sandbox(any_sandbox.level) as other:
        seen = run(other, "import os\ndef attack(): return dict(os.environ)")
    assert "COURSE_SECRET" not in seen
    assert "SECRET" not in str(seen)


# ---- hostile notebooks -------------------------------------------------------------------------------------------

REFUSED = {
    "network": "import socket\ndef attack(): socket.create_connection(('127.0.0.1', PORT), 2)",
    "abstract socket": "import socket\ndef attack(): socket.socket(socket.AF_UNIX).connect('\\0traindeep-test')",
    "fork": "import os\ndef attack(): os.fork()",
    "subprocess": "import subprocess\ndef attack(): subprocess.run(['/bin/sh', '-c', 'id'])",
    "exec": "import os, sys\ndef attack(): os.execv(sys.executable, ['python'])",
    "thread": "import threading\ndef attack(): threading.Thread(target=print).start()",
    "kill parent": "import os\ndef attack(): os.kill(os.getppid(), 9)",
    "kill all": "import os\ndef attack(): os.kill(-1, 9)",
    "signal by descriptor": "import os, fcntl\ndef attack(): fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
    "limits of the parent": "import os, resource\ndef attack(): resource.prlimit(os.getppid(), 7, (0, 0))",
    "own limits": "import resource\ndef attack(): resource.setrlimit(resource.RLIMIT_CPU, (99, 99))",
    "memfd": "import os\ndef attack(): os.memfd_create('x')",
    "write": "import os\ndef attack(): open(os.path.dirname(os.__file__) + '/os.py', 'a').write('x')",
    "device": "import os, stat\ndef attack(): os.mknod('dev', 0o600 | stat.S_IFCHR, os.makedev(1, 1))",
    "new namespace": "import ctypes, os\ndef attack():\n  if ctypes.CDLL(None).unshare(0x10000000): raise OSError('refused')",
    "survive the parent": "import ctypes\ndef attack():\n  if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0): raise OSError('refused')",
    "x32 calls": "import ctypes\ndef attack():\n  if ctypes.CDLL(None).syscall(0x40000000 + 39) < 0: raise OSError('refused')",
}  # fmt: skip


@pytest.fixture(scope="module")
def services():
    """What an attacker would like to reach: a TCP service and an abstract socket."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0traindeep-test")
        unix.listen()
        yield tcp.getsockname()[1]


@pytest.mark.parametrize("what", REFUSED)
def test_the_system_refuses(sandbox, services, what):
    """Network, processes, threads, other processes' limits and lives: every call fails and the job goes on."""
    with sandbox.job(SMALL) as job:
        assert job.run_cell(REFUSED[what].replace("PORT", str(services))) is None
        with pytest.raises(StudentRaised) as caught:
            RemoteStudent(job).attack()
        assert isinstance(caught.value, OSError | RuntimeError | ValueError)
        assert job.run_cell("alive = 1") is None


ENDS = {
    "endless loop": ("timeout", "def attack():\n  while True: pass"),
    "endless loop in C": ("timeout", "def attack(): return sum(range(10**14))"),
    "sleep": ("timeout", "import time\ndef attack(): time.sleep(1000)"),
    "stop itself": ("timeout", "import os\ndef attack(): os.kill(os.getpid(), 19)"),
    "ignore signals": ("timeout", "import signal\ndef attack():\n  for s in (1, 2, 14, 15, 24): signal.signal(s, signal.SIG_IGN)\n"
                                  "  while True: pass"),
    "catch everything": ("timeout", "def attack():\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass"),
    "_exit": ("crashed", "import os\ndef attack(): os._exit(0)"),
    "segfault": ("crashed", "import ctypes\ndef attack(): ctypes.string_at(0)"),
    "abort": ("crashed", "import os\ndef attack(): os.abort()"),
    "close descriptors": ("crashed", "import os\ndef attack(): os.closerange(0, 100)"),
    "flood": ("crashed", "def attack():\n  while True: print('x' * 1000)"),
    "memory": ("out_of_memory", "import numpy\ndef attack(): return numpy.ones(1 << 28)"),
    "torch memory": ("out_of_memory", "import torch\ndef attack(): return torch.ones(1 << 28)"),
    "many objects": ("out_of_memory", "def attack():\n  x = []\n  while True: x.append(bytearray(1 << 16))"),
    "hostile text": ("timeout", "class E(Exception):\n  def __str__(self):\n    while True: pass\ndef attack(): raise E"),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_what_ends_a_job_has_a_verdict(any_sandbox, what):
    """Loops, crashes, floods and greed end their own job with the right verdict; the next job is clean."""
    verdict, source = ENDS[what]
    limits = Limits(memory_bytes=256 << 20, cpu_s=2, wall_s=3, call_s=0.7 if verdict == "timeout" else 10)
    with pytest.raises(SubmissionFailed) as caught:
        run(any_sandbox, source, limits=limits)
    assert caught.value.verdict == verdict
    assert str(caught.value)
    still_sound(any_sandbox)


def test_cpu_time_is_bounded(sandbox):
    """The CPU limit ends a job before its wall clock does, even one that ignores the signal."""
    for prelude in ("pass", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)"):
        with sandbox.job(Limits(cpu_s=1, call_s=30)) as job, pytest.raises(SubmissionFailed) as caught:
            job.run_cell(f"{prelude}\nwhile True: pass")
        assert caught.value.verdict == "timeout"
        assert "CPU" in str(caught.value)


def test_a_failed_job_stays_failed(any_sandbox):
    """After a job has failed every further request says so again."""
    with any_sandbox.job(SMALL) as job:
        for _ in range(2):
            with pytest.raises(SubmissionFailed, match="ended by itself"):
                job.run_cell("import os; os._exit(3)")
        assert job.report.status == 3


FORGE = """
import os, struct, time, msgpack
def frame(header, body=b"", h=None, b=None):
    os.write(4, struct.pack("<II", len(header) if h is None else h, len(body) if b is None else b) + header + body)
def attack(): {}; time.sleep(9)
"""


@pytest.mark.parametrize("forgery", [
    "frame(b'', h=100, b=2**32 - 1)", "frame(os.urandom(50))", "frame(b'\\x91' * 10**5 + b'\\x90')", "frame(b'\\xc0')",
    "frame(msgpack.packb({'seq': 99, 'ok': 1, 'written': []}))", "frame(msgpack.packb({'seq': 2, 'ok': 1, 'written': 1}))",
    "frame(msgpack.packb({'seq': 2, 'ok': 1, 'written': [[7, 1]]}))", "frame(msgpack.packb({'callback': 0}))",
    "frame(msgpack.packb({'callback': 0, 'args': [], 'kwargs': {}}))", "frame(msgpack.packb({'seq': 2, 'ok': 1, 'written': [0]}))",
    "frame(msgpack.packb({'seq': 2, 'written': [], 'error': {'kinds': 1, 'text': 'x'}}))",
    "frame(msgpack.packb({'seq': 2, 'written': [], 'error': {'kinds': [1], 'text': 2, 'where': 3, 'reason': 4}}))",
    "frame(msgpack.packb({'seq': 2, 'ok': 1, 'written': []}) + b'x')", "frame(b'\\xdd' + struct.pack('>I', 10**6) + b'\\x80' * 10**6)",
    "[frame(msgpack.packb({'seq': n, 'ok': 1, 'written': []})) for n in (2, 3)]", "os.write(4, b'half')",
])  # fmt: skip
def test_forged_replies_end_the_job(sandbox, forgery):
    """A forged frame is at most a wrong answer; a malformed one ends the job."""
    with sandbox.job(Limits(call_s=1)) as job:
        assert job.run_cell(FORGE.format(forgery)) is None
        with pytest.raises(SubmissionFailed):
            RemoteStudent(job).attack()
    still_sound(sandbox)


def test_replies_sent_ahead_are_noticed(sandbox):
    """A reply that was written before its request does not answer it."""
    with sandbox.job(SMALL) as job:
        job.run_cell(FORGE.format("pass"))
        with pytest.raises(SubmissionFailed):  # noqa: PT012 - at the first request that reads it
            job.run_cell("frame(msgpack.packb({'seq': 3, 'ok': None, 'written': []}))")
            job.run_cell("x = 1")
            RemoteStudent(job).x  # noqa: B018


def test_scratch_is_bounded_and_wiped(sandbox):
    """Bytes and files in scratch are bounded, deep and locked folders included, and the next job finds none."""
    if not sandbox.features["scratch"]:
        pytest.skip("this machine does not let the warm process mount a scratch folder")
    source = """
import os
def attack():
    n = 0
    try:
        for n in range(100000): os.close(os.open(str(n), os.O_CREAT | os.O_WRONLY))
    except OSError: pass
    for i in range(n): os.unlink(str(i))
    size = 0
    try:
        for i in range(100):
            with open(f"f{i}", "wb", buffering=0) as f:
                for _ in range(10): size += f.write(bytes(1 << 20))
    except OSError: pass
    for i in range(8): os.unlink(f"f{i}") if os.path.exists(f"f{i}") else None
    os.makedirs("a/b"); os.chmod("a/b", 0); os.chmod("a", 0)
    for i in range(2000): os.mkdir("d"); os.chdir("d")
    return n, size >> 20
"""
    files, megabytes = run(sandbox, source, limits=Limits())
    assert files < 5000
    assert megabytes <= 64
    still_sound(sandbox)


def test_jobs_see_nothing_of_each_other(any_sandbox):
    """What one job defines, imports or breaks is unknown to the next."""
    source = "import numpy, builtins\nSECRET = 1\nnumpy.allclose = builtins.len = None\nopen('left', 'w').close()"
    with any_sandbox.job() as job:
        job.run_cell(source)
    with any_sandbox.job() as job:
        assert job.run_cell("SECRET").kind == "NameError"
    still_sound(any_sandbox)


# ---- the machinery -----------------------------------------------------------------------------------------------


def test_a_dead_warm_process_is_the_graders_fault(any_sandbox):
    """When the warm process dies the caller learns that it was not the student, and can restart."""
    with Sandbox(any_sandbox.level) as sandbox:
        with pytest.raises(GraderFault), sandbox.job() as job:  # noqa: PT012
            os.killpg(sandbox._process.pid, signal.SIGKILL)
            sandbox._process.wait()
            job.run_cell("x = 1")
        sandbox.restart()
        still_sound(sandbox)


def test_jobs_run_one_after_the_other(any_sandbox):
    """A second job while one runs is the caller's mistake."""
    with any_sandbox.job(), pytest.raises(RuntimeError, match="one job at a time"):
        any_sandbox.job()
    still_sound(any_sandbox)


def gone(pids) -> bool:
    end = time.monotonic() + 20
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pids)


def test_nothing_is_left_behind(any_sandbox):
    """`close` ends every process, also while a job loops, and removes what was made in the temporary folder."""
    before = set(descendants(os.getpid()))
    with Sandbox(any_sandbox.level) as sandbox:
        job = sandbox.job(Limits(call_s=0.5))
        with pytest.raises(SubmissionFailed):
            job.run_cell("import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass")
        job = sandbox.job()
        folder = sandbox._temporary
        mine = set(descendants(os.getpid())) - before
        assert mine
    assert gone(mine)
    assert not (folder and os.path.exists(folder))
    with pytest.raises(GraderFault):
        job.run_cell("x = 1")


GRADER = """
import sys
from autograder.sandbox.host import Limits, Sandbox
with Sandbox(sys.argv[1]) as sandbox, sandbox.job(Limits(call_s=60)) as job:
    print(sandbox._temporary, flush=True)
    job.run_cell("import signal\\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\\nwhile True: pass")
"""


def test_a_killed_grader_leaves_nothing_behind(any_sandbox):
    """When the grader is killed while a job loops, all processes and temporary files go with it."""
    path = os.pathsep.join([str(Path(host.__file__).parents[2]), str(Path(host.course_folder()).parent)])
    grader = subprocess.Popen([sys.executable, "-c", GRADER, any_sandbox.level], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": path})  # fmt: skip
    with grader:
        folder = grader.stdout.readline().strip()
        mine = descendants(grader.pid)
        assert mine
        grader.kill()
    assert gone(mine)
    assert not os.path.exists(folder)


def worker(level, results):
    with Sandbox(level) as sandbox:
        results.put(run(sandbox, "def attack(): return 7"))


def test_every_worker_process_can_have_its_own(any_sandbox):
    """A Sandbox started in a forked worker works; one inherited from its parent is refused there."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=worker, args=(any_sandbox.level, results))
    process.start()
    assert results.get(timeout=60) == 7
    process.join()

    pid = os.fork()
    if pid == 0:
        try:
            any_sandbox.job()
        except RuntimeError:
            any_sandbox.close()  # must not end the parent's
            os._exit(5)
        os._exit(6)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    still_sound(any_sandbox)


def test_isolation_is_honoured_or_refused(monkeypatch):
    """A level asked for by name is used or refused in one line; "none" is never chosen automatically."""
    assert choose_isolation("none") == "none"
    with pytest.raises(ValueError, match="must be auto"):
        choose_isolation("docker")
    monkeypatch.setattr(host, "why_not", lambda level: "" if level == "none" else "is missing")
    for level in ("auto", *WALLS):
        with pytest.raises(SandboxUnavailable, match="is missing") as caught:
            choose_isolation(level)
        assert "\n" not in str(caught.value)
    with pytest.raises(SandboxUnavailable):
        Sandbox("bubblewrap")
    monkeypatch.setattr(host, "why_not", lambda level: "not installed" if level == "bubblewrap" else "")
    assert choose_isolation("auto") == "confined"


def test_missing_bubblewrap_says_what_to_install(monkeypatch):
    """Without bubblewrap the message names the package."""
    monkeypatch.setattr(host.shutil, "which", lambda name: None)
    assert "apt install bubblewrap" in host._why_no_bubblewrap()


def test_confined_refuses_when_answers_lie_where_students_read(monkeypatch):
    """An installed grader below the Python installation is hidden by bubblewrap, and refused without it."""
    if host.why_not("confined"):
        pytest.skip(host.why_not("confined"))
    secret = os.path.join(sys.prefix, "lib", "autograder")
    monkeypatch.setattr(host, "secret_paths", lambda: [secret])
    assert secret in host._why_not_confined()
    assert "bubblewrap" in host._why_not_confined()
    assert "--tmpfs" in host._bubblewrap()


def test_an_installed_grader_is_hidden(monkeypatch):
    """bubblewrap covers secret folders that lie below the Python installation."""
    if host.why_not("bubblewrap"):
        pytest.skip(host.why_not("bubblewrap"))
    secret = os.path.dirname(np.__file__) + "/testing"
    monkeypatch.setattr(host, "secret_paths", lambda: [secret])
    with Sandbox("bubblewrap") as sandbox:
        assert run(sandbox, f"import os\ndef attack(): return os.listdir({secret!r})") == []


def test_stand_ins_of_earlier_notebooks_are_there_and_no_others(any_sandbox):
    """`use` gives what the sandbox was opened with; without stand-ins it says that there is none."""
    use = "from traindeep import use\nf = use({!r})\nassert callable(f)\n"
    with any_sandbox.job() as job:
        assert job.run_cell(use.format("bn_forward_train")).kind == "NoStandIn"
    with Sandbox(any_sandbox.level, ("nb02",)) as other, other.job() as job:
        assert job.run_cell(use.format("bn_forward_train")) is None
        looks = "import os, traindeep.standins as s\nassert sorted(os.listdir(os.path.dirname(s.__file__))) == {!r}"
        there = ["__init__.py", "nb02.py"]
        if other.level != "none":
            assert job.run_cell(looks.format(there)) is None
            stolen = job.run_cell("from traindeep.standins import nb01")
            assert stolen is not None
