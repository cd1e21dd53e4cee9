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

  // MARK: A wanted stop and a death

  @Test mutating func whoIsToldToStopIsAskedToEndAlsoWhenItIsWantedAgain() {
    start()
    #expect(!table.isAskedToEnd("app"))
    _ = table.handle(.unwanted("app"), nowMs: 0)
    #expect(table.isAskedToEnd("app"))
    // A renewal stops it and wants it at once.
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 1)
    #expect(table.isAskedToEnd("app"))
    #expect(end(pid: 1, nowMs: 2) == [.spawn("app")])
    #expect(table.entries["app"]?.restarts == 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 3)
    #expect(!table.isAskedToEnd("app"))
  }

  @Test mutating func aDeathDuringTheStopIsTheStop() {
    start()
    _ = table.handle(.unwanted("app"), nowMs: 0)
    #expect(end(pid: 1, nowMs: 1) == [])
    #expect(table.handle(.tick, nowMs: ProcessTable.stopLimitMs) == [])
    #expect(table.isQuiet)
  }

  @Test mutating func afterStopAllNothingIsWanted() {
    start()
    _ = table.handle(.wanted("database", zone: nil), nowMs: 0)
    _ = table.handle(.setAside("app"), nowMs: 0)
    #expect(table.handle(.stopAll, nowMs: 0) == [.terminate("app.former", pid: 1)])
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 1) == [])
    #expect(table.handle(.spawned("database", pid: 2), nowMs: 1) == [.terminate("database", pid: 2)])
    #expect(table.isStopping && !table.isQuiet)
    _ = table.handle(.ended("app.former", pid: 1, how: "died"), nowMs: 2)
    _ = table.handle(.ended("database", pid: 2, how: "died"), nowMs: 2)
    #expect(table.isQuiet)
  }

  // MARK: Renewals

  @Test mutating func whoStepsAsideGoesOnUntilItIsUnwanted() {
    start()
    #expect(table.handle(.setAside("app"), nowMs: 0) == [.rename("app", to: "app.former")])
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 0) == [.spawn("app")])
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    #expect(table.handle(.unwanted("app.former"), nowMs: 1) == [.terminate("app.former", pid: 1)])
    #expect(table.handle(.ended("app.former", pid: 1, how: "died"), nowMs: 2) == [])
    #expect(state == .running(.init(pid: 2, startedAtMs: 0), isReady: false))
  }

  @Test mutating func aSecondOneDoesNotStepAsideAsLongAsTheFirstLives() {
    start()
    _ = table.handle(.setAside("app"), nowMs: 0)
    #expect(table.handle(.setAside("app"), nowMs: 0) == [])
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    #expect(table.handle(.setAside("app"), nowMs: 0) == [])
    #expect(table.handle(.unwanted("app.former"), nowMs: 0) == [.terminate("app.former", pid: 1)])
    #expect(table.handle(.setAside("app"), nowMs: 0) == [])
    _ = table.handle(.ended("app.former", pid: 1, how: "died"), nowMs: 0)
    #expect(table.handle(.setAside("app"), nowMs: 0) == [.rename("app", to: "app.former")])
  }

  @Test mutating func whatDoesNotRunCanNotStepAside() {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    #expect(table.handle(.setAside("app"), nowMs: 0) == [])
    #expect(table.handle(.spawned("app", pid: 1), nowMs: 0) == [])
    _ = table.handle(.unwanted("app"), nowMs: 0)
    #expect(table.handle(.setAside("app"), nowMs: 0) == [])
    #expect(table.handle(.setAside("other"), nowMs: 0) == [])
  }

  // MARK: Power

  @Test mutating func whatWasStartingWhenThePowerWentIsKilledAndComesBackWithIt() {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    #expect(table.handle(.powerCut(zone: "a"), nowMs: 0) == [])
    #expect(table.handle(.spawned("app", pid: 1), nowMs: 1) == [.kill("app", pid: 1)])
    #expect(end(pid: 1, nowMs: 2) == [])
    #expect(table.isQuiet)
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 3) == [.spawn("app")])
    #expect(table.entries["app"]?.restarts == 0)
  }

  @Test mutating func whoWaitsForItsRestartDoesNotStartInAZoneWithoutPower() {
    start()
    _ = end(pid: 1, nowMs: 0)
    _ = table.handle(.spawned("app", pid: 2), nowMs: 0)
    _ = end(pid: 2, nowMs: 0)
    _ = table.handle(.powerCut(zone: "b"), nowMs: 0)
    #expect(table.handle(.wanted("app", zone: "b"), nowMs: 0) == [])
    #expect(table.handle(.tick, nowMs: 10_000) == [])
    #expect(table.handle(.powerRestored(zone: "b"), nowMs: 10_001) == [.spawn("app")])
  }
}
