"""Exhausting resources: lines 25-36 of the list, and what else takes time, memory, output or the grader with it.

Most attacks sit in one exercise, so that what they cost is seen: that exercise and nothing else. Where the attempt is
refused and the right answer follows, nothing is lost. Attacks that end at a time limit take ten to twenty seconds.
"""

import re
import textwrap

from frame import BACKWARD, FORWARD, FULL, MODULE, Expect, HandIn, attack, exercise

ENDED = ("crashed", "out_of_memory", "timeout")  # which limit is met first depends on the machine


def function(hand_in: HandIn, body: str, *, before: str = "", after=(), id: str = FORWARD) -> None:
    """Hand in an exercise whose function runs `body`; `before` stands above it, `after` are added cells."""
    name = hand_in.names[id][0]
    code = f"{before}\ndef {name}(*args, **kwargs):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    hand_in(after=after, **{id: code})


def then_right(hand_in: HandIn, body: str, *, before: str = "", after=(), id: str = FORWARD) -> None:
    """Hand in an exercise whose function runs `body` and then answers as it should."""
    name = hand_in.names[id][0]
    before = f"{hand_in.right[id]}\n\n_right = {name}\n{textwrap.dedent(before)}"
    function(
        hand_in, f"{textwrap.dedent(body).strip()}\nreturn _right(*args, **kwargs)", before=before, after=after, id=id
    )


def unsteered(world, result) -> str:
    """No control or direction character of a submission may reach the feedback page."""
    for page in world.out.rglob("*.html"):
        if found := re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e]", page.read_text(encoding="utf-8")
        ):
            return f"the page {page.name} holds the control character {ascii(found[0])}"
    return ""


# ---- 25: ending the process, or others ---------------------------------------------------------------------------


@attack(25, exercise(FORWARD, 0, "crashed"))
def exits_process(hand_in):
    """os._exit(0) inside a tested function."""
    function(hand_in, "import os\nos._exit(0)")


@attack(25, Expect(problem="added cell .*ended by itself"))
def exits_process_in_a_cell(hand_in):
    """os._exit(0) in an added cell before all others."""
    hand_in(before=["import os\nos._exit(0)"])


@attack(25, exercise(FORWARD, 0, "crashed"))
def segmentation_fault(hand_in):
    """A null pointer is read through ctypes."""
    function(hand_in, "import ctypes\nctypes.string_at(0)")


@attack(25, exercise(FORWARD, 0, "crashed"))
def kills_itself(hand_in):
    """os.kill(os.getpid(), SIGKILL) inside a tested function."""
    function(hand_in, "import os\nos.kill(os.getpid(), 9)")


@attack(25, FULL)
def kills_parent(hand_in):
    """os.kill(os.getppid(), SIGKILL), and kills of the processes numbered nearby; then the right answer."""
    then_right(
        hand_in,
        """
        for pid in {os.getppid(), 1, *range(max(2, os.getpid() - 20), os.getpid())}:
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
        """,
        before="import os, signal",
    )


@attack(25, FULL)
def kills_everyone(hand_in):
    """os.kill(-1, SIGKILL) and os.killpg of its own group; then the right answer."""
    then_right(
        hand_in,
        """
        for kill in (lambda: os.kill(-1, 9), lambda: os.killpg(0, 9), lambda: os.killpg(os.getpgid(os.getppid()), 9)):
            try:
                kill()
            except OSError:
                pass
        """,
        before="import os",
    )


# ---- 26, 27: never ending ----------------------------------------------------------------------------------------


@attack(26, Expect(problem="added cell .*time limit"))
def endless_added_cell(hand_in):
    """while True: pass in an added cell before all others."""
    hand_in(before=["while True:\n    pass"])


@attack(26, exercise(FORWARD, 0, "timeout", problem="cell bn_forward_train: .*time limit"))
def endless_answer_cell(hand_in):
    """while True: pass at the end of the cell of an answer."""
    hand_in(bn_forward_train=hand_in.right[FORWARD] + "\n\nwhile True:\n    pass\n")


@attack(26, exercise(FORWARD, 0, "timeout"))
def endless_function(hand_in):
    """while True: pass in a tested function."""
    function(hand_in, "while True:\n    pass")


