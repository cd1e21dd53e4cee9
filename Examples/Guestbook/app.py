"""A guestbook: people leave a line, and read what others have left."""

import json
import logging
import os
import time
import uuid

import psycopg
import redis
from flask import Flask, abort, jsonify, redirect, render_template, request, url_for
from psycopg_pool import ConnectionPool

TEXT_LIMIT = 280
SHOWN = 20
CACHE_KEY = "guestbook:newest"
CACHE_SECONDS = 1
TRIES = 20
PAUSE_SECONDS = 0.5

SCHEMA = """
    CREATE TABLE IF NOT EXISTS entries (
      id UUID PRIMARY KEY,
      name TEXT NOT NULL,
      text TEXT NOT NULL,
      written_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )
"""

app = Flask(__name__)
log = logging.getLogger("guestbook")
database = ConnectionPool(
    os.environ["DATABASE_URL"], min_size=1, max_size=4, timeout=5, open=True,
    check=ConnectionPool.check_connection)
cache = redis.from_url(
    os.environ["REDIS_URL"], socket_timeout=0.2, socket_connect_timeout=0.2) if "REDIS_URL" in os.environ else None


def retried(work):
    """Does `work` with a connection, again when its server went away: all of it may be done twice."""
    for attempt in range(1, TRIES + 1):
        try:
            with database.connection() as connection:
                return work(connection)
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.AdminShutdown):
            if attempt == TRIES:
                raise
            time.sleep(PAUSE_SECONDS)


def cached(key, seconds, make):
    """What the cache has, or else what `make` gives; without a cache it is made each time."""
    try:
        if cache and (found := cache.get(key)):
            return json.loads(found)
        value = make()
        if cache:
            cache.set(key, json.dumps(value), ex=seconds)
        return value
    except redis.RedisError as error:
        log.warning("the cache is away: %s", error)
        return make()


def create_table(connection):
    # One process at a time: CREATE IF NOT EXISTS alone may meet itself.
    connection.execute("SELECT pg_advisory_xact_lock(1)")
    connection.execute(SCHEMA)


def newest():
    rows = retried(lambda connection: connection.execute(
        "SELECT id, name, text FROM entries ORDER BY written_at DESC LIMIT %s", (SHOWN,)).fetchall())
    return [{"id": str(id), "name": name, "text": text} for id, name, text in rows]


@app.get("/")
def index():
    return render_template("index.html", entries=cached(CACHE_KEY, CACHE_SECONDS, newest), new_id=uuid.uuid4())


@app.post("/entries")
def write():
    name, text = request.form.get("name", "").strip(), request.form.get("text", "").strip()
    if not name or not text or len(name) > 80 or len(text) > TEXT_LIMIT:
        abort(422, f"a name of at most 80 characters and a line of at most {TEXT_LIMIT} are wanted")
    try:
        id = uuid.UUID(request.form["id"])
    except (KeyError, ValueError):
        abort(422, "the form carries no id: load the page again")
    # The id comes with the form, so that a form that is sent twice is one entry.
    retried(lambda connection: connection.execute(
        "INSERT INTO entries (id, name, text) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING", (id, name, text)))
    return redirect(url_for("index"), 303)


@app.get("/entries/<uuid:id>")
def read(id):
    row = retried(lambda connection: connection.execute(
        "SELECT name, text FROM entries WHERE id = %s", (id,)).fetchone())
    if row is None:
        abort(404)
    return jsonify(id=str(id), name=row[0], text=row[1])


@app.get("/healthz")
def health():
    return "ok\n"


retried(create_table)
