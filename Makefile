# Two commands for a fresh machine (Python 3.11 or later, make, pip): `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test suite lint types format stubs bench clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

# The types are checked beside the tests: mypy keeps one core busy and leaves the others idle.
test: lint
	$(MAKE) -j 2 types suite

suite: $(VENV)/.test
	$(BIN)/python -m pytest -q -n auto --dist worksteal

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The targets lie beside the package (`package-dir`), where mypy does not look: links put them together.
types: $(VENV)/.test
	mkdir -p $(VENV)/types/objc && find $(VENV)/types/objc -type l -delete
	cd $(VENV)/types/objc && ln -sfn ../../../objc/* . && ln -sfn ../../../targets targets
	cd $(VENV)/types && ../bin/mypy --config-file ../../pyproject.toml --package objc

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The names of the library for editors, after a change of its texts.
stubs: $(VENV)/.test
	$(BIN)/python -m objc.library._stubs

# Everything that objc bench measures, into the files that are kept: a quarter of an hour or more of a machine
# that nobody else uses (BENCH=--busy measures all the same). The losses of the tests' own file are in no library.
RESULTS := tests/bench/results
OWN := tests/bench/own.objc

bench: $(VENV)/.test
	$(BIN)/objc bench --case all $(OWN) $(BENCH) --save $(RESULTS)/table.json --plot $(RESULTS)/roofline.png
	$(BIN)/objc bench --sweep batch --sweep K -c binary_cross_entropy -c binary_focal -c cross_entropy_10 \
		-c kl_logits $(OWN):ripple $(OWN):spread_of_surprise $(BENCH) \
		--save $(RESULTS)/sweep.json --plot $(RESULTS)/sweep.png
	$(BIN)/objc bench --memory $(BENCH) --save $(RESULTS)/memory.json

clean:
	rm -rf $(VENV) build dist *.egg-info demo-output

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "objc needs Python 3.11 or later, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[demo]'
	@touch $@

# PyTorch is an oracle of the tests. The plain name would fetch gigabytes of CUDA, so its version is
# pinned and installed first.
$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(PIP) install torch==2.13.0
	$(PIP) install --editable '.[test]'
	@touch $@
