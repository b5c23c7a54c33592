# The first two commands are `make demo` and `make test`; both make the environment first if it is not there.

PYTHON ?= python3
# Bring your own build, for example a CPU-only one:  make TORCH=torch==2.13.0+cpu demo
TORCH ?= torch==2.15.0 torchvision==0.29.2
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint env stubs calibrate figures figures-check site browser wheel mutants fairness attacks fuzz kills class bench clean

demo: $(READY)  ## the whole course loop, for real, in a scratch workspace
	$(BIN)/course demo

# `make test` runs every test, and tries some things in part, which it says at its end: of units that tests/proofs.json
# knows to be sound a part of their known mistakes, mutants, variants and profiles (whole: `make gates`) and few of their
# pictures (`make figures-check`); pages take fewer steps (`make lessons`); of the lazy forgeries one in sixteen
# (`make attacks`), of two hundred seeds forty (`make determinism`), of fifty kills four (`make kills`).
ARGS ?=
test: $(READY)  ## the suite, shared out over the cores: make test ARGS="-v --durations=20"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

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

.PHONY: gates mistakes variants lessons determinism coverage
UNITS ?=
gates: $(READY)  ## every gate, whole, over every unit (or UNITS="ddpm vae"); what passes is kept in tests/proofs.json
	$(BIN)/python tests/author/prove.py $(UNITS)

mutants: $(READY)  ## gate 4 alone: every mutant of every reference (or of UNITS)
	$(BIN)/course author mutate $(UNITS)

mistakes: $(READY)  ## gate 3 alone: every known mistake
	WHOLE=1 $(BIN)/python -m pytest tests/author/test_this_course.py -k known_mistakes

variants: $(READY)  ## every correct variant, in gate 2
	WHOLE=1 $(BIN)/python -m pytest tests/author/test_this_course.py -k correct_variants

lessons: $(READY)  ## gate 7: every lesson, and all the steps of the code that it shows
	WHOLE=1 $(BIN)/python -m pytest tests/author/test_this_course.py -k lesson

SEEDS ?= 10000
fairness: $(READY)  ## how often correct work is failed, over SEEDS seeds
	$(BIN)/python bench/fairness.py $(SEEDS)

attacks: $(READY)  ## every lazy forgery against every exercise; the suite tries one in sixteen, in turn
	WHOLE=1 $(BIN)/python -m pytest tests/attacks/test_lazy.py

determinism: $(READY)  ## two hundred seeds; the suite tries forty
	WHOLE=1 $(BIN)/python -m pytest tests/judge/test_determinism.py

coverage: $(READY)  ## which lines of the rooms around the judge no quick test runs; fails under the floor in pyproject.toml
	@mkdir -p build
	$(BIN)/coverage run -m pytest -q $(addprefix tests/,ground curriculum learner cli web)
	$(BIN)/coverage report

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
