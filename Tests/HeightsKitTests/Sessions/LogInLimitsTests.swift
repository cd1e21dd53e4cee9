// Guessing passwords is stopped after a few, and forgiven slowly.

import Synchronization
import Testing

@testable import HeightsKit

@Suite struct LogInLimitsTests {
  private final class TestClock: Sendable {
    private let current = Mutex(Deadline(uptimeNanoseconds: 1_000_000_000))
    var now: Deadline { current.withLock { $0 } }
    func advance(seconds: Int) { current.withLock { $0 = $0.plus(ms: seconds * 1_000) } }
  }

  private let clock = TestClock()

  private func limits(keyLimit: Int = 1_000) -> LogInLimits {
    LogInLimits(keyLimit: keyLimit, now: { [clock] in clock.now })
  }

  private func waitSeconds(_ limits: LogInLimits, _ name: String, _ address: String) -> Int? {
    do {
      try limits.begin(name: name, address: address)
      limits.takeBack(name: name, address: address)
      return nil
    } catch {
      #expect((error as? Problem)?.status == .tooManyRequests)
      return (error as? Problem)?.retryAfterSeconds
    }
  }

  /// An attempt that fails, or is refused.
  private func fail(_ limits: LogInLimits, _ name: String, _ address: String) {
    try? limits.begin(name: name, address: address)
  }

  @Test func anAccountWaitsAfterTenFailuresFromWherever() {
    let limits = limits()
    for number in 0..<10 {
      #expect(waitSeconds(limits, "ada", "10.0.0.\(number)") == nil)
      fail(limits, "ada", "10.0.0.\(number)")
    }
    #expect(waitSeconds(limits, "ada", "10.0.0.99") == 30)
    #expect(waitSeconds(limits, "bob", "10.0.0.0") == nil)
  }

  @Test func anAddressWaitsAfterAHundredFailuresForWhomever() {
    let limits = limits()
    for number in 0..<100 {
      #expect(waitSeconds(limits, "name\(number)", "10.0.0.1") == nil)
      fail(limits, "name\(number)", "10.0.0.1")
    }
    #expect(waitSeconds(limits, "another", "10.0.0.1") == 30)
    #expect(waitSeconds(limits, "another", "10.0.0.2") == nil)
  }

  @Test func aNameIsNotMistakenForAnAddress() {
    let limits = limits()
    for _ in 0..<10 { fail(limits, "10.0.0.1", "10.0.0.2") }
    #expect(waitSeconds(limits, "ada", "10.0.0.1") == nil)
  }

  @Test func oneFailureIsForgottenEveryThirtySeconds() {
    let limits = limits()
    for _ in 0..<10 { fail(limits, "ada", "a") }
    #expect(waitSeconds(limits, "ada", "b") == 30)
    clock.advance(seconds: 29)
    #expect(waitSeconds(limits, "ada", "b") == 1)
    clock.advance(seconds: 1)
    #expect(waitSeconds(limits, "ada", "b") == nil)
    fail(limits, "ada", "a")
    #expect(waitSeconds(limits, "ada", "b") == 30)
    clock.advance(seconds: 3_600)
    for _ in 0..<9 { fail(limits, "ada", "a") }
    #expect(waitSeconds(limits, "ada", "b") == nil)
  }

  @Test func aRefusedAttemptDoesNotMakeTheWaitLonger() {
    let limits = limits()
    for _ in 0..<50 { fail(limits, "ada", "a") }
    #expect(waitSeconds(limits, "ada", "b") == 30)
  }

  @Test func aFloodOfNamesPushesOutTheOldestAndNobodyWhoJustFailed() {
    let limits = limits(keyLimit: 50)
    for number in 0..<2_000 {
      fail(limits, "flood\(number)", "flood\(number)")
      if number % 10 == 0 { fail(limits, "ada", "a") }
    }
    #expect(waitSeconds(limits, "ada", "b") != nil)
    #expect(limits.keyCount == 50)
  }

  @Test func ofManyWrongAttemptsAtOnceTenAreHeard() async {
    let limits = limits()
    let heard = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<60 {
        group.addTask {
          let isRight = try? await limits.attempt(name: "ada", address: "\(number)") {
            await Task.yield()
            return false
          }
          return isRight != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(heard == 10)
    #expect(waitSeconds(limits, "ada", "a") == 30)
  }

  @Test func anAttemptThatWasRightOrBrokeOffDoesNotCount() async throws {
    let limits = limits()
    for _ in 0..<9 { fail(limits, "ada", "a") }
    for _ in 0..<200 {
      #expect(try await limits.attempt(name: "ada", address: "a") { true })
      await #expect(throws: Overloaded.self) {
        try await limits.attempt(name: "ada", address: "a") { throw Overloaded() }
      }
    }
    #expect(waitSeconds(limits, "ada", "a") == nil)
    #expect(try await !limits.attempt(name: "ada", address: "a") { false })
    #expect(waitSeconds(limits, "ada", "a") == 30)
  }

  @Test func whoseAttemptsWereRightIsNotRemembered() async throws {
    let limits = limits()
    for number in 0..<100 { _ = try await limits.attempt(name: "\(number)", address: "a") { true } }
    #expect(limits.keyCount == 0)
  }
}
