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
  /// - Parameters:
  ///   - network: where; nil for the calling thread's own.
  ///   - folder: for files that live as long as it runs.
  /// - Throws: when it is missing, does not do all of it, or takes longer than ten seconds.
  @discardableResult
  func run(_ script: [String], in network: Descriptor? = nil, folder: String) throws(LabError) -> String {
    guard
      let program = ["/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"].map({ $0 + name }).first(where: {
        (path: String) in access(path, X_OK) == 0
      })
    else { throw .engineMissing(engine: name, package: package) }
    let base = "\(folder)/\(name)-\(UUID().uuidString.prefix(8))"
    let log = LogFile(path: base + ".log")
    defer { for suffix in ["", ".log"] { unlink(base + suffix) } }
    try AtomicFile.write(script.joined(separator: "\n") + "\n", to: base)
    var plan = LaunchPlan(
      executable: program, arguments: [name == Self.ip.name ? "-batch" : "-f", base],
      environment: ["PATH": EngineShell.path, "LANG": "C.UTF-8"], workingDirectory: folder, log: log,
      isReady: { true })
    plan.network = network
    plan.changesNetwork = true
    let status = Self.wait(for: try plan.spawn())
    let said = String(decoding: FileManager.default.contents(atPath: log.path) ?? Data(), as: UTF8.self)
    if status != 0 {
      throw .system(attempt: "\(name) for the lab's network: \(said.prefix(300))", code: EIO)
    }
    return said
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
