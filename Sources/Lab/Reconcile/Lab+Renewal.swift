// An app that listens on a port itself reads its variables when it starts: when they change, it is started anew.

import Glibc
import Topology

extension Lab {
  private static let renewalPauseUs: UInt32 = 500_000
  /// Variables that have changed must stay so for so many looks: a failover may pass by several of them.
  private static let renewalLooks = 3

  /// Starts instances and workers anew, one after the other, whose variables have changed since they were started; for as long as
  /// the lab runs. An instance that is alone is left until there is another: nobody would answer meanwhile.
  func keepVariablesFresh() {
    guard manifest.service.listensOnPort else { return }
    var looks: [String: Int] = [:]
    while !operations.isStopping {
      usleep(Self.renewalPauseUs)
      if operations.current != nil { continue }
      let outdated = outdatedProcesses
      for name in Set(looks.keys).subtracting(outdated.map(\.name)) { looks[name] = nil }
      for process in outdated { looks[process.name, default: 0] += 1 }
      let due = outdated.filter { looks[$0.name, default: 0] >= Self.renewalLooks }
      if due.isEmpty { continue }
      // Refused while something else changes the lab: then the next look comes.
      let instances = due.filter { $0.isInstance && hasOther(than: $0) }
      try? operations.exclusively("the renewal of app servers") { () throws(LabError) in
        for process in instances { try startAnew(process, &looks) }
        if !instances.isEmpty { purgeEdges() }
      }
      // People wait for no worker, which may have a job to end.
      for process in due where process.worker != nil {
        try? operations.exclusively("the renewal of a worker") { () throws(LabError) in
          try startAnew(process, &looks)
        }
      }
    }
  }

  private func startAnew(_ process: ProcessSpec, _ looks: inout [String: Int]) throws(LabError) {
    tell("\(process.name) starts anew: its variables have changed")
    try renew(process) { _ in }
    looks[process.name] = nil
  }

  private var outdatedProcesses: [ProcessSpec] {
    specs.filter { process in
      guard process.runsApp, supervisor?.status(of: process.name)?.health == .ready,
        let started = started(process.name)?.configuration
      else { return false }
      return (try? configuration(of: process)) != started
    }.sorted { $0.name < $1.name }
  }

  /// Whether the balancers that send people to an instance send them to another as well.
  private func hasOther(than process: ProcessSpec) -> Bool {
    let balancers = balancers.filter { $0.isUsing(process.host.id) != nil }
    return !balancers.isEmpty
      && specs.contains { other in
        other.isInstance && other.name != process.name
          && balancers.allSatisfy { $0.isUsing(other.host.id) == true }
      }
  }
}
