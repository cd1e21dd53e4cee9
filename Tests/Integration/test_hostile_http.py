"""Hostile HTTP: requests that lie about their size, are too large, come in pieces, or never end.

Each is answered with an error or by hanging up; none smuggles a second request past the first, and whoever asks
politely beside it is served by the same process.
"""

import json
import secrets

import pytest

from support.lab import Lab
from support.raw_http import Connection
from support.waitlist import addresses, request

CRLF = b"\r\n"


@pytest.fixture(scope="module")
def hostile_lab():
    lab = Lab()
    try:
        lab.up()
        yield lab
    finally:
        lab.end()


@pytest.fixture
def app(hostile_lab):
    """The app's address. After the test the same process is there and in good health."""
    before = hostile_lab.process("app")
    url = hostile_lab.status()["appURL"]
    yield url
    with Connection(url) as polite:
        assert polite.request("GET", "/healthz").status == 200, hostile_lab.logs()
    after = hostile_lab.process("app")
    assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"]), hostile_lab.logs()


# The headers of a POST whose body may be understood in two ways.
SMUGGLING = {
    "Content-Length beside Transfer-Encoding": ["Content-Length: 4", "Transfer-Encoding: chunked"],
    "Transfer-Encoding beside Content-Length": ["Transfer-Encoding: chunked", "Content-Length: 4"],
    "two lengths": ["Content-Length: 0", "Content-Length: {length}"],
    "the same length twice": ["Content-Length: 5", "Content-Length: 5"],
    "a list of lengths": ["Content-Length: 0, {length}"],
    "a length with a sign": ["Content-Length: +5"],
    "a negative length": ["Content-Length: -5"],
    "a hexadecimal length": ["Content-Length: 0x5"],
    "a length with a letter": ["Content-Length: 5a"],
    "a length beyond 64 bits": ["Content-Length: 18446744073709551621"],
    "an empty length": ["Content-Length: "],
    "an unknown encoding": ["Transfer-Encoding: xchunked"],
    "identity": ["Transfer-Encoding: identity", "Content-Length: 0"],
    "a list of encodings": ["Transfer-Encoding: chunked, identity"],
    "chunked twice": ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "an encoding in quotes": ['Transfer-Encoding: "chunked"'],
    "an encoding with a tab": ["Transfer-Encoding:\tchunked", "Content-Length: 4"],
    "an encoding with a vertical tab": ["Transfer-Encoding: \x0bchunked", "Content-Length: 4"],
    "a space before the colon": ["Transfer-Encoding : chunked", "Content-Length: 4"],
    "a folded line": ["X-Long: one\r\n Transfer-Encoding: chunked", "Content-Length: 4", "Content-Length: 0"],
    "a line without a colon": ["Transfer-Encoding chunked", "Content-Length: {length}", "Content-Length: 0"],
    "a carriage return within a value": ["X-Long: one\rTransfer-Encoding: chunked", "Content-Length: 1, 1"],
    "a null byte in a name": ["Content\0-Length: 5", "Content-Length: 4", "Transfer-Encoding: chunked"],
}


