// The engines of each host.

import Contract
import Placement
import Policies
import Topology

// Databases.
extension LabPlan {
  func postgres(on host: Host, of tier: Tier) -> any Engine {
    Postgres(
      host: host, port: context.ports.postgres, settings: postgresSettings,
      cluster: tier.clusterName, shell: shell(host, .postgres))
  }

  /// Where a region's etcd runs, in which all of its clusters agree on their leaders: one host in each zone of the first that
  /// has several. A follower more has no vote, so that they stay as many as they were.
  func voters(in region: String) -> [Host] {
    let clusters = topology.tiers.lazy.filter { $0.engine == .postgres && $0.members.count > 1 }
    let first = clusters.compactMap { tier -> [Member]? in
      let own = tier.members.filter { $0.region == region && $0.role != .replica }
      return own.isEmpty ? nil : own
    }.first
    return (first ?? []).unique(by: \.zone).map { host($0.server, in: $0.zone) }
  }

  func etcd(on host: Host, in region: String, _ voters: [Host]) -> any Engine {
    Etcd(
      host: host, ports: context.ports, cluster: voters, token: context.manifest.name + suffix(region),
      certificate: certificate(region, voters),
      mark: context.folder.engines + "/.etcd-founded" + suffix(region),
      shell: shell(host, .etcd))
  }

  func patroni(on host: Host, of tier: Tier, _ voters: [Host]) -> any Engine {
    let holders = hosts(of: tier).filter { ![.witness, .replica].contains($0.member.role) }
    let region = tier.members[0].region
    let leaders = holders.unique(by: \.member.zone).map(\.host)
    return Patroni(
      host: host, ports: context.ports, peers: leaders.filter { $0 != host }, voters: voters,
      mayLead: leaders.contains(host), isFirst: host == leaders[0], scope: tier.clusterName,
      settings: postgresSettings,
      certificate: certificate(region, voters),
      program: context.python(with: "patroni"), shell: shell(host, .patroni))
  }

  /// Of a region's etcd, and of those who ask it.
  private func certificate(_ region: String, _ voters: [Host]) -> EtcdCertificate {
    EtcdCertificate(
      path: "\(context.folder.secrets)/etcd-\(context.place.region)\(suffix(region)).pem",
      addresses: voters.map(\.address))
  }

  /// What tells apart what each region has; nothing where the app began.
  private func suffix(_ region: String) -> String {
    region == topology.regions.first?.code ? "" : ".\(region)"
  }

  private var postgresSettings: PostgresSettings {
    let names = context.manifest.databases.map(\.name) + Placement.ownDatabases + [context.manifest.sqlName]
    let databases = Set(names).sorted()
    return PostgresSettings(
      databases: databases, secrets: context.secrets, isStrict: context.manifest.replicatesStrictly,
      connections: connections(toAll: databases.count))
  }

  /// As many as the app opens at its most instances, be its services in one process (stage 5) or apart (from stage 6 on): a climb
  /// finds them there.
  private func connections(toAll databases: Int) -> Int {
    let (cores, services) = (Machine.this.cores, context.manifest.services)
    let workers = context.manifest.workersOnServer * mostBeforeServices
    let together = ConnectionNeed.ofServer(
      [(mostBeforeServices, cores)] + (workers > 0 ? [(workers, 1)] : []), databases: databases)
    if services.count == 1 { return together }
    let apart = services.reduce(ConnectionNeed.reserve) { sum, service in
      let all = service.databases.count + Placement.ownDatabases.count
      let most = Scaling.unplanned(zones: 3, wish: service.scale).maximum
      return sum + ConnectionNeed.ofServer([(most, cores)], databases: all) - ConnectionNeed.reserve
    }
    return max(together, apart)
  }

  /// Instances at stage 5.
  var mostBeforeServices: Int { Scaling.unplanned(zones: 2, wish: context.manifest.service.scale).maximum }

  private func shell(_ host: Host, _ engine: EngineKind) -> EngineShell {
    context.shell(for: host, process: engine.name(on: host.id))
  }
}

