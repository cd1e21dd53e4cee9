// `heights` once more, beside the lab: what the console runs for whoever presses a button.

import Dispatch
import Foundation
import Glibc
import Synchronization

/// A program that runs until it has done its work, and no longer than the lab's own process.
public final class SideCommand: Sendable {
  private static let readLimitBytes = 256 << 10

  private let log: LogFile
  /// Where this run's words begin in the log.
  private let logStart: Int
  /// Nil before it was started and as soon as its pid may be another's.
  private let pid = Mutex<Int32?>(nil)
  private let outcome = Mutex<Bool?>(nil)

  /// Starts it in the app's folder.
  /// - Parameters:
  ///   - program: an absolute path.
  ///   - name: its words, on standard output and error, go to the log of that name.
  /// - Throws: when it can't be started.
  public init(
    _ program: String, _ arguments: [String], name: String, in folder: AppFolder
  ) throws(LabError) {
    let log = LogFile(path: folder.log(of: name))
    self.log = log
    logStart = log.sizeBytes
    let plan = LaunchPlan(
      executable: program, arguments: arguments, environment: ProcessEnvironment.inherited,
      workingDirectory: folder.path, log: log, isReady: { true })
    let started = DispatchSemaphore(value: 0)
    let failure = Mutex<LabError?>(nil)
    // On a thread that outlives it: a child is killed when the thread that started it ends.
    _ = LongThread(name: name) { [self] in
      do throws(LabError) {
        let child = try plan.spawn()
        pid.withLock { $0 = child }
        started.signal()
        let hasSucceeded = wait(for: child)
        outcome.withLock { $0 = hasSucceeded }
      } catch {
        failure.withLock { $0 = error }
        started.signal()
      }
    }
    started.wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Whether it exited with code 0; nil while it runs.
  public var hasSucceeded: Bool? { outcome.withLock { $0 } }

  /// As Ctrl-C: it ends in its own time, with a report of what was until then.
  public func interrupt() {
    pid.withLock { if let pid = $0 { kill(pid, SIGINT) } }
  }

  /// What it has written after the first `offset` bytes; some of it when that is much.
  public func output(after offset: Int) -> [UInt8] {
    guard let file = FileHandle(forReadingAtPath: log.path) else { return [] }
    defer { try? file.close() }
    try? file.seek(toOffset: UInt64(logStart + offset))
    return [UInt8]((try? file.read(upToCount: Self.readLimitBytes)) ?? Data())
  }

  private func wait(for child: Int32) -> Bool {
    var info = siginfo_t()
    while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    pid.withLock { $0 = nil }
    // What it has started itself is in its group.
    kill(-child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status == 0
  }
}
