# make lab    everything set up, then JupyterLab on the notebooks
#whole course only: begin
# make test   everything set up, then every test and every notebook
# make site   the course as a web site, in build/site/html; without answers: make site SOLUTIONS=no
#whole course only: end
# Needed are Python 3.11 to 3.13 and make. The environment is kept in .venv and used again.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
LAB_ARGS ?=
EXTRAS ?=

# An environment holds its folder's path: one that was moved, or whose Python is gone, is made anew.
MOVED := $(shell test "$$(cat .venv/installed 2>/dev/null)" = "$(CURDIR)" && $(BIN)/python -c "" 2>/dev/null || echo moved)

.PHONY: help lab moved
help:
	@sed -n 's/^# //p' Makefile | sed '/used again/q'

lab: .venv/installed
	@$(BIN)/python -m labs_utils start
	-@$(BIN)/python -m labs_utils doctor
	$(BIN)/jupyter lab --notebook-dir=notebooks --LabApp.default_url=/lab/tree/my $(LAB_ARGS)

#whole course only: begin
TEST_ARGS ?=
.PHONY: test
test: .venv/installed
	$(BIN)/python -m pytest $(TEST_ARGS)

SITE := build/site
SOLUTIONS ?= yes
.PHONY: site
site: .venv/site-installed
	rm -rf $(SITE) && mkdir -p $(SITE)/pages
	$(BIN)/python -m sphinx -W --keep-going --quiet -c site -D labs_solutions=$(SOLUTIONS) $(SITE)/pages $(SITE)/html
	@echo "$(SITE)/html/index.html is the start page"

.venv/site-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --editable ".[site]"
	@touch $@
#whole course only: end

.venv/installed: requirements.txt pyproject.toml $(MOVED)
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 is needed; this is $$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none): choose one of these: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(if $(MOVED),--clear) .venv
	$(BIN)/python -m pip install --quiet --editable ".$(EXTRAS)"
	@echo "$(CURDIR)" > $@
