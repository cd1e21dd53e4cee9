"""A table of DynamoDB that keeps what it has acknowledged: MiniStack, which has items in memory and believes every key, with a
file of SQLite below it and a gate before it.

Usage: table.py SETTINGS, a file of JSON: {"table", "expires"}, the names of the table and of the attribute that says when
an item may go; {"file"}, where items are kept; {"id", "secret"} of who may use the table by signing (AWS SigV4); and {"control"},
the word by which the lab sets limits."""

import asyncio
import hashlib
import json
import os
import sqlite3
import sys
import threading
import time
from email.utils import formatdate

import ministack.app
from ministack.services import dynamodb

from signature import bearer, headers_of, is_signed, same

with open(sys.argv[1]) as file:
    SETTINGS = json.load(file)

# As AWS' template grants them to the service that has sessions.
ACTIONS = {"BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "DescribeTable", "GetItem", "PutItem",
           "Query", "Scan", "UpdateItem"}
PREFIX = "DynamoDB_20120810."
# The most that DynamoDB takes at once.
MOST_BYTES = 16 * 1024 * 1024
UNSIGNED = "The request is not signed with the key of the table, now."
ACCOUNT, REGION = "000000000000", "us-east-1"

emulator = ministack.app.app


class Items:
    """What is in memory is on disk too: no answer leaves before everything that it may tell of is there.

    All of this happens on the event loop, where a request is carried out in one go: so what one of them changes is
    committed together."""

    def __init__(self, path):
        self.file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.file.execute("PRAGMA journal_mode = WAL")
        self.file.execute("PRAGMA synchronous = FULL")
        self.file.execute(
            "CREATE TABLE IF NOT EXISTS items (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID")
        self.changes, self.changed, self.kept, self.writing = {}, 0, 0, None
        self.put_there, self.remove_there = dynamodb._set_item, dynamodb._remove_item

    def load(self, table):
        """Puts into memory what was kept, but for what has expired; from then on nothing changes without us."""
        for pk, sk, text in self.file.execute("SELECT pk, sk, item FROM items"):
            item = json.loads(text)
            if has_expired(item):
                self.note(pk, sk, None)
            else:
                self.put_there(table, pk, sk, item)
        self.thread = threading.get_ident()
        dynamodb._set_item, dynamodb._remove_item = self.put, self.remove

    def put(self, table, pk, sk, item):
        self.note(pk, sk, item)
        return self.put_there(table, pk, sk, item)

    def remove(self, table, pk, sk):
        if threading.get_ident() != self.thread:
            # A thread of MiniStack's that looks for what has expired; by now the item may be another one.
            self.loop.call_soon_threadsafe(self.expire, table, pk, sk)
            return None
        self.note(pk, sk, None)
        return self.remove_there(table, pk, sk)

    def expire(self, table, pk, sk):
        if has_expired(table["items"].get(pk, {}).get(sk, {})):
            self.remove(table, pk, sk)

    def note(self, pk, sk, item):
        self.changes[pk, sk] = item and json.dumps(item, separators=(",", ":"))
        self.changed += 1

    async def settle(self):
        """Returns when all that has changed until now is on disk; whoever waits meanwhile goes with the next commit."""
        seen = self.changed
        while self.kept < seen:
            self.writing = self.writing or asyncio.ensure_future(self.write())
            await asyncio.shield(self.writing)

    async def write(self):
        changes, upto = self.changes, self.changed
        self.changes = {}
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.commit, changes)
        except BaseException as error:
            # What is in memory is not on disk, and nobody may see it any more: it starts anew with what is there.
            print(f"the table's items can't be kept in {SETTINGS['file']}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        self.kept, self.writing = upto, None

    def commit(self, changes):
        self.file.execute("BEGIN IMMEDIATE")
        self.file.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?)",
                              [(*key, text) for key, text in changes.items() if text is not None])
        self.file.executemany("DELETE FROM items WHERE pk = ? AND sk = ?",
                              [key for key, text in changes.items() if text is None])
        self.file.execute("COMMIT")


def has_expired(item):
    try:
        return float(item[SETTINGS["expires"]]["N"]) <= time.time()
    except (KeyError, ValueError):
        return False


