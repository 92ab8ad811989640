#!/usr/bin/env bash
## audit.sh - what we depend on: known weaknesses, licences, sources. Needs cargo and make; cargo-audit and cargo-deny are
## installed where missing.
##
## ADVISORY_DB: a directory that holds the advisories already, for agents that cannot fetch them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo make
cargo_tool audit 0.22.2
cargo_tool deny 0.20.2
section "make audit"
limit 300 "make audit" make audit ||
  die "an advisory concerns a crate we use, its licence or source is not in .ci/deny.toml, or the advisories could not be had (above)"
