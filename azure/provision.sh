#!/usr/bin/env bash
## provision.sh [--dry-run] [--new-api-token] - makes everything Task Tracker needs in Azure, or brings it up to the settings.
##
## Running it again changes only what is not as the settings say. Images of existing apps stay as deployed: the pipeline
## owns them. Needs az 2.60 or newer, logged in as an owner of the subscription; jq, openssl.
## Settings: azure/settings.env (see azure/settings.env.example). GHCR_PULL_TOKEN: environment, else asked for.
## --dry-run prints every command and calls none. --new-api-token replaces the secret web and api share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=azure/lib/settings.sh
. azure/lib/settings.sh

NEW_API_TOKEN=
UNDONE=()
ROLE=358470bc-b998-42bd-ab17-a7e34c199c0f # Container Apps Contributor

main() {
  local argument name needed=()
  for argument in "$@"; do
    case $argument in
      --dry-run) DRY_RUN=1 ;;
      --new-api-token) NEW_API_TOKEN=1 ;;
      *) die "usage: provision.sh [--dry-run] [--new-api-token]" ;;
    esac
  done
  section "Settings"
  read_settings
  for name in "${KNOWN_SETTINGS[@]}"; do
    case $name in GHCR_PULL_USERNAME | ALERT_EMAIL) ;; *) needed+=("$name") ;; esac
  done
  need "${needed[@]}"
  [[ $STORAGE_ACCOUNT =~ ^[a-z0-9]{3,24}$ ]] || die "STORAGE_ACCOUNT must be 3 to 24 lower-case letters and digits. Nothing was done."
  need_tool jq openssl
  logged_in
  work_dir
  ID=/subscriptions/$SUBSCRIPTION/resourceGroups/$RESOURCE_GROUP
  ENVIRONMENT_ID=$ID/providers/Microsoft.App/managedEnvironments/$CONTAINER_ENV

  make_group
  make_logs
  make_network
  make_share
  make_environment
  choose_secrets
  make_app "$API_APP" azure/api.yaml "$REGISTRY/$GHCR_OWNER/task-tracker-api:$TAG"
  make_app "$WEB_APP" azure/web.yaml "$REGISTRY/$GHCR_OWNER/task-tracker-web:$TAG"
  make_deploy_identity
  report
}

make_group() {
  local provider
  section "Resource group and providers"
  for provider in Microsoft.App Microsoft.OperationalInsights Microsoft.Network Microsoft.Storage Microsoft.ManagedIdentity Microsoft.Insights; do
    az_change provider register --namespace "$provider" --wait
  done
  az_change group create --name "$RESOURCE_GROUP" --location "$LOCATION"
}

make_logs() {
  section "Log Analytics"
  az_change monitor log-analytics workspace create --resource-group "$RESOURCE_GROUP" --workspace-name "$LOG_WORKSPACE" --location "$LOCATION" \
    --retention-time "$LOG_RETENTION_DAYS"
}

# The share can be reached from the apps' subnet and from nowhere else; a service endpoint costs nothing.
make_network() {
  section "Network"
  exists network vnet show --resource-group "$RESOURCE_GROUP" --name "$VNET" ||
    az_change network vnet create --resource-group "$RESOURCE_GROUP" --name "$VNET" --location "$LOCATION" --address-prefixes "$VNET_RANGE"
  exists network vnet subnet show --resource-group "$RESOURCE_GROUP" --vnet-name "$VNET" --name apps ||
    az_change network vnet subnet create --resource-group "$RESOURCE_GROUP" --vnet-name "$VNET" --name apps --address-prefixes "$SUBNET_RANGE" \
      --delegations Microsoft.App/environments --service-endpoints Microsoft.Storage
  SUBNET_ID=$(value_of id network vnet subnet show --resource-group "$RESOURCE_GROUP" --vnet-name "$VNET" --name apps)
}

# NFS needs a premium account without "secure transfer" (that is about https and SMB); the network rule guards it.
make_share() {
  section "Premium file share over NFS"
  exists storage account show --resource-group "$RESOURCE_GROUP" --name "$STORAGE_ACCOUNT" ||
    az_change storage account create --resource-group "$RESOURCE_GROUP" --name "$STORAGE_ACCOUNT" --location "$LOCATION" \
      --sku Premium_LRS --kind FileStorage --https-only false --default-action Deny --min-tls-version TLS1_2 --allow-blob-public-access false
  az_change storage account network-rule add --resource-group "$RESOURCE_GROUP" --account-name "$STORAGE_ACCOUNT" --subnet "$SUBNET_ID"
  exists storage share-rm show --resource-group "$RESOURCE_GROUP" --storage-account "$STORAGE_ACCOUNT" --name "$SHARE" ||
    az_change storage share-rm create --resource-group "$RESOURCE_GROUP" --storage-account "$STORAGE_ACCOUNT" --name "$SHARE" \
      --enabled-protocols NFS --root-squash NoRootSquash --quota "$SHARE_GIB"
}

