# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two commands matter: make demo, make test. Everything they need is installed into $(VENV).
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The collection is found under its own name wherever the clone lies.
COLLECTIONS := $(VENV)/collections
LINK := $(COLLECTIONS)/ansible_collections/exchange/hybrid_groups
STAMP := $(VENV)/.installed
KERBEROS_STAMP := $(VENV)/.kerberos
PROVIDERS := $(VENV)/providers
PROVIDERS_STAMP := $(VENV)/.providers
RULEBOOK := $(VENV)/rulebook
RULEBOOK_STAMP := $(VENV)/.rulebook

IMPORTER := $(VENV)/importer
IMPORTER_STAMP := $(VENV)/.importer
DOCS := $(VENV)/docs
DOCS_STAMP := $(VENV)/.docs

.PHONY: help setup kerberos providers

help:
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP)  ## create the virtual environment with everything demo and test need

$(STAMP): requirements.txt test-requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "ansible-core>=2.19,<2.22" -r requirements.txt -r test-requirements.txt
	mkdir -p $(dir $(LINK))
	ln -sfn $(CURDIR) $(LINK)
	touch $@

# Optional: compiled against MIT Kerberos. Without it the demo works as it is, and the tests that need it are skipped.
kerberos: setup
	@if ! command -v krb5-config >/dev/null; then \
		echo "krb5-config not found (Debian: libkrb5-dev): tests with Kerberos are skipped"; \
	else \
		$(MAKE) --no-print-directory $(KERBEROS_STAMP) || echo "Kerberos could not be installed: tests with it are skipped"; \
	fi

$(KERBEROS_STAMP): $(STAMP) tests/kerberos-requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/kerberos-requirements.txt
	touch $@

# Optional, for tests only: the DNS providers' own modules, beside the environment so that nothing else finds them.
providers: setup
	@$(MAKE) --no-print-directory $(PROVIDERS_STAMP) || echo "the DNS providers' modules could not be installed: tests with them are skipped"

$(PROVIDERS_STAMP): $(STAMP) tests/provider-requirements.txt
	rm -rf $(PROVIDERS)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-compile --target $(PROVIDERS) -r tests/provider-requirements.txt
	touch $@

# galaxy-importer brings its own versions of the linters, so it has an environment of its own.
$(IMPORTER_STAMP): tests/importer-requirements.txt | $(STAMP)
	$(PYTHON) -m venv $(IMPORTER)
	$(IMPORTER)/bin/pip install --quiet --disable-pip-version-check "ansible-core>=2.19,<2.22" -r tests/importer-requirements.txt
	touch $@

# The site's tools pull at docutils and Sphinx, so they have an environment of their own too.
$(DOCS_STAMP): docs/requirements.txt | $(STAMP)
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --disable-pip-version-check "ansible-core>=2.19,<2.22" -r docs/requirements.txt
	touch $@

# ansible-rulebook brings Java's rule engine and much else, so it has an environment of its own.
$(RULEBOOK_STAMP): requirements.txt tests/rulebook-requirements.txt | $(STAMP)
	$(PYTHON) -m venv $(RULEBOOK)
	$(RULEBOOK)/bin/pip install --quiet --disable-pip-version-check "ansible-core>=2.19,<2.22" -r requirements.txt -r tests/rulebook-requirements.txt
	touch $@

# What every target needs to find the collection and the lab.
export ANSIBLE_COLLECTIONS_PATH := $(abspath $(COLLECTIONS))
export PYTHONPATH := $(CURDIR)/tests:$(abspath $(COLLECTIONS))
# ansible-lint and antsibull-docs call ansible by name.
export PATH := $(abspath $(BIN)):$(PATH)
LAB := $(BIN)/python -m lab

.PHONY: demo test lint unit integration newest newest-tests rulebook docs galaxy sanity bench profile bench-organizations soak lab-start lab-stop lab-state clean

demo: setup  ## run the procedure against the lab, twice
	tests/demo.sh $(BIN)

test: setup lint unit integration  ## everything that has to pass

lint: setup  ## format, types, YAML, playbooks, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd $(COLLECTIONS) && $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache \
		-p ansible_collections.exchange.hybrid_groups.plugins.module_utils \
		-p ansible_collections.exchange.hybrid_groups.plugins.plugin_utils
	$(BIN)/yamllint .
	$(BIN)/ansible-lint --offline
	$(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .
	$(BIN)/antsibull-changelog lint
	$(BIN)/reuse lint --quiet

unit: kerberos providers  ## fast tests
	$(BIN)/pytest tests/unit -n 2

integration: kerberos providers  ## real ansible-playbook runs against the lab
	$(BIN)/pytest tests/integration -n 3 --dist loadgroup

docs: setup $(DOCS_STAMP)  ## build the documentation as a site in .cache/docs/html
	docs/build.sh $(abspath $(DOCS))/bin

# The newest ansible-core takes a newer Python than the oldest one that is supported.
newest:  ## the tests with the newest ansible-core, where there is a Python for it
	@for python in python3.14 python3.13 python3.12 python3 $$(ls -d $$HOME/.pyenv/versions/*/bin/python3 2>/dev/null | sort -rV); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
			$(MAKE) --no-print-directory VENV=$(VENV)/newest PYTHON=$$python newest-tests; exit; \
		fi; \
	done; echo "no Python 3.12 or newer: nothing was run with the newest ansible-core"

newest-tests: $(or $(NEEDS),kerberos providers)
	$(BIN)/pip list 2>/dev/null | grep '^ansible-core '
	$(BIN)/pytest -n 2 $(or $(UNIT),tests/unit)
	$(BIN)/pytest -n 3 --dist loadgroup $(or $(INTEGRATION),tests/integration)

rulebook: setup $(RULEBOOK_STAMP)  ## run the rulebooks with ansible-rulebook against the lab
	$(BIN)/pytest tests/integration/test_rulebooks.py

sanity: setup  ## ansible-test sanity
	tests/sanity.sh $(BIN)

galaxy: setup $(IMPORTER_STAMP)  ## build and import the collection, install it elsewhere and run the demo from there
	tests/galaxy.sh $(BIN) $(abspath $(IMPORTER))/bin

bench: setup  ## measure; text, .cache/bench.json, and plotted in .cache/bench.html; ONLY=procedure for a part
	mkdir -p .cache
	$(BIN)/python -m bench $(ONLY) --json .cache/bench.json --html .cache/bench.html

profile: setup  ## show where the processor time of a run goes
	$(BIN)/python -m bench.profile

bench-organizations: setup  ## measure a hundred organizations, whole and in slices (a quarter of an hour)
	$(BIN)/python -m bench organizations

soak: setup  ## converged runs in a row, and runs that are killed; RUNS=1000 (hours), KILLS=20
	$(BIN)/python -m bench.soak --runs $(or $(RUNS),1000) --kills $(or $(KILLS),20)

lab-start: setup  ## start the lab in the background; its inventory is .lab/inventory.yml
	$(LAB) start

lab-stop: setup  ## stop it
	$(LAB) stop

lab-state: setup  ## show what the lab's servers hold
	$(LAB) state

clean:  ## remove what the targets made
	rm -rf $(VENV) .lab .cache .mypy_cache .ruff_cache .pytest_cache .ansible
