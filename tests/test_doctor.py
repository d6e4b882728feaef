"""`autograder doctor` says what the machine can do and what to do about the rest."""

import importlib.metadata
import re

import pytest

from autograder import cli, doctor
from autograder.course import Course
from autograder.sandbox import host
from autograder.sandbox.host import SandboxUnavailable


@pytest.fixture
def said(course, capsys):
    """Run the doctor; the exit status, and the lines by what they are about."""

    def run(where=course):
        status = doctor.run(where)
        lines = capsys.readouterr().out.splitlines()
        assert all(line[16] == " " and line[17] != " " for line in lines)
        return status, {line[:16].strip(): line[17:] for line in lines}

    return run


@pytest.fixture
def quick(monkeypatch):
    """A machine whose levels work, without starting them."""
    monkeypatch.setattr(doctor, "why_not", lambda level: "")
    monkeypatch.setattr(doctor, "round_trip", lambda level: ("", "1.0 s to start the sandbox, 9 ms for one job"))


def test_a_machine_that_can_grade(said):
    """The best level that works is named, was tried, and is what results are stamped with."""
    if host.why_not("bubblewrap"):
        pytest.skip(host.why_not("bubblewrap"))
    status, lines = said()
    assert status == 0
    assert lines["level bubblewrap"] == "works"
    assert lines["isolation"].startswith("bubblewrap ")
    assert re.fullmatch(r"[\d.]+ s to start the sandbox, \d+ ms for one job", lines["round trip"])
    for name in ("system", "cores", "memory", "course", "versions", "seccomp", "Landlock", "user namespaces", "seed"):
        assert lines[name]
    assert f"numpy {importlib.metadata.version('numpy')}" in lines["versions"]


def test_a_machine_that_cannot_grade(said, monkeypatch):
    """Without a level: status 1, the reason and the remedy for each, and no word of what results would say."""
    monkeypatch.setattr(doctor, "why_not", lambda level: f"{level} is missing; try: apt install it")
    status, lines = said()
    assert status == 1
    for level in doctor.LEVELS:
        assert lines[f"level {level}"] == f"cannot be had: {level} is missing; try: apt install it"
    assert lines["isolation"].startswith("none can be had")
    assert not {"seed", "round trip"} & set(lines)


def test_a_sandbox_that_does_not_work_after_all(said, monkeypatch):
    """What the probes promise is tried: a failure is one line and status 1."""

    def broken(level):
        raise SandboxUnavailable("isolation bubblewrap: it broke")

    monkeypatch.setattr(doctor, "why_not", lambda level: "")
    monkeypatch.setattr(doctor, "Sandbox", broken)
    status, lines = said()
    assert status == 1
    assert lines["round trip"] == "failed: isolation bubblewrap: it broke"


def test_without_bubblewrap_it_is_recommended(said, quick, monkeypatch):
    """Where only the limits can be had, the line says what is lacking."""
    monkeypatch.setattr(doctor, "why_not", lambda level: "not installed" if level == "bubblewrap" else "")
    status, lines = said()
    assert status == 0
    assert lines["isolation"].startswith("confined ")
    assert "install bubblewrap" in lines["isolation"]


def test_missing_extras_say_how_to_install_them(said, quick, monkeypatch):
    """PostgreSQL and Dask are optional; the line is the command."""
    monkeypatch.setattr(doctor, "version", lambda package: None if package in ("psycopg", "dask") else "1.0")
    _, lines = said()
    assert lines["postgresql"] == "psycopg not installed; try: pip install 'traindeep[postgresql]'"
    assert lines["cluster"] == "distributed 1.0, dask not installed; try: pip install 'traindeep[cluster]'"
    assert "not installed" not in lines["instructor"]


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "bwrap-userns-restrict"),
    ],
)
def test_refused_user_namespaces_name_the_setting(said, quick, monkeypatch, path, value, hint):
    """Each of the three ways in which distributions refuse them has its own line."""
    if not doctor.lockdown.LINUX:
        pytest.skip("user namespaces are a matter of Linux")
    read = doctor.read
    settings = ("max_user_namespaces", "userns_clone", "unprivileged_userns")
    monkeypatch.setattr(
        doctor, "read", lambda p: value if p == path else "" if p.endswith(settings) else read(p)
    )  # whatever this machine has
    assert hint in said()[1]["user namespaces"]


def test_the_secret_is_watched(said, quick, tmp_path, monkeypatch):
    """A seed that is not there yet is not made by looking; one that others can read is pointed out."""
    monkeypatch.delenv("TRAINDEEP_SEED", raising=False)
    (tmp_path / "solutions").mkdir()
    secret = tmp_path / ".course_secret"
    assert "will be made" in said(Course(tmp_path))[1]["seed"]
    assert not secret.exists()
    secret.write_text("hush\n")
    secret.chmod(0o644)
    assert f"chmod 600 {secret}" in said(Course(tmp_path))[1]["seed"]
    secret.chmod(0o600)
    line = said(Course(tmp_path))[1]["seed"]
    assert re.fullmatch(r"[0-9a-f]{12} is stamped into results", line)
    assert "hush" not in line


def test_full_and_closed_folders_are_pointed_out(said, quick, tmp_path, monkeypatch):
    """Where results cannot be written, or hardly, the line says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(1, 1, 2**20))
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    line = said()[1]["this folder"]
    assert line == f"{tmp_path}: 0.0 GiB free; cannot be written, choose another one; make room before grading"


def test_the_command_ends_with_the_doctors_status(quick, monkeypatch, course, capsys):
    """`autograder doctor` is a gate for scripts."""
    monkeypatch.chdir(course.root)
    assert cli.main(["doctor"]) == 0
    monkeypatch.setattr(doctor, "why_not", lambda level: "missing")
    assert cli.main(["doctor"]) == 1
