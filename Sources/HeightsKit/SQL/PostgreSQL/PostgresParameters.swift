// The values of a statement as libpq takes them: in the binary format, with their types.

import CPostgres

/// The parameters of one statement, laid out for libpq.
struct PostgresParameters {
  /// pg_type.dat's numbers; 0 for NULL, whose type the server infers.
  let types: [Oid]
  private var bytes: [UInt8] = []
  /// Where each value lies in `bytes`; nil for NULL.
  private var places: [Range<Int>?] = []

  init(_ sql: SQL) {
    var types: [Oid] = []
    for case .value(let value) in sql.pieces {
      types.append(Self.type(of: value))
      let start = bytes.count
      Self.append(value, to: &bytes)
      if case .null = value { places.append(nil) } else { places.append(start..<bytes.count) }
    }
    self.types = types
  }

  private static func type(of value: SQLValue) -> Oid {
    switch value {
    case .null: 0
    case .integer: 20
    case .real: 701
    case .text: 25
    case .blob: 17
    }
  }

  private static func append(_ value: SQLValue, to bytes: inout [UInt8]) {
    switch value {
    case .null: break
    case .integer(let value): withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    case .real(let value): withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
    case .text(let value): bytes.append(contentsOf: value.utf8)
    case .blob(let value): bytes.append(contentsOf: value)
    }
  }

  /// Text can't hold a zero byte there, and says so before the server does.
  func check(_ sql: SQL) throws {
    for case .value(.text(let text)) in sql.pieces where text.utf8.contains(0) {
      throw DatabaseError.invalid(sql: sql.description, message: "a text holds a zero byte")
    }
  }

  /// Calls `send` with the count, values, lengths and formats.
  func withPointers(
    _ send: (
      Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) -> Int32
  ) -> Int32 {
    let count = places.count
    if count == 0 { return send(0, nil, nil, nil) }
    // One byte more, so that an empty value has an address too.
    return (bytes + [0]).withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
          for (index, place) in places.enumerated() {
            let start = place.flatMap { bytes.baseAddress?.advanced(by: $0.lowerBound) }
            values.initializeElement(at: index, to: start?.assumingMemoryBound(to: CChar.self))
            numbers.initializeElement(at: index, to: Int32(place?.count ?? 0))
            numbers.initializeElement(at: count + index, to: 1)
          }
          return send(
            Int32(count), UnsafePointer(values.baseAddress), UnsafePointer(numbers.baseAddress),
            UnsafePointer(numbers.baseAddress?.advanced(by: count)))
        }
      }
    }
  }
}
