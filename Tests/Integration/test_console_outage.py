"""The console on a live stage 5: a person cuts a zone's power by its button, sees it go dark, and sees it come back."""

import pytest
import requests

from support.browser import chromium
from support.waiting import wait_until

# Detection, promotion and a rejoin with pg_rewind, on a machine that does everything else too.
RECOVERY_SECONDS = 90

NODES = """
    return Object.fromEntries([...document.querySelectorAll('.node')].map((node) =>
      [node.dataset.id, [node.dataset.health ?? null, node.dataset.role ?? null]]));
"""


@pytest.fixture
def browser():
    with chromium() as browser:
        yield browser


def test_a_zones_power_is_cut_by_its_button_and_comes_back(lab, browser):
    status = lab.up("--stage", 5)
    browser.open(status["consoleURL"]).see("Stage 5 of 7")
    nodes = wait_until(lambda: all_ready(browser), "every node is ready", RECOVERY_SECONDS)
    leader = next(line for line in lab.status()["processes"] if line["name"].endswith(".patroni") and line["role"] == "leader")
    zone = leader["zone"]

    browser.click(f"Cut the power of zone {zone[-1]}").click("Cut the power", within="dialog")
    browser.see("No power")
    wait_until(lambda: set(healths_without_power(browser)) == {"noPower"}, "every node of the zone is seen to be dark")
    assert [line for line in lab.status()["processes"] if line.get("zone") == zone and line.get("pid")] == []

    # The app goes on from the other zones, and another leads.
    wait_until(lambda: requests.get(status["appURL"], timeout=5).status_code == 200, "the app answers", RECOVERY_SECONDS)
    wait_until(lambda: set(leaders(browser)) - {leader["host"]}, "the map shows another leader", RECOVERY_SECONDS)

    browser.click(f"Restore the power of zone {zone[-1]}")
    wait_until(lambda: healths_without_power(browser) == [], "the zone is seen to have power")
    assert wait_until(lambda: all_ready(browser), "every node is ready again", RECOVERY_SECONDS).keys() == nodes.keys()
    browser.expect_no_complaint(status["consoleURL"])


def all_ready(browser):
    """The nodes of the map once all that have a health are ready."""
    nodes = browser.run(NODES)
    healths = {health for health, _ in nodes.values() if health}
    return nodes if healths == {"ready"} else None


def leaders(browser):
    """The hosts that are shown to lead a database."""
    return [node.partition("@")[2] for node, (_, role) in browser.run(NODES).items()
            if role == "leader" and node.startswith("database@")]


def healths_without_power(browser):
    """Of the nodes in areas that are shown to have no power."""
    return browser.run("return [...document.querySelectorAll('[data-cut] .node')].map((node) => node.dataset.health)")
