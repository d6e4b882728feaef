"""Compare a student's answer with the reference, and with known wrong answers when it differs.

Where the expected answers come from is an oracle's affair: in a notebook `Recorded` reads them from
answers/<id>.json, in the grader they are computed (autograder/exercise.py).
"""

import copy
import dataclasses
import functools
import json
import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

# R4: float64 answers agree to 1e-6; where float32 enters or leaves, its 24 bits set the bound.
TOLERANCE = {"float64": (1e-6, 1e-8), "float32": (1e-4, 1e-5)}
SMALL = 24  # arrays up to this many values are shown in full


class Mismatch(AssertionError):
    """A test failed; what the student should read travels with it."""

    def __init__(self, message, *, call="", expected="", got="", misconception="", diagnosis="", pictures=None):
        super().__init__(message)
        self.call, self.expected, self.got = call, expected, got
        self.misconception, self.diagnosis, self.pictures = misconception, diagnosis, pictures


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one call did: its value, or the kind of exception it raised, and the arguments it changed."""

    value: Any = None
    raised: str = ""
    changed: tuple[str, ...] = ()


class Oracle(Protocol):
    """Gives the answer of the reference and those of the known mistakes for one call of one test."""

    def expected(self, test: str, index: int, call: "Call") -> Answer: ...

    def mistakes(self, test: str, index: int, call: "Call") -> Iterable[tuple[str, str, Answer]]: ...


@dataclasses.dataclass(frozen=True)
class Call:
    """A call that can be made on the student's, the reference's and a misconception's namespace."""

    target: str | Callable
    args: tuple
    kwargs: dict
    names: tuple[str, ...] = ()
    title: str = ""
    documented: Answer | None = None  # what the exercise promises, where running the reference would take too long

    def on(self, student) -> Answer:
        """Make the call with fresh copies of the arguments."""
        args, kwargs = copy.deepcopy((self.args, self.kwargs))
        try:
            if callable(self.target):
                value = self.target(student, *args, **kwargs)
            else:
                value = getattr(student, self.target)(*args, **kwargs)
        except Exception as error:
            return Answer(raised=getattr(error, "kind", type(error).__name__), changed=self._changed(args, kwargs))
        return Answer(value=value, changed=self._changed(args, kwargs))

    def _changed(self, args, kwargs) -> tuple[str, ...]:
        before, after = self._named(self.args, self.kwargs), self._named(args, kwargs)
        return tuple(name for name in before if not _identical(before[name], after[name]))

    def _named(self, args, kwargs) -> dict:
        names = (*self.names, *(f"argument {i + 1}" for i in range(len(self.names), len(args))))
        return dict(zip(names, args, strict=False)) | kwargs

    def describe(self) -> str:
        """The call in words, small arguments in full: it goes into the feedback of visible tests only."""
        lines = [
            f"    {name} = {show(value, indent=len(name) + 7)}"
            for name, value in self._named(self.args, self.kwargs).items()
        ]
        signature = ", ".join(
            [*self._named(self.args, {}), *(f"{k}={v!r}" if _plain(v) else k for k, v in self.kwargs.items())]
        )
        return "\n".join([f"{self.title}({signature}) with" if lines else f"{self.title}()", *lines])


