// Bytes that are put together piece by piece: answers, lines of a log.

import Glibc

/// Memory that grows with what is appended.
///
/// Not an array: an array asks at each append whether somebody else holds it, which takes longer than most pieces do.
package struct ByteBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  /// - Parameter capacity: bytes that there is room for at first.
  package init(capacity: Int) {
    self.capacity = max(capacity, 16)
    start = Self.memory(nil, self.capacity)
  }

  deinit { free(start) }

  /// Whether nothing is in it.
  package var isEmpty: Bool { count == 0 }

  /// A copy of what is in it.
  var bytes: [UInt8] { withBytes { Array($0) } }

  /// What is in it, valid during the call.
  package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Empties it and keeps its room.
  package mutating func removeAll() { count = 0 }

  /// Takes back what was appended beyond `count` bytes.
  mutating func truncate(to count: Int) { self.count = min(count, self.count) }

  mutating func append(_ byte: UInt8) {
    if count == capacity { grow(by: 1) }
    start[count] = byte
    count += 1
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let first = bytes.baseAddress, !bytes.isEmpty else { return }
    if capacity - count < bytes.count { grow(by: bytes.count) }
    memcpy(start + count, first, bytes.count)
    count += bytes.count
  }

  /// These bytes.
  package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

  /// A text that is known when it is compiled.
  package mutating func append(fixed text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// In UTF-8.
  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  /// In as many digits as it needs, after `-` if it is below zero.
  package mutating func append(decimal number: Int64) {
    append(decimal: number.magnitude, isNegative: number < 0)
  }

  /// The same of any width.
  mutating func append(anyDecimal number: some FixedWidthInteger) {
    guard let magnitude = UInt64(exactly: number.magnitude) else { return append(number.description) }
    append(decimal: magnitude, isNegative: number < 0)
  }

  private mutating func append(decimal magnitude: UInt64, isNegative: Bool) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var (rest, first) = (magnitude, 20)
      repeat {
        first -= 1
        digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if isNegative { append(UInt8(ascii: "-")) }
      append(UnsafeBufferPointer(rebasing: digits[first...]))
    }
  }

  /// As 16 digits.
  package mutating func append(hexadecimal number: UInt64) {
    for shift in stride(from: UInt64(60), through: 0, by: -4) {
      let four = UInt8(truncatingIfNeeded: number >> shift) & 15
      append(four < 10 ? UInt8(ascii: "0") + four : UInt8(ascii: "a") + four - 10)
    }
  }

  private mutating func grow(by size: Int) {
    capacity = max(2 * capacity, count + size)
    start = Self.memory(start, capacity)
  }

  /// By the C library: what Swift allocates without a type it aligns, which takes longer.
  private static func memory(_ former: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutablePointer<UInt8> {
    guard let memory = realloc(former, size) else { preconditionFailure("no memory for \(size) bytes") }
    return memory.assumingMemoryBound(to: UInt8.self)
  }
}
