// What an engine may do on its host while it prepares: folders, files, short programs.

import CRuntime
import Files
import Foundation

/// Works as the user, and in the zone, that the engine will run in.
struct EngineShell: Sendable {
  /// What every program has in its environment.
  static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  let host: Host
  /// Of the engine: what its short programs say is written there.
  let log: LogFile
  let zones: Zones
  let networks: HostNetworks?
  let binds: [Bind]

  /// Makes a folder below the host's (`data`; the host's own when it is empty) for the engine alone, unless it is there.
  /// The folder above must be there.
  func makeFolder(_ name: String = "") throws(LabError) {
    let path = outer(name)
    if mkdir(path, 0o700) == 0 {
      try EngineUser.current()?.own(path)
    } else if errno != EEXIST {
      throw .system(attempt: "making \(path)", code: errno)
    }
  }

  /// Replaces a file below the host's folder; only the engine can read it.
  func write(_ text: String, to name: String) throws(LabError) {
    try AtomicFile.write(text, to: outer(name), owner: try EngineUser.current())
  }

  /// The text of a file below the host's folder.
  func read(_ name: String) throws(LabError) -> String {
    guard let data = FileManager.default.contents(atPath: outer(name)) else {
      throw .system(attempt: "reading \(outer(name))", code: ENOENT)
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Removes a file or folder; one that is not there is no trouble.
  func remove(_ name: String) throws(LabError) {
    guard has(name) else { return }
    do {
      try FileManager.default.removeItem(atPath: outer(name))
    } catch {
      throw .system(attempt: "removing \(outer(name))", code: EIO)
    }
  }

  func rename(_ name: String, to other: String) throws(LabError) {
    if Foundation.rename(outer(name), outer(other)) != 0 {
      throw .system(attempt: "renaming \(outer(name))", code: errno)
    }
  }

  /// Whether a file or folder is there.
  func has(_ name: String) -> Bool { access(outer(name), F_OK) == 0 }

  /// Runs a program to its end. What it says goes to the engine's log.
  /// - Parameters:
  ///   - program: an absolute path.
  ///   - arguments: with paths as the engine sees them; it runs in the host's folder.
  /// - Throws: when it can't be started, ends with another code than 0, or takes longer than `limitMs`.
  func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], limitMs: Int
  ) throws(LabError) {
    let logStart = log.sizeBytes
    let plan = try plan(program, arguments, environment)
    let pid = try plan.spawn(in: zones.seat(zone: host.zone, host: nil))
    guard let status = wait(for: pid, limitMs: limitMs) else {
      throw failure(program, "took longer than \(limitMs / 1000) s", logStart)
    }
    if status & 0x7F != 0 { throw failure(program, "was ended by signal \(status & 0x7F)", logStart) }
    if status != 0 { throw failure(program, "exited with code \(status >> 8 & 0xFF)", logStart) }
  }

  /// How a program is started here.
  func plan(
    _ program: String, _ arguments: [String], _ environment: [String: String]
  ) throws(LabError) -> LaunchPlan {
    let basics = ["PATH": Self.path, "LANG": "C.UTF-8", "HOME": host.folder]
    return LaunchPlan(
      executable: program, arguments: arguments, environment: basics.merging(environment) { $1 },
      workingDirectory: host.folder, log: log, zone: host.zone, host: host.id, user: try EngineUser.current(),
      binds: binds, network: try networks?.network(of: host.address),
      isReady: { true })
  }

  /// The status, as waitpid gives it; nil when time was up and it was killed.
  private func wait(for pid: Int32, limitMs: Int) -> Int32? {
    let handle = Descriptor(heights_open_process(pid))
    var entry = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
    let endMs = Clock.nowMs + limitMs
    while poll(&entry, 1, Int32(clamping: max(0, endMs - Clock.nowMs))) < 0, errno == EINTR {}
    let isInTime = entry.revents != 0
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return isInTime ? status : nil
  }

  private func outer(_ name: String) -> String {
    name.isEmpty ? host.outerFolder : host.outerFolder + "/" + name
  }

  private func failure(_ program: String, _ outcome: String, _ logStart: Int) -> LabError {
    .programFailed(
      program: program, host: host.id, outcome: outcome, log: log.path,
      lastLines: log.lastLines(after: logStart))
  }
}
