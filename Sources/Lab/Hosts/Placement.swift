// The placement: the document that tells the app's processes where everything is.

import Foundation

/// What is written at `HEIGHTS_PLACEMENT`. Processes watch the file and follow each change without a restart. There are
/// no secrets in it.
public struct Placement: Codable, Equatable, Sendable {
  public struct Cluster: Codable, Equatable, Sendable {
    /// `HOST:PORT` of each member that holds data; whoever asks finds the leader among them.
    public var members: [String]

    public init(members: [String]) { self.members = members }
  }

  /// Shards of a database, and the cluster that has them.
  public struct Holding: Codable, Equatable, Sendable {
    /// Such as `0-4095`.
    public var shards: String
    public var cluster: String

    public init(shards: String = "0-4095", cluster: String) {
      self.shards = shards
      self.cluster = cluster
    }
  }

  public struct Cache: Codable, Equatable, Sendable {
    /// `HOST:PORT` of each sentinel: they know the leader.
    public var sentinels: [String]
    /// By which the sentinels know the cache.
    public var name: String

    public init(sentinels: [String], name: String = "cache") {
      self.sentinels = sentinels
      self.name = name
    }
  }

  /// The databases that HeightsKit keeps besides an app's own.
  public static let ownDatabases = ["sessions", "waitlist"]

  /// Only grows.
  public var epoch: Int
  public var clusters: [String: Cluster] = [:]
  /// A database that is not named is a SQLite file in the data folder.
  public var databases: [String: [Holding]] = [:]
  /// Stores of sessions, `redis` or `sql`: written to all, read in order.
  public var sessions: [String]?
  public var cache: Cache?
  /// Stores of objects, `s3` or `folder`: written to all, read in order.
  public var objects: [String]?

  public init(epoch: Int) { self.epoch = epoch }

  /// The placement on file; nil when there is none. Throws when the file is not one.
  public static func load(_ folder: AppFolder) throws(LabError) -> Placement? {
    guard let data = FileManager.default.contents(atPath: folder.placement) else { return nil }
    guard let placement = try? JSONDecoder().decode(Placement.self, from: data) else {
      throw .unreadablePlacement(path: folder.placement)
    }
    return placement
  }

  /// As it is written to the file.
  public var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Plain values always have a JSON form.
    return String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self) + "\n"
  }
}
