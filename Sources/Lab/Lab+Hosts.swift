// Hosts that come and go: by layers, the stores first and what leads people to the app last.

import Glibc
import Topology

extension Lab {
  /// The zone of the app while there is one zone.
  static let firstZone = Region.local.zones[0].id

  /// The hosts as a stage has them.
  func hosts(at stage: Stage) -> LabHosts {
    LabHosts(topology: topology(at: stage), context: context, book: currentState.addresses)
  }

  /// What should run on hosts now.
  var hostProcesses: [LabProcess] {
    Dictionary(grouping: currentState.hosts.keys) { currentState.hosts[$0] ?? 0 }.flatMap { number, ids in
      Stage(rawValue: number).map { hosts(at: $0).processes(of: Set(ids)) } ?? []
    }
  }

  func startHosts(_ ids: [String], stage number: Int?, _ progress: Progress) throws(LabError) {
    let stage = try existingStage(number)
    let hosts = hosts(at: stage)
    let known = Set(hosts.all.map(\.host.id))
    if let stranger = ids.first(where: { !known.contains($0) }) {
      throw .unknownHost(stranger, known: known.sorted())
    }
    let outdated = ids.filter { currentState.hosts[$0] != stage.number }
    let former = hostProcesses.filter { outdated.contains($0.host.id) }
    try update { state in
      state.addresses = hosts.book
      for id in ids { state.hosts[id] = stage.number }
    }
    let processes = hosts.processes(of: Set(ids))
    let adopted = Set(processes.compactMap(\.adopts))
    let kept = adopted.union(processes.map(\.name))
    try end(former.filter { !kept.contains($0.name) })
    let renewed = processes.filter { outdated.contains($0.host.id) && $0.dependsOnStage }
    try replace(renewed, progress)
    if renewed.contains(where: { $0.layer == .app }) { purgeEdges() }
    try start(processes, progress)
    for name in adopted where supervisor?.status(of: name)?.isWanted == true { try release(name) }
  }

  /// Ends what runs on a host no more.
  private func end(_ processes: [LabProcess]) throws(LabError) {
    try stop(processes)
    for process in processes { try forget(process.name) }
  }

  func stopHost(_ id: String, _ progress: Progress) throws(LabError) {
    let processes = hostProcesses.filter { $0.host.id == id }
    for process in processes where process.layer == .app { drainInstance(process.host, progress) }
    try update { $0.hosts[id] = nil }
    try end(processes)
  }

  /// Nobody is told any more of a process that has stopped.
  func forget(_ name: String) throws(LabError) {
    try wait("the end of \(name)") {
      supervisor?.forget(name)
      return supervisor?.status(of: name) == nil
    }
  }

  /// Leaves a process to whoever has adopted it. One that has just ended is not started again: its successor has its place.
  func release(_ name: String) throws(LabError) {
    guard let status = supervisor?.status(of: name) else {
      throw .unknownProcess(name, known: (supervisor?.statuses ?? [:]).keys.sorted())
    }
    if status.pid == nil {
      supervisor?.unwant(name)
      return try forget(name)
    }
    supervisor?.release(name)
    tell("\(name) is left to whoever has adopted it")
  }

  private func existingStage(_ number: Int?) throws(LabError) -> Stage {
    guard let number else { return currentState.stage }
    guard let stage = Stage(rawValue: number), stage.runsToday else { throw .stageNotYet(number) }
    return stage
  }

  /// Starts those that run anew, as the new stage has them. One that has its sockets from us runs beside its successor
  /// until that is ready, so that people notice nothing.
  func replace(_ processes: [LabProcess], _ progress: Progress) throws(LabError) {
    for process in processes where supervisor?.status(of: process.name)?.isWanted == true {
      progress("starting \(process.name) anew")
      if process.host.id == LabHosts.frontDoor {
        let former = ProcessTable.aside(process.name)
        if supervisor?.status(of: former)?.pid == nil {
          supervisor?.setAside(process.name)
          try wait("the step aside of \(process.name)") { supervisor?.status(of: former) != nil }
        } else {
          // An earlier renewal failed: its former one answers until the next successor is ready.
          try stop([process])
        }
        try start([process], progress)
        supervisor?.unwant(former)
        try waitUntilStopped(former)
        try forget(former)
      } else {
        if process.layer == .app { drainInstance(process.host, progress) }
        try stop([process])
        try start([process], progress)
      }
    }
  }
}

// Starting and stopping.
extension Lab {
  static let pauseUs: UInt32 = 5000
  fileprivate static let admissionLimitMs = 5000

