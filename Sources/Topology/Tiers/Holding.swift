// The data that a tier holds: which, and the shards of it.

/// A set of data of the app's that has to survive.
public enum DataSet: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The addresses that were left at the launch page.
  case waitlist
  case database(String)
  case sessions
  /// Photos and other files that users send.
  case objects

  public var description: String {
    switch self {
    case .waitlist: "waitlist"
    case .database(let name): "database \(name)"
    case .sessions: "sessions"
    case .objects: "objects"
    }
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    switch text {
    case "waitlist": self = .waitlist
    case "sessions": self = .sessions
    case "objects": self = .objects
    default:
      guard text.hasPrefix("database "), text != "database " else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no set of data"))
      }
      self = .database(String(text.dropFirst("database ".count)))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Logical shards, from the first to the last. Every identifier carries one of them from its first day, so that data
/// moves by shards and no identifier is ever rewritten.
public struct ShardRange: Codable, Hashable, Sendable, CustomStringConvertible {
  /// How many logical shards there are: identifiers have 12 bits for theirs.
  public static let count = 4096
  public static let all = ShardRange(first: 0, last: count - 1)

  public let first: Int
  /// Belongs to the range.
  public let last: Int

  /// A topology refuses a range that is empty or leaves 0 to 4,095.
  public init(first: Int, last: Int) {
    self.first = first
    self.last = last
  }

  public var size: Int { last - first + 1 }

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

/// Shards of a set of data.
public struct Holding: Codable, Hashable, Sendable {
  public let data: DataSet
  public let shards: ShardRange

  public init(_ data: DataSet, shards: ShardRange = .all) {
    self.data = data
    self.shards = shards
  }
}

/// Accounts whose data must not leave a jurisdiction: those whose identifiers carry one of these shards.
public struct Residency: Codable, Hashable, Sendable {
  /// Such as `EU`.
  public let jurisdiction: String
  public let shards: ShardRange

  public init(jurisdiction: String, shards: ShardRange) {
    self.jurisdiction = jurisdiction
    self.shards = shards
  }
}
