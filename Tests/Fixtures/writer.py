"""Does to files what it is told, a JSON list a line, and answers each with its outcome: for tests of cut power."""

import contextlib
import itertools
import json
import os
import sqlite3
import sys
import time

MODES = {"rw": os.O_RDWR, "w": os.O_WRONLY, "append": os.O_WRONLY | os.O_APPEND, "sync": os.O_RDWR | os.O_DSYNC}
files = {}


def data(seed, length):
    return bytes((seed * 31 + index * 7 + index // 251) % 256 for index in range(length))


def halves(content):
    return [content[:len(content) // 2], content[len(content) // 2:]]


def commit(path, synchronous, number):
    """Commits rows one by one, as SQLite does it with that setting, and leaves the database open."""
    files[path] = database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {synchronous}")
    for row in range(number):
        database.execute("INSERT INTO t VALUES (?)", (row,))
    return number


def make(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (id INTEGER)")


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM t").fetchone()[0]


DO = {
    "open": lambda path, mode: files.update({path + "." + mode: os.open(path, MODES[mode] | os.O_CREAT, 0o600)}),
    "write": lambda file, *words: os.write(files[file], data(*words)),
    "writev": lambda file, *words: os.writev(files[file], halves(data(*words))),
    "pwrite": lambda file, offset, *words: os.pwrite(files[file], data(*words), offset),
    "pwritev": lambda file, offset, *words: os.pwritev(files[file], halves(data(*words)), offset),
    "ftruncate": lambda file, size: os.ftruncate(files[file], size),
    "truncate": os.truncate,
    "allocate": lambda file, offset, length: os.posix_fallocate(files[file], offset, length),
    "fsync": lambda file: os.fsync(files[file]),
    "fdatasync": lambda file: os.fdatasync(files[file]),
    "unlink": os.unlink,
    "make": make,
    "commit": commit,
    "rows": rows,
    "now": lambda: int(time.time()),
    "uptime": lambda: int(time.monotonic()),
}


def count(name, first, step):
    """Appends numbers to two files, and says each that is flushed in one of them. The other is never flushed."""
    flushed, lazy = (os.open(name + end, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for end in (".flushed", ".lazy"))
    for number in itertools.count(first, step):
        os.write(lazy, b"%d\n" % number)
        os.write(flushed, b"%d\n" % number)
        os.fdatasync(flushed)
        print(number, flush=True)


for line in sys.stdin:
    verb, *words = json.loads(line)
    print(count(*words) if verb == "count" else DO[verb](*words) or 0, flush=True)
