// A database cluster: a leader that RDS copies synchronously into a second zone, and followers that answer reads.
// Instances, not an RDS "DB cluster": those can't have replicas in another region, and the server of stage 3 could not
// become one without being replaced.

import Topology

/// What all database servers of a stack share.
struct DatabasePieces {
  let subnets: ResourceID<DBSubnetGroup>
  let parameters: ResourceID<DBParameterGroup>
  let securityGroup: ResourceID<SecurityGroup>
  let key: ARN<Key>
  let monitoring: ARN<Role>
}

/// How a cluster is reached from other stacks.
struct DatabaseOutputs {
  /// The region of the leader.
  let region: String
  let leader: StackOutput<ARN<DBInstance>>
  let leaderName: StackOutput<ResourceID<DBInstance>>
  let leaderAddress: StackOutput<Expression>
  let readers: [StackOutput<Expression>]
  /// What parameters that carry this are called.
  let prefix: String
  let tier: Tier?
}

extension StackBuilder {
  /// PostgreSQL's settings and places for its servers.
  /// - Parameter clusters: those that they are for.
  mutating func addDatabasePieces(
    _ blueprint: Blueprint, _ network: NetworkStack, of clusters: [Tier], key: ARN<Key>
  ) -> DatabasePieces? {
    guard let group = network.database else { return nil }
    let subnets = add(
      "DatabaseSubnets",
      DBSubnetGroup(
        description: "Where databases may be", subnets: network.dataSubnets.map { input($0) },
        tags: blueprint.tags("database")))
    let parameters = add(
      "DatabaseParameters",
      DBParameterGroup(
        description: "How databases are run", family: "postgres17",
        parameters: [
          // Climbs move data by logical replication; clients come by TLS; what is slow is written down.
          "log_min_duration_statement": "1000",
          "max_connections": blueprint.maxConnections(of: clusters, in: region).map(String.init),
          "rds.force_ssl": "1", "rds.logical_replication": "1",
        ], tags: blueprint.tags("database")))
    let monitoring = add(
      "MonitoringRole",
      Role(
        service: "monitoring.rds.amazonaws.com",
        managedPolicies: ["arn:\(.partition):iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
        policies: []))
    return DatabasePieces(
      subnets: subnets.id, parameters: parameters.id, securityGroup: input(group), key: key,
      monitoring: monitoring.arn)
  }

  /// The servers of `tier` in their region, under logical ids that begin with `prefix`; nil for the cluster of the stage
  /// before, which is left as it is.
  mutating func addCluster(
    _ prefix: String, _ tier: Tier?, _ blueprint: Blueprint, _ network: NetworkStack, _ pieces: DatabasePieces
  ) -> DatabaseOutputs {
    let instanceClass = parameter(
      "\(prefix)Class", "The class of the database servers.",
      standard: blueprint.instanceClass(of: tier, in: region),
      value: tier.map { blueprint.instanceClass(of: $0, in: region) })
    let storageGiB = blueprint.databaseGiB(of: tier)
    let storage = parameter(
      "\(prefix)GiB", "The disk of each database server, which may grow and not shrink.",
      standard: String(storageGiB), value: tier.map { String(blueprint.databaseGiB(of: $0)) })
    // Below 400 GiB gp3 has a fixed speed.
    let iops = storageGiB >= 400 ? tier?.capacity?.storageIOPS.map { max($0, 12_000) } : nil
    let isMultiZone = blueprint.topology.zones.count > 1
    let leader = add(
      prefix,
      DBInstance(
        instanceClass: instanceClass, storageGiB: storage, iops: iops,
        databaseName: "app", engineVersion: "17.9", isMultiZone: isMultiZone, subnetGroup: pieces.subnets,
        parameterGroup: pieces.parameters, securityGroup: pieces.securityGroup, key: pieces.key,
        monitoringRole: pieces.monitoring, backupDays: isMultiZone ? 14 : 7, tags: blueprint.tags(prefix)),
      deletion: .snapshot,
      accepted: isMultiZone
        ? []
        : [AcceptedRisk(check: "CKV_AWS_157", reason: "Stage 3 has one zone; the second comes with stage 4.")]
    )

    var readers: [StackOutput<Expression>] = []
    for suffix in followers(of: tier) {
      let zone = network.zones.first { $0.name.hasSuffix(suffix.prefix(1)) }
      let reader = add(
        "\(prefix)Reader\(suffix)",
        DBReplica(
          source: .sameRegion(leader.id), instanceClass: instanceClass,
          availabilityZone: zone.map { input($0) }, parameterGroup: pieces.parameters,
          securityGroup: pieces.securityGroup, performanceKey: pieces.key, monitoringRole: pieces.monitoring,
          tags: blueprint.tags("\(prefix)Reader\(suffix)")),
        deletion: .delete, accepted: AcceptedRisk.ofReplicas)
      readers.append(
        output("\(prefix)Reader\(suffix)Address", reader.address, "A follower that answers reads, port 5432.")
      )
    }
    return DatabaseOutputs(
      region: region,
      leader: output("\(prefix)Arn", leader.arn, "The leader, for replicas in other regions."),
      leaderName: output("\(prefix)Name", leader.id, "The leader's name at RDS."),
      leaderAddress: output("\(prefix)Address", leader.address, "The leader, which takes writes, port 5432."),
      readers: readers, prefix: prefix, tier: tier)
  }

  /// What tells followers apart: the zone's letter, and a number for further ones of a zone. The cluster of stage 6 had
  /// one in each other zone.
  private func followers(of tier: Tier?) -> [String] {
    guard let tier else { return ["B", "C"] }
    var counts: [String: Int] = [:]
    return tier.members.filter { $0.role == .follower }.map { member in
      let letter = (member.zone.last.map(String.init) ?? "").uppercased()
      counts[letter, default: 0] += 1
      let count = counts[letter, default: 1]
      return letter + (count == 1 ? "" : String(count))
    }
  }
}

extension AcceptedRisk {
  static let ofReplicas = [
    AcceptedRisk(
      check: "CKV_AWS_157",
      reason: "A follower stands in one zone on purpose: its leader has a copy in another."),
    AcceptedRisk(
      check: "CKV_AWS_16",
      reason: "A follower is encrypted because its leader is; saying so again is not allowed."),
  ]
}

/// The clusters of one database that lead in one region: a stack of their own, so that no template grows too large.
struct ClusterStack {
  let stack: Stack
  let clusters: [DatabaseOutputs]

