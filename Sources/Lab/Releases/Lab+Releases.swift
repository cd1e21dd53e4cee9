// Which release a process runs, and how it comes to another one.

import CRuntime
import Contract
import Files
import Foundation
import Topology

extension AppFolder {
  /// The releases of the app, a folder each.
  var releases: String { home + "/releases" }
  /// With what a release is made of.
  public func release(_ number: Int) -> String { "\(releases)/\(number)" }
  /// The path of a program that a release has inside, or names.
  fileprivate func path(of program: String, in release: LabRelease) -> String {
    program.hasPrefix("/") ? program : "\(self.release(release.number))/\(program)"
  }
  /// One that is being made.
  fileprivate var unfinishedRelease: String { releases + "/.new" }
}

extension Lab {
  /// How long a process of a new release may take to become ready: others wait for it, or people do.
  private static let releaseReadyLimitMs = 20_000

  /// With what the app's process of that name is started, and where.
  func program(of process: String) throws(LabError) -> (path: String, arguments: [String], folder: String) {
    let book = currentState.releases
    let part = specs.first { $0.name == process }.flatMap(manifest.part)
    let isReleased = !book.isInPlace && book.number(of: process) != nil
    let release = isReleased ? try release(of: process) : nil
    // heights.json may have the part since the release was made: the next deploy brings it.
    guard let release, let run = release.runs[part] else {
      let own = part ?? manifest.parts[0]
      return (try Self.programPath(own, folder), Array(own.run.dropFirst()), folder.path)
    }
    return (folder.path(of: run[0], in: release), Array(run.dropFirst()), folder.release(release.number))
  }

  private func release(of process: String) throws(LabError) -> LabRelease {
    let book = currentState.releases
    guard let number = book.number(of: process), let release = book[number], !release.isRemoved else {
      throw .unknownRelease(book.number(of: process) ?? 0, known: knownReleases)
    }
    return release
  }

  /// Somebody may have removed its files, or kept the state alone.
  private func isThere(_ number: Int?) -> Bool {
    guard let number, currentState.releases[number]?.isRemoved == false else { return false }
    return access(folder.release(number), F_OK) == 0
  }

  private var knownReleases: [Int] { currentState.releases.all.filter { !$0.isRemoved }.map(\.number) }

  /// Before the app starts. What was on its way is taken back. Until the first deploy the app runs from its folder, and a copy of it is
  /// made that a deploy can go back to; from then on it runs what it ran last.
  func takeFolder() throws {
    if let rollout = currentState.releases.rollout {
      try update { $0.releases.drop(fault: nil) }
      let current = currentState.releases.current ?? 0
      tell(
        "the deploy of release \(rollout.number) was cut short: the app runs release \(current), as before")
    }
    let book = currentState.releases
    do {
      let release = try makeRelease(from: folder)
      if book.isInPlace || !isThere(book.current) {
        try update { $0.releases.settle(release.number) }
      } else if release.number != book.current {
        tell(
          "the app runs release \(book.current ?? 0), not what is in its folder: `heights deploy --lab` brings that"
        )
      }
      try removeSurplus()
    } catch {
      // What runs needs no copy.
      guard book.isInPlace || isThere(book.current) else { throw error }
      if book.isInPlace { try update { $0.releases.noteNoCopy() } }
      tell("no release could be made of the app's folder, for a deploy to go back to: \(error)")
    }
  }

