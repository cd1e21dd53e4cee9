// What a fake provider runs: roles, hosts, stores, and people who use the app all the while.

import Placement
import Testing
import Topology

@testable import Climb
@testable import Lab

struct FakeWorld {
  /// What happens from outside.
  enum Mishap: CaseIterable {
    case none
    /// Every process dies, and is started again.
    case processesDie
    /// Everything is ended and started again.
    case restart
  }

  struct RoleProcess {
    var isAccepting: Bool
    var isReady = true
  }

  let change: StageChange
  var level: Level
  var openDoors: [Role] = []
  var roles: [Role: RoleProcess] = [:]
  /// What runs on hosts, each with the level that says what.
  var hosts: [String: Level] = [:]
  var placement: Placement?
  var waitlists: [Role: [String]] = [.launch: [], .app: []]
  var appHasWaitlist = true
  /// Rows of the database that were acknowledged, those in the file, and those that each database server has.
  var rows: [Int] = []
  var file: [Int] = []
  var servers: [String: [Int]] = [:]
  /// Which database server leads.
  var leader = ""
  var move = FakeMove()
  /// Files that users have sent, and those in each store.
  var objects: [Int] = []
  var stores: [Placement.ObjectStoreName: [Int]] = [.folder: [], .s3: []]
  /// Who is logged in, and whom each keeper of sessions knows.
  var sessions: [Int] = []
  var keepers: [Placement.SessionStoreName: [Int]] = [:]
  var acknowledged: [String] = []
  /// What processes tell of the services that they call.
  var calls = FakeCalls()

  /// An app as it is where a climb begins (or ends).
  init(_ change: StageChange, atItsEnd: Bool = false, joined: Int = 3) {
    self.change = change
    level = atItsEnd ? change.to : change.from
    let topology = atItsEnd ? change.after : change.before
    let hasHosts = topology.hasSeveralServers || change.listensOnPort
    if !hasHosts {
      openDoors = [stage == 1 ? .launch : .app]
      roles[openDoors[0]] = RoleProcess(isAccepting: true)
    }
    for tier in topology.tiers where stage >= 3 {
      if !hasHosts, [.service, .dns].contains(tier.kind) { continue }
      for id in HostSet(tier).ids { hosts[id] = level }
    }
    if let cluster = topology.tiers.first(where: { $0.engine == .postgres }) {
      leader = cluster.members[0].server
      for member in cluster.members where member.role != .witness { servers[member.server] = [] }
    }
    if stage >= 3 { placement = try? StageChange.placement(of: topology, in: view) }
    for _ in 0..<joined { live() }
  }

  var stage: Int { level.stage.number }

  var view: ProviderView {
    let topologies = [change.before, change.after]
    let ids = topologies.flatMap(\.servers).map(\.id)
    let addresses = Dictionary(ids.map { ($0, Self.address($0)) }) { first, _ in first }
    let alone = roles.keys.map { LabSnapshot.Process.fake($0.rawValue, host: nil) }
    let onHosts = hosts.flatMap { host, level in
      Self.processes(on: host, level.stage).map { LabSnapshot.Process.fake($0, host: host) }
    }
    // 32 bytes.
    let key = String(repeating: "A", count: 43)
    return ProviderView(
      level: level, openDoors: openDoors, processes: (alone + onHosts).sorted { $0.name < $1.name },
      addresses: addresses, callerKeys: ["web": key, "posts": key],
      listensOnPort: change.listensOnPort)
  }

  private static func processes(on host: String, _ stage: Stage) -> [String] {
    switch host {
    case "front-door", "dns": [host]
    case "objects", "sessions": [host + ".ministack"]
    case _ where host.hasPrefix("server-") || host.hasPrefix("service-"): [host]
    case _ where host.hasPrefix("edge-"): [host + ".varnish"]
    case _ where host.hasPrefix("load-balancer-"): [host + ".haproxy"]
    case "cache-c" where stage < .microservices: [host + ".sentinel"]
    case _ where host.hasPrefix("cache-"): [host + ".redis", host + ".sentinel"]
    case "database-c" where stage < .microservices: [host + ".etcd"]
    case _ where stage == .separateDatabase: [host + ".postgres"]
    default: [host + ".etcd", host + ".patroni"]
    }
  }

  /// The same at every stage.
  private static func address(_ host: String) -> String {
    let hash = FNV1a.hash(host.utf8)
    return "127.1.\(hash >> 8 & 0xFF).\(hash & 0xFF)"
  }

  func isRunning(_ prefix: String) -> Bool { hosts.keys.contains { $0.hasPrefix(prefix) } }

  /// Who answers the public: roles at their doors, and servers behind a front door.
  var answering: [String] {
    let alone = roles.filter { $0.value.isAccepting }.map(\.key.rawValue)
    guard let door = hosts["front-door"] else { return alone.sorted() }
    if door.stage < .stateless { return (alone + hosts.keys.filter(isServer)).sorted() }
    guard isRunning("edge-") else { return alone.sorted() }
    // Each balancer leads to those that its level has.
    let prefixes = hosts.filter {
      $0.key.hasPrefix("load-balancer-") && $0.key.count == "load-balancer-a".count
    }
    .map { $0.value.stage < .microservices ? "server-" : "service-web-" }
    for prefix in Set(prefixes) {
      #expect(isRunning(prefix), "a load balancer leads to \(prefix), of which none runs")
    }
    return (alone + hosts.keys.filter { id in prefixes.contains { id.hasPrefix($0) } }).sorted()
  }

