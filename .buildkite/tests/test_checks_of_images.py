"""smoke.sh and scan.sh: what must pass before a deploy."""

import json
import shutil

from support import API, COMMIT, NEW_DIGEST, OLD, SHA7, WEB, Sandbox, opt


class Smoke(Sandbox):
    def setUp(self):
        super().setUp()
        self.meta = {"digest-api": NEW_DIGEST["api"], "digest-web": NEW_DIGEST["web"]}
        self.azure["task-web"]["revisions"][0]["image"] = f"{WEB}@{NEW_DIGEST['web']}"  # the site answers as this commit

    def smoke(self, **env):
        return self.run_step("smoke.sh", **env)

    def test_exactly_the_pushed_digests_and_nothing_left(self):
        self.smoke()
        self.assertPassed()
        up = next(c for c in self.commands("docker", "compose") if "up" in c["args"])
        (override,) = up["files"].values()
        self.assertIn(f"image: {API}@{NEW_DIGEST['api']}", override)
        self.assertIn(f"image: {WEB}@{NEW_DIGEST['web']}", override)
        self.assertIn("--no-build", up["args"])
        self.assertEqual(opt(up, "--project-name"), f"smoke-b42-r0-{SHA7}")
        self.assertIn("pull", next(c["args"] for c in self.commands("docker", "compose")))
        self.assertIn("down", self.commands("docker", "compose")[-1]["args"])
        self.assertEqual(self.site.tasks, {})

    def assertFailedAndGone(self, *says):
        self.assertFailed("Nothing is deployed", "a line of the stack's log", *says)
        self.assertIn("down", self.commands("docker", "compose")[-1]["args"])
        self.assertEqual(self.site.tasks, {})

    def test_the_images_cannot_be_pulled(self):
        self.faults = {"docker compose pull": "manifest unknown"}
        self.smoke()
        self.assertFailedAndGone("could not be pulled")

    def test_the_stack_is_never_healthy(self):
        self.faults = {"docker compose up": "container api-1 is unhealthy"}
        self.smoke()
        self.assertFailedAndGone("container api-1 is unhealthy", "the stack did not become healthy")

    def test_an_image_of_another_commit(self):
        self.faults = {"version": OLD}
        self.smoke()
        self.assertFailedAndGone(f"not commit {COMMIT}")

    def test_a_site_that_takes_no_task(self):
        self.faults = {"site toggle": 500}
        self.smoke()
        self.assertFailedAndGone("expected HTTP 303, got 500", "a task could not be added, marked done and deleted")

    def test_no_digest(self):
        self.meta = {}
        self.smoke()
        self.assertFailed("there is no digest of the api image")

    def test_dry_run(self):
        self.smoke(DRY_RUN="1")
        self.assertPassed()
        self.assertEqual(self.commands("docker", "compose"), [])


TRIVY = """#!/bin/bash
echo '{"tool": "trivy", "args": ["'"$1"'", "'"${@: -1}"'"]}' >>"$FAKE/calls.jsonl"
while [ $# -gt 1 ]; do [ "$1" != --output ] || out=$2; shift; done
[ ! -e "$FAKE/broken" ] || { echo "FATAL failed to download vulnerability DB" >&2; exit 1; }
cp "$FAKE/report.json" "$out"
"""
GRYPE = """#!/bin/bash
echo '{"tool": "grype", "args": ["'"${@: -1}"'"]}' >>"$FAKE/calls.jsonl"
while [ $# -gt 1 ]; do [ "$1" != --file ] || out=$2; shift; done
cp "$FAKE/report.json" "$out"
"""


class Scan(Sandbox):
    def setUp(self):
        super().setUp()
        self.meta = {"digest-api": NEW_DIGEST["api"], "digest-web": NEW_DIGEST["web"]}
        # Nothing of the machine's own scanners; and the artifacts of the sbom step.
        (self.dir / "artifacts").mkdir()
        for part in "api", "web":
            (self.dir / f"artifacts/task-tracker-{part}.cdx.json").write_text("{}")
        for name in "bash env jq sed sort timeout mktemp chmod rm cp cut cat tr dirname git".split():
            (self.dir / "bin" / name).symlink_to(shutil.which(name))
        self.env["PATH"] = f"{self.dir}/bin"

    def scan(self, name=None, tool=None, report=None, **env):
        if name:
            (self.dir / "bin" / name).write_text(tool)
            (self.dir / "bin" / name).chmod(0o755)
            (self.dir / "report.json").write_text(json.dumps(report))
        return self.run_step("scan.sh", **env)

    def test_no_scanner_is_a_soft_failure_and_says_so(self):
        self.scan()
        self.assertEqual(self.status, 3, self.out)
        self.assertIn("no trivy and no grype on this agent", self.out)
        self.assertEqual(self.meta["scan"], "skipped")
        self.assertIn("not scanned", self.annotations())

    def test_both_images_and_both_sboms_are_scanned(self):
        self.scan("trivy", TRIVY, {"Results": [{"Target": "x"}, {"Target": "y", "Vulnerabilities": [{"Severity": "MEDIUM", "VulnerabilityID": "CVE-1"}]}]})
        self.assertPassed()
        self.assertEqual(self.meta["scan"], "clean")
        self.assertEqual([(c["args"][0], c["args"][1].rsplit("/", 1)[1]) for c in self.calls if c["tool"] == "trivy"], [
            ("image", f"task-tracker-api@{NEW_DIGEST['api']}"), ("sbom", "task-tracker-api.cdx.json"),
            ("image", f"task-tracker-web@{NEW_DIGEST['web']}"), ("sbom", "task-tracker-web.cdx.json")])

    def test_high_or_critical_is_a_hard_failure(self):
        for name, tool, report in (
            ("trivy", TRIVY, {"Results": [{"Vulnerabilities": [{"Severity": "CRITICAL", "VulnerabilityID": "CVE-2026-1", "PkgName": "openssl", "InstalledVersion": "1"}]}]}),
            ("grype", GRYPE, {"matches": [{"vulnerability": {"severity": "Critical", "id": "CVE-2026-1"}, "artifact": {"name": "openssl", "version": "1"}}]}),
        ):
            with self.subTest(name):
                self.setUp()
                self.scan(name, tool, report)
                self.assertEqual(self.status, 1, self.out)
                self.assertIn("CRITICAL CVE-2026-1 openssl 1", self.out)
                self.assertIn("Nothing is deployed", self.out)
                self.assertIn("CVE-2026-1", self.annotations())
                self.assertEqual(self.meta["scan"], "findings")

    def test_a_scanner_that_breaks_is_not_a_clean_bill(self):
        (self.dir / "broken").touch()
        self.scan("trivy", TRIVY, {})
        self.assertEqual(self.status, 1, self.out)
        self.assertIn("what is not scanned is not deployed", self.out)
        self.assertEqual(self.meta["scan"], "failed")

    def test_a_missing_sbom(self):
        (self.dir / "artifacts/task-tracker-web.cdx.json").unlink()
        self.scan("trivy", TRIVY, {})
        self.assertEqual(self.status, 1, self.out)
        self.assertIn("is missing: the step sbom did not upload it", self.out)
