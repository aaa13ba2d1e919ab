# `make help` lists what there is. Ports and folders: CARE_PREFECT_PORT, CARE_SANDBOX_PORT, CARE_DOCS_PORT, CARE_HOME (README).
PYTHON ?= python3
TEST_PROCESSES ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help up live down demo test lint bench score learn verify-journal check-data clean

help: ## Say what each target does
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

up: .venv/installed ## Start everything: records, Prefect, sandbox, deployments, worker (Ctrl-C stops it all)
	@$(BIN)/python -m deployments.up

live: .venv/installed ## The same against the real X and Facebook, with the credentials in Prefect's blocks
	@$(BIN)/python -m deployments.up --live

down: .venv/installed ## Stop every process that make up or make live started here
	@$(BIN)/python -m deployments.down

demo: .venv/installed ## Play a compressed day in about two minutes and print what happened
	@$(BIN)/python -W ignore -m deployments.demo

test: .venv/installed-dev ## Run every test (lint, types and import contracts are tests too), TEST_PROCESSES=2 at a time
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone

lint: .venv/installed-dev ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev ## Measure intake, the rules and the follow-ups, in one run
	@$(BIN)/python -W ignore -m tests.bench.run

score: .venv/installed ## Measure how well texts and accounts are recognised; LEXICONS=folder shows what an edited copy changes
	@$(BIN)/python -m deployments.score $(if $(LEXICONS),--lexicons "$(LEXICONS)")

learn: .venv/installed ## Learn the weights of texts anew from the labelled sample (after an edit of lexicons or sample)
	@$(BIN)/python -m deployments.learn

verify-journal: .venv/installed ## Check that the journal still says what was written; name the first broken entry
	@$(BIN)/python -m deployments.verify_journal

check-data: .venv/installed ## Check what people edit in data/: work instruction, units, answers, lexicons, desk files
	@$(BIN)/python -m deployments.seed --check

clean: ## Remove the virtual environment and caches; .care/ (the records) stays
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/installed: requirements.lock pyproject.toml
	@echo "Installing the locked dependencies into .venv (a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
