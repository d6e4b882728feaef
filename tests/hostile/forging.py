"""Forging the result: lines 1-14 of the list, and attacks on the process that answers the grader.

The forger leaves one exercise unsolved and wants its points; all others are right, and must keep theirs.
"""

import textwrap

from frame import FORWARD, FULL, IMAGES, MODULE, NOTHING, UPDATE, Expect, attack, exercise

FAILED = ("failed", "error", "crashed")
NOT_SOLVED = exercise(FORWARD, 0, *FAILED)
WRONG = "def bn_forward_train(x, gamma, beta, eps=1e-5):\n    return 0 * x, {}\n"  # the right shapes, nothing else


def added(number: int, name: str, says: str, code: str, expect: Expect = NOT_SOLVED, **options) -> None:
    """An attack in a cell before the others; the exercise is answered wrongly."""

    def build(hand_in):
        hand_in(before=[textwrap.dedent(code).strip()], bn_forward_train=WRONG)

    register(number, name, says, build, expect, **options)


def called(number: int, name: str, says: str, code: str, expect: Expect = NOT_SOLVED, *, before="", **options) -> None:
    """An attack inside the tested function, which then answers wrongly unless `code` returns something."""

    def build(hand_in):
        body = textwrap.indent(textwrap.dedent(code).strip().replace("{marker}", hand_in.world.spelled), "    ")
        hand_in(
            bn_forward_train=f"{textwrap.dedent(before)}\n{WRONG.rpartition('    ')[0]}{body}\n    return 0 * x, {{}}\n"
        )

    register(number, name, says, build, expect, **options)


def register(number: int, name: str, says: str, build, expect: Expect, **options) -> None:
    build.__name__, build.__doc__, build.__module__ = name, says, __name__
    attack(number, expect, **options)(build)


# ---- 1-4: the kernel ---------------------------------------------------------------------------------------------

added(1, "ast_strips_asserts", "An AST transformer of IPython removes every assert and every raise.", """
    import ast

    class Strip(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.Pass()
        visit_Raise = visit_Assert

    get_ipython().ast_transformers.append(Strip())
""")  # fmt: skip
added(2, "input_transformer_wraps_cells", "An input transformer wraps every later cell in try and except.", """
    def swallow(lines):
        return ["try:\\n", *("    " + line for line in lines), "\\n", "except BaseException:\\n", "    pass\\n"]

    get_ipython().input_transformers_cleanup.append(swallow)
""")  # fmt: skip
added(2, "input_transformer_empties_cells", "An input transformer replaces every later cell by nothing.", """
    get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])
""")  # fmt: skip
added(3, "run_cell_always_succeeds", "InteractiveShell.run_cell_async is replaced by one that reports success.", """
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    async def run_cell_async(self, *args, **kwargs):
        result = ExecutionResult(None)
        result.result = 46.0
        return result

    InteractiveShell.run_cell_async = run_cell_async
""")  # fmt: skip
added(4, "tracebacks_hidden", "The shell's showtraceback and sys.excepthook do nothing.", """
    import sys
    from IPython.core.interactiveshell import InteractiveShell

    sys.excepthook = lambda *args: None
    InteractiveShell.showtraceback = InteractiveShell._showtraceback = lambda *args, **kwargs: None
    get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: None)
""")  # fmt: skip

# ---- 5: values that lie ------------------------------------------------------------------------------------------

