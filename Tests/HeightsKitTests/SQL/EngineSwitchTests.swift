// Nobody enters behind a fence, everybody goes on after it, and nobody waits for longer than they wanted to.

import HeightsKit
import TestSupport
import Testing

@testable import HeightsData

@Suite struct EngineSwitchTests {
  private func withSwitch(_ body: (Database, EngineSwitch, EventLoop) async throws -> Void) async throws {
    try await withContext { context in
      let database = try await context.database("sessions", migrations: [])
      try await body(database, try #require(database.ranges.only), context.loops.loops[0])
    }
  }

  @Test func whoComesBehindAFenceWaitsAndGoesOnWhenItIsLowered() async throws {
    try await withSwitch { _, engines, loop in
      #expect(engines.raise(limitMs: 60_000, on: loop))
      #expect(!engines.raise(limitMs: 60_000, on: loop), "there is one")
      let waiter = Task { try await engines.enter(until: .afterMs(60_000)) }
      try await eventually("it waits") { engines.waiting == 1 }
      #expect(engines.decide())
      engines.lower()
      _ = try await waiter.value
      engines.leave()
    }
  }

  @Test func whoIsInHasLeftBeforeTheFenceCounts() async throws {
    try await withSwitch { _, engines, loop in
      _ = try await engines.enter(until: .now)
      #expect(engines.raise(limitMs: 60_000, on: loop))
      #expect(!engines.waitUntilDrained(by: .afterMs(20)))
      engines.leave()
      #expect(engines.waitUntilDrained(by: .afterMs(10_000)))
      engines.lower()
    }
  }

  @Test func whoseTimeIsUpWaitsNoLonger() async throws {
    try await withSwitch { _, engines, loop in
      #expect(engines.raise(limitMs: 60_000, on: loop))
      await #expect(throws: DatabaseError.self) { try await engines.enter(until: .afterMs(10)) }
      #expect(engines.waiting == 0)
      engines.lower()
    }
  }

  @Test func aFenceThatNobodyDecidesFallsByItselfAndOneThatIsDecidedStands() async throws {
    try await withSwitch { _, engines, loop in
      #expect(engines.raise(limitMs: 10, on: loop))
      _ = try await engines.enter(until: .afterMs(60_000))
      engines.leave()
      #expect(!engines.decide(), "it has fallen")
      #expect(engines.raise(limitMs: 10, on: loop))
      #expect(engines.decide())
      await #expect(throws: DatabaseError.self) { try await engines.enter(until: .afterMs(100)) }
      engines.lower()
    }
  }

  @Test func moreThanTheBoundAreRefused() async throws {
    try await withSwitch { _, engines, loop in
      #expect(engines.raise(limitMs: 60_000, on: loop))
      try await withThrowingTaskGroup { group in
        for _ in 0..<EngineSwitch.waiterLimit {
          group.addTask {
            _ = try await engines.enter(until: .afterMs(60_000))
            engines.leave()
          }
        }
        try await eventually("as many wait as may") { engines.waiting == EngineSwitch.waiterLimit }
        await #expect(throws: DatabaseError.tooMany) { try await engines.enter(until: .afterMs(60_000)) }
        engines.lower()
        try await group.waitForAll()
      }
    }
  }
}
