# Two commands: `make validate` judges the subject, `make test` runs every test. Both set up first.
# ARGS go to pytest: make validate ARGS='--subject FILE -k udev'. JOBS is how many tests run side by side.
PYTHON ?= python3
# `nix develop` brings an environment of its own.
VENV := $(or $(RKNN_PYTHON_ENV),.venv)
ARGS ?=
JOBS ?= 2
# Anything here: a browser is set up too, which only the tests of the HTML report need.
BROWSER ?=
# Neighbouring tests need the same boards, and the last long ones are not left to one process.
PYTEST := $(VENV)/bin/python -m pytest -n $(JOBS) --dist worksteal
# rknn-validate of this checkout, whether it is installed or not.
VALIDATE := PYTHONPATH=src $(VENV)/bin/python -m rknn_validation

# Python compiles each of its modules anew in every process where this is set.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: validate test hardware benchmark docs setup clean

validate: setup
	$(VALIDATE) -n $(JOBS) --dist worksteal $(ARGS)

test: BROWSER := yes
test: setup
	$(PYTEST) $(ARGS)

# Real nodes: make hardware ARGS='--node opi01'. See docs/run-on-my-nodes.md.
hardware: setup
	$(VALIDATE) --hardware -m hardware $(ARGS)

benchmark: setup
	$(VENV)/bin/python benchmarks/evaluation.py
	$(VENV)/bin/python benchmarks/machine.py
	$(VENV)/bin/python benchmarks/npu.py
	$(VENV)/bin/python benchmarks/fleet.py
	$(VENV)/bin/python benchmarks/hosts.py

# The pages of docs/ as a site in site/; a link or anchor that leads nowhere is an error.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict

setup:
	@./setup.sh "$(PYTHON)" "$(VENV)" $(BROWSER)

clean:
	rm -rf .venv report site
