#!/usr/bin/env bash
## scan.sh - looks for known vulnerabilities in the pushed images and in what went into them (the SBOM).
##
## Uses trivy, else grype. Exit 0: nothing HIGH or CRITICAL. 1: findings, or the scanner broke; nothing is deployed.
## 3: no scanner on this agent, which pipeline.yml lets pass with a warning. The images hold one static binary and no
## package list, so what a scanner can know of the crates comes from the SBOM, which sbom.sh made from Cargo.lock.
## Environment: lib/registry.sh, BUILDKITE_BUILD_NUMBER, SCAN_TIMEOUT (seconds, 600).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh

SCAN_TIMEOUT=${SCAN_TIMEOUT:-600}

# report image|sbom TARGET FILE: the scanner's findings as JSON. COUNT, a jq program, lists the grave ones.
choose_scanner() {
  if command -v trivy >/dev/null 2>&1; then
    report() { limit "$SCAN_TIMEOUT" trivy trivy "$1" --quiet --severity HIGH,CRITICAL --format json --output "$3" "$2"; }
    GRAVE='[.Results[]?.Vulnerabilities[]? | select(.Severity == "HIGH" or .Severity == "CRITICAL") | "\(.Severity) \(.VulnerabilityID) \(.PkgName) \(.InstalledVersion)"] | unique[]'
  elif command -v grype >/dev/null 2>&1; then
    report() {
      local target=registry:$2
      [ "$1" = image ] || target=sbom:$2
      limit "$SCAN_TIMEOUT" grype grype --quiet --output json --file "$3" "$target"
    }
    GRAVE='[.matches[]? | select(.vulnerability.severity == "High" or .vulnerability.severity == "Critical") | "\(.vulnerability.severity | ascii_upcase) \(.vulnerability.id) \(.artifact.name) \(.artifact.version)"] | unique[]'
  else
    return 1
  fi
}

build_identity
registry_settings
registry_login
work_dir
if ! choose_scanner; then
  meta_set scan skipped
  printf 'The images of build %s were **not scanned**: this agent has neither trivy nor grype. Install one of them.\n' "$BUILD" | annotate warning scan
  printf 'no trivy and no grype on this agent: the images were not scanned (exit 3, a soft failure)\n' >&2
  exit 3
fi

findings=
for component in api web; do
  digest=$(built_digest "$component") || exit
  image=$(image_name "$component")@$digest
  section "Scan $image"
  if dry_run; then
    say "would scan it"
    continue
  fi
  sbom=sbom/task-tracker-$component.cdx.json
  if have_agent; then
    limit 120 "buildkite-agent artifact download" buildkite-agent artifact download "$sbom" "$WORK" || true
    sbom=$WORK/$sbom
  fi
  if [ ! -s "$sbom" ]; then
    meta_set scan failed
    die "the SBOM ${sbom##*/} is missing: the step sbom did not upload it (by hand: .buildkite/steps/sbom.sh). Nothing is deployed."
  fi
  if ! report image "$image" "$WORK/image.json" || ! report sbom "$sbom" "$WORK/sbom.json"; then
    meta_set scan failed
    die "the scanner could not do its work (above). That says nothing about the images, but what is not scanned is not deployed. Press Retry."
  fi
  found=$(jq -r "$GRAVE" "$WORK/image.json" "$WORK/sbom.json" | sort -u)
  [ -z "$found" ] || findings+="$component:"$'\n'"$found"$'\n'
done

if [ -n "$findings" ]; then
  meta_set scan findings
  printf '%s' "$findings"
  { printf '**HIGH or CRITICAL vulnerabilities; nothing is deployed:**\n\n<pre>%s</pre>\n' "$(escape_html <<<"$findings")"; } | annotate error scan
  die "HIGH or CRITICAL vulnerabilities in the images (above). Nothing is deployed. Update what they name (cargo update, base image) and push."
fi
dry_run || meta_set scan clean
say "nothing HIGH or CRITICAL"
