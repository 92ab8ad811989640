# shellcheck shell=bash
## common.sh - messages, required settings, deadlines, dry run, clean-up and meta-data.
##
## Sourced first by every step. Needs bash 4.4 and coreutils.

section() { printf -- '--- %s\n' "$*"; }
say() { printf '%s\n' "$*"; }
warn() { printf 'WARNING: %s\n' "$*" >&2; }
die() {
  printf '\nERROR: %s\n' "$*" >&2
  exit 1
}

dry_run() { [ "${DRY_RUN:-}" = 1 ]; }

# The command as a person could paste it into a shell.
quoted() {
  local words
  printf -v words ' %q' "$@"
  printf '%s' "${words:1}"
}

# change COMMAND...: runs what changes something outside this checkout; with DRY_RUN=1 only prints it.
change() {
  if dry_run; then
    [ "$1" != limit ] || shift 3 # SECONDS WHAT are not the command's
    say "would run: $(quoted "$@")"
  else
    "$@"
  fi
}

NEED_HINT="Set it in the agent's environment hook (.buildkite/hooks-environment.example says what each is for)."

# need NAME...: stops before anything is done when a variable is missing or empty, naming all of them.
need() {
  local name missing=()
  for name in "$@"; do
    [ -n "${!name:-}" ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] ||
    die "missing or empty: ${missing[*]}. Nothing was done. $NEED_HINT"
}

# need_tool NAME...: the same for programs.
need_tool() {
  local name missing=()
  for name in "$@"; do
    command -v "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] || die "this agent lacks: ${missing[*]}. Nothing was done. Install it or send the job to another queue."
}

# cargo_tool NAME VERSION: cargo-NAME, installed into TOOLS_DIR where the agent does not have it.
TOOLS_DIR=${TOOLS_DIR:-${HOME:-/tmp}/.cache/task-tracker/tools}
cargo_tool() {
  PATH=$PATH:$TOOLS_DIR/cargo/bin
  command -v "cargo-$1" >/dev/null 2>&1 || limit 900 "cargo install cargo-$1" cargo install --quiet --locked --root "$TOOLS_DIR/cargo" --version "$2" "cargo-$1" ||
    die "cargo-$1 is not on this agent and could not be installed (above)"
}

# limit SECONDS WHAT COMMAND...: a deadline. `timeout` puts the command in a process group of its own, so that
# its children end with it and cannot keep a pipe open.
limit() {
  local seconds=$1 what=$2 status=0
  shift 2
  timeout --kill-after=5 "$seconds" "$@" || status=$?
  case $status in
    124 | 137)
      printf 'ERROR: %s did not end within %s s and was stopped\n' "$what" "$seconds" >&2
      return 124
      ;;
    *) return "$status" ;;
  esac
}

# at_exit COMMAND...: runs when the step ends, however it ends; the last one given runs first.
AT_EXIT=()
at_exit() { AT_EXIT=("$(quoted "$@")" "${AT_EXIT[@]}"); }
run_at_exit() {
  local command
  for command in "${AT_EXIT[@]}"; do
    (eval "$command") || true # in a subshell: one that ends the step must not keep the next from running
  done
}
trap run_at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A directory only this user can read, gone when the step ends.
WORK=
work_dir() {
  [ -z "$WORK" ] || return 0
  WORK=$(mktemp -d)
  chmod 700 "$WORK"
  at_exit rm -rf "$WORK"
}

have_agent() { command -v buildkite-agent >/dev/null 2>&1 && [ -n "${BUILDKITE_JOB_ID:-}" ]; }

# meta_set NAME VALUE: hands a value to later jobs, which may run on other machines.
meta_set() {
  if ! have_agent; then
    say "meta-data (no agent here): $1=$2"
  else
    change limit 60 "buildkite-agent meta-data set" buildkite-agent meta-data set "$1" "$2"
  fi
}

# meta_get NAME VARIABLE: the value of VARIABLE where it is set (by hand), else what an earlier job handed on.
meta_get() {
  if [ -n "${!2:-}" ]; then
    printf '%s\n' "${!2}"
  elif have_agent; then
    limit 60 "buildkite-agent meta-data get" buildkite-agent meta-data get "$1" --default ''
  fi
}

# annotate STYLE CONTEXT < MARKDOWN: the note on the build's page; without an agent the text is just printed.
annotate() {
  if have_agent && ! dry_run; then
    limit 60 "buildkite-agent annotate" buildkite-agent annotate --style "$1" --context "$2" ||
      warn "the annotation could not be written"
  else
    cat
  fi
}

# escape_html < TEXT: for log lines inside an annotation.
escape_html() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'; }

# shellcheck disable=SC2034  # for the caller
# What this build is. Sets COMMIT, SHA7, BUILD, RETRY
build_identity() {
  COMMIT=${BUILDKITE_COMMIT:-}
  if [ -z "$COMMIT" ] || [ "$COMMIT" = HEAD ]; then
    COMMIT=$(git rev-parse HEAD) || die "BUILDKITE_COMMIT is not set and this is no git checkout. Nothing was done."
  fi
  need BUILDKITE_BUILD_NUMBER
  BUILD=$BUILDKITE_BUILD_NUMBER RETRY=${BUILDKITE_RETRY_COUNT:-0}
  [[ $COMMIT =~ ^[0-9a-f]{40}$ ]] || die "BUILDKITE_COMMIT is '$COMMIT', which is no full commit id. Nothing was done."
  [[ $BUILD =~ ^[0-9]+$ ]] || die "BUILDKITE_BUILD_NUMBER is '$BUILD', which is no number. Nothing was done."
  [[ $RETRY =~ ^[0-9]+$ ]] || die "BUILDKITE_RETRY_COUNT is '$RETRY', which is no number. Nothing was done."
  SHA7=${COMMIT:0:7}
}

is_pull_request() { [ "${BUILDKITE_PULL_REQUEST:-false}" != false ]; }

# only_on_main WHAT: pipeline.yml already says so; a step run from an edited pipeline must not do it either.
only_on_main() {
  local main=${BUILDKITE_PIPELINE_DEFAULT_BRANCH:-main}
  ! is_pull_request || die "$1 never happens for a pull request (this is number $BUILDKITE_PULL_REQUEST). Nothing was done."
  [ -z "${BUILDKITE_TAG:-}" ] || die "$1 does not happen for a tag (this is $BUILDKITE_TAG). Nothing was done."
  [ "${BUILDKITE_BRANCH:-$main}" = "$main" ] ||
    die "$1 happens only on $main (this is $BUILDKITE_BRANCH). Nothing was done."
}
