# Each target is one line; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
WITH_SERVERS := $(BIN)/python -m polyphemus_site.embedded run

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.venv/running: requirements.txt analyst/pyproject.toml
	$(PYTHON) -m venv .venv && $(PIP_INSTALL) -r requirements.txt && touch $@

.venv/ready: .venv/running requirements-dev.txt
	$(PIP_INSTALL) -r requirements-dev.txt && touch $@

node_modules/ready: package-lock.json .venv/ready
	PATH=$(CURDIR)/$(BIN):$$PATH npm ci --silent --no-audit --no-fund && touch $@

install: .venv/ready  ## build .venv with everything that is needed

demo: .venv/running  ## play the whole story between real processes, then stay up (ONCE=1: then stop)
	$(WITH_SERVERS) -- $(BIN)/python manage.py demo $(if $(ONCE),--once)

test: .venv/ready node_modules/ready  ## the whole suite, browser and journeys included
	$(WITH_SERVERS) --fresh -- $(BIN)/python -m pytest $(ARGS)

screenshots: .venv/ready node_modules/ready  ## a picture of what each browser test saw last, in screenshots/
	SCREENSHOTS=$(CURDIR)/screenshots $(WITH_SERVERS) --fresh -- $(BIN)/python -m pytest tests/browser $(ARGS)

lint: .venv/ready node_modules/ready  ## ruff, import rules, templates, widgets
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/lint-imports && $(BIN)/djlint --check --lint . && PATH=$(CURDIR)/$(BIN):$$PATH npm run --silent lint

types: .venv/ready  ## mypy, strict, without its cache
	$(BIN)/mypy --cache-dir=/dev/null .

docs: .venv/ready  ## build the documentation, strict
	$(BIN)/mkdocs build --strict --quiet

MESSAGES := --no-location --no-wrap --ignore '.venv/*' --ignore 'node_modules/*' --ignore 'tests/*' --ignore 'site/*'
messages: .venv/ready  ## gather every sentence into locale/, and compile what is translated (needs gettext)
	$(BIN)/python manage.py makemessages --all $(MESSAGES) && $(BIN)/python manage.py compilemessages --ignore .venv --verbosity 0

bench: .venv/ready  ## every benchmark against its floor: a table and bench-results.json
	$(WITH_SERVERS) --fresh -- $(BIN)/python -m tests.bench $(ARGS)

.PHONY: help install demo test screenshots lint types docs messages bench
