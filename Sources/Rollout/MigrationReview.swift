// Which migrations a release that does not know them can't live with. No I/O but the reading of files.

import Dialect
import Foundation

/// While one release takes the place of another, both work with the same tables: what the one has added, the other must be able
/// to overlook. What only one of them could live with is taken in steps: add, deploy, and remove with the deploy after the next.
struct MigrationReview: Equatable {
  /// Of a release: by `DATABASE/NNN_name.sql`, the text.
  typealias Files = [String: String]

  /// What only one of two releases can live with, each with its file.
  let findings: [String]

  /// Of two releases that work side by side.
  init(_ some: Files, _ others: Files) {
    let ofOne = some.filter { others[$0.key] == nil }.merging(others.filter { some[$0.key] == nil }) { $1 }
    var made: [String: Set<String>] = [:]
    var findings: [String] = []
    for (name, text) in ofOne.sorted(by: { $0.key < $1.key }) {
      let database = String(name.prefix { $0 != "/" })
      for statement in SQLWords.statements(of: text) {
        if let table = statement.madeTable { made[database, default: []].insert(table) }
        // What nobody knew before, nobody misses.
        if let table = statement.table, made[database]?.contains(table) == true { continue }
        findings += statement.losses.map { "Migrations/\(name) \($0)" }
      }
    }
    self.findings = findings
  }

  /// - Parameter folder: `Migrations` of a release; nothing where there is none.
  static func files(in folder: String) -> Files {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".sql") }.reduce(into: [:]) { files, name in
      files[name] = FileManager.default.contents(atPath: "\(folder)/\(name)").map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }
}

/// A statement as words, without comments and texts: as much of SQL as it takes to see what becomes of tables.
struct SQLWords: Equatable {
  /// In capitals, but for quoted names; signs are words too.
  let words: [String]

  /// Those of a text with a semicolon after each.
  static func statements(of text: String) -> [SQLWords] {
    SQLToken.all(in: text).split { $0.is(";") }.map { SQLWords(words: words($0)) }
  }

  /// A name with its schema is one word.
  private static func words(_ tokens: ArraySlice<SQLToken>) -> [String] {
    var words: [String] = []
    var isQualified = false
    for token in tokens {
      let word =
        switch token.kind {
        case .word: token.text.uppercased()
        case .text, .bytes: "'"
        default: token.text
        }
      let isPoint = token.is(".")
      if isPoint || isQualified, !words.isEmpty {
        words[words.count - 1] += word
      } else {
        words.append(word)
      }
      isQualified = isPoint
    }
    return words
  }

  private static let fillers: Set<String> = ["IF", "EXISTS", "NOT", "ONLY", "TEMP", "TEMPORARY", "UNLOGGED"]

  /// The table that a CREATE TABLE makes.
  var madeTable: String? {
    guard words.first == "CREATE", let place = words.firstIndex(of: "TABLE"), place <= 2 else { return nil }
    return name(after: place)
  }

  /// The table that it changes or removes.
  var table: String? {
    guard words.count > 2, ["ALTER", "DROP"].contains(words[0]), words[1] == "TABLE" else { return nil }
    return name(after: 1)
  }

  private func name(after place: Int) -> String? {
    words[(place + 1)...].first { !Self.fillers.contains($0) }.map { $0.uppercased() }
  }

  /// What it takes from those who do not know of it.
  var losses: [String] {
    guard words.count > 2 else { return [] }
    switch (words[0], words[1]) {
    case ("DROP", "TABLE"), ("DROP", "VIEW"), ("DROP", "FUNCTION"), ("DROP", "TYPE"), ("DROP", "SCHEMA"):
      return ["removes \(words[1].lowercased()) \(name(after: 1) ?? "")"]
    case ("ALTER", "TABLE"):
      let table = name(after: 1) ?? ""
      let start = words.firstIndex { $0.uppercased() == table }.map { $0 + 1 } ?? words.count
      return Self.actions(words[start...]).compactMap { Self.loss(of: $0) }.map { "\($0) of \(table)" }
    default: return []
    }
  }

  /// What an ALTER TABLE does: one thing, or several with commas between.
  private static func actions(_ words: ArraySlice<String>) -> [[String]] {
    var (actions, depth): ([[String]], Int) = ([[]], 0)
    for word in words {
      if word == "(" { depth += 1 }
      if word == ")" { depth -= 1 }
      if word == ",", depth == 0 { actions.append([]) } else { actions[actions.count - 1].append(word) }
    }
    return actions
  }

  private static func loss(of action: [String]) -> String? {
    guard action.count > 1 else { return nil }
    let rest = action.dropFirst()
    switch action[0] {
    case "RENAME": return action[1] == "CONSTRAINT" ? nil : "renames something"
    case "DROP":
      return action[1] == "CONSTRAINT" ? nil : "removes column \(rest.first { $0 != "COLUMN" } ?? "")"
    case "ALTER":
      let column = rest.first { $0 != "COLUMN" } ?? ""
      if rest.contains("TYPE") { return "changes the type of column \(column)" }
      return zip(rest, zip(rest.dropFirst(), rest.dropFirst(2))).contains {
        ($0, $1.0, $1.1) == ("SET", "NOT", "NULL")
      } ? "requires column \(column)" : nil
    case "ADD":
      if ["CONSTRAINT", "CHECK", "UNIQUE", "FOREIGN", "PRIMARY"].contains(action[1]) { return nil }
      let isRequired = zip(rest, rest.dropFirst()).contains { $0 == ("NOT", "NULL") }
      let hasValue = rest.contains("DEFAULT") || rest.contains("GENERATED")
      return isRequired && !hasValue
        ? "requires a new column \(rest.first { !["COLUMN", "IF", "NOT", "EXISTS"].contains($0) } ?? "")"
        : nil
    default: return nil
    }
  }
}
