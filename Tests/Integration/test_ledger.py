"""The ledger is verified by the leader's rows: what a cache or a follower still says does not count."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing

import requests


def posts_of(lab):
    return [json.loads(line)["id"] for line in lab.ledger.read_text().splitlines() if '"kind":"post"' in line]


def verdict(lab, code):
    return lab.heights("ledger", "verify", "--json").expect(code).json


def change(lab, *statements):
    """Changes rows of a lab's SQLite file behind the app's back."""
    with closing(sqlite3.connect(lab.data() / "posts.db", timeout=30)) as database, database:
        for statement, *values in statements:
            assert database.execute(statement, values).rowcount == 1, statement


def psql(lab, statement):
    """The same at the leader of stage 3 or 4, as the app."""
    placement = json.loads((lab.home / "placement.json").read_text())
    members = ",".join(placement["clusters"]["main"]["members"])
    environment = {**os.environ, "PGPASSFILE": str(lab.home / "secrets" / "pgpass")}
    done = subprocess.run(
        ["psql", f"postgresql://app@{members}/posts?target_session_attrs=read-write", "-Atc", statement],
        env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_a_row_that_is_gone_is_missing_although_the_app_still_tells_of_it(summit):
    summit.load(rate=50, seconds=2).finish_without_failure()
    report = verdict(summit, 0)
    assert report["source"].endswith(".db") and report["unexpected"] == 0, report
    post = posts_of(summit)[0]
    url = f"{summit.status()['appURL']}/api/posts/{post}"
    assert requests.get(url, timeout=30).json()["id"] == post
    change(summit, ("DELETE FROM posts WHERE id = ?", int(post)))
    assert requests.get(url, timeout=30).json()["id"] == post, "the app answers from its cache"
    report = verdict(summit, 1)
    assert report["missing"] == 1 and any(post in line for line in report["examples"]), report


def test_what_should_not_be_there_is_told(summit):
    summit.load(rate=60, seconds=2).finish_without_failure()
    post = int(posts_of(summit)[0])
    change(
        summit,
        ("INSERT INTO posts SELECT shard, id + 1, author_id, author_name, author_display_name, text, photo, 0 "
         "FROM posts WHERE id = ?", post))
    report = verdict(summit, 1)
    assert (report["missing"], report["unexpected"]) == (0, 1), report
    change(summit, ("DELETE FROM posts WHERE id = ?", post + 1))
    assert verdict(summit, 0)["unexpected"] == 0
    change(summit, ("UPDATE posts SET like_count = like_count + 1 WHERE id = ?", post))
    report = verdict(summit, 1)
    assert report["unexpected"] == 1 and "count of likes" in report["examples"][0], report


def test_at_stage_4_the_leader_is_read(lab):
    lab.up("--stage", 4)
    lab.load(rate=50, seconds=2).finish_without_failure()
    report = verdict(lab, 0)
    assert report["source"].startswith("PostgreSQL at 127.") and report["acknowledged"] > 0, report
    post = posts_of(lab)[0]
    assert psql(lab, f"WITH gone AS (DELETE FROM posts WHERE id = {post} RETURNING 1) SELECT count(*) FROM gone") == "1"
    assert verdict(lab, 1)["missing"] == 1
