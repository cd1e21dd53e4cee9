// Where everything of an app is: the document that tells its processes, and that a climb replaces.

import Foundation

/// A version of an app's placement. Each one has a higher epoch than the one before; a process goes by the highest that
/// it has seen.
///
/// ```json
/// {
///   "epoch": 12,
///   "clusters": {"main": {"members": ["127.1.1.50:5432", "127.1.2.50:5432"]}},
///   "databases": {"posts": [{"shards": "0-4095", "cluster": "main"}]},
///   "sessions": ["redis", "sql"],
///   "cache": {"sentinels": ["127.1.1.30:26379"], "name": "cache"},
///   "objects": ["s3", "folder"]
/// }
/// ```
///
/// There is no secret in it. A database that it does not name is a SQLite file in the process's data folder.
public struct Placement: Equatable, Sendable {
  /// Servers of one PostgreSQL cluster: whichever of them leads takes the writes.
  public struct Cluster: Equatable, Sendable {
    /// At least one.
    public let members: [ServerAddress]

    public init(members: [ServerAddress]) { self.members = members }
  }

  /// Shards of a database, and the cluster that has them.
  public struct Range: Equatable, Sendable {
    public let shards: ClosedRange<Int>
    /// A name in `clusters`.
    public let cluster: String

    public init(shards: ClosedRange<Int>, cluster: String) {
      self.shards = shards
      self.cluster = cluster
    }
  }

  /// A Redis that processes share.
  public enum SharedCache: Equatable, Sendable {
    /// The sentinels know which server leads what they call `name`.
    case sentinels([ServerAddress], name: String)
    /// Whichever of them says that it leads.
    case servers([ServerAddress], tls: Bool)
  }

  /// Where sessions are: SQL keeps them, and Redis before it answers for it. Redis behind it is only told of those that
  /// end, which every process has to do before any asks it.
  public enum SessionStoreName: String, Codable, Sendable {
    case sql, redis
  }

  /// Where objects are kept. Written to all in order; read in order until found.
  public enum ObjectStoreName: String, Codable, Sendable {
    case folder, s3
  }

  /// 0 for what the environment implies, then counted up.
  public let epoch: Int
  public let clusters: [String: Cluster]
  /// For each database all 4,096 shards, in order.
  public let databases: [String: [Range]]
  public let sessions: [SessionStoreName]
  /// Nil: each process keeps its own cache.
  public let cache: SharedCache?
  public let objects: [ObjectStoreName]

  /// - Throws: `PlacementError` that names what can't be.
  public init(
    epoch: Int, clusters: [String: Cluster] = [:], databases: [String: [Range]] = [:],
    sessions: [SessionStoreName] = [.sql], cache: SharedCache? = nil, objects: [ObjectStoreName] = [.folder]
  ) throws {
    self.epoch = epoch
    self.clusters = clusters
    self.databases = databases
    self.sessions = sessions
    self.cache = cache
    self.objects = objects
    try check()
  }

  /// A process of its own: everything in its data folder.
  public static let local = Placement()

  private init() {
    (epoch, clusters, databases, sessions, cache, objects) = (0, [:], [:], [.sql], nil, [.folder])
  }

  private func check() throws {
    if epoch < 0 { throw PlacementError("epoch is \(epoch): expected 0 or more") }
    for (name, cluster) in clusters where cluster.members.isEmpty {
      throw PlacementError("cluster \(name) has no members")
    }
    for (name, ranges) in databases { try check(ranges, of: name) }
    try check(sessions, "sessions")
    try check(objects, "objects")
    if !sessions.contains(.sql) { throw PlacementError("sessions are not in sql, which keeps them") }
    if sessions.contains(.redis), cache == nil {
      throw PlacementError("sessions are in redis, and there is no cache")
    }
    switch cache {
    case .sentinels(let addresses, _) where addresses.isEmpty,
      .servers(let addresses, _) where addresses.isEmpty:
      throw PlacementError("the cache has no addresses")
    case .sentinels, .servers, nil: break
    }
  }

  private func check(_ ranges: [Range], of database: String) throws {
    var next = 0
    for range in ranges {
      if clusters[range.cluster] == nil {
        throw PlacementError("database \(database) is in cluster \(range.cluster), which does not exist")
      }
      guard range.shards.lowerBound == next else {
        throw PlacementError("database \(database): expected shards from \(next) on, found \(range.text)")
      }
      next = range.shards.upperBound + 1
    }
    if next != Shard.count {
      throw PlacementError("database \(database) ends with shard \(next - 1): expected \(Shard.count - 1)")
    }
  }

  private func check<Store: Hashable>(_ stores: [Store], _ what: String) throws {
    if stores.isEmpty { throw PlacementError("\(what) are nowhere") }
    if Set(stores).count < stores.count { throw PlacementError("\(what) name a store twice") }
  }

  /// The cluster that has all of a database; nil when it is a file. Throws when it is in several.
  func cluster(of database: String) throws -> Cluster? {
    // Checked at construction.
    try clusterName(of: database).flatMap { clusters[$0] }
  }

  /// The name of the cluster that has all of a database; nil when it is a file. Throws when it is in several.
  func clusterName(of database: String) throws -> String? {
    guard let ranges = databases[database] else { return nil }
    guard ranges.count == 1 else {
      throw PlacementError("database \(database) is in \(ranges.count) clusters: this version reads one")
    }
    return ranges[0].cluster
  }
}

/// Why a placement can't be used.
public struct PlacementError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Where a server listens.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  public let host: String
  /// 1 to 65,535.
  public let port: Int

  /// Reads `HOST:PORT`; nil for anything else.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port), colon != text.startIndex,
      text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") })
    else { return nil }
    host = String(text[..<colon])
    self.port = port
  }

  public var description: String { "\(host):\(port)" }
}

extension Placement.Range {
  var text: String { "\(shards.lowerBound)-\(shards.upperBound)" }
}
