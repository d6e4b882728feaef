"""The hostile corpus is whole, a cross-section of it is graded as it should be, and its judge sees harm.

`make hostile` grades all of it; continuous integration grades the first attack of each number.
"""

import collections
import dataclasses
import os
import socket
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "hostile"))

import frame
import harm
import running

from autograder import batch
from autograder.result import ExerciseResult, Result
from autograder.sandbox.host import SandboxUnavailable, choose_isolation

CORPUS = {attack.name: attack for attack in frame.corpus()}
SOME = (
    "ast_strips_asserts", "value_lies_by_eq", "ends_by_sys_exit", "frame_ahead", "patches_numpy_allclose",
    "reads_planted_files", "calls_by_abstract_socket", "tells_by_exception_name", "forbidden_by_script",
    "exits_process", "named_pipe", "check_duplicated", "default_dtype",
)  # fmt: skip


# ---- the corpus --------------------------------------------------------------------------------------------------


def test_every_line_of_the_list_is_tried():
    """Lines 1 to 60 each have an attack, and at least 20 attacks are of our own invention."""
    numbers = collections.Counter(attack.number for attack in CORPUS.values())
    assert set(range(1, 61)) <= set(numbers)
    assert sum(count for number, count in numbers.items() if number > 100) >= 20


def test_the_sample_of_continuous_integration_tries_every_line():
    """`--each 1` keeps the first attack of each number, and one of every section."""
    attacks = list(CORPUS.values())
    chosen = frame.sample(attacks, 1)
    assert [a.number for a in chosen] == sorted({a.number for a in attacks})
    assert {a.section for a in chosen} == set(frame.SECTIONS)
    assert len(frame.sample(attacks, 2)) > len(chosen)
    assert frame.sample(attacks, len(attacks)) == attacks


def test_every_section_is_there():
    """The corpus is made of its six sections, and every attack has a sentence and a name of its own."""
    assert {attack.section for attack in CORPUS.values()} == set(frame.SECTIONS)
    clashes = [name for name, count in collections.Counter(a.name for a in frame.CORPUS).items() if count > 1]
    assert not clashes, "names of two attacks"
    assert not [name for name, attack in CORPUS.items() if len(attack.says) < 8 or not attack.says.endswith(".")]


def test_two_attacks_of_one_name_are_refused():
    """A section does not take a second attack of the same name."""
    register = frame.attack(1, frame.FULL)
    taken = next(iter(CORPUS.values())).build
    with pytest.raises(ValueError, match=f"are named {taken.__name__}"):
        register(taken)


# ---- a cross-section ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(course):
    try:
        level = choose_isolation("auto")
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with running.Run(course, level) as run:
        yield run


@pytest.mark.parametrize("name", SOME)
def test_attack_is_judged_as_expected(run, name):
    """The attack earns what it must, harms nothing, and an honest submission after it has full marks."""
    row = run.judge(CORPUS[name])
    assert row.objections == ()
    assert row.harm == ()


def test_wrong_expectation_is_objected_to(run):
    """An attack that does not earn what it is expected to earn is reported."""
    row = run.judge(dataclasses.replace(CORPUS["ends_by_sys_exit"], expect=frame.FULL))
    assert any("bn_forward_train: 0 points" in line for line in row.objections)
    assert not row.good


# ---- the judge ---------------------------------------------------------------------------------------------------

GRADER = types.SimpleNamespace(_sandbox=None, isolation="bubblewrap")


@pytest.fixture
def world(course):
    made = harm.World(course.root)
    made.out.mkdir()
    made.remember(GRADER)
    yield made
    made.close()


def page(world, text: str) -> None:
    folder = world.out / "s50"
    folder.mkdir()
    (folder / "page.html").write_text(text)


def test_peace_is_no_harm(world):
    """Where nothing has happened nothing is reported."""
    page(world, '<p>Well done.</p><a href="#bn_backward">bn_backward</a><img src="data:image/png;base64,AAAA">')
    (world.out / "grades.csv").write_text("student,score,rest\ns50,-1.5,'=1+1\n")
    assert world.harm(GRADER, "graded 3 submissions") == []


@pytest.mark.parametrize("form", [str, lambda text: text[::-1], str.upper, lambda text: text.encode().hex()])
@pytest.mark.parametrize("name", ["token", "marker"])
def test_leak_in_a_page_is_harm(world, name, form):
    """A secret in a feedback page is reported, also backwards or in hexadecimal digits."""
    page(world, f"<p>{form(getattr(world, name))}</p>")
    assert [line for line in world.harm(GRADER) if line.startswith("s50/page.html holds")]


def test_leak_in_the_output_is_harm(world):
    """A secret that the grader prints is reported."""
    assert world.harm(GRADER, f"error: {world.token}") == ["the grader's own output holds the planted secret"]


def test_spelled_marker_is_the_marker(world):
    """The expression that attacks embed gives the marker, and its text does not hold it."""
    assert eval(world.spelled) == world.marker
    assert world.marker not in world.spelled


