// The life of each process as a state machine: events in, actions out, no I/O. The supervisor performs the actions.

import Policies

/// Which processes are wanted, how they are, and what to do next. Times are milliseconds of one clock.
struct ProcessTable {
  /// A process that lives.
  struct Running: Equatable {
    let pid: Int32
    let startedAtMs: Int
  }

  enum State: Equatable {
    case stopped
    /// The action `spawn` is out; its outcome has not come back.
    case spawning
    case running(Running, isReady: Bool)
    /// SIGTERM is sent; SIGKILL follows at `killAtMs` unless it is nil, for then it is sent too.
    case stopping(Running, killAtMs: Int?)
    /// It ended by itself and is started again at that time.
    case waiting(untilMs: Int)
  }

  struct Entry: Equatable {
    var state = State.stopped
    /// Where it runs; nil for no zone.
    var zone: String?
    /// Wanted and stopped at once is one whose zone has no power; running and not wanted is one that was released.
    var isWanted = false
    /// Since it was started last. One that was drained is no longer ready, and there is nothing to wait for.
    var hasBeenReady = false
    /// Starts since the first that nobody asked for.
    var restarts = 0
    /// Ends in a row, each before `steadyMs`.
    var failures = 0
    /// How it ended last, such as `exited with code 1`.
    var lastEnd: String?
  }

  enum Event: Equatable {
    case wanted(String, zone: String?)
    case unwanted(String)
    /// One that is stopped and not wanted is no longer known.
    case forgotten(String)
    /// From now on it is somebody else's: it goes on running and is not started again.
    case released(String)
    /// The same, and its name is free for a successor: it goes on as `aside(name)`, unless another one still does.
    case setAside(String)
    /// Everything in the zone is being killed, and nothing starts there until power is restored.
    case powerCut(zone: String)
    case powerRestored(zone: String)
    case spawned(String, pid: Int32)
    case spawnFailed(String, reason: String)
    case ended(String, pid: Int32, how: String)
    case probed(String, pid: Int32, isReady: Bool)
    /// Stop at once what is stopping, or only one of it.
    case hurry(String?)
    /// Nothing is wanted any more, and nothing will be.
    case stopAll
    case tick
  }

  enum Action: Equatable {
    case spawn(String)
    case terminate(String, pid: Int32)
    case kill(String, pid: Int32)
    /// It has another name from now on.
    case rename(String, to: String)
  }

  /// How long a process has between SIGTERM and SIGKILL.
  static let stopLimitMs = Leaving.killMs
  /// A process that ran this long starts with a clean record.
  static let steadyMs = 10_000

  private(set) var entries: [String: Entry] = [:]
  private(set) var darkZones: Set<String> = []
  private(set) var isStopping = false

  /// What to do about `event`. Events that come too late (of a process that is gone) change nothing.
  mutating func handle(_ event: Event, nowMs: Int) -> [Action] {
    switch event {
    case .wanted(let name, let zone): return want(name, zone)
    case .unwanted(let name): return unwant(name, nowMs)
    case .forgotten(let name): forget(name)
    case .released(let name): release(name)
    case .setAside(let name): return setAside(name)
    case .powerCut(let zone): cutPower(zone)
    case .powerRestored(let zone): return restorePower(zone)
    case .spawned(let name, let pid): return spawned(name, pid, nowMs)
    case .spawnFailed(let name, let reason): return ended(name, how: reason, ranMs: 0, nowMs)
    case .ended(let name, let pid, let how):
      guard let running = running(name), running.pid == pid else { return [] }
      return ended(name, how: how, ranMs: nowMs - running.startedAtMs, nowMs)
    case .probed(let name, let pid, let isReady):
      guard case .running(let running, _)? = entries[name]?.state, running.pid == pid else { return [] }
      entries[name]?.state = .running(running, isReady: isReady)
      if isReady { entries[name]?.hasBeenReady = true }
    case .hurry(let only):
      for (name, entry) in entries where only == nil || name == only {
        if case .stopping(let running, .some) = entry.state {
          entries[name]?.state = .stopping(running, killAtMs: nowMs)
        }
      }
      return tick(nowMs)
    case .stopAll:
      isStopping = true
      return entries.keys.sorted().flatMap { unwant($0, nowMs) }
    case .tick: return tick(nowMs)
    }
    return []
  }

  /// When `tick` has something to do; nil when nothing is due.
  var nextDeadlineMs: Int? {
    entries.values.compactMap { entry in
      switch entry.state {
      case .waiting(let untilMs): untilMs
      case .stopping(_, let killAtMs): killAtMs
      default: nil
      }
    }.min()
  }

  /// Whether nothing lives and nothing is about to.
  var isQuiet: Bool { entries.values.allSatisfy { $0.state == .stopped } }

  /// Whether its end, should it come now, is what was asked for. That it is to start again afterwards makes no difference.
  func isAskedToEnd(_ name: String) -> Bool {
    guard let entry = entries[name] else { return false }
    if case .stopping = entry.state { return true }
    return !entry.isWanted
  }
}

