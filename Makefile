# Everything a person or CI runs. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
SECRETS ?= .secrets
BIN := $(VENV)/bin
PEERS := $(VENV)/peers
# One process more than there are cores: some tests wait for others' answers.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
WORKERS = --numprocesses=$(PROCESSES) --dist=loadgroup --no-loadscope-reorder
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip --quiet --retries 8 --timeout 30

.DEFAULT_GOAL := help
.PHONY: help demo test coverage check lint types architecture bench bench-quality chaos stack-secrets stack-check format clean tools

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.base: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crisis-monitor needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=python3.12, say." >&2; exit 3; }
	@echo "setting up $(VENV) (once)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	  { echo "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 3; }
	@for try in 1 2 3; do $(PIP) install --editable . && break; test $$try = 3 && exit 1; sleep 5; done
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@for try in 1 2 3; do $(PIP) install --editable '.[kafka,postgres,report,test,lint]' && break; test $$try = 3 && exit 1; sleep 5; done
	@touch $@

demo: $(VENV)/.base ## made-up days of four brands on the live page, with a panel to play with
	@$(BIN)/crisis-monitor demo

test: $(VENV)/.dev ## the tests, several at a time (PYTEST_FLAGS="-k wheel", say)
	@$(BIN)/pytest $(WORKERS) $(PYTEST_FLAGS)

coverage: $(VENV)/.dev ## the tests again, slower, and the branches that none of them takes
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(WORKERS) $(PYTEST_FLAGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report | tail -n 40

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

architecture: $(VENV)/.dev
	@$(BIN)/lint-imports

check: lint types architecture test ## what CI runs

$(PEERS)/.made: tests/bench/peers/requirements.txt
	@test -x $(PEERS)/bin/pip || $(PYTHON) -m venv $(PEERS)
	@for try in 1 2 3; do $(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement $< && break; test $$try = 3 && exit 1; sleep 5; done
	@touch $@

bench: $(VENV)/.dev $(PEERS)/.made ## the figures of docs/benchmarks.md that tell of speed
	@$(BIN)/python -m tests.bench

chaos: $(VENV)/.dev ## whether anything is lost or doubled while processes die (SECONDS=300)
	@$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),300)

bench-quality: $(VENV)/.dev ## the figures that tell of detection (about 20 minutes)
	@$(BIN)/python -m tests.bench.surges
	@$(BIN)/python -m tests.bench.nab --data "$${CRISIS_MONITOR_DATA:-../shared/data}/nab_tweets"
	@$(BIN)/python -m tests.bench.airline --data "$${CRISIS_MONITOR_DATA:-../shared/data}/airline/mentions.csv"

stack-secrets: ## tokens and passwords for docker-compose.yml, in .secrets/; those that exist stay
	@mkdir -p -m 0700 $(SECRETS)
	@for name in database-password grafana-password ingest-token page-token; do \
	  test -s $(SECRETS)/$$name || \
	  $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(32))' > $(SECRETS)/$$name; done
	@test -s $(SECRETS)/database || \
	  printf 'postgresql://crisis_monitor:%s@postgres/crisis_monitor\n' \
	  "$$(cat $(SECRETS)/database-password)" > $(SECRETS)/database
	@chmod 0644 $(SECRETS)/*  # read by the users of the containers; nobody else enters the folder
	@echo "$(SECRETS)/: $$(ls $(SECRETS) | tr '\n' ' ')"

stack-check: stack-secrets ## whether docker-compose.yml can be read and the configuration used
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet; \
	  else docker-compose config --quiet; fi
	@$(BIN)/crisis-monitor config check dashboards/stack/monitor.toml

format: $(VENV)/.dev ## put the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
