// Waits that have an end: what hangs fails the test that waits for it, with what it waited for, and holds up no other.

import Foundation
import Testing

/// Long enough for a machine that does ten other things: no test measures time, a limit only ends what hangs.
package let patienceS = 60.0

extension DispatchSemaphore {
  /// Waits for a signal. When none comes in time, the test fails here and goes on.
  package func waitInTime(
    for what: String, limitS: Double = patienceS, file: String = #fileID, line: Int = #line
  ) {
    tellLate(wait(timeout: .now() + limitS), limitS, what, "\(file):\(line)")
  }
}

extension DispatchGroup {
  /// Waits until all have left. When some have not in time, the test fails here and goes on.
  package func waitInTime(
    for what: String, limitS: Double = patienceS, file: String = #fileID, line: Int = #line
  ) {
    tellLate(wait(timeout: .now() + limitS), limitS, what, "\(file):\(line)")
  }
}

extension Foundation.Process {
  /// Waits for its end. When that does not come in time, it is killed and the test fails here.
  package func waitInTime(limitS: Double = patienceS, file: String = #fileID, line: Int = #line) {
    let watchdog = Watchdog(of: processIdentifier, limitS: limitS)
    waitUntilExit()  // the watchdog kills it
    watchdog.end(arguments, "\(file):\(line)")
  }

  /// Runs it to its end. When that does not come in time, it is killed and the test fails here.
  /// - Parameter errors: whether what it says on its standard error is among what is returned; else nobody hears it.
  /// - Returns: what it said.
  package func outputInTime(
    errors: Bool = true, limitS: Double = patienceS, file: String = #fileID, line: Int = #line
  ) throws -> String {
    let pipe = Pipe()
    standardOutput = pipe
    standardError = errors ? pipe : FileHandle.nullDevice
    try run()
    let watchdog = Watchdog(of: processIdentifier, limitS: limitS)
    // The watchdog kills it; what it has started and left behind must not keep the other end.
    let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    waitUntilExit()  // the watchdog kills it
    watchdog.end(arguments, "\(file):\(line)")
    return said
  }
}

/// Kills a process that does not end in time.
private final class Watchdog: Sendable {
  private let wasLate = OneValue<Bool>()
  private let isOver = DispatchSemaphore(value: 0)
  private let limitS: Double

  init(of process: pid_t, limitS: Double) {
    self.limitS = limitS
    Thread.detachNewThread { [isOver, wasLate] in
      guard isOver.wait(timeout: .now() + limitS) == .timedOut else { return }
      wasLate.set(true)
      kill(process, SIGKILL)
    }
  }

  /// To be called when the process has ended.
  func end(_ arguments: [String]?, _ place: String) {
    isOver.signal()
    if wasLate.value == true { tellLate(.timedOut, limitS, "\(arguments ?? []) ends", place) }
  }
}

private func tellLate(_ result: DispatchTimeoutResult, _ limitS: Double, _ what: String, _ place: String) {
  guard result == .timedOut else { return }
  Issue.record("\(place): not within \(limitS) s: \(what)")
}
