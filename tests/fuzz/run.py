"""Coverage-guided fuzzing of what the grader parses: `python tests/fuzz/run.py --seconds 60 [wire|notebook]`.

Needs atheris (`pip install atheris`; Linux and macOS wheels). Starts from tests/fuzz/corpus/<target>, works on a copy
of it, and adds the inputs that reach something new only with --keep. An input that breaks a promise is written to the
current folder; put it into the corpus once the bug is fixed. Exits 1 when it found one.
"""

import argparse
import hashlib
import multiprocessing
import shutil
import sys
import tempfile
from pathlib import Path

MAX_BYTES = {"wire": 2048, "notebook": 8192}
ROUND = 60  # seconds
MODULES = [
    "autograder.sandbox.wire",
    "autograder.submission",
    "autograder.matching",
    "autograder.ordering",
    "autograder.untrusted",
]
WORDS = [
    '"cells"', '"cell_type"', '"code"', '"markdown"', '"source"', '"metadata"', '"nbgrader"', '"grade_id"', '"id"',
    '"solution"', '"grade"', '"forward"', '"backward"', '"Norm"', '"why"', '"check_forward"', '"imports"', '"input"',
    '"worksheets"', '"nbformat"', "null", "true", "[]", "{}", "NaN", "def forward(x):", "class Norm:", "\\ud800",
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", choices=sorted(MAX_BYTES), help="default: one after the other")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--keep", action="store_true", help="add what was found to the corpus")
    given = parser.parse_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("expected the package atheris, which is not installed; try: pip install atheris", file=sys.stderr)
        return 2
    worst = 0
    for target in [given.target] if given.target else sorted(MAX_BYTES):
        print(f"== {target}, {given.seconds} s", flush=True)
        with tempfile.TemporaryDirectory(prefix="traindeep-fuzz-") as work:
            shutil.copytree(_corpus(target), Path(work) / "corpus")
            for left in range(given.seconds, 0, -ROUND):
                # In a process of its own: libFuzzer ends the one it runs in, and atheris grows by 16 kB a run.
                worst = worst or _run(_fuzz, target, work, min(left, ROUND))
            if given.keep and not worst:
                worst = _run(_keep, target, work)
    return worst


def _run(function, *args) -> int:
    process = multiprocessing.get_context("spawn").Process(target=function, args=args)
    process.start()
    process.join()
    return 0 if process.exitcode == 0 else 1


def _setup(target: str, arguments: list[str]):
    import atheris

    sys.path.insert(0, str(Path(__file__).parent))
    with atheris.instrument_imports(include=MODULES):
        import targets
    atheris.Setup([sys.argv[0], *arguments], targets.TARGETS[target])
    atheris.Fuzz()


def _fuzz(target: str, work: str, seconds: int) -> None:
    words = Path(work) / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS))
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES[target]}", "-timeout=20", "-rss_limit_mb=3000"]
    options += ["-print_final_stats=1", "-verbosity=1", f"-artifact_prefix=found-{target}-"]
    _setup(target, [*options, *([f"-dict={words}"] if target == "notebook" else []), f"{work}/corpus"])


def _keep(target: str, work: str) -> None:
    """Bring into the corpus the found inputs, shortest first, that reach a step which no input before them reaches."""
    sys.path.insert(0, str(Path(__file__).parent))
    import targets

    files = {str(Path(sys.modules[name].__file__)) for name in MODULES if name in sys.modules}
    reached: set[tuple] = set()

    def steps(data: bytes) -> set[tuple]:
        found, last = set(), {}

        def trace(frame, event, argument):
            if frame.f_code.co_filename not in files:
                return None
            found.add((frame.f_code, last.get(frame), frame.f_lineno, event))
            last[frame] = frame.f_lineno
            return trace

        sys.settrace(trace)
        try:
            targets.TARGETS[target](data)
        finally:
            sys.settrace(None)
        return found

    for path in _corpus(target).iterdir():
        reached |= steps(path.read_bytes())
    for path in sorted(Path(work, "corpus").iterdir(), key=lambda path: path.stat().st_size):
        data = path.read_bytes()
        if new := steps(data) - reached:
            reached |= new
            name = hashlib.sha256(data).hexdigest()[:16]
            (_corpus(target) / name).write_bytes(data)
            print(f"kept {name}: {len(data)} bytes, {len(new)} new steps")


def _corpus(target: str) -> Path:
    return Path(__file__).parent / "corpus" / target


def _escaped(word: str) -> str:
    return "".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in word)


if __name__ == "__main__":
    sys.exit(main())
