// The releases of an app in its lab: which there are, which one runs, and how far the next one has come.

/// An app as it was at one moment: its programs and what they read, in a folder of its own that nothing changes any more.
public struct LabRelease: Codable, Equatable, Sendable {
  /// From 1 on; never given twice.
  public let number: Int
  /// Since 1970 (UTC), in milliseconds.
  public let madeAtMs: Int
  /// From what it was made, for people: a folder, and the commit that it was at.
  public let origin: String
  /// The same for the same files and the same words of `run`.
  let fingerprint: String
  /// What `runs` says, as it has always been written.
  private let program: String
  private let arguments: [String]
  private let services: [String: [String]]?
  private let workers: [String: [String]]?
  /// Whether all of the app has run it.
  public internal(set) var hasServed = false
  /// Why it was taken back; nil when it was not.
  public internal(set) var fault: String?
  /// Whether its files are there no more: only the newest are kept.
  public internal(set) var isRemoved = false

  init(number: Int, madeAtMs: Int, origin: String, fingerprint: String, runs: ReleaseRuns) {
    (self.number, self.madeAtMs, self.origin, self.fingerprint) = (number, madeAtMs, origin, fingerprint)
    (program, arguments) = (runs.all[0], Array(runs.all.dropFirst()))
    (services, workers) = (runs.services, runs.workers)
  }

  /// With what it starts the app.
  var runs: ReleaseRuns {
    ReleaseRuns(all: [program] + arguments, services: services, workers: workers)
  }
}

/// Every release of a lab, and which process runs which. Part of the lab's state, so that a lab that was killed in the middle of a
/// deploy comes back to what ran before.
public struct ReleaseBook: Codable, Equatable, Sendable {
  /// A release on its way into the app: these processes run it, all others the current one.
  public struct Rollout: Codable, Equatable, Sendable {
    /// Of the release.
    public let number: Int
    /// In the order in which they came to it.
    public internal(set) var processes: [String] = []
  }

  /// What a release is to the app now.
  public enum Standing: String, Codable, Sendable {
    /// What all processes run, but for those of a rollout.
    case running
    /// Some processes run it, and it is not decided whether all will.
    case canary
    /// All of the app has run it, until another took its place.
    case replaced
    /// It was tried and taken back.
    case bad
    /// No deploy of it has come to its end.
    case unused
  }

  /// So many of the newest are kept, and those that run.
  static let keptCount = 5
  /// Those that are remembered after their files have gone.
  static let rememberedCount = 30

  /// What all processes run, but for those of a rollout; nil before the lab's first start.
  public private(set) var current: Int?
  /// Nil while no release is on its way.
  public private(set) var rollout: Rollout?
  /// By rising number.
  public private(set) var all: [LabRelease] = []
  /// The one that was made last, or asked for again.
  public private(set) var taken: Int?
  /// Whether a deploy was ever begun; nil for never.
  private var hasDeployed: Bool?
  /// Whether one has come to its end; nil for never.
  private var hasSettled: Bool?

  /// Before the first release.
  public init() {}

  /// Whether the app's processes run from the app's folder, as it is: until the first deploy begins. From then on they run from
  /// copies, and nothing comes into the app but by deploys.
  public var isInPlace: Bool { hasDeployed != true }

  /// Whether what the app ran before its first deploy may run from the app's folder again.
  var mayReturnToFolder: Bool { !isInPlace && hasSettled != true }

  /// The release with that number; nil when there never was one, or it is long forgotten.
  public subscript(number: Int) -> LabRelease? { all.first { $0.number == number } }

  /// What a process runs; nil before the lab's first start.
  public func number(of process: String) -> Int? {
    if let rollout, rollout.processes.contains(process) { return rollout.number }
    return current
  }

  /// What a release is to the app now.
  public func standing(of release: LabRelease) -> Standing {
    if release.number == current { return .running }
    if release.number == rollout?.number { return .canary }
    if release.fault != nil { return .bad }
    return release.hasServed ? .replaced : .unused
  }

  /// The newest before the current one that all of the app has run and whose files are there.
  public var earlier: LabRelease? {
    guard let current else { return nil }
    return all.last { $0.number < current && $0.hasServed && $0.fault == nil && !$0.isRemoved }
  }

  /// Those whose files are not kept any longer.
  var surplus: [LabRelease] {
    let kept = all.filter { !$0.isRemoved }
    return kept.dropLast(Self.keptCount).filter { !isNeeded($0.number) }
  }

  /// Whether something runs it, or would if that were taken back.
  private func isNeeded(_ number: Int) -> Bool {
    [current, rollout?.number, earlier?.number].contains(number)
  }

  /// A release with the same content whose files are there.
  func known(_ fingerprint: String) -> LabRelease? {
    all.last { $0.fingerprint == fingerprint && !$0.isRemoved }
  }

  var nextNumber: Int { (all.last?.number ?? 0) + 1 }
}

// What happens to releases.
extension ReleaseBook {
  mutating func add(_ release: LabRelease) {
    all.append(release)
    let old = all.filter { !isNeeded($0.number) }.map(\.number).prefix(
      max(0, all.count - Self.rememberedCount))
    all.removeAll { old.contains($0.number) }
  }

  mutating func noteTaken(_ number: Int) { taken = number }

  /// These processes run the release from now on; the current one is what the others run.
  /// - Parameter number: 0 for the app's folder, where there is no current one.
  mutating func assign(_ number: Int, to processes: [String]) {
    if number == current ?? 0 {
      rollout?.processes.removeAll { processes.contains($0) }
      return
    }
    hasDeployed = true
    var fresh = rollout?.number == number ? rollout?.processes ?? [] : []
    fresh += processes.filter { !fresh.contains($0) }
    rollout = Rollout(number: number, processes: fresh)
  }

  /// All of the app runs the release from now on.
  mutating func settle(_ number: Int) {
    (current, rollout) = (number, nil)
    if !isInPlace { hasSettled = true }
    change(number) { release in
      release.hasServed = true
      release.fault = nil
    }
  }

  /// There is no copy of what runs in the app's folder.
  mutating func noteNoCopy() { current = nil }

  /// The app's processes run from its folder, as before the first deploy.
  mutating func returnToFolder() { hasDeployed = nil }

  /// No process runs what was on its way any more.
  /// - Parameter fault: why it was taken back; nil when it has done nothing wrong.
  mutating func drop(fault: String?) {
    guard let number = rollout?.number else { return }
    rollout = nil
    if let fault { change(number) { $0.fault = fault } }
  }

  mutating func noteRemoval(of number: Int) { change(number) { $0.isRemoved = true } }

  private mutating func change(_ number: Int, _ body: (inout LabRelease) -> Void) {
    if let index = all.firstIndex(where: { $0.number == number }) { body(&all[index]) }
  }
}