@attack(26, exercise(MODULE, 0, "timeout"))
def endless_getattr(hand_in):
    """Looking up an attribute of the returned module never ends."""
    hand_in(
        BatchNormScratch=hand_in.right[MODULE]
        + "\n\n_Right = BatchNormScratch\n\nclass BatchNormScratch(_Right):\n"
        + "    def __getattr__(self, name):\n        while True:\n            pass\n"
    )


@attack(26, exercise(FORWARD, 0, "timeout"))
def endless_property(hand_in):
    """The class of the returned object is a property that never ends."""
    function(
        hand_in,
        "return Endless(), {}",
        before="class Endless:\n    @property\n    def __class__(self):\n        while True:\n            pass\n",
    )


@attack(26, exercise(FORWARD, 0, "timeout"))
def endless_del(hand_in):
    """The answer is right, but deleting an object on the way never ends."""
    then_right(
        hand_in,
        "endless = Endless()\ndel endless",
        before="class Endless:\n    def __del__(self):\n        while True:\n            pass\n",
    )


@attack(27, exercise(FORWARD, 0, "timeout"))
def deaf_to_signals(hand_in):
    """A loop that ignores and blocks every signal that can be, SIGINT, SIGTERM, SIGALRM and SIGXCPU among them."""
    function(
        hand_in,
        """
        import signal
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            pass
        """,
    )


@attack(27, exercise(FORWARD, 0, "timeout"))
def catches_everything(hand_in):
    """A loop that catches BaseException and goes on."""
    function(
        hand_in,
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    )


# ---- 28: memory --------------------------------------------------------------------------------------------------


@attack(28, exercise(FORWARD, 0, "out_of_memory"))
def memory_by_numpy(hand_in):
    """A NumPy array of 30 GB."""
    function(hand_in, "return np.ones(30 << 27), {}")


@attack(28, exercise(FORWARD, 0, "out_of_memory"))
def memory_by_torch(hand_in):
    """A tensor of 30 GB."""
    function(hand_in, "return torch.ones(30 << 28), {}")


@attack(28, exercise(FORWARD, 0, "out_of_memory", "timeout"))
def memory_by_bytes(hand_in):
    """30 GB in pieces of 256 MB, each of them written to."""
    function(hand_in, "return [b'x' * (1 << 28) for _ in range(120)], {}")


@attack(28, exercise(FORWARD, 0, "out_of_memory", "timeout"))
def memory_by_small_objects(hand_in):
    """Small objects without end, which the garbage collector must follow."""
    function(hand_in, "chain = None\nwhile True:\n    chain = [chain, {}]")


# ---- 29, 30: more processes --------------------------------------------------------------------------------------


@attack(29, FULL, kernels=False)
def fork_bomb(hand_in):
    """Processes that fork for ever; then the right answer."""
    then_right(
        hand_in,
        """
        for _ in range(1000):
            try:
                if os.fork() == 0:
                    while True:
                        os.fork()
            except OSError:
                pass
        """,
        before="import os",
    )


@attack(29, FULL, kernels=False)
def thread_bomb(hand_in):
    """Ten thousand threads that sleep; then the right answer."""
    then_right(
        hand_in,
        """
        for _ in range(10_000):
            try:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            except RuntimeError:
                pass
        """,
        before="import threading, time",
    )


@attack(30, FULL)
def daemon(hand_in):
    """A process that leaves session and parent (double fork, setsid) and writes to disk for a minute."""
    then_right(
        hand_in,
        """
        try:
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    for _ in range(60):
                        open("/tmp/MARKER", "a").write("still here")
                        time.sleep(1)
                os._exit(0)
        except OSError:
            pass
        """.replace("MARKER", hand_in.world.marker),
        before="import os, time",
    )


@attack(30, FULL)
def subprocesses(hand_in):
    """A shell, a detached interpreter and multiprocessing; then the right answer."""
    then_right(
        hand_in,
        """
        attempts = (
            lambda: os.system("sleep 60 &"),
            lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], {}),
            lambda: subprocess.Popen(["sleep", "60"], start_new_session=True),
            lambda: multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start(),
            lambda: multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,)).start(),
        )
        for attempt in attempts:
            try:
                attempt()
            except Exception:
                pass
        """,
        before="import multiprocessing, os, subprocess, sys, time",
    )


# ---- 31: acting after the test -----------------------------------------------------------------------------------


