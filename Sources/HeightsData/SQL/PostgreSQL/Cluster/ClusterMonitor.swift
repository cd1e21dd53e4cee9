// Asks one server of a cluster, again and again, what it is and how far it has come.

import Policies

/// A monitor of one server, with a connection of its own. Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class ClusterMonitor: @unchecked Sendable {
  /// Who doesn't answer for so long counts as hung. Each server is asked by itself, so one that hangs keeps nobody from
  /// finding the others.
  private static let silenceMs = Failover.lab.silenceMs

  private let target: PostgresTarget
  private let loop: EventLoop
  private let report: (Report) -> Void
  private let pauseMs: (_ failures: Int) -> Int
  private var connection: PostgresConnection?
  private var failures = 0
  private var isStopped = false
  private let pause: Pause

  /// What a server says of itself.
  struct Answer {
    let standing: ClusterState.Standing
    let position: LogPosition
    /// That it has been sent; false of one that doesn't follow.
    let hasReplayedAll: Bool
    /// Whether it acknowledges nothing that a follower does not have; false of one that doesn't lead.
    let waitsForFollower: Bool
    /// What it takes for the time, in milliseconds since 1970.
    let clockMs: Int64
  }

  enum Report {
    case answer(Answer, askedAt: Deadline)
    case silence(any Error)
  }

  /// - Parameters:
  ///   - pauseMs: how long to wait before the next question, after so many failures in a row.
  init(
    _ target: PostgresTarget, on loop: EventLoop, pauseMs: @escaping (_ failures: Int) -> Int,
    report: @escaping (Report) -> Void
  ) {
    self.target = target
    self.loop = loop
    pause = Pause(on: loop)
    self.pauseMs = pauseMs
    self.report = report
  }

  /// Runs until `stop`.
  func run() async {
    loop.checkIsolated()
    while !isStopped {
      let now = Deadline.now
      do {
        let answer = try await ask()
        failures = 0
        if !isStopped { report(.answer(answer, askedAt: now)) }
      } catch {
        failures += 1
        if !isStopped { report(.silence(error)) }
      }
      if !isStopped { await pause.rest(ms: pauseMs(failures)) }
    }
    connection = nil
  }

  /// Asks at once.
  func wake() {
    loop.checkIsolated()
    pause.end()
  }

  func stop() {
    loop.checkIsolated()
    isStopped = true
    connection?.fail(.gone("it is not asked any more"))
    wake()
  }

  private func ask() async throws -> Answer {
    let deadline = Deadline.afterMs(Self.silenceMs)
    if let connection, connection.failure == nil {
      do { return try await ask(connection, until: deadline) } catch {
        self.connection = nil
        // A server may end a connection and be well: one more try, unless it took the whole time.
        if deadline.hasPassed { throw error }
      }
    }
    let opened = try await PostgresConnection.open(
      target, on: loop, statementMs: Self.silenceMs, deadline: deadline)
    connection = opened
    return try await ask(opened, until: deadline)
  }

  private func ask(
    _ connection: PostgresConnection, until deadline: Deadline
  ) async throws -> Answer {
    let answer = try await connection.result(of: Self.question, .own, until: deadline).first(Self.read)
    guard let answer else { throw DatabaseError.gone("the server answered nothing") }
    return answer
  }

  /// A name in the log begins with its timeline, in 8 hexadecimal digits. Who recovers and has not come to asking
  /// somebody for more since its start has no leader, or is far behind: one that was made to stop leading looks so.
  /// RDS, which has settings of its own, keeps its second copy below PostgreSQL, where nobody sees it: the templates ask
  /// for one wherever there are followers, and those are no such copies.
  private static let question: SQL = """
    SELECT recovers, refuses OR (recovers AND pg_last_wal_receive_lsn() IS NULL),
      CASE WHEN recovers THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn,
      CASE WHEN recovers THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END,
      CASE WHEN recovers THEN COALESCE(pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn(), false)
        ELSE current_setting('synchronous_standby_names') <> '' END,
      floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
      current_setting('rds.extensions', true) IS NOT NULL
    FROM (SELECT pg_is_in_recovery() AS recovers,
      NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'on' AS refuses) AS self
    """

  private static func read(_ row: Row) throws -> Answer {
    let position = LogPosition(bytes: UInt64(max(try row.optionalInt(2) ?? 0, 0)))
    func answer(
      _ standing: ClusterState.Standing, hasReplayedAll: Bool = false, waits: Bool = false
    ) throws -> Answer {
      Answer(
        standing: standing, position: position, hasReplayedAll: hasReplayedAll, waitsForFollower: waits,
        clockMs: try row.int(5))
    }
    if try row.bool(1) { return try answer(.refusesWrites) }
    if try row.bool(0) { return try answer(.follows, hasReplayedAll: try row.bool(4)) }
    let timeline = UInt32(try row.text(3).prefix(8), radix: 16) ?? 0
    let waits = try row.bool(4)
    return try answer(
      .leads(timeline: timeline, hasSecondCopy: try waits || row.bool(6)), waits: waits)
  }
}
