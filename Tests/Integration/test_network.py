"""A network of the lab's own: nobody else on the machine reaches a host, people reach what they are to reach, and links can
be cut."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from support.doors import doors
from support.lab import Lab
from support.summit_api import Person
from support.waiting import DEADLINE_SECONDS, wait_until


@pytest.fixture(scope="module")
def lab():
    lab = Lab()
    try:
        lab.have_own_network()
        lab.up("--stage", 4)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def inside(lab):
    """Addresses and ports that are listened on in the networks of the hosts, as the kernel tells."""
    found = set()
    for line in lab.wait_until_all_ready().values():
        for entry in Path(f"/proc/{line['pid']}/net/tcp").read_text().splitlines()[1:]:
            fields = entry.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == "0A":
                found.add((".".join(map(str, reversed(bytes.fromhex(address)))), int(port, 16)))
    return found


def dig(server, port, name, transport):
    done = subprocess.run(["dig", f"@{server}", "-p", str(port), "+time=2", "+tries=5", "+short", transport, name, "A"],
                          capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    return done.stdout.split()


# Who reaches what

def test_the_machine_has_the_doors_for_people_and_no_others(lab):
    assert {kind for kind, _, _ in doors(lab)} == {"app", "console", "dns", "claim"}


def test_nothing_that_hosts_listen_on_is_reached_from_the_machine(lab):
    public = {urlsplit(lab.status()[key]).port for key in ("appURL", "consoleURL")}
    found = {it for it in inside(lab) if it[1] not in public}
    hosts = {line["address"] for line in lab.status()["processes"] if line["name"].startswith(("database", "server"))}
    # PostgreSQL, Patroni, etcd's two and the app, each on its hosts; otherwise this would prove nothing.
    assert len(found) >= 12 and {address for address, _ in found} >= hosts
    dns = lab.status()["dns"]
    for address, port in found - {(dns["server"], dns["port"])}:
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=2):
            pass


def test_people_come_to_the_app_the_console_and_dns(lab):
    status = lab.status()
    assert requests.get(status["appURL"], timeout=10).status_code == 200
    assert requests.get(status["consoleURL"].split("#")[0], timeout=10).status_code == 200
    Person.sign_up(status["appURL"])
    dns = status["dns"]
    for transport in ("+notcp", "+tcp"):
        found = wait_until(lambda: dig(dns["server"], dns["port"], "summit.test", transport), f"DNS answers, {transport}")
        assert set(found) <= set(dns["address"].split(", "))


def test_an_app_in_the_machines_network_has_no_links_that_could_be_cut(make_lab):
    lab = make_lab()
    lab.up("--stage", 4)
    done = lab.heights("drill", "partition").expect(1)
    assert 'network: "own"' in done.err and not lab.status()["hasOwnNetwork"]


def test_another_word_for_the_network_is_refused(make_lab):
    lab = make_lab()
    text = lab.manifest().rstrip().removesuffix("}") + '  network: "mine",\n}\n'
    (lab.folder / "heights.json").write_text(text)
    assert "'machine' or 'own'" in lab.heights("up", "--port", 0, "--console-port", 0).expect(2).err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_runs_it_in_front_ends_it_with_ctrl_c(make_lab, number):
    lab = make_lab()
    lab.have_own_network()
    child = lab.start("up", "--stage", 1, "--port", 0, "--console-port", 0)
    wait_until(lambda: lab.is_up, "it is up")
    lab.status()
    child.send_signal(number)
    assert child.wait(DEADLINE_SECONDS) == 0


# Links that are cut

def test_who_is_cut_off_hears_nothing_and_is_heard(lab):
    witness, leader = "database-c", lab.status_of("database-a.etcd")["host"]
    address = {line["host"]: line["address"] for line in lab.status()["processes"] if line.get("host")}
    try:
        snapshot = lab.ask("cutLinks", cuts=[{"from": [leader], "to": [witness]}])
        assert snapshot["cuts"] == [{"from": [leader], "to": [witness]}]

        def reaches(host, other, port):
            pid = lab.status_of(f"{host}.etcd")["pid"]
            probe = f"import socket; socket.create_connection(('{address[other]}', {port}), 1)"
            return subprocess.run(["nsenter", "--target", str(pid), "--net", "python3", "-c", probe],
                                  stderr=subprocess.DEVNULL, timeout=DEADLINE_SECONDS).returncode == 0

        if os.geteuid() == 0:
            assert not reaches(leader, witness, 2380)
            assert reaches("database-b", witness, 2380) and reaches(leader, "database-b", 2380)
        wait_until(lambda: lab.status()["droppedPackets"] > 0, "packets are lost")
        assert lab.heights("drill", "mend").expect(0).out == "every link is whole\n"
        assert lab.status()["cuts"] == []
        if os.geteuid() == 0:
            assert reaches(leader, witness, 2380)
    finally:
        lab.ask("cutLinks", cuts=[])
    lab.wait_until_all_ready()


@pytest.mark.parametrize("kind", ["partition", "partition-one-way", "partition-witness", "partition-app"])
def test_stage_4_survives_a_cut(lab, kind):
    report = lab.heights("drill", kind, "--rate", 60, "--users", 10, "--hold", 12, "--json").expect(0).json
    assert report["acknowledgedWrites"] > 0 and report["sessions"] > 0, report
    assert re.fullmatch(r"\d+ packets did not arrive", report["proof"])
    lab.wait_until_all_ready()


def test_stage_5_survives_the_cut_of_the_leaders_zone(make_lab):
    lab = make_lab()
    lab.have_own_network()
    lab.up("--stage", 5)
    lab.heights("drill", "partition", "--rate", 60, "--users", 10, "--hold", 12, "--json").expect(0)
    lab.verify()