@attack(31, FULL)
def thread_acts_later(hand_in):
    """A thread, if one can be started, replaces np.mean a little later."""
    then_right(
        hand_in,
        """
        try:
            threading.Timer(0.01, lambda: setattr(np, "mean", None)).start()
        except RuntimeError:
            pass
        """,
        before="import threading",
    )


@attack(31, FULL)
def atexit_acts_later(hand_in):
    """atexit handlers that never end are registered by every call."""
    then_right(hand_in, "atexit.register(_endless)", before="import atexit\n\ndef _endless():\n    while True: pass")


@attack(31, FULL)
def del_acts_later(hand_in):
    """Every call leaves garbage in cycles; collecting it, in the middle of another test, takes np.zeros away."""
    then_right(
        hand_in,
        "for _ in range(50):\n    later = Later()\n    later.itself = later",
        before="class Later:\n    def __del__(self):\n        np.zeros = np.ones_like = None\n",
    )


@attack(31, FULL)
def signal_acts_later(hand_in):
    """Timers go off while another test runs; their handlers end the process."""
    then_right(
        hand_in,
        """
        signal.signal(signal.SIGPROF, lambda *_: os._exit(0))
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_PROF, 0.2)
        signal.setitimer(signal.ITIMER_REAL, 2.0)
        """,
        before="import os, signal",
    )


@attack(31, FULL)
def profile_acts_later(hand_in):
    """sys.setprofile and sys.settrace end the process when the grader tidies up after the test."""
    then_right(
        hand_in,
        """
        def end(frame, event, arg):
            if "reset" in frame.f_code.co_name:
                os._exit(0)
        sys.setprofile(end)
        sys.settrace(end)
        """,
        before="import os, sys",
    )


# ---- 32: output --------------------------------------------------------------------------------------------------


@attack(32, FULL)
def million_lines(hand_in):
    """An added cell prints a million short lines: 2 MB, which is allowed."""
    hand_in(after=["for _ in range(10**6):\n    print()\nprint('done')"])


@attack(32, exercise(FORWARD, 0, "crashed"))
def endless_lines(hand_in):
    """A tested function prints lines without end."""
    function(hand_in, "while True:\n    print('all work and no play' * 10)")


@attack(32, exercise(FORWARD, 0, "crashed"))
def gigabyte_line(hand_in):
    """A tested function prints one line of 1 GB, in pieces of 1 MB."""
    function(hand_in, "for _ in range(1000):\n    print('x' * 10**6, end='')")


@attack(32, FULL)
def display_updates(hand_in):
    """An added cell updates a display a hundred thousand times; a right answer does so ten times in each call."""
    then_right(
        hand_in,
        "handle = display('0 %', display_id=True)\nfor step in range(10):\n    handle.update(f'{step}0 %')",
        after=[
            "handle = display('0 %', display_id=True)\nfor step in range(10**5):\n    handle.update(f'{step} steps')"
        ],
    )


@attack(32, FULL, harm=unsteered)
def control_characters(hand_in):
    """The right answer, printing every control character; an added cell whose exception holds escape sequences."""
    steer = r"'\x1b[2J\x1b[31m\x1b]0;owned\x07\x1bc\x9b5n\r\b\x00\u202e\u2028' + ''.join(map(chr, range(32)))"
    name = hand_in.names[FORWARD][0]
    hand_in(
        bn_forward_train=hand_in.right[FORWARD]
        + f"\n\n_right = {name}\n\ndef {name}(*args, **kwargs):\n    print({steer})\n    return _right(*args, **kwargs)\n",
        after=[
            f"raise ValueError({steer})",
            f"raise type({steer[: steer.index(' +')]}.replace(chr(0), ''), (Exception,), {{}})",
        ],
    )


@attack(32, FULL)
def invalid_utf8(hand_in):
    """Bytes that are no UTF-8 on stdout and stderr; then the right answer."""
    then_right(
        hand_in,
        """
        for fd in (1, 2):
            os.write(fd, bytes(range(128, 256)) * 10)
        sys.stdout.buffer.write(b"\\xff\\xfe\\xc3")
        sys.stderr.buffer.write(b"\\xed\\xa0\\x80")
        """,
        before="import os, sys",
    )


