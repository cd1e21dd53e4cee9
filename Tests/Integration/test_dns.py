"""DNS: gdnsd answers for the app's name."""

import subprocess


def dig(port, *words):
    done = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "+time=5", "+tries=3", *words], capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_dig_finds_the_app_by_its_name(summit):
    dns = summit.status()["dns"]
    summit.process("dns")
    assert dns["name"] == "summit.test"
    for name in ("summit.test", "www.summit.test"):
        for transport in ("+notcp", "+tcp"):
            assert dig(dns["port"], "+short", transport, name, "A") == "127.0.0.1\n"
    answer = dig(dns["port"], "summit.test", "A")
    assert "status: NOERROR" in answer and " aa" in answer.split("flags:")[1].split(";")[0]
    assert "status: NXDOMAIN" in dig(dns["port"], "nothing.summit.test", "A")
    assert "status: REFUSED" in dig(dns["port"], "example.com", "A")


def test_two_labs_have_two_dns_servers(make_lab):
    first, second = make_lab(), make_lab()
    ports = {lab.up()["dns"]["port"] for lab in (first, second)}
    for lab in (first, second):
        lab.process("dns")
    assert len(ports) == 2
    first.down()
    assert dig(second.status()["dns"]["port"], "+short", "summit.test", "A") == "127.0.0.1\n"
