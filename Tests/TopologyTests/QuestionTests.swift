// What a topology says of itself, stage by stage.

import Testing
import Topology

@Suite struct QuestionTests {
  private func answers<T>(_ question: (Topology) -> T) throws -> [T] {
    try Stage.allCases.map { question(try Topology.sample($0)) }
  }

  @Test func zonesAreCountedWhereWorkIsDone() throws {
    #expect(try answers(\.zonesPerRegion) == [0, 1, 1, 2, 2, 3, 3])
    #expect(try answers(\.leavesTwoZones) == [false, false, false, false, false, true, true])
    // A third zone has a witness alone.
    #expect(try Topology.sample(.replicated).zones.count == 3)
  }

  @Test func servicesShareTheirServersUpToStageFive() throws {
    #expect(try answers(\.hasLayers) == [false, false, false, false, false, true, true])
    #expect(try answers(\.hasSeveralServers) == [false, false, false, true, true, true, true])
  }

  @Test func oneClusterHasAllDatabasesFromStageThreeToSix() throws {
    #expect(
      try answers { $0.soleCluster?.id }
        == [nil, nil, "database", "database", "database", "database", nil])
    #expect(try answers(\.clusters.count).dropLast() == [0, 0, 1, 1, 1, 1])
    #expect(try Topology.sample(.sharded).clusters.count > 3)
  }

  @Test func sessionsLeaveTheDatabaseForTheCacheAndTheCacheForATable() throws {
    let keepers = try answers { $0.keeper(of: .sessions)?.engine }
    #expect(keepers == [nil, .sqlite, .postgres, .postgres, .redis, .table, .table])
  }

  @Test func stagesAreOneAboveTheOther() {
    for (lower, upper) in zip(Stage.allCases, Stage.allCases.dropFirst()) {
      #expect(lower.next == upper && upper.previous == lower)
    }
    #expect(Stage.launchPage.previous == nil && Stage.sharded.next == nil)
  }
}
