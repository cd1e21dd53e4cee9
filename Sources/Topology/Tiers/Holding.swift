// The data that a tier holds: which, and the shards of it.

import Placement

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

/// Shards of a set of data.
public struct Holding: Codable, Hashable, Sendable {
  /// What they are shards of.
  public let data: DataSet
  /// All of them, where it is not divided.
  public let shards: ShardRange

  /// All shards, unless told.
  public init(_ data: DataSet, shards: ShardRange = .all) {
    self.data = data
    self.shards = shards
  }
}

/// Accounts whose data must not leave a jurisdiction: those whose identifiers carry one of these shards.
public struct Residency: Codable, Hashable, Sendable {
  /// Such as `EU`.
  public let jurisdiction: String
  /// Those that such accounts get.
  public let shards: ShardRange

  /// - Parameter jurisdiction: such as `EU`.
  public init(jurisdiction: String, shards: ShardRange) {
    self.jurisdiction = jurisdiction
    self.shards = shards
  }
}