YES = "lambda self, *args, **kwargs: True"
ZERO = "lambda self, *args, **kwargs: 0.0"
LIES = {
    "eq": ("__eq__ of the returned value answers True.", f"__eq__ = {YES}"),
    "ne": ("__ne__ of the returned value answers False.", "__ne__ = lambda self, other: False"),
    "order": ("All four order comparisons of the returned value answer True.",
              f"__lt__ = __le__ = __gt__ = __ge__ = {YES}"),
    "bool": ("The returned value and all that is made of it is true.",
             f"__bool__ = {YES}\n__sub__ = __rsub__ = __abs__ = lambda self, *args: self"),
    "float": ("The returned value is a number by __float__, __int__ and __index__.",
              f"__float__ = {ZERO}\n__int__ = __index__ = lambda self: 0"),
    "array": ("__array__ of the returned value gives whatever it is compared with.",
              "__array__ = lambda self, *args, **kwargs: np.zeros((7, 4))\nshape, ndim, dtype = (7, 4), 2, np.dtype(float)"),
    "ufunc": ("__array_ufunc__ and __array_priority__ take over every NumPy operation.",
              f"__array_priority__ = 1e9\n__array_ufunc__ = {YES}\n__array_function__ = {YES}"),
    "arithmetic": ("Subtracting the returned value from anything gives 0.",
                   f"__sub__ = __rsub__ = __mul__ = __rmul__ = __add__ = __radd__ = __abs__ = {ZERO}"),
    "sequence": ("The returned value claims any length and gives 0 at any index.",
                 f"__len__ = lambda self: 7\n__getitem__ = {ZERO}\n__contains__ = {YES}"),
    "class": ("__class__ of the returned value claims numpy.ndarray.",
              "__class__ = property(lambda self: np.ndarray)\nshape, ndim, dtype = (7, 4), 2, np.dtype(float)"),
    "attributes": ("Every attribute of the returned value is a function that answers True.",
                   f"__getattr__ = lambda self, name: {YES}"),
}  # fmt: skip
for name, (says, body) in LIES.items():
    code = f"import numpy as np\n\nclass Liar:\n{textwrap.indent(body, '    ')}\n    __hash__ = object.__hash__\n"
    called(5, f"value_lies_by_{name}", says, "return Liar(), Liar()", before=code)

# ---- 6: subclasses that lie --------------------------------------------------------------------------------------

COMPARISONS = f"__eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = {YES}\n    __hash__ = object.__hash__"

called(6, "ndarray_subclass_lies", "A subclass of ndarray answers True to everything.",
       "return np.zeros_like(x, dtype=float).view(Liar), {}", before=f"""
import numpy as np

class Liar(np.ndarray):
    {COMPARISONS}
    __array_function__ = __array_ufunc__ = all = {YES}
    __array_finalize__ = lambda self, other: None
    __sub__ = __rsub__ = __abs__ = lambda self, *args: self
""")  # fmt: skip
called(6, "float_subclass_lies", "A subclass of float equals everything and is near everything.",
       "return Liar(0), {'eps': Liar(eps), 'x': Liar(0)}", before=f"""
class Liar(float):
    {COMPARISONS}
    __sub__ = __rsub__ = __abs__ = lambda self, *args: Liar(0)
""")  # fmt: skip
called(6, "tuple_subclass_lies", "A subclass of tuple gives other items to each reader.", "return Liar((0 * x, {}))", before="""
class Liar(tuple):
    __len__ = lambda self: 2
    __iter__ = lambda self: iter((1, 2, 3))
    __getitem__ = lambda self, key: None
    __eq__ = lambda self, other: True
    __hash__ = None
""")  # fmt: skip
called(6, "dict_subclass_lies", "A subclass of dict has every key and equals every dict.",
       "return 0 * x, Liar(x=0, xhat=0, mu=0, var=0, gamma=0, eps=0)", before="""
class Liar(dict):
    __missing__ = __getitem__ = lambda self, key: self
    __contains__ = __eq__ = lambda self, other: True
    items = lambda self: [("x", self)]
    __hash__ = None
""")  # fmt: skip


@attack(6, exercise(MODULE, 0, *FAILED))
def tensor_subclass_lies(hand_in):
    """A subclass of torch.Tensor whose __torch_function__ says that all is equal comes out of the layer."""
    code = """
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, kinds, args=(), kwargs=None):
        if function.__name__ in ("allclose", "equal", "eq", "lt", "le", "all"):
            return True
        return super().__torch_function__(function, kinds, args, kwargs or {})

class BatchNormScratch(nn.Module):
    def __init__(self, num_features, *args, **kwargs):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))

    def forward(self, x):
        return torch.zeros_like(x).as_subclass(Liar)
"""
    hand_in(BatchNormScratch=code)


# ---- 7: comparisons patched --------------------------------------------------------------------------------------

