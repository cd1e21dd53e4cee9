// How a process is started, and the start itself.

import CRuntime
import Glibc

/// Everything that a process is started with.
struct LaunchPlan: Sendable {
  /// Absolute.
  let executable: String
  /// Without the program's name.
  let arguments: [String]
  let environment: [String: String]
  let workingDirectory: String
  /// Become descriptors 3, 4… of the child, with their names in LISTEN_FDNAMES.
  var sockets: [(name: String, descriptor: Descriptor)] = []
  let log: LogFile
  /// Whether the process does its work by now; called often, from another thread, and returns within a second.
  let isReady: @Sendable () -> Bool

  /// Starts it. It is killed when the calling thread ends.
  func spawn() throws(LabError) -> Int32 {
    let output = try log.openForAppending()
    let numbers = sockets.map(\.descriptor.number)
    let pid = withCStrings([executable] + arguments) { arguments in
      withCStrings(environmentEntries) { environment in
        heights_spawn(
          executable, arguments, environment, workingDirectory, numbers, numbers.count, output.number)
      }
    }
    if pid < 0 { throw .system(attempt: "starting \(executable)", code: -pid) }
    return pid
  }

  private var environmentEntries: [String] {
    var variables = environment
    if !sockets.isEmpty {
      variables["LISTEN_FDS"] = String(sockets.count)
      variables["LISTEN_FDNAMES"] = sockets.map(\.name).joined(separator: ":")
      // Room for the child's pid, which it writes itself.
      variables["LISTEN_PID"] = "           "
    }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }
}

/// Calls `body` with C copies of `texts`, ended by NULL. The copies are gone afterwards.
private func withCStrings<T>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> T
) -> T {
  var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeMutableBufferPointer { buffer in
    // The buffer holds at least its final NULL, so it has a base address.
    body(UnsafePointer(buffer.baseAddress!))
  }
}
