// Whoever watches a run is told of every request, can end it, and hears what became of the sessions.

import HeightsHTTP
import Synchronization
import TestSupport
import Testing
import Workload

@testable import Load

@Suite struct LoadWatchedTests {
  @Test func everyRequestIsToldWithItsTimesAndItsFailure() async throws {
    try await withRun(rate: 200, seconds: 0.5) { run, summit in
      summit.state.withLock { $0.faults["GET /api/feed"] = Array(repeating: 503, count: 7) }
      let told = Mutex<[LoadRequest]>([])
      let begunNs = LoadRequest.nowNs
      let report = try await run.run(observe: { request in told.withLock { $0.append(request) } })
      let requests = told.withLock { $0 }
      #expect(requests.count == 100 && report.due == 100)
      #expect(requests.allSatisfy { begunNs <= $0.dueNs && $0.dueNs <= $0.endedNs })
      #expect(requests.compactMap(\.failure) == Array(repeating: "HTTP 503", count: 7))
      #expect(Set(requests.map(\.dueNs)).count == 100, "each at its own time")
      let writes = requests.filter(\.action.isWrite)
      #expect(!writes.isEmpty && writes.allSatisfy { $0.action == .like || $0.action == .readPopular })
    }
  }

  @Test func whatIsShedIsToldToo() async throws {
    try await withRun(rate: 400, seconds: 0.3, inFlightLimit: 2) { run, summit in
      let told = Mutex<[LoadRequest]>([])
      let report = try await run.run(observe: { request in told.withLock { $0.append(request) } })
      let shed = told.withLock { $0.filter { $0.failure == Tally.shedKind } }
      #expect(shed.count == report.shed && shed.allSatisfy { $0.dueNs == $0.endedNs })
      #expect(told.withLock { $0.count } == report.due)
    }
  }

  @Test func aRunThatIsToldToStopEndsInOrder() async throws {
    try await withRun(rate: 100, seconds: 3_600) { run, _ in
      let told = Atomic(0)
      let report = try await run.run(
        observe: { _ in told.add(1, ordering: .relaxed) },
        shouldStop: { told.load(ordering: .relaxed) >= 10 })
      #expect(!report.wasInterrupted && report.failed == 0 && (10..<1_000).contains(report.due))
      #expect(report.sessions?.isComplete == true && report.sessions?.checked == 5)
    }
  }

  @Test func aSessionThatIsGoneOrAnothersIsLostAndNamed() async throws {
    try await withRun(rate: 50, seconds: 0.2) { run, summit in
      let report = try await run.run(shouldStop: {
        summit.state.withLock { state in
          state.sessions["session=0"] = nil
          if state.sessions["session=1"] != nil { state.sessions["session=1"] = "mallory" }
        }
        return false
      })
      let sessions = try #require(report.sessions)
      #expect(sessions.checked == 5 && sessions.lost == 2 && sessions.unreadable == 0 && !sessions.isComplete)
      #expect(sessions.examples.count { $0.hasSuffix(": not logged in any more") } == 1)
      #expect(sessions.examples.count { $0.hasSuffix(": taken for mallory") } == 1)
    }
  }

  @Test func aBusyAppIsAskedForSessionsAgain() async throws {
    try await withRun(rate: 50, seconds: 0.1) { run, summit in
      summit.state.withLock { $0.faults["GET /api/me"] = [503, 500, 503] }
      let report = try await run.run()
      #expect(report.sessions?.isComplete == true)
    }
  }

  @Test(arguments: [
    (401, "{}", SessionQuestion.Answer.lost("not logged in any more")),
    (200, #"{"name":"ann"}"#, .kept), (200, #"{"name":"ben"}"#, .lost("taken for ben")),
    (200, "[]", .unreadable("no name in the answer")), (503, "", .unreadable("HTTP 503")),
    (404, "", .unreadable("HTTP 404")),
  ])
  func onlyAnAnswerIsAnAnswer(status: Int, body: String, answer: SessionQuestion.Answer) {
    let response = ClientResponse(status: status, body: Array(body.utf8))
    #expect(SessionQuestion.isAlive(LiveSession(name: "ann", cookie: nil)).judge(response) == answer)
  }

  private func withRun(
    rate: Double, seconds: Double, inFlightLimit: Int = 4_096,
    _ body: (LoadRun, PretendSummit) async throws -> Void
  ) async throws {
    let summit = PretendSummit()
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    try await withTemporaryFolder { folder in
      let workload = try Workload([.readFeed: 5, .readPopular: 2, .like: 3], popularityExponent: 1)
      let options = LoadOptions(
        target: server.target, ratePerSecond: rate, durationSeconds: seconds, users: 5,
        ledgerPath: folder + "/ledger", workload: workload, seed: 7, inFlightLimit: inFlightLimit)
      try await body(LoadRun(options), summit)
    }
  }
}
