// What a tier gets that no planner has sized: the smallest types that are worth starting with at each stage.

import Topology

extension Blueprint {
  func instanceType(of tier: Tier?) -> String {
    tier?.capacity?.instanceType
      ?? (stage < .stateless ? "t4g.small" : stage < .sharded ? "m7g.large" : "m7g.xlarge")
  }

  /// The class of a database server.
  func instanceClass(of tier: Tier?) -> String {
    if let type = tier?.capacity?.instanceType { return type.hasPrefix("db.") ? type : "db.\(type)" }
    switch stage {
    case .launchPage, .singleServer, .separateDatabase: return "db.t4g.micro"
    case .replicated: return "db.t4g.medium"
    case .stateless, .microservices: return "db.m7g.large"
    case .sharded: return "db.r7g.xlarge"
    }
  }

  func nodeType(of tier: Tier?) -> String {
    if let type = tier?.capacity?.instanceType { return type.hasPrefix("cache.") ? type : "cache.\(type)" }
    return stage < .microservices ? "cache.t4g.small" : "cache.m7g.large"
  }

  /// The disk of a database server; RDS gives gp3 at least 20 GiB.
  func databaseGiB(of tier: Tier?) -> Int {
    max(tier?.capacity?.storageGiB ?? (stage < .stateless ? 20 : stage < .sharded ? 100 : 400), 20)
  }

  /// The disk of the single server, which holds what its tiers hold.
  var serverGiB: Int {
    let onServer = topology.tiers.filter {
      [.service, .objects, .database].contains($0.kind) && stage < .replicated
    }
    return max(onServer.compactMap { $0.capacity?.storageGiB }.max() ?? 20, 20)
  }

  /// How many servers of a service there are in each region.
  func scaling(of tier: Tier) -> Scaling {
    tier.scaling ?? Scaling(minimum: zoneCount, desired: zoneCount, maximum: 4 * zoneCount)
  }
}
