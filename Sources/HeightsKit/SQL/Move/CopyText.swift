// Rows in the text format of PostgreSQL's COPY, made from rows of SQLite.

import CSQLite

/// A buffer of rows. The format is that of PostgreSQL 15's manual, COPY, "Text Format": what this writes is byte for byte
/// what the server writes for the same row, so that digests of both can be compared.
struct CopyText {
  private(set) var bytes: [UInt8] = []

  private static let tab = UInt8(ascii: "\t")
  private static let newLine = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Adds the row that a statement stands at.
  /// - Parameter realsAsBits: writes floating-point numbers as the hexadecimal digits of their bits, for a comparison.
  /// - Throws: `MoveError` for a text with a zero byte, which PostgreSQL does not store.
  mutating func append(rowOf statement: Statement, of table: MoveTable, realsAsBits: Bool = false) throws {
    for column in table.columns.indices {
      if column > 0 { bytes.append(Self.tab) }
      try append(column, of: statement, table, realsAsBits)
    }
    bytes.append(Self.newLine)
  }

  private mutating func append(
    _ column: Int, of statement: Statement, _ table: MoveTable, _ realsAsBits: Bool
  ) throws {
    let index = Int32(column)
    switch sqlite3_column_type(statement.handle, index) {
    case SQLITE_NULL:
      bytes.append(Self.backslash)
      bytes.append(UInt8(ascii: "N"))
    case SQLITE_INTEGER where table.columns[column].kind != .real:
      append(sqlite3_column_int64(statement.handle, index))
    case SQLITE_INTEGER, SQLITE_FLOAT:
      append(sqlite3_column_double(statement.handle, index), asBits: realsAsBits)
    case SQLITE_BLOB: append(blobOf: statement.handle, index)
    default:
      guard appendText(of: statement.handle, index) else {
        throw MoveError(
          "table \(table.name), column \(table.columns[column].name): a text holds a zero byte, which PostgreSQL does not store; remove it first"
        )
      }
    }
  }

  /// Without a text of its own in between: most columns are numbers.
  private mutating func append(_ number: Int64) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = number.magnitude
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  private mutating func append(_ number: Double, asBits: Bool) {
    if asBits {
      let digits = String(number.bitPattern, radix: 16)
      bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 16 - digits.utf8.count))
      bytes.append(contentsOf: digits.utf8)
    } else {
      // The shortest text that stands for the same number, which PostgreSQL reads exactly.
      bytes.append(contentsOf: "\(number)".utf8)
    }
  }

  private mutating func append(blobOf statement: OpaquePointer, _ index: Int32) {
    bytes.append(contentsOf: [Self.backslash, Self.backslash, UInt8(ascii: "x")])
    guard let start = sqlite3_column_blob(statement, index) else { return }
    let count = Int(sqlite3_column_bytes(statement, index))
    for byte in UnsafeRawBufferPointer(start: start, count: count) {
      bytes.append(Self.digit(byte >> 4))
      bytes.append(Self.digit(byte & 15))
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// - Returns: false when there is a zero byte.
  private mutating func appendText(of statement: OpaquePointer, _ index: Int32) -> Bool {
    guard let start = sqlite3_column_text(statement, index) else { return true }
    let text = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, index)))
    var plain = text.startIndex
    for (position, byte) in text.enumerated() where byte < 0x20 || byte == Self.backslash {
      if byte == 0 { return false }
      guard let letter = Self.escape(byte) else { continue }
      bytes.append(contentsOf: text[plain..<position])
      bytes.append(Self.backslash)
      bytes.append(letter)
      plain = position + 1
    }
    bytes.append(contentsOf: text[plain...])
    return true
  }

  /// What stands behind the backslash; nil for a byte that stands for itself.
  private static func escape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0B: UInt8(ascii: "v")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    case backslash: backslash
    default: nil
    }
  }
}
