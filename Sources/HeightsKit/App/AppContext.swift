// What a process offers to its app: loops, databases, room on the disk, threads for what blocks.

import Glibc
import Synchronization

/// The means of an app.
public final class AppContext: Sendable {
  /// What the process was told by whoever runs it.
  public let environment: Environment
  /// At least one: as many as `HEIGHTS_LOOPS` says, else one for each core.
  public let loops: EventLoopGroup
  /// Threads for what would block a loop.
  public let blocking: BlockingPool
  /// How much the data folder may hold.
  public let quota: DiskQuota

  let placements: PlacementAdoption
  /// The cache that the placement names, if it names one.
  let redis: SharedRedis
  /// The bucket that the environment names, if it names one.
  let bucket: S3Bucket?
  /// Those that the app is made of.
  let services = Services()
  /// Takes the traces that are kept; nil where nobody wants them.
  let traces: TraceExporter?
  private let watcher: PlacementWatcher?
  private let lock: DataLock
  /// Whether sessions have to remember what they have read.
  let tracking: ReadTracking
  private let clusters = Mutex<[String: PostgresCluster]>([:])
  private let databases = Mutex<[(database: Database, migrations: [Migration])]>([])
  private let closing = Atomic<Bool>(false)
  private let objectStore = Mutex<ObjectStore?>(nil)
  private let sessionStore = Mutex<SessionStore?>(nil)
  private let tables = Mutex<[DynamoTable]>([])
  private let writers = Mutex<[@Sendable (inout MetricsText) async -> Void]>([])

  private static let lookMs = 100
  /// How long a process that starts waits for its databases: a failover takes less.
  private static let leaderWaitMs = 30_000

  /// Takes hold of the data folder.
  /// - Throws: `SystemError` or `DataLockError` when the folder can't be made or another process keeps it.
  init(_ environment: Environment) async throws {
    self.environment = environment
    placements = PlacementAdoption(
      try environment.placementPath.flatMap { try PlacementFile($0).read() } ?? environment.impliedPlacement)
    lock = try await DataLock(directory: environment.dataDirectory)
    loops = try EventLoopGroup(count: environment.loops)
    blocking = try BlockingPool(name: "blocking", threads: 2, queueLimit: 256)
    quota = DiskQuota(
      limitBytes: environment.diskQuotaBytes ?? Int.max, directory: environment.dataDirectory)
    tracking = ReadTracking(secure: environment.usesTLS)
    bucket = try S3Bucket(environment.variables)
    traces =
      if let settings = environment.traces { try TraceExporter(settings, on: loops.loops[0]) } else { nil }
    redis = try await SharedRedis(
      loops, environment.redisCredentials, sentinels: environment.sentinelCredentials)
    let (placements, first) = (placements, loops.loops[0])
    watcher = environment.placementPath.map { PlacementWatcher($0, placements, on: first) }
    placements.subscribe { [weak self] _, new in await self?.follow(new) }
    await placements.follow { [tracking, services] in
      // Those elsewhere may read followers, whatever this process reads itself.
      tracking.set(!$0.services.isEmpty, for: ObjectIdentifier(services))
    }
    let start = placements.subscribe { [redis] _, new in await redis.setPlace(new.cache) }
    await redis.setPlace(start.cache)
    if let watcher { try await first.run { watcher.start() } }
    traces?.start()
  }

  /// Where everything is. A new one may come at any time: what has to follow it asks with `onPlacement`.
  public var placement: Placement { placements.current }

  /// Has `follow` called with each new placement, and the one before; a placement counts as adopted when all that were
  /// asked have returned. One placement after the other, and those who asked first first.
  /// - Returns: the placement to start from: the first change begins there.
  @discardableResult
  public func onPlacement(
    _ follow: @escaping @Sendable (_ old: Placement, _ new: Placement) async -> Void
  ) -> Placement {
    placements.subscribe(follow)
  }

  /// Has `follow` called with the placement to start from, and with each new one.
  func follow(_ follow: @escaping @Sendable (Placement) async -> Void) async {
    await placements.follow(follow)
  }