  /// Makes a release from a folder that is built; one that has the same content is taken as it is.
  func addRelease(from path: String) throws(LabError) {
    let source = try AppFolder(path)
    do {
      let release = try makeRelease(from: source)
      try update { $0.releases.noteTaken(release.number) }
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
      fingerprint: copy.fingerprint, runs: copy.runs)
    let target = folder.release(release.number)
    // Of one that was made and never written down.
    try? FileManager.default.removeItem(atPath: target)
    // Its files are on disk before anything says that it is there.
    let descriptor = Descriptor(open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    if !descriptor.isOpen || heights_sync_file_system(descriptor.number) != 0 {
      throw LabError.system(attempt: "flushing \(place)", code: errno)
    }
    if rename(place, target) != 0 { throw LabError.system(attempt: "making \(target)", code: errno) }
    try AtomicFile.syncFolder(folder.releases)
    try update { $0.releases.add(release) }
    return release
  }

  /// From now on these processes of the app run the release; those that run another one start anew, one after the other.
  func run(_ number: Int, on processes: [String], _ progress: Progress) throws(LabError) {
    let before = currentState.releases
    // What runs in the app's folder, where no copy of that could be made.
    let isFolder = number == 0 && before.current == nil
    guard isFolder || before[number]?.isRemoved == false else {
      throw .unknownRelease(number, known: knownReleases)
    }
    if number != before.current, !isFolder, let rollout = before.rollout, rollout.number != number {
      throw .rolloutUnderWay(rollout.number)
    }
    let names = appProcesses
    if let stranger = processes.first(where: { !names.contains($0) }) {
      throw .unknownProcess(stranger, known: names.sorted())
    }
    try update { $0.releases.assign(number, to: processes) }
    // What ran before has as much time as at any start.
    let limitMs = number == before.current || isFolder ? Self.readyLimitMs : Self.releaseReadyLimitMs
    for name in processes {
      do throws(LabError) {
        try start(name, ran: before.number(of: name), number, readyWithinMs: limitMs, progress)
      } catch {
        let isBefore = number == before.current || isFolder
        if isBefore, mayBeAway(name, number) {
          // What ran before is no better than it was; and where it had nothing of the kind, nobody of it misses that.
          tell("\(name) does not stay up: \(error)")
          continue
        }
        guard number == before.current, currentState.releases.mayReturnToFolder else { throw error }
        // Not every program runs from another folder than its own.
        tell(
          "\(name) does not start from the copy of the app's folder, and runs in that folder again: \(error)")
        try update { $0.releases.returnToFolder() }
        try start(name, ran: nil, number, readyWithinMs: limitMs, progress)
      }
      tell(isFolder ? "\(name) runs in the app's folder" : "\(name) runs release \(number)")
    }
  }

  /// Whether a release does its work without that process: a worker, or a service that heights.json has only since it was made.
  private func mayBeAway(_ name: String, _ number: Int) -> Bool {
    guard let spec = specs.first(where: { $0.name == name }) else { return false }
    return spec.worker != nil || currentState.releases[number]?.runs[manifest.part(of: spec)] == nil
  }

  private func start(
    _ name: String, ran former: Int?, _ number: Int, readyWithinMs limitMs: Int, _ progress: Progress
  ) throws(LabError) {
    if let role = Role(rawValue: name) {
      if former != number || supervisor?.status(of: name)?.health != .ready {
        try handOver(role, readyWithinMs: limitMs, progress)
      }
    } else {
      let host = specs.first { $0.name == name }?.host.id ?? name
      let level = currentState.hosts[host] ?? currentState.level
      try apply(level, to: [host], readyWithinMs: limitMs, progress)
      // One that does not stay up is only told of elsewhere; here it is what is asked.
      if host != name { try waitUntilReady(name) }
    }
  }

  /// Those that run the app's programs now.
  private var appProcesses: Set<String> {
    Set(specs.filter(\.runsApp).map(\.name)).union(currentState.openDoors.map(\.rawValue))
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
    if let former = book.current.flatMap({ book[$0] }), isWritten(former) {
      tell(
        "somebody has written in \(folder.release(former.number)), which release \(number) does not see: have the app write "
          + "below \(AppVariable.dataDirectory.rawValue)")
    }
    try removeSurplus()
  }

  /// What was on its way is given up, once no process runs it.
  func drop(fault: String?) throws(LabError) {
    guard let rollout = currentState.releases.rollout else { return }
    let names = appProcesses
    if rollout.processes.contains(where: names.contains) { throw .rolloutUnderWay(rollout.number) }
    try update { $0.releases.drop(fault: fault) }
    trialBook.withLock { $0.drop(rollout.number, fault: fault) }
    tell("release \(rollout.number) is taken back" + (fault.map { ": \($0)" } ?? ""))
    try removeSurplus()
  }

  private func removeSurplus() throws(LabError) {
    for release in currentState.releases.surplus {
      if isWritten(release) {
        tell("release \(release.number) is kept: somebody has written in \(folder.release(release.number))")
        continue
      }
      // Remembered first: half of its files would be none that runs.
      try update { $0.releases.noteRemoval(of: release.number) }
      try? FileManager.default.removeItem(atPath: folder.release(release.number))
    }
  }

  /// Whether there are other files than those that it was made of: an app's own, which are nowhere else.
  private func isWritten(_ release: LabRelease) -> Bool {
    let place = folder.release(release.number)
    let now = try? ReleaseFiles.fingerprint(of: place, release.runs.words)
    return now.map { $0 != release.fingerprint } ?? false
  }

  /// The app on the public port starts anew: connections wait in its sockets until it is ready.
  private func handOver(_ role: Role, readyWithinMs limitMs: Int, _ progress: Progress) throws(LabError) {
    if let status = supervisor?.status(of: role.rawValue), status.pid != nil, status.hasBeenReady {
      progress("\(role.rawValue) answers what it has accepted")
      drainForRestart(role, progress)
    }
    try stop(role)
    supervisor?.want(role.rawValue, zone: Self.firstZone)
    try waitUntilReady(role.rawValue, withinMs: limitMs)
  }
}
