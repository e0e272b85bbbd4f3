# A newcomer's two commands are `make demo` and `make test`; each prepares what it needs.

export PATH := $(CURDIR)/.venv/bin:$(PATH)
environment := sh scripts/environment.sh
lock := uv pip compile --universal --generate-hashes --all-extras -q
pytest := pytest -n 2 --dist loadfile

.PHONY: help env demo test test-full check bench soak lock test-env

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+: .*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

env: ## lay out .venv with what the gateway needs at run time
	@$(environment) runtime

demo: ## run the demo; options in ARGUMENTS
	@$(environment) demo
	@kundengraph demo $(ARGUMENTS)

test: test-env ## run the tests; options in ARGUMENTS
	@$(pytest) $(ARGUMENTS)

test-full: test-env ## run the tests with 10,000 cases for each law
	@KUNDENGRAPH_CASES=10000 $(pytest) $(ARGUMENTS)

check: ## lint, formatting, types, direction of imports
	@$(environment) tests
	ruff check .
	ruff format --check .
	mypy
	lint-imports

bench: ## measure the scenarios; options in ARGUMENTS
	@$(environment) tests
	@python -m bench $(ARGUMENTS)

soak: test-env ## random faults under load, compared with a model; options in ARGUMENTS
	@python -m tests.soak $(ARGUMENTS)

lock: ## pin all requirements again, as they stand in pyproject.toml
	@$(environment) tests
	$(lock) --group dev pyproject.toml -o requirements-dev.lock
	$(lock) pyproject.toml -o requirements.lock -c requirements-dev.lock

test-env:
	@$(environment) tests
	@$(environment) servers
	@$(environment) web
