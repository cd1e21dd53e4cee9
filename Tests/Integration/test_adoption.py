"""The database that runs alone is taken over by Patroni while it runs: it may also end just then."""

import os
import signal

from support.climbing import climb_again
from support.waiting import wait_until


def test_a_database_that_ends_while_it_is_taken_over_does_not_stop_the_climb_for_ever(lab):
    lab.up("--stage", 3)
    lab.load(rate=30, seconds=2).finish_without_failure()
    database = lab.status_of("database-a.postgres")["pid"]
    climb = lab.start("climb", "--to", 4)
    wait_until(lambda: "database-a.patroni" in {line["name"] for line in lab.status()["processes"]}, "Patroni is there", 120)
    os.kill(database, signal.SIGINT)
    # That one may fail; the next must not.
    assert climb.wait(240) in (0, 1)
    if lab.status()["stage"] == 3:
        climb_again(lab, 4)
    assert lab.status()["stage"] == 4
    lines = lab.wait_until_all_ready()
    assert "database-a.postgres" not in lines and {"database-a.patroni", "database-b.patroni"} <= set(lines)
    lab.verify()
