"""A sandbox for one run of one step: fakes of az, docker and buildkite-agent on PATH, a site that answers over HTTP as
web does, and what all of them saw. Only what belongs to Azure, Buildkite and a registry is faked; bash, curl and jq are real."""

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COMMIT = subprocess.check_output(["git", "-C", ROOT, "rev-parse", "HEAD"], text=True).strip()
SHA7 = COMMIT[:7]
OLD = "0ld0000".replace("l", "1") + "0" * 33
REGISTRY = "registry.example"
API, WEB = f"{REGISTRY}/acme/task-tracker-api", f"{REGISTRY}/acme/task-tracker-web"
NEW_DIGEST = {"api": "sha256:" + "a" * 64, "web": "sha256:" + "b" * 64}
OLD_DIGEST = {"api": "sha256:" + "c" * 64, "web": "sha256:" + "d" * 64}
SECRETS = {"GHCR_TOKEN": "ghp_registry_password_value", "AZURE_CLIENT_SECRET": "azure-client-secret-value"}


class Site(ThreadingHTTPServer):
    """web as the public sees it: which commit answers follows from the image that serves in the sandbox's Azure."""

    daemon_threads = True

    def __init__(self, sandbox):
        super().__init__(("127.0.0.1", 0), SiteHandler)
        self.sandbox, self.tasks, self.next_id = sandbox, {}, 7
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class SiteHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body="", location=None):
        data = body.encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        site, url = self.server, urlsplit(self.path)
        commit = site.sandbox.live_commit()
        fault = site.sandbox.faults.get("site healthz") if commit == COMMIT else None
        if url.path == "/healthz":
            if fault == "hang":
                threading.Event().wait(30)
            if isinstance(fault, int):
                return self.answer(fault, "<h1>not well</h1>")
            return self.answer(200, json.dumps({"status": "ok", "version": "0.1.0", "git_sha": OLD if fault == "old" else commit, "uptime_seconds": 3}))
        shown = parse_qs(url.query).get("show", ["all"])[0]
        rows = "".join(
            f'<li class="task" id="task-{i}" data-task-id="{i}">\n<div class="what">\n<h3 dir="auto" data-task-title>{html.escape(t["title"])}</h3>\n</div>\n</li>\n'
            for i, t in reversed(site.tasks.items())
            if shown == "all" or t["completed"] == (shown == "completed")
        )
        self.answer(200, f'<form action="/tasks/add"><input type="hidden" name="key" value="key-1"></form><ul>{rows}</ul>')

    def do_POST(self):
        site = self.server
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()).items()}
        if self.headers.get("Origin") != f"http://{self.headers['Host']}":
            return self.answer(403, "cross-site")
        action, task = self.path.rsplit("/", 1)[1], re.search(r"\d+", self.path)
        fault = site.sandbox.faults.get(f"site {action}")
        if fault and fault != "lost":
            return self.answer(fault)
        if not fault:
            if action == "add":
                assert form["key"] == "key-1"
                site.tasks[site.next_id] = {"title": form["title"], "completed": False}
                site.next_id += 1
            elif action == "toggle":
                site.tasks[int(task[0])]["completed"] = form["completed"] == "true"
            elif action == "delete":
                del site.tasks[int(task[0])]
        self.answer(303, location="/tasks")


