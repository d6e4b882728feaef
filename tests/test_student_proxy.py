"""What a hidden test sees of the student's work: proxies that behave like the objects, and run nothing here."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from traindeep.student import ForbiddenCall, Missing, StudentRaised, vjp

from autograder.sandbox import host
from autograder.sandbox.host import Limits, Sandbox, SubmissionFailed
from autograder.student import Remote, RemoteStudent


@pytest.fixture(scope="module")
def sandbox():
    level = next(level for level in ("bubblewrap", "confined", "none") if not host.why_not(level))
    with Sandbox(level) as sandbox:
        yield sandbox


@pytest.fixture
def student(sandbox, request):
    """The notebook that the test's marker or the text below defines."""
    with sandbox.job(Limits(memory_bytes=512 << 20, call_s=5)) as job:
        assert job.run_cell(NOTEBOOK) is None
        yield RemoteStudent(job)


NOTEBOOK = '''
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from types import SimpleNamespace
EPS, NAMES = 1e-5, ["a", "b"]

def double(x, scale=2): return x * scale
def in_place(x, tree=None):
    x += 1
    if tree is not None:
        tree["a"][0] = 7
        tree["b"].append(3)
def wrong(gamma): raise ValueError("gamma must have shape (4,)")
def chain(x):
    try: raise KeyError("inner")
    except KeyError as error: raise RuntimeError("outer") from error
def leave(): exit(3)
class Odd(ArithmeticError): pass
def odd(): raise Odd("rare")
def draw(rng, n): return rng.random(n)
def beside(generator, x, tree):
    torch.rand(3, generator=generator)
    in_place(x, tree)
def draw_torch(generator): return torch.rand(3, generator=generator)
def numbers():
    n = 0
    while True:
        yield n
        n += 1
def some(): return (n for n in range(3))
class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), 2.0))
        self.note = "new"
    def forward(self, x): return x * self.weight
def slope(f, x, h=1e-4): return (f(x + h) - f(x - h)) / (2 * h)
def apply(f, x):
    try: return f(x)
    except ValueError as error: return "caught " + str(error)
def compose(fs, x):
    for f in fs: x = f(x)
    return x
def normalize(x, how):
    mean, std = torch.zeros(3), torch.ones(3)
    alias, ready = F.batch_norm, nn.BatchNorm1d(3)
    return {
        "functional": lambda: F.batch_norm(x, mean, std, training=True), "alias": lambda: alias(x, mean, std),
        "module": lambda: ready(x), "torch": lambda: torch.batch_norm(x, None, None, mean, std, True, .1, 1e-5, False),
        "native": lambda: torch.native_batch_norm(x, None, None, mean, std, True, .1, 1e-5),
        "ops": lambda: torch.ops.aten.batch_norm.default(x, None, None, mean, std, True, .1, 1e-5, False),
        "getattr": lambda: getattr(__import__("torch").nn.functional, "batch_" + "norm")(x, mean, std, training=True),
        "instance": lambda: F.instance_norm(x[None]), "by hand": lambda: (x - x.mean(0)) / x.std(0, unbiased=False),
    }[how]()
def drop(x, how):
    return {"functional": lambda: F.dropout(x, .5), "module": lambda: nn.Dropout(.5)(x), "torch": lambda: torch.dropout(x, .5, True),
            "ops": lambda: torch.ops.aten.dropout(x, .5, True), "by hand": lambda: x * (torch.rand_like(x) > .5)}[how]()
class Hostile:
    def __eq__(self, other): return True
    def __float__(self): return 1.0
    def __len__(self): return 0
    def __getattr__(self, name): return 1
    __hash__ = None
def hostile(): return Hostile()
'''  # fmt: skip


