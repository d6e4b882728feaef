"""docs/claims.md is what the notebooks printed: its notebooks, experiments and totals are those of the course."""

import importlib
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "notebooks"))
claims, execution = importlib.import_module("claims"), importlib.import_module("execution")
SECTIONS = claims.sections_of(claims.PAGE.read_text())


def rows(part: str) -> list[list[str]]:
    """The cells of the rows of a section's table."""
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def headings(assignment: str) -> str:
    source = execution.COURSE.source(assignment)
    cells = [cell.source for cell in source.cells if cell.cell_type == "markdown"]
    return "\n".join(re.findall(r"^#+ +(.+)$", "\n".join(cells), flags=re.M))


@pytest.mark.parametrize("assignment", [a for a in execution.COURSE.assignments if a in SECTIONS])
def test_every_experiment_of_the_page_is_in_its_notebook(assignment):
    """The place of a claim is the id of an experiment, or a heading, of that notebook."""
    found, known = rows(SECTIONS[assignment]), headings(assignment)
    assert found
    assert [row for row in found if row[1] not in known and row[4] != "paper only"] == []


def test_every_notebook_that_states_claims_has_its_table():
    """No notebook that calls claim() is missing, and no table is left of one that is gone."""
    stating = [a for a in execution.COURSE.assignments if "claim(" in execution.COURSE.solution_path(a).read_text()]
    assert sorted(SECTIONS) == stating


def test_the_totals_are_those_of_the_rows():
    """Reading the page and writing it again changes nothing."""
    assert claims.page(SECTIONS) == claims.PAGE.read_text()


def test_a_printed_claim_is_read_as_it_was_printed(capsys):
    """The line of traindeep.plots.claim comes back with sentence, effect, seeds, verdict and place."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
    from traindeep.plots import claim

    claim("|w| falls", [1.0, 3.0], holds=False, unit="nats")
    output = new_output("stream", name="stdout", text=capsys.readouterr().out)
    cells = [new_markdown_cell("# Top\n\n## 3 · Weights\n\ntext"), new_code_cell("claim(...)", outputs=[output])]
    (read,) = execution.claims(new_notebook(cells=cells))
    assert read == ("|w| falls", "2 +- 1.4 nats", 2, False, "Weights")
    assert r"| \|w\| falls | Weights | 2 | 2 ± 1.4 nats | **does not hold** |" in claims.section("99_x", [read])