class Compare:
    """The `compare` fixture of visible and hidden tests. See `__call__`."""

    def __init__(
        self,
        student,
        oracle: Oracle,
        test: str,
        signatures: dict[str, "Signature"],
        reveal: bool = True,
        images: tuple[str, ...] = (),
    ):
        self.student, self.oracle, self.test, self.signatures, self.reveal = student, oracle, test, signatures, reveal
        self.images = images  # names of arguments and results that are shown as pictures
        self.index = 0

    def __call__(self, target, *args, **kwargs):
        """Call the student's `target` and the reference's; return the student's value if both agree.

        Args:
            target: A name the student defines, or a scenario: a function `scenario(student, *args, **kwargs)`
                that makes several calls and returns what is to be compared (a dict names its parts).

        Raises:
            Mismatch: values, shapes, kinds or exceptions differ, or an argument was changed.
        """
        return self._compare(None, target, args, kwargs)

    def expect(self, value, target, *args, **kwargs):
        """The same comparison with a documented value in place of the reference's: for what takes long to run.

        The kill table holds the reference to it; a failure is named as ever, by running the known mistakes.
        """
        return self._compare(None, target, args, kwargs, documented=Answer(value))

    def within(self, rtol: float, atol: float):
        """The same comparison with other tolerances."""
        return lambda target, *args, **kwargs: self._compare((rtol, atol), target, args, kwargs)

    def _compare(self, tolerance, target, args, kwargs, documented: Answer | None = None):
        signature = self.signatures.get(target) if isinstance(target, str) else None
        call = dataclasses.replace(self._call(target, args, kwargs), documented=documented)
        index, self.index = self.index, self.index + 1
        expected = self.oracle.expected(self.test, index, call)
        if expected.raised:
            raise RuntimeError(
                f"{self.test}: the reference raised {expected.raised}; use compare.refuses for bad input"
            )
        copies = copy.deepcopy((call.args, call.kwargs))
        error = value = None
        try:
            if callable(target):
                value = target(self.student, *copies[0], **copies[1])
            else:
                value = getattr(self.student, target)(*copies[0], **copies[1])
        except NotImplementedError:
            raise
        except Exception as caught:
            error = caught
        got = Answer(value, getattr(error, "kind", type(error).__name__) if error else "", call._changed(*copies))
        rtol, atol = tolerance or _tolerance(call, expected.value)
        outputs = signature.returns if signature else ()
        if error is None:
            found = difference(expected.value, got.value, rtol, atol, outputs)
            if found is None and got.changed == expected.changed:
                return value
        text = (getattr(error, "text", "") or str(error)) if error else ""
        misconception, diagnosis = self._recognise(index, call, expected, got, (rtol, atol), text)
        if error is not None:
            # The student's own exception stays the message; a recognised mistake explains it.
            error.misconception, error.diagnosis = misconception, diagnosis
            error.call = call.describe() if self.reveal else ""
            raise error
        if found is None:
            unexpected = ", ".join(name for name in got.changed if name not in expected.changed) or "the arguments"
            message = f"the result is right, but the function changes {unexpected}; work on a copy instead"
            raise Mismatch(
                message, call=call.describe() if self.reveal else "", misconception=misconception, diagnosis=diagnosis
            )
        raise Mismatch(
            found.full if self.reveal else found.short,
            call=call.describe() if self.reveal else "",
            expected=found.expected if self.reveal else "",
            got=found.got if self.reveal else "",
            misconception=misconception,
            diagnosis=diagnosis,
            pictures=self._pictures(call, found) if self.reveal else None,
        )

    def _pictures(self, call: Call, found: "Difference"):
        """Input, expected and got as pictures, where the exercise says that they are images."""
        if not found.arrays or found.what.partition("[")[0] not in self.images:
            return None
        from traindeep.pictures import pictures  # matplotlib: for who needs it

        named = call._named(call.args, call.kwargs).items()
        given = next((value for name, value in named if name in self.images and _is_array(value)), None)
        return pictures(None if given is None else _numpy(given), *map(_numpy, found.arrays))

    def _call(self, target, args: tuple, kwargs: dict) -> Call:
        if isinstance(target, str):
            signature = self.signatures.get(target)
            return Call(target, args, kwargs, signature.arguments if signature else (), target)
        names = tuple(target.__code__.co_varnames[1 : target.__code__.co_argcount])
        # A scenario that takes what one function of the exercise takes is shown as a call of that function.
        like = [
            name
            for name, signature in self.signatures.items()
            if {*names[: len(args)], *kwargs} <= {*signature.arguments}
        ]
        return Call(target, args, kwargs, names, like[0] if like else target.__name__.lstrip("_").replace("_", " "))

    def _recognise(self, index, call, expected, got, tolerance, text="") -> tuple[str, str]:
        """(id, tutor's line) of the known mistake that gives the student's answer, ("", "") if none does."""
        # The kind of an exception says little, and its text differs from one Python to the next. Stumbling over None is
        # an idea that can be named (an argument that may be None); any other exception is the student's own affair.
        if got.raised and "NoneType" not in text:
            return "", ""
        # Tightly first: two mistakes may differ by less than float32 can tell.
        for bound in ((1e-9, 1e-11), tolerance):
            for name, says, mistake in self.oracle.mistakes(self.test, index, call):
                if same(mistake, got, bound) and not same(mistake, expected, tolerance):
                    return name, says
        return "", ""

    def refuses(self, target, *args, naming: tuple[str, ...], **kwargs) -> None:
        """Assert that the call (a name or a scenario) raises a ValueError whose message names one of the arguments."""
        call = self._call(target, args, kwargs)
        copies = copy.deepcopy((args, kwargs))
        wanted = " or ".join(naming)
        said = call.describe() if self.reveal else ""
        try:
            if callable(target):
                target(self.student, *copies[0], **copies[1])
            else:
                getattr(self.student, target)(*copies[0], **copies[1])
        except NotImplementedError:
            raise
        except ValueError as error:
            text = getattr(error, "text", "") or str(error)
            if not any(re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text) for name in naming):
                raise Mismatch(
                    f"the ValueError should name {wanted}; its message is {text[:200]!r}", call=said
                ) from None
            return
        except AttributeError as error:
            if getattr(error, "kind", "") == "NameError":  # the function itself is missing
                raise
            raise Mismatch(f"expected a ValueError that names {wanted}, got {_kind(error)}", call=said) from None
        except Exception as error:
            raise Mismatch(f"expected a ValueError that names {wanted}, got {_kind(error)}", call=said) from None
        raise Mismatch(f"expected a ValueError that names {wanted}; the call was accepted", call=said)


