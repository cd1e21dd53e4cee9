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
///   "objects": ["s3", "folder"],
///   "services": {"accounts": {"addresses": ["127.1.1.40:8080"], "share": 1024, "callers": ["web"]}},
///   "keys": {"web": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]}
/// }
/// ```
///
/// There is no secret in it. A database that it does not name is a SQLite file in the process's data folder. What is read
/// or written is possible (`check`); one that is being put together need not be yet.
public struct Placement: Equatable, Sendable {
  /// The databases that HeightsKit keeps besides an app's own.
  public static let ownDatabases = ["sessions", "waitlist"]

  /// Servers of one PostgreSQL cluster: whichever of them leads takes the writes.
  public struct Cluster: Codable, Equatable, Sendable {
    /// Those that hold data; at least one.
    public var members: [ServerAddress]

    /// - Parameter members: at least one.
    public init(members: [ServerAddress]) { self.members = members }
  }

  /// Shards of a database, and the cluster that has them.
  public struct Range: Equatable, Sendable {
    /// Those that follow on the range before.
    public var shards: ShardRange
    /// A name in `clusters`.
    public var cluster: String

    /// All shards in one cluster, unless told.
    public init(shards: ShardRange = .all, cluster: String) {
      self.shards = shards
      self.cluster = cluster
    }
  }

  /// A service that others call over the network.
  public struct Service: Equatable, Sendable {
    /// Calls are counted in these parts where some stay with the caller.
    public static let parts = 1_024

    /// Of the load balancers of its layer, each as good as the other; at least one.
    public var addresses: [ServerAddress]
    /// Whether they are asked within TLS, each by a certificate of its host's name.
    public var tls: Bool
    /// How many of 1,024 calls go there from a process that does the work too; all of those from any other do. 0 to 1,024.
    public var share: Int
    /// The services that may call it.
    public var callers: [String]

    /// - Parameters:
    ///   - addresses: at least one.
    ///   - share: of 1,024 calls.
    ///   - callers: names of services.
    public init(addresses: [ServerAddress], tls: Bool = false, share: Int = parts, callers: [String]) {
      self.addresses = addresses
      self.tls = tls
      self.share = share
      self.callers = callers
    }
  }

  /// A Redis that processes share.
  public enum SharedCache: Equatable, Sendable {
    /// The sentinels know which server leads what they call `name`.
    case sentinels([ServerAddress], name: String = "cache")
    /// Whichever of them says that it leads.
    case servers([ServerAddress], tls: Bool)
  }

  /// Where sessions are. SQL and DynamoDB keep them: the first of the two begins them and answers, and the second is asked
  /// for what the first doesn't know, and told of those that end. Redis before them answers for them; behind them it is
  /// only told of those that end, which every process has to do before any asks it.
  public enum SessionStoreName: String, Codable, Sendable {
    case sql, redis, dynamodb

    /// Whether it keeps sessions, and doesn't only have copies of them.
    public var isKeeper: Bool { self != .redis }
  }

  /// Where objects are kept. Written to all in order; read in order until found.
  public enum ObjectStoreName: String, Codable, Sendable {
    case folder, s3
  }

  /// 0 for what the environment implies, then counted up.
  public var epoch: Int
  /// By name.
  public var clusters: [String: Cluster]
  /// For each database all 4,096 shards, in order.
  public var databases: [String: [Range]]
  /// Each once, and one that keeps them among them.
  public var sessions: [SessionStoreName]
  /// The epoch with which a keeper of sessions came into `sessions`, as `next` notes it; 0 for one that was there from the
  /// beginning. What a keeper has from an earlier time counts for nothing: it was not told of what ended meanwhile.
  public var sessionsSince: [SessionStoreName: Int]
  /// Nil: each process keeps its own cache.
  public var cache: SharedCache?
  /// Each once, at least one.
  public var objects: [ObjectStoreName]
  /// By name; those that it does not name are done by whoever calls them.
  public var services: [String: Service]
  /// The public keys (Ed25519, base 64 for URLs) by which a service is known as the caller of others: the newest last, and the one
  /// before as long as what it has signed may be on its way.
  public var keys: [String: [String]]

  /// Where nothing is named, everything is in the process's data folder.
  public init(
    epoch: Int, clusters: [String: Cluster] = [:], databases: [String: [Range]] = [:],
    sessions: [SessionStoreName] = [.sql], sessionsSince: [SessionStoreName: Int] = [:],
    cache: SharedCache? = nil, objects: [ObjectStoreName] = [.folder],
    services: [String: Service] = [:], keys: [String: [String]] = [:]
  ) {
    self.epoch = epoch
    self.clusters = clusters
    self.databases = databases
    self.sessions = sessions
    self.sessionsSince = sessionsSince
    self.cache = cache
    self.objects = objects
    self.services = services
    self.keys = keys
  }

