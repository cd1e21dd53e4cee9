"""A real browser goes through Summit, the launch page and the console as a person does."""

import secrets
from urllib.parse import urlsplit

import pytest

from support.browser import chromium
from support.climbing import kill_climb
from support.pictures import png
from support.raw_http import Connection
from support.summit_api import Person
from support.waiting import wait_until
from support.waitlist import addresses

PASSWORD = "as high as it gets"


@pytest.fixture
def browser():
    with chromium() as browser:
        yield browser


def sign_up(browser, url, name, display_name):
    browser.open(url).follow("Sign up")
    browser.fill("Name", name).fill("Display name", display_name).fill("Mail address", f"{name}@example.com")
    browser.fill("Password", PASSWORD).press("Sign up")
    browser.see("Your feed is empty")


def test_a_person_signs_up_posts_follows_likes_and_logs_out(summit, browser, tmp_path):
    url = summit.status()["appURL"]
    other = Person.sign_up(url)
    assert other.post("The east ridge is dry <b>already</b>.").status_code == 201
    name = f"anna_{secrets.token_hex(3)}"

    sign_up(browser, url, name, "Anna of the Hut")

    picture = tmp_path / "view.png"
    picture.write_bytes(png(20_000))
    browser.fill("Your post", "First light on the glacier.")
    browser.attach("A photo, if you like", picture)
    browser.press("Post")
    browser.see("First light on the glacier.")
    wait_until(lambda: browser.picture_widths(browser.article("First light")) == [256], "the photo is shown")

    browser.open(f"{url}/@{other.name}").see("The east ridge is dry <b>already</b>.")
    browser.press("Follow")
    browser.see("Unfollow")
    browser.follow("Home")
    browser.see("The east ridge is dry")

    browser.press("Like it", within=browser.article("The east ridge"))
    assert browser.article("The east ridge").text.splitlines()[-1] == "1"
    post = other.get(f"/api/accounts/{other.name}/posts").json()["items"][0]
    assert post["likes"] == 1 and other.get(f"/api/posts/{post['id']}/likes/{name}").status_code == 204
    assert other.get(f"/api/accounts/{name}/following/{other.name}").status_code == 204

    browser.follow("Settings").press("Log out")
    browser.see("Share the view from the top")
    assert "Log in" in browser.text
    browser.expect_no_complaint(url)

    # The session is over, and the password opens another.
    browser.open(f"{url}/settings").see("Log in")
    browser.fill("Name", name).fill("Password", PASSWORD).press("Log in")
    browser.see("Anna of the Hut")
    assert browser.path == "/settings"
    browser.expect_no_complaint(url)
    other.close()


def test_a_mistake_in_a_form_is_told_beside_its_field(summit, browser):
    url = summit.status()["appURL"]
    browser.open(f"{url}/signup")
    browser.fill("Name", "Anna!").fill("Display name", "Anna").fill("Mail address", "anna@example.com")
    browser.fill("Password", "short").press("Sign up")
    browser.see("Use 3 to 20 lower-case letters, digits or underscores.")
    browser.see("Use at least 10 characters.")
    assert browser.value("Display name") == "Anna"


def test_the_launch_page_takes_an_address(lab, browser):
    url = lab.up("--stage", 1)["appURL"]
    email = f"early-{secrets.token_hex(4)}@example.com"
    browser.open(url).fill("Your mail address", email).press("Join the waitlist")
    assert browser.path == "/thanks"
    browser.see("You are on the list.")
    assert email in addresses(lab, "launch")
    browser.expect_no_complaint(url)


def test_the_console_shows_the_lab_and_what_happens_to_it(lab, browser):
    status = lab.up("--stage", 1)
    browser.open(status["consoleURL"])
    address = status["appURL"].removeprefix("http://")
    for text in ("Summit", "Live", address, "Stage 1 of 7", "summit.test", "launch is ready"):
        browser.see(text)
    for title in ("Topology", "Requests", "Latency", "Errors", "Writes", "Disk", "Instance", "DNS", "Processes", "Timeline"):
        assert title.lower() in browser.text.lower(), browser.text
    lab.heights("climb").expect(0)
    browser.see("the app is at stage 2")
    browser.see("Stage 2 of 7")
    browser.see(str(lab.process("app")["pid"]))

    again = lab.successor(lab.kill("app"))
    browser.see("app was ended by signal 9")
    browser.see(str(again["pid"]))
    browser.expect_no_complaint(status["consoleURL"])

    # It says so when the lab is gone.
    lab.down()
    browser.see("Not connected")


def test_a_person_climbs_under_load_with_the_consoles_buttons(lab, browser):
    status = lab.up("--stage", 1)
    browser.open(status["consoleURL"])
    browser.fill("Requests per second", "50").fill("For seconds", "600").click("Start load")
    browser.see("ok,")
    browser.click("Climb to stage 2")
    browser.see("the app is at stage 2")
    browser.see("done after")
    browser.click("Stop")
    # Ctrl-C ends load with a report of what was until then.
    report = browser.job("Load")
    assert report["failed"] == "0" and report["was interrupted"] == "yes", report
    assert lab.status()["stage"] == 2
    # What still runs when the lab ends ends with it.
    browser.click("Start load")
    wait_until(lambda: "600 s" in browser.text and "under way" in browser.text, "load runs again")
    browser.expect_no_complaint(status["consoleURL"])


def test_the_console_follows_a_climb_of_the_command_line_and_takes_it_up(lab, browser):
    status = lab.up("--stage", 1)
    browser.open(status["consoleURL"])
    kill_climb(lab, "run", "open-app-door")
    browser.see("A climb was cut short: from stage 1 to 2")
    browser.see("2 of 7 steps done")
    browser.click("Go back").click("Go back", within="dialog")
    browser.see("Next: stage 2, single server")
    assert lab.status()["stage"] == 1 and lab.process("launch")["health"] == "ready"


def test_the_console_of_an_earlier_run_says_that_its_token_is_stale(lab, browser):
    status = lab.up()
    port = urlsplit(status["consoleURL"]).port
    browser.open(status["consoleURL"]).see("Live")
    lab.down()
    browser.see("Not connected")
    lab.heights("up", "--port", 0, "--console-port", port, "--detach").expect(0)
    browser.see("token is of an earlier run")
    fresh = lab.status()["consoleURL"]
    browser.open(fresh)
    wait_until(lambda: "earlier run" not in browser.text, "the new address lets the page act")


def test_the_console_answers_nobody_but_this_machine(summit):
    with Connection(summit.status()["consoleURL"]) as connection:
        answer = connection.send(b"GET /snapshot HTTP/1.1\r\nHost: evil.example\r\n\r\n").answer()
    assert 400 <= answer.status < 500
