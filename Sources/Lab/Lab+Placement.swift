// The placement is replaced by compare-and-set: who changes it has seen what it was.

import Foundation
import Topology

extension Lab {
  /// Replaces the placement when it is at `epoch`. The same one once more changes nothing.
  func setPlacement(_ text: String, ifEpoch epoch: Int) throws(LabError) {
    guard let fresh = try? JSONDecoder().decode(Placement.self, from: Data(text.utf8)) else {
      throw .placementInvalid("its JSON is not that of a placement")
    }
    let current = try Placement.load(folder)
    if fresh == current { return }
    let found = current?.epoch ?? 0
    if found != epoch { throw .placementMoved(expected: epoch, found: found) }
    if fresh.epoch <= found { throw .placementInvalid("its epoch is \(fresh.epoch), and \(found) is there") }
    try AtomicFile.write(text.hasSuffix("\n") ? text : text + "\n", to: folder.placement)
    tell("the placement is at epoch \(fresh.epoch)")
  }

  /// The first placement of an app that begins where there are stores to place, and new addresses for one that has
  /// been moved to another region.
  func ensurePlacement(movedFrom earlier: LabNetwork.Place?) throws(LabError) {
    if var placement = try Placement.load(folder) {
      guard let earlier, earlier != network.place else { return }
      placement.move(from: earlier, to: network.place)
      return try setPlacement(placement.text, ifEpoch: placement.epoch - 1)
    }
    if currentState.stage < .separateDatabase { return }
    try setPlacement(hosts(at: currentState.stage).firstPlacement.text, ifEpoch: 0)
  }
}

extension LabHosts {
  /// Everything where the stage has it from the beginning.
  var firstPlacement: Placement {
    var placement = Placement(epoch: 1)
    placement.sessions = ["sql"]
    for tier in topology.tiers {
      switch tier.kind {
      case .database:
        placement.clusters["main"] = .init(members: members(of: tier, port: context.ports.postgres))
        for name in databases { placement.databases[name] = [.init(cluster: "main")] }
      case .cache:
        placement.cache = .init(
          sentinels: hosts(of: tier).map { "\($0.host.address):\(context.ports.sentinel)" })
        placement.sessions = ["redis", "sql"]
      case .objects:
        // Before there is an object store they lie in a folder.
        placement.objects = topology.stage < .stateless ? ["folder"] : ["s3"]
      default: break
      }
    }
    return placement
  }

  /// The app's, and those that HeightsKit itself keeps.
  private var databases: [String] { context.manifest.databases.map(\.name) + Placement.ownDatabases }

  private func members(of tier: Tier, port: Int) -> [String] {
    hosts(of: tier).filter { $0.member.role != .witness }.map { "\($0.host.address):\(port)" }
  }
}

extension Placement {
  /// The same hosts in another region, perhaps with other ports.
  mutating func move(from: LabNetwork.Place, to: LabNetwork.Place) {
    func moved(_ address: String) -> String {
      let parts = address.split(separator: ":")
      guard parts.count == 2, parts[0].hasPrefix("127.\(from.region)."), let port = Int(parts[1]) else {
        return address
      }
      let host = parts[0].dropFirst("127.\(from.region).".count)
      return "127.\(to.region).\(host):\(port - from.portShift + to.portShift)"
    }
    clusters = clusters.mapValues { Cluster(members: $0.members.map(moved)) }
    cache = cache.map { Cache(sentinels: $0.sentinels.map(moved), name: $0.name) }
    epoch += 1
  }
}
