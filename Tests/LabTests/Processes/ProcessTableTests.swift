// The life of a process, race by race.

import Testing

@testable import Lab

@Suite struct ProcessTableTests {
  private var table = ProcessTable()

  private mutating func start(pid: Int32 = 1, nowMs: Int = 0) {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: nowMs)
    _ = table.handle(.spawned("app", pid: pid), nowMs: nowMs)
  }

  private mutating func end(pid: Int32, nowMs: Int) -> [ProcessTable.Action] {
    table.handle(.ended("app", pid: pid, how: "died"), nowMs: nowMs)
  }

  private var state: ProcessTable.State? { table.entries["app"]?.state }

  @Test mutating func aWantedProcessIsStartedOnce() {
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 0) == [.spawn("app")])
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 0) == [])
    #expect(table.handle(.spawned("app", pid: 1), nowMs: 0) == [])
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 0) == [])
  }

  @Test mutating func havingBeenReadyEndsWithTheProcess() {
    start()
    #expect(table.entries["app"]?.hasBeenReady == false)
    for isReady in [true, false] { _ = table.handle(.probed("app", pid: 1, isReady: isReady), nowMs: 1) }
    #expect(table.entries["app"]?.hasBeenReady == true)
    _ = end(pid: 1, nowMs: 2)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 2)
    #expect(table.entries["app"]?.hasBeenReady == false)
  }

  @Test mutating func aStopThatOvertakesTheStartStillStops() {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    #expect(table.handle(.unwanted("app"), nowMs: 0) == [])
    #expect(table.handle(.spawned("app", pid: 1), nowMs: 5) == [.terminate("app", pid: 1)])
    #expect(end(pid: 1, nowMs: 6) == [])
    #expect(table.isQuiet)
  }

  @Test mutating func theFirstRestartIsAtOnceAndLaterOnesWaitLongerUpToALimit() {
    start()
    #expect(end(pid: 1, nowMs: 0) == [.spawn("app")])
    var delays: [Int] = []
    for pid in 2...10 as ClosedRange<Int32> {
      _ = table.handle(.spawned("app", pid: pid), nowMs: 0)
      #expect(end(pid: pid, nowMs: 0) == [])
      let due = table.nextDeadlineMs ?? -1
      delays.append(due)
      #expect(table.handle(.tick, nowMs: due - 1) == [])
      #expect(table.handle(.tick, nowMs: due) == [.spawn("app")])
    }
    #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
    #expect(table.entries["app"]?.restarts == 10)
  }

  @Test mutating func aProcessThatRanLongIsRestartedAtOnceAgain() {
    start()
    _ = end(pid: 1, nowMs: 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    #expect(end(pid: 2, nowMs: ProcessTable.steadyMs) == [.spawn("app")])
  }

  @Test mutating func aFailedStartIsTriedAgainLater() {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    #expect(table.handle(.spawnFailed("app", reason: "no such file"), nowMs: 0) == [.spawn("app")])
    #expect(table.handle(.spawnFailed("app", reason: "no such file"), nowMs: 0) == [])
    #expect(state == .waiting(untilMs: 100))
    #expect(table.entries["app"]?.lastEnd == "no such file")
  }

  @Test mutating func aStopDuringTheWaitStartsNothing() {
    start()
    _ = end(pid: 1, nowMs: 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    _ = end(pid: 2, nowMs: 0)
    #expect(table.handle(.unwanted("app"), nowMs: 1) == [])
    #expect(table.handle(.tick, nowMs: 10_000) == [])
    #expect(table.isQuiet)
  }

  @Test mutating func whatDoesNotStopIsKilledOnce() {
    start()
    #expect(table.handle(.unwanted("app"), nowMs: 0) == [.terminate("app", pid: 1)])
    #expect(table.handle(.unwanted("app"), nowMs: 1) == [])
    #expect(table.handle(.tick, nowMs: ProcessTable.stopLimitMs - 1) == [])
    #expect(table.handle(.tick, nowMs: ProcessTable.stopLimitMs) == [.kill("app", pid: 1)])
    #expect(table.handle(.tick, nowMs: ProcessTable.stopLimitMs + 1) == [])
    #expect(end(pid: 1, nowMs: ProcessTable.stopLimitMs + 2) == [])
  }

  @Test mutating func hurryKillsAtOnceWhatIsStoppingAndNothingElse() {
    start()
    #expect(table.handle(.hurry(nil), nowMs: 0) == [])
    _ = table.handle(.unwanted("app"), nowMs: 0)
    #expect(table.handle(.hurry("other"), nowMs: 1) == [])
    #expect(table.handle(.hurry(nil), nowMs: 1) == [.kill("app", pid: 1)])
  }

  @Test mutating func wantedAgainWhileStoppingComesBackAfterItsEnd() {
    start()
    _ = table.handle(.unwanted("app"), nowMs: 0)
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 1) == [])
    #expect(end(pid: 1, nowMs: 2) == [.spawn("app")])
  }

  @Test mutating func lateNewsOfAnEarlierProcessChangesNothing() {
    start(pid: 1)
    _ = end(pid: 1, nowMs: 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    let before = table.entries
    #expect(end(pid: 1, nowMs: 1) == [])
    #expect(table.handle(.probed("app", pid: 1, isReady: true), nowMs: 1) == [])
    #expect(table.handle(.spawned("app", pid: 3), nowMs: 1) == [])
    #expect(table.handle(.unwanted("other"), nowMs: 1) == [])
    #expect(table.entries == before)
  }

  @Test mutating func aProbeMakesReadyAndUnready() {
    start()
    _ = table.handle(.probed("app", pid: 1, isReady: true), nowMs: 1)
    #expect(state == .running(.init(pid: 1, startedAtMs: 0), isReady: true))
    _ = table.handle(.probed("app", pid: 1, isReady: false), nowMs: 2)
    #expect(state == .running(.init(pid: 1, startedAtMs: 0), isReady: false))
  }

  @Test mutating func aProbeThatComesAfterTheStopDoesNotReviveIt() {
    start()
    _ = table.handle(.unwanted("app"), nowMs: 0)
    _ = table.handle(.probed("app", pid: 1, isReady: true), nowMs: 1)
    #expect(state == .stopping(.init(pid: 1, startedAtMs: 0), killAtMs: ProcessTable.stopLimitMs))
  }

  /// Whatever order events come in, there is never more than one process, and a stop is always followed by quiet.
  @Test mutating func anyOrderOfEventsKeepsOneProcessAtMost() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("process table seed: \(seed)")
    var random = SeededRandom(seed: seed)
    var (alive, pending, nextPid, nowMs): (Set<Int32>, Int, Int32, Int) = ([], 0, 1, 0)
    func perform(_ actions: [ProcessTable.Action]) {
      for action in actions { if case .spawn = action { pending += 1 } }
    }
    for step in 0..<20_000 {
      nowMs += Int.random(in: 0..<300, using: &random)
      let isWindingDown = step > 19_000
      switch Int.random(in: 0..<6, using: &random) {
      case 0:
        perform(table.handle(isWindingDown ? .unwanted("app") : .wanted("app", zone: "a"), nowMs: nowMs))
      case 1: perform(table.handle(.unwanted("app"), nowMs: nowMs))
      case 2 where pending > 0:
        pending -= 1
        alive.insert(nextPid)
        perform(table.handle(.spawned("app", pid: nextPid), nowMs: nowMs))
        nextPid += 1
      case 3:
        guard let pid = alive.popFirst() else { continue }
        perform(table.handle(.ended("app", pid: pid, how: "died"), nowMs: nowMs))
      case 4 where pending > 0:
        pending -= 1
        perform(table.handle(.spawnFailed("app", reason: "no"), nowMs: nowMs))
      default: perform(table.handle(.tick, nowMs: nowMs))
      }
      #expect(alive.count + pending <= 1)
    }
    #expect(table.isQuiet)
  }
}
