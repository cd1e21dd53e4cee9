// Asking each process whether it does its work: on a thread of its own, so that one that hangs keeps nobody waiting.

import Glibc

extension Supervisor {
  private static let firstPauseMs = 20
  private static let longestPauseMs = 200
  private static let readyPauseMs = 1000

  /// Asks until the process has ended or was given away: often while it starts, then once a second.
  func probe(_ name: String, _ pid: Int32, _ plan: LaunchPlan) {
    _ = LongThread(name: "probe") { [self] in
      var pauseMs = Self.firstPauseMs
      while let status = board.status(of: name), status.pid == pid, !status.isReleased,
        status.health != .stopping
      {
        let isReady = plan.isReady()
        noteProbe(name, pid, isReady: isReady)
        if isReady { observe(name, pid, plan) }
        plan.log.rotateIfLarge()
        pauseMs = isReady ? Self.readyPauseMs : min(pauseMs * 5 / 4, Self.longestPauseMs)
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
      usleep(UInt32(min(Self.longestPauseMs, max(1, endMs - Clock.nowMs))) * 1000)
    }
  }
}