class Limits:
    """How much the table takes, as the lab has set it, and how long it takes its time; no limits from the beginning."""

    def __init__(self):
        self.per_second, self.delay, self.allowed, self.since = None, 0.0, 0.0, time.monotonic()

    def set(self, values):
        per_second, delay_ms = values.get("perSecond"), values.get("delayMs", 0)
        is_rate = per_second is None or 0 <= per_second <= 1_000_000
        if not (is_rate and 0 <= delay_ms <= 60_000) or set(values) - {"perSecond", "delayMs"}:
            raise ValueError(values)
        self.per_second, self.delay, self.allowed, self.since = per_second, delay_ms / 1000, 0.0, time.monotonic()

    def take(self):
        """Whether one more request is within what a second allows."""
        if self.per_second is None:
            return True
        now = time.monotonic()
        self.allowed = min(max(1, self.per_second), self.allowed + (now - self.since) * self.per_second)
        self.since = now
        if self.allowed < 1:
            return False
        self.allowed -= 1
        return True


items, limits = Items(SETTINGS["file"]), Limits()


async def gate(scope, receive, send):
    """The application of MiniStack for what is signed and permitted; errors as DynamoDB has them for everything else."""
    if scope["type"] == "lifespan":
        items.loop = asyncio.get_running_loop()
        await make_table()
        return await emulator(scope, receive, send)
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})
    if scope["method"] == "GET" and scope["path"] == "/":
        return await answer(send, 200, f"healthy: dynamodb.{REGION}.amazonaws.com")
    headers = headers_of(scope)
    if scope["path"] == "/_lab/limits":
        return await set_limits(send, headers, receive)
    if scope["method"] != "POST" or scope["path"] != "/" or not names_key(headers):
        return await refuse(send, "InvalidSignatureException", UNSIGNED)
    body = await read(receive)
    if body is None:
        return await refuse(send, "ValidationException", "The request is larger than 16 MB.", 413)
    if not is_signed(scope, headers, SETTINGS, hashlib.sha256(body).hexdigest()):
        return await refuse(send, "InvalidSignatureException", UNSIGNED)
    # One that is there twice would be read otherwise behind the gate.
    targets = headers.get("x-amz-target", [])
    action = targets[0].removeprefix(PREFIX) if len(targets) == 1 else ""
    if action not in ACTIONS or not signs_target(headers):
        return await refuse(send, "AccessDeniedException", f"The key does not permit dynamodb:{action[:64]}.")
    await carry_out(scope, body, send)


def names_key(headers):
    """Whether it says that it is signed with the key; of anybody else no body is read."""
    return f"Credential={SETTINGS['id']}/" in headers.get("authorization", [""])[0]


def signs_target(headers):
    names = headers["authorization"][0].partition("SignedHeaders=")[2].partition(",")[0].strip().split(";")
    return "x-amz-target" in names


async def carry_out(scope, body, send):
    await asyncio.sleep(limits.delay)
    if not limits.take():
        return await refuse(send, "ThrottlingException", "Throughput exceeds the current capacity of your table.")
    parts = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def hold(message):
        parts.append(message)

    await emulator(scope, receive, hold)
    await items.settle()
    for part in parts:
        await send(part)


async def read(receive):
    """The body; None when it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def set_limits(send, headers, receive):
    if not same(bearer(headers), SETTINGS["control"]):
        return await refuse(send, "AccessDeniedException", "That is for the lab.", 403)
    try:
        limits.set(json.loads(await read(receive) or b""))
    except (AttributeError, TypeError, ValueError):
        return await refuse(send, "ValidationException", "Expected perSecond (or null) and delayMs, 0 to 60000.")
    await answer(send, 200, "{}")


async def make_table():
    """As AWS' template makes it."""
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    await ask("CreateTable", BillingMode="PAY_PER_REQUEST",
              AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
              KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys])
    await ask("UpdateTimeToLive", TimeToLiveSpecification={"AttributeName": SETTINGS["expires"], "Enabled": True})
    items.load(dynamodb._tables.get_scoped(ACCOUNT, REGION, SETTINGS["table"]))


async def ask(action, **values):
    body = json.dumps({"TableName": SETTINGS["table"], **values}).encode()
    status, _, told = await dynamodb.handle_request("POST", "/", {"x-amz-target": PREFIX + action}, body, {})
    if status != 200:
        sys.exit(f"{action} of the table {SETTINGS['table']} failed: {told}")


async def refuse(send, code, message, status=400):
    await answer(send, status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}))


async def answer(send, status, text):
    body = text.encode()
    # The date as AWS says it: who signed at another time signs anew.
    headers = [(b"content-type", b"application/x-amz-json-1.0"), (b"content-length", b"%d" % len(body)),
               (b"date", formatdate(usegmt=True).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    # MiniStack reads its own arguments, and has none.
    del sys.argv[1:]
    ministack.app.app = gate
    ministack.app.main()
