# Everything a developer runs. `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for found in python3.11 python3; do $$found -c '$(IS_RECENT)' 2>/dev/null && echo $$found && break; done)
ARGS ?=
# What depends on the server: claims, leases, fences, reclaiming, stopping, what others do, debris and sizes of items.
ENGINE_ON_DYNAMODB_LOCAL := $(addprefix tests/engine/test_,chaos.py stopping.py interference.py claiming.py \
	running.py::test_debris_ends_no_engine \
	running.py::test_a_nested_item_of_many_noisy_tasks_stays_under_the_limit)

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench screenshots package reference conformance clean

help: ## list these targets
	@echo "pyanamo-tui: targets of make (ARGS='...' passes more on)"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

demo: $(RUNTIME) ## run the sample workflow on an embedded DynamoDB: in the dashboard, or headless without a terminal
	@$(BIN)/pyanamo-tui demo $(ARGS)

test: $(DEVELOPMENT) ## run the tests
	$(BIN)/python -m pytest -n 3 $(ARGS)

check: $(DEVELOPMENT) ## lint, formatting, types, and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEVELOPMENT) ## put the formatting right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEVELOPMENT) ## measure against floors taken in the same run
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(DEVELOPMENT) ## take the pictures of the running dashboard again
	$(BIN)/python -m scripts.screenshots $(ARGS)

package: $(DEVELOPMENT) ## build wheel and sdist, install the wheel into a clean environment, and start what it installs
	rm -rf build/package && mkdir -p build/package
	$(BIN)/python -m build --no-isolation --outdir build/package .
	$(BIN)/python -m venv build/package/venv
	build/package/venv/bin/python -m pip --disable-pip-version-check --quiet install build/package/*.whl
	cd build/package && venv/bin/pyanamo-tui --version && venv/bin/pyanamo-engine --help >venv/engine-help
	cd build/package && venv/bin/python -m pip --disable-pip-version-check check

reference: $(DEVELOPMENT) ## write the lists of keys, commands and settings in docs/ again
	$(BIN)/python -m scripts.reference

conformance: $(DEVELOPMENT) ## fetch dynalite and DynamoDB Local (for testing only), run the contract and engine tests on them
	$(BIN)/python -m tests.standins fetch
	$(BIN)/python -m pytest -n 2 -m conformance $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m pytest -n 2 --server dynamodb-local $(ENGINE_ON_DYNAMODB_LOCAL))

clean: ## remove the virtual environment and everything that was built, fetched or cached
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	  echo "pyanamo-tui needs Python 3.11 or newer, and none was found." >&2; \
	  echo "Install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "Installing pyanamo-tui into $(VENV) …"
	@$(PIP) install --editable '.[local]'
	@touch $@

$(DEVELOPMENT): pyproject.toml | $(BIN)/python
	@echo "Installing pyanamo-tui and its development tools into $(VENV) …"
	@$(PIP) install --editable '.[local,dev]'
	@touch $(RUNTIME) $@
