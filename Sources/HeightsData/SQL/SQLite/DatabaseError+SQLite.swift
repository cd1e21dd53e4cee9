// SQLite's result codes and messages as errors of ours.

import CSQLite
import Glibc

extension DatabaseError {
  /// - Parameter systemCode: the kernel's reason (`errno`) where a call of SQLite's to it failed, else 0.
  init(sqliteCode code: Int32, message: String, sql: String, systemCode: Int32 = 0) {
    switch code & 0xff {
    case SQLITE_CONSTRAINT where message.hasPrefix(SQLiteSchema.typePrefix):
      self = .invalid(sql: sql, message: String(message.dropFirst(SQLiteSchema.typePrefix.count)))
    case SQLITE_CONSTRAINT: self = .conflict(Constraint(sqliteCode: code, message: message))
    case SQLITE_FULL: self = .full("the disk is full")
    case SQLITE_IOERR where systemCode == ENOSPC || systemCode == EDQUOT: self = .full("the disk is full")
    case SQLITE_READONLY where code == Self.databaseMoved: self = .gone("its file was moved or deleted")
    case SQLITE_READONLY: self = .readOnly
    case SQLITE_CANTOPEN: self = .gone(message)
    case SQLITE_BUSY, SQLITE_LOCKED: self = .timeout("another process holds the database: \(message)")
    case SQLITE_INTERRUPT: self = .timeout("the statement ran longer than its deadline")
    case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(message)
    case SQLITE_AUTH:
      self = .invalid(
        sql: sql, message: "BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ATTACH and PRAGMA are not for apps")
    case SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_TOOBIG, SQLITE_MISUSE:
      self = .invalid(sql: sql, message: message)
    default: self = .unknown(code: Int(code), message: message)
    }
  }

  private static let databaseMoved = SQLITE_READONLY | 4 << 8
}

extension DatabaseError.Constraint {
  private static let kinds: [Int32: Kind] = [
    3: .foreignKey, 5: .notNull, 6: .unique, 8: .unique, 10: .unique, 1: .check,
  ]

  /// Reads `UNIQUE constraint failed: accounts.name, accounts.mail` and its kin.
  init(sqliteCode code: Int32, message: String) {
    let subject = message.split(separator: ": ", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
    let kind = message.hasPrefix(SQLiteSchema.nullPrefix) ? .notNull : Self.kinds[code >> 8] ?? .other
    switch kind {
    case .unique where subject.hasPrefix("index '"):
      self.init(kind, name: String(subject.dropFirst(7).dropLast()))
    case .unique, .notNull:
      self.init(kind, columns: subject.split(separator: ",").map { String($0.drop { $0 == " " }) })
    case .foreignKey, .check, .other:
      self.init(kind, name: subject.isEmpty ? nil : subject)
    }
  }
}
