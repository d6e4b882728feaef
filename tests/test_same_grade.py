"""The same class, graded twenty times in every way there is, has the same records, pages and table each time."""

import contextlib
import os
import subprocess
import sys

import pytest
from classroom import ID, NAME, SEED, files, hand_in, hand_in_all, until

from autograder import batch, demo, folder
from autograder import exercise as hidden
from autograder.batch import Settings, grade_all
from autograder.finding import find
from autograder.folder import Shard, output, records
from autograder.grading import Grader

# Code that could give another answer each time: random numbers, the order of a set, the address of an object, the clock.
NOISY = f"def {ID}(x, gamma, beta, eps=1e-5):\n    return x + np.random.normal(size=x.shape) * 1e-3, None\n"
SHUFFLED = f"""
import random
def {ID}(x, gamma, beta, eps=1e-5):
    return x * random.choice([1.0, 2.0, 3.0]), {{}}
"""
COMPLAINS = "raise ValueError(f'{{1, 2, 3}} of no use')"


@pytest.fixture(scope="module")
def submitted(small, tmp_path_factory):
    """Right, wrong, half done, broken, and some that draw random numbers."""
    folder = tmp_path_factory.mktemp("class")
    item = hidden.load(ID)
    answers = [None, small.solution, NOISY, SHUFFLED, "def bn_forward_train(:"]
    answers += [demo.as_cell(small.solution, item, each) for each in (*item.misconceptions[:2], item.variants[0])]
    for number, answer in enumerate(answers):
        hand_in(small, folder, f"s{number}", answer, first=COMPLAINS if number % 2 else "")
    return folder / "submitted"


@pytest.fixture(scope="module")
def grader(small, isolation):
    with Grader(small, isolation, SEED) as grader:
        yield grader


@pytest.mark.slow
def test_twenty_times_the_same(small, submitted, isolation, grader, tmp_path, monkeypatch):
    """In one process and in several, in parts, in any order, interrupted, killed and resumed: not a byte differs."""

    def command(out, *more):
        words = [sys.executable, "-m", "autograder", "--course", small.root, "grade", submitted, "--out", out, *more]
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return subprocess.Popen(list(map(str, words)), env={**os.environ, "TRAINDEEP_SEED": SEED}, **quiet)

    seen = []
    out = tmp_path / "alone"
    assert command(out).wait() == 0
    seen.append(files(out))

    out = tmp_path / "two jobs"
    assert command(out, "--jobs", 2).wait() == 0
    seen.append(files(out))

    out = tmp_path / "parts at the same time"
    parts = [command(out, "--shard", f"{number}/3") for number in (1, 2, 3)]
    assert [part.wait() for part in parts] == [0, 0, 0]
    seen.append(files(out))

    out = tmp_path / "killed"
    run = command(out, "--jobs", 2)
    assert until(lambda: list(out.glob("*/*.json")) or run.poll() is not None)
    run.kill()
    run.wait()
    assert command(out, "--jobs", 2).wait() == 0
    seen.append(files(out))

    # The rest with one warm process, in which every run leaves its traces.
    monkeypatch.setattr(batch, "Grader", lambda *args: contextlib.nullcontext(grader))
    found = find([submitted], NAME)
    while len(seen) < 20:
        number = len(seen)
        settings = Settings(small.root, tmp_path / str(number), isolation, SEED)
        order = [found, found[::-1], found[number % 8 :] + found[: number % 8]][number % 3]
        if number % 4 == 1:  # in two parts, the second by another order
            for shard in (Shard(2, 2), Shard(1, 2)):
                with output(settings.out, shard):
                    list(grade_all([item for item in order if shard.holds(item)], settings))
        elif number % 4 == 2:  # stopped after some, and run again
            with output(settings.out), contextlib.closing(grade_all(order, settings)) as running:
                for _ in range(1 + number % 6):
                    next(running)
            with output(settings.out):
                list(grade_all(order, settings))
        else:
            with output(settings.out):
                list(grade_all(order, settings))
        if number == 11:
            grader.sandbox.restart()
        seen.append(files(settings.out))
    assert len(seen[0]) == 2 * 8 + 1
    for number, each in enumerate(seen):
        assert each.keys() == seen[0].keys(), number
        for name, data in each.items():
            assert data == seen[0][name], f"run {number}: {name}"


@pytest.mark.slow
def test_another_secret_gives_the_same_verdicts(small, isolation, grader, tmp_path):
    """Other hidden inputs change no verdict, no score and no recognised idea of any known wrong or right answer."""
    submitted = hand_in_all(small, tmp_path)
    found = find([submitted], NAME)
    seen = []
    with Grader(small, isolation, "another secret") as another:
        grader._open_for(grader.assignment(NAME))
        another._sandbox = grader.sandbox  # the warm process knows no secret
        for each in (grader, another):
            results = [
                batch.grade_found(each, item, Settings(small.root, tmp_path / "none", isolation, "")).result
                for item in found
            ]
            seen.append({r.student: [(e.verdict, e.score, e.misconception) for e in r.exercises] for r in results})
            assert len({r.seed for r in results}) == 1
        another._sandbox = None
    assert results[0].seed != grader.nothing("x", NAME, ()).seed
    assert len(seen[0]) > 20
    assert seen[0] == seen[1]


# ---- parts -------------------------------------------------------------------------------------------------------


def test_every_submission_is_in_one_part():
    """N parts hold everything once, in about equal numbers, and what one holds does not depend on the others."""
    class_ = [batch.Found(f"student {number}", NAME, None) for number in range(2000)]
    for of in (1, 2, 3, 10, 64):
        parts = [[item for item in class_ if Shard(number, of).holds(item)] for number in range(1, of + 1)]
        assert sorted(item.student for part in parts for item in part) == sorted(item.student for item in class_)
        assert max(map(len, parts)) < 2000 / of + 5 * (2000 / of) ** 0.5
        assert sum(Shard(number, of).length for number in range(1, of + 1)) == folder.SPAN


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/", "/3", "-1/3", "1/0", "a/b", "1/3/5", "1.0/3", ""])
def test_a_part_that_does_not_exist(text):
    """The first of three is 1/3; anything else is refused with what was expected."""
    with pytest.raises(ValueError, match="expected I/N with I from 1 to N"):
        Shard.parse(text)


def test_the_joined_table_of_several_folders(grader, tmp_path):
    """Parts in folders of their own give the table of the whole; two results of one submission are refused."""
    one, two, both = tmp_path / "one", tmp_path / "two", tmp_path / "both"
    for number in range(6):
        result = grader.nothing(f"s{number}", NAME, ("nothing there",))
        for out in (both, one if number % 2 else two):
            folder.write(out, result, "<p>a page</p>")
    with output(both):
        pass
    assert folder.merge([one, two], tmp_path / "all.csv") == 6
    assert (tmp_path / "all.csv").read_text() == (both / "grades.csv").read_text()
    assert folder.merge([one, both], tmp_path / "all.csv") == 6
    folder.write(one, grader.nothing("s1", NAME, ("something else",)), "<p>a page</p>")
    with pytest.raises(folder.CannotWrite, match="hold different results for s1, 02_batch_norm"):
        folder.merge([one, both], tmp_path / "all.csv")
    with pytest.raises(folder.CannotWrite, match="no result in"):
        folder.merge([tmp_path], tmp_path / "all.csv")
    assert len(list(records(one))) == 3
