// What a tier gets that no planner has sized: the smallest types that are worth starting with at each stage.

import Topology

extension Blueprint {
  func instanceType(of tier: Tier?) -> String {
    tier?.capacity?.instanceType
      ?? (stage < .stateless ? "t4g.small" : stage < .sharded ? "m7g.large" : "m7g.xlarge")
  }

  /// The class of a database server in a region.
  func instanceClass(of tier: Tier?, in region: String) -> String {
    DatabaseClasses.nearest(to: instanceClass(of: tier), in: region)
  }

  private func instanceClass(of tier: Tier?) -> String {
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
    tier.scaling ?? .unplanned(zones: zoneCount)
  }
}

/// Classes of database servers that a region lacks for PostgreSQL 17, by the schemas of cfn-lint 1.51.0, read on
/// 2026-11-23.
enum DatabaseClasses {
  private static let missing: [String: Set<String>] = [
    "af-south-1": ["m7g", "r7g"], "ap-east-1": ["m7g"], "ap-southeast-4": ["r7g"],
    "ca-west-1": ["m7g", "t4g"],
    "eu-south-1": ["m7g"], "eu-west-3": ["r7g"], "me-central-1": ["r7g"],
  ]

  /// The same size of the generation before where the region lacks this one; the smallest of that where it has no
  /// burstable class.
  static func nearest(to instanceClass: String, in region: String) -> String {
    let parts = instanceClass.split(separator: ".").map(String.init)
    guard parts.count == 3, missing[region]?.contains(parts[1]) == true else { return instanceClass }
    switch parts[1] {
    case "t4g": return parts[2].contains("xlarge") ? "db.m6g.\(parts[2])" : "db.m6g.large"
    case "m7g": return "db.m6g.\(parts[2])"
    default: return "db.r6g.\(parts[2])"
    }
  }
}