  /// The most clusters in a stack.
  private static let limit = 8

  static func all(_ blueprint: Blueprint, _ site: RegionStacks) -> [ClusterStack] {
    // The one cluster of all databases is in the stack of what the region keeps.
    guard blueprint.topology.soleCluster == nil, let network = site.network, let data = site.data else {
      return []
    }
    var stacks: [ClusterStack] = []
    let clusters = blueprint.clusters(in: site.region)
    var databases: [String] = []
    for name in clusters.compactMap(\.databases.first) where !databases.contains(name) {
      databases.append(name)
    }
    for database in databases {
      let own = clusters.filter { $0.databases.first == database }
      for (index, start) in stride(from: 0, to: own.count, by: limit).enumerated() {
        let name = "\(database.logical.lowercased())-\(index + 1)"
        let part = Array(own[start..<min(start + limit, own.count)])
        stacks.append(
          ClusterStack(blueprint, site.region, named: "data-\(name)", database, part, network, data))
      }
    }
    return stacks
  }

  private init(
    _ blueprint: Blueprint, _ region: Region, named name: String, _ database: String, _ tiers: [Tier],
    _ network: NetworkStack, _ data: DataStack
  ) {
    var builder = blueprint.builder(
      .data, named: name, in: region.code, "clusters of the database \(database) in \(region.code)")
    var clusters: [DatabaseOutputs] = []
    if let key = data.key {
      let pieces = builder.addDatabasePieces(blueprint, network, of: tiers, key: builder.input(key))
      for tier in tiers {
        guard let pieces else { continue }
        let prefix = "\(database.logical)\(tier.shards)"
        clusters.append(builder.addCluster(prefix, tier, blueprint, network, pieces))
      }
    }
    self.clusters = clusters
    stack = builder.stack
  }
}

extension Tier {
  /// `Shards0to1365`: the range that a cluster holds.
  fileprivate var shards: String {
    guard let range = holds.first?.shards else { return "" }
    return "Shards\(range.first)to\(range.last)"
  }
}
