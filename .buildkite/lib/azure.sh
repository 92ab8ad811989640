# shellcheck shell=bash
## azure.sh - login and the container apps: look, update, wait, log.
##
## Needs common.sh, az 2.60 or newer, jq.
##   RESOURCE_GROUP  task-tracker-rg       API_APP  task-api       WEB_APP  task-web
##   AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_SUBSCRIPTION_ID   the deploy identity, no secrets
##   AZURE_CLIENT_SECRET   only for a service principal without federated credential
##   AZ_TIMEOUT (60 s, a question), AZ_CHANGE_TIMEOUT (300 s, a change), READY_TIMEOUT (300 s, a revision)

AZ_TIMEOUT=${AZ_TIMEOUT:-60}
AZ_CHANGE_TIMEOUT=${AZ_CHANGE_TIMEOUT:-300}
READY_TIMEOUT=${READY_TIMEOUT:-300}
POLL_SECONDS=${POLL_SECONDS:-2}

azure_settings() {
  need AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_SUBSCRIPTION_ID
  RESOURCE_GROUP=${RESOURCE_GROUP:-task-tracker-rg} API_APP=${API_APP:-task-api} WEB_APP=${WEB_APP:-task-web}
  need_tool az jq curl timeout
  [ -n "${AZURE_CLIENT_SECRET:-}" ] || need_tool buildkite-agent
}

# ask ARGUMENT...: an az command that changes nothing.
ask() { limit "$AZ_TIMEOUT" "az $1 $2 ${3:-}" az "$@" --only-show-errors --output json; }

# Logs in into a profile of this job's own: with an old profile az keeps using the old token, so that even a wrong
# secret seems to work. The credential reaches az through a file (`@`), since arguments are visible to every user.
azure_login() {
  local flag answer hint
  work_dir
  export AZURE_CONFIG_DIR=$WORK/azure AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_LOGIN_EXPERIENCE_V2=off
  mkdir -m 700 "$AZURE_CONFIG_DIR"
  if [ -n "${AZURE_CLIENT_SECRET:-}" ]; then
    say "logging in as $AZURE_CLIENT_ID with its secret"
    flag=--password
    (umask 077 && printf '%s' "$AZURE_CLIENT_SECRET" >"$WORK/credential")
  else
    say "logging in as $AZURE_CLIENT_ID with a token of this build"
    flag=--federated-token
    (umask 077 && limit 60 "buildkite-agent oidc request-token" buildkite-agent oidc request-token \
      --audience "${OIDC_AUDIENCE:-api://AzureADTokenExchange}" --subject-claim pipeline_id | tr -d '\n' >"$WORK/credential") ||
      die "Buildkite gave no token for this job. Nothing was done. Press Retry; if it stays so, see the agent's log."
    limit 60 "buildkite-agent redactor add" buildkite-agent redactor add <"$WORK/credential" ||
      warn "the agent did not take the token into its redactor"
  fi
  unset AZURE_CLIENT_SECRET
  answer=$(limit "$AZ_TIMEOUT" "az login" az login --service-principal --username "$AZURE_CLIENT_ID" --tenant "$AZURE_TENANT_ID" \
    "$flag" "@$WORK/credential" --only-show-errors --output none 2>&1) || {
    rm -f "$WORK/credential"
    case $answer in
      *AADSTS700213*) hint="the federated credential is not for this pipeline: its subject must be ${BUILDKITE_PIPELINE_ID:-the id of the pipeline} (PIPELINE_ID in azure/settings.env, then azure/provision.sh)" ;;
      *AADSTS700212*) hint="the federated credential has another audience than ${OIDC_AUDIENCE:-api://AzureADTokenExchange}" ;;
      *AADSTS7000215* | *AADSTS7000222*) hint="AZURE_CLIENT_SECRET is wrong or has expired: rotate it (azure/README.md)" ;;
      *"did not end within"*) hint="az hung" ;;
      *) hint="see the answer above" ;;
    esac
    printf '%s\n' "$answer" >&2
    die "login to Azure failed: $hint. Nothing was done; the live service is untouched."
  }
  rm -f "$WORK/credential"
  limit "$AZ_TIMEOUT" "az account set" az account set --subscription "$AZURE_SUBSCRIPTION_ID" --only-show-errors ||
    die "the deploy identity may not use subscription $AZURE_SUBSCRIPTION_ID. Nothing was done."
}

