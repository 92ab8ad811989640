#!/usr/bin/env bash
## sbom.sh - writes what goes into each binary, from Cargo.lock, as CycloneDX into sbom/ and uploads it as artifacts.
##
## An SBOM made by looking at the image would be empty: it holds one static binary and no package list.
## Needs cargo, jq; cargo-cyclonedx is installed where missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh

need_tool cargo jq
cargo_tool cyclonedx 0.5.9
section "SBOM of both binaries"
limit 300 cargo-cyclonedx cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename sbom.cdx ||
  die "cargo-cyclonedx failed (above)"
mkdir -p sbom
for component in api web; do
  mv "crates/$component/sbom.cdx.json" "sbom/task-tracker-$component.cdx.json"
  say "sbom/task-tracker-$component.cdx.json: $(jq '.components | length' "sbom/task-tracker-$component.cdx.json") components"
done
if have_agent; then
  change limit 120 "buildkite-agent artifact upload" buildkite-agent artifact upload 'sbom/*.cdx.json'
fi
