# shellcheck shell=bash
## registry.sh - names, login and digests of the images.
##
## Needs common.sh, docker with buildx, jq.
##   REGISTRY       ghcr.io
##   GHCR_OWNER     the organisation or user, lower case; must be set on ghcr.io, else acme as in compose.yaml
##   GHCR_USERNAME, GHCR_TOKEN   who pushes; must be set on ghcr.io, else optional

REGISTRY_TIMEOUT=${REGISTRY_TIMEOUT:-60}

registry_settings() {
  REGISTRY=${REGISTRY:-ghcr.io}
  if [ "$REGISTRY" = ghcr.io ]; then
    need GHCR_OWNER GHCR_USERNAME GHCR_TOKEN
  elif [ -n "${GHCR_USERNAME:-}${GHCR_TOKEN:-}" ]; then
    need GHCR_USERNAME GHCR_TOKEN
  fi
  GHCR_OWNER=${GHCR_OWNER:-acme}
  [[ $GHCR_OWNER =~ ^[a-z0-9]+([._/-][a-z0-9]+)*$ ]] ||
    die "GHCR_OWNER is '$GHCR_OWNER'; image names are lower case. Nothing was done."
  export REGISTRY GHCR_OWNER
  need_tool docker jq timeout
}

# image_name api|web
image_name() { printf '%s/%s/task-tracker-%s' "$REGISTRY" "$GHCR_OWNER" "$1"; }

# The immutable tag of this build. What a pull request builds is named so that nobody takes it for deployable.
image_tag() {
  if is_pull_request; then
    printf 'pr-%s-b%s-%s' "$BUILDKITE_PULL_REQUEST" "$BUILD" "$SHA7"
  else
    printf 'b%s-%s' "$BUILD" "$SHA7"
  fi
}

# Logs in with a configuration of this job's own, so that no other job on this agent gets the credentials.
registry_login() {
  [ -n "${GHCR_TOKEN:-}" ] || return 0
  local home=${DOCKER_CONFIG:-${HOME:-/nonexistent}/.docker} output
  work_dir
  mkdir -p "$WORK/docker"
  [ ! -d "$home/cli-plugins" ] || ln -sfn "$home/cli-plugins" "$WORK/docker/cli-plugins"
  export BUILDX_CONFIG=${BUILDX_CONFIG:-$home/buildx} DOCKER_CONFIG=$WORK/docker
  output=$(printf '%s' "$GHCR_TOKEN" |
    limit "$REGISTRY_TIMEOUT" "docker login" docker login "$REGISTRY" --username "$GHCR_USERNAME" --password-stdin 2>&1) || {
    printf '%s\n' "$output" >&2
    die "login to $REGISTRY as $GHCR_USERNAME failed. Nothing was done. If the registry answers at all, GHCR_TOKEN is wrong, expired or lacks write:packages."
  }
  unset GHCR_TOKEN
}

# digest_of REFERENCE: prints sha256:...; 1 where the registry says there is none, 2 where it did not say (the
# reason is on standard error).
digest_of() {
  local answer status=0
  answer=$(limit "$REGISTRY_TIMEOUT" "the registry" docker buildx imagetools inspect "$1" --format '{{json .Manifest}}' 2>&1) || status=$?
  if [ "$status" -eq 0 ]; then
    jq -er .digest <<<"$answer" 2>/dev/null && return
    printf 'no digest in the answer for %s: %s\n' "$1" "$answer" >&2
  elif [[ $answer =~ ": not found"|"manifest unknown"|"MANIFEST_UNKNOWN" ]]; then
    return 1
  else
    printf '%s: %s\n' "$1" "${answer##*ERROR: }" >&2
  fi
  return 2
}

# revision_of REFERENCE: the commit its labels name, empty where they name none.
revision_of() {
  local answer
  answer=$(limit "$REGISTRY_TIMEOUT" "the registry" docker buildx imagetools inspect "$1" --format '{{json .Image}}') || return 1
  jq -r '(.config // (to_entries[0].value.config)).Labels["org.opencontainers.image.revision"] // empty' <<<"$answer"
}

# built_digest api|web: prints the digest this build pushed; says why and fails where there is none.
built_digest() {
  local variable=${1^^}_DIGEST digest reference status=0
  digest=$(meta_get "digest-$1" "$variable") || die "the digest of the $1 image could not be read from the build's meta-data. Nothing was done."
  if [ -z "$digest" ] && dry_run; then
    say "dry run: no $1 image was pushed; a digest of zeros stands for it" >&2
    printf 'sha256:%064d\n' 0
    return
  fi
  [ -n "$digest" ] || die "there is no digest of the $1 image: the step build-$1 did not push one (by hand: set $variable). Nothing was done."
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$digest' is no digest of the $1 image. Nothing was done."
  reference=$(image_name "$1")@$digest
  digest_of "$reference" >/dev/null || status=$?
  case $status in
    0) printf '%s\n' "$digest" ;;
    1) die "$reference is not in the registry, so nobody could pull it. Nothing was done. Run build-$1 again." ;;
    *) die "$REGISTRY does not answer for $reference (above). Nothing was done. Press Retry once it does." ;;
  esac
}
