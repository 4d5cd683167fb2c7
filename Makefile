# `make report` and `make test` need nothing but Python 3.11 or newer, make and a network for packages.
# The first call makes .venv (a minute or two); later calls use it as it is.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
VENV ?= .venv
OUT ?= notspot-report
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help report test coverage lint bench bench-atlas bench-counting bench-propagation bench-tiles clean

help:
	@echo 'make report   the report and atlas of Taiwan 2021, in $(OUT)/'
	@echo 'make test     the tests'
	@echo 'make coverage the tests, and which lines they reach'
	@echo 'make lint     ruff, mypy, import-linter'
	@echo 'make bench    measured times and sizes beside those of the tools people use today'
	@echo 'make bench-atlas   how fast the atlas draws, changes, pans and zooms beside folium and lonboard'
	@echo 'make bench-counting   how fast and how exact points are located and coverage is counted'
	@echo 'make bench-propagation   how fast and how exact the prediction of coverage is'
	@echo 'make bench-tiles   how fast millions of points are written as tiles and browsed'
	@echo 'make clean    remove the environment and what was built'

report: $(VENV)/.ready
	@$(BIN)/notspot report --out $(OUT)

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

coverage: $(VENV)/.ready-test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready-test
	$(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench_propagation.py
	$(BIN)/python scripts/bench_locate.py
	$(BIN)/python scripts/bench_counting.py

bench-atlas: $(VENV)/.ready-test
	$(BIN)/python scripts/bench_atlas.py

bench-counting: $(VENV)/.ready-test
	$(BIN)/python scripts/bench_locate.py
	$(BIN)/python scripts/bench_counting.py

bench-propagation: $(VENV)/.ready-test
	$(BIN)/python scripts/bench_propagation.py

bench-tiles: $(VENV)/.ready-test
	$(BIN)/python scripts/bench_tiles.py

# ---------------------------------------------------------------- set-up

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo 'Notspot needs Python 3.11 or newer, and none was found. Install it, or name it: make report PYTHON=/path/to/python3'; \
		exit 1; fi
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'This Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv'; \
		exit 1; }

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Setting up $(VENV) (once, a minute or two) …'
	@$(PIP) --editable .
	@touch $@

$(VENV)/.ready-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Setting up $(VENV) for tests (once, a minute or two) …'
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.ready

clean:
	rm -rf $(VENV) $(OUT) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
