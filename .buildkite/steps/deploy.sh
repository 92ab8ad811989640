#!/usr/bin/env bash
## deploy.sh - rolls this build's images out, api first, looks at the live site, and puts both back if anything is wrong.
##
## Ends well only when the public address answers as this commit and a task lived through it. A second deploy of the
## same commit changes nothing. Never replaces a newer build; ALLOW_OLDER=1 does, for a return to an older build.
## By hand, logged in by a service principal's secret:
##   BUILDKITE_BUILD_NUMBER=43 BUILDKITE_COMMIT=... API_DIGEST=sha256:... WEB_DIGEST=sha256:... .buildkite/steps/deploy.sh
## Environment: lib/registry.sh, lib/azure.sh; SITE_TIMEOUT (120 s, the new commit at the public address),
## WEB_URL (where the public address is not the app's own), DRY_RUN=1 (asks Azure, prints the changes).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh
# shellcheck source=.buildkite/lib/azure.sh
. .buildkite/lib/azure.sh
# shellcheck source=.buildkite/lib/page.sh
. .buildkite/lib/page.sh
# shellcheck source=.buildkite/lib/site.sh
. .buildkite/lib/site.sh

SITE_TIMEOUT=${SITE_TIMEOUT:-120}
# By app: what serves now; what to go back to, as image, build and commit; what this deploy made.
declare -A WAS_REVISION WAS_IMAGE BACK_IMAGE BACK_BUILD BACK_SHA7 NEW_REVISION
CHANGING=

main() {
  work_dir
  at_exit cut_off # after work_dir, so that it runs while the login is still there
  section "What is to be deployed"
  build_identity
  only_on_main "a deploy"
  registry_settings
  azure_settings
  check_name_lengths
  check_scan
  registry_login
  digest=$(built_digest api) || exit
  API_IMAGE=$(image_name api)@$digest
  digest=$(built_digest web) || exit
  WEB_IMAGE=$(image_name web)@$digest
  say "commit $COMMIT, build $BUILD"
  say "$API_APP: $API_IMAGE"
  say "$WEB_APP: $WEB_IMAGE"

  section "What is live"
  azure_login
  look_at "$API_APP"
  look_at "$WEB_APP"
  find_site
  if is_live_already; then
    verify_site
    finish unchanged "Commit $SHA7 was live already: nothing was changed. $SITE answers as it, and a task could be added, marked done and deleted."
    return
  fi
  refuse_older
  choose_way_back

  roll_out "$API_APP" "$API_IMAGE"
  roll_out "$WEB_APP" "$WEB_IMAGE"
  section "Ask $SITE"
  verify_site
  CHANGING=
  finish live "Commit $SHA7 (build $BUILD) is live at $SITE: it answers as this commit, and a task could be added, marked done and deleted."
}

