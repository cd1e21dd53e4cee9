// Applies migrations, one transaction each, and records them in the database.

import CSQLite
import Dialect

extension Migration {
  /// Brings the database at `path` up to the last of `migrations`. Of two processes at once, one waits.
  /// - Throws: `MigrationError`, or `DatabaseError` when the database cannot be used at all.
  static func apply(_ migrations: [Migration], path: String, deadline: Deadline) throws {
    try checkNumbers(migrations)
    let connection = try SQLiteConnection.retryWhileBusy(until: deadline) {
      try SQLiteConnection(path: path, role: .migrator)
    }
    var next = 0
    repeat {
      try SQLiteConnection.retryWhileBusy(until: deadline) { try connection.control("BEGIN IMMEDIATE") }
      do {
        next = try applyNext(of: migrations, on: connection)
        try connection.control("COMMIT")
      } catch {
        // The error to report is the first one; a failed ROLLBACK means that SQLite has rolled back by itself.
        if !connection.isAutocommit { _ = try? connection.control("ROLLBACK") }
        throw error
      }
    } while next < migrations.count
  }

  /// - Returns: how many are in place.
  private static func applyNext(of migrations: [Migration], on connection: SQLiteConnection) throws -> Int {
    _ = try connection.execute(createTable)
    _ = try connection.execute(IdentifierSource.createTable)
    let applied = try connection.query(
      "SELECT number, name, checksum FROM heights_migrations ORDER BY number"
    ) {
      Applied(number: Int(try $0.int(0)), name: try $0.text(1), checksum: try $0.text(2))
    }
    try renewIndexes(on: connection)
    try check(applied, against: migrations)
    try checkPortable(migrations, from: applied.count)
    guard applied.count < migrations.count else { return applied.count }
    try migrations[applied.count].apply(on: connection)
    return applied.count + 1
  }

  /// Makes those anew that were made with a function which answers otherwise since.
  private static func renewIndexes(on connection: SQLiteConnection) throws {
    // The application's own number, which nobody else sets: apps have no PRAGMA.
    guard try connection.control("PRAGMA user_version") == "0" else { return }
    let indexes = try connection.own(
      "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    ) { (name: try $0.text(0), sql: try $0.text(1)) }
    for index in indexes {
      let words = SQLToken.all(in: index.sql).lazy.map(\.word)
      guard words.contains(where: SQLiteFunctions.changed.contains) else { continue }
      do { try connection.control("REINDEX main.\(MoveTable.quote(index.name))") } catch let error
        as DatabaseError
      {
        throw MigrationError.failed(
          "making index \(index.name) anew, since lower and upper know all letters,", error)
      }
    }
    try connection.control("PRAGMA user_version = 1")
  }

  private static let createTable: SQL = """
    CREATE TABLE IF NOT EXISTS heights_migrations (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT
    """

  private func apply(on connection: SQLiteConnection) throws {
    do { try connection.runScript(sql) } catch let error as DatabaseError {
      throw MigrationError.failed(label, error)
    }
    if let table = try connection.control("PRAGMA foreign_key_check") {
      throw MigrationError.danglingForeignKey(label, table: table)
    }
    _ = try connection.execute(
      """
      INSERT INTO heights_migrations (number, name, checksum, applied_at_ms)
      VALUES (\(number), \(name), \(checksum), unixepoch() * 1000)
      """)
  }
}

extension SQLiteConnection {
  /// Runs all statements of a text of ours (never a user's), one after the other.
  fileprivate func runScript(_ text: String) throws {
    try text.withCString { start in
      var rest: UnsafePointer<CChar>? = start
      while let position = rest, position.pointee != 0 {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, position, -1, &statement, &rest)
        defer { sqlite3_finalize(statement) }
        guard code == SQLITE_OK else { throw SQLiteConnection.error(handle, code, Self.excerpt(position)) }
        // Nothing but white space or a comment.
        guard let statement else { continue }
        try Self.runToEnd(statement, on: handle, position)
      }
    }
  }

  private static func runToEnd(
    _ statement: OpaquePointer, on handle: OpaquePointer, _ position: UnsafePointer<CChar>
  ) throws {
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: continue
      case SQLITE_DONE: return
      case let code: throw SQLiteConnection.error(handle, code, excerpt(position))
      }
    }
  }

  private static func excerpt(_ position: UnsafePointer<CChar>) -> String {
    String(String(cString: position).drop { $0.isWhitespace }.prefix(200))
  }
}
