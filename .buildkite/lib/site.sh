# shellcheck shell=bash
## site.sh - asks a running site from outside: which commit answers, and does a task live through add, toggle, delete.
##
## Needs common.sh, page.sh, curl, jq. Every request has its own deadline; what is asked may be asked again safely
## (idempotency key, explicit state).

HTTP_TIMEOUT=${HTTP_TIMEOUT:-10}
POLL_SECONDS=${POLL_SECONDS:-2}

# site_sha URL: the commit /healthz names. Prints what was seen instead on standard error and fails where it names none.
site_sha() {
  local answer code body
  answer=$(limit "$((HTTP_TIMEOUT + 5))" curl curl --silent --show-error --max-time "$HTTP_TIMEOUT" --write-out '\n%{http_code}' "$1/healthz" 2>&1) || {
    printf 'no answer: %s\n' "$(head -n 1 <<<"$answer")" >&2
    return 1
  }
  code=${answer##*$'\n'} body=${answer%$'\n'*}
  if [ "$code" = 200 ] && jq -er 'select(.status == "ok") | .git_sha' <<<"$body" 2>/dev/null; then
    return
  fi
  printf 'HTTP %s from /healthz\n' "$code" >&2
  return 1
}

# site_wait URL COMMIT SECONDS VARIABLE: until the site answers as COMMIT three times in a row (while two revisions
# overlap, one answer proves little). VARIABLE says what it saw last. (Printed, a signal would wait for the subshell.)
site_wait() {
  local end=$((SECONDS + $3)) streak=0
  local -n last=$4
  while :; do
    if last=$(site_sha "$1" 2>&1) && [ "$last" = "$2" ]; then
      streak=$((streak + 1))
      [ "$streak" -lt 3 ] || return 0
    else
      streak=0
      [ "$SECONDS" -lt "$end" ] || return 1
      sleep "$POLL_SECONDS"
    fi
  done
}

# site_request WANTED_STATUS CURL_ARGUMENT...: the body, after up to five tries while the answer is another one.
site_request() {
  local wanted=$1 try code=
  shift
  for try in 1 2 3 4 5; do
    [ "$try" = 1 ] || sleep "$POLL_SECONDS"
    code=$(limit "$((HTTP_TIMEOUT + 5))" curl curl --silent --show-error --max-time "$HTTP_TIMEOUT" \
      --output "$WORK/page.html" --write-out '%{http_code}' "$@") || code='no answer'
    if [ "$code" = "$wanted" ]; then
      cat "$WORK/page.html"
      return
    fi
  done
  printf 'expected HTTP %s, got %s: %s\n' "$wanted" "$code" "${*: -1}" >&2
  return 1
}

# task_id TITLE < PAGE: the number of the task with this title, empty where the page shows none.
task_id() { page_tasks | awk -F '\t' -v title="$1" '$2 == title { print $1; exit }'; }

# site_probe URL TITLE: adds, toggles and deletes one task through the forms, as a browser without JavaScript does.
# Whatever happens, it tries to take the task away again.
site_probe() {
  local status=0
  work_dir
  probe_steps "$@" || status=$?
  [ "$status" -eq 0 ] || probe_clean_up "$@"
  return "$status"
}

probe_steps() {
  local url=$1 title=$2 page key id
  page=$(site_request 200 "$url/tasks") || return 1
  key=$(grep -oE '<input[^>]*name="key"[^>]*>' <<<"$page" | head -n 1 | grep -oE 'value="[^"]*"' | cut -d '"' -f 2) || key=
  [ -n "$key" ] || { printf 'the page %s/tasks has no form to add a task\n' "$url" >&2; return 1; }

  site_request 303 --header "Origin: $url" --data-urlencode "key=$key" --data-urlencode "title=$title" \
    --data-urlencode "description=Written by the pipeline to see that writing works. It takes it away again." "$url/tasks/add" >/dev/null || return 1
  page=$(site_request 200 "$url/tasks") || return 1
  id=$(task_id "$title" <<<"$page")
  [ -n "$id" ] || { printf 'the probe task was accepted but is not in the list\n' >&2; return 1; }

  site_request 303 --header "Origin: $url" --data completed=true "$url/tasks/$id/toggle" >/dev/null || return 1
  page=$(site_request 200 "$url/tasks?show=completed") || return 1
  [ "$(task_id "$title" <<<"$page")" = "$id" ] || { printf 'the probe task was marked done but is not among the completed\n' >&2; return 1; }

  site_request 303 --header "Origin: $url" --data '' "$url/tasks/$id/delete" >/dev/null || return 1
  page=$(site_request 200 "$url/tasks") || return 1
  [ -z "$(task_id "$title" <<<"$page")" ] || { printf 'the probe task was deleted but is still in the list\n' >&2; return 1; }
}

probe_clean_up() {
  local url=$1 title=$2 page id
  if ! page=$(site_request 200 "$url/tasks"); then
    warn "could not look whether the probe task '$title' is left; if so, delete it by hand"
    return
  fi
  id=$(task_id "$title" <<<"$page")
  [ -n "$id" ] || return 0
  site_request 303 --header "Origin: $url" --data '' "$url/tasks/$id/delete" >/dev/null ||
    warn "the probe task '$title' could not be deleted; delete it by hand"
}
