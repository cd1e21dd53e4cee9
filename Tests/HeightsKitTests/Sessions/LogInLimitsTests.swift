// Guessing passwords is stopped after a few, shuts out nobody else, and is forgiven slowly.

import Testing

@testable import HeightsKit

@Suite struct LogInLimitsTests {
  private struct Setup {
    let limits: LogInLimits
    let store: SessionStore
    let clock: Clock
    let database: Database

    /// Whether somebody with the right password has to wait, and for how long.
    func waitSeconds(_ name: String, _ address: String) async throws -> Int? {
      do {
        #expect(try await limits.attempt(name: name, address: address) { name } == name)
        return nil
      } catch let problem as Problem {
        #expect(problem.status == .tooManyRequests)
        return problem.retryAfterSeconds
      }
    }

    /// An attempt that fails, or is refused.
    func fail(_ name: String, _ address: String) async throws {
      do {
        #expect(try await limits.attempt(name: name, address: address) { String?.none } == nil)
      } catch is Problem {}
    }

    var counters: [Int64] {
      get async throws {
        try await database.query("SELECT length(key) FROM session_attempts ORDER BY 1") { try $0.int(0) }
      }
    }
  }

  private func withLimits(_ body: (Setup) async throws -> Void) async throws {
    try await withContext { context in
      let clock = Clock()
      let store = try await SessionStore(context, nowMs: { clock.nowMs })
      try await body(
        Setup(
          limits: LogInLimits(store), store: store, clock: clock,
          database: context.openDatabases[0].database))
    }
  }

  @Test func anAccountWaitsAtTheAddressThatHasFailedTenTimesAndNowhereElse() async throws {
    try await withLimits { setup in
      for _ in 0..<10 {
        #expect(try await setup.waitSeconds("ada", "10.0.0.1") == nil)
        try await setup.fail("ada", "10.0.0.1")
      }
      #expect(try await setup.waitSeconds("ada", "10.0.0.1") == 30)
      #expect(try await setup.waitSeconds("ada", "10.0.0.2") == nil)
      #expect(try await setup.waitSeconds("bob", "10.0.0.1") == nil)
    }
  }

  @Test func aClockThatWasAheadShutsNobodyOutWhenItIsRightAgain() async throws {
    try await withLimits { setup in
      setup.clock.nowMs += 3_600_000
      for _ in 0..<10 { try await setup.fail("ada", "10.0.0.1") }
      #expect(try await setup.waitSeconds("bob", "10.0.0.2") == nil)
      setup.clock.nowMs -= 3_600_000
      for (name, address) in [("ada", "10.0.0.1"), ("bob", "10.0.0.2")] {
        #expect(try await setup.waitSeconds(name, address) == nil)
      }
      for _ in 0..<10 { try await setup.fail("ada", "10.0.0.1") }
      #expect(try await setup.waitSeconds("ada", "10.0.0.1") == 30)
    }
  }

  @Test func whoLookedAtTheClockFirstAndIsCountedLastStartsNoNewCount() async throws {
    try await withLimits { setup in
      for _ in 0..<10 { try await setup.fail("ada", "10.0.0.1") }
      setup.clock.nowMs -= 5_000
      #expect(try await setup.waitSeconds("ada", "10.0.0.1") == 35)
      setup.clock.nowMs += 5_000
      #expect(try await setup.waitSeconds("ada", "10.0.0.1") == 30)
    }
  }

  @Test func anAccountWaitsAfterAHundredFailuresFromWherever() async throws {
    try await withLimits { setup in
      for number in 0..<100 { try await setup.fail("ada", "10.0.0.\(number / 5)") }
      #expect(try await setup.waitSeconds("ada", "10.0.0.99") == 30)
      #expect(try await setup.waitSeconds("bob", "10.0.0.99") == nil)
    }
  }

  @Test func anAddressWaitsAfterAHundredFailuresForWhomever() async throws {
    try await withLimits { setup in
      for number in 0..<100 { try await setup.fail("name\(number)", "10.0.0.1") }
      #expect(try await setup.waitSeconds("another", "10.0.0.1") == 30)
      #expect(try await setup.waitSeconds("another", "10.0.0.2") == nil)
    }
  }

