"""The released notebook in JupyterLab in headless Chromium, worked on with the keyboard as a student does.

Run by `make browser-test`, not by `make test`. Set TRAINDEEP_SCREENSHOTS to a folder to keep pictures of what was seen.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from traindeep.exercise import ids

from autograder.course import Course, grade_id
from autograder.exercise import load

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
ASSIGNMENT, EXERCISE = "02_batch_norm", "bn_forward_train"
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
LONG = 60_000  # milliseconds; a busy machine needs a while to import torch

# What a student writes below the docstring. The wrong one differs in one place.
RIGHT = """
x = np.asarray(x, dtype=float)
n, d = x.shape
if n < 2:
    raise ValueError(f"x must have at least 2 rows, got {n}")
if np.shape(gamma) != (d,):
    raise ValueError(f"gamma must have shape ({d},), got {np.shape(gamma)}")
if np.shape(beta) != (d,):
    raise ValueError(f"beta must have shape ({d},), got {np.shape(beta)}")
mu = x.mean(axis=0)
var = x.var(axis=0)
xhat = (x - mu) / np.sqrt(var + eps)
cache = {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
return gamma * xhat + beta, cache
"""
WRONG = RIGHT.replace("var = x.var(axis=0)", "var = x.var(axis=0, ddof=1)")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; apt install chromium"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def server(tmp_path):
    """JupyterLab on a copy of the released notebooks, with no settings of the user's; gives its address."""
    shutil.copytree(ROOT / "notebooks", tmp_path, dirs_exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"TRAINDEEP_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    env |= {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    settings = tmp_path / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={tmp_path}"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=test"]
    command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}"]
    address, log = f"http://127.0.0.1:{port}", tmp_path / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT)
    try:
        for _ in range(240):
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                urllib.request.urlopen(f"{address}/api?token=test", timeout=2).close()
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)  # ends the kernels too
        process.wait(30)


@pytest.fixture
def page(server):
    """The notebook, open, its kernel ready."""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1600}, device_scale_factor=1.25)
        page.set_default_timeout(LONG)
        page.goto(f"{server}/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb?token=test&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")
        idle(page)
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        yield page
        browser.close()


def idle(page) -> None:
    """Wait until the kernel does nothing."""
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )


def cell_at(page, index: int):
    return page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')


def activate(page, index: int):
    """Make a cell the active one, in view, as a click does."""
    page.evaluate(
        """async (index) => {
            const content = window.jupyterapp.shell.currentWidget.content;
            await content.scrollToItem(index, 'center');
            content.activeCellIndex = index;
            content.mode = 'command';
        }""",
        index,
    )
    cell = cell_at(page, index)
    cell.locator(".jp-InputPrompt").click()
    return cell


def run_active(page) -> int:
    """Shift+Enter: run the active cell, wait until the kernel is done with it; returns the index of its cell."""
    index = page.evaluate(
        """() => {
            const content = window.jupyterapp.shell.currentWidget.content;
            content.activeCell.model.executionCount = null;  // so that a new count is seen, also after a restart
            return content.activeCellIndex;
        }"""
    )
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        """(index) => {
            const model = window.jupyterapp.shell.currentWidget.content.widgets[index].model;
            return model.executionCount !== null && model.executionState === 'idle';
        }""",
        arg=index,
    )
    idle(page)
    return index


def run_cell(page, index: int):
    """Run one cell with the keyboard; returns it."""
    activate(page, index)
    assert run_active(page) == index
    return cell_at(page, index)


