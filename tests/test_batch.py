"""Many submissions: results are written once, reruns skip them, and nothing that is killed takes a grade with it."""

import contextlib
import csv
import dataclasses
import errno
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import ID, NAME, SEED, alive, descendants, files, hand_in, is_worker, until

from autograder import batch, cli, demo, folder, grading, report
from autograder import exercise as hidden
from autograder.batch import Settings, grade_all
from autograder.finding import Found, find
from autograder.folder import output, paths, records
from autograder.grading import Grader
from autograder.result import Result, write_atomically
from autograder.sandbox.host import SandboxUnavailable


@pytest.fixture(scope="module")
def grader(small, isolation):
    with Grader(small, isolation, SEED) as grader:
        yield grader


@pytest.fixture
def shared(grader, monkeypatch):
    """Whoever grades in this process uses the one warm grader."""
    monkeypatch.setattr(batch, "Grader", lambda *args: contextlib.nullcontext(grader))
    return grader


@pytest.fixture
def submitted(small, tmp_path):
    """Five submissions, one of each kind."""
    mistake = hidden.load(ID).misconceptions[0]
    hand_in(small, tmp_path, "anna", small.solution)
    hand_in(small, tmp_path, "bert", demo.as_cell(small.solution, hidden.load(ID), mistake))
    hand_in(small, tmp_path, "cleo", None)
    hand_in(small, tmp_path, "dave", small.solution).write_text("{ no notebook")
    (tmp_path / "submitted/emil" / NAME).mkdir(parents=True)
    return tmp_path / "submitted"


@pytest.fixture
def settings(small, tmp_path, isolation):
    return Settings(small.root, tmp_path / "out", isolation, SEED)


def grade(submitted, settings, jobs=1):
    """({student: Result}, names of those that were skipped)."""
    with output(settings.out):
        done = list(grade_all(find([submitted], NAME), settings, jobs))
    return {d.result.student: d.result for d in done}, {d.result.student for d in done if d.skipped}


def record(settings, student):
    return paths(settings.out, student, NAME)[0]


