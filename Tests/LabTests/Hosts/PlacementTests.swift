// The placement is replaced by compare-and-set, and follows a lab that gets other addresses.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite(.serialized) struct PlacementTests {
  @Test func onlyWhoHasSeenThePlacementReplacesIt() async throws {
    let lab = try await LabFixture()
    var placement = Placement(epoch: 1)
    placement.sessions = ["sql"]
    try lab.client.send(.setPlacement(placement.text, ifEpoch: 0))
    // Once more changes nothing.
    try lab.client.send(.setPlacement(placement.text, ifEpoch: 0))
    #expect(try Placement.load(lab.folder) == placement)
    placement.epoch = 5
    try lab.client.send(.setPlacement(placement.text, ifEpoch: 1))
    placement.sessions = ["redis"]
    for (text, epoch, code) in [
      (placement.text, 5, "placement_invalid"), (Placement(epoch: 6).text, 4, "placement_moved"),
      ("{}", 5, "placement_invalid"),
    ] {
      let error = #expect(throws: LabError.self) { try lab.client.send(.setPlacement(text, ifEpoch: epoch)) }
      #expect(error?.code == code)
    }
    #expect(try Placement.load(lab.folder)?.epoch == 5)
  }

  @Test func addressesMoveWithTheRegionAndOthersStay() {
    var placement = Placement(epoch: 3)
    placement.clusters["main"] = .init(members: ["127.7.1.50:5432", "127.7.2.50:5432", "10.0.0.1:5432"])
    placement.cache = .init(sentinels: ["127.7.1.30:26379"])
    placement.move(from: .init(region: 7, portShift: 0), to: .init(region: 9, portShift: 10_000))
    #expect(placement.epoch == 4)
    #expect(
      placement.clusters["main"]?.members == ["127.9.1.50:15432", "127.9.2.50:15432", "10.0.0.1:5432"])
    #expect(placement.cache?.sentinels == ["127.9.1.30:36379"])
  }

  @Test func itsFormIsTheOneThatIsAgreed() throws {
    let text = """
      {"epoch": 12, "clusters": {"main": {"members": ["127.1.1.50:5432"]}},
       "databases": {"accounts": [{"shards": "0-4095", "cluster": "main"}]}, "sessions": ["redis", "sql"],
       "cache": {"sentinels": ["127.1.1.30:26379"], "name": "cache"}, "objects": ["s3", "folder"]}
      """
    let placement = try JSONDecoder().decode(Placement.self, from: Data(text.utf8))
    #expect(placement.databases["accounts"] == [.init(cluster: "main")])
    #expect(placement.objects == ["s3", "folder"])
    #expect(try JSONDecoder().decode(Placement.self, from: Data(placement.text.utf8)) == placement)
  }
}
