// A statement that SQLite takes is looked through for what PostgreSQL does not, or not for the same. There is no full grammar
// here: what it takes to tell more, a climb finds by asking both engines.

/// What of a statement only one engine understands, or each in its way.
package struct StatementCheck {
  /// In the order of the text.
  package let problems: [DialectProblem]

  private let tokens: [SQLToken]

  /// Of a statement, or of several with semicolons between.
  package init(_ tokens: [SQLToken]) {
    self.tokens = tokens
    var found: [DialectProblem] = []
    for place in tokens.indices {
      if let text = Self.problem(tokens, place) {
        found.append(DialectProblem(line: tokens[place].line, text))
      }
    }
    problems = found
  }

  private static func problem(_ tokens: [SQLToken], _ place: Int) -> String? {
    switch tokens[place].kind {
    case .foreignName: return "\(tokens[place].text): a name is quoted by double quotes in both engines"
    case .bytes: return "x'\(tokens[place].text)' is a row of bits in PostgreSQL; bind bytes as \\(value)"
    case .number where !isDecimal(tokens[place].text):
      return "\(tokens[place].text): PostgreSQL takes decimal numbers alone; write it so"
    case .parameter where !tokens[place].text.hasPrefix("$"):
      return "\(tokens[place].text): a parameter is \\(value) in the text"
    case .sign: return problem(ofSign: tokens[place].text, Around(tokens, place))
    case .word: return problem(ofWord: tokens[place].word, Around(tokens, place))
    default: return nil
    }
  }

  private static func isDecimal(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?/) != nil
  }

  // MARK: Signs

  private static func problem(ofSign sign: String, _ around: Around) -> String? {
    let isShift = sign == "<<" || sign == ">>"
    let isAfterSum = around.endsCall(of: ["sum"])
    return switch sign {
    case "==": "== is SQLite's alone; write ="
    case "->", "->>":
      "\(sign) takes JSON apart in SQLite's way alone; keep it in columns, or take it apart in the app"
    case _ where isShift && (around.before?.kind == .number || around.after?.kind != .number):
      "PostgreSQL shifts by a number of the text alone, and one of the text within 32 bits; shift it in the app, and bind it as \\(value)"
    case _ where isAfterSum && (sign == "/" || sign == "%"):
      "a sum of whole numbers is divided with a fraction in PostgreSQL; divide in the app, or write CAST(sum(…) AS BIGINT)"
    default: nil
    }
  }

  // MARK: Words

  private static func problem(ofWord word: String, _ around: Around) -> String? {
    // What follows a point, or names a column of the result, is a name whatever it says.
    if around.before?.is(".") ?? false || around.before?.is("as") ?? false { return nil }
    return problem(ofKeyword: word, around) ?? problem(ofFunction: word, around)
      ?? (Vocabulary.taken.contains(word)
        ? "\(word) is a word of PostgreSQL's own; write it in double quotes where it is a name" : nil)
  }

  private static func problem(ofKeyword word: String, _ around: Around) -> String? {
    switch word {
    case "or" where ["insert", "update"].contains { around.before?.is($0) ?? false }:
      return
        "\(around.before?.text ?? "") OR … is SQLite's alone; write ON CONFLICT (…) DO NOTHING, or DO UPDATE"
    case "replace" where around.after?.is("into") ?? false:
      return "REPLACE is SQLite's alone; write INSERT … ON CONFLICT (…) DO UPDATE"
    case "glob", "regexp": return "\(word) is SQLite's alone; write LIKE, or look in the app"
    case "is": return around.comparesByIs ? "IS compares with NULL alone in PostgreSQL; write = or <>" : nil
    case "limit": return problem(ofLimit: around)
    case "indexed": return "INDEXED BY is SQLite's alone; leave it away"
    case "rowid", "_rowid_", "oid": return "\(word) is SQLite's alone; name the table's key"
    case "collate":
      return
        "COLLATE names orders that only one engine has; both compare bytes, and lower(…) compares without case"
    case "true", "false":
      return
        "\(word) is a number in SQLite and none in PostgreSQL; write \(word == "true" ? "1" : "0"), or a comparison"
    case "current_timestamp", "current_date", "current_time":
      return "\(word) is a text in SQLite alone; bind the time, in milliseconds as a BIGINT"
    case "cast": return problem(ofCast: around)
    default: return nil
    }
  }

  private static func problem(ofLimit around: Around) -> String? {
    let count = around.rest.dropFirst()
    if count.first?.is("-") ?? false { return "a LIMIT below 0 is an error in PostgreSQL; leave it away" }
    return count.dropFirst().first?.is(",") ?? false
      ? "LIMIT with a comma is SQLite's alone; write LIMIT … OFFSET …" : nil
  }

  private static func problem(ofCast around: Around) -> String? {
    guard let inside = around.arguments?.joined(separator: []).map({ $0 }),
      let end = inside.lastIndex(where: { $0.is("as") })
    else { return nil }
    let type = inside[(end + 1)...].map { $0.text.lowercased() }
    return Vocabulary.type(insteadOf: type).map {
      "CAST … AS \(type.joined(separator: " ").uppercased()) is not the same in both engines; write \($0)"
    }
  }

  // MARK: Functions

  private static func problem(ofFunction name: String, _ around: Around) -> String? {
    guard let arguments = around.arguments, !around.isNameOfTable else { return nil }
    switch name {
    case "min", "max":
      guard arguments.count > 1 else { return nil }
      return "\(name) of several values is SQLite's alone; write \(name == "min" ? "least" : "greatest")"
    case "substr", "substring":
      return arguments.dropFirst().joined().contains { $0.kind == .parameter }
        ? "\(name) by a parameter is an error in PostgreSQL; cut the text in the app" : nil
    case "round":
      if arguments.count > 1 {
        return "round with places after the point is not the same in both engines; round in the app"
      }
      let first = arguments.first?.first
      let isNumeric = arguments.joined().contains {
        $0.is("avg") || $0.is("sum") || ($0.kind == .number && $0.text.contains("."))
      }
      return isNumeric && !(first?.is("cast") ?? false)
        ? "round of a numeric goes up at a half in PostgreSQL; write round(CAST(… AS DOUBLE PRECISION)), which goes to the even number"
        : nil
    default:
      return Vocabulary.foreignFunctions.contains(name)
        ? "\(name) is SQLite's alone, or gives something else there; \(Vocabulary.instead(of: name))" : nil
    }
  }
}

