"""The waitlist: joining it as people do, and reading it as only the administrator can."""

import json
import secrets

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
