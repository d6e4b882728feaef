"""Two graders at once, and a gradebook in PostgreSQL: a server of Debian's package, started for these tests."""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy
from classroom import ID, NAME, hand_in, hand_in_all, small_course
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import AutogradeApp, GenerateAssignmentApp
from test_nbgrader import ROOT, StandIn, exercise_result, result, run

from autograder import demo, folder, nbgrader_gradebook, nbgrader_plugin
from autograder import exercise as hidden
from autograder.course import to_bytes
from autograder.nbgrader_gradebook import Trouble, submitted, transaction

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
TABLES = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")


# ---- a server, a course, and a gradebook for each test -----------------------------------------------------


def binaries() -> Path | None:
    """The folder of initdb and postgres: the newest of Debian's, which are not on PATH, or wherever PATH says."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((path for path in folders if (path / "initdb").exists() and (path / "postgres").exists()), None)


def ordinary() -> dict:
    """Arguments of subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody", "group": "nogroup", "extra_groups": []}


@pytest.fixture(scope="module")
def server():
    """A cluster that listens on a socket in its own folder only; yields the URL of its database."""
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'traindeep[postgresql]'")
    if (bin := binaries()) is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    home = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket has at most 107 characters
    who = ordinary() | {"cwd": home, "stdin": subprocess.DEVNULL}
    if "user" in who:
        shutil.chown(home, who["user"])
    data, log = home / "data", home / "log"
    process = None
    try:
        made = [bin / "initdb", "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, text=True, **who)
        with log.open("w") as file:
            start = [bin / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-F"]
            process = subprocess.Popen(start, stdout=file, stderr=file, **who)
        url = f"postgresql+psycopg://grader@/postgres?host={home}"
        for _ in range(600):
            with contextlib.suppress(sqlalchemy.exc.OperationalError):
                ask(url, "SELECT 1")
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield url
    finally:
        if process is not None:
            process.send_signal(2)  # SIGINT: end the connections, then the server
            process.wait(60)
        shutil.rmtree(home)


def ask(url, *statements):
    """The rows of the last statement; every statement by itself, outside of a transaction."""
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                rows = connection.execute(sqlalchemy.text(statement))
            return rows.all() if rows.returns_rows else []
    finally:
        engine.dispose()


@pytest.fixture
def database(request, tmp_path):
    """The URL of an empty gradebook: a file of SQLite, or a database of the server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    server = request.getfixturevalue("server")
    ask(server, "DROP DATABASE IF EXISTS book WITH (FORCE)", "CREATE DATABASE book")
    return server.replace("/postgres?", "/book?")


BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def small(course, database, tmp_path):
    """A course folder of one exercise, known to the gradebook."""
    root = tmp_path / "course"
    root.mkdir()
    made = small_course(root, course)
    source = root / "build" / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(to_bytes(made.source(NAME)))
    made.database = database
    config = (ROOT / "nbgrader_config.py").read_text()
    (root / "nbgrader_config.py").write_text(f"{config}\nc.CourseDirectory.db_url = {database!r}\n")
    status, log = run(root, GenerateAssignmentApp, NAME, "--force")
    assert status == 0, log
    return made


@pytest.fixture
def quick(small, monkeypatch):
    """The same, graded by the stand-in, which knows nothing of this exercise."""

    def grade(self, submission):
        return result(submission.student, submission.assignment, (), [exercise_result(ID, "passed", 5.0)])

    monkeypatch.setattr(StandIn, "grade", grade)
    monkeypatch.setattr(nbgrader_plugin, "Grader", StandIn)
    monkeypatch.setattr(nbgrader_plugin, "_warm", {})
    return small


def environment():
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "TRAINDEEP_SEED": "test"}


def at_once(*commands):
    """Run (folder, arguments) side by side; returns their standard errors when all have ended well."""
    started = [
        subprocess.Popen(arguments, cwd=where, env=environment(), stderr=subprocess.PIPE, text=True)
        for where, arguments in commands
    ]
    said = [process.communicate(timeout=400)[1] for process in started]
    for process, text in zip(started, said, strict=True):
        assert process.returncode == 0, text
        assert "Traceback" not in text
    return said


def counts(url):
    return {table: ask(url, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def in_gradebook(url, students):
    with Gradebook(url, "traindeep") as book:
        rows = [(student, book.find_grade(f"check_{ID}", NAME, NAME, student)) for student in students]
        return {student: (row.auto_score, row.needs_manual_grade) for student, row in rows}


# ---- with the real grader --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
@BOTH
def test_two_graders_at_once_and_autograder_grade_give_the_same_scores(small):
    """Two `nbgrader autograde` share a class, twice, and agree with `autograder grade` on everybody, hostile or not."""
    wrong = demo.as_cell(small.solution, item := hidden.load(ID), item.misconceptions[0])
    forged = f"class Any:\n    __eq__ = __array__ = lambda *a: True\ndef {ID}(*args, **kwargs):\n    return Any()\n"
    answers = [None, small.solution, wrong, "import os\nos._exit(0)\n", forged]
    students = [f"s{number}" for number in range(len(answers))]
    for student, answer in zip(students, answers, strict=True):
        hand_in(small, small.root, student, answer)
    grade = ["autograder", "grade", "submitted", "--out", "graded"]
    subprocess.run(grade, cwd=small.root, env=environment(), check=True, capture_output=True, text=True)
    expected = {result.student: (result.score, False) for result in folder.records(small.root / "graded")}
    assert expected["s1"] == (5.0, False)
    assert expected["s0"] == expected["s3"] == expected["s4"] == (0.0, False)
    assert 0 < expected["s2"][0] < 5
    for again in ([], ["--force"]):  # both begin with the same student
        said = at_once(*[(small.root, ["nbgrader", "autograde", NAME, *again])] * 2)
        assert in_gradebook(small.database, students) == expected
        assert counts(small.database) == dict.fromkeys(TABLES, len(students))
        if not again:
            graded = re.findall(r"\] Autograding (\S+)", "".join(said))
            assert len(graded) == len(set(graded)) == len(students)  # nobody was graded twice


# ---- with the stand-in ---------------------------------------------------------------------------------------


@BOTH
def test_rows_that_two_graders_make_at_once_are_made_once(quick):
    """Graders that enter the same new students at the same moment end with one row of each, and no error."""
    together, errors, students = threading.Barrier(4), [], [f"s{number}" for number in range(12)]

    def enter():
        try:
            with Gradebook(quick.database, "traindeep") as book:
                for student in students:
                    names = {"student": student, "assignment": NAME, "notebook": NAME}
                    together.wait(60)

                    def work(names=names):
                        row = submitted(book, names, "2026-11-01 12:00:00 UTC")
                        for grade in row.grades:
                            grade.auto_score = 1.0
                            grade.needs_manual_grade = False

                    transaction(book, work)
        except BaseException as error:
            errors.append(error)
            together.abort()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not errors
    assert counts(quick.database) == dict.fromkeys(TABLES, len(students))
    assert set(in_gradebook(quick.database, students).values()) == {(1.0, False)}


@POSTGRESQL
def test_rows_that_another_grader_holds(quick, monkeypatch):
    """Where another transaction holds the rows of a submission, the run says so and ends; then it grades everybody."""
    monkeypatch.setattr(nbgrader_gradebook, "LOCK_S", 1)
    hand_in_all(quick, quick.root, 2)
    assert autograde(quick)[0] == 0
    engine = sqlalchemy.create_engine(quick.database)
    with engine.connect() as other:
        other.execute(sqlalchemy.text("SELECT id FROM submitted_assignment FOR UPDATE"))
        status, log = autograde(quick, "--force")
    engine.dispose()
    assert status == 1
    assert "canceling statement due to lock timeout; another program holds a lock on it" in log
    assert "Traceback" not in log
    assert autograde(quick)[0] == 0
    assert in_gradebook(quick.database, ["s000", "s001"]) == dict.fromkeys(["s000", "s001"], (5.0, False))


@POSTGRESQL
def test_connection_that_is_lost_while_a_submission_is_graded(quick, monkeypatch):
    """A server that ends the connection, as a restart does, costs nothing: the scores are entered through a new one."""
    hand_in_all(quick, quick.root, 2)
    grade = StandIn.grade

    def cut_off(*args):
        others = "WHERE datname = 'book' AND pid <> pg_backend_pid()"
        assert ask(quick.database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}")
        return grade(*args)

    monkeypatch.setattr(StandIn, "grade", cut_off)
    status, log = autograde(quick)
    assert status == 0, log
    assert counts(quick.database)["grade"] == 2


@POSTGRESQL
def test_no_transaction_is_open_while_a_submission_is_graded(quick, monkeypatch):
    """While student code runs, no connection of ours is inside a transaction, so nobody waits for us."""
    hand_in_all(quick, quick.root, 2)
    grade, seen = StandIn.grade, []

    def look(*args):
        seen.extend(
            ask(quick.database, "SELECT state FROM pg_stat_activity WHERE datname = 'book' AND pid <> pg_backend_pid()")
        )
        return grade(*args)

    monkeypatch.setattr(StandIn, "grade", look)
    assert autograde(quick)[0] == 0
    assert {state for (state,) in seen} == {"idle"}


@POSTGRESQL
def test_half_a_submission_is_never_in_the_gradebook(quick):
    """What fails in the middle of entering a submission leaves no row of it."""

    def half(book):
        submitted(book, {"student": "s000", "assignment": NAME, "notebook": NAME}, None)
        raise KeyError("a bug")

    with Gradebook(quick.database, "traindeep") as book:
        with pytest.raises(KeyError, match="a bug"):
            transaction(book, lambda: half(book))
        with pytest.raises(MissingEntry):
            book.find_submission(NAME, "s000")
    assert counts(quick.database) == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+psycopg://grader:secret@127.0.0.1:1/book", r"127.0.0.1:1/book: connection.* see to it that"),
        ("postgresql+nothing://grader:secret@127.0.0.1/book", r"nothing.* see to it that it can be read"),
        ("no url, secret", r"expected a URL such as sqlite:////path/gradebook.db or postgresql\+psycopg://"),
        ("sqlite:////nowhere/gradebook.db", r"unable to open database file; see to it that it can be read"),
    ],
)
def test_gradebook_that_cannot_be_opened(url, says):
    """One line says which gradebook and what to do, and never the password."""
    with pytest.raises(Trouble) as caught, nbgrader_gradebook.opened(url, "traindeep"):
        pass
    assert caught.value.code == 1
    assert re.search(says, str(caught.value)), str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def autograde(course, *arguments):
    return run(course.root, AutogradeApp, NAME, *arguments)
