"""kill -9 of the app under load: what was acknowledged is there, each of twenty times."""

import random

import pytest

from support.databases import expect_sound

# Four apps, each killed five times: an app that ends again and again is started again more and more slowly.
SEEDS = [11, 12, 13, 14]
KILLS = 5
# Nearly all writes, so that each kill comes close to a commit.
WORKLOAD = {"readFeed": 1, "post": 10, "follow": 2, "like": 6}


@pytest.fixture
def writers(lab):
    """A lab whose load is made of writes."""
    lab.change_workload(**WORKLOAD)
    lab.up()
    return lab


@pytest.mark.parametrize("seed", SEEDS)
def test_no_acknowledged_write_is_lost_by_kills_under_load(writers, seed):
    moments = random.Random(seed)
    for kill in range(1, KILLS + 1):
        load = writers.load(rate=150, seconds=2, seed=100 * seed + kill).wait_until_it_flows()
        # Anywhere within the second that is left: within a commit, or between two.
        load.pause(moments.uniform(0, 0.7))
        killed = writers.kill("app")
        assert load.finish()["acknowledgedWrites"] > 0
        assert writers.successor(killed)["restarts"] == kill
        assert writers.verify()["acknowledged"] > 0
        expect_sound(writers.data())