# Azure allows 54 characters for APP--SUFFIX; the longest suffix is the one that puts an older build back.
check_name_lengths() {
  local app longest=b${BUILD}u${BUILD}r${RETRY}00-$SHA7
  for app in "$API_APP" "$WEB_APP"; do
    [ $((${#app} + 2 + ${#longest})) -le 54 ] ||
      die "$app--$longest is longer than the 54 characters Azure allows for a revision: give the app a shorter name. Nothing was done."
  done
}

# The scan step is allowed to fail softly where no scanner is installed; findings must stop a deploy all the same.
check_scan() {
  local verdict
  verdict=$(meta_get scan SCAN) || die "the outcome of the scan could not be read. Nothing was done."
  case $verdict in
    findings | failed) die "the scan of the images did not pass ($verdict; see its step). Nothing was done; the live service is untouched." ;;
  esac
}

# What serves now, which is what to go back to: the latest *ready* revision, not the latest.
look_at() {
  local app=$1 state mode revision
  state=$(show_app "$app") || die "$app in $RESOURCE_GROUP could not be read (above). Nothing was done. Where it does not exist yet, run azure/provision.sh."
  mode=$(jq -r '.properties.configuration.activeRevisionsMode' <<<"$state")
  [ "${mode,,}" = single ] ||
    die "$app is in $mode revision mode, so a new revision would get no traffic by itself. Nothing was done. End the experiment: az containerapp revision set-mode -g $RESOURCE_GROUP -n $app --mode single"
  revision=$(jq -r '.properties.latestReadyRevisionName // empty' <<<"$state")
  WAS_REVISION[$app]=$revision WAS_IMAGE[$app]=
  if [ -z "$revision" ]; then
    warn "$app has never been ready: there is nothing to go back to"
    return
  fi
  state=$(show_revision "$app" "$revision") || die "revision $revision of $app could not be read (above). Nothing was done."
  WAS_IMAGE[$app]=$(by_digest "$(jq -er '.properties.template.containers[0].image' <<<"$state")")
  say "$app: $revision, ${WAS_IMAGE[$app]}"
}

# by_digest IMAGE: an image named by tag (the first one, from provision.sh) by its digest, so that going back is exact.
by_digest() {
  local digest
  if [[ $1 != *@* ]] && digest=$(digest_of "$1"); then
    printf '%s@%s' "${1%:*}" "$digest"
  else
    printf '%s' "$1"
  fi
}

find_site() {
  local fqdn
  if [ -n "${WEB_URL:-}" ]; then
    SITE=${WEB_URL%/}
  else
    fqdn=$(show_app "$WEB_APP" | jq -er '.properties.configuration.ingress | select(.external) | .fqdn') ||
      die "$WEB_APP has no public address. Nothing was done. azure/web.yaml gives it one: run azure/provision.sh."
    SITE=https://$fqdn
  fi
  SITE_WAS=$(site_sha "$SITE" 2>/dev/null) || SITE_WAS=
  say "$SITE answers as ${SITE_WAS:-nothing: it does not serve}"
}

is_live_already() {
  [ "$SITE_WAS" = "$COMMIT" ] && [ "$(revision_sha7 "${WAS_REVISION[$API_APP]}")" = "$SHA7" ] && [ "$(revision_sha7 "${WAS_REVISION[$WEB_APP]}")" = "$SHA7" ]
}

refuse_older() {
  local app live
  [ "${ALLOW_OLDER:-}" != 1 ] || return 0
  for app in "$API_APP" "$WEB_APP"; do
    live=$(revision_build "${WAS_REVISION[$app]}")
    [ "${live:-0}" -le "$BUILD" ] ||
      die "build $live is live on $app and is newer than this build $BUILD ($SHA7). Nothing was done: an old build never replaces a newer one by itself. If this is meant to be a return to it, run the deploy again with ALLOW_OLDER=1."
  done
}

# The two apps run different commits where an earlier deploy was killed between them: then the way back is web's
# commit for both, since api goes first.
choose_way_back() {
  local app web_sha7 found
  for app in "$API_APP" "$WEB_APP"; do
    BACK_IMAGE[$app]=${WAS_IMAGE[$app]}
    BACK_BUILD[$app]=$(revision_build "${WAS_REVISION[$app]}")
    BACK_SHA7[$app]=$(revision_sha7 "${WAS_REVISION[$app]}")
  done
  web_sha7=${BACK_SHA7[$WEB_APP]}
  [ -n "$web_sha7" ] && [ "${BACK_SHA7[$API_APP]}" != "$web_sha7" ] || return 0
  warn "$API_APP and $WEB_APP run different commits: an earlier deploy was cut off. This one brings them together again."
  found=$(list_revisions "$API_APP" |
    jq -r --arg tail "-$web_sha7" 'map(select(.name | endswith($tail))) | sort_by(.properties.createdTime) | last | .properties.template.containers[0].image // empty') || found=
  [ -n "$found" ] || return 0
  BACK_IMAGE[$API_APP]=$found BACK_BUILD[$API_APP]=${BACK_BUILD[$WEB_APP]} BACK_SHA7[$API_APP]=$web_sha7
}

# free_suffix APP PREFIX TRY SHA7: prints PREFIX<try>-SHA7, with a later try where that one is taken (by hand).
free_suffix() {
  local names try=$3
  names=$(list_revisions "$1" | jq -r '.[].name') || return 1
  while grep -qxF -- "$1--$2$try-$4" <<<"$names"; do
    try=$((try + 1))
  done
  printf '%s%s-%s' "$2" "$try" "$4"
}

roll_out() {
  local app=$1 image=$2 suffix reason=
  section "Roll out $app"
  if [ "$(revision_sha7 "${WAS_REVISION[$app]}")" = "$SHA7" ]; then
    say "${WAS_REVISION[$app]} is this commit already"
    return
  fi
  suffix=$(free_suffix "$app" "b${BUILD}r" "$RETRY" "$SHA7") || give_up "the revisions of $app could not be listed"
  NEW_REVISION[$app]=$app--$suffix
  CHANGING=1
  update_app "$app" "$image" "$suffix" || give_up "az did not update $app (see the log)" "$app"
  wait_ready "$app" "${NEW_REVISION[$app]}" "${WAS_REVISION[$app]}" reason || give_up "$reason" "$app"
}

verify_site() {
  local seen=
  dry_run && return
  site_wait "$SITE" "$COMMIT" "$SITE_TIMEOUT" seen ||
    give_up "$SITE did not answer as $COMMIT within $SITE_TIMEOUT s; last seen: $seen" "$WEB_APP"
  say "$SITE answers as $COMMIT"
  if ! PROBE=$(site_probe "$SITE" "Deploy probe b${BUILD}r${RETRY}-$SHA7" 2>&1); then
    give_up "a task could not be written through $SITE: $PROBE" "$WEB_APP" "$API_APP"
  fi
  say "a task was added, marked done and deleted"
}

# give_up WHAT [APP...]: both apps back to what served before, a note that says what is live now, and a failed build.
give_up() {
  local what=$1 live app trouble log=
  shift
  trap '' HUP INT TERM
  section "FAILED: $what"
  for app in "$@"; do
    [ -z "${NEW_REVISION[$app]:-}" ] || log+=$(printf '%s\n' "last lines of ${NEW_REVISION[$app]}:" && revision_log "$app" "${NEW_REVISION[$app]}")$'\n'
  done
  say "$log"
  if [ -z "$CHANGING" ]; then
    live="Nothing was changed by this deploy; $SITE answered ${SITE_WAS:-nothing} before it."
  elif trouble=$(roll_back); then
    live="Live now: the OLD version${SITE_WAS:+ (commit ${SITE_WAS:0:7})}. Both apps were put back to the images they had${SITE_WAS:+, and $SITE answers as before}."
  else
    live="NOT PUT BACK COMPLETELY: $trouble. Look now: az containerapp revision list -g $RESOURCE_GROUP -n APP -o table for $API_APP and $WEB_APP; azure/README.md, \"Roll back\", says how to go back by hand (images: ${BACK_IMAGE[$API_APP]:-none}, ${BACK_IMAGE[$WEB_APP]:-none})."
  fi
  CHANGING=
  note "$what" "$live" "$log"
  die "deploy of $SHA7 (build $BUILD) failed: $what
$live
$(retry_advice)"
}

retry_advice() {
  printf 'To try again once the cause is gone: press Retry on this step, or by hand\n  %s' \
    "BUILDKITE_BUILD_NUMBER=$BUILD BUILDKITE_RETRY_COUNT=$((RETRY + 1)) BUILDKITE_COMMIT=$COMMIT API_DIGEST=${API_IMAGE#*@} WEB_DIGEST=${WEB_IMAGE#*@} .buildkite/steps/deploy.sh"
}

note() {
  {
    printf '**Deploy of %s (build %s) failed:** %s\n\n%s\n\n' "$SHA7" "$BUILD" "$(escape_html <<<"$1")" "$2"
    printf '| app | before | wanted |\n|---|---|---|\n'
    printf '| %s | %s | %s |\n' "$API_APP" "${WAS_IMAGE[$API_APP]:-none}" "$API_IMAGE" "$WEB_APP" "${WAS_IMAGE[$WEB_APP]:-none}" "$WEB_IMAGE"
    [ -z "$3" ] || printf '\n<details><summary>Log of the revision</summary>\n<pre>%s</pre>\n</details>\n' "$(escape_html <<<"$3")"
    printf '\n%s\n' "$(retry_advice)"
  } | annotate error deploy
}

# web first: the new api serves the old web (expand and contract), not the other way round. Prints what is not
# put back; how it goes is on standard error.
roll_back() {
  local app reason seen='' trouble=()
  section "Put both apps back" >&2
  for app in "$WEB_APP" "$API_APP"; do
    reason=$(put_back "$app") || trouble+=("$app: $reason")
  done
  if [ ${#trouble[@]} -eq 0 ] && [ -n "$SITE_WAS" ]; then
    if ! site_wait "$SITE" "$SITE_WAS" "$SITE_TIMEOUT" seen; then
      trouble+=("$SITE does not answer as ${SITE_WAS:0:7} again; last seen: $seen")
    elif ! work_dir || ! site_request 200 "$SITE/tasks" >/dev/null; then
      trouble+=("$SITE answers, but its task list does not")
    fi
  fi
  [ ${#trouble[@]} -eq 0 ] || {
    reason=$(printf '%s; ' "${trouble[@]}")
    printf '%s\n' "${reason%; }"
    return 1
  }
}

# put_back APP: 0 where it has the image to go back to, ready. Prints why not where it has not; how it
# goes is on standard error.
put_back() {
  local app=$1 state latest suffix reason=
  state=$(show_app "$app") || state=$(show_app "$app") || because "az did not say what is live" || return
  latest=$(jq -r '.properties.latestRevisionName' <<<"$state")
  if [ "$(jq -r '.properties.template.containers[0].image' <<<"$state")" = "${BACK_IMAGE[$app]}" ] && [ "$latest" = "${WAS_REVISION[$app]}" ]; then
    say "$app still has $latest" >&2
    return 0
  fi
  if [ "$latest" != "${NEW_REVISION[$app]:-}" ] && [ "$latest" != "${WAS_REVISION[$app]}" ]; then
    because "somebody else deployed $latest; it was left alone"
    return
  fi
  [ -n "${BACK_IMAGE[$app]}" ] || because "there is no earlier image that was ever ready" || return
  suffix=$(free_suffix "$app" "b${BACK_BUILD[$app]:-0}u${BUILD}r" "$RETRY" "${BACK_SHA7[$app]:-0000000}") ||
    because "its revisions could not be listed" || return
  update_app "$app" "${BACK_IMAGE[$app]}" "$suffix" >&2 || because "az did not take ${BACK_IMAGE[$app]} back" || return
  wait_ready "$app" "$app--$suffix" "$latest" reason >&2 || because "$reason"
}

# because WHY: the answer of a function that fails.
because() {
  printf '%s\n' "$1"
  return 1
}

finish() {
  if dry_run; then
    say "dry run: nothing was changed"
    return
  fi
  meta_set deploy "$1"
  section "$2"
  printf '%s\n' "$2" | annotate success deploy
}

# Cancelled or killed in between: put back what can be put back in the time the agent leaves.
cut_off() {
  [ -z "$CHANGING" ] || give_up "the job was stopped before it ended" "$API_APP" "$WEB_APP"
}
main
