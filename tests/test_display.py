"""Pages: what they say, the same in HTML and in text, whatever a student's code prints."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from traindeep import checks, display, exercise, state
from traindeep.checks import Report, TestResult
from traindeep.pictures import pictures

HOSTILE = "<script>alert(1)</script> <class 'str'> {{ 7*7 }} & \x1b[31mred\x1b[0m \x07 \u202e"
RIGHT = """
def bn_forward_train(x, gamma, beta, eps=1e-5):
    x = np.asarray(x, dtype=float)
    if len(x) < 2:
        raise ValueError("x is too short")
    if gamma.shape != x[0].shape:
        raise ValueError("gamma has another length")
    if beta.shape != x[0].shape:
        raise ValueError("beta has another length")
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
"""


TESTS = len(exercise.load("bn_forward_train").tests)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(state, "_memory", None)
    monkeypatch.setattr(state, "_said", set())


def answer(source=RIGHT):
    namespace = {"np": np}
    exec(source, namespace)
    return namespace


def page_of(source, hints_used=0):
    namespace = answer(source) if source else {}
    return display.CheckPage(checks.run_visible("bn_forward_train", namespace), hints_used)


def failing(**kwargs):
    test = TestResult("test_a", "A sentence.", **({"outcome": "failed"} | kwargs))
    return display.CheckPage(Report("bn_forward_train", "Title.", test.outcome, (test,), hidden=2, hints=3))


def pictured():
    image = np.linspace(0, 1, 48).reshape(1, 3, 4, 4)
    return failing(message="y differs.", pictures=pictures(image, image[..., ::-1], image))


PAGES = {
    "failed on images": pictured,
    "passed": lambda: page_of(RIGHT),
    "short": lambda: display.CheckPage(page_of(RIGHT).report, short=True),
    "failed with a diagnosis": lambda: page_of(RIGHT.replace("x.var(axis=0)", "x.var(axis=0, ddof=1)"), 1),
    "failed": lambda: page_of(RIGHT.replace("eps=1e-5", "eps=1e-2").replace("+ beta,", "+ beta + 0.01,")),
    "error": lambda: page_of(RIGHT.replace("x.mean(axis=0)", "x.mean(axis=7)"), 3),
    "not attempted": lambda: page_of("def bn_forward_train(*a, **k):\n    raise NotImplementedError()"),
    "short not attempted": lambda: display.CheckPage(PAGES["not attempted"]().report, short=True),
    "missing": lambda: page_of(""),
    "hostile": lambda: failing(
        message=HOSTILE + "\n" + HOSTILE, call=HOSTILE, expected=HOSTILE, got=HOSTILE, printed=HOSTILE
    ),
    "long word": lambda: failing(message="x" * 300 + "-" + "y" * 200),
    "hint": lambda: display.HintPage("bn_forward_train", ("one", "use `np.mean`", "three"), 2),
    "last hint": lambda: display.HintPage("bn_forward_train", ("one", "two", "three"), 3),
    "all hints": lambda: display.HintPage("bn_forward_train", ("one", "two", "three"), 4),
    "progress": lambda: display.ProgressPage(COURSE, RECORDS),
    "progress of nothing": lambda: display.ProgressPage({}, {}),
}
COURSE = {
    "02_batch_norm": [
        {"id": "bn_forward_train", "points": 5},
        {"id": "bn_backward", "points": 8},
        {"id": "c", "points": 1},
    ],
    "03_more": [{"id": "bn_reparam", "points": 4.5}, {"id": "e", "points": 1}],
}
RECORDS = {
    "bn_forward_train": {"outcome": "passed", "best": "passed", "attempts": 3, "hints": 1},
    "bn_backward": {
        "outcome": "failed", "best": "failed", "attempts": 2, "hints": 2, "passed": 2, "total": 6,
        "solution_seen": "2026-01-01T00:00:00+00:00",
    },
    "c": {"outcome": "missing", "best": "missing"},
    "bn_reparam": {"outcome": "error", "best": "passed", "passed": 0, "total": 3, "attempts": 9, "hints": 3},
    "e": {"outcome": "failed", "best": "failed", "passed": 0, "total": 3, "attempts": 1, "hints": 3},
}  # fmt: skip


class Reader(HTMLParser):
    """Collects text, tags and attributes."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.attributes = [], set(), []

    def handle_data(self, data):
        self.text.append(data)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self.text.append("" if tag in ("code", "strong") else " ")

    def handle_endtag(self, tag):
        self.text.append("" if tag in ("code", "strong") else " ")


