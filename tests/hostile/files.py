"""Files: lines 37-42 of the list, and other folders that nobody expects.

The builders write into the submission's folder as a student's upload would. What is no notebook earns nothing and is
named; what merely lies beside the notebook costs nothing.
"""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

from frame import ASSIGNMENT, FORWARD, FULL, Expect, HandIn, attack, exercise

NOT_READ = Expect(total=0, problem="expected a regular file")
WRONG = "def bn_forward_train(*args, **kwargs):\n    return None\n"


def answers_of(hand_in: HandIn) -> Path:
    """The instructor's notebook with all answers, at submitted/<student>/<assignment>/<notebook> but for the student."""
    return hand_in.course.root / "build" / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"


def unsteered(world, result) -> str:
    """Problems go to terminals and pages: no file name may steer them."""
    steering = [line for line in result.problems if not line.isprintable()] if result else []
    return f"control characters in the problems: {ascii(steering[0])[:80]}" if steering else ""


# ---- 37: symbolic links ------------------------------------------------------------------------------------------


@attack(37, Expect(total=0, problem="symbolic link"))
def link_to_the_answers(hand_in):
    """The notebook is a symbolic link to the instructor's, which holds all answers."""
    hand_in.path.symlink_to(answers_of(hand_in))


@attack(37, Expect(total=0, problem="symbolic link"))
def linked_assignment_folder(hand_in):
    """The folder of the assignment is a symbolic link to the instructor's."""
    hand_in.student_folder.mkdir(parents=True)
    (hand_in.student_folder / ASSIGNMENT).symlink_to(answers_of(hand_in).parent)


@attack(37, Expect(total=0, problem="symbolic link", missing=True))
def linked_student_folder(hand_in):
    """The student's own folder is a symbolic link to the instructor's."""
    hand_in.student_folder.parent.mkdir(parents=True, exist_ok=True)
    hand_in.student_folder.symlink_to(answers_of(hand_in).parent.parent)


@attack(37, Expect(total=0, problem="symbolic link"))
def link_to_itself(hand_in):
    """The notebook is a symbolic link to itself."""
    hand_in.path.symlink_to(hand_in.path.name)


@attack(37, exercise(FORWARD, 0))
def links_beside(hand_in):
    """Beside a notebook with one wrong answer lie links to the machine's files and to the right answers."""
    hand_in(bn_forward_train=WRONG)
    for name, target in (
        ("secret.txt", "/etc/passwd"),
        ("root", "/"),
        ("data", ".."),
        (f"{ASSIGNMENT}-copy.ipynb", answers_of(hand_in)),
        (f"{ASSIGNMENT.upper()}.ipynb", answers_of(hand_in)),
    ):
        (hand_in.folder / name).symlink_to(target)


# ---- 38: what is no regular file, and odd names ------------------------------------------------------------------


@attack(38, FULL)
def hard_links(hand_in):
    """The notebook has a second name in the same folder."""
    hand_in()
    os.link(hand_in.path, hand_in.folder / "backup.bak")


@attack(38, NOT_READ)
def named_pipe(hand_in):
    """The notebook is a named pipe: opening it waits for ever."""
    os.mkfifo(hand_in.path)


@attack(38, NOT_READ)
def socket_file(hand_in):
    """The notebook is a socket."""
    os.mknod(hand_in.path, stat.S_IFSOCK | 0o644)


