// What may be asked of a running lab. Each is safe to ask twice: what is already so is left so.

import Contract
import Foundation
import Synchronization
import Topology

/// Lets one change at a time happen to a lab.
final class Operations: Sendable {
  static let start = "the start"
  /// It has the lab for a moment again and again: others wait for its end.
  static let autoscaler = "the autoscaler"
  /// Longer than a service takes to get its instances.
  private static let autoscalerLimitMs = 120_000

  private struct State {
    /// Until the lab is up.
    var current: String? = Operations.start
    var isStopping = false
  }

  private let state = Mutex(State())

  var current: String? { state.withLock { $0.current } }
  var isStopping: Bool { state.withLock { $0.isStopping } }
  func stop() { state.withLock { $0.isStopping = true } }
  /// The lab is up: others may change it.
  func begin() { state.withLock { $0.current = nil } }

  /// Runs `body` unless something else is under way. For the autoscaler it waits.
  func exclusively<T>(_ name: String, _ body: () throws(LabError) -> T) throws(LabError) -> T {
    let endMs = Clock.nowMs + Self.autoscalerLimitMs
    while let refusal = begin(name) {
      if refusal != .busy(operation: Self.autoscaler) || Clock.nowMs > endMs { throw refusal }
      usleep(Lab.pauseUs)
    }
    defer { state.withLock { $0.current = nil } }
    return try body()
  }

  /// - Returns: why it can't begin; nil when it has.
  private func begin(_ name: String) -> LabError? {
    state.withLock { state in
      if state.isStopping { return .stopping }
      if let current = state.current { return .busy(operation: current) }
      state.current = name
      return nil
    }
  }
}

extension Lab {
  /// How long a process may take to become ready.
  static let readyLimitMs = 60_000
  /// How long a process may take to answer what it has accepted.
  static let drainLimitMs = 60_000
  /// How long a process that is between two starts may take to answer.
  static let restartLimitMs = 10_000

  typealias Progress = @Sendable (String) -> Void

  /// Does what `request` says and returns the lab after it.
  func answer(_ request: ControlRequest, progress: @escaping Progress) throws(LabError) -> LabSnapshot {
    switch request {
    case .status: break
    case .noteTrial(let trial): trialBook.withLock { $0.note(trial) }
    case .stop: throw .protocolBroken("stop is answered by whoever runs the lab")
    // What breaks does not wait for its turn.
    case .watchPower(let zone): try watchPower(zone)
    case .cutPower(let zone): try cutPower(zone)
    case .restorePower(let zone): try restorePower(zone)
    case .freeze(let host): try freeze(host)
    case .thaw(let host): try thaw(host)
    case .crash(let name): try crash(name)
    case .cutLinks(let cuts): try cutLinks(cuts)
    case .loseDisk(let host): try loseDisk(host)
    case .setClock(let host, let seconds): try setClock(host, aheadSeconds: seconds)
    case .limitTable(let limits): try limitTable(limits)
    default:
      try operations.exclusively(request.title) { () throws(LabError) in try change(request, progress) }
    }
    return snapshot
  }

  private func change(_ request: ControlRequest, _ progress: @escaping Progress) throws(LabError) {
    try checkDeploy(beside: request)
    switch request {
    case .resize(let type, let diskBytes): try resize(type: type, diskBytes: diskBytes, progress)
    case .launchProcess(let role, let frontDoor): try launch(role, frontDoor: frontDoor)
    case .openFrontDoor(let role): try openFrontDoor(role)
    case .drain(let role): try drain(role)
    case .retire(let role): try retire(role)
    case .setLevel(let level): try setLevel(level)
    case .startHosts(let ids, let level): try apply(existing(level), to: ids, progress)
    case .stopHost(let id): try apply(nil, to: [id], progress)
    case .scale(let service, let count): try scale(service, count: count, progress)
    case .scaleByLoad(let service): try scaleByLoad(service)
    case .setPlacement(let text, let epoch): try setPlacement(text, ifEpoch: epoch)
    case .switchover(let host): try switchOver(to: host)
    case .addRelease(let path): try addRelease(from: path)
    case .runRelease(let number, let processes): try run(number, on: processes, progress)
    case .settleRelease(let number): try settle(number)
    case .dropRelease(let fault): try drop(fault: fault)
    case .status, .noteTrial, .stop, .watchPower, .cutPower, .restorePower, .freeze, .thaw, .crash, .cutLinks,
      .loseDisk,
      .setClock, .limitTable:
      break
    }
  }

  /// A deploy counts what its instances do: they stay as many as they are.
  private func checkDeploy(beside request: ControlRequest) throws(LabError) {
    switch request {
    case .scale, .scaleByLoad, .resize:
      guard let rollout = currentState.releases.rollout, !rollout.processes.isEmpty else { return }
      throw .rolloutUnderWay(rollout.number)
    default: break
    }
  }