@pytest.mark.parametrize("headers", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_a_request_of_two_meanings_is_refused_and_what_follows_it_is_not_read(app, hostile_lab, headers):
    email = f"smuggled-{secrets.token_hex(6)}@example.com"
    inner = request(email)
    lines = ["POST /api/waitlist HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    head = "\r\n".join(lines).format(length=len(inner)).encode("latin-1")
    with Connection(app) as connection:
        connection.send(head + CRLF * 2 + b"0\r\n\r\n" + inner)
        answers = connection.answers_until_the_end()
    assert [answer.status for answer in answers] in ([400], [501], [413], []), answers
    assert email not in addresses(hostile_lab)


def test_the_trace_that_smuggling_would_leave_is_seen_when_nothing_is_wrong(app, hostile_lab):
    email = f"welcome-{secrets.token_hex(6)}@example.com"
    with Connection(app) as connection:
        assert connection.send(request(email)).answer().status == 201
    assert email in addresses(hostile_lab)


MALFORMED = {
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n",
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n",
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version from the future": b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /healthz\r\nHost: localhost\r\n\r\n",
    "a method that nobody knows": b"BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that climbs out": b"GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that climbs out in disguise":
        b"GET /static/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path with an encoded slash": b"GET /static/..%2fheights.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path with a null": b"GET /static/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a broken escape": b"GET /api/accounts/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes that are no UTF-8": b"GET /api/accounts/%ff%fe%fd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a body that is no JSON": b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{\"email\":",
    "JSON of great depth":
        b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 20000\r\n\r\n" + b"[" * 20000,
    "a form without its boundary":
        b"POST /api/media HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data\r\n"
        b"Content-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_answered_with_an_error_of_the_client(app, request_bytes):
    with Connection(app) as connection:
        answer = connection.send(request_bytes).answer()
    assert answer is None or 400 <= answer.status < 500 or answer.status in (501, 505), answer
    if answer:
        assert b"root:" not in answer.body and b"services" not in answer.body


LARGE = 64 << 10
OVERSIZED = {
    "one header": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * LARGE + CRLF * 2,
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 20_000 + CRLF,
    "a header without an end": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"a" * 1_000_000,
    "a long path": b"GET /" + b"a" * LARGE + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long query": b"GET /api/popular?cursor=" + b"a" * LARGE + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long cookie": b"GET /api/me HTTP/1.1\r\nHost: localhost\r\nCookie: session=" + b"a" * LARGE + CRLF * 2,
    "a method without an end": b"G" * 1_000_000,
}


@pytest.mark.parametrize("request_bytes", OVERSIZED.values(), ids=OVERSIZED.keys())
def test_oversized_headers_are_refused(app, request_bytes):
    with Connection(app) as connection:
        answer = connection.send(request_bytes).answer()
    # None: the rest that nobody wanted to read made the kernel reset the connection before we read the answer.
    assert answer is None or answer.status in (400, 413, 414, 431), answer


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_beyond_its_limit_is_refused(app, framing):
    head = b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with Connection(app) as connection:
        if framing == "length":
            connection.send(head + b"Content-Length: 1073741824\r\n\r\n" + b"a" * 100_000)
        else:
            connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(200):
                connection.send(b"10000\r\n" + b"a" * 65536 + CRLF)
            connection.send(b"0\r\n\r\n")
        answer = connection.answer()
    assert answer is None or answer.status == 413, answer


def test_a_request_in_single_bytes_is_understood(app, hostile_lab):
    email = f"slow-{secrets.token_hex(6)}@example.com"
    with Connection(app) as connection:
        for byte in request(email):
            connection.send(bytes([byte]))
        assert connection.answer().status == 201
    assert email in addresses(hostile_lab)


def test_a_request_that_is_split_anywhere_is_understood(app):
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Some: thing\r\n\r\n"
    with Connection(app) as connection:
        for split in range(1, len(whole)):
            connection.send(whole[:split]).send(whole[split:])
            assert connection.answer().status == 200, split


def test_pipelined_requests_are_answered_in_their_order(app):
    paths = ["/healthz", "/api/popular", "/nowhere", "/healthz", "/api/me"] * 20
    with Connection(app) as connection:
        connection.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in paths))
        statuses = [connection.answer().status for _ in paths]
    assert statuses == [200, 200, 404, 200, 401] * 20


CHUNKS = {
    "no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "a negative number": b"-3\r\nabc\r\n0\r\n\r\n",
    "a number with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a number beyond 64 bits": b"1" + b"0" * 16 + b"3\r\nabc\r\n0\r\n\r\n",
    "the largest number": b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "an empty number": b"\r\nabc\r\n0\r\n\r\n",
    "more than was said": b"3\r\nabcdef\r\n0\r\n\r\n",
    "no end of a chunk": b"3\r\nabc0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS.keys())
def test_bad_chunking_is_refused_and_what_follows_it_is_not_read(app, hostile_lab, chunks):
    email = f"chunked-{secrets.token_hex(6)}@example.com"
    head = (b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    with Connection(app) as connection:
        connection.send(head + chunks + request(email))
        connection.socket.shutdown(1)
        answers = connection.answers_until_the_end()
    assert all(400 <= answer.status < 500 for answer in answers) and len(answers) <= 1, answers
    assert email not in addresses(hostile_lab)


def test_good_chunks_are_understood_however_they_are_cut(app, hostile_lab):
    email = f"chunks-{secrets.token_hex(6)}@example.com"
    body = json.dumps({"email": email}).encode()
    head = (b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    chunks = b"".join(b"1;note=one\r\n" + bytes([byte]) + CRLF for byte in body) + b"0\r\nX-Trailer: yes\r\n\r\n"
    with Connection(app) as connection:
        assert connection.send(head + chunks).answer().status == 201
        assert connection.request("GET", "/healthz").status == 200
    assert email in addresses(hostile_lab)


def test_slow_bodies_keep_nobody_else_waiting_and_are_cut_off_at_last(app):
    head = (b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{")
    slow = [Connection(app).send(head) for _ in range(200)]
    slow.append(Connection(app).send(
        b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 100_000))
    headless = Connection(app).send(b"GET /healthz HTTP/1.1\r\nHost: local")
    try:
        with Connection(app) as polite:
            for connection in slow:
                connection.send(b" ")
                assert polite.request("GET", "/healthz").status == 200
        # Headers that don't end are given up first: the server hangs up, with an answer or without.
        assert all(answer.status == 408 for answer in headless.answers_until_the_end())
    finally:
        for connection in [*slow, headless]:
            connection.close()
