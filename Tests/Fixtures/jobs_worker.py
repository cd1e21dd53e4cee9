# The other process: it listens nowhere, takes a job at a time, and ends when it has done the one that it has.
import os
import signal
import sys
import time
from pathlib import Path

import psycopg

if "PORT" in os.environ or "HOST" in os.environ:
    sys.exit("a worker was told where to listen")

isOver = False


def end(number, frame):
    global isOver
    isOver = True


signal.signal(signal.SIGTERM, end)
RELEASE = Path("release").read_text().strip()
NAME = os.environ["OTEL_RESOURCE_ATTRIBUTES"].partition("service.instance.id=")[2].partition(",")[0]


def work(connection):
    """Does one job, and says so, in the transaction that takes it: it is done once or not at all."""
    with connection.transaction():
        row = connection.execute("SELECT id FROM jobs WHERE NOT is_done LIMIT 1 FOR UPDATE SKIP LOCKED").fetchone()
        if row is None:
            return False
        time.sleep(0.02)
        connection.execute("INSERT INTO work (job, worker, release) VALUES (%s, %s, %s)", (row[0], NAME, RELEASE))
        connection.execute("UPDATE jobs SET is_done = true WHERE id = %s", row)
    return True


print("began", flush=True)
while not isOver:
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            while not isOver:
                if not work(connection):
                    time.sleep(0.05)
    except psycopg.Error as error:
        print(f"again: {error}", flush=True)
        time.sleep(0.5)
print("ended", flush=True)
