// The lab replaces the placement for who has seen the last one, and it follows a lab that gets other addresses.

import Foundation
import Placement
import TestSupport
import Testing

@testable import Lab

@Suite(.serialized) struct PlacementTests {
  @Test func onlyWhoHasSeenThePlacementReplacesIt() async throws {
    let lab = try await LabFixture()
    var placement = Placement(epoch: 1)
    func text(_ placement: Placement) throws -> String { String(decoding: try placement.json, as: UTF8.self) }
    try lab.client.send(.setPlacement(text(placement), ifEpoch: 0))
    // Once more changes nothing.
    try lab.client.send(.setPlacement(text(placement), ifEpoch: 0))
    #expect(try lab.folder.readPlacement() == placement)
    placement.epoch = 5
    try lab.client.send(.setPlacement(text(placement), ifEpoch: 1))
    placement.objects = [.s3]
    for (text, epoch, code) in [
      (try text(placement), 5, "placement_invalid"), (try text(Placement(epoch: 6)), 4, "placement_moved"),
      ("{}", 5, "placement_invalid"),
      (#"{"epoch": 6, "sessions": ["redis", "sql"]}"#, 5, "placement_invalid"),
    ] {
      let error = #expect(throws: LabError.self) { try lab.client.send(.setPlacement(text, ifEpoch: epoch)) }
      #expect(error?.code == code)
    }
    #expect(try lab.folder.readPlacement()?.epoch == 5)
    // What is wrong with the one that is there is not told of the new one.
    try lab.temporary.write("{", to: ".heights/placement.json")
    let error = #expect(throws: LabError.self) {
      try lab.client.send(.setPlacement(text(placement), ifEpoch: 5))
    }
    #expect(error?.code == "unreadable_placement")
  }

  @Test func addressesMoveWithTheRegionAndOthersStay() {
    func addresses(_ texts: String...) -> [ServerAddress] { texts.compactMap { ServerAddress($0) } }
    var placement = Placement(epoch: 3)
    placement.clusters["main"] = .init(
      members: addresses("127.7.1.50:5432", "127.7.2.50:5432", "127.77.2.50:5432", "10.0.0.1:5432"))
    placement.cache = .sentinels(addresses("127.7.1.30:26379"))
    let moved = placement.moved(
      from: .init(region: 7, portShift: 0), to: .init(region: 9, portShift: 10_000))
    #expect(moved.epoch == 4)
    #expect(
      moved.clusters["main"]?.members
        == addresses("127.9.1.50:15432", "127.9.2.50:15432", "127.77.2.50:5432", "10.0.0.1:5432"))
    #expect(moved.cache == .sentinels(addresses("127.9.1.30:36379")))
  }
}
