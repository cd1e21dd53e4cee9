// Which release a process runs, and how it comes to another one.

import Foundation
import Topology

extension AppFolder {
  /// The releases of the app, a folder each.
  var releases: String { home + "/releases" }
  /// With what a release is made of.
  public func release(_ number: Int) -> String { "\(releases)/\(number)" }
  /// With what a process of the release is started.
  func program(of release: LabRelease) -> String {
    release.program.hasPrefix("/") ? release.program : "\(self.release(release.number))/\(release.program)"
  }
  /// One that is being made.
  fileprivate var unfinishedRelease: String { releases + "/.new" }
}

extension Lab {
  /// How long a process of a new release may take to become ready: others wait for it, or people do.
  private static let releaseReadyLimitMs = 20_000

  /// What the app's process of that name runs.
  func release(of process: String) throws(LabError) -> LabRelease {
    let book = currentState.releases
    guard let number = book.number(of: process), let release = book[number], !release.isRemoved else {
      throw .unknownRelease(book.number(of: process) ?? 0, known: knownReleases)
    }
    return release
  }

  /// Somebody may have removed its files, or kept the state alone.
  private func isThere(_ number: Int?) -> Bool {
    number.map { access(folder.release($0), F_OK) == 0 } ?? false
  }

  private var knownReleases: [Int] { currentState.releases.all.filter { !$0.isRemoved }.map(\.number) }

  /// Before the app starts: what is in its folder is what it runs, if that has changed since it was looked at last. Otherwise it
  /// is what ran last, and what was on its way then is taken back.
  func takeFolder() throws {
    if let rollout = currentState.releases.rollout {
      try update { $0.releases.drop(fault: nil) }
      let current = currentState.releases.current ?? 0
      tell(
        "the deploy of release \(rollout.number) was cut short: the app runs release \(current), as before")
    }
    let former = currentState.releases.folderFingerprint
    let release = try makeRelease(from: folder)
    try update { $0.releases.noteFolder(release.fingerprint) }
    let current = currentState.releases.current
    if !isThere(current) || release.fingerprint != former {
      try update { $0.releases.settle(release.number) }
    } else if release.number != current {
      tell(
        "the app runs release \(current ?? 0), not what is in its folder: `heights deploy --lab` brings that")
    }
    try removeSurplus()
  }

  /// Makes a release from a folder that is built; one that has the same content is taken as it is.
  func addRelease(from path: String) throws(LabError) {
    let source = try AppFolder(path)
    do {
      let release = try makeRelease(from: source)
      try update { state in
        state.releases.noteTaken(release.number)
        if source == folder { state.releases.noteFolder(release.fingerprint) }
      }
    } catch let error as LabError { throw error } catch {
      throw .releaseNotMade(from: path, reason: "\(error)")
    }
  }

  private func makeRelease(from source: AppFolder) throws -> LabRelease {
    let files = try ReleaseFiles(source)
    try files.check(against: manifest)
    try AppFolder.make(folder.releases)
    let place = folder.unfinishedRelease
    // Of one that was cut short.
    try? FileManager.default.removeItem(atPath: place)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let copy = try files.copy(to: place)
    if let known = currentState.releases.known(copy.fingerprint), isThere(known.number) { return known }
    let commit = GitCommit.of(source.path).map { ", at commit \($0)" } ?? ""
    let release = LabRelease(
      number: currentState.releases.nextNumber, madeAtMs: Clock.wallMs, origin: source.path + commit,
      fingerprint: copy.fingerprint, program: copy.program, arguments: copy.arguments)
    let target = folder.release(release.number)
    // Of one that was made and never written down.
    try? FileManager.default.removeItem(atPath: target)
    if rename(place, target) != 0 { throw LabError.system(attempt: "making \(target)", code: errno) }
    try update { $0.releases.add(release) }
    return release
  }

  /// From now on these processes of the app run the release; those that run another one start anew, one after the other.
  func run(_ number: Int, on processes: [String], _ progress: Progress) throws(LabError) {
    let before = currentState.releases
    guard let release = before[number], !release.isRemoved else {
      throw .unknownRelease(number, known: knownReleases)
    }
    if number != before.current, let rollout = before.rollout, rollout.number != number {
      throw .rolloutUnderWay(rollout.number)
    }
    let names = appProcesses
    if let stranger = processes.first(where: { !names.contains($0) }) {
      throw .unknownProcess(stranger, known: names.sorted())
    }
    try update { $0.releases.assign(number, to: processes) }
    for name in processes {
      if let role = Role(rawValue: name) {
        let isOther = before.number(of: name) != number
        if isOther || supervisor?.status(of: name)?.health != .ready { try handOver(role, progress) }
      } else {
        let level = currentState.hosts[name] ?? currentState.level
        try apply(level, to: [name], readyWithinMs: Self.releaseReadyLimitMs, progress)
      }
      tell("\(name) runs release \(number)")
    }
  }

  /// Those that run the app's program now.
  private var appProcesses: Set<String> {
    Set(specs.filter(\.isInstance).map(\.name)).union(currentState.openDoors.map(\.rawValue))
  }

  /// All processes run the release: it is the app's from now on.
  func settle(_ number: Int) throws(LabError) {
    let book = currentState.releases
    if book.current == number { return }
    if let other = appProcesses.first(where: { book.number(of: $0) != number }) {
      throw .releaseNotEverywhere(number, process: other)
    }
    try update { $0.releases.settle(number) }
    tell("the app runs release \(number)")
    try removeSurplus()
  }

  /// What was on its way is given up, once no process runs it.
  func drop(fault: String?) throws(LabError) {
    guard let rollout = currentState.releases.rollout else { return }
    let names = appProcesses
    if rollout.processes.contains(where: names.contains) { throw .rolloutUnderWay(rollout.number) }
    try update { $0.releases.drop(fault: fault) }
    tell("release \(rollout.number) is taken back" + (fault.map { ": \($0)" } ?? ""))
    try removeSurplus()
  }

  private func removeSurplus() throws(LabError) {
    for release in currentState.releases.surplus {
      // Remembered first: half of its files would be none that runs.
      try update { $0.releases.noteRemoval(of: release.number) }
      try? FileManager.default.removeItem(atPath: folder.release(release.number))
    }
  }

  /// The app on the public port starts anew: connections wait in its sockets until it is ready.
  private func handOver(_ role: Role, _ progress: Progress) throws(LabError) {
    if let status = supervisor?.status(of: role.rawValue), status.pid != nil, status.hasBeenReady {
      progress("\(role.rawValue) answers what it has accepted")
      drainForRestart(role, progress)
    }
    try stop(role)
    supervisor?.want(role.rawValue, zone: Self.firstZone)
    try waitUntilReady(role.rawValue, withinMs: Self.releaseReadyLimitMs)
  }
}
