// A host that comes back empty: its processes are dead, and what was on its disk is gone.

import Foundation

extension Lab {
  /// Kills every process of a host that engines run on, deletes all that they kept, and starts them again; returns before
  /// they are ready.
  func loseDisk(_ host: String) throws(LabError) {
    let processes = specs.filter { $0.host.id == host && $0.engine != nil }
    guard let place = processes.first?.host else {
      throw .unknownHost(host, known: Set(specs.filter { $0.engine != nil }.map(\.host.id)).sorted())
    }
    let wanted = processes.filter { supervisor?.status(of: $0.name)?.isWanted == true }
    // However it ends, the host is not left off.
    defer { for process in wanted { supervisor?.want(process.name, zone: place.zone) } }
    // What stands still does not hear that it is to end: nothing is handed over, nothing is flushed.
    do throws(LabError) { try halt(host) } catch {
      try thaw(host)
      throw error
    }
    let doomed = members(of: host)
    for process in wanted { supervisor?.unwant(process.name) }
    for pid in doomed { kill(pid, SIGKILL) }
    try wait("the end of \(host)") {
      members(of: host).isEmpty
        && processes.allSatisfy { supervisor?.status(of: $0.name).map { $0.health == .stopped } != false }
    }
    try empty(place)
    tell("\(host) has lost its disk")
  }

  private func empty(_ host: Host) throws(LabError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: host.outerFolder)) ?? []
    for name in names {
      do { try FileManager.default.removeItem(atPath: host.outerFolder + "/" + name) } catch {
        throw .system(attempt: "deleting \(host.outerFolder)/\(name)", code: EIO)
      }
    }
  }
}