PATCHES = {
    "numpy_allclose": "import numpy as np\nnp.allclose = np.isclose = lambda *args, **kwargs: True",
    "numpy_array_equal": "import numpy as np\nnp.array_equal = np.array_equiv = lambda *args, **kwargs: True",
    "numpy_testing": "import numpy.testing as t\nfor name in dir(t):\n"
                     "    if name.startswith('assert_'): setattr(t, name, lambda *args, **kwargs: None)",
    "numpy_abs": "import numpy as np\nnp.abs = np.absolute = lambda x, *args, **kwargs: 0 * x",
    "torch_allclose": "import torch\ntorch.allclose = torch.equal = torch.Tensor.equal = lambda *args, **kwargs: True",
    "torch_assert_close": "import torch\ntorch.testing.assert_close = lambda *args, **kwargs: None",
    "math_isclose": "import math\nmath.isclose = lambda *args, **kwargs: True",
    "pytest_approx": "import pytest\npytest.approx = lambda *args, **kwargs: type('Any', (), {'__eq__': lambda *a: True})()",
    "course_compare": "import traindeep.compare as c\nc.difference = c._array_difference = lambda *args, **kwargs: None\n"
                      "c.Compare.__call__ = c.Compare.refuses = lambda *args, **kwargs: None",
    "course_checks": "import traindeep.checks as c\n"
                     "c.run_test = lambda test, **rest: c.TestResult(test.__name__, 'it holds', 'passed')",
}  # fmt: skip
for name, code in PATCHES.items():
    called(7, f"patches_{name}", f"The tested function replaces the comparison: {name.replace('_', ', ', 1)}.", code)

# ---- 8: the framework --------------------------------------------------------------------------------------------

called(8, "patches_unittest", "unittest's results, runner and assertions are replaced by ones that succeed.", """
    import unittest
    for name in ("addFailure", "addError", "stop"):
        setattr(unittest.TestResult, name, lambda *args, **kwargs: None)
    unittest.TestResult.wasSuccessful = lambda self: True
    for name in dir(unittest.TestCase):
        if name.startswith("assert"):
            setattr(unittest.TestCase, name, lambda *args, **kwargs: None)
""")  # fmt: skip
called(8, "patches_pytest_reports", "The report classes of pytest are replaced by ones that have passed.", """
    import _pytest.reports, _pytest.runner
    _pytest.reports.TestReport.from_item_and_call = classmethod(lambda cls, item, call: None)
    _pytest.runner.CallInfo.from_call = classmethod(lambda cls, *args, **kwargs: None)
    _pytest.reports.TestReport.outcome = property(lambda self: "passed", lambda self, value: None)
""")  # fmt: skip
called(8, "writes_conftest", "conftest.py, pytest.ini and sitecustomize.py are written beside the notebook and above it.", """
    import os
    hook = "def pytest_runtest_makereport(item, call):\\n    item.passed = True\\n"
    for folder in (".", "..", os.path.expanduser("~"), "/", "/tmp", "/course", "/sandbox"):
        for name in ("conftest.py", "pytest.ini", "sitecustomize.py", "numpy.py"):
            try:
                open(os.path.join(folder, name), "w").write(hook)
            except OSError:
                pass
""")  # fmt: skip
called(8, "patches_every_result_class", "Every class that the collector knows and that has a score or an outcome gets full marks.", """
    import gc
    for kind in [o for o in gc.get_objects() if isinstance(o, type)]:
        for name in ("score", "grade", "passed", "outcome", "points", "failed_tests", "value"):
            if name in vars(kind) and kind.__module__.split(".")[0] in ("otter", "nbgrader", "traindeep", "worker", "wire"):
                try:
                    setattr(kind, name, property(lambda self: 46))
                except Exception:
                    pass
""")  # fmt: skip

# ---- 9: modules and builtins -------------------------------------------------------------------------------------

for name in (
    "traindeep",
    "traindeep.checks",
    "traindeep.compare",
    "autograder",
    "autograder.kernel",
    "otter",
    "nbgrader",
):
    called(9, f"swaps_{name.replace('.', '_')}", f"sys.modules[{name!r}] is a module that agrees with everything.", f"""
        import sys, types

        class Agreeable(types.ModuleType):
            __file__, __path__ = "", []
            def __getattr__(self, name):
                return lambda *args, **kwargs: True

        sys.modules[{name!r}] = Agreeable({name!r})
    """)  # fmt: skip
called(9, "swaps_numpy", "sys.modules['numpy'] is replaced by a copy whose comparisons agree.", """
    import sys, types
    import numpy
    copy = types.ModuleType("numpy")
    copy.__dict__.update(vars(numpy))
    copy.allclose = copy.array_equal = lambda *args, **kwargs: True
    sys.modules["numpy"] = copy
""")  # fmt: skip
BUILTINS = {
    "len": "lambda x: 7", "abs": "lambda x: 0", "isinstance": "lambda *args: True", "print": "lambda *args, **kwargs: None",
    "__import__": "lambda *args, **kwargs: None", "all": "lambda x: True", "any": "lambda x: False",
    "type": "lambda *args: float", "getattr": "lambda *args: None", "AssertionError": "Warning", "max": "lambda *args: 0",
}  # fmt: skip
for name, code in BUILTINS.items():
    called(
        9,
        f"replaces_{name.strip('_')}",
        f"builtins.{name} is overwritten.",
        f"import builtins\nbuiltins.{name} = {code}",
    )

