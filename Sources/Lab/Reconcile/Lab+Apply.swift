// Hosts become what they are wanted to be: the reconciler decides, and this performs it.

import Glibc
import Topology

extension Lab {
  /// The zone of the app while there is one zone.
  static let firstZone = Region.local.zones[0].id

  /// From now on these hosts are as a level has them; nil: nothing runs there any more, and their data stays. What is so
  /// already is left so. Returns when all are ready.
  /// - Parameter readyWithinMs: how long what starts may take.
  func apply(
    _ level: Level?, to ids: [String], readyWithinMs: Int = readyLimitMs, _ progress: Progress
  ) throws(LabError) {
    let target = level.map { plan(at: $0) }
    if let known = target.map({ Set($0.specs.map(\.host.id)) }),
      let stranger = ids.first(where: { !known.contains($0) })
    {
      throw .unknownHost(stranger, known: known.sorted())
    }
    let former = (specs + startedSpecs).filter { ids.contains($0.host.id) }
    try update { state in
      if let target { state.addresses = target.book }
      for id in ids { state.hosts[id] = level }
    }
    renewSpecs()
    let wanted = specs.filter { ids.contains($0.host.id) }
    let reconciler = Reconciler(
      former: former.unique(by: \.name), wanted: wanted, running: running,
      configurations: try configurations(of: wanted))
    let all = Dictionary((former + wanted).map { ($0.name, $0) }) { $1 }
    for step in reconciler.steps { try perform(step, all, readyWithinMs, progress) }
  }

  private func perform(
    _ step: Reconciler.Step, _ all: [String: ProcessSpec], _ readyWithinMs: Int, _ progress: Progress
  ) throws(LabError) {
    switch step {
    case .drain(let name): if let spec = all[name] { drainInstance(spec.host, progress) }
    case .end(let names):
      let ending = names.compactMap { all[$0] }
      for case let member as Patroni in ending.map(\.engine) { waitUntilWritesGoOn(at: member) }
      try stop(ending)
      for name in names { try forget(name) }
    case .renew(let name):
      guard let spec = all[name] else { break }
      try orTell(of: [spec]) { () throws(LabError) in
        try renew(spec, readyWithinMs: readyWithinMs, progress)
      }
    case .purgeEdges: purgeEdges()
    case .start(let names):
      try startAll(names.compactMap { all[$0] }, readyWithinMs: readyWithinMs, progress)
    case .release(let name): try release(name)
    }
  }

  /// Those that are wanted, each with what it was started with. One whose former form has not ended yet, since its renewal
  /// failed, is to be renewed once more.
  private var running: [String: Reconciler.Running] {
    let statuses = supervisor?.statuses ?? [:]
    return statuses.filter(\.value.isWanted).reduce(into: [:]) { running, entry in
      let isRenewed = statuses[ProcessTable.aside(entry.key)]?.pid == nil
      running[entry.key] = Reconciler.Running(
        configuration: isRenewed ? started(entry.key)?.configuration : nil)
    }
  }

  private func configurations(of specs: [ProcessSpec]) throws(LabError) -> [String: String] {
    var configurations: [String: String] = [:]
    for spec in specs { configurations[spec.name] = try configuration(of: spec) }
    return configurations
  }

  /// Nobody is told any more of a process that has stopped.
  func forget(_ name: String) throws(LabError) {
    try wait("the end of \(name)") {
      supervisor?.forget(name)
      return supervisor?.status(of: name) == nil
    }
    noteEnd(of: name)
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

  /// Starts a process anew, as it is wanted now. A balancer runs beside its successor until that is ready, and an edge goes over to
  /// what is wanted while it runs, so that people notice nothing.
  func renew(
    _ spec: ProcessSpec, readyWithinMs: Int = readyLimitMs, _ progress: Progress
  ) throws(LabError) {
    progress("starting \(spec.name) anew")
    if let edge = spec.engine as? Varnish, supervisor?.status(of: spec.name)?.health == .ready {
      try edge.reload()
      return noteStart(spec, try configuration(of: spec))
    }
    guard spec.balancer != nil else {
      if spec.isInstance { drainInstance(spec.host, progress) }
      try stop([spec])
      return try start([spec], readyWithinMs: readyWithinMs, progress)
    }
    let former = ProcessTable.aside(spec.name)
    if supervisor?.status(of: former)?.pid == nil {
      supervisor?.setAside(spec.name)
      try wait("the step aside of \(spec.name)") { supervisor?.status(of: former) != nil }
    } else {
      // An earlier renewal failed: its former one answers until the next successor is ready.
      try stop([spec])
    }
    try start([spec], readyWithinMs: readyWithinMs, progress)
    // What the former one has counted goes with it.
    if spec.kind == .frontDoor { readDoors() }
    supervisor?.unwant(former)
    try waitUntilStopped(former)
    try forget(former)
  }
}

// Starting and stopping.
extension Lab {
  static let pauseUs: UInt32 = 5000

  /// Starts the processes, each as soon as what it builds on is ready, and waits until all are. What has no power is not
  /// waited for.
  func start(
    _ processes: [ProcessSpec], readyWithinMs: Int = readyLimitMs, _ progress: Progress
  ) throws(LabError) {
    // What others build on comes first: where it fails it is the reason.
    let names = processes.sorted { $0.layer > $1.layer }.map(\.name)
    let wait = ReadyWait(names, in: self, limitMs: readyWithinMs)
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
    for process in processes where process.isInstance { admitInstance(process.host) }
    progress("\(processes.count) processes are ready")
  }

  /// The same, but for workers that do not stay up: they are told of, and tried again like whatever dies. The app answers without
  /// them, and must be able to grow, and to be mended.
  func startAll(
    _ processes: [ProcessSpec], readyWithinMs: Int = readyLimitMs, _ progress: Progress
  ) throws(LabError) {
    for part in [processes.filter { $0.worker == nil }, processes.filter { $0.worker != nil }]
    where !part.isEmpty {
      try orTell(of: part) { () throws(LabError) in
        try start(part, readyWithinMs: readyWithinMs, progress)
      }
    }
  }

  private func orTell(of processes: [ProcessSpec], _ start: () throws(LabError) -> Void) throws(LabError) {
    do throws(LabError) {
      try start()
    } catch {
      guard error != .stopping, processes.allSatisfy({ $0.worker != nil }) else { throw error }
      tell("a worker does not stay up; the app runs without it: \(error)")
    }
  }

  /// Ends the processes, what builds on others before them, and returns when they are gone.
  func stop(_ processes: [ProcessSpec]) throws(LabError) {
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
  private func endIdle(_ process: ProcessSpec) {
    guard let balancer = process.balancer else { return }
    let endMs = Clock.nowMs + Self.drainLimitMs
    while Clock.nowMs < endMs, let underWay = balancer.requestsUnderWay(at: nil) {
      if underWay == 0 { return supervisor?.hurry(process.name) ?? () }
      usleep(Self.pauseUs)
    }
  }
}
