// What a region keeps. Everything that holds data is here (a server's own disk apart), is encrypted from its first
// day, stays when it leaves the template, and never gets a property that would replace it.

import Topology

struct DataStack {
  let stack: Stack
  /// Releases of the app.
  let releases: StackOutput<ResourceID<Bucket>>
  /// Where everything is: a table that every region reads its own copy of. In the home only.
  var placement: (name: StackOutput<ResourceID<GlobalTable>>, arn: StackOutput<ARN<GlobalTable>>)?
  var key: StackOutput<ARN<Key>>?
  /// The one cluster of stages 3 to 6.
  var database: DatabaseOutputs?
  /// The shared folder of stage 4.
  var files: (id: StackOutput<ResourceID<FileSystem>>, arn: StackOutput<ARN<FileSystem>>)?
  /// What users send, from stage 5 on.
  var objects: ServedBucket?
  /// What the app brings along; in the home only.
  var staticFiles: ServedBucket?
  var logs: (bucket: StackOutput<ResourceID<Bucket>>, domainName: StackOutput<Expression>)?
  /// Of each service that calls others: what it shows them who it is by. Where a placement tells them of each other.
  var serviceKeys: [(service: String, secret: StackOutput<ResourceID<Secret>>)] = []
  /// In the first of the regions that share sessions.
  var sessions: (name: StackOutput<ResourceID<GlobalTable>>, arn: StackOutput<ARN<GlobalTable>>)?

  struct ServedBucket {
    let id: StackOutput<ResourceID<Bucket>>
    let arn: StackOutput<ARN<Bucket>>
    let domainName: StackOutput<Expression>
  }

  init(_ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int) {
    let region = sites[index].region
    let isHome = index == 0
    var plan = Plan(blueprint: blueprint, region: region)

    var logs: Resource<Bucket>?
    if blueprint.topology.has(.objectStore) { logs = plan.addLogs(takesDeliveries: isHome) }
    let releases = plan.addReleases(logs: logs)
    if isHome { placement = plan.addPlacement(in: sites.map(\.region.code)) }
    if let network = sites[index].network, !network.dataSubnets.isEmpty {
      let key = plan.addKey()
      self.key = plan.builder.output("DataKeyArn", key.arn, "The key of the region's data.")
      if blueprint.hasPlacement { serviceKeys = plan.addServiceKeys(key: key) }
      if isHome, blueprint.topology.soleCluster != nil || blueprint.keptStage == .microservices {
        database = plan.addDatabase(network, key: key)
      }
      if isHome, blueprint.topology.has(.sharedFolder) || blueprint.keptStage == .replicated {
        files = plan.addFiles(network, key: key)
      }
    }
    if let logs {
      self.logs = (
        plan.builder.output("LogsBucket", logs.id, "Access logs of load balancers, buckets and the CDN."),
        plan.builder.output("LogsDomainName", logs.attribute("DomainName"), "How the CDN names it.")
      )
      objects = plan.addObjects(logs: logs, copies: plan.copies(for: region, among: sites))
      if isHome { staticFiles = plan.addStaticFiles(logs: logs) }
    }
    if blueprint.topology.has(.table) { sessions = plan.addSessions() }
    self.releases = releases
    plan.builder.output(of: blueprint.stage)
    stack = plan.builder.stack
  }
}

/// The template in the making.
private struct Plan {
  let blueprint: Blueprint
  let region: Region
  var builder: StackBuilder

  init(blueprint: Blueprint, region: Region) {
    self.blueprint = blueprint
    self.region = region
    builder = blueprint.builder(.data, in: region.code, "what is kept in \(region.code)")
  }

  // MARK: Tables and keys

  /// The document that says where everything is. It is written in the home region, by compare and set.
  mutating func addPlacement(
    in regions: [String]
  ) -> (name: StackOutput<ResourceID<GlobalTable>>, arn: StackOutput<ARN<GlobalTable>>) {
    let table = builder.add(
      "Placement", GlobalTable(key: "id", regions: regions, tags: blueprint.tags("placement")),
      deletion: .retain)
    return (
      builder.output("PlacementTable", table.id, "Says where everything is; every region has a copy of it."),
      builder.output("PlacementTableArn", table.arn, "The same, for policies.")
    )
  }

  mutating func addSessions() -> (
    name: StackOutput<ResourceID<GlobalTable>>, arn: StackOutput<ARN<GlobalTable>>
  )? {
    let tier = blueprint.topology.tiers.first { $0.kind == .sessions && $0.regions.first == region.code }
    guard let tier else { return nil }
    let table = builder.add(
      "Sessions",
      GlobalTable(
        key: "pk", sortKey: "sk", expiryAttribute: "expires", regions: tier.regions,
        tags: blueprint.tags("sessions")),
      deletion: .retain)
    return (
      builder.output("SessionsTable", table.id, "Sessions, in every region that may share them."),
      builder.output("SessionsTableArn", table.arn, "The same, for policies.")
    )
  }