def read(page):
    reader = Reader()
    reader.feed(page._repr_html_())
    return reader


@pytest.mark.parametrize("name", PAGES)
def test_html_and_text_hold_the_same_words_in_the_same_order(name):
    """Someone who reads the text twin misses nothing."""
    page = PAGES[name]()
    words = repr(page).split()
    assert words
    assert "".join(read(page).text).split() == words


@pytest.mark.parametrize("name", PAGES)
def test_html_survives_jupyterlab(name):
    """No tag and no attribute that JupyterLab drops from untrusted output, and nothing that could run."""
    reader = read(PAGES[name]())
    if (
        "img" in reader.tags
    ):  # untrusted, its data: address is dropped and the alternative text is shown: it says the same
        assert {key for key, _ in reader.attributes} <= {"style", "scope", "src", "alt"}
        assert dict(reader.attributes)["src"].startswith("data:image/png;base64,")
        assert len(dict(reader.attributes)["alt"]) > 60
        reader.attributes = [(key, value) for key, value in reader.attributes if key not in ("src", "alt")]
    assert reader.tags - {"img"} <= {"div", "strong", "code", "ul", "li", "pre", "table", "tr", "th", "td"}
    assert {key for key, _ in reader.attributes} <= {"style", "scope"}
    styles = ";".join(value for key, value in reader.attributes if key == "style")
    assert "url(" not in styles
    # The theme decides the background and the colour of text.
    assert set(re.findall(r"(?<![-\w])background:([^;]+)", styles)) <= {"none"}
    assert set(re.findall(r"(?<![-\w])color:([^;]+)", styles)) <= {"inherit"}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [40, 80])
def test_text_fits_the_terminal(name, width, monkeypatch):
    """Prose wraps at the terminal's width; only unbreakable words, arrays and tables may be wider."""
    monkeypatch.setenv("COLUMNS", str(width))
    page = PAGES[name]()
    prose = [line for line in repr(page).splitlines() if not line.startswith("    ") and "  " not in line.strip()]
    assert all(len(line) <= width or len(line.split()) <= 2 for line in prose)


def test_accents_are_visible_in_both_themes():
    """Every accent has a contrast of at least 3 against white and against JupyterLab's dark background."""

    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in display.ACCENT.values():
        for background in ("#ffffff", "#111111"):
            low, high = sorted((luminance(colour), luminance(background)))
            assert (high + 0.05) / (low + 0.05) >= 3, (colour, background)


def test_passed():
    """A passed page says how many pass, that hidden tests follow, and to go on."""
    text = repr(PAGES["passed"]())
    assert text.startswith(f"bn_forward_train: {TESTS} of {TESTS} visible tests pass\nBatch normalization")
    assert text.count("passed: ") == TESTS
    assert re.search(rf"{TESTS} of {TESTS} visible tests pass; \d+ hidden ones run when it is graded\.", text)
    assert "Next: go on" in text
    assert "hint(" not in text


def test_failure_with_a_diagnosis():
    """The page shows the call, both arrays, the difference, the recognised mistake and the hints left."""
    text = " ".join(repr(PAGES["failed with a diagnosis"]()).split())
    assert "Likely cause Your variance divides by N - 1." in text
    assert "What was called " in text
    assert "expected [[" in text
    assert "got [[" in text
    assert "Largest difference" in text
    assert 'hint("bn_forward_train") gives the next hint (1 of 3 used).' in text
    assert "passed: " in text


