// The placement is replaced by compare-and-set: who changes it has seen what it was.

import Files
import Foundation
import Placement
import Topology

extension AppFolder {
  /// Where everything of the app is; nil while it is all in files.
  public func readPlacement() throws(LabError) -> Placement? {
    do { return try PlacementFile(placement).read() } catch {
      throw .unreadablePlacement(reason: error.description)
    }
  }
}

extension Lab {
  /// Replaces the placement when it is at `epoch`. The same one once more changes nothing.
  func setPlacement(_ fresh: Placement, ifEpoch epoch: Int) throws(LabError) {
    do {
      guard try PlacementFile(folder.placement).replace(epoch, with: fresh) else { return }
    } catch PlacementConflict.unreadable(let error) {
      throw .unreadablePlacement(reason: error.description)
    } catch let error as PlacementConflict {
      throw .placementConflict(error)
    } catch let error as PlacementError {
      throw .placementInvalid(error.description)
    } catch {
      throw .system(attempt: "writing \(folder.placement)", code: (error as? SystemError)?.code ?? EIO)
    }
    tell("the placement is at epoch \(fresh.epoch)")
  }

  func setPlacement(_ text: String, ifEpoch epoch: Int) throws(LabError) {
    let fresh: Placement
    do { fresh = try Placement(json: Data(text.utf8)) } catch { throw .placementInvalid(error.description) }
    try setPlacement(fresh, ifEpoch: epoch)
  }

  /// The first placement of an app that begins where there are stores to place, and new addresses for one that has
  /// been moved to another region.
  func ensurePlacement(movedFrom earlier: LabNetwork.Place?) throws(LabError) {
    if let placement = try folder.readPlacement() {
      if let earlier, earlier != network.place {
        try setPlacement(placement.moved(from: earlier, to: network.place), ifEpoch: placement.epoch)
      }
      return try followManifest()
    }
    if currentState.stage < .separateDatabase { return }
    try setPlacement(plan(at: currentState.level).firstPlacement(keys: callerKeys() ?? [:]), ifEpoch: 0)
  }

  /// What heights.json says of services since the lab ran last: which there are, who calls whom, by which key.
  private func followManifest() throws(LabError) {
    guard currentState.stage >= .microservices, let placement = try folder.readPlacement() else { return }
    let wanted = plan(at: currentState.level).firstPlacement(keys: try callerKeys() ?? [:])
    let fresh = placement.next { next in
      next.services = wanted.services.reduce(into: [:]) { services, entry in
        services[entry.key] = .init(
          addresses: entry.value.addresses, share: placement.services[entry.key]?.share ?? entry.value.share,
          callers: entry.value.callers)
      }
      next.keys = wanted.keys.reduce(into: [:]) { keys, entry in
        let known = placement.keys[entry.key] ?? []
        keys[entry.key] = entry.value.allSatisfy(known.contains) ? known : known.suffix(1) + entry.value
      }
    }
    if fresh.services == placement.services, fresh.keys == placement.keys { return }
    try setPlacement(fresh, ifEpoch: placement.epoch)
  }

  /// The public key of each service that calls others; nil where none does.
  func callerKeys() throws(LabError) -> [String: String]? {
    var keys: [String: String] = [:]
    for service in manifest.services where !service.calls.isEmpty {
      keys[service.name] = try ServiceKey(of: service.name, in: folder).publicText
    }
    return keys.isEmpty ? nil : keys
  }
}

extension LabPlan {
  /// Everything where the stage has it from the beginning.
  /// - Parameter keys: the public key of each service that calls others.
  func firstPlacement(keys: [String: String] = [:]) -> Placement {
    let servers = Dictionary(
      topology.tiers.flatMap(hosts).map { ($0.host.id, $0.host.address) }
    ) { first, _ in first }
    return topology.placement(of: databases, keys: keys) { server, engine in
      // The server of a tier is a host.
      ServerAddress(host: servers[server] ?? server, port: context.ports.port(of: engine))
    }
  }

  /// The app's, and those that HeightsKit itself keeps.
  private var databases: [String] { context.manifest.databases.map(\.name) + Placement.ownDatabases }
}

extension Placement {
  /// The next version: the same hosts in another region, perhaps with other ports.
  func moved(from: LabNetwork.Place, to: LabNetwork.Place) -> Placement {
    next {
      $0.clusters = $0.clusters.mapValues { Cluster(members: $0.members.map { $0.moved(from, to) }) }
      if case .sentinels(let sentinels, let name) = $0.cache {
        $0.cache = .sentinels(sentinels.map { $0.moved(from, to) }, name: name)
      }
      for (name, service) in $0.services {
        $0.services[name]?.addresses = service.addresses.map { $0.moved(from, to) }
      }
    }
  }
}

extension ServerAddress {
  fileprivate func moved(_ from: LabNetwork.Place, _ to: LabNetwork.Place) -> ServerAddress {
    let region = "127.\(from.region)."
    guard host.hasPrefix(region) else { return self }
    return ServerAddress(
      host: "127.\(to.region)." + host.dropFirst(region.count), port: port - from.portShift + to.portShift)
  }
}
