"""Releases in the console in a real browser: the share of a canary and the way back."""

from support.console_page import TOKEN, browser, golden, look, page
from support.waiting import wait_until


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
