"""Grading on a Dask cluster gives the files of a single process, whoever is killed; trouble is one clear line."""

import os
import signal
import socket
import sys
import threading

import pytest
from classroom import NAME, SEED, alive, descendants, files, hand_in_all, is_worker, until

from autograder import cli, cluster
from autograder.folder import paths, records

distributed = pytest.importorskip("distributed", reason="needs the extra cluster")


@pytest.fixture(scope="module")
def submitted(small, tmp_path_factory):
    return hand_in_all(small, tmp_path_factory.mktemp("class"), 12)


@pytest.fixture(scope="module")
def expected(small, submitted, tmp_path_factory):
    """What one process makes of the class."""
    out = tmp_path_factory.mktemp("expected")
    assert grade(small, submitted, out) == 0
    return files(out)


@pytest.fixture(scope="module")
def dask(small):
    """Two Dask workers, each a process with one thread; a chunk is lost with the second worker that dies of it.

    A local cluster gives a worker up that is not back after some seconds: too few where the machine has much to do.
    """
    import dask

    patient = {"distributed.deploy.lost-worker-timeout": "10 minutes"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1, **patient}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("TRAINDEEP_SEED", SEED)


def grade(small, submitted, out, *more):
    os.environ["TRAINDEEP_SEED"] = SEED  # for fixtures that live longer than a test
    return cli.main(["--course", str(small.root), "grade", str(submitted), "--out", str(out), *more])


@pytest.mark.slow
def test_the_same_files_as_from_one_process(small, submitted, expected, dask, tmp_path):
    """Records, pages and table are byte for byte those of one process, at first and after a rerun that skips all."""
    for _ in range(2):
        assert grade(small, submitted, tmp_path / "out", "--scheduler", dask.scheduler_address) == 0
        assert files(tmp_path / "out") == expected
    assert until(lambda: not list(filter(is_worker, descendants(os.getpid()))), 10), "its grading processes ended"


@pytest.mark.slow
def test_killed_in_the_middle(small, submitted, expected, dask, tmp_path, capsys):
    """A Dask worker and then a grading process, killed while the run goes on, change no file and leave no process."""
    out, seen = tmp_path / "out", []

    def kill():
        until(lambda: list(out.glob("*/*.json")))
        with distributed.Client(dask.scheduler_address, set_as_default=False) as client:
            victim = sorted(client.run(os.getpid).values())[0]
        seen.extend(descendants(victim))
        os.kill(victim, signal.SIGKILL)
        seen.append(victim)
        if graders := list(filter(is_worker, descendants(os.getpid()))):
            os.kill(graders[-1], signal.SIGKILL)
            seen.append(graders[-1])

    killer = threading.Thread(target=kill)
    killer.start()
    status = grade(small, submitted, out, "--scheduler", dask.scheduler_address)
    killer.join()
    assert status == 0, capsys.readouterr().err
    assert len(seen) > 3
    assert until(lambda: not alive(seen), 10)
    assert files(out) == expected


def deadly_chunk(run, settings, items):
    """In a Dask worker: as grade_chunk, but one submission is the death of the Dask worker itself."""
    if any(item.student == "s001" for item in items):
        os.kill(os.getpid(), signal.SIGKILL)
    return cluster.grade_chunk(run, settings, items)


@pytest.mark.slow
def test_what_kills_every_worker_is_given_up_and_the_others_are_graded(
    small, expected, dask, tmp_path, monkeypatch, capsys
):
    """Only the submission itself is not graded, not the chunk that it was in."""
    monkeypatch.setattr(cluster, "grade_chunk", deadly_chunk)
    submitted = hand_in_all(small, tmp_path, 3)
    monkeypatch.setattr(cluster, "_size", lambda count, threads: 3)
    assert grade(small, submitted, tmp_path / "out", "--scheduler", dask.scheduler_address) == 1
    assert "s001, 02_batch_norm: several workers of the cluster died" in capsys.readouterr().err
    results = {result.student: result for result in records(tmp_path / "out")}
    assert [student for student, result in results.items() if not result.gradable] == ["s001"]
    for student in ("s000", "s002"):
        record = paths(tmp_path / "out", student, NAME)[0]
        assert record.read_bytes() == expected[record.relative_to(tmp_path / "out").as_posix()]


@pytest.mark.parametrize("fact", ["numpy", "the course (02_batch_norm)"])
def test_a_machine_that_would_grade_otherwise_is_refused(small, submitted, dask, tmp_path, monkeypatch, capsys, fact):
    """Other versions or another course: one line that names the worker and the difference; nothing is written."""
    real = cluster.about
    monkeypatch.setattr(cluster, "about", lambda *args: real(*args) | {fact: "something else"})
    # The coordinator compares itself with what it expects too; here only the workers are to differ.
    monkeypatch.setattr(cluster, "agree", lambda *args: None)
    assert grade(small, submitted, tmp_path / "out", "--scheduler", dask.scheduler_address) == 1
    said = capsys.readouterr().err
    assert said.startswith("autograder: worker tcp://127.0.0.1:")
    assert f": {fact} is " in said
    assert said.endswith(" there and something else here; both must have the same\n")
    assert said.count("\n") == 1
    assert not list(records(tmp_path / "out"))


def test_a_cluster_that_cannot_be_used_is_one_line(small, submitted, tmp_path, monkeypatch, capsys):
    """No scheduler, no address, no worker, no Dask: what is wrong and what to do, status 1."""
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    monkeypatch.setattr(cluster, "WORKER_S", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    cases = {
        address: f"no Dask scheduler answers at {address} (",
        "nonsense": "no Dask scheduler answers at nonsense (",
    }
    for where, begin in cases.items():
        assert grade(small, submitted, tmp_path / "out", "--scheduler", where) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"autograder: {begin}")
        assert said.endswith("expected an address such as tcp://host:8786\n")
        assert said.count("\n") == 1
    with distributed.LocalCluster(
        n_workers=0, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as empty:
        address = empty.scheduler_address
        assert grade(small, submitted, tmp_path / "out", "--scheduler", address) == 1
    assert f"the scheduler at {address} has had no worker for 1 seconds" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert grade(small, submitted, tmp_path / "out", "--scheduler", address) == 1
    assert capsys.readouterr().err == "autograder: --scheduler needs Dask; try: pip install 'traindeep[cluster]'\n"


def test_one_chunk_and_no_more_than_there_is():
    """Chunks are tens at most, and small enough that every thread gets several."""
    assert cluster._size(2000, 16) == 20
    assert cluster._size(26, 2) == 3
    assert cluster._size(1, 500) == 1
