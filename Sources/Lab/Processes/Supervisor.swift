// Performs what the process table decides: starts, signals, waits.

import CRuntime
import Dispatch
import Glibc
import Synchronization

/// Owns the processes of a lab and the zones that they run in. One thread starts them all and lives until the last has
/// ended, since a child is killed when the thread that started it ends.
final class Supervisor: Sendable {
  /// What happened to a process.
  enum Notice: Equatable, Sendable {
    case started(String, ProcessIdentity)
    case ended(String, how: String)
    case failedToStart(String, reason: String)
    case ready(String)
    case unready(String)
    /// It has another role than before.
    case role(String, ProcessRole)
  }

  typealias Plan = @Sendable (String) throws(LabError) -> LaunchPlan

  fileprivate enum Command: Sendable {
    case handle(ProcessTable.Event)
    /// How to start a process has been found out.
    case prepared(String, Result<LaunchPlan, LabError>)
    case cutPower(String)
    case restorePower(String)
  }

  private let zones: Zones
  private let commands = Mutex<[Command]>([])
  let board = ProcessBoard()
  private let wakeup = Wakeup()
  private let end = DispatchGroup()
  private let plan: Plan
  let notify: @Sendable (Notice) -> Void

  /// `plan` tells how to start a process and makes everything ready for it, asked anew before each start on a thread
  /// of its own; `notify` hears what happens, on the supervisor's threads.
  init(zones: Zones, plan: @escaping Plan, notify: @escaping @Sendable (Notice) -> Void) {
    self.zones = zones
    self.plan = plan
    self.notify = notify
  }

  /// Starts the thread. It ends when every process has ended after `stopAll`.
  func start() {
    end.enter()
    _ = LongThread(name: "supervisor") { self.drive() }
  }

  /// Returns when the last process has ended after `stopAll`; at once when `start` was not called.
  func join() { end.wait() }

  var hasEnded: Bool { end.wait(timeout: .now()) == .success }

  func want(_ name: String, zone: String?) { send(.handle(.wanted(name, zone: zone))) }
  func unwant(_ name: String) { send(.handle(.unwanted(name))) }
  /// No longer tells of a process that has stopped.
  func forget(_ name: String) { send(.handle(.forgotten(name))) }
  /// Leaves a process to somebody else: it goes on, and is neither started again nor probed.
  func release(_ name: String) { send(.handle(.released(name))) }
  /// The same, and makes its name free for a successor: it goes on as `ProcessTable.aside`, until it is unwanted.
  func setAside(_ name: String) { send(.handle(.setAside(name))) }
  /// Kills everything in a zone; what is wanted there waits until its power is restored.
  func cutPower(_ zone: String) { send(.cutPower(zone)) }
  func restorePower(_ zone: String) { send(.restorePower(zone)) }
  /// Ends every process, then the supervisor.
  func stopAll() { send(.handle(.stopAll)) }
  /// Kills what is stopping, or only one of it.
  func hurry(_ name: String? = nil) { send(.handle(.hurry(name))) }

  func status(of name: String) -> ProcessStatus? { board.status(of: name) }
  var statuses: [String: ProcessStatus] { board.statuses }

  fileprivate func send(_ command: Command) {
    commands.withLock { $0.append(command) }
    wakeup.ring()
  }

  func noteProbe(_ name: String, _ pid: Int32, isReady: Bool) {
    send(.handle(.probed(name, pid: pid, isReady: isReady)))
  }
}

// The driver's thread.
extension Supervisor {
  private struct Child {
    let pid: Int32
    /// Becomes readable when the process ends.
    let handle: Descriptor
    let stopSignal: Int32
  }

  private struct Children {
    var table = ProcessTable()
    var living: [String: Child] = [:]
  }

  private func drive() {
    var children = Children()
    while !(children.table.isStopping && children.table.isQuiet) {
      wait(children)
      for command in takeCommands() { perform(command, &children) }
      for (name, child) in children.living {
        if let end = ProcessEnd.reap(child.pid) { childEnded(name, child.pid, end, &children) }
      }
      zones.reap()
      apply(.tick, &children)
      publish(children.table)
    }
    zones.end()
    end.leave()
  }

