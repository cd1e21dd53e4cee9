// `heights up` and `heights down`: the life of a lab from its lock to its last process.

import Foundation
import Topology

/// What `up` is asked for.
public struct LabOptions: Sendable {
  /// The app's folder.
  public var appFolder: String
  /// Only for an app's first start; later it comes back at the stage that it is at. 2 when nothing is said.
  public var stage: Int?
  /// Of the app, on 127.0.0.1; 0 takes a free one.
  public var port = 8080
  /// Whether the manifest's build command runs first.
  public var builds = true
  /// The Python environment that `scripts/install-engines` makes; nil when nobody knows where.
  public var pythonFolder: String?

  /// What is not told is as the manifest and the lab's state have it.
  public init(appFolder: String) { self.appFolder = appFolder }
}

/// A console that runs beside the lab.
public struct RunningConsole: Sendable {
  /// What people open, with the token that lets its buttons work.
  public let url: String
  /// Ends it, and what its buttons have started.
  public let stop: @Sendable () -> Void

  /// - Parameter stop: called once, when the lab ends.
  public init(url: String, stop: @escaping @Sendable () -> Void) {
    self.url = url
    self.stop = stop
  }
}

extension Lab {
  /// Runs an app until SIGINT, SIGTERM or a `stop` over the control socket; then ends what it started and returns.
  /// Blocks the calling thread. `report` hears a line at a time of what happens, from any thread; `console` is
  /// called before the app starts, `isUp` when it answers.
  public static func up(
    _ options: LabOptions, report: @escaping @Sendable (String) -> Void,
    console: @escaping (Lab) throws -> RunningConsole?, isUp: (LabSnapshot) -> Void
  ) throws {
    let folder = try AppFolder(options.appFolder)
    let manifest = try Manifest.load(folder: folder.path)
    try folder.create()
    let lock = try RunLock(path: folder.lock)
    defer { lock.release() }
    let signals = try SignalPipe()
    // What a drill that was killed has left.
    unlink(folder.diskFiller)
    if let pid = lock.stalePid { report("the last run (process \(pid)) ended without a clean stop") }

    let state = try startState(folder, manifest, options, report)
    try Secret.ensure(folder)
    try PowerLibrary.install(in: folder)
    // What was noted has no meaning later.
    defer { PowerLibrary.remove(from: folder) }
    let lab = try Lab(
      folder: folder, manifest: manifest, state: state, port: options.port,
      pythonFolder: options.pythonFolder, report: report)
    try lab.prepareHosts(movedFrom: state.place)
    if options.builds { try Build.run(manifest, folder, signals, report) }
    for part in manifest.parts { _ = try programPath(part, folder) }
    let running = try console(lab)
    defer { running?.stop() }
    lab.setConsoleAddress(running?.url)
    try lab.takeFolder()
    try lab.run(signals, isUp)
  }

  /// Runs the app's build command.
  /// - Returns: the parts of the app, each with the path of its program.
  /// - Throws: what is wrong with the manifest; what the build says; which program is not there even then.
  @discardableResult
  public static func build(
    _ folder: AppFolder, report: (String) -> Void
  ) throws -> [(part: Manifest.Part, program: String)] {
    let manifest = try Manifest.load(folder: folder.path)
    try folder.create()
    try Build.run(manifest, folder, try SignalPipe(), report)
    return try manifest.parts.map { ($0, try programPath($0, folder)) }
  }

  /// The highest stage that hosts are at when the app starts next, as the folder and the options tell now.
  /// - Throws: what is wrong with the manifest; `stageNotYet`.
  public static func startStage(_ options: LabOptions) throws -> Int {
    let folder = try AppFolder(options.appFolder)
    let manifest = try Manifest.load(folder: folder.path)
    if let asked = options.stage, Stage(rawValue: asked)?.runsToday != true {
      throw LabError.stageNotYet(asked)
    }
    guard let state = try LabState.load(folder) else {
      return options.stage
        ?? (manifest.service.listensOnPort ? Stage.separateDatabase : .singleServer).number
    }
    return state.hosts.values.map(\.stage).reduce(state.stage, max).number
  }

