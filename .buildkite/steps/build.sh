#!/usr/bin/env bash
## build.sh api|web - builds one image and pushes it, once, under an immutable tag.
##
## Tag: b<build>-<sha7>; of a pull request pr-<number>-b<build>-<sha7>. The digest goes to the build's meta-data
## (digest-api, digest-web). A retried job finds the tag and builds nothing. Runs by hand:
##   REGISTRY=127.0.0.1:5055 BUILDKITE_BUILD_NUMBER=1 .buildkite/steps/build.sh api
## Needs docker with buildx, jq, git. Environment: see lib/registry.sh; BUILDKITE_BUILD_NUMBER, BUILDKITE_COMMIT,
## BUILD_TIMEOUT (seconds, 1800), DRY_RUN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh

component=${1:-}
case $component in
  api | web) ;;
  *) die "usage: build.sh api|web" ;;
esac

# The plain docker driver can neither attest nor write a registry cache unless the engine keeps images in containerd.
choose_builder() {
  [ -z "${BUILDX_BUILDER:-}" ] || return 0
  case $(limit 30 "docker info" docker info --format '{{json .DriverStatus}}') in
    *io.containerd.snapshotter*) return 0 ;;
  esac
  export BUILDX_BUILDER=task-tracker
  limit 60 "docker buildx inspect" docker buildx inspect "$BUILDX_BUILDER" >/dev/null 2>&1 ||
    change limit 300 "docker buildx create" docker buildx create --name "$BUILDX_BUILDER" --driver docker-container --driver-opt network=host >/dev/null
}

main() {
  local name tag digest status=0 created version source arguments
  build_identity
  registry_settings
  need_tool git
  registry_login
  name=$(image_name "$component") tag=$(image_tag)

  section "Is $name:$tag in the registry already?"
  digest=$(digest_of "$name:$tag") || status=$?
  case $status in
    0)
      [ "$(revision_of "$name@$digest")" = "$COMMIT" ] ||
        die "$name:$tag exists and was built from another commit. Tags are never moved; was this pipeline's build number reset?"
      say "yes, $digest: nothing is built again"
      meta_set "digest-$component" "$digest"
      return
      ;;
    1) say "no" ;;
    *) die "$REGISTRY does not answer (above). Nothing was done. Press Retry once it does." ;;
  esac

  section "Build $name:$tag"
  choose_builder
  created=$(git log -1 --format=%cI "$COMMIT")
  version=${BUILDKITE_TAG:-$tag}
  source=${BUILDKITE_REPO:-$(git remote get-url origin 2>/dev/null || true)}
  source=$(sed -E 's#^git@([^:]+):#https://\1/#; s#//[^/@]*@#//#; s#\.git$##' <<<"$source")
  work_dir
  arguments=(
    --file "$component.Dockerfile" --push --provenance=mode=max --metadata-file "$WORK/metadata.json"
    --tag "$name:$tag"
    --build-arg "GIT_SHA=$COMMIT" --build-arg "VERSION=${version#v}" --build-arg "CREATED=$created" --build-arg "SOURCE=$source"
    --build-arg "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$COMMIT")"
    --label "org.opencontainers.image.revision=$COMMIT" --label "org.opencontainers.image.source=$source"
    --cache-from "type=registry,ref=$name:buildcache"
  )
  # Only main writes the cache: a pull request must not be able to put layers into main's next image.
  if ! is_pull_request && [ -z "${BUILDKITE_TAG:-}" ] && [ "${BUILDKITE_BRANCH:-}" = "${BUILDKITE_PIPELINE_DEFAULT_BRANCH:-main}" ]; then
    arguments+=(--cache-to "type=registry,ref=$name:buildcache,mode=max,ignore-error=true")
  fi
  change limit "${BUILD_TIMEOUT:-1800}" "the image build" docker buildx build "${arguments[@]}" . ||
    die "building or pushing $name:$tag failed (above). Nothing is deployed. Press Retry once the cause is gone."
  dry_run && return

  digest=$(jq -er '."containerimage.digest"' "$WORK/metadata.json") || die "buildx reported no digest for $name:$tag"
  [ "$(digest_of "$name:$tag")" = "$digest" ] || die "$REGISTRY does not answer $digest for $name:$tag: the push was not kept"
  meta_set "digest-$component" "$digest"
  say "pushed $name:$tag@$digest"
}

main
