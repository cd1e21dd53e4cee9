// Reads every acknowledged write back: from the databases' leader, or, where that is out of reach, from the app.

import HeightsHTTP
import HeightsRuntime
import Policies

/// What a verification found. `missing`, `unreadable` and `unexpected` all 0 is the only good result.
public struct VerificationReport: Sendable, Equatable, Codable {
  /// From where it was read, for people.
  public internal(set) var source = ""
  /// Acknowledged writes in the ledger, as many as the runs that wrote it have told.
  public internal(set) var writes = 0
  /// Those whose effect must be there now: of writes to the same thing the last one counts.
  public internal(set) var acknowledged = 0
  /// Of those acknowledged: their effect is there.
  public internal(set) var found = 0
  /// Of those acknowledged: their effect is not there, so a write was lost.
  public internal(set) var missing = 0
  /// The app could not say, also after several tries.
  public internal(set) var unreadable = 0
  /// Follows and likes whose undoing was sent but never answered: both states are right, so neither is checked.
  public internal(set) var inDoubt = 0
  /// What is there and should not be: a post twice, a like that nobody asked for, a count of likes that is wrong. Only the
  /// leader's rows tell; 0 when the app was asked.
  public internal(set) var unexpected = 0
  /// Writes that were refused with 5xx, and that are there all the same: allowed, since nobody was told that they are not.
  public internal(set) var refusedThere = 0
  /// Writes whose answer never came, and that are there.
  public internal(set) var unansweredThere = 0
  /// Acknowledged writes by kind: accounts, posts, photos, follows, likes, waitlist.
  var byKind: [String: Int] = [:]
  /// The first of those missing, unreadable or unexpected, at most 10, with what is wrong.
  public internal(set) var examples: [String] = []

  /// Everything that was acknowledged is there, and nothing else.
  public var isComplete: Bool { missing == 0 && unreadable == 0 && unexpected == 0 }

  init() {}

  init(_ ledger: Ledger) {
    writes = ledger.writes
    inDoubt = ledger.inDoubtCount
  }

  mutating func countUnexpected(_ what: [String]) {
    unexpected = what.count
    examples = Array((examples + what).prefix(10))
  }

  mutating func count(_ kind: String, _ name: String, _ answer: LedgerCheck.Answer) {
    acknowledged += 1
    byKind[kind, default: 0] += 1
    switch answer {
    case .found: found += 1
    case .missing(let what):
      missing += 1
      if examples.count < 10 { examples.append("\(name): \(what)") }
    case .unreadable(let what):
      unreadable += 1
      if examples.count < 10 { examples.append("\(name): can't be read (\(what))") }
    }
  }
}

/// Checks a ledger against what is stored, record by record.
public struct LedgerVerification: Sendable {
  private static let parallelReads = 16
  private static let tries = 6
  private static let pauses = BackOff(firstMs: 100, limitMs: 1_600)
  /// After so many records that could not be read the rest get one try each: the app had its chances.
  private static let patienceRecords = 32

  /// `http://HOST:PORT` of the app.
  var target: String
  var ledgerPath: String
  /// Where the databases are. When known, they are read, and the app is not asked at all: it may answer from a cache.
  var stores: Stores?
  /// The Unix socket of the app's admin side: needed when the app is asked and the ledger has waitlist addresses.
  var adminSocketPath: String?

  /// - Parameters:
  ///   - ledgerPath: the file that load runs have appended to.
  ///   - stores: where the databases are; nil to ask the app at `target` instead.
  ///   - adminSocketPath: needed when the app is asked and the ledger has waitlist addresses.
  public init(target: String, ledgerPath: String, stores: Stores? = nil, adminSocketPath: String? = nil) {
    self.target = target
    self.ledgerPath = ledgerPath
    self.stores = stores
    self.adminSocketPath = adminSocketPath
  }

