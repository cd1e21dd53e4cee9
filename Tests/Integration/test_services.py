"""Services in processes of their own, called by people's pages and by programs that are not Swift: curl and openssl."""

import base64
import contextlib
import json
import os
import signal
import subprocess
import time

import pytest
import requests

from support.paths import SUMMIT, SUMMIT_FOLDER
from support.ports import free_port
from support.summit_api import Person
from support.waiting import wait_until

SERVICES = ["accounts", "posts", "graph"]


def url_safe(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A caller's key, made and used by openssl alone."""

    def __init__(self, folder, name):
        self.name, self.path = name, folder / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True, timeout=30)

    def _bytes(self, *options):
        made = subprocess.run(
            ["openssl", "pkey", "-in", self.path, "-outform", "DER", *options], check=True, capture_output=True, timeout=30)
        return made.stdout[-32:]

    @property
    def public(self):
        return url_safe(self._bytes("-pubout"))

    @property
    def secret_file(self):
        return f"{self.name} {url_safe(self._bytes())}\n"

    def token(self, service, now=None, **other):
        now = int(now or time.time())
        claims = {"iss": self.name, "aud": service, "iat": now, "exp": now + 60, **other}
        parts = [url_safe(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "typ": "JWT"}, claims)]
        text = self.path.with_suffix(".txt")
        text.write_text(".".join(parts))
        signed = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", text], check=True, capture_output=True,
            timeout=30)
        return ".".join([*parts, url_safe(signed.stdout)])


class Apart:
    """Summit with a process for each service."""

    def __init__(self, folder):
        self.folder, self.processes = folder, {}
        self.web, self.stranger = Key(folder, "web"), Key(folder, "stranger")
        (folder / "web.key").write_text(self.web.secret_file)
        self.ports = {name: free_port() for name in [*SERVICES, "web"]}
        self.place(1)
        for name in self.ports:
            self.start(name)

    def place(self, epoch, keys=None):
        document = {
            "epoch": epoch,
            "services": {
                name: {"addresses": [f"127.0.0.1:{self.ports[name]}"], "share": 1024, "callers": ["web"]}
                for name in SERVICES},
            "keys": keys or {"web": [self.web.public], "stranger": [self.stranger.public]},
        }
        new = self.folder / "placement.new"
        new.write_text(json.dumps(document))
        new.rename(self.folder / "placement.json")

    def start(self, name):
        environment = {
            **os.environ, "PORT": str(self.ports[name]), "HEIGHTS_DATA_DIR": str(self.folder / name),
            "HEIGHTS_SERVICE": name, "HEIGHTS_PLACEMENT": str(self.folder / "placement.json"), "HEIGHTS_LOOPS": "1",
            "HEIGHTS_SERVICE_KEY_FILE": str(self.folder / "web.key")}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [SUMMIT], cwd=SUMMIT_FOLDER, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.is_ready(name), f"{name} is ready")

    def is_ready(self, name):
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url(name)}/readyz", timeout=5).status_code == 200

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def end(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            process.wait(30)

    def curl(self, service, call, arguments, *options):
        made = subprocess.run(
            ["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", "-H", "Content-Type: application/json", *options,
             "-d", json.dumps(arguments), f"{self.url(service)}/services/{service}/{call}"],
            check=True, capture_output=True, text=True, timeout=30)
        body, status = made.stdout.rsplit("\n", 1)
        return int(status), json.loads(body)


@pytest.fixture
def apart(tmp_path):
    folder = tmp_path / "with a blank"
    folder.mkdir()
    services = Apart(folder)
    yield services
    services.end()


def test_people_use_an_app_whose_services_are_apart(apart):
    ada, ben = (Person.sign_up(apart.url("web")) for _ in range(2))
    assert ada.send("PUT", f"/api/accounts/{ben.name}/follow").status_code == 204
    assert ben.post("from the other side").status_code == 201
    feed = ada.get("/api/feed").json()
    assert [post["text"] for post in feed["items"]] == ["from the other side"]
    assert not (apart.folder / "web" / "posts.db").exists(), "what a service alone needs is opened there alone"
    assert (apart.folder / "posts" / "posts.db").exists()


def test_a_program_that_is_not_swift_calls_a_service(apart):
    person = Person.sign_up(apart.url("web"))
    bearer = ("-H", f"Authorization: Bearer {apart.web.token('accounts')}")
    status, account = apart.curl("accounts", "named", {"name": person.name}, *bearer)
    assert (status, account["name"]) == (200, person.name)
    assert not any("password" in key.lower() for key in account), account
    assert apart.curl("accounts", "named", {"name": "nobody"}, *bearer) == (200, None)
    status, problem = apart.curl("accounts", "named", {"nome": "nobody"}, *bearer)
    assert status == 400 and "name" in problem["detail"], problem


def test_only_services_that_may_call_do(apart):
    for token, status in [
        (None, 401), ("nonsense", 401), (apart.web.token("posts"), 401), (apart.web.token("accounts", time.time() - 600), 401),
        (apart.web.token("accounts", exp=int(time.time()) + 86_400), 401), (apart.stranger.token("accounts"), 403),
    ]:
        headers = ("-H", f"Authorization: Bearer {token}") if token else ()
        assert apart.curl("accounts", "named", {"name": "ada"}, *headers)[0] == status, token
    assert requests.get(f"{apart.url('accounts')}/", timeout=5).status_code == 404
    assert requests.get(f"{apart.url('web')}/services/accounts/named", timeout=5).status_code == 404


def test_a_service_that_stands_still_keeps_the_rest_going_and_is_found_again(apart):
    person = Person.sign_up(apart.url("web"))
    apart.processes["posts"].send_signal(signal.SIGSTOP)
    # What needs it is refused, and everything else goes on.
    answers = [person.get("/api/popular").status_code for _ in range(2)]
    assert set(answers) <= {503, 504}, answers
    assert person.get("/api/me").status_code == 200
    apart.processes["posts"].send_signal(signal.SIGCONT)
    wait_until(lambda: person.get("/api/popular").status_code == 200, "posts are there again")


def test_a_service_that_was_killed_is_found_again(apart):
    person = Person.sign_up(apart.url("web"))
    apart.processes["graph"].kill()
    apart.processes["graph"].wait(30)
    assert person.get("/api/feed").status_code == 503
    assert person.get("/api/me").status_code == 200
    apart.start("graph")
    wait_until(lambda: person.get("/api/feed").status_code == 200, "follows are there again")


def test_a_key_that_is_gone_opens_nothing(apart):
    person = Person.sign_up(apart.url("web"))
    bearer = ("-H", f"Authorization: Bearer {apart.web.token('accounts')}")
    assert apart.curl("accounts", "named", {"name": person.name}, *bearer)[0] == 200
    apart.place(2, keys={"web": [apart.stranger.public]})
    wait_until(lambda: apart.curl("accounts", "named", {"name": person.name}, *bearer)[0] == 401, "the key is gone")