def type_answer(page, index: int, answer: str) -> None:
    """Put an answer in the place of `raise NotImplementedError()`, key by key.

    The editor indents by itself after a colon and keeps the indentation otherwise; Backspace takes one step back.
    """
    cell = activate(page, index)
    before = source_of(page, index)
    assert before.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    for _ in range(2):  # both lines, back to the indentation of the first
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+End")
    page.keyboard.press("Delete")
    depth = 4
    for line in answer.strip().splitlines():
        wanted = 4 + len(line) - len(line.lstrip())
        page.keyboard.press("Enter")
        for _ in range((depth - wanted) // 4):
            page.keyboard.press("Backspace")
        page.keyboard.type(line.strip())
        depth = wanted + 4 * line.endswith(":")
    head = before.split("    # YOUR CODE HERE")[0]
    body = "".join(f"    {line}\n" for line in answer.strip().splitlines())
    assert source_of(page, index) == (head + body).rstrip()


def source_of(page, index: int) -> str:
    return page.evaluate(
        "(index) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.getSource()", index
    )


def restart(page) -> None:
    """Kernel > Restart Kernel, and yes to the question."""
    page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:restart'); }")
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator(".jp-Dialog").wait_for(state="detached")
    idle(page)


def assert_calm(page) -> None:
    """No traceback, no stderr and no dialog anywhere on the page."""
    assert page.locator(".jp-Dialog").count() == 0, page.locator(".jp-Dialog").first.inner_text()
    outputs = page.locator('.jp-OutputArea-output:is([data-mime-type$="stderr"], [data-mime-type$="error"])')
    assert outputs.count() == 0, outputs.first.inner_text()
    assert "Traceback" not in page.locator(".jp-Notebook").text_content()


def keep(page, name: str, above, below) -> None:
    """Where pictures are asked for: the window, and the last lines of the cell `above` with all of `below`."""
    folder = os.environ.get("TRAINDEEP_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    below.scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    page.wait_for_timeout(800)
    page.screenshot(path=f"{folder}/{name}-window.png")
    lines, box = above.locator(".cm-line"), below.bounding_box()
    top = lines.nth(max(lines.count() - 7, 0)).bounding_box()["y"] - 1
    clip = {"x": box["x"], "y": top, "width": 960, "height": box["y"] + box["height"] - 6 - top}
    page.screenshot(path=f"{folder}/{name}.png", clip=clip)


def test_from_an_unrun_cell_to_a_pass_that_outlives_the_kernel(page, tmp_path):
    """An unrun cell is explained, a wrong answer diagnosed, the right one passes, and progress() knows it ever after."""
    notebook = Course.find(ROOT).release(ASSIGNMENT)
    where = {grade_id(cell): index for index, cell in enumerate(notebook.cells)}
    exercise, check = where[EXERCISE], where[f"check_{EXERCISE}"]
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    imports, progress = code[0], code[-1]
    assert notebook.cells[progress].source == "progress()"
    item = load(EXERCISE)
    diagnosis = next(m.says for m in item.misconceptions if m.id == "unbiased_variance")
    total = len(item.visible.tests)
    expect = playwright.expect

    assert_calm(page)  # and no question which kernel to use
    kernel = page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.name")
    assert kernel == "python3"

    run_cell(page, imports)
    shown = run_cell(page, check)
    expect(shown).to_contain_text(f"{EXERCISE}: not defined yet")
    expect(shown).to_contain_text(f"run the cell that defines {EXERCISE}, then this one")

    type_answer(page, exercise, WRONG)
    assert run_active(page) == exercise
    assert run_active(page) == check  # Shift+Enter has gone on to it
    expect(shown).to_contain_text("Likely cause")
    expect(shown).to_contain_text(diagnosis)
    expect(shown).to_contain_text(re.compile(rf"[1-{total - 1}] of {total} visible tests pass"))
    assert_calm(page)
    keep(page, "check-failed", cell_at(page, exercise), shown)

    activate(page, exercise).locator(".cm-line", has_text="ddof=1").click()
    page.keyboard.press("End")
    for _ in ", ddof=1)":
        page.keyboard.press("Backspace")
    page.keyboard.type(")")
    assert run_active(page) == exercise
    assert run_active(page) == check
    expect(shown).to_contain_text(f"{total} of {total} visible tests pass")
    expect(shown).not_to_contain_text("Likely cause")
    keep(page, "check-passed", cell_at(page, exercise), shown)

    restart(page)
    run_cell(page, imports)
    shown = run_cell(page, progress)
    expect(shown).to_contain_text(f"1 of {len(ids())} exercises pass")
    expect(shown.locator("tr", has_text=EXERCISE)).to_contain_text("passed")
    keep(page, "progress", shown, shown)
    assert_calm(page)
    stored = json.loads((tmp_path / "home" / "progress.json").read_text())["exercises"][EXERCISE]
    assert (stored["best"], stored["attempts"]) == ("passed", 2)


def test_links_lead_to_the_notebooks_before_and_after(page):
    """A click on a notebook's number in the first cell, and on "Next" in the last text, opens that notebook."""
    names = Course(ROOT).assignments
    here = names.index(ASSIGNMENT)
    for index, name in ((0, names[here - 1]), (-2, names[here + 1])):  # the last cell calls progress()
        page.evaluate(
            """async ([index, path]) => {
                const widget = await window.jupyterapp.commands.execute('docmanager:open', {path});
                const content = widget.content;
                await content.scrollToItem(content.widgets.length * (index < 0) + index, 'center');
            }""",
            [index, f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb"],
        )
        page.locator(f'.jp-MarkdownOutput a[href*="{name}"]:visible').first.click()
        page.wait_for_function(
            "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=f"{name}/{name}.ipynb"
        )
