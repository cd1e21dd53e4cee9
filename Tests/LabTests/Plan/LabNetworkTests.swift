// Regions are claimed by one lab each, ports are moved together, and what engines have stored stays.

import Foundation
import Testing

@testable import Lab

@Suite(.serialized) struct LabNetworkTests {
  @Test func twoLabsOfOneFolderGetTwoRegionsAndAClaimEndsWithItsHolder() throws {
    let first = try LabNetwork(folder: "/a", earlier: nil, isFixed: false)
    let second = try LabNetwork(folder: "/a", earlier: nil, isFixed: false)
    #expect(second.place.region != first.place.region)
    #expect(second.address(zone: 2, host: 50) == "127.\(second.place.region).2.50")
    let region = second.place.region
    _ = consume second
    let third = try LabNetwork(folder: "/a", earlier: .init(region: region, portShift: 0), isFixed: true)
    #expect(third.place.region == region)
  }

  @Test func everyRegionIsTriedOnce() {
    #expect(LabNetwork.order(from: 249).prefix(4) == [249, 250, 1, 2])
    for first in LabNetwork.regions {
      #expect(LabNetwork.order(from: first).sorted() == Array(LabNetwork.regions))
    }
    #expect(LabNetwork.regions.contains(LabNetwork.home(of: "/a")))
  }

  @Test func whatEnginesHaveStoredIsTakenOrRefused() throws {
    let first = try LabNetwork(folder: "/b", earlier: nil, isFixed: false)
    let error = #expect(throws: LabError.self) {
      try LabNetwork(folder: "/c", earlier: first.place, isFixed: true)
    }
    #expect(error == .regionTaken(first.place.region))
  }

  @Test func aPortThatIsTakenOnAllAddressesMovesAll() throws {
    let taken = try listenEverywhere()
    defer { close(taken.socket) }
    let network = try LabNetwork(folder: "/d", earlier: nil, isFixed: false)
    #expect(network.place.portShift != 0)
    #expect(network.ports.postgres - 5432 == network.ports.dns - 5353)
    // One that is free: other tests' labs may have any.
    let region = network.place.region
    _ = consume network
    let error = #expect(throws: LabError.self) {
      try LabNetwork(folder: "/e", earlier: .init(region: region, portShift: 0), isFixed: true)
    }
    #expect(error?.code == "ports_taken")
  }

  /// On the first standard port that is free. While other labs have all of them it waits for one to end.
  private func listenEverywhere() throws -> (socket: Int32, port: Int) {
    for _ in 0..<600 {
      for port in LabPorts().all {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if LoopbackAddress.with("0.0.0.0", port: port, { bind(socket, $0, $1) }) == 0, listen(socket, 1) == 0
        {
          return (socket, port)
        }
        close(socket)
      }
      usleep(100_000)
    }
    throw CancellationError()
  }
}