/// What stands around a token.
private struct Around {
  private let tokens: [SQLToken]
  private let place: Int

  init(_ tokens: [SQLToken], _ place: Int) { (self.tokens, self.place) = (tokens, place) }

  var before: SQLToken? { place > 0 ? tokens[place - 1] : nil }
  var after: SQLToken? { place + 1 < tokens.count ? tokens[place + 1] : nil }
  /// It, and all behind it.
  var rest: ArraySlice<SQLToken> { tokens[place...] }

  /// What stands in the brackets right behind it, taken apart at the commas; nil where there are none.
  var arguments: [[SQLToken]]? {
    guard after?.is("(") ?? false else { return nil }
    var (depth, found): (Int, [[SQLToken]]) = (1, [[]])
    for token in tokens[(place + 2)...] {
      if token.is("(") { depth += 1 }
      if token.is(")") { depth -= 1 }
      if depth == 0 { break }
      if token.is(","), depth == 1 { found.append([]) } else { found[found.count - 1].append(token) }
    }
    return found
  }

  /// Whether it is what columns in brackets follow.
  var isNameOfTable: Bool {
    ["into", "table", "exists", "references", "with"].contains { before?.is($0) ?? false }
  }

  /// Whether right before it is the end of a call of one of these.
  func endsCall(of functions: Set<String>) -> Bool {
    guard before?.is(")") ?? false else { return false }
    var depth = 0
    for index in stride(from: place - 1, through: 0, by: -1) {
      if tokens[index].is(")") { depth += 1 }
      if tokens[index].is("(") { depth -= 1 }
      if depth == 0 { return index > 0 && functions.contains(tokens[index - 1].word) }
    }
    return false
  }

  /// Of an IS.
  var comparesByIs: Bool {
    var next = rest.dropFirst()
    if next.first?.is("not") ?? false { next = next.dropFirst() }
    guard let next = next.first else { return false }
    return !["null", "distinct", "true", "false", "unknown"].contains(next.word)
  }
}
