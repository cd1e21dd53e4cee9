// PostgreSQL's SQLSTATE codes as errors of ours.

import CPostgres

extension DatabaseError {
  /// The error in a result. `sql` is the statement that caused it.
  init(_ result: OpaquePointer, sql: String) {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    let state = field("C") ?? ""
    let message = field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "unknown"
    switch state.prefix(2) {
    case "23":
      self = .conflict(
        Constraint(
          sqlState: state, table: field("t"), column: field("c"), name: field("n"), detail: field("D")))
    // Whoever moves data elsewhere first takes the right to write it here away.
    case _ where state == "42501": self = .readOnly
    case "42", "22", "P0": self = .invalid(sql: sql, message: message)
    default: self = DatabaseError(sqlState: state, message: "\(message) (SQLSTATE \(state))", sql: sql)
    }
  }

  /// What became of a COMMIT that was answered with a tag; nil when it committed. The server answers a transaction that
  /// has failed with ROLLBACK, and no error.
  init?(tagOfCommit tag: String) {
    switch tag {
    case "COMMIT": return nil
    case "ROLLBACK":
      self = .invalid(sql: "COMMIT", message: "the server rolled back: a statement before had failed")
    default: self = .unknown(code: 0, message: "the server answered COMMIT with '\(tag)'")
    }
  }

  /// The classes and codes of PostgreSQL 15's appendix A.
  private init(sqlState state: String, message: String, sql: String) {
    switch state {
    case "25006": self = .readOnly
    case "57014": self = .timeout(message)
    case "40001", "40P01", "55P03": self = .contended(message)
    case "53100": self = .full(message)
    case "53200", "53300", "53400": self = .tooMany
    // Ended by an administrator, by a crash, or not yet accepting connections.
    case "57P01", "57P02", "57P03", "57P05", "3D000", "25P03": self = .gone(message)
    default:
      switch state.prefix(2) {
      case "08", "28": self = .gone(message)
      case "XX": self = .corrupt(message)
      case "0A", "21", "2B", "25", "54": self = .invalid(sql: sql, message: message)
      default: self = .unknown(code: Int(state, radix: 36) ?? 0, message: message)
      }
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
