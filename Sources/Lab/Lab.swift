// A running lab: the app of one folder, its sockets, processes and state, and what may be asked of it.

import Foundation
import Synchronization
import Topology

/// What a lab knows for good, and what follows from that.
private struct Memory {
  var state: LabState
  /// What the hosts of the state should run, made anew when those change.
  var specs: [ProcessSpec]
}

/// A process that was started, and what with: nil where it goes on under anything.
struct Started: Sendable {
  let spec: ProcessSpec
  let configuration: String?
}

/// The app that runs in a folder. `Lab.up` makes it and runs it; the console and the control socket ask it.
public final class Lab: Sendable {
  /// Where the app is, and what Heights keeps beside it.
  public let folder: AppFolder
  /// As it was read when the lab came up.
  public let manifest: Manifest

  static let dnsProcess = "dns"

  let sockets: ActivationSockets
  /// The same port in the lab's own network, for what asks from there (drills, and the console's load).
  let innerSockets: [Descriptor]
  let machine: Machine
  let network: LabNetwork
  let context: HostContext
  let adminSockets: [Role: Descriptor]
  private let memory: Mutex<Memory>
  private let timeline: Timeline
  private let startedAtMs = Clock.wallMs
  private let consoleAddress = Mutex<String?>(nil)
  let operations = Operations()
  private let diskMeter = DiskMeter()
  let power = PowerWatch()
  let cutBoard = CutBoard()
  let tableBoard = TableBoard()
  let trialBook = Mutex(TrialBook())
  let serviceUse = Mutex(ServiceUse())
  let budgetBook: Mutex<BudgetBook>
  let doorReading = Mutex(())
  /// The way to DNS from outside, where the lab has a network of its own.
  private let dnsRelays: [DNSRelay]
  private let startedProcesses = Mutex<[String: Started]>([:])
  /// Set once, by `up`: its closures hold the lab.
  private let supervisorBox = Mutex<Supervisor?>(nil)

  init(
    folder: AppFolder, manifest: Manifest, state: LabState, port: Int, pythonFolder: String? = nil,
    report: @escaping @Sendable (String) -> Void
  ) throws(LabError) {
    self.folder = folder
    self.manifest = manifest
    machine = Machine.this
    timeline = Timeline(report: report)
    budgetBook = Mutex(BudgetBook.load(folder, tell: report))
    sockets = try ActivationSockets(port: port, count: machine.cores, option: "--port")
    network = try LabNetwork(folder: folder.path, earlier: state.place, isFixed: state.enginesKnowTheirPlace)
    var state = state
    state.place = network.place
    let networks = Door.isKept ? try HostNetworks(network.place) : nil
    innerSockets =
      networks == nil
      ? [] : try ActivationSockets(address: "127.0.0.1", port: sockets.port, count: 1, isInside: true).sockets
    context = HostContext(
      folder: folder, manifest: manifest, place: network.place, secrets: try Secrets(folder),
      zones: Zones(), pythonFolder: pythonFolder, networks: networks,
      doorSocketCount: sockets.sockets.count + innerSockets.count)
    memory = Mutex(Memory(state: state, specs: Self.specs(state, manifest, context)))
    dnsRelays =
      networks == nil ? [] : try Self.dnsRelays(network, state.stage < .replicated ? state.dnsPort : nil)
    for relay in dnsRelays { relay.start() }
    var admin: [Role: Descriptor] = [:]
    for role in Role.allCases { admin[role] = try folder.adminSocket(of: role).listen(backlog: 256) }
    adminSockets = admin
  }

  /// DNS has the machine's address while there is one server, later one of its own.
  private static func dnsRelays(_ network: LabNetwork, _ firstPort: Int?) throws(LabError) -> [DNSRelay] {
    let first = try firstPort.map { (port) throws(LabError) in
      try DNSRelay(address: Gdnsd.address, port: port)
    }
    let address = network.address(zone: 0, host: LabPlan.Number.dns)
    return try [first, DNSRelay(address: address, port: network.ports.dns)].compactMap { $0 }
  }

