// The handle of one database, whichever engine holds it.

/// A database of an app, one for each function (`accounts`, `posts`, `graph`). There are no joins across databases.
///
/// The same code runs on both engines: SQLite, where reads run inline on the caller's loop and many transactions share
/// one commit, and PostgreSQL, where a loop's reads share one connection and each transaction has one of its own.
/// Who was told that a write is done reads it, on every loop. So SQL keeps to what both understand: types `BIGINT`,
/// `TEXT`, `BYTEA` and `DOUBLE PRECISION`, `ON CONFLICT`, `RETURNING`, and `next_id(shard)`.
///
/// What a request asks of it ends when the request is due, unless it names another deadline.
///
/// Where the placement spreads a database over several clusters, a statement goes where the `Shard` is that is interpolated
/// into it. One without is told so, and is for `everywhere`.
public final class Database: Sendable {
  /// As the app asked for it: `posts`.
  public let name: String
  /// Where a move exchanges the engine of a range, and a placement the ranges.
  let engines: PlacedEngines
  let limits: DatabaseLimits

  private init(
    name: String, _ ranges: [(shards: ShardRange, engine: DatabaseEngine)], _ limits: DatabaseLimits
  ) {
    self.name = name
    self.limits = limits
    engines = PlacedEngines(
      EngineTable(
        name, ranges.map { EngineTable.Part(shards: $0.shards, engines: EngineSwitch($0.engine)) }))
  }

  /// Which shards are where at present.
  var ranges: EngineTable { engines.table }

  /// Those that have it at present; none while it is in a file.
  package var clusters: [PostgresCluster] { ranges.databases.map(\.cluster) }

  // MARK: Open and close

  /// Opens a database in a SQLite file, after bringing its schema up to date.
  /// - Parameters:
  ///   - name: how messages call it.
  ///   - path: its file; made if it is not there, the folder must be.
  ///   - migrations: all migrations from the first on, see `Migration.load(directory:)`.
  ///   - loops: the loops that read from it.
  ///   - quota: refuses writes when it is used up.
  /// - Throws: `MigrationError`; `DatabaseError.gone` when the file cannot be opened, `.corrupt` when it is damaged.
  public static func open(
    name: String, path: String, migrations: [Migration], loops: EventLoopGroup, quota: DiskQuota? = nil,
    limits: DatabaseLimits = DatabaseLimits()
  ) async throws -> Database {
    try await open(
      name: name, path: path, migrations: migrations, loops: loops, quota: quota, limits: limits,
      nowMs: wallClockMs)
  }

  /// - Parameters:
  ///   - nowMs: the clock of the identifiers.
  ///   - epoch: of the placement that has the database in its file.
  package static func open(
    name: String, path: String, migrations: [Migration], loops: EventLoopGroup, quota: DiskQuota? = nil,
    limits: DatabaseLimits = DatabaseLimits(), nowMs: @escaping @Sendable () -> Int64,
    epoch: Int = 0
  ) async throws -> Database {
    let database = try await SQLiteDatabase.open(
      name: name, path: path, migrations: migrations, loops: loops, quota: quota, limits: limits,
      nowMs: nowMs, epoch: epoch)
    return Database(name: name, [(.all, .sqlite(database))], limits)
  }

  /// Opens a database of a PostgreSQL server, after bringing its schema up to date.
  /// - Parameters:
  ///   - name: how messages call it, and its name on the server, where it is made when it is not there.
  ///   - url: the servers of a cluster, as libpq takes them: `postgresql://user@127.0.0.1:5432,127.0.0.2:5432/`. The
  ///     one that leads is found by asking. The database that the URL names is not used.
  /// - Throws: `MigrationError`; `DatabaseError.gone` when the server can't be reached.
  public static func open(
    name: String, url: String, migrations: [Migration], loops: EventLoopGroup,
    limits: DatabaseLimits = DatabaseLimits()
  ) async throws -> Database {
    let cluster = PostgresCluster(
      "main", url: url, members: ClusterMember.members(of: [url]), on: loops.loops[0])
    do {
      return try await open(
        name, of: [(.all, cluster)], ownsCluster: true, migrations: migrations, loops: loops, limits: limits)
    } catch {
      cluster.close()
      throw error
    }
  }

  /// Opens a database that one cluster has, or several.
  /// - Parameters:
  ///   - ranges: all shards in order, and the cluster that has them.
  ///   - ownsCluster: whether the clusters are closed with it.
  ///   - deadline: until when a cluster that has no leader is waited for.
  package static func open(
    _ name: String, of ranges: [(shards: ShardRange, cluster: PostgresCluster)], ownsCluster: Bool = false,
    migrations: [Migration], loops: EventLoopGroup, limits: DatabaseLimits, deadline: Deadline = .now
  ) async throws -> Database {
    var opened: [PostgresDatabase] = []
    do {
      var table: [(shards: ShardRange, engine: DatabaseEngine)] = []
      for (shards, cluster) in ranges {
        if let known = opened.first(where: { $0.cluster === cluster }) {
          table.append((shards, .postgres(known)))
          continue
        }
        let database = try await PostgresDatabase.open(
          name, of: cluster, ownsCluster: ownsCluster, migrations: migrations, loops: loops, limits: limits,
          deadline: deadline)
        opened.append(database)
        table.append((shards, .postgres(database)))
      }
      return Database(name: name, table, limits)
    } catch {
      for database in opened { database.close() }
      throw error
    }
  }