def rows(settings):
    with open(settings.out / "grades.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- what is written ---------------------------------------------------------------------------------------------


def test_records_pages_and_table_are_written(shared, submitted, settings):
    """Every submission has a record, a page and a row; what could not be read is a graded 0 with the reason."""
    results, skipped = grade(submitted, settings)
    assert not skipped
    scores = {student: result.score for student, result in results.items() if student != "bert"}
    assert scores == {"anna": 5, "cleo": 0, "dave": 0, "emil": 0}
    assert 0 < results["bert"].score < 5
    assert [e.verdict for r in results.values() for e in r.exercises] == [
        "passed", "partial", "not_attempted", "missing", "missing"]  # fmt: skip
    for student, result in results.items():
        json_path, html_path = paths(settings.out, student, NAME)
        assert Result.from_json(json_path.read_text()) == result
        assert f"{student}</h1>" in html_path.read_text()
    assert "expected a notebook in JSON" in results["dave"].problems[0]
    assert str(submitted) not in results["dave"].to_json(), "students do not learn where the instructor keeps files"
    assert results["emil"].problems == (f"No notebook was handed in for {NAME}.",)
    assert [(r["student"], float(r["score"])) for r in rows(settings)] == [(s, r.score) for s, r in results.items()]
    assert "Your variance divides by N - 1" in rows(settings)[1]["what_went_wrong"]
    files = sorted(p.relative_to(settings.out).as_posix() for p in settings.out.rglob("*") if p.is_file())
    assert files == sorted([".lock", "grades.csv", *(f"{s}/{NAME}.{end}" for s in results for end in ("json", "html"))])


def test_a_rerun_skips_what_has_not_changed(shared, small, submitted, settings, monkeypatch):
    """A changed notebook, changed tests, a lost page, a damaged record: only what is affected is done again."""
    first, _ = grade(submitted, settings)
    again, skipped = grade(submitted, settings)
    assert skipped == {"anna", "bert", "cleo"}  # there is nothing to skip in the others
    assert again == first

    hand_in(small, submitted.parent, "cleo", small.solution)
    paths(settings.out, "anna", NAME)[1].unlink()
    record(settings, "bert").write_text('{"version": 1, "student"')
    again, skipped = grade(submitted, settings)
    assert skipped == {"anna"}
    assert again["cleo"].score == 5
    assert again["bert"].exercises == first["bert"].exercises
    assert Result.from_json(record(settings, "bert").read_text()) == again["bert"]
    assert paths(settings.out, "anna", NAME)[1].is_file()
    assert [float(r["score"]) for r in rows(settings)] == [r.score for r in again.values()]

    monkeypatch.setattr(shared.assignment(NAME), "digest", "other tests")
    assert grade(submitted, settings)[1] == set()
    assert grade(submitted, settings)[1] == {"anna", "bert", "cleo"}
    anew = Settings(small.root, settings.out, settings.isolation, SEED, again=True)
    assert grade(submitted, anew)[1] == set()


def test_what_could_not_be_graded_is_tried_again(shared, submitted, settings, monkeypatch):
    """A fault of the grader is no verdict: it is shown as such, is not kept, and does not stop the others."""
    real = Grader.grade

    def faulty(self, submission):
        if submission.student == "anna":
            raise ZeroDivisionError("a bug of ours")
        found = real(self, submission)
        if submission.student == "cleo":  # as for a broken test or sandbox
            broken = dataclasses.replace(found.exercises[0], verdict="could_not_grade")
            found = dataclasses.replace(found, exercises=(broken,))
        return found

    monkeypatch.setattr(Grader, "grade", faulty)
    results, _ = grade(submitted, settings)
    assert not results["anna"].gradable
    assert "a bug of ours" in results["anna"].problems[0]
    assert not results["cleo"].gradable
    assert results["bert"].gradable
    monkeypatch.setattr(Grader, "grade", real)
    results, skipped = grade(submitted, settings)
    assert results["anna"].score == 5
    assert results["cleo"].gradable
    assert skipped == {"bert"}


def test_the_table_holds_what_the_folder_holds(shared, submitted, settings):
    """Grading one student again does not drop the others from grades.csv."""
    grade(submitted, settings)
    with output(settings.out):
        list(grade_all(find([submitted / "anna"], NAME), settings))
    assert [r["student"] for r in rows(settings)] == ["anna", "bert", "cleo", "dave", "emil"]


@pytest.mark.parametrize(
    "student", ["*", "[a]", "../../x", "a\nb", "+1", "=cmd()", "..", "", "a/b", "ä" * 200, "con\x00"]
)
def test_odd_student_ids(shared, small, submitted, settings, student):
    """An id is a name and never a pattern, a path, a line break or a formula."""
    path = hand_in(small, submitted.parent, "anna", small.solution)
    with output(settings.out):
        (done,) = grade_all([Found(student, NAME, path)], settings)
    assert done.result.student == student
    assert done.result.score == 5
    inside = [p for p in settings.out.rglob("*") if p.is_file()]
    assert len(inside) == 4  # the record, the page, the table, the lock
    assert sorted(p.name for p in settings.out.iterdir() if p.is_dir()) == [record(settings, student).parent.name]
    (row,) = rows(settings)
    assert not row["student"].startswith(("=", "+", "-", "@"))
    assert "\n" not in row["student"]


# ---- what goes wrong around it -----------------------------------------------------------------------------------


def run_cli(capsys, small, *argv):
    status = cli.main(["--course", str(small.root), *map(str, argv)])
    return status, capsys.readouterr()


def test_a_full_disk_is_one_line_and_a_rerun_is_clean(shared, small, submitted, settings, monkeypatch, capsys):
    """When the disk is full the run stops with status 1; what was finished is kept; the next run does the rest."""
    monkeypatch.setenv("TRAINDEEP_SEED", SEED)
    written = []

    def full(path, text):
        if len(written) == 3:  # the record of the second submission
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        write_atomically(path, text)

    monkeypatch.setattr(folder, "write_atomically", full)
    status, said = run_cli(capsys, small, "grade", submitted, "--out", settings.out)
    assert status == 1
    line = f"autograder: {record(settings, 'bert')}: No space left on device; nothing that was finished is lost"
    assert said.err.splitlines()[-1] == line  # on a slow machine, after the progress
    assert [r["student"] for r in rows(settings)] == ["anna"]
    monkeypatch.setattr(folder, "write_atomically", write_atomically)
    status, said = run_cli(capsys, small, "grade", submitted, "--out", settings.out)
    assert status == 0
    assert "1 of 5 were graded before" in said.err
    assert [r["student"] for r in rows(settings)] == ["anna", "bert", "cleo", "dave", "emil"]


def test_an_output_folder_that_cannot_be_used_is_refused_before_any_work(
    small, submitted, settings, monkeypatch, capsys
):
    """A file where the folder should be, a folder without write permission, another run: one line, status 1."""
    monkeypatch.setattr(batch, "grade_all", lambda *args: pytest.fail("grading began"))
    taken = submitted.parent / "taken"
    taken.write_text("")
    for out in (taken, taken / "below", Path("/proc/nowhere")):
        status, said = run_cli(capsys, small, "grade", submitted, "--out", out)
        assert status == 1
        assert said.err.count("\n") == 1
        assert said.err.startswith(f"autograder: {out}: expected a folder that can be written to: ")

    settings.out.mkdir()
    other = held(settings.out)
    status, said = run_cli(capsys, small, "grade", submitted, "--out", settings.out)
    assert status == 1
    assert said.err == (
        f"autograder: {settings.out} is in use by another run of autograder grade; wait for it or choose another --out\n"
    )
    other.kill()
    other.wait()
    with output(settings.out):
        assert held(settings.out, "1/3").answer == "refused", "a whole run excludes every shard"
    assert [p.name for p in settings.out.iterdir()] == [".lock"], "looking leaves nothing else behind"


HOLD = """
import sys, time
from pathlib import Path
from autograder.folder import CannotWrite, Shard, output
try:
    with output(Path(sys.argv[1]), Shard.parse(sys.argv[2])):
        print("held", flush=True)
        time.sleep(60)
except CannotWrite:
    print("refused", flush=True)
"""


def held(out, shard="1/1"):
    """Another process that holds the folder, or has ended because it may not."""
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(out), shard], stdout=subprocess.PIPE, text=True)
    other.answer = other.stdout.readline().strip()
    other.stdout.close()
    if other.answer != "held":
        other.wait()
    return other