  /// Returns when a later placement waits: this one can't be gone by, and never counts as adopted.
  func refuse(_ placement: Placement) async {
    Log.error(
      "sessions can't go by the placement",
      [
        "epoch": String(placement.epoch),
        "reason": "they are in dynamodb, and HEIGHTS_SESSIONS_TABLE names no table that this process can ask",
      ])
    while !placements.isOutdated(placement), !isClosing {
      try? await Task.sleep(for: .milliseconds(Self.lookMs))
    }
  }

  /// Opens a database: of its cluster in the placement; where there is no placement, of the server at `DATABASE_URL`;
  /// else in the data folder, up to stage 2.
  /// - Parameter migrations: the folder of its migrations, `Migrations/NAME` when not said otherwise.
  /// - Throws: `MigrationError`, `DatabaseError`, `StoreError` when a later stage has no place for it.
  public func database(_ name: String, migrations: String? = nil) async throws -> Database {
    let migrations = try Migration.load(directory: migrations ?? "Migrations/\(name)")
    return try await database(name, migrations: migrations)
  }

  /// The same with migrations that the app has in its code.
  public func database(_ name: String, migrations: [Migration]) async throws -> Database {
    let placement = placement
    let database =
      if let ranges = try ranges(of: name, placement) {
        try await Database.open(
          name, of: ranges, migrations: migrations, loops: loops, limits: limits,
          deadline: .afterMs(Self.leaderWaitMs))
      } else {
        try await Database.open(
          name: name, path: try environment.ownFile(of: name, placement, path: path(of: name)),
          migrations: migrations, loops: loops, quota: quota, limits: limits, nowMs: wallClockMs,
          epoch: placement.epoch)
      }
    databases.withLock { $0.append((database, migrations)) }
    await followWhatCame(since: placement, database, migrations)
    return database
  }

  /// Whether it has begun to close.
  var isClosing: Bool { closing.load(ordering: .relaxed) }

  /// Those that were opened, in that order.
  var openDatabases: [(database: Database, migrations: [Migration])] { databases.withLock { $0 } }

  /// The file of a database that is in none of the clusters.
  func path(of database: String) -> String { environment.dataDirectory + "/\(database).db" }

  var limits: DatabaseLimits {
    var limits = DatabaseLimits()
    limits.batchTransactions = environment.commitGroup
    return limits
  }

  /// The ranges of a database, and the clusters that have them now; nil when the database is a file.
  func ranges(
    of database: String, _ placement: Placement
  ) throws -> [(shards: ShardRange, cluster: PostgresCluster)]? {
    if let ranges = try placement.clusters(of: database) {
      return ranges.map { shards, name, cluster in
        return (
          shards, self.cluster(name, url: url(of: cluster), members: cluster.members.map(ClusterMember.init))
        )
      }
    }
    guard placement.epoch == 0, let url = environment.databaseURL else { return nil }
    let members = ClusterMember.members(of: [url] + (environment.databaseReadURL.map { [$0] } ?? []))
    return [(.all, cluster("main", url: url, members: members))]
  }

  /// How a cluster is reached: as whom and within which TLS says `DATABASE_URL`, where it is the placement.
  func url(of cluster: Placement.Cluster) -> String {
    PostgresTarget.url(of: cluster, like: environment.databaseURL)
  }

  /// The one of that name that is known.
  func knownCluster(_ name: String) -> PostgresCluster? { clusters.withLock { $0[name] } }

  /// Knows no others any more than those that are to be kept.
  /// - Returns: the others.
  func forgetClusters(unless isKept: (PostgresCluster) -> Bool) -> [PostgresCluster] {
    clusters.withLock { clusters in
      let others = clusters.values.filter { !isKept($0) }
      for cluster in others { clusters[cluster.name] = nil }
      return others
    }
  }

