#!/usr/bin/env bash
## lint.sh - formatting, clippy, documentation and shell scripts, warnings denied. Needs the toolchain of
## rust-toolchain.toml, make, shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo make shellcheck
section "make lint"
limit 1700 "make lint" make lint || die "formatting, clippy, the documentation or a shell script has faults (above)"
