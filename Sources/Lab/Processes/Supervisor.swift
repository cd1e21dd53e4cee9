// Performs what the process table decides: starts, signals, waits, probes.

import CRuntime
import Dispatch
import Glibc
import Synchronization

/// Owns the processes of a lab. One thread starts them all and lives until the last has ended, since a child is
/// killed when the thread that started it ends.
final class Supervisor: Sendable {
  /// How a process is, for those who ask.
  struct Status: Equatable, Sendable {
    var pid: Int32?
    var health: LabSnapshot.Health
    /// The process that lives now has been ready, be it drained by now or not.
    var hasBeenReady: Bool
    var restarts: Int
    var lastEnd: String?

    /// Started, or about to be.
    var isWanted: Bool { health != .stopped && health != .stopping }
  }

  /// What happened to a process.
  enum Notice: Equatable, Sendable {
    case started(String, ProcessIdentity)
    case ended(String, how: String)
    case failedToStart(String, reason: String)
    case ready(String)
    case unready(String)
  }

  private enum Command: Sendable {
    case handle(ProcessTable.Event)
    case stopAll
  }

  private let commands = Mutex<[Command]>([])
  private let board = Mutex<[String: Status]>([:])
  private let plans = Mutex<[String: LaunchPlan]>([:])
  private let wakeup = Wakeup()
  private let end = DispatchGroup()
  private let plan: @Sendable (String) throws(LabError) -> LaunchPlan
  private let notify: @Sendable (Notice) -> Void

  /// `plan` tells how to start a process, asked anew before each start; `notify` hears what happens, on the
  /// supervisor's threads.
  init(
    plan: @escaping @Sendable (String) throws(LabError) -> LaunchPlan,
    notify: @escaping @Sendable (Notice) -> Void
  ) {
    self.plan = plan
    self.notify = notify
  }

  /// Starts the threads. They end when every process has ended after `stopAll`.
  func start() {
    end.enter()
    _ = LongThread(name: "supervisor") { self.drive() }
    _ = LongThread(name: "prober") { self.probe() }
  }

  /// Returns when the last process has ended after `stopAll`; at once when `start` was not called.
  func join() { end.wait() }

  var hasEnded: Bool { end.wait(timeout: .now()) == .success }

  func want(_ name: String) { send(.handle(.wanted(name))) }
  func unwant(_ name: String) { send(.handle(.unwanted(name))) }
  /// Ends every process, then the supervisor.
  func stopAll() { send(.stopAll) }
  /// Kills what is stopping.
  func hurry() { send(.handle(.hurry)) }

  func status(of name: String) -> Status? { board.withLock { $0[name] } }
  var statuses: [String: Status] { board.withLock { $0 } }

  private func send(_ command: Command) {
    commands.withLock { $0.append(command) }
    wakeup.ring()
  }
}

// The driver's thread.
extension Supervisor {
  private struct Children {
    var table = ProcessTable()
    /// By name: the descriptor that becomes readable when the process ends.
    var handles: [String: (pid: Int32, handle: Descriptor)] = [:]
    var isStopping = false
  }

  private func drive() {
    var children = Children()
    while !(children.isStopping && children.table.isQuiet) {
      wait(children)
      for command in takeCommands() { perform(command, &children) }
      for (name, child) in children.handles {
        if let end = reap(child.pid) { childEnded(name, child.pid, end, &children) }
      }
      apply(.tick, &children)
      publish(children.table)
    }
    end.leave()
  }

