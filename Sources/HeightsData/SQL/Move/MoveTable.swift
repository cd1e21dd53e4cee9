// What a move has to know of a table: its columns, and the key by which its rows are found again.

/// A table that is moved between engines. Names are PostgreSQL's, which SQLite takes too: it compares them without case.
struct MoveTable: Equatable, Sendable {
  /// What PostgreSQL's column holds. Nothing else may be in SQLite's, which takes anything.
  enum Kind: Equatable, Sendable {
    case integer(bytes: Int)
    case real
    /// `limit`: how many characters at most.
    case text(limit: Int?)
    case blob
  }

  struct Column: Equatable, Sendable {
    let name: String
    let kind: Kind
    var isRequired = false
    /// As messages call the type.
    var type = ""
  }

  let name: String
  let columns: [Column]
  /// Computed by each engine for itself: not copied, but compared.
  let generated: [Column]
  /// Where the columns of the primary key are among `columns`, in the key's order. Never empty.
  let key: [Int]

  /// Tables that a move keeps for itself begin so, and are not moved.
  static let ownPrefix = "heights_"
  /// PostgreSQL cuts longer names.
  static let nameLimitBytes = 63
  /// Two tables of a move's would share one name.
  private static let tableLimitBytes = nameLimitBytes - "heights_touched_".utf8.count

  /// - Throws: `MoveError` for what can't be moved.
  init(name: String, columns: [Column], generated: [Column] = [], key: [Int]) throws {
    if key.isEmpty {
      throw MoveError("table \(name) has no primary key: add one with a migration, rows are found by it")
    }
    if name.utf8.count > Self.tableLimitBytes {
      throw MoveError(
        "the name of table \(name) is longer than \(Self.tableLimitBytes) bytes: rename it with a migration")
    }
    self.name = name
    self.columns = columns
    self.generated = generated
    self.key = key
  }

  // MARK: Parts of statements. Names come from the schema, never from a user, and are quoted all the same.

  var quotedName: String { Self.quote(name) }
  /// What is copied.
  var columnList: String { Self.list(columns) }
  /// What is compared.
  var comparedList: String { Self.list(columns + generated) }
  var keyList: String { keyNames.joined(separator: ", ") }
  var keyNames: [String] { key.map { Self.quote(columns[$0].name) } }
  /// Where capture notes the keys of rows that were written.
  var touched: String { Self.quote("heights_touched_" + name) }

  private static func list(_ columns: [Column]) -> String {
    columns.map { quote($0.name) }.joined(separator: ", ")
  }

  /// By scalars: a quotation mark with an accent on it is a character of its own to Swift, and none to SQL.
  static func quote(_ name: String) -> String {
    var quoted = "\""
    for scalar in name.unicodeScalars {
      if scalar == "\"" { quoted.unicodeScalars.append("\"") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}

/// Why a move can't be made, or was given up. Nothing is lost: the database is where it was.
package struct MoveError: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter description: what stands in the way, and where.
  package init(_ description: String) { self.description = description }

  /// A value that can't go: where it is, why, and what to do.
  init(table: String, key: [SQLValue], column: String, _ reason: String) {
    self.init("table \(table), row \(MoveKey.shown(key)), column \(column): \(reason)")
  }
}
