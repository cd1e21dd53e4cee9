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
  /// As the process sees it.
  let workingDirectory: String
  /// Become descriptors 3, 4… of the child, with their names in LISTEN_FDNAMES.
  var sockets: [(name: String, descriptor: Descriptor)] = []
  let log: LogFile
  /// Where it runs: nil for beside us.
  var zone: String?
  /// Programs of one host see the same files.
  var host: String?
  /// Nil: as we are.
  var user: EngineUser?
  /// The folder that the process sees on /mnt when it is in a zone; nil for none.
  var engines: String?
  /// Whether the process does its work by now; called often, from another thread, and returns within a second.
  let isReady: @Sendable () -> Bool
  /// What it says of its role and lag; nil when it can't be asked. Returns within a second.
  var observe: @Sendable () -> EngineObservation? = { nil }

  /// Starts it. It is killed when the calling thread ends.
  func spawn(in seat: Seat = .besideUs) throws(LabError) -> Int32 {
    let output = try log.openForAppending()
    let numbers = sockets.map(\.descriptor.number)
    let pid = withCStrings([executable] + arguments) { arguments in
      withCStrings(environmentEntries) { environment in
        numbers.withUnsafeBufferPointer { numbers in
          spawn(seat, arguments, environment, numbers, output)
        }
      }
    }
    if pid < 0 { throw .system(attempt: "starting \(executable)", code: -pid) }
    return pid
  }

  private func spawn(
    _ seat: Seat, _ arguments: CStrings, _ environment: CStrings, _ sockets: UnsafeBufferPointer<Int32>,
    _ output: Descriptor
  ) -> Int32 {
    executable.withCString { executable in
      workingDirectory.withCString { workingDirectory in
        withOptionalCString(engines) { engines in
          var program = heights_program(
            path: executable, arguments: arguments, environment: environment,
            working_directory: workingDirectory, descriptors: sockets.baseAddress,
            descriptor_count: sockets.count, log_descriptor: output.number)
          var seat = heights_seat(
            zone: seat.zone?.handle.number ?? -1, mounts: seat.mounts?.number ?? -1, engines: engines,
            user: user?.uid ?? uid_t.max, group: user?.gid ?? gid_t.max)
          return heights_spawn(&program, &seat)
        }
      }
    }
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

private typealias CStrings = UnsafePointer<UnsafeMutablePointer<CChar>?>

/// Calls `body` with C copies of `texts`, ended by NULL. The copies are gone afterwards.
private func withCStrings<T>(_ texts: [String], _ body: (CStrings) -> T) -> T {
  var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeMutableBufferPointer { buffer in
    // The buffer holds at least its final NULL, so it has a base address.
    body(UnsafePointer(buffer.baseAddress!))
  }
}

private func withOptionalCString<T>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> T) -> T {
  guard let text else { return body(nil) }
  return text.withCString { body($0) }
}
