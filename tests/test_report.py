"""Records, pages and tables say what was found, exactly, and nothing in them can do harm."""

import csv
import dataclasses
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from autograder import export, report
from autograder.result import VERDICTS, BadRecord, ExerciseResult, Result, TestResult, write_atomically

NASTY = "<script>alert(1)</script>&amp;\"'<img src=x onerror=alert(1)>{{ 7 * 7 }}"


def hidden_test(name="test_a", outcome="passed", **more):
    return TestResult(name, f"{name} is true.", True, "y", outcome, **more)


def exercise(id="bn_forward", verdict="passed", score=5.0, tests=(), **more):
    return ExerciseResult(id, f"Title of {id}.", verdict, score, 5.0, tests or (hidden_test(),), **more)


def result(*exercises, **more):
    given = dict(
        student="s01", assignment="02_batch_norm", isolation="bubblewrap", seed="abc", elapsed_s=0.21, problems=()
    )
    given |= {"score": sum(e.score for e in exercises), "max_score": sum(e.max_score for e in exercises)}
    return Result(**given | more, exercises=exercises)


MIXED = result(
    exercise("easy"),
    exercise(
        "hard", "partial", 1.5,
        (hidden_test("test_one"),
         hidden_test("test_two", "failed", message="y differs in 3 of 9 values.", misconception="by_n", diagnosis="You divide by N."),
         hidden_test("test_three", "failed", message="y differs in 3 of 9 values.")),
        misconception="by_n", diagnosis="You divide by N. Divide by N - 1.",
    ),
    exercise("slow", "timeout", 0.0, tuple(hidden_test(f"test_{n}", "timeout", message="the time limit is over") for n in "abc")),
    exercise("later", "not_attempted", 0.0, (hidden_test(outcome="not_attempted"),)),
    problems=("The cells stand in another order.",),
)  # fmt: skip


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text += f" {data} "

    @property
    def words(self):
        return " ".join(self.text.split())


# ---- the record --------------------------------------------------------------------------------------------------


def test_a_record_reads_back_as_it_was():
    """to_json and from_json are inverse, and the version comes first."""
    text = MIXED.to_json()
    assert Result.from_json(text) == MIXED
    assert list(json.loads(text))[0] == "version"
    odd = dataclasses.replace(MIXED, student="a\nb\ud800\u202e", problems=("\x00",))
    assert Result.from_json(odd.to_json()) == odd


@pytest.mark.parametrize("text", [
    "", "[]", "3", "null", "{}", '{"version": 1}', '{"version": 1, "exercises": 3}', '{"version": 1, "exercises": [{}]}',
    MIXED.to_json()[:-40], MIXED.to_json().replace('"score"', '"points"'), "[" * 100_000,
    MIXED.to_json().replace("6.5", '"6.5"'), MIXED.to_json().replace('"partial"', '"splendid"'),
    MIXED.to_json().replace('"The cells stand in another order."', "7"), MIXED.to_json().replace('"y"', "null"),
])  # fmt: skip
def test_what_is_no_record_is_refused_by_name(text):
    """Whatever a file holds, it is a record or it is refused with the file's name and what to do."""
    with pytest.raises(BadRecord, match=r"^out/s01\.json"):
        Result.from_json(text, "out/s01.json")


def test_a_record_of_another_version_says_so():
    """A record from the future is not guessed at."""
    with pytest.raises(BadRecord, match="expected a result record of version 1, got 2"):
        Result.from_json(MIXED.to_json().replace('"version": 1', '"version": 2'))


