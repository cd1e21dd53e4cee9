"""The object store behind a gate: MiniStack believes every key, so what is not signed with the lab's never reaches it.

Usage: gate.py KEYS, a file of JSON: {"id", "secret"} of who may do everything by signing (AWS SigV4), and {"reader"}, the
word by which edges read and the lab asks whether the bucket is there."""

import hashlib
import hmac
import json
import sys
from datetime import datetime, timedelta, timezone
from email.utils import formatdate

import ministack.app

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()
CLOCKS_DIFFER = timedelta(minutes=15)

with open(sys.argv[1]) as file:
    KEYS = json.load(file)

store = ministack.app.app


async def gate(scope, receive, send):
    """The application of MiniStack for whoever may ask it; 403 for everybody else, and no websocket at all."""
    if scope["type"] == "lifespan" or scope["type"] == "http" and may_pass(scope):
        return await store(scope, receive, send)
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})
    body = b"<Error><Code>AccessDenied</Code><Message>The request is not signed with the lab's key.</Message></Error>"
    # The date as AWS says it: who signed at another time signs anew.
    headers = [(b"content-type", b"application/xml"), (b"content-length", b"%d" % len(body)),
               (b"date", formatdate(usegmt=True).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def may_pass(scope):
    headers = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    authorization = headers.get("authorization", [""])[0]
    if authorization.startswith("Bearer "):
        return same(authorization[7:], KEYS["reader"]) and may_read(scope)
    try:
        return is_signed(scope, headers, authorization)
    except (KeyError, ValueError):
        return False


def may_read(scope):
    """Reading, and making a bucket, which changes nothing in one that is there."""
    is_bucket = "/" not in scope["path"].strip("/") and not scope["query_string"]
    return scope["method"] in ("GET", "HEAD") or scope["method"] == "PUT" and is_bucket


def is_signed(scope, headers, authorization):
    algorithm, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    identity, day, region, service, end = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    if algorithm != ALGORITHM or end != "aws4_request" or not same(identity, KEYS["id"]) or "host" not in names:
        return False
    date = headers["x-amz-date"][0]
    age = datetime.now(timezone.utc) - datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    if abs(age) > CLOCKS_DIFFER or not date.startswith(day):
        return False
    values = ((name, headers[name]) for name in names)
    signed = "".join(f"{name}:{','.join(' '.join(value.split()) for value in found)}\n" for name, found in values)
    query = [part.partition("=")[::2] for part in scope["query_string"].decode("latin-1").split("&") if part]
    asked = "&".join(f"{name}={value}" for name, value in sorted(query))
    payload = headers.get("x-amz-content-sha256", [EMPTY])[0]
    path = scope["raw_path"].decode("latin-1")
    request = "\n".join([scope["method"], path, asked, signed, parts["SignedHeaders"], payload])
    digest = hashlib.sha256(request.encode("latin-1")).hexdigest()
    key = ("AWS4" + KEYS["secret"]).encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join([ALGORITHM, date, f"{day}/{region}/{service}/{end}", digest])
    return same(parts["Signature"], hmac.digest(key, text.encode(), "sha256").hex())


def same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())


if __name__ == "__main__":
    # MiniStack reads its own arguments, and has none.
    del sys.argv[1:]
    ministack.app.app = gate
    ministack.app.main()
