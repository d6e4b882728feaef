"""Grade on a Dask cluster: chunks of submissions go to its workers, results come back, and only we write.

Every machine sees the same folders (submissions, course, output) and has the same installation. Each thread of a Dask
worker keeps one grading process warm from chunk to chunk. The grading process is a child of the Dask worker and not
the Dask worker itself: that one may be old and have yesterday's tests imported, and its tasks run in threads, which a
sandbox cannot be started from.

A Dask worker that dies takes nothing with it: the scheduler gives its chunks to another one.
"""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from autograder.finding import Found

CHUNK = 20  # submissions, at most; few enough that a worker that dies costs little
CONNECT_S, WORKER_S = 10, 60  # how long to wait for the scheduler, and for the first worker of a cluster that starts up
INSTALL = "--scheduler needs Dask; try: pip install 'traindeep[cluster]'"


class ClusterTrouble(Exception):
    """The cluster cannot be used, or one of its machines would grade otherwise; one line that says what to do."""


def grade_on(address: str, found: list[Found], settings) -> Iterator:
    """Grade on the cluster whose scheduler is at `address`; yields a Done each, as they finish, and writes nothing.

    Raises:
        ClusterTrouble: at the start, or as soon as a worker says that it cannot or must not grade.
    """
    from autograder import batch

    try:
        import distributed
    except ImportError:
        raise ClusterTrouble(INSTALL) from None
    with batch.grader_for(settings) as grader:
        settings = dataclasses.replace(settings, expect=about(grader, {item.assignment for item in found}))
    run = uuid.uuid4().hex
    with _client(distributed, address) as client:
        size = _size(len(found), sum(client.nthreads().values()))

        def submit(items: list[Found]):
            return client.submit(grade_chunk, run, settings, items, key=f"grade-{uuid.uuid4().hex}", pure=False)

        def ended(future) -> list | None:
            """What the chunk came to; None: several Dask workers died while they had it."""
            try:
                done = future.result()
            except distributed.KilledWorker:
                done = None
            except (ModuleNotFoundError, AttributeError) as error:
                raise ClusterTrouble(
                    f"a worker of the cluster cannot run autograder ({error}); install the same version there"
                ) from None
            except (distributed.CancelledError, distributed.comm.CommClosedError, TimeoutError):
                raise ClusterTrouble(
                    f"the scheduler at {address} went away; run the same command again to go on"
                ) from None
            del open_chunks[future]
            future.release()  # its results are here; the cluster need not keep them
            return done

        open_chunks = {submit(items): items for items in (found[i : i + size] for i in range(0, len(found), size))}
        suspects = []
        try:
            for future in distributed.as_completed(list(open_chunks)):
                items = open_chunks[future]
                if (done := ended(future)) is None:
                    suspects += items
                else:
                    yield from done
            # One at a time: Dask blames everything that a dying worker has, also what only waits there.
            for item in suspects:
                open_chunks[future := submit([item])] = [item]
                done = ended(future)
                yield from done or [
                    batch.lost(item, settings, "several workers of the cluster died during this submission")
                ]
        finally:
            with contextlib.suppress(Exception):  # a cluster that is gone has nothing to stop
                client.cancel(list(open_chunks))
                client.run(_stop, run, on_error="ignore")


def _size(count: int, threads: int) -> int:
    """Submissions in a chunk: every thread gets several chunks, so that none waits long for the last one to end."""
    return max(1, min(CHUNK, count // (4 * threads)))


def _client(distributed, address: str):
    try:
        client = distributed.Client(address, timeout=CONNECT_S, name="autograder")
    except (OSError, ValueError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterTrouble(
            f"no Dask scheduler answers at {address} ({why}); expected an address such as tcp://host:8786"
        ) from None
    try:
        client.wait_for_workers(1, timeout=WORKER_S)
    except TimeoutError:
        client.close()
        raise ClusterTrouble(
            f"the scheduler at {address} has had no worker for {WORKER_S} seconds; start some: dask worker {address}"
        ) from None
    return client


# Whether a machine grades as we do


def about(grader, assignments) -> dict[str, str]:
    """Everything on which a grade depends, apart from the submission, as short texts that can be compared."""
    facts = {"Python": sys.version, **{name: importlib.metadata.version(name) for name in ("numpy", "torch")}}
    facts["the code of autograder and traindeep"] = _code()
    for name in sorted(assignments):
        facts[f"the course ({name})"] = grader.assignment(name).digest[:12]
    return facts


def agree(grader, expected: dict[str, str]) -> None:
    """Raises ClusterTrouble unless this machine's facts are those expected."""
    names = [name.removeprefix("the course (")[:-1] for name in expected if name.startswith("the course (")]
    mine = about(grader, names) if expected else {}
    for name, value in expected.items():
        if mine[name] != value:
            raise ClusterTrouble(f"{name} is {mine[name]} there and {value} here; both must have the same")


def _code() -> str:
    import traindeep

    state = hashlib.sha256()
    for package in (Path(__file__).parent, Path(traindeep.__file__).parent):
        for path in sorted(p for end in ("*.py", "*.html", "*.json") for p in package.rglob(end)):
            state.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return state.hexdigest()[:12]


# In the Dask workers

_free: dict[str, list] = {}  # run -> grading processes that wait for the next chunk
_lock = threading.Lock()


def grade_chunk(run: str, settings, items: list[Found]) -> list:
    """In a thread of a Dask worker: grade a few submissions with this thread's grading process."""
    import distributed

    from autograder import batch

    with _lock:
        old = [worker for other in list(_free) if other != run for worker in _free.pop(other)]
        free = _free.setdefault(run, [])
        workers = [free.pop()] if free else []
    for worker in old:  # of a run that was killed
        worker.stop(kill=True)
    try:
        done = list(batch.hand_out(items, settings, 1, workers))
    except BaseException as error:
        for worker in workers:
            worker.stop(kill=True)
        if isinstance(error, batch.FATAL):
            raise ClusterTrouble(f"worker {distributed.get_worker().address}: {error}") from None
        raise
    with _lock:
        over = run not in _free  # the coordinator has gone meanwhile
        if not over:
            _free[run] += workers
    for worker in workers if over else ():
        worker.stop()
    return done


def _stop(run: str) -> None:
    """In a Dask worker: end the grading processes of a run."""
    with _lock:
        workers = _free.pop(run, [])
    for worker in workers:
        worker.stop()
