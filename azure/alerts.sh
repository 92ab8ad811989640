#!/usr/bin/env bash
## alerts.sh [--dry-run] - who is told, and when: failures over 1% in 5 min, p95 over 1 s, restarts, no good backup, memory over 80%.
##
## Idempotent. Run it after provision.sh; needs az, jq. Settings: azure/settings.env, with ALERT_EMAIL. What is asked of the
## log is in azure/queries/alert-*.kql. A log alert costs 0.5 to 1.5 USD a month, a metric alert 0.1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=azure/lib/settings.sh
. azure/lib/settings.sh

case "${1:-}" in
  '') ;;
  --dry-run) DRY_RUN=1 ;;
  *) die "usage: alerts.sh [--dry-run]" ;;
esac
read_settings
need RESOURCE_GROUP LOCATION LOG_WORKSPACE API_APP WEB_APP MEMORY ALERT_EMAIL
need_tool jq
logged_in
ID=/subscriptions/$SUBSCRIPTION/resourceGroups/$RESOURCE_GROUP
GROUP_ID=$ID/providers/Microsoft.Insights/actionGroups/task-tracker
WORKSPACE_ID=$ID/providers/Microsoft.OperationalInsights/workspaces/$LOG_WORKSPACE
exists monitor log-analytics workspace show --resource-group "$RESOURCE_GROUP" --workspace-name "$LOG_WORKSPACE" || dry_run ||
  die "there is no workspace $LOG_WORKSPACE: run azure/provision.sh first. Nothing was done."

section "Who is told"
az_change monitor action-group create --resource-group "$RESOURCE_GROUP" --name task-tracker --short-name tasks --action email oncall "$ALERT_EMAIL"

# log_alert NAME QUERY OPERATOR EVERY WINDOW SEVERITY WHAT: the rows of azure/queries/QUERY against 0 or 1. The queries name the
# apps by their default names. By az rest: the az command for these is a preview extension.
log_alert() {
  local query body operator=$3 threshold=0
  [ "$operator" != LessThan ] || threshold=1
  query=$(grep -v '^//' "azure/queries/$2")
  query=${query//'"task-api"'/"\"$API_APP\""}
  query=${query//'"task-web"'/"\"$WEB_APP\""}
  body=$(jq -nc --arg location "$LOCATION" --arg scope "$WORKSPACE_ID" --arg group "$GROUP_ID" --arg query "$query" --arg operator "$operator" \
    --argjson threshold "$threshold" --arg every "$4" --arg window "$5" --argjson severity "$6" --arg what "$7" '{
      location: $location,
      properties: {
        displayName: $what, severity: $severity, enabled: true, scopes: [$scope], evaluationFrequency: $every, windowSize: $window, autoMitigate: true,
        criteria: {allOf: [{query: $query, timeAggregation: "Count", operator: $operator, threshold: $threshold,
          failingPeriods: {numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1}}]},
        actions: {actionGroups: [$group]}
      }}')
  az_change rest --method put --url "$ID/providers/Microsoft.Insights/scheduledQueryRules/$1?api-version=2023-12-01" --body "$body"
}

section "Alerts on the log"
log_alert task-tracker-failures alert-failures.kql GreaterThan PT5M PT5M 1 "More than 1% of requests fail"
log_alert task-tracker-slow alert-slow.kql GreaterThan PT5M PT5M 2 "The 95th percentile is over a second"
log_alert task-tracker-restarts alert-restarts.kql GreaterThan PT15M P1D 2 "A container was restarted"
# Three of the default interval: one copy may fail and be made up for.
log_alert task-tracker-backup alert-backup.kql LessThan PT1H PT3H 1 "No good backup for three hours"

section "Alerts on memory"
case $MEMORY in
  *Gi) bytes=$(jq -n "${MEMORY%Gi} * 1073741824 * 0.8 | floor") ;;
  *) die "MEMORY is '$MEMORY'; it must end with Gi" ;;
esac
for app in "$API_APP" "$WEB_APP"; do
  az_change monitor metrics alert create --resource-group "$RESOURCE_GROUP" --name "$app-memory" --scopes "$ID/providers/Microsoft.App/containerApps/$app" \
    --condition "avg WorkingSetBytes > $bytes" --window-size 5m --evaluation-frequency 1m --severity 2 \
    --description "$app uses over 80% of its memory" --action "$GROUP_ID"
done
dry_run || say "Alerts go to $ALERT_EMAIL."