  /// A process of its own: everything in its data folder.
  public static let local = Placement(epoch: 0)

  /// The version after this one.
  public func next(_ change: (inout Placement) throws -> Void) rethrows -> Placement {
    var next = self
    try change(&next)
    next.epoch = epoch + 1
    next.sessionsSince = sessionsSince.filter { next.sessions.contains($0.key) }
    for store in next.sessions where store.isKeeper && !sessions.contains(store) {
      next.sessionsSince[store] = next.epoch
    }
    return next
  }

  // MARK: Where is it?

  /// The ranges of a database, in order, and the clusters that have them; nil when it is a file.
  public func clusters(
    of database: String
  ) throws(PlacementError) -> [(shards: ShardRange, name: String, cluster: Cluster)]? {
    guard let ranges = databases[database] else { return nil }
    var found: [(shards: ShardRange, name: String, cluster: Cluster)] = []
    for range in ranges {
      guard let cluster = clusters[range.cluster] else { throw Self.missing(range.cluster, database) }
      found.append((range.shards, range.cluster, cluster))
    }
    return found
  }

  /// The name of the cluster that has all of a database; nil when it is a file.
  /// - Throws: `PlacementError` when it is in several.
  public func clusterName(of database: String) throws(PlacementError) -> String? {
    guard let ranges = databases[database] else { return nil }
    guard ranges.count == 1 else {
      throw PlacementError(
        "database \(database) is in \(ranges.count) ranges: expected all of it in one cluster")
    }
    return ranges[0].cluster
  }

  // MARK: Is it possible?

  /// - Throws: `PlacementError` that names what can't be.
  public func check() throws(PlacementError) {
    if epoch < 0 { throw PlacementError("epoch is \(epoch): expected 0 or more") }
    for (name, cluster) in clusters where cluster.members.isEmpty {
      throw PlacementError("cluster \(name) has no members")
    }
    for (name, ranges) in databases { try check(ranges, of: name) }
    try check(sessions, "sessions")
    try check(objects, "objects")
    if !sessions.contains(where: \.isKeeper) {
      throw PlacementError("sessions are in redis alone: expected sql or dynamodb too, which keep them")
    }
    for (store, since) in sessionsSince
    where !store.isKeeper || !sessions.contains(store) || !(0...epoch).contains(since) {
      throw PlacementError("sessions are in \(store.rawValue) since epoch \(since), which can't be")
    }
    if sessions.contains(.redis), cache == nil {
      throw PlacementError("sessions are in redis, and there is no cache")
    }
    try checkServices()
    switch cache {
    case .sentinels(let addresses, _) where addresses.isEmpty,
      .servers(let addresses, _) where addresses.isEmpty:
      throw PlacementError("the cache has no addresses")
    case .sentinels, .servers, nil: break
    }
  }

  private func check(_ ranges: [Range], of database: String) throws(PlacementError) {
    var next = 0
    for range in ranges {
      if clusters[range.cluster] == nil { throw Self.missing(range.cluster, database) }
      guard range.shards.isPossible, range.shards.first == next else {
        throw PlacementError("database \(database): expected shards from \(next) on, found \(range.shards)")
      }
      next = range.shards.last + 1
    }
    if next != Shard.count {
      throw PlacementError("database \(database) ends with shard \(next - 1): expected \(Shard.count - 1)")
    }
  }

  private func checkServices() throws(PlacementError) {
    for (name, service) in services {
      if service.addresses.isEmpty { throw PlacementError("service \(name) has no addresses") }
      if !(0...Service.parts).contains(service.share) {
        throw PlacementError("service \(name) gets \(service.share) calls of \(Service.parts)")
      }
      for caller in service.callers where keys[caller] == nil {
        throw PlacementError("service \(name) may be called by \(caller), which has no key")
      }
    }
    for (name, keys) in keys where keys.isEmpty || !keys.allSatisfy(Self.isKey) {
      throw PlacementError("a key of \(name) is not understood: expected 43 characters of base 64 for URLs")
    }
  }

  /// A key as placements have it.
  /// - Parameter bytes: 32.
  public static func key(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  /// 32 bytes.
  private static func isKey(_ text: String) -> Bool {
    text.utf8.count == 43
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
      }
  }

  private func check<Store: Hashable>(_ stores: [Store], _ what: String) throws(PlacementError) {
    if stores.isEmpty { throw PlacementError("\(what) are nowhere") }
    if Set(stores).count < stores.count { throw PlacementError("\(what) name a store twice") }
  }

  private static func missing(_ cluster: String, _ database: String) -> PlacementError {
    PlacementError("database \(database) is in cluster \(cluster), which does not exist")
  }
}

/// Why a placement can't be used.
public struct PlacementError: Error, Equatable, CustomStringConvertible {
  public let description: String

  /// Says what can't be, and where.
  public init(_ description: String) { self.description = description }
}
