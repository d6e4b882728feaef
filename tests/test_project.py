"""The project's own files agree with each other."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CUDA = ("nvidia-", "cuda-", "triton")  # what torch's CUDA builds bring, in versions that torch names itself
CONDA_NAME = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


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
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
            checked += 1
    assert checked > 20
    assert pins["torch"] == "2.13.0"


def needed(python: str) -> set[str]:
    """All packages that the project needs on this Python, as far as what is installed here knows."""
    found, todo = set(), [("traindeep", extra) for extra in ("", *project()["optional-dependencies"])]
    while todo:
        name, extra = todo.pop()
        here = {"extra": extra, "python_version": python.rpartition(".")[0], "python_full_version": python}
        if (name, extra) in found or not (package := installed(name)):
            continue
        found.add((name, extra))
        for text in package.requires or ():
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate(here):
                todo += [(canonicalize_name(one.name), of) for of in ("", *one.extras)]
    return {name for name, _ in found if not name.startswith(CUDA)} - {"traindeep"}


def installed(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
def test_constraints_pin_everything_that_is_installed_and_fit_every_python(python):
    """Where a pin refuses a Python, or is missing, pip tries other versions of other packages for hours: Debian 12 has 3.11.2."""
    pins, names = pinned(), needed(python)
    assert {"torch", "jupyterlab", "soupsieve"} <= names
    assert names <= set(pins)
    for name in names:
        package = installed(name)
        assert package.version.split("+")[0] == pins[name], "make the virtual environment anew"
        accepts = package.metadata.get("Requires-Python")
        assert accepts is None or python in SpecifierSet(accepts), f"{name} {package.version} needs Python {accepts}"


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