  mutating func addKey() -> Resource<Key> {
    builder.add(
      "DataKey",
      Key(description: "What \(blueprint.options.app) keeps", services: [], tags: blueprint.tags("data")),
      deletion: .retain)
  }

  /// A deployment makes the key that others know a service by of its secret.
  mutating func addServiceKeys(
    key: Resource<Key>
  ) -> [(service: String, secret: StackOutput<ResourceID<Secret>>)] {
    blueprint.callers.map { service in
      let secret = builder.add(
        "\(service.logical)ServiceKey",
        Secret(
          description: "By what services know \(service)", length: 64, key: key.arn,
          tags: blueprint.tags("\(service)-service-key")),
        deletion: .retain)
      let output = builder.output(
        "\(service.logical)ServiceKeySecret", secret.id, "The secret of what services know \(service) by.")
      return (service, output)
    }
  }

  // MARK: Databases and files

  mutating func addDatabase(_ network: NetworkStack, key: Resource<Key>) -> DatabaseOutputs? {
    let tier = blueprint.topology.soleCluster
    let hasDatabase = tier != nil || blueprint.topology.tiers.contains { $0.kind == .database }
    guard hasDatabase,
      let pieces = builder.addDatabasePieces(
        blueprint, network, of: tier.map { [$0] } ?? [], key: key.arn)
    else {
      return nil
    }
    return builder.addCluster("Database", tier, blueprint, network, pieces)
  }

  mutating func addFiles(
    _ network: NetworkStack, key: Resource<Key>
  ) -> (id: StackOutput<ResourceID<FileSystem>>, arn: StackOutput<ARN<FileSystem>>)? {
    guard let group = network.files else { return nil }
    let files = builder.add(
      "Files", FileSystem(key: key.arn, tags: blueprint.tags("files")), deletion: .retain)
    for (letter, subnet) in zip(["A", "B"], network.dataSubnets) {
      let subnet = builder.input(subnet)
      builder.add(
        "FilesMount\(letter)",
        MountTarget(fileSystem: files.id, subnet: subnet, groups: [builder.input(group)]))
    }
    return (
      builder.output("FilesId", files.id, "The folder that both servers share."),
      builder.output("FilesArn", files.arn, "The same, for policies.")
    )
  }

  // MARK: Buckets

  mutating func addReleases(logs: Resource<Bucket>?) -> StackOutput<ResourceID<Bucket>> {
    let bucket = builder.add(
      "Releases",
      Bucket(log: logs.map { ($0.id, "releases/") }, tags: blueprint.tags("releases")), deletion: .retain,
      accepted: logs == nil
        ? [
          AcceptedRisk(
            check: "CKV_AWS_18", reason: "Only deployments write here; access logs come with stage 5.")
        ]
        : [])
    builder.add("ReleasesPolicy", BucketPolicy(bucket: bucket.id, statements: [.onlyTLS(bucket.arn)]))
    return builder.output("ReleasesBucket", bucket.id, "Releases go here, as releases/NAME.tar.gz.")
  }

  mutating func addLogs(takesDeliveries: Bool) -> Resource<Bucket> {
    let bucket = builder.add(
      "Logs",
      Bucket(expiryDays: 90, takesDeliveries: takesDeliveries, tags: blueprint.tags("logs")),
      deletion: .retain,
      accepted: [AcceptedRisk(check: "CKV_AWS_18", reason: "The log of who reads the logs would log itself.")]
    )
    let everything = Text("\(bucket.arn)/*")
    let source: Object = ["StringEquals": ["aws:SourceAccount": Expression.account] as Object]
    builder.add(
      "LogsPolicy",
      BucketPolicy(
        bucket: bucket.id,
        statements: [
          .onlyTLS(bucket.arn),
          Statement(
            principal: .service("logdelivery.elasticloadbalancing.amazonaws.com"), actions: ["s3:PutObject"],
            resources: [everything]),
          Statement(
            principal: .service("logging.s3.amazonaws.com"), actions: ["s3:PutObject"],
            resources: [everything],
            conditions: source),
        ]))
    return bucket
  }

  mutating func addStaticFiles(logs: Resource<Bucket>) -> DataStack.ServedBucket {
    let bucket = builder.add(
      "StaticFiles", Bucket(log: (logs.id, "static/"), tags: blueprint.tags("static")), deletion: .retain)
    return serve(bucket, "StaticFiles", "The app's static files, under static/.")
  }

  mutating func addObjects(logs: Resource<Bucket>, copies: ResourceID<Bucket>?) -> DataStack.ServedBucket {
    let destination = copies.map { ARN<Bucket>(value: Text("arn:\(.partition):s3:::\($0)").value) }
    let role = destination.map { _ in addReplicationRole() }
    var objects = Bucket(log: (logs.id, "objects/"), tags: blueprint.tags("objects"))
    if let destination, let role {
      objects.replication = Bucket.Replication(role: role.arn, destination: destination)
    }
    let bucket = builder.add("Objects", objects, deletion: .retain)
    if let destination, let role { allow(role, toCopy: bucket, to: destination) }
    return serve(bucket, "Objects", "What users send.")
  }