  @Test func aNameIsNotMistakenForAnAddressNorTheEndOfOneForTheOther() async throws {
    try await withLimits { setup in
      for _ in 0..<10 { try await setup.fail("ada1", "0.0.0.1") }
      #expect(try await setup.waitSeconds("ada", "10.0.0.1") == nil)
      #expect(try await setup.waitSeconds("0.0.0.1", "ada1") == nil)
    }
  }

  @Test func oneFailureIsForgottenEveryThirtySeconds() async throws {
    try await withLimits { setup in
      for _ in 0..<10 { try await setup.fail("ada", "a") }
      #expect(try await setup.waitSeconds("ada", "a") == 30)
      setup.clock.nowMs += 29_000
      #expect(try await setup.waitSeconds("ada", "a") == 1)
      setup.clock.nowMs += 1_000
      #expect(try await setup.waitSeconds("ada", "a") == nil)
      try await setup.fail("ada", "a")
      #expect(try await setup.waitSeconds("ada", "a") == 30)
      setup.clock.nowMs += 3_600_000
      for _ in 0..<9 { try await setup.fail("ada", "a") }
      #expect(try await setup.waitSeconds("ada", "a") == nil)
    }
  }

  @Test func aRefusedAttemptDoesNotMakeAnyWaitLonger() async throws {
    try await withLimits { setup in
      for _ in 0..<150 { try await setup.fail("ada", "a") }
      #expect(try await setup.waitSeconds("ada", "a") == 30)
      #expect(try await setup.waitSeconds("ada", "b") == nil)
      #expect(try await setup.waitSeconds("bob", "a") == nil)
    }
  }

  @Test func allProcessesCountTogetherAndWhatWasCountedOutlivesThem() async throws {
    try await withLimits { setup in
      for _ in 0..<5 { try await setup.fail("ada", "a") }
      let another = LogInLimits(setup.store)
      for _ in 0..<5 { #expect(try await another.attempt(name: "ada", address: "a") { String?.none } == nil) }
      #expect(try await setup.waitSeconds("ada", "a") == 30)
    }
  }

  @Test func ofManyWrongAttemptsAtOnceTenAreHeard() async throws {
    try await withLimits { setup in
      let heard = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<60 {
          group.addTask {
            do {
              let found = try await setup.limits.attempt(name: "ada", address: "a") {
                await Task.yield()
                return String?.none
              }
              return found == nil
            } catch { return false }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(heard == 10)
    }
  }

  @Test func anAttemptThatWasRightOrBrokeOffDoesNotCount() async throws {
    try await withLimits { setup in
      for _ in 0..<9 { try await setup.fail("ada", "a") }
      for _ in 0..<20 {
        #expect(try await setup.waitSeconds("ada", "a") == nil)
        await #expect(throws: Overloaded.self) {
          try await setup.limits.attempt(name: "ada", address: "a") { () -> String? in throw Overloaded() }
        }
      }
      try await setup.fail("ada", "a")
      #expect(try await setup.waitSeconds("ada", "a") == 30)
    }
  }

  @Test func whatIsKeptOfALongNameIsShortAndGoesWhenItIsForgotten() async throws {
    try await withLimits { setup in
      try await setup.fail(String(repeating: "a", count: 100_000), "a")
      #expect(try await setup.counters == [16, 16, 16])
      try await setup.store.attempts.deleteExpired()
      #expect(try await setup.counters.count == 3)
      setup.clock.nowMs += 30_000
      try await setup.store.attempts.deleteExpired()
      #expect(try await setup.counters.isEmpty)
    }
  }

  @Test func anAddressHasTwentySignUpsAndThenOneAMinute() async throws {
    try await withLimits { setup in
      for _ in 0..<20 { try await setup.limits.signUp(from: "192.0.2.1") }
      await #expect(throws: Problem.self) { try await setup.limits.signUp(from: "192.0.2.1") }
      try await setup.limits.signUp(from: "192.0.2.2")
      setup.clock.nowMs += 60_000
      try await setup.limits.signUp(from: "192.0.2.1")
      await #expect(throws: Problem.self) { try await setup.limits.signUp(from: "192.0.2.1") }
      for _ in 0..<50 { try await setup.limits.signUp(from: "127.0.0.1") }
    }
  }
}
