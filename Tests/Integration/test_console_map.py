"""The map of the console in a real browser: what stands where, for snapshots of every stage."""

import copy

import pytest

from support.console_page import SNAPSHOTS, browser, golden, look, page
from support.waiting import wait_until


# Every node and label of the map whose box lies over another's, and what is cut off at the right.
COLLISIONS = """
    const boxes = [...document.querySelectorAll('.node, .service-title, .road-label, .group-name, .group-head button')].map((element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      return { left, top, right, bottom, name: element.textContent };
    }).filter(({ left, right }) => right > left);
    const found = [];
    boxes.forEach((a, index) => boxes.slice(index + 1).forEach((b) => {
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) found.push([a.name, b.name]);
    }));
    return found;
"""


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", SNAPSHOTS)
def test_nothing_on_the_map_covers_anything_else(browser, page, name, width):
    look(browser, page, SNAPSHOTS[name], width)
    assert browser.run(COLLISIONS) == []
    assert browser.run("return document.documentElement.scrollWidth") <= width, "the page is wider than its window"
    nodes = SNAPSHOTS[name]["topology"]["nodes"]
    assert browser.run("return document.querySelectorAll('.node').length") == len(nodes)
    is_picture = browser.run("return document.getElementById('topology').classList.contains('is-picture')")
    assert is_picture == (width == 1280)


def test_a_service_stands_with_its_balancer_and_leads_to_what_it_calls(browser, page):
    """As one reads an architecture: front door, front servers, balancers and instances of each service, data; by zone."""
    look(browser, page, SNAPSHOTS["fifty-hosts"], 1400)
    services = browser.run("""
      const box = (element) => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
      return [...document.querySelectorAll('.service')].map((service) => ({
        name: service.querySelector('.service-title').textContent, box: box(service),
        zone: service.closest('[data-kind=zone]').querySelector('.group-name').textContent,
        kinds: [...service.querySelectorAll('.node')].map((node) => node.dataset.kind),
        hosts: [...service.querySelectorAll('.node')].map((node) => node.querySelector('.node-subtitle').textContent),
      }));""")
    assert sorted((service["name"], service["zone"]) for service in services) == sorted(
        (name, f"Zone {letter}") for name in ["web", "accounts", "posts", "graph"] for letter in "abc")
    data = browser.run("""
      return Math.min(...[...document.querySelectorAll('.node[data-kind=database]')].map((node) => node.getBoundingClientRect().top));""")
    for service in services:
        letter, name = service["zone"][-1], service["name"]
        assert service["kinds"] == ["loadBalancer", *["service"] * 3]
        assert service["hosts"][1:] == [f"service-{name}-{letter}", f"service-{name}-{letter}2", f"service-{name}-{letter}3"]
        fronts = [front for front in services if front["zone"] == service["zone"] and front["name"] == "web"]
        if name != "web":
            assert fronts[0]["box"][3] < service["box"][1] and service["box"][3] < data
    # A line for each that calls: not one for each pair of hosts.
    lines = browser.run("return document.querySelectorAll('.road[data-kind=call]').length")
    assert 30 <= lines <= 60
    # The one that is down is seen to be, and its service's lines are not while another is up.
    hurt = copy.deepcopy(SNAPSHOTS["fifty-hosts"])
    next(node for node in hurt["topology"]["nodes"] if node["host"] == "service-posts-b2")["health"] = "waiting"
    page.show(hurt)
    wait_until(lambda: browser.run("return document.querySelectorAll('.service .node[data-health=waiting]').length") == 1,
               "the host is seen to be down")
    assert browser.run("return document.querySelectorAll('.road[data-state=down]').length") == 0


def test_hosts_stand_in_their_zone_and_callers_above_what_they_call(browser, page):
    snapshot = golden("stage-5")
    look(browser, page, snapshot)
    boxes = browser.run("""
      const box = (element) => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
      return {
        nodes: Object.fromEntries([...document.querySelectorAll('.node')].map((node) => [node.dataset.id, box(node)])),
        zones: [...document.querySelectorAll('[data-kind=zone]')].map((zone) => [zone.querySelector('.group-name').textContent, box(zone)]),
      };""")
    zones = dict(boxes["zones"])
    for node in snapshot["topology"]["nodes"]:
        left, top, right, bottom = boxes["nodes"][node["id"]]
        if node["zone"]:
            zone = zones[f"Zone {node['zone'][-1]}"]
            assert zone[0] <= left and zone[1] <= top and right <= zone[2] and bottom <= zone[3], node["id"]
    for link in snapshot["topology"]["links"]:
        ends = [[boxes["nodes"][node["id"]] for node in snapshot["topology"]["nodes"] if node["tier"] == link[end]]
                for end in ("from", "to")]
        assert max(box[3] for box in ends[0]) < min(box[1] for box in ends[1]), link


def test_a_zone_without_power_is_seen_and_its_lines_are_down(browser, page):
    look(browser, page, golden("stage-5"))
    assert browser.run("return document.querySelectorAll('.road[data-state=down]').length") == 0
    page.show(golden("zone-cut"))
    browser.see("No power")
    cut = browser.run("return [...document.querySelectorAll('.group[data-cut] .node')].map((node) => node.dataset.id)")
    hosts = {node["id"] for node in golden("zone-cut")["topology"]["nodes"] if node["zone"] == "local-a"}
    assert set(cut) == hosts
    assert browser.run("return document.querySelectorAll('.road[data-state=down]').length") > 0
    page.show(golden("stage-5"))
    wait_until(lambda: "No power" not in browser.text, "the zone has power again")


def test_a_leader_that_moves_takes_the_lines_of_writes_with_it(browser, page):
    snapshot = golden("stage-5")
    look(browser, page, snapshot)
    lines = "return [...document.querySelectorAll('.road[data-kind=call]')].map((road) => road.getAttribute('d'))"
    before = browser.run(lines)
    roles = {"database@database-a": "replica", "database@database-b": "leader"}
    for node in snapshot["topology"]["nodes"]:
        node["role"] = roles.get(node["id"], node["role"])
    page.show(snapshot)
    wait_until(lambda: browser.run(lines) != before, "the lines move")
