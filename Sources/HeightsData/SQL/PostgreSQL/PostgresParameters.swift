// Values as PostgreSQL takes them in its binary format, with their types.

import CPostgres
import Glibc

/// The parameters of one statement after the other, laid out for libpq in memory that is kept. Loop thread only.
final class PostgresParameters {
  private(set) var count = 0
  /// pg_type.dat's numbers; 0 for a NULL of no kind, whose type the server infers. As many as `count`, like those below.
  private(set) var types = UnsafeMutablePointer<Oid>.allocate(capacity: 16)
  private(set) var values = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: 16)
  private(set) var lengths = UnsafeMutablePointer<Int32>.allocate(capacity: 16)
  /// All binary.
  private(set) var formats = UnsafeMutablePointer<Int32>.allocate(capacity: 16)
  private var capacity = 16
  private var bytes = UnsafeMutableRawPointer.allocate(byteCount: 1_024, alignment: 8)
  private var capacityBytes = 1_024

  init() { formats.initialize(repeating: 1, count: capacity) }

  deinit {
    types.deallocate()
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
    bytes.deallocate()
  }

  /// Lays out the values of a statement in place of those before.
  /// - Throws: `DatabaseError.zeroInText`, `.notANumber`.
  func set(_ sql: SQL) throws {
    reserve(sql)
    count = 0
    var end = bytes
    for piece in sql.pieces {
      guard let value = piece.bound else { continue }
      let start = end
      types[count] = piece.kind?.postgresType ?? 0
      switch value {
      case .null: break
      case .integer(let value): end = Self.store(value.bigEndian, at: end)
      case .real(let value):
        if value.isNaN { throw DatabaseError.notANumber }
        end = Self.store(value.bitPattern.bigEndian, at: end)
      case .text(var value):
        let length = value.utf8.count
        value.withUTF8 { if let base = $0.baseAddress { end.copyMemory(from: base, byteCount: length) } }
        guard memchr(end, 0, length) == nil else { throw DatabaseError.zeroInText }
        end += length
      case .blob(let value):
        value.withUnsafeBytes {
          if let base = $0.baseAddress { end.copyMemory(from: base, byteCount: $0.count) }
        }
        end += value.count
      }
      if case .null = value {
        values[count] = nil
      } else {
        values[count] = UnsafePointer(start.assumingMemoryBound(to: CChar.self))
      }
      lengths[count] = Int32(end - start)
      count += 1
    }
  }

  private static func store(_ number: some FixedWidthInteger, at place: UnsafeMutableRawPointer)
    -> UnsafeMutableRawPointer
  {
    place.storeBytes(of: number, as: type(of: number))
    return place + 8
  }

  private func reserve(_ sql: SQL) {
    var (wanted, wantedBytes) = (0, 0)
    for piece in sql.pieces {
      guard let value = piece.bound else { continue }
      wanted += 1
      switch value {
      case .null: break
      case .integer, .real: wantedBytes += 8
      case .text(let value): wantedBytes += value.utf8.count
      case .blob(let value): wantedBytes += value.count
      }
    }
    if wanted > capacity { grow(to: wanted) }
    if wantedBytes > capacityBytes {
      bytes.deallocate()
      capacityBytes = wantedBytes
      bytes = UnsafeMutableRawPointer.allocate(byteCount: capacityBytes, alignment: 8)
    }
  }

  private func grow(to wanted: Int) {
    func replace<Element>(_ memory: inout UnsafeMutablePointer<Element>) {
      memory.deallocate()
      memory = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    }
    capacity = wanted
    replace(&types)
    replace(&values)
    replace(&lengths)
    replace(&formats)
    formats.initialize(repeating: 1, count: capacity)
  }
}

extension SQLValue.Kind {
  fileprivate var postgresType: Oid {
    switch self {
    case .integer: 20
    case .real: 701
    case .text: 25
    case .blob: 17
    }
  }
}
