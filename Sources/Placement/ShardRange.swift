// Shards that lie next to each other: what data is divided into.

/// Logical shards, from the first to the last. Every identifier carries one of them from its first day, so that data
/// moves by shards and no identifier is ever rewritten.
public struct ShardRange: Codable, Hashable, Sendable, CustomStringConvertible {
  /// All 4,096.
  public static let all = ShardRange(first: 0, last: Shard.count - 1)

  /// Belongs to the range.
  public let first: Int
  /// Belongs to the range.
  public let last: Int

  /// Topologies and placements refuse a range that is empty or leaves 0 to 4,095.
  public init(first: Int, last: Int) {
    self.first = first
    self.last = last
  }

  /// Reads what `description` writes, such as `0-4095`; nil for anything else, and for a range that leaves the shards.
  public init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1] else { return nil }
    self.init(first: first, last: last)
    guard isPossible else { return nil }
  }

  /// Whether it has a shard, and none outside 0 to 4,095.
  public var isPossible: Bool { 0 <= first && first <= last && last < Shard.count }

  /// How many shards it has.
  package var size: Int { last - first + 1 }

  /// Whether there is a shard that both have.
  public func overlaps(_ other: ShardRange) -> Bool { first <= other.last && other.first <= last }

  /// What is in both; nil when nothing is.
  public func intersection(_ other: ShardRange) -> ShardRange? {
    overlaps(other) ? ShardRange(first: max(first, other.first), last: min(last, other.last)) : nil
  }

  /// `parts` ranges after each other, none larger than another by more than one shard.
  public func split(into parts: Int) -> [ShardRange] {
    (0..<parts).map { part in
      ShardRange(first: first + size * part / parts, last: first + size * (part + 1) / parts - 1)
    }
  }

  public var description: String { "\(first)-\(last)" }
}
