// Reading a database where its newest state is, past the app and every cache: for whoever proves what an app has kept.

/// One database as its leader has it at one moment. Reads only; blocks its thread, and is used by one at a time.
///
/// A database that the placement does not name is a SQLite file. Of a cluster every member is asked whether it leads:
/// that exactly one says so is a part of the answer, since of two one has writes that will be taken back.
public final class LeaderRead {
  private enum Engine {
    case sqlite(SQLiteConnection)
    case postgres(PostgresSession)
  }

  private static let statementMs = 60_000

  private let engine: Engine
  /// From where it reads, for people.
  public let source: String

  /// - Parameters:
  ///   - database: its name.
  ///   - placement: the app's; nil for an app that has none, whose databases are files.
  ///   - dataDirectory: where the files are.
  ///   - passwordFile: as libpq reads it; not a secret itself.
  /// - Throws: `DatabaseError.gone` when the file can't be opened, or not exactly one server leads; `PlacementError`.
  public convenience init(
    _ database: String, placement: Placement?, dataDirectory: String, passwordFile: String
  ) throws {
    if let cluster = try placement?.cluster(of: database) {
      let url = PostgresTarget.url(of: cluster) + "&passfile=" + PercentEncoding.encode(passwordFile)
      try self.init(database, url: url, members: cluster.members)
    } else {
      let path = dataDirectory + "/\(database).db"
      let connection = try SQLiteConnection(path: path, role: .reader(cacheBytes: 2 << 20))
      self.init(.sqlite(connection), source: path)
    }
  }

  /// - Parameter url: as libpq takes it; each of `members` is asked in place of the servers that it names.
  convenience init(_ database: String, url: String, members: [ServerAddress]) throws {
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
    self.init(.postgres(leader.session), source: "PostgreSQL at \(leader.name), which leads")
  }

  private init(_ engine: Engine, source: String) {
    self.engine = engine
    self.source = source
  }

  /// Runs `body` where all reads see the database as it is at the first of them.
  public func snapshot<T>(_ body: () throws -> T) throws -> T {
    switch engine {
    case .postgres(let session):
      return try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
    case .sqlite(let connection):
      try connection.control("BEGIN")
      defer { _ = try? connection.control("ROLLBACK") }
      return try body()
    }
  }

  /// Hands over each row of a result, a few thousand in memory at a time. Within `snapshot`.
  public func each(_ text: StaticString, _ body: (Row) throws -> Void) throws {
    switch engine {
    case .sqlite(let connection): _ = try connection.query(SQL(stringLiteral: text), body)
    case .postgres(let session):
      try session.run("DECLARE heights_reading NO SCROLL CURSOR FOR \(text)")
      while try !session.result(of: "FETCH 2000 FROM heights_reading").map(body).isEmpty {}
      try session.run("CLOSE heights_reading")
    }
  }
}
