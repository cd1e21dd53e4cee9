// How a process is started, and the start itself.

import CRuntime
import Glibc

/// A folder that is seen in another place.
struct Bind: Equatable, Sendable {
  let source: String
  let target: String
}

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
  /// Folders that the process sees in other places, where zones are namespaces.
  var binds: [Bind] = []
  /// The network of its host; nil for ours.
  var network: Descriptor?
  /// Whether it may change that.
  var changesNetwork = false
  /// What asks it to end.
  var stopSignal = SIGTERM
  /// Whether the process does its work by now; called often, from another thread, and returns within a second.
  var isReady: @Sendable () -> Bool
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
    withCStrings([executable, workingDirectory] + binds.flatMap { [$0.source, $0.target] }) { texts in
      let pairs = binds.indices.map { index in
        heights_bind(source: texts[2 + 2 * index], target: texts[3 + 2 * index])
      }
      return pairs.withUnsafeBufferPointer { pairs in
        var program = heights_program(
          path: texts[0], arguments: arguments, environment: environment, working_directory: texts[1],
          descriptors: sockets.baseAddress, descriptor_count: sockets.count, log_descriptor: output.number)
        var seat = heights_seat(
          zone: seat.zone?.handle.number ?? -1, mounts: seat.mounts?.number ?? -1, binds: pairs.baseAddress,
          bind_count: pairs.count,
          network: network?.number ?? -1, changes_network: changesNetwork ? 1 : 0,
          user: user?.uid ?? uid_t.max, group: user?.gid ?? gid_t.max)
        return heights_spawn(&program, &seat)
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
