"""The console's page in a real browser, before snapshots of every stage: what stands where, and what its buttons ask for."""

import copy

import pytest

from support.browser import chromium
from support.console_page import TOKEN, console_page, golden, many, renamed, scaled
from support.waiting import wait_until

SNAPSHOTS = {
    **{name: golden(name) for name in [*(f"stage-{number}" for number in range(1, 8)), "zone-cut", "climb-4-to-5", "climb-5-to-6",
                                        "canary"]},
    "scaled": scaled(golden("stage-5"), 8),
    "fifty-hosts": many(golden("canary"), 9),
}

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


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser):
    with console_page() as page:
        yield page
        browser.expect_no_complaint(page.url)
        browser.open("about:blank")


def look(browser, page, snapshot, width=1280, **features):
    """Opens the page in a window of that width."""
    browser.resize(width, 1000, **features)
    page.show(snapshot)
    browser.open("about:blank").open(page.url)
    browser.see("Live")
    return browser


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


# Of what is seen on the page: what reaches beyond the window, whose text is cut off, and which words lie over others.
FAULTS = """
    const width = document.documentElement.clientWidth;
    const isSeen = (element) => element.checkVisibility() && !element.closest('.for-readers, .symbols');
    const boxOf = (element) => element.getBoundingClientRect();
    const name = (element) => `${element.tagName} ${element.id || element.getAttribute('class')}: ${element.textContent.slice(0, 40)}`;
    // A picture's lists of calls are for readers.
    const inPicture = (element) => element.closest('.is-picture .calls');
    const all = [...document.querySelectorAll('body *')].filter((element) => isSeen(element) && !inPicture(element));
    const beyond = all.filter((element) => {
      const { left, right, width: own } = boxOf(element);
      return own > 0 && (left < -0.5 || right > width + 0.5);
    }).map(name);
    const isCut = (element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    const cut = all.filter((element) => !(element instanceof SVGElement) && !['INPUT', 'SELECT', 'OPTION'].includes(element.tagName)
      && element.clientWidth > 0 && getComputedStyle(element).overflowX !== 'visible' && element.id !== 'events' && isCut(element)).map(name);
    const withWords = all.filter((element) => !(element instanceof HTMLOptionElement) && element.tagName !== 'SELECT'
      && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    // Lines of words, as they are drawn.
    const lines = withWords.filter((element) => !element.closest('#events')).flatMap((element) => [...element.childNodes]
      .filter((node) => node.nodeType === 3 && node.data.trim()).flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter(({ width: own }) => own > 0).map((box) => ({ box, element, of: node }));
      }));
    const over = [];
    lines.forEach((a, index) => lines.slice(index + 1).forEach((b) => {
      if (a.of === b.of) return;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      // Lines of one paragraph may touch.
      if (wide > 1 && high > 4) over.push([name(a.element), name(b.element)]);
    }));
    // And words that leave the box that they are in.
    const outside = lines.filter(({ box, element }) => {
      const frame = element.closest('.node, .service, .panel, button, dialog');
      return frame && (box.right > boxOf(frame).right + 1 || box.left < boxOf(frame).left - 1);
    }).map(({ element }) => name(element));
    return { beyond, cut, over: over.slice(0, 10), outside };
"""
NONE = {"beyond": [], "cut": [], "over": [], "outside": []}


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("name", ["canary", "fifty-hosts", "climb-5-to-6"])
def test_everything_can_be_read_with_thirty_hosts_and_with_fifty(browser, page, name, width):
    look(browser, page, SNAPSHOTS[name], width)
    browser.see("GET /@{name}")
    hosts = {node["host"] for node in SNAPSHOTS[name]["topology"]["nodes"] if node["zone"]}
    assert name == "climb-5-to-6" or len(hosts) >= 30
    assert browser.run(FAULTS) == NONE


@pytest.mark.parametrize("width", [1400, 400])
def test_names_of_sixty_three_characters_break_nothing_and_are_no_markup(browser, page, width):
    """A manifest's names are data, with hyphens or without."""
    snapshot = renamed(golden("canary"), {"posts": "p" * 63, "accounts": "-".join(["account"] * 8)[:63]})
    snapshot["app"]["title"] = "<b>" + "Summit" * 10
    snapshot["processes"][0]["lastEnd"] = "<img src=x onerror=alert(1)> " + "x" * 120
    snapshot["releases"]["releases"][0]["from"] = "/" + "f" * 200
    look(browser, page, snapshot, width)
    assert browser.run(FAULTS) == NONE
    assert browser.run("return document.querySelectorAll('main img, main b, header b').length") == 0
    assert "<b>Summit" in browser.text
    assert "p" * 63 in browser.run("return document.getElementById('topology').textContent")


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


