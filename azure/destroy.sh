#!/usr/bin/env bash
## destroy.sh [--dry-run] - deletes the resource group with everything in it, the tasks too. Asks for its name first.
##
## Needs az, logged in. Settings as for provision.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=azure/lib/settings.sh
. azure/lib/settings.sh

case "${1:-}" in
  '') ;;
  --dry-run) DRY_RUN=1 ;;
  *) die "usage: destroy.sh [--dry-run]" ;;
esac
read_settings
need RESOURCE_GROUP
logged_in
exists group show --name "$RESOURCE_GROUP" || dry_run || die "there is no resource group $RESOURCE_GROUP in this subscription. Nothing was done."
if ! dry_run; then
  say "This deletes $RESOURCE_GROUP with all apps, logs and the share that holds every task and every backup."
  say "Nothing of it can be brought back. To keep the tasks, copy a backup out first (azure/README.md, \"Back up\")."
  printf 'Type the name of the resource group to delete it: '
  read -r answer || answer=
  [ "$answer" = "$RESOURCE_GROUP" ] || die "'$answer' is not $RESOURCE_GROUP. Nothing was deleted."
fi
az_change group delete --name "$RESOURCE_GROUP" --yes
dry_run || say "$RESOURCE_GROUP is gone."
