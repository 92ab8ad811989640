#!/usr/bin/env bash
## lint.sh - formatting and lints of the Rust code, warnings denied. Needs the toolchain of rust-toolchain.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo
section "cargo fmt"
limit 120 "cargo fmt" cargo fmt --all --check || die "not formatted: run cargo fmt"
section "cargo clippy"
limit 1500 "cargo clippy" cargo clippy --locked --all-targets -- -D warnings || die "clippy has complaints (above)"
