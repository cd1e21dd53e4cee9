// Why a run could not start, go on, or be checked.

import Errors

/// What stops a load run or the verification of a ledger. The description says what to do about it.
public enum LoadError: CodedError, Equatable {
  /// An option outside its range.
  case invalidOption(name: String, expected: String, found: String)
  /// The target's name has no address, or its admin socket a path that is too long.
  case unreachable(target: String, reason: String)
  /// The target answered, but not as a Heights app answers.
  case unexpectedAnswer(request: String, expected: String, found: String)
  /// A virtual user could not be signed up, so there is nobody to make load with.
  case setUpFailed(what: String, reason: String)
  /// The ledger could not be opened or written; its figures would be worth nothing.
  case ledgerFile(path: String, reason: String)
  /// A line of the ledger that is not the last one does not hold a record.
  case ledgerLine(path: String, line: Int, reason: String)
  /// The ledger has waitlist addresses, which only the admin socket tells.
  case adminSocketNeeded(addresses: Int)
  /// A history could not be read or written.
  case historyFile(path: String, reason: String)
  /// The databases could not be read where their newest state is.
  case leaderUnreadable(reason: String)
  /// Somebody ended the run before it made load.
  case stopped

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .invalidOption: "invalid_option"
    case .unreachable: "unreachable"
    case .unexpectedAnswer: "unexpected_answer"
    case .setUpFailed: "set_up_failed"
    case .ledgerFile: "ledger_file"
    case .ledgerLine: "ledger_line"
    case .adminSocketNeeded: "admin_socket_needed"
    case .historyFile: "history_file"
    case .leaderUnreadable: "leader_unreadable"
    case .stopped: "stopped"
    }
  }

  public var isMisuse: Bool { if case .invalidOption = self { true } else { false } }

  public var description: String {
    switch self {
    case .invalidOption(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .unreachable(let target, let reason):
      "can't reach \(target): \(reason). Is the app running there? `heights status` shows its address"
    case .unexpectedAnswer(let request, let expected, let found):
      "\(request): expected \(expected), found \(found)"
    case .setUpFailed(let what, let reason):
      "setting up: \(what) failed (\(reason)). Nothing was measured"
        + (reason == "HTTP 404"
          ? ". Load is made by requests of Summit's API, which the app needs to have" : "")
    case .ledgerFile(let path, let reason):
      "ledger \(path): \(reason)"
    case .ledgerLine(let path, let line, let reason):
      "ledger \(path):\(line): \(reason). The file was changed by something other than `heights load`"
    case .adminSocketNeeded(let addresses):
      "the ledger has \(addresses) waitlist addresses, which can only be read over the app's admin socket: "
        + "name its path"
    case .historyFile(let path, let reason): "history \(path): \(reason)"
    case .leaderUnreadable(let reason):
      "the databases can't be read at their leader, so nothing is proven: \(reason). `heights status` shows what runs; "
        + "try again when a server leads"
    case .stopped: "stopped while people were signed up: nothing was measured"
    }
  }
}