@attack(32, exercise(FORWARD, 0, "error"))
def lone_surrogates(hand_in):
    """Half a surrogate pair is printed and raised, also as the name of an exception and in an added cell."""
    name = hand_in.names[FORWARD][0]
    hand_in(
        bn_forward_train=f"def {name}(*args, **kwargs):\n    print('\\ud800')\n    raise ValueError('\\udc80' * 100)\n",
        after=["print('\\udfff')\nraise ValueError('\\ud800')"],
    )


# ---- 33: disk ----------------------------------------------------------------------------------------------------


@attack(33, FULL)
def fills_disk(hand_in):
    """Files of 1 GB in every folder that can be written, until nothing more fits; then the right answer."""
    then_right(
        hand_in,
        """
        for folder in (os.getcwd(), tempfile.gettempdir(), os.path.expanduser("~"), "/tmp", "/var/tmp", "/dev/shm", "/"):
            for number in range(20):
                try:
                    with open(f"{folder}/fill-{number}", "wb") as file:
                        for _ in range(1024):
                            file.write(bytes(1 << 20))
                except OSError:
                    pass
        """,
        before="import os, tempfile",
    )


@attack(33, FULL)
def million_files(hand_in):
    """A million empty files, or as many as can be made; then the right answer."""
    then_right(
        hand_in,
        """
        for number in range(10**6):
            try:
                os.close(os.open(f"file-{number}", os.O_CREAT | os.O_WRONLY))
            except OSError:
                break
        """,
        before="import os",
    )


@attack(33, FULL)
def sparse_files(hand_in):
    """Files that claim a terabyte, by truncate, by seek and by memory map; then the right answer."""
    then_right(
        hand_in,
        """
        def seek():
            with open("seek", "wb") as file:
                file.seek(1 << 40)
                file.write(b"x")
        attempts = (
            lambda: open("truncate", "wb").truncate(1 << 40),
            seek,
            lambda: os.posix_fallocate(os.open("allocate", os.O_CREAT | os.O_RDWR), 0, 1 << 40),
            lambda: np.memmap("map", dtype="u1", mode="w+", shape=1 << 40),
        )
        for attempt in attempts:
            try:
                attempt()
            except (OSError, MemoryError, ValueError):
                pass
        """,
        before="import os",
    )


@attack(33, FULL)
def deep_folders(hand_in):
    """A folder in a folder in a folder, until no more can be made; then the right answer, from the deepest."""
    then_right(
        hand_in,
        """
        try:
            for _ in range(100_000):
                os.mkdir("d" * 200)
                os.chdir("d" * 200)
        except OSError:
            pass
        """,
        before="import os",
    )


# ---- 34: the control descriptors ---------------------------------------------------------------------------------


@attack(34, exercise(FORWARD, 0, "crashed"), kernels=False)
def closes_control(hand_in):
    """Every descriptor is closed."""
    function(
        hand_in,
        "import os\nos.closerange(0, 4096)\nreturn _right(*args)",
        before=hand_in.right[FORWARD] + "\n_right = bn_forward_train\n",
    )


@attack(34, FULL, kernels=False)
def closes_output(hand_in):
    """The descriptors of printed text are closed; then the right answer."""
    then_right(
        hand_in,
        "for fd in (0, 1, 2, 5):\n    try:\n        os.close(fd)\n    except OSError:\n        pass",
        before="import os",
    )


@attack(34, exercise(FORWARD, 0, "crashed"), kernels=False)
def floods_control(hand_in):
    """Garbage without end goes to every descriptor."""
    function(
        hand_in,
        """
        import os
        while True:
            for fd in range(3, 64):
                try:
                    os.write(fd, os.urandom(1 << 16))
                except OSError:
                    pass
        """,
    )


@attack(34, exercise(FORWARD, 0, "timeout"), kernels=False)
def half_a_frame(hand_in):
    """Half a reply is written, then nothing more."""
    function(
        hand_in,
        """
        import os, struct
        for fd in range(3, 64):
            try:
                os.write(fd, struct.pack("<II", 1000, 0) + bytes(500))
            except OSError:
                pass
        while True:
            pass
        """,
    )


@attack(34, exercise(FORWARD, 0, "crashed"), kernels=False)
def claims_gigabytes(hand_in):
    """The header of a reply claims 8 GB, so that the reader makes room for it."""
    function(
        hand_in,
        """
        import os, struct
        for fd in range(3, 64):
            try:
                os.write(fd, struct.pack("<II", 2**32 - 1, 2**32 - 1))
            except OSError:
                pass
        while True:
            pass
        """,
    )


