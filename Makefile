# `make run` and `make test` set up everything they need; nothing else has to be done by hand.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-slow lint train setup clean

run: .venv/ready
	$(BIN)/python -m bot

test: .venv/tools lint
	$(BIN)/python -m pytest -m "not slow"

test-slow: .venv/tools
	$(BIN)/python -m pytest -m slow

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Trains the embedded bundle anew, part by part, and puts it where the package looks for it (some hours).
BUNDLE := runs/avatar
train: .venv/tools
	$(BIN)/python -m editor train generator --bundle $(BUNDLE)
	$(BIN)/python -m editor train mapping --bundle $(BUNDLE)
	$(BIN)/python -m editor train details --bundle $(BUNDLE)
	$(BIN)/python -m editor train judge --bundle $(BUNDLE)
	$(BIN)/python -m editor train clip --bundle $(BUNDLE)
	$(BIN)/python -m editor train encoder --bundle $(BUNDLE)
	$(BIN)/python -m editor directions --bundle $(BUNDLE)
	$(BIN)/python -m editor train mapper --bundle $(BUNDLE)
	$(BIN)/python -m editor train manifest --bundle $(BUNDLE) --to editor/bundles/avatar

setup: .venv/ready

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/ready: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/tools: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[train,test]"
	touch .venv/ready $@

clean:
	rm -rf .venv
