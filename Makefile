# `make run` and `make test` set up everything they need; nothing else has to be done by hand.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-slow lint train train-avatar train-critters setup clean

run: .venv/ready
	$(BIN)/python -m bot

test: .venv/tools lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" --numprocesses 2 --dist loadfile

test-slow: .venv/tools .venv/cluster
	$(BIN)/python -m pytest -m slow

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Trains the embedded bundles anew, part by part, and puts them where the package looks for them: about six hours of one
# core for the avatars, two and a half for the critters (those that come along had half an hour: see their record.json).
# (The shared text tower is trained apart, with `python -m editor train text --teacher FOLDER`: it needs all-MiniLM-L6-v2.)
TRAIN := $(BIN)/python -m editor train
train: train-avatar train-critters

train-avatar: BUNDLE := runs/avatar
train-avatar: .venv/tools
	$(TRAIN) generator --minutes 80 --bundle $(BUNDLE)
	$(TRAIN) details --minutes 36 --bundle $(BUNDLE)
	$(TRAIN) details --minutes 45 --amplify --name details2 --bundle $(BUNDLE)
	$(TRAIN) mapping --minutes 45 --bundle $(BUNDLE)
	$(TRAIN) attribute-classifier --minutes 45 --bundle $(BUNDLE)
	$(TRAIN) clip --minutes 50 --bundle $(BUNDLE)
	$(TRAIN) text-head --minutes 5 --bundle $(BUNDLE)
	$(TRAIN) encoder --minutes 46 --bundle $(BUNDLE)
	$(TRAIN) mapper --minutes 13 --bundle $(BUNDLE)
	$(TRAIN) directions --minutes 12 --bundle $(BUNDLE)
	$(TRAIN) manifest --bundle $(BUNDLE) --to editor/bundles/avatar

train-critters: SMALL := --runs runs/of-critters --bundle runs/critters
train-critters: .venv/tools
	$(TRAIN) generator --domain critters --minutes 36 --channel-base 2048 --channel-max 128 $(SMALL)
	$(TRAIN) details --minutes 10 --amplify $(SMALL)
	$(TRAIN) mapping --minutes 12 --layers 5 --features 384 $(SMALL)
	$(TRAIN) attribute-classifier --minutes 14 --width 0.4 $(SMALL)
	$(TRAIN) clip --minutes 26 --width 0.5 $(SMALL)
	$(TRAIN) text-head --minutes 1 --width 0.5 $(SMALL)
	$(TRAIN) encoder --minutes 14 --width 0.4 $(SMALL)
	$(TRAIN) mapper --minutes 6 --width 0.7 $(SMALL)
	$(TRAIN) directions --minutes 4 $(SMALL)
	$(TRAIN) manifest --to editor/bundles/critters $(SMALL)

setup: .venv/ready

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/ready: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/tools: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[train,test]"
	touch .venv/ready $@

# Ray is large and only the tests of the cluster need it; they are skipped, with a line, where it cannot be had.
.venv/cluster: .venv/tools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cluster]" \
	  && touch $@ || echo "Ray cannot be installed here: the cluster goes untested"

clean:
	rm -rf .venv
