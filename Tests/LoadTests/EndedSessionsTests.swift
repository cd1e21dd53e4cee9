// Sessions that were ended by the app's own word are tried again, and one that lets in is told; what no answer has settled is
// expected neither way.

import HeightsHTTP
import TestSupport
import Testing
import Workload

@testable import Load

@Suite struct EndedSessionsTests {
  @Test func whoLogsOutAndInAndChangesThePasswordFailsNothing() async throws {
    let (report, summit) = try await run { _ in }
    #expect(report.failed == 0, "\(report.errors)")
    for action in ["logIn", "signOut", "changePassword", "tryEndedSession"] {
      #expect((report.actions[action]?.succeeded ?? 0) > 0, "no \(action)")
    }
    let sessions = try #require(report.sessions)
    #expect(sessions.isComplete && sessions.letIn == 0 && sessions.checked > 0, "\(sessions)")
    // Everything that ever began and is no session of the app any more has been tried.
    let state = summit.state.withLock { $0 }
    #expect(sessions.ended == state.begun.count - state.sessions.count)
    #expect(sessions.checked == state.sessions.count)
  }

  @Test(arguments: [EndedSession.Ending.signOut, .passwordChange, .logIn])
  func aSessionThatGoesOnLettingInIsCountedOnceAndNamed(_ lie: EndedSession.Ending) async throws {
    let (report, summit) = try await run { $0.lies = [lie] }
    let sessions = try #require(report.sessions)
    let alive = summit.state.withLock { $0.sessions.count }
    #expect(sessions.letIn >= alive - sessions.checked && sessions.letIn > 0 && !sessions.isComplete)
    #expect(sessions.lost == 0 && sessions.unreadable == 0)
    #expect(sessions.examples.allSatisfy { $0.hasSuffix("over since \(lie.rawValue): still let in") })
    #expect(
      (report.errors["an ended session was let in"] ?? 0) > 0, "it was noticed while the run went on, too")
  }

  @Test func aSessionThatComesBackAfterItWasRefusedIsLetIn() async throws {
    let summit = PretendSummit()
    let (report, _) = try await run(
      summit, workload: [.signOut: 1, .logIn: 1, .readFeed: 8],
      observe: { request in
        // As when a leader is lost that alone knew of the sign-out.
        guard request.action == .signOut else { return }
        summit.state.withLock { state in state.sessions.merge(state.begun) { now, _ in now } }
      }
    ) { _ in }
    #expect((report.sessions?.letIn ?? 0) > 0)
  }

  @Test(arguments: [
    ("DELETE /api/sessions", Action.signOut), ("POST /api/sessions", .logIn),
    ("POST /settings", .changePassword),
  ])
  func whatIsAnswered503IsExpectedNeitherWay(_ route: String, _ action: Action) async throws {
    // Nobody logs in again, or all would be known in the end.
    let (report, summit) = try await run(workload: [action: 1, .readFeed: 4, .tryEndedSession: 1]) { state in
      // Nothing of it takes effect, and nobody is told so.
      state.faults[route] = Array(repeating: 503, count: 10_000)
    }
    #expect(
      report.errors.keys.allSatisfy { $0 == "HTTP 503" } && report.errors.count == 1, "\(report.errors)")
    let sessions = try #require(report.sessions)
    #expect(sessions.isComplete, "\(sessions)")
    #expect(
      sessions.checked < summit.state.withLock { $0.sessions.count }, "those are alive, and not asked for")
  }

  @Test func whatIsRefusedAsAMistakeHasEndedNothing() async throws {
    let (report, summit) = try await run { state in
      for route in ["DELETE /api/sessions", "POST /settings"] {
        state.faults[route] = Array(repeating: 422, count: 10_000)
      }
    }
    let sessions = try #require(report.sessions)
    #expect(
      sessions.isComplete && sessions.checked == summit.state.withLock { $0.sessions.count }, "\(sessions)")
  }

  @Test func aSessionOfWhichTheAppCannotSayWhetherItIsOverIsUnreadable() {
    let session = EndedSession(name: "ann", cookie: "session=1", ending: .signOut)
    for (status, answer) in [
      (401, SessionQuestion.Answer.refused), (200, .letIn), (503, .unreadable("HTTP 503")),
      (303, .unreadable("HTTP 303")),
    ] {
      #expect(SessionQuestion.isOver(session).judge(ClientResponse(status: status)) == answer)
    }
  }

  @Test func onlyTheLastAreKeptAndEachCountsOnce() {
    var ended = EndedSessions(limit: 3)
    let sessions = (0..<5).map { EndedSession(name: "v\($0)", cookie: "session=\($0)", ending: .logIn) }
    for session in sessions { ended.add(session) }
    #expect(Set(ended.kept.map(\.name)) == ["v2", "v3", "v4"])
    for _ in 0..<2 { ended.countLetIn(sessions[3]) }
    #expect(
      ended.letIn == 1
        && ended.examples == ["session of v3, over since a log-in in the same browser: still let in"])
    for session in sessions { ended.add(session) }
    #expect(ended.letIn == 1, "what is forgotten goes on counting")
  }

  @Test(arguments: [UInt64(21), 22, 23])
  func nobodysSessionEndsWhileSomethingOfTheirsIsUnderWay(_ seed: UInt64) {
    var (attendance, random) = (Attendance(), SeededRandom(seed: seed))
    for _ in 0..<5 { attendance.join() }
    var (underWay, settling, retired) = ([Int](), [Int](), Set<Int>())
    for _ in 0..<5_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<3:
        guard let visitor = attendance.anyone(&random) else { continue }
        #expect(!settling.contains(visitor) && !retired.contains(visitor), "seed \(seed)")
        attendance.begin(visitor)
        underWay.append(visitor)
      case 3..<6 where !underWay.isEmpty: attendance.end(underWay.removeFirst())
      case 6..<8:
        guard let visitor = attendance.anyoneLoggedOut() ?? attendance.anyoneAlone(&random) else { continue }
        #expect(!underWay.contains(visitor) && !settling.contains(visitor), "seed \(seed)")
        #expect(!retired.contains(visitor) && !attendance.isLoggedIn(visitor), "seed \(seed)")
        settling.append(visitor)
      case _ where !settling.isEmpty:
        let visitor = settling.removeFirst()
        let isLast = random.unit() < 0.001
        attendance.settle(visitor, isLast ? .retired : Bool.random(using: &random) ? .loggedIn : .loggedOut)
        if isLast { retired.insert(visitor) }
      default: continue
      }
    }
    #expect(retired.count < 5, "seed \(seed)")
  }

  private func run(
    _ summit: PretendSummit = PretendSummit(),
    workload: [Action: Double] = [
      .signOut: 2, .logIn: 4, .changePassword: 1, .tryEndedSession: 3, .readFeed: 8, .readPopular: 1,
      .post: 1,
      .follow: 1,
    ],
    observe: @escaping @Sendable (LoadRequest) -> Void = { _ in },
    _ change: (inout PretendSummit.State) -> Void
  ) async throws -> (LoadReport, PretendSummit) {
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    return try await withTemporaryFolder { folder in
      let options = LoadOptions(
        target: server.target, ratePerSecond: 300, durationSeconds: 1, users: 8,
        ledgerPath: folder + "/ledger",
        workload: try Workload(workload, popularityExponent: 1), seed: 5)
      summit.state.withLock { change(&$0) }
      return (try await LoadRun(options).run(observe: observe), summit)
    }
  }
}
