// Schemas and rows at random, of what an app may have: usual things, odd ones, and some that PostgreSQL can't hold.

import Foundation
import TestSupport

@testable import HeightsData

/// A schema that both engines read, statements that fill it, and how each engine tells what it holds, byte for byte.
struct MoveCase: CustomStringConvertible {
  struct Column {
    /// As statements name it.
    let name: String
    let type: String
    var isGenerated = false

    var isText: Bool { type == "TEXT" || type.hasPrefix("VARCHAR") }
    var isInteger: Bool { ["BIGINT", "INTEGER", "SMALLINT"].contains(type) }
  }

  struct Table {
    let name: String
    let columns: [Column]
    let key: [String]
    let sql: String
  }

  private(set) var tables: [Table] = []
  private var generator: SplitMix
  /// Whether there may be a value, names and keys that can't be moved.
  private let isWild: Bool
  /// That value: one of a case, so that whoever copies it wrongly isn't saved by another that is refused.
  private var wildValue: String?

  private static let wildValues = [
    "NULL", "1.5", "x'00ff'", "x'6869'", "CAST(x'61ff' AS TEXT)", "CAST(x'610062' AS TEXT)", "9e99", "'text'",
    "70000",
    "5000000000",
  ]

  init(seed: UInt64) {
    generator = SplitMix(seed)
    isWild = Bool.random(using: &generator)
    wildValue = isWild ? Self.wildValues.randomElement(using: &generator) : nil
    for number in 0..<Int.random(in: 1...3, using: &generator) { tables.append(makeTable(number)) }
  }

  var sql: String { tables.map(\.sql).joined(separator: "\n") }
  var description: String { sql }

