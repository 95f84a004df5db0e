# One door for every task. Needs git, make and Python 3.11 or newer; everything else is installed into .venv.
# Written for GNU make 3.81 (macOS) as well. Installers talk on stderr, so stdout belongs to the command.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV := UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip
LOCK := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate

.PHONY: help setup fmt lint types imports test bench torture mutate prove demo pictures lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo      the sandbox and Lockstep together, until Ctrl-C   (ARGS=\"--once --json\" settles and stops)"
	@echo "make test      the whole test suite                             (ARGS goes to pytest)"
	@echo "make lint      ruff, import contracts      make types   mypy --strict      make fmt   format the code"
	@echo "make bench     counts and ratios           make torture kills at work      make mutate, make prove"
	@echo "make pictures  the README's pictures       make lock    compile requirements/*.in anew"
	@echo "make setup     the environment alone"

# --- the environment: each stamp stands for an installed lock -----------------------------------------------

.venv/.bootstrap: requirements/bootstrap.txt requirements/check_python.py
	@$(PYTHON) requirements/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		-r requirements/bootstrap.txt >&2
	@touch $@

.venv/.runtime: .venv/.bootstrap requirements/runtime.txt pyproject.toml
	@$(UV) install --quiet --require-hashes --only-binary :all: -r requirements/runtime.txt >&2
	@$(UV) install --quiet --no-build-isolation --no-deps --editable . >&2
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@$(UV) install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt >&2
	@touch $@

setup: .venv/.dev

# --- what people run ----------------------------------------------------------------------------------------

demo: .venv/.runtime
	@$(BIN)/lockstep demo $(ARGS)

test: .venv/.dev
	@$(BIN)/pytest -n auto --dist loadfile $(ARGS)

fmt: .venv/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: .venv/.dev imports
	@$(BIN)/ruff check .

imports: .venv/.dev
	@$(BIN)/lint-imports

types: .venv/.dev
	@$(BIN)/mypy

bench: .venv/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

torture: .venv/.dev
	@$(BIN)/python -m tests.torture $(ARGS)

mutate: .venv/.dev
	@$(BIN)/python -m tests.mutate $(ARGS)

prove: .venv/.dev
	@LOCKSTEP_TEST_HISTORIES=$${LOCKSTEP_TEST_HISTORIES:-10000} \
		$(BIN)/pytest tests/property --hypothesis-profile=prove -n auto --dist load $(ARGS)

pictures: .venv/.dev
	@$(BIN)/python -m tests.e2e.pictures

# --- upkeep -------------------------------------------------------------------------------------------------

lock: .venv/.bootstrap
	@cd requirements && for name in bootstrap runtime dev; do \
		../$(BIN)/$(LOCK) $$name.in --output-file $$name.txt || exit 1; done

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
