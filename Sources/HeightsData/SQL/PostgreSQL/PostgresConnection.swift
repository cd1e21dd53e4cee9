// One connection of a loop to PostgreSQL, in libpq's pipeline mode: what is sent does not wait for what is answered.

import CPostgres
import Glibc

/// A connection, used on its loop's thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread. Those of every
/// statement are in debug builds only (`assertIsolated`).
final class PostgresConnection: @unchecked Sendable {
  /// Who is told first, and who is answered alone.
  enum Sync {
    /// With other reads of the tick, under one synchronisation: an error in one of them skips those behind it, which are
    /// then told `PipelineSkipped` and can be sent again.
    case endOfTick
    /// Under its own: nothing that comes later can undo it.
    case own
  }

  /// After so many reads the server gets them, so that it works while the tick goes on.
  private static let readsPerSync = 16

  private let loop: EventLoop
  private let handle: OpaquePointer
  private let deadlineMs: Int
  private let server: SQLServer
  private var watch: Watch?
  private let pending = PendingAnswers()
  private let statements = PostgresStatements()
  /// Those of the statement that is being sent.
  private let parameters = PostgresParameters()
  private var timer: Timer?
  /// Reads that were sent since the last synchronisation.
  private var unsynced = 0
  /// Whether there are reads that the server does not answer before `endTick`.
  var hasUnsynced: Bool {
    loop.assertIsolated()
    return unsynced > 0
  }
  private var waitsToWrite = false
  private(set) var failure: DatabaseError?
  /// Whether the server has said that it was told to end it: then it has done nothing of what it had not answered.
  private(set) var wasEndedByServer = false
  /// Why nothing more comes, while what has come is taken.
  private var loss: DatabaseError?
  /// Called with the first statement of a tick that waits for `endTick`.
  var onFirstOfTick: ((PostgresConnection) -> Void)?
  /// Held as long as the connection lives.
  var count: ConnectionCount?
  /// What all reads since the last synchronisation that asked for it will be told.
  private var endOfLog: EndOfLog?
  /// Warnings since the last time it was emptied: a commit may be done here and not at the follower.
  var warnings: [String] = []

