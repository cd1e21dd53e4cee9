"""People who log in and out, change their passwords and upload photos: who has left stays out, and each byte is kept."""

import hashlib
import json
import sqlite3
import subprocess
from contextlib import closing

import pytest

from support.lab import heights

# Everything that people do, and what is rare on an ordinary day often.
WORKLOAD = {
    "signUp": 1, "logIn": 4, "signOut": 3, "changePassword": 2, "readFeed": 20, "readPopular": 5, "readPost": 10, "post": 5,
    "uploadPhoto": 4, "follow": 2, "like": 4,
}


@pytest.fixture
def busy(lab):
    """A lab, not started, whose people do all of it."""
    lab.change_workload(**WORKLOAD)
    return lab


def photos_of(lab):
    """The keys of the ledger's photos."""
    records = [json.loads(line) for line in lab.ledger.read_text().splitlines()]
    return [record["key"] for record in records if record["kind"] == "photo"]


def verdict(lab, code):
    return lab.heights("ledger", "verify", "--json").expect(code).json


@pytest.mark.parametrize("stage", [2, 5])
def test_who_logs_out_stays_out_and_photos_are_kept(busy, stage):
    busy.up("--stage", stage)
    report = busy.load(rate=80, seconds=8, users=10).finish_without_failure()
    for action in ("logIn", "signOut", "changePassword", "uploadPhoto", "tryEndedSession"):
        assert report["actions"][action]["succeeded"] > 0, action
    sessions = report["sessions"]
    assert sessions["ended"] > 10 and sessions["checked"] > 0 and sessions["unreadable"] == 0, sessions
    verified = busy.verify()
    assert verified["byKind"]["photos"] == report["actions"]["uploadPhoto"]["succeeded"], verified
    assert ("the bucket" in verified["source"]) == (stage == 5), verified
    damage = damage_in_folder if stage == 2 else damage_in_bucket
    damage(busy, photos_of(busy)[0])
    verified = verdict(busy, 1)
    assert verified["missing"] == 1 and "its bytes have changed" in verified["examples"][0], verified


def damage_in_folder(lab, key):
    path = lab.data() / "objects" / key[:2] / key[2:4] / key
    picture = bytearray(path.read_bytes())
    picture[40] ^= 1
    path.write_bytes(picture)


def damage_in_bucket(lab, key):
    """As the app puts objects there, with another content."""
    address = lab.status_of("objects.ministack")["address"]
    port = 4566 + lab.state["place"]["portShift"]
    secrets = lab.home / "secrets"
    user = f"{(secrets / 'objects-key-id').read_text()}:{(secrets / 'objects-key').read_text()}"
    content = "GIF89a"
    words = ["curl", "-sSf", "--config", "-", "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", "PUT", "--data-binary", content,
             "-H", f"x-amz-content-sha256: {hashlib.sha256(content.encode()).hexdigest()}",
             "-H", "Content-Type: image/gif", f"http://{address}:{port}/summit-objects/media/{key}"]
    subprocess.run(words, input=f'user = "{user}"', text=True, check=True, timeout=30)


def test_a_photo_that_is_gone_is_missing(busy):
    busy.up()
    busy.load(rate=60, seconds=3).finish_without_failure()
    key = photos_of(busy)[0]
    (busy.data() / "objects" / key[:2] / key[2:4] / key).unlink()
    assert verdict(busy, 1)["examples"] == [f"photo {key}: not found"]


def test_a_session_that_a_sign_out_leaves_alive_is_told(busy):
    busy.up()
    with closing(sqlite3.connect(busy.data() / "sessions.db", timeout=30)) as database, database:
        # Who signs out leaves a mark.
        database.execute("CREATE TRIGGER kept BEFORE UPDATE OF begun_at_ms ON sessions WHEN NEW.begun_at_ms = 0 "
                         "BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(AssertionError, match="letIn"):
        busy.load(rate=60, seconds=3).finish()
    outcome = busy.heights("drill", "instance-crash", "--rate", 60, "--users", 10, "--json").expect(1)
    report = outcome.json
    assert report["letInSessions"] > 0 and report["missingWrites"] == 0 and report["lostSessions"] == 0, report
    assert any("over since a sign-out: still let in" in line for line in report["examples"]), report
    # A new password shuts them out all the same: it is noted in the account.
    assert not any("over since a change of the password" in line for line in report["examples"]), report


def test_a_follow_that_is_gone_contradicts_the_history(busy):
    busy.up()
    busy.load(rate=60, seconds=3).finish_without_failure()
    history = busy.home / "load-1.ndjson"
    busy.heights("ledger", "verify", "--history", history).expect(0)
    heights("history", "check", history).expect(0)
    with closing(sqlite3.connect(busy.data() / "graph.db", timeout=30)) as database, database:
        assert database.execute("DELETE FROM follows").rowcount > 0
    busy.heights("ledger", "verify", "--history", history).expect(1)
    assert "contradictions, such as linearizable at follow:" in heights("history", "check", history).expect(1).out
    assert "--target" in busy.heights("ledger", "verify", "--target", "http://x", "--history", history).expect(2).err
