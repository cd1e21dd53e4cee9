// Which column each parameter of a statement is written to, or compared with.

/// Where a statement's parameters go. Only what is plain to see is told: a parameter that stands alone as a value of an INSERT, in a
/// SET, or beside a comparison's sign.
package struct ParameterPlaces {
  /// Where one goes.
  package struct Place: Equatable, Sendable {
    /// In small letters; nil where any table may be meant.
    package let table: String?
    /// In small letters.
    package let column: String
    /// Whether the column takes it, and is not only compared with it.
    package let isWritten: Bool
  }

  /// By the parameter's number, from 1.
  package private(set) var places: [Int: Place] = [:]
  private let tokens: [SQLToken]

  /// Of one statement.
  package init(_ tokens: [SQLToken]) {
    self.tokens = tokens
    addInserted()
    addAssignedAndCompared()
  }

  private static func number(_ token: SQLToken) -> Int? {
    token.kind == .parameter && token.text.hasPrefix("$") ? Int(token.text.dropFirst()) : nil
  }

  /// `INSERT INTO table (a, b) VALUES ($1, $2), ($3, $4)`
  private mutating func addInserted() {
    guard let into = tokens.firstIndex(where: { $0.is("into") }), into + 2 < tokens.count,
      tokens[into + 1].isName, tokens[into + 2].is("(")
    else { return }
    let table = tokens[into + 1].text.lowercased()
    guard let end = tokens[into...].firstIndex(where: { $0.is(")") }) else { return }
    let columns = tokens[(into + 3)..<end].filter(\.isName).map { $0.text.lowercased() }
    guard end + 1 < tokens.count, tokens[end + 1].is("values") else { return }
    var (depth, column) = (0, 0)
    for place in (end + 2)..<tokens.count {
      let token = tokens[place]
      if token.is("on") || token.is("returning") { break }
      if token.is("(") { depth += 1 }
      if token.is(")") { depth -= 1 }
      if depth == 0 { column = 0 }
      if depth == 1, token.is(",") { column += 1 }
      if depth == 1, let number = Self.number(token), isAlone(place), column < columns.count {
        places[number] = Place(table: table, column: columns[column], isWritten: true)
      }
    }
  }

  private func isAlone(_ place: Int) -> Bool {
    let (before, after) = (tokens[place - 1], place + 1 < tokens.count ? tokens[place + 1] : nil)
    return (before.is("(") || before.is(",")) && (after.map { $0.is(")") || $0.is(",") } ?? false)
  }

  /// `SET a = $1`, `WHERE t.b > $2`, `$3 <= c`
  private mutating func addAssignedAndCompared() {
    let signs: Set<String> = ["=", "<>", "!=", "<", ">", "<=", ">="]
    var clause = ""
    for (place, token) in tokens.enumerated() {
      if ["set", "where", "on", "having", "values", "select", "from", "returning", "and", "or"].contains(
        token.word)
      {
        clause = token.word
      }
      guard token.kind == .sign, signs.contains(token.text), place > 0, place + 1 < tokens.count else {
        continue
      }
      if let number = Self.number(tokens[place + 1]), tokens[place - 1].isName, endsValue(place + 2) {
        add(number, tokens[place - 1], isWritten: clause == "set" && token.is("="))
      } else if let number = Self.number(tokens[place - 1]), tokens[place + 1].isName, beginsValue(place - 2)
      {
        let isQualified = place + 3 < tokens.count && tokens[place + 2].is(".")
        let name = isQualified ? tokens[place + 3] : tokens[place + 1]
        if endsValue(place + (isQualified ? 4 : 2)) { add(number, name, isWritten: false) }
      }
    }
  }

  private mutating func add(_ number: Int, _ name: SQLToken, isWritten: Bool) {
    guard places[number] == nil else { return }
    places[number] = Place(table: nil, column: name.text.lowercased(), isWritten: isWritten)
  }

  /// What may follow on a parameter that stands alone.
  private func endsValue(_ place: Int) -> Bool {
    guard place < tokens.count else { return true }
    let token = tokens[place]
    return token.is(")") || token.is(",") || token.is(";")
      || [
        "and", "or", "where", "returning", "order", "group", "limit", "union", "from", "then", "else", "end",
        "on",
      ]
      .contains(token.word)
  }

  private func beginsValue(_ place: Int) -> Bool {
    guard place >= 0 else { return true }
    return tokens[place].is("(") || ["and", "or", "where", "on", "when", "not"].contains(tokens[place].word)
  }
}
