// Migrations: numbered files, and the errors that keep their history straight.

import CSodium
import Dialect
import Foundation

/// One step of a database's schema: a file `NNN_name.sql`, applied once, in one transaction, never edited after.
///
/// What is in a file is looked through before SQLite runs it: it has to mean the same to PostgreSQL. Where one that was applied long
/// ago does not, a file `NNN_name.postgres.sql` beside it has what PostgreSQL runs in its place.
public struct Migration: Sendable, Equatable {
  /// From 1 upwards, without gaps.
  public let number: Int
  /// What comes after the number in the file's name.
  public let name: String
  /// One statement or several, with a semicolon after each.
  public let sql: String
  /// SHA-256 of the text, in hexadecimal.
  public let checksum: String
  /// Those of the same text with other ends of lines, and with a byte order mark or without: an editor may change these.
  private let otherChecksums: Set<String>
  /// Where it was read; nil for one that an app has in its code.
  let file: String?
  /// What PostgreSQL runs in its place.
  private let postgresSQL: String?

  /// - Parameters:
  ///   - number: from 1 upwards, without gaps.
  ///   - name: for people, and for messages.
  ///   - sql: never edited once it was applied anywhere: its checksum is kept.
  public init(number: Int, name: String, sql: String) {
    self.init(number: number, name: name, sql: sql, file: nil, postgresSQL: nil)
  }

  private init(number: Int, name: String, sql: String, file: String?, postgresSQL: String?) {
    self.number = number
    self.name = name
    self.sql = Self.unmarked(sql)
    self.file = file
    self.postgresSQL = postgresSQL
    checksum = Self.sha256(sql)
    let lines = Self.unmarked(sql).replacing("\r\n", with: "\n")
    let spellings = [lines, lines.replacing("\n", with: "\r\n")].flatMap { [$0, Self.mark + $0] }
    otherChecksums = Set(spellings.map(Self.sha256))
  }

  /// Whether they are the same step with the same text, wherever that was read.
  public static func == (one: Migration, other: Migration) -> Bool {
    one.number == other.number && one.name == other.name && one.checksum == other.checksum
      && one.onPostgres.checksum == other.onPostgres.checksum
  }

  /// As PostgreSQL runs it.
  var onPostgres: Migration {
    Migration(number: number, name: name, sql: postgresSQL ?? sql, file: file, postgresSQL: nil)
  }

  /// U+FEFF at the beginning of a file.
  private static let mark = "\u{feff}"

