"""The console's page without a lab: its own files, and the snapshots that ConsoleTests keeps."""

import json
import math
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.browser import chromium

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "Sources" / "Console" / "Page"
GOLDEN = ROOT / "Tests" / "ConsoleTests" / "Golden"
TOKEN = "a token that is right"
NOW_MS = 1_800_000_000_000
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# As ConsoleServer sends it: what breaks under it shall break here.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
          "frame-ancestors 'none'; base-uri 'none'; form-action 'none'")


def golden(name):
    """A snapshot that ConsoleTests keeps."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def scaled(snapshot, count, service=None):
    """The same with that many instances of its service, or of the one that is named, in all zones in turn."""
    topology = snapshot["topology"]
    tier = next(tier for tier in topology["tiers"] if tier["kind"] == "service" and service in (None, tier["title"]))
    first = [node for node in topology["nodes"] if node["tier"] == tier["id"]]
    for number in range(len(first), count):
        like = first[number % len(first)]
        host = f"{like['host']}{number // len(first) + 1}"
        topology["nodes"].append({**like, "id": f"{like['tier']}@{host}", "host": host})
    return snapshot


def many(snapshot, count):
    """The same with that many instances of each service that scales."""
    for tier in [tier for tier in snapshot["topology"]["tiers"] if tier["scaling"]]:
        scaled(snapshot, count, tier["title"])
    return snapshot


def renamed(snapshot, names):
    """The same in which services have other names, and their hosts and processes after them."""
    text = json.dumps(snapshot)
    for old, new in names.items():
        for place in ['"title": "%s"', '"service": "%s"', "service-%s", "load-balancer-%s", '"subtitle": "for %s"']:
            text = text.replace(place % old, place % new)
    return json.loads(text)


def history(lag=True):
    """Five minutes of figures, with ups and downs."""
    return [sample(second, lag) for second in range(300)]


def sample(second, lag=True):
    wave = math.sin(second / 23) + 0.4 * math.sin(second / 7)
    return {"t": NOW_MS - (299 - second) * 1000, "requestsPerSecond": 200 + 30 * wave, "errorsPerSecond": 0.0,
            "writesPerSecond": 20 + 4 * wave, "p50Ms": 0.9, "p90Ms": 2.4, "p99Ms": 7 + 2 * wave,
            "lagBytes": int(9000 + 4000 * wave) if lag else None}


def trace(count=24):
    """A traced request of that many spans, as the page gets it."""
    rows = [{"depth": 0, "name": "GET /@{name}", "place": "service-web-a", "detail": "200 /@ada", "startMs": 0,
             "milliseconds": 312.5, "hasFailed": False}]
    rows += [{"depth": 1 + number % 4, "name": "SELECT posts" if number % 3 else "POST /services/posts/of_authors_with_a_long_name",
              "place": f"service-posts-{'abc'[number % 3]}", "startMs": 12.5 * number, "milliseconds": 0.4 + number,
              "detail": "SELECT id, text, likes FROM posts WHERE shard = $1 AND author = $2 ORDER BY id DESC LIMIT $3",
              "hasFailed": number == 7} for number in range(count - 1)]
    summary = {"id": "0123456789abcdef" * 2, "name": "GET /@{name}", "path": "/@ada", "status": 503, "startedAtMs": NOW_MS,
               "milliseconds": 312.5, "spans": count, "places": ["service-posts-a", "service-web-a"], "hasFailed": True}
    return {"summary": summary, "rows": rows}


# Its name is longer than most lists have room for.
OTHER_TRACE = {**trace(1)["summary"], "id": "f" * 32, "name": "DELETE /api/accounts/{name}/following/{other}/notifications",
               "status": 204, "hasFailed": False}


class ConsolePage:
    """Serves the page. `show` sends a snapshot to whoever looks; `asked` is what its buttons have asked for."""

    def __init__(self):
        self.asked = []
        self.trace = trace()
        self._news = threading.Condition()
        self._shown = (0, None)

    def show(self, snapshot):
        with self._news:
            snapshot = {**snapshot, "sample": sample(300 + self._shown[0], lag=snapshot["stage"]["number"] >= 4)}
            self._shown = (self._shown[0] + 1, snapshot)
            self._news.notify_all()

    def follow(self, send):
        """Sends what is shown, and each snapshot after it, until that fails."""
        number = 0
        # Until whoever reads is gone.
        while True:
            with self._news:
                self._news.wait_for(lambda: self._shown[0] != number, 1)
                before, (number, snapshot) = number, self._shown
            if number == before:
                send()
            elif before == 0:
                past = history(snapshot["sample"]["lagBytes"] is not None)
                send("hello", {"snapshot": snapshot, "history": [*past, snapshot["sample"]]})
            else:
                send("snapshot", snapshot)


@contextmanager
def console_page():
    page = ConsolePage()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/events":
                return self.stream()
            if self.path == "/access":
                return self.answer(204 if self.headers["Authorization"] == f"Bearer {TOKEN}" else 401)
            if self.path.startswith("/traces") and "." not in self.path:
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    return self.answer(401)
                told = [page.trace["summary"], OTHER_TRACE] if self.path == "/traces" else page.trace
                return self.answer(200, json.dumps(told).encode(), "application/json")
            file = PAGE / (self.path.lstrip("/") or "index.html")
            if not file.is_file():
                return self.answer(404)
            self.answer(200, file.read_bytes(), TYPES[file.suffix])

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            page.asked.append((self.path, json.loads(body), self.headers["Authorization"], self.headers["Content-Type"]))
            self.answer(202)

        def answer(self, status, body=b"", kind="text/plain"):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def stream(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()

            def send(event=None, value=None):
                line = f"event: {event}\ndata: {json.dumps(value)}\n\n" if event else ":\n\n"
                self.wfile.write(line.encode())

            try:
                page.follow(send)
            except OSError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.url = f"http://127.0.0.1:{server.server_port}/#token={TOKEN.replace(' ', '%20')}"
    try:
        yield page
    finally:
        server.shutdown()
        server.server_close()


SNAPSHOTS = {
    **{name: golden(name) for name in [*(f"stage-{number}" for number in range(1, 8)), "zone-cut", "climb-4-to-5", "climb-5-to-6",
                                        "canary"]},
    "scaled": scaled(golden("stage-5"), 8),
    "fifty-hosts": many(golden("canary"), 9),
}


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