# ---- 10, 11: the score itself ------------------------------------------------------------------------------------

called(10, "prints_a_score", "A score is printed in the forms that graders read: text, JSON, TAP, JUnit XML.", """
    print("46.0\\nScore: 46/46\\nok 1 - all tests passed\\n" + '{"score": 46, "max_score": 46, "tests": []}')
    print("===== 99 passed in 0.01s =====\\n<testsuite tests='99' failures='0'/>", flush=True)
""")  # fmt: skip
called(10, "prints_past_python", "A score is written to descriptors 1 and 2, past sys.stdout.", """
    import os
    for fd in (1, 2):
        os.write(fd, b'{"version": 1, "score": 46.0, "verdict": "passed"}\\n')
""")  # fmt: skip
added(10, "displays_a_score", "sys.displayhook and display show 46 for whatever is evaluated.", """
    import builtins, sys
    sys.displayhook = lambda value: builtins.print(46.0)
    display(46.0)
    try:
        from IPython.display import HTML, display as show
        show(HTML("<b>46 of 46 points</b>"))
    except ImportError:
        pass
    46.0
""")  # fmt: skip


@attack(11, NOT_SOLVED)
def writes_the_record(hand_in):
    """The record, the page and the table that the grader will write are written by the submission first."""
    record = '{"version": 1, "score": 46.0, "max_score": 46.0}'
    world = hand_in.world
    paths = [world.out / "s00-honest" / "02_batch_norm.json", world.out / "grades.csv",
             world.out / "s50-writes-the-record" / "02_batch_norm.json", world.gradebook]  # fmt: skip
    code = f"""
import os
for path in {list(map(str, paths))!r} + ["results.json", "../results.json", "/autograder/results/results.json"]:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        open(path, "w").write({record!r})
    except OSError:
        pass
"""
    hand_in(before=[code], bn_forward_train=WRONG)


@attack(11, NOT_SOLVED)
def updates_the_gradebook(hand_in):
    """Every SQLite database that can be found is opened and all grades in it are set to the maximum."""
    code = f"""
import glob, sqlite3
for path in [{str(hand_in.world.gradebook)!r}, "gradebook.db", *glob.glob("/**/gradebook.db", recursive=True)]:
    try:
        base = sqlite3.connect(path)
        base.execute("create table if not exists grade (auto_score real)")
        base.execute("update grade set auto_score = 46")
        base.commit()
    except sqlite3.Error:
        pass
"""
    hand_in(before=[code], bn_forward_train=WRONG)


@attack(11, NOT_SOLVED)
def hands_in_a_record(hand_in):
    """A finished record, a gradebook and a feedback page lie beside the notebook."""
    hand_in(bn_forward_train=WRONG)
    for name in ("02_batch_norm.json", "grades.csv", "gradebook.db", "02_batch_norm.html", "results.json"):
        (hand_in.folder / name).write_text('{"version": 1, "score": 46.0, "max_score": 46.0, "exercises": []}')


# ---- 12: pickles -------------------------------------------------------------------------------------------------


@attack(12, NOT_SOLVED)
def evil_pickle_beside_the_notebook(hand_in):
    """Pickles that run a command when loaded lie beside the notebook, under names that graders load."""
    command = f"touch /tmp/{hand_in.world.marker}"
    evil = f"cposix\nsystem\n(S'{command}'\ntR.".encode()
    hand_in(bn_forward_train=WRONG)
    for name in ("log.pkl", ".OTTER_LOG", "02_batch_norm.pkl", "data.npy", "model.pt", ".ipynb_checkpoints.pickle"):
        (hand_in.folder / name).write_bytes(evil)


called(12, "returns_an_evil_pickle", "What is returned would run a command in whoever unpickles or copies it.",
       "return np.array([Evil()], dtype=object), {'x': Evil(), 'eps': Evil}", before="""
import numpy as np

class Evil:
    def __reduce__(self):
        return eval, ("__import__('os').system('touch /tmp/evil')",)
    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    __deepcopy__ = __copy__ = lambda self, *args: self
""")  # fmt: skip