  /// Whether a lab runs in the folder, or starts or ends there.
  public static func isRunning(in folder: AppFolder) -> Bool { RunLock.isHeld(path: folder.lock) }

  /// Stops the lab that runs in `folder`. Without one it ends what a crashed one left. Returns when the processes are
  /// gone: true when there was something to stop.
  public static func down(_ folder: AppFolder, report: (String) -> Void) throws(LabError) -> Bool {
    do throws(LabError) {
      try ControlClient(folder).send(.stop, progress: report)
    } catch  where error == .notRunning(folder: folder.path) {
      if RunLock.isHeld(path: folder.lock) { throw .busy(operation: "the start (or the end) of the lab") }
      return try endLeftovers(folder, report)
    } catch  where [ECONNRESET, EPIPE].contains(error.number) {
      // It died while it was asked.
      try waitForEnd(of: folder)
      return try endLeftovers(folder, report)
    }
    try waitForEnd(of: folder)
    return true
  }

  private static func waitForEnd(of folder: AppFolder) throws(LabError) {
    let endMs = Clock.nowMs + 10_000
    while RunLock.isHeld(path: folder.lock) {
      if Clock.nowMs > endMs { throw .timedOut("the end of the lab") }
      usleep(5000)
    }
  }

  /// Starts everything, waits for the end, ends everything.
  private func run(_ signals: SignalPipe, _ isUp: (LabSnapshot) -> Void) throws(LabError) {
    let finish = Wakeup()
    let supervisor = makeSupervisor()
    let control = try ControlServer(folder.controlSocket) { [self] request, progress throws(LabError) in
      guard case .stop = request else { return try answer(request, progress: progress) }
      progress("stopping")
      finish.ring()
      supervisor.join()
      return snapshot
    }
    supervisor.start()
    let listener = control.start()
    let renewal = LongThread(name: "renewal") { [self] in keepVariablesFresh() }
    let autoscaler = LongThread(name: "autoscaler") { [self] in keepServicesScaled() }
    let budget = LongThread(name: "budget") { [self] in keepBudget() }
    let watcher = LongThread(name: "end") { [self] in waitForEnd(signals, finish, supervisor, budget) }
    var failure: LabError?
    do throws(LabError) {
      try startProcesses()
      operations.begin()
      isUp(snapshot)
    } catch {
      if error != .stopping { failure = error }
      finish.ring()
    }
    watcher.join()
    renewal.join()
    autoscaler.join()
    budget.join()
    supervisor.join()
    control.stop()
    listener.join()
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.run)) ?? []
    where name.hasSuffix(".sock") {
      unlink(folder.run + "/" + name)
    }
    if let failure { throw failure }
  }

  /// Waits for a signal or `finish`, then stops the processes in order; a second signal kills them.
  private func waitForEnd(
    _ signals: SignalPipe, _ finish: Wakeup, _ supervisor: Supervisor, _ budget: LongThread
  ) {
    _ = signals.next(limitMs: -1, orReadable: finish.descriptor)
    operations.stop()
    tell("stopping")
    _ = LongThread(name: "stop") { [self] in
      thawAll()
      // The doors are asked once more while they are there.
      budget.join()
      try? stop(specs.filter { $0.layer < .app })
      for role in Role.allCases { try? stop(role) }
      try? stop(specs)
      supervisor.stopAll()
    }
    while !supervisor.hasEnded {
      if signals.next(limitMs: 20) == nil { continue }
      supervisor.stopAll()
      supervisor.hurry()
    }
  }

  private func startProcesses() throws(LabError) {
    if currentState.hosts[LabPlan.dns] == nil {
      if currentState.dnsPort == nil {
        tell("gdnsd is not installed: the app runs without DNS (Debian: apt-get install gdnsd)")
      } else {
        supervisor?.want(Self.dnsProcess, zone: nil)
      }
    }
    if !specs.isEmpty { try startAll(specs) { [self] in tell($0) } }
    let doors = currentState.openDoors
    for role in doors { supervisor?.want(role.rawValue, zone: Self.firstZone) }
    for role in doors { try waitUntilReady(role.rawValue) }
  }

  /// What the hosts of the stage need before any of them starts.
  private func prepareHosts(movedFrom earlier: LabNetwork.Place?) throws(LabError) {
    if currentState.hosts.isEmpty, currentState.stage >= .separateDatabase {
      let plan = plan(at: currentState.level)
      try update { state in
        state.addresses = plan.book
        for id in plan.firstIDs { state.hosts[id] = state.level }
      }
    }
    if currentState.stage >= .microservices { try addServices() }
    try FormerNames.renameFolders(in: folder)
    try context.makePlaces()
    try ensurePlacement(movedFrom: earlier)
    try checkEngines()
  }

  /// Of services that heights.json has since the lab ran last.
  private func addServices() throws(LabError) {
    let plan = plan(at: currentState.level)
    let layers = plan.topology.tiers.filter { [.service, .loadBalancer].contains($0.kind) }
    let missing = layers.flatMap(\.members).map(\.server).filter { currentState.hosts[$0] == nil }
    if missing.isEmpty { return }
    try update { state in
      state.addresses = plan.book
      for id in missing { state.hosts[id] = state.level }
    }
  }

  /// Tells all that is not installed at once.
  private func checkEngines() throws(LabError) {
    let missing = specs.compactMap { process -> String? in
      guard let engine = process.engine, engine.program == nil else { return nil }
      return engine.package
    }
    guard let stage = currentState.hosts.values.map(\.stage).max(), !missing.isEmpty else { return }
    throw .enginesMissing(stage: stage.number, packages: Set(missing).sorted())
  }
}