class Sandbox(unittest.TestCase):
    """One step, run against fakes. `self.faults` says what goes wrong; it is read anew by every fake."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="step-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.faults, self.meta = {}, {}
        (self.dir / "bin").mkdir()
        for fake in (HERE / "fakes").iterdir():
            shim = self.dir / "bin" / fake.name
            shim.write_text(f"#!{sys.executable} -IS\n" + fake.read_text())
            shim.chmod(0o755)
        (self.dir / "calls.jsonl").touch()
        shutil.copy(HERE / "recorded/containerapp-show.json", self.dir / "show.json")
        shutil.copy(HERE / "recorded/containerapp-revision-show.json", self.dir / "revision.json")
        self.azure = {
            app: {"ready": f"{app}--b41r0-{OLD[:7]}", "revisions": [self.revision(app, f"b41r0-{OLD[:7]}", f"{image}@{OLD_DIGEST[part]}")]}
            for app, image, part in (("task-api", API, "api"), ("task-web", WEB, "web"))
        }
        self.registry = {}
        for part, name in (("api", API), ("web", WEB)):
            self.registry[f"{name}@{NEW_DIGEST[part]}"] = {"digest": NEW_DIGEST[part], "revision": COMMIT}
            self.registry[f"{name}@{OLD_DIGEST[part]}"] = {"digest": OLD_DIGEST[part], "revision": OLD}
        self.site = Site(self)
        self.addCleanup(self.site.server_close)
        self.addCleanup(self.site.shutdown)
        self.url = f"http://127.0.0.1:{self.site.server_port}"
        self.env = {
            "PATH": f"{self.dir}/bin:{os.environ['PATH']}", "HOME": str(self.dir), "LANG": "C.UTF-8", "TMPDIR": str(self.dir),
            "FAKE": str(self.dir), "FAKE_SITE": f"127.0.0.1:{self.site.server_port}", "WEB_URL": self.url,
            "BUILDKITE": "true", "BUILDKITE_JOB_ID": "job", "BUILDKITE_BUILD_NUMBER": "42", "BUILDKITE_RETRY_COUNT": "0", "BUILDKITE_COMMIT": COMMIT,
            "BUILDKITE_BRANCH": "main", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_TAG": "",
            "BUILDKITE_PIPELINE_ID": "0191f956-042f-7ec4-aa62-8e5eeae396d0", "BUILDKITE_REPO": "git@github.com:acme/task-tracker.git",
            "REGISTRY": REGISTRY, "GHCR_OWNER": "acme",
            "AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant", "AZURE_SUBSCRIPTION_ID": "subscription",
            "POLL_SECONDS": "0.05", "READY_TIMEOUT": "1", "SITE_TIMEOUT": "1", "HTTP_TIMEOUT": "5",
        }

    @staticmethod
    def revision(app, suffix, image):
        return {"name": f"{app}--{suffix}", "image": image, "created": "2026-11-20T10:00:00+00:00",
                "health": "Healthy", "running": "RunningAtMaxScale", "provisioning": "Provisioned"}

    def live_commit(self):
        """The commit of the image that serves on task-web."""
        azure = json.loads((self.dir / "azure.json").read_text()) if (self.dir / "azure.json").exists() else self.azure
        ready = next(r for r in azure["task-web"]["revisions"] if r["name"] == azure["task-web"]["ready"])
        return COMMIT if ready["image"].endswith(NEW_DIGEST["web"]) else OLD

    def start(self, step, *arguments, **env):
        for name in "faults", "azure", "registry", "meta":
            (self.dir / f"{name}.json").write_text(json.dumps(getattr(self, name)))
        environment = {k: v for k, v in {**self.env, **env}.items() if v is not None}
        return subprocess.Popen([ROOT / ".buildkite/steps" / step, *arguments], cwd="/", env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def finish(self, process, timeout=40):
        try:
            self.out, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"the step hung; until then it said:\n{process.communicate()[0]}")
        self.status = process.returncode
        for name in "azure", "registry", "meta":
            setattr(self, name, json.loads((self.dir / f"{name}.json").read_text()))
        self.calls = [json.loads(line) for line in (self.dir / "calls.jsonl").read_text().splitlines()]
        return self.status

    def run_step(self, step, *arguments, **env):
        return self.finish(self.start(step, *arguments, **env))

    # ---- what was seen -------------------------------------------------------------------

    def commands(self, tool, *words):
        return [c for c in self.calls if c["tool"] == tool and c["args"][: len(words)] == list(words)]

    def updates(self):
        return [(opt(c, "--name"), opt(c, "--image"), opt(c, "--revision-suffix")) for c in self.commands("az", "containerapp", "update")]

    def serving(self, app):
        return next(r["image"] for r in self.azure[app]["revisions"] if r["name"] == self.azure[app]["ready"])

    def annotations(self):
        return "\n".join(c["stdin"] for c in self.commands("buildkite-agent", "annotate"))

    def assertPassed(self):
        self.assertEqual(self.status, 0, self.out)

    def assertFailed(self, *says):
        self.assertNotEqual(self.status, 0, self.out)
        for text in says:
            self.assertIn(text, self.out)

    def assertNothingDone(self):
        """Not one call that changes a registry or Azure."""
        self.assertEqual(self.updates(), [])
        self.assertEqual(self.commands("docker", "buildx", "build") + self.commands("docker", "buildx", "imagetools", "create"), [])


def opt(call, name):
    args = call["args"]
    return args[args.index(name) + 1] if name in args else None


def opts(call, name):
    args = call["args"]
    return [args[i + 1] for i, a in enumerate(args) if a == name] + [a.split("=", 1)[1] for a in args if a.startswith(name + "=")]
