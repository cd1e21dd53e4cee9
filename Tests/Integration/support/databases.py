"""SQLite's own judgement of an app's databases."""

import sqlite3
from contextlib import closing


def expect_sound(folder):
    """Each database in the folder passes SQLite's integrity check, while the app runs or after it."""
    paths = sorted(folder.glob("*.db"))
    assert paths, f"no databases in {folder}"
    for path in paths:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
