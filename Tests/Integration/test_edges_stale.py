"""An edge that gets no good answer tells what it has kept, even when that is stale, and what is new when there is an answer."""

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.waiting import wait_until

FRESH_SECONDS = 1

# A page that differs each time, and may be kept for a moment.
PROGRAM = f'''
import itertools, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

numbers = itertools.count()
# In the app's folder: it works in that of a release.
broken = os.path.join(os.path.dirname(os.environ["HEIGHTS_SECRET_FILE"]), "..", "broken")

class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        is_broken = self.path.startswith("/page") and os.path.exists(broken)
        if is_broken:
            with open(broken, "a") as asked:
                asked.write("x")
            time.sleep(0.3)
        body = f"{{os.getpid()}} {{next(numbers)}}".encode()
        self.send_response(500 if is_broken else 200)
        self.send_header("Cache-Control", "no-store" if is_broken else "max-age={FRESH_SECONDS}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Page).serve_forever()
'''


@pytest.fixture
def pages(lab):
    """A lab at stage 5 of an app that has one page."""
    service = {"run": [sys.executable, "app.py"], "databases": ["main"], "listens": "port"}
    manifest = {"name": "pages", "title": "Pages", "databases": {"main": {}}, "services": {"web": service}}
    lab.become({"heights.json": json.dumps(manifest), "app.py": PROGRAM})
    lab.up("--stage", 5)
    lab.wait_until_all_ready()
    return lab


def read(url):
    """The page from several connections, which may lead to other edges."""
    return [requests.get(f"{url}/page", timeout=30) for _ in range(6)]


def expect_stale(url):
    """The page as the edges keep it; nobody can have made it just now."""
    time.sleep(2 * FRESH_SECONDS + 1)
    answers = read(url)
    assert {answer.status_code for answer in answers} == {200}
    assert all(int(answer.headers["Age"]) > FRESH_SECONDS for answer in answers), [it.headers for it in answers]
    return {answer.text for answer in answers}


def expect_fresh(url, stale):
    wait_until(lambda: all(it.status_code == 200 and it.text not in stale for it in read(url)), "the page is new again")


def test_what_is_stale_is_better_than_an_error_or_no_answer(pages):
    url = pages.status()["appURL"]
    assert {answer.status_code for answer in read(url)} == {200}
    (pages.folder / "broken").touch()
    stale = expect_stale(url)
    # Those who come at once wait for one answer, and not for one after the other.
    before = (pages.folder / "broken").stat().st_size
    with ThreadPoolExecutor(40) as people:
        answers = list(people.map(lambda _: requests.get(f"{url}/page", timeout=30), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert (pages.folder / "broken").stat().st_size - before < 20
    # What was never kept has nothing to fall back on: the app's own words.
    never = requests.get(f"{url}/page?never", timeout=30)
    assert never.status_code == 500 and re.fullmatch("[0-9]+ [0-9]+", never.text), never.text
    (pages.folder / "broken").unlink()
    expect_fresh(url, stale)

    for server in ("server-a", "server-b"):
        pages.ask("freeze", host=server)
    stale = expect_stale(url)
    for server in ("server-a", "server-b"):
        pages.ask("thaw", host=server)
    expect_fresh(url, stale)
