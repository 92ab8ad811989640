"""build.sh, promote.sh, release.sh: what is pushed under which name, once, and what happens when the registry does not play along."""

import subprocess

from support import API, COMMIT, NEW_DIGEST, OLD, ROOT, SECRETS, SHA7, WEB, Sandbox, opt, opts

REFUSED = "ERROR: failed to push: unexpected status: 403 Forbidden"
DOWN = "ERROR: failed to do request: dial tcp: connection refused"


class Build(Sandbox):
    def build(self, component="api", **env):
        return self.run_step("build.sh", component, **env)

    def the_build(self):
        (call,) = self.commands("docker", "buildx", "build")
        return call

    def test_pushed_once_under_an_immutable_tag_with_provenance_and_labels(self):
        self.build()
        self.assertPassed()
        call = self.the_build()
        self.assertEqual(opts(call, "--tag"), [f"{API}:b42-{SHA7}"])
        self.assertEqual(opt(call, "--file"), "api.Dockerfile")
        self.assertIn("--push", call["args"])
        self.assertEqual(opts(call, "--provenance"), ["mode=max"])
        created = subprocess.check_output(["git", "-C", ROOT, "log", "-1", "--format=%cI"], text=True).strip()
        self.assertLessEqual({f"GIT_SHA={COMMIT}", f"VERSION=b42-{SHA7}", f"CREATED={created}"}, set(opts(call, "--build-arg")))
        self.assertLessEqual({f"org.opencontainers.image.revision={COMMIT}", "org.opencontainers.image.source=https://github.com/acme/task-tracker"}, set(opts(call, "--label")))
        self.assertEqual(self.meta["digest-api"], self.registry[f"{API}:b42-{SHA7}"]["digest"])

    def test_no_credentials_of_a_repository_address_in_the_label(self):
        self.build(BUILDKITE_REPO="https://user:pass@github.com/acme/task-tracker.git")
        self.assertIn("org.opencontainers.image.source=https://github.com/acme/task-tracker", opts(self.the_build(), "--label"))

    def test_a_pull_request_gets_a_tag_nobody_deploys_and_writes_no_cache(self):
        self.build("web", BUILDKITE_PULL_REQUEST="7", BUILDKITE_BRANCH="feature")
        self.assertPassed()
        self.assertEqual(opts(self.the_build(), "--tag"), [f"{WEB}:pr-7-b42-{SHA7}"])
        self.assertEqual(opts(self.the_build(), "--cache-to"), [])
        self.assertEqual(len(opts(self.the_build(), "--cache-from")), 1)

    def test_a_pull_request_from_a_branch_called_main_is_one_all_the_same(self):
        self.build(BUILDKITE_PULL_REQUEST="7")
        self.assertEqual(opts(self.the_build(), "--tag"), [f"{API}:pr-7-b42-{SHA7}"])
        self.assertEqual(opts(self.the_build(), "--cache-to"), [])

    def test_only_main_writes_the_cache(self):
        self.build()
        self.assertEqual(len(opts(self.the_build(), "--cache-to")), 1)
        self.setUp()
        self.build(BUILDKITE_BRANCH="feature")
        self.assertEqual(opts(self.the_build(), "--cache-to"), [])

    def test_a_release_is_built_with_its_version(self):
        self.build(BUILDKITE_TAG="v1.2.3", BUILDKITE_BRANCH="v1.2.3")
        self.assertIn("VERSION=1.2.3", opts(self.the_build(), "--build-arg"))
        self.assertEqual(opts(self.the_build(), "--tag"), [f"{API}:b42-{SHA7}"])

    def test_a_retry_finds_the_tag_and_builds_nothing(self):
        self.registry[f"{API}:b42-{SHA7}"] = self.registry[f"{API}@{NEW_DIGEST['api']}"]
        self.build(BUILDKITE_RETRY_COUNT="1")
        self.assertPassed()
        self.assertNothingDone()
        self.assertEqual(self.meta["digest-api"], NEW_DIGEST["api"])

    def test_a_tag_of_another_commit_is_not_moved(self):
        self.registry[f"{API}:b42-{SHA7}"] = {"digest": NEW_DIGEST["api"], "revision": OLD}
        self.registry[f"{API}@{NEW_DIGEST['api']}"]["revision"] = OLD
        self.build()
        self.assertFailed("built from another commit", "Tags are never moved")
        self.assertNothingDone()

    def test_push_refused(self):
        self.faults = {"docker buildx build": REFUSED}
        self.build()
        self.assertFailed("403 Forbidden", f"building or pushing {API}:b42-{SHA7} failed", "Nothing is deployed")
        self.assertNotIn("digest-api", self.meta)

    def test_the_registry_does_not_keep_what_was_pushed(self):
        self.faults = {"registry": "loses"}
        self.build()
        self.assertFailed("the push was not kept")
        self.assertNotIn("digest-api", self.meta)

    def test_registry_down(self):
        self.faults = {"docker buildx imagetools inspect": DOWN}
        self.build()
        self.assertFailed("connection refused", f"{API.split('/')[0]} does not answer", "Nothing was done")
        self.assertNothingDone()

    def test_registry_or_build_hangs(self):
        self.faults = {"docker buildx imagetools inspect": "hang"}
        self.build(REGISTRY_TIMEOUT="1")
        self.assertFailed("the registry did not end within 1 s")
        self.faults = {"docker buildx build": "hang"}
        self.build(BUILD_TIMEOUT="1")
        self.assertFailed("the image build did not end within 1 s")

    def test_login_is_for_this_job_alone_and_by_standard_input(self):
        self.build(GHCR_USERNAME="robot", GHCR_TOKEN=SECRETS["GHCR_TOKEN"])
        self.assertPassed()
        (login,) = self.commands("docker", "login")
        self.assertEqual(login["stdin"], SECRETS["GHCR_TOKEN"])
        self.assertFalse(login["config"].startswith(f"{self.dir}/.docker"))
        self.assertNotIn(SECRETS["GHCR_TOKEN"], self.out + str([c["args"] for c in self.calls]))

    def test_login_refused(self):
        self.faults = {"docker login": "Error response from daemon: denied"}
        self.build(GHCR_USERNAME="robot", GHCR_TOKEN="wrong")
        self.assertFailed("denied", "login to registry.example as robot failed", "write:packages")
        self.assertNothingDone()

    def test_variables_that_are_missing_or_make_no_sense(self):
        for env, says in (
            ({"BUILDKITE_BUILD_NUMBER": None}, "missing or empty: BUILDKITE_BUILD_NUMBER"),
            ({"REGISTRY": None, "GHCR_OWNER": ""}, "missing or empty: GHCR_OWNER GHCR_USERNAME GHCR_TOKEN"),
            ({"GHCR_USERNAME": "robot"}, "missing or empty: GHCR_TOKEN"),
            ({"GHCR_OWNER": "Acme"}, "lower case"),
            ({"BUILDKITE_COMMIT": "main"}, "no full commit id"),
        ):
            with self.subTest(says):
                self.build(**env)
                self.assertFailed(says)
                self.assertEqual(self.calls, [])
        self.run_step("build.sh")
        self.assertFailed("usage: build.sh api|web")

    def test_dry_run(self):
        self.build(DRY_RUN="1")
        self.assertPassed()
        self.assertNothingDone()
        self.assertIn(f"--tag {API}:b42-{SHA7}", self.out)
        self.assertEqual(self.meta, {})


