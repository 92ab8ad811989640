#!/usr/bin/env bash
## audit.sh - Cargo.lock against the RustSec advisories. Needs cargo; cargo-audit is installed where missing.
##
## ADVISORY_DB: a directory that holds the advisories already, for agents that cannot fetch them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo
cargo_tool audit 0.22.2
section "cargo audit"
limit 300 "cargo audit" cargo audit --deny warnings ${ADVISORY_DB:+--db "$ADVISORY_DB" --no-fetch --stale} ||
  die "an advisory concerns a crate we use, or the advisories could not be had (above)"