extension ProcessTable {
  private mutating func want(_ name: String, _ zone: String?) -> [Action] {
    if isStopping { return [] }
    var entry = entries[name] ?? Entry()
    entry.isWanted = true
    entry.zone = zone
    entry.failures = 0
    defer { entries[name] = entry }
    if isDark(zone) {
      if case .waiting = entry.state { entry.state = .stopped }
      return []
    }
    switch entry.state {
    case .stopped, .waiting:
      entry.state = .spawning
      return [.spawn(name)]
    case .spawning, .running, .stopping: return []
    }
  }

  private mutating func unwant(_ name: String, _ nowMs: Int) -> [Action] {
    guard var entry = entries[name] else { return [] }
    entry.isWanted = false
    defer { entries[name] = entry }
    switch entry.state {
    case .waiting: entry.state = .stopped
    case .running(let running, _):
      entry.state = .stopping(running, killAtMs: nowMs + Self.stopLimitMs)
      return [.terminate(name, pid: running.pid)]
    case .stopped, .spawning, .stopping: break
    }
    return []
  }

  private mutating func spawned(_ name: String, _ pid: Int32, _ nowMs: Int) -> [Action] {
    guard let entry = entries[name], entry.state == .spawning else { return [] }
    let running = Running(pid: pid, startedAtMs: nowMs)
    entries[name]?.state = .running(running, isReady: false)
    entries[name]?.hasBeenReady = false
    let actions = entry.isWanted ? [] : unwant(name, nowMs)
    // What was under way when the power went is no exception.
    return isDark(entry.zone) ? actions + [.kill(name, pid: pid)] : actions
  }

  private mutating func ended(_ name: String, how: String, ranMs: Int, _ nowMs: Int) -> [Action] {
    guard var entry = entries[name] else { return [] }
    if case .running = entry.state, !entry.isWanted {
      entries[name] = nil
      return []
    }
    defer { entries[name] = entry }
    entry.lastEnd = how
    // What a power cut ends comes back with the power, and has no failure to answer for.
    guard entry.isWanted, !isDark(entry.zone) else {
      entry.state = .stopped
      return []
    }
    if case .stopping = entry.state {
      entry.state = .spawning
      return [.spawn(name)]
    }
    return restart(name, &entry, ranMs: ranMs, nowMs)
  }

  private func restart(_ name: String, _ entry: inout Entry, ranMs: Int, _ nowMs: Int) -> [Action] {
    if ranMs >= Self.steadyMs { entry.failures = 0 }
    entry.failures += 1
    entry.restarts += 1
    if entry.failures == 1 {
      entry.state = .spawning
      return [.spawn(name)]
    }
    // The first restart was at once.
    entry.state = .waiting(untilMs: nowMs + BackOff.restarts.ms(afterFailures: entry.failures - 1))
    return []
  }

  private mutating func tick(_ nowMs: Int) -> [Action] {
    var actions: [Action] = []
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      switch entry.state {
      case .waiting(let untilMs) where untilMs <= nowMs:
        entries[name]?.state = .spawning
        actions.append(.spawn(name))
      case .stopping(let running, let killAtMs?) where killAtMs <= nowMs:
        entries[name]?.state = .stopping(running, killAtMs: nil)
        actions.append(.kill(name, pid: running.pid))
      default: break
      }
    }
    return actions
  }

  private func isDark(_ zone: String?) -> Bool { zone.map(darkZones.contains) ?? false }

  private func running(_ name: String) -> Running? {
    switch entries[name]?.state {
    case .running(let running, _), .stopping(let running, _): running
    default: nil
    }
  }
}

// Zones, and processes that are given away or gone for good.
extension ProcessTable {
  private mutating func forget(_ name: String) {
    guard let entry = entries[name], entry.state == .stopped, !entry.isWanted else { return }
    entries[name] = nil
  }

  private mutating func release(_ name: String) {
    guard case .running? = entries[name]?.state else { return }
    entries[name]?.isWanted = false
  }

  /// What a process is called that makes room for its successor.
  static func aside(_ name: String) -> String { name + ".former" }

  private mutating func setAside(_ name: String) -> [Action] {
    let aside = Self.aside(name)
    // One that lives must stay known, or nobody would ever end it.
    guard case .running? = entries[name]?.state, [nil, .stopped].contains(entries[aside]?.state) else {
      return []
    }
    entries[aside] = entries.removeValue(forKey: name)
    release(aside)
    return [.rename(name, to: aside)]
  }

  private mutating func cutPower(_ zone: String) {
    darkZones.insert(zone)
    for (name, entry) in entries where entry.zone == zone {
      if case .waiting = entry.state { entries[name]?.state = .stopped }
    }
  }

  private mutating func restorePower(_ zone: String) -> [Action] {
    darkZones.remove(zone)
    let waiting = entries.filter { $0.value.zone == zone && $0.value.isWanted && $0.value.state == .stopped }
    return waiting.keys.sorted().flatMap { want($0, zone) }
  }
}
