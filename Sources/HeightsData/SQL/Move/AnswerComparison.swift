// Before a database moves, both engines are asked what the app asks: rows that are the same may be answered in two ways.

import Contract
import Dialect

/// Asks both ends of a move, which have the same rows meanwhile.
struct AnswerComparison {
  /// All of it.
  private static let timeMs = 5_000
  /// One statement on the server.
  private static let statementMs = 1_000
  /// More say nothing new.
  private static let differenceLimit = 20

  private let source: SQLiteSide
  private let target: PostgresSide
  private(set) var answers = AdminAnswer.Answers()

  init(_ source: SQLiteSide, _ target: PostgresSide) {
    self.source = source
    self.target = target
  }

  /// Runs them all, as far as there is time. Nothing that they write stays anywhere.
  mutating func ask(_ samples: [SQL]) throws {
    let end = Deadline.afterMs(Self.timeMs)
    let schema = try source.appSchema()
    // Those of one statement are not all asked before the first of another.
    let shuffled = samples.filter { !$0.isOurs }.shuffled()
    answers.known = shuffled.count
    try target.session.run("BEGIN; SET LOCAL statement_timeout = \(Self.statementMs)")
    defer { _ = try? target.session.run("ROLLBACK") }
    for sql in shuffled where !end.hasPassed && answers.differences.count < Self.differenceLimit {
      // One that mints an identifier is unknown to this connection; PostgreSQL is given it as what writes.
      let (isRead, here) = (try? source.answer(sql, schema, until: end)) ?? (false, [])
      try target.session.run("SAVEPOINT heights_answer")
      let there = Result { try target.session.answer(sql) }
      try target.session.run("ROLLBACK TO heights_answer")
      note(sql, isRead, here, there)
    }
  }

  private mutating func note(
    _ sql: SQL, _ isRead: Bool, _ here: [[AnsweredValue]], _ there: Result<[[AnsweredValue]], any Error>
  ) {
    switch there {
    case .failure(let error as DatabaseError):
      guard let reason = error.ofStatement else { return }
      add(sql, isRead ? AnsweredValue.shown(here) : "does it", "an error: \(reason)")
    case .failure: return
    case .success(let there):
      if isRead { answers.reads += 1 } else { answers.writes += 1 }
      if !isRead || AnsweredValue.areSame(here, there) { return }
      if AnsweredValue.areSame(AnsweredValue.sorted(here), AnsweredValue.sorted(there)) {
        // Which of two rows comes first may be left open by the statement.
        answers.reordered += 1
      } else {
        let (one, other) = AnsweredValue.firstDifference(here, there)
        add(sql, one, other)
      }
    }
  }

  private mutating func add(_ sql: SQL, _ here: String, _ there: String) {
    let difference = AdminAnswer.Answers.Difference(statement: sql.description, sqlite: here, postgres: there)
    if !answers.differences.contains(difference) { answers.differences.append(difference) }
  }
}

extension AdminAnswer.Answers {
  /// The first of what is not the same; nil where all is.
  func error(of database: String) -> MoveError? {
    guard let first = differences.first else { return nil }
    let more = differences.count > 1 ? ", and \(differences.count - 1) more" : ""
    return MoveError(
      """
      a statement of the app's is answered otherwise in PostgreSQL\(more): \(first.statement): SQLite answers \
      \(first.sqlite), PostgreSQL \(first.postgres); write it so that both answer the same (an order that leaves open which \
      row comes first needs the key too), and climb again
      """)
  }
}

/// A value of an answer, by what it is and not by how an engine keeps it.
enum AnsweredValue: Equatable {
  case null
  case whole(Int64)
  case real(Double)
  case text(String)
  case bytes([UInt8])
  /// Of a type that an app can't read.
  case foreign

  init(_ row: Row, _ column: Int) throws {
    if try row.isNull(column) {
      self = .null
    } else if let number = try? row.int(column) {
      self = .whole(number)
    } else if let number = try? row.double(column) {
      self = .real(number)
    } else if let text = try? row.text(column) {
      self = .text(text)
    } else if let bytes = try? row.blob(column) {
      self = .bytes(bytes)
    } else {
      self = .foreign
    }
  }

