"""The identifiers of posts, as the ledger has them: when they say that they were made, and in which order."""

import json
import time

EPOCH_MS = 1_704_067_200_000


def created_at_ms(identifier):
    return (int(identifier) >> 22) + EPOCH_MS


def expect_in_order_and_not_ahead(ledger, ahead_ms):
    """Each post has an identifier of its own, above those that its author's posts had when it was asked for, and none is
    ahead of the clock by more than so much."""
    records = [json.loads(line) for line in ledger.read_text().splitlines()]
    posts = [record for record in records if record["kind"] == "post"]
    assert posts and len({post["id"] for post in posts}) == len(posts)
    latest, floors = {}, {}
    for record in records:
        if record["kind"] == "postBegun":
            floors[record["author"], record["textHash"]] = latest.get(record["author"], 0)
        elif record["kind"] == "post":
            number = int(record["id"])
            floor = floors.get((record["author"], record["textHash"]), 0)
            assert number > floor, f"{record} was asked for when there was {floor}"
            latest[record["author"]] = max(number, latest.get(record["author"], 0))
    ahead = max(created_at_ms(post["id"]) for post in posts) - time.time() * 1_000
    assert ahead < ahead_ms, f"an identifier is {ahead / 1_000} s ahead"
