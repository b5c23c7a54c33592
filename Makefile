# The first two commands are `make demo` and `make test`; both make the environment first if it is not there.

PYTHON ?= python3
# Bring your own build, for example a CPU-only one:  make TORCH=torch==2.13.0+cpu demo
TORCH ?= torch==2.15.0 torchvision==0.29.2
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint env stubs calibrate figures figures-check site browser wheel mutants fairness attacks fuzz kills class bench clean

demo: $(READY)  ## the whole course loop, for real, in a scratch workspace
	$(BIN)/course demo

test: $(READY)  ## the whole test-suite, a file of tests on each core
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

env: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python has no venv module; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@echo "Making the environment in .venv (PyTorch is large: a few minutes, once) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q grader  # as pip does for whatever it copies
	@touch $@

stubs: $(READY)  ## exercises/ anew from solutions/
	$(BIN)/course author stub

PROJECT ?= digit-vae
calibrate: $(READY)  ## what PROJECT's thresholds rest on, measured anew: the reference over seeds, every spoiled control
	$(BIN)/python -m grader.training.calibrate $(PROJECT)

figures: $(READY)  ## the lessons' pictures anew
	$(BIN)/python site/figures

figures-check: $(READY)  ## which pictures are stale
	$(BIN)/python site/figures --check

site: $(READY)  ## the website, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

browser: site  ## every page in a real Chromium; the suite does without one
	$(BIN)/python tests/site/in_browser.py build/site

wheel: $(READY)
	$(BIN)/python -m build --wheel --outdir build/dist

mutants: $(READY)  ## every mutant of every reference; the suite samples them
	$(BIN)/course author mutate

SEEDS ?= 10000
fairness: $(READY)  ## how often correct work is failed, over SEEDS seeds
	$(BIN)/python bench/fairness.py $(SEEDS)

attacks: $(READY)  ## every lazy forgery against every exercise; the suite tries an eighth, in turn
	ATTACKS=all $(BIN)/python -m pytest tests/attacks/test_lazy.py

FUZZ ?= 120
fuzz: $(READY)  ## what the judge hears, fuzzed with atheris for FUZZ seconds
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target build/atheris atheris==3.0.0
	PYTHONPATH=build/atheris $(BIN)/python tests/attacks/fuzz_wire.py --seconds $(FUZZ)

kills: $(READY)  ## class runs killed fifty times, each finished by the same command
	KILLS=50 $(BIN)/python -m pytest -q tests/classroom/test_kills.py

class: $(READY)  ## five hundred generated submissions, one in twenty hostile, and a verdict for each
	$(BIN)/python bench/klass.py 500 --hostile 0.05

bench: $(READY)
	$(BIN)/python bench

clean:
	rm -rf .venv build
