# `make help` lists what can be done here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help bootstrap build test conformance differential fuzz coverage demo acceptance bench docs lint layers format clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bootstrap: ## install what is missing (Debian packages, Python environment)
	@scripts/bootstrap

build: bootstrap ## build everything, debug
	swift build --build-tests

test: bootstrap ## all unit and integration tests
	@scripts/unit-tests

conformance: bootstrap ## Cedar against the public suites in $EXEQUATUR_DATA (default ../shared/data), a count for each
	@scripts/conformance

differential: bootstrap ## Cedar against the reference engine, Reach against brute force, on random cases; N=20000, SEED=1
	@scripts/differential $(or $(N),2000) $(or $(SEED),1)

fuzz: bootstrap ## fuzz every parser; SECONDS=60 for all together
	@scripts/fuzz $(or $(SECONDS),60)

coverage: bootstrap ## line coverage of Sources/Cedar by its tests
	@scripts/coverage 95

docs: ## the reference of the module Cedar, into .build/docs
	@scripts/docs

demo: ## the main job, end to end, on the embedded directory
	@scripts/bootstrap --no-python
	@scripts/demo

acceptance: bootstrap ## every acceptance/*/run, against real servers and clients
	@scripts/acceptance

bench: bootstrap ## benchmarks as ratios against a peer; ONLY=name for one
	@scripts/bench

lint: ## formatting as the formatter would have it
	swift format lint -r --strict Sources Tests Fuzz Package.swift

layers: ## no import goes up
	scripts/check-layers

format: ## format the sources in place
	swift format -r -i Sources Tests Fuzz Package.swift

clean: ## remove what builds made
	rm -rf .build .venv
