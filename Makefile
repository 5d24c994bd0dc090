# `make demo` and `make test` need Python 3.11-3.13, make, a C compiler and a package registry; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PYTHONDONTWRITEBYTECODE :=  # where it is set, every process compiles all it imports anew: 20 s each

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
INSTALLED := $(VENV)/.installed-$(shell cat requirements/*.txt pyproject.toml | cksum | cut -d' ' -f1)
BIN := $(VENV)/bin
PIP_CAN := $(PYTHON) -c "import pip, sys; sys.exit(tuple(map(int, pip.__version__.split('.')[:2])) < (22, 3))"
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
LOCKED := --no-deps --require-hashes -r requirements/lock.txt
ITSELF := --no-deps --no-build-isolation -e .

.PHONY: help demo demo-real test fast lint types serve lock clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(INSTALLED):
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found. Install one, or: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing the locked packages into $(VENV) (half a minute, once; minutes where uv cannot be used) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	@trap 'exit 130' INT; \
		pip="$(PYTHON) -m pip --python $(BIN)/python"; \
		$(PIP_CAN) 2>/dev/null || { $(BIN)/python -m ensurepip >/dev/null; pip="$(BIN)/python -m pip"; }; \
		index="$${PIP_INDEX_URL:-$$($$pip config get global.index-url 2>/dev/null || true)}"; \
		pip="$$pip install --quiet --disable-pip-version-check"; \
		export $${index:+UV_DEFAULT_INDEX="$$index"} UV_HTTP_RETRIES=1; \
		{ $$pip --no-deps --require-hashes -r requirements/installer.txt && $(UV) $(LOCKED) && $(UV) $(ITSELF); } || { \
			echo "uv could not install (it does not know all of pip's settings); pip does it now, which takes minutes."; \
			$$pip --no-compile $(LOCKED); $$pip $(ITSELF); }
	@rm -f $(VENV)/.installed-*
	@touch $@

demo: $(INSTALLED) ## a simulated retailer under ./var: half a year of files, three nights that its people answer, the truth beside them
	@$(BIN)/nightmarket demo

demo-real: $(INSTALLED) ## a whole night on a real grocery retailer under ./var_real: audiences, report and ledger
	@$(BIN)/nightmarket demo --real --home var_real

test: $(INSTALLED) ## everything that must hold: style, types, unit, property, project and end-to-end tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10

fast: $(INSTALLED) ## the tests that take seconds
	@$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/property

lint: $(INSTALLED) ## format and fix what can be fixed
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/lint-imports

types: $(INSTALLED) ## mypy, strict
	@$(BIN)/mypy

serve: $(INSTALLED) ## the asset graph and run history in a browser, on this machine only
	@$(BIN)/nightmarket graph

lock: $(INSTALLED) ## write the locked requirements anew
	@echo uv | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header - -o requirements/installer.txt
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header pyproject.toml --group example --group dev -o requirements/lock.txt

clean: ## delete the environment and everything derived; landing and ledger stay
	@rm -rf $(VENV) build dist *.egg-info
