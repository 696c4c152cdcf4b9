# make build: set up, run the main job at demo scale.  make test: set up, run the tests.  make full: the whole file.
# make docs: set up, build the documentation into site/.
SHELL := /bin/bash
.DEFAULT_GOAL := build
READY := .venv/.ready

.PHONY: build full test lint docs clean

build: $(READY)
	@.venv/bin/microplex-spec build scale=demo

full: $(READY)
	@.venv/bin/microplex-spec build scale=full

test: $(READY)
	@.venv/bin/python -m pytest

lint: $(READY)
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

clean:
	rm -rf .venv runs/.store runs/.cache site

$(READY): pyproject.toml constraints.txt .python-version
	@bash -c 'set -euo pipefail; \
	python=""; \
	for candidate in python3.13 python3 python; do \
	  if $$candidate -c "import sys; sys.exit(sys.version_info[:2] != (3, 13))" 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ] && command -v uv >/dev/null; then python="$$(uv python find 3.13 2>/dev/null || true)"; fi; \
	if [ -z "$$python" ]; then \
	  echo "This project needs Python 3.13 and found none. Install it (pyenv install 3.13, uv python install 3.13, or your system'"'"'s python3.13 with its venv module) and run make again." >&2; exit 1; \
	fi; \
	[ -x .venv/bin/python ] || $$python -m venv .venv; \
	echo "installing the pinned dependencies into .venv (about three minutes the first time)"; \
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,docs]"; \
	touch $(READY)'
