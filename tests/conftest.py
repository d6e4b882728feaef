"""Fixtures that several test files share."""

import os
import sys
from pathlib import Path

import pytest

from autograder.course import Course

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small arrays: one thread is faster and gives the same bits
# nbgrader starts alembic by name, as in an activated environment.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """Progress goes into a folder of the test, never into the user's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TRAINDEEP_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def course() -> Course:
    """The course of this repository."""
    return Course.find(__file__)
