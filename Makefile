# Two of these are all a newcomer needs: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One more than processors: many tests wait for a terminal or for a clock.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# The environment is made anew when the locks change, when this folder was moved or copied
# (its scripts hold their full path), and when its Python is gone or making it was cut short.
STAMP := pwd -P; cksum requirements/dev.lock pyproject.toml
$(shell [ -x $(BIN)/python ] && [ "$$(cat $(READY) 2>/dev/null)" = "$$($(STAMP))" ] || rm -f $(READY))

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY) ## open the program on made-up practices; nothing leaves the machine
	@$(BIN)/frontdesk demo

test: $(READY) ## run the tests (under 4 minutes)
	@$(BIN)/pytest -n $(WORKERS)

test-full: $(READY) ## run the long tests too (under 20 minutes)
	@$(BIN)/pytest -n $(WORKERS) -m ''

check: format-check lint types contracts docs-check test ## everything CI asks for

format: $(READY) ## put the code in its one layout
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only -q .

format-check: $(READY) ## look whether the code is in its layout
	@$(BIN)/ruff format --check -q .

lint: $(READY) ## look for mistakes (ruff)
	@$(BIN)/ruff check -q .

types: $(READY) ## check the types of all of it (mypy --strict)
	@$(BIN)/mypy

contracts: $(READY) ## check who may import whom (import-linter)
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo

docs: $(READY) ## make the generated documents and the schemas' numbers anew
	@$(BIN)/python -m tests.schema_numbers --write
	@$(BIN)/python -m tests.docs --write

docs-check: $(READY) ## look whether the documents say what the program does
	@$(BIN)/python -m tests.schema_numbers
	@$(BIN)/python -m tests.docs

bench: $(READY) ## measure it at 1k, 100k and 1M bookings, beside other programs (under 15 minutes)
	@$(BIN)/python -m benchmarks

bench-store: $(READY) ## measure pages, searches and cancels in a second, on both databases (about 15 minutes at first)
	@$(BIN)/python -m benchmarks.store

bench-server: $(READY) ## measure what servers answer to 1, 10 and 100 desks at 1M bookings (about 5 minutes, more at first)
	@$(BIN)/python -m benchmarks.server

bench-sync: $(READY) ## measure reading the diaries of PMSs: one of 100,000 appointments, and 500 small ones (about 10 minutes)
	@$(BIN)/python -m benchmarks.sync

pictures: $(READY) ## make the README's pictures from the real program
	@$(BIN)/python -m tests.pictures

lock: ## resolve the dependencies anew (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra calendar --extra postgres --extra server pyproject.toml -o requirements/run.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra calendar --extra postgres --extra server --group dev -c requirements/run.lock pyproject.toml -o requirements/dev.lock

clean: ## remove what make has made
	@rm -rf $(VENV) dist benchmarks/data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis snapshot_report.html

$(READY):
	@command -v $(PYTHON) >/dev/null || { echo 'There is no $(PYTHON); say which Python to use: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "frontdesk needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV), once (a minute or two)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@{ $(STAMP); } > $@

.PHONY: help demo test test-full check format format-check lint types contracts docs docs-check bench bench-store bench-server bench-sync pictures lock clean
