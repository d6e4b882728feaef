"""Write docs/claims.md: what the experiments of the notebooks claim, and what they found.

python tests/notebooks/claims.py                        executes all notebooks, two at a time: a quarter of an hour
python tests/notebooks/claims.py 10_augmentation_mixing replaces the tables of these notebooks, and keeps the others

Every row is a line that an experiment prints (traindeep.plots.claim), so the page says what a solved notebook shows.
`PAPERS` lists what the text reports from papers and no experiment measures.
"""

import argparse
import re
import tempfile

from execution import COURSE, Claim, claims, executed, solved

from autograder.workers import side_by_side

PAGE = COURSE.root / "docs" / "claims.md"
HEAD = """# What the experiments claim

Every row is a line that an experiment prints when its notebook is run from top to bottom with the solutions.

- **experiment**: its id, as in the headings of the notebook, or the heading above it.
- **seeds**: how many runs the effect is taken from.
- **effect**: mean and standard deviation over the seeds (dividing by their number - 1). What is measured, the claim says.
- **result**: whether the claim holds as the notebook states it, usually in every seed. Many were written down before the
  experiment was run; the text of the notebook says what to make of those that do not hold. "Paper only": reported in
  the text, not measured in this course.

The numbers are those of one machine on one CPU thread. Elsewhere the last digits can differ, and where a function of
the student's draws, another right answer gives other draws.

`python tests/notebooks/claims.py` executes the notebooks and writes this page; with names of notebooks it replaces theirs.
"""
PAPERS: dict[str, list[tuple[str, str]]] = {  # notebook: (what is claimed, who reports it)
    "04_normalization_family": [
        ("RMSNorm is as good as layer norm, and cheaper", "Zhang and Sennrich 2019"),
    ],
    "06_dropout_ensemble": [
        ("DropConnect usually works best at p_keep = 1/2", "Wan and others 2013"),
        ("In large convolutional networks removing the variance shift of dropout helps", "Li and others 2018"),
    ],
    "07_weight_penalties": [
        ("Max-norm with dropout gains accuracy in large networks", "Srivastava and others 2014"),
    ],
    "10_augmentation_mixing": [
        ("TrivialAugment matches or beats searched policies", "Müller and Hutter 2021"),
        ("The consistency loss of AugMix is a clear gain in larger networks", "Hendrycks and others 2020"),
    ],
    "11_residual_networks": [
        ("Stochastic depth helps more in networks of 110 layers and more", "Huang and others 2016"),
    ],
}


def results(assignment: str) -> list[Claim]:
    with tempfile.TemporaryDirectory() as folder:
        nb, seconds, _ = executed(solved(assignment), folder)
    broken = [output.evalue for cell in nb.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    if broken:
        raise SystemExit(f"{assignment} does not run to its end: {broken[0]}")
    found = claims(nb)
    print(f"{assignment}: {len(found)} claims, {seconds:.0f} CPU s", flush=True)
    return found


def section(assignment: str, found: list[Claim]) -> str:
    """The part of the page about one notebook: its heading and its table."""
    lines = [
        f"## [{assignment}](../notebooks/{assignment}/{assignment}.ipynb)",
        "",
        "| claim | experiment | seeds | effect | result |",
        "| --- | --- | --- | --- | --- |",
    ]
    for claim in found:
        effect = claim.effect.replace("+-", "±")
        result = "holds" if claim.reproduced else "**does not hold**"
        lines.append(f"| {_cell(claim.sentence)} | {_cell(claim.place)} | {claim.seeds} | {_cell(effect)} | {result} |")
    for sentence, source in PAPERS.get(assignment, ()):
        lines.append(f"| {sentence} | {source} | | | paper only |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*")


def page(sections: dict[str, str]) -> str:
    """The whole page, notebooks in order, with the totals."""
    text = "\n".join(sections[name] for name in sorted(sections))
    hold, fail = (
        len(re.findall(r"\| holds \|$", text, re.M)),
        len(re.findall(r"\| \*\*does not hold\*\* \|$", text, re.M)),
    )
    only = len(re.findall(r"\| paper only \|$", text, re.M))
    total = f"{hold + fail} claims: {hold} hold, {fail} do not. {only} more are reported from papers only.\n"
    return f"{HEAD}\n{total}\n{text}"


def sections_of(text: str) -> dict[str, str]:
    """The sections of a written page by the name of their notebook."""
    parts = re.split(r"^(?=## \[)", text, flags=re.M)[1:]
    return {re.match(r"## \[(\w+)\]", part).group(1): part.rstrip() + "\n" for part in parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", nargs="*", help="default: all")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="notebooks executed side by side (default: 2)")
    args = parser.parse_args()
    if unknown := set(args.notebook) - set(COURSE.assignments):
        parser.error(f"no notebook {sorted(unknown)[0]}; there are {', '.join(COURSE.assignments)}")
    names = args.notebook or list(COURSE.assignments)
    kept = sections_of(PAGE.read_text()) if PAGE.exists() else {}
    sections = {name: part for name, part in kept.items() if name in COURSE.assignments}
    with side_by_side(min(args.jobs, len(names))) as run:
        for name, found in zip(names, run(results, names), strict=True):
            sections[name] = section(name, found)
            PAGE.write_text(page(sections))


if __name__ == "__main__":
    main()