  private mutating func pick<T>(_ values: [T]) -> T {
    values[Int.random(in: 0..<values.count, using: &generator)]
  }
  private mutating func happens(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &generator) < percent
  }

  // MARK: Schemas

  private mutating func makeTable(_ number: Int) -> Table {
    let name = tableName(number)
    var columns = (0..<Int.random(in: 1...5, using: &generator)).map { index in
      Column(name: columnName(index), type: pick(Self.types))
    }
    let key = (0..<min(columns.count, happens(70) ? 1 : 2)).map { columns[$0].name }
    var parts = columns.map { column in
      var part = "\(column.name) \(column.type)"
      if key.contains(column.name) ? happens(60) : happens(15) { part += " NOT NULL" }
      if !key.contains(column.name), happens(15) { part += fallback(of: column) }
      return part
    }
    if happens(35), let base = columns.randomElement(using: &generator) {
      let computed =
        base.isText ? "\(base.name) || 'é'" : base.isInteger ? "\(base.name) / 2" : "\(base.name)"
      let type =
        base.type == "BYTEA" || base.type == "DOUBLE PRECISION" ? base.type : base.isText ? "TEXT" : "BIGINT"
      columns.append(Column(name: "computed", type: type, isGenerated: true))
      parts.append("computed \(type) GENERATED ALWAYS AS (\(computed)) STORED")
    }
    if !(isWild && happens(5)) { parts.append("PRIMARY KEY (\(key.joined(separator: ", ")))") }
    if let reference = reference(from: columns) { parts.append(reference) }
    var sql = "CREATE TABLE \(name) (\(parts.joined(separator: ", ")));"
    if happens(20), let column = columns.first(where: { !$0.isGenerated }) {
      sql +=
        "\nCREATE UNIQUE INDEX unique_\(number) ON \(name) (\(column.name), \(columns[columns.count - 1].name));"
    }
    return Table(name: name, columns: columns, key: key, sql: sql)
  }

  private static let types = [
    "BIGINT", "BIGINT", "TEXT", "TEXT", "BYTEA", "DOUBLE PRECISION", "INTEGER", "SMALLINT", "VARCHAR(4)",
  ]

  private mutating func tableName(_ number: Int) -> String {
    if isWild, happens(5) {
      return pick([
        "heights_own\(number)", "\"heights_touched_t\(number)\"",
        "t\(number)" + String(repeating: "x", count: 50),
      ])
    }
    return pick([
      "t\(number)", "MixedCase\(number)", "\"With space \(number)\"", "\"quo\"\"te\(number)\"",
      "\"\(number)é\"", "\"\(number)e\u{301}\"",
    ])
  }

  private mutating func columnName(_ index: Int) -> String {
    pick([
      "c\(index)", "createdAt\(index)", "\"c \(index)\"", "\"c\"\"\u{301}\(index)\"", "\"größe\(index)\"",
      "\"SELECT\(index)\"",
    ])
    .replacingOccurrences(of: "\"SELECT\(index)\"", with: "\"select\(index)\"")
  }

  private mutating func fallback(of column: Column) -> String {
    if column.isText { return " DEFAULT 'it''s'" }
    if column.isInteger { return " DEFAULT \(pick(["0", "-7", "(1 + 2)"]))" }
    return column.type == "DOUBLE PRECISION" ? " DEFAULT 0.1" : ""
  }

  private mutating func reference(from columns: [Column]) -> String? {
    guard happens(30), let parent = tables.last, parent.key.count == 1, parent.sql.contains("PRIMARY KEY"),
      let type = parent.columns.first(where: { $0.name == parent.key[0] })?.type,
      let column = columns.first(where: { $0.type == type && !$0.isGenerated })
    else { return nil }
    return "FOREIGN KEY (\(column.name)) REFERENCES \(parent.name) (\(parent.key[0]))"
  }

  // MARK: Rows

  /// Inserts, updates and deletes; some are refused by the schema.
  mutating func statements() -> [String] {
    var statements: [String] = []
    for table in tables {
      let columns = table.columns.filter { !$0.isGenerated }
      let names = columns.map(\.name).joined(separator: ", ")
      for _ in 0..<Int.random(in: 0...20, using: &generator) {
        let values = columns.map { value(of: $0) }.joined(separator: ", ")
        statements.append("INSERT OR IGNORE INTO \(table.name) (\(names)) VALUES (\(values))")
      }
      if happens(50) {
        let column = pick(columns)
        statements.append(
          "UPDATE OR IGNORE \(table.name) SET \(column.name) = \(value(of: column)) WHERE rowid % 3 = 0")
      }
      if happens(50) { statements.append("DELETE FROM \(table.name) WHERE rowid % 5 = 0") }
    }
    return statements
  }

  private mutating func value(of column: Column) -> String {
    if let wildValue, happens(3) { return wildValue }
    if happens(10), column.name != "c0" { return "NULL" }
    if column.isInteger {
      let numbers = ["0", "-1", "\(Int.random(in: -30_000...30_000, using: &generator))"]
      return pick(
        column.type == "BIGINT" ? numbers + ["\(Int64.min)", "\(Int64.max)", "4611686018427387905"] : numbers)
    }
    switch column.type {
    case "DOUBLE PRECISION":
      return pick([
        "0.1", "-0.0", "9e999", "-9e999", "5e-324", "1.7976931348623157e308", "3",
        "\(Double.random(in: -1...1, using: &generator))",
      ])
    case "BYTEA":
      return "x'\(hex((0..<pick([0, 1, 3, 900])).map { _ in UInt8.random(in: 0...255, using: &generator) }))'"
    default: return text(short: column.type != "TEXT")
    }
  }

  private mutating func text(short: Bool) -> String {
    let odd = [
      "", "a", "\u{301}b", "\\N", "\\.", "\t\n\r", "é", "e\u{301}", "🏔", "'\"", "\u{1}\u{7f}", "12", " x ",
      "\\x6869", "\u{feff}", "\u{10ffff}",
    ]
    let text = short || happens(70) ? pick(odd) : String(repeating: pick(odd), count: pick([2, 30, 500]))
    return "CAST(x'\(hex(Array(text.utf8)))' AS TEXT)"
  }

  private func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

  // MARK: What is there

  /// Every value of every row with its type and bytes, as SQLite has them.
  func inSQLite(_ path: String) throws -> [String] {
    let connection = try SQLiteConnection(path: path, role: .mover)
    return try tables.flatMap { table -> [String] in
      let values = table.columns.flatMap { [$0.name, "hex(CAST(\($0.name) AS BLOB))"] }
      let statement = try Statement(
        "SELECT \(values.joined(separator: ", ")) FROM \(table.name)", on: connection.handle)
      var rows: [String] = []
      while try statement.step() {
        let row = Row(statement)
        rows.append(
          table.name + " " + (try table.columns.indices.map { try shown(row, 2 * $0) }.joined(separator: " "))
        )
      }
      return rows.sorted()
    }
  }

  private func shown(_ row: Row, _ column: Int) throws -> String {
    if try row.isNull(column) { return "null" }
    if let number = try? row.int(column) { return "integer:\(number)" }
    if let number = try? row.double(column) {
      let bits = String(number.bitPattern, radix: 16)
      return "real:" + String(repeating: "0", count: 16 - bits.count) + bits
    }
    let bytes = try row.text(column + 1)
    return (try? row.text(column)) == nil ? "blob:\(bytes)" : "text:\(bytes)"
  }

  /// The same, as PostgreSQL has them.
  func inPostgres(_ target: PostgresTarget) throws -> [String] {
    let session = try PostgresSession(target, statementMs: 60_000)
    return try tables.flatMap { table -> [String] in
      let values = table.columns.map { column in
        let value =
          column.isInteger
          ? "'integer:' || \(column.name)"
          : column.isText
            ? "'text:' || upper(encode(convert_to(\(column.name), 'UTF8'), 'hex'))"
            : column.type == "BYTEA"
              ? "'blob:' || upper(encode(\(column.name), 'hex'))"
              : "'real:' || encode(float8send(\(column.name)), 'hex')"
        return "coalesce(\(value), 'null')"
      }
      return try session.rows("SELECT \(values.joined(separator: ", ")) FROM \(table.name)")
        .map { table.name + " " + $0.joined(separator: " ") }.sorted()
    }
  }
}
