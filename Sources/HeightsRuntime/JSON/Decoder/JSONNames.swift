// Of a name that an object has twice, the first counts.

/// The names of an object while it is read: notices that one may be there twice without keeping them.
struct JSONNames: ~Copyable {
  /// Up to here names are compared with each other; beyond it takes a set, or many names would take too long.
  private static let comparedCount = 16

  private(set) var mayRepeat = false
  private var seen: UInt64 = 0
  private var count = 0

  @inline(__always)
  mutating func add(_ name: JSONToken, _ source: borrowing JSONSource) {
    // By length and first bytes one of 64 bits: the same name has the same.
    let length = min(Int(name.extent), 8)
    let first = length == 0 ? 0 : source.eight(at: Int(name.start)) << UInt64(64 - 8 * length)
    let bit: UInt64 = 1 << (((first &+ UInt64(name.extent)) &* 0x9e37_79b9_7f4a_7c15) >> 58)
    if seen & bit != 0 { mayRepeat = true }
    seen |= bit
    count += 1
  }

  /// Marks those that are there already.
  func markRepeated(in object: Int, _ tokens: inout JSONTokens, _ source: borrowing JSONSource) {
    let end = Int(tokens[object].next)
    let isSmall = count <= Self.comparedCount
    var known: Set<Name> = []
    if !isSmall { known.reserveCapacity(count) }
    var name = object + 1
    while name < end {
      let bytes = source.bytes(of: tokens[name])
      let isKnown =
        isSmall
        ? Self.isKnown(bytes, from: object + 1, to: name, tokens, source)
        : !known.insert(Name(bytes: bytes)).inserted
      let next = Int(tokens[name + 1].next)
      if isKnown { tokens.markRepeated(name) }
      name = next
    }
  }

  private static func isKnown(
    _ name: UnsafeBufferPointer<UInt8>, from first: Int, to end: Int, _ tokens: borrowing JSONTokens,
    _ source: borrowing JSONSource
  ) -> Bool {
    var other = first
    while other < end {
      if source.isText(tokens[other], name) { return true }
      other = Int(tokens[other + 1].next)
    }
    return false
  }

  private struct Name: Hashable {
    // Sound: in the source, which outlives the set.
    let bytes: UnsafeBufferPointer<UInt8>

    static func == (one: Name, other: Name) -> Bool { one.bytes.elementsEqual(other.bytes) }
    func hash(into hasher: inout Hasher) { hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
  }
}
