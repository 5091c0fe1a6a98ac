# `make demo` and `make test` need nothing but a Python: the virtual environment sets itself up.
# PIP_EXTRA_INDEX_URL and PIP_FIND_LINKS are honoured by pip, so a CPU build of torch or a local
# mirror is chosen in the environment (README, "Which build of torch").

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$p" && break; done)

DEMO_PHOTO := examples/photos/coffee.jpg
DEMO_STYLE := examples/styles/swirls.jpg

.PHONY: help venv demo test check lint bench plugins dist docs clean

help:
	@echo "make demo   stylize examples/photos/coffee.jpg and say where the picture is"
	@echo "make test   linters, type checker and all tests"
	@echo "make check  linters, type checker and the quick unit tests: two minutes, for the edit loop"
	@echo "make lint   formatter, linters and type checker only"
	@echo "make bench  measure this machine"
	@echo "make plugins  pack the editors' plug-ins into dist/"
	@echo "make dist   build the wheel, and the plug-ins with all that installs the engine from inside the editor"
	@echo "make docs   build the pages of docs/ into site/, strictly"
	@echo "make venv   set up $(VENV) and nothing else"
	@echo "make clean  remove $(VENV), caches and out/"

venv: $(STAMP)

$(STAMP): pyproject.toml bench/pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Scumble needs Python 3.10 or newer: install it, or name it with make PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]' -e 'bench[openvino]'
	@touch $@

# The daemon is stopped again when it was not running before.
demo: $(STAMP)
	@mkdir -p out; \
	$(BIN)/scumble daemon status >/dev/null 2>&1 && was_running=yes || was_running=; \
	echo "scumble stylize $(DEMO_PHOTO) --style $(DEMO_STYLE) -o out/demo.jpg"; \
	$(BIN)/scumble stylize $(DEMO_PHOTO) --style $(DEMO_STYLE) -o out/demo.jpg; code=$$?; \
	test -n "$$was_running" || $(BIN)/scumble daemon stop; \
	test $$code -ne 0 || echo "The picture is $(CURDIR)/out/demo.jpg"; \
	exit $$code

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

# Each process has one thread for torch: more of them would wait for each other.
check: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not slow" tests/unit

# With JOBS=2 the editors' tests, which mostly wait for a window, are all in one of two processes.
JOBS ?= 1
test: lint
	$(BIN)/pytest $(if $(filter-out 1,$(JOBS)),-n $(JOBS) --dist loadscope --no-loadscope-reorder)

bench: $(STAMP)
	$(BIN)/scumble bench

plugins: $(STAMP)
	$(BIN)/scumble plugins build dist

# SYSTEMS="linux-x86_64 linux-aarch64 windows macos-arm64" builds the plug-ins for others than this one.
dist: $(STAMP)
	$(BIN)/python tools/dist.py $(SYSTEMS)

docs: $(STAMP)
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) out build dist site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
