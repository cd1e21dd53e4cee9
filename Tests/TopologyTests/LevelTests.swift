// Where an app stands, on file and on the wire.

import Foundation
import Testing
import Topology

@Suite struct LevelTests {
  @Test(arguments: [
    (Level(.replicated), "4"), (Level(.replicated, extraFollowers: 2), #"{"followers":2,"stage":4}"#),
  ])
  func aLevelWithoutGrowthIsWrittenAsItsStageAlwaysWas(level: Level, json: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(level), as: UTF8.self) == json)
    #expect(try JSONDecoder().decode(Level.self, from: Data(json.utf8)) == level)
  }

  @Test func followersStandInTheOtherZonesAndTheVotersStay() throws {
    let app = AppOutline(
      name: "hut", title: "Hut", services: [.init(name: "web", databases: ["posts"])], databases: ["posts"])
    for stage in [Stage.replicated, .stateless] {
      let grown = try #require(try Topology.of(app, at: Level(stage, extraFollowers: 2)).tier("database"))
      #expect(
        grown.members.map(\.server)
          == ["database-a", "database-b", "database-b2", "database-b3", "database-c"])
    }
    #expect(throws: TopologyError.self) {
      try Topology.of(app, at: Level(.separateDatabase, extraFollowers: 1))
    }
    #expect(throws: TopologyError.self) { try Topology.of(app, at: Level(.replicated, extraFollowers: 14)) }
    #expect(throws: TopologyError.self) { try Topology.of(app, at: Level(.replicated, extraFollowers: -1)) }
  }
}
