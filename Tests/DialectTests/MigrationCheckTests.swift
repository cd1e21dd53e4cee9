// What would stop a climb, or make something else of the data, is told when a migration is written, with line and way out.

import Dialect
import Testing

@Suite struct MigrationCheckTests {
  /// A column, or the rest of a table, as people write them for SQLite, MySQL or PostgreSQL; and a word of what is said.
  private static let columns: [(String, String)] = [
    ("id INTEGER PRIMARY KEY", "next_id(shard)"), ("id INTEGER PRIMARY KEY AUTOINCREMENT", "AUTOINCREMENT"),
    ("id BIGINT AUTOINCREMENT", "AUTOINCREMENT"), ("id SERIAL PRIMARY KEY", "next_id(shard)"),
    ("n INT", "BIGINT"), ("n Integer NOT NULL", "BIGINT"), ("n SMALLINT", "BIGINT"), ("n int8", "BIGINT"),
    ("n BOOLEAN", "CHECK"), ("n bool DEFAULT 0", "CHECK"), ("n REAL", "DOUBLE PRECISION"),
    ("n FLOAT", "DOUBLE PRECISION"),
    ("n DOUBLE", "DOUBLE PRECISION"), ("n NUMERIC(10, 2)", "cents"), ("n DECIMAL", "cents"),
    ("n VARCHAR(20)", "TEXT"),
    ("n CHARACTER VARYING(9)", "TEXT"), ("n char(2)", "TEXT"), ("n JSON", "TEXT"), ("n UUID", "TEXT"),
    ("n BLOB", "BYTEA"), ("n DATETIME", "milliseconds"), ("n TIMESTAMP WITH TIME ZONE", "milliseconds"),
    ("n DATE", "milliseconds"),
    ("n", "BIGINT, TEXT"), ("n STRING", "TEXT"), ("n FANCY", "BIGINT, TEXT"),
    ("createdAt BIGINT", "created_at"), ("\"createdAt\" BIGINT", "created_at"), ("ID BIGINT", "id"),
    ("order_ TEXT, user TEXT", "user"), ("limit TEXT", "limit"), ("offset BIGINT", "offset"),
    ("heights_x TEXT", "heights_"),
    ("[n] TEXT", "double quotes"), ("`n` TEXT", "double quotes"),
    ("n TEXT DEFAULT CURRENT_TIMESTAMP", "milliseconds"),
    ("n TEXT DEFAULT (datetime('now'))", "milliseconds"),
    ("n TEXT DEFAULT \"new\"", "single quotes"), ("n TEXT DEFAULT new", "single quotes"),
    ("n BIGINT DEFAULT TRUE", "write 1"),
    ("n BIGINT DEFAULT 0.5", "whole"), ("n BYTEA DEFAULT x'00'", "bind bytes"),
    ("n BYTEA DEFAULT 'a'", "bytes"),
    ("n TEXT DEFAULT (lower('A'))", "computed"), ("n BIGINT DEFAULT (random())", "random"),
    ("n TEXT COLLATE NOCASE", "lower"), ("n BIGINT AS (1 + 1)", "STORED"),
    ("n BIGINT GENERATED ALWAYS AS (1 + 1)", "STORED"),
    ("n BIGINT GENERATED ALWAYS AS (1 + 1) VIRTUAL", "STORED"),
    ("n TEXT UNIQUE ON CONFLICT IGNORE", "INSERT"),
    ("n BIGINT REFERENCES later (id)", "not there yet"), ("n TEXT CHECK (n GLOB 'a*')", "LIKE"),
    ("n TEXT CHECK (json_valid(n))", "app"),
    ("n TEXT, FOREIGN KEY (n) REFERENCES later (n)", "not there yet"),
    ("a_name_that_is_longer_than_what_postgresql_takes_for_any_name_at_all BIGINT", "63"),
  ]

  @Test func whatAColumnCantBeIsToldWithItsLine() {
    for (column, word) in Self.columns {
      let sql =
        "-- A comment; with a semicolon.\nCREATE TABLE t (\n  shard BIGINT NOT NULL,\n  \(column),\n  PRIMARY KEY (shard)\n);"
      let problems = MigrationCheck(sql).problems
      #expect(problems.contains { $0.description.contains(word) && $0.line == 4 }, "\(column): \(problems)")
      let added = MigrationCheck("ALTER TABLE t ADD COLUMN \(column.split(separator: ", FOREIGN")[0]);")
        .problems
      #expect(column.contains(", ") || !added.isEmpty, "\(column)")
    }
  }

