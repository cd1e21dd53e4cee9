// Reading a database where its newest state is, past the app and every cache: for whoever proves what an app has kept.

/// One database as its leader has it at one moment; one in several ranges as the leaders of its clusters have it, each at
/// one moment. Reads only; blocks its thread, and is used by one at a time.
///
/// A database that the placement does not name is a SQLite file. Of a cluster every member is asked whether it leads:
/// that exactly one says so is a part of the answer, since of two one has writes that will be taken back.
public final class LeaderRead {
  private enum Engine {
    case sqlite(SQLiteConnection)
    case postgres(PostgresSession)
  }

  /// What one leader has.
  private struct Part {
    let engine: Engine
    /// Rows of others are none of the database's: they are about to come or to go.
    let shards: [ShardRange]
  }

  private static let statementMs = 60_000

  private let parts: [Part]
  /// From where it reads, for people.
  public let sources: [String]

  /// - Parameters:
  ///   - database: its name.
  ///   - placement: the app's; nil for an app that has none, whose databases are files.
  ///   - dataDirectory: where the files are.
  ///   - passwordFile: as libpq reads it; not a secret itself.
  /// - Throws: `DatabaseError.gone` when the file can't be opened, or of a cluster not exactly one server leads; `PlacementError`.
  public convenience init(
    _ database: String, placement: Placement?, dataDirectory: String, passwordFile: String
  ) throws {
    if let ranges = try placement?.clusters(of: database) {
      try self.init(database, ranges) {
        PostgresTarget.url(of: $0) + "&passfile=" + PercentEncoding.encode(passwordFile)
      }
    } else {
      let path = dataDirectory + "/\(database).db"
      let connection = try SQLiteConnection(path: path, role: .reader(cacheBytes: 2 << 20))
      self.init([Part(engine: .sqlite(connection), shards: [.all])], sources: [path])
    }
  }

  /// - Parameters:
  ///   - ranges: all shards, and the cluster that has them.
  ///   - url: of a cluster, as libpq takes it; each of its members is asked in place of the servers that it names.
  convenience init(
    _ database: String, _ ranges: [(shards: ShardRange, name: String, cluster: Placement.Cluster)],
    url: (Placement.Cluster) -> String
  ) throws {
    var parts: [Part] = []
    var sources: [String] = []
    for name in Set(ranges.map(\.name)).sorted() {
      let its = ranges.filter { $0.name == name }
      let leader = try Self.leader(of: database, url: url(its[0].cluster), its[0].cluster.members)
      parts.append(Part(engine: .postgres(leader.session), shards: its.map(\.shards)))
      sources.append("PostgreSQL at \(leader.name), which leads")
    }
    self.init(parts, sources: sources)
  }

  private static func leader(
    of database: String, url: String, _ members: [ServerAddress]
  ) throws -> (session: PostgresSession, name: String) {
    var leaders: [(session: PostgresSession, name: String)] = []
    var failure: (any Error)?
    for member in members {
      do {
        let target = PostgresTarget(url: url, database: database, place: (member.host, String(member.port)))
        let session = try PostgresSession(target, statementMs: Self.statementMs)
        if try session.rows("SELECT pg_is_in_recovery()")[0][0] == "f" {
          leaders.append((session, "\(member)"))
        }
      } catch { failure = error }
    }
    guard let leader = leaders.first else {
      throw failure ?? DatabaseError.gone("none of \(members) leads the database \(database)")
    }
    guard leaders.count == 1 else {
      let names = leaders.map(\.name).joined(separator: " and ")
      throw DatabaseError.gone("\(names) both say that they lead the database \(database)")
    }
    return leader
  }

  private init(_ parts: [Part], sources: [String]) {
    self.parts = parts
    self.sources = sources
  }

  /// Runs `body` where all reads see what a leader has as it is at the first of them.
  public func snapshot<T>(_ body: () throws -> T) throws -> T { try snapshot(parts[...], body) }

  private func snapshot<T>(_ parts: ArraySlice<Part>, _ body: () throws -> T) throws -> T {
    guard let part = parts.first else { return try body() }
    switch part.engine {
    case .postgres(let session):
      return try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {
        try snapshot(parts.dropFirst(), body)
      }
    case .sqlite(let connection):
      try connection.control("BEGIN")
      defer { _ = try? connection.control("ROLLBACK") }
      return try snapshot(parts.dropFirst(), body)
    }
  }

  /// Hands over each row of a result, a few thousand in memory at a time. Within `snapshot`.
  /// - Parameter text: its first column is the shard of the row: a leader is believed of those that are its own.
  public func each(_ text: StaticString, _ body: (Row) throws -> Void) throws {
    for part in parts {
      func take(_ row: Row) throws {
        let shard = Int(try row.shard(0).number)
        if part.shards.contains(where: { $0.first <= shard && shard <= $0.last }) { try body(row) }
      }
      switch part.engine {
      case .sqlite(let connection): _ = try connection.query(SQL(stringLiteral: text), take)
      case .postgres(let session):
        try session.run("DECLARE heights_reading NO SCROLL CURSOR FOR \(text)")
        while try !session.result(of: "FETCH 2000 FROM heights_reading").map(take).isEmpty {}
        try session.run("CLOSE heights_reading")
      }
    }
  }
}
