// A drill: load, a fault, what people notice of it, recovery, and whether anything was lost.

import Foundation
import History
import Lab
import Load
import Synchronization
import Topology

/// Breaks something in a running lab under load, and judges. It is never the detector: it looks, and tells nobody.
public struct Drill: Sendable {
  private static let calmSeconds = 3.0
  /// How long an app may take to be well before anything is broken, a fault to show, and an app to be as before.
  private static let wellLimitMs = 15_000
  private static let proofLimitMs = 10_000
  private static let recoveryLimitMs = 120_000
  /// How long all must be well to count: the lab asks each process once a second, so an answer may be from before.
  private static let steadyMs = 2_000
  private static let lookPauseMs = 100

  private let folder: AppFolder
  private let kind: DrillKind
  private let zone: String?
  private let holdSeconds: Int
  private let load: LoadOptions

  /// - Parameters:
  ///   - zone: for an outage; the one with the database's leader when nil.
  ///   - holdSeconds: for how long the fault stays; the drill's own time when nil.
  ///   - load: what goes on meanwhile; its duration is the drill's business.
  public init(
    _ kind: DrillKind, in folder: AppFolder, zone: String?, holdSeconds: Int?, load: LoadOptions
  ) {
    (self.kind, self.folder, self.zone) = (kind, folder, zone)
    var load = load
    load.historyPath = folder.history
    self.load = load
    self.holdSeconds = holdSeconds ?? kind.holdSeconds
  }

  /// Runs it to its end. Whatever happens, the fault is undone.
  /// - Parameters:
  ///   - shouldStop: asked while it waits; true ends the drill without a verdict.
  ///   - tell: hears what happens.
  /// - Throws: `DrillError`, what the lab and the load throw.
  public func run(
    shouldStop: @escaping @Sendable () -> Bool, tell: @escaping @Sendable (String) -> Void
  ) async throws -> DrillReport {
    let lock = try DrillError.lock(folder)
    defer { withExtendedLifetime(lock) {} }
    let lab = ControlClient(folder)
    let before = try await whole(lab, shouldStop, tell)
    let fault = try kind.fault(in: before, zone: zone, folder: folder)
    let wellbeing = Wellbeing(before)
    try await Blocking.run { try fault.prepare(lab) }
    let session = DrillLoad(load)
    async let loaded = session.run(tell)
    let performed: Performed
    do { performed = try await perform(fault, wellbeing, lab, session, shouldStop, tell) } catch {
      session.stop()
      // Leaving here cancels the load, even while it signs people up.
      if error is CancellationError { throw DrillError.stopped }
      // Why the load ended says more than that it did.
      _ = try await loaded
      throw error
    }
    session.stop()
    return try await judge(before.stage.number, fault, performed, try await loaded, session.log, tell)
  }

  /// What there is, once all is well: right after another drill a follower may be in step and not have said so yet.
  private func whole(
    _ lab: ControlClient, _ shouldStop: @Sendable () -> Bool, _ tell: @Sendable (String) -> Void
  ) async throws -> LabSnapshot {
    let end = ContinuousClock.now + .milliseconds(Self.wellLimitMs)
    var told = false
    while true {
      let snapshot = try await Blocking.run { try lab.send(.status) }
      guard let complaint = Wellbeing(snapshot).complaint(snapshot) else { return snapshot }
      // Power does not come back by itself.
      guard snapshot.cutZones.isEmpty, ContinuousClock.now < end else {
        throw DrillError.unhealthy(complaint)
      }
      if !told { tell("waiting until all is well: \(complaint)") }
      told = true
      if shouldStop() { throw DrillError.stopped }
      try await Task.sleep(for: .milliseconds(Self.lookPauseMs))
    }
  }

  private struct Performed {
    var faultNs: UInt64 = 0
    var proof = ""
    var faultSeconds = 0.0
    var recoverySeconds: Double?
  }

  private func perform(
    _ fault: any Fault, _ wellbeing: Wellbeing, _ lab: ControlClient, _ session: DrillLoad,
    _ shouldStop: @escaping @Sendable () -> Bool, _ tell: @escaping @Sendable (String) -> Void
  ) async throws -> Performed {
    var performed = Performed()
    var begun = ContinuousClock.now
    do {
      try await session.waitUntilItFlows(shouldStop)
      try await pause(Self.calmSeconds, session, shouldStop)
      begun = ContinuousClock.now
      tell("now: \(kind.summary) (\(fault.target))")
      performed.faultNs = LoadRequest.nowNs
      let hold = holdSeconds
      let seen = try await Blocking.run {
        try fault.inflict(lab, holdSeconds: hold, shouldStop: shouldStop)
      }
      performed.proof =
        if let seen { seen } else {
          try await proof(of: fault, lab, session, since: performed.faultNs, shouldStop)
        }
      tell("it holds: \(performed.proof)")
      try await pause(Double(holdSeconds) - (ContinuousClock.now - begun).seconds, session, shouldStop)
    } catch {
      do { try await Blocking.run { try fault.end(lab) } } catch { throw DrillError.notMended("\(error)") }
      throw error
    }
    try await Blocking.run { try fault.end(lab) }
    let ended = ContinuousClock.now
    performed.faultSeconds = (ended - begun).seconds
    tell("the fault is over; waiting until all is as before")
    performed.recoverySeconds = try await recovery(wellbeing, lab, since: ended, session, shouldStop)
    try await pause(Self.calmSeconds, session, shouldStop)
    return performed
  }