  /// - Parameter progress: told how many of how many checks are done, about every hundredth.
  /// - Throws: `LoadError` when the ledger, or the leader, can't be read, or the waitlist not asked for.
  public func run(
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> VerificationReport {
    let ledger = try Ledger.read(path: ledgerPath)
    if let stores { return try await verify(ledger, at: stores) }
    let endpoint = try Endpoint.target(target)
    if !ledger.waitlist.isEmpty, adminSocketPath == nil {
      throw LoadError.adminSocketNeeded(addresses: ledger.waitlist.count)
    }
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let result = await Result { () async throws in
      try await loop.run {
        var report = VerificationReport(ledger)
        report.source = "the app at \(target), which may answer from a cache or a follower"
        let missing = try await check(ledger.checks, at: endpoint, on: loop, &report, progress)
        try countMissing(missing, &report)
        try await checkWaitlist(ledger.waitlist, on: loop, &report)
        return report
      }
    }
    await group.shutdown()
    return try result.get()
  }

  /// Counts everything but what is missing, which it returns.
  private func check(
    _ checks: [LedgerCheck], at endpoint: Endpoint, on loop: EventLoop, _ report: inout VerificationReport,
    _ progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> [(LedgerCheck, LedgerCheck.Answer)] {
    let client = HTTPClient(endpoint, on: loop, .visitors(connections: Self.parallelReads))
    if case .failure(let failure) = await client.send(SummitAPI.health) {
      throw LoadError.unreachable(target: target, reason: failure.kind)
    }
    var missing: [(LedgerCheck, LedgerCheck.Answer)] = []
    await withTaskGroup(of: (LedgerCheck, LedgerCheck.Answer).self) { tasks in
      var rest = checks.makeIterator()
      let start = { (tasks: inout TaskGroup<(LedgerCheck, LedgerCheck.Answer)>, tries: Int) in
        guard let check = rest.next() else { return }
        tasks.addTask { (check, await Self.ask(check, client, tries: tries)) }
      }
      for _ in 0..<Self.parallelReads { start(&tasks, Self.tries) }
      while let (check, answer) = await tasks.next() {
        if case .missing = answer {
          missing.append((check, answer))
        } else {
          report.count(check.kind, check.name, answer)
        }
        let done = report.acknowledged + missing.count
        if done % max(checks.count / 100, 1) == 0 { progress(done, checks.count) }
        start(&tasks, report.unreadable < Self.patienceRecords ? Self.tries : 1)
      }
    }
    await client.close()
    return missing
  }

  /// A run that still writes may have begun to undo a follow after the ledger was read. It announces that in the ledger
  /// before it sends it, so a second look tells what was rightly expected when the app was asked.
  func countMissing(
    _ missing: [(LedgerCheck, LedgerCheck.Answer)], _ report: inout VerificationReport
  ) throws {
    if missing.isEmpty { return }
    let ledger = try Ledger.read(path: ledgerPath)
    for (check, answer) in missing {
      if ledger.stillExpects(check) {
        report.count(check.kind, check.name, answer)
      } else {
        report.inDoubt += 1
      }
    }
  }

  /// A busy or restarting app gets a few more chances to answer; 'not found' is an answer.
  private static func ask(_ check: LedgerCheck, _ client: HTTPClient, tries: Int) async -> LedgerCheck.Answer
  {
    var answer = LedgerCheck.Answer.unreadable("not asked")
    for attempt in 1...tries {
      switch await client.send(check.request) {
      case .success(let response): answer = check.judge(response)
      case .failure(let failure): answer = .unreadable(failure.kind)
      }
      guard case .unreadable = answer, attempt < tries else { return answer }
      do { try await client.loop.sleep(ms: pauses.ms(afterFailures: attempt)) } catch { return answer }
    }
    return answer
  }

  private func checkWaitlist(
    _ emails: Set<String>, on loop: EventLoop, _ report: inout VerificationReport
  ) async throws {
    guard let adminSocketPath, !emails.isEmpty else { return }
    let client = HTTPClient(
      try .adminSocket(adminSocketPath), on: loop,
      .visitors(connections: 1, timeoutMs: 60_000, bodyBytes: 1 << 30))
    let result = await client.send(SummitAPI.waitlist)
    await client.close()
    let stored = try Self.storedEmails(result, adminSocketPath)
    for email in emails.sorted() {
      report.count(
        "waitlist", "waitlist address \(email)", stored.contains(email) ? .found : .missing("not found"))
    }
  }

  private static func storedEmails(
    _ result: Result<ClientResponse, ClientFailure>, _ socketPath: String
  ) throws -> Set<String> {
    switch result {
    case .failure(let failure): throw LoadError.unreachable(target: socketPath, reason: failure.kind)
    case .success(let response):
      guard response.isSuccess, let emails = try? SummitAPI.waitlistEmails(response.body) else {
        throw LoadError.unexpectedAnswer(
          request: "GET /waitlist at \(socketPath)", expected: "200 and one JSON object a line",
          found: "\(response.status) and \(response.body.count) bytes")
      }
      return emails
    }
  }
}

extension Result where Failure == any Error {
  /// The result of an async throwing body.
  init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