@attack(38, NOT_READ)
def device(hand_in):
    """The notebook is /dev/zero, which never ends; a named pipe where devices cannot be made."""
    try:
        os.mknod(hand_in.path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
    except PermissionError:
        os.mkfifo(hand_in.path)


@attack(38, FULL)
def pipes_beside(hand_in):
    """Pipes and sockets lie beside the notebook, one of them named like a notebook."""
    hand_in()
    os.mkfifo(hand_in.folder / "pipe")
    os.mkfifo(hand_in.folder / "notes.ipynb")
    os.mknod(hand_in.folder / "socket.ipynb", stat.S_IFSOCK | 0o644)


ODD = (
    b"two\nlines.ipynb", b"tab\there.ipynb", b"\x1b[2J\x1b[31mred.ipynb", b"...ipynb", b".. .ipynb", b"-rf .ipynb", b"~.ipynb",
    b"$(touch x);`id`.ipynb", b"%00%2e%2e%2f.ipynb", b"\xff\xfe not utf-8 \xc3.ipynb", "\u202egnp.ipynb".encode(),
    "e\u0301 and \u00e9.ipynb".encode(), "０２_batch_norm.ipynb".encode(), b"*.ipynb", b"[0-9]_?.ipynb", b"<script>.ipynb",
    b"=cmd|' 'A0.ipynb", b"n" * 249 + b".ipynb", b" .ipynb", b"con.ipynb", b"a\\b.ipynb",
)  # fmt: skip


@attack(38, FULL, harm=unsteered)
def odd_names_beside(hand_in):
    """Beside the notebook lie others with names of every kind: newline, escape codes, no UTF-8, 255 bytes."""
    hand_in()
    for name in ODD:
        Path(os.fsdecode(os.path.join(os.fsencode(hand_in.folder), name))).write_bytes(b"{}")


def _only_called(name: bytes):
    def build(hand_in: HandIn) -> None:
        hand_in()
        hand_in.path.rename(os.fsdecode(os.path.join(os.fsencode(hand_in.folder), name)))

    return build


@attack(38, Expect(problem="The notebook is called"), harm=unsteered)
def name_with_newline(hand_in):
    """The only notebook has newlines and escape codes in its name."""
    _only_called(b"my\nnotebook\r\x1b[2J\x1b]0;owned\x07.ipynb")(hand_in)


@attack(38, Expect(problem="The notebook is called"), harm=unsteered)
def name_without_encoding(hand_in):
    """The only notebook has a name that is no UTF-8."""
    _only_called(b"l\xf6sung \xff\xfe.ipynb")(hand_in)


@attack(38, FULL, student="s50-two\nlines\u202e and \x1b[31m")
def student_with_newline(hand_in):
    """The student's folder has a newline, an escape code and a mark for writing from right to left in its name."""
    hand_in()


@attack(38, FULL)
def case_collision(hand_in):
    """Two notebooks whose names differ in case only; the rightly named one is right."""
    hand_in(bn_forward_train=WRONG)
    hand_in.path.rename(hand_in.folder / f"{ASSIGNMENT.upper()}.ipynb")
    hand_in()


@attack(38, FULL)
def long_paths(hand_in):
    """Folders in folders beside the notebook, longer together than any path may be."""
    hand_in()
    _deep(hand_in.folder, 30)


@attack(38, Expect(total=0, problem="No notebook"))
def only_in_a_long_path(hand_in):
    """The only notebook lies at the end of a path of six thousand bytes."""
    hand_in()
    data = hand_in.path.read_bytes()
    hand_in.path.unlink()
    _deep(hand_in.folder, 30, data)


def _deep(folder: Path, depth: int, data: bytes = b"{}") -> None:
    """Folders with names of 200 bytes in each other; a notebook in the innermost. A whole path would be refused."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 200, dir_fd=at)
        above, at = at, os.open("d" * 200, os.O_RDONLY, dir_fd=at)
        os.close(above)
    file = os.open(f"{ASSIGNMENT}.ipynb", os.O_CREAT | os.O_WRONLY, dir_fd=at)
    os.write(file, data)
    os.close(file)
    os.close(at)


# ---- 39: archives ------------------------------------------------------------------------------------------------


def _bomb() -> bytes:
    """A zip of ten names for 200 MB of zeros, ten times in a zip."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{ASSIGNMENT}.ipynb", bytes(200 << 20))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.zip", inner.getvalue())
    return outer.getvalue()


@attack(39, Expect(total=0, problem="line 1, column 1"))
def zip_bomb(hand_in):
    """A zip of zips that would unpack to 2 GB, called like the notebook."""
    hand_in.write(_bomb())


@attack(39, FULL)
def zip_bomb_beside(hand_in):
    """The same archive lies beside the notebook."""
    hand_in()
    (hand_in.folder / "data.zip").write_bytes(_bomb())


