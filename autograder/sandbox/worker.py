"""Runs inside the wall: a warm process that forks one child for each job, and the child that runs student code.

The warm process ("zygote") imports NumPy, torch and matplotlib once. It never sees a submission and holds no secret:
hidden tests and reference answers stay in the grader. The child locks itself down before it reads the first request;
whatever happens in it ends with it.
"""

import ast
import asyncio
import builtins
import collections
import contextlib
import copy
import fcntl
import functools
import gc
import importlib
import inspect
import io
import linecache
import math
import mmap
import operator
import os
import random
import re
import shutil
import signal
import socket
import sys
import time
import traceback
import types
import warnings

import leftovers
import lockdown
import wire

__builtins__ = dict(vars(builtins))  # functions below keep these when student code replaces `builtins.len`

REQUEST_FD, REPLY_FD, OUTPUT_FD = 3, 4, 5
MAX_TEXT, MAX_HANDLES = 2000, 10_000
SKIPPED = wire.encode({"skipped": True})
RESERVE = 4 << 20  # bytes with which to say that the memory is full
TOGETHER, LATE_S = 1 << 16, 0.02  # quick answers are sent together: up to so many bytes, those of so many seconds

np = torch = plt = None  # bound by `warm`: a process may only enter namespaces before it has imported them


# ---- the warm process --------------------------------------------------------------------------------------------


def main(control_fd: int) -> None:
    control = socket.socket(fileno=control_fd)
    setup = receive(control)[0]
    namespaces = setup["level"] == "confined" and _try(lockdown.enter_namespaces)
    forget_editable_installs()
    sys.path[:] = [path for path in sys.path if path not in setup["not_path"]]
    warm()
    for name in setup["warm"]:
        with contextlib.suppress(Exception):  # then it is each child's own affair
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        course = importlib.import_module("traindeep")
        for name in course.__all__:
            getattr(course, name)  # loads its module, which each child would do anew
    if lockdown.LINUX:
        lockdown.prctl(lockdown.PR_SET_DUMPABLE, 0)  # no ptrace, no /proc/PID/mem
    setup["base"] = lockdown.address_space() if lockdown.LINUX else 0
    scratch = setup["scratch"]
    empty(scratch)
    # Where mounting is refused (by Ubuntu's AppArmor profile) jobs share one scratch folder, and `clean` says if it
    # must be renewed. Without bubblewrap that folder would be an unbounded one of the machine: then it is read-only.
    may_mount = setup["level"] == "bubblewrap" or namespaces
    own_scratch = bool(may_mount and _try(lockdown.mount_scratch, scratch) and _try(lockdown.unmount_scratch, scratch))
    setup["writable"] = own_scratch or setup["level"] != "confined"
    FUNCTIONS.extend(leftovers.functions_of(REPLACEABLE))
    gc.enable()
    gc.collect()
    gc.freeze()  # keeps the pages shared after a fork
    send(control, {"ready": True, "scratch": own_scratch, "namespaces": bool(namespaces)})
    while (message := receive(control)) is not None:
        request, fds = message
        for word in request["refused"]:
            watch(word)
        if own_scratch:
            lockdown.mount_scratch(scratch)
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                child(setup | request, fds, parent)
            except BaseException:  # noqa: BLE001 - nothing may return into the loop above
                traceback.print_exc(file=sys.__stderr__)
            finally:
                os._exit(70)
        for fd in fds:
            os.close(fd)
        send(control, {"pid": pid})
        ending = receive(control)  # the grader says "end", or is gone
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
        _, status, usage = os.wait4(pid, 0)
        if own_scratch:
            lockdown.unmount_scratch(scratch)
        elif setup["level"] == "none":
            empty(scratch)
        if ending is None:
            break
        send(control, {
            "status": os.waitstatus_to_exitcode(status),
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "maxrss_kb": usage.ru_maxrss // (1 if lockdown.LINUX else 1024),
            "clean": own_scratch or not os.listdir(scratch),
        })  # fmt: skip
    if setup["temporary"]:
        shutil.rmtree(setup["temporary"], ignore_errors=True)  # the grader may have been killed


