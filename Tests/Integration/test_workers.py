"""An app of two process types: a web process and a worker that answers nobody, from stage 3 to stage 5."""

import os
import signal
import threading
import uuid

import pytest
import requests

from support.paths import REPOSITORY
from support.processes import Process
from support.waiting import wait_until

FIXTURES = REPOSITORY / "Tests" / "Fixtures"
MANIFEST = """{
  name: "jobs",
  title: "Jobs",
  databases: { jobs: {} },
  services: { web: { run: [".venv/bin/python", "web.py"], databases: ["jobs"], listens: "port" } },
  workers: { work: { run: [".venv/bin/python", "work.py"], count: 2 } },
}
"""


class Clients:
    """People who leave jobs, until they are told to stop."""

    def __init__(self, url):
        self.url = url
        self.left = []
        self.failures = []
        self._isOver = threading.Event()
        self._threads = [threading.Thread(target=self._leave) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def _leave(self):
        with requests.Session() as session:
            while not self._isOver.wait(0.1):
                id = str(uuid.uuid4())
                try:
                    status = session.post(f"{self.url}/jobs/{id}", timeout=30).status_code
                except requests.RequestException as error:
                    status = str(error)
                (self.left if status == 201 else self.failures).append(id if status == 201 else status)

    def go(self):
        self._isOver.set()
        for thread in self._threads:
            thread.join()


def jobs(lab):
    return requests.get(lab.status()["appURL"] + "/jobs", timeout=30).json()


def workers(lab):
    """The names of those that are ready, and their pids."""
    lines = lab.status()["processes"]
    return {line["name"]: line["pid"] for line in lines if ".worker" in line["name"] and line["health"] == "ready"}


def wait_for_more_work(lab):
    before = sum(job["isDone"] for job in jobs(lab).values())
    wait_until(lambda: sum(job["isDone"] for job in jobs(lab).values()) > before + 5, "jobs are done")


def expect_each_done_once(lab, left):
    """Every job that was acknowledged, by the workers' own word."""
    wait_until(lambda: all(job["isDone"] for job in jobs(lab).values()), "all jobs are done")
    found = jobs(lab)
    assert set(found) >= set(left)
    assert {id: job["by"] for id, job in found.items() if len(job["by"]) != 1} == {}


def names_on(*servers):
    return {f"{server}.{worker}" for server in servers for worker in ("worker-work", "worker2-work")}


@pytest.fixture
def app(lab, python_environment):
    """A lab of the app, not started."""
    lab.become({
        "heights.json": MANIFEST, "release": "one",
        "web.py": (FIXTURES / "jobs_web.py").read_text(), "work.py": (FIXTURES / "jobs_worker.py").read_text()})
    (lab.folder / ".venv").symlink_to(python_environment)
    return lab


def test_a_worker_does_its_work_while_the_app_climbs_and_is_started_again_when_it_dies(app):
    lab = app
    assert lab.up()["stage"] == 3
    lab.wait_until_all_ready()
    assert set(workers(lab)) == names_on("server-a")
    told = lab.heights("status").expect(0).out
    assert "worker-work" in told and "worker2-work" in told, told
    clients = Clients(lab.status()["appURL"])
    try:
        wait_for_more_work(lab)

        # One that dies is started again.
        before = workers(lab)["server-a.worker-work"]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: workers(lab).get("server-a.worker-work") not in (None, before), "the worker is started again")
        assert lab.status_of("server-a.worker-work")["restarts"] == 1
        wait_for_more_work(lab)

        lab.heights("climb", "--to", 5, "--json").expect(0)
        lab.wait_until_all_ready()
        assert set(workers(lab)) == names_on("server-a", "server-b")
        wait_for_more_work(lab)

        # They know what stage 5 has, and go where their servers go.
        for pid in workers(lab).values():
            environment = environment_of(pid)
            assert b"REDIS_URL" in environment and environment[b"HEIGHTS_STAGE"] == b"5"
            assert environment[b"DATABASE_URL"].count(b":5432") == 2, environment[b"DATABASE_URL"]
        lab.heights("scale", "web=3").expect(0)
        assert set(workers(lab)) == names_on("server-a", "server-b", "server-a2")
        lab.heights("scale", "web=2").expect(0)
        assert set(workers(lab)) == names_on("server-a", "server-b")

        # A zone without power takes them along, and what they had begun is done by others. Whom a dead server was to answer is
        # told that it has failed, until balancers have noticed.
        assert clients.failures == []
        lab.ask("cutPower", zone="local-b")
        wait_until(lambda: set(workers(lab)) == names_on("server-a"), "those of the other zone go on")
        wait_for_more_work(lab)
        lab.ask("restorePower", zone="local-b")
        lab.wait_until_all_ready()
    finally:
        clients.go()
    assert clients.left and len(clients.failures) <= 30, clients.failures
    expect_each_done_once(lab, clients.left)

    # They end as they are asked to, before the app does.
    log = lab.home / "logs" / "server-a.worker-work.log"
    seen = [Process.of(pid) for pid in workers(lab).values()]
    lab.down()
    assert log.read_text().splitlines()[-1] == "ended"
    assert not any(process.is_alive for process in seen)


def test_a_release_comes_to_the_workers_too_and_one_that_can_not_start_is_taken_back(app):
    lab = app
    lab.up("--stage", 4)
    lab.wait_until_all_ready()
    (lab.folder / "release").write_text("two")
    told = lab.heights("deploy", "--lab", "--json").expect(0)
    assert told.json == {"outcome": "running", "release": 2}, told
    url = lab.status()["appURL"]
    requests.post(f"{url}/jobs/after", timeout=30)
    wait_until(lambda: jobs(lab)["after"]["isDone"], "the job is done")
    assert jobs(lab)["after"]["release"] == "two"

    (lab.folder / "work.py").write_text("raise SystemExit(3)")
    outcome = lab.heights("deploy", "--lab", "--json")
    assert outcome.code == 1 and outcome.json["error"] == "taken_back", outcome
    assert "worker-work" in outcome.json["message"], outcome
    lab.wait_until_all_ready()
    requests.post(f"{url}/jobs/later", timeout=30)
    wait_until(lambda: jobs(lab)["later"]["isDone"], "the job is done")
    assert jobs(lab)["later"]["release"] == "two"


def test_a_worker_that_dies_at_its_start_keeps_nobody_from_the_app_and_a_deploy_mends_it(app):
    lab = app
    (lab.folder / "work.py").write_text("raise SystemExit(3)")
    url = lab.up()["appURL"]
    assert requests.post(f"{url}/jobs/waits", timeout=30).status_code == 201
    assert any("a worker does not stay up" in event["text"] for event in lab.status()["events"])
    lab.heights("climb", "--to", 4).expect(0)
    assert lab.status_of("server-b")["health"] == "ready"
    (lab.folder / "work.py").write_text((FIXTURES / "jobs_worker.py").read_text())
    lab.heights("deploy", "--lab", "--json").expect(0)
    wait_until(lambda: set(workers(lab)) == names_on("server-a", "server-b"), "the workers run")
    wait_until(lambda: jobs(lab)["waits"]["isDone"], "the job is done")


def environment_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return dict(line.split(b"=", 1) for line in file.read().split(b"\0") if b"=" in line)
