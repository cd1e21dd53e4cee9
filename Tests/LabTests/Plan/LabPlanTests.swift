// Each stage's hosts: their names, addresses and zones, what runs on them and in which order.

import Foundation
import Placement
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct LabPlanTests {
  private let context: HostContext
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    context = try HostContext.forTests(in: temporary)
  }

  @Test func stageThreeHasOneDatabaseAndTheAppKeepsThePublicPort() throws {
    #expect(try addresses(at: .separateDatabase) == ["database-a.postgres local-a 127.7.1.50"])
  }

  @Test func stageFourSurvivesAZone() throws {
    #expect(
      try addresses(at: .replicated) == [
        "database-a.etcd local-a 127.7.1.50", "database-a.patroni local-a 127.7.1.50",
        "database-b.etcd local-b 127.7.2.50", "database-b.patroni local-b 127.7.2.50",
        "database-c.etcd local-c 127.7.3.50", "dns outside 127.7.0.53",
        "front-door outside 127.7.0.20",
        "server-a local-a 127.7.1.10", "server-b local-b 127.7.2.10",
      ])
  }

  @Test func stageFiveAddsBalancersCachesObjectsAndEdges() throws {
    let added = Set(try addresses(at: .stateless)).subtracting(try addresses(at: .replicated))
    #expect(
      added.sorted() == [
        "cache-a.redis local-a 127.7.1.30", "cache-a.sentinel local-a 127.7.1.30",
        "cache-b.redis local-b 127.7.2.30", "cache-b.sentinel local-b 127.7.2.30",
        "cache-c.sentinel local-c 127.7.3.30", "edge-1.varnish outside 127.7.101.60",
        "edge-2.varnish outside 127.7.102.60", "load-balancer-a.haproxy local-a 127.7.1.40",
        "load-balancer-b.haproxy local-b 127.7.2.40", "objects.ministack outside 127.7.0.80",
      ])
  }

  @Test func instancesAreAddedInTheZonesInTurn() throws {
    let hosts = try plan(at: .stateless)
    let tier = try #require(hosts.topology.tier("service-web"))
    let instances = hosts.instances(of: tier, count: 5)
    #expect(instances.map(\.id) == ["server-a", "server-b", "server-a2", "server-b2", "server-a3"])
    #expect(instances.map(\.address).suffix(3) == ["127.7.1.11", "127.7.2.11", "127.7.1.12"])
    #expect(Set(hosts.specs.map(\.name)).isSuperset(of: instances.map(\.id)))
    #expect(!hosts.firstIDs.contains("server-a2"))
  }

  @Test func noTwoHostsShareAnAddressAndNoTwoProcessesAName() throws {
    for stage in [Stage.separateDatabase, .replicated, .stateless] {
      let all = try plan(at: stage).specs
      #expect(Set(all.map(\.name)).count == all.count)
      let hosts = Dictionary(all.map { ($0.host.address, $0.host.id) }) { first, _ in first }
      #expect(Set(hosts.values).count == hosts.count)
    }
  }

  /// Layers, clusters of a zone and zones of several regions have been known to get the same.
  @Test func noTwoHostsShareAnAddressAtTheStagesToComeEither() throws {
    let far = Region(
      code: "far", name: "Far away", zones: ["a", "b", "c"].map { Zone(id: "far-\($0)", region: "far") })
    let app = AppOutline(
      name: "hut", title: "Hut",
      services: [.init(name: "web", databases: [], calls: ["posts", "graph", "accounts"])]
        + ["posts", "graph", "accounts"].map { .init(name: $0, databases: [$0]) },
      databases: ["posts", "graph", "accounts"])
    for topology in [
      try Topology.of(app, at: .microservices),
      try Topology.of(app, at: .sharded, for: .init(rangesPerRegion: 3), in: [.local, far]),
    ] {
      let hosts = LabPlan(topology: topology, context: context)
      let all = topology.tiers.flatMap { tier in
        tier.kind == .service
          ? hosts.instances(of: tier, count: LabPlan.maximum(of: tier)) : hosts.hosts(of: tier).map(\.host)
      }
      #expect(Set(all.map(\.id)).count == Set(all.map(\.address)).count)
      #expect(Set(all.map(\.id)).isSuperset(of: topology.servers.map(\.id)))
    }
  }

  @Test func anAddressThatWasAllottedStaysWithItsHost() throws {
    let before = try plan(at: .stateless)
    let book = try JSONDecoder().decode(AddressBook.self, from: JSONEncoder().encode(before.book))
    let next = LabPlan(
      topology: try Topology.of(context.manifest.outline, at: .microservices, for: .init(extraFollowers: 3)),
      context: context, book: book)
    let former = Dictionary(
      before.topology.tiers.flatMap(before.hosts).map { ($0.host.id, $0.host.address) }
    ) { first, _ in first }
    let kept = next.topology.tiers.flatMap(next.hosts).map(\.host).filter { former[$0.id] != nil }
    #expect(kept.count > 4)
    for host in kept { #expect(host.address == former[host.id]) }
  }

  /// One etcd a region, in which every cluster of it has a scope of its own.
  @Test func theClustersOfARegionVoteInOneEtcd() throws {
    let far = Region(
      code: "far", name: "Far away", zones: ["a", "b", "c"].map { Zone(id: "far-\($0)", region: "far") })
    let app = AppOutline(
      name: "hut", title: "Hut", services: [.init(name: "web", databases: ["posts", "graph"])],
      databases: ["posts", "graph"])
    let plan = LabPlan(
      topology: try Topology.of(
        app, at: .sharded, for: .init(extraFollowers: 1, rangesPerRegion: 2), in: [.local, far]),
      context: context)
    let engines = plan.specs.compactMap(\.engine)
    for (region, zone) in [(Region.local.code, "local-"), ("far", "far-")] {
      let voters = engines.compactMap { $0 as? Etcd }.filter { $0.host.zone.hasPrefix(zone) }
      #expect(voters.map(\.host.zone).sorted() == ["a", "b", "c"].map { zone + $0 })
      #expect(Set(voters.map(\.mark)).count == 1)
      #expect(Set(voters.map(\.token)).count == 1)
      let members = engines.compactMap { $0 as? Patroni }.filter { $0.host.zone.hasPrefix(zone) }
      #expect(members.allSatisfy { $0.voters == voters.map(\.host) }, "\(region)")
      // Two databases of two ranges, each with a leader and three followers.
      #expect(Dictionary(grouping: members, by: \.scope).mapValues(\.count).values.sorted() == [4, 4, 4, 4])
      for cluster in Dictionary(grouping: members, by: \.scope).values {
        #expect(cluster.count(where: \.isFirst) == 1)
        #expect(cluster.filter(\.mayLead).map(\.host.zone).sorted() == ["a", "b", "c"].map { zone + $0 })
      }
    }
    let all = engines.compactMap { $0 as? Etcd }
    #expect(Set(all.map(\.mark)).count == 2)
    #expect(Set(all.map(\.token)).count == 2)
    #expect(Set(all.map(\.certificate.path)).count == 2)
  }

  @Test func aFollowerMoreHasNoVote() throws {
    let (before, after) = (
      try plan(at: .replicated),
      LabPlan(context.manifest, at: Level(.replicated, extraFollowers: 2), context, AddressBook())
    )
    #expect(before.voters(in: Region.local.code) == after.voters(in: Region.local.code))
    #expect(after.specs.compactMap { $0.engine as? Etcd }.count == 3)
    let members = after.specs.compactMap { $0.engine as? Patroni }
    #expect(members.count == 4)
    // Who leads, and who has a write before it is acknowledged, must never be in one zone.
    #expect(members.filter(\.mayLead).map(\.host.id) == ["database-a", "database-b"])
    #expect(members.allSatisfy { $0.peers.allSatisfy { ["database-a", "database-b"].contains($0.id) } })
  }

  @Test func whatOthersBuildOnLiesInADeeperLayer() throws {
    let layers = Dictionary(uniqueKeysWithValues: try plan(at: .stateless).specs.map { ($0.name, $0.layer) })
    for (upper, lower) in [
      ("front-door", "edge-1.varnish"), ("edge-1.varnish", "load-balancer-a.haproxy"),
      ("load-balancer-a.haproxy", "server-a"), ("server-a", "database-a.patroni"),
      ("server-a", "cache-a.sentinel"), ("database-a.patroni", "database-c.etcd"),
      ("cache-a.sentinel", "cache-b.redis"),
    ] {
      #expect(try #require(layers[upper]) < #require(layers[lower]), "\(upper), \(lower)")
    }
  }

  @Test func anAppThatListensOnItsPortHasADoorFromStageThreeOn() throws {
    let context = try HostContext.forTests(in: temporary, listens: "port")
    let names = try plan(at: .separateDatabase, context).specs.map(\.name).sorted()
    #expect(names == ["database-a.postgres", "dns", "front-door", "server-a"])
  }

  @Test func everyServerOfAnAppHasItsWorkers() throws {
    let context = try HostContext.forTests(
      in: temporary, listens: "port", workers: "mail: { run: ['m'], count: 2 }, thumbs: { run: ['t'] }")
    let suffixes = ["worker-mail", "worker2-mail", "worker-thumbs"]
    for (stage, servers) in [
      (Stage.separateDatabase, ["server-a"]), (.replicated, ["server-a", "server-b"]),
      (.stateless, ["server-a", "server-b"]),
      (.microservices, ["service-web-a", "service-web-b", "service-web-c"]),
    ] {
      let plan = try plan(at: stage, context)
      let workers = plan.specs(of: plan.firstIDs).filter { $0.worker != nil }
      #expect(
        workers.map(\.name) == servers.flatMap { server in suffixes.map { "\(server).\($0)" } }, "\(stage)")
      #expect(
        workers.map(\.kind) == servers.flatMap { _ in [.worker("mail"), .worker("mail"), .worker("thumbs")] })
      #expect(workers.allSatisfy { $0.runsApp && !$0.isInstance && !$0.findsOthersItself })
      // They come and go with their server, after it and before it.
      #expect(plan.specs.filter { $0.isInstance }.allSatisfy { $0.layer > .worker })
    }
  }

  @Test func theDatabaseHasConnectionsForWorkersToo() throws {
    func connections(_ workers: String) throws -> Int {
      let context = try HostContext.forTests(in: temporary, listens: "port", workers: workers)
      let engines = try plan(at: .separateDatabase, context).specs.compactMap { $0.engine as? Postgres }
      return try #require(engines.first).settings.connections
    }
    // Beside each of eight servers.
    #expect(try connections("mail: { run: ['m'], count: 2 }") >= connections("") + 16)
  }

  @Test(arguments: [
    ("server-a", ProcessKind.app), ("server-a.us-east-1", .app), ("server-a.worker-mail", .worker("mail")),
    ("server-a.worker12-mail-2", .worker("mail-2")), ("server-a.us-east-1.worker-a", .worker("a")),
    ("server-a.worker-", .app), ("worker-mail", .app), ("workers", .app),
    ("server-a.former", .unknown("former")),
    ("cache-a.redis", .engine(.redis)),
  ])
  func aProcessIsWhatItsNameSays(name: String, kind: ProcessKind) {
    #expect(ProcessKind(name: name) == kind)
  }

  @Test func theFirstPlacementNamesWhatIsThere() throws {
    let placement = try plan(at: .stateless).firstPlacement()
    #expect(placement.clusters["main"]?.members.map(\.description) == ["127.7.1.50:5432", "127.7.2.50:5432"])
    let sentinels = (1...3).map { ServerAddress(host: "127.7.\($0).30", port: 26_379) }
    #expect(placement.cache == .sentinels(sentinels))
    try placement.check()
    #expect(placement.databases.keys.sorted() == ["accounts", "sessions", "waitlist"])
    #expect(placement.sessions == [.redis, .sql])
    #expect(placement.objects == [.s3])
    let earlier = try plan(at: .separateDatabase).firstPlacement()
    #expect(earlier.clusters["main"]?.members.map(\.description) == ["127.7.1.50:5432"])
    #expect(earlier.sessions == [.sql])
    #expect(earlier.objects == [.folder])
  }

  @Test func fromStageSixOnServicesStandApartAndThePlacementSaysWhoMayCallThem() throws {
    let context = try HostContext.forTests(
      in: temporary,
      services: """
        web: { run: ["web"], calls: ["notes", "people"] }, people: {},
        notes: { run: ["own"], databases: ["accounts"], calls: ["people"] }
        """)
    let plan = try plan(at: .microservices, context)
    let services = Dictionary(plan.specs.map { ($0.host.id, $0.service) }) { first, _ in first }
    for (host, service) in [
      ("service-web-a", "web"), ("service-notes-b2", "notes"), ("service-people-c", "people"),
    ] {
      #expect(services[host] == .some(service))
    }
    #expect(services["server-a"] == nil)
    let programs = Dictionary(
      plan.specs.map { ($0.name, context.manifest.part(of: $0)?.run) },
      uniquingKeysWith: { first, _ in first })
    for (process, run) in [
      ("service-web-c4", "web"), ("service-notes-b2", "own"), ("service-people-c", "web"),
    ] {
      #expect(programs[process] == .some([run]), "\(process)")
    }
    #expect(programs["load-balancer-a.haproxy"] == .some(nil))
    // Before that a process is all of the app.
    let earlier = try self.plan(at: .stateless, context).specs.filter(\.isInstance)
    #expect(!earlier.isEmpty && earlier.allSatisfy { context.manifest.part(of: $0) == nil })
    let layers = Dictionary(plan.specs.map { ($0.name, $0.layer) }) { first, _ in first }
    for (upper, lower) in [
      ("load-balancer-a.haproxy", "service-web-a"), ("service-web-a", "load-balancer-notes-a.haproxy"),
      ("load-balancer-notes-c.haproxy", "service-notes-c"), ("service-people-a", "database-a.patroni"),
    ] {
      #expect(try #require(layers[upper]) < #require(layers[lower]), "\(upper), \(lower)")
    }
    let keys = Dictionary(
      uniqueKeysWithValues: ["web", "notes", "people"].map { ($0, String(repeating: "A", count: 43)) })
    let placement = plan.firstPlacement(keys: keys)
    try placement.check()
    #expect(placement.services.mapValues(\.callers) == ["notes": ["web"], "people": ["web", "notes"]])
    #expect(placement.services.values.allSatisfy { $0.share == 1_024 && $0.addresses.count == 3 })
    #expect(placement.keys.keys.sorted() == ["notes", "web"], "who calls nobody needs no key")
    // People are led to the first alone, and by the balancers before it.
    let proxies = Set(plan.proxies.map(\.id))
    #expect(proxies.isSuperset(of: ["load-balancer-a", "load-balancer-b", "load-balancer-c"]))
    #expect(!proxies.contains("load-balancer-notes-a"))
    let balancer = try #require(
      plan.specs.first { $0.name == "load-balancer-notes-a.haproxy" }?.engine as? HAProxy)
    #expect(balancer.servers.allSatisfy { $0.id.hasPrefix("service-notes-") })
    #expect(balancer.configuration.contains("hdr Heights-Not-Begun 1"))
    let door = try #require(plan.specs.first { $0.name == "load-balancer-a.haproxy" }?.engine as? HAProxy)
    #expect(!door.configuration.contains("Heights-Not-Begun"))
  }

  private func addresses(at stage: Stage) throws -> [String] {
    let hosts = try plan(at: stage)
    return hosts.specs(of: hosts.firstIDs).map { "\($0.name) \($0.host.zone) \($0.host.address)" }
      .sorted()
  }

  private func plan(at stage: Stage, _ context: HostContext? = nil) throws -> LabPlan {
    let context = context ?? self.context
    return LabPlan(topology: try Topology.of(context.manifest.outline, at: stage), context: context)
  }
}

extension HostContext {
  /// Hosts of region 7 with the standard ports, engines as ourselves.
  static func forTests(
    in temporary: TemporaryFolder, listens: String = "sockets", services: String? = nil, workers: String = ""
  ) throws -> HostContext {
    let folder = try AppFolder(temporary.path)
    try folder.create()
    let manifest = try Manifest.parse(
      """
      { name: "hut", title: "Hut", launch: "Launch", databases: { accounts: {} },
        services: {
          \(services ?? "web: { run: [\"web\"], databases: [\"accounts\"], listens: \"\(listens)\" }") },
        workers: { \(workers) } }
      """, isFolder: { _ in true })
    return HostContext(
      folder: folder, manifest: manifest, place: .init(region: 7, portShift: 0), secrets: try Secrets(folder),
      zones: Zones(), pythonFolder: nil, networks: nil, doorSocketCount: 2)
  }
}
