"""A process that grades one submission after another, and what the process that gives it work sees of it."""

import contextlib
import multiprocessing
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection

from autograder.finding import Found

# Threads gain nothing on arrays this small, and the order of a sum, hence its last bits, depends on their number.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@contextlib.contextmanager
def side_by_side(jobs: int):
    """Gives a `map` whose calls run in so many processes; with one job it is the ordinary map."""
    if jobs < 2:
        yield map
        return
    # Fresh interpreters: a fork of a process that has used torch may hang.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)


class Worker:
    """One worker process, from the side that gives it work.

    It lives in a session of its own: Ctrl-C in the terminal is for the coordinator alone.
    """

    def __init__(self, settings):
        self.item: Found | None = None
        self.ready = False
        self.pipe, theirs = multiprocessing.Pipe()
        # A fresh interpreter: whoever starts it may be old (a Dask worker) and have yesterday's tests imported.
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from autograder import workers; workers.work({theirs.fileno()})"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **ONE_THREAD},
        )
        theirs.close()  # so that the death of the process is the end of the pipe
        self._send(settings)

    def _send(self, message) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died: receive() will say so
            self.pipe.send(message)

    def give(self, item: Found) -> None:
        self.item = item
        self._send(item)

    def receive(self):
        """What it answers: a Done, an exception, "ready", or None if it has died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return None

    def stop(self, *, kill: bool = False) -> None:
        self.pipe.close()  # it ends by itself
        if kill:
            self.process.kill()
        self.process.wait()


def work(fd: int) -> None:
    """In the worker process, from its main thread: one grader for its whole life."""
    from autograder import batch

    pipe = Connection(fd)
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()
    settings = inbox.get()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            with batch.grader_for(settings) as grader:
                pipe.send("ready")
                while True:
                    pipe.send(batch.grade_found(grader, inbox.get(), settings))
        except batch.FATAL as error:
            pipe.send(error)  # raised again by the coordinator


def _listen(pipe: Connection, inbox: queue.SimpleQueue) -> None:
    """Pass on what the coordinator sends. When it is gone, killed perhaps, so is this process, in whatever state.

    The kernel and the warm process see to it that the sandbox ends too.
    """
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)
