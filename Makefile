# `make demo` and `make test` do all the set-up they need on a machine with Python 3.10 to 3.12.
#   VENV=path    another place for the environment          PYTHON=path   the interpreter to make it with
#   DATA=path    a real data set for the demo               TESTS=path    only these tests
#   JOBS=n       processes of the tests, at most 4 (as many as cores)
VENV ?= .venv
PYTHON ?=
DATA ?=
TESTS ?=
JOBS ?= auto
RUN := $(VENV)/bin/python

export PYTHON
# One thread a process: tests are small, and there are as many processes as cores.
test test-long: export OMP_NUM_THREADS ?= 1
# No test or demo needs the network.
test test-long: export HF_HUB_OFFLINE = 1

.DEFAULT_GOAL := help
.PHONY: help env demo test test-long lint types pytest docs clean

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'
	@sed -n 's/^#   /  /p' $(MAKEFILE_LIST)

env:  ## Create or update the environment (.venv).
	@for p in "$$PYTHON" python3 python3.12 python3.11 python3.10; do \
		[ -n "$$p" ] && "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null \
		&& exec "$$p" tools/setup_env.py --venv "$(VENV)"; \
	done; echo "[set-up] error: found no Python. Install Python 3.10, 3.11 or 3.12." >&2; exit 1

demo: env  ## Train, evaluate and map a scene on synthetic data, or on DATA=path.
	$(RUN) tools/demo.py $(if $(DATA),--data "$(DATA)")

test: env lint types pytest  ## Lint, types and all tests but the long ones (offline).

lint: env  ## Check style.
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: env  ## Check types.
	$(RUN) -m mypy

pytest: env
	$(RUN) -m pytest --numprocesses $(JOBS) --maxprocesses 4 --dist loadfile --durations=15 $(TESTS)

test-long: env  ## The tests that train for minutes, or with several processes.
	$(RUN) -m pytest -m long --durations=0 $(TESTS)

docs: env  ## Build the documentation site into site/, warnings are errors.
	$(RUN) -m mkdocs build --strict

clean:  ## Remove caches, runs and the site; the environment stays.
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis build site
