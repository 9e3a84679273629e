# Everything runs in the project's own environment, made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
JAVA := $(if $(JAVA_HOME),$(JAVA_HOME)/bin/java,java)
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-header --strip-extras --allow-unsafe
DEMO ?= demo-desk

.PHONY: help setup demo test long check format bench bench-full docs lock clean
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make the environment in .venv from the pinned packages

$(READY): requirements.lock requirements-spark.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "deskmeter needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@if $(JAVA) -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])'; then \
		echo "installing PySpark, about 450 MB"; \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock \
			|| echo "PySpark could not be installed: the engine spark is left out; make -B setup tries again"; \
	else \
		echo "no Java 17 or later: the engine spark is left out (Debian: apt-get install openjdk-17-jre-headless)"; \
	fi
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q src # or each start compiles what it loads, where Python may not write byte code itself
	@echo "compiling the steps of a build, once" # or the first import would wait for it
	@home=$$(mktemp -d) && { $(BIN)/deskmeter init --desk $$home/desk && $(BIN)/deskmeter build --desk $$home/desk; } \
		> $$home/said 2>&1 || { cat $$home/said; exit 1; }; rm -r $$home
	@touch $@

demo: $(READY) ## invent a company and print what a manager would read
	$(BIN)/deskmeter demo $(DEMO)

test: $(READY) ## run every test
	$(BIN)/pytest -n 2 --dist worksteal

long: $(READY) ## the same with the long forms: 10,000 histories and kills
	DESKMETER_LONG=1 $(BIN)/pytest -n 2 --dist worksteal --long

check: $(READY) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure imports, builds and questions against references, at quick sizes
	$(BIN)/python benchmarks/run.py

bench-full: $(READY) ## the same at full sizes, up to ten million events
	$(BIN)/python benchmarks/run.py --full

docs: $(READY) ## write the pages that are made from the code
	$(BIN)/python docs/make_metrics.py
	$(BIN)/python docs/make_testing.py

lock: $(READY) ## pin all packages anew
	$(COMPILE) --extra dev -o requirements.lock pyproject.toml
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"], sep="\n")' | $(COMPILE) -o requirements-spark.lock -

clean: ## remove the environment and the demo desk
	rm -rf $(VENV) $(DEMO)
