#!/usr/bin/env bash
## release.sh - gives the images built for the git tag v1.2.3 the tags 1.2.3, 1.2 and 1.
##
## 1.2.3 is never moved. 1.2 and 1 only move forward: a fix to an old line does not take them back.
## Environment: BUILDKITE_TAG, lib/registry.sh, BUILDKITE_BUILD_NUMBER, DRY_RUN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh

build_identity
need BUILDKITE_TAG
! is_pull_request || die "a release never comes from a pull request. Nothing was done."
[[ $BUILDKITE_TAG =~ ^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]] ||
  die "the tag $BUILDKITE_TAG is no release: it must look like v1.2.3. Nothing was done."
MAJOR=${BASH_REMATCH[1]} MINOR=${BASH_REMATCH[2]} VERSION=${BUILDKITE_TAG#v}

# newest_release PATTERN: the highest release among this checkout's git tags that PATTERN (a glob) matches.
newest_release() { git tag --list "$1" | grep -E '^v[0-9]+\.[0-9]+\.[0-9]+$' | sort -V | tail -n 1; }

registry_settings
need_tool git
registry_login
limit 120 "git fetch" git fetch --quiet --tags origin || die "the tags of the repository could not be had. Nothing was done. Press Retry."
declare -A FIXED
for component in api web; do
  FIXED[$component]=$(built_digest "$component") || exit
  status=0
  existing=$(digest_of "$(image_name "$component"):$VERSION") || status=$?
  [ "$status" -ne 2 ] || die "$REGISTRY does not answer (above). Nothing was done. Press Retry once it does."
  [ "$status" -ne 0 ] || [ "$existing" = "${FIXED[$component]}" ] ||
    die "$(image_name "$component"):$VERSION exists already as $existing and releases are never moved. Nothing was done. Make a new version."
done

tags=("$VERSION")
[ "$(newest_release "v$MAJOR.$MINOR.*")" != "$BUILDKITE_TAG" ] || tags+=("$MAJOR.$MINOR")
[ "$(newest_release "v$MAJOR.*")" != "$BUILDKITE_TAG" ] || tags+=("$MAJOR")
for component in api web; do
  name=$(image_name "$component")
  section "$name: ${tags[*]}"
  change limit "$REGISTRY_TIMEOUT" "the registry" docker buildx imagetools create "${tags[@]/#/--tag=$name:}" "$name@${FIXED[$component]}" ||
    die "the release tags of $name could not be written. Press Retry: what is there already stays as it is."
done
