# make install, make demo, make test, make docs; PYTHON=python3.12 make test runs the other stack.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV ?= .venv/$(VERSION)
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1
# Tests start many processes, which would all compile the package.
export PYTHONDONTWRITEBYTECODE :=
# Sphinx 9 wants Python 3.11 or later. DOCS= make test does not build the site.
HAS_SPHINX := $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)
DOCS ?= docs
DOCUMENTED := $(if $(DOCS),$(if $(filter True,$(HAS_SPHINX)),$(VENV)/documented))

.PHONY: install demo test lint docs clean

install: $(VENV)/installed
	@echo "installed; next: source $(BIN)/activate, then make demo, or any binary with --help, such as train_seeder --help"

demo: $(VENV)/installed
	$(BIN)/run_experiment --flagfile=flags/demo/experiment.flags

# A module's tests stay in one process, which shares what they set up.
# lint and docs keep one core busy each.
test: $(VENV)/tested $(DOCUMENTED)
	$(MAKE) --no-print-directory --jobs=2 lint $(DOCS)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

ifeq ($(HAS_SPHINX),True)
docs: $(VENV)/documented
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "docs: build/docs/index.html"
else
docs:
	@echo "docs: not built; Sphinx 9 wants Python 3.11 or later, found $(VERSION)"
endif

# Binaries are installed as copies, so that a changed one is installed again.
$(VENV)/installed: setup.cfg setup.py pyproject.toml $(filter-out bin/__pycache__,$(wildcard bin/*)) | machine
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,test]'
	touch $@

$(VENV)/documented: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

.PHONY: machine
machine:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "error: wanted Python 3.10 or later as $(PYTHON), found $$($(PYTHON) --version 2>&1 | head -n 1); run PYTHON=/path/to/python3 make ..." >&2; exit 1; }
	@command -v g++ >/dev/null || \
	  { echo "error: wanted g++ to build pydensecrf2, found none; install it (Debian: apt-get install g++)" >&2; exit 1; }

clean:
	rm -rf .venv build runs