  /// One for all databases in it.
  func cluster(
    _ name: String, url: String, members: @autoclosure () -> [ClusterMember]
  ) -> PostgresCluster {
    clusters.withLock { clusters in
      if let known = clusters[name] { return known }
      let cluster = PostgresCluster(
        name, url: url, members: members(), on: loops.loops[0], tracking: tracking)
      clusters[name] = cluster
      return cluster
    }
  }

  /// The app's objects; nil until it has opened a store.
  var objects: ObjectStore? { objectStore.withLock { $0 } }

  func setObjects(_ store: ObjectStore) { objectStore.withLock { $0 = store } }

  /// The app's sessions; nil until it has opened a store.
  var sessions: SessionStore? { sessionStore.withLock { $0 } }

  func setSessions(_ store: SessionStore) { sessionStore.withLock { $0 = store } }

  /// The table that the environment names for sessions; nil while no placement needs one that is none.
  /// - Throws: `EnvironmentError`.
  func sessionsTable() throws -> DynamoTable? {
    let isNeeded = placement.sessions.contains(.dynamodb)
    let place: DynamoPlace?
    do { place = try DynamoPlace(environment.variables) } catch {
      if isNeeded { throw error }
      return nil
    }
    guard let place else {
      if !isNeeded { return nil }
      throw EnvironmentError(
        description:
          "HEIGHTS_SESSIONS_TABLE is not set, and the placement (epoch \(placement.epoch)) has sessions in dynamodb"
      )
    }
    let table = DynamoTable(place, loops, encrypt: place.encryption(believing: environment.authorities))
    tables.withLock { $0.append(table) }
    return table
  }

  /// Adds metrics of the app's own to `/metrics`.
  public func addMetrics(_ write: @escaping @Sendable (inout MetricsText) async -> Void) {
    writers.withLock { $0.append(write) }
  }

  /// How requests are traced; nil for not at all.
  var tracing: RequestTracing? {
    guard let traces, let settings = environment.traces else { return nil }
    return RequestTracing(settings.sampling, to: traces)
  }

  func writeMetrics(to text: inout MetricsText) async {
    text.metric("data_used_bytes", "gauge", "Bytes in the data folder.", Double(quota.usedBytes))
    if let limit = environment.diskQuotaBytes {
      text.metric("data_limit_bytes", "gauge", "Bytes that the data folder may hold.", Double(limit))
    }
    text.clusters(clusters.withLock { $0.values.sorted { $0.name < $1.name } })
    if redis.isPlaced { text.redis(redis.metrics, breaker: redis.breaker) }
    if let bucket { text.s3(bucket) }
    await services.writeMetrics(to: &text)
    traces?.writeMetrics(to: &text)
    for write in writers.withLock({ $0 }) { await write(&text) }
  }

  func close() async {
    closing.store(true, ordering: .relaxed)
    if let watcher { try? await loops.loops[0].run { watcher.close() } }
    await services.close()
    for (database, _) in openDatabases { database.close() }
    for cluster in clusters.withLock({ $0.values }) { cluster.close() }
    await redis.close()
    for table in tables.withLock({ $0 }) { await table.close() }
    bucket?.close()
    await traces?.close()
    await loops.shutdown()
  }
}

/// The data folder is in use.
public struct DataLockError: Error, CustomStringConvertible {
  public let description: String
}

/// Keeps a second process away from the data folder. The kernel lets go of it when the process ends, however it ends.
private final class DataLock: Sendable {
  private static let waitMs = 15_000
  private let descriptor: Int32

  /// Makes the folder if it isn't there, and waits while another process is about to leave it.
  init(directory: String) async throws {
    if mkdir(directory, 0o700) != 0 && errno != EEXIST { throw SystemError(call: "mkdir \(directory)") }
    descriptor = try SystemError.check(
      "open \(directory)", open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    let deadline = Deadline.afterMs(DataLock.waitMs)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError(call: "flock \(directory)") }
      if deadline.hasPassed {
        throw DataLockError(description: "another process uses the data folder \(directory): end it first")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  deinit { close(descriptor) }
}
