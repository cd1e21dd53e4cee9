// A lab in the background: this program once more, in a session of its own, its words in a log.

import Foundation
import Glibc
import Lab

/// A `heights up` that goes on when this process ends.
struct Background: Sendable {
  private static let pauseUs: UInt32 = 50_000
  /// POSIX_SPAWN_SETSID of spawn.h, which Swift's view of glibc leaves out.
  private static let setSession: Int16 = 0x80

  private let pid: Int32
  private let folder: AppFolder
  private let logPath: String
  /// Where this run's words begin in the log.
  private let logStart: Int

  /// Starts it.
  /// - Throws: `BackgroundError` when it can't be started.
  init(_ words: [String], folder: AppFolder) throws {
    self.folder = folder
    logPath = folder.logs + "/up.log"
    try FileManager.default.createDirectory(
      atPath: folder.logs, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let log = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw BackgroundError(description: "can't open \(logPath): \(systemError(errno))") }
    defer { close(log) }
    logStart = Int(lseek(log, 0, SEEK_END))
    pid = try Self.spawn(words, log)
  }

  /// Returns when every process of the app is ready, and tells meanwhile what the log says.
  /// - Throws: `BackgroundError` with the end of the log when it ends before.
  func waitUntilUp(_ tell: (String) -> Void) throws -> LabSnapshot {
    var told = 0
    while true {
      var status: Int32 = 0
      let hasEnded = waitpid(pid, &status, WNOHANG) == pid
      let lines = logLines()
      if hasEnded {
        throw BackgroundError(
          description: Self.reason(lines) ?? "the app ended before it answered; see \(logPath)")
      }
      for line in lines.dropFirst(told) where !line.isEmpty { tell(line) }
      told = lines.count
      // Another run may be up in the folder: then ours is about to say so, and end.
      if let lab = try? ControlClient(folder).send(.status), lab.supervisorPid == pid, lab.isUp { return lab }
      usleep(Self.pauseUs)
    }
  }

  /// The last error in the log, with the lines that belong to it: the end of the app's own log, or of the build's.
  private static func reason(_ lines: [String]) -> String? {
    guard let start = lines.lastIndex(where: { $0.hasPrefix("heights: ") }) else { return nil }
    return String(lines[start...].joined(separator: "\n").dropFirst("heights: ".count))
  }

  private func logLines() -> [String] {
    guard let log = FileHandle(forReadingAtPath: logPath) else { return [] }
    defer { try? log.close() }
    try? log.seek(toOffset: UInt64(logStart))
    let text = String(decoding: (try? log.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  private static func spawn(_ words: [String], _ log: Int32) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, log, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Away from the terminal: neither its Ctrl-C nor its end concerns the lab.
    posix_spawnattr_setflags(&attributes, setSession)
    var arguments: [UnsafeMutablePointer<CChar>?] = (["heights"] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // By its own path: the process shall be called heights.
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var pid: Int32 = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, &arguments, environ)
    guard code == 0 else {
      throw BackgroundError(description: "can't start the lab in the background: \(systemError(code))")
    }
    return pid
  }
}

/// Why a lab in the background is not up.
struct BackgroundError: Error, CustomStringConvertible {
  let description: String
}

private func systemError(_ code: Int32) -> String { String(cString: strerror(code)) }

extension LabSnapshot {
  /// Whether the start is over and whoever should answer on the public port does.
  fileprivate var isUp: Bool {
    let doors = openDoors.map(\.rawValue)
    return !isStarting
      && doors.allSatisfy { door in processes.contains { $0.name == door && $0.health == .ready } }
  }
}