  /// Whether it answers people.
  func isServer(_ id: String) -> Bool { id.hasPrefix("server-") || id.hasPrefix("service-web-") }
}

// People use the app, and what must hold at every moment is checked.
extension FakeWorld {
  mutating func live() {
    #expect(!answering.isEmpty, "nobody answers the public")
    join()
    write()
    upload()
    logIn()
    #expect(Set(waitlists.values.joined()).isSuperset(of: acknowledged), "an address is in neither waitlist")
    if stage >= 2, let placement { #expect(throws: Never.self) { try placement.check() } }
  }

  private mutating func join() {
    for role in Role.allCases where roles[role]?.isAccepting == true {
      if role == .app, !appHasWaitlist { continue }
      let number = acknowledged.count
      let line = #"{"email":"\#(role.rawValue)\#(number)@example.com","joinedAtMs":\#(number),"note":"ü"}"#
      waitlists[role]?.append(line)
      acknowledged.append(line)
    }
  }

  /// A row, where the app has its database, and what follows that.
  private mutating func write() {
    guard stage >= 2 || roles[.app] != nil else { return }
    let row = rows.count
    if placement?.clusters.isEmpty == false, placement?.databases.isEmpty == false {
      #expect(canWrite, "the database has no leader with a majority: \(hosts), \(leader) leads")
      guard canWrite else { return }
      for server in followers + [leader] { servers[server]?.append(row) }
      if move.isFollowed { file.append(row) }
    } else {
      file.append(row)
      if move.isCopied { servers[leader]?.append(row) }
    }
    rows.append(row)
    let owner = placement?.databases.isEmpty == false ? servers[leader] ?? [] : file
    #expect(Set(owner).isSuperset(of: rows), "acknowledged rows are missing where the database is")
  }

  /// Alone as stage 3 has it, or with a majority of those that vote.
  private var canWrite: Bool {
    guard let level = hosts[leader] else { return false }
    if level.stage == .separateDatabase { return true }
    let voters = change.after.tiers.first { $0.kind == .database }?.members.map(\.server) ?? []
    return 2 * voters.count(where: isReplicated) > voters.count
  }

  /// In step with the leader.
  private var followers: [String] {
    guard isReplicated(leader) else { return [] }
    return servers.keys.filter { $0 != leader && isReplicated($0) }
  }

  private func isReplicated(_ host: String) -> Bool { hosts[host].map { $0.stage >= .replicated } ?? false }

  private mutating func upload() {
    // What an app with a port has in files is its own to move.
    guard stage >= 2, !change.listensOnPort else { return }
    let object = objects.count
    let placed = placement?.objects ?? [.folder]
    for store in placed { stores[store]?.append(object) }
    objects.append(object)
    let readable = Set(placed.flatMap { stores[$0] ?? [] })
    #expect(readable.isSuperset(of: objects), "a file that was sent can't be read")
    if placed.contains(.s3) { #expect(hosts["objects"] != nil, "the object store does not run") }
    if placement?.cache != nil { #expect(isRunning("cache-a"), "the cache does not run") }
    call()
  }
}

extension FakeWorld {
  /// One more is logged in, by the first keeper; all that the placement names know who is.
  private mutating func logIn() {
    guard stage >= 2, !change.listensOnPort else { return }
    let placed = (placement?.sessions ?? [.sql]).filter(\.isKeeper)
    keepers[placed[0], default: []].append(sessions.count)
    sessions.append(sessions.count)
    let known = Set(placed.flatMap { keepers[$0] ?? [] })
    #expect(known.isSuperset(of: sessions), "somebody was logged out: \(placed)")
    if placed.contains(.dynamodb) { #expect(hosts["sessions"] != nil, "the table does not run") }
  }

  /// Who answers people has its services done, by itself or by those it calls.
  private func call() {
    let apart = change.after.services.map(\.title).filter { $0 != "web" }
    if apart.isEmpty { return }
    for (name, service) in placement?.services ?? [:] where service.share > 0 || !isRunning("server-") {
      #expect(
        isRunning("service-\(name)-") && isRunning("load-balancer-\(name)-"),
        "\(name) is called, and does not run")
      #expect(placement?.keys["web"] != nil)
    }
    if answering.contains(where: { $0.hasPrefix("service-web-") }) {
      #expect(
        Set((placement?.services ?? [:]).keys) == Set(apart), "who answers people does not know its services")
    }
  }
}

extension LabSnapshot.Process {
  static func fake(_ name: String, host: String?) -> Self {
    Self(name: name, host: host, pid: 4_711, health: .ready, restarts: 0, lastEnd: nil)
  }
}
