"""Honest code that disturbs the state all tests share. All of it must cost nothing.

Each is done in a cell before all answers, and where it makes sense inside every tested function, in every call.
"""

import re

from frame import FORWARD, FULL, MODULE, POPULATION, RECALIBRATE, UPDATE, HandIn, attack

TORCH = (MODULE, RECALIBRATE)  # the answers that differentiate or store tensors


def in_calls(hand_in: HandIn, code: str, *, skip=()) -> dict[str, str]:
    """The right answers, in which every function first does this."""

    def first(match):
        return "\n".join(match[1] + line for line in code.split("\n"))

    return {
        id: re.sub(r"^( +)### BEGIN SOLUTION", first, source, flags=re.MULTILINE)
        for id, source in hand_in.right.items()
        if id not in skip
    }


def disturbing(name: str, says: str, code: str, *, calls: bool = True, skip=(), head: str = ""):
    """An attack that does this in a cell before all others and, if `calls`, in every call of every function."""

    def build(hand_in):
        answers = in_calls(hand_in, code, skip=skip) if calls else {}
        hand_in(before=[f"import os, sys, warnings\nimport numpy as np, torch\n{head}\n{code}"], **answers)

    build.__name__, build.__doc__ = name, says
    attack(60, FULL)(build)


disturbing(
    "default_dtype", "The default dtype of torch is float64.", "torch.set_default_dtype(torch.float64)", skip=TORCH
)
disturbing("numpy_raises", "NumPy raises on every floating point oddity.", "np.seterr(all='raise')")
disturbing(
    "warnings_are_errors", "Every warning is an error.", "warnings.simplefilter('error')", head="import warnings"
)
disturbing("threads", "torch is given 64 threads.", "torch.set_num_threads(64)")
disturbing(
    "interop_threads", "torch is given 64 threads between operations.", "torch.set_num_interop_threads(64)", calls=False
)
disturbing("deterministic", "torch must use deterministic algorithms.", "torch.use_deterministic_algorithms(True)")
disturbing("no_gradients", "Gradients are off.", "torch.set_grad_enabled(False)", skip=TORCH)
disturbing(
    "seeds", "Every generator is seeded.", "np.random.seed(0); torch.manual_seed(0); import random; random.seed(0)"
)
disturbing("change_folder", "The working folder is changed.", "os.chdir('/')")
disturbing("no_stdout", "sys.stdout is None.", "sys.stdout = None")
disturbing("no_stderr", "sys.stderr is None, and sys.stdout is a closed file.",
           "sys.stderr = None; sys.stdout = open(os.devnull); sys.stdout.close()")  # fmt: skip
disturbing("captured_stdout", "sys.stdout is a StringIO.", "import io; sys.stdout = io.StringIO()")
disturbing("closed_descriptors", "Descriptors 0, 1 and 2 are closed.",
           "for fd in (0, 1, 2):\n    try: os.close(fd)\n    except OSError: pass")  # fmt: skip
disturbing(
    "print_options",
    "Arrays print in another way.",
    "np.set_printoptions(precision=1, threshold=3); torch.set_printoptions(sci_mode=True)",
)
disturbing("backend", "A backend of matplotlib is chosen.", "import matplotlib; matplotlib.use('svg')")
disturbing("plot_style", "The style and settings of matplotlib are changed.",
           "import matplotlib.pyplot as plt; plt.rcParams['figure.max_open_warning'] = 0; plt.style.use('dark_background'); plt.ion()")  # fmt: skip
disturbing("recursion_limit_high", "The recursion limit is a million.", "sys.setrecursionlimit(10**6)")
disturbing("recursion_limit_low", "The recursion limit is 150.", "sys.setrecursionlimit(150)", calls=False)
disturbing("default_device", "The default device of torch is set.", "torch.set_default_device('cpu')")
disturbing("anomaly", "torch looks for anomalies.", "torch.autograd.set_detect_anomaly(True)", skip=TORCH)
disturbing("environment", "The environment is emptied.", "os.environ.clear()")
disturbing(
    "search_path",
    "The search path is changed.",
    "sys.path.insert(0, '.'); sys.path.append('/nowhere'); sys.argv = ['x', '--pdb']",
)
disturbing("garbage", "The garbage collector is off, and a hook traces every call.",
           "import gc; gc.disable(); sys.setprofile(lambda *args: None)")  # fmt: skip
