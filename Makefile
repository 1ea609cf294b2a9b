# docsvc: `make help` lists what can be done. Every target sets the machine up first.
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench setup setup-test
MAKEFLAGS += --no-print-directory

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

run: demo ## issue the sample documents (see demo)

demo: setup ## issue the six sample documents into var/demo/ and verify them
	@uv run -q docsvc demo --out var/demo

test: setup-test ## the whole suite: checks, unit, integration, e2e, conformance
	@$(MAKE) check
	@uv run -q pytest -q tests

check: ## format, lint, types, layers, dependencies, spelling, unit tests
	@uv run -q ruff format --check -q .
	@uv run -q ruff check -q .
	@uv run -q mypy
	@uv run -q lint-imports --no-logo
	@uv run -q deptry . --no-ansi
	@uv run -q codespell docsvc templates certs tests docker *.md Makefile
	@uv run -q pytest -q tests/unit

bench: setup ## ms a stage and documents a second, against one process a step
	@uv run -q python -m tests.bench

setup:
	@docker/setup.sh run

setup-test:
	@docker/setup.sh test