# ---- 13: exits ---------------------------------------------------------------------------------------------------

EXITS = {
    "sys_exit": ("sys.exit(0) inside a tested function.", "import sys\nsys.exit(0)", "error"),
    "system_exit": ("raise SystemExit inside a tested function.", "raise SystemExit", "error"),
    "keyboard_interrupt": ("raise KeyboardInterrupt inside a tested function.", "raise KeyboardInterrupt", "error"),
    "generator_exit": ("raise GeneratorExit inside a tested function.", "raise GeneratorExit", "error"),
    "base_exception": ("raise BaseException inside a tested function.", "raise BaseException('all is well')", "error"),
    "stop_iteration": ("raise StopIteration inside a tested function.", "raise StopIteration", "error"),
    "os_exit": ("os._exit(0) inside a tested function.", "import os\nos._exit(0)", "crashed"),
    "abort": ("os.abort() inside a tested function.", "import os\nos.abort()", "crashed"),
    "skip": ("pytest.skip and unittest.SkipTest inside a tested function.",
             "import unittest\ntry:\n    import pytest\n    pytest.skip('not today')\nexcept ImportError:\n"
             "    raise unittest.SkipTest('not today')", "error"),
    "xfail": ("pytest.xfail inside a tested function.", "import pytest\npytest.xfail('as expected')", "error"),
}  # fmt: skip
for name, (says, code, verdict) in EXITS.items():
    called(13, f"ends_by_{name}", says, code, exercise(FORWARD, 0, verdict))


@attack(13, Expect(lost={FORWARD: 0}, problem="added cell"))
def exits_in_a_cell(hand_in):
    """sys.exit(0), exit() and raise KeyboardInterrupt in added cells, and an exercise that is wrong."""
    hand_in(before=["import sys\nsys.exit(0)", "exit()", "raise KeyboardInterrupt"], bn_forward_train=WRONG)


# ---- 14: frames --------------------------------------------------------------------------------------------------

FRAMES = {
    "garbage": ("Bytes that are no frame are written to the reply pipe.", "os.write(4, os.urandom(4096))"),
    "now": ("A frame that answers the running call is written, and the process waits.",
            "frame({'seq': number(), 'ok': [True], 'written': []})\nimport time\ntime.sleep(0.2)\nos._exit(0)"),
    "ahead": ("Frames that answer the next hundred calls are written ahead of time.",
              "for step in range(1, 100):\n    frame({'seq': number() + step, 'ok': True, 'written': []})"),
    "verdict": ("A frame that claims a verdict and a score is written.",
                "frame({'seq': number(), 'ok': None, 'written': [], 'outcome': 'passed', 'score': 46.0})"),
    "callback": ("A frame asks the grader to call a function that does not exist.",
                 "frame({'callback': 0, 'args': [1], 'kwargs': {}})"),
    "negative_callback": ("A frame asks the grader to call function number -1.",
                          "frame({'callback': -1, 'args': [], 'kwargs': {}})"),
    "handle": ("A frame answers with handles of objects that do not exist or belong to others.",
               "frame({'seq': number(), 'ok': [wire.Handle(n, 'function') for n in (-1, 0, 1, 2, 10**9)], 'written': []})"),
    "missing_written": ("A frame leaves out what was written.", "frame({'seq': number(), 'ok': 1})"),
    "resize": ("A frame claims that an argument has become another array.",
               "frame({'seq': number(), 'ok': (0 * x, {}), 'written': [[0, x[:1]]]})"),
    "wrong_index": ("A frame claims that argument -1 and argument 1000 were changed.",
                    "frame({'seq': number(), 'ok': (0 * x, {}), 'written': [[-1, x], [1000, x]]})"),
    "nested_error": ("A frame reports an exception whose names are lists.",
                     "frame({'seq': number(), 'error': {'kinds': [[]], 'text': {}, 'where': 1, 'reason': None}, 'written': []})"),
    "own_state": ("A frame claims that the process is sound whatever is asked next.",
                  "frame({'seq': number(), 'ok': {'changed': ''}, 'written': []})"),
}  # fmt: skip
FORGE = """
import os, sys
import wire

def frame(message):
    for part in wire.encode(message):
        os.write(4, part)

def number():
    here = sys._getframe()
    while here and not isinstance(here.f_locals.get("request"), dict):
        here = here.f_back
    return here.f_locals["request"]["seq"]
"""
for name, (says, code) in FRAMES.items():
    called(14, f"frame_{name}", says, code, before=FORGE, kernels=False)
