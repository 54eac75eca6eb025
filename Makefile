# Thin: what a target does stands in scripts/.
.PHONY: run demo test build bench soak api lint setup

run: build
	@scripts/run

demo: build
	@scripts/demo

test: setup
	@scripts/test

build: setup
	@scripts/build

bench: setup
	@scripts/bench

soak: build
	@scripts/soak

api: build
	@scripts/contract

lint: setup
	@scripts/lint

setup:
	@scripts/setup
