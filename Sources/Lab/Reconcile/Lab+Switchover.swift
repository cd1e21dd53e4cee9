// A planned change of the leader of the database.

import Glibc

extension Lab {
  private static let switchoverLimitMs = 30_000
  /// A file that has changed is read again by its server within so long.
  private static let reloadUs: UInt32 = 200_000

  /// Has the server on a host lead its cluster. One that leads already, or leads alone, is left so.
  func switchOver(to host: String) throws(LabError) {
    let members = specs.compactMap { $0.engine as? Patroni }
    guard let target = members.first(where: { $0.host.id == host }) else {
      if specs.contains(where: { $0.name == EngineKind.postgres.name(on: host) }) { return }
      throw .unknownHost(host, known: members.map(\.host.id))
    }
    if !target.mayLead {
      throw .cannotLead(host, others: members.filter(\.mayLead).map(\.host.id).sorted())
    }
    let endMs = Clock.nowMs + Self.switchoverLimitMs
    while !target.leads {
      if Clock.nowMs > endMs { throw .timedOut("the switchover to \(host)") }
      // The follower may not be in step yet: then it is refused, and tried again.
      if let leader = members.first(where: { $0.leads }) { try? leader.handOver(to: target.host) }
      usleep(100_000)
    }
    tell("\(host) leads the database")
  }

  /// Waits until a leader that is about to end, after its followers, has noticed that they are gone: a commit that waits for one of
  /// them would end with the server, and nobody would know what became of it. Patroni notices with its next round, which a busy
  /// machine, or a choice of etcd's leader, may hold up.
  func waitUntilWritesGoOn(at member: Patroni) {
    func runs(_ host: Host) -> Bool {
      supervisor?.status(of: EngineKind.patroni.name(on: host.id))?.pid != nil
    }
    // Where it is strict it waits for ever.
    guard !member.settings.isStrict, runs(member.host), member.waitsForFollower,
      !member.peers.contains(where: runs)
    else { return }
    let endMs = Clock.nowMs + Self.switchoverLimitMs
    while member.waitsForFollower, runs(member.host), Clock.nowMs < endMs { usleep(Self.pauseUs) }
    usleep(Self.reloadUs)
    tell("\(member.host.id) acknowledges writes alone")
  }
}
