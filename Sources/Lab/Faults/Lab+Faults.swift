// What drills do to a lab. Nothing here tells anybody what has been broken: engines and balancers find out themselves.

import Glibc

extension Lab {
  /// Everything in the zone is dead when this returns.
  func cutPower(_ zone: String) throws(LabError) {
    try checkZone(zone)
    tell("zone \(zone) loses its power")
    supervisor?.cutPower(zone)
    try wait("the end of zone \(zone)") {
      context.zones.dark.contains(zone) && !statuses(in: zone).contains { $0.pid != nil }
        && context.zones.endings.isEmpty
    }
    takeBackUnflushed(zone)
  }

  func restorePower(_ zone: String) throws(LabError) {
    try checkZone(zone)
    unwatchPower(zone)
    if !context.zones.dark.contains(zone) { return }
    supervisor?.restorePower(zone)
    tell("zone \(zone) has power again")
  }

  /// Stops every process of a host; returns when each has stopped.
  func freeze(_ host: String) throws(LabError) {
    try checkHost(host)
    tell("\(host) hangs")
    try halt(host)
  }

  /// Again until none is missed: one may start another meanwhile.
  func halt(_ host: String) throws(LabError) {
    try wait("the halt of \(host)") {
      let running = members(of: host).filter { !ProcessList.isStopped($0) }
      for pid in running { kill(pid, SIGSTOP) }
      return running.isEmpty
    }
  }

  func thaw(_ host: String) throws(LabError) {
    try checkHost(host)
    for pid in members(of: host) { kill(pid, SIGCONT) }
    tell("\(host) goes on")
  }

  /// Kills every process of a host, or one process.
  func crash(_ name: String) throws(LabError) {
    if hostNames.contains(name) {
      tell("\(name) crashes")
      for pid in members(of: name) { kill(pid, SIGKILL) }
      return
    }
    guard let statuses = supervisor?.statuses, let pid = statuses[name]?.pid else {
      throw .unknownProcess(name, known: (supervisor?.statuses ?? [:]).keys.sorted() + hostNames)
    }
    tell("\(name) crashes")
    kill(-pid, SIGKILL)
  }

  /// What was frozen hears that it is to stop.
  func thawAll() { for host in hostNames { for pid in members(of: host) { kill(pid, SIGCONT) } } }

  /// The processes of a host. Where zones are no namespaces, one whose parent is gone is not found.
  func members(of host: String) -> [Int32] {
    let own = hostStatuses.filter { $0.host == host }
    guard let zone = own.compactMap(\.status.zone).first else { return [] }
    return context.zones.members(zone: zone, host: host)
      ?? ProcessList.descendants(of: own.compactMap(\.status.pid))
  }

  private var hostStatuses: [(host: String, status: ProcessStatus)] {
    let hosts = Dictionary(specs.map { ($0.name, $0.host.id) }) { first, _ in first }
    return (supervisor?.statuses ?? [:]).compactMap { name, status in
      (hosts[name] ?? Role(rawValue: name)?.host).map { ($0, status) }
    }
  }

  private var hostNames: [String] { Set(hostStatuses.map(\.host)).sorted() }

  private func statuses(in zone: String) -> [ProcessStatus] {
    (supervisor?.statuses ?? [:]).values.filter { $0.zone == zone }
  }

  func checkHost(_ host: String) throws(LabError) {
    if !hostNames.contains(host) { throw .unknownHost(host, known: hostNames) }
  }

  func checkZone(_ zone: String) throws(LabError) {
    let known = plan(at: currentState.level).topology.zones.map(\.id)
    if !known.contains(zone) { throw .unknownZone(zone, known: known) }
  }
}
