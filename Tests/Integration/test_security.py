"""Nobody else on the machine can touch a lab: every port that the kernel knows of is tried by another user, and what is
secret is in files of the owner's alone (docs/security.md)."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import requests

from support.doors import doors
from support.lab import Lab
from support.processes import namesakes
from support.summit_api import Person
from support.waiting import wait_until

INTRUDER = Path(__file__).parent / "support" / "intruder.py"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture(scope="module", params=[4, 5])
def lab(request):
    lab = Lab()
    try:
        lab.up("--stage", request.param)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def as_nobody(*words, **options):
    # No file that it could open is ours: the script comes by standard input.
    return subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *map(str, words)],
                          capture_output=True, text=True, timeout=120, cwd="/", **options)


def refused(kind, answer):
    """Whether the answer is a refusal, of the kind that this engine has."""
    status = answer.split(" ")[1] if answer.startswith("HTTP/") else None
    is_shared = "access-control-allow-origin" in answer.lower()
    match kind:
        case "etcd":
            return answer.startswith("closed") or (status == "400" and not is_shared)
        case "patroni":
            return status == "401" and not is_shared
        case "redis" | "sentinel":
            return answer.startswith(("-NOAUTH", "-WRONGPASS"))
        case "postgres":
            # It asks for a proof of the password (SASL).
            return answer == "R10"
        case "store":
            return status == "403" and not is_shared
        case "app":
            return status in ("403", "404", "405", "421", "501", "400") and not is_shared
        case "console":
            return status in ("401", "403", "421") and not is_shared
        case "dns":
            return answer == "rcode 5"
        case "varnish":
            return answer.startswith("107 ")
        case "claim":
            return answer.startswith("closed")


def test_every_port_refuses_another_user(lab):
    known = sorted(doors(lab))
    expected = {"app", "console", "claim", "dns", "postgres", "patroni", "etcd"} | (
        {"redis", "sentinel", "store", "varnish"} if lab.state["stage"] == 5 else set())
    assert {kind for kind, _, _ in known} == expected
    before = patroni_configuration(lab, known)
    done = as_nobody("/usr/bin/python3", "-", json.dumps(known), input=INTRUDER.read_text())
    assert done.returncode == 0, done.stderr
    let_in = [(door, answer[:200]) for door, answers in zip(known, json.loads(done.stdout), strict=True)
              for answer in answers if not refused(door[0], answer)]
    assert let_in == []
    assert patroni_configuration(lab, known) == before
    lines = lab.wait_until_all_ready()
    assert all(line["restarts"] == 0 for line in lines.values())


def patroni_configuration(lab, known):
    kind, address, port = next(door for door in known if door[0] == "patroni")
    return requests.get(f"http://{address}:{port}/config", timeout=5).json()


def secrets(lab):
    return {path.name: path.read_text() for path in (lab.home / "secrets").iterdir()}


def test_secrets_are_in_files_of_the_owner_alone_and_nowhere_else(lab):
    Person.sign_up(lab.status()["appURL"])
    words = {text.strip() for name, text in secrets(lab).items() if name not in ("pgpass",) and not name.endswith(".pem")}
    assert len(words) >= 9 and all(len(word) >= 40 for word in words)
    keepers = [path for path in lab.home.rglob("*") if path.is_file() and not path.is_symlink()
               and any(word.encode() in path.read_bytes() for word in words)]
    assert len(keepers) > len(words)
    assert [str(path) for path in keepers if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert [path for path in keepers if path.is_relative_to(lab.home / "logs")] == []
    for process in lab._seen | namesakes(lab._seen):
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes() if process.is_alive else b""
        assert not any(word.encode() in command for word in words), process
    # The way there is closed as well, and so are the sockets.
    sockets = [path for path in lab.home.rglob("*") if path.is_socket()]
    script = "import sys\nfor path in sys.argv[1:]:\n  try: open(path)\n  except PermissionError: continue\n  print(path)"
    done = as_nobody("/usr/bin/python3", "-c", script, *keepers, *sockets)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_orderly_command_of_the_lab_is_still_taken(lab):
    """The lab's own orders prove themselves: the leader changes, and nothing is lost."""
    lines = lab.wait_until_all_ready()
    follower = next(line["host"] for line in lines.values() if line.get("role") == "sync_standby")
    lab.ask("switchover", host=follower)
    wait_until(lambda: lab.status_of(f"{follower}.patroni").get("role") == "leader", f"{follower} leads")
    lab.wait_until_all_ready()