  /// Waits for a command, the end of a process, or what is due.
  private func wait(_ children: Children) {
    let watched = [wakeup.descriptor] + children.handles.values.map(\.handle)
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
    case .handle(.wanted) where children.isStopping: break
    case .handle(let event):
      apply(event, &children)
      if case .probed = event { publish(children.table) }
    case .stopAll:
      children.isStopping = true
      for name in children.table.entries.keys { apply(.unwanted(name), &children) }
    }
  }

  private func apply(_ event: ProcessTable.Event, _ children: inout Children) {
    for action in children.table.handle(event, nowMs: Clock.nowMs) {
      switch action {
      case .spawn(let name): spawn(name, &children)
      case .terminate(_, let pid): kill(pid, SIGTERM)
      // The group too: what the process itself has started.
      case .kill(_, let pid): kill(-pid, SIGKILL)
      }
    }
  }

  private func spawn(_ name: String, _ children: inout Children) {
    do {
      let plan = try plan(name)
      let pid = try plan.spawn()
      plans.withLock { $0[name] = plan }
      children.handles[name] = (pid, Descriptor(heights_open_process(pid)))
      if let identity = ProcessIdentity.of(pid) { notify(.started(name, identity)) }
      apply(.spawned(name, pid: pid), &children)
    } catch {
      notify(.failedToStart(name, reason: error.description))
      apply(.spawnFailed(name, reason: error.description), &children)
    }
  }

  /// How a process ended, nil while it lives. What it started and left in its group is killed before its pid is
  /// given back, so that the group's number can't be another's.
  private func reap(_ pid: Int32) -> ProcessEnd? {
    var info = siginfo_t()
    let options = WEXITED | WNOHANG | WNOWAIT
    guard waitid(P_PID, id_t(pid), &info, options) == 0, info.si_signo == SIGCHLD else { return nil }
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let signal = status & 0x7F
    return signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .signalled(signal)
  }

  private func childEnded(_ name: String, _ pid: Int32, _ end: ProcessEnd, _ children: inout Children) {
    children.handles[name] = nil
    let wasAsked = children.table.entries[name]?.isWanted == false && end.isOrdinary
    notify(.ended(name, how: wasAsked ? "has stopped" : end.description))
    apply(.ended(name, pid: pid, how: end.description), &children)
  }

  private func publish(_ table: ProcessTable) {
    let fresh = table.entries.mapValues(Self.status)
    let before = board.withLock { board in
      defer { board = fresh }
      return board
    }
    for (name, status) in fresh.sorted(by: { $0.key < $1.key }) where status.health != before[name]?.health {
      if status.health == .ready { notify(.ready(name)) }
      if before[name]?.health == .ready, status.health == .starting { notify(.unready(name)) }
    }
  }

  private static func status(of entry: ProcessTable.Entry) -> Status {
    var status = Status(
      pid: nil, health: .stopped, hasBeenReady: false, restarts: entry.restarts, lastEnd: entry.lastEnd)
    switch entry.state {
    case .stopped: break
    case .spawning: status.health = .starting
    case .waiting: status.health = .waiting
    case .running(let running, let isReady):
      (status.pid, status.health) = (running.pid, isReady ? .ready : .starting)
      status.hasBeenReady = entry.hasBeenReady
    case .stopping(let running, _): (status.pid, status.health) = (running.pid, .stopping)
    }
    return status
  }
}

// The prober's thread: a process that hangs must not keep the driver from the others.
extension Supervisor {
  private static let startingPauseMs = 20
  private static let readyPauseMs = 1000

  private func probe() {
    var dueMs: [String: Int] = [:]
    while !hasEnded {
      for (name, status) in statuses {
        guard let pid = status.pid, [.starting, .ready].contains(status.health) else { continue }
        if dueMs[name, default: 0] > Clock.nowMs, status.health == .ready { continue }
        guard let plan = plans.withLock({ $0[name] }) else { continue }
        let isReady = plan.isReady()
        send(.handle(.probed(name, pid: pid, isReady: isReady)))
        dueMs[name] = Clock.nowMs + Self.readyPauseMs
        plan.log.rotateIfLarge()
      }
      usleep(UInt32(Self.startingPauseMs) * 1000)
    }
  }
}

/// How a process has ended.
private enum ProcessEnd: CustomStringConvertible {
  case exited(code: Int32)
  case signalled(Int32)

  /// What one that was asked to stop does: it exits by itself, or leaves it to SIGTERM.
  var isOrdinary: Bool {
    switch self {
    case .exited(let code): code == 0
    case .signalled(let number): number == SIGTERM
    }
  }

  var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signalled(let number): "was ended by signal \(number)"
    }
  }
}