def _try(function, *args) -> bool:
    try:
        function(*args)
    except OSError:
        return False
    return True


def empty(folder: str) -> None:
    for name in os.listdir(folder):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, name))


def receive(control):
    """One message and the descriptors that came with it; None when the grader is gone."""
    data, fds, _, _ = socket.recv_fds(control, 1 << 16, 8)
    while data and len(data) < sum(wire.PREFIX.unpack(data[:8])) + 8:
        data += control.recv(1 << 16)
    return (wire.decode(data[8:], b""), fds) if data else None


def send(control, message) -> None:
    with contextlib.suppress(BrokenPipeError):
        control.sendall(wire.encode(message)[0])


def warm() -> None:
    """Import what submissions use, and run it once: what is prepared at the first use is then there for every child."""
    global np, torch, plt
    gc.disable()  # thousands of modules, and no garbage
    import matplotlib
    import numpy as np
    import torch

    torch.set_num_threads(1)  # before any operation: a pool of threads would not survive the fork
    torch.set_num_interop_threads(1)
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    layer = torch.nn.Linear(4, 4)
    layer(torch.zeros(2, 4)).sum().backward()
    plt.close(plt.figure())
    with refuse_calls(("no such operation",)):
        layer(torch.zeros(2, 4))
    seed_all(0)
    np.random.default_rng(0).random()
    # A pool of threads cannot start in the child, and a window cannot open: asking for one is harmless and has no effect.
    torch.set_num_threads = torch.set_num_interop_threads = lambda number: None
    matplotlib.use = plt.switch_backend = lambda *args, **kwargs: None
    builtins.input = no_input
    REPLACEABLE.extend((builtins, np, np.linalg, np.random, torch, torch.nn, torch.nn.functional, torch.linalg, math, time,
                        torch.Tensor, torch.nn.Module))  # fmt: skip


