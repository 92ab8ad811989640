#!/usr/bin/env bash
## test.sh - every test that needs only Rust, and the browser tests where chromium is found. Needs make and what it says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo make
section "make test"
limit 2400 "make test" make test || die "tests failed (above)"
