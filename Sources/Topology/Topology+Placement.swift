// Where a topology has everything, as its app's processes are told.

import Placement

extension Topology {
  /// The first placement of an app that begins at this stage.
  /// - Parameters:
  ///   - databases: the app's, and those that HeightsKit keeps itself.
  ///   - keys: the public key of each service that calls others, by its name.
  ///   - address: of the engine on a server. Of a cache it is asked for that of the sentinel, or of the cache itself.
  public func placement(
    of databases: [String], keys: [String: String] = [:],
    address: (_ server: String, _ engine: Tier.Engine) -> ServerAddress
  ) -> Placement {
    var placement = Placement(epoch: 1)
    for tier in tiers {
      let holders = tier.members.filter { $0.role != .witness }
      switch tier.engine {
      case .postgres:
        placement.clusters[tier.clusterName] = .init(members: holders.map { address($0.server, .postgres) })
        for name in databases {
          // What HeightsKit keeps lies beside the app's first database.
          let own = tier.holds.filter { $0.data == .database(name) }.map(\.shards)
          let shards = own.isEmpty && Placement.ownDatabases.contains(name) ? tier.ownShards : own
          placement.databases[name, default: []] += shards.map {
            .init(shards: $0, cluster: tier.clusterName)
          }
        }
      case .redis:
        placement.cache = .sentinels(tier.members.map { address($0.server, .redis) })
        if tier.holds.contains(where: { $0.data == .sessions }) { placement.sessions = [.redis, .sql] }
      case .table: placement.sessions = has(.redis) ? [.redis, .dynamodb] : [.dynamodb]
      case .objectStore: placement.objects = [.s3]
      case .balancer:
        let callers = callers(of: tier).map(\.title)
        for service in services(behind: tier) where !callers.isEmpty {
          placement.services[service.title] = .init(
            addresses: tier.members.map { address($0.server, .balancer) }, callers: callers)
        }
      default: break
      }
    }
    let callers = Set(placement.services.values.flatMap(\.callers))
    placement.keys = keys.filter { callers.contains($0.key) }.mapValues { [$0] }
    placement.databases = placement.databases.filter { !$0.value.isEmpty }
      .mapValues { $0.sorted { $0.shards.first < $1.shards.first } }
    return placement
  }
}

extension Tier {
  /// Of HeightsKit's own databases: as the waitlist, which lies beside the app's first database.
  fileprivate var ownShards: [ShardRange] { holds.filter { $0.data == .waitlist }.map(\.shards) }
}
