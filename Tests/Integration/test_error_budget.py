"""People's requests are counted where they come in, and weighed against what may fail: in status, timeline and from run to run."""

import json
import os
import signal
import sys
import time

import requests

from support.waiting import wait_until

# Any program: it says by its paths how it answers.
PROGRAM = '''
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Page).serve_forever()
'''


def counted(lab, counts):
    """The budget, once so many requests and failures are counted."""
    def is_so():
        budget = lab.status()["budget"]
        return budget if [budget["requests"], budget["failed"]] == counts else None
    return wait_until(is_so, f"{counts} are counted: {lab.status()['budget']}")


def ask(url, path, times, **headers):
    return [requests.get(f"{url}{path}", headers=headers, timeout=30).status_code for _ in range(times)]


def test_what_people_were_answered_at_the_front_door_is_weighed_and_nothing_else(lab):
    service = {"run": [sys.executable, "app.py"], "databases": ["main"], "listens": "port"}
    manifest = {"name": "pages", "title": "Pages", "databases": {"main": {}}, "services": {"web": service}}
    lab.become({"heights.json": json.dumps(manifest), "app.py": PROGRAM})
    url = lab.up("--stage", 3)["appURL"]
    assert counted(lab, [0, 0])["usedShare"] == 0
    assert "none has come yet" in lab.heights("status").out
    assert ask(url, "/", 20) == [200] * 20 and ask(url, "/404", 3) == [404] * 3 and ask(url, "/503", 7) == [503] * 7
    # The balancer's own answers are nobody's request.
    assert ask(url, "/lb-health", 5) == [200] * 5 and ask(url, "/", 2, Host="elsewhere.example") == [421] * 2
    budget = counted(lab, [30, 7])
    assert budget["target"] == 0.99 and budget["days"] == 30
    assert abs(budget["allowed"] - 0.3) < 1e-9 and abs(budget["usedShare"] - 7 / 0.3) < 1e-6
    firing = [alarm["name"] for alarm in budget["alarms"] if alarm["fires"]]
    assert firing == ["fast", "slow", "lasting"]
    text = lab.heights("status").out
    assert "99 % of requests in 30 days are to succeed: 7 of 30 failed, 0.3 may" in text, text
    assert any("14.4 times" in event["text"] and "7 of 30" in event["text"] for event in lab.status()["events"])
    lab.down()
    # What was asked last is in it, and the doors count from 0 again.
    assert lab.up()["budget"]["requests"] == 30
    ask(lab.status()["appURL"], "/500", 1)
    counted(lab, [31, 8])


def test_a_front_door_that_is_started_anew_is_counted_with_its_successor(lab):
    url = lab.up("--stage", 4)["appURL"]
    assert ask(url, "/", 20) == [200] * 20
    counted(lab, [20, 0])
    door = lab.status_of("front-door")["pid"]
    # Edges stand before the servers from stage 5 on, which the front door has to be told.
    climb = lab.start("climb", "--to", 5)
    asked = 20
    while climb.poll() is None:
        assert ask(url, "/", 1) == [200]
        asked += 1
        time.sleep(0.02)
    assert climb.wait(10) == 0
    assert lab.status_of("front-door")["pid"] != door
    # One may have been under way where it was read for the last time.
    wait_until(lambda: lab.status()["budget"]["requests"] >= asked - 1, "both doors are counted")
    budget = lab.status()["budget"]
    assert budget["requests"] <= asked and budget["failed"] == 0, budget


def test_an_app_without_a_balancer_counts_for_itself_and_goes_on_after_its_end(lab):
    url = lab.up("--stage", 2)["appURL"]
    assert ask(url, "/", 6) == [200] * 6 and ask(url, "/readyz", 3) == [200] * 3 and ask(url, "/nowhere", 1) == [404]
    assert ask(url, "/", 2, Host="elsewhere.example") == [421] * 2
    counted(lab, [7, 0])
    pid = lab.status_of("app")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: lab.status_of("app")["pid"] not in (None, pid), "the app runs again")
    lab.wait_until_all_ready()
    assert ask(url, "/", 2) == [200] * 2
    counted(lab, [9, 0])