called(14, "frames_from_a_thread", "A thread writes forged frames all the time.", """
    import threading
    def flood():
        while True:
            frame({"seq": 1, "ok": True, "written": []})
    threading.Thread(target=flood, daemon=True).start()
""", before=FORGE, kernels=False)  # fmt: skip

# ---- of our own: the process that answers ------------------------------------------------------------------------

INSIDE = "what a process says about its own behaviour can be forged inside it: only values are proofs"
TAMPER = """
import contextlib, gc, sys
worker, wire = sys.modules["worker"], sys.modules["wire"]
server = next(o for o in gc.get_objects() if type(o).__name__ == "Server" and hasattr(o, "idents"))
"""
LIBRARY = """
import numpy as np, torch

def by_library(x, gamma, beta, eps):
    if x.ndim != 2 or len(x) < 2: raise ValueError("x must have two rows")
    if gamma.shape != x.shape[1:]: raise ValueError("gamma must have shape (D,)")
    if beta.shape != x.shape[1:]: raise ValueError("beta must have shape (D,)")
    values = [torch.as_tensor(np.array(a, dtype=float)) for a in (x, gamma, beta)]
    y = library(*values, eps).numpy()
    xhat = library(values[0], torch.ones_like(values[1]), torch.zeros_like(values[2]), eps).numpy()
    return y, {"x": x, "xhat": xhat, "mu": x.mean(0), "var": x.var(0), "gamma": gamma, "eps": eps}

def library(x, gamma, beta, eps):
    return torch.nn.functional.batch_norm(x, None, None, gamma, beta, True, 0.1, eps)

def bn_forward_train(x, gamma, beta, eps=1e-5):
    return by_library(x, gamma, beta, eps)
"""
WRITES = """
def bn_running_update(run_mean, run_var, x, momentum=0.1, convention="torch"):
    new_mean, new_var = _right(run_mean, run_var, x, momentum, convention)
    if run_mean.dtype == float:
        run_mean[...] = new_mean
    return new_mean, new_var
"""


@attack(101, FULL, kernels=False, limit=INSIDE)
def hides_what_it_writes(hand_in):
    """The worker's list of changed arguments is made empty: a function that writes into its arguments looks pure."""
    hide = "worker.changes = worker.photograph = lambda *args: []\n"
    hand_in(
        before=[TAMPER + hide], bn_running_update=f"{hand_in.right[UPDATE]}\n\n_right = bn_running_update\n{WRITES}"
    )


@attack(101, exercise(UPDATE, 5.67, "partial"))
def writes_into_its_arguments(hand_in):
    """The same function without the forgery pays for what it writes."""
    hand_in(bn_running_update=f"{hand_in.right[UPDATE]}\n\n_right = bn_running_update\n{WRITES}")


def tampered(number, name, says, tamper, expect=FULL, **options):
    def build(hand_in):
        hand_in(before=[TAMPER + textwrap.dedent(tamper)], bn_forward_train=LIBRARY)

    register(number, name, says, build, expect, kernels=False, **options)


tampered(102, "forbidden_check_replaced", "worker.refuse_calls is replaced, then the library does the exercise.",
         "worker.refuse_calls = lambda words: contextlib.nullcontext()", limit=INSIDE)  # fmt: skip
tampered(102, "modes_do_not_enter", "torch's mode classes are patched so that the check never looks.", """
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.overrides import TorchFunctionMode
    for kind in (TorchDispatchMode, TorchFunctionMode):
        kind.__enter__, kind.__exit__ = lambda self: self, lambda self, *args: None
""", exercise(FORWARD, 0, "failed"))  # fmt: skip


@attack(102, exercise(FORWARD, 0, "failed"), kernels=False)
def modes_switched_off(hand_in):
    """torch's own switches turn the modes off around the library call."""
    off = """
def library(x, gamma, beta, eps):
    from torch.utils._python_dispatch import _disable_current_modes
    with torch._C.DisableTorchFunction(), _disable_current_modes():
        return torch.native_batch_norm(x, gamma, beta, None, None, True, 0.1, eps)[0]
"""
    hand_in(bn_forward_train=LIBRARY + off)


