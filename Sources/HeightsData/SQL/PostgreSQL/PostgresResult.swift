// What PostgreSQL answered, and how its rows are read. Values are in the binary format.

import CPostgres

/// A result. `@unchecked Sendable` is sound: libpq never changes a result once it has handed it over.
final class PostgresResult: @unchecked Sendable {
  fileprivate let handle: OpaquePointer
  let sql: SQL
  /// Whose answer it is, where that was asked for on a loop.
  let server: SQLServer?

  init(_ handle: OpaquePointer, of sql: SQL, from server: SQLServer? = nil) {
    self.handle = handle
    self.sql = sql
    self.server = server
  }

  deinit { PQclear(handle) }

  var rowCount: Int { Int(PQntuples(handle)) }
  var columnCount: Int { Int(PQnfields(handle)) }

  /// What the server says that it has done: `COMMIT`, `INSERT 0 1`…
  var tag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }

  /// How many rows the statement inserted, updated or deleted; 0 for others.
  var affectedRows: Int {
    if tag.hasPrefix("SELECT") { return 0 }
    return PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0
  }

  func map<T>(_ decode: (Row) throws -> T) throws -> [T] {
    try (0..<rowCount).map { try decode(Row(PostgresRow(self, $0))) }
  }

  func first<T>(_ decode: (Row) throws -> T) throws -> T? {
    rowCount == 0 ? nil : try decode(Row(PostgresRow(self, 0)))
  }
}

/// One row of a result.
struct PostgresRow {
  /// Types that values come in, by the numbers of PostgreSQL's pg_type.dat.
  private enum TypeID {
    static let bool: Oid = 16
    static let bytes: Oid = 17
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let blankPadded: Oid = 1042
    static let varchar: Oid = 1043
    static let numeric: Oid = 1700
  }

  private let result: PostgresResult
  private let row: Int32

  init(_ result: PostgresResult, _ row: Int) {
    self.result = result
    self.row = Int32(row)
  }

  func int(_ column: Int) throws -> Int64 {
    let value = try value(column, "int")
    switch value.type {
    case TypeID.int8: return value.integer(Int64.self)
    case TypeID.int4: return Int64(value.integer(Int32.self))
    case TypeID.int2: return Int64(value.integer(Int16.self))
    case TypeID.bool: return value.bytes[0] == 0 ? 0 : 1
    case TypeID.numeric:
      guard let whole = value.wholeNumeric else {
        throw mismatch(column, "is a numeric that is no 64-bit integer, and `int` was asked for")
      }
      return whole
    default: throw otherType(column, value.type, "int")
    }
  }

  func double(_ column: Int) throws -> Double {
    let value = try value(column, "double")
    switch value.type {
    case TypeID.float8: return Double(bitPattern: value.integer(UInt64.self))
    case TypeID.float4: return Double(Float(bitPattern: value.integer(UInt32.self)))
    case TypeID.numeric:
      guard let number = value.numeric else {
        throw mismatch(column, "is no number, and `double` was asked for")
      }
      return number
    default: return Double(try int(column))
    }
  }

  func text(_ column: Int) throws -> String {
    let value = try value(column, "text")
    switch value.type {
    case TypeID.text, TypeID.varchar, TypeID.blankPadded: return String(decoding: value.bytes, as: UTF8.self)
    default: throw otherType(column, value.type, "text")
    }
  }

  func blob(_ column: Int) throws -> [UInt8] {
    let value = try value(column, "blob")
    guard value.type == TypeID.bytes else { throw otherType(column, value.type, "blob") }
    return [UInt8](value.bytes)
  }

  func isNull(_ column: Int) throws -> Bool {
    try check(column)
    return PQgetisnull(result.handle, row, Int32(column)) == 1
  }

  /// A value's bytes, in network order. They live as long as the result.
  private struct Value {
    let type: Oid
    let bytes: UnsafeRawBufferPointer

