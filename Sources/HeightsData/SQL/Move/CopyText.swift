// Rows in the text format of PostgreSQL's COPY, made from rows of SQLite.

import CSQLite

/// A buffer of rows. The format is that of PostgreSQL 15's manual, COPY, "Text Format": what this writes is byte for byte
/// what the server writes for the same row, so that digests of both can be compared.
struct CopyText {
  private(set) var bytes: [UInt8] = []

  private static let tab = UInt8(ascii: "\t")
  private static let newLine = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")
  /// PostgreSQL's bound of a line of COPY, less some room. A blob has two bytes here for each of its own.
  private static let rowLimitBytes = 1_000_000_000

  /// Why a value can't go to PostgreSQL as it is.
  struct Refusal: Error {
    let column: MoveTable.Column
    let reason: String
  }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Adds the row that a statement stands at: its columns from the first on.
  /// - Parameter realsAsBits: writes floating-point numbers as the hexadecimal digits of their bits, for a comparison.
  /// - Throws: `Refusal` for a value that PostgreSQL's column would not hold as it is.
  mutating func append(
    rowOf statement: Statement, _ columns: [MoveTable.Column], realsAsBits: Bool = false
  ) throws(Refusal) {
    let start = bytes.count
    for (index, column) in columns.enumerated() {
      if index > 0 { bytes.append(Self.tab) }
      try append(Int32(index), of: statement.handle, column, realsAsBits)
      if bytes.count - start > Self.rowLimitBytes {
        throw Refusal(
          column: column,
          reason: "with it the row is larger than PostgreSQL takes, 1 GB as text; make it smaller")
      }
    }
    bytes.append(Self.newLine)
  }

  private mutating func append(
    _ index: Int32, of statement: OpaquePointer, _ column: MoveTable.Column, _ realsAsBits: Bool
  ) throws(Refusal) {
    let type = sqlite3_column_type(statement, index)
    switch (type, column.kind) {
    case (SQLITE_NULL, _):
      if column.isRequired { throw Refusal(column: column, reason: Self.nullReason) }
      bytes.append(Self.backslash)
      bytes.append(UInt8(ascii: "N"))
    case (SQLITE_INTEGER, .integer(let size)):
      let number = sqlite3_column_int64(statement, index)
      let shift = 64 - 8 * size
      guard (number << shift) >> shift == number else {
        throw Refusal(
          column: column,
          reason: "\(number) is more than \(column.type) holds; make the column BIGINT with a migration")
      }
      append(number)
    case (SQLITE_FLOAT, .real), (SQLITE_INTEGER, .real):
      let number = sqlite3_column_double(statement, index)
      // SQLite keeps the whole numbers of such a column as integers, and reads them as what they were.
      if type == SQLITE_INTEGER, Int64(exactly: number) != sqlite3_column_int64(statement, index) {
        throw Refusal(column: column, reason: Self.otherType(type, column))
      }
      append(number, asBits: realsAsBits)
    case (SQLITE_TEXT, .text(let limit)): try append(textOf: statement, index, column, limit)
    case (SQLITE_BLOB, .blob): append(blobOf: statement, index)
    default: throw Refusal(column: column, reason: Self.otherType(type, column))
    }
  }

  // MARK: Reasons

  private static let nullReason =
    "it is NULL, which SQLite allows in a primary key and PostgreSQL does not; give it a value or remove the row"

  private static func otherType(_ type: Int32, _ column: MoveTable.Column) -> String {
    let names = [
      SQLITE_INTEGER: "an integer", SQLITE_FLOAT: "a floating-point number", SQLITE_TEXT: "a text",
      SQLITE_BLOB: "a blob",
    ]
    return "it holds \(names[type] ?? "an unknown type"), and PostgreSQL's column is \(column.type); "
      + "store what the column is for, or change its type with a migration"
  }

  // MARK: Numbers

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

  // MARK: Blobs and texts

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

  private mutating func append(
    textOf statement: OpaquePointer, _ index: Int32, _ column: MoveTable.Column, _ limit: Int?
  ) throws(Refusal) {
    guard let start = sqlite3_column_text(statement, index) else { return }
    let text = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, index)))
    var plain = text.startIndex
    var all: UInt8 = 0
    for position in text.indices {
      let byte = text[position]
      all |= byte
      guard byte < 0x20 || byte == Self.backslash else { continue }
      if byte == 0 {
        throw Refusal(
          column: column,
          reason: "it holds a text with a zero byte, which PostgreSQL does not store; remove the byte")
      }
      guard let letter = Self.escape(byte) else { continue }
      bytes.append(contentsOf: text[plain..<position])
      bytes.append(Self.backslash)
      bytes.append(letter)
      plain = position + 1
    }
    bytes.append(contentsOf: text[plain...])
    if all >= 0x80, String(validating: text, as: UTF8.self) == nil {
      throw Refusal(
        column: column, reason: "it holds a text that is not UTF-8, which PostgreSQL does not store; mend it")
    }
    if let limit { try check(text, limit, column) }
  }

  private func check(
    _ text: UnsafeBufferPointer<UInt8>, _ limit: Int, _ column: MoveTable.Column
  ) throws(Refusal) {
    // Each character has one byte that does not continue another.
    let length = text.count { $0 & 0xC0 != 0x80 }
    if length <= limit { return }
    throw Refusal(
      column: column,
      reason: "it holds a text of \(length) characters, and PostgreSQL's column is \(column.type); "
        + "shorten it, or make the column TEXT with a migration")
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
