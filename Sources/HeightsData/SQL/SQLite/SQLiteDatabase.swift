// A database in a SQLite file: reads on the caller's loop, writes on the database's own thread.

import Dispatch
import Glibc
import Synchronization

/// Reads run where they are called, on the loop's own connection. Writes are transactions; many share one commit,
/// and each returns once the disk has it. Who was told that a write is done reads it, on every loop.
package final class SQLiteDatabase: Sendable {
  let name: String
  let path: String

  private let limits: DatabaseLimits
  private let loops: [EventLoop]
  private let readers: [Reader]
  private let offLoopReader: Mutex<Reader>
  private let thread: WriterThread
  private let commits: CommitCounter
  /// What the app asks.
  let samples: StatementSamples
  private let accepted = Atomic<Int>(0)

  // MARK: Open and close

  /// - Parameters:
  ///   - nowMs: the clock of the identifiers.
  ///   - epoch: of the placement that has the database in its file.
  package static func open(
    name: String, path: String, migrations: [Migration], loops: EventLoopGroup, quota: DiskQuota?,
    limits: DatabaseLimits, nowMs: @escaping @Sendable () -> Int64, epoch: Int = 0
  ) async throws -> SQLiteDatabase {
    let thread = WriterThread(queueLimit: limits.queuedTransactions)
    let commits = CommitCounter()
    let samples = StatementSamples()
    let opened: SQLiteDatabase = try await withCheckedThrowingContinuation { continuation in
      do {
        try thread.start(name: "sql-\(name)") {
          let writer: GroupCommit
          do {
            try SQLiteConnection.retryWhileBusy(until: .afterMs(migrationWaitMs)) {
              try Tombstone.check(path, of: name, epoch: epoch)
            }
            try Migration.apply(migrations, path: path, deadline: .afterMs(migrationWaitMs))
            writer = try Self.makeWriter(path, thread, limits, commits, samples, quota, nowMs)
            let readers = try Self.makeReaders(path, loops.loops.count, limits, commits, samples)
            continuation.resume(
              returning: SQLiteDatabase(
                name: name, path: path, limits: limits, loops: loops.loops, readers: readers, thread: thread,
                commits: commits, samples: samples))
          } catch { return continuation.resume(throwing: error) }
          writer.run()
        }
      } catch { continuation.resume(throwing: error) }
    }
    try await opened.endSnapshotsWithTicks()
    return opened
  }

  private init(
    name: String, path: String, limits: DatabaseLimits, loops: [EventLoop], readers: [Reader],
    thread: WriterThread, commits: CommitCounter, samples: StatementSamples
  ) {
    self.name = name
    self.path = path
    self.limits = limits
    self.loops = loops
    self.readers = Array(readers.dropLast())
    // `makeReaders` makes one more than there are loops.
    offLoopReader = Mutex(readers[loops.count])
    self.thread = thread
    self.commits = commits
    self.samples = samples
  }

  deinit { thread.close() }

  /// Refuses new transactions and finishes those that wait. Reads go on.
  package func close() { thread.close() }

  // MARK: Reads

  /// All rows of a result, each decoded by `decode`. Reads inline: on a loop with its own connection, elsewhere (in
  /// tools and tests) with one that is shared.
  /// - Throws: `DatabaseError`, or what `decode` throws.
  func query<T>(_ sql: SQL, _ decode: (Row) throws -> T) throws -> [T] {
    try read(sql) { try $0.query(sql, decode) }
  }

  /// The first row of a result, `nil` when there is none.
  /// - Throws: `DatabaseError`, or what `decode` throws.
  func first<T>(_ sql: SQL, _ decode: (Row) throws -> T) throws -> T? {
    try read(sql) { try $0.first(sql, decode) }
  }

  private func read<R>(_ sql: SQL, _ body: (SQLiteConnection) throws -> R) throws -> R {
    guard let span = CurrentRequest.beginSpan() else { return try read(body) }
    let subject = StatementSpan(sql: sql, system: .sqlite, database: name, server: nil)
    do {
      let result = try read(body)
      span.end(subject)
      return result
    } catch {
      span.end(subject, failure: OpenSpan.failure(error))
      throw error
    }
  }

  private func read<R>(_ body: (SQLiteConnection) throws -> R) throws -> R {
    if let loop = EventLoop.current, loop.index < loops.count, loops[loop.index] === loop {
      return try readers[loop.index].read(body)
    }
    var result: Result<R, any Error>?
    offLoopReader.withLock { reader in
      result = Result { try reader.read(body) }
      reader.endSnapshot()
    }
    // The lock's closure always runs, and always sets it.
    return try result!.get()
  }

  // MARK: Writes

  /// Whether the caller is inside a transaction: its closure, or a part of that.
  var isOnWriter: Bool { thread.isOfCurrentTask }

  /// Runs `body` as a transaction and returns its result once the disk has what it wrote. If it throws, nothing of
  /// it stays.
  ///
  /// `body` runs on the database's writing thread, while other transactions wait for it, and may run again when a
  /// neighbour takes its batch down: so it does SQL and nothing else.
  /// - Parameter deadline: until when it must have run, at most `DatabaseLimits.transactionMs` from now; that much
  ///   again when it has to run again.
  /// - Throws: what `body` throws, or `DatabaseError`: `.timeout`, `.tooMany`, `.full`…
  func transaction<T: Sendable>(
    deadline: Deadline? = nil, _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    guard !isOnWriter else {
      throw DatabaseError.invalid(
        sql: "BEGIN", message: "a transaction of \(name) inside another waits for itself; use the outer one")
    }
    let latest = Deadline.afterMs(limits.transactionMs)
    accepted.add(1, ordering: .relaxed)
    let span = CurrentRequest.beginSpan()
    do {
      let value: T = try await withCheckedThrowingContinuation { continuation in
        thread.submit(
          QueuedTransaction(
            deadline: min(deadline ?? latest, latest),
            run: { transaction in
              let value = try await body(transaction)
              return { continuation.resume(returning: value) }
            },
            fail: { continuation.resume(throwing: $0) }, span: span.map { (open: $0, database: name) }))
      }
      span?.end(TransactionSpan(system: .sqlite, database: name))
      return value
    } catch {
      span?.end(TransactionSpan(system: .sqlite, database: name), failure: OpenSpan.failure(error))
      throw error
    }
  }

  // MARK: State

  var statistics: Database.Statistics {
    Database.Statistics(
      transactions: accepted.load(ordering: .relaxed), commits: commits.value, waiting: thread.waiting,
      statements: commits.statements.load(ordering: .relaxed))
  }

  /// Reads the whole file and checks its structure. Slow for large files; on a thread of its own.
  /// - Throws: `DatabaseError.corrupt` with what was found first.
  func checkIntegrity() async throws {
    let path = path
    try await SystemThread.run(name: "sql-check") {
      let connection = try SQLiteConnection(path: path, role: .reader(cacheBytes: 1 << 20))
      let answer = try connection.control("PRAGMA quick_check(1)")
      if answer != "ok" { throw DatabaseError.corrupt(answer ?? "no answer") }
    }
  }

  // MARK: Parts

  private static let migrationWaitMs = 60_000

  private static func makeWriter(
    _ path: String, _ thread: WriterThread, _ limits: DatabaseLimits, _ commits: CommitCounter,
    _ samples: StatementSamples, _ quota: DiskQuota?, _ nowMs: @escaping () -> Int64
  ) throws -> GroupCommit {
    let connection = try SQLiteConnection(
      path: path, role: .writer, cachedStatements: limits.cachedStatements)
    connection.samples = samples
    let identifiers = IdentifierSource(nowMs: nowMs)
    try identifiers.register(on: connection)
    return GroupCommit(
      connection, on: thread, limits: limits, identifiers: identifiers, commits: commits, quota: quota,
      path: path)
  }

  /// One for each loop, and one for who is on none.
  private static func makeReaders(
    _ path: String, _ loops: Int, _ limits: DatabaseLimits, _ commits: CommitCounter,
    _ samples: StatementSamples
  ) throws -> [Reader] {
    try (0...loops).map { _ in
      let connection = try SQLiteConnection(
        path: path, role: .reader(cacheBytes: limits.cacheBytes / max(loops, 1)),
        cachedStatements: limits.cachedStatements)
      connection.samples = samples
      return Reader(connection, commits: commits, timeLimitMs: limits.readMs)
    }
  }

  private func endSnapshotsWithTicks() async throws {
    for (loop, reader) in zip(loops, readers) {
      try await loop.run {
        loop.atEndOfTick(while: { [weak reader] in reader?.hasSnapshot == true }) { [weak reader] in
          reader?.endSnapshot()
        }
      }
    }
  }
}
