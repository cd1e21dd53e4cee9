// A lab of an earlier version finds what its hosts have under their present names.

import Files
import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct FormerNamesTests {
  @Test func aLabOfAnEarlierVersionGoesOnWithItsWitnessesUnderTheirPresentNames() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    var state = LabState()
    state.level = Level(.stateless)
    for host in ["database-a", "database-witness-c", "cache-witness-c", "server-a2"] {
      state.hosts[host] = Level(.stateless)
      state.addresses.allot(host, in: "local-c", from: 50, zoneFirst: 1)
    }
    let numbers = state.addresses.hosts["local-c"]
    try state.save(folder)
    let loaded = try #require(try LabState.load(folder))
    #expect(loaded.hosts.keys.sorted() == ["cache-c", "database-a", "database-c", "server-a2"])
    #expect(loaded.addresses.hosts["local-c"]?["database-c"] == numbers?["database-witness-c"])
    #expect(loaded.addresses.hosts["local-c"]?["cache-c"] == numbers?["cache-witness-c"])
    #expect(loaded.addresses.hosts["local-c"]?.count == 4)
  }

  @Test func aJournalOfAnEarlierVersionNamesTheSameHosts() {
    let line = Data(#"{"ids":["database-a","database-witness-c"],"title":"a -witness- stays"}"#.utf8)
    #expect(
      String(decoding: FormerNames.current(in: line), as: UTF8.self)
        == #"{"ids":["database-a","database-c"],"title":"a -witness- stays"}"#)
  }

  @Test func whatAWitnessHasIsFoundAndWhatIsThereUnderBothNamesStays() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    func note(_ text: String, in host: String) throws {
      try AppFolder.make("\(folder.engines)/\(host)")
      try AtomicFile.write(text, to: "\(folder.engines)/\(host)/note")
    }
    func text(_ host: String) -> String? {
      FileManager.default.contents(atPath: "\(folder.engines)/\(host)/note").map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    try note("votes", in: "database-witness-c")
    try note("old", in: "cache-witness-c")
    try note("new", in: "cache-c")
    for _ in 0..<2 { try FormerNames.renameFolders(in: folder) }
    #expect(text("database-c") == "votes" && text("database-witness-c") == nil)
    #expect(text("cache-c") == "new" && text("cache-witness-c") == "old")
  }
}