  /// Takes over a connection that is established, also when it throws.
  /// - Parameter deadlineMs: how long an answer may take before the server counts as hung.
  init(_ handle: OpaquePointer, on loop: EventLoop, deadlineMs: Int) throws {
    self.loop = loop
    self.handle = handle
    self.deadlineMs = deadlineMs
    server = SQLServer(handle)
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
      throw DatabaseError.connection(handle)
    }
    // Alive: it is cancelled before the connection goes. A weak reference would make every other one slow.
    do {
      watch = try loop.watch(PQsocket(handle), .readable) { [unowned(unsafe) self] in ready($0) }
    } catch { throw DatabaseError.gone("\(error)") }
    PQsetNoticeReceiver(
      handle,
      { context, result in
        guard let context, let result else { return }
        // The connection outlives its handle, which calls this.
        Unmanaged<PostgresConnection>.fromOpaque(context).takeUnretainedValue().note(result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    watch?.cancel()
    timer?.cancel()
    PQfinish(handle)
  }

  // MARK: Sending

  /// Sends a statement and waits for its result.
  /// - Parameters:
  ///   - deadline: until when the server must answer, else the connection is given up.
  ///   - endOfLog: is asked after the statement, and told whatever becomes of it.
  /// - Throws: `DatabaseError`, `PipelineSkipped`.
  func result(
    of sql: SQL, _ sync: Sync, until deadline: Deadline? = nil, then endOfLog: EndOfLog? = nil
  ) async throws -> PostgresResult {
    loop.checkIsolated()
    return try await withUnsafeThrowingContinuation { continuation in
      do {
        let deadline = deadline ?? loop.lastNow.plus(ms: deadlineMs)
        let name = try prepare(sql)
        try send(name, .query(sql, statement: name, continuation), until: deadline)
        if let endOfLog { ask(endOfLog, until: deadline) }
        sync == .own ? synchroniseReads() : leaveToEndOfTick()
      } catch { continuation.resume(throwing: error) }
    }
  }

  /// Sends a statement in front of the next one, under the same synchronisation: when it fails, that is skipped.
  func sendAhead(_ sql: SQL, until deadline: Deadline) throws {
    loop.checkIsolated()
    try send(prepare(sql), .command, until: deadline)
  }

  /// Sends a read, and asks where the log ends afterwards: once for all such reads under one synchronisation.
  /// - Throws: `DatabaseError`; `PipelineSkipped`, also when only the position could not be told.
  func resultAndPosition(of sql: SQL) async throws -> (PostgresResult, LogPosition) {
    loop.assertIsolated()
    let end = endOfLog ?? EndOfLog()
    endOfLog = end
    let result = try await result(of: sql, .endOfTick)
    return (result, try await end.position)
  }

  private func ask(_ end: EndOfLog, until deadline: Deadline) {
    do { try send(prepare(EndOfLog.question), .position(end), until: deadline) } catch {
      end.set(.failure(error))
    }
  }

  /// Sends the statement of that name with `parameters`.
  private func send(
    _ name: String, _ question: PendingAnswers.Question, until deadline: Deadline
  ) throws {
    let code = PQsendQueryPrepared(
      handle, name, Int32(parameters.count), parameters.values, parameters.lengths, parameters.formats, 1)
    guard code == 1 else { throw fail(.connection(handle)) }
    pending.append(question, deadline: deadline)
    armTimer()
  }

  private func leaveToEndOfTick() {
    unsynced += 1
    if unsynced == 1 { onFirstOfTick?(self) }
    if unsynced >= Self.readsPerSync { synchroniseReads() }
  }

  /// Lays out the parameters of a statement, and prepares it first, in the same pipeline, if it is new.
  /// - Returns: its name.
  private func prepare(_ sql: SQL) throws -> String {
    if let failure { throw failure }
    try parameters.set(sql)
    let (name, isNew, evicted) = statements.name(of: sql)
    if let evicted {
      let code = PQsendQueryParams(handle, "DEALLOCATE \(evicted)", 0, nil, nil, nil, nil, 1)
      guard code == 1 else { throw fail(.connection(handle)) }
      pending.append(.command, deadline: .afterMs(deadlineMs))
    }
    if isNew {
      let code = PQsendPrepare(handle, name, sql.description, Int32(parameters.count), parameters.types)
      guard code == 1 else { throw fail(.connection(handle)) }
      pending.append(.prepare(name), deadline: .afterMs(deadlineMs))
    }
    return name
  }

  /// At the end of each tick: one synchronisation, and one write to the socket, for what is left.
  func endTick() {
    loop.assertIsolated()
    if unsynced > 0, failure == nil { synchroniseReads() }
  }

  private func synchroniseReads() {
    if let endOfLog {
      self.endOfLog = nil
      ask(endOfLog, until: loop.lastNow.plus(ms: deadlineMs))
    }
    synchronise()
  }

  private func synchronise() {
    unsynced = 0
    guard PQpipelineSync(handle) == 1 else { return _ = fail(.connection(handle)) }
    pending.append(.sync, deadline: loop.lastNow.plus(ms: deadlineMs))
    flush()
  }

  private func flush() {
    let rest = PQflush(handle)
    if rest < 0 { return lose() }
    if waitsToWrite != (rest == 1) {
      waitsToWrite = rest == 1
      watch?.update(waitsToWrite ? [.readable, .writable] : .readable)
    }
  }

  // MARK: Receiving

  private func ready(_ events: IOEvents) {
    if events.contains(.writable) { flush() }
    guard failure == nil else { return }
    guard PQconsumeInput(handle) == 1 else { return lose() }
    takeResults()
    armTimer()
  }

  /// Nothing more comes. What has come is taken first: it may say what the server has done, and that it does no more.
  private func lose() {
    let error = DatabaseError.connection(handle)
    loss = error
    takeResults()
    fail(error)
  }

  private func takeResults() {
    var emptyAnswers = 0
    while failure == nil, !pending.isEmpty, PQisBusy(handle) == 0 {
      // Null ends the results of a statement; twice in a row, nothing more has come.
      guard let result = PQgetResult(handle) else {
        emptyAnswers += 1
        if emptyAnswers > 1 { return }
        continue
      }
      emptyAnswers = 0
      take(result)
    }
  }

  private func take(_ result: OpaquePointer) {
    let status = PQresultStatus(result)
    if status == PGRES_FATAL_ERROR, let error = lastWord(result) {
      PQclear(result)
      return _ = fail(error)
    }
    guard let entry = pending.popFirst() else {
      PQclear(result)
      return _ = fail(.gone("the server answered what was not asked"))
    }
    switch (entry, status) {
    case (.query(let sql, _, let continuation), PGRES_TUPLES_OK),
      (.query(let sql, _, let continuation), PGRES_COMMAND_OK):
      return continuation.resume(returning: PostgresResult(result, of: sql, from: server))
    case (.query(let sql, let name, let continuation), PGRES_PIPELINE_ABORTED):
      continuation.resume(throwing: statements.error(ofPreparing: name, sql) ?? PipelineSkipped())
    case (.query(let sql, let name, let continuation), _):
      if PostgresStatements.isStale(result) {
        statements.forget(name)
        continuation.resume(throwing: PipelineSkipped())
      } else {
        continuation.resume(throwing: DatabaseError(result, sql: sql.description))
      }
    case (.position(let end), PGRES_TUPLES_OK):
      return end.set(Result { try PostgresResult(result, of: EndOfLog.question).endOfLog })
    case (.position(let end), PGRES_PIPELINE_ABORTED): end.set(.failure(PipelineSkipped()))
    case (.position(let end), _):
      // A server in recovery has no such position: it doesn't lead.
      end.set(.failure(DatabaseError.gone(DatabaseError(result, sql: "").description)))
    case (.prepare, PGRES_COMMAND_OK), (.command, PGRES_COMMAND_OK), (.sync, PGRES_PIPELINE_SYNC): break
    case (.prepare(let name), PGRES_PIPELINE_ABORTED): statements.forget(name)
    case (.prepare(let name), _): statements.fail(name, DatabaseError(result, sql: ""))
    case (.command, _), (.sync, _): break
    }
    PQclear(result)
  }

  /// Why the connection is over; nil for an error of one statement.
  ///
  /// A server that was told to end a connection says FATAL in place of the next answer, and does nothing behind that. (Who is ended
  /// after its commit, while it waits for a follower, says no such thing.) PANIC may come in the middle of a commit; what is said in
  /// the server's place, by libpq or something in between, tells nothing of it, and names no function of the server's.
  private func lastWord(_ result: OpaquePointer) -> DatabaseError? {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    let severity = field("V")
    switch severity {
    case nil: return loss ?? .connection(handle)
    case "FATAL", "PANIC":
      wasEndedByServer = severity == "FATAL" && field("R") == "ProcessInterrupts"
      return .gone(DatabaseError.message(of: result))
    default: return nil
    }
  }

  private func note(_ notice: OpaquePointer) {
    let severity = PQresultErrorField(notice, Int32(UInt8(ascii: "V"))).map { String(cString: $0) }
    guard severity == "WARNING", warnings.count < 8 else { return }
    warnings.append(PQresultErrorMessage(notice).map { String(cString: $0) } ?? "")
  }

  /// Whether the server has said that it takes no writes; it keeps its clients informed.
  var refusesWrites: Bool {
    loop.assertIsolated()
    return isOn("in_hot_standby") || isOn("default_transaction_read_only")
  }

  private func isOn(_ setting: String) -> Bool {
    PQparameterStatus(handle, setting).map { String(cString: $0) } == "on"
  }

  // MARK: Failing

  /// Whether it may be used again: no error, nothing under way, no transaction open.
  var isIdle: Bool {
    loop.assertIsolated()
    return failure == nil && pending.isEmpty && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// Gives the connection up and tells everybody who waits.
  @discardableResult
  func fail(_ error: DatabaseError) -> DatabaseError {
    loop.assertIsolated()
    guard failure == nil else { return error }
    failure = error
    watch?.cancel()
    watch = nil
    timer?.cancel()
    pending.failAll(error)
    endOfLog?.set(.failure(error))
    endOfLog = nil
    return error
  }

  /// The same, and the server hears of it, however long somebody still holds the connection: what it has locked is free.
  func breakOff(_ error: DatabaseError) {
    loop.assertIsolated()
    fail(error)
    shutdown(PQsocket(handle), Int32(SHUT_RDWR))
  }

  /// A server that hangs answers nothing, not even that it is out of time.
  private func armTimer() {
    guard let deadline = pending.nextDeadline else {
      timer?.cancel()
      timer = nil
      return
    }
    guard timer == nil else { return }
    // Alive: it is cancelled before the connection goes.
    timer = loop.schedule(at: deadline) { [unowned(unsafe) self] in timerFired() }
  }

  private func timerFired() {
    timer = nil
    guard let deadline = pending.nextDeadline, failure == nil else { return }
    if deadline.hasPassed {
      fail(.gone("the server did not answer in time"))
    } else {
      armTimer()
    }
  }
}

extension PostgresResult {
  fileprivate var endOfLog: LogPosition {
    get throws {
      guard let bytes = try first({ try $0.int(0) }) else { throw PipelineSkipped() }
      return LogPosition(bytes: UInt64(max(bytes, 0)))
    }
  }
}

/// A statement that was not run because one before it in the same pipeline failed, or because it has to be prepared anew.
struct PipelineSkipped: Error {}

extension PostgresConnection {
  /// What became of a transaction whose COMMIT was sent and had an error for an answer.
  func outcome(ofCommitAnswered error: DatabaseError) -> DatabaseError {
    // Whom the server had said before that it ends the connection, it has not committed.
    guard case .gone(let message) = error, !wasEndedByServer else { return error }
    return .undecided("the server left while it committed: \(message)")
  }
}
