# Two commands: `make validate` judges the subject, `make test` runs every test. Both set up first.
PYTHON ?= python3
VENV := .venv
PYTEST := $(VENV)/bin/python -m pytest

.PHONY: validate test setup clean

setup:
	@./setup.sh "$(PYTHON)" "$(VENV)"

validate: setup
	$(PYTEST) -m verdict

test: setup
	$(PYTEST)

clean:
	rm -rf $(VENV) report
