// From stateless servers that are all of the app to services that scale on their own, in the order in which it happens.
//
// A third zone gets data first, so that the loss of one leaves two, and sessions go to a table that is in no zone. Then the services start beside the servers, which go on doing
// everything themselves, and each service is given a growing share of what the servers would have done. Servers that answer people
// alone come last, and those that were all of the app go.

import Lab
import Placement
import Topology

struct Climb5to6 {
  let change: StageChange

  var steps: [ClimbStep] {
    [
      renewServers, startThirdZone, placeFollower, startTable, askTable, moveSessions, leaveSQL,
    ]
      + (called.isEmpty ? [] : [placeServices, startServices] + called.map(moveCalls))
      + [startFront, startBalancers, turnBalancers, turnEdges, retireServers, .record(change)]
  }

  private var former: Level { change.from }
  private var level: Level { change.to }

  /// The balancers between the layers, and the services behind them.
  private var inner: [Tier] { change.tiers(.loadBalancer).filter { !change.after.callers(of: $0).isEmpty } }
  private var called: [Tier] { inner.flatMap(change.after.services(behind:)) }
  private var balancers: HostSet {
    HostSet(
      union: change.tiers(.loadBalancer).filter { change.after.callers(of: $0).isEmpty }.map(HostSet.init))
  }
  private var formerBalancers: HostSet {
    HostSet(union: change.before.tiers.filter { $0.kind == .loadBalancer }.map(HostSet.init))
  }
  private var stores: HostSet { HostSet(union: change.hosts(.database) + change.hosts(.cache)) }
  private var formerStores: HostSet {
    HostSet(union: change.before.tiers.filter { [.database, .cache].contains($0.kind) }.map(HostSet.init))
  }
  /// Who answers people. Servers that are all of the app call in its name, also what it does not call itself.
  private var first: String? { change.after.services.first?.title }

  /// Of a lab that an earlier version has started they have no key yet.
  private var renewServers: ClimbStep {
    .renew(
      "renew-servers", "see to it that the app servers have a key to call services with",
      change.formerServers, from: former, to: former)
  }

  /// Who voted there without data gets it.
  private var startThirdZone: ClimbStep {
    ClimbStep(
      name: "start-third-zone", title: "let database and cache follow in the third zone as well",
      run: { [stores, level] lab, say in try lab.carryOut(.start(stores.ids, at: level), say) },
      verify: { [stores] lab, _ in try lab.expectReady(stores) },
      undo: { [change, stores, formerStores, former] lab, say in
        // Who goes must not lead.
        if let leader = change.before.clusters.first?.leader?.server {
          try lab.carryOut(.lead(leader), say)
        }
        for id in stores.without(formerStores).ids.reversed() { try lab.carryOut(.stop(id), say) }
        try lab.carryOut(.start(formerStores.ids, at: former), say)
      })
  }

  private var placeFollower: ClimbStep {
    .placeClusters("place-follower", "tell the app of the third server of the database", change)
  }

  private var startTable: ClimbStep {
    .bring("start-table", "start the table of sessions", [HostSet(union: change.hosts(.sessions))], at: level)
  }

  /// It is told of sessions that end, and begins none, before any server goes by what it says.
  private let askTable = ClimbStep.place(
    "ask-table", "tell the table of sessions that end",
    to: { placement, _ in placement.sessions = [.redis, .sql, .dynamodb] },
    back: { placement, _ in placement.sessions = [.redis, .sql] },
    expecting: "sessions are in the database, and the table is asked"
  ) { $0.sessions == [.redis, .sql, .dynamodb] }

  private let moveSessions = ClimbStep(
    name: "move-sessions", title: "begin sessions in the table, and copy those there are",
    run: { lab, say in
      try Placements.change(lab, say) { $0.sessions = [.redis, .dynamodb, .sql] }
      try SessionCopy.toFirstKeeper(lab, say)
    },
    verify: { lab, _ in
      try expect("sessions are in the table", lab.placement()?.sessions == [.redis, .dynamodb, .sql])
    },
    undo: { lab, say in
      try Placements.change(lab, say) { $0.sessions = [.redis, .sql, .dynamodb] }
      try SessionCopy.toFirstKeeper(lab, say)
    })

  private let leaveSQL = ClimbStep.place(
    "leave-sql", "keep sessions in the table alone",
    to: { placement, _ in placement.sessions = [.redis, .dynamodb] },
    back: { placement, _ in placement.sessions = [.redis, .dynamodb, .sql] },
    expecting: "sessions are in the table alone"
  ) { $0.sessions == [.redis, .dynamodb] }

