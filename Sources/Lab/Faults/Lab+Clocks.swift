// Clocks that are wrong: what the processes of one host are told of the time of day.

import Topology

extension Lab {
  /// The clock of a host jumps; that of etcd does not, which is in Go and asks the kernel itself.
  /// - Parameter aheadSeconds: how far ahead of the machine's it is from now on; 0 sets it right.
  func setClock(_ host: String, aheadSeconds: Int) throws(LabError) {
    try checkHost(host)
    let clocks = clockNames(host).compactMap { try? HostPower(folder: folder.power + "/" + $0) }
      .filter(\.isAttached)
    if clocks.isEmpty { throw .noClock(host: host) }
    for clock in clocks { clock.setClock(aheadSeconds: aheadSeconds) }
    power.note(clockOf: host, aheadSeconds: aheadSeconds)
    tell(
      aheadSeconds == 0
        ? "the clock of \(host) is right" : "the clock of \(host) jumps to \(aheadSeconds) s ahead")
  }

  /// What has the library there goes by one of these names: the host's own, or that of its role on the public port.
  private func clockNames(_ host: String) -> [String] {
    let roles = Role.allCases.filter { $0.host == host && supervisor?.status(of: $0.rawValue) != nil }
    return [host] + roles.map(\.rawValue)
  }
}