def test_only_could_not_grade_is_ungradable():
    """Every other verdict is a result."""
    gradable = {v: result(exercise(verdict=v)).gradable for v in VERDICTS}
    assert [v for v, ok in gradable.items() if not ok] == ["could_not_grade"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A failure in the middle leaves the old file and no other."""
    path = tmp_path / "new" / "a.json"
    write_atomically(path, "old")
    assert path.stat().st_mode & 0o777 == 0o644

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


# ---- the page ----------------------------------------------------------------------------------------------------


def test_the_page_says_what_was_found():
    """Score, verdicts, the idea that went wrong first, each reason once, and what holds."""
    page = Page(report.feedback_html(MIXED))
    words = page.words
    assert "6.5 of 20 points" in words
    assert "1 of 4 exercises pass every test." in words
    assert "Look at this first You divide by N. Divide by N - 1. hard , 3.5 points to win" in words
    assert "The idea that went wrong You divide by N. Divide by N - 1." in words
    assert "does not hold test_two is true. y differs in 3 of 9 values." in words
    assert "does not hold test_three is true. y differs in 3 of 9 values." in words
    assert "1 test holds test_one is true." in words
    assert words.count("the time limit is over") == 1, "one reason for three tests is said once"
    assert all(f"test_{n} is true." in words for n in "abc")
    assert "All 1 test holds" in words
    assert "The cell still holds its stub." in words
    assert "The cells stand in another order." in words
    assert words.index("You divide by N") < words.index("does not hold")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_words(verdict):
    """No verdict or outcome appears by its internal name."""
    for score in (0.0, 5.0):
        one = result(exercise(verdict=verdict, score=score, tests=(hidden_test(outcome=verdict),)))
        words = Page(report.feedback_html(one)).words + report.comment(one.exercises[0]) + report.in_words(one)
        assert report.VERDICT[verdict] in words
        assert "_" not in words.replace("bn_forward", "").replace("test_a", "").replace("02_batch_norm", "")


def test_untrusted_text_stays_text():
    """Whatever a student put into names and messages is shown as text; no script, link or style comes of it."""
    bad = exercise(
        verdict="partial", score=1.0, diagnosis=NASTY,
        tests=(hidden_test("test_a", "failed", message=NASTY), hidden_test("test_b", "error", message=NASTY * 300)),
    )  # fmt: skip
    html = report.feedback_html(result(bad, student=NASTY, problems=(NASTY,) * 50))
    page, plain = Page(html), Page(report.feedback_html(MIXED))
    assert set(page.tags) <= set(plain.tags) | {"div"}
    assert not {"script", "img", "iframe", "link", "object", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert {value for name, value in page.attributes if name == "href"} == {"#bn_forward"}
    assert "src" not in dict(page.attributes)
    assert "default-src 'none'" in html
    assert "49" not in page.text
    assert "and 20 more" in page.words
    assert len(html) < 60_000


@pytest.mark.parametrize(("raw", "shown"), [
    ("a\x1b[31mb", "a [31mb"), ("a\u202eb\u2066", "a b "), ("a\ud800b", "a b"), ("a\nb", "a\nb"), ("x" * 50, "x" * 19 + "…"),
])  # fmt: skip
def test_text_is_harmless_and_bounded(raw, shown):
    """No control, direction or surrogate characters, and an end."""
    assert report.text(raw, 20) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(3.0, "3"), (2.5, "2.5"), (2.666, "2.67"), (0, "0"), (100.0, "100"), (10, "10")]
)
def test_points_are_exact_and_short(value, shown):
    """No trailing zeros, no lost ones."""
    assert report.points(value) == shown


def test_the_page_reads_in_light_in_dark_and_on_paper():
    """The page takes the reader's colours, asks the network for nothing, and prints what is folded."""
    html = report.feedback_html(MIXED)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert not re.search(r"https?://|url\(|@import", html)
    assert "undefined" not in html.lower()


def test_the_comment_names_the_idea_and_the_first_failures():
    """What the gradebook shows: verdict, points, the idea, at most four sentences."""
    assert report.comment(MIXED.exercises[1]).splitlines() == [
        "partly right: 1.5 of 5 points.", "You divide by N. Divide by N - 1.",
        "does not hold: test_two is true.", "does not hold: test_three is true."]  # fmt: skip
    many = exercise(verdict="failed", score=0.0, tests=tuple(hidden_test(f"t{n}", "failed") for n in range(6)))
    assert report.comment(many).splitlines()[-2:] == ["does not hold: t3 is true.", "and 2 more"]
    assert report.comment(exercise()) == "passed: 5 of 5 points."


# ---- the tables --------------------------------------------------------------------------------------------------


def printed(table):
    console = Console(width=100, file=io.StringIO())
    console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(("exercises", "words"), [
    ((exercise(),), "nothing"),
    ((exercise(verdict="not_attempted", score=0.0),), "not attempted yet"),
    ((exercise(verdict="missing", score=0.0),), "The file is empty."),
    ((exercise(verdict="could_not_grade", score=0.0),), "The file is empty."),
    ((exercise(), exercise("b", "crashed", 0.0)), "ended the process: b"),
    ((exercise("a", "error", 0.0), exercise("b", "error", 0.0)), "raised an error: 2 exercises"),
    (MIXED.exercises, "hard: You divide by N. And 2 more."),
])  # fmt: skip
def test_a_student_in_one_line(exercises, words):
    """The idea that cost most comes first; without one, what became of the exercises."""
    assert report.in_words(result(*exercises, problems=("The file is empty.",))) == words


def test_the_class_table():
    """Scores stand under each other; a long name and markup in it do no harm; two assignments get a column."""
    rows = printed(report.class_table([MIXED, result(exercise(), student="[red]x[/red] :smile: " + "y" * 50)]))
    assert rows[0].split() == ["student", "score", "what", "went", "wrong"]
    assert rows[1].startswith("s01 ")
    assert "6.5 / 20   hard: You divide by N. And 2 more." in rows[1]
    assert "[red]x[/red] :smile:" in rows[2]
    assert all(len(row) <= 100 for row in rows)
    two = printed(report.class_table([MIXED, dataclasses.replace(MIXED, assignment="03_dropout")]))
    assert two[0].split()[:2] == ["student", "assignment"]


def test_the_ideas_that_students_share():
    """What several students got wrong, with how many; nothing where no two share one."""
    rows = printed(report.common_ideas([MIXED, MIXED, result(exercise())]))
    assert rows[1].split() == ["2", "of", "3", "hard", "You", "divide", "by", "N."]
    assert report.common_ideas([MIXED, result(exercise())]) is None


def test_what_the_instructor_has_to_mend():
    """A broken test is named once, however many students met it; a failed submission with its reason."""
    broken = hidden_test("test_x", "could_not_grade", message="the test itself is broken (the reference failed)")
    one = result(exercise("a", "could_not_grade", 5.0, (hidden_test(), broken)))
    other = result(
        exercise("a", "could_not_grade", 0.0, (hidden_test(outcome="passed"),)), problems=("two workers died",)
    )
    assert report.not_graded([one, one, MIXED, other]) == [
        "a, test_x: the test itself is broken (the reference failed)", "s01, 02_batch_norm: two workers died"]  # fmt: skip
    assert "itself is broken" not in report.feedback_html(one)


def rows_of(*results):
    return list(csv.DictReader(io.StringIO(export.grades_csv(results))))


def test_grades_csv():
    """One row per submission, one column per exercise of any assignment, in order."""
    other = result(exercise("x"), assignment="03_dropout")
    first, second = rows_of(MIXED, other)
    assert list(first)[:9] == ["student", "assignment", "score", "max_score", "easy", "hard", "slow", "later", "x"]
    assert (first["score"], first["hard"], first["x"]) == ("6.5", "1.5", "")
    assert (second["easy"], second["x"]) == ("", "5.0")
    assert first["what_went_wrong"] == "hard: You divide by N. Divide by N - 1.; slow: timeout; later: not_attempted"
    assert second["what_went_wrong"] == ""


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", " =", "\r=", "\n@", "\uff1d", "\uff0b", "\u00a0=", "|=", ";="]
)
def test_no_cell_is_a_formula(start):
    """A spreadsheet opens every cell as text or number, whatever a student is called or wrote."""
    (row,) = rows_of(
        result(exercise(diagnosis=f"{start}1"), student=f"{start}cmd|' /C calc'!A0", problems=(f"{start}2",))
    )
    for value in (row["student"], row["problems"]):
        assert value.isprintable()
        assert not re.match(r"\s*[=+@\-\uff1d\uff0b\uff0d\uff20]", value)
    assert row["score"] == "5.0", "numbers stay numbers"