  /// Refuses new transactions and finishes those that wait. Reads go on.
  public func close() {
    let ranges = ranges
    if case .sqlite(let database)? = ranges.only?.engine { database.close() }
    for database in ranges.databases { database.close() }
  }

  // MARK: Reads

  /// All rows of a result, each decoded by `decode`.
  /// - Throws: `DatabaseError`, or what `decode` throws.
  public func query<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> [T] {
    switch try engines.engine(for: sql) {
    case .sqlite(let database): try database.query(sql, decode)
    case .postgres(let database): try await database.read(sql).map(decode)
    }
  }

  /// The first row of a result, `nil` when there is none.
  ///
  /// What a follower doesn't find is looked for at the leader: who was just told of something by somebody else (a link to
  /// a new post) finds it, although only its writer is sure to be ahead of the follower.
  /// - Throws: `DatabaseError`, or what `decode` throws.
  public func first<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> T? {
    switch try engines.engine(for: sql) {
    case .sqlite(let database): try database.first(sql, decode)
    case .postgres(let database): try await database.read(sql, .sought).first(decode)
    }
  }

  /// All rows of a result as the leader has them: for what must not be true a moment longer, such as a password's hash or
  /// that a session goes on. A read of `query` may be a second old for those who have written nothing.
  ///
  /// While there is no leader, a follower answers that has replayed all that the leader was known to have written; of two servers
  /// also one that has replayed all it was sent, when the leader waited for it before it acknowledged.
  /// - Throws: `DatabaseError`, or what `decode` throws.
  public func newest<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> [T] {
    switch try engines.engine(for: sql) {
    case .sqlite(let database): try database.query(sql, decode)
    case .postgres(let database): try await database.read(sql, .newest).map(decode)
    }
  }

  // MARK: Writes

  /// Runs `body` as a transaction and returns its result once what it wrote is durable. If it throws, nothing of it
  /// stays. A statement that fails ends the transaction, also when `body` catches its error.
  ///
  /// `body` may run again: when a neighbour takes its batch down, when another transaction was in its way, or when the
  /// server that it ran on is replaced. So it does SQL and nothing else.
  /// - Parameter deadline: until when it must have run, at most `DatabaseLimits.transactionMs` from now; that much
  ///   again when a neighbour's failure has it run again. Nil for that of the request that the caller works for.
  /// - Throws: what `body` throws, or `DatabaseError`: `.timeout`, `.tooMany`, `.full`…
  @discardableResult
  public func transaction<T: Sendable>(
    deadline: Deadline? = nil, _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    let latest = Deadline.afterMs(limits.transactionMs)
    let end = min(deadline ?? CurrentRequest.deadline ?? latest, latest)
    while true {
      let first = ranges.parts[0].engines
      switch first.engine {
      case .postgres(let database):
        // In which range it runs, its first statement says.
        do {
          return try await database.transaction(in: .ranges(engines), deadline: end, body)
        } catch is EngineHasChanged { continue }
      case .sqlite(let database):
        // A transaction inside another is refused there, and would wait here for the outer one.
        if database.isOnWriter { return try await database.transaction(deadline: end, body) }
        guard try await first.enter(until: end) != nil else { continue }
        defer { first.leave() }
        return try await database.transaction(deadline: end, body)
      }
    }
  }

  // MARK: State

  /// What has happened so far, for metrics.
  public struct Statistics: Sendable {
    /// Transactions asked for; of PostgreSQL, those that had a statement.
    public let transactions: Int
    /// Commits; fewer than transactions where many came at once and shared one.
    public let commits: Int
    /// Transactions that wait now.
    public let waiting: Int
    /// Statements of the app's, in transactions or not.
    public let statements: Int
  }

  /// Of this process, since it opened the database.
  public var statistics: Statistics {
    let ranges = ranges
    var all = ranges.databases.map(\.statistics)
    if case .sqlite(let database)? = ranges.only?.engine { all.append(database.statistics) }
    return Statistics(
      transactions: all.reduce(0) { $0 + $1.transactions }, commits: all.reduce(0) { $0 + $1.commits },
      waiting: ranges.parts.reduce(all.reduce(0) { $0 + $1.waiting }) { $0 + $1.engines.waiting },
      statements: all.reduce(0) { $0 + $1.statements })
  }

  /// Reads the whole of a SQLite file and checks its structure; on a thread of its own. PostgreSQL checks its pages as
  /// it reads them: there it does nothing.
  /// - Throws: `DatabaseError.corrupt` with what was found first.
  public func checkIntegrity() async throws {
    if case .sqlite(let database)? = ranges.only?.engine { try await database.checkIntegrity() }
  }
}
