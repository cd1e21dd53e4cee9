// What runs on the hosts of a topology.

import Topology

extension LabPlan {
  /// The processes of these hosts.
  func specs(of ids: Set<String>) -> [ProcessSpec] { specs.filter { ids.contains($0.host.id) } }

  /// The hosts that a level begins with.
  var firstIDs: Set<String> {
    let spare = topology.tiers.filter { $0.kind == .service }.flatMap {
      instances(of: $0, count: Self.maximum(of: $0))
    }
    let surplus = Set(spare.map(\.id)).subtracting(topology.servers.map(\.id))
    return Set(specs.map(\.host.id)).subtracting(surplus)
  }

  /// All that there can be, with as many instances as the stage allows.
  var specs: [ProcessSpec] {
    topology.tiers.flatMap(processes)
      + (hasFrontDoor
        ? [engine(frontDoor(socketCount: context.doorSocketCount), .door), engine(dns, .door)] : [])
  }

  /// Whether something leads people to the app's instances. Otherwise the app itself has the public port.
  var hasFrontDoor: Bool { topology.hasSeveralServers || context.manifest.service.listensOnPort }

  private func processes(of tier: Tier) -> [ProcessSpec] {
    switch tier.kind {
    case .service:
      hasFrontDoor
        ? instances(of: tier, count: Self.maximum(of: tier)).flatMap {
          [instance($0, of: tier)] + workers(on: $0)
        } : []
    case .database: hosts(of: tier).flatMap { databaseProcesses($0.member, $0.host, of: tier) }
    case .cache: hosts(of: tier).flatMap { cacheProcesses($0.member, $0.host, of: tier) }
    case .loadBalancer: hosts(of: tier).map { engine(loadBalancer(on: $0.host, of: tier), layer(of: tier)) }
    case .cdn: edges.map { engine(edge(on: $0), .edge) }
    case .objects where tier.engine == .objectStore: [engine(objectStore, .store)]
    case .sessions: [engine(sessionsTable, .store)]
    default: []
    }
  }

  private func databaseProcesses(_ member: Member, _ host: Host, of tier: Tier) -> [ProcessSpec] {
    if tier.soleMember != nil { return [engine(postgres(on: host, of: tier), .store)] }
    let voters = voters(in: member.region)
    let votes = voters.contains(host) ? [engine(etcd(on: host, in: member.region, voters), .store)] : []
    switch member.role {
    case .witness: return votes
    // It follows another region's leader.
    case .replica: return []
    default: return votes + [engine(patroni(on: host, of: tier, voters), .keeper)]
    }
  }

  private func cacheProcesses(_ member: Member, _ host: Host, of tier: Tier) -> [ProcessSpec] {
    let keeper = engine(sentinel(on: host, of: tier), .keeper)
    return member.role == .witness ? [keeper] : [engine(redis(on: host, of: tier), .store), keeper]
  }

  /// One that services call goes on until the last of them has answered.
  private func layer(of balancer: Tier) -> ProcessSpec.Layer {
    topology.callers(of: balancer).isEmpty ? .balancer : .innerBalancer
  }

  private func instance(_ host: Host, of tier: Tier) -> ProcessSpec {
    let isCalled = topology.balancers(of: tier).contains { !topology.callers(of: $0).isEmpty }
    return ProcessSpec(
      name: host.id, host: host, layer: isCalled ? .service : .app,
      program: .instance(service: topology.services.count > 1 ? tier.title : nil))
  }

  /// Every server has all of them: an app that has any is one service.
  private func workers(on host: Host) -> [ProcessSpec] {
    context.manifest.workers.flatMap { worker in
      (0..<worker.count).map { index in
        ProcessSpec(
          name: WorkerProcess.name(of: worker.name, index, on: host.id), host: host, layer: .worker,
          program: .worker(worker))
      }
    }
  }

  private func engine(_ engine: any Engine, _ layer: ProcessSpec.Layer) -> ProcessSpec {
    ProcessSpec(name: engine.name, host: engine.host, layer: layer, program: .engine(engine))
  }
}
