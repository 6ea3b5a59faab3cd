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

# Trains the embedded bundle anew, part by part, and puts it where the package looks for it: about six hours of one core.
# (The shared text tower is trained apart, with `python -m editor train text --teacher FOLDER`: it needs all-MiniLM-L6-v2.)
BUNDLE := runs/avatar
TRAIN := $(BIN)/python -m editor train
train: .venv/tools
	$(TRAIN) generator --minutes 80 --bundle $(BUNDLE)
	$(TRAIN) details --minutes 36 --bundle $(BUNDLE)
	$(TRAIN) details --minutes 45 --amplify --name details2 --bundle $(BUNDLE)
	$(TRAIN) mapping --minutes 45 --bundle $(BUNDLE)
	$(TRAIN) judge --minutes 45 --bundle $(BUNDLE)
	$(TRAIN) clip --minutes 50 --bundle $(BUNDLE)
	$(TRAIN) words --minutes 5 --bundle $(BUNDLE)
	$(TRAIN) encoder --minutes 46 --bundle $(BUNDLE)
	$(TRAIN) mapper --minutes 13 --bundle $(BUNDLE)
	$(BIN)/python -m editor directions --minutes 12 --bundle $(BUNDLE)
	$(TRAIN) manifest --bundle $(BUNDLE) --to editor/bundles/avatar

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