  /// Before they start: a process that heights.json calls otherwise than the code finds that out then, and ends.
  private var placeServices: ClimbStep {
    .place(
      "place-services", "tell the app where its services are, and them who may call",
      to: { [change, first] placement, view in
        let whole = try StageChange.placement(of: change.after, in: view)
        placement.keys = whole.keys
        // One that was told before may have its share already.
        for (name, service) in whole.services where placement.services[name] == nil {
          placement.services[name] = .init(
            addresses: service.addresses, share: 0,
            callers: service.callers + [first].compactMap { $0 }.filter { !service.callers.contains($0) })
        }
      },
      back: { placement, _ in
        placement.services = [:]
        placement.keys = [:]
      },
      expecting: "the placement names every service"
    ) { [called] placement in Set(placement.services.keys) == Set(called.map(\.title)) }
  }

  private var startServices: ClimbStep {
    .bring(
      "start-services", "start the services in three zones, and balancers before them",
      [HostSet(union: (called + inner).map(HostSet.init))], at: level)
  }

  private func moveCalls(of service: Tier) -> ClimbStep {
    let name = service.title
    return ClimbStep(
      name: "move-\(name)", title: "send a growing share of the calls of \(name) to its own servers",
      run: { lab, say in try CallShare(service: name).grow(lab, say) },
      verify: { lab, _ in
        try expect(
          "all calls of \(name) go to its servers", lab.placement()?.services[name]?.share == CallShare.all)
      },
      undo: { lab, say in try CallShare(service: name).set(0, lab, say) })
  }

  private var front: HostSet {
    HostSet(union: change.tiers(.service).filter { !called.contains($0) }.map(HostSet.init))
  }

  private var startFront: ClimbStep {
    .bring("start-front", "start servers that answer people, and call the services", [front], at: level)
  }

  private var startBalancers: ClimbStep {
    .bring(
      "start-balancers", "start a load balancer for people in the third zone",
      [balancers.without(formerBalancers)], at: level)
  }

  private var turnBalancers: ClimbStep {
    .renew(
      "turn-balancers", "lead people to these servers, one load balancer after the other", formerBalancers,
      from: former, to: level)
  }

  private var turnEdges: ClimbStep {
    .renew(
      "turn-edges", "tell the edges of the third load balancer",
      HostSet(union: change.hosts(.cdn) + change.hosts(.dns)),
      from: former, to: level)
  }

  /// The point of no return is the end of the climb: until then the former servers start again. Followers of the database beyond the
  /// stage's are in other zones than before.
  private var retireServers: ClimbStep {
    ClimbStep(
      name: "retire-servers", title: "end the servers that were all of the app",
      run: { lab, say in
        for id in try surplus(lab) { try lab.carryOut(.stop(id), say) }
        if !called.isEmpty { try Placements.change(lab, say) { try setCallers(&$0, lab, withFirst: false) } }
      },
      verify: { lab, _ in try expect("what is to go has ended", surplus(lab).isEmpty) },
      undo: { [change, formerStores, former] lab, say in
        if !called.isEmpty { try Placements.change(lab, say) { try setCallers(&$0, lab, withFirst: true) } }
        try lab.carryOut(.start(change.formerServers.ids + formerStores.without(stores).ids, at: former), say)
        try lab.expectReady(change.formerServers)
      })
  }

  /// Hosts that run and are none of the stage's, with the servers that were added by hand.
  private func surplus(_ lab: any Provider) throws -> [String] {
    let servers = Set(change.formerServers.ids)
    let stores = Set(formerStores.without(stores).ids)
    let running = try lab.view().processes.compactMap { process -> String? in
      guard let host = process.host else { return nil }
      // `server-a2` is the second of `server-a`.
      let isServer = process.isApp && servers.contains(String(host.trimmingSuffix(while: \.isNumber)))
      return isServer || stores.contains(host) ? host : nil
    }
    return Set(running).sorted()
  }

  private func setCallers(_ placement: inout Placement, _ lab: any Provider, withFirst: Bool) throws {
    let whole = try StageChange.placement(of: change.after, in: lab.view())
    for (name, service) in whole.services {
      let others = withFirst ? [first].compactMap { $0 }.filter { !service.callers.contains($0) } : []
      placement.services[name]?.callers = service.callers + others
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, isTrimmed(last) { rest.removeLast() }
    return rest
  }
}
