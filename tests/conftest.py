"""Fixtures that several test files share."""

import os
import sys
from pathlib import Path

import pytest
from classroom import small_course

from autograder.course import Course
from autograder.sandbox.host import SandboxUnavailable, choose_isolation

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


@pytest.fixture(scope="module")
def isolation() -> str:
    """The level that this machine has; without one the test is skipped."""
    try:
        return choose_isolation("auto")
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def small(course, tmp_path_factory) -> Course:
    """A course of one exercise: grading it takes a moment."""
    return small_course(tmp_path_factory.mktemp("course"), course)
