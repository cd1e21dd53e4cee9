// What a tier gets that no planner has sized: the smallest types that are worth starting with at each stage.

import Topology

extension Blueprint {
  func instanceType(of tier: Tier?) -> String {
    tier?.capacity?.instanceType
      ?? LeastSizes.of(stage).server
  }

  /// The class of a database server in a region.
  func instanceClass(of tier: Tier?, in region: String) -> String {
    DatabaseClasses.nearest(to: instanceClass(of: tier), in: region)
  }

  private func instanceClass(of tier: Tier?) -> String {
    if let type = tier?.capacity?.instanceType { return type.hasPrefix("db.") ? type : "db.\(type)" }
    return LeastSizes.of(stage).database
  }

  func nodeType(of tier: Tier?) -> String {
    if let type = tier?.capacity?.instanceType { return type.hasPrefix("cache.") ? type : "cache.\(type)" }
    return LeastSizes.of(stage).cache
  }

  /// The disk of a database server; RDS gives gp3 at least 20 GiB.
  func databaseGiB(of tier: Tier?) -> Int {
    max(tier?.capacity?.storageGiB ?? LeastSizes.of(stage).databaseGiB, 20)
  }

  /// The disk of the single server, which holds what its tiers hold.
  var serverGiB: Int {
    let onServer = topology.tiers.filter {
      [.service, .objects, .database].contains($0.kind) && topology.has(.folder)
    }
    return max(onServer.compactMap { $0.capacity?.storageGiB }.max() ?? 20, 20)
  }

  /// How many servers of a service there are in each region.
  func scaling(of tier: Tier) -> Scaling {
    tier.scaling ?? .unplanned(zones: zoneCount)
  }
}

/// What a tier is given at a stage when nobody says otherwise.
private struct LeastSizes {
  let server: String
  let database: String
  let databaseGiB: Int
  let cache: String

  private init(_ server: String, _ database: String, _ databaseGiB: Int, _ cache: String) {
    (self.server, self.database, self.databaseGiB, self.cache) = (server, database, databaseGiB, cache)
  }

  static func of(_ stage: Stage) -> LeastSizes {
    switch stage {
    case .launchPage, .singleServer, .separateDatabase:
      LeastSizes("t4g.small", "db.t4g.micro", 20, "cache.t4g.small")
    case .replicated: LeastSizes("t4g.small", "db.t4g.medium", 20, "cache.t4g.small")
    case .stateless: LeastSizes("m7g.large", "db.m7g.large", 100, "cache.t4g.small")
    case .microservices: LeastSizes("m7g.large", "db.m7g.large", 100, "cache.m7g.large")
    case .sharded: LeastSizes("m7g.xlarge", "db.r7g.xlarge", 400, "cache.m7g.large")
    }
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
