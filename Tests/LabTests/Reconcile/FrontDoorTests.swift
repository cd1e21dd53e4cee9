// A front door that is renewed answers until its successor does, and ends then.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite(.serialized) struct FrontDoorTests {
  private static let hosts = ["server-b", LabPlan.frontDoor]

  private func process(_ name: String, in lab: LabFixture) throws -> LabSnapshot.Process? {
    try lab.client.send(.status).processes.first { $0.name == name }
  }

  @Test(.enabled(if: Programs.find("haproxy") != nil && Gdnsd.program != nil))
  func aFrontDoorWhoseSuccessorFailedEndsWithTheNextRenewal() async throws {
    let lab = try await LabFixture(ofPortAppAt: 3)
    let former = ProcessTable.aside(LabPlan.frontDoor)
    let first = try #require(try process(LabPlan.frontDoor, in: lab)?.pid)
    // In the way of the file that the successor is to read.
    let file = "\(lab.folder.engines)/\(LabPlan.frontDoor)/haproxy.cfg"
    try #require(unlink(file) == 0 && mkdir(file, 0o755) == 0)
    let error = #expect(throws: LabError.self) {
      try lab.client.send(.startHosts(Self.hosts, Level(.replicated)))
    }
    #expect(error?.code == "not_ready")
    #expect(try process(former, in: lab)?.pid == first)
    #expect(lab.get() != nil, "whoever was there goes on")

    try #require(rmdir(file) == 0)
    try lab.client.send(.startHosts(Self.hosts, Level(.replicated)))
    #expect(try process(former, in: lab) == nil)
    #expect(ProcessIdentity.of(first) == nil)
    let second = try #require(try process(LabPlan.frontDoor, in: lab))
    #expect(second.health == .ready && second.pid != first)
    #expect(lab.get() != nil)
    try lab.down()
  }
}