def test_parts_of_a_class_share_a_folder(shared, submitted, settings, tmp_path, monkeypatch, capsys, small):
    """Different parts write to one folder at the same time, the same part twice does not; the table becomes whole."""
    monkeypatch.setenv("TRAINDEEP_SEED", SEED)
    whole, _ = grade(submitted, Settings(small.root, tmp_path / "whole", settings.isolation, SEED))
    settings.out.mkdir()
    first = held(settings.out, "1/2")
    assert first.answer == "held"
    assert held(settings.out, "2/3").answer == "refused", "it overlaps"
    command = ["grade", submitted, "--out", settings.out, "--shard"]
    status, said = run_cli(capsys, small, *command, "1/2")
    assert status == 1
    assert "is in use by another run" in said.err
    status, said = run_cli(capsys, small, *command, "2/2")
    assert status == 0
    count = len(list(records(settings.out)))
    assert said.err.startswith(f"shard 2/2: {count} of 5 submissions\n")
    assert 0 < count == len(rows(settings)) < 5
    first.kill()
    first.wait()
    assert run_cli(capsys, small, *command, "1/2")[0] == 0
    assert files(settings.out) == files(tmp_path / "whole")
    assert [row["student"] for row in rows(settings)] == list(whole)

    (settings.out / "grades.csv").unlink()
    status, said = run_cli(capsys, small, "table", settings.out)
    assert (status, said.out) == (0, f"5 rows in {settings.out / 'grades.csv'}\n")
    assert files(settings.out) == files(tmp_path / "whole")
    assert run_cli(capsys, small, "table", tmp_path / "nowhere")[0] == 2
    status, said = run_cli(capsys, small, "table", submitted)
    assert status == 1
    assert "no result in" in said.err