class Promote(Sandbox):
    def setUp(self):
        super().setUp()
        self.meta = {"digest-api": NEW_DIGEST["api"], "digest-web": NEW_DIGEST["web"]}

    def test_main_and_latest_are_what_was_deployed(self):
        self.run_step("promote.sh")
        self.assertPassed()
        for name, part in ((API, "api"), (WEB, "web")):
            for tag in "main", "latest":
                self.assertEqual(self.registry[f"{name}:{tag}"]["digest"], NEW_DIGEST[part])

    def test_never_for_anything_but_main(self):
        for env in {"BUILDKITE_PULL_REQUEST": "7"}, {"BUILDKITE_BRANCH": "feature"}, {"BUILDKITE_TAG": "v1.2.3"}:
            with self.subTest(env):
                self.run_step("promote.sh", **env)
                self.assertFailed("Nothing was done")
                self.assertNothingDone()

    def test_registry_refuses(self):
        self.faults = {"docker buildx imagetools create": REFUSED}
        self.run_step("promote.sh")
        self.assertFailed("could not be moved", "What is deployed is not affected")

    def test_dry_run(self):
        self.run_step("promote.sh", DRY_RUN="1")
        self.assertPassed()
        self.assertNothingDone()
        self.assertIn(f"would run: docker buildx imagetools create --tag {API}:main", self.out)