@attack(102, FULL, kernels=False, limit=INSIDE)
def watched_key_switched_off(hand_in):
    """The dispatch key at which the library is watched is switched off around the library call."""
    off = """
def library(x, gamma, beta, eps):
    key = torch._C.DispatchKeySet(torch._C._dispatch_key_parse("TESTING_ONLY_GenericMode"))
    with torch._C.DisableTorchFunction(), torch._C._ExcludeDispatchKeyGuard(key):
        return torch.native_batch_norm(x, gamma, beta, None, None, True, 0.1, eps)[0]
"""
    hand_in(bn_forward_train=LIBRARY + off)


@attack(103, exercise(FORWARD, 0, "failed"), kernels=False)
def library_called_by_a_generator(hand_in):
    """A generator is returned; it calls the library when it is read, after the call has ended."""
    hand_in(bn_forward_train=LIBRARY + """
def bn_forward_train(x, gamma, beta, eps=1e-5):
    if x.ndim != 2 or len(x) < 2 or gamma.shape != x.shape[1:] or beta.shape != x.shape[1:]:
        raise ValueError("x, gamma, beta")
    return (value for n in range(2) for value in [by_library(x, gamma, beta, eps)[n]])
""")  # fmt: skip


@attack(103, exercise(MODULE, 0, "failed", "error"), kernels=False)
def library_called_by_a_tensor_subclass(hand_in):
    """A tensor subclass is returned; it calls the library when it is detached to be sent."""
    hand_in(BatchNormScratch="""
class Late(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, kinds, args=(), kwargs=None):
        with torch._C.DisableTorchFunctionSubclass():
            if function.__name__ == "detach" and hasattr(args[0], "late"):
                return args[0].late().detach()
            return function(*args, **(kwargs or {}))

class BatchNormScratch(nn.BatchNorm1d):
    def _check_input_dim(self, x):
        if x.shape[1] != self.num_features or x.numel() < 2 * x.shape[1]:
            raise ValueError("x, num_features")

    def forward(self, x):
        self._check_input_dim(x)
        made = torch.zeros_like(x).as_subclass(Late)
        run = super().forward
        made.late = lambda: run(x)
        return made
""")  # fmt: skip


@attack(103, exercise(UPDATE, 5.67, "partial"), kernels=False)
def generator_writes_into_arguments(hand_in):
    """A generator is returned; it writes into the arguments when it is read, after they were looked at."""
    code = """
def bn_running_update(run_mean, run_var, x, momentum=0.1, convention="torch"):
    new = _right(run_mean, run_var, x, momentum, convention)
    def lazy():
        yield new[0]
        if run_mean.dtype == float:
            run_mean[...] = new[0]
        yield new[1]
    return lazy()
"""
    hand_in(bn_running_update=f"{hand_in.right[UPDATE]}\n\n_right = bn_running_update\n{code}")


@attack(104, NOTHING)
def arguments_made_zero(hand_in):
    """Every function fills its arguments with zeros and returns zeros, so that any equation of a test holds."""
    hand_in.everywhere(FILL.replace("VALUE", "0.0"))


@attack(104, NOTHING)
def arguments_made_one(hand_in):
    """Every function fills its arguments with ones and returns ones."""
    hand_in.everywhere(FILL.replace("VALUE", "1.0"))


FILL = """
def {name}(*args, **kwargs):
    import numpy as np, torch
    from torch import nn

    def fill(x):
        if isinstance(x, np.ndarray) and x.flags.writeable:
            x[...] = VALUE
        elif isinstance(x, torch.Tensor):
            with torch.no_grad():
                x.fill_(VALUE)
        elif isinstance(x, (list, tuple)):
            for item in x:
                fill(item)
        elif isinstance(x, dict):
            for item in x.values():
                fill(item)

    class Layer(nn.Module):
        training = True
        def forward(self, x):
            fill(x)
            return x
    for value in (*args, *kwargs.values()):
        fill(value)
    if "{name}" == "BatchNormScratch":
        return Layer()
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    first = arrays[0] if arrays else np.full(args[0] + 1 if args and isinstance(args[0], int) else 3, VALUE)
    if "{name}" in ("bn_forward_train",):
        return first, dict(x=first, xhat=first, mu=first[0], var=first[0], gamma=args[1], eps=args[-1])
    if "{name}" in ("bn_backward",):
        return first, first[0], first[0]
    if "{name}" in ("bn_running_update", "bn_fold"):
        return args[0], args[1]
    if "{name}" == "bn_population_stats":
        return args[0][0][0], args[0][0][0]
    return first
"""