def test_the_share_of_a_canary_both_sides_numbers_and_the_verdict_are_shown(browser, page):
    snapshot = golden("canary")
    look(browser, page, snapshot)
    steps = "return [...document.querySelectorAll('#trials-steps li')].map((step) => step.innerText.replaceAll(/\\s+/g, ' '))"
    browser.see("Canary: release 5")
    assert browser.run(steps)[0] == ("posts 33 % of the instances release 5: 1,333 requests, 0 failed, p99 ≤ 10 ms "
                                     "stays: 3,600 requests, 0 failed, p99 ≤ 5 ms looked at")
    assert browser.run("return document.getElementById('trials-when').textContent") == "under way"
    # It went badly: what was seen stays to be read.
    trial = snapshot["trials"][-1]
    trial.update(verdict="takenBack", text="posts does worse than before", new={**trial["new"], "failed": 200})
    del snapshot["releases"]["rollout"]
    page.show(snapshot)
    browser.see("taken back posts does worse than before".split(" posts")[0])
    wait_until(lambda: "200 failed" in browser.run(steps)[0] and "posts does worse than before" in browser.run(steps)[0],
               "both are shown")
    assert browser.run("return document.getElementById('trials-when').textContent") == "the last one"
    # Of a climb that was cut short.
    climb = golden("climb-5-to-6")
    climb["trials"][-1]["verdict"] = "judging"
    page.show(climb)
    browser.see("Canary: services led apart")
    shares = browser.run("return [...document.querySelectorAll('.trial-what')].map((what) => what.innerText.split('\\n').join(' '))")
    assert shares == ["posts 10 % of the calls", "posts 1 % of the calls", "accounts all calls", "accounts 50 % of the calls",
                      "accounts 10 % of the calls", "accounts 1 % of the calls"]
    assert browser.run(steps)[0].endswith("cut short")
    page.show(golden("stage-6"))
    wait_until(lambda: "Canary" not in browser.text, "nothing is tried")


def test_a_release_is_gone_back_to_after_a_question(browser, page):
    look(browser, page, golden("stage-6"))
    lines = browser.run("return [...document.querySelectorAll('#releases li')].map((line) => line.innerText.split('\\n')[0])")
    # Those whose files are there.
    assert lines == ["Release 4", "Release 3", "Release 2"]
    browser.tab_to("Run it: release 2").key("ENTER")
    browser.see("Have the app run release 2?")
    assert browser.focused == "Cancel"
    browser.click("Cancel")
    assert page.asked == []
    browser.click("Run it: release 2").click("Run release 2", within="dialog")
    wait_until(lambda: page.asked, "the page asks for it")
    assert page.asked == [("/actions/rollback", {"release": 2}, f"Bearer {TOKEN}", "application/json")]
    # While one is on its way, that is what can be taken back.
    page.show(golden("canary"))
    browser.see("Release 5 is on its way")
    browser.click("Take it back: release 5").click("Take it back", within="dialog")
    wait_until(lambda: len(page.asked) == 2, "the page asks for it")
    # Not the release before that one, should it have been taken back in the meantime.
    assert page.asked[1][:2] == ("/actions/rollback", {"release": 4})


def test_fingers_find_room_on_a_narrow_page(browser, page):
    look(browser, page, golden("canary"), 400)
    small = browser.run("""
      return [...document.querySelectorAll('button, input, select, summary')].filter((element) => element.checkVisibility())
        .map((element) => [element.getBoundingClientRect(), element.accessibleName ?? element.textContent])
        .filter(([{ width, height }]) => width < 32 || height < 32).map(([{ width, height }, name]) => [name, width, height]);""")
    assert small == []


def test_what_is_told_aloud_is_news_and_not_every_second(browser, page):
    """Figures change each second; a screen reader hears of events, notices and what was asked for."""
    snapshot = golden("canary")
    look(browser, page, snapshot)
    browser.run("""
      window.told = [];
      const live = [...document.querySelectorAll('[aria-live]')];
      for (const region of live) new MutationObserver(() => window.told.push(region.id)).observe(region, { childList: true, subtree: true, characterData: true });""")
    for second in range(5):
        snapshot["trials"][-1]["new"]["requests"] += 100
        snapshot["topology"]["nodes"][8]["requestsPerSecond"] = 30.0 + second
        page.show(snapshot)
        wait_until(lambda: f"{1333 + 100 * (second + 1):,} requests" in browser.text, "the figures are new")
    assert browser.run("return window.told") == []
    assert browser.run("return [...document.querySelectorAll('#trials [aria-live], #releases [aria-live], #topology [aria-live]')].length") == 0


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


