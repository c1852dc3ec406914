# `make help` lists what there is. Everything lives in .venv; nothing is installed outside this folder.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin
DATA ?= demo
HOST ?= 127.0.0.1
PORT ?= 8000
ROUNDS ?= 10
# Processes that run tests, each with a PostgreSQL of its own; 0: none but pytest itself.
JOBS ?= 2
# What runs the Postman collection in the tests. Without Node 16 or newer that one test is skipped and says so.
NEWMAN ?= $(shell command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 16))' && echo .venv/newman.stamp)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Artel needs Python 3.11 or newer: none found. On Debian: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python has no venv module. On Debian: apt install python3-venv" >&2; exit 1; }

# One stamp per set of packages: a changed lock file installs again, an unchanged one costs nothing.
.venv/%.stamp: locks/%.txt pyproject.toml | .venv/bin/python
	@echo "Installing the packages of $<"
	@$(RUN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(RUN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/newman.stamp: tests/postman/package.json tests/postman/package-lock.json | .venv/bin/python
	@echo "Installing newman"
	@mkdir -p .venv/newman && cp $^ .venv/newman
	@cd .venv/newman && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || \
	  { echo "npm could not install newman; to do without it: make test NEWMAN=" >&2; exit 1; }
	@touch $@

.PHONY: help env demo serve check test test-clickhouse sim bench lock clean
help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

env: .venv/run.stamp ## set up the environment in .venv

demo: env ## load the demo into ./demo and serve it on 127.0.0.1:8000
	@$(RUN)/artel demo --data $(DATA)
	@ARTEL_PAYMENTS_TEST=true $(RUN)/artel serve --data $(DATA) --host $(HOST) --port $(PORT)

check: .venv/test.stamp ## formatting, lint, types, structure
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/mypy
	@$(RUN)/pytest -q tests/test_tidy.py

test: .venv/test.stamp $(NEWMAN) ## every test, on SQLite and PostgreSQL
	@$(RUN)/pytest -n $(JOBS) --dist worksteal

test-clickhouse: .venv/clickhouse.stamp ## the reports on real ClickHouse (chdb)
	@$(RUN)/pytest tests/traffic/clickhouse

sim: .venv/test.stamp ## the proofs of reliability, ROUNDS=10 times as large as in make test
	@ARTEL_PROOF_SCALE=$(ROUNDS) $(RUN)/pytest -s tests/proofs

bench: .venv/bench.stamp ## every promise that is a number, as ratios
	@$(RUN)/python -m bench

lock: ## renew the lock files (needs uv and npm)
	@scripts/lock

clean: ## remove the environment and the demo
	@rm -rf .venv demo
