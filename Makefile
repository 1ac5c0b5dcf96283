# make demo, make test; PYTHON=python3.12 make test runs the other stack.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV ?= .venv/$(VERSION)
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1

.PHONY: demo test lint clean

demo: $(VENV)/installed
	$(BIN)/run_experiment --flagfile=flags/demo/experiment.flags

test: $(VENV)/tested lint
	$(BIN)/python -m pytest

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# Binaries are installed as copies, so that a changed one is installed again.
$(VENV)/installed: setup.cfg pyproject.toml $(wildcard bin/*) | machine
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,test]'
	touch $@

.PHONY: machine
machine:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "error: wanted Python 3.10 or later as $(PYTHON), found $$($(PYTHON) --version 2>&1 | head -n 1); run PYTHON=/path/to/python3 make ..." >&2; exit 1; }
	@command -v g++ >/dev/null || \
	  { echo "error: wanted g++ to build pydensecrf2, found none; install it (Debian: apt-get install g++)" >&2; exit 1; }

clean:
	rm -rf .venv runs
