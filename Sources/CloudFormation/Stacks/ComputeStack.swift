// The app's servers of a region, and the names that lead to them.

import Contract
import Topology

struct ComputeStack {
  let stack: Stack

  init(_ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int, _ global: GlobalStack) {
    var plan = ComputePlan(blueprint, sites, index, global)
    if blueprint.topology.has(.edges) { plan.addFront() } else { plan.addServers() }
    plan.builder.output(of: blueprint.stage)
    stack = plan.builder.stack
  }

  private init(_ stack: Stack) { self.stack = stack }

  /// From stage 6 on, a stack for each service behind the front, so that each is deployed on its own.
  static func services(
    _ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int, _ global: GlobalStack
  ) -> [ComputeStack] {
    (sites[index].edge?.layers ?? []).map { layer in
      var plan = ComputePlan(blueprint, sites, index, global, service: layer.service)
      plan.addLayer(layer.service, layer.balancer)
      return ComputeStack(plan.builder.stack)
    }
  }
}

/// The template in the making.
struct ComputePlan {
  let blueprint: Blueprint
  let sites: [RegionStacks]
  let index: Int
  let global: GlobalStack
  var builder: StackBuilder
  let domain: Expression
  let release: Expression
  let image: Expression
  /// Holds when somebody named an image.
  let namesImage: String
  let log: Resource<LogGroup>
  /// What every server does at its start.
  let boot: Expression

  var site: RegionStacks { sites[index] }
  var region: Region { site.region }

  init(
    _ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int, _ global: GlobalStack,
    service: String? = nil
  ) {
    self.blueprint = blueprint
    self.sites = sites
    self.index = index
    self.global = global
    let region = sites[index].region.code
    builder = blueprint.builder(
      .compute, named: service.map { "compute-\($0)" }, in: region,
      service.map { "the service \($0) in \(region)" } ?? "the app's servers in \(region)")
    domain = blueprint.domain(in: &builder)
    release = builder.parameter(
      "Release", "The release that servers start: releases/NAME.tar.gz in the bucket of releases.",
      standard: "current")
    image = builder.parameter(
      "ImageId", "The system's image, such as ami-0123; Debian's newest of Debian 12 for arm64 when empty.",
      standard: "")
    namesImage = builder.condition("NamesImage", given: image)
    boot = builder.text("Boot", Bootstrap.rest)
    log = builder.add("AppLog", LogGroup(tags: blueprint.tags("app")), accepted: [.logKey])
    builder.output("AppLogGroup", log.id, "What the app says.")
  }

  /// The image of a launch template, which is looked up when a server starts, so that a newer one replaces nothing.
  var templateImage: Expression {
    .choice(condition: namesImage, image, .text(ServerImage.parameter))
  }

  // MARK: What a server needs

  /// Everything that a service's servers have to be told and allowed.
  mutating func needs(
    of databases: [String], port: Int, isFront: Bool, name: String
  ) -> (settings: Bootstrap.Settings, rights: ServerRights) {
    var settings = Bootstrap.Settings()
    settings.set(.region, Expression.region)
    // Security groups decide who comes as far as this.
    settings.set(.host, "0.0.0.0")
    settings.set(.port, String(port))
    settings.set(.stage, String(blueprint.stage.number))
    settings.set(.dataDirectory, "/var/lib/heights")
    let scheme: Expression = .text(blueprint.topology.has(.edges) ? "https" : "http")
    settings.set(.publicURL, Text("\(scheme)://\(domain)"))
    if blueprint.topology.has(.balancer), let number = NetworkPlan.number(of: region.code) {
      // The load balancers: nobody else in the network reaches this port.
      settings.set(.trustedProxies, NetworkPlan.network(number))
    }
    settings.set("RELEASE", release)
    settings.set("LOGS", log.id)

    var releases = ResourceID<Bucket>(value: .text(""))
    if let bucket = site.data?.releases { releases = builder.input(bucket) }
    settings.set("RELEASES", releases)
    var rights = ServerRights(releases: releases, logs: log)
    if blueprint.hasPlacement, let table = sites[0].data?.placement {
      let placement = builder.input(table.name).value
      settings.set("PLACEMENT", placement)
      settings.set(.placement, "/run/heights/placement.json")
      rights.readPlacement(in: placement)
      if !blueprint.callers.isEmpty { settings.set("APART", "1") }
    }

    var keys: [ARN<Key>] = []
    addDatabases(databases, &settings, &rights, &keys)
    if let cache = site.cache { addCache(cache, &settings, &rights, &keys) }
    if isFront { addFiles(&settings, &rights) }
    addSessions(&settings, &rights)
    addServiceKey(of: name, &settings, &rights, &keys)
    if !keys.isEmpty { rights.decryptSecrets(with: keys) }
    return (settings, rights)
  }