# ---- 35: values --------------------------------------------------------------------------------------------------


@attack(35, exercise(FORWARD, 0))
def recursive_list(hand_in):
    """A list that contains itself is returned."""
    function(hand_in, "y = []\ny.append(y)\nreturn y, y")


@attack(35, exercise(FORWARD, 0))
def cyclic_dict(hand_in):
    """The cache is a dict that contains itself."""
    function(hand_in, "cache = {}\ncache['x'] = cache['xhat'] = cache\nreturn cache, cache")


@attack(35, exercise(BACKWARD, 0))
def cyclic_argument(hand_in):
    """The dict that the test handed over is put into itself."""
    function(
        hand_in,
        "cache['xhat'] = cache\ncache['x'] = [cache] * 3\nreturn cache, cache, cache".replace("cache", "args[1]"),
        id=BACKWARD,
    )


@attack(35, exercise(FORWARD, 0))
def many_elements(hand_in):
    """An array of 10^8 numbers, and a list of two million."""
    function(hand_in, "return np.zeros(10**8), {'x': [0.0] * 2_000_000}")


@attack(35, exercise(FORWARD, 0))
def deep_value(hand_in):
    """A list of depth 10^5."""
    function(hand_in, "y = []\nfor _ in range(10**5):\n    y = [y]\nreturn y, {}")


@attack(35, exercise(FORWARD, 0))
def huge_integer(hand_in):
    """An integer of a million digits."""
    function(hand_in, "return 10**10**6, {'x': 10**10**6}")


@attack(35, exercise(FORWARD, 0))
def infinite_generator(hand_in):
    """Generators that never end."""
    function(hand_in, "import itertools\nreturn (0.0 for _ in itertools.count()), {'x': map(float, itertools.count())}")


@attack(35, exercise(FORWARD, 0))
def claimed_array(hand_in):
    """An array of 10 GB that takes eight bytes: every stride is 0."""
    function(hand_in, "return np.broadcast_to(0.0, (10**10 // 8,)), {'x': torch.zeros(1).expand(10**10)}")


@attack(35, exercise(FORWARD, 0, "crashed"), kernels=False)
def forged_array(hand_in):
    """A forged reply holds the header of an array of 10 GB and no numbers."""
    function(
        hand_in,
        """
        import msgpack, os, struct
        array = msgpack.packb(["n", "float64", [10**10 // 8], None, 0, None, None])
        header = msgpack.packb({"seq": 1, "written": [], "ok": msgpack.ExtType(1, array)})
        os.write(4, struct.pack("<II", len(header), 0) + header)
        while True:
            pass
        """,
    )


@attack(35, exercise(FORWARD, 0))
def shared_lists(hand_in):
    """Ten lists of the same ten lists, twelve deep: a thousand billion elements in a few bytes."""
    function(hand_in, "y = 0.5\nfor _ in range(12):\n    y = [y] * 10\nreturn y, {'x': y}")


# ---- 36: exceptions ----------------------------------------------------------------------------------------------


@attack(36, exercise(FORWARD, 0, "error"))
def huge_message(hand_in):
    """An exception with a message of 100 MB, from a tested function and from an added cell."""
    name = hand_in.names[FORWARD][0]
    hand_in(
        bn_forward_train=f"def {name}(*args, **kwargs):\n    raise ValueError('x' * 10**8)\n",
        after=["raise KeyError('y' * 10**8)"],
    )


@attack(36, exercise(FORWARD, 0, "error"))
def message_raises(hand_in):
    """An exception whose __str__ and __repr__ raise it again."""
    function(
        hand_in,
        "raise Again",
        before="class Again(Exception):\n    def __str__(self):\n        raise self\n    __repr__ = __str__\n",
    )


@attack(36, exercise(FORWARD, 0, "timeout"))
def message_loops(hand_in):
    """An exception whose __str__ never ends."""
    function(
        hand_in,
        "raise Endless",
        before="class Endless(Exception):\n    def __str__(self):\n        while True:\n            pass\n",
    )


@attack(36, exercise(FORWARD, 0, "error"))
def exception_groups(hand_in):
    """Exception groups a thousand deep and ten thousand wide."""
    function(
        hand_in,
        """
        group = ValueError("x, gamma, beta")
        for _ in range(1000):
            group = ExceptionGroup("x, gamma, beta", [group])
        raise ExceptionGroup("x, gamma, beta", [group, *map(ValueError, range(10_000))])
        """,
    )


