// Asking each process whether it does its work: on a thread of its own, so that one that hangs keeps nobody waiting.

import Glibc
import Policies

extension Supervisor {
  private static let pauses = BackOff(firstMs: 25, limitMs: 200, growth: .byAQuarter)
  private static let readyPauseMs = 1000

  /// Asks until the process has ended or was given away: often while it starts, then once a second.
  func probe(_ name: String, _ pid: Int32, _ plan: LaunchPlan) {
    _ = LongThread(name: "probe") { [self] in
      var pauseMs = 0
      while let status = board.status(of: name), status.pid == pid, !status.isReleased,
        status.health != .stopping
      {
        let isReady = plan.isReady()
        noteProbe(name, pid, isReady: isReady)
        if isReady { observe(name, pid, plan) }
        plan.log.rotateIfLarge()
        pauseMs = isReady ? Self.readyPauseMs : Self.pauses.next(after: pauseMs)
        sleep(upToMs: pauseMs, while: pid, of: name)
      }
    }
  }

  private func observe(_ name: String, _ pid: Int32, _ plan: LaunchPlan) {
    let observation = plan.observe()
    let before = board.note(observation, of: name, pid: pid)
    if let role = observation?.role, role != before { notify(.role(name, role)) }
  }

  /// In parts, so that the thread ends soon after its process.
  private func sleep(upToMs limitMs: Int, while pid: Int32, of name: String) {
    let endMs = Clock.nowMs + limitMs
    while Clock.nowMs < endMs, board.status(of: name)?.pid == pid {
      usleep(UInt32(min(Self.pauses.limitMs, max(1, endMs - Clock.nowMs))) * 1000)
    }
  }
}
