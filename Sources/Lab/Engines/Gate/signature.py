"""Who has signed a request: AWS' signature version 4, as the gates before MiniStack look at it."""

import hashlib
import hmac
from datetime import datetime, timedelta, timezone

ALGORITHM = "AWS4-HMAC-SHA256"
CLOCKS_DIFFER = timedelta(minutes=15)


def headers_of(scope):
    """All values of each header, by its name in small letters."""
    headers = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


def is_signed(scope, headers, keys, payload):
    """Whether the request was signed with the key {"id", "secret"} within a quarter of an hour.

    payload is the hash of the body as the signature has it."""
    try:
        return matches(scope, headers, keys, payload)
    except (KeyError, ValueError):
        return False


def matches(scope, headers, keys, payload):
    algorithm, _, rest = headers["authorization"][0].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    identity, day, region, service, end = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    if algorithm != ALGORITHM or end != "aws4_request" or not same(identity, keys["id"]) or "host" not in names:
        return False
    date = headers["x-amz-date"][0]
    age = datetime.now(timezone.utc) - datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    if abs(age) > CLOCKS_DIFFER or not date.startswith(day):
        return False
    values = ((name, headers[name]) for name in names)
    signed = "".join(f"{name}:{','.join(' '.join(value.split()) for value in found)}\n" for name, found in values)
    query = [part.partition("=")[::2] for part in scope["query_string"].decode("latin-1").split("&") if part]
    asked = "&".join(f"{name}={value}" for name, value in sorted(query))
    path = scope["raw_path"].decode("latin-1")
    request = "\n".join([scope["method"], path, asked, signed, parts["SignedHeaders"], payload])
    digest = hashlib.sha256(request.encode("latin-1")).hexdigest()
    key = ("AWS4" + keys["secret"]).encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join([ALGORITHM, date, f"{day}/{region}/{service}/{end}", digest])
    return same(parts["Signature"], hmac.digest(key, text.encode(), "sha256").hex())


def bearer(headers):
    """The word after `Bearer`; empty where there is none."""
    scheme, _, word = headers.get("authorization", [""])[0].partition(" ")
    return word if scheme == "Bearer" else ""


def same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())