def forget_editable_installs() -> None:
    """An editable install of the course leads to its source, where the answers are; nobody inside needs one."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
    sys.path[:] = [path for path in sys.path if "__editable__" not in path]


def seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    torch.default_generator.manual_seed(seed)  # torch.manual_seed takes 200 us to remember devices that are not there


# ---- the child ---------------------------------------------------------------------------------------------------


def child(setup: dict, fds: list[int], parent: int) -> None:
    """Lock this process down, then answer requests. The order matters: descriptors, limits, Landlock, seccomp."""
    lockdown.die_with_parent(parent)
    null = os.open("/dev/null", os.O_RDWR)
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in fds]  # clear of the numbers below
    os.dup2(null, 0)
    for fd, number in zip(high, (REQUEST_FD, REPLY_FD, OUTPUT_FD), strict=True):
        os.dup2(fd, number)
    os.closerange(OUTPUT_FD + 1, 4096)
    state = State(setup["scratch"])
    os.chdir(setup["scratch"])
    limits = setup["limits"]
    strict = setup["level"] != "none"
    lockdown.limit_resources(limits["memory"], limits["cpu"], setup["base"], strict)
    if strict:
        lockdown.drop_capabilities()
        writable = [setup["scratch"], "/dev/null"] if setup["writable"] else ["/dev/null"]
        version = lockdown.landlock([*setup["read"], setup["scratch"]], writable)
        if not version and setup["level"] == "confined":
            os._exit(71)
        lockdown.seccomp()
    state.reset(setup["seed"])
    Server(state).serve()


class Server:
    """Answers one request at a time. A callback's answer may be preceded by further requests, so `serve` nests."""

    def __init__(self, state):
        self.state, self.objects, self.idents = state, {}, {}
        self.reserve = mmap.mmap(
            -1, RESERVE
        )  # of the address space, which is what is limited; its pages are never touched
        self.channel = Channel()
        self.handled = set()  # ids of the objects that the request at hand names by a handle
        self.waiting = collections.deque()  # what was sent ahead for this test: (request, its photograph) or a frame
        self.over = False  # whether this test has ended: what was sent ahead for it need not be answered
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module  # dataclasses and pickles look their classes up there
        self.space = module.__dict__
        self.cells = 0
        stand_in = Notebook()
        self.space.update(get_ipython=lambda: stand_in, display=display, exit=sys.exit, quit=sys.exit)

    # frames

    def serve(self):
        """Answer requests until the answer to our own callback arrives."""
        write = self.channel.write
        while True:
            if self.waiting and self.over:
                self.waiting.popleft()
                write(SKIPPED)
                continue
            before, self.handled = None, set()
            data = self.waiting.popleft() if self.waiting else self.frame()
            try:
                if type(data[0]) is dict:
                    request, before = data
                    if type(request.get("target")) is wire.Handle:
                        request["target"] = self.incoming(request["target"])
                else:
                    request = wire.decode(*data, self.incoming, self.generator)
            except (wire.ProtocolError, KeyError) as error:  # about an object that an error kept from being made
                write(wire.encode({"seq": 0, "error": describe(error)}))
                continue
            if "op" not in request:
                return request
            write(self.answer(request, before))
            if request["op"] == "reset":  # what a test breaks takes no answer of the test before with it, nor this one
                self.channel.flush()

    def frame(self) -> tuple:
        header, body = wire.PREFIX.unpack(self.channel.read(8))
        return self.channel.read(header), self.channel.read(body)

    def prepare(self, count: int) -> None:
        """Read the requests that were sent ahead for a test. One after the other, without a call in between, this takes
        half the time; what has objects among its arguments waits until they exist.
        """
        for _ in range(count):
            data, stand_ins = self.frame(), []
            request = wire.decode(*data, lambda x, found=stand_ins: found.append(x) or x, self.generator)
            ready = len(stand_ins) == (type(request.get("target")) is wire.Handle)
            self.waiting.append((request, photograph(request, ())) if ready else data)

    def answer(self, request, before: list | None = None) -> list:
        number = request["seq"]
        try:
            if before is None:
                before = photograph(request, self.handled)
            with refuse_calls(request.get("forbidden") or ()):
                # Settled here: encoding must not run code of the student's, unwatched and behind `changes`.
                value = wire.settled(getattr(self, "op_" + request["op"])(request))
            reply = {"seq": number, "ok": value}
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too
            self.reserve.close()
            self.over = isinstance(error, NotImplementedError)  # no test goes on after it
            reply = {"seq": number, "error": describe(error, where=request["op"] == "cell")}
        try:
            if before and (written := changes(before)):
                reply["written"] = written
            return self.encode(reply)
        except Exception:  # noqa: BLE001 - whatever cannot be sent as data is kept and named
            if "ok" in reply:
                reply["ok"] = self.keep(reply["ok"])
            try:
                return self.encode(reply)
            except Exception as error:  # noqa: BLE001
                return wire.encode({"seq": number, "error": describe(error)})

    def encode(self, reply) -> list:
        with torch._C.DisableTorchFunctionSubclass():
            return wire.encode(reply, self.keep, self.number)

    # objects that stay here

    def keep(self, x) -> wire.Handle:
        if len(self.objects) >= MAX_HANDLES:
            raise RuntimeError(f"more than {MAX_HANDLES} objects are held by the test")
        number = len(self.objects) + 1
        self.objects[number] = x
        return wire.Handle(number, type_name(x))

    def number(self, tensor):
        """Parameters keep their identity: an optimizer built from `model.parameters()` must find the model's own."""
        if not isinstance(tensor, torch.nn.Parameter):
            return None
        if id(tensor) not in self.idents:
            self.idents[id(tensor)] = self.keep(tensor).id
        return self.idents[id(tensor)]

    def incoming(self, stand_in):
        if isinstance(stand_in, wire.Handle):
            self.handled.add(id(self.objects[stand_in.id]))
            return self.objects[stand_in.id]
        if isinstance(stand_in, wire.Callback):
            return Callback(self, stand_in.id)
        ours, sent = self.objects[stand_in.id], stand_in.value
        with torch.no_grad():
            if ours.shape != sent.shape or not torch.equal(ours, sent):
                ours.data = sent.data
        return ours

    def generator(self, code: int, state):
        if code == wire.NUMPY_RNG:
            rng = np.random.Generator(np.random.PCG64())
            wire.set_numpy_rng_state(rng, state)
            return rng
        generator = torch.Generator()
        generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
        return generator

    def find(self, target):
        """A name of the notebook, or an object kept from an earlier result."""
        if isinstance(target, str):
            if target not in self.space:
                raise NotDefined(f"{target} is not defined")
            return self.space[target]
        return target

    # operations

    def op_cell(self, request):
        self.cells += 1
        run_cell(request["source"], request["name"] or f"<cell {self.cells}>", self.space)

    def op_call(self, request):
        return self.find(request["target"])(*request["args"], **request["kwargs"])

    def op_get(self, request):
        value = self.find(request["target"])
        return value if request["name"] is None else getattr(value, request["name"])

    def op_set(self, request):
        setattr(self.find(request["target"]), request["name"], request["args"])

    def op_item(self, request):
        return self.find(request["target"])[request["args"]]

    def op_imported(self, request):
        __import__(request["name"])
        return self.keep(sys.modules[request["name"]])

    def op_vjp(self, request):
        return vjp(self.find(request["target"]), *request["args"], upstream=request["upstream"])

    def op_leftovers(self, request):
        # Looking at all the functions of the libraries takes long, so only the comparison at the end does: what is not as
        # the warm process had it counts as left behind.
        if request["libraries"] and leftovers.functions_of(REPLACEABLE) != FUNCTIONS:
            return ""
        return leftovers.fingerprint(self.space)

    def op_reset(self, request):
        if self.reserve.closed:
            self.reserve = mmap.mmap(-1, RESERVE)
        self.over = False
        self.objects.clear()
        self.idents.clear()
        self.state.reset(request["seed"])
        self.prepare(request["ahead"])


