// A migration is looked through when it is written: what PostgreSQL would refuse, or keep in another way, is told while it is still
// easily changed.

/// What of a migration only one engine understands, or each in its way.
package struct MigrationCheck {
  /// In the order of the text.
  package private(set) var problems: [DialectProblem] = []
  /// The tables that there are after it.
  package private(set) var tables: Set<String>

  /// Tables that a move keeps beside one have its name with this before.
  private static let longestTable = 63 - "heights_touched_".utf8.count
  /// PostgreSQL cuts longer names.
  private static let longestName = 63

  /// - Parameters:
  ///   - sql: its text.
  ///   - tables: those that there are before it.
  package init(_ sql: String, after tables: Set<String> = []) {
    self.tables = tables
    let tokens = SQLToken.all(in: sql)
    problems = StatementCheck(tokens).problems
    for statement in tokens.split(whereSeparator: { $0.is(";") }) { check(Array(statement)) }
    problems.sort { $0.line < $1.line }
  }

  private mutating func add(_ token: SQLToken?, _ text: String) {
    problems.append(DialectProblem(line: token?.line ?? 1, text))
  }

  private mutating func check(_ statement: [SQLToken]) {
    let words = statement.prefix(3).map(\.word)
    switch (words.first ?? "", words.dropFirst().first ?? "") {
    case ("create", "table"), ("create", "temp"), ("create", "temporary"): checkTable(statement)
    case ("create", "index"), ("create", "unique"): checkIndex(statement)
    case ("create", "trigger"):
      add(statement[0], "triggers are written in each engine's own way; do it in the app")
    case ("create", "virtual"): add(statement[0], "virtual tables are SQLite's alone")
    case ("alter", "table"): checkChange(statement)
    case ("drop", "table"): if let name = Self.name(statement) { tables.remove(name.text.lowercased()) }
    case ("pragma", _), ("vacuum", _), ("attach", _), ("detach", _), ("reindex", _):
      add(statement[0], "\(statement[0].text) is SQLite's alone; leave it away")
    case ("begin", _), ("commit", _), ("end", _), ("rollback", _), ("savepoint", _), ("release", _):
      add(statement[0], "\(statement[0].text): each migration is one transaction already; leave it away")
    default: break
    }
  }

  // MARK: Tables

  /// What the statement makes, changes or removes: the first name behind TABLE, INDEX or VIEW and their fillers.
  private static func name(_ statement: [SQLToken]) -> SQLToken? {
    let fillers: Set<String> = [
      "create", "alter", "drop", "table", "index", "unique", "temp", "temporary", "if", "not", "exists",
    ]
    return statement.first { $0.isName && !fillers.contains($0.word) }
  }

  private mutating func checkTable(_ statement: [SQLToken]) {
    guard let name = Self.name(statement) else { return }
    checkName(name, "table", limit: Self.longestTable)
    guard let start = statement.firstIndex(where: { $0.is("(") }),
      !statement[..<start].contains(where: { $0.is("as") })
    else {
      return add(
        name, "table \(name.text) is made of a SELECT, whose types each engine finds itself; name its columns"
      )
    }
    let (items, end) = Self.items(statement, from: start)
    tables.insert(name.text.lowercased())
    for item in items { checkItem(item, of: name) }
    for option in statement[min(end + 1, statement.count)...]
    where ["strict", "without"].contains(option.word) {
      let text = option.is("strict") ? "STRICT" : "WITHOUT ROWID"
      add(option, "\(text) is SQLite's alone; leave it away: Heights checks the types of what is written")
    }
    if !items.joined().contains(where: { $0.is("primary") }) {
      add(name, "table \(name.text) has no primary key: rows are found by it when they are moved")
    }
  }

  /// What stands between the brackets, taken apart at the commas, and where the closing one is.
  private static func items(_ tokens: [SQLToken], from start: Int) -> (items: [[SQLToken]], end: Int) {
    var (depth, items): (Int, [[SQLToken]]) = (0, [[]])
    for place in start..<tokens.count {
      let token = tokens[place]
      if token.is(")") { depth -= 1 }
      if depth == 0, place > start { return (items.filter { !$0.isEmpty }, place) }
      if depth == 1, token.is(",") {
        items.append([])
      } else if place > start {
        items[items.count - 1].append(token)
      }
      if token.is("(") { depth += 1 }
    }
    return (items.filter { !$0.isEmpty }, tokens.count)
  }

  /// A column, or a constraint of the table.
  private mutating func checkItem(_ item: [SQLToken], of table: SQLToken) {
    if !["constraint", "primary", "unique", "check", "foreign"].contains(item[0].word) {
      checkColumn(item)
    }
    checkConstraints(item)
  }

  private static let constraints: Set<String> = [
    "as", "check", "collate", "constraint", "default", "generated", "not", "null", "primary", "references",
    "unique",
  ]

  private mutating func checkColumn(_ item: [SQLToken]) {
    let name = item[0]
    checkName(name, "column", limit: Self.longestName)
    let type = item.dropFirst().prefix { !Self.constraints.contains($0.word) }
    let words = type.map { $0.text.lowercased() }
    if let instead = Vocabulary.type(insteadOf: words) {
      let shown = type.map(\.text).joined(separator: " ")
      let isKey = zip(item, item.dropFirst()).contains { $0.is("primary") && $1.is("key") }
      let mints =
        isKey && instead == "BIGINT"
        ? ", and insert next_id(shard): PostgreSQL numbers no rows by itself" : ""
      add(
        type.first ?? name,
        "column \(name.text) is of type \(shown.isEmpty ? "nothing" : shown); write \(instead)\(mints)")
    }
    if let place = item.firstIndex(where: { $0.is("default") }) {
      checkDefault(item[(place + 1)...], of: name, isWhole: words == ["bigint"], isBytes: words == ["bytea"])
    }
  }

  private mutating func checkConstraints(_ item: [SQLToken]) {
    for (token, next) in zip(item, item.dropFirst() + item.suffix(1)) {
      switch token.word {
      case "autoincrement":
        add(token, "AUTOINCREMENT is SQLite's alone; leave it away, and insert next_id(shard)")
      case "on" where next.is("conflict"):
        add(token, "ON CONFLICT of a constraint is SQLite's alone; write it in the INSERT")
      case "references":
        if next.isName, !tables.contains(next.text.lowercased()) {
          add(next, "table \(next.text) is not there yet: PostgreSQL wants it before what refers to it")
        }
      default: break
      }
    }
    checkComputed(item)
  }

  private mutating func checkComputed(_ item: [SQLToken]) {
    guard
      let place = item.indices.dropFirst().first(where: {
        item[$0].is("as") && $0 + 1 < item.count && item[$0 + 1].is("(") && !Self.isCast(item, $0)
      })
    else { return }
    if !(item[place - 1].is("always") && item.contains { $0.is("stored") }) {
      add(
        item[place],
        "column \(item[0].text) is computed; write GENERATED ALWAYS AS (…) STORED, as both engines have it")
    }
  }

  /// `CAST (x AS (…` is no SQL, but a bracket may be open.
  private static func isCast(_ item: [SQLToken], _ place: Int) -> Bool {
    item[..<place].reduce(0) { $0 + ($1.is("(") ? 1 : $1.is(")") ? -1 : 0) } > 0
  }

  /// A default has to be a literal: what is computed, each engine computes in its way.
  private mutating func checkDefault(
    _ rest: ArraySlice<SQLToken>, of name: SQLToken, isWhole: Bool, isBytes: Bool
  ) {
    let value = rest.drop {
      ["(", "+", "-"].contains { sign in rest.first?.is(sign) ?? false } && $0.kind == .sign
    }
    guard let first = value.first else { return }
    // Told already, as what they are anywhere.
    if ["current_timestamp", "current_date", "current_time", "true", "false"].contains(first.word)
      || first.kind == .bytes
    {
      return
    }
    let isLiteral = [.number, .text].contains(first.kind) || first.is("null")
    if !isLiteral {
      add(
        first,
        "column \(name.text) has a default that is computed, or no text in single quotes; name the value in each insert"
      )
    } else if isWhole, first.kind == .number, !first.text.allSatisfy(\.isNumber) {
      add(
        first, "column \(name.text) takes whole numbers, and \(first.text) is none: PostgreSQL would round it"
      )
    } else if isBytes, first.kind != .word {
      add(
        first,
        "column \(name.text) holds bytes, whose default each engine writes in its way; name the value in each insert"
      )
    }
  }

  // MARK: Indexes and changes

  private mutating func checkIndex(_ statement: [SQLToken]) {
    guard let name = Self.name(statement) else { return }
    checkName(name, "index", limit: Self.longestName)
    guard let start = statement.firstIndex(where: { $0.is("(") }) else { return }
    for item in Self.items(statement, from: start).items where item.count > 1 && item[0].isName {
      let isPlain = item[1].is("(") || ["asc", "desc", "nulls", "collate"].contains(item[1].word)
      if !isPlain {
        add(
          item[0],
          "an index of an expression has it in brackets of its own: (\(item.map(\.text).joined(separator: " ")))"
        )
      }
    }
  }

  private mutating func checkChange(_ statement: [SQLToken]) {
    guard let name = Self.name(statement),
      let place = statement.firstIndex(where: { ["add", "rename"].contains($0.word) })
    else { return }
    var rest = Array(statement[(place + 1)...].drop { $0.is("column") })
    if statement[place].is("rename") {
      guard let to = rest.last, rest.contains(where: { $0.is("to") }) else { return }
      let isTable = rest.first?.is("to") ?? false
      checkName(to, isTable ? "table" : "column", limit: isTable ? Self.longestTable : Self.longestName)
      if isTable {
        tables.remove(name.text.lowercased())
        tables.insert(to.text.lowercased())
      }
    } else if !rest.isEmpty {
      if rest.count > 3, rest[0].is("if") { rest.removeFirst(3) }
      checkItem(rest, of: name)
    }
  }

  // MARK: Names

  private mutating func checkName(_ name: SQLToken, _ what: String, limit: Int) {
    let text = name.text
    if text.utf8.contains(where: { (65...90).contains($0) }) {
      add(
        name,
        "\(what) \(text): SQLite takes capital and small letters for one, PostgreSQL only without quotation marks; write \(Self.inSmallLetters(text))"
      )
    }
    if name.kind == .word, Vocabulary.reserved.contains(name.word), !Vocabulary.taken.contains(name.word) {
      add(
        name,
        "\(what) \(text): a word of PostgreSQL's own; name it otherwise, or in double quotes in each statement"
      )
    }
    if text.lowercased().hasPrefix("heights_") {
      add(name, "\(what) \(text): names that begin with heights_ are Heights' own; name it otherwise")
    }
    if text.utf8.count > limit {
      add(name, "\(what) \(text): longer than \(limit) bytes; name it shorter")
    }
  }

  /// `createdAt` is `created_at`.
  private static func inSmallLetters(_ name: String) -> String {
    name.enumerated().reduce(into: "") { text, next in
      let (index, letter) = next
      let follows = index > 0 && name[name.index(name.startIndex, offsetBy: index - 1)].isLowercase
      if letter.isUppercase, follows { text += "_" }
      text += letter.lowercased()
    }
  }
}
