// Brings a PostgreSQL database's schema up to date, before the loops use it.

import CPostgres

/// Applies migrations, one transaction each, and records them in the database. Blocks its thread.
final class PostgresMigrator {
  private static let waitMs = 60_000
  /// Names the lock that keeps two processes from migrating at once; any number that no app would choose.
  private static let lock = "7241530928216"

  private let session: PostgresSession

  /// Connects to the database, and makes it when the server has none of its name and lets us.
  /// - Throws: `DatabaseError.gone` when the server can't be reached.
  init(_ target: PostgresTarget) throws {
    do { session = try PostgresSession(target, statementMs: Self.waitMs) } catch {
      guard try Self.createDatabase(of: target) else { throw error }
      session = try PostgresSession(target, statementMs: Self.waitMs)
    }
  }

  /// - Returns: false when the database was there, or nothing can be asked: then the reason lies elsewhere.
  private static func createDatabase(of target: PostgresTarget) throws -> Bool {
    let maintenance = PostgresTarget(url: target.url, database: "postgres")
    guard let server = try? PostgresSession(maintenance, statementMs: waitMs) else { return false }
    if try server.rows("SELECT datname FROM pg_database").contains([target.database]) { return false }
    guard let name = PQescapeIdentifier(server.handle, target.database, target.database.utf8.count) else {
      return false
    }
    defer { PQfreemem(name) }
    // Another process may be quicker.
    do { try server.run("CREATE DATABASE \(String(cString: name))") } catch {
      return try server.rows("SELECT datname FROM pg_database").contains([target.database])
    }
    return true
  }

  func apply(_ migrations: [Migration]) throws {
    try Migration.checkNumbers(migrations)
    let migrations = migrations.map(\.onPostgres)
    var next = 0
    repeat {
      try session.run("BEGIN; SELECT pg_advisory_xact_lock(\(Self.lock))")
      do {
        next = try applyNext(of: migrations)
        try session.commit()
      } catch {
        // The error to report is the first one.
        _ = try? session.run("ROLLBACK")
        throw error
      }
    } while next < migrations.count
  }

  /// - Returns: how many are in place.
  private func applyNext(of migrations: [Migration]) throws -> Int {
    try session.run(Self.foundation)
    let applied = try session.rows("SELECT number, name, checksum FROM heights_migrations ORDER BY number")
      .map {
        row in
        Migration.Applied(number: Int(row[0]) ?? 0, name: row[1], checksum: row[2])
      }
    try Migration.check(applied, against: migrations)
    guard applied.count < migrations.count else { return applied.count }
    let migration = migrations[applied.count]
    do { try session.run(migration.sql) } catch let error as DatabaseError {
      throw MigrationError.failed(migration.label, error)
    }
    try record(migration)
    return applied.count + 1
  }

  private func record(_ migration: Migration) throws {
    try session.run(
      "INSERT INTO heights_migrations (number, name, checksum) VALUES ($1::bigint, $2, $3)",
      ["\(migration.number)", migration.name, migration.checksum])
  }

  /// The tables and functions that Heights keeps in every database. A shard's row is locked from the minting of an
  /// identifier until the commit, so those of a shard are in the order of their commits and never the same twice,
  /// whatever the clock does and whichever server leads. `heights.latest_ms` is what each transaction of Heights' says of the
  /// time: a server whose clock has jumped ahead does not make identifiers of a later moment. It knows nothing itself of a
  /// clock that nobody sets.
  private static let foundation = """
    CREATE TABLE IF NOT EXISTS heights_migrations (
      number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
      applied_at TIMESTAMPTZ NOT NULL DEFAULT now());
    CREATE TABLE IF NOT EXISTS heights_identifiers (
      shard BIGINT PRIMARY KEY, last_tick BIGINT NOT NULL) WITH (fillfactor = 50);
    CREATE OR REPLACE FUNCTION next_id(of_shard BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $function$
    DECLARE
      tick BIGINT := GREATEST(
        LEAST(
          floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT,
          NULLIF(current_setting('heights.latest_ms', true), '')::BIGINT) - \(Identifier.epochMs), 1) << 10;
    BEGIN
      IF of_shard IS NULL OR of_shard NOT BETWEEN 0 AND 4095 THEN
        RAISE EXCEPTION 'next_id(shard): expected an integer from 0 to 4095' USING ERRCODE = '22023';
      END IF;
      INSERT INTO heights_identifiers AS held (shard, last_tick) VALUES (of_shard, tick)
        ON CONFLICT (shard) DO UPDATE SET last_tick = GREATEST(held.last_tick + 1, EXCLUDED.last_tick)
        RETURNING last_tick INTO tick;
      IF (tick >> 10) >= (1::BIGINT << 41) THEN
        RAISE EXCEPTION 'next_id(shard): the clock is beyond the range of identifiers' USING ERRCODE = '22003';
      END IF;
      -- All bit operators bind alike there, from left to right.
      RETURN ((tick >> 10) << 22) | (of_shard << 10) | (tick & 1023);
    END $function$
    """
}
