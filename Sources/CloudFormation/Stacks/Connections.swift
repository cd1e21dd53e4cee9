// How many connections the database servers of a stack allow.

import Placement
import Policies
import Topology

extension Blueprint {
  /// What the servers of clusters have to allow so that the app is not refused at its most instances; nil where RDS's default does,
  /// which is as much as AWS has the memory bear.
  func maxConnections(of clusters: [Tier], in region: String) -> Int? {
    clusters.compactMap { maxConnections(of: $0, in: region) }.max()
  }

  private func maxConnections(of cluster: Tier, in region: String) -> Int? {
    let name = instanceClass(of: cluster, in: region).replacing("db.", with: "", maxReplacements: 1)
    guard let memoryBytes = InstanceType.named(name)?.memoryBytes else { return nil }
    // Until each database has clusters of its own, those of HeightsKit are there too.
    let more = topology.soleCluster == nil ? 0 : Placement.ownDatabases.count
    let need = ConnectionNeed.ofServer(appGroups, databases: cluster.databases.count + more)
    if need <= ConnectionNeed.bearable(memoryBytes: memoryBytes) { return nil }
    return min(need, ConnectionNeed.borne(memoryBytes: memoryBytes))
  }

  /// The servers of each service at their most, in all regions, and their loops.
  private var appGroups: [(processes: Int, loops: Int)] {
    topology.tiers.filter { $0.kind == .service }.map { tier in
      let most = tier.scaling.map { $0.maximum * tier.regions.count } ?? tier.members.count
      return (most, InstanceType.named(instanceType(of: tier))?.virtualCPUs ?? 1)
    }
  }
}
