# Every target is one command; those of several steps live in .ci/.
.DEFAULT_GOAL := help
.PHONY: help run test lint audit images test-images torture bench test-pipeline test-rollout

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## build and start both services here; Ctrl-C ends both
	@.ci/serve

test: ## everything that needs only Rust, and the browser tests where chromium is found
	@.ci/test

lint: ## formatting, clippy, documentation, shell scripts, and what both crates share; warnings denied
	@.ci/lint

audit: ## known weaknesses, licences and sources of what we depend on; needs cargo-audit and cargo-deny
	@.ci/audit

images: ## build both production images
	@.ci/build-images

test-images: ## check both images and the Compose stack against a Docker engine
	@.ci/test-images

torture: ## faults, crashes, power cuts, hand-overs, backups under load, and attacks from outside, the long form
	@.ci/torture

bench: ## measure against a bare handler; BENCH="page mixed" for some, see .ci/bench
	@.ci/bench $(BENCH)

test-pipeline: ## the Buildkite pipeline and the rollout scripts, without network
	@.ci/test-pipeline

test-rollout: ## from a push to a live revision, with an engine, a registry and az; STAND_INS=DIR, see .ci/test-rollout
	@.ci/test-rollout