@dataclasses.dataclass(frozen=True)
class Signature:
    """`x, gamma, beta, eps -> y, cache`: the names that messages use for arguments and results."""

    arguments: tuple[str, ...]
    returns: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Signature":
        left, _, right = text.partition("->")
        return cls(*(tuple(part.strip() for part in side.split(",") if part.strip()) for side in (left, right)))


# ---- differences ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Difference:
    """Where two values part: `short` gives nothing away about the expected numbers, the rest does.

    The rest is put into words only when somebody reads it: most comparisons are with mistakes that are not the
    student's.
    """

    short: str
    explain: Callable[[], tuple[str, str, str]]
    what: str = ""
    arrays: tuple = ()  # expected and got, where arrays differ in values or shape

    @functools.cached_property
    def _words(self) -> tuple[str, str, str]:
        return self.explain()

    full = property(lambda self: self._words[0])
    expected = property(lambda self: self._words[1])
    got = property(lambda self: self._words[2])


def same(a: Answer, b: Answer, tolerance: tuple[float, float]) -> bool:
    """Whether two answers agree: value within the tolerance, exception and changed arguments exactly."""
    if a.raised or b.raised:
        return a.raised == b.raised
    return a.changed == b.changed and difference(a.value, b.value, *tolerance) is None


def difference(
    expected, got, rtol: float, atol: float, names: tuple[str, ...] = (), path: str = ""
) -> Difference | None:
    """The first difference between an expected and a given value, or None.

    Arrays and tensors agree where |expected - got| <= atol + rtol * |expected|, and NaN or an infinity meets the same.
    Kinds and shapes must agree; dtypes may differ in width, tuples may be lists, dicts may hold more keys than expected.
    """
    what = path or (names[0] if len(names) == 1 else "the result")
    if isinstance(expected, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            wanted = f"{len(expected)} values" + (f" ({', '.join(names)})" if len(names) > 1 and not path else "")
            return _kind_differs(what, wanted, got)
        labels = names if len(names) == len(expected) and not path else [f"{what}[{i}]" for i in range(len(expected))]
        for label, e, g in zip(labels, expected, got, strict=True):
            if found := difference(e, g, rtol, atol, (), label):
                return found
        return None
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return _kind_differs(what, f"a dict with keys {', '.join(map(repr, expected))}", got)
        for key, e in expected.items():
            if key not in got:
                return _says(f"{what} lacks the key {key!r}; it has {', '.join(map(repr, list(got)[:10])) or 'none'}")
            # A scenario names its results by the keys of a dict: those names are the clearer ones.
            label = key if not path and not names and isinstance(key, str) else f"{what}[{key!r}]"
            if found := difference(e, got[key], rtol, atol, (), label):
                return found
        return None
    if isinstance(expected, np.ndarray) or is_tensor(expected):
        return _array_difference(expected, got, rtol, atol, what)
    if isinstance(expected, (bool, np.bool_)):
        return (
            None
            if isinstance(got, (bool, np.bool_)) and bool(got) == bool(expected)
            else _value_differs(what, expected, got)
        )
    if isinstance(expected, (int, float, np.number)):
        if isinstance(got, (bool, np.bool_)):
            return _kind_differs(what, "a number", got)
        if not isinstance(got, (int, float, np.number)) and not (_is_array(got) and _shape(got) == ()):
            return _kind_differs(what, "a number", got)
        try:
            g, e = float(got), float(expected)
        except OverflowError:
            return _value_differs(what, expected, got)
        near = math.isfinite(e) and abs(g - e) <= atol + rtol * abs(e)
        ok = near or g == e or (math.isnan(g) and math.isnan(e))
        return None if ok else _value_differs(what, expected, got)
    if expected is None:
        return None if got is None else _kind_differs(what, "None", got)
    return None if type(expected) is type(got) and expected == got else _value_differs(what, expected, got)


def _array_difference(expected, got, rtol, atol, what) -> Difference | None:
    kind = "a torch tensor" if is_tensor(expected) else "a NumPy array"
    if not (is_tensor(got) if is_tensor(expected) else isinstance(got, (np.ndarray, np.generic))):
        return _kind_differs(what, f"{kind} of shape {_shape(expected)}", got)
    if _shape(expected) != _shape(got):
        return dataclasses.replace(
            _kind_differs(what, f"shape {_shape(expected)}", got), what=what, arrays=(expected, got)
        )
    e, g = _numpy(expected), _numpy(got)
    if (e.dtype.kind == "b") != (g.dtype.kind == "b") or g.dtype.kind not in "biufc":
        return _kind_differs(what, f"{kind} of dtype {e.dtype}", got)
    if e.dtype.kind == "b":
        bad = e != g
        delta = bad.astype(float)
    else:
        e, g = (a.astype(complex if a.dtype.kind == "c" else float, copy=False) for a in (e, g))
        with np.errstate(all="ignore"):
            delta = np.abs(e - g)
            near = np.isfinite(e) & (delta <= atol + rtol * np.abs(e))  # near an infinity is nothing but itself
            bad = ~(near | (e == g) | (np.isnan(e) & np.isnan(g)))
    if not bad.any():
        return None
    short = f"{what} differs from the reference in {int(bad.sum())} of {bad.size} values"
    if np.isnan(g).any() and not np.isnan(e).any():
        short += "; some are nan"

    def explain() -> tuple[str, str, str]:
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        ranked = np.where(bad, np.where(np.isfinite(delta), delta, np.inf), -1.0)
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(ranked)), ranked.shape))
        at = f" at {list(first)}" if first else ""
        full = f"{short}. First{at}: expected {e[first]:.6g}, got {g[first]:.6g}. Largest difference {delta[worst]:.3g}"
        full += f" at {list(worst)}" if worst else ""
        return f"{full}, allowed {atol + rtol * abs(e[worst]):.1g}.", show(expected), show(got)

    return Difference(short + ".", explain, what, (expected, got))