class Callback:
    """A function of the test, as the student's code sees it. Its copy is itself: what it records is outside."""

    def __init__(self, server, number):
        self._server, self._number = server, number

    def __call__(self, *args, **kwargs):
        message = {"callback": self._number, "args": list(args), "kwargs": kwargs}
        self._server.channel.write(self._server.encode(message))
        answer = self._server.serve()
        if "raised" not in answer:
            return answer["returned"]
        kind = getattr(builtins, answer["raised"]["kind"], RuntimeError)
        raise kind(answer["raised"]["text"])

    def __deepcopy__(self, memo):
        return self

    __copy__ = __deepcopy__


class NotDefined(Exception):
    """The notebook does not define a name."""


class Forbidden(Exception):
    """The library does the exercise."""


class Channel:
    """The two pipes of the child. Many requests may wait in one, and their answers leave together: each trip costs more
    than a small call."""

    def __init__(self):
        self.inbox, self.at, self.outbox, self.size = b"", 0, [], 0
        self.clock, self.sent = time.monotonic, 0.0  # when answers were sent last

    def read(self, size: int):
        """The next bytes of the requests. Before it waits for them, it sends the answers that are ready."""
        end = self.at + size
        if end <= len(self.inbox):
            data, self.at = bytearray(memoryview(self.inbox)[self.at : end]), end
            return data
        self.flush()
        data = bytearray(size)
        view, at = memoryview(data), len(self.inbox) - self.at
        view[:at], self.inbox, self.at = memoryview(self.inbox)[self.at :], b"", 0
        while at < size:
            if size - at < TOGETHER:
                self.inbox = os.read(REQUEST_FD, 4 * TOGETHER)
                got = self.at = min(size - at, len(self.inbox))
                view[at : at + got] = memoryview(self.inbox)[:got]
            else:
                got = os.readv(REQUEST_FD, [view[at:]])
            if not got:
                os._exit(0)  # the grader closed the pipe: the normal end
            at += got
        return data

    def write(self, parts: list) -> None:
        size = sum(map(len, parts))
        if size < TOGETHER:  # joined at once: the next call may change the arrays that these are views of
            self.outbox.append(b"".join(parts))
            self.size += size
            if self.size < TOGETHER and self.clock() - self.sent < LATE_S:  # after a slow call it leaves at once
                return
            parts = []
        self.flush()
        self.send(parts)

    def flush(self) -> None:
        answers, self.outbox, self.size = self.outbox, [], 0
        self.send([b"".join(answers)])
        self.sent = self.clock()

    def send(self, parts: list) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(REPLY_FD, view) :]


