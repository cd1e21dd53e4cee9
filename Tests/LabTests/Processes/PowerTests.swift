// What a power cut and a release do to the life of a process, race by race.

import Testing

@testable import Lab

@Suite struct PowerTests {
  private var table = ProcessTable()

  private mutating func start(_ name: String, pid: Int32, zone: String = "a") {
    #expect(table.handle(.wanted(name, zone: zone), nowMs: 0) == [.spawn(name)])
    _ = table.handle(.spawned(name, pid: pid), nowMs: 0)
  }

  private mutating func end(_ name: String, pid: Int32) -> [ProcessTable.Action] {
    table.handle(.ended(name, pid: pid, how: "died"), nowMs: 1)
  }

  @Test mutating func whatACutEndsComesBackWithThePowerAndNotBefore() {
    start("app", pid: 1)
    start("cache", pid: 2)
    start("other", pid: 3, zone: "b")
    #expect(table.handle(.powerCut(zone: "a"), nowMs: 1) == [])
    #expect(end("cache", pid: 2) == [])
    #expect(end("app", pid: 1) == [])
    #expect(table.handle(.tick, nowMs: 100_000) == [])
    #expect(table.entries["app"]?.restarts == 0)
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 2) == [.spawn("app"), .spawn("cache")])
    #expect(table.entries["other"]?.state == .running(.init(pid: 3, startedAtMs: 0), isReady: false))
  }

  @Test mutating func whatIsWantedInTheDarkStartsLater() {
    _ = table.handle(.powerCut(zone: "a"), nowMs: 0)
    #expect(table.handle(.wanted("app", zone: "a"), nowMs: 1) == [])
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 2) == [.spawn("app")])
  }

  @Test mutating func whatIsNoLongerWantedInTheDarkStaysAway() {
    start("app", pid: 1)
    _ = table.handle(.powerCut(zone: "a"), nowMs: 0)
    _ = end("app", pid: 1)
    _ = table.handle(.unwanted("app"), nowMs: 1)
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 2) == [])
    #expect(table.isQuiet)
  }

  @Test mutating func aStartThatTheCutOvertakesWaitsForThePower() {
    _ = table.handle(.wanted("app", zone: "a"), nowMs: 0)
    _ = table.handle(.powerCut(zone: "a"), nowMs: 0)
    #expect(table.handle(.spawnFailed("app", reason: "no power"), nowMs: 1) == [])
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 2) == [.spawn("app")])
  }

  @Test mutating func aWaitForTheNextTryEndsWithTheCut() {
    start("app", pid: 1)
    _ = end("app", pid: 1)
    _ = table.handle(.spawnFailed("app", reason: "no"), nowMs: 1)
    _ = table.handle(.powerCut(zone: "a"), nowMs: 2)
    #expect(table.nextDeadlineMs == nil)
    #expect(table.handle(.powerRestored(zone: "a"), nowMs: 3) == [.spawn("app")])
  }

  @Test mutating func aReleasedProcessGoesOnAndIsForgottenAtItsEnd() {
    start("postgres", pid: 1)
    #expect(table.handle(.released("postgres"), nowMs: 1) == [])
    #expect(end("postgres", pid: 1) == [])
    #expect(table.entries["postgres"] == nil)
  }

  @Test mutating func aReleasedProcessCanBeWantedAgainAndIsStoppedAtTheEnd() {
    start("postgres", pid: 1)
    _ = table.handle(.released("postgres"), nowMs: 1)
    #expect(table.handle(.unwanted("postgres"), nowMs: 2) == [.terminate("postgres", pid: 1)])
    _ = end("postgres", pid: 1)
    start("postgres", pid: 2)
    _ = table.handle(.released("postgres"), nowMs: 3)
    #expect(table.handle(.wanted("postgres", zone: "a"), nowMs: 4) == [])
    #expect(end("postgres", pid: 2) == [.spawn("postgres")])
  }

  @Test mutating func whatDoesNotRunCannotBeReleased() {
    _ = table.handle(.wanted("postgres", zone: "a"), nowMs: 0)
    _ = table.handle(.released("postgres"), nowMs: 1)
    #expect(table.entries["postgres"]?.isWanted == true)
  }
}