def _kind_differs(what, wanted, got) -> Difference:
    return _says(f"{what} should be {wanted}; got {describe_kind(got)}.")


def _says(message: str) -> Difference:
    return Difference(message, lambda: (message, "", ""))


def _value_differs(what, expected, got) -> Difference:
    def explain() -> tuple[str, str, str]:
        return f"{what}: expected {show(expected)}, got {show(got)}.", show(expected), show(got)

    return Difference(f"{what} differs from the reference.", explain)


def describe_kind(value) -> str:
    """The kind of a value in words: 'a NumPy array of shape (4, 3)', 'None', 'a tuple of 2'."""
    if value is None:
        return "None"
    if _is_array(value):
        kind = "a torch tensor" if is_tensor(value) else "a NumPy array"
        return f"{kind} of shape {_shape(value)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict with keys {', '.join(map(repr, list(value)[:10]))}"
    if isinstance(value, (bool, int, float, np.generic)):
        return f"the number {value!r}"[:80]
    return f"a value of type {type(value).__name__}"


def show(value, indent: int = 0) -> str:
    """A value as a person reads it: small arrays in full, large ones by shape."""
    if _is_array(value):
        a = _numpy(value)
        if a.size > SMALL:
            return describe_kind(value)
        text = np.array2string(a, precision=5, suppress_small=True, separator=", ", max_line_width=88)
        return text.replace("\n", "\n" + " " * indent)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {show(v)}" for k, v in list(value.items())[:8]) + "}"
    if isinstance(value, (list, tuple)) and any(_is_array(v) for v in value):
        return "[" + ", ".join(show(v) for v in value[:8]) + "]"
    return f"{value:.6g}" if isinstance(value, float) else repr(value)[:200]


