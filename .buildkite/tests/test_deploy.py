"""deploy.sh: the way through, and each fault, ending with the new version live, the old one live, or nothing touched."""

import os
import signal
import time

from support import API, COMMIT, NEW_DIGEST, OLD, OLD_DIGEST, SECRETS, SHA7, WEB, Sandbox, opt

NEW = {"task-api": f"{API}@{NEW_DIGEST['api']}", "task-web": f"{WEB}@{NEW_DIGEST['web']}"}
WAS = {"task-api": f"{API}@{OLD_DIGEST['api']}", "task-web": f"{WEB}@{OLD_DIGEST['web']}"}
OLD7 = OLD[:7]


class Deploy(Sandbox):
    def setUp(self):
        super().setUp()
        self.meta = {"digest-api": NEW_DIGEST["api"], "digest-web": NEW_DIGEST["web"], "scan": "clean"}

    def deploy(self, **env):
        return self.run_step("deploy.sh", **env)

    def assertLive(self, images):
        self.assertEqual({app: self.serving(app) for app in images}, images)
        self.assertEqual(self.site.tasks, {}, "a probe task was left behind")

    def assertPutBack(self):
        self.assertLive(WAS)
        self.assertIn("Live now: the OLD version", self.out)
        self.assertIn("To try again", self.out)
        self.assertIn("To try again", self.annotations())


class WayThrough(Deploy):
    def test_api_then_web_by_digest_then_the_site(self):
        self.deploy()
        self.assertPassed()
        self.assertEqual(self.updates(), [("task-api", NEW["task-api"], f"b42r0-{SHA7}"), ("task-web", NEW["task-web"], f"b42r0-{SHA7}")])
        self.assertLive(NEW)
        self.assertEqual(self.meta["deploy"], "live")
        self.assertEqual(opt(self.commands("buildkite-agent", "annotate")[0], "--style"), "success")
        self.assertEqual({opt(c, "--resource-group") for c in self.commands("az", "containerapp")}, {"task-tracker-rg"})

    def test_token_of_this_job_for_this_pipeline(self):
        self.deploy()
        token = self.commands("buildkite-agent", "oidc", "request-token")[0]
        self.assertEqual((opt(token, "--audience"), opt(token, "--subject-claim")), ("api://AzureADTokenExchange", "pipeline_id"))
        login = self.commands("az", "login")[0]
        self.assertEqual((login["credential"], login["mode"]), ("header.the-token-of-this-job.signature", "0o600"))
        self.assertIn("the-token-of-this-job", self.commands("buildkite-agent", "redactor", "add")[0]["stdin"])

    def test_secret_of_a_service_principal_where_one_is_set(self):
        self.deploy(**SECRETS, GHCR_USERNAME="robot")
        self.assertPassed()
        login = self.commands("az", "login")[0]
        self.assertEqual((login["credential"], login["mode"]), (SECRETS["AZURE_CLIENT_SECRET"], "0o600"))
        self.assertIn("--password", login["args"])
        self.assertEqual(self.commands("buildkite-agent", "oidc"), [])
        self.assertEqual(self.commands("docker", "login")[0]["stdin"], SECRETS["GHCR_TOKEN"])

    def test_no_secret_in_an_argument_a_log_or_an_annotation(self):
        self.deploy(**SECRETS, GHCR_USERNAME="robot")
        said = self.out + self.annotations() + "".join(str(c["args"]) for c in self.calls)
        for secret in SECRETS.values():
            self.assertNotIn(secret, said)
        self.deploy()
        self.assertNotIn("the-token-of-this-job", self.out + "".join(str(c["args"]) for c in self.calls))

    def test_a_profile_of_its_own_that_is_gone_afterwards(self):
        self.deploy(AZURE_CONFIG_DIR=str(self.dir / "old-profile"))
        first = {c["config"] for c in self.commands("az")}
        self.assertEqual(len(first), 1)
        self.assertNotIn(str(self.dir / "old-profile"), first)
        self.assertFalse(os.path.exists(first.pop()))

    def test_a_second_deploy_of_the_same_commit_changes_nothing(self):
        self.deploy()
        done = len(self.updates())
        self.deploy(BUILDKITE_BUILD_NUMBER="43")
        self.assertPassed()
        self.assertEqual(len(self.updates()), done)
        self.assertEqual(self.meta["deploy"], "unchanged")
        self.assertIn("live already", self.out)

    def test_a_retried_job_gets_a_suffix_of_its_own(self):
        self.deploy(BUILDKITE_RETRY_COUNT="1")
        self.assertEqual(self.updates()[0][2], f"b42r1-{SHA7}")

    def test_a_suffix_that_was_used_is_not_used_again(self):
        for app in self.azure:
            self.azure[app]["revisions"].insert(0, self.revision(app, f"b42r0-{SHA7}", "x"))
        self.deploy()
        self.assertPassed()
        self.assertEqual(self.updates()[0][2], f"b42r1-{SHA7}")

    def test_the_first_image_named_by_tag_is_gone_back_to_by_digest(self):
        for app, name, part in (("task-api", API, "api"), ("task-web", WEB, "web")):
            self.azure[app] = {"ready": f"{app}--b0p1-0000000", "revisions": [self.revision(app, "b0p1-0000000", f"{name}:b1")]}
            self.registry[f"{name}:b1"] = {"digest": OLD_DIGEST[part], "revision": OLD}
        self.faults = {"revision task-web": "failed"}
        self.deploy()
        self.assertFailed()
        self.assertPutBack()

    def test_dry_run_prints_the_changes_and_makes_none(self):
        self.deploy(DRY_RUN="1")
        self.assertPassed()
        self.assertNothingDone()
        self.assertEqual(self.commands("buildkite-agent", "meta-data", "set") + self.commands("buildkite-agent", "annotate"), [])
        for app in NEW:
            self.assertRegex(self.out, rf"would run: .*az containerapp update .*--name {app} --image {NEW[app]} --revision-suffix b42r0-{SHA7}")

    def test_apps_left_on_two_commits_by_a_killed_deploy_are_brought_together(self):
        self.azure["task-api"]["revisions"].append(self.revision("task-api", "b42r0-1111111", f"{API}@sha256:{'e' * 64}"))
        self.azure["task-api"]["ready"] = "task-api--b42r0-1111111"
        self.deploy(BUILDKITE_BUILD_NUMBER="43")
        self.assertPassed()
        self.assertLive(NEW)

    def test_and_if_that_fails_both_go_back_to_what_web_has(self):
        self.azure["task-api"]["revisions"].append(self.revision("task-api", f"b42r0-{SHA7}", NEW["task-api"]))
        self.azure["task-api"]["ready"] = f"task-api--b42r0-{SHA7}"
        self.faults = {"revision task-web": "failed"}
        self.deploy(BUILDKITE_RETRY_COUNT="1")
        self.assertFailed("an earlier deploy was cut off")
        self.assertPutBack()