    func integer<Integer: FixedWidthInteger>(_: Integer.Type) -> Integer {
      Integer(bigEndian: bytes.loadUnaligned(as: Integer.self))
    }

    /// The double that is nearest to a numeric, such as what `avg` makes of integers; nil for none.
    var numeric: Double? {
      guard bytes.count >= 8 else { return nil }
      let (digits, weight, sign) = (Int(word(0)), Int(word(1)), word(2))
      guard sign == 0 || sign == 0x4000, bytes.count >= 8 + 2 * digits else { return nil }
      // By way of decimal places, which Swift rounds once.
      let text = (0..<digits).map { place in
        let digit = String(word(4 + place))
        return String(repeating: "0", count: 4 - digit.utf8.count) + digit
      }.joined()
      let size = Double("\(text.isEmpty ? "0" : text)e\(4 * (weight + 1 - digits))")
      return size.map { sign == 0 ? $0 : -$0 }
    }

    /// Of a numeric, as its head and its digits are written.
    private func word(_ index: Int) -> Int64 {
      Int64(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
    }

    /// The value of a numeric without a fraction: what `sum` makes of integers. Its digits are of base 10,000, the
    /// first of them `weight` places before the point.
    var wholeNumeric: Int64? {
      guard bytes.count >= 8 else { return nil }
      let (digits, weight, sign) = (Int(word(0)), Int(word(1)), word(2))
      guard digits <= weight + 1, sign == 0 || sign == 0x4000, bytes.count >= 8 + 2 * digits else {
        return nil
      }
      var total: Int64 = 0
      for place in 0..<(digits == 0 ? 0 : weight + 1) {
        let digit = place < digits ? word(4 + place) : 0
        let (shifted, overflows) = total.multipliedReportingOverflow(by: 10_000)
        let (sum, overflowsToo) = shifted.addingReportingOverflow(digit)
        if overflows || overflowsToo { return nil }
        total = sum
      }
      return sign == 0 ? total : -total
    }
  }

  private func value(_ column: Int, _ name: String) throws -> Value {
    if try isNull(column) { throw mismatch(column, "is NULL, and `\(name)` was asked for") }
    let length = Int(PQgetlength(result.handle, row, Int32(column)))
    return Value(
      type: PQftype(result.handle, Int32(column)),
      bytes: UnsafeRawBufferPointer(start: PQgetvalue(result.handle, row, Int32(column)), count: length))
  }

  private func check(_ column: Int) throws {
    guard column >= 0, column < result.columnCount else {
      throw DatabaseError.invalid(
        sql: result.sql.description,
        message: "there is no column \(column): the result has \(result.columnCount), from 0")
    }
  }

  private static let names: [Oid: String] = [
    TypeID.bool: "a boolean", TypeID.bytes: "a blob", TypeID.int8: "an integer", TypeID.int4: "an integer",
    TypeID.int2: "an integer", TypeID.text: "text", TypeID.varchar: "text", TypeID.blankPadded: "text",
    TypeID.float4: "a double", TypeID.float8: "a double", TypeID.numeric: "a numeric",
  ]

  private func otherType(_ column: Int, _ type: Oid, _ name: String) -> DatabaseError {
    mismatch(column, "is \(Self.names[type] ?? "of type \(type)"), and `\(name)` was asked for")
  }

  func mismatch(_ column: Int, _ message: String) -> DatabaseError {
    let name = PQfname(result.handle, Int32(column)).map { String(cString: $0) } ?? ""
    return .invalid(sql: result.sql.description, message: "column \(column) (\(name)) \(message)")
  }
}

extension SQLServer {
  /// The one that a connection is to.
  convenience init(_ handle: OpaquePointer) {
    self.init(
      host: PQhost(handle).map { String(cString: $0) } ?? "",
      port: PQport(handle).flatMap { Int(String(cString: $0)) })
  }
}
