// Where NULL stands in an order: SQLite takes it for less than any value, PostgreSQL for more.

/// Has SQLite put NULL where PostgreSQL does: behind all values, and before them where the order is DESC.
package enum NullsOrder {
  /// The text of a statement with what SQLite needs to be told.
  /// - Parameter isNeverNull: of a column's name, whether it can't be NULL in any table. SQLite finds such an order in an index where
  ///   nothing is said of NULL.
  package static func applied(to sql: String, isNeverNull: (String) -> Bool) -> String {
    let tokens = SQLToken.all(in: sql)
    // An outer join has rows of NULL.
    let isOuter = tokens.contains { ["left", "right", "full"].contains($0.word) }
    let places = terms(tokens).filter { term in
      let isColumn = isColumn(term) && !isOuter && isNeverNull(name(term))
      return !isColumn && !term.contains { $0.is("nulls") }
    }
    guard !places.isEmpty else { return sql }
    var bytes = Array(sql.utf8)
    // From the end on: an order may be part of another.
    for last in places.compactMap(\.last).sorted(by: { $0.bytes.upperBound > $1.bytes.upperBound }) {
      bytes.insert(
        contentsOf: (last.is("desc") ? " NULLS FIRST" : " NULLS LAST").utf8, at: last.bytes.upperBound)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `name`, `table.name`, each with a direction or without.
  private static func isColumn(_ term: ArraySlice<SQLToken>) -> Bool {
    let body = term.filter { !["asc", "desc"].contains($0.word) }
    return (body.count == 1 && body[0].isName)
      || (body.count == 3 && body[0].isName && body[1].is(".") && body[2].isName)
  }

  private static func name(_ term: ArraySlice<SQLToken>) -> String {
    term.last { $0.isName && !["asc", "desc"].contains($0.word) }?.text.lowercased() ?? ""
  }

  private static let ends: Set<String> = ["limit", "offset", "rows", "range", "groups", "returning"]

  /// What each ORDER BY names, in the order of the text.
  private static func terms(_ tokens: [SQLToken]) -> [ArraySlice<SQLToken>] {
    var found: [ArraySlice<SQLToken>] = []
    for place in tokens.indices.dropFirst() where tokens[place].is("by") && tokens[place - 1].is("order") {
      var (depth, start) = (0, place + 1)
      for end in (place + 1)...tokens.count {
        let token = end < tokens.count ? tokens[end] : nil
        let isOver = token.map { depth == 0 && (ends.contains($0.word) || $0.is(")") || $0.is(";")) } ?? true
        if isOver || (depth == 0 && token?.is(",") ?? false) {
          if start < end { found.append(tokens[start..<end]) }
          start = end + 1
        }
        if isOver { break }
        if token?.is("(") ?? false { depth += 1 }
        if token?.is(")") ?? false { depth -= 1 }
      }
    }
    return found
  }
}
