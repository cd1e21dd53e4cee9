// Whether two tables hold the same rows, without having both at hand.

import CSodium

/// The sum of the hashes of rows: the same for the same rows in any order.
struct RowDigest: Equatable {
  private(set) var rowCount = 0
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  /// BLAKE2b of 16 bytes for each row, as libsodium has it.
  mutating func add(_ row: UnsafeRawBufferPointer) {
    var hash: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &hash) { hash in
      let (hash, row) = (hash.assumingMemoryBound(to: UInt8.self), row.assumingMemoryBound(to: UInt8.self))
      guard let place = hash.baseAddress else { return }
      _ = crypto_generichash(place, hash.count, row.baseAddress, UInt64(row.count), nil, 0)
    }
    rowCount += 1
    low &+= hash.0
    high &+= hash.1
  }
}
