#!/usr/bin/env bash
## smoke.sh - starts exactly the pushed digests with compose.yaml and uses them: commit, health, one task's life.
##
## Needs docker with compose, curl, jq. The images come from the registry, on whatever agent this runs; ports are chosen
## by the engine, so that two builds can run on one agent. Environment: lib/registry.sh, BUILDKITE_BUILD_NUMBER,
## API_DIGEST and WEB_DIGEST by hand, DRY_RUN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh
# shellcheck source=.buildkite/lib/page.sh
. .buildkite/lib/page.sh
# shellcheck source=.buildkite/lib/site.sh
. .buildkite/lib/site.sh

# stack SECONDS COMMAND...: docker compose with the pushed digests in place of what compose.yaml names.
stack() { limit "$1" "docker compose $2" docker compose --project-name "$PROJECT" --file compose.yaml --file "$WORK/digests.yaml" "${@:2}"; }
take_down() { stack 90 down --volumes --timeout 10 >/dev/null 2>&1; }

fail() {
  section "Logs of the stack"
  stack 60 logs --no-color --tail 60 2>&1 || true
  die "$1. Nothing is deployed. The logs above say more."
}

build_identity
registry_settings
need_tool curl
registry_login
work_dir
digest=$(built_digest api) || exit
API_IMAGE=$(image_name api)@$digest
digest=$(built_digest web) || exit
WEB_IMAGE=$(image_name web)@$digest
PROJECT=smoke-b$BUILD-r$RETRY-$SHA7
cat >"$WORK/digests.yaml" <<YAML
services:
  api:
    image: $API_IMAGE
    build: !reset null
  web:
    image: $WEB_IMAGE
    build: !reset null
    ports: !override ["127.0.0.1::5000"]
    # What is tried below is tried as anybody can.
    environment: {SIGN_IN: none}
YAML

section "Start $API_IMAGE and $WEB_IMAGE"
if dry_run; then
  say "would run: docker compose up with these two images, then add, toggle and delete a task"
  exit 0
fi
at_exit take_down
stack 300 pull --quiet ||
  fail "the pushed images could not be pulled"
stack 150 up --detach --no-build --wait --wait-timeout 120 ||
  fail "the stack did not become healthy"

section "Ask it"
for image in "$API_IMAGE" "$WEB_IMAGE"; do
  version=$(limit 60 "$image --version" docker run --rm "$image" --version) || fail "$image --version failed"
  say "$version"
  [[ $version == *"$COMMIT"* ]] || fail "$image says it is '$version', not commit $COMMIT"
done
site=http://$(stack 30 port web 5000)
seen=
site_wait "$site" "$COMMIT" 60 seen || fail "web did not answer as $COMMIT within 60 s; last seen: $seen"
site_probe "$site" "Smoke probe b$BUILD-$SHA7" || fail "a task could not be added, marked done and deleted"
say "web answers as $COMMIT; a task was added, marked done and deleted"
