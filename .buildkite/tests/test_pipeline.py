"""pipeline.yml: its shape, what interpolation at upload leaves of it, and who may do what. Every script under shellcheck."""

import re
import shutil
import subprocess
import unittest

import yaml

from support import ROOT

FILE = ROOT / ".buildkite/pipeline.yml"
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|ACCESS_KEY|PRIVATE_KEY|CONNECTION_STRING|_PAT)\b")
KNOWN = {"label", "key", "command", "depends_on", "if", "timeout_in_minutes", "retry", "soft_fail", "concurrency", "concurrency_group"}
# What the upload understands, and we use: a plain name, perhaps with a default that holds no dollar sign.
INTERPOLATION = re.compile(r"\$\{[A-Z][A-Z0-9_]*(:-[^${}]*)?\}")


def command_steps(steps):
    for step in steps:
        yield from command_steps(step["steps"]) if "group" in step else [step]


class Pipeline(unittest.TestCase):
    def setUp(self):
        self.text = FILE.read_text()
        self.pipeline = yaml.safe_load(self.text)
        self.steps = {s["key"]: s for s in command_steps(self.pipeline["steps"])}
        self.groups = {s["key"]: [x["key"] for x in s["steps"]] for s in self.pipeline["steps"] if "group" in s}

    def needs(self, key):
        """Every step that has ended well before this one starts."""
        direct = [s for d in self.steps[key].get("depends_on", []) for s in self.groups.get(d, [d])]
        return set(direct).union(*map(self.needs, direct)) if direct else set()

    @unittest.skipUnless(shutil.which("check-jsonschema"), "check-jsonschema is not installed: pip install check-jsonschema==0.39.0")
    def test_buildkites_own_schema(self):
        run = subprocess.run(["check-jsonschema", "--builtin-schema", "vendor.buildkite", FILE], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_top_level_and_every_step_have_what_they_need_and_nothing_unknown(self):
        self.assertEqual(set(self.pipeline), {"agents", "steps"})
        self.assertEqual(len(self.steps), len(list(command_steps(self.pipeline["steps"]))), "a key is used twice")
        for key, step in self.steps.items():
            with self.subTest(key):
                self.assertLessEqual(set(step), KNOWN)
                self.assertTrue(step["label"] and 0 < step["timeout_in_minutes"] <= 60)
                self.assertIn({"exit_status": -1, "limit": 2}, step["retry"]["automatic"], "a lost agent is no fault of the commit")
                for dependency in step.get("depends_on", []):
                    self.assertIn(dependency, self.steps.keys() | self.groups.keys())

    def test_commands_are_scripts_that_exist(self):
        for key, step in self.steps.items():
            for command in [step["command"]] if isinstance(step["command"], str) else step["command"]:
                with self.subTest(command):
                    path, *arguments = command.split()
                    self.assertRegex(path, r"^\.buildkite/steps/[a-z]+\.sh$")
                    self.assertTrue((ROOT / path).stat().st_mode & 0o111)
                    self.assertTrue(all(re.fullmatch(r"[a-z]+", a) for a in arguments))

    def test_what_is_interpolated_is_known_to_the_upload_and_no_secret(self):
        left = INTERPOLATION.sub("", re.sub(r"(?m)(^|\s)#.*$", "", self.text))
        self.assertNotIn("$", left, "the upload would refuse or empty this")
        for use in INTERPOLATION.findall(self.text) and INTERPOLATION.finditer(self.text):
            self.assertNotRegex(use[0], SECRET)

    def test_nothing_is_deployed_that_was_not_checked_built_smoked_and_scanned(self):
        for key in "deploy", "release":
            self.assertEqual(self.needs(key), {"lint", "test", "scripts", "audit", "sbom", "build-api", "build-web", "smoke", "scan"})

    def test_only_main_deploys_and_only_tags_release(self):
        no_pull_request = '"${BUILDKITE_PULL_REQUEST:-false}" == "false"'
        self.assertEqual(self.steps["deploy"]["if"], f"build.branch == pipeline.default_branch && build.tag == null && {no_pull_request}")
        self.assertEqual(self.steps["release"]["if"], f"build.tag =~ /^v[0-9]/ && {no_pull_request}")
        writers = {k for k, s in self.steps.items() if re.search(r"deploy|promote|release", str(s["command"]))}
        self.assertEqual(writers, {"deploy", "release"})

    def test_one_deploy_at_a_time(self):
        deploy = self.steps["deploy"]
        self.assertEqual(deploy["concurrency"], 1)
        self.assertIn("RESOURCE_GROUP", deploy["concurrency_group"])
        self.assertEqual(deploy["command"], [".buildkite/steps/deploy.sh", ".buildkite/steps/promote.sh"], "tags move in the slot of the deploy")

    def test_only_a_missing_scanner_is_a_soft_failure(self):
        self.assertEqual({k: s["soft_fail"] for k, s in self.steps.items() if "soft_fail" in s}, {"scan": [{"exit_status": 3}]})


class Scripts(unittest.TestCase):
    SCRIPTS = sorted([*ROOT.glob(".buildkite/steps/*.sh"), *ROOT.glob("azure/*.sh")])
    LIBRARIES = sorted([*ROOT.glob(".buildkite/lib/*.sh"), *ROOT.glob("azure/lib/*.sh")])

    def test_shellcheck(self):
        self.assertTrue(shutil.which("shellcheck"), "shellcheck is not installed")
        run = subprocess.run(["shellcheck", "-x", *self.SCRIPTS, *self.LIBRARIES, ROOT / ".buildkite/hooks-environment.example"], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_each_says_what_it_does_and_stops_at_the_first_fault(self):
        for script in self.SCRIPTS:
            with self.subTest(script.name):
                lines = script.read_text().splitlines()
                self.assertEqual(lines[0], "#!/usr/bin/env bash")
                self.assertTrue(lines[1].startswith(f"## {script.name} "), lines[1])
                self.assertIn("set -euo pipefail", lines)
                self.assertTrue(script.stat().st_mode & 0o111)

    def test_the_hook_example_has_no_values_and_names_what_the_steps_need(self):
        text = (ROOT / ".buildkite/hooks-environment.example").read_text()
        self.assertEqual(re.findall(r"(?m)^export \w+=(.+)$", text), [])
        named = set(re.findall(r"export (\w+)=", text))
        needed = {n for script in self.LIBRARIES for names in re.findall(r"(?m)^ +need ([A-Z_ ]+)", script.read_text()) for n in names.split()}
        self.assertLessEqual(needed - {"BUILDKITE_BUILD_NUMBER"}, named)
