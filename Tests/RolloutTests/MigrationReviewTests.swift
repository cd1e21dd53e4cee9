// What only one of two releases can live with is found, and nothing else.

import Testing

@testable import Rollout

@Suite struct MigrationReviewTests {
  private static let old = ["main/001_first.sql": "CREATE TABLE notes (shard BIGINT, id BIGINT, text TEXT);"]

  private static func findings(_ sql: String) -> [String] {
    MigrationReview(old, old.merging(["main/002_next.sql": sql]) { $1 }).findings.map {
      String($0.dropFirst("Migrations/main/002_next.sql ".count))
    }
  }

  @Test(arguments: [
    ("DROP TABLE notes;", ["removes table NOTES"]),
    ("drop table if exists \"notes\";", ["removes table NOTES"]),
    ("DROP VIEW seen;", ["removes view SEEN"]),
    ("ALTER TABLE notes DROP COLUMN text;", ["removes column TEXT of NOTES"]),
    ("ALTER TABLE ONLY notes DROP text;", ["removes column TEXT of NOTES"]),
    ("ALTER TABLE notes RENAME TO memos;", ["renames something of NOTES"]),
    ("ALTER TABLE notes RENAME COLUMN text TO body;", ["renames something of NOTES"]),
    ("ALTER TABLE notes ALTER COLUMN id TYPE INTEGER;", ["changes the type of column ID of NOTES"]),
    ("ALTER TABLE notes ALTER text SET DATA TYPE VARCHAR(9);", ["changes the type of column TEXT of NOTES"]),
    ("ALTER TABLE notes ALTER COLUMN text SET NOT NULL;", ["requires column TEXT of NOTES"]),
    ("ALTER TABLE notes ADD COLUMN who TEXT NOT NULL;", ["requires a new column WHO of NOTES"]),
    (
      "ALTER TABLE notes ADD a TEXT, ADD b NUMERIC(3, 1) NOT NULL, DROP text;",
      ["requires a new column B of NOTES", "removes column TEXT of NOTES"]
    ),
    ("/* ; */ -- ;\nDROP TABLE notes", ["removes table NOTES"]),
  ])
  func whatAFormerReleaseMissesIsFound(sql: String, expected: [String]) {
    #expect(Self.findings(sql) == expected)
  }

  @Test(arguments: [
    "CREATE TABLE more (id BIGINT NOT NULL);", "CREATE INDEX by_text ON notes (text);", "DROP INDEX by_text;",
    "ALTER TABLE notes ADD COLUMN who TEXT;", "ALTER TABLE notes ADD COLUMN n BIGINT NOT NULL DEFAULT 0;",
    "ALTER TABLE notes ADD COLUMN n BIGINT GENERATED ALWAYS AS (id * 2) STORED NOT NULL;",
    "ALTER TABLE notes ALTER COLUMN text DROP NOT NULL;", "ALTER TABLE notes ALTER COLUMN id SET DEFAULT 0;",
    "ALTER TABLE notes ADD CONSTRAINT short CHECK (text IS NOT NULL) NOT VALID;",
    "ALTER TABLE notes DROP CONSTRAINT short;",
    "-- DROP TABLE notes;\nSELECT 1;", "/* DROP TABLE notes; */ SELECT 1;", "SELECT 'DROP TABLE notes;';",
    "SELECT '; DROP TABLE notes; -- it''s';", "SELECT $$; DROP TABLE notes;$$;",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $body$ DROP TABLE notes; $body$;",
    "CREATE TABLE t (a INT); ALTER TABLE t ADD b INT NOT NULL; ALTER TABLE t RENAME TO u;",
    "CREATE TABLE IF NOT EXISTS t (a INT); DROP TABLE t;",
  ])
  func whatAFormerReleaseOverlooksIsLeft(sql: String) { #expect(Self.findings(sql) == []) }

  @Test func itIsTheSameInBothDirectionsAndNothingOfWhatBothKnow() {
    let new = Self.old.merging(["main/002_next.sql": "DROP TABLE notes;"]) { $1 }
    #expect(MigrationReview(new, Self.old) == MigrationReview(Self.old, new))
    #expect(MigrationReview(new, Self.old).findings == ["Migrations/main/002_next.sql removes table NOTES"])
    #expect(MigrationReview(new, new).findings == [])
  }

  @Test func aTableOfAnotherDatabaseIsAnotherTable() {
    let new = Self.old.merging([
      "a/001_x.sql": "CREATE TABLE notes (id BIGINT);", "main/002_next.sql": "DROP TABLE notes;",
    ]) { $1 }
    #expect(MigrationReview(Self.old, new).findings.count == 1)
  }
}
