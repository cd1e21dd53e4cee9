"""What breaks in a lab at stage 5, and what comes back: zones, hosts, processes, instances."""

import pytest
import requests

from support.lab import Lab
from support.processes import Process
from support.waiting import wait_until

@pytest.fixture(scope="module")
def stage5():
    lab = Lab()
    try:
        lab.up("--stage", 5)
        yield lab
    finally:
        lab.end()


@pytest.fixture
def lab5(stage5):
    """The lab of this file, whole before each test."""
    stage5.wait_until_all_ready()
    return stage5


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def answers(lab):
    try:
        return requests.get(lab.status()["appURL"] + "/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_zone_without_power_is_dark_until_it_is_restored(lab5):
    before = {line["name"]: line for line in lab5.status()["processes"]}
    inhabitants = {Process.of(line["pid"]) for line in before.values() if line.get("zone") == "local-b"}
    cut = lab5.ask("cutPower", zone="local-b")
    assert not any(process.is_alive for process in inhabitants)
    assert cut["cutZones"] == ["local-b"]
    for line in cut["processes"]:
        expected = "noPower" if line.get("zone") == "local-b" else before[line["name"]]["pid"]
        assert expected in (line["health"], line.get("pid"))
    wait_until(lambda: answers(lab5), "the app answers from the other zone")
    lab5.ask("restorePower", zone="local-b")
    after = lab5.wait_until_all_ready()
    assert set(after) == set(before)
    assert all(line["restarts"] == 0 for line in after.values() if line.get("zone") == "local-b")


def test_a_balancer_that_starts_anew_leads_people_only_to_servers_that_answer(lab5):
    url = f'http://{lab5.process("load-balancer-a.haproxy")["address"]}:{lab5.http_port}'

    def status(path):
        try:
            return requests.get(url + path, timeout=5).status_code
        except requests.ConnectionError:
            return None

    for _ in range(3):
        before = lab5.kill("load-balancer-a.haproxy")
        wait_until(lambda: not before.is_alive and status("/lb-health") == 200, "it says that it is healthy")
        assert [status("/api/popular") for _ in range(40)] == [200] * 40


def test_a_frozen_host_is_whole_again_when_it_thaws(lab5):
    pid = lab5.process("cache-b.redis")["pid"]
    lab5.ask("freeze", host="cache-b")
    lab5.ask("freeze", host="cache-b")
    assert state_of(pid) == "T" and state_of(lab5.status_of("cache-b.sentinel")["pid"]) == "T"
    wait_until(lambda: lab5.status_of("cache-b.redis")["health"] == "starting", "it is seen that it hangs")
    lab5.ask("thaw", host="cache-b")
    assert lab5.process("cache-b.redis")["pid"] == pid


def test_what_crashes_is_started_again(lab5):
    host = {name: Process.of(lab5.process(name)["pid"]) for name in ("cache-a.redis", "cache-a.sentinel")}
    alone = Process.of(lab5.process("server-a")["pid"])
    lab5.ask("crash", process="cache-a")
    lab5.ask("crash", process="server-a")
    for name, process in {**host, "server-a": alone}.items():
        assert lab5.successor(process, name)["lastEnd"] == "was ended by signal 9"


def test_a_service_is_scaled_up_and_down_under_load_and_no_request_fails(lab5):
    load = lab5.load(rate=100, seconds=6, users=5).wait_until_it_flows()
    told = lab5.heights("scale", "web=4", "--json").expect(0).json
    instances = {line["name"] for line in told["processes"] if line["name"].startswith("server-")}
    assert instances == {"server-a", "server-b", "server-a2", "server-b2"}
    told = lab5.heights("scale", "web=2", "--json").expect(0).json
    assert {line["name"] for line in told["processes"] if line["name"].startswith("server-")} == {"server-a", "server-b"}
    load.finish_without_failure()
    assert "between 2 and 8" in lab5.heights("scale", "web=9").expect(2).err
    assert "known are web" in lab5.heights("scale", "shop=2").expect(2).err


def test_what_does_not_exist_is_refused(lab5):
    for verb, words, code in [
            ("cutPower", {"zone": "local-z"}, "unknown_zone"), ("freeze", {"host": "cache-z"}, "unknown_host"),
            ("crash", {"process": "nobody"}, "unknown_process"),
            ("startHosts", {"hosts": ["cache-z"]}, "unknown_host")]:
        with pytest.raises(AssertionError, match=code):
            lab5.ask(verb, **words)
