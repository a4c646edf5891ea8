# make demo    everything once, on the sample content: previews and letters to look at
# make test    everything CI runs
# make check   formatting, style, types and architecture
# make format  let ruff put the code in order

PYTHON ?= python3
BIN := .venv/bin
EXTRAS := bounces,dkim,postgres,s3,web
DIGEST := $(BIN)/digest --config content/digest.toml
# The sample articles were written for this Monday.
MONDAY := 2026-11-23T08:00+01:00

.PHONY: demo test check format clean

demo: .venv/demo
	@$(DIGEST) subscribers import wind-and-water content/subscribers.csv
	@$(DIGEST) subscribers import street-and-table content/subscribers-street-and-table.csv
	@$(DIGEST) preview --at $(MONDAY) --out preview
	@$(DIGEST) send --at $(MONDAY)
	@$(DIGEST) status
	@echo
	@echo "Previews: preview/index.html"
	@echo "Letters:  outbox/ ($$(ls outbox/*.eml | wc -l) .eml files)"

test: check
	$(BIN)/pytest --numprocesses auto --dist worksteal $(PYTEST_OPTIONS)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv preview outbox pictures-cache digest.db digest.db-shm digest.db-wal digest.db.lock digest.db.journals

.venv/bin/pip:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip

.venv/demo: .venv/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]' --group dev
	@touch $@
