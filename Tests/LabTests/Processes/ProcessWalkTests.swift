// The processes of a lab in any order of events: none is lost, none runs twice, and a stop is always followed by quiet.

import Policies
import Testing

@testable import Lab

@Suite struct ProcessWalkTests {
  @Test(arguments: 0..<20) func noProcessIsLostOrRunsTwiceWhateverHappens(run: Int) {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("process walk seed: \(seed)")
    var world = ProcessWorld(seed: seed)
    for _ in 0..<3_000 { world.step() }
    world.stopAll()
  }
}

/// A world in which the table's actions are performed: processes that start, die, hang and are killed.
private struct ProcessWorld {
  private struct Process {
    let zone: String?
    var isAsked = false
    var isKilled = false
  }

  private static let zones: [String: String?] = ["app": "a", "database": "b", "front": nil]
  private static let names = zones.keys.sorted()

  private var random: SeededRandom
  private var table = ProcessTable()
  private var nowMs = 0
  private var lastPid: Int32 = 0
  /// Those that live, and the name by which each was started or that it has been given since.
  private var processes: [Int32: Process] = [:]
  private var pids: [String: Int32] = [:]
  /// Starts that are under way.
  private var starting: Set<String> = []
  /// What was given away goes on unwanted.
  private var givenAway: Set<String> = []

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  mutating func step() {
    nowMs += Int.random(in: 0..<400, using: &random)
    let name = Self.names.randomElement(using: &random) ?? ""
    let zone = ["a", "b"].randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<14: want(name)
    case 14..<20: handle(.unwanted(name))
    case 20..<24: handle(.unwanted(ProcessTable.aside(name)))
    case 24..<26: handle(.forgotten(name))
    case 26..<28: handle(.forgotten(ProcessTable.aside(name)))
    case 28..<31: release(name)
    case 31..<37: handle(.setAside(name))
    case 37..<40: cutPower(zone)
    case 40..<46: handle(.powerRestored(zone: zone))
    case 46..<66: endStart()
    case 66..<80: die()
    case 80..<90:
      // Now and then one that is gone already.
      let pid = Int32.random(in: max(lastPid - 4, 0)...lastPid, using: &random)
      handle(.probed(pids.first { $0.value == pid }?.key ?? name, pid: pid, isReady: .random(using: &random)))
      if processes[pid] == nil { handle(.ended(name, pid: pid, how: "died")) }
    case 90..<92: handle(.hurry(Bool.random(using: &random) ? name : nil))
    default: handle(.tick)
    }
    check()
  }

  /// Half of those that are asked to end hang, until they are killed.
  mutating func stopAll() {
    handle(.stopAll)
    for name in Self.names { want(name) }
    for _ in 0..<1_000 where !(table.isQuiet && starting.isEmpty) {
      endStart()
      if Bool.random(using: &random) { die() }
      nowMs = max(nowMs, table.nextDeadlineMs ?? 0)
      handle(.tick)
      check()
    }
    #expect(table.isQuiet && processes.isEmpty && starting.isEmpty)
  }

  private mutating func handle(_ event: ProcessTable.Event) {
    for action in table.handle(event, nowMs: nowMs) { perform(action) }
  }

  private mutating func perform(_ action: ProcessTable.Action) {
    switch action {
    case .spawn(let name):
      let zone = table.entries[name]?.zone
      #expect(pids[name] == nil && !table.isStopping)
      #expect(zone.map(table.darkZones.contains) != true, "\(name) is started without power")
      #expect(starting.insert(name).inserted, "\(name) is started twice")
    case .terminate(let name, let pid):
      #expect(pids[name] == pid)
      processes[pid]?.isAsked = true
    case .kill(let name, let pid):
      #expect(pids[name] == pid)
      processes[pid]?.isKilled = true
    case .rename(let name, let new):
      #expect(pids[new] == nil, "\(new) lives, and nobody would know it any more")
      pids[new] = pids.removeValue(forKey: name)
      givenAway.insert(new)
    }
  }

  private mutating func want(_ name: String) {
    if !table.isStopping { givenAway.remove(name) }
    handle(.wanted(name, zone: Self.zones[name] ?? nil))
    #expect(table.isStopping || table.entries[name]?.isWanted == true)
  }

  private mutating func release(_ name: String) {
    if case .running? = table.entries[name]?.state { givenAway.insert(name) }
    handle(.released(name))
  }

  /// The kernel kills all that is there.
  private mutating func cutPower(_ zone: String) {
    for (pid, process) in processes where process.zone == zone { processes[pid]?.isKilled = true }
    handle(.powerCut(zone: zone))
  }

  private mutating func endStart() {
    guard let name = starting.sorted().randomElement(using: &random) else { return }
    starting.remove(name)
    if Int.random(in: 0..<4, using: &random) == 0 { return handle(.spawnFailed(name, reason: "no")) }
    lastPid += 1
    processes[lastPid] = Process(zone: Self.zones[name] ?? nil)
    pids[name] = lastPid
    handle(.spawned(name, pid: lastPid))
  }

  private mutating func die() {
    let dying = processes.filter { _, process in
      process.isKilled || Int.random(in: 0..<(process.isAsked ? 2 : 4), using: &random) == 0
    }
    guard let pid = dying.keys.min(), let name = pids.first(where: { $0.value == pid })?.key else { return }
    processes[pid] = nil
    pids[name] = nil
    handle(.ended(name, pid: pid, how: "died"))
    givenAway.remove(name)
  }

  private func check() {
    for (name, pid) in pids { #expect(table.pid(of: name) == pid, "\(name) lives, and is not known") }
    #expect(pids.count == processes.count)
    for process in processes.values where process.zone.map(table.darkZones.contains) == true {
      #expect(process.isKilled, "one lives without power")
    }
    for (name, entry) in table.entries {
      switch entry.state {
      case .stopped:
        let isDark = entry.zone.map(table.darkZones.contains) == true
        #expect(!entry.isWanted || isDark, "\(name) is wanted, and nobody will start it")
      case .spawning: #expect(starting.contains(name))
      case .running: #expect(entry.isWanted || givenAway.contains(name), "\(name) goes on after its stop")
      case .waiting(let untilMs):
        #expect(entry.isWanted && untilMs <= nowMs + BackOff.restarts.limitMs)
      case .stopping(let running, let killAtMs):
        #expect(killAtMs != nil || processes[running.pid]?.isKilled == true)
        #expect(killAtMs ?? 0 <= nowMs + ProcessTable.stopLimitMs)
      }
    }
  }
}

extension ProcessTable {
  /// That of the process of that name, as the table has it.
  fileprivate func pid(of name: String) -> Int32? {
    switch entries[name]?.state {
    case .running(let running, _), .stopping(let running, _): running.pid
    default: nil
    }
  }
}
