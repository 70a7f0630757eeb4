# Two commands make everything: `make book` and `make test`. `make help` lists the others.
#
# They need only python (3.11 or newer) and make. Where pip would find a CUDA build of torch, the
# environment variable PIP_EXTRA_INDEX_URL can point it to PyTorch's CPU builds.

PROFILE ?= paper
SAMPLE ?= 3
MINUTES ?= 10
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/installed
UNFINISHED := $(VENV)/unfinished
CHAPTERS := $(wildcard book/*.ipynb)

ifneq ($(PROFILE),quick)
ifneq ($(PROFILE),paper)
$(error PROFILE must be quick or paper, not '$(PROFILE)')
endif
endif

.DEFAULT_GOAL := help
.PHONY: help book test lab figures reproduce verify status bench endure fuzz clean setup
# Targets share .venv and _build; parallelism is inside the commands (JOBS).
.NOTPARALLEL:

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo "Variables: PROFILE=paper|quick (now $(PROFILE)), JOBS=number of processes (now $(JOBS)), SAMPLE=runs to retrain, MINUTES=of fuzz."

# The paper's protocol is read from data/; quick is trained here.
book: $(if $(filter quick,$(PROFILE)),figures,setup)  ## execute the chapters and build the HTML book
	$(PYTHON) -m spm.compendium.site.build -p profile $(PROFILE) --jobs $(JOBS)

test: setup  ## lint, types, layers and tests
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m nbstripout --verify $(CHAPTERS)
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

lab: setup  ## open the chapters in JupyterLab
	cd book && ../$(PYTHON) -m jupyterlab

figures: setup  ## train a small version of every curve from scratch and draw the figures
	$(PYTHON) -m spm run all --profile quick --jobs $(JOBS)

reproduce: setup  ## run the paper's whole protocol from scratch (more than an hour); writes data/
	$(PYTHON) -m spm reproduce --jobs $(JOBS)

verify: setup  ## retrain a sample of the runs in data/ and play every kept policy
	$(PYTHON) -m spm verify --sample $(SAMPLE) --jobs $(JOBS)

status: setup  ## say which runs in _build are done, missing or stale
	$(PYTHON) -m spm status --profile $(PROFILE)

bench: setup  ## measure visits per second
	$(PYTHON) -m benchmarks.speed

endure: setup  ## the tests that take minutes: whole grids, killed and resumed, on clusters and full disks
	$(PYTHON) -m pytest -m endurance tests

# SEED=k repeats the inputs of a search, ONLY=n one of them.
fuzz: setup  ## try random command lines, settings, records and stores for MINUTES
	$(PYTHON) tests/fuzzing.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

clean:  ## remove _build: the book and all its runs (neither .venv nor data)
	rm -rf _build

# The stamp holds what the environment was installed from. If the lock, pyproject.toml or the folder changes, it
# differs, and packages are updated in place. An environment is removed only if it bears the mark of an installation
# that was interrupted here; one made by hand is never deleted.
setup:
	@found=; \
	if { echo '$(CURDIR)'; cat requirements.lock pyproject.toml; } | cmp -s - $(STAMP) && $(PYTHON) -c ''; then exit 0; fi; \
	if test -e $(UNFINISHED); then rm -rf $(VENV); fi; \
	if ! test -e $(VENV); then \
	    for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	        if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	    done; \
	    if test -z "$$found"; then echo "make: this needs python 3.11 or newer, and none was found on the PATH" >&2; exit 1; fi; \
	    echo "Making $(VENV) with $$($$found --version)"; \
	    mkdir $(VENV) && touch $(UNFINISHED); \
	    $$found -m venv $(VENV) || { echo "make: $$found could not make a virtual environment; does it lack the module venv (Debian: python3-venv)?" >&2; exit 1; }; \
	fi; \
	if ! $(PYTHON) -m pip --version >/dev/null 2>&1; then echo "make: $(VENV) has no working pip; remove that folder and try again" >&2; exit 1; fi; \
	echo "Installing the packages of requirements.lock into $(VENV) (a few minutes)"; \
	rm -f $(STAMP); \
	$(PYTHON) -m pip install -r requirements.lock && $(PYTHON) -m pip install --no-deps -e . \
	    || { echo "make: the packages of requirements.lock could not be installed; see pip's message above" >&2; exit 1; }; \
	{ echo '$(CURDIR)'; cat requirements.lock pyproject.toml; } > $(STAMP); \
	rm -f $(UNFINISHED)