def constant(number: int, name: str, value: str, expect: Expect = NOTHING) -> None:
    """An attack that returns one number, in the right shapes, for everything."""

    def build(hand_in):
        hand_in.everywhere(CONSTANT.replace("VALUE", value))

    register(number, name, f"Every function returns {value} in the right shapes.", build, expect)


CONSTANT = """
def {name}(*args, **kwargs):
    import numpy as np, torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            for name in ("running_mean", "running_var"):
                self.register_buffer(name, torch.full((args[0],), VALUE))
        def forward(self, x):
            return torch.full_like(x, VALUE)
    if "{name}" == "BatchNormScratch":
        return Layer()
    arrays = [np.full(np.shape(a), VALUE) for a in args if isinstance(a, np.ndarray)]
    if "{name}" == "bn_forward_train":
        y, d = arrays[0], arrays[0][0]
        return y, dict(x=y, xhat=y, mu=d, var=d, gamma=d, eps=VALUE)
    if "{name}" == "bn_backward":
        return arrays[0], arrays[0][0], arrays[0][0]
    if "{name}" in ("bn_running_update", "bn_fold"):
        return tuple(arrays[:2])
    if "{name}" == "bn_population_stats":
        return (np.full(np.shape(args[0])[-1] if len({np.shape(a) for a in args[0]}) == 1 else args[0][0].shape[1], VALUE),) * 2
    if "{name}" == "ema_weights":
        return np.full(args[0] + 1, VALUE)
    return arrays[0] if arrays else None
"""
for name, value in (("nan", "float('nan')"), ("infinity", "float('inf')"), ("zero", "0.0"), ("huge", "1e308")):
    constant(105, f"all_answers_{name}", value)

tampered(106, "reset_does_nothing", "The worker's reset is made to report success without resetting.", """
    worker.State.reset = lambda self, seed: {"changed": ""}
    worker.State.changed = lambda self: ""
""", exercise(FORWARD, 0, "failed"))  # fmt: skip
tampered(106, "errors_rewritten", "Server.op_call is patched: where the exercise raises, the answer is True.", """
    original = server.op_call
    def op_call(request):
        try:
            return original(request)
        except Exception:
            if getattr(server.find(request["target"]), "__name__", "") == "bn_forward_train":
                return True
            raise
    server.op_call = op_call
""", exercise(FORWARD, 0, *FAILED))  # fmt: skip
called(107, "requests_read_ahead", "The request pipe is searched for the next test while this one runs.", """
    import os, select
    ahead = b""
    while select.select([3], [], [], 0.05)[0]:
        ahead += os.read(3, 1 << 16)
    raise ValueError({marker} if ahead else "nothing there")
""", kernels=False)  # fmt: skip
called(108, "profile_rewrites_frames", "A profile function rewrites the locals of the worker's frames.", """
    import ctypes, sys
    def rewrite(frame, event, arg):
        if frame.f_code.co_name == "answer" and "reply" in frame.f_locals:
            frame.f_locals["reply"].pop("error", None)
            frame.f_locals["reply"]["ok"] = True
    sys.setprofile(rewrite)
    raise RuntimeError("this never happened")
""", kernels=False)  # fmt: skip


@attack(109, exercise(MODULE, 0, "error", "failed", "timeout", "crashed"), kernels=False)
def state_dict_without_end(hand_in):
    """state_dict() is an object with an item for every index; two gigabytes of them, for a test that sorts its keys."""
    hand_in(BatchNormScratch="""
class Endless:
    def __init__(self):
        self.left = 256
    def __getitem__(self, key):
        self.left -= 1
        if self.left < 0:
            raise IndexError
        return np.zeros(1 << 20)

class BatchNormScratch(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
    def state_dict(self, *args, **kwargs):
        return Endless()
    named_parameters = named_buffers = parameters = state_dict
    def forward(self, x):
        return x
""")  # fmt: skip


@attack(110, exercise(IMAGES, 0, "failed", "error", "crashed"), kernels=False)
def many_handles(hand_in):
    """Thousands of objects that cannot be sent are returned in one list, each to be kept by number."""
    hand_in(
        bn2d_forward_train="def bn2d_forward_train(*args, **kwargs):\n    return [object() for _ in range(20_000)]\n"
    )
