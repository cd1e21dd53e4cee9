// What a JSON text is made of, as a table in the order of the text.

import Glibc

/// A value, or the name of a member. In an object each name is followed by its value; what is in an array or object follows
/// it, up to `next`.
struct JSONToken {
  enum Kind: UInt8 {
    case object, array, text
    /// The name of a member whose name the object has before: as if neither were there.
    case repeatedName
    /// Digits, after a minus or not.
    case wholeNumber
    /// With a fraction or an exponent.
    case decimalNumber
    case yes, no, null
  }

  var kind: Kind
  /// Where it begins; of texts, after the quote.
  let start: UInt32
  /// Bytes of texts (without escapes) and numbers, elements of an array; of an object the token at which a look-up begins.
  var extent: UInt32
  /// The first token that is not in it.
  var next: UInt32
}

/// The tokens of one text: one for each two bytes at most, as in `[1,1,1]`, and one for each level of arrays.
struct JSONTokens: ~Copyable {
  // Sound: this alone has the memory, and gives out values, not places. An index is one that `append` has returned, or
  // comes from such a token's `next` and is below `count`.
  private var start: UnsafeMutablePointer<JSONToken>
  private var capacity: Int
  private(set) var count = 0

  init(textBytes: Int) {
    capacity = textBytes / 8 + 16
    start = Self.memory(nil, capacity)
  }

  deinit { free(start) }

  @inline(__always)
  mutating func append(_ kind: JSONToken.Kind, at position: Int, extent: Int = 0) -> Int {
    if count == capacity { grow() }
    let token = JSONToken(
      kind: kind, start: UInt32(truncatingIfNeeded: position), extent: UInt32(truncatingIfNeeded: extent),
      next: UInt32(truncatingIfNeeded: count + 1))
    (start + count).initialize(to: token)
    count += 1
    return count - 1
  }

  subscript(index: Int) -> JSONToken {
    @inline(__always) get { start[index] }
  }

  /// Ends an array or object with the last token.
  mutating func close(_ index: Int, extent: Int) {
    start[index].next = UInt32(truncatingIfNeeded: count)
    start[index].extent = UInt32(truncatingIfNeeded: extent)
  }

  mutating func markRepeated(_ name: Int) { start[name].kind = .repeatedName }

  /// Where the next look-up in this object begins: members are mostly asked for in their order.
  func look(in object: Int, from name: UInt32) { start[object].extent = name }

  private mutating func grow() {
    capacity *= 2
    start = Self.memory(start, capacity)
  }

  private static func memory(
    _ former: UnsafeMutableRawPointer?, _ capacity: Int
  ) -> UnsafeMutablePointer<JSONToken> {
    let size = capacity * MemoryLayout<JSONToken>.stride
    guard let memory = realloc(former, size) else { preconditionFailure("no memory for \(size) bytes") }
    return memory.assumingMemoryBound(to: JSONToken.self)
  }
}