// Caches and objects.
extension LabPlan {
  func redis(on host: Host, of tier: Tier) -> any Engine {
    Redis(
      host: host, ports: context.ports, firstLeader: hosts(of: tier)[0].host, password: context.secrets.cache,
      shell: shell(host, .redis))
  }

  func sentinel(on host: Host, of tier: Tier) -> any Engine {
    Sentinel(
      host: host, ports: context.ports, firstLeader: hosts(of: tier)[0].host, password: context.secrets.cache,
      ownPassword: context.secrets.sentinels, appPassword: context.secrets.sentinelApp,
      shell: shell(host, .sentinel))
  }

  var objectStore: any Engine {
    MiniStackObjects(
      ministack: ministack(on: objectsHost), bucket: context.manifest.bucketName, secrets: context.secrets)
  }

  var sessionsTable: any Engine {
    MiniStackTable(
      ministack: ministack(on: sessionsHost), table: context.manifest.tableName, secrets: context.secrets)
  }

  private func ministack(on host: Host) -> MiniStack {
    MiniStack(
      host: host, port: context.ports.ministack, program: context.python(with: "ministack"),
      shell: shell(host, .ministack))
  }
}

// What leads people to the app's instances: through edges and load balancers where there are any.
extension LabPlan {
  private static let appCheck = AdminPath.ready

  func loadBalancer(on host: Host, of tier: Tier) -> any Engine {
    let services = topology.services(behind: tier)
    return balancer(
      EngineKind.haproxy.name(on: host.id), on: host, .port(context.ports.http), .fewestRequests,
      instances(of: services), Self.appCheck, leadsCalls: !topology.callers(of: tier).isEmpty)
  }

  func edge(on host: Host) -> any Engine {
    Varnish(
      host: host, port: context.ports.http,
      origins: publicBalancers.map { ($0.id, $0.address, context.ports.http) },
      frontDoor: frontDoorHost.address,
      store: (
        context.objectsAddress, context.ports.ministack, context.manifest.bucketName,
        MiniStackObjects.authorization(context.secrets)
      ),
      names: context.manifest.hostNames,
      shell: shell(host, .varnish))
  }

  func frontDoor(socketCount: Int) -> any Engine {
    let entrance = HAProxy.Entrance.inherited(count: socketCount)
    let hasEdges = !edges.isEmpty
    return balancer(
      Self.frontDoor, on: frontDoorHost, entrance, hasEdges ? .inTurn : .session,
      hasEdges ? edges : instances(of: topology.services),
      hasEdges ? Varnish.health : Self.appCheck)
  }

  var dns: any Engine {
    let hasEdges = !edges.isEmpty
    return GdnsdFailover(
      host: dnsHost, port: context.ports.dns, domain: context.manifest.outline.dnsName,
      addresses: (hasEdges ? edges : instances(of: topology.services)).map {
        .init(id: $0.id, address: $0.address)
      },
      checkPort: context.ports.http, checkPath: hasEdges ? Varnish.health : Self.appCheck,
      shell: context.shell(for: dnsHost, process: Self.dns))
  }

  private func balancer(
    _ name: String, on host: Host, _ entrance: HAProxy.Entrance, _ choice: HAProxy.Choice, _ servers: [Host],
    _ check: String, leadsCalls: Bool = false
  ) -> HAProxy {
    HAProxy(
      name: name, host: host, entrance: entrance, choice: choice,
      servers: servers.map { .init(id: $0.id, address: $0.address, port: context.ports.http) }, check: check,
      names: context.manifest.hostNames, leadsCalls: leadsCalls,
      shell: context.shell(for: host, process: name))
  }

  /// As many as there can be: those that do not run are not healthy.
  private func instances(of services: [Tier]) -> [Host] {
    services.flatMap { instances(of: $0, count: Self.maximum(of: $0)) }
  }

  /// Those that stand before the app's instances, by which people come to them.
  var proxies: [Host] { [frontDoorHost] + edges + publicBalancers }

  private var publicBalancers: [Host] {
    topology.tiers.filter { $0.engine == .balancer && topology.callers(of: $0).isEmpty }
      .flatMap { hosts(of: $0).map(\.host) }
  }
}
