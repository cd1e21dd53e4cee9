// The cache makes each value once, keeps it within its bounds, and leaves nobody waiting.

import Synchronization
import TestSupport
import Testing

@testable import HeightsKit

@Suite struct CacheTests {
  private struct Failure: Error, Equatable {
    let number: Int
  }

  /// A clock that the test moves.
  private final class TestClock: Sendable {
    private let current = Mutex(Deadline(uptimeNanoseconds: 1_000_000_000))
    var now: Deadline { current.withLock { $0 } }
    func advance(ms: Int) { current.withLock { $0 = $0.plus(ms: ms) } }
  }

  /// Makes values and counts how often: each waits at the gate.
  private final class Maker: Sendable {
    private let counter = Atomic<Int>(0)
    let gate = AsyncGate()
    var count: Int { counter.load(ordering: .sequentiallyConsistent) }

    func next() async -> [UInt8] {
      let number = counter.add(1, ordering: .sequentiallyConsistent).newValue
      await gate.wait()
      return [UInt8(number)]
    }
  }

  // MARK: Keys

  @Test func twoKeysAreTheSameOnlyWhereTheirBytesAre() async throws {
    let cache = Cache(limitBytes: 1 << 20)
    let keys = ["café", "cafe\u{301}", "\u{212a}", "K", "a", "a\0"]
    for (number, key) in keys.enumerated() {
      #expect(try await cache.value(for: key, ttlMs: 60_000) { [UInt8(number)] } == [UInt8(number)])
    }
    await cache.remove(keys[0])
    for (number, key) in keys.enumerated() {
      #expect(
        try await cache.value(for: key, ttlMs: 60_000) { [99] } == [number == 0 ? 99 : UInt8(number)],
        "\(key)")
    }
  }

  // MARK: One computation

  @Test func aMissingValueIsMadeOnceForAllWhoAsk() async throws {
    let (cache, maker) = (Cache(limitBytes: 1 << 20), Maker())
    let values = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<50 {
        group.addTask { try await cache.value(for: "k", ttlMs: 60_000) { await maker.next() } }
      }
      try await eventually("all wait") { cache.waiting("k") == 49 }
      await maker.gate.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(values == Array(repeating: [1], count: 50))
    #expect(maker.count == 1)
    #expect(cache.statistics.misses == 1)
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { throw Failure(number: 0) } == [1])
    #expect(cache.statistics.hits == 1)
  }

  @Test func anErrorGoesToAllWhoWaitAndIsNotKept() async throws {
    let (cache, gate) = (Cache(limitBytes: 1 << 20), AsyncGate())
    let errors = try await withThrowingTaskGroup(of: Failure?.self) { group in
      for _ in 0..<10 {
        group.addTask {
          do {
            _ = try await cache.value(for: "k", ttlMs: 60_000) {
              await gate.wait()
              throw Failure(number: 7)
            }
            return nil
          } catch {
            return error as? Failure
          }
        }
      }
      try await eventually("all wait") { cache.waiting("k") == 9 }
      await gate.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(errors == Array(repeating: Failure(number: 7), count: 10))
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [1] } == [1])
  }

  @Test func whenTheMakerIsCancelledAnotherMakesTheValue() async throws {
    let cache = Cache(limitBytes: 1 << 20)
    let begun = AsyncGate()
    let maker = Task {
      try await cache.value(for: "k", ttlMs: 60_000) {
        await begun.open()
        try await Task.sleep(for: .seconds(600))
        return [1]
      }
    }
    try await eventually("the maker is at work") { await begun.isOpen }
    let others = (0..<5).map { _ in Task { try await cache.value(for: "k", ttlMs: 60_000) { [2] } } }
    try await eventually("all wait") { cache.waiting("k") == 5 }
    maker.cancel()
    await #expect(throws: CancellationError.self) { try await maker.value }
    for other in others { #expect(try await within { try await other.value } == [2]) }
    #expect(cache.statistics.misses == 2)
  }

  @Test func whoIsCancelledWhileWaitingWaitsNoLonger() async throws {
    let (cache, maker) = (Cache(limitBytes: 1 << 20), Maker())
    let first = Task { try await cache.value(for: "k", ttlMs: 60_000) { await maker.next() } }
    try await eventually("the maker is at work") { maker.count == 1 }
    let second = Task { try await cache.value(for: "k", ttlMs: 60_000) { await maker.next() } }
    try await eventually("the other waits") { cache.waiting("k") == 1 }
    second.cancel()
    try await eventually("it waits no longer") { cache.waiting("k") == 0 }
    await maker.gate.open()
    await #expect(throws: CancellationError.self) { try await second.value }
    #expect(try await first.value == [1])
  }

  @Test func manyCancelledAtRandomLeaveNobodyWaiting() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    let cache = Cache(limitBytes: 1 << 20)
    for round in 0..<20 {
      let tasks = (0..<20).map { number in
        Task {
          try await cache.value(for: "k\(round)", ttlMs: 60_000) {
            try await Task.sleep(for: .milliseconds(1))
            return [UInt8(number)]
          }
        }
      }
      let survivor = Int.random(in: 0..<20, using: &random)
      for (number, task) in tasks.enumerated() where number != survivor && Bool.random(using: &random) {
        task.cancel()
      }
      for task in tasks { _ = await task.result }
      #expect((try? await tasks[survivor].value) != nil, "seed \(seed)")
    }
  }

  @Test func aValueUnderWayWhenItsKeyIsRemovedIsGivenOnlyToThoseWhoWaited() async throws {
    let (cache, old) = (Cache(limitBytes: 1 << 20), Maker())
    let first = Task { try await cache.value(for: "k", ttlMs: 60_000) { await old.next() } }
    try await eventually("the maker is at work") { old.count == 1 }
    await cache.remove("k")
    // Who asks after the removal may have written what the value under way has not seen.
    #expect(try await within { try await cache.value(for: "k", ttlMs: 60_000) { [9] } } == [9])
    await old.gate.open()
    #expect(try await first.value == [1])
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [10] } == [9])
  }

  @Test func removedIsForgotten() async throws {
    let cache = Cache(limitBytes: 1 << 20)
    _ = try await cache.value(for: "k", ttlMs: 60_000) { [1] }
    await cache.remove("k")
    await cache.remove("never there")
    #expect(cache.statistics.usedBytes == 0)
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [2] } == [2])
  }

  // MARK: Time

  @Test func expiryIsJitteredByATenth() async throws {
    let clock = TestClock()
    let cache = Cache(limitBytes: 1 << 24, now: { clock.now })
    for number in 0..<300 { _ = try await cache.value(for: "k\(number)", ttlMs: 1_000) { [1] } }
    func fresh() async throws -> Int {
      let before = cache.statistics.hits
      for number in 0..<300 {
        _ = try? await cache.value(for: "k\(number)", ttlMs: 1_000) { throw Failure(number: 0) }
      }
      return cache.statistics.hits - before
    }
    clock.advance(ms: 899)
    #expect(try await fresh() == 300)
    clock.advance(ms: 101)
    #expect((50..<250).contains(try await fresh()))
    clock.advance(ms: 101)
    #expect(try await fresh() == 0)
  }

  @Test func aStaleValueIsServedWhileOneNewIsMade() async throws {
    let (clock, maker) = (TestClock(), Maker())
    let cache = Cache(limitBytes: 1 << 20, now: { clock.now })
    _ = try await cache.value(for: "k", ttlMs: 1_000, staleForMs: 10_000) { [77] }
    clock.advance(ms: 2_000)
    for _ in 0..<20 {
      #expect(
        try await cache.value(for: "k", ttlMs: 1_000, staleForMs: 10_000) { await maker.next() } == [77])
    }
    try await eventually("a new one is made") { maker.count == 1 }
    await maker.gate.open()
    try await eventually("the new one is served") {
      (try? await cache.value(for: "k", ttlMs: 1_000) { [99] }) == [1]
    }
    #expect(maker.count == 1)
    #expect(cache.statistics.staleHits >= 20)
  }

  @Test func aFailedRefreshKeepsTheStaleValueUntilItsEnd() async throws {
    let clock = TestClock()
    let cache = Cache(limitBytes: 1 << 20, now: { clock.now })
    _ = try await cache.value(for: "k", ttlMs: 1_000, staleForMs: 10_000) { [77] }
    clock.advance(ms: 2_000)
    for number in 0..<5 {
      #expect(
        try await cache.value(for: "k", ttlMs: 1_000, staleForMs: 10_000) { throw Failure(number: number) }
          == [77])
      try await eventually("the refresh has failed") { !cache.isMaking("k") }
    }
    clock.advance(ms: 10_000)
    await #expect(throws: Failure(number: 9)) {
      try await cache.value(for: "k", ttlMs: 1_000, staleForMs: 10_000) { throw Failure(number: 9) }
    }
  }

  // MARK: Room

  @Test func theBoundHoldsAndWhatWasUsedLongestAgoGoesFirst() async throws {
    let cache = Cache(limitBytes: 16 * 10_000)
    for number in 0..<1_000 {
      _ = try await cache.value(for: "k\(number)", ttlMs: 60_000) { .init(repeating: 1, count: 1_000) }
      _ = try await cache.value(for: "often", ttlMs: 60_000) { .init(repeating: 1, count: 1_000) }
      #expect(cache.statistics.usedBytes <= 16 * 10_000)
    }
    #expect(cache.statistics.usedBytes > 16 * 7_000)
    #expect(cache.statistics.evictions > 800)
    // Used all the time, it was made once: 1,000 others and it were missing.
    #expect(cache.statistics.misses == 1_001)
  }

  @Test func whatIsLargerThanItsShareIsServedAndNotKept() async throws {
    let cache = Cache(limitBytes: 16 * 1_000)
    for _ in 0..<2 {
      #expect(
        try await cache.value(for: "k", ttlMs: 60_000) { .init(repeating: 1, count: 1_000) }.count == 1_000)
    }
    #expect(cache.statistics.misses == 2)
    #expect(cache.statistics.usedBytes == 0)
  }

  @Test func zeroTurnsItOff() async throws {
    let cache = Cache(limitBytes: 0)
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [1] } == [1])
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [2] } == [2])
    #expect(cache.statistics.usedBytes == 0)
  }

  // MARK: Time

  @Test(arguments: [true, false]) func aMakerWithoutTimeEndsAloneAndAnotherMakesTheValue(hasEnded: Bool)
    async throws
  {
    let (cache, gate, begun) = (Cache(limitBytes: 1 << 20), AsyncGate(), AsyncGate())
    let request = PretendRequest(deadline: .afterMs(hasEnded ? 1 : 60_000))
    let maker = Task {
      try await CurrentRequest.$context.withValue(request) {
        try await cache.value(for: "k", ttlMs: 60_000) {
          await begun.open()
          await gate.wait()
          // The server was told how much time there is, and says so before that; or it is told when nobody listens any more.
          if hasEnded { throw Failure(number: 1) }
          throw DatabaseError.timeout("canceling statement due to statement timeout")
        }
      }
    }
    await begun.wait()
    let others = (0..<5).map { _ in Task { try await cache.value(for: "k", ttlMs: 60_000) { [2] } } }
    try await eventually("all wait") { cache.waiting("k") == 5 }
    if hasEnded {
      try await eventually("it is late") { request.deadline.hasPassed }
      request.end()
    }
    await gate.open()
    await #expect(throws: (any Error).self) { try await maker.value }
    for other in others { #expect(try await other.value == [2]) }
    #expect(cache.statistics.misses == 2)
  }

  @Test func whoWaitsIsToldWhenTheirOwnRequestIsDue() async throws {
    let (cache, maker) = (Cache(limitBytes: 1 << 20), Maker())
    let loops = try EventLoopGroup(count: 1)
    let first = Task { try await cache.value(for: "k", ttlMs: 60_000) { await maker.next() } }
    try await eventually("the maker is at work") { maker.count == 1 }
    let error = await #expect(throws: DatabaseError.self) {
      try await within {
        try await loops.loops[0].run {
          try await asRequest(due: .afterMs(20)) {
            try await cache.value(for: "k", ttlMs: 60_000) { await maker.next() }
          }
        }
      }
    }
    guard case .timeout? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(cache.waiting("k") == 0)
    await maker.gate.open()
    #expect(try await first.value == [1])
    await loops.shutdown()
  }
}
