// Sessions (at stage 5) and popular reads in memory: a leader and a follower in each other zone.

import Topology

struct CacheStack {
  let stack: Stack
  let address: StackOutput<Expression>
  let secret: StackOutput<ResourceID<Secret>>

  /// nil where the network has no place for it yet.
  init?(_ blueprint: Blueprint, _ site: RegionStacks) {
    guard let network = site.network, let group = network.cache, let key = site.data?.key else { return nil }
    let region = site.region
    let tier = blueprint.topology.tiers.first { $0.kind == .cache && $0.regions.contains(region.code) }
    var builder = blueprint.builder(.cache, in: region.code, "the cache in \(region.code)")
    let dataKey = builder.input(key)
    let secret = builder.add(
      "CacheToken",
      Secret(description: "What the cache asks for", length: 64, key: dataKey, tags: blueprint.tags("cache")),
      deletion: .retain)
    let subnets = builder.add(
      "CacheSubnets",
      CacheSubnetGroup(
        description: "Where the cache may be", subnets: network.dataSubnets.map { builder.input($0) },
        tags: blueprint.tags("cache")))
    let parameters = builder.add(
      "CacheParameters",
      CacheParameterGroup(
        // What is least often used goes when memory is full, sessions too, instead of writes being refused.
        description: "How the cache is run", family: "valkey8",
        parameters: ["maxmemory-policy": "allkeys-lfu"],
        tags: blueprint.tags("cache")))
    let cache = builder.add(
      "Cache",
      ReplicationGroup(
        description: "Sessions and popular reads", nodeType: .text(blueprint.nodeType(of: tier)),
        nodes: tier?.members.count { $0.role != .witness } ?? 2, subnetGroup: subnets.id,
        parameterGroup: parameters.id, securityGroup: builder.input(group), key: dataKey,
        token: secret.secret,
        tags: blueprint.tags("cache")),
      deletion: .snapshot)
    address = builder.output("CacheAddress", cache.primaryAddress, "The cache, port 6379, by TLS.")
    self.secret = builder.output(
      "CacheTokenSecret", secret.id, "The secret that holds what the cache asks for.")
    stack = builder.stack
  }
}
