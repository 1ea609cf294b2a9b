# docsvc: `make help` lists what can be done. Every target sets the machine up first.
.DEFAULT_GOAL := help
.PHONY: help run demo test check lint bench setup setup-test
MAKEFLAGS += --no-print-directory

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

run: setup ## the whole service on this machine, with sample documents and accounts; Ctrl-C stops it
	@echo "docsvc: starting, and making the sample documents"
	@exec uv run -q docsvc serve --demo

demo: setup ## issue the sample documents into var/demo/ and verify them
	@uv run -q docsvc issue templates/*/cases/valid-1.json --out var/demo
	@uv run -q docsvc verify var/demo/*.pdf

test: setup-test ## the whole suite: checks, unit, integration, e2e, conformance
	@$(MAKE) lint
	@uv run -q pytest -q -n 2 --dist loadfile -m 'not sweep' tests

check: lint ## format, lint, types, layers, dependencies, spelling, unit tests
	@uv run -q pytest -q -n 2 --dist loadfile -m 'not sweep' tests/unit

lint:
	@uv run -q ruff format --check -q .
	@uv run -q ruff check -q .
	@uv run -q mypy
	@uv run -q lint-imports --no-logo
	@uv run -q deptry . --no-ansi
	@uv run -q codespell docsvc templates certs tests docker *.md Makefile

bench: setup ## ms a stage and documents a second, against one process a step
	@uv run -q python -m tests.bench.bench

setup:
	@docker/setup.sh run

setup-test:
	@docker/setup.sh test
