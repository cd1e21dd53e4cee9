// A key as text: how far a copy has come outlives the process that copies.

import Foundation

enum MoveKey {
  static func encode(_ key: [SQLValue]) -> String {
    var writer = JSONWriter()
    writer.array(key) { writer, value in
      switch value {
      case .null: writer.string("n")
      case .integer(let value): writer.string("i\(value)")
      case .real(let value): writer.string("r\(value.bitPattern)")
      case .text(let value): writer.string("t" + value)
      case .blob(let value): writer.string("b" + Data(value).base64EncodedString())
      }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// Nil for the empty key: before the first row.
  static func decode(_ text: String) throws -> [SQLValue]? {
    let parts = (try? JSON.decode([String].self, from: Array(text.utf8))) ?? []
    let values = parts.compactMap(value)
    if values.count != parts.count { throw MoveError("how far the copy has come is not understood: \(text)") }
    return values.isEmpty ? nil : values
  }

  private static func value(_ text: String) -> SQLValue? {
    // By scalars: a text that begins with an accent would lend it to the letter before.
    let rest = String(text.unicodeScalars.dropFirst())
    switch text.unicodeScalars.first {
    case "n": return .null
    case "i": return Int64(rest).map { .integer($0) }
    case "r": return UInt64(rest).map { .real(Double(bitPattern: $0)) }
    case "t": return .text(rest)
    case "b": return Data(base64Encoded: rest).map { .blob([UInt8]($0)) }
    default: return nil
    }
  }

  /// For people, cut short.
  static func shown(_ key: [SQLValue]) -> String {
    "(" + key.map(shown).joined(separator: ", ") + ")"
  }

  private static let shownLength = 60

  private static func shown(_ value: SQLValue) -> String {
    switch value {
    case .null: "NULL"
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): "'\(value.prefix(shownLength))\(value.count > shownLength ? "…" : "")'"
    case .blob(let value):
      "x'" + value.prefix(shownLength).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        + "\(value.count > shownLength ? "…" : "")'"
    }
  }
}
