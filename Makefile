# One command each, on a fresh machine: every target makes the virtual environment when it is missing.
#   make demo          build the course, make a class of 24 submissions, grade it
#   make test          the tests
#   make learn         open JupyterLab at the next open exercise
#   make check         format, lint, import rules, "regenerating changes nothing"
#   make notebooks     all notebooks, recorded answers and the course map from their sources (the same as make build)
#   make browser-test  the released notebook in JupyterLab in headless Chromium
#   make assignments   every known right and wrong answer of every notebook, graded behind the wall: most of an hour
#   make executed      every notebook from top to bottom, with its solutions and untouched: minutes (ONCE=1: each experiment once)
#   make hostile       every attack of the corpus against the grader, with a table of what came of it (EACH=1: one a line)
#   make fuzz          the two readers of untrusted bytes, fuzzed for a minute each
#   make fairness      right answers to random exercises, graded with 200 seeds each, and the bound on false alarms
#   make soak          10,000 jobs in the sandbox, some hostile: nothing hangs, nothing grows (FORKS=400: so many)
#   make site          the course, the guides and the measurements as a website in build/site, made and read without network
#   make bench         time per submission: ours, stock nbgrader, otter-grader and the floor (most of an hour)
# Linux: `make demo TORCH_INDEX=<index of CPU builds>` keeps the CUDA packages away (README, "Without CUDA").

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready
export PATH := $(abspath $(BIN)):$(PATH)
TORCH  := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

.PHONY: demo test assignments learn check build notebooks browser-test executed hostile fuzz soak bench killtable fairness site clean

demo: $(READY)
	$(BIN)/autograder demo

test: $(READY)
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --ignore=tests/browser --ignore=tests/notebooks

assignments: $(READY)
	TRAINDEEP_ALL=1 $(BIN)/python -m pytest -q -n 2 tests/test_assignments.py

learn: $(READY)
	$(BIN)/traindeep learn

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q tests/test_imports.py
	$(BIN)/autograder build --check
	$(BIN)/python docs/course.py --check

build notebooks: $(READY)
	$(BIN)/autograder build
	$(BIN)/python docs/course.py

killtable: $(READY)
	$(BIN)/autograder killtable

fairness: $(READY)
	$(BIN)/autograder fairness

browser-test: $(READY)
	$(BIN)/python -m pytest -q tests/browser

executed: $(READY)
	$(if $(ONCE),TRAINDEEP_ONCE=1) $(BIN)/python -m pytest -q -n 2 -rP tests/notebooks

hostile: $(READY)
	$(BIN)/python tests/hostile --jobs 2 $(if $(EACH),--each $(EACH))

fuzz: $(READY)
	$(BIN)/python tests/fuzz/run.py --seconds 60 wire
	$(BIN)/python tests/fuzz/run.py --seconds 60 notebook

soak: $(READY)
	$(BIN)/python benchmarks/soak.py $(if $(FORKS),--forks $(FORKS))

bench: $(READY)
	$(BIN)/python benchmarks/grading.py
	$(BIN)/python docs/benchmarks.py

site: $(VENV)/.site-ready
	rm -rf build/site build/site-cache  # a link that was right when a page was last read may lead nowhere now
	$(BIN)/python -m sphinx -q -W --keep-going -c docs -d build/site-cache . build/site
	@echo "the site: build/site/index.html"

$(VENV)/.site-ready: $(READY)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[site]'
	@touch $@

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): a few minutes the first time"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "traindeep needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

clean:
	rm -rf build demo .pytest_cache .ruff_cache .hypothesis
