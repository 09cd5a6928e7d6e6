# Everything that a newcomer or CI runs. Needs Python 3.11+ and make; uses uv where it is installed.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint types prove bench lock clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# pyenv and the like put shims on the path that exist but don't run: take the first python that really is 3.11 or newer.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV ?= $(shell command -v uv 2>/dev/null)
WORKERS ?= auto

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1|/' | column -t -s '|'

$(READY): pyproject.toml requirements.txt
	@test -n "$(PYTHON)" || { echo "leadgate needs Python 3.11 or newer; none was found on the path" >&2; exit 2; }
	@echo "setting up $(VENV) with $(if $(UV),uv,pip) …"
ifneq ($(UV),)
	@$(UV) venv --quiet --allow-existing --python "$(PYTHON)" $(VENV)
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation -e .
else
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

setup: $(READY) ## make .venv with everything, at the locked versions

demo: $(READY) ## the main job on an embedded mock org, under a minute
	@$(BIN)/leadgate demo

test: $(READY) ## the fast tests (under 3 minutes on 2 cores)
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not live and not prove" -q

test-all: $(READY) ## the slow tests too: real servers, real clients, crash runs (under 30 minutes)
	@LEADGATE_TESTS=all $(BIN)/python -m pytest -n $(WORKERS) -m "not live and not prove" -q

lint: $(READY) ## format, lint, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache

types: $(READY) ## mypy --strict
	@$(BIN)/mypy

prove: $(READY) ## full-size proofs, by hand
	@LEADGATE_TESTS=all $(BIN)/python -m pytest -m prove -q -s

bench: $(READY) ## every figure that README and docs quote
	@$(BIN)/python -m benchmarks

lock: ## renew requirements.txt, the lock file (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --all-extras --group dev --no-emit-index-url \
		--custom-compile-command "make lock" pyproject.toml -o requirements.txt

clean: ## remove what setup and tests made
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build dist
