// What SQLite's tables declare, and SQLite itself does not mind: the types of columns, and that a key is never NULL.

import CSQLite
import Dialect

/// A type that both engines have.
enum ColumnType: String {
  case whole = "bigint"
  case text
  case bytes = "bytea"
  case real = "double precision"

  /// What SQLite calls the values that it holds.
  var storedAs: String {
    switch self {
    case .whole: "integer"
    case .text: "text"
    case .bytes: "blob"
    case .real: "real"
    }
  }

  /// As messages call it.
  var title: String {
    switch self {
    case .whole: "whole numbers (BIGINT)"
    case .text: "texts (TEXT)"
    case .bytes: "bytes (BYTEA)"
    case .real: "numbers (DOUBLE PRECISION)"
    }
  }

  /// What the value is, where PostgreSQL would not take it in such a column, or compare the two.
  func mismatch(_ value: SQLValue, isWritten: Bool) -> String? {
    switch (value, self) {
    case (.null, _), (.integer, .whole), (.integer, .real), (.real, .real), (.text, .text), (.blob, .bytes):
      nil
    case (.real, .whole) where !isWritten: nil
    case (.integer, _): "a whole number"
    case (.real, _): "a double"
    case (.text, _): "a text"
    case (.blob, _): "bytes"
    }
  }
}

/// What a parameter may be.
struct ParameterType {
  let type: ColumnType
  let column: String
  /// Whether the column takes it, and is not only compared with it.
  let isWritten: Bool

  /// - Throws: `DatabaseError.invalid` for what PostgreSQL would not take there.
  func check(_ value: SQLValue, number: Int, of sql: String) throws {
    guard let what = type.mismatch(value, isWritten: isWritten) else { return }
    throw DatabaseError.invalid(
      sql: sql, message: "$\(number) is \(what), and column \(column) holds \(type.title)")
  }
}

/// The columns of an app's tables.
struct SQLiteSchema {
  private struct Column {
    let table: String
    let name: String
    /// Nil for any other, which a migration from before Heights looked may have.
    let type: ColumnType?
    let isRequired: Bool
    let isKey: Bool
  }

  private let columns: [Column]

  init(_ connection: SQLiteConnection) throws {
    columns = try connection.own(
      """
      SELECT t.name, c.name, lower(c.type), c."notnull", c.pk
      FROM main.sqlite_schema t, pragma_table_xinfo(t.name) c
      WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.sql NOT LIKE 'CREATE VIRTUAL%'
      """
    ) {
      try Column(
        table: $0.text(0), name: $0.text(1), type: ColumnType(rawValue: $0.text(2)),
        isRequired: $0.int(3) != 0,
        isKey: $0.int(4) != 0)
    }
  }

  /// Of a name in small letters, whether it is a column's that is never NULL, in whichever table.
  func isNeverNull(_ name: String) -> Bool {
    let meant = columns.filter { $0.name.lowercased() == name }
    return !meant.isEmpty && meant.allSatisfy { $0.isRequired || $0.isKey }
  }

  /// What is known of a statement's parameters.
  func types(of parameters: ParameterPlaces) -> [Int: ParameterType] {
    parameters.places.compactMapValues { place in
      type(of: place).map { ParameterType(type: $0, column: place.column, isWritten: place.isWritten) }
    }
  }

  /// Of what a parameter goes to; nil where it is not known, or not the same in all tables that may be meant.
  private func type(of place: ParameterPlaces.Place) -> ColumnType? {
    let meant = columns.filter {
      $0.name.lowercased() == place.column && (place.table == nil || $0.table.lowercased() == place.table)
    }
    guard let first = meant.first, meant.allSatisfy({ $0.type == first.type }) else { return nil }
    return first.type
  }

  // MARK: What is written

  /// Triggers of the connection's own that refuse what the column's type does not hold, wherever in a statement it came from.
  var triggers: [String] {
    Dictionary(grouping: columns, by: \.table).sorted { $0.key < $1.key }.flatMap { table, columns in
      let checks = columns.compactMap(Self.check)
      return checks.isEmpty ? [] : Self.triggers(table, checks)
    }
  }

  /// How messages of these triggers begin.
  static let typePrefix = "heights: "
  static let nullPrefix = "NOT NULL constraint failed: "

  private static func check(_ column: Column) -> (condition: String, message: String)? {
    guard let type = column.type else { return nil }
    let value = "NEW.\(MoveTable.quote(column.name))"
    let name = "\(column.table).\(column.name)"
    if column.isKey {
      // A key may be NULL in SQLite, for old times' sake.
      return (
        "typeof(\(value)) <> '\(type.storedAs)'",
        "CASE WHEN \(value) IS NULL THEN RAISE(ABORT, \(text(nullPrefix + name))) ELSE \(wrongType(name, type)) END"
      )
    }
    return ("typeof(\(value)) NOT IN ('\(type.storedAs)', 'null')", wrongType(name, type))
  }

  private static func wrongType(_ name: String, _ type: ColumnType) -> String {
    "RAISE(ABORT, \(text("\(typePrefix)column \(name) takes \(type.title), and this is something else")))"
  }

  private static func triggers(_ table: String, _ checks: [(condition: String, message: String)]) -> [String]
  {
    let body = checks.map { "SELECT \($0.message) WHERE \($0.condition);" }.joined(separator: " ")
    return ["INSERT", "UPDATE"].map { event in
      let name = MoveTable.quote("heights_types_\(event.lowercased())_\(table)")
      return "CREATE TEMP TRIGGER \(name) BEFORE \(event) ON main.\(MoveTable.quote(table)) BEGIN \(body) END"
    }
  }

  private static func text(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
