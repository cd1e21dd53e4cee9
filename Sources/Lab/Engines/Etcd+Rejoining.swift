// A member of etcd whose data is gone. It has promised votes and entries that it knows nothing of any more, so it must not
// come back as who it was: the others take it out of their cluster, and in again as somebody new.

import Glibc
import Synchronization

extension Etcd {
  private static let placeLimitMs = 10_000
  private static let placePauseUs: UInt32 = 200_000
  private static let log = "etcd/member/wal"
  /// Members that start at once find out one after the other whether there is a cluster.
  private static let turn = Mutex(())

  /// Whether there is a cluster, so that a member without data does not begin one.
  var isFounded: Bool { access(mark, F_OK) == 0 }

  /// What can't be noted now is noted when it is asked next whether the member is ready.
  func noteFounding() {
    if isFounded { return }
    let file = Descriptor(open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
    _ = file.isOpen
  }

  /// Does nothing for a member that has its data, or begins a cluster with others that have none either.
  /// - Throws: `timedOut` while no majority of the others can agree to its return.
  func takePlaceAnew() throws(LabError) {
    if shell.has(Self.log) { return }
    Self.turn.withLock { _ in
      // With the last copy the cluster is gone as well.
      if !cluster.contains(where: hasData) { unlink(mark) }
    }
    guard isFounded else { return }
    // Half of what was there is nothing to begin with.
    try shell.remove("etcd")
    try shell.makeFolder("etcd")
    let endMs = Clock.nowMs + Self.placeLimitMs
    while !cluster.contains(where: givesPlace) {
      if Clock.nowMs > endMs {
        throw .timedOut(
          "the return of \(name) without its data, to which a majority of the others must agree,")
      }
      usleep(Self.placePauseUs)
    }
  }

  private func hasData(_ member: Host) -> Bool { access(member.outerFolder + "/" + Self.log, F_OK) == 0 }

  /// Whether a member has seen to it that this one is expected as somebody new. One that was removed a moment ago, or did
  /// not hear the answer, is not removed twice: it is looked at anew each time.
  private func givesPlace(_ member: Host) -> Bool {
    if member == host { return false }
    let client = EtcdClient(host: member)
    do throws(LabError) {
      if let former = try client.members().first(where: { $0.peerURLs.contains(peerURL(of: host)) }) {
        if former.clientURLs?.isEmpty != false { return true }
        try client.removeMember(former.id)
      }
      try client.addMember(peerURL(of: host))
      return true
    } catch { return false }
  }
}
