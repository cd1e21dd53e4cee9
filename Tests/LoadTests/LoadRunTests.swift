// A run counts everything that became due, writes down what was acknowledged, and verification reads it all back.

import Foundation
import Synchronization
import TestSupport
import Testing
import Workload

@testable import Load

@Suite struct LoadRunTests {
  @Test func everythingDueIsAccountedForAndTheLedgerIsComplete() async throws {
    try await withSummit { summit, server, folder in
      let steps = Mutex<[String]>([])
      let options = LoadOptions(
        target: server.target, ratePerSecond: 400, durationSeconds: 1.5, users: 6,
        ledgerPath: folder + "/ledger",
        workload: try Workload(
          [
            .signUp: 1, .logIn: 1, .readFeed: 2, .readPopular: 2, .readPost: 2, .post: 2, .follow: 4,
            .like: 4, .uploadPhoto: 1,
          ],
          popularityExponent: 1), seed: 42)
      let report = try await LoadRun(options).run { step in steps.withLock { $0.append(step.description) } }
      #expect(report.due == 600 && report.due == report.succeeded + report.failed + report.shed)
      #expect(report.failed == 0 && report.shed == 0 && report.errors == [:])
      #expect(report.stage == 2 && report.seed == 42 && !report.wasInterrupted)
      #expect(report.latency.count == 600 && report.generatorDelay.count == 600)
      #expect(report.actions.values.reduce(0) { $0 + $1.succeeded } == 600)
      #expect(steps.withLock { $0.first } == "setting up: 0 of 6 users")
      #expect(steps.withLock { $0.contains { $0.hasPrefix("1 of 2 s: ") } })

      let state = summit.state.withLock { $0 }
      #expect(state.seen.contains { $0.key.hasPrefix("DELETE") })
      let ledger = try Ledger.read(path: options.ledgerPath)
      #expect(ledger.accounts == state.accounts && Set(ledger.posts.keys) == Set(state.posts.keys))
      #expect(Set(ledger.follows.filter { $0.value == .stands }.keys) == state.follows)
      #expect(Set(ledger.likes.filter { $0.value == .stands }.keys) == state.likes)
      #expect(!state.photos.isEmpty && ledger.photos == state.photos.mapValues { Checksum.of($0) })

      let verdict = try await LedgerVerification(target: server.target, ledgerPath: options.ledgerPath).run()
      #expect(verdict.isComplete && verdict.acknowledged == verdict.found)
      #expect(verdict.writes == report.acknowledgedWrites)
      #expect(verdict.acknowledged == ledger.checks.count && verdict.inDoubt == 0)
    }
  }

  @Test func atStageOneVisitorsLookAtThePageAndJoinTheWaitlist() async throws {
    try await withSummit(stage: 1) { summit, server, folder in
      let options = LoadOptions(
        target: server.target, ratePerSecond: 200, durationSeconds: 0.5, ledgerPath: folder + "/ledger",
        seed: 1)
      let report = try await LoadRun(options).run()
      #expect(report.stage == 1 && report.users == 0 && report.succeeded == 100)
      #expect(Set(report.actions.keys) == ["readLaunchPage", "joinWaitlist"])

      let socket = folder + "/admin"
      let admin = try TestServer(unixPath: socket) { summit.serve($0) }
      defer { admin.stop() }
      var verification = LedgerVerification(target: server.target, ledgerPath: options.ledgerPath)
      await #expect(throws: LoadError.adminSocketNeeded(addresses: report.acknowledgedWrites)) {
        try await verification.run()
      }
      verification.adminSocketPath = socket
      #expect(try await verification.run().found == report.acknowledgedWrites)
      let lost = summit.state.withLock { $0.waitlist.removeLast() }
      let verdict = try await verification.run()
      #expect(verdict.missing == 1 && verdict.examples == ["waitlist address \(lost): not found"])
    }
  }

  @Test func whatTheServerRefusesIsCountedByKind() async throws {
    try await withSummit { summit, server, folder in
      summit.state.withLock { $0.faults["GET /api/feed"] = Array(repeating: 503, count: 10) + [429, 429] }
      let options = LoadOptions(
        target: server.target, ratePerSecond: 200, durationSeconds: 0.5, users: 2,
        ledgerPath: folder + "/ledger",
        workload: try Workload([.readFeed: 1], popularityExponent: 1), seed: 1)
      let report = try await LoadRun(options).run()
      #expect(report.errors == ["HTTP 503": 10, "HTTP 429": 2])
      #expect(report.failed == 12 && report.succeeded == 88 && report.latency.count == 88)
    }
  }

  @Test func settingUpIsPatientWithABusyServer() async throws {
    try await withSummit { summit, server, folder in
      summit.state.withLock { $0.faults["POST /api/accounts"] = [503, 429] }
      let options = LoadOptions(
        target: server.target, ratePerSecond: 10, durationSeconds: 0.1, users: 2,
        ledgerPath: folder + "/ledger")
      let report = try await LoadRun(options).run()
      #expect(report.failed == 0)
    }
  }

  @Test func aRunThatCannotBeginSaysWhy() async throws {
    try await withSummit(stage: 1) { _, server, folder in
      func options(_ change: (inout LoadOptions) -> Void) -> LoadOptions {
        var options = LoadOptions(
          target: server.target, ratePerSecond: 10, durationSeconds: 0.1, ledgerPath: folder + "/ledger")
        change(&options)
        return options
      }
      for wrong in [
        options { $0.ratePerSecond = 0 }, options { $0.ratePerSecond = .nan },
        options { $0.durationSeconds = -1 },
        options { $0.users = 0 }, options { $0.target = "nowhere" },
        options { $0.target = "http://127.0.0.1:1" },
        options { $0.ledgerPath = folder + "/none/ledger" },
      ] {
        await #expect(throws: LoadError.self) { try await LoadRun(wrong).run() }
      }
    }
    let other = try TestServer { connection in
      while connection.readRequest() != nil { connection.answer(200, "hello") }
    }
    defer { other.stop() }
    let options = LoadOptions(
      target: other.target, ratePerSecond: 1, durationSeconds: 1, ledgerPath: "/dev/null")
    await #expect(throws: LoadError.self) { try await LoadRun(options).run() }
  }

  @Test func aCancelledRunReportsWhatWasUntilThen() async throws {
    try await withSummit(stage: 1) { _, server, folder in
      let options = LoadOptions(
        target: server.target, ratePerSecond: 50, durationSeconds: 3_600, ledgerPath: folder + "/ledger")
      let begun = AsyncStream<Void>.makeStream()
      let task = Task { try await LoadRun(options).run { _ in begun.continuation.yield() } }
      for await _ in begun.stream { break }
      task.cancel()
      let report = try await task.value
      #expect(report.wasInterrupted && report.due > 0 && report.due < 1_000)
    }
  }

  private func withSummit(
    stage: Int = 2, _ body: (PretendSummit, TestServer, String) async throws -> Void
  ) async throws {
    let summit = PretendSummit(stage: stage)
    let server = try TestServer { summit.serve($0) }
    defer { server.stop() }
    try await withTemporaryFolder { try await body(summit, server, $0) }
  }
}