@attack(39, Expect(total=0, problem="No notebook"))
def zip_slip(hand_in):
    """Only archives are handed in; unpacking them would write outside, by "..", by a full path and by a link."""
    slipped = Path("/tmp") / f"unpacked-{hand_in.world.marker}"
    link = zipfile.ZipInfo("out")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(hand_in.folder / f"{ASSIGNMENT}.zip", "w") as archive:
        archive.writestr(f"{'../' * 20}{slipped}", "slipped")
        archive.writestr(str(slipped), "slipped")
        archive.writestr(link, str(slipped.parent))
        archive.writestr(f"out/{slipped.name}", "slipped")
    with tarfile.open(hand_in.folder / f"{ASSIGNMENT}.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(f"{'../' * 20}{slipped}")
        archive.addfile(entry, io.BytesIO())
        archive.add(hand_in.folder / f"{ASSIGNMENT}.zip", "inner.zip")


@attack(39, Expect(total=0, problem="expected"))
def compressed_notebook(hand_in):
    """A right notebook, compressed with gzip under its own name."""
    hand_in()
    hand_in.write(gzip.compress(hand_in.path.read_bytes()))


# ---- 40: shadowing files -----------------------------------------------------------------------------------------


def evil(hand_in: HandIn) -> str:
    """A module that leaves a trace when it is imported, and ends the process."""
    return (
        f"open('/tmp/imported-{hand_in.world.marker}', 'w').close()\nraise SystemExit('imported a file of a student')\n"
    )


@attack(40, FULL)
def shadowing_modules(hand_in):
    """Modules beside the notebook are named like those that the grader and the course import."""
    hand_in()
    names = ("numpy", "torch", "random", "json", "re", "traindeep", "autograder", "worker", "lockdown", "wire", "student",
             "sitecustomize", "usercustomize", "conftest", "nbgrader_config", "jupyter_config", "matplotlibrc")  # fmt: skip
    for folder in (hand_in.folder, hand_in.student_folder):
        for name in names:
            (folder / f"{name}.py").write_text(evil(hand_in))
        for name in ("numpy", "torch", "traindeep"):
            (folder / name).mkdir()
            (folder / name / "__init__.py").write_text(evil(hand_in))


@attack(40, FULL)
def shadowing_settings(hand_in):
    """Settings beside the notebook: pytest.ini, pyproject.toml, *.pth, IPython start-up files, .env, matplotlibrc."""
    hand_in()
    for folder in (hand_in.folder, hand_in.student_folder):
        start = folder / ".ipython" / "profile_default" / "startup"
        start.mkdir(parents=True)
        (start / "00-evil.py").write_text(evil(hand_in))
        (folder / "evil.pth").write_text("import os; " + evil(hand_in).splitlines()[0])
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only -p evil\n")
        (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p evil'\n")
        (folder / "evil.py").write_text(evil(hand_in))
        (folder / ".env").write_text("TRAINDEEP_SEED=known\nPYTHONPATH=.\n")
        (folder / ".course_secret").write_text("known\n")
        (folder / "matplotlibrc").write_text("backend: TkAgg\n")


# ---- 41: timestamp.txt -------------------------------------------------------------------------------------------


@attack(41, FULL)
def forged_timestamp(hand_in):
    """timestamp.txt says that the submission was handed in a long time ago."""
    hand_in()
    (hand_in.folder / "timestamp.txt").write_text("1970-01-01 00:00:00.000000 UTC\n")


@attack(41, FULL)
def garbage_timestamp(hand_in):
    """timestamp.txt holds random bytes."""
    hand_in()
    (hand_in.folder / "timestamp.txt").write_bytes(b"\xff\x00\x1b[2J 99999-99-99 99:99:99 Mars/Olympus" * 100)


@attack(41, FULL)
def endless_timestamp(hand_in):
    """timestamp.txt is a named pipe, which waits for ever to be read."""
    hand_in()
    os.mkfifo(hand_in.folder / "timestamp.txt")


# ---- 42: names of outputs, several notebooks, wrong names --------------------------------------------------------


@attack(42, exercise(FORWARD, 0))
def named_like_outputs(hand_in):
    """A record with full marks, a page, a table and a gradebook lie beside a notebook with one wrong answer."""
    hand_in(bn_forward_train=WRONG)
    record = (
        '{"version": 1, "student": "x", "assignment": "02_batch_norm", "score": 46, "max_score": 46, "exercises": []}'
    )
    for folder in (hand_in.folder, hand_in.student_folder):
        (folder / f"{ASSIGNMENT}.json").write_text(record)
        (folder / f"{ASSIGNMENT}.html").write_text("<h1>46 / 46</h1>")
        (folder / "grades.csv").write_text("student,assignment,score\nx,02_batch_norm,46\n")
        (folder / "gradebook.db").write_bytes(b"SQLite format 3\0" + bytes(84))
        for name in ("graded", "feedback", "autograded"):
            (folder / name).mkdir()
            (folder / name / f"{ASSIGNMENT}.json").write_text(record)


@attack(42, FULL, student="grades.csv")
def student_named_like_an_output(hand_in):
    """The student is called grades.csv, like the table in the folder of the results."""
    hand_in()


@attack(42, exercise(FORWARD, 0))
def checkpoints(hand_in):
    """.ipynb_checkpoints holds a notebook that is newer and better than the one handed in."""
    hand_in()
    hidden = hand_in.folder / ".ipynb_checkpoints"
    hidden.mkdir()
    hand_in.path.rename(hidden / f"{ASSIGNMENT}-checkpoint.ipynb")
    hand_in(bn_forward_train=WRONG)
    os.utime(hand_in.path, (0, 0))


@attack(42, exercise(FORWARD, 0, problem="2 notebooks were handed in"))
def two_notebooks(hand_in):
    """Two notebooks: the rightly named one has a wrong answer, a newer copy is right. The name decides."""
    hand_in()
    hand_in.path.rename(hand_in.folder / f"{ASSIGNMENT} (1).ipynb")
    hand_in(bn_forward_train=WRONG)
    os.utime(hand_in.path, (0, 0))


@attack(42, Expect(problem="because it is the newest"))
def two_misnamed_notebooks(hand_in):
    """Two notebooks, both wrongly named: the newer one is right, and is graded."""
    hand_in(bn_forward_train=WRONG)
    hand_in.path.rename(hand_in.folder / "z.ipynb")
    hand_in()
    hand_in.path.rename(hand_in.folder / "a.ipynb")
    os.utime(hand_in.folder / "z.ipynb", (10**9, 10**9))


@attack(42, Expect(problem="The notebook is called"))
def wrong_name(hand_in):
    """The notebook is called otherwise."""
    _only_called("My solution (final) – copy 2.ipynb".encode())(hand_in)


@attack(42, Expect(problem="The notebook is called"))
def wrong_case(hand_in):
    """The notebook and its ending are written in capitals."""
    _only_called(f"{ASSIGNMENT.upper()}.IPYNB".encode())(hand_in)


@attack(42, Expect(problem="The folder is called"))
def wrong_case_of_the_folder(hand_in):
    """The folder of the assignment is written in capitals."""
    hand_in()
    hand_in.folder.rename(hand_in.student_folder / ASSIGNMENT.upper())


@attack(42, FULL)
def no_assignment_folder(hand_in):
    """The notebook lies in the student's folder itself."""
    hand_in()
    hand_in.path.rename(hand_in.student_folder / f"{ASSIGNMENT}.ipynb")
    hand_in.folder.rmdir()


@attack(42, Expect(problem="was found in the folder"))
def folder_in_a_folder(hand_in):
    """The notebook lies one folder deeper, as unpacking leaves it, beside what a Mac adds to archives."""
    hand_in()
    data = hand_in.path.read_bytes()
    hand_in.path.unlink()
    for folder, name in ((ASSIGNMENT, f"{ASSIGNMENT}.ipynb"), ("__MACOSX", f"._{ASSIGNMENT}.ipynb")):
        (hand_in.folder / folder).mkdir()
        (hand_in.folder / folder / name).write_bytes(data if folder == ASSIGNMENT else b"\0\5\x16\7")


# ---- of our own invention ----------------------------------------------------------------------------------------


@attack(135, FULL)
def many_files_beside(hand_in):
    """Twelve thousand files lie beside the notebook, a data set that was unpacked there."""
    for number in range(12_000):
        (hand_in.folder / f"image-{number:05d}.png").touch()
    hand_in()


@attack(136, Expect(total=0, problem="MiB"), kernels=False)  # the wall around other graders has no room for it
def sparse_notebook(hand_in):
    """The notebook claims to be a terabyte long and takes no room on the disk."""
    with open(hand_in.path, "wb") as file:
        file.truncate(1 << 40)


@attack(137, Expect(problem="because it is the newest"))
def impossible_times(hand_in):
    """Two notebooks with times of change before 1970 and in the far future."""
    hand_in(bn_forward_train=WRONG)
    hand_in.path.rename(hand_in.folder / "past.ipynb")
    hand_in()
    hand_in.path.rename(hand_in.folder / "future.ipynb")
    os.utime(hand_in.folder / "past.ipynb", ns=(-(2**31) * 10**9, -(2**31) * 10**9))
    os.utime(hand_in.folder / "future.ipynb", ns=(2**33 * 10**9, 2**33 * 10**9))


@attack(138, FULL)
def plants_another_student(hand_in):
    """Inside the submission lies a folder of submissions with a notebook for another student."""
    hand_in()
    planted = hand_in.folder / "submitted" / "s01-planted" / ASSIGNMENT
    planted.mkdir(parents=True)
    (planted / f"{ASSIGNMENT}.ipynb").write_bytes(hand_in.path.read_bytes())


@attack(139, FULL, student="s50-" + "\u00fc\U0001f600" * 40)
def long_student_name(hand_in):
    """The student's folder has a name of 244 bytes, of which none but a few are plain letters."""
    hand_in()
