"""What the console's page in a real browser tells, and what its buttons ask for."""

import pytest

from support.console_page import TOKEN, browser, golden, look, page
from support.waiting import wait_until


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