  /// The supervisor of the app's processes, not started yet.
  func makeSupervisor() -> Supervisor {
    let supervisor = Supervisor(
      zones: context.zones, plan: { [self] name throws(LabError) in try launch(name) },
      notify: { [self] in note($0) })
    supervisorBox.withLock { $0 = supervisor }
    return supervisor
  }

  var supervisor: Supervisor? { supervisorBox.withLock { $0 } }

  /// What the lab remembers.
  var currentState: LabState { memory.withLock { $0.state } }

  /// What should run on hosts now.
  var specs: [ProcessSpec] { memory.withLock { $0.specs } }

  /// Changes what the lab remembers; it is on disk when this returns. Throws with nothing changed, so that whoever
  /// tries again does not find it done.
  func update(_ change: (inout LabState) -> Void) throws(LabError) {
    // The file is written under the lock, so that the last change is the one that stays.
    let outcome = memory.withLock { memory -> Result<Void, LabError> in
      var fresh = memory.state
      change(&fresh)
      do throws(LabError) {
        try fresh.save(folder)
        remember(fresh, in: &memory)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  private func remember(_ state: LabState, in memory: inout Memory) {
    let hostsHaveChanged = state.hosts != memory.state.hosts || state.addresses != memory.state.addresses
    memory.state = state
    if hostsHaveChanged { memory.specs = Self.specs(state, manifest, context) }
  }

  /// Makes them anew although no host has changed: an engine may have been installed since.
  func renewSpecs() { memory.withLock { $0.specs = Self.specs($0.state, manifest, context) } }

  private static func specs(
    _ state: LabState, _ manifest: Manifest, _ context: HostContext
  ) -> [ProcessSpec] {
    Dictionary(grouping: state.hosts.keys) { state.hosts[$0] }.flatMap { level, ids in
      level.map { LabPlan(manifest, at: $0, context, state.addresses).specs(of: Set(ids)) } ?? []
    }
  }

  /// The app on some level.
  func plan(at level: Level) -> LabPlan { LabPlan(manifest, at: level, context, currentState.addresses) }

  func noteStart(_ spec: ProcessSpec, _ configuration: String?) {
    startedProcesses.withLock { $0[spec.name] = Started(spec: spec, configuration: configuration) }
  }

  func noteEnd(of name: String) { startedProcesses.withLock { $0[name] = nil } }

  func started(_ name: String) -> Started? { startedProcesses.withLock { $0[name] } }

  var startedSpecs: [ProcessSpec] { startedProcesses.withLock { $0.values.map(\.spec) } }

  func tell(_ text: String) { timeline.add(text) }

  func setConsoleAddress(_ url: String?) { consoleAddress.withLock { $0 = url } }

  /// Of the one server that there is before there are instances.
  var appAddress: String { network.address(zone: 1, host: LabPlan.Number.app) }

  /// Where the app answers.
  public var appURL: String { "http://127.0.0.1:\(sockets.port)" }

  /// The lab now.
  public var snapshot: LabSnapshot {
    let state = currentState
    let instance = Instance(state, on: machine)
    return LabSnapshot(
      name: manifest.name, title: manifest.title, folder: folder.path, supervisorPid: getpid(),
      startedAtMs: startedAtMs, stage: state.stage,
      extraFollowers: state.level.extraFollowers > 0 ? state.level.extraFollowers : nil,
      topology: plan(at: state.level).topology,
      instance: instance.summary,
      callerKeys: try? callerKeys(), services: scaledServices, budget: budget,
      processes: processes, addresses: addresses(near: state.level), ports: network.ports,
      cutZones: context.zones.dark, watchedZones: power.watched, unflushed: power.unflushed,
      clocks: power.clocks, tableLimits: tableBoard.limits == .none ? nil : tableBoard.limits,
      openDoors: state.openDoors,
      listensOnPort: manifest.service.listensOnPort, appURL: appURL,
      consoleURL: consoleAddress.withLock { $0 },
      dns: dns(state), hasOwnNetwork: context.networks != nil, cuts: cutBoard.cuts,
      droppedPackets: droppedPackets,
      disk: disk(state), operation: operations.current, releases: state.releases,
      trials: shownTrials, events: timeline.events)
  }

  /// Of the hosts there, and of all to which a climb may lead from there.
  private func addresses(near level: Level) -> [String: String] {
    let next = Stage(rawValue: level.stage.number + 1).flatMap {
      $0.runsToday ? Level($0, extraFollowers: level.extraFollowers) : nil
    }
    let grown = level.stage < .replicated ? nil : Level(level.stage, extraFollowers: Level.maximumFollowers)
    return [level, next, grown].compactMap { $0 }.reduce(into: [:]) { addresses, level in
      addresses.merge(plan(at: level).addresses) { first, _ in first }
    }
  }

  private var processes: [LabSnapshot.Process] {
    let hosts = Dictionary(specs.map { ($0.name, $0.host) }) { first, _ in first }
    let addresses = Dictionary(hosts.values.map { ($0.id, $0.address) }) { first, _ in first }
    return (supervisor?.statuses ?? [:]).sorted { $0.key < $1.key }.map { name, status in
      let host = hosts[name]?.id ?? Role(rawValue: name)?.host ?? Self.formerHost(name)
      return LabSnapshot.Process(
        name: name, host: host,
        zone: status.zone == Host.outside ? nil : status.zone,
        address: Self.isReached(name) ? host.flatMap { addresses[$0] } : nil,
        role: status.observation?.role, lagBytes: status.observation?.lagBytes, pid: status.pid,
        health: status.health, restarts: status.restarts, lastEnd: status.lastEnd)
    }
  }

  /// Whether it has an address of its own: not on the public port, and no worker.
  private static func isReached(_ name: String) -> Bool {
    if case .worker = ProcessKind(name: name) { false } else { Role(rawValue: name) == nil }
  }

  /// Of a process that was given away: `HOST.ENGINE` tells it.
  private static func formerHost(_ name: String) -> String? {
    name.lastIndex(of: ".").map { String(name[..<$0]) }
  }

  /// The address of the cache host that leads now, or leads at first; nil where there is none.
  var cacheLeader: String? {
    let statuses = supervisor?.statuses ?? [:]
    let hosts = specs.filter { $0.kind == .engine(.redis) }.sorted { $0.name < $1.name }
    // One that hangs still counts as what it was.
    let leading = hosts.filter { statuses[$0.name]?.observation?.role == .leader }
    let leader = leading.first { statuses[$0.name]?.health == .ready } ?? leading.first ?? hosts.first
    return leader?.host.address
  }

  private func dns(_ state: LabState) -> LabSnapshot.DNS {
    let name = manifest.outline.dnsName
    guard let dns = specs.first(where: { $0.name == LabPlan.dns })?.engine as? GdnsdFailover
    else { return .init(name: name, address: Gdnsd.address, server: Gdnsd.address, port: state.dnsPort) }
    let addresses = dns.addresses.map(\.address).joined(separator: ", ")
    return .init(name: name, address: addresses, server: dns.host.address, port: dns.port)
  }

  private func disk(_ state: LabState) -> DiskUsage {
    let role: Role = state.stage == .launchPage ? .launch : .app
    return DiskUsage(usedBytes: diskMeter.usedBytes(folder.data(of: role)), quotaBytes: state.diskBytes)
  }

  private func note(_ notice: Supervisor.Notice) {
    switch notice {
    case .started(let name, let identity):
      remember { $0.processes[name] = identity }
      tell("\(name) started (process \(identity.pid))")
    case .ended(let name, let how):
      remember { $0.processes[name] = nil }
      tell("\(name) \(how)")
    case .failedToStart(let name, let reason): tell("\(name) could not be started: \(reason)")
    case .ready(let name): tell("\(name) is ready")
    case .unready(let name): tell("\(name) is not ready")
    case .role(let name, let role): tell("\(name) is now \(role)")
    }
  }

  /// Of a full disk the timeline tells; the processes go on, and the next change that is saved takes this along.
  private func remember(_ change: (inout LabState) -> Void) {
    do {
      try update(change)
    } catch {
      memory.withLock { memory in
        var fresh = memory.state
        change(&fresh)
        remember(fresh, in: &memory)
      }
      tell("the state could not be saved: \(error)")
    }
  }
}