  private static func unmarked(_ text: String) -> String {
    text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// Reads the migrations of a folder, in order. Files that do not end in `.sql` are left alone.
  /// - Throws: `MigrationError` for a folder that cannot be read, a wrong name, a gap or a number used twice.
  public static func load(directory: String) throws -> [Migration] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
      throw MigrationError.unreadable(path: directory)
    }
    let variants = names.filter { $0.hasSuffix(variantSuffix) }
    let migrations = try names.filter { $0.hasSuffix(".sql") && !$0.hasSuffix(variantSuffix) }.sorted().map {
      try read($0, in: directory, variants)
    }
    if let lonely = variants.first(where: { !names.contains(original(of: $0)) }) {
      throw MigrationError.lonelyVariant(lonely, expected: original(of: lonely))
    }
    try checkNumbers(migrations)
    return migrations
  }

  private static let variantSuffix = ".postgres.sql"

  private static func original(of variant: String) -> String {
    variant.dropLast(variantSuffix.count) + ".sql"
  }

  private static func read(_ name: String, in directory: String, _ variants: [String]) throws -> Migration {
    guard let match = name.wholeMatch(of: /([0-9]{3,6})_([A-Za-z0-9_-]+)\.sql/), let number = Int(match.1)
    else { throw MigrationError.badName(name) }
    let variant = variants.first { original(of: $0) == name }
    return Migration(
      number: number, name: String(match.2), sql: try text("\(directory)/\(name)"),
      file: "\(directory)/\(name)", postgresSQL: try variant.map { try text("\(directory)/\($0)") })
  }

  private static func text(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw MigrationError.unreadable(path: path)
    }
    return text
  }

  static func checkNumbers(_ migrations: [Migration]) throws {
    for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
      if index > 0, migration.number == migrations[index - 1].number {
        throw MigrationError.doubled(migrations[index - 1].label, migration.label)
      }
      throw MigrationError.gap(expected: index + 1, found: migration.label)
    }
  }

  /// A migration as the database remembers it.
  struct Applied {
    let number: Int
    let name: String
    let checksum: String
  }

  /// Throws unless what was applied is what the first of `migrations` still say. More may have been applied than there are: by a
  /// later release, which runs beside this one while it takes its place, or has been taken back. (Who deploys sees to it that this
  /// one can live with that.)
  static func check(_ applied: [Applied], against migrations: [Migration]) throws {
    for (old, file) in zip(applied, migrations) {
      let label = Migration(number: old.number, name: old.name, sql: "").label
      if file.name != old.name { throw MigrationError.renamed(applied: label, found: file.label) }
      if file.checksum != old.checksum, !file.otherChecksums.contains(old.checksum) {
        throw MigrationError.edited(file.label)
      }
    }
  }

  /// Looks through those that SQLite has not run yet.
  /// - Throws: `MigrationError.notPortable` with all that there is to change.
  static func checkPortable(_ migrations: [Migration], from first: Int) throws {
    var tables: Set<String> = []
    var found: [String] = []
    for (index, migration) in migrations.enumerated() {
      let check = MigrationCheck(migration.sql, after: tables)
      tables = check.tables
      guard index >= first, let file = migration.file else { continue }
      found += check.problems.map { "\(file):\($0.line): \($0)" }
    }
    if !found.isEmpty { throw MigrationError.notPortable(found) }
  }

  private static func sha256(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
    return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  var label: String { String(repeating: "0", count: max(3 - "\(number)".count, 0)) + "\(number)_\(name)" }
}

/// Why migrations were not applied. Those before the one named are in place, it and those after it are not.
public enum MigrationError: Error, Equatable, Sendable {
  case unreadable(path: String)
  case badName(String)
  case doubled(String, String)
  case gap(expected: Int, found: String)
  /// An applied migration's text has changed.
  case edited(String)
  /// An applied migration has another name now.
  case renamed(applied: String, found: String)
  case failed(String, DatabaseError)
  /// Only one engine would understand it, or each in its way: file, line, and what to write instead.
  case notPortable([String])
  /// What PostgreSQL is to run in the place of a migration that is not there.
  case lonelyVariant(String, expected: String)
  /// Rows of `table` point to rows that are not there.
  case danglingForeignKey(String, table: String)
}

extension MigrationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let path): "\(path) cannot be read; expected a folder of files like 001_accounts.sql"
    case .badName(let name): "\(name): expected a name like 001_accounts.sql (number, underscore, name)"
    case .doubled(let one, let other): "\(one) and \(other) have the same number; renumber the newer one"
    case .gap(let expected, let found): "expected migration number \(expected), found \(found)"
    case .edited(let label):
      "\(label) was edited after it was applied; restore its text and put the change in a new migration"
    case .renamed(let applied, let found): "\(applied) was applied, but is called \(found) now; name it back"
    case .failed(let label, let error): "\(label) failed and was rolled back: \(error)"
    case .notPortable(let problems):
      "migrations have to mean the same to SQLite and to PostgreSQL; nothing was changed:\n"
        + problems.map { "  \($0)" }.joined(separator: "\n")
    case .lonelyVariant(let name, let expected):
      "\(name) says what PostgreSQL runs in the place of \(expected), which is not there"
    case .danglingForeignKey(let label, let table):
      "\(label) was rolled back: it leaves rows in \(table) whose foreign keys point nowhere"
    }
  }
}