disturbing("trace", "A debugger's trace function is set.", "sys.settrace(lambda *args: None)")
disturbing("alarm", "An alarm is set and its handler raises.", """
import signal
def late(*args): raise TimeoutError('late')
signal.signal(signal.SIGALRM, late)
signal.alarm(1)
""", calls=False)  # fmt: skip
disturbing("interrupt", "Ctrl-C is handled in its own way.",
           "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)")  # fmt: skip
disturbing(
    "logging",
    "Logging is set up to print everything.",
    "import logging; logging.basicConfig(level=0); logging.info('x')",
)
disturbing("locale_and_decimals", "Decimals are short and the locale is set.",
           "import decimal, locale; decimal.getcontext().prec = 2; locale.setlocale(locale.LC_ALL, 'C')")  # fmt: skip
disturbing("display_hook", "sys.displayhook and sys.excepthook are replaced.",
           "sys.displayhook = sys.excepthook = sys.unraisablehook = lambda *args: None")  # fmt: skip
disturbing(
    "printing",
    "Tested functions print.",
    "print('x =', locals()); print('to stderr', file=sys.stderr)",
    head="import sys",
)
disturbing(
    "printing_arrays", "Tested functions print arrays and unicode.", "print(np.ones((50, 50)), '\\u2713 \\U0001f600')"
)
disturbing("progress", "Tested functions draw a progress bar by hand.", "print('\\r' + '=' * 50, end='', flush=True)")
disturbing("threads_left", "A thread that sleeps is left behind.",
           "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", calls=False)  # fmt: skip
disturbing("autocast", "torch computes in bfloat16 by itself.",
           "cast = torch.autocast('cpu', dtype=torch.bfloat16); cast.__enter__()", calls=False)  # fmt: skip
disturbing("matmul_precision", "Matrix products may be imprecise.", "torch.set_float32_matmul_precision('medium')")
disturbing("flush_denormal", "Denormal numbers are flushed to zero.", "torch.set_flush_denormal(True)")
disturbing("numpy_error_callback", "NumPy calls a function on errors.",
           "np.seterrcall(lambda *args: None); np.seterr(all='call')")  # fmt: skip
disturbing("own_names", "The names student, check, rng, sum, x, help and hint are the student's own.",
           "student = rng = x = y = result = 5; sum = max = id = list = 7; test = 'x'; compare = oracle = None", calls=False)  # fmt: skip
disturbing("names_deleted", "Names of the imports are deleted after use.", "del warnings", calls=False)
disturbing("module_names", "A name hides a module: random, copy, torch's F.",
           "random = 3; copy = 'x'; F = 0; count = None; deque = 1", calls=False)  # fmt: skip


disturbing("stars", "Everything of several modules is imported into the notebook.",
           "from math import *\nfrom torch.nn import *\nfrom matplotlib.pyplot import *", calls=False)  # fmt: skip


@attack(60, FULL)
def numpy_star(hand_in):
    """Everything of NumPy is imported into the notebook, so that min and sum are NumPy's, and the answers know it."""
    source = hand_in.right[POPULATION].replace("min(map(len, batches))", "min([len(batch) for batch in batches])")
    hand_in(before=["from numpy import *"], **{POPULATION: source})


@attack(60, FULL)
def check_is_ones_own(hand_in):
    """check and hint, which the given cells call, are the student's own functions that fail."""
    hand_in(before=["def check(*args): raise RuntimeError('mine')\nhint = check"], after=["check = hint = None"])


@attack(60, FULL)
def helpers_in_extra_cells(hand_in):
    """Helper functions stand in added cells before and behind the answer that calls them."""
    source = (
        hand_in.right[FORWARD].replace("x.mean(axis=0)", "_mean(x)").replace("np.sqrt(var + eps)", "_root(var + eps)")
    )
    before = ["import numpy as np\n\ndef _mean(x):\n    return np.mean(x, axis=0)"]
    hand_in(before=before, after=["def _root(x):\n    return x ** 0.5"], **{FORWARD: source})


@attack(60, FULL)
def helper_from_another_answer(hand_in):
    """An answer calls a helper that stands in the cell of a later answer."""
    later = "def _rows(batches):\n    return np.concatenate(batches)\n\n\n" + hand_in.right[POPULATION]
    source = hand_in.right[FORWARD].replace("mu = x.mean(axis=0)", "mu = _rows([x]).mean(axis=0)")
    hand_in(**{FORWARD: source, POPULATION: later})