  /// Waits for a command, the end of a process, or what is due.
  private func wait(_ children: Children) {
    let watched = [wakeup.descriptor] + children.living.values.map(\.handle) + zones.endings
    var polls = watched.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
    let limitMs = children.table.nextDeadlineMs.map { max(0, $0 - Clock.nowMs) } ?? -1
    poll(&polls, nfds_t(polls.count), Int32(clamping: limitMs))
    wakeup.clear()
  }

  private func takeCommands() -> [Command] {
    commands.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }

  private func perform(_ command: Command, _ children: inout Children) {
    switch command {
    case .handle(let event):
      apply(event, &children)
      if case .probed = event { publish(children.table) }
    case .prepared(let name, let plan): spawn(name, plan, &children)
    case .cutPower(let zone): cutPower(zone, &children)
    case .restorePower(let zone):
      zones.restorePower(zone)
      apply(.powerRestored(zone: zone), &children)
    }
  }

  private func apply(_ event: ProcessTable.Event, _ children: inout Children) {
    for action in children.table.handle(event, nowMs: Clock.nowMs) {
      switch action {
      case .spawn(let name): prepare(name, &children)
      case .terminate(let name, let pid):
        kill(pid, children.living[name]?.stopSignal ?? SIGTERM)
        // One that was frozen hears it too.
        kill(-pid, SIGCONT)
      // The group too: what the process itself has started.
      case .kill(_, let pid): kill(-pid, SIGKILL)
      case .rename(let name, let new): children.living[new] = children.living.removeValue(forKey: name)
      }
    }
  }

  /// Has a process's start prepared on another thread: that may take a while, and run programs in the zone.
  private func prepare(_ name: String, _ children: inout Children) {
    do throws(LabError) {
      if let zone = children.table.entries[name]?.zone { try zones.start(zone) }
    } catch {
      return failedToStart(name, error, &children)
    }
    _ = LongThread(name: "start") { [self] in
      do throws(LabError) {
        let plan = try plan(name)
        send(.prepared(name, .success(plan)))
      } catch {
        send(.prepared(name, .failure(error)))
      }
    }
  }

  private func spawn(_ name: String, _ prepared: Result<LaunchPlan, LabError>, _ children: inout Children) {
    do throws(LabError) {
      let plan = try prepared.get()
      let seat = try zones.seat(zone: plan.zone, host: plan.host)
      let pid = try plan.spawn(in: seat)
      zones.noteStart(of: pid, zone: plan.zone, host: plan.host)
      children.living[name] = Child(
        pid: pid, handle: Descriptor(heights_open_process(pid)), stopSignal: plan.stopSignal)
      if let identity = ProcessIdentity.of(pid) { notify(.started(name, identity)) }
      apply(.spawned(name, pid: pid), &children)
      publish(children.table)
      // Whoever asks it must not keep its sockets.
      var probed = plan
      probed.sockets = []
      probe(name, pid, probed)
    } catch {
      failedToStart(name, error, &children)
    }
  }

  private func failedToStart(_ name: String, _ error: LabError, _ children: inout Children) {
    notify(.failedToStart(name, reason: error.description))
    apply(.spawnFailed(name, reason: error.description), &children)
  }

  private func cutPower(_ zone: String, _ children: inout Children) {
    zones.cutPower(zone)
    apply(.powerCut(zone: zone), &children)
    // Where there are no namespaces, one by one. Otherwise they are dead already, and this finds nobody.
    for (name, child) in children.living where children.table.entries[name]?.zone == zone {
      kill(-child.pid, SIGKILL)
    }
  }

  private func childEnded(_ name: String, _ pid: Int32, _ end: ProcessEnd, _ children: inout Children) {
    children.living[name] = nil
    let wasAsked = children.table.isAskedToEnd(name) && end.isOrdinary
    notify(.ended(name, how: wasAsked ? "has stopped" : end.description))
    apply(.ended(name, pid: pid, how: end.description), &children)
  }

  private func publish(_ table: ProcessTable) {
    for (name, before, now) in board.publish(table) where before != now {
      if now == .ready { notify(.ready(name)) }
      if before == .ready, now == .starting { notify(.unready(name)) }
    }
  }
}
