"""`traindeep learn` for real: JupyterLab comes up at the notebook, and one Ctrl-C ends it."""

import os
import re
import select
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")  # Ctrl-C is typed into a terminal

ROOT = Path(__file__).parents[2]
ASSIGNMENT = "00_workshop"  # where a new learner begins
pytestmark = pytest.mark.timeout(120)


class Terminal:
    """A program that runs in a terminal of its own."""

    def __init__(self, command: list[str], **kwargs):
        self.keys, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_owns_terminal,
            **kwargs,
        )
        os.close(theirs)

    def until(self, pattern: str, seconds: float = 60) -> re.Match:
        """Read until the pattern has been shown."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, self.seen
            self._read()
        return found

    def ends(self, seconds: float = 30) -> int:
        """Read to the end; returns the exit status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.seen
            self._read()
        return self.process.returncode

    def _read(self) -> None:
        if select.select([self.keys], [], [], 0.2)[0]:
            try:
                self.seen += os.read(self.keys, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                time.sleep(0.05)


def status(address: str, patience: float = 0) -> int | None:
    """The HTTP status of an address, None where nobody answers."""
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            if time.monotonic() >= end:
                return None
            time.sleep(0.2)


def _owns_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(tmp_path):
    """`traindeep learn --no-browser` in a folder with the released notebook."""
    shutil.copytree(ROOT / "notebooks" / ASSIGNMENT, tmp_path / "notebooks" / ASSIGNMENT)
    env = os.environ | {"TRAINDEEP_HOME": str(tmp_path / "home")}
    env |= {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    started = Terminal([sys.executable, "-m", "traindeep.cli", "learn", "--no-browser"], cwd=tmp_path, env=env)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()
    os.close(started.keys)


def test_learn_serves_the_next_notebook_until_ctrl_c(terminal, tmp_path):
    """It says which exercise is next, the notebook is there under the printed address, and Ctrl-C leaves nothing behind."""
    terminal.until(rf"Next: numerical_gradient in {re.escape(str(tmp_path))}/notebooks/")
    address, page, token = terminal.until(r"(http://127\.0\.0\.1:\d+)(/lab/tree/\S+)\?token=(\w+)").groups()
    assert page.endswith(f"{ASSIGNMENT}.ipynb")
    contents = f"{address}/api/contents{page.removeprefix('/lab/tree')}?content=0&token={token}"
    assert status(contents, patience=20) == 200
    os.write(terminal.keys, b"\x03")
    assert terminal.ends() == 0
    assert "Traceback" not in terminal.seen
    assert status(contents) is None