def test_error_names_the_line():
    """An exception shows its text, the student's line and what was called."""
    text = " ".join(repr(PAGES["error"]()).split())
    assert text.startswith("bn_forward_train: your code raises an error; ")
    assert "AxisError" in text
    assert "in bn_forward_train, line 10" in text
    assert "What was called " in text
    assert 'All 3 hints used; hint("bn_forward_train") shows them again.' in text


def test_not_attempted_and_missing_say_what_to_do():
    """An untouched stub and an absent name are no failures, and the page says what to run."""
    text = " ".join(repr(PAGES["not attempted"]()).split())
    assert text.startswith("bn_forward_train: not attempted yet")
    assert "replace the line raise NotImplementedError" in text
    assert "failed" not in text
    text = " ".join(repr(PAGES["missing"]()).split())
    assert text.startswith("bn_forward_train: not defined yet")
    assert "run the cell that defines bn_forward_train" in text
    assert "failed" not in text


def test_hostile_text_is_shown_and_does_nothing():
    """Markup in student text is visible as text, template syntax is inert, terminal escapes are gone."""
    page = PAGES["hostile"]()
    source, text = page._repr_html_(), repr(page)
    assert "<script" not in source
    assert "&lt;script&gt;" in source
    assert "<class 'str'>" in html.unescape(source)
    assert "<class 'str'>" in text
    assert "{{ 7*7 }}" in text
    for bad in ("\x1b", "\x07", "\u202e", "[31m"):
        assert bad not in source
        assert bad not in text


def test_long_output_is_cut():
    """A megabyte of printing does not end up in the notebook."""
    page = failing(message="m" * 10**6, printed="p" * 10**6, got="g" * 10**6)
    assert len(page._repr_html_()) < 30_000
    assert "What your code printed (the first 2000 characters)" in repr(page)


def test_what_the_code_printed_is_shown():
    """A print in the student's function helps where it matters: beside the failure."""
    text = repr(
        page_of(RIGHT.replace("mu, var =", "print('seen', x.shape)\n    mu, var =").replace("x - mu", "x + mu"))
    )
    assert "What your code printed\n    seen (2, 2)" in text


def test_hints_come_one_by_one_and_are_counted(capsys):
    """Three calls give three hints, the fourth all of them, and the count stops at three."""
    hints = exercise.load("bn_forward_train").hints
    for n in (1, 2, 3):
        display.hint("bn_forward_train")
        out = capsys.readouterr().out
        assert f"hint {n} of 3" in out
        assert " ".join(hints[n - 1].split()) in " ".join(out.split())
        assert ('Call hint("bn_forward_train") again for the next.' in out) == (n < 3)
    display.hint("bn_forward_train")
    out = " ".join(capsys.readouterr().out.split())
    assert all(" ".join(text.split()) in out for text in hints)
    assert state.hints_used("bn_forward_train") == 3


def test_unknown_id_is_one_line(capsys):
    """A mistyped id gives one line with the near ones."""
    display.hint("bn_forward_trian")
    checks.check("bn_forward_trian", {})
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 2
    assert all("did you mean bn_forward_train" in line for line in out)


def test_check_shows_one_page_and_records(capsys):
    """check prints the page and notes the attempt; it returns nothing."""
    assert checks.check("bn_forward_train", answer()) is None
    assert f"{TESTS} of {TESTS} visible tests pass" in capsys.readouterr().out
    assert state.all()["bn_forward_train"]["best"] == "passed"


