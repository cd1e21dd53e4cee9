// How a process has ended.

import Glibc

enum ProcessEnd: CustomStringConvertible {
  case exited(code: Int32)
  case signalled(Int32)

  /// How a child of ours ended, nil while it lives. What it started and left in its group is killed before its pid is
  /// given back, so that the group's number can't be another's.
  static func reap(_ pid: Int32) -> ProcessEnd? {
    var info = siginfo_t()
    let options = WEXITED | WNOHANG | WNOWAIT
    guard waitid(P_PID, id_t(pid), &info, options) == 0, info.si_signo == SIGCHLD else { return nil }
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let signal = status & 0x7F
    return signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .signalled(signal)
  }

  /// What one that was asked to stop does: it exits by itself, or leaves it to the signal.
  var isOrdinary: Bool {
    switch self {
    case .exited(let code): code == 0
    case .signalled(let number): number != SIGKILL
    }
  }

  var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signalled(let number): "was ended by signal \(number)"
    }
  }
}
