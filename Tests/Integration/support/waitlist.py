"""The waitlist: joining it as people do, and reading it as only the administrator can."""

import json
import secrets
import time

from .crowd import Crowd
from .raw_http import Connection


def request(email):
    """The bytes of the request that puts an address on the list."""
    body = json.dumps({"email": email}).encode()
    return (b"POST /api/waitlist HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + str(len(body)).encode() + b"\r\n\r\n" + body)


def join(url, count):
    """Puts `count` new addresses on the list and returns them; each was acknowledged."""
    emails = {f"w{secrets.token_hex(8)}@example.com" for _ in range(count)}
    with Connection(url) as connection:
        for email in emails:
            assert connection.send(request(email)).answer().status == 201
    return emails


def addresses(lab, role="app"):
    """Every address that the process of a role has stored."""
    with Connection(lab.admin(role)) as admin:
        return {json.loads(line)["email"] for line in admin.request("GET", "/waitlist").body.splitlines()}


def acknowledged(lab):
    """The addresses that the load generator was told are on the list."""
    records = [json.loads(line) for line in lab.ledger.read_text().splitlines()] if lab.ledger.exists() else []
    return {record["email"] for record in records if record["kind"] == "waitlist"}


class Joiners(Crowd):
    """People who join as fast as the app answers, over connections that they keep until the app ends them.

    Whatever moves the list from one place to another meanwhile has some of their addresses behind it, some before.
    """

    def __init__(self, url, count=3):
        super().__init__(count)
        self._url = url
        self.joined = set()

    def act(self):
        connection = Connection(self._url)
        while not self.stop.is_set():
            email = f"j{secrets.token_hex(8)}@example.com"
            answer = connection.send(request(email)).answer()
            if answer is None or answer.status != 201:
                self.failures.append(answer)
            else:
                self.joined.add(email)
            if answer is None or answer.closes:
                connection.close()
                connection = Connection(self._url)
            time.sleep(0.001)
        connection.close()