@attack(36, exercise(FORWARD, 0, "error"))
def cyclic_causes(hand_in):
    """An exception that is its own cause's cause, with a message that is no string."""
    function(
        hand_in,
        "first, second = ValueError(10**5000), ValueError([])\n"
        "first.__cause__, second.__cause__ = second, first\nfirst.__context__ = first\nraise first",
    )


@attack(36, exercise(FORWARD, 0, "error"))
def deep_recursion(hand_in):
    """A function that calls itself without end."""
    function(hand_in, "return bn_forward_train(*args, **kwargs)")


@attack(36, exercise(FORWARD, 0, *ENDED))
def stack_overflow(hand_in):
    """Recursion through C without Python's limit, until the stack is full."""
    function(
        hand_in,
        "import sys\nsys.setrecursionlimit(2**31 - 1)\ny = []\nfor _ in range(10**5):\n    y = [y]\nreturn repr(y)",
    )


# ---- of our own invention ----------------------------------------------------------------------------------------


@attack(121, exercise(FORWARD, 0, "timeout"))
def trap_for_the_next_test(hand_in):
    """One call in two never ends; the other leaves a timer whose handler never ends in the test that comes next."""
    function(
        hand_in,
        """
        def endless(*_):
            while True:
                pass
        import signal
        signal.signal(signal.SIGVTALRM, endless)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)
        if len(args[0]) % 2:
            endless()
        return None
        """,
    )


