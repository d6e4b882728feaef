"""The project's own files agree with each other."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
CONDA_NAME = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    return {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}


def test_environment_yml_asks_for_what_pyproject_asks_for():
    """conda users get the same bounds, from conda-forge alone, and no CUDA."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    wanted = {f"python {project()['requires-python']}"}
    for text in project()["dependencies"]:
        requirement = Requirement(text)
        wanted.add(f"{CONDA_NAME.get(requirement.name, requirement.name)} {requirement.specifier}")
    assert set(environment["dependencies"]) == wanted
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_constraints_pin_one_version_of_every_dependency():
    """Each dependency of each extra is pinned, and its pin lies within the bounds."""
    pins = pinned()
    texts = project()["dependencies"] + [t for extra in project()["optional-dependencies"].values() for t in extra]
    checked = 0
    for text in texts:
        requirement = Requirement(text)
        if requirement.name != "traindeep":
            assert requirement.specifier.contains(pins[requirement.name.lower()]), text
            checked += 1
    assert checked > 20
    assert pins["torch"] == "2.13.0"


def test_readme_shows_demo_and_test_first():
    """The first commands of the README are the two that prove that everything works."""
    block = re.search(r"```[a-z]*\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    commands = [line.split("#")[0].strip() for line in block.strip().splitlines()]
    assert [c for c in commands if c.startswith("make")] == ["make demo", "make test"]


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *[f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")]]
)
def test_pages_name_files_that_exist(page):
    """Every relative link leads to a file of the repository."""
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_and_commands_on_the_pages_exist(page):
    """A command that a page shows is one that the program has."""
    from autograder.cli import parser

    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    known = next(a for a in parser()._actions if a.choices).choices
    assert set(re.findall(r"(?:^|`|bin/)autograder ([a-z]+)", text, re.MULTILINE)) <= set(known)


def test_gitignore_keeps_lib():
    """lib/ is our source folder; nothing tracked is ignored."""
    made = subprocess.run(["git", "ls-files", "-ci", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        pytest.skip("not a git checkout")
    assert made.stdout == ""
