# `make help` lists what can be done here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help bootstrap build test demo acceptance bench lint layers format clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bootstrap: ## install what is missing (Debian packages, Python environment)
	@scripts/bootstrap

build: bootstrap ## build everything, debug
	swift build --build-tests

test: bootstrap ## all unit and integration tests
	python3 -m unittest discover -q -s scripts/tests
	swift test

demo: ## the main job, end to end, on the embedded directory
	@scripts/bootstrap --no-python
	@scripts/demo

acceptance: bootstrap ## every acceptance/*/run, against real servers and clients
	@scripts/acceptance

bench: bootstrap ## benchmarks as ratios against a peer; ONLY=name for one
	@scripts/bench

lint: ## formatting as the formatter would have it
	swift format lint -r --strict Sources Tests Package.swift

layers: ## no import goes up
	scripts/check-layers

format: ## format the sources in place
	swift format -r -i Sources Tests Package.swift

clean: ## remove what builds made
	rm -rf .build .venv
