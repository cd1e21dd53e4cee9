// Where two tables that should hold the same differ: the first row and column of them.

enum MoveDifference {
  private static let batch = 1_000

  /// Reads both again, in the snapshot that they were found to differ in.
  /// - Returns: what to tell.
  static func find(
    _ table: MoveTable, _ source: SQLiteSide, _ target: PostgresSide, _ here: Int, _ there: Int
  ) throws -> MoveError {
    var last: [SQLValue]?
    while true {
      let rows = try rows(
        table, try source.rows(of: table, after: last, limit: batch, compared: true)
      ) { try source.eachRow(of: table, after: last, limit: batch, $0) }
      guard let end = rows.last else { break }
      last = end.key
      let found = try target.comparedRows(table) { put in
        for row in rows { try row.keyText.withUnsafeBytes(put) }
      }
      if let error = difference(table, rows, found) { return error }
    }
    return MoveError("table \(table.name): \(here) rows in SQLite and \(there) in PostgreSQL; \(advice)")
  }

  /// The same of rows that a round carries over, in its transaction.
  static func ofTouched(
    _ table: MoveTable, upTo last: Int64, _ source: SQLiteSide, _ target: PostgresSide
  ) throws -> MoveError {
    let rows = try rows(
      table, try source.touchedRows(table, upTo: last, compared: true)
    ) { try source.eachTouchedRow(table, upTo: last, $0) }
    var found: [[UInt8]] = []
    try target.copyOut(table, where: PostgresSide.isPut(table)) { found.append([UInt8]($0)) }
    return difference(table, rows, found)
      ?? MoveError("table \(table.name): rows are not the same after they were carried over; \(advice)")
  }

  private static let advice = "undo the climb, which empties PostgreSQL, and climb again"

  private struct Row {
    let key: [SQLValue]
    /// As COPY takes it.
    let keyText: [UInt8]
    let text: [UInt8]
  }

  /// - Parameters:
  ///   - compared: the rows as they are compared.
  ///   - each: hands over the same rows, in the same order, as they are copied.
  private static func rows(
    _ table: MoveTable, _ compared: Statement,
    _ each: (_ take: ([SQLValue], CopyText) throws -> Void) throws -> Void
  ) throws -> [Row] {
    var rows: [Row] = []
    try each { key, text in
      let fields = fields(text.bytes)
      let keyText = Array(table.key.map { fields[$0] }.joined(separator: [UInt8(ascii: "\t")]))
      guard try compared.step() else { return }
      var text = CopyText()
      try SQLiteSide.append(compared, of: table, to: &text, compared: true)
      rows.append(Row(key: key, keyText: keyText + [UInt8(ascii: "\n")], text: text.bytes))
    }
    return rows
  }

  private static func difference(_ table: MoveTable, _ rows: [Row], _ found: [[UInt8]]) -> MoveError? {
    let known = Set(found)
    return rows.first { !known.contains($0.text) }.map { error(table, $0, found) }
  }

  /// Tabs of values are escaped.
  private static func fields(_ row: [UInt8]) -> [ArraySlice<UInt8>] {
    row.dropLast().split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
  }

  private static func error(_ table: MoveTable, _ row: Row, _ found: [[UInt8]]) -> MoveError {
    let place = "table \(table.name), row \(MoveKey.shown(row.key))"
    let here = fields(row.text)
    let same = found.map(fields).first { other in table.key.allSatisfy { here[$0] == other[$0] } }
    guard let same else { return MoveError("\(place) is in SQLite only; \(advice)") }
    let columns = table.columns + table.generated
    guard let index = columns.indices.first(where: { here[$0] != same[$0] }) else {
      return MoveError("\(place) is not the same in both engines; \(advice)")
    }
    if index >= table.columns.count {
      return MoveError(
        "\(place), column \(columns[index].name): the engines compute it differently; write its expression so that both agree, or store the value, with a migration"
      )
    }
    return MoveError("\(place), column \(columns[index].name) is not the same in both engines; \(advice)")
  }
}