  /// Starts a role's process and waits until it is ready. One that runs already keeps running, drained or not; its
  /// door is opened if asked for, and not closed otherwise. A process that was not wanted before and does not become
  /// ready is ended again.
  func launch(_ role: Role, frontDoor: Bool) throws(LabError) {
    let status = supervisor?.status(of: role.rawValue)
    if status?.hasBeenReady == true {
      if frontDoor { try openFrontDoor(role) }
      return
    }
    if frontDoor { try setDoor(of: role, open: true) }
    supervisor?.want(role.rawValue, zone: Self.firstZone)
    do throws(LabError) {
      try waitUntilReady(role.rawValue)
    } catch {
      if status?.isWanted != true { try retire(role) }
      throw error
    }
    // Its start may have begun before the door was set.
    if frontDoor, status?.isWanted == true { try openFrontDoor(role) }
  }

  func openFrontDoor(_ role: Role) throws(LabError) {
    // Remembered first: a process that dies now comes back with its door open.
    try setDoor(of: role, open: true)
    try ask(role, AdminPath.accept, limitMs: 5000)
    tell("\(role.rawValue) answers on the public port")
  }

  func drain(_ role: Role) throws(LabError) {
    try setDoor(of: role, open: false)
    guard let status = supervisor?.status(of: role.rawValue), status.health != .stopped else { return }
    // One that is about to start may have read that its door is open: the request waits for it in the socket.
    let limitMs = status.pid == nil ? Self.restartLimitMs : Self.drainLimitMs
    let answer = try ask(role, AdminPath.drain, limitMs: limitMs)
    tell("\(role.rawValue) no longer accepts; \(Self.outcome(ofDrain: answer))")
  }

  func retire(_ role: Role) throws(LabError) {
    try setDoor(of: role, open: false)
    try stop(role)
    try forget(role.rawValue)
  }

  func setLevel(_ level: Level) throws(LabError) {
    let level = try existing(level)
    if currentState.level == level { return }
    try update { $0.level = level }
    tell("the app is at \(level), \(level.stage.name)")
  }

  /// A level that runs; the one that the app stands at when none is named.
  private func existing(_ level: Level?) throws(LabError) -> Level {
    guard let level else { return currentState.level }
    if !level.stage.runsToday { throw .stageNotYet(level.stage.number) }
    do { _ = try Topology.of(manifest.outline, at: level) } catch {
      throw .levelImpossible(error.description)
    }
    return level
  }

  private func setDoor(of role: Role, open: Bool) throws(LabError) {
    if currentState.openDoors.contains(role) == open { return }
    try update { state in
      state.openDoors.removeAll { $0 == role }
      if open { state.openDoors.append(role) }
    }
  }

  /// An app says `{"complete": false}` when its time was up and it cut off what was left.
  static func outcome(ofDrain answer: AdminClient.Answer) -> String {
    let drained = try? JSONDecoder().decode(AdminAnswer.Drained.self, from: Data(answer.body))
    return drained?.complete == false ? "some connections took too long and were cut off" : "all are answered"
  }

  @discardableResult
  private func ask(_ role: Role, _ path: String, limitMs: Int) throws(LabError) -> AdminClient.Answer {
    let answer = try AdminClient(folder.adminSocket(of: role)).post(path, limitMs: limitMs)
    if (200..<300).contains(answer.status) { return answer }
    let outcome = "status \(answer.status) \(answer.text.prefix(200))"
    throw .adminFailed(process: role.rawValue, request: "POST \(path)", outcome: outcome)
  }
}

// Waiting for processes.
extension Lab {
  /// Returns when the process is ready. Throws, with the end of its log, when it ended again and again or time is up.
  func waitUntilReady(_ name: String, withinMs: Int = readyLimitMs) throws(LabError) {
    let wait = ReadyWait([name], in: self, limitMs: withinMs)
    while try !wait.unready().isEmpty { usleep(Self.pauseUs) }
  }

  /// Ends a role's process and returns when it is gone.
  func stop(_ role: Role) throws(LabError) {
    supervisor?.unwant(role.rawValue)
    try waitUntilStopped(role.rawValue)
  }

  /// Returns when a process that is not wanted any more is gone.
  func waitUntilStopped(_ name: String) throws(LabError) {
    // SIGKILL comes after the stop limit; what it leaves is gone soon after.
    try wait("the end of \(name)", limitMs: ProcessTable.stopLimitMs + 5000) {
      let health = supervisor?.status(of: name)?.health
      return health == nil || health == .stopped
    }
  }

  func wait(_ what: String, limitMs: Int = 10_000, until isDone: () -> Bool) throws(LabError) {
    let endMs = Clock.nowMs + limitMs
    while !isDone() {
      if Clock.nowMs > endMs { throw .timedOut(what) }
      usleep(Self.pauseUs)
    }
  }
}