def test_cutting_the_power_is_asked_about_first(browser, page):
    look(browser, page, golden("stage-5"))
    browser.click("Cut the power of zone a")
    browser.see("Cut the power of zone a?")
    browser.click("Cancel")
    browser.click("Cut the power of zone b")
    browser.click("Cut the power")
    wait_until(lambda: page.asked, "the page asks for it")
    assert page.asked == [("/actions/cut-power", {"zone": "local-b"}, f"Bearer {TOKEN}", "application/json")]


def test_everything_can_be_done_with_the_keyboard(browser, page):
    look(browser, page, golden("stage-5"))
    browser.tab_to("Cut the power of zone c").key("ENTER")
    browser.see("Cut the power of zone c?")
    # The question begins at what does no harm, keeps the focus, and gives it back.
    assert browser.focused == "Cancel"
    browser.key("ESCAPE")
    assert browser.focused == "Cut the power of zone c"
    browser.key("ENTER").key("TAB")
    assert browser.focused == "Cut the power"
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    browser.key("ENTER")
    wait_until(lambda: page.asked, "the page asks for it")
    assert page.asked[0][:2] == ("/actions/cut-power", {"zone": "local-c"})
    page.show(golden("zone-cut"))
    browser.see("Restore power")
    browser.tab_to("Start load")


def test_forms_ask_for_what_they_say(browser, page):
    look(browser, page, golden("stage-5"))
    browser.fill("Requests per second", "150").fill("For seconds", "30").click("Start load")
    browser.fill("Processes", "4").click("Scale").click("Auto")
    browser.choose("Kind", "zone-outage").choose("Zone", "local-b").click("Start the drill")
    browser.click("Start the drill", within="dialog")
    wait_until(lambda: len(page.asked) == 4, "all four are asked for")
    assert [asked[:2] for asked in page.asked] == [
        ("/actions/load", {"rate": 150, "seconds": 30}), ("/actions/scale", {"service": "web", "count": 4}),
        ("/actions/scale-by-load", {"service": "web"}),
        ("/actions/drill", {"kind": "zone-outage", "zone": "local-b"})]


@pytest.mark.parametrize("width", [1400, 400])
def test_services_tell_who_sets_their_number_and_how_busy_they_are(browser, page, width):
    look(browser, page, golden("stage-6"), width)
    lines = browser.run("return [...document.querySelectorAll('#services li')].map((line) => line.innerText.split('\\n'))")
    assert [line[0] for line in lines] == ["web", "accounts", "posts", "graph"]
    assert lines[0][1:] == [
        "3 of 3 to 12, by its load", "25 % busy of 60 %, 75 % idle", "487 requests/s a core at the target"]
    assert lines[1][1:] == ["3, by hand", "not known yet"]
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_without_the_token_the_page_only_shows(browser, page):
    browser.open("about:blank")
    page.show(golden("stage-5"))
    page.url = page.url.partition("#")[0]
    browser.open(page.url)
    browser.see("You can look, not touch.")
    browser.see("heights up")
    browser.see("Read-only")
    enabled = "return [...document.querySelectorAll('.acts')].filter((element) => !element.disabled).length"
    assert browser.run(enabled) == 0


def test_the_token_leaves_the_address_and_stays_for_a_reload(browser, page):
    look(browser, page, golden("stage-5"))
    assert browser.run("return location.hash") == ""
    browser.open(page.url.partition("#")[0])
    browser.see("Live")
    wait_until(lambda: browser.run("return document.body.classList.contains('may-act')"), "the buttons work")


def test_a_climb_shows_how_far_it_has_come_and_what_it_brings(browser, page):
    look(browser, page, golden("climb-4-to-5"))
    browser.see("Climbing from stage 4 to 5")
    browser.see("3 of 12 steps done, about 1 min 15 s left")
    bar = "return document.getElementById('climb-bar').getAttribute('aria-valuenow')"
    assert browser.run(bar) == "28"
    browser.see("is coming")
    cut_short = golden("climb-4-to-5")
    cut_short["climb"]["isRunning"] = False
    page.show(cut_short)
    browser.click("Go on")
    wait_until(lambda: page.asked, "the page asks for it")
    assert page.asked[0][:2] == ("/actions/climb", {"to": 5})