make_environment() {
  local verb=create destination='' customer arguments=() logs=(--logs-destination none) body
  section "Container Apps environment"
  if exists containerapp env show --resource-group "$RESOURCE_GROUP" --name "$CONTAINER_ENV"; then
    verb=update
    destination=$(value_of properties.appLogsConfiguration.destination containerapp env show --resource-group "$RESOURCE_GROUP" --name "$CONTAINER_ENV")
  else
    arguments=(--location "$LOCATION" --infrastructure-subnet-resource-id "$SUBNET_ID")
  fi
  if [ "$destination" != log-analytics ]; then
    customer=$(value_of customerId monitor log-analytics workspace show --resource-group "$RESOURCE_GROUP" --workspace-name "$LOG_WORKSPACE")
    (umask 077 && value_of primarySharedKey monitor log-analytics workspace get-shared-keys --resource-group "$RESOURCE_GROUP" --workspace-name "$LOG_WORKSPACE" >"$WORK/log-key")
    if [ -n "$customer" ] && [ -s "$WORK/log-key" ]; then
      logs=(--logs-destination log-analytics --logs-workspace-id "$customer" --logs-workspace-key "@$WORK/log-key")
    else
      UNDONE+=("logs are not kept: az gave no id or key of $LOG_WORKSPACE")
    fi
  fi
  if [ "$verb" = create ] || [ "${logs[1]}" != none ]; then
    az_change containerapp env "$verb" --resource-group "$RESOURCE_GROUP" --name "$CONTAINER_ENV" "${arguments[@]}" "${logs[@]}"
  fi
  rm -f "$WORK/log-key"
  # By az rest: `az containerapp env storage set` takes NFS only with a preview extension.
  body=$(jq -nc --arg server "$STORAGE_ACCOUNT.file.core.windows.net" --arg share "/$STORAGE_ACCOUNT/$SHARE" \
    '{properties: {nfsAzureFile: {server: $server, shareName: $share, accessMode: "ReadWrite"}}}')
  az_change rest --method put --url "$ENVIRONMENT_ID/storages/tasks?api-version=2025-07-01" --body "$body"
}

# secret_of APP NAME: a secret an existing app has, empty otherwise.
secret_of() {
  ! dry_run && exists containerapp show --resource-group "$RESOURCE_GROUP" --name "$1" || return 0
  limit "$AZ_TIMEOUT" "az containerapp secret list" az containerapp secret list --resource-group "$RESOURCE_GROUP" --name "$1" --show-values \
    --only-show-errors --output json | jq -r --arg name "$2" '.[] | select(.name == $name) | .value // empty'
}

# shellcheck disable=SC2034  # render uses them by name
# Sets SECRETS and REGISTRIES, JSON for the YAML. Values are only ever in variables and in a file nobody else reads.
choose_secrets() {
  local token='' pull=''
  section "Secrets"
  [ -n "$NEW_API_TOKEN" ] || token=$(secret_of "$API_APP" api-token)
  if [ -z "$token" ]; then
    say "api-token: a new one"
    token=$(openssl rand -hex 32)
  fi
  SECRETS=$(token=$token jq -nc '[{name: "api-token", value: env.token}]') REGISTRIES='[]'
  [ -n "$GHCR_PULL_USERNAME" ] || return 0
  pull=${GHCR_PULL_TOKEN:-$(secret_of "$API_APP" registry-token)}
  if [ -z "$pull" ] && [ -t 0 ]; then
    read -rsp "Token of $GHCR_PULL_USERNAME to read packages of $REGISTRY (read:packages): " pull
    printf '\n'
  fi
  ! dry_run || pull=${pull:-'<token>'}
  [ -n "$pull" ] || die "GHCR_PULL_TOKEN is missing: without it Azure cannot pull the images. The apps were not made; run this again with it in the environment."
  SECRETS=$(pull=$pull jq -c '. + [{name: "registry-token", value: env.pull}]' <<<"$SECRETS")
  REGISTRIES=$(jq -nc --arg server "$REGISTRY" --arg user "$GHCR_PULL_USERNAME" '[{server: $server, username: $user, passwordSecretRef: "registry-token"}]')
}