def is_tensor(value) -> bool:
    """Whether a value is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and hasattr(torch, "Tensor") and isinstance(value, torch.Tensor)


def _is_array(value) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _shape(value) -> tuple[int, ...]:
    return tuple(value.shape)


def _numpy(value) -> np.ndarray:
    if is_tensor(value):
        value = value.detach().cpu()
        return value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    return np.asarray(value)


def _plain(value) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _kind(error) -> str:
    return f"{getattr(error, 'kind', type(error).__name__)}: {(getattr(error, 'text', '') or str(error))[:200]}"


def _identical(a, b) -> bool:
    if _is_array(a):
        return _is_array(b) and _shape(a) == _shape(b) and _numpy(a).tobytes() == _numpy(b).tobytes()
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(_identical, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(_identical(a[k], b[k]) for k in a)
    return True  # numbers and text cannot change; other objects (generators, models) are the test's own affair


def _tolerance(call: Call, expected) -> tuple[float, float]:
    leaves = _leaves((call.args, call.kwargs, expected))
    narrow = any(str(x.dtype).removeprefix("torch.") in ("float32", "float16", "bfloat16") for x in leaves)
    return TOLERANCE["float32" if narrow else "float64"]


def _leaves(value):
    if _is_array(value) or isinstance(value, np.generic):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)


# ---- recorded answers ----------------------------------------------------------------------------------


class Recorded:
    """The oracle of a notebook: answers that `autograder build` wrote for every call of every visible test."""

    def __init__(self, record: dict):
        self.record = record

    def _call(self, test: str, index: int) -> dict:
        try:
            return self.record["tests"][test][index]
        except (KeyError, IndexError):
            raise RuntimeError(f"no recorded answer for call {index + 1} of {test}; run `autograder build`") from None

    def expected(self, test, index, call) -> Answer:
        return answer_from_json(self._call(test, index)["expected"])

    def mistakes(self, test, index, call):
        for name, answer in self._call(test, index)["mistakes"].items():
            yield name, self.record["misconceptions"][name], answer_from_json(answer)


def answer_to_json(answer: Answer) -> dict:
    """An Answer as JSON. Numbers are rounded well inside the tolerance, so that two machines write the same bytes."""
    out = {"raised": answer.raised} if answer.raised else {"value": _to_json(answer.value)}
    return out | ({"changed": list(answer.changed)} if answer.changed else {})


def answer_from_json(data: dict) -> Answer:
    return Answer(_from_json(data.get("value")), data.get("raised", ""), tuple(data.get("changed", ())))


def _to_json(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, np.bool_):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return _round(float(value), 6 if isinstance(value, np.float32) else 12)
    if isinstance(value, (tuple, list)):
        return {"tuple": [_to_json(v) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[k, _to_json(v)] for k, v in value.items()]}
    if _is_array(value):
        a = _numpy(value)
        if a.dtype.kind == "f":
            flat = [_round(float(v), 6 if a.dtype.itemsize < 8 else 12) for v in a.ravel()]
        else:
            flat = a.ravel().tolist()
        kind = "tensor" if is_tensor(value) else "array"
        return {kind: flat, "dtype": str(a.dtype), "shape": list(a.shape)}
    raise TypeError(f"a visible test compared {describe_kind(value)}; compare plain data, arrays and tensors only")


def _round(value: float, digits: int):
    if not math.isfinite(value):
        return {"float": repr(value)}
    rounded = float(f"{value:.{digits}g}")
    return 0.0 if abs(rounded) < 1e-13 else rounded


def _from_json(data):
    if not isinstance(data, dict):
        return data
    if "float" in data:
        return float(data["float"])
    if "tuple" in data:
        return tuple(_from_json(v) for v in data["tuple"])
    if "dict" in data:
        return {k if not isinstance(k, list) else tuple(k): _from_json(v) for k, v in data["dict"]}
    flat = [_from_json(v) for v in data.get("array", data.get("tensor"))]
    array = np.array(flat, dtype=data["dtype"]).reshape(data["shape"])
    if "tensor" in data:
        import torch

        return torch.from_numpy(array)
    return array


def load_record(path) -> dict:
    """Read answers/<id>.json."""
    return json.loads(path.read_text(encoding="utf-8"))