show_app() { ask containerapp show --resource-group "$RESOURCE_GROUP" --name "$1"; }
list_revisions() { ask containerapp revision list --resource-group "$RESOURCE_GROUP" --name "$1" --all; }
show_revision() { ask containerapp revision show --resource-group "$RESOURCE_GROUP" --name "$1" --revision "$2"; }

# A revision is named APP--b<build><kind>-<sha7>: r<try> deployed, u<build>r<try> put back by that failed deploy,
# p<time> made by provision.sh. These two read the name; empty where it is none of ours.
revision_build() { sed -nE 's/^.*--b([0-9]+)(r[0-9]+|u[0-9]+r[0-9]+|p[0-9]+)-[0-9a-f]{7}$/\1/p' <<<"$1"; }
revision_sha7() { sed -nE 's/^.*--b[0-9]+(r[0-9]+|u[0-9]+r[0-9]+|p[0-9]+)-([0-9a-f]{7})$/\2/p' <<<"$1"; }

# update_app APP IMAGE SUFFIX
update_app() {
  change limit "$AZ_CHANGE_TIMEOUT" "az containerapp update of $1" az containerapp update --resource-group "$RESOURCE_GROUP" --name "$1" \
    --image "$2" --revision-suffix "$3" --only-show-errors --output none
}

# wait_ready APP REVISION BEFORE VARIABLE: until Azure says that REVISION is the latest ready one and healthy; BEFORE is
# what was the latest until now. Where it fails, VARIABLE says why. (Printed, a signal would wait for the subshell.)
wait_ready() {
  local app=$1 revision=$2 before=$3 end=$((SECONDS + READY_TIMEOUT)) state latest ready health running provisioning error
  local -n why=$4
  dry_run && return
  while :; do
    why="az did not say how $revision is"
    if state=$(show_app "$app") && { read -r latest ready < <(jq -r '.properties | "\(.latestRevisionName) \(.latestReadyRevisionName)"' <<<"$state"); }; then
      if [ "$latest" != "$revision" ] && [ "$latest" != "$before" ]; then
        why="$app has $latest as its latest revision instead of $revision: somebody else deployed"
        return 1
      fi
      if state=$(show_revision "$app" "$revision"); then
        IFS=$'\t' read -r health running provisioning error < <(jq -r '.properties | [.healthState // "?", .runningState // "?", .provisioningState // "?", .provisioningError // "no reason given"] | @tsv' <<<"$state")
        why="$revision is $running, health $health, provisioning $provisioning ($error)"
        if [ "$ready" = "$revision" ] && { [ "$health" = Healthy ] || [ "$running" = ScaledToZero ]; }; then
          say "$revision is ready"
          return 0
        fi
        [ "$provisioning" != Failed ] || return 1
      fi
    fi
    if [ "$SECONDS" -ge "$end" ]; then
      why="not ready within $READY_TIMEOUT s: $why"
      return 1
    fi
    sleep "$POLL_SECONDS"
  done
}

# revision_log APP REVISION: the last lines its container wrote, never more than a minute of waiting.
revision_log() {
  limit "$AZ_TIMEOUT" "az containerapp logs show" az containerapp logs show --resource-group "$RESOURCE_GROUP" --name "$1" --revision "$2" \
    --tail 40 --format text --only-show-errors 2>&1 || printf '(no log to be had from %s; azure/queries/failing-now.kql has it a few minutes later)\n' "$2"
}