# render FILE: FILE with every ${NAME} replaced. Only plain values get there (read_settings) and JSON made by jq.
render() {
  local text name
  text=$(<"$1")
  for name in LOCATION SETTINGS ENVIRONMENT_ID REGISTRIES SECRETS REVISION_SUFFIX IMAGE CPU MEMORY API_APP SUBNET_RANGE BACKUP_EVERY WEB_MIN_REPLICAS WEB_MAX_REPLICAS WEB_CONCURRENCY; do
    text=${text//"\${$name}"/"${!name}"}
  done
  [[ $text != *"\${"* ]] || die "$1 has a \${...} that provision.sh does not know"
  printf '%s\n' "$text"
}

# make_app NAME FILE FIRST_IMAGE
make_app() {
  local app=$1 file=$2 state='' verb=create build sha7 live reason=
  section "$app"
  IMAGE=$3 SETTINGS='' REVISION_SUFFIX=''
  if exists containerapp show --resource-group "$RESOURCE_GROUP" --name "$app"; then
    state=$(show_app "$app") verb=update
  fi
  # What the file comes to without what the pipeline changes.
  IMAGE='' && SETTINGS=$(render "$file" | sha256sum | cut -c 1-16)
  IMAGE=$3
  if [ -n "$state" ]; then
    if [ "$(jq -r '.tags.settings // empty' <<<"$state")" = "$SETTINGS" ]; then
      say "$app is as the settings say"
      return
    fi
    IMAGE=$(jq -r '.properties.template.containers[0].image' <<<"$state")
  fi
  # The name of a revision tells the pipeline which build and commit it runs; a new one with the same image keeps that.
  live=$(jq -r '.properties.latestReadyRevisionName // empty' <<<"${state:-null}")
  build=$(revision_build "$live") sha7=$(revision_sha7 "$live")
  if [ -z "$build" ] && [[ $IMAGE =~ :b([0-9]+)-([0-9a-f]{7})$ ]]; then
    build=${BASH_REMATCH[1]} sha7=${BASH_REMATCH[2]}
  fi
  REVISION_SUFFIX=b${build:-0}p$(date -u +%s)-${sha7:-0000000}
  (umask 077 && render "$file" >"$WORK/$app.yaml")
  az_change containerapp "$verb" --resource-group "$RESOURCE_GROUP" --name "$app" --yaml "$WORK/$app.yaml"
  rm -f "$WORK/$app.yaml"
  wait_ready "$app" "$app--$REVISION_SUFFIX" "$(jq -r '.properties.latestRevisionName // empty' <<<"${state:-null}")" reason ||
    UNDONE+=("$app does not serve: $reason. Does $IMAGE exist, and may Azure pull it? az containerapp logs show -g $RESOURCE_GROUP -n $app --type system")
}

# An identity that only builds of this pipeline can be, and that may change the container apps of this group and nothing else.
make_deploy_identity() {
  local principal name
  section "Identity for the pipeline's deploys"
  exists identity show --resource-group "$RESOURCE_GROUP" --name "$DEPLOY_IDENTITY" ||
    az_change identity create --resource-group "$RESOURCE_GROUP" --name "$DEPLOY_IDENTITY" --location "$LOCATION"
  az_change identity federated-credential create --resource-group "$RESOURCE_GROUP" --identity-name "$DEPLOY_IDENTITY" --name buildkite \
    --issuer https://agent.buildkite.com --subject "$PIPELINE_ID" --audiences api://AzureADTokenExchange
  principal=$(value_of principalId identity show --resource-group "$RESOURCE_GROUP" --name "$DEPLOY_IDENTITY")
  CLIENT_ID=$(value_of clientId identity show --resource-group "$RESOURCE_GROUP" --name "$DEPLOY_IDENTITY")
  if [ -z "$principal" ] || [ -z "$CLIENT_ID" ]; then
    UNDONE+=("the pipeline may not deploy yet: Azure has not said the ids of $DEPLOY_IDENTITY")
    return
  fi
  # The same name each time, so that a second run finds the first one's.
  name=$(printf '%s %s %s' "$ID" "$principal" "$ROLE" | sha256sum | sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/')
  az_change role assignment create --name "$name" --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal --role "$ROLE" --scope "$ID"
}

report() {
  local line
  section "Done"
  if [ ${#UNDONE[@]} -gt 0 ]; then
    for line in "${UNDONE[@]}"; do
      printf 'NOT DONE: %s\n' "$line" >&2
    done
    die "${#UNDONE[@]} thing(s) are left (above). Everything else is in place; run this again afterwards."
  fi
  say "The site: https://$(value_of properties.configuration.ingress.fqdn containerapp show --resource-group "$RESOURCE_GROUP" --name "$WEB_APP")"
  say "For the environment hook of the agents that deploy (no secrets):"
  say "  export AZURE_CLIENT_ID=$CLIENT_ID"
  say "  export AZURE_TENANT_ID=$(value_of tenantId account show)"
  say "  export AZURE_SUBSCRIPTION_ID=$SUBSCRIPTION"
}

main "$@"