  /// Fractions that were added up in another order differ in their last digits.
  private static let tolerance = 1e-12

  func isSame(as other: AnsweredValue) -> Bool {
    switch (self, other) {
    case (.whole(let one), .whole(let other)): return one == other
    case (.text(let one), .text(let other)): return one.utf8.elementsEqual(other.utf8)
    case (.bytes(let one), .bytes(let other)): return one == other
    case (.null, .null): return true
    default:
      guard let one = number, let other = other.number else { return false }
      return one == other || abs(one - other) <= Self.tolerance * max(abs(one), abs(other))
    }
  }

  private var number: Double? {
    switch self {
    case .whole(let number): Double(number)
    case .real(let number): number
    default: nil
    }
  }

  // MARK: Rows

  static func areSame(_ one: [[AnsweredValue]], _ other: [[AnsweredValue]]) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy(isSameRow)
  }

  private static func isSameRow(_ one: [AnsweredValue], _ other: [AnsweredValue]) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { $0.isSame(as: $1) }
  }

  static func sorted(_ rows: [[AnsweredValue]]) -> [[AnsweredValue]] {
    rows.map { (row: $0, key: $0.map(\.sortKey)) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(
      \.row)
  }

  private var sortKey: String {
    // The same number has the same key, however it is kept.
    number.map { "\($0)" } ?? shown
  }

  /// What to show of two answers.
  static func firstDifference(_ one: [[AnsweredValue]], _ other: [[AnsweredValue]]) -> (String, String) {
    let place = zip(one, other).enumerated().first { !isSameRow($0.element.0, $0.element.1) }?.offset
    guard let place else { return ("\(one.count) rows", "\(other.count) rows") }
    return ("row \(place + 1): \(shown([one[place]]))", "row \(place + 1): \(shown([other[place]]))")
  }

  static func shown(_ rows: [[AnsweredValue]]) -> String {
    guard let first = rows.first else { return "no row" }
    return first.map(\.shown).joined(separator: ", ")
  }

  private static let shownLimit = 40

  private var shown: String {
    switch self {
    case .null: return "NULL"
    case .whole(let number): return "\(number)"
    case .real(let number): return "\(number)"
    case .text(let text): return "'\(text.prefix(Self.shownLimit))\(text.count > Self.shownLimit ? "…" : "")'"
    case .bytes(let bytes): return "\(bytes.count) bytes"
    case .foreign: return "a value that no app can read"
    }
  }
}

extension SQL {
  /// Whether it is about what Heights keeps in each database.
  fileprivate var isOurs: Bool {
    SQLToken.all(in: description).contains { $0.isName && $0.text.lowercased().hasPrefix("heights_") }
  }
}

extension DatabaseError {
  /// Why it is the statement's own fault; nil when it may have been done another time, or with other rows.
  fileprivate var ofStatement: String? {
    switch self {
    case .invalid(_, let message), .unknown(_, let message): message
    case .zeroInText, .notANumber: description
    case .conflict, .readOnly, .gone, .timeout, .contended, .tooMany, .full, .corrupt: nil
    }
  }
}

// MARK: Both ends

extension SQLiteSide {
  /// As the app's own connections know it.
  func appSchema() throws -> SQLiteSchema { try SQLiteSchema(connection) }

  /// What the app would be told, and whether the statement only reads. One that writes is not run: the app has run it.
  func answer(
    _ sql: SQL, _ schema: SQLiteSchema, until deadline: Deadline
  ) throws -> (isRead: Bool, rows: [[AnsweredValue]]) {
    let statement = try connection.portable(sql.description, schema)
    guard statement.isReadOnly else { return (false, []) }
    connection.deadline = deadline
    defer { connection.deadline = nil }
    try statement.bind(sql.pieces)
    var rows: [[AnsweredValue]] = []
    while try statement.step() {
      rows.append(try (0..<statement.columnCount).map { try AnsweredValue(Row(statement), $0) })
    }
    return (true, rows)
  }
}

extension PostgresSession {
  /// What the app would be told.
  fileprivate func answer(_ sql: SQL) throws -> [[AnsweredValue]] {
    let result = try result(of: sql)
    return try result.map { row in try (0..<result.columnCount).map { try AnsweredValue(row, $0) } }
  }
}
