// The system's own programs for networks, and what they say.

import CRuntime
import Foundation

/// A program that changes the network that it runs in.
struct NetworkTool: Sendable {
  let name: String
  /// Debian's, which brings it.
  let package: String

  static let ip = NetworkTool(name: "ip", package: "iproute2")
  static let nft = NetworkTool(name: "nft", package: "nftables")

  private static let limitMs: Int32 = 10_000

  /// Runs it to its end with the lines of a script, and returns what it says.
  /// - Parameter network: where; nil for the calling thread's own.
  /// - Throws: when it is missing, does not do all of it, or takes longer than ten seconds.
  @discardableResult
  func run(_ script: [String], in network: Descriptor? = nil) throws(LabError) -> String {
    guard let program = Programs.find(name) else { throw .engineMissing(engine: name, package: package) }
    // In memory: a full disk keeps no link cut.
    let (input, output) = (try Self.memoryFile(script.joined(separator: "\n") + "\n"), try Self.memoryFile())
    var plan = LaunchPlan(
      executable: program, arguments: [name == Self.ip.name ? "-batch" : "-f", "/dev/fd/3"],
      environment: ["PATH": EngineShell.path, "LANG": "C.UTF-8"], workingDirectory: "/",
      sockets: [("script", input)], log: LogFile(path: "/proc/self/fd/\(output.number)"), isReady: { true })
    plan.network = network
    plan.changesNetwork = true
    let status = Self.wait(for: try plan.spawn())
    let said = withExtendedLifetime(output) { Self.text(of: output) }
    if status != 0 {
      throw .system(attempt: "\(name) for the lab's network: \(said.prefix(300))", code: EIO)
    }
    return said
  }

  private static func memoryFile(_ text: String = "") throws(LabError) -> Descriptor {
    let file = Descriptor(heights_memory_file())
    guard file.isOpen, write(file.number, text, text.utf8.count) == text.utf8.count else {
      throw .system(attempt: "making a file in memory", code: errno)
    }
    return file
  }

  private static func text(of file: Descriptor) -> String {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = pread(file.number, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
  }

  private static func wait(for pid: Int32) -> Int32 {
    let handle = Descriptor(heights_open_process(pid))
    var entry = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
    while poll(&entry, 1, limitMs) < 0, errno == EINTR {}
    if entry.revents == 0 { kill(pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