def type_name(x) -> str:
    return str(type(x).__name__)[:100]


def describe(error: BaseException, where: bool = False) -> dict:
    """An exception as bounded plain text: classes, message, and on demand the frames that lie in the student's cells."""
    lines = []
    try:
        kinds = [str(kind.__name__)[:100] for kind in type(error).__mro__[:20]]
        text = str(error)[:MAX_TEXT]
        if where:
            frames = traceback.extract_tb(error.__traceback__, limit=-100)
            lines = [f"{f.filename}, line {f.lineno}: {f.line}"[:200] for f in frames if f.filename.startswith("<cell")]
            if isinstance(error, SyntaxError):
                lines.append(f"{error.filename}, line {error.lineno}: {(error.text or '').strip()}"[:200])
    except BaseException:  # noqa: BLE001 - a hostile __str__
        kinds, text, lines = ["Exception"], "(the exception cannot be printed)", []
    reason = {NotDefined: "missing", Forbidden: "forbidden"}.get(type(error), "")
    return {"kinds": kinds, "text": text, "where": lines[-5:], "reason": reason}


# ---- what a call changed -----------------------------------------------------------------------------------------


def photograph(request: dict, apart: set) -> list:
    """Pairs of a mutable argument and a copy of it; what stands here for a handle (its id is in `apart`) is no argument."""
    pairs = []
    for x in wire.mutables_of(request, apart):
        if isinstance(x, np.ndarray):
            pairs.append((x, (x.shape, x.dtype, x.tobytes())))  # bytes, so that NaN equals itself
        elif isinstance(x, torch.Tensor):
            pairs.append((x, (x.detach().clone(), x.grad if x.is_leaf else None)))
        elif isinstance(x, np.random.Generator):
            pairs.append((x, wire.numpy_rng_state(x)))
        elif isinstance(x, torch.Generator):
            pairs.append((x, wire.torch_rng_state(x)))
        else:
            pairs.append((x, copy.copy(x)))
    return pairs


def changes(pairs: list) -> list:
    """[index, new value] of every argument that is no longer what it was."""
    written = []
    for index, (x, old) in enumerate(pairs):
        if isinstance(x, np.ndarray):
            if (x.shape, x.dtype) != old[:2] or x.tobytes() != old[2]:
                written.append([index, x])
        elif isinstance(x, torch.Tensor):
            value, grad = old
            new = x.detach()
            same = new.shape == value.shape and new.dtype == value.dtype and (
                torch.equal(new, value) or torch.equal(_tensor_bits(new), _tensor_bits(value)))  # fmt: skip
            if not same or (x.is_leaf and x.grad is not grad):
                written.append([index, x])
        elif isinstance(x, np.random.Generator):
            if wire.numpy_rng_state(x) != old:
                written.append([index, wire.numpy_rng_state(x)])
        elif isinstance(x, torch.Generator):
            if wire.torch_rng_state(x) != old:
                written.append([index, wire.torch_rng_state(x)])
        elif isinstance(x, dict):
            if list(x) != list(old) or not all(map(operator.is_, x.values(), old.values())):
                written.append([index, dict(x)])
        elif len(x) != len(old) or not all(map(operator.is_, x, old)):
            written.append([index, list(x)])
    return written


def _tensor_bits(x):
    return x.contiguous().view(-1).view(torch.uint8)