  private func proof(
    of fault: any Fault, _ lab: ControlClient, _ session: DrillLoad, since faultNs: UInt64,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) async throws -> String {
    let end = ContinuousClock.now + .milliseconds(Self.proofLimitMs)
    while ContinuousClock.now < end {
      let snapshot = try await Blocking.run { try lab.send(.status) }
      if let proof = fault.proof(snapshot, hasFailed: { session.log.hasFailed($0, since: faultNs) }) {
        return proof
      }
      try await pause(Double(Self.lookPauseMs) / 1_000, session, shouldStop)
    }
    throw DrillError.didNotTakeHold("\(fault.target) was as before for \(Self.proofLimitMs / 1_000) seconds")
  }

  /// - Returns: the seconds until all was well and stayed so; nil when time was up.
  private func recovery(
    _ wellbeing: Wellbeing, _ lab: ControlClient, since ended: ContinuousClock.Instant, _ session: DrillLoad,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) async throws -> Double? {
    let end = ended + .milliseconds(Self.recoveryLimitMs)
    var wellSince: ContinuousClock.Instant?
    while ContinuousClock.now < end {
      let asked = ContinuousClock.now
      let snapshot = try await Blocking.run { try lab.send(.status) }
      if wellbeing.complaint(snapshot) != nil {
        wellSince = nil
      } else if let wellSince, asked - wellSince >= .milliseconds(Self.steadyMs) {
        return (wellSince - ended).seconds
      } else {
        wellSince = wellSince ?? asked
      }
      try await pause(Double(Self.lookPauseMs) / 1_000, session, shouldStop)
    }
    return nil
  }

  private func pause(
    _ seconds: Double, _ session: DrillLoad, _ shouldStop: @escaping @Sendable () -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(max(seconds, 0))
    repeat {
      if shouldStop() { throw CancellationError() }
      if session.hasEnded { throw DrillError.loadEnded }
      try await Task.sleep(for: .milliseconds(20))
    } while ContinuousClock.now < end
  }

  // MARK: The verdict

  private func judge(
    _ stage: Int, _ fault: any Fault, _ performed: Performed, _ load: LoadReport, _ log: RequestLog,
    _ tell: @escaping @Sendable (String) -> Void
  ) async throws -> DrillReport {
    tell("reading every acknowledged write back")
    let folder = folder
    let verification = LedgerVerification(
      target: self.load.target, ledgerPath: self.load.ledgerPath,
      stores: try await Blocking.run { try Stores(folder) })
    let ledger = try await verification.run()
    let history = try await historyVerdict(verification)
    let entries = log.entries
    let touched = entries.filter { $0.endedNs >= performed.faultNs }
    return DrillReport(
      drill: kind, stage: stage, target: fault.target, proof: performed.proof,
      faultSeconds: performed.faultSeconds,
      reads: Impact(entries.filter { !$0.isWrite }, since: performed.faultNs),
      writes: Impact(entries.filter(\.isWrite), since: performed.faultNs),
      bystanders: fault.needed.map { needed in
        Bystanders(
          entries.filter { $0.action.map(needed.contains) == false }, since: performed.faultNs,
          seconds: performed.faultSeconds)
      },
      availability: MeasuredAvailability(
        entries, since: performed.faultNs, target: Stage(rawValue: stage)?.availabilityTarget ?? 1),
      allowed: kind.allowances(atStage: stage),
      errors: Dictionary(touched.compactMap(\.failure).map { ($0, 1) }) { $0 + $1 },
      recoverySeconds: performed.recoverySeconds, acknowledgedWrites: ledger.acknowledged,
      missingWrites: ledger.missing + ledger.unreadable, unexpectedRows: ledger.unexpected,
      readFrom: ledger.source, history: history, sessions: load.sessions?.checked ?? 0,
      lostSessions: (load.sessions?.lost ?? 0) + (load.sessions?.unreadable ?? 0),
      endedSessions: load.sessions?.ended ?? 0, letInSessions: load.sessions?.letIn ?? 0,
      identifiersAheadSeconds: try verification.latestPostSeconds.map { $0 - Date().timeIntervalSince1970 }
        ?? 0,
      examples: ledger.examples + (load.sessions?.examples ?? []))
  }
}

extension Drill {
  /// Whether all that was answered can be true together, what the leader has at the end included.
  private func historyVerdict(_ verification: LedgerVerification) async throws -> Verdict {
    guard let path = load.historyPath else { return HistoryChecker.check([]) }
    try await verification.readLeader(intoHistory: path)
    return try await Blocking.run { HistoryChecker.check(try HistoryFile.read(path)) }
  }
}

/// The load beside a drill.
final class DrillLoad: Sendable {
  /// Longer than any drill: it is stopped when that is over.
  private static let durationSeconds = 3_600.0
  private static let flowingRequests = 20
  private static let startLimitMs = 120_000

  let log = RequestLog()
  private let options: LoadOptions
  private let isStopped = Atomic<Bool>(false)
  private let isOver = Atomic<Bool>(false)

  init(_ options: LoadOptions) {
    var options = options
    options.durationSeconds = Self.durationSeconds
    self.options = options
  }

  var hasEnded: Bool { isOver.load(ordering: .acquiring) }

  func stop() { isStopped.store(true, ordering: .releasing) }

  func run(_ tell: @escaping @Sendable (String) -> Void) async throws -> LoadReport {
    defer { isOver.store(true, ordering: .releasing) }
    tell("signing up \(options.users) users")
    return try await LoadRun(options).run(
      observe: { [log] in log.add($0) },
      shouldStop: { [self] in isStopped.load(ordering: .acquiring) })
  }

  func waitUntilItFlows(_ shouldStop: @Sendable () -> Bool) async throws {
    let end = ContinuousClock.now + .milliseconds(Self.startLimitMs)
    while log.count < Self.flowingRequests {
      if shouldStop() { throw CancellationError() }
      guard !hasEnded, ContinuousClock.now < end else { throw DrillError.loadEnded }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

/// The lab's control socket blocks whoever asks.
private enum Blocking {
  static func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