def test_a_job_tells_how_it_goes_and_what_came_of_it(browser, page):
    snapshot = golden("stage-5")
    job = {"id": 1, "lane": "load", "title": "Load: 150 requests/s for 30 s", "startedAtMs": 1, "endedAtMs": None,
           "hasSucceeded": None, "lines": ["150 ok, 0 failed"], "report": None}
    look(browser, page, {**snapshot, "jobs": [job]})
    browser.see("150 ok, 0 failed")
    browser.click("Stop")
    wait_until(lambda: page.asked, "the page asks for it")
    assert page.asked[0][:2] == ("/actions/stop", {"lane": "load"})
    ended = {**job, "endedAtMs": 31_001, "hasSucceeded": True, "report": {"failed": 0, "latency": {"p99Ms": 7.25}}}
    page.show({**snapshot, "jobs": [ended]})
    browser.see("done after 31 s")
    browser.see("latency: p99 ms")
    browser.click("Put away: Load")
    assert "Load: 150" not in browser.text


def test_what_happens_is_told_to_those_who_listen_and_can_be_filtered(browser, page):
    snapshot = golden("stage-5")
    look(browser, page, snapshot)
    snapshot["events"] += [{"t": 2_000, "text": "zone local-b lost its power"}, {"t": 2_000, "text": "database-b.etcd ended"}]
    page.show(snapshot)
    browser.see("zone local-b lost its power")
    assert "lost its power" in browser.run("return document.getElementById('announcer').textContent")
    browser.fill("Show only", "etcd")
    events = "return [...document.querySelectorAll('#events li span')].map((item) => item.textContent)"
    wait_until(lambda: browser.run(events) == ["database-b.etcd ended"], "one is left")


@pytest.mark.parametrize("width", [1400, 400])
def test_a_traced_request_is_a_waterfall(browser, page, width):
    look(browser, page, golden("stage-6"), width)
    browser.click("GET /@{name}")
    browser.see("0123456789abcdef0123456789abcdef")
    rows = browser.run("""
      const box = (element) => { const r = element.getBoundingClientRect(); return [r.left, r.right, r.width, r.height]; };
      return [...document.querySelectorAll('.waterfall li')].map((row) => ({
        name: row.querySelector('.span-name').firstChild.data, row: box(row), bar: box(row.querySelector('.span-bar')),
        track: box(row.querySelector('.span-track')), label: box(row.querySelector('.span-name')),
      }));""")
    assert [row["name"] for row in rows] == [row["name"] for row in page.trace["rows"]]
    whole = page.trace["summary"]["milliseconds"]
    for row, told in zip(rows, page.trace["rows"]):
        assert row["label"][2] >= 120 and row["track"][2] >= 150, "there is room for words and bars"
        left, _, width_of_track, _ = row["track"]
        assert abs((row["bar"][0] - left) / width_of_track - told["startMs"] / whole) < 0.02, row
        assert row["bar"][2] >= 2 and row["track"][1] <= row["row"][1] + 1
    assert browser.run("return document.documentElement.scrollWidth") <= width, "the page is wider than its window"
    assert browser.run("return document.querySelectorAll('.waterfall li[data-failed]').length") == 1
    # Who hears the page is told that it is there, and not every row of it.
    assert browser.run("return document.getElementById('announcer').textContent") == "GET /@{name}, 313 ms, 24 steps, below the list."
    assert browser.run("return document.querySelector('#trace').closest('[aria-live]')") is None
    # Told where it is kept no more.
    page.trace = {**page.trace, "summary": {**page.trace["summary"], "name": "GET /later"}}
    browser.see("GET /later")


@pytest.mark.parametrize("name", ["zone-cut", "canary", "climb-5-to-6"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(browser, page, name, scheme):
    """WCAG's 4.5 to 1, of everything on the page that has words and a plain background."""
    look(browser, page, golden(name), **{"prefers-color-scheme": scheme})
    weak = browser.run("""
      const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
      const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
          if (alpha === 1) return [r, g, b];
        }
        return [255, 255, 255];
      };
      return [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
        && !element.disabled && !element.closest('.for-readers, svg')
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())).map((element) => {
          const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.className, element.textContent.slice(0, 30)];
        }).filter(([ratio]) => ratio < 4.5);""")
    assert weak == []


def test_nothing_moves_where_people_ask_for_that(browser, page):
    look(browser, page, golden("climb-4-to-5"), **{"prefers-reduced-motion": "reduce"})
    assert browser.run("return document.getAnimations().length") == 0