# ---- cells -------------------------------------------------------------------------------------------------------

RUN_ANYWAY = {"time", "timeit", "capture", "prun", "debug"}
FUTURE = __import__("__future__").annotations.compiler_flag


def run_cell(source: str, name: str, space: dict) -> None:
    """Run a notebook cell: magics are dropped, top-level await works, `inspect.getsource` finds its text."""
    try:
        code = compile_cell(source, name)
    except SyntaxError:
        source = without_magics(source)
        code = compile_cell(source, name)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    result = eval(code, space)  # noqa: S307 - this is what the sandbox is for
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(result)


def compile_cell(source: str, name: str):
    # Annotations are not evaluated (as in Python 3.14): one that fails costs nothing.
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | FUTURE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, name, "exec", flags, dont_inherit=True)


# A magic or a shell command, also one whose value gets a name, or that goes on in the next line; a question for help.
MAGIC = re.compile(r"^([ \t]*)(?:(\w[\w., \t]*=)?[ \t]*[%!](?:.*\\\n)*.*|\?.*|[\w.]+\?{1,2}[ \t]*)$", re.MULTILINE)


def without_magics(source: str) -> str:
    first = re.match(r"\s*%%(\w+).*\n?", source)
    if first and first[1] not in RUN_ANYWAY:
        return ""
    if first:
        source = source[first.end() :]
    return re.sub(MAGIC, lambda m: f"{m[1]}{m[2] + ' []' if m[2] else 'pass'}" + "\n" * m[0].count("\n"), source)