  private mutating func serve(
    _ bucket: Resource<Bucket>, _ name: String, _ description: String
  ) -> DataStack.ServedBucket {
    DataStack.ServedBucket(
      id: builder.output("\(name)Bucket", bucket.id, description),
      arn: builder.output("\(name)BucketArn", bucket.arn, "The same, for policies."),
      domainName: builder.output("\(name)DomainName", bucket.regionalDomainName, "How the CDN reaches it."))
  }

  /// The bucket in the next region of those that share data, where this region's objects are copied to.
  mutating func copies(for region: Region, among sites: [RegionStacks]) -> ResourceID<Bucket>? {
    let group = blueprint.group(of: region)
    guard group.count > 1, let index = group.firstIndex(of: region.code) else { return nil }
    let next = group[(index + 1) % group.count]
    guard let copies = sites.first(where: { $0.region.code == next })?.copies else { return nil }
    return builder.input(copies.bucket)
  }

  /// Lets S3 copy from the bucket of objects to the one in the next region. Its policy is a resource of its own, because
  /// it names the bucket, and the bucket names the role.
  private mutating func addReplicationRole() -> Resource<Role> {
    builder.add("ReplicationRole", Role(service: "s3.amazonaws.com", policies: []))
  }

  private mutating func allow(
    _ role: Resource<Role>, toCopy bucket: Resource<Bucket>, to destination: ARN<Bucket>
  ) {
    builder.add(
      "ReplicationPolicy",
      RolePolicy(
        role: role.id, name: "Replication",
        statements: [
          Statement(actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [bucket.arn]),
          Statement(
            actions: [
              "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
            ], resources: [Text("\(bucket.arn)/*")]),
          Statement(
            actions: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            resources: [Text("\(destination)/*")]),
        ]))
  }
}

extension Statement {
  /// Refuses what does not come by TLS.
  static func onlyTLS(_ bucket: ARN<Bucket>) -> Statement {
    Statement(
      effect: "Deny", principal: .everybody, actions: ["s3:*"], resources: [bucket, Text("\(bucket)/*")],
      conditions: ["Bool": ["aws:SecureTransport": "false"] as Object])
  }
}

/// Copies of another region's objects: a stack of its own that comes first, because regions copy in a ring.
struct CopiesStack {
  let stack: Stack
  let bucket: StackOutput<ResourceID<Bucket>>

  init(_ blueprint: Blueprint, _ region: Region) {
    var builder = blueprint.builder(
      .data, named: "copies", in: region.code, "copies from another region's objects")
    let bucket = builder.add(
      "ObjectCopies", Bucket(tags: blueprint.tags("copies")), deletion: .retain,
      accepted: [
        AcceptedRisk(check: "CKV_AWS_18", reason: "Only S3's own replication writes here; nobody reads it.")
      ])
    builder.add("ObjectCopiesPolicy", BucketPolicy(bucket: bucket.id, statements: [.onlyTLS(bucket.arn)]))
    self.bucket = builder.output("ObjectCopiesBucket", bucket.id, "Copies of another region's objects.")
    stack = builder.stack
  }
}

/// Followers, in this region, of clusters that another region leads.
struct ReplicaStack {
  let stack: Stack
  /// The address of each, by the prefix of its cluster.
  let addresses: [(cluster: DatabaseOutputs, address: StackOutput<Expression>)]

  /// nil where there is none.
  init?(_ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int) {
    let region = sites[index].region
    let followed = sites.flatMap(\.clusters).flatMap(\.clusters).filter { cluster in
      cluster.tier?.members.contains { $0.role == .replica && $0.region == region.code } ?? false
    }
    guard !followed.isEmpty, let network = sites[index].network, let key = sites[index].data?.key else {
      return nil
    }
    var builder = blueprint.builder(
      .data, named: "replicas", in: region.code,
      "followers in \(region.code) of clusters that other regions lead")
    guard
      let pieces = builder.addDatabasePieces(
        blueprint, network, of: followed.compactMap(\.tier), key: builder.input(key))
    else {
      return nil
    }
    addresses = followed.map { cluster in
      let replica = builder.add(
        "\(cluster.prefix)Replica",
        DBReplica(
          source: .otherRegion(
            builder.input(cluster.leader), region: cluster.region, pieces.key, pieces.subnets),
          instanceClass: .text(blueprint.instanceClass(of: cluster.tier, in: region.code)),
          availabilityZone: nil,
          parameterGroup: pieces.parameters, securityGroup: pieces.securityGroup, performanceKey: pieces.key,
          monitoringRole: pieces.monitoring, tags: blueprint.tags("\(cluster.prefix)-replica")),
        deletion: .delete, accepted: AcceptedRisk.ofReplicas)
      let address = builder.output(
        "\(cluster.prefix)ReplicaAddress", replica.address, "A follower from \(cluster.region), port 5432.")
      return (cluster, address)
    }
    stack = builder.stack
  }
}
