"""The object store behind a gate: MiniStack believes every key, so what is not signed with the lab's never reaches it.

Usage: objects.py KEYS, a file of JSON: {"id", "secret"} of who may do everything by signing (AWS SigV4), and {"reader"}, the
word by which edges read and the lab asks whether the bucket is there."""

import hashlib
import json
import sys
from email.utils import formatdate

import ministack.app

from signature import bearer, headers_of, is_signed, same

EMPTY = hashlib.sha256(b"").hexdigest()

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
    headers = headers_of(scope)
    if bearer(headers):
        return same(bearer(headers), KEYS["reader"]) and may_read(scope)
    return is_signed(scope, headers, KEYS, headers.get("x-amz-content-sha256", [EMPTY])[0])


def may_read(scope):
    """Reading, and making a bucket, which changes nothing in one that is there."""
    is_bucket = "/" not in scope["path"].strip("/") and not scope["query_string"]
    return scope["method"] in ("GET", "HEAD") or scope["method"] == "PUT" and is_bucket


if __name__ == "__main__":
    # MiniStack reads its own arguments, and has none.
    del sys.argv[1:]
    ministack.app.app = gate
    ministack.app.main()
