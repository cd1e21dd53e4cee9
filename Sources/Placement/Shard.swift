// The logical shard: the unit in which data is placed and moved.

/// One of the 4,096 logical shards, from the first day on. Which cluster holds it is a matter of placement.
public struct Shard: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// How many there are, for good: identifiers carry the number in 12 bits.
  public static let count = 4_096

  /// From 0 to 4,095.
  public let number: UInt16

  /// `nil` outside 0..<4,096.
  public init?(_ number: Int) {
    guard (0..<Shard.count).contains(number) else { return nil }
    self.number = UInt16(number)
  }

  /// The shard that a key (a name, a mail address) belongs to.
  ///
  /// Stable for good, on every machine: FNV-1a (64 bits) over the key's UTF-8, folded to its lowest 12 bits by an
  /// exclusive or with the next 12. Bring keys to one form (lower case, say) before.
  public init(of key: String) {
    let hash = FNV1a.hash(key.utf8)
    number = UInt16((hash ^ (hash >> 12)) & 0xfff)
  }

  public var description: String { String(number) }

  public static func < (left: Shard, right: Shard) -> Bool { left.number < right.number }
}