class Release(Sandbox):
    """release.sh looks at the repository's tags, so it runs in a clone with tags of its own."""

    def setUp(self):
        super().setUp()
        self.meta = {"digest-api": NEW_DIGEST["api"], "digest-web": NEW_DIGEST["web"]}

    def release(self, tag, others=(), **env):
        git = self.dir / "bin/git"
        tags = "\n".join([tag, *others])
        git.write_text(f"""#!/bin/bash
case "$1 $2" in
  "fetch --quiet") exit {self.faults.get('git fetch', 0)} ;;
  "tag --list") while read -r t; do [[ $t == $3 ]] && echo "$t"; done <<<"{tags}"; exit 0 ;;
  *) exec /usr/bin/git "$@" ;;
esac
""")
        git.chmod(0o755)
        return self.run_step("release.sh", BUILDKITE_TAG=tag, BUILDKITE_BRANCH=tag, **env)

    def tags(self, name=API):
        return {r.rsplit(":", 1)[1] for r in self.registry if r.startswith(name + ":")}

    def test_full_minor_and_major(self):
        self.release("v1.2.3", ["v1.2.2", "v1.1.9", "v0.9.0"])
        self.assertPassed()
        for name in API, WEB:
            self.assertEqual(self.tags(name), {"1.2.3", "1.2", "1"})

    def test_a_fix_to_an_old_line_does_not_take_the_newer_ones_back(self):
        self.release("v1.2.3", ["v1.10.0"])
        self.assertEqual(self.tags(), {"1.2.3", "1.2"})
        self.setUp()
        self.release("v1.2.3", ["v1.2.10"])
        self.assertEqual(self.tags(), {"1.2.3"})

    def test_again_is_no_fault_but_other_images_under_the_same_version_are(self):
        self.release("v1.2.3")
        self.release("v1.2.3")
        self.assertPassed()
        self.registry[f"{WEB}:1.2.3"] = {"digest": "sha256:" + "9" * 64, "revision": OLD}
        calls = len(self.commands("docker", "buildx", "imagetools", "create"))
        self.release("v1.2.3")
        self.assertFailed("releases are never moved")
        self.assertEqual(len(self.commands("docker", "buildx", "imagetools", "create")), calls)

    def test_what_is_no_release(self):
        for tag in "v1.2", "v1.2.3-rc1", "v01.2.3", "release-1":
            with self.subTest(tag):
                self.release(tag)
                self.assertFailed("must look like v1.2.3")
        self.release("v1.2.3", BUILDKITE_PULL_REQUEST="7")
        self.assertFailed("never comes from a pull request")
        self.assertNothingDone()

    def test_registry_down_or_the_tags_not_to_be_had(self):
        self.faults = {"docker buildx imagetools inspect": DOWN}
        self.release("v1.2.3")
        self.assertFailed("does not answer")
        self.faults = {"git fetch": 128}
        self.release("v1.2.3")
        self.assertFailed("tags of the repository could not be had")
        self.assertNothingDone()