class Notebook:
    """What get_ipython() returns: every method exists and does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def display(*values, display_id=None, **options):
    for value in values:
        print(repr(value)[:10_000])
    return Notebook() if display_id else None  # something to call `update` on


def no_input(prompt=""):
    raise EOFError("input() has no one to answer while a notebook is graded")


# ---- differentiation, forbidden operations -----------------------------------------------------------------------


def vjp(f, *inputs, upstream):
    """The same as traindeep.student.vjp, on this side of the wall."""
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    parameters = dict(f.named_parameters()) if hasattr(f, "named_parameters") else {}
    for value in parameters.values():
        value.grad = None
    with torch.enable_grad():
        y = f(*leaves)
        if y.shape != upstream.shape:
            raise RuntimeError(f"the result has the shape {tuple(y.shape)}, expected {tuple(upstream.shape)}")
        (y * upstream).sum().backward()
    gradients = {name: value.grad for name, value in parameters.items()}
    return y.detach(), [x.grad for x in leaves], gradients


WATCHED = "TESTING_ONLY_GenericMode"  # a dispatch key before all others, autograd included, that torch never uses
_watched: dict[str, tuple] = {}  # word -> what keeps the kernels registered that look for it
_refused: tuple = ()  # the words that are refused now
# Words that fit a function of Python whose work is done by no operation with such a name.
OF_PYTHON = {"backward", "=grad", "nll_loss"}


def refuse_calls(words: tuple):
    """A context in which torch operations whose name contains one of the words ("=word": is the word) raise Forbidden.

    Every route to an operation passes torch's dispatcher, where those with such a name have a kernel of ours: nn,
    functional, torch.ops, an alias, a script. All others fall through it at no cost. What is a function of Python
    only (`Tensor.backward`) shows above the dispatcher, to a mode that sees every call: for the words of OF_PYTHON.
    """
    return _refusal(tuple(words)) if words else contextlib.nullcontext()


class Refusal:
    """Used again and again: making it takes longer than most calls."""

    def __init__(self, words: tuple):
        for word in words:
            watch(word)
        self.above = _above(words) if OF_PYTHON.intersection(words) else contextlib.nullcontext()
        self.words, self.key, self.outer = words, torch._C._dispatch_key_parse(WATCHED), []

    def __enter__(self):
        global _refused
        guard = torch._C._IncludeDispatchKeyGuard(self.key)
        self.outer.append((_refused, guard))
        _refused = self.words
        self.above.__enter__()
        guard.__enter__()

    def __exit__(self, *exception):
        global _refused
        _refused, guard = self.outer.pop()
        guard.__exit__(*exception)
        self.above.__exit__(*exception)


_refusal = functools.cache(Refusal)


def watch(word: str) -> None:
    """Register our kernels for the operations whose name fits a word. The warm process does this for its children."""
    if word in _watched:
        return
    kept = []
    if not _watched:
        kept.append(torch.library.Library("_", "IMPL", WATCHED))
        kept[-1].fallback(torch.library.fallthrough_kernel, WATCHED)
    for name in torch._C._dispatch_get_all_op_names():
        library, _, operation = name.partition("::")
        if fits(operation.partition(".")[0], (word,)) and name not in _kernels:
            kept.append(torch.library.Library(library, "IMPL", WATCHED))
            kept[-1].impl(operation, _kernels.setdefault(name, functools.partial(refusing, name)), WATCHED)
    _watched[word] = tuple(kept)


_kernels: dict[str, functools.partial] = {}


def refusing(name: str, *args, **kwargs):
    library, _, operation = name.partition("::")
    operation, _, overload = operation.partition(".")
    refuse(operation)
    key = torch._C.DispatchKeySet(torch._C._dispatch_key_parse(WATCHED))
    with torch._C._ExcludeDispatchKeyGuard(key):  # it is watched for another exercise
        return getattr(getattr(getattr(torch.ops, library), operation), overload or "default")(*args, **kwargs)


def refuse(name: str) -> None:
    if fits(name, _refused):
        raise Forbidden(f"{name} does the exercise for you")


def fits(name: str, words: tuple) -> bool:
    return any(word[1:] == name if word.startswith("=") else word in name for word in words)


def _above(words: tuple):
    from torch.overrides import TorchFunctionMode

    @functools.cache
    def look(name: str) -> str:
        name = name.split(".")[0]
        return name if fits(name, words) else ""

    class Above(TorchFunctionMode):
        def __torch_function__(self, function, kinds, args=(), kwargs=None):
            if name := look(str(getattr(function, "__name__", function))):
                refuse(name)
            return function(*args, **(kwargs or {}))

    return Above()


# ---- state that tests share --------------------------------------------------------------------------------------

REPLACEABLE: list = []  # modules and classes whose functions student code might replace; `leftovers` notices
FUNCTIONS: list[int] = []  # these functions, as the warm process has them


class State:
    """Global state that honest code disturbs, and how to restore it."""

    def __init__(self, scratch: str):
        self.scratch = scratch
        self.path, self.filters = list(sys.path), list(warnings.filters)
        self.recursion = sys.getrecursionlimit()
        self.print_options, self.float_errors = np.get_printoptions(), np.geterr()

    def reset(self, seed: int) -> None:
        sys.settrace(None)
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.dup2(OUTPUT_FD, 1)  # student code may have closed them
        os.dup2(OUTPUT_FD, 2)
        sys.stdout, sys.stderr = _stream(1, "<stdout>"), _stream(2, "<stderr>")
        sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
        os.chdir(self.scratch)
        sys.path[:] = self.path
        sys.setrecursionlimit(self.recursion)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters
            warnings._filters_mutated()
        if np.geterr() != self.float_errors:
            np.seterr(**self.float_errors)
        if np.get_printoptions() != self.print_options:  # setting them takes longer
            np.set_printoptions(**self.print_options)
        torch.set_default_dtype(torch.float32)
        if torch._C._len_torch_function_stack():  # a default device is a mode; `get_default_device` takes 30 us
            torch.set_default_device(None)
        torch.set_grad_enabled(True)
        torch._C._set_deterministic_algorithms(False)  # the public function imports a second of a compiler
        torch.autograd.set_detect_anomaly(False)
        torch.set_flush_denormal(False)
        if plt.get_fignums():
            plt.close("all")
        seed_all(seed)


def _stream(fd: int, name: str):
    raw = io.FileIO(fd, "w", closefd=False)
    raw.name = name
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)
