#!/usr/bin/env bash
## promote.sh - moves the tags `main` and `latest` to the images this build deployed.
##
## Runs after deploy.sh in the same job, so inside the same slot of the concurrency group: of two builds the later one
## moves the tags last. Environment: lib/registry.sh, BUILDKITE_BUILD_NUMBER, DRY_RUN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.buildkite/lib/common.sh
. .buildkite/lib/common.sh
# shellcheck source=.buildkite/lib/registry.sh
. .buildkite/lib/registry.sh

build_identity
only_on_main "moving the tags main and latest"
registry_settings
registry_login
for component in api web; do
  digest=$(built_digest "$component") || exit
  name=$(image_name "$component")
  section "$name: main and latest are $digest"
  change limit "$REGISTRY_TIMEOUT" "the registry" docker buildx imagetools create --tag "$name:main" --tag "$name:latest" "$name@$digest" ||
    die "the tags of $name could not be moved. What is deployed is not affected. Press Retry: the deploy will find itself live and only the tags are moved."
done
