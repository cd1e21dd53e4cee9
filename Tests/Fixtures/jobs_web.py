# A small app that leaves work to another process, by a table: it takes jobs, and tells what became of each.
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
    CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, is_done BOOLEAN NOT NULL DEFAULT false);
    CREATE TABLE IF NOT EXISTS work (job TEXT NOT NULL, worker TEXT NOT NULL, release TEXT NOT NULL);
"""


def retried(work):
    """Does `work` with a connection of its own, again when its server went away: all of it may be done twice."""
    for pause in (0.5,) * 40 + (0,):
        try:
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                return work(connection)
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction):
            if not pause:
                raise
            time.sleep(pause)


def create_tables(connection):
    # One process at a time: CREATE IF NOT EXISTS alone may meet itself.
    connection.execute("SELECT pg_advisory_xact_lock(1)")
    connection.execute(SCHEMA)


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        id = self.path.removeprefix("/jobs/")
        retried(lambda connection: connection.execute("INSERT INTO jobs (id) VALUES (%s) ON CONFLICT DO NOTHING", (id,)))
        self.answer(201, {"id": id})

    def do_GET(self):
        if not self.path.startswith("/jobs"):
            return self.answer(200, {"ok": True})
        rows = retried(lambda connection: connection.execute(
            "SELECT jobs.id, is_done, worker, release FROM jobs LEFT JOIN work ON job = jobs.id").fetchall())
        jobs = {}
        for id, is_done, worker, release in rows:
            job = jobs.setdefault(id, {"isDone": is_done, "by": [], "release": release})
            job["by"] += [worker] if worker else []
        self.answer(200, jobs)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


retried(create_tables)
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Web).serve_forever()
