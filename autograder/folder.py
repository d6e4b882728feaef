"""The output folder of `autograder grade`: its records and pages, its table, and who may write to it.

One run owns a submission at a time. A run over a part of the class (a shard) locks that part only, so that the jobs of
an array write to one folder side by side; whoever ends last has seen every record and writes the whole table.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder import export
from autograder.finding import Found, safe_name
from autograder.result import BadRecord, Result, write_atomically

LOCK = ".lock"
SPAN = 1 << 32  # of the hashes that say which shard a submission belongs to; the byte after it locks the table


class CannotWrite(Exception):
    """The output folder cannot be used; one line that says why and what to do."""


@dataclass(frozen=True)
class Shard:
    """Part `number` (from 1) of a class that is graded in `of` parts.

    What a submission hashes to decides, and nothing else does: one that is handed in while the jobs of an array start
    one after the other moves no other submission into another part.
    """

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Raises ValueError for anything but i/n with 1 <= i <= n."""
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= SPAN):
            raise ValueError(f"expected I/N with I from 1 to N, as in 3/10, got {text!r}")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def start(self) -> int:
        return SPAN * (self.number - 1) // self.of

    @property
    def length(self) -> int:
        return SPAN * self.number // self.of - self.start

    def holds(self, found: Found) -> bool:
        name = f"{found.student}\0{found.assignment}".encode("utf-8", "surrogatepass")
        return 0 <= int.from_bytes(hashlib.sha256(name).digest()[:4]) - self.start < self.length


WHOLE = Shard()


def paths(out: Path, student: str, assignment: str) -> tuple[Path, Path]:
    """Where the record and the feedback page of a submission go."""
    folder = out / safe_name(student)
    return folder / f"{assignment}.json", folder / f"{assignment}.html"


@contextlib.contextmanager
def output(out: Path, shard: Shard = WHOLE) -> Iterator[None]:
    """Hold the output folder, or one shard of it: made if need be, writable, and ours alone until the end.

    On leaving, also by an exception, grades.csv says what the records in the folder say.

    Raises:
        CannotWrite: before anything was graded.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(b"probe")
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise CannotWrite(
            f"{out}: expected a folder that can be written to: {error.strerror}; choose another --out"
        ) from None
    try:
        # Locks on ranges of a file also hold between machines that share the folder by NFS. The kernel ends them
        # with the process, however that ends, so the file can stay.
        if not _locked(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, shard.length, shard.start):
            raise CannotWrite(
                f"{out} is in use by another run of autograder grade; wait for it or choose another --out"
            )
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # the first trouble is the one to tell
                _write_table(out, handle)
            raise
        _write_table(out, handle)
    finally:
        os.close(handle)


def _locked(handle: int, kind: int, length: int, start: int) -> bool:
    try:
        fcntl.lockf(handle, kind, length, start)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        # A file system without locks: nothing is lost but this check.
    return True


def _write_table(out: Path, handle: int) -> None:
    """Under a lock from the first record that is read on: a slower run must not put an older table in place."""
    _locked(handle, fcntl.LOCK_EX, 1, SPAN)
    if any(records(out)):
        _sweep(out / "grades.csv")
        export.write(out / "grades.csv", records(out))
    _locked(handle, fcntl.LOCK_UN, 1, SPAN)


def merge(folders: list[Path], target: Path) -> int:
    """Write one table from the records of several output folders; returns the number of rows.

    Raises:
        CannotWrite: there is no record, or two folders hold different results of one submission.
    """
    seen: dict[tuple[str, str], tuple[str, Path]] = {}

    def once() -> Iterator[Result]:
        for folder in folders:
            for result in records(folder):
                name, digest = (result.assignment, result.student), hashlib.sha256(result.to_json().encode())
                first, where = seen.setdefault(name, (digest.hexdigest(), folder))
                if first != digest.hexdigest():
                    raise CannotWrite(
                        f"{where} and {folder} hold different results for {result.student}, {result.assignment}; "
                        "delete the record that does not count"
                    )
                if where == folder:
                    yield result

    text = export.grades_csv(once())
    if not seen:
        raise CannotWrite(f"no result in {', '.join(map(str, folders))}; expected <student>/<assignment>.json")
    write_atomically(target, text)
    return len(seen)


def records(out: Path) -> Iterator[Result]:
    """Every result in the output folder, of this run and of earlier ones, one at a time."""
    for path in sorted(out.glob("*/*.json")):
        if result := earlier(path):
            yield result


def earlier(record: Path) -> Result | None:
    """The result that a run before this one has left, if it is whole."""
    try:
        return Result.from_json(record.read_text(encoding="utf-8"), str(record))
    except (OSError, BadRecord, UnicodeDecodeError):
        return None


def write(out: Path, result: Result, html: str, *, skipped: bool = False) -> None:
    """Write the record and the page of a submission; of one that was skipped only a page that has changed."""
    record, page = paths(out, result.student, result.assignment)
    _sweep(record, page)
    if not (skipped and page.is_file() and page.read_bytes() == html.encode()):
        write_atomically(page, html)
    if not skipped:
        write_atomically(record, result.to_json())  # the last: where it stands, the page stands too


def _sweep(*files: Path) -> None:
    """Remove what a run left that was killed while it wrote one of these files. Whoever calls holds their lock."""
    for file in files:
        for left in file.parent.glob(f".{glob.escape(file.name)}.*.tmp"):
            left.unlink(missing_ok=True)
