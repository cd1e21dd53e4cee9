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
      try limits.check(name: name, address: address)
      return nil
    } catch {
      #expect((error as? Problem)?.status == .tooManyRequests)
      return (error as? Problem)?.retryAfterSeconds
    }
  }

  @Test func anAccountWaitsAfterTenFailuresFromWherever() {
    let limits = limits()
    for number in 0..<10 {
      #expect(waitSeconds(limits, "ada", "10.0.0.\(number)") == nil)
      limits.countFailure(name: "ada", address: "10.0.0.\(number)")
    }
    #expect(waitSeconds(limits, "ada", "10.0.0.99") == 30)
    #expect(waitSeconds(limits, "bob", "10.0.0.0") == nil)
  }

  @Test func anAddressWaitsAfterAHundredFailuresForWhomever() {
    let limits = limits()
    for number in 0..<100 {
      #expect(waitSeconds(limits, "name\(number)", "10.0.0.1") == nil)
      limits.countFailure(name: "name\(number)", address: "10.0.0.1")
    }
    #expect(waitSeconds(limits, "another", "10.0.0.1") == 30)
    #expect(waitSeconds(limits, "another", "10.0.0.2") == nil)
  }

  @Test func aNameIsNotMistakenForAnAddress() {
    let limits = limits()
    for _ in 0..<10 { limits.countFailure(name: "10.0.0.1", address: "10.0.0.2") }
    #expect(waitSeconds(limits, "ada", "10.0.0.1") == nil)
  }

  @Test func oneFailureIsForgottenEveryThirtySeconds() {
    let limits = limits()
    for _ in 0..<12 { limits.countFailure(name: "ada", address: "a") }
    #expect(waitSeconds(limits, "ada", "b") == 90)
    clock.advance(seconds: 89)
    #expect(waitSeconds(limits, "ada", "b") == 1)
    clock.advance(seconds: 1)
    #expect(waitSeconds(limits, "ada", "b") == nil)
    limits.countFailure(name: "ada", address: "a")
    #expect(waitSeconds(limits, "ada", "b") == 30)
    clock.advance(seconds: 3_600)
    for _ in 0..<9 { limits.countFailure(name: "ada", address: "a") }
    #expect(waitSeconds(limits, "ada", "b") == nil)
  }

  @Test func aFloodOfNamesPushesOutTheOldestAndNobodyWhoJustFailed() {
    let limits = limits(keyLimit: 50)
    for number in 0..<2_000 {
      limits.countFailure(name: "flood\(number)", address: "flood\(number)")
      if number % 10 == 0 { limits.countFailure(name: "ada", address: "a") }
    }
    #expect(waitSeconds(limits, "ada", "b") != nil)
    #expect(limits.keyCount == 50)
  }

  @Test func failuresFromManyThreadsAllCount() async {
    let limits = LogInLimits(keyLimit: 100, now: { .now })
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<50 { limits.countFailure(name: "ada", address: "a") } } }
    }
    // 400 failures, less the few that a slow machine forgets meanwhile.
    #expect((waitSeconds(limits, "ada", "a") ?? 0) > 300 * 30)
  }
}
