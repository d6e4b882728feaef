"""The released notebook in JupyterLab in headless Chromium: a wrong answer, its diagnosis, the right answer, "passed".

Run by `make browser-test`, not by `make test`. Set TRAINDEEP_SCREENSHOTS to a folder to keep pictures of what was seen.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from autograder.course import Course, grade_id
from autograder.demo import as_cell
from autograder.exercise import load

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
ASSIGNMENT, EXERCISE = "02_batch_norm", "bn_forward_train"
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; apt install chromium"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab on a copy of the released notebook; gives its address."""
    folder = tmp_path_factory.mktemp("learner")
    shutil.copytree(ROOT / "notebooks" / ASSIGNMENT, folder / ASSIGNMENT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = dict(
        os.environ, TRAINDEEP_HOME=str(folder / "home"), JUPYTER_CONFIG_DIR=str(folder / "config"), OMP_NUM_THREADS="1"
    )
    env["JUPYTER_DATA_DIR"], env["JUPYTER_RUNTIME_DIR"] = str(folder / "data"), str(folder / "runtime")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--IdentityProvider.token=test", f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api?token=test", timeout=2)
            break
        except OSError:
            assert process.poll() is None, (folder / "server.log").read_text()[-3000:]
            time.sleep(0.5)
    yield address
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def page(server):
    """The notebook, open, its kernel ready."""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1320, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(f"{server}/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb?token=test&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', state="attached")
        yield page
        browser.close()


def cells_of(nb) -> dict[str, int]:
    """grade_id -> index of the cell."""
    return {grade_id(cell): i for i, cell in enumerate(nb.cells) if grade_id(cell)}


def run_cell(page, index: int, source: str | None = None):
    """Select a cell, replace its source if one is given, run it; returns the cell."""
    # JupyterLab draws only the cells near the window; the command reaches any of them.
    page.evaluate(
        """([index, source]) => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.content.activeCellIndex = index;
            panel.content.scrollToItem(index, 'center');
            if (source !== null) panel.content.activeCell.model.sharedModel.setSource(source);
        }""",
        [index, source],
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
    return page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')


def type_cell(page, index: int, source: str):
    """Type a source into a cell with the keyboard, as a student does, and run it with Shift+Enter."""
    page.evaluate(
        "(index) => { const c = window.jupyterapp.shell.currentWidget.content; c.activeCellIndex = index; c.scrollToItem(index, 'center'); }",
        index,
    )
    cell = page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    return cell


def keep(page, name: str, cell=None) -> None:
    """A picture for the eye, where one is asked for."""
    if folder := os.environ.get("TRAINDEEP_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        if cell is not None:
            cell.scroll_into_view_if_needed()
            page.wait_for_timeout(600)
            cell.screenshot(path=f"{folder}/{name}.png")
        else:
            page.wait_for_timeout(600)
            page.screenshot(path=f"{folder}/{name}.png")


def test_a_wrong_answer_is_diagnosed_and_the_right_one_passes(page):
    """The diagnosis of a typed wrong answer stands on the page; after the right answer the check says that it passes."""
    course = Course.find(ROOT)
    release, source = course.release(ASSIGNMENT), course.source(ASSIGNMENT)
    where, item = cells_of(release), load(EXERCISE)
    mistake = next(m for m in item.misconceptions if m.id == "unbiased_variance")
    right = next(cell.source for cell in source.cells if grade_id(cell) == EXERCISE)
    imports = next(
        i for i, cell in enumerate(release.cells) if cell.cell_type == "code" and "import numpy" in cell.source
    )

    run_cell(page, imports)
    check = run_cell(page, where[f"check_{EXERCISE}"])
    playwright.expect(check).to_contain_text(re.compile("not defined|missing|run the cell", re.IGNORECASE))

    wrong = right.replace("x.var(axis=0)", "x.var(axis=0, ddof=1)")
    type_cell(page, where[EXERCISE], wrong if wrong != right else as_cell(right, item, mistake))
    check = run_cell(page, where[f"check_{EXERCISE}"])
    playwright.expect(check).to_contain_text(mistake.says[:40])
    playwright.expect(check).to_contain_text("visible tests pass")
    assert "traceback" not in check.inner_text().lower()
    keep(page, "check-failed", check.locator(".jp-Cell-outputWrapper"))
    keep(page, "jupyterlab-failed")

    type_cell(page, where[EXERCISE], right)
    check = run_cell(page, where[f"check_{EXERCISE}"])
    tests = len(item.visible.tests)
    playwright.expect(check).to_contain_text(f"{tests} of {tests} visible tests pass")
    playwright.expect(check).not_to_contain_text(mistake.says[:40])
    keep(page, "check-passed", check.locator(".jp-Cell-outputWrapper"))
