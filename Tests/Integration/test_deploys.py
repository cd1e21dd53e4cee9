"""Releases come into a running app in the lab: all of it or none of it, and nobody who asks meanwhile notices."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from support.browser import chromium
from support.crowd import Crowd
from support.paths import REPOSITORY, SUMMIT
from support.raw_http import Connection
from support.summit_api import Person
from support.visitors import Visitors
from support.waiting import wait_until

# What answers as `release.json` says.
MANIFEST = """{ name: 'rolled', title: 'Rolled', launch: 'Launch', services: { web: { run: ['python3', 'rolled.py'] } } }"""


def set_release(folder, **release):
    (Path(folder) / "release.json").write_text(json.dumps(release))


def releases(lab):
    return {line["number"]: line for line in lab.heights("releases", "--json").expect(0).json["releases"]}


def states(lab):
    return {number: line["state"] for number, line in sorted(releases(lab).items())}


class Readers(Crowd):
    """People who ask for a page again and again, each time over a new connection; the texts they got are in `texts`."""

    def __init__(self, url, count=4):
        super().__init__(count)
        self._url = url
        self.texts = []

    def act(self):
        while not self.stop.wait(0.03):
            try:
                with Connection(self._url) as connection:
                    answer = connection.request("GET", "/")
                if answer is None or answer.status != 200:
                    self.failures.append(answer and answer.status)
                else:
                    self.texts.append(answer.body.decode())
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))


@pytest.fixture
def rolled(lab):
    """An app of two instances, at stage 4."""
    lab.become({"heights.json": MANIFEST, "rolled.py": (REPOSITORY / "Tests/Fixtures/rolled.py").read_text()})
    (lab.folder / "Launch").mkdir()
    set_release(lab.folder, text="one")
    lab.up("--stage", 4)
    lab.wait_until_all_ready()
    return lab


def text_of(lab):
    """What all of its instances say, from a few connections."""
    url = lab.status()["appURL"]
    return {requests.get(url, timeout=10, cookies={"session": str(number)}).text for number in range(12)}


def test_a_good_release_reaches_all_instances_and_can_be_gone_back_from(rolled):
    with Readers(rolled.status()["appURL"]) as readers:
        set_release(rolled.folder, text="two")
        told = rolled.heights("deploy", "--lab", "--json").expect(0)
        assert told.json == {"outcome": "running", "release": 2}
        assert "server-a of web: release 2, and nobody else yet" in told.err
        assert re.search(r"web: does as well as before, by \d+ requests", told.err), told.err
        wait_until(lambda: readers.texts[-1] == "two", "a reader has the new text")
        # Old and new have answered side by side.
        changes = [text for text, other in zip(readers.texts, readers.texts[1:]) if text != other]
        assert "two" in changes, "for a while there were both"
        # Each step with what was counted of both sides; of all of it against what was before.
        trials = rolled.status()["trials"]
        assert [(trial["service"], trial["release"], trial["share"], trial["verdict"]) for trial in trials] == [
            ("web", 2, 0.5, "wentOn"), ("web", 2, 1, "wentOn")]
        for trial in trials:
            assert all(trial[side]["requests"] > 0 and trial[side]["failed"] == 0 for side in ("new", "staying")), trial
        assert text_of(rolled) == {"two"} and states(rolled) == {1: "replaced", 2: "running"}
        assert rolled.heights("deploy", "--lab", "--json").expect(0).json == {"outcome": "ran_already", "release": 2}
        rolled.heights("rollback").expect(0)
        assert text_of(rolled) == {"one"} and states(rolled) == {1: "running", 2: "replaced"}
        rolled.heights("rollback", 2).expect(0)
        assert text_of(rolled) == {"two"}
    assert not readers.failures, readers.failures[:5]
    told = rolled.heights("rollback", 9).expect(2)
    assert "there is no release 9 to go to: there are 1, 2" in told.err
    assert "from " in rolled.heights("status").expect(0).out


def test_a_release_that_fails_a_share_of_its_requests_is_taken_back_by_itself(rolled):
    url = rolled.status()["appURL"]
    with Readers(url) as readers:
        set_release(rolled.folder, text="bad", failEvery=4)
        told = rolled.heights("deploy", "--lab").expect(1)
        assert "release 2 was taken back, and the app runs release 1: web does worse than before:" in told.err
        assert re.search(r"\d+ of \d+ \(\d+\.\d %\) failed, and 0 of \d+ \(0\.0 %\) of what stays", told.err), told.err
        assert text_of(rolled) == {"one"}
    assert set(readers.failures) == {500}, readers.failures
    # One instance of two has had it, for a few seconds.
    assert len(readers.failures) < len(readers.texts) / 4
    [trial] = rolled.status()["trials"]
    assert (trial["verdict"], trial["share"]) == ("takenBack", 0.5) and trial["new"]["failed"] >= 5 and trial["staying"]["failed"] == 0
    assert trial["text"].startswith("web does worse than before: ")
    lines = releases(rolled)
    assert lines[2]["state"] == "bad" and "does worse than before" in lines[2]["fault"]
    # The next start does not fall for what is in the folder.
    rolled.down()
    rolled.up()
    assert text_of(rolled) == {"one"}


def test_the_console_tells_of_a_deploy_and_leads_back(rolled):
    status = rolled.status()
    with Readers(status["appURL"]) as readers, chromium() as browser:
        browser.open(status["consoleURL"]).see("Stage 4 of 7")
        set_release(rolled.folder, text="two")
        deploy = rolled.start("deploy", "--lab")
        browser.see("Canary: release 2")
        browser.see("Release 2 is on its way: server-a runs it.")
        browser.see("50 % of the instances")
        deploy.communicate(timeout=120)
        assert deploy.returncode == 0
        browser.see("the last one")
        steps = browser.run("return [...document.querySelectorAll('#trials-steps li')].map((step) => step.innerText.replaceAll(/\\s+/g, ' '))")
        assert len(steps) == 2 and "all instances" in steps[0] and "before: " in steps[0], steps
        for step in steps:
            assert re.search(r"release 2: [\d,]+ requests, 0 failed", step) and step.endswith("went on"), steps
        browser.click("Run it: release 1").click("Run release 1", within="dialog")
        browser.see("Canary: release 1")
        wait_until(lambda: states(rolled) == {1: "running", 2: "replaced"}, "release 1 runs again", 120)
        assert text_of(rolled) == {"one"}
        browser.expect_no_complaint(status["consoleURL"])
    assert not readers.failures, readers.failures[:5]


@pytest.mark.parametrize("wrong, reason", [("dies", "this release does not start"), ("hangs", "not ready within 20 s")])
def test_a_release_that_does_not_start_is_taken_back_and_nobody_notices(rolled, wrong, reason):
    with Readers(rolled.status()["appURL"]) as readers:
        set_release(rolled.folder, text="never", **{wrong: True})
        told = rolled.heights("deploy", "--lab", "--json").expect(1)
        assert told.json["error"] == "taken_back" and reason in told.json["message"], told
    assert not readers.failures and set(readers.texts) == {"one"}, readers.failures[:5]
    assert states(rolled) == {1: "running", 2: "bad"}


def test_a_deploy_that_is_cut_short_is_put_right_by_what_comes_next(rolled):
    def begin(text):
        set_release(rolled.folder, text=text)
        child = rolled.start("deploy", "--lab", stdout=subprocess.DEVNULL)
        wait_until(lambda: any("of web: release" in line for line in [child.stderr.readline()]), "it has begun")
        wait_until(lambda: rolled.state["releases"].get("rollout", {}).get("processes"), "one instance has it")
        return child

    # The deploy is asked to stop.
    child = begin("two")
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 1
    assert text_of(rolled) == {"one"} and states(rolled) == {1: "running", 2: "unused"}
    # It is killed: the next one begins by taking back.
    child = begin("three")
    child.kill()
    child.wait(60)
    wait_until(lambda: "operation" not in rolled.status(), "the lab has done what it was asked for")
    told = rolled.heights("rollback", "--json").expect(0)
    assert told.json == {"outcome": "took_back", "release": 1, "tookBack": 3}
    assert text_of(rolled) == {"one"}
    # The lab is killed.
    child = begin("four")
    os.kill(rolled.supervisor.pid, signal.SIGKILL)
    assert child.wait(60) == 1
    told = rolled.heights("up", "--port", 0, "--console-port", 0, "--detach").expect(0)
    assert "the deploy of release 4 was cut short: the app runs release 1, as before" in told.err
    assert text_of(rolled) == {"one"}
    assert states(rolled) == {1: "running", 2: "unused", 3: "unused", 4: "unused"}
    # What is in the folder is brought by the next deploy.
    rolled.heights("deploy", "--lab").expect(0)
    assert text_of(rolled) == {"four"}


def test_only_the_newest_five_are_kept_and_nothing_of_others_but_their_lines(rolled):
    places = rolled.home / "releases"
    for number in range(2, 8):
        rolled.heights("down").expect(0)
        set_release(rolled.folder, text=str(number))
        rolled.up()
    assert sorted(path.name for path in places.iterdir()) == ["3", "4", "5", "6", "7"]
    lines = releases(rolled)
    assert [lines[number]["isKept"] for number in sorted(lines)] == [False, False] + [True] * 5
    assert "there is no release 1 to go to" in rolled.heights("rollback", 1).expect(2).err


# Summit itself: with data, sessions and services.


@pytest.fixture
def next_release(lab, tmp_path):
    """A folder with Summit as it would be next: its style sheet differs, and so the links to it."""

    def make(name="next", wrapper=None):
        folder = tmp_path / name
        folder.mkdir()
        for part in ["Public", "Launch", "Migrations"]:
            shutil.copytree(lab.folder / part, folder / part)
        shutil.copy(lab.folder / "openapi.json", folder)
        text = (lab.folder / "heights.json").read_text()
        if wrapper:
            (folder / "serve").write_text(f"#!/bin/sh\n{wrapper}\nexec {SUMMIT}\n")
            (folder / "serve").chmod(0o755)
            text = text.replace(json.dumps(str(SUMMIT)), '"./serve"')
        (folder / "heights.json").write_text(text)
        style = folder / "Public" / "summit.css"
        style.write_text(style.read_text() + f"\n/* {name} */\n")
        return folder

    return make


def style_of(url):
    return re.search(r"summit[^\"']*\.css", requests.get(url, timeout=10).text)[0]


def test_a_single_server_hands_its_sockets_over(summit, next_release):
    url = summit.status()["appURL"]
    person = Person.sign_up(url)
    former = style_of(url)
    folder = next_release()
    with Visitors(url) as visitors:
        summit.heights("deploy", "--lab", "--release", folder).expect(0)
        assert style_of(url) != former
        assert person.post("after it").status_code == 201
        bad = next_release("bad", wrapper="echo no; exit 1")
        told = summit.heights("deploy", "--lab", "--release", bad).expect(1)
        assert "app did not become ready" in told.err and style_of(url) != former
    visitors.expect_no_failure()
    assert person.get("/api/me").status_code == 200
    person.close()


def test_migrations_that_the_former_release_can_not_live_with_are_refused(summit, next_release):
    url = summit.status()["appURL"]
    expand = next_release("expand")
    (expand / "Migrations/posts/002_more.sql").write_text("ALTER TABLE posts ADD COLUMN mood TEXT;\n")
    contract = next_release("contract")
    shutil.copy(expand / "Migrations/posts/002_more.sql", contract / "Migrations/posts")
    (contract / "Migrations/posts/003_less.sql").write_text("ALTER TABLE posts DROP COLUMN mood;\n")
    summit.heights("deploy", "--lab", "--release", expand).expect(0)
    # It works with what the later one has added.
    summit.heights("rollback").expect(0)
    person = Person.sign_up(url)
    assert person.post("without a mood").status_code == 201
    summit.heights("rollback", 2).expect(0)
    told = summit.heights("deploy", "--lab", "--release", contract).expect(1)
    assert "Migrations/posts/003_less.sql removes column MOOD of POSTS" in told.err
    assert summit.status()["releases"]["current"] == 2
    summit.heights("deploy", "--lab", "--release", contract, "--allow-breaking-migration").expect(0)
    assert person.post("and still").status_code == 201
    person.close()


def test_services_come_to_a_release_one_after_the_other_under_load(lab, next_release):
    """Who calls is older than who is called until all are the same."""
    lab.up("--stage", 6)
    lab.wait_until_all_ready()
    url = lab.status()["appURL"]
    former = style_of(url)
    load = lab.load(rate=80, seconds=120, users=8).wait_until_it_flows()
    told = lab.heights("deploy", "--lab", "--release", next_release()).expect(0)
    order = re.findall(r"of (\w+): release 2", told.err)
    assert list(dict.fromkeys(order)) == ["accounts", "posts", "graph", "web"]
    assert style_of(url) != former
    # By then another service has come to it.
    bad = next_release("bad", wrapper='[ "$HEIGHTS_SERVICE" = posts ] && exit 1')
    told = lab.heights("deploy", "--lab", "--release", bad).expect(1)
    assert "release 3 was taken back, and the app runs release 2" in told.err
    assert {line["state"] for line in releases(lab).values()} == {"replaced", "running", "bad"}
    load.stop().finish_without_failure()
    lab.verify()
