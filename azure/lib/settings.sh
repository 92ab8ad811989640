# shellcheck shell=bash
## settings.sh - reads settings.env, checks it, and helps the scripts of azure/ call az. Sourced by them.
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/azure.sh
. .buildkite/lib/azure.sh

NEED_HINT="Set it in azure/settings.env (azure/settings.env.example says what each is)."
AZ_CHANGE_TIMEOUT=900 # an environment takes minutes to come up

# What the environment sets wins over settings.env, what neither sets has the default of settings.env.example. Sets
# KNOWN_SETTINGS, their names.
# shellcheck disable=SC2034
read_settings() {
  local file
  mapfile -t KNOWN_SETTINGS < <(sed -nE 's/^([A-Z_]+)=.*/\1/p' azure/settings.env.example)
  for file in "${SETTINGS_FILE:-azure/settings.env}" azure/settings.env.example; do
    [ ! -e "$file" ] || read_settings_file "$file"
  done
}

read_settings_file() {
  local name value line
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^([A-Z_]+)=(.*)$ ]] || continue
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [[ $value =~ ^[A-Za-z0-9@._/:+-]*$ ]] || die "$1: $name has a character that is neither letter, digit nor one of @._/:+-"
    [ -n "${!name:-}" ] || printf -v "$name" '%s' "$value"
  done <"$1"
}

# logged_in: which subscription everything goes to; asks az unless this is a dry run.
logged_in() {
  local account
  if dry_run; then
    SUBSCRIPTION='<subscription>'
    return
  fi
  need_tool az jq timeout
  account=$(ask account show) || die "az is not logged in. Nothing was done. Run az login (and az account set) first."
  SUBSCRIPTION=$(jq -r .id <<<"$account")
  say "subscription $(jq -r .name <<<"$account") ($SUBSCRIPTION), resource group $RESOURCE_GROUP"
}

# az_change ARGUMENT...: an az command that changes something.
az_change() { change limit "$AZ_CHANGE_TIMEOUT" "az $1 $2" az "$@" --only-show-errors --output none; }

# exists ARGUMENT...: whether az finds it. Anything but yes and "not found" ends the script. Most commands exit with 3
# for "not found", those of az containerapp only say so.
exists() {
  local status=0 answer
  ! dry_run || return 1
  answer=$(ask "$@" 2>&1 >/dev/null) || status=$?
  [ "$status" -ne 0 ] || return 0
  if [ "$status" -eq 3 ] || [[ $answer == *"(ResourceNotFound)"* || $answer == *"(ResourceGroupNotFound)"* ]]; then
    return 1
  fi
  die "az $1 $2 failed: $answer"
}

# value_of QUERY ARGUMENT...: one value from az; in a dry run a stand-in for it.
value_of() {
  if dry_run; then
    printf '<%s>' "$1"
  else
    limit "$AZ_TIMEOUT" "az $2 $3" az "${@:2}" --only-show-errors --query "$1" --output tsv
  fi
}
