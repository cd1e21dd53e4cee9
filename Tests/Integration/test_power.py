"""Power that is really cut: what was not flushed is gone, so that a server that does not flush is found out."""

import os
import subprocess

import pytest

from support.lab import Lab

ZONE = "local-a"


@pytest.fixture(scope="module")
def stage3():
    lab = Lab()
    try:
        lab.up("--stage", 3)
        yield lab
    finally:
        lab.end()


def as_superuser(lab, *statements):
    """Runs statements at the database server of stage 3."""
    password = (lab.home / "secrets" / "database-superuser").read_text()
    server = lab.process("database-a.postgres")["address"]
    words = ["psql", "-h", server, "-p", str(5432 + lab.state["place"]["portShift"]), "-U", "postgres", "-qX"]
    for statement in statements:
        subprocess.run([*words, "-c", statement], env={**os.environ, "PGPASSWORD": password}, check=True, timeout=60)


def write_and_lose_power(lab):
    """What was lost when the power was cut after some load; all is up again."""
    assert lab.ask("watchPower", zone=ZONE)["watchedZones"] == [ZONE]
    lab.load(rate=60, seconds=3).finish_without_failure()
    cut = lab.ask("cutPower", zone=ZONE)
    assert cut["watchedZones"] == []
    lab.ask("restorePower", zone=ZONE)
    lab.wait_until_all_ready()
    lost = cut["unflushed"][ZONE]
    assert lost.get("complaint") is None, lost
    return lost


def test_what_sqlite_acknowledged_survives_the_loss_of_what_was_not_flushed(summit):
    write_and_lose_power(summit)
    summit.verify()


def test_what_postgresql_acknowledged_survives_and_what_it_had_not_flushed_is_gone(stage3):
    # The tables' own pages are written at a checkpoint, and flushed at its end.
    assert write_and_lose_power(stage3)["bytes"] >= 0
    stage3.verify()


def test_a_server_that_does_not_flush_is_found_out(stage3):
    # The checkpoint first: one that came later would flush nothing, and leave a server that can't start.
    as_superuser(stage3, "CHECKPOINT", "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    assert write_and_lose_power(stage3)["bytes"] > 0
    report = stage3.heights("ledger", "verify", "--json").expect(1).json
    assert report["missing"] > 0, report


def test_without_the_library_it_is_said_that_the_page_cache_survived(summit):
    # As a lab has it that was started before the library was there.
    summit.ask("watchPower", zone=ZONE)
    (summit.home / "power" / "app" / "control").unlink()
    assert "library" in summit.ask("cutPower", zone=ZONE)["unflushed"][ZONE]["complaint"]
    summit.ask("restorePower", zone=ZONE)
    summit.wait_until_all_ready()
    summit.down()
    assert not any((summit.home / "power").iterdir())
