// PostgreSQL's SQLSTATE codes as errors of ours.

import CPostgres

extension DatabaseError {
  /// The error in a result. `sql` is the statement that caused it.
  init(_ result: OpaquePointer, sql: String) {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    guard let state = field("C") else {
      // libpq's own: the server was not heard.
      self = .gone(Self.message(of: result))
      return
    }
    guard state.hasPrefix("23") else {
      self.init(sqlState: state, message: field("M") ?? "unknown", sql: sql)
      return
    }
    self = .conflict(
      Constraint(sqlState: state, table: field("t"), column: field("c"), name: field("n"), detail: field("D"))
    )
  }

  /// What a result says went wrong, and its code.
  static func message(of result: OpaquePointer) -> String {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    guard let state = field("C") else {
      return PQresultErrorMessage(result).map { String(cString: $0) } ?? "unknown"
    }
    return "\(field("M") ?? "unknown") (SQLSTATE \(state))"
  }

  /// What became of a COMMIT that was answered with a tag; nil when it committed. The server answers a transaction that
  /// has failed with ROLLBACK, and no error.
  init?(tagOfCommit tag: String) {
    switch tag {
    case "COMMIT": return nil
    case "ROLLBACK":
      self = .invalid(sql: "COMMIT", message: "the server rolled back: a statement before had failed")
    default: self = .undecided("the server answered COMMIT with '\(tag)'")
    }
  }

  /// It is not known whether a transaction was committed: its rows may be there, or not.
  static func undecided(_ message: String) -> DatabaseError {
    Log.warning("it is not known whether a transaction was committed", [("why", message)])
    return .unknown(code: 0, message: message)
  }

  /// What a code of PostgreSQL 15's appendix A comes to. What whoever runs the server has done, or a failover, is never taken for
  /// a mistake of the app's.
  init(sqlState state: String, message: String, sql: String) {
    let told = "\(message) (SQLSTATE \(state))"
    switch state {
    // Whoever moves data elsewhere first takes the right to write it here away.
    case "25006", "42501": self = .readOnly
    case "57014": self = .timeout(told)
    // Others have the lock, the object, or the old rows.
    case "55P03", "55006", "72000": self = .contended(told)
    case "40003": self = .unknown(code: 0, message: told)
    case "53100": self = .full(told)
    // Ended after a wait, and what a server in recovery can't do: it does not lead.
    case "25P03", "3D000", "55000": self = .gone(told)
    case "XX001", "XX002": self = .corrupt(told)
    default: self = Self.ofClass(state, message, told, sql)
    }
  }

  private static func ofClass(
    _ state: String, _ message: String, _ told: String, _ sql: String
  ) -> DatabaseError {
    switch state.prefix(2) {
    case "23": .conflict(Constraint(sqlState: state, table: nil, column: nil, name: nil, detail: nil))
    case "40": .contended(told)
    case "53": .tooMany
    // The connection, who may connect, whoever runs the server, its disk and its files.
    case "08", "28", "57", "58", "F0": .gone(told)
    case "42", "22", "P0": .invalid(sql: sql, message: message)
    case "0A", "21", "2B", "25", "54": .invalid(sql: sql, message: told)
    // Not 0, which says that nothing is known.
    default: .unknown(code: max(Int(state, radix: 36) ?? 1, 1), message: told)
    }
  }
}

extension DatabaseError.Constraint {
  /// - Parameter detail: for a key it begins `Key (shard, name)=…`: the engine names its columns nowhere else.
  init(sqlState: String, table: String?, column: String?, name: String?, detail: String?) {
    let kind: Kind =
      switch sqlState {
      case "23505": .unique
      case "23503": .foreignKey
      case "23502": .notNull
      case "23514": .check
      default: .other
      }
    let columns = column.map { [$0] } ?? Self.keyColumns(in: detail ?? "")
    self.init(kind, columns: columns.map { (table.map { "\($0)." } ?? "") + $0 }, name: name)
  }

  private static func keyColumns(in detail: String) -> [String] {
    // Other details show the row, values and all.
    guard detail.hasPrefix("Key ("), let open = detail.firstIndex(of: "("),
      let close = detail.firstIndex(of: ")"), open < close
    else {
      return []
    }
    return detail[detail.index(after: open)..<close].split(separator: ",").map {
      String($0.drop { $0 == " " })
    }
  }
}
