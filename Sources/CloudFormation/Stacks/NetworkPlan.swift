// Addresses: each region has a range of its own, so that networks can be joined later.

/// Which addresses are whose. Nothing here may ever change for a region that is in use: a network can't be renumbered.
enum NetworkPlan {
  /// Regions in the order in which they came to this list; new ones are added at the end.
  private static let regions = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1",
    "sa-east-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
    "eu-west-3",
    "il-central-1", "me-central-1", "me-south-1", "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
  ]

  /// 10.N.0.0/16 is the region's; nil for a region that is not in the list.
  static func number(of region: String) -> Int? { regions.firstIndex(of: region).map { $0 + 10 } }

  static func network(_ number: Int) -> String { "10.\(number).0.0/16" }

  /// For load balancers and gateways, by the zone's index.
  static func publicSubnet(_ number: Int, _ zone: Int) -> String { "10.\(number).\(zone).0/24" }

  /// For databases and caches.
  static func dataSubnet(_ number: Int, _ zone: Int) -> String { "10.\(number).\(8 + zone).0/24" }

  /// For app servers, of which there may be many.
  static func appSubnet(_ number: Int, _ zone: Int) -> String { "10.\(number).\(16 * (zone + 1)).0/20" }
}
