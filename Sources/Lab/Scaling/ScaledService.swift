// The services whose number of instances can be set, by hand or by their load.

import Policies
import Topology

/// What sets the number of a service's instances.
public enum ScalingMode: String, Codable, Sendable {
  /// The autoscaler.
  case load = "auto"
  /// Whoever says a number: `heights scale SERVICE=N`.
  case hand
}

/// A service that scales, as a level has it.
struct ScaledService: Equatable, Sendable {
  let name: String
  let scaling: Scaling
  /// In how many zones its instances stand in turn.
  let zones: Int
  /// All hosts that there can be, in the order in which they come.
  let instances: [String]

  /// The most that the autoscaler starts: instances share this machine's cores, so that more of them than four to a core only take
  /// memory and connections.
  func mostByLoad(cores: Int) -> Int {
    max(scaling.minimum, min(scaling.maximum, Self.instancesPerCore * cores))
  }

  private static let instancesPerCore = 4

  func bounds(on machine: Machine) -> Autoscaler.Bounds {
    Autoscaler.Bounds(
      minimum: scaling.minimum, maximum: mostByLoad(cores: machine.cores),
      targetPercent: scaling.targetPercent, zones: zones)
  }
}

extension LabPlan {
  /// In the order of the topology.
  var scaledServices: [ScaledService] {
    topology.services.compactMap { tier in
      guard let scaling = tier.scaling else { return nil }
      return ScaledService(
        name: tier.title, scaling: scaling, zones: Set(tier.members.map(\.zone)).count,
        instances: instances(of: tier, count: scaling.maximum).map(\.id))
    }
  }
}

extension Lab {
  /// What somebody has told last; otherwise by its load where heights.json says how it scales.
  func mode(of service: ScaledService) -> ScalingMode {
    if let told = currentState.scaledBy[service.name] { return told }
    let saysHow = manifest.services.contains { $0.name == service.name && $0.scale != nil }
    return saysHow ? .load : .hand
  }
}
