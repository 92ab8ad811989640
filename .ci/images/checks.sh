# shellcheck shell=bash disable=SC2034 # what is unused here is for the scripts that source this
## What the scripts beside this one share: a line for each check, budgets, and names of images. Source it; end with
## `exit "$failed"`.
# shellcheck source=.buildkite/lib/page.sh
. .buildkite/lib/page.sh

api_image=${REGISTRY:-ghcr.io}/${GHCR_OWNER:-acme}/task-tracker-api:${TAG:-dev}
web_image=${REGISTRY:-ghcr.io}/${GHCR_OWNER:-acme}/task-tracker-web:${TAG:-dev}
# What compose.yaml and README promise these containers need, and no more.
hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --user 10001 --pids-limit 64 --memory 64m)
failed=0

pass() { printf 'ok    %s\n' "$*"; }
fail() {
  printf 'FAIL  %s\n' "$*"
  failed=3
}

# check DESCRIPTION COMMAND...: passes when the command does; shows what it printed when not.
check() {
  local description=$1 output
  shift
  if output=$("$@" 2>&1); then pass "$description"; else
    [ -z "$output" ] || printf '%s\n' "$output" | tail -n 20 | sed 's/^/      | /'
    fail "$description"
  fi
}

# refute DESCRIPTION COMMAND...: passes when the command does not.
refute() {
  local description=$1 output
  shift
  if ! output=$("$@" 2>&1); then pass "$description"; else
    [ -z "$output" ] || printf '%s\n' "$output" | tail -n 20 | sed 's/^/      | /'
    fail "$description"
  fi
}

# equal DESCRIPTION EXPECTED ACTUAL
equal() {
  if [ "$2" = "$3" ]; then pass "$1: $3"; else fail "$1: expected '$2', found '$3'"; fi
}

# at_most DESCRIPTION BUDGET MEASURED UNIT
at_most() {
  if awk -v budget="$2" -v measured="$3" 'BEGIN { exit !(measured != "" && measured + 0 <= budget + 0) }'; then
    pass "$1: $3 $4 (budget $2 $4)"
  else
    fail "$1: $3 $4 (budget $2 $4)"
  fi
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# until_true SECONDS COMMAND...: repeats the command until it passes; prints the milliseconds that took.
until_true() {
  local start deadline
  start=$(now_ms)
  deadline=$((start + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.02
  done
  echo $(($(now_ms) - start))
}

# free_port: a port nobody listens on.
free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# status URL [CURL-ARGUMENT...]: the status of the answer, 000 for none.
status() { curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "${@:2}" "$1" || true; }

# answers STATUS URL: whether that is the answer.
answers() { [ "$(status "$2")" = "$1" ]; }

# titles SITE: every task's title as the site's pages show them, one a line.
titles() {
  local next=/tasks page
  while [ -n "$next" ]; do
    page=$(curl --silent --fail --max-time 10 "$1$next") || return 1
    page_tasks <<<"$page" | cut -f 2
    next=$(page_older <<<"$page")
  done
}

# add_task SITE TITLE: whether the site acknowledged a new task of that title.
add_task() { [ "$(status "$1/tasks/add" --data-urlencode "title=$2")" = 303 ]; }

health() { docker inspect --format '{{.State.Health.Status}}' "$1"; }
is_healthy() { [ "$(health "$1")" = healthy ]; }
is_unhealthy() { [ "$(health "$1")" = unhealthy ]; }

# resident_mb CONTAINER: resident memory of its process, in MB.
resident_mb() { docker top "$1" -eo pid,rss | awk 'NR > 1 { sum += $2 } END { printf "%.1f", sum * 1024 / 1e6 }'; }

# kill_process CONTAINER: SIGKILL to its first process, as a crash or the kernel's OOM killer would. `docker kill`
# counts as stopping by hand, after which no restart policy applies.
kill_process() {
  local pid
  pid=$(docker inspect --format '{{.State.Pid}}' "$1")
  kill -KILL "$pid" 2>/dev/null ||
    docker run --rm --privileged --pid host debian:bookworm-slim sh -c "kill -KILL $pid"
}
