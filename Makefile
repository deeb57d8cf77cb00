# Every target does all of its own set-up: it needs Python 3.11 or newer and make, nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= auto
EXAMPLE := examples/gradient_computations

.PHONY: help demo bench bench-peers bench-page test full lint types unit versions clean

help:
	@echo "make demo      runs the example notebook; sets its figures beside TensorFlow's"
	@echo "make bench     gradtape and its peers, side by side (installs them by make bench-peers)"
	@echo "make bench-page   writes docs/benchmarks.md and its pictures from benchmarks/history"
	@echo "make test      lint, types and tests (the whole suite with fixed samples)"
	@echo "make full      the same with the full counts"

$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "gradtape needs Python 3.11, 3.12 or 3.13 on the PATH"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.demo: pyproject.toml
	@test -n "$(PYTHON)" || { echo "gradtape needs Python 3.11, 3.12 or 3.13 on the PATH"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[notebook]'
	$(BIN)/python -m compileall -q src
	@touch $@

demo: $(VENV)/.demo
	@mkdir -p out
	$(BIN)/gradtape run $(EXAMPLE).ipynb --compare $(EXAMPLE).golden.json \
		-o out/gradient_computations.ipynb --html out/gradient_computations.html
	@$(BIN)/python tools/figures.py out/gradient_computations.ipynb $(EXAMPLE).golden.json
	@echo "The executed notebook and its page: out/gradient_computations.{ipynb,html}"

# The peers live in environments of their own. TF221_PYTHON, TF212_PYTHON and PEERS_PYTHON name
# interpreters that hold them already; PEER_PIP takes further arguments of pip (another index, ...).
PEER_PYTHON ?= python3.11
TF221_PYTHON ?= .bench/tf221/bin/python
TF212_PYTHON ?= .bench/tf212/bin/python
PEERS_PYTHON ?= .bench/peers/bin/python

define peer_environment
	$(PEER_PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(PEER_PIP) $(2)
endef

.bench/tf221/bin/python:
	$(call peer_environment,.bench/tf221,tensorflow-cpu==2.21.0)

.bench/tf212/bin/python:
	$(call peer_environment,.bench/tf212,tensorflow-cpu==2.12.0 'numpy<1.24' nbclient nbformat ipykernel)

.bench/peers/bin/python:
	$(call peer_environment,.bench/peers,torch==2.13.0 jax==0.10.2 autograd==1.9.1)

bench-peers: $(TF221_PYTHON) $(TF212_PYTHON) $(PEERS_PYTHON)

bench: $(VENV)/.demo bench-peers
	TF221_PYTHON=$(TF221_PYTHON) TF212_PYTHON=$(TF212_PYTHON) PEERS_PYTHON=$(PEERS_PYTHON) \
		$(BIN)/python -m benchmarks.run $(BENCH)

bench-page: $(VENV)/.installed
	$(BIN)/python -m benchmarks.page

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/basedpyright --level error

# The browser tests need Chromium and this; where npm is absent they are skipped (with CI=true they fail).
node_modules/.installed: package.json package-lock.json
	@if command -v npm >/dev/null 2>&1; then \
		npm ci --no-audit --no-fund --loglevel=error && touch $@; \
	else \
		echo "npm is not on the PATH: the browser tests will be skipped"; \
	fi || echo "npm ci failed: the browser tests will be skipped"

unit: $(VENV)/.installed node_modules/.installed
	$(BIN)/python -m pytest -n $(WORKERS) -m "not full"

test: lint types unit versions

full: lint types node_modules/.installed
	$(BIN)/python -m pytest -n $(WORKERS)
	$(MAKE) versions OTHER_TESTS=tests

# The other versions of Python that the machine has run the engine's tests, each in an environment of its own.
OTHER_TESTS ?= tests/core tests/transforms tests/backends/test_runtime.py tests/backends/test_rows.py tests/cards tests/ops tests/lib tests/keras tests/random tests/insight

versions: $(VENV)/.installed
	@for p in $$(tools/pythons.sh "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"); do \
		v=$(VENV)-$$($$p -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "tests with $$($$p -V)"; \
		$$p -m venv $$v && \
		$$v/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' && \
		$$v/bin/python -m pytest -q -n $(WORKERS) -m "not full" $(OTHER_TESTS) || exit 1; \
	done

clean:
	rm -rf $(VENV) $(VENV)-3.* node_modules .bench .pytest_cache .ruff_cache out