def test_plain_data_comes_back_as_data(student):
    """Numbers, text, containers, arrays and tensors are themselves; generators are lists."""
    assert (student.EPS, student.NAMES, student.some()) == (1e-5, ["a", "b"], [0, 1, 2])
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    y = student.double(x, scale=3)
    assert type(y) is np.ndarray
    assert y.dtype == np.float32
    assert np.array_equal(y, 3 * x)
    t = student.double(torch.ones(2, requires_grad=True))
    assert type(t) is torch.Tensor
    assert t.requires_grad
    assert t.is_leaf
    assert type(student.double(np.float32(2))) is np.float32
    assert type(student.double(2)) is int
    assert student.double(torch.ones(2, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_other_results_come_back_as_proxies(student):
    """Functions, classes, modules and objects stay on the student's side and can be used from here."""
    model = student.Model(width=3)
    assert type(model) is Remote
    assert repr(model) == "<the student's Model>"
    assert torch.equal(model(torch.ones(2, 3)), 2 * torch.ones(2, 3))
    model.note = "changed"
    assert model.note == "changed"
    assert model.training is True
    assert model.eval().training is False
    nn = student.imported("torch.nn")
    net = nn.Sequential(nn.Linear(4, 5), model, nn.ReLU())
    assert net[0].weight.shape == (5, 4)
    assert [type(layer) for layer in net] == [Remote] * 3
    assert student.imported("builtins").len(net) == 3
    assert type(student.numbers()) is Remote  # endless, so it stays there
    assert hasattr(model, "weight")
    assert not hasattr(model, "absent")


def test_missing_names_are_told_from_missing_attributes(student):
    """A name that the notebook lacks is Missing; an attribute that an object lacks is an AttributeError."""
    with pytest.raises(Missing, match="bn_forward is not defined") as caught:
        student.bn_forward(1)
    assert caught.value.kind == "NameError"
    with pytest.raises(AttributeError) as caught:
        student.Model(2).absent  # noqa: B018
    assert not isinstance(caught.value, Missing)
    assert not hasattr(student, "bn_forward")
    with pytest.raises(AttributeError):
        student.EPS = 1


def test_exceptions_keep_their_kind_and_message(student):
    """What the student raises is raised here as StudentRaised and as the builtin class it is closest to."""
    with pytest.raises(ValueError, match="gamma must") as caught:
        student.wrong(1)
    assert isinstance(caught.value, StudentRaised)
    with pytest.raises(RuntimeError, match="outer"):
        student.chain(1)
    with pytest.raises(TypeError, match="argument"):
        student.double()
    with pytest.raises(ArithmeticError, match="rare") as caught:
        student.odd()
    assert caught.value.kind == "Odd"
    with pytest.raises(StudentRaised) as caught:
        student.leave()
    assert caught.value.kind == "SystemExit"
    assert student.EPS == 1e-5
    with pytest.raises(IndexError):
        student.imported("torch.nn").Sequential()[5]


def test_changes_in_place_are_seen_by_the_caller(student):
    """Arrays, tensors, lists and dicts that a function changes are changed here; others are left alone."""
    x, tree, same = np.ones(3), {"a": np.zeros(2), "b": [1]}, np.full(2, np.nan)
    student.in_place(x, tree)
    assert x.tolist() == [2, 2, 2]
    assert tree["a"].tolist() == [7, 0]
    assert tree["b"] == [1, 3]
    t = torch.zeros(2, 3).T
    student.in_place(t)
    assert torch.equal(t, torch.ones(3, 2))
    student.double(same)
    assert np.isnan(same).all()
    fixed = np.ones(2)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        student.in_place(fixed)


def test_what_lives_on_the_student_side_is_no_argument_that_changes(student):
    """A generator or a list of the student's own, handed back to a call that changes it, is changed there alone."""
    generator = student.imported("torch").Generator()
    first, second = (student.draw_torch(generator) for _ in range(2))
    assert not torch.equal(first, second)
    x, tree = np.zeros(2), {"a": np.zeros(2), "b": [1]}
    student.beside(generator, x, tree)
    assert x.tolist() == [1, 1]
    assert tree["b"] == [1, 3]


def test_random_generators_advance(student):
    """A generator that is lent draws the numbers it would draw here, and goes on after them."""
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    assert np.array_equal(student.draw(rng, 4), twin.random(4))
    assert np.array_equal(rng.random(2), twin.random(2))
    generator = torch.Generator().manual_seed(1)
    first, second = student.draw_torch(generator), student.draw_torch(generator)
    assert torch.equal(first, student.draw_torch(torch.Generator().manual_seed(1)))
    assert not torch.equal(first, second)


def test_functions_of_the_test_can_be_lent(student):
    """A callable of the test runs here when the student's code calls it; its exceptions arrive there."""
    log = []

    def square(x):
        log.append(x)
        return x * x

    assert student.slope(square, 3.0) == pytest.approx(6.0)
    assert log == [3.0 + 1e-4, 3.0 - 1e-4]

    def refuse(x):
        raise ValueError("not today")

    assert student.apply(refuse, 1) == "caught not today"
    assert student.compose([square, student.double, lambda x: x + 1], 3) == 19
    assert student.apply(lambda x: student.double(x) + 1, 5) == 11  # back and forth


def test_vjp_agrees_with_differentiating_here(student):
    """The gradients of inputs and parameters are those of the same computation on this side."""
    x, upstream = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    y, (gx,), parameters = vjp(student.Model(3).double(), x, upstream=upstream)
    assert torch.equal(y, 2 * x)
    assert torch.equal(gx, 2 * upstream)
    assert torch.allclose(parameters["weight"], (upstream * x).sum(0))
    y, (ga, gb), none = vjp(student.imported("torch").mul, x, x + 1, upstream=upstream)
    assert torch.equal(ga, upstream * (x + 1))
    assert torch.equal(gb, upstream * x)
    assert none == {}


def test_parameters_keep_their_identity(student):
    """A parameter that is read and passed back is the model's own: an optimizer built from it trains the model."""
    model = student.Model(2)
    assert isinstance(model.weight, torch.nn.Parameter)
    optimizer = student.imported("torch.optim").SGD(list(model.parameters()), lr=0.5)
    vjp(model, torch.ones(1, 2), upstream=torch.ones(1, 2))
    optimizer.step()
    assert model.weight.tolist() == [1.5, 1.5]
    weight = model.weight
    with torch.no_grad():
        weight.fill_(4.0)
    student.imported("builtins").id(weight)
    assert model.weight.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("how", ["functional", "alias", "module", "torch", "native", "ops", "getattr", "instance"])
def test_forbidden_operations_are_refused(student, how):
    """Whatever way leads to it, the library routine that an exercise forbids raises ForbiddenCall."""
    x = torch.randn(5, 3)
    assert student.normalize(x, how) is not None
    strict = RemoteStudent(student._wire.job, forbidden=("batch_norm",))
    with pytest.raises(ForbiddenCall, match="does the exercise for you"):
        strict.normalize(x, how)
    assert strict.normalize(x, "by hand").shape == (5, 3)


@pytest.mark.parametrize("how", ["functional", "module", "torch", "ops"])
def test_operations_that_torch_takes_apart_are_refused_too(student, how):
    """Dropout is made of other operations below; it is recognised above."""
    strict = RemoteStudent(student._wire.job, forbidden=("dropout",))
    with pytest.raises(ForbiddenCall):
        strict.drop(torch.ones(4), how)
    assert strict.drop(torch.ones(4), "by hand").shape == (4,)


def forbidden_words() -> set[str]:
    """Those of all exercises."""
    from traindeep import exercise

    return {word for id in exercise.ids() for word in exercise.load(id).forbidden}


def test_words_whose_functions_are_no_operations_are_known(monkeypatch):
    """A function of torch that fits a word is an operation of that name, or made of one that fits; else a mode looks for it."""
    from torch import overrides

    monkeypatch.syspath_prepend(Path(host.__file__).parent)
    worker = importlib.import_module("worker")
    operations = {name.partition("::")[2].partition(".")[0] for name in torch._C._dispatch_get_all_op_names()}
    functions = {f.__name__ for found in overrides.get_overridable_functions().values() for f in found} - operations
    words = tuple(forbidden_words() - worker.OF_PYTHON)
    assert len(words) > 10
    made_of_one = {"cross_entropy", "dropout1d", "dropout2d", "dropout3d", "gumbel_softmax", "linear_cross_entropy"}
    assert {name for name in functions if worker.fits(name, words)} <= made_of_one
    assert {name for name in functions if worker.fits(name, tuple(worker.OF_PYTHON))} >= {
        "backward",
        "gaussian_nll_loss",
    }


CALLS = {
    "cross_entropy": ("cross_entropy", "F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 1]))"),
    "dropout1d": ("dropout", "F.dropout1d(torch.ones(2, 3, 4))"),
    "dropout2d": ("dropout", "F.dropout2d(torch.ones(2, 3, 4, 4))"),
    "dropout3d": ("dropout", "F.dropout3d(torch.ones(2, 3, 4, 4, 4))"),
    "gumbel_softmax": ("softmax", "F.gumbel_softmax(torch.ones(2, 3))"),
    "linear_cross_entropy": ("linear", "F.linear_cross_entropy(torch.ones(2, 3), torch.ones(4, 3), torch.tensor([0, 1]))"),
    "gaussian_nll_loss": ("nll_loss", "F.gaussian_nll_loss(torch.ones(2), torch.ones(2), torch.ones(2))"),
    "backward": ("backward", "torch.ones(1, requires_grad=True).sum().backward()"),
    "grad": ("=grad", "torch.autograd.grad((x := torch.ones(1, requires_grad=True)).sum(), x)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_functions_that_are_no_operations_are_refused(student, name):
    """Each of them, when its word is forbidden; under another word it works."""
    word, call = CALLS[name]
    job = student._wire.job
    assert job.run_cell(f"import torch, torch.nn.functional as F\ndef attempt():\n    {call}\n    return 1") is None
    with pytest.raises(ForbiddenCall):
        RemoteStudent(job, forbidden=(word,)).attempt()
    assert RemoteStudent(job, forbidden=("batch_norm",)).attempt() == 1


def test_no_method_of_a_student_object_runs_here(student):
    """A proxy compares by identity, is no number and has no length, whatever the object claims."""
    thing = student.hostile()
    assert type(thing) is Remote
    assert thing != 1
    assert thing == thing
    with pytest.raises(TypeError):
        float(thing)
    with pytest.raises(TypeError):
        len(thing)
    for name in ("__array__", "__float__", "__reduce_ex2__", "__torch_function__"):
        with pytest.raises(AttributeError):
            getattr(thing, name)
    assert not np.array_equal(np.ones(2), np.asarray(thing, dtype=object))


def test_what_cannot_be_sent_is_the_tests_mistake(student):
    """An object of the test that is no data cannot be an argument."""
    with pytest.raises(Exception, match="cannot send object"):
        student.double(object())
    assert student.double(2) == 4  # the job goes on


def test_objects_of_an_earlier_test_are_refused(student):
    """After a reset a proxy says that it is too old."""
    double = student.double
    student._wire.job.reset(0)
    with pytest.raises(RuntimeError, match="earlier test"):
        double(1)
    assert student.double(1) == 2


def test_memory_errors_are_verdicts(student):
    """Asking for more memory than the limit is out_of_memory, by NumPy and by torch."""
    for name in ("numpy", "torch"):
        with pytest.raises(SubmissionFailed) as caught:
            student.imported(name).ones(1 << 28)
        assert caught.value.verdict == "out_of_memory"
