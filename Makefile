# make run    sets everything up and starts the application
# make test   the same set-up, then all tests
# make bench  what figures are promised for, as ratios measured in one run
# make check  style, types, layers, migrations, translations
PYTHON ?= python3
VENV := .venv/bin
# -I: only the standard library, whatever lies about in the environment or beside the file
SETUP := @$(PYTHON) -I allocapp/cli/bootstrap.py

.PHONY: run test bench check setup lock messages

run:
	$(SETUP)
	@$(VENV)/python -m allocapp.cli.serve --end-with-parent

test:
	$(SETUP)
	@$(VENV)/python -m tests.run $(ARGS)

bench:
	$(SETUP)
	@$(VENV)/python -m tests.bench

check:
	$(SETUP)
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo
	$(VENV)/python -m tests.check_migrations
	$(VENV)/python -m tests.check_translations

setup:
	$(SETUP)

# after a change of requirements.in; needs uv
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --quiet requirements.in --output-file requirements.txt

# after a change of a text: brings new messages into the catalogue, to be translated there
messages:
	$(VENV)/python -m tests.check_translations --update
