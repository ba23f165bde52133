# Run `make` or `make help` to see what there is. Everything installs into .venv; what Penstock itself keeps (its
# database, keys) stands in its data folder: docs/settings.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
CORPUS ?= ../shared/corpora
SNAPSHOTS ?= .corpus
WORKERS ?= 2
BREAKER_STEPS ?= 60000
SECONDS ?= 120

help: ## Show what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Penstock needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@grep -A50 '^uv==' requirements.lock | awk 'NR>1 && !/^ /{exit} {print}' > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP) ## Install everything into .venv
demo: $(STAMP) ## Generate a pipeline for a copy of examples/payment-api and show every step
	@mkdir -p build
	@test -d build/payment-api || cp -R examples/payment-api build/payment-api
	@$(BIN)/penstock generate "Create CI/CD pipeline for payment-api" --repo build/payment-api

serve: $(STAMP) ## Start the server with its own PostgreSQL and Valkey
	@$(BIN)/penstock serve

check: $(STAMP) ## Format, lint, types, imports, policies: under three minutes
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest tests/test_house.py tests/unit/policy -n $(WORKERS)

check-policies: $(STAMP) ## Rego with opa and regal where they are installed (the embedded engine's run is in check)
	@export PATH="$$PATH:$$HOME/go/bin"; cd src/penstock/library/policies; \
	if command -v opa >/dev/null; then \
		test -z "$$(opa fmt --list penstock)" || { echo "opa fmt: not formatted:"; opa fmt --list penstock; exit 1; }; \
		opa check --strict penstock && opa test penstock data && opa test --threshold 100 penstock data >/dev/null \
			|| { echo "opa: a check failed, or the tests do not cover every line (opa test --coverage penstock data)"; exit 1; }; \
		echo "opa: formatted, strict, all tests pass, 100 % covered"; \
	else echo "opa: not installed, so its checks did not run (go install github.com/open-policy-agent/opa@latest)"; fi; \
	if command -v regal >/dev/null; then regal lint . && echo "regal: clean"; \
	else echo "regal: not installed, so its checks did not run"; fi

test: $(STAMP) ## All tests, with real PostgreSQL, Valkey and git
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-breaker: $(STAMP) ## Compare the circuit breaker with its model over BREAKER_STEPS (60,000) steps; print what was met
	@BREAKER_STEPS=$(BREAKER_STEPS) $(BIN)/python -m pytest tests/integration/generation/test_breaker_model.py

test-deadline: $(STAMP) ## One run with the specification's own durations: a model that hangs, answers under 45.5 s
	@REAL_TIME=1 $(BIN)/python -m pytest -rP tests/faults/test_model_deadline.py

test-crashes: $(STAMP) ## Kill the server at 13 places in every way; print what became of each
	@CRASHES=full $(BIN)/python -m pytest -rP tests/faults/test_crash_points.py

test-mutants: $(STAMP) ## Take away one guard at a time; a test must notice each
	@$(BIN)/python tests/guard_mutants.py

format: $(STAMP) ## Format and fix what can be fixed
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet . || true

bench: $(STAMP) ## Print the speed and size table
	@$(BIN)/python benchmarks/run.py

soak: $(STAMP) ## Break three servers for SECONDS (120), then look for lost promises and second commits (SEED repeats the dice)
	@$(BIN)/python benchmarks/soak.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

eval-detection: $(STAMP) ## Score detection (CORPUS=truth folder, SNAPSHOTS=laid-out repositories)
	@$(BIN)/python benchmarks/eval_detection.py --corpus $(CORPUS) --snapshots $(SNAPSHOTS)

eval-intent: $(STAMP) ## Score what sentences are understood to ask for (ARGS=--model asks the model, --write-docs renews docs)
	@$(BIN)/python benchmarks/eval_intent.py $(ARGS)

eval-pipelines: $(STAMP) ## Make pipelines of real repositories and judge every file (SNAPSHOTS=laid-out repositories)
	@$(BIN)/python benchmarks/corpus_pipelines.py --snapshots $(SNAPSHOTS)

lock: $(STAMP) ## Pin every dependency with hashes (after a change in pyproject.toml)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-header \
		--no-emit-index-url --no-annotate pyproject.toml -o requirements.lock

.PHONY: help install demo serve check check-policies test test-breaker test-deadline test-crashes test-mutants format bench soak eval-detection eval-intent eval-pipelines lock