class NothingTouched(Deploy):
    def tearDown(self):
        self.assertNothingDone()
        self.assertNotIn("Live now", self.out)

    def test_missing_or_empty_variables_are_named_before_anything_is_done(self):
        for name in "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "BUILDKITE_BUILD_NUMBER":
            for value in None, "":
                with self.subTest(name, value=value):
                    self.deploy(**{name: value})
                    self.assertFailed(f"missing or empty: {name}. Nothing was done")
                    self.assertEqual(self.calls, [])

    def test_ghcr_needs_its_owner_and_credentials(self):
        self.deploy(REGISTRY="ghcr.io", GHCR_OWNER=None)
        self.assertFailed("missing or empty: GHCR_OWNER GHCR_USERNAME GHCR_TOKEN")
        self.assertEqual(self.calls, [])

    def test_pull_requests_branches_and_tags_never_deploy(self):
        for env in {"BUILDKITE_PULL_REQUEST": "7"}, {"BUILDKITE_BRANCH": "feature"}, {"BUILDKITE_TAG": "v1.2.3"}:
            with self.subTest(env):
                self.deploy(**env)
                self.assertFailed("Nothing was done")
                self.assertEqual(self.calls, [])

    def test_a_scan_that_did_not_pass(self):
        self.meta["scan"] = "findings"
        self.deploy()
        self.assertFailed("the scan of the images did not pass (findings", "live service is untouched")

    def test_login_refused(self):
        for answer, hint in (
            ("AADSTS700213: No matching federated identity record found for presented assertion subject 'x'", "its subject must be 0191f956-042f-7ec4-aa62-8e5eeae396d0"),
            ("AADSTS700212: No matching federated identity record found for presented assertion audience", "another audience"),
        ):
            with self.subTest(answer):
                self.faults = {"az login": answer}
                self.deploy()
                self.assertFailed(hint, "login to Azure failed", "the live service is untouched")
        self.faults = {"az login": "AADSTS7000215: Invalid client secret provided."}
        self.deploy(AZURE_CLIENT_SECRET="wrong")
        self.assertFailed("AZURE_CLIENT_SECRET is wrong or has expired")

    def test_login_hangs(self):
        self.faults = {"az login": "hang"}
        self.deploy(AZ_TIMEOUT="1")
        self.assertFailed("az login did not end within 1 s", "login to Azure failed: az hung")

    def test_no_token_from_buildkite(self):
        self.faults = {"buildkite-agent oidc request-token": "401 Unauthorized"}
        self.deploy()
        self.assertFailed("Buildkite gave no token")

    def test_az_hangs_while_looking(self):
        self.faults = {"az containerapp show": "hang"}
        self.deploy(AZ_TIMEOUT="1")
        self.assertFailed("az containerapp show --resource-group did not end within 1 s".split(" --")[0], "Nothing was done")

    def test_an_app_that_does_not_exist(self):
        del self.azure["task-web"]
        self.site.sandbox.live_commit = lambda: OLD
        self.deploy()
        self.assertFailed("was not found", "run azure/provision.sh")

    def test_multiple_revision_mode(self):
        self.azure["task-web"]["mode"] = "Multiple"
        self.deploy()
        self.assertFailed("Multiple revision mode", "--mode single")

    def test_no_digest_was_handed_on(self):
        del self.meta["digest-web"]
        self.deploy()
        self.assertFailed("there is no digest of the web image", "build-web did not push one")

    def test_a_digest_that_cannot_be_pulled(self):
        del self.registry[NEW["task-api"]]
        self.deploy()
        self.assertFailed(f"{NEW['task-api']} is not in the registry", "Nothing was done")

    def test_registry_down(self):
        self.faults = {"docker buildx imagetools inspect": "ERROR: failed to do request: dial tcp: connection refused"}
        self.deploy()
        self.assertFailed("connection refused", "does not answer", "Press Retry")

    def test_an_older_build_does_not_replace_a_newer_one(self):
        self.deploy(BUILDKITE_BUILD_NUMBER="40")
        self.assertFailed("build 41 is live on task-api and is newer than this build 40", "ALLOW_OLDER=1")

    def test_a_name_too_long_for_azure(self):
        self.deploy(WEB_APP="a-name-of-an-app-that-is-by-far-too-long")
        self.assertFailed("54 characters")