@attack(122, exercise(FORWARD, 0, "timeout"))
def stops_itself(hand_in):
    """SIGSTOP to itself: the process neither runs nor ends. Takes half a minute."""
    function(hand_in, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")


@attack(123, exercise(FORWARD, 0, "timeout"))
def holds_the_interpreter(hand_in):
    """A regular expression that backtracks for ever: no bytecode runs, so no handler of a signal does."""
    function(hand_in, "import re\nre.match('(a+)+$', 'a' * 60 + 'b')")


@attack(124, exercise(FORWARD, 0, "crashed", "failed", "timeout"), kernels=False)
def colliding_keys(hand_in):
    """A forged reply holds a set of 75,000 integers with the same hash: building it would take the reader a minute."""
    function(
        hand_in,
        """
        import msgpack, os, struct
        prime = 2**61 - 1
        numbers = [msgpack.ExtType(3, (k * prime).to_bytes(10, "little", signed=True)) for k in range(1, 75_001)]
        value = msgpack.ExtType(7, msgpack.packb([False, numbers]))
        header = msgpack.packb({"seq": 1, "written": [], "ok": value})
        frame = struct.pack("<II", len(header), 0) + header
        while frame:
            frame = frame[os.write(4, frame):]
        while True:
            pass
        """,
    )


@attack(125, exercise(FORWARD, 0, *ENDED))
def endless_repr(hand_in):
    """Printing ten lists of the same ten lists, twelve deep: a thousand billion characters."""
    function(hand_in, "y = 'ha'\nfor _ in range(12):\n    y = [y] * 10\nprint(y)")


@attack(126, exercise(FORWARD, 0, "timeout"), kernels=False)
def drips(hand_in):
    """A forged reply arrives byte by byte, each within any limit that starts anew. Takes half a minute."""
    function(
        hand_in,
        """
        import os, struct, time
        os.write(4, struct.pack("<II", 1 << 20, 0))
        while True:
            os.write(4, b"x")
            print("patience")
            time.sleep(0.1)
        """,
    )


@attack(127, FULL)
def lowers_limits(hand_in):
    """The process raises its limits, which fails, and lowers others, so that later tests in it would fail."""
    then_right(
        hand_in,
        """
        for name in ("AS", "DATA", "NOFILE", "CPU", "FSIZE", "NPROC", "MEMLOCK"):
            try:
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (resource.RLIM_INFINITY,) * 2)
            except (OSError, ValueError):
                pass
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        sys.setrecursionlimit(70)
        """,
        before="import resource, sys",
    )


@attack(128, FULL)
def asks_the_kernel(hand_in):
    """System calls that nothing here counts: the answer is right only if all of them are refused."""
    # x86_64 numbers, and those of aarch64: memfd_create, shmget, semget, mq_open, keyctl, perf_event_open, io_uring_setup,
    # bpf, userfaultfd, clone (of a process), unshare, setns, ptrace, sched_setaffinity, setpriority, pidfd_open.
    then_right(
        hand_in,
        """
        allowed = []
        for number, *arguments in CALLS:
            if libc.syscall(number, *arguments) >= 0:
                allowed.append(number)
        if allowed:
            return f"these calls are allowed: {allowed}"
        """,
        before="""
        import ctypes, platform
        libc = ctypes.CDLL(None, use_errno=True)
        ring, name = ctypes.create_string_buffer(200), ctypes.c_char_p(b"hog")
        one = ctypes.create_string_buffer((1).to_bytes(128, "little"), 128)
        column = 0 if platform.machine() == "x86_64" else 1
        CALLS = [(numbers[column], *arguments) for numbers, *arguments in (
            ((319, 279), name, 0), ((29, 194), 0, 1 << 30, 0o1600), ((64, 190), 0, 1, 0o1600), ((240, 180), name, 66, 0o600, 0),
            ((250, 219), 0, -3, 1), ((298, 241), ring, 0, -1, -1, 0), ((425, 425), 8, ring), ((321, 280), 0, ring, 48),
            ((323, 282), 0), ((56, 220), 17, 0, 0, 0, 0), ((435, 435), ring, 88), ((272, 97), 0x10000000), ((308, 268), 0, 0),
            ((101, 117), 0, 0, 0, 0), ((203, 122), 0, 128, one), ((141, 140), 0, 0, 19), ((434, 434), 1, 0),
        )]
        """,
    )


@attack(129, exercise(FORWARD, 0, "timeout"))
def long_division(hand_in):
    """Writing a number of many millions of digits: one instruction in C that takes hours."""
    function(hand_in, "import sys\nsys.set_int_max_str_digits(0)\nreturn len(str(3 ** (10**8)))")


@attack(130, exercise(FORWARD, 0, "timeout"))
def hoards(hand_in):
    """Memory is taken until there is none, and kept for ever: MemoryError is caught."""
    function(
        hand_in,
        """
        hoard = []
        while True:
            try:
                hoard.append(bytearray(1 << 24))
            except MemoryError:
                pass
        """,
    )


@attack(131, Expect(problem="added cell .*raised"))
def loader_with_workers(hand_in):
    """An honest added cell reads its data with worker processes, which there are none of here."""
    hand_in(
        after=[
            "data = torch.utils.data.TensorDataset(torch.zeros(8, 2))\n"
            "for batch in torch.utils.data.DataLoader(data, num_workers=2):\n    pass"
        ]
    )


@attack(132, FULL)
def maps_memory(hand_in):
    """Memory that is shared, sparse or locked, by mmap and mlockall; then the right answer if 4 GB were refused."""
    then_right(
        hand_in,
        """
        kept = []
        for flags in (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000):
            for _ in range(64):
                try:
                    kept.append(mmap.mmap(-1, 1 << 26, flags=flags))
                except OSError:
                    break
        ctypes.CDLL(None).mlockall(3)
        if len(kept) >= 64:
            return f"{len(kept)} times 64 MiB were mapped"
        for some in kept:
            some.close()
        """,
        before="import ctypes, mmap",
    )


@attack(133, FULL)
def deep_expressions(hand_in):
    """Added cells that are hard to parse: deep brackets, long chains, many operators, nested loops."""
    hand_in(
        after=[
            "(" * 60_000,
            "-" * 60_000 + "1",
            "x" + ".a" * 30_000,
            "1" + "+1" * 30_000,
            "lambda: " * 7_000 + "1",
            "\n".join(" " * n + "for _ in (1,):" for n in range(95)) + "\n" + " " * 95 + "pass",
            "[" * 150 + "]" * 150,
            "f(" * 90 + ")" * 90,
        ]
    )


@attack(134, Expect(problem="added cell"))
def one_bad_cell_for_each_limit(hand_in):
    """Added cells that crash, run out of memory, flood and break the protocol: each is skipped, in a new child."""
    hand_in(
        before=[
            "import ctypes; ctypes.string_at(0)",
            "hog = bytearray(30 << 30)",
            "while True: print('flood' * 1000)",
            "import os; os.write(4, bytes(8))",
            "import os; os.closerange(3, 64)",
            "import signal; signal.raise_signal(signal.SIGABRT)",
        ]
    )
