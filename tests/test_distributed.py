"""A few processes of one script: they talk to each other, say why they could not, and are gone afterwards."""

import pytest
from traindeep import distributed
from traindeep.distributed import NotPossible, run_processes


@pytest.fixture
def started(monkeypatch):
    """The processes that were started, to ask whether they have ended."""
    processes, popen = [], distributed.subprocess.Popen

    def remember(*args, **kwargs):
        processes.append(popen(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(distributed.subprocess, "Popen", remember)
    return processes


def test_two_processes_add_up_what_they_hold(started, tmp_path, monkeypatch):
    """Each process gets the sum over both; the reports come in the order of ranks; no file is left behind."""
    monkeypatch.setattr(distributed.tempfile, "tempdir", str(tmp_path))
    source = "join()\nx = torch.tensor([rank + 1.0])\ndist.all_reduce(x)\nreport([rank, world, x.item()])"
    assert run_processes(source, seconds=300) == [[0, 2, 3.0], [1, 2, 3.0]]
    assert [process.returncode for process in started] == [0, 0]
    assert not list(tmp_path.iterdir())


def test_failing_process_is_named_and_the_other_does_not_wait_for_it(started):
    """The last line of the traceback is the message, long before the time is up."""
    source = "if rank == 1:\n    raise ValueError('no such layer')\nimport time\ntime.sleep(1000)"
    with pytest.raises(NotPossible, match="process 1 failed: ValueError: no such layer"):
        run_processes(source, seconds=900)
    assert all(process.returncode is not None for process in started)


def test_hanging_processes_are_ended(started):
    """Processes that do not finish in time are ended, and that is said."""
    with pytest.raises(NotPossible, match="did not finish within 0.2 seconds"):
        run_processes("import time\ntime.sleep(1000)", seconds=0.2)
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


def test_process_that_reports_nothing_is_an_answer_too(started):
    """Without a report there is no result, and one line says so."""
    with pytest.raises(NotPossible, match="could not be run"):
        run_processes("", processes=1, seconds=300)


def test_build_without_gloo_says_so(monkeypatch, started):
    """Where torch has no gloo nothing is started."""
    import torch.distributed

    monkeypatch.setattr(torch.distributed, "is_gloo_available", lambda: False)
    with pytest.raises(NotPossible, match="no gloo"):
        run_processes("report(1)")
    assert not started