  private static let statements: [(String, String)] = [
    ("CREATE TABLE Trips (id BIGINT PRIMARY KEY)", "trips"),
    ("CREATE TABLE user (id BIGINT PRIMARY KEY)", "user"),
    ("CREATE TABLE heights_mine (id BIGINT PRIMARY KEY)", "heights_"),
    ("CREATE TABLE \"HEIGHTS_mine\" (id BIGINT PRIMARY KEY)", "heights_"),
    ("CREATE TABLE t (id BIGINT NOT NULL)", "no primary key"),
    ("CREATE TABLE t (id BIGINT PRIMARY KEY) STRICT", "STRICT"),
    ("CREATE TABLE t (id BIGINT PRIMARY KEY) WITHOUT ROWID", "WITHOUT ROWID"),
    ("CREATE TABLE t AS SELECT 1 AS id", "SELECT"),
    ("CREATE TABLE a_name_of_a_table_that_is_longer_than_forty_seven_bytes (id BIGINT PRIMARY KEY)", "47"),
    ("CREATE VIRTUAL TABLE f USING fts5(a)", "virtual"),
    ("CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "triggers"),
    ("CREATE INDEX i ON t (a + b)", "brackets"), ("CREATE INDEX i ON t (a COLLATE NOCASE)", "lower"),
    ("CREATE INDEX byName ON t (a)", "by_name"),
    ("PRAGMA foreign_keys = ON", "SQLite"), ("BEGIN", "transaction"), ("VACUUM", "SQLite"),
    ("INSERT OR REPLACE INTO t (id) VALUES (1)", "ON CONFLICT"),
    ("UPDATE t SET a = strftime('%s', 'now')", "milliseconds"),
    ("ALTER TABLE t RENAME TO Other", "other"), ("ALTER TABLE t RENAME COLUMN a TO user", "user"),
    ("ALTER TABLE t RENAME a TO newName", "new_name"), ("UPDATE t SET a = 1 WHERE b == 2", "write ="),
  ]

  @Test func whatAStatementCantBeIsTold() {
    for (sql, word) in Self.statements {
      let problems = MigrationCheck(sql + ";").problems
      #expect(problems.contains { $0.description.contains(word) && $0.line == 1 }, "\(sql): \(problems)")
    }
  }

  /// What both have is let through, in whichever spelling.
  private static let good = [
    "create table t (id bigint not null primary key);",
    "CREATE TABLE IF NOT EXISTS \"t\" (\"id\" BIGINT, PRIMARY KEY (\"id\"));",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, \"user\" TEXT NOT NULL DEFAULT 'new', n BIGINT DEFAULT -1, r DOUBLE PRECISION DEFAULT 0.5, b BYTEA);",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT CHECK (n IN (0, 1)), m BIGINT GENERATED ALWAYS AS (n + 1) STORED);",
    "CREATE TABLE t (id BIGINT PRIMARY KEY);\r\nCREATE TABLE u (id BIGINT PRIMARY KEY, t BIGINT REFERENCES t (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, up BIGINT REFERENCES t (id), CONSTRAINT c UNIQUE (up), CHECK (length('a;b') = 3));",
    "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (lower(name), id DESC) WHERE name IS NOT NULL;",
    "CREATE INDEX i ON t ((a + b));",
    "ALTER TABLE t ADD COLUMN n BIGINT NOT NULL DEFAULT 0;",
    "ALTER TABLE t DROP COLUMN n; DROP TABLE IF EXISTS t;",
    "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME COLUMN a TO b;",
    "INSERT INTO t (id) SELECT id FROM u WHERE n IS NOT NULL ON CONFLICT DO NOTHING;",
    "\u{feff}-- only a comment", "",
  ]

  @Test func whatBothEnginesHaveIsLetThrough() {
    for sql in Self.good { #expect(MigrationCheck(sql).problems == [], "\(sql)") }
  }
}