def test_call_of_a_service_is_harm(world):
    """A connection or a datagram to any of the planted services is reported, once for each attack."""
    for kind, address in ((socket.AF_INET, ("127.0.0.1", world.port)), (socket.AF_UNIX, str(world.socket)),
                          (socket.AF_UNIX, f"\0{world.abstract}")):  # fmt: skip
        with socket.socket(kind) as caller:
            caller.connect(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.sendto(b"x", ("127.0.0.1", world.datagrams))
    assert world.harm(GRADER) == [f"{name} was called" for name in world.services]
    assert world.harm(GRADER) == []


def test_change_of_a_file_is_harm(world):
    """A file that was changed, removed or made outside the output folder is reported."""
    world.gradebook.write_text("all right")
    world.secret.unlink()
    (world.home / ".bashrc").touch()
    left = Path(f"/tmp/{world.marker}")
    left.touch()
    try:
        found = world.harm(GRADER)
    finally:
        left.unlink()
    for end in ("gradebook.db was changed", "secret.txt is gone", ".bashrc appeared", f"{world.marker} appeared"):
        assert [line for line in found if line.endswith(end)], end


def test_process_left_behind_is_harm(world, monkeypatch):
    """A process that outlives the attack is reported, also when its parent has ended."""
    monkeypatch.setattr(harm, "SETTLE_S", 0.2)
    shell = subprocess.run(["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    try:
        assert "1 process sleep was left behind" in world.harm(GRADER)
    finally:
        os.kill(int(shell.stdout), 9)
        os.waitpid(int(shell.stdout), 0)


def test_change_of_the_grader_is_harm(world):
    """A function that was replaced in the grader, its environment, or a folder it was moved to is reported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "allclose", lambda *args: True)
        patch.setenv("PATH", "/evil")
        patch.chdir(world.home)
        patch.setitem(sys.modules, "numpy.testing", types.ModuleType("numpy.testing"))
        found = world.harm(GRADER)
    for text in ("grader's numpy.allclose was replaced", "grader's environment changed: {'PATH'", "grader's working directory changed",
                 "grader's module numpy.testing was replaced"):  # fmt: skip
        assert [line for line in found if text in line], text


def test_growth_of_the_grader_is_harm(world, monkeypatch):
    """Memory that the grader takes for what a submission says is reported."""
    monkeypatch.setattr(harm, "GROWTH", 32 << 20)
    if not harm.peak_memory():
        pytest.skip("this system does not tell the peak of a process")
    np.ones(32 << 20)
    assert [line for line in world.harm(GRADER) if "the grader grew" in line]


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<svg/onload=x>", "<b onclick='x'>b</b>", "<a href='java\tscript:x'>a</a>", "<iframe src=x>",
     "<img src=//evil>", "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=x>"],
)  # fmt: skip
def test_active_content_is_harm(world, text):
    """What a browser would run or load from elsewhere is reported."""
    page(world, f"<p>{text}</p>")
    assert [line for line in world.harm(GRADER) if line.startswith("the feedback page holds")]


@pytest.mark.parametrize("cell", ["=1+1", "+1+cmd", "@SUM(A1)", "-2+3|cmd", "\t=1", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_formula_is_harm(world, cell):
    """A cell of the table that a spreadsheet would compute is reported."""
    (world.out / "grades.csv").write_text(f"student,score\n{cell},1\n")
    assert [line for line in world.harm(GRADER) if line.startswith("grades.csv holds the cell")]


@pytest.mark.parametrize(("score", "verdict", "says"), [
    (3.0, "partial", "got 3 of 5"), (0.0, "could_not_grade", "could not be graded"), (5.0, "passed", ""),
])  # fmt: skip
def test_loss_of_a_neighbour_is_harm(score, verdict, says):
    """An honest submission after the attack must have full marks."""
    item = ExerciseResult("one", "One", verdict, score, 5.0, ())
    result = Result("s99-honest", "02_batch_norm", score, 5.0, "bubblewrap", "", (), (item,))
    found = running.neighbour_lost(batch.Done(result, ""))
    assert len(found) == bool(says)
    assert all(says in line for line in found)
    assert running.neighbour_lost(None) == ["the honest neighbour was not graded"]


def test_objections_name_what_differs():
    """A score, a verdict or a problem that is not as expected is named, and so is a result that is not there."""
    item = ExerciseResult("one", "One", "failed", 0.0, 5.0, ())
    result = Result("s50", "02_batch_norm", 0.0, 5.0, "bubblewrap", "", (), (item,))
    assert frame.exercise("one", 0, "failed").objections(result) == []
    assert frame.FULL.objections(result) == ["one: 0 points (failed), expected 5"]
    assert frame.exercise("one", 0, "crashed").objections(result) == ["one: verdict failed, expected crashed"]
    assert frame.Expect(total=0, problem="link").objections(result) == ["no problem matches 'link': []"]
    assert frame.FULL.objections(None) == ["no result was written"]
