"""AWS on this machine: MiniStack and moto, each a process of its own with its own port, folder and log."""

import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from ..paths import AWS_TOOLS
from ..ports import free_port
from ..processes import Process
from ..waiting import DEADLINE_SECONDS, wait_until

# Neither looks at them; the protocol wants them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Emulator:
    """One emulator, running. `end()` stops it; what it said stays in `logs()` until then."""

    def __init__(self, name, command, health, **environment):
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"heights-{name}-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = [str(word).replace("PORT", str(self.port)) for word in command]
        settings = {key: value.replace("PORT", str(self.port)) for key, value in environment.items()}
        with open(self.folder / "log", "wb") as log:
            self._child = subprocess.Popen(
                words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **CREDENTIALS, "TMPDIR": str(self.folder), **settings})
        self._process = Process.of(self._child.pid)
        try:
            wait_until(lambda: self._answers(health), f"{name} answers; its log:\n{self.logs()}")
        except BaseException:
            self.end()
            raise

    def _answers(self, path):
        assert self._child.poll() is None, f"{self.name} ended at its start:\n{self.logs()}"
        try:
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE_SECONDS) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def client(self, service, region="eu-central-1", url=None):
        return boto3.client(
            service, region_name=region, endpoint_url=url or self.url, aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def logs(self):
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        # Of the access log only what is no ordinary answer.
        telling = [line for line in lines if '" 200 ' not in line]
        return "\n".join("  " + line[:300] for line in telling[-40:])

    def end(self):
        if self._process and self._process.is_alive:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._child.wait(DEADLINE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def ministack(program=(AWS_TOOLS / "ministack",), **environment):
    return Emulator(
        "ministack", program, "/_ministack/health", **environment, GATEWAY_PORT="PORT", BIND_HOST="127.0.0.1",
        MINISTACK_HOST="127.0.0.1",
        # Only the interfaces are wanted: no other doors, and no containers where there is a Docker.
        SFTP_ENABLED="0", IOT_MTLS_ENABLED="0", DOCKER_HOST="unix:///nowhere.sock")


def account():
    """MiniStack that lets nobody do what no policy allows, and has what a server asks for (ministack_launcher.py)."""
    return ministack([AWS_TOOLS / "python", Path(__file__).with_name("ministack_launcher.py")], AUTH="true",
                     MINISTACK_IMDS_V2_REQUIRED="1")


def moto():
    launcher = Path(__file__).with_name("moto_launcher.py")
    return Emulator("moto", [AWS_TOOLS / "python", launcher, "-H", "127.0.0.1", "-p", "PORT"], "/moto-api/")
