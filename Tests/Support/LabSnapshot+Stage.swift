// A lab at any stage, as its snapshot tells of it, with nothing running.

import Policies
import Topology

@testable import Lab

extension AppOutline {
  package static let summit = AppOutline(
    name: "summit", title: "Summit",
    services: [
      .init(name: "web", databases: [], calls: ["accounts", "posts", "graph"]),
      .init(name: "accounts", databases: ["accounts"]), .init(name: "posts", databases: ["posts"]),
      .init(name: "graph", databases: ["graph"]),
    ],
    databases: ["accounts", "posts", "graph"])
}

extension Topology {
  /// In two regions at stage 7.
  package static func sample(_ stage: Stage) throws -> Topology {
    let two = ["eu-central-1", "us-east-1"].compactMap { CataloguedRegion.named($0)?.region }
    let regions = stage == .sharded ? two : [.local]
    return try Topology.of(.summit, at: stage, in: regions)
  }
}

extension LabSnapshot {
  /// All is well, apart from what is asked for.
  package static func at(_ stage: Stage, cutZones: [String] = [], with others: [Process] = []) throws
    -> LabSnapshot
  {
    let topology = try Topology.sample(stage)
    let usual = processes(of: topology).filter { process in !others.contains { $0.name == process.name } }
    let processes = usual.map { $0.withoutPower(in: cutZones) } + others
    var snapshot = LabSnapshot(
      name: "summit", title: "Summit", folder: "/srv/summit", supervisorPid: 100, startedAtMs: 1_000,
      stage: stage, topology: topology,
      instance: Instance(
        type: "t4g.small", virtualCPUs: 2, memoryBytes: 2 << 30, eventLoops: 2, cacheBytes: 512 << 20),
      processes: processes.sorted { $0.name < $1.name }, openDoors: [stage == .launchPage ? .launch : .app],
      appURL: "http://127.0.0.1:8080", consoleURL: nil,
      dns: DNS(name: "summit.test", address: "127.0.0.1", server: "127.0.0.1", port: 5300),
      disk: DiskUsage(usedBytes: 40 << 20, quotaBytes: 20 << 30), operation: nil,
      events: [Event(atMs: 1_000, text: "the app is at stage \(stage.number), \(stage.name)")])
    snapshot.cutZones = cutZones
    let services = topology.services.compactMap(LabSnapshot.Service.sample)
    snapshot.services = services.isEmpty ? nil : services
    snapshot.releases = .sample
    snapshot.budget = .sample(stage, isBurning: !cutZones.isEmpty)
    return snapshot
  }

  private static func processes(of topology: Topology) -> [Process] {
    var processes = [Process.at("dns")]
    if topology.stage == .launchPage { return processes + [Process.at("launch")] }
    if topology.stage <= .separateDatabase { processes.append(.at("app")) }
    processes += topology.edges.map { .at("\($0.id).varnish", host: $0.id, address: "127.1.101.10") }
    if topology.stage >= .stateless { processes.append(.at("objects.ministack", host: "objects")) }
    if topology.has(.table) { processes.append(.at("sessions.ministack", host: "sessions")) }
    return processes
      + topology.tiers.flatMap { tier in
        tier.members.flatMap { Self.processes(of: tier, $0, topology) }
      }
  }

  private static func processes(of tier: Tier, _ member: Member, _ topology: Topology) -> [Process] {
    let zone = topology.zones.firstIndex { $0.id == member.zone } ?? 0
    let make = { (engine: String?, number: Int, role: String?) in
      Process.at(
        member.server + (engine.map { ".\($0)" } ?? ""), host: member.server, zone: member.zone,
        address: "127.1.\(zone + 1).\(number)", role: role,
        lagBytes: role == "replica" || role == "sync_standby" || role == "follower" ? 4_096 : nil)
    }
    let isWitness = member.role == .witness
    switch tier.kind {
    case .service where topology.stage > .separateDatabase: return [make(nil, 10, nil)]
    case .loadBalancer: return [make("haproxy", 40, nil)]
    case .cache:
      return [make("sentinel", 30, nil)] + (isWitness ? [] : [make("redis", 30, member.role.rawValue)])
    case .database where topology.stage == .separateDatabase: return [make("postgres", 50, nil)]
    case .database where topology.stage > .separateDatabase:
      let role = member.role == .leader ? "leader" : "sync_standby"
      // The cluster of electors has a leader of its own, often elsewhere.
      let elector = make("etcd", 50, isWitness ? "leader" : "follower")
      return [elector] + (isWitness ? [] : [make("patroni", 50, role)])
    default: return []
    }
  }
}

extension LabSnapshot.Service {
  /// The first service's number is set by its load, those of others by hand, which have told nothing yet.
  fileprivate static func sample(_ tier: Tier) -> Self? {
    guard let scaling = tier.scaling else { return nil }
    let isFirst = tier.title == AppOutline.summit.services[0].name
    var service = Self(
      name: tier.title, mode: isFirst ? .load : .hand, instances: tier.members.count,
      minimum: scaling.minimum, maximum: scaling.maximum, targetPercent: scaling.targetPercent)
    if isFirst { (service.utilisation, service.idleShare) = (0.25, 0.75) }
    if isFirst { (service.requestsPerSecond, service.requestsPerCoreAtTarget) = (203, 487.2) }
    return service
  }
}

extension LabSnapshot.Process {
  package static func at(
    _ name: String, host: String? = nil, zone: String? = nil, address: String? = nil, role: String? = nil,
    lagBytes: Int? = nil, health: LabSnapshot.Health = .ready
  ) -> Self {
    Self(
      name: name, host: host, zone: zone, address: address, role: role.map { .init(rawValue: $0) },
      lagBytes: lagBytes,
      pid: health == .ready ? 4_711 : nil, health: health, restarts: 0, lastEnd: nil)
  }

  fileprivate func withoutPower(in zones: [String]) -> Self {
    guard let zone, zones.contains(zone) else { return self }
    return .at(name, host: host, zone: zone, address: address, health: .noPower)
  }
}

extension LabSnapshot.Budget {
  /// A fifth of it is used, or more than all of it while requests fail.
  fileprivate static func sample(_ stage: Stage, isBurning: Bool) -> Self {
    let (requests, target) = (200_000.0, stage.availabilityTarget)
    let failed = requests * (1 - target) * (isBurning ? 1.5 : 0.2)
    var budget = ErrorBudget()
    budget.add(.init(requests: requests, failed: failed.rounded(), target: target), atSeconds: 86_400)
    if isBurning {
      budget.add(.init(requests: 1_000, failed: 300, target: target), atSeconds: 3 * 86_400)
    }
    return Self(budget, target: target, atSeconds: 3 * 86_400)
  }
}
