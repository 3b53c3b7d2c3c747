# Everything here runs from a fresh clone on Debian or Ubuntu with Python 3.11 or later: `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.requirements.sha256
# The tools and all they start find the environment's programs first.
export PATH := $(CURDIR)/$(BIN):$(PATH)
INSTALLED := GROUNDWORK_COLLECTIONS=$(CURDIR)/build/collections

.PHONY: help venv build demo playground test gates fix molecule senlin-up senlin-down test-senlin test-controller test-clients matrix \
        chaos mutants test-eda test-ways bench docs test-browser record ee release changelog clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(READY) ## make .venv with all that the other targets need (PYTHON=... names the interpreter)

$(READY): requirements.txt requirements-dev.txt tools/venv
	@tools/venv

build: $(READY) ## build the collection's artifact and install it into build/collections
	@$(BIN)/python tools/artifact.py

demo: build ## run the playbook twice against three simulated servers; FAULTS=1 lets them drop and garble replies
	@$(INSTALLED) $(BIN)/python tools/demo.py $(if $(FAULTS),--faults) $(ARGS)

playground: build ## leave the simulated servers running with a ready inventory and environment, and print what to try
	@$(INSTALLED) $(BIN)/python tools/playground.py $(ARGS)

test: $(READY) ## run the unit, property, simulator and integration tests on the built artifact (ARGS="-k name")
	@$(BIN)/python tools/run_tests.py $(ARGS)

gates: $(READY) ## check what is generated, and words; run ansible-test sanity, ansible-lint, antsibull, ruff, mypy (ARGS="sanity" for one)
	@$(BIN)/python tools/gates.py $(ARGS)

fix: $(READY) ## write what is generated (CONTRIBUTING.md lists it), and let ruff repair what it can
	@$(BIN)/python tools/generate.py && $(BIN)/ruff check --quiet --fix .

molecule: build ## run the scenario of each role against the simulated servers, twice each
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build/collections $(BIN)/molecule test --all $(ARGS)

senlin-up: $(READY) ## start a real Keystone and a real Senlin
	@tests/services/senlin/up.sh

senlin-down: ## stop them
	@tests/services/senlin/down.sh

test-senlin: build ## run the cluster modules against a real Keystone and a real Senlin
	@$(INSTALLED) $(BIN)/python -m pytest tests/senlin -n 2 --dist loadfile $(ARGS)

test-controller: build ## configure a simulated AWX by awx.awx, export it by awxkit, and run jobs with its credentials (needs the package index once)
	@$(INSTALLED) tests/awx/run $(ARGS)

test-clients: build ## let independent clients (pylxca, opsmanager, curl, openstacksdk) talk to the simulators
	@$(INSTALLED) tests/clients/run $(ARGS)

matrix: $(READY) ## run the tests with each supported ansible-core on each Python found (ARGS="2.18 2.21")
	@$(BIN)/python tools/matrix.py $(ARGS)

chaos: build ## count what gets lost, doubled, leaked or wrong under faults and kills; QUICK=1 for a short run, SEED=1 draws others
	@$(INSTALLED) $(BIN)/python tests/chaos/run.py $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED)) $(ARGS)

mutants: build ## break safety rules one at a time, then MUTATIONS=40 random places drawn by SEED, and show which test notices
	@$(INSTALLED) $(BIN)/python tests/mutants/run.py $(ARGS)
	@$(BIN)/python tests/mutants/random_mutations.py --count $(or $(MUTATIONS),40) $(if $(SEED),--seed $(SEED))

test-eda: build ## let the real engine, ansible-rulebook, run rulebooks with the event sources (needs Java; apt-get gets it)
	@$(INSTALLED) tests/eda/run $(ARGS)

test-ways: build ## run the integration suite both ways, in the controller and as modules, and compare every result
	@$(INSTALLED) $(BIN)/python tests/integration/ways/run.py $(ARGS)

bench: build ## measure against the budgets and write docs/performance.md
	@$(INSTALLED) PYTHONPATH=tests $(BIN)/python tests/benchmark/run.py $(ARGS)

docs: $(READY) ## build the documentation site into build/docs/html
	@$(BIN)/python tools/docs.py

test-browser: docs build ## open every page of the site, and the reports of runs, in Chromium at two widths; screenshots in build/screenshots
	@$(INSTALLED) tests/browser/run $(ARGS)

record: build ## record the shapes of replies of a real server, without secrets (ARGS="--help")
	@$(INSTALLED) $(BIN)/python tools/record.py $(ARGS)

ee: build ## build an execution environment and run a play in it, where buildah is there or can be installed
	@$(INSTALLED) $(BIN)/python tests/ee/run.py $(ARGS)

release: $(READY) ## make and verify the files of a release in build/release (GROUNDWORK_RELEASE_KEY names the key)
	@$(BIN)/python tools/release.py

changelog: $(READY) ## turn the fragments into the release of galaxy.yml's version
	@$(BIN)/antsibull-changelog release

clean: ## remove all that make has made
	@rm -rf build .cache .ansible collections .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/output $(VENV)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
