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
    zone, leader = leaders_zone(lab)
    letter = zone[-1]
    inside = [f"{line['host']}" for line in lab.status()["processes"] if line.get("zone") == zone]

    browser.click(f"Cut the power of zone {letter}").click("Cut the power", within="dialog")
    browser.see("No power")
    dark = {node: state for node, state in wait_until(lambda: dark_nodes(browser), "the zone's nodes are dark").items()}
    assert {node.partition("@")[2] for node in dark} == set(inside)
    assert not any(line["pid"] if "pid" in line else None for line in lab.status()["processes"] if line.get("zone") == zone)

    # The app goes on from the other zones, and another leads.
    wait_until(lambda: requests.get(status["appURL"], timeout=5).status_code == 200, "the app answers", RECOVERY_SECONDS)
    wait_until(lambda: new_leader(browser, leader), "the map shows another leader", RECOVERY_SECONDS)

    browser.click(f"Restore the power of zone {letter}")
    wait_until(lambda: "No power" not in browser.text, "the zone has power")
    assert wait_until(lambda: all_ready(browser), "every node is ready again", RECOVERY_SECONDS).keys() == nodes.keys()
    assert lab.status().get("cutZones") == []
    browser.expect_no_complaint(status["consoleURL"])


def all_ready(browser):
    """The nodes of the map when all that have a health are ready; None before."""
    nodes = browser.run(NODES)
    healths = [health for health, _ in nodes.values() if health]
    return nodes if healths and set(healths) == {"ready"} else None


def dark_nodes(browser):
    nodes = browser.run(NODES)
    inside = browser.run("return [...document.querySelectorAll('[data-cut] .node')].map((node) => node.dataset.id)")
    return nodes and inside and {node: nodes[node] for node in inside if nodes[node][0] == "noPower"} \
        if all(nodes[node][0] == "noPower" for node in inside) else None


def new_leader(browser, old):
    leading = [node for node, (_, role) in browser.run(NODES).items() if role == "leader" and node.startswith("database@")]
    return leading and leading != [f"database@{old}"]


def leaders_zone(lab):
    """Where the database's leader is, and its host."""
    leader = next(line for line in lab.status()["processes"]
                  if line["name"].endswith(".patroni") and line.get("role") == "leader")
    return leader["zone"], leader["host"]