class Older(Deploy):
    def test_an_older_build_where_it_is_meant(self):
        self.deploy(BUILDKITE_BUILD_NUMBER="40", ALLOW_OLDER="1")
        self.assertPassed()
        self.assertLive(NEW)


class PutBack(Deploy):
    def test_az_refuses_the_update_of_api(self):
        self.faults = {"az containerapp update task-api": "(ContainerAppOperationError) Failed to provision revision"}
        self.deploy()
        self.assertFailed("az did not update task-api", "Failed to provision revision", "task-web still has", "task-api still has")
        self.assertPutBack()

    def test_az_hangs_in_the_update(self):
        self.faults = {"az containerapp update task-web": "hang"}
        started = time.monotonic()
        self.deploy(AZ_CHANGE_TIMEOUT="2")
        self.assertFailed("az containerapp update of task-web did not end within 2 s")
        self.assertPutBack()
        self.assertLess(time.monotonic() - started, 20)

    def test_az_hangs_after_the_update_was_taken(self):
        self.faults = {"revision task-web": "hang after"}
        self.deploy(AZ_CHANGE_TIMEOUT="2")
        self.assertFailed("did not end within 2 s")
        self.assertPutBack()

    def test_api_never_ready(self):
        for state, why in ("failed", "terminated with exit code '78'"), ("stuck", "not ready within 1 s"):
            with self.subTest(state):
                self.setUp()
                self.faults = {"revision task-api": state}
                self.deploy()
                self.assertFailed(f"task-api--b42r0-{SHA7}", why)
                self.assertPutBack()
                self.assertEqual([(u[0], u[1]) for u in self.updates()], [("task-api", NEW["task-api"]), ("task-api", WAS["task-api"])], "web was touched")
                self.assertEqual(self.updates()[1][2], f"b41u42r0-{OLD7}")

    def test_web_never_ready_puts_api_back_too(self):
        self.faults = {"revision task-web": "failed"}
        self.deploy()
        self.assertFailed(f"task-web--b42r0-{SHA7}", "terminated with exit code '78'")
        self.assertPutBack()
        self.assertEqual([u[0] for u in self.updates()], ["task-api", "task-web", "task-web", "task-api"])

    def test_the_note_says_what_happened_with_the_log_and_the_command(self):
        self.faults = {"revision task-web": "failed"}
        self.deploy()
        note = self.annotations()
        for text in (f"Deploy of {SHA7} (build 42) failed", "Live now: the OLD version", f"a line of task-web--b42r0-{SHA7} &lt;with&gt; &amp; markup",
                     f"BUILDKITE_RETRY_COUNT=1 BUILDKITE_COMMIT={COMMIT} API_DIGEST={NEW_DIGEST['api']}", WAS["task-api"], NEW["task-web"]):
            self.assertIn(text, note)
        self.assertEqual(opt(self.commands("buildkite-agent", "annotate")[0], "--style"), "error")

    def test_the_site_answers_the_old_commit(self):
        self.faults = {"site healthz": "old"}
        self.deploy()
        self.assertFailed(f"did not answer as {COMMIT} within 1 s; last seen: {OLD}")
        self.assertPutBack()

    def test_the_site_answers_5xx(self):
        self.faults = {"site healthz": 503}
        self.deploy()
        self.assertFailed("last seen: HTTP 503 from /healthz")
        self.assertPutBack()

    def test_the_site_hangs(self):
        self.faults = {"site healthz": "hang"}
        self.deploy(HTTP_TIMEOUT="1")
        self.assertFailed("last seen: no answer: curl: (28)")
        self.assertPutBack()

    def test_a_task_cannot_be_added(self):
        self.faults = {"site add": 503}
        self.deploy()
        self.assertFailed("a task could not be written", "expected HTTP 303, got 503", "/tasks/add")
        self.assertPutBack()

    def test_a_task_that_is_lost(self):
        self.faults = {"site add": "lost"}
        self.deploy()
        self.assertFailed("the probe task was accepted but is not in the list")
        self.assertPutBack()

    def test_a_toggle_that_does_nothing_leaves_no_probe_behind(self):
        self.faults = {"site toggle": "lost"}
        self.deploy()
        self.assertFailed("the probe task was marked done but is not among the completed")
        self.assertPutBack()

    def test_stopped_in_between(self):
        self.faults = {"revision task-web": "stuck"}
        process = self.start("deploy.sh", READY_TIMEOUT="60")
        for _ in range(200):
            if "stuck" and '"task-web--b42' in (self.dir / "azure.json").read_text():
                break
            time.sleep(0.05)
        self.faults = {}
        (self.dir / "faults.json").write_text("{}")
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertFailed("the job was stopped before it ended")
        self.assertPutBack()


class NotPutBack(Deploy):
    def test_az_is_gone_when_it_is_needed_most(self):
        self.faults = {"revision task-web": "failed", "az containerapp update task-web": [1, "hang"]}
        self.deploy(AZ_CHANGE_TIMEOUT="1")
        self.assertFailed("NOT PUT BACK COMPLETELY", "task-web: az did not take", WAS["task-web"], "az containerapp revision list")
        self.assertIn("NOT PUT BACK COMPLETELY", self.annotations())

    def test_the_old_image_does_not_start_any_more(self):
        self.faults = {"revision task-api": "failed", "undo task-api": "failed"}
        self.deploy()
        self.assertFailed("NOT PUT BACK COMPLETELY", f"task-api: task-api--b41u42r0-{OLD7} is Failed")

    def test_somebody_else_deploys_at_the_same_time(self):
        self.faults = {"revision task-api": "taken"}
        self.deploy()
        self.assertFailed("somebody else deployed", "task-api--b99r0-9999999; it was left alone")
        self.assertEqual(len(self.updates()), 1)
