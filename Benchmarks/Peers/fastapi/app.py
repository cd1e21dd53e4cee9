"""The feed and a new post as a FastAPI app on asyncpg gives them: the peer of `Benchmarks/run feed` and `posts`.

One statement for each answer, on tables of one database with the rows and indexes of Summit's three: it may join what Summit
keeps apart, so that its shards can move. Its posts are numbered by a sequence, in no order of their commits.
"""
import contextlib
import os

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

PAGE = 20
EPOCH_MS = 1_704_067_200_000

FEED = """
SELECT posts.id, posts.author_name, posts.author_display_name, posts.text, posts.photo, posts.like_count
FROM sessions CROSS JOIN LATERAL (
    SELECT followee_id AS id FROM follows
    WHERE follows.shard = sessions.account_id >> 10 & 4095 AND follower_id = sessions.account_id
    UNION ALL SELECT sessions.account_id) AS authors
CROSS JOIN LATERAL (
    SELECT * FROM posts WHERE posts.shard = authors.id >> 10 & 4095 AND author_id = authors.id
    ORDER BY posts.id DESC LIMIT 21) AS posts
WHERE sessions.token = $1 ORDER BY posts.id DESC LIMIT 21
"""

POST = """
INSERT INTO posts (shard, id, author_id, author_name, author_display_name, text)
SELECT accounts.shard, nextval('post_ids'), accounts.id, name, display_name, $2
FROM sessions JOIN accounts ON accounts.shard = sessions.account_id >> 10 & 4095 AND accounts.id = sessions.account_id
WHERE token = $1
RETURNING id, author_name, author_display_name, text, photo, like_count
"""


@contextlib.asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["PEER_DATABASE"], min_size=8, max_size=8) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


def as_json(post):
    return {
        "id": str(post["id"]), "author": {"name": post["author_name"], "displayName": post["author_display_name"]},
        "text": post["text"], "photo": post["photo"] and "/media/" + post["photo"], "likes": post["like_count"],
        "createdAtMs": (post["id"] >> 22) + EPOCH_MS}


@app.get("/api/feed")
async def feed(request: Request):
    rows = await app.state.pool.fetch(FEED, request.cookies.get("session", ""))
    following = str(rows[PAGE - 1]["id"]) if len(rows) > PAGE else None
    return JSONResponse({"items": [as_json(row) for row in rows[:PAGE]], "next": following})


@app.post("/api/posts")
async def publish(request: Request):
    text = (await request.json())["text"]
    row = await app.state.pool.fetchrow(POST, request.cookies.get("session", ""), text)
    if row is None:
        return JSONResponse({"title": "Log in first"}, 401)
    return JSONResponse(as_json(row), 201, {"Location": f"/api/posts/{row['id']}"})