// Before the start.
extension Lab {
  private static func startState(
    _ folder: AppFolder, _ manifest: Manifest, _ options: LabOptions, _ report: (String) -> Void
  ) throws(LabError) -> LabState {
    _ = try endLeftovers(folder, report)
    let earlier = try LabState.load(folder)
    var state = earlier ?? LabState()
    if manifest.service.listensOnPort, earlier == nil { state.level = Level(.separateDatabase) }
    if let asked = options.stage { try set(asked, in: &state, isFirst: earlier == nil) }
    if manifest.service.listensOnPort, state.stage < .separateDatabase {
      throw .stageNeedsSockets(state.stage.number)
    }
    // A climb that was cut short may have closed every door: somebody must answer.
    if state.openDoors.isEmpty, !hasFrontDoor(state, manifest) {
      state.openDoors = [state.stage == .launchPage ? .launch : .app]
    }
    state.dnsPort = Gdnsd.program == nil ? nil : Gdnsd.freePort(preferred: state.dnsPort ?? 5300)
    // Saved with the first process that starts: a start that fails before decides nothing.
    return state
  }

  private static func hasFrontDoor(_ state: LabState, _ manifest: Manifest) -> Bool {
    state.hosts.isEmpty
      ? state.stage >= .replicated || manifest.service.listensOnPort : state.hosts[LabPlan.frontDoor] != nil
  }

  private static func set(_ asked: Int, in state: inout LabState, isFirst: Bool) throws(LabError) {
    guard let stage = Stage(rawValue: asked), stage.runsToday else { throw .stageNotYet(asked) }
    if isFirst { state.level = Level(stage) }
    if state.stage != stage { throw .stageMismatch(at: state.stage.number, asked: asked) }
  }

  /// Ends the processes that a run which crashed has left, and what those had started; they are found by pid and
  /// start time, or by group and folder, so no other is ever touched.
  private static func endLeftovers(_ folder: AppFolder, _ report: (String) -> Void) throws(LabError) -> Bool {
    guard var state = try LabState.load(folder), !state.processes.isEmpty else { return false }
    var hasEnded = false
    for (name, identity) in state.processes where identity.isOfThisBoot {
      if identity.isAlive {
        report("ending \(name) (process \(identity.pid)), left by the last run")
        identity.end(graceMs: 5000)
        hasEnded = true
      }
      // The kernel kills what a crashed lab has started, and not what that had started in its turn.
      if ProcessGroup(number: identity.pid, mark: ProcessEnvironment.mark(of: folder)).end() {
        hasEnded = true
      }
    }
    state.processes = [:]
    try state.save(folder)
    return hasEnded
  }
}