def test_progress_without_a_terminal(shared, submitted, settings, monkeypatch, capsys, small):
    """A line now and then says how many are graded, how many could not be, and how long the rest will take."""
    monkeypatch.setattr(cli, "PLAIN_S", 0)
    monkeypatch.setattr(Grader, "grade", lambda *args: 1 / 0)
    found = find([submitted], NAME)
    results = cli.run_batch(found, settings, 1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[0] == "1 of 5 graded, 1 could not be graded"
    assert re.fullmatch(r"4 of 5 graded, 3 could not be graded, about 0:00:\d\d left", lines[3])
    assert [result.student for result in results if not result.gradable] == ["anna", "bert", "cleo"]


def test_what_is_kept_of_thousands_is_small(shared, submitted, settings):
    """The summary keeps no tests of what was graded, and says the same as the whole results."""
    whole, _ = grade(submitted, settings)
    brief = cli.run_batch(find([submitted], NAME), settings, 1)
    assert not any(exercise.tests for result in brief for exercise in result.exercises)
    assert [r.score for r in brief] == [r.score for r in whole.values()]
    for say in (report.in_words, lambda result: report.not_graded([result])):
        assert [say(r) for r in brief] == [say(r) for r in whole.values()]


class FakeWorker:
    """A worker without a process: dies of the submissions of `deadly` students as often as told."""

    deadly: dict = {}
    unborn = False
    made: list = []

    def __init__(self, settings):
        self.item, self.ready, self.stopped = None, not self.unborn, ""
        self.pipe, self.theirs = multiprocessing.Pipe()
        FakeWorker.made.append(self)

    def give(self, item):
        self.item = item
        self.theirs.send("")  # there is an answer to receive

    def receive(self):
        self.pipe.recv()
        if self.unborn or self.deadly.get(self.item.student, 0) > 0:
            if not self.unborn:
                self.deadly[self.item.student] -= 1
            return None
        return batch.grade_found(batch.Grader().__enter__(), self.item, batch_settings)

    def stop(self, *, kill=False):
        self.stopped = "killed" if kill else "ended"


batch_settings = Settings(Path(), Path("/nowhere"), "none", SEED)


@pytest.fixture
def fake(monkeypatch, shared):
    monkeypatch.setattr(batch, "Worker", FakeWorker)
    FakeWorker.deadly, FakeWorker.unborn, FakeWorker.made = {}, False, []
    return FakeWorker


def test_a_submission_that_kills_its_workers_is_given_up_and_the_others_are_graded(fake, submitted, settings):
    """One death is forgiven; after the second the submission is could_not_grade and the rest goes on."""
    fake.deadly = {"anna": 1, "bert": 2}
    results, _ = grade(submitted, settings, jobs=2)
    assert results["anna"].score == 5
    assert not results["bert"].gradable
    assert "2 grader processes died" in results["bert"].problems[-1]
    assert sorted(results) == ["anna", "bert", "cleo", "dave", "emil"]
    assert len(fake.made) <= 2 + 3, "a worker that died is replaced, and no other"
    assert {worker.stopped for worker in fake.made} == {"killed", "ended"}


def test_workers_end_when_the_consumer_stops(fake, submitted, settings):
    """A consumer that goes away leaves no worker behind."""
    results = grade_all(find([submitted], NAME), settings, jobs=2)
    next(results)
    results.close()
    assert [worker.stopped for worker in fake.made] == ["killed", "killed"]


def test_a_worker_that_dies_while_it_starts_is_no_fault_of_the_submission(fake, submitted, settings, monkeypatch):
    """It is replaced, and its submission may still be met by a death later."""
    fake.deadly = {"anna": 1}
    real, births = fake.__init__, []

    def born(self, settings):
        real(self, settings)
        births.append(self)
        self.ready = len(births) > 1
        if not self.ready:
            self.receive = lambda: (self.pipe.recv(), None)[1]

    monkeypatch.setattr(fake, "__init__", born)
    results, _ = grade(submitted, settings, jobs=2)
    assert all(result.gradable for result in results.values())
    assert len(births) >= 4


def test_workers_that_cannot_start_end_the_run(fake, submitted, settings):
    """A machine on which no worker starts is no fault of the submissions: nothing is charged, nothing loops."""
    fake.unborn = True
    with pytest.raises(SandboxUnavailable, match="die while they start"):
        grade(submitted, settings, jobs=2)
    assert not list(settings.out.glob("*/*.json"))


def test_thousands_of_submissions_are_no_trouble(fake, shared, settings, monkeypatch):
    """The coordinator hands out one submission at a time; three thousand take it no special effort."""
    monkeypatch.setattr(folder, "write", lambda *args, **kwargs: None)
    found = [Found(f"s{number}", NAME, None) for number in range(3000)]
    done = list(grade_all(found, settings, jobs=3))
    assert sorted(d.result.student for d in done) == sorted(item.student for item in found)


# ---- real processes ----------------------------------------------------------------------------------------------


def test_two_jobs_and_a_killed_worker_change_no_grade(shared, small, submitted, settings, tmp_path):
    """Two workers, one of them killed in the middle, give the scores that one process gives."""
    for name in ("flo", "gil"):
        hand_in(small, submitted.parent, name, small.solution, first="import time; time.sleep(0.3)")
    expected, _ = grade(submitted, Settings(small.root, tmp_path / "one", settings.isolation, SEED))
    finished = []
    with output(settings.out), contextlib.closing(grade_all(find([submitted], NAME), settings, jobs=2)) as running:
        finished.append(next(running))
        workers = [pid for pid in descendants(os.getpid()) if is_worker(pid)]
        os.kill(workers[0], signal.SIGKILL)
        finished.append(next(running))
        finished += running
    results = {done.result.student: done.result for done in finished}
    assert len(workers) == 2
    assert len(finished) == len(results) == 7
    assert {s: r.exercises for s, r in results.items()} == {s: r.exercises for s, r in expected.items()}
    assert {r.key for r in results.values()} == {r.key for r in expected.values()}
    assert not [pid for pid in descendants(os.getpid()) if is_worker(pid)]
    assert len(list(records(settings.out))) == 7


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_was_finished(small, settings, tmp_path, jobs, monkeypatch, shared, capsys):
    """Ctrl-C in the middle: status 130, one line, a table of what was finished, no process left; a rerun goes on."""
    for number in range(6):
        hand_in(small, tmp_path, f"s{number}", small.solution, first="import time; time.sleep(0.7)")
    command = [sys.executable, "-m", "autograder", "--course", small.root, "grade", tmp_path / "submitted"]
    command += ["--out", settings.out, "--jobs", str(jobs)]
    run = subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TRAINDEEP_SEED": SEED},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where the tests run in the background
    )  # fmt: skip
    try:
        assert until(lambda: list(settings.out.glob("*/*.json"))), run.poll()
        below = descendants(run.pid)
        os.killpg(run.pid, signal.SIGINT)  # as the terminal does: to the whole group
        stdout, stderr = run.communicate(timeout=60)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    # On a busy machine a line about the progress comes before it.
    assert stderr.splitlines()[-1] == (
        "autograder: interrupted; what was finished is kept, run the same command again to go on"
    )
    assert run.returncode == 130
    assert stdout == ""
    assert len(below) >= 2 * jobs  # the warm process and its child; with jobs the workers too
    assert until(lambda: not alive(below), 10)
    kept = [json.loads(path.read_text()) for path in settings.out.glob("*/*.json")]
    assert 0 < len(kept) < 6
    assert sorted(r["student"] for r in kept) == [r["student"] for r in rows(settings)]
    assert [p.name for p in settings.out.rglob(".*")] == [".lock"]

    monkeypatch.setenv("TRAINDEEP_SEED", SEED)
    status, said = run_cli(capsys, small, "grade", tmp_path / "submitted", "--out", settings.out)
    assert status == 0
    assert f"{len(kept)} of 6 were graded before" in said.err
    assert [float(r["score"]) for r in rows(settings)] == [5] * 6


def test_two_first_runs_agree_on_the_secret(small, monkeypatch):
    """The secret is made once, is not readable by others, and is used again."""
    monkeypatch.delenv("TRAINDEEP_SEED", raising=False)
    first = grading.course_seed(small)
    assert len(first) == 32
    assert grading.course_seed(small) == first
    path = small.root / ".course_secret"
    assert path.stat().st_mode & 0o077 == 0
    assert [p.name for p in small.root.glob(".course_secret*")] == [".course_secret"]
    path.unlink()
    assert grading.course_seed(small) != first