  /// Starts the processes, each as soon as what it builds on is ready, and waits until all are. What has no power is not
  /// waited for.
  func start(_ processes: [LabProcess], _ progress: Progress) throws(LabError) {
    // What others build on comes first: where it fails it is the reason.
    let names = processes.sorted { $0.layer > $1.layer }.map(\.name)
    let wait = ReadyWait(names, in: self)
    var waiting = processes
    while true {
      let unready = Set(try wait.unready())
      waiting.removeAll { process in
        let isHeldBack = processes.contains { $0.layer > process.layer && unready.contains($0.name) }
        if isHeldBack, !process.findsOthersItself { return false }
        supervisor?.want(process.name, zone: process.host.zone)
        return true
      }
      if waiting.isEmpty, unready.isEmpty { break }
      usleep(Self.pauseUs)
    }
    for process in processes where process.layer == .app { admitInstance(process.host) }
    progress("\(processes.count) processes are ready")
  }

  /// Ends the processes, what builds on others before them, and returns when they are gone.
  func stop(_ processes: [LabProcess]) throws(LabError) {
    for layer in Set(processes.map(\.layer)).sorted() {
      let all = processes.filter { $0.layer == layer }
      let atOnce = all.filter { !$0.stopsInTurn }
      for process in atOnce { supervisor?.unwant(process.name) }
      for process in all where process.stopsInTurn {
        supervisor?.unwant(process.name)
        try waitUntilStopped(process.name)
      }
      for process in atOnce { endIdle(process) }
      for process in atOnce { try waitUntilStopped(process.name) }
    }
  }

  /// A balancer that stops waits for its clients, and a browser may keep its connection for long. It takes nothing new, so
  /// when it has answered what it had there is nothing to wait for.
  private func endIdle(_ process: LabProcess) {
    guard case .engine(let engine) = process.program, let balancer = engine as? any Balancer else { return }
    let endMs = Clock.nowMs + Self.drainLimitMs
    while Clock.nowMs < endMs, let underWay = balancer.requestsUnderWay(at: nil) {
      if underWay == 0 { return supervisor?.hurry(process.name) ?? () }
      usleep(Self.pauseUs)
    }
  }
}

// Instances of the app behind balancers.
extension Lab {
  /// Those that run.
  var balancers: [any Balancer] {
    hostProcesses.compactMap { process in
      guard case .engine(let engine) = process.program, let balancer = engine as? any Balancer else {
        return nil
      }
      return supervisor?.status(of: process.name)?.health == .ready ? balancer : nil
    }
  }

  /// No balancer sends anybody to the host any more, and what it was sent is answered. One that can't be asked sends
  /// people elsewhere when the host is gone.
  func drainInstance(_ host: Host, _ progress: Progress) {
    progress("\(host.id) answers what it has been sent")
    let asked = balancers.filter { balancer in (try? balancer.setDraining(true, of: host.id)) != nil }
    let endMs = Clock.nowMs + Self.drainLimitMs
    while asked.contains(where: { $0.requestsUnderWay(at: host.id) ?? 0 > 0 }), Clock.nowMs < endMs {
      usleep(Self.pauseUs)
    }
  }

  /// Returns when the balancers that can be asked send people to the host again, which they do after a check: before
  /// that the next one may not be drained.
  func admitInstance(_ host: Host) {
    let asked = balancers.filter { balancer in (try? balancer.setDraining(false, of: host.id)) != nil }
    let endMs = Clock.nowMs + Self.admissionLimitMs
    while asked.contains(where: { $0.isUsing(host.id) == false }), Clock.nowMs < endMs {
      usleep(Self.pauseUs)
    }
  }

  /// Edges forget what servers have said that are there no more. One that can't be told has nothing for long.
  func purgeEdges() {
    for process in hostProcesses {
      guard case .engine(let engine) = process.program, let edge = engine as? Varnish,
        supervisor?.status(of: process.name)?.health == .ready
      else { continue }
      do throws(LabError) {
        try edge.purge()
        tell("\(edge.host.id) has forgotten what it kept")
      } catch { tell("\(edge.host.id) was not told to forget what it keeps: \(error)") }
    }
  }

  func scale(_ service: String, count: Int, _ progress: Progress) throws(LabError) {
    guard service == manifest.service.name else {
      throw .unknownService(service, known: [manifest.service.name])
    }
    let stage = currentState.stage
    let hosts = hosts(at: stage)
    guard let tier = hosts.topology.tier("service-\(service)"), let scaling = tier.scaling else {
      throw .notAtStage(what: "scaling", stage: stage.number)
    }
    guard (scaling.minimum...scaling.maximum).contains(count) else {
      throw .countOutOfRange(service: service, minimum: scaling.minimum, maximum: scaling.maximum)
    }
    let all = hosts.instances(of: tier, count: scaling.maximum).map(\.id)
    try startHosts(Array(all.prefix(count)), stage: nil, progress)
    for id in all.dropFirst(count).reversed() where currentState.hosts[id] != nil {
      try stopHost(id, progress)
    }
    tell("\(service) has \(count) instances")
  }
}