@attack(60, FULL)
def functions_split_over_cells(hand_in):
    """The two functions of one exercise stand in two cells."""
    nb = hand_in.notebook()
    first, mark, second = hand_in.right[UPDATE].partition("def ema_weights")
    cell = hand_in.cell_of(nb, UPDATE)
    cell.source = first
    nb.cells.insert(nb.cells.index(cell) + 1, _code(mark + second))
    hand_in.write(nb)


@attack(60, FULL)
def class_split_over_cells(hand_in):
    """The methods of a class are written in two cells, the second of which is added."""
    nb = hand_in.notebook()
    cell = hand_in.cell_of(nb, MODULE)
    head, mark, body = hand_in.right[MODULE].partition("    def forward(self, x):")
    cell.source = head
    method = re.sub(r"^    ", "", mark + body, flags=re.MULTILINE)
    nb.cells.insert(nb.cells.index(cell) + 1, _code(f"{method}\n\n{MODULE}.forward = forward\n"))
    hand_in.write(nb)


@attack(60, FULL)
def answer_in_the_next_cell(hand_in):
    """Every stub is left as it is, and the answer stands in an added cell behind it."""
    nb = hand_in.notebook()
    stubs = hand_in.course.release(nb.metadata.traindeep.assignment)
    for id, source in hand_in.right.items():
        cell = hand_in.cell_of(nb, id)
        cell.source = hand_in.cell_of(stubs, id).source
        nb.cells.insert(nb.cells.index(cell) + 1, _code(source))
    hand_in.write(nb)


@attack(60, FULL)
def annotations_that_fail(hand_in):
    """The annotations of every function name things that do not exist."""

    def annotated(match):
        names = [name if name.startswith("self") else _annotate(name) for name in match[2].split(", ")]
        return f"{match[1]}({', '.join(names)}) -> undefined.Array[1 / 0]:"

    hand_in(**{id: re.sub(r"(def \w+)\((.*?)\):", annotated, source) for id, source in hand_in.right.items()})


@attack(60, FULL)
def future_and_dataclasses(hand_in):
    """Cells begin with an import from __future__, define dataclasses, enums, and types with the same names."""
    before = [
        "from __future__ import annotations\nimport dataclasses, enum\n\n@dataclasses.dataclass\nclass Cache:\n    x: Undefined = None",
        "class Mode(enum.Enum):\n    A = 1\n\nclass Cache(dict):\n    pass",
    ]
    hand_in(before=before, **{FORWARD: "from __future__ import annotations\n" + hand_in.right[FORWARD]})


@attack(60, FULL)
def decorated(hand_in):
    """Every function is wrapped by decorators: a timer, a cache of nothing, a context of torch."""
    decorator = (
        "import functools, time\n\ndef timed(f):\n    @functools.wraps(f)\n    def g(*args, **kwargs):\n"
        "        start = time.perf_counter()\n        try:\n            return f(*args, **kwargs)\n"
        "        finally:\n            print(time.perf_counter() - start)\n    return g"
    )
    answers = {id: re.sub(r"^def ", "@timed\ndef ", source, flags=re.MULTILINE) for id, source in hand_in.right.items()}
    hand_in(before=[decorator], **answers)


@attack(60, FULL)
def tests_and_plots_in_the_answers_cell(hand_in):
    """The cells of the answers also try them out, plot and print."""
    tail = "\nx = np.random.randn(8, 3)\nprint(x)\nplt.plot(x); plt.show()\nassert x.shape == (8, 3)\n"
    hand_in(**{id: source + tail for id, source in hand_in.right.items()})


@attack(60, FULL)
def everything_at_once(hand_in):
    """All of this in one notebook: dtype, errors, warnings, seeds, folder, output, style and printing."""
    code = (
        "import os, sys, warnings\nnp.seterr(all='raise'); warnings.simplefilter('error'); np.random.seed(0)\n"
        "os.chdir('/'); print('x'); sys.stdout = None; np.set_printoptions(precision=1)"
    )
    before = ["import torch, sys\ntorch.set_default_dtype(torch.float64)\nsys.setrecursionlimit(10**5)\nsum = 1"]
    hand_in(before=before, **in_calls(hand_in, code))


def _annotate(name: str) -> str:
    argument, _, default = name.partition("=")
    return f"{argument}: undefined.Array['N, D']" + (f" = {default}" if default else "")


def _code(source: str):
    from nbformat.v4 import new_code_cell

    return new_code_cell(source)
