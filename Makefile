# Two commands are enough: `make study` and `make test`. Another Python: make study PYTHON=python3.12
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The environment's own pip; where Debian keeps ensurepip apart there is none, and the system's works on it from outside.
PIP = $$($(BIN)/python -m pip --version >/dev/null 2>&1 && echo $(BIN)/python -m pip || echo $(PYTHON) -m pip --python $(BIN)/python)
INSTALL = $(PIP) install --quiet --disable-pip-version-check

# Versions and hashes only: where packages come from is for each machine's own pip settings to say.
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --exclude-newer "7 days" \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make pins" pyproject.toml

PYTEST = $(BIN)/pytest --numprocesses auto --dist loadfile

# What the referee needs, from Debian: R is not needed to run the tests, only to make the figures they compare with.
R_PACKAGES = r-base-core r-cran-mass r-cran-sandwich r-cran-lme4 r-cran-mgcv r-cran-epitools r-cran-clubsandwich \
	r-cran-survival r-cran-cmprsk r-cran-etm r-cran-metafor \
	r-cran-surveillance r-cran-spdep r-cran-spdata r-cran-vgam r-cran-vegan r-cran-pscl

.PHONY: help study test test-all check lint types contracts docs bench power referee referee-python pins weigh
.DELETE_ON_ERROR:

help:
	@echo "make study      install the core and run the main job on the simulated industry"
	@echo "make test       install what the tests need and run all that are not slow"
	@echo "make test-all   run every test"
	@echo "make check      lint, types, import contracts, docs, then make test: what .ci/run runs"
	@echo "make lint | types | contracts | docs    one part of it"
	@echo "make bench      run the benchmarks"
	@echo "make power      simulate anew how strong a harm must be to be seen, and draw it (an hour or so)"
	@echo "make referee    install R and make the figures in tests/referee/r anew (Debian, as root)"
	@echo "make referee-python     the same of the Python packages that the tests compare with"
	@echo "make pins       choose the newest versions that fit and pin them in requirements/"
	@echo "make weigh      what the install weighs on disk, and what imports cost"

study: $(VENV)/core.done
	$(BIN)/welfare study us-slaughter --simulated --out out/simulated

test: $(VENV)/dev.done
	@.ci/install-browser
	$(PYTEST) -m "not slow"

test-all: $(VENV)/dev.done
	@.ci/install-browser
	$(PYTEST)

check: lint types contracts docs test

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(VENV)/dev.done
	$(BIN)/mypy

contracts: $(VENV)/dev.done
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/dev.done
	@rm -rf docs/reference/generated  # a module that has moved leaves its page behind
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/core.done
	@for script in benchmarks/*.py; do \
		if [ -f "$$script" ]; then echo "== $$script"; $(BIN)/python "$$script" || exit 1; else echo "There is no benchmark yet."; fi; \
	done

power: $(VENV)/dev.done
	@for script in docs/power/*.py; do \
		if [ "$$script" != docs/power/draw.py ]; then echo "== $$script"; $(BIN)/python "$$script" || exit 1; fi; \
	done
	$(BIN)/python docs/power/draw.py

referee:
	@dpkg -s $(R_PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(R_PACKAGES) >/dev/null; }
	@cd tests/referee/r && for script in *.R; do echo "== $$script"; Rscript --vanilla "$$script" || exit 1; done

# Two environments: PySensemakr breaks on pandas 3, diff-diff and pyfixest want it.
referee-python:
	@$(PYTHON) -m venv $(VENV)/referee && $(VENV)/referee/bin/python -m pip install --quiet --disable-pip-version-check \
		"diff-diff==3.13.*" "pyfixest==0.60.*" "dlnmpy==0.8.*" "statsmodels==0.15.*"
	@$(PYTHON) -m venv $(VENV)/referee-pandas2 && $(VENV)/referee-pandas2/bin/python -m pip install --quiet \
		--disable-pip-version-check "PySensemakr==0.0.8" "pandas<3" statsmodels
	@cd tests/referee && for script in *_reference.py; do echo "== $$script"; \
		case "$$script" in robustness*) python=referee-pandas2 ;; *) python=referee ;; esac; \
		$(abspath $(VENV))/$$python/bin/python "$$script" || exit 1; done

pins: | $(BIN)/python
	@$(INSTALL) uv
	$(PIN) --group build --output-file requirements/core.txt
	$(PIN) --group build --extra dev --constraint requirements/core.txt --output-file requirements/dev.txt

weigh: $(VENV)/core.done
	@echo "MB on disk:"; du -sm $(VENV)/lib*/python*/site-packages/* | sort -rn | head -20
	@echo "s to import, alone in a fresh process, second time:"
	@for name in welfare numpy pandas scipy.stats pyarrow geopandas matplotlib.pyplot statsmodels.api formulaic numba pandera.pandas pydantic rich cyclopts; do \
		$(BIN)/python -c "import $$name" && $(BIN)/python -c "import time; start = time.perf_counter(); import $$name; print(f'{time.perf_counter() - start:8.2f}  $$name')"; \
	done

# What follows is files: each is made once, and again only when what it is made from changes.

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
		{ echo "welfare needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 ..."; exit 2; }
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/core.done: requirements/core.txt pyproject.toml | $(BIN)/python
	@echo "Installing the core (about 250 MB to fetch the first time)"
	@$(INSTALL) --require-hashes --requirement requirements/core.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/core.done
	@echo "Installing what the tests need"
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@touch $@
