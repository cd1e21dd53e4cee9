// Identifiers of 64 bits that carry when and for which shard they were made.

/// Names one row for good: 41 bits of milliseconds since 2024-01-01 UTC, 12 bits of shard, 10 bits of sequence.
///
/// Identifiers of one database are ordered by time (of one shard: strictly). As text they are decimal; JSON should
/// carry that text, for numbers above 2^53 do not survive JavaScript.
public struct Identifier: Hashable, Comparable, Sendable, LosslessStringConvertible {
  /// 2024-01-01T00:00:00Z in milliseconds since 1970.
  static let epochMs: Int64 = 1_704_067_200_000

  /// As the database stores it; never negative.
  public let value: Int64

  /// `nil` for negative numbers.
  public init?(_ value: Int64) {
    guard value >= 0 else { return nil }
    self.value = value
  }

  /// - Parameter tick: milliseconds since the epoch above times 1,024, plus the sequence; below 2^51.
  init(tick: Int64, shard: Shard) {
    value = (tick >> 10) << 22 | Int64(shard.number) << 10 | (tick & 1_023)
  }

  /// The lowest identifier of a moment, in milliseconds since 1970: where a range of time begins. Never stored.
  public static func first(ofMs ms: Int64) -> Identifier {
    Identifier(tick: max(ms - epochMs, 0) << 10, shard: Shard(0)!)  // 0 is a shard
  }

  /// Reads exactly what `description` writes: decimal digits with no sign and no leading zero.
  public init?(_ description: String) {
    guard let value = Int64(description), value >= 0, String(value) == description else { return nil }
    self.value = value
  }

  public var description: String { String(value) }

  /// The one that what it names belongs to, for good.
  public var shard: Shard {
    // 12 bits are always a shard.
    Shard(Int(value >> 10 & 0xfff))!
  }

  /// When it was made, in milliseconds since 1970 (UTC).
  public var createdAtMs: Int64 { (value >> 22) + Identifier.epochMs }

  public static func < (left: Identifier, right: Identifier) -> Bool { left.value < right.value }
}

extension Identifier: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let identifier = Identifier(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected an identifier (decimal digits), found \"\(text)\"")
    }
    self = identifier
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
