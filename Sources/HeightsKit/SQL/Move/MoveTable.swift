// What a move has to know of a table: its columns, and the key by which its rows are found again.

/// A table that is moved between engines.
struct MoveTable: Equatable, Sendable {
  enum Kind: Sendable {
    case integer, real, text, blob
  }

  struct Column: Equatable, Sendable {
    let name: String
    let kind: Kind
  }

  let name: String
  let columns: [Column]
  /// Where the columns of the primary key are among `columns`, in the key's order. Never empty.
  let key: [Int]

  /// Tables that a move keeps for itself begin so, and are not moved.
  static let ownPrefix = "heights_"
  /// PostgreSQL cuts longer names, and two tables of a move's would share one.
  private static let nameLimitBytes = 63 - "heights_touched_".utf8.count

  /// - Throws: `MoveError` for what can't be moved.
  init(name: String, columns: [Column], keyNames: [String]) throws {
    if keyNames.isEmpty {
      throw MoveError("table \(name) has no primary key: add one with a migration, rows are found by it")
    }
    if name.utf8.count > Self.nameLimitBytes {
      throw MoveError("the name of table \(name) is longer than \(Self.nameLimitBytes) bytes")
    }
    self.name = name
    self.columns = columns
    key = keyNames.compactMap { name in columns.firstIndex { $0.name == name } }
  }

  // MARK: Parts of statements. Names come from the schema, never from a user, and are quoted all the same.

  var quotedName: String { Self.quote(name) }
  var columnList: String { columns.map { Self.quote($0.name) }.joined(separator: ", ") }
  var keyList: String { keyNames.joined(separator: ", ") }
  var keyNames: [String] { key.map { Self.quote(columns[$0].name) } }
  /// Where capture notes the keys of rows that were written.
  var touched: String { Self.quote("heights_touched_" + name) }

  static func quote(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}

/// Why a move can't be made, or was given up. Nothing is lost: the database is where it was.
struct MoveError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