def test_progress_words():
    """Each row says in words what happened and what to do."""
    lines = repr(PAGES["progress"]()).splitlines()
    rows = {line.split()[0]: " ".join(line.split()) for line in lines if line.startswith("  ") and line.split()}
    assert lines[0] == "2 of 5 exercises pass their visible tests"
    assert "They are worth 9.5 of 19.5 points" in lines[1]
    assert rows["bn_forward_train"].endswith("passed 5 1 of 3 3 done")
    assert "failed, 2 of 6 pass (solution seen) 8 2 of 3 2 try again;" in rows["bn_backward"]
    assert "run the cell" in rows["c"]
    assert "error, 0 of 3 pass; passed before" in rows["bn_reparam"]
    assert lines[-1].startswith("Next: bn_backward in 02_batch_norm")


def test_progress_shows_exercises_of_open_notebooks_only():
    """A notebook that is finished or not begun is one line; the next one is shown, and any other on request."""
    course = {f"{n:02d}_x": [{"id": f"a{n}", "points": 2}, {"id": f"b{n}", "points": 1}] for n in range(5)}
    passed = {"outcome": "passed", "best": "passed"}
    records = {"a0": passed, "b0": passed, "a2": passed, "b2": {"outcome": "failed", "best": "failed"}}

    def shown(**kwargs) -> list[str]:
        return [line.split()[0] for line in repr(display.ProgressPage(course, records, **kwargs)).splitlines() if line]

    lines = repr(display.ProgressPage(course, records)).splitlines()
    assert "  00_x      2 of 2  3 of 3" in lines
    assert "  02_x      1 of 2  2 of 3" in lines
    assert "  04_x      0 of 2  0 of 3" in lines
    assert [word for word in shown() if word in [f"a{n}" for n in range(5)]] == ["a1", "a2"]
    assert [word for word in shown(only="00_x") if word[0] in "ab"] == ["a0", "b0"]
    assert lines[-1].startswith("Next: a1 in 01_x")


def test_next_is_what_follows_the_newest_success():
    """What was left out comes back at the end of the course; with all done nothing is next."""
    course = {"00_x": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "01_y": [{"id": "d"}]}

    def following(*passed):
        days = {id: f"2026-01-{day:02d}" for day, id in enumerate(passed, start=1)}
        return display.next_open(course, {id: {"best": "passed", "first_passed": day} for id, day in days.items()})

    assert following() == ("00_x", "a")
    assert following("a") == ("00_x", "b")
    assert following("a", "c") == ("01_y", "d")
    assert following("c", "a") == ("00_x", "b")
    assert following("d") == ("00_x", "a")
    assert following("a", "c", "d") == ("00_x", "b")
    assert following("a", "b", "c", "d") is None


def test_progress_of_a_whole_course_fits_a_page():
    """With every exercise of the real course passed, nothing but one line a notebook is left."""
    from traindeep import workbook

    course = workbook.course()
    records = {item["id"]: {"outcome": "passed", "best": "passed"} for group in course.values() for item in group}
    lines = repr(display.ProgressPage(course, records)).splitlines()
    assert len(course) > 11
    assert len(lines) - len(course) in (7, 8)  # a narrow terminal breaks a sentence
    assert lines[-1] == "Every exercise passes its visible tests."


def test_notebook_gets_html_and_text(monkeypatch):
    """In IPython a page is displayed once, as text/html with text/plain."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        data, _ = shell.display_formatter.format(PAGES["passed"]())
        published = []
        monkeypatch.setattr(shell.display_pub, "publish", lambda data, *a, **k: published.append(data))
        display.show(PAGES["passed"]())
    finally:
        InteractiveShell.clear_instance()
    assert "</div>" in data["text/html"]
    assert data["text/plain"].startswith(f"bn_forward_train: {TESTS} of {TESTS}")
    assert len(published) == 1


def test_what_says_the_same_of_expected_and_got_is_left_out():
    """Two arrays too large to be shown have one description; numbers that differ are shown side by side."""
    large = "a NumPy array of shape (3, 7, 7) and dtype float64"
    assert large not in str(failing(message="y differs.", expected=large, got=large))
    assert "[1, 2]" in str(failing(message="y differs.", expected="[1, 2]", got="[1, 3]"))
