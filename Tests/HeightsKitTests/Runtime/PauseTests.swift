// A pause ends when its time is over or when somebody ends it, and only the one that he meant.

import Testing

@testable import HeightsRuntime

@Suite struct PauseTests {
  /// What `body` finds on a loop with a pause of its own.
  private func onLoop(_ body: @escaping @Sendable (Pause, EventLoop) async -> Bool) async throws -> Bool {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let found = try await loop.run { await body(Pause(on: loop), loop) }
    await group.shutdown()
    return found
  }

  @Test func aRestEndsWhenItsTimeIsOver() async throws {
    let hasPassed = try await onLoop { pause, _ in
      let over = Deadline.afterMs(5)
      await pause.rest(ms: 5)
      return over.hasPassed
    }
    #expect(hasPassed)
  }

  @Test func aRestEndsBeforeItsTimeForWhoHasSomethingToDo() async throws {
    let hasPassed = try await onLoop { pause, loop in
      let over = Deadline.afterMs(60_000)
      loop.schedule(afterMs: 1) { pause.end() }
      await pause.rest(ms: 60_000)
      return over.hasPassed
    }
    #expect(!hasPassed)
  }

  @Test func anEndWithoutARestDoesNotShortenTheNext() async throws {
    let hasPassed = try await onLoop { pause, _ in
      pause.end()
      let over = Deadline.afterMs(5)
      await pause.rest(ms: 5)
      return over.hasPassed
    }
    #expect(hasPassed)
  }

  @Test func theTimeOfARestThatWasEndedDoesNotEndTheNext() async throws {
    let hasPassed = try await onLoop { pause, loop in
      loop.schedule(afterMs: 0) { pause.end() }
      await pause.rest(ms: 5)
      let over = Deadline.afterMs(50)
      await pause.rest(ms: 50)
      return over.hasPassed
    }
    #expect(hasPassed)
  }
}
