"""Make docs/benchmarks.md from benchmarks/results.json.

python docs/benchmarks.py
"""

import json
from pathlib import Path

PAGE = Path(__file__).with_name("benchmarks.md")
RESULTS = Path(__file__).parents[1] / "benchmarks/results.json"
TEXT = """# The benchmark in numbers

What `make bench` measured last, as it stands in [results.json](../benchmarks/results.json). [CPU and time per
submission](speed.md) says how it is measured, what the rows mean, and which targets are met.

A class of {students} submissions of `02_batch_norm`; {rounds} on {machine}, isolation {isolation}. {versions}. {scores}
CPU is that of the whole process tree; wall times are in the file, and mean something only on an idle machine.

{table}

This page is made by `python docs/benchmarks.py`.
"""


def page(results: dict) -> str:
    ours = results["per_submission"]["ours"]["cpu_s"]
    lines = ["| | CPU s per submission | times ours |", "| --- | --- | --- |"]
    for name, row in results["per_submission"].items():
        lines.append(f"| {name} | {row['cpu_s']:.2f} | {row['cpu_s'] / ours:.1f} |")
    for name, row in results["warm"].items():
        if "cpu_s" in row:
            lines.append(f"| {name}, warm | {row['cpu_s']:.2f} | {row['cpu_s'] / ours:.1f} |")
    return TEXT.format(
        students=results["students"],
        rounds="one round" if results["rounds"] == 1 else f"{results['rounds']} rounds",
        machine=results["machine"].split(", Linux")[0],
        isolation=results["isolation"],
        versions=", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        scores="All graders gave the same scores." if results["scores_equal"] else "The graders did not agree.",
        table="\n".join(lines),
    )


def main() -> None:
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