  private mutating func addCache(
    _ cache: CacheStack, _ settings: inout Bootstrap.Settings, _ rights: inout ServerRights,
    _ keys: inout [ARN<Key>]
  ) {
    let secret = builder.input(cache.secret)
    settings.set("CACHE", builder.input(cache.address))
    settings.set("CACHE_SECRET", secret)
    rights.readSecret(secret)
    if keys.isEmpty, let key = site.data?.key { keys.append(builder.input(key)) }
  }

  /// By what the services that it calls know it.
  private mutating func addServiceKey(
    of name: String, _ settings: inout Bootstrap.Settings, _ rights: inout ServerRights,
    _ keys: inout [ARN<Key>]
  ) {
    guard let key = site.data?.serviceKeys.first(where: { $0.service == name }) else { return }
    let secret = builder.input(key.secret)
    settings.set("SERVICE_KEY", secret)
    settings.set(.serviceKeyFile, "/run/heights/service-key")
    rights.readSecret(secret)
    if keys.isEmpty, let key = site.data?.key { keys.append(builder.input(key)) }
  }

  /// Any of an app's services may ask for its sessions.
  private mutating func addSessions(_ settings: inout Bootstrap.Settings, _ rights: inout ServerRights) {
    let group = blueprint.group(of: region)
    let first = sites.first { $0.region.code == group.first }
    guard let sessions = first?.data?.sessions else { return }
    let table = builder.input(sessions.name).value
    settings.set(.sessionsTable, table)
    rights.keepSessions(in: table)
  }

  /// What the service that answers people keeps.
  private mutating func addFiles(_ settings: inout Bootstrap.Settings, _ rights: inout ServerRights) {
    if let files = site.data?.files {
      settings.set("FILES", builder.input(files.id))
      settings.set(.filesDirectory, "/var/lib/heights-files")
      rights.mount(builder.input(files.arn))
    }
    if let objects = site.data?.objects {
      settings.set(.objectsBucket, builder.input(objects.id))
      rights.keepObjects(in: builder.input(objects.arn))
    }
  }

  // MARK: Databases

  private mutating func addDatabases(
    _ databases: [String], _ settings: inout Bootstrap.Settings, _ rights: inout ServerRights,
    _ keys: inout [ARN<Key>]
  ) {
    let reached = reachedClusters(of: databases)
    if reached.isEmpty { return }
    var entries: [Text] = []
    var leaders: [ARN<DBInstance>] = []
    for cluster in reached {
      let name = builder.input(cluster.outputs.leaderName)
      let hosts = Text.joined(cluster.hosts, separator: ",")
      entries.append("\(name)@\(cluster.outputs.region):\(hosts)")
      leaders.append(builder.input(cluster.outputs.leader))
    }
    settings.set("DATABASES", Text.joined(entries, separator: " "))
    settings.set(.databasePasswordFile, "/run/heights/pgpass")
    settings.set(.databaseURL, url(reached[0].hosts[0]))
    if reached[0].hosts.count > 1 { settings.set(.databaseReadURL, url(reached[0].hosts[1])) }

    // The key of each region whose leaders' passwords are read.
    let regions = Set(reached.map(\.outputs.region))
    for other in sites where regions.contains(other.region.code) {
      guard let key = other.data?.key else { continue }
      let isOwn = other.region == region
      keys.append(builder.input(key, as: isOwn ? nil : "DataKeyArn\(other.region.code.logical)"))
    }
    rights.readPasswords(of: leaders)
  }

  /// Nobody gets the password who can't show a certificate of RDS's for this name.
  private func url(_ host: Expression) -> Text {
    "postgresql://heights@\(host):5432/app?sslmode=verify-full&sslrootcert=\(Bootstrap.authorities)"
  }

  /// Clusters of these databases with a server in this region, in the order of the databases, and the addresses of those servers, the
  /// leader's first.
  private mutating func reachedClusters(
    of databases: [String]
  ) -> [(outputs: DatabaseOutputs, hosts: [Expression])] {
    // The one cluster comes last once it is the stage before: its data is on the way to the others.
    func place(_ cluster: DatabaseOutputs) -> Int? {
      guard let tier = cluster.tier else { return databases.isEmpty ? nil : databases.count }
      return databases.firstIndex { tier.databases.contains($0) }
    }
    let own = site.clusters.flatMap(\.clusters) + [site.data?.database].compactMap { $0 }
    let all =
      own.map { ($0, addresses: [$0.leaderAddress] + $0.readers) }
      + (site.replicas?.addresses ?? []).map { ($0.cluster, addresses: [$0.address]) }
    let reached = all.enumerated().compactMap { index, found in
      place(found.0).map { (place: $0, index: index, found: found) }
    }.sorted { ($0.place, $0.index) < ($1.place, $1.index) }
    return reached.map { ($0.found.0, $0.found.addresses.map { builder.input($0) }) }
  }
}
