"""One run of `nbgrader autograde`: which submissions are graded, what is copied and written, and by whom.

SubmissionExporter makes the converter of a run a Run. nbgrader's loop over the submissions stays; a Run differs in that
a gradebook is opened once, a notebook is written once, and two runs share the work.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import time
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files, rmtree

from autograder.nbgrader_gradebook import RERUN, Trouble, opened, transaction
from autograder.result import write_atomically

LARGEST = 10 * 2**20  # bytes of a file handed in beside the notebook
MOST = 200  # files handed in beside the notebook
LOCK = ".lock"  # in the folder of autograded submissions
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what will fail for the next submission too


class Run(Autograde):
    """nbgrader's converter, from the submitted notebook to the graded one in one step."""

    gradebook: Gradebook  # for the whole run; no transaction is open while a submission is graded

    @classmethod
    def take_over(cls, autograde: Autograde) -> None:
        """Make this converter a Run, and see to it that no submission can stop it or drop out of it unseen."""
        autograde.__class__ = cls
        settings = {name: getattr(autograde.coursedir, name) for name in CourseDirectory.class_traits(config=True)}
        folders = SubmittedFolders(parent=autograde.coursedir.parent, log=autograde.log, **settings)
        autograde.coursedir = folders
        # nbgrader passes over a folder without a notebook (an old score stays), fails on a notebook of another name,
        # and gives up the whole run on a folder whose name holds a line break.
        pattern = autograde._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        for folder in glob.glob(autograde._format_source(folders.assignment_id, folders.student_id)):
            match = re.fullmatch(pattern, folder)
            if match is None or not match["student"].isprintable():
                autograde.log.error("%r was not graded: this cannot be the id of a student, rename the folder", folder)
                autograde.assignments.pop(folder, None)
            elif os.path.isdir(folder) and fnmatch(match["assignment"], folders.notebook_id):
                autograde.assignments[folder] = [os.path.join(folder, f"{match['assignment']}.ipynb")]

    def convert_notebooks(self) -> None:
        """Every submission that is free; then those that another run had in its hands, once it has let go of them."""
        folders = self.coursedir
        self.began, self.waits, self.failed = time.time(), False, []
        self.left: dict[str, list[str]] = {}
        errors = None
        try:
            with (
                contextlib.closing(Turns(folders)) as self.turns,
                opened(folders.db_url, folders.course_id) as self.gradebook,
            ):
                for self.waits in (False, True):
                    try:
                        super().convert_notebooks()
                    except NbGraderException as error:
                        errors = error
                    self.assignments = self.left
        except Trouble as trouble:
            self.log.error("%s", trouble.line)
            raise
        for line in self.failed:
            self.log.error("not graded: %s", line)
        if errors or self.failed:
            raise errors or NbGraderException(f"{len(self.failed)} submissions could not be graded")

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether this run grades the submission: its turn is ours, and no other run has done it meanwhile."""
        if student_id in self.coursedir.student_id_exclude.split(","):
            return False
        if not self.turns.take(f"{student_id}\0{assignment_id}", wait=self.waits):
            self.left[self._format_source(assignment_id, student_id)] = self.notebooks
            self.log.warning("%s, %s: another run is grading it now; left for the end", student_id, assignment_id)
            return False
        dest = Path(os.path.normpath(self._format_dest(assignment_id, student_id)))
        graded = [dest / Path(name).name for name in self.notebooks]
        if dest.exists() and not all(map(finished, graded)):
            self.log.warning("%s was not finished by an earlier run; it is graded again", dest)
            rmtree(str(dest))
        elif dest.exists() and min(path.stat().st_mtime for path in graded) > self.began:
            self.log.info(
                "%s was graded by another run since this one began", dest
            )  # also with --force: that shares the work
            return False
        return super().init_destination(assignment_id, student_id)

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy what was handed in beside the notebook, then the course's own files over it."""
        self._in_gradebook(assignment_id, student_id)
        folders, ignored = self.coursedir, self.coursedir.ignore
        dest = self._format_dest(assignment_id, student_id)
        with self._disk(dest):
            folders.ignore = ignored + folders.unfit(Path(self._format_source(assignment_id, student_id)))
            try:
                BaseConverter.init_assignment(self, assignment_id, student_id)
            finally:
                folders.ignore = ignored
            source = folders.format_path(folders.source_directory, ".", assignment_id)
            own = {os.path.join(source, name) for name in self.exclude_overwriting.get(assignment_id, [])}
            for path in set(find_all_files(source, [*ignored, "*.ipynb"])) - own:
                target = Path(dest, os.path.relpath(path, source))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                shutil.copy(path, target)

    def _in_gradebook(self, assignment: str, student: str) -> None:
        """Trouble where the gradebook does not know the assignment, before anybody's code runs."""

        def ask():
            try:
                self.gradebook.find_assignment(assignment)
            except MissingEntry:
                raise Trouble(
                    f"{assignment} is not in the gradebook; run nbgrader generate_assignment {assignment}"
                ) from None
            return self.create_student or self.gradebook.db.get(Student, student) is not None

        if not transaction(self.gradebook, ask):
            raise NbGraderException(f"No student with ID '{student}' exists in the database")

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Read, grade, enter in the gradebook, write; a notebook in autograded/ is one whose scores are entered."""
        resources = self.init_single_notebook_resources(notebook_filename)
        names = resources["nbgrader"]
        self.exporter._preprocessors = []
        for preprocessor in self.autograde_preprocessors:
            self.exporter.register_preprocessor(preprocessor)
        self.log.info("Autograding %s", notebook_filename)
        dest = Path(self._format_dest(names["assignment"], names["student"]))
        with self._disk(dest):
            output, resources = self.exporter.from_filename(notebook_filename, resources=resources)
            write_atomically(dest / f"{names['notebook']}{resources['output_extension']}", output)

    @contextlib.contextmanager
    def _disk(self, dest):
        """Trouble where the disk is full. What stands half-written is taken for unfinished by the next run."""
        try:
            yield
        except OSError as error:
            if error.errno not in DISK:
                raise
            with contextlib.suppress(OSError):
                rmtree(str(dest))
            where = error.filename or os.path.normpath(dest)
            raise Trouble(f"{where}: {error.strerror}; make space on this disk; {RERUN}") from None


def finished(notebook: Path) -> bool:
    """Whether a notebook in autograded/ is there, whole, and none that we could not grade."""
    try:
        metadata = json.loads(notebook.read_bytes())["metadata"]
        exercises = metadata.get("traindeep", {}).get("result", {}).get("exercises", [])  # none: by plain nbgrader
        return all(exercise["verdict"] != "could_not_grade" for exercise in exercises)
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return False


class Turns:
    """Who grades which submission, among runs that write to the same folder."""

    def __init__(self, folders: CourseDirectory):
        folder = Path(os.path.normpath(folders.format_path(folders.autograded_directory, ".", ".")))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
            if folders.groupshared:
                with contextlib.suppress(PermissionError):  # another grader's, and set then
                    os.chmod(folder / LOCK, 0o664)
        except OSError as error:
            raise Trouble(
                f"{error.filename}: {error.strerror}; expected a folder that can be written to. Graders with "
                "different accounts need c.CourseDirectory.groupshared = True"
            ) from None

    def take(self, name: str, *, wait: bool) -> bool:
        """Give back the last submission and take this one; False if another run has it and we do not wait."""
        # Each name is one byte of the lock file. The system ends a lock with its process, however that ends.
        byte = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:7])
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_UN)
            fcntl.lockf(self._handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, byte)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            # A file system without locks: two runs may then grade the same submission, with the same result.
        return True

    def close(self) -> None:
        os.close(self._handle)


class SubmittedFolders(CourseDirectory):
    """The course's folders during one run of autograde, read so that nothing a student put there stops the run."""

    def get_existing_timestamp(self, dest_path):
        """The time of submission; None, with a warning, where timestamp.txt does not hold one."""
        path = Path(dest_path, "timestamp.txt")
        try:
            # nbgrader opens whatever is there, and calls a method that does not exist if it makes no sense.
            if not path.is_symlink() and not path.exists():
                return None
            if not _plain_file(path, at_most=200):
                raise ValueError("it is not a small plain file")
            return super().get_existing_timestamp(dest_path)
        except Exception as error:
            self.log.warning("%s does not hold the time of submission: %s", path, error)
            return None

    def unfit(self, folder: Path) -> list[str]:
        """Patterns of what nbgrader must not copy from a submission: it would copy a link's target or an endless device."""
        paths = list(itertools.islice(folder.iterdir(), MOST + 1))
        bad = [path for path in paths if path.suffix != ".ipynb" and not _fit(path)] if len(paths) <= MOST else [folder]
        for path in bad[:5]:
            limits = f"at most {MOST} plain files of {LARGEST // 2**20} MB"
            self.log.warning("%s is not copied beside the graded notebook: expected %s", path, limits)
        return [glob.escape(str(path)) for path in bad]


def _fit(path: Path) -> bool:
    if not path.is_dir() or path.is_symlink():
        return _plain_file(path)
    seen = 0
    for where, folders, files in os.walk(path):
        seen += len(folders) + len(files)
        if seen > MOST or not all(_plain_file(Path(where, name)) for name in files):
            return False
    return True


def _plain_file(path: Path, at_most: int = LARGEST) -> bool:
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and found.st_size <= at_most and os.access(path, os.R_OK)
