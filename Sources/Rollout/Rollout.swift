// A release comes into all of an app, or into none of it.

import Lab
import Policies

/// Brings a release into the app that runs in a folder, instance by instance, and takes it back when it does worse.
public struct Rollout: Sendable {
  /// How it ended.
  public enum Outcome: Equatable, Sendable {
    /// All of the app runs the release.
    case running(Int)
    /// It did already, and nothing else was on its way.
    case ranAlready(Int)
    /// What was on its way and had been cut short was taken back; the second one runs.
    case tookBack(Int, running: Int?)
  }

  /// How long is looked at what has changed, in milliseconds.
  struct Pace: Sendable {
    /// What a process does first, it does slowly.
    var warmMs = 1_000
    /// The first instance of a service: so long at least, and so long at most where few people come.
    var canary = 3_000...8_000
    /// The others.
    var batch = 500...500
    var lookMs = 250
    /// On a busy machine a process misses a question.
    var unreadyMs = 2_000
  }

  let lab: any RolloutLab
  var pace = Pace()
  var judge = CanaryJudge()
  /// Whether migrations may take something from the other release.
  let allowsBreaking: Bool
  /// Asked between what is done.
  let shouldStop: @Sendable () -> Bool
  /// Hears what happens.
  let tell: @Sendable (String) -> Void

  /// Makes a release of a folder that is built, and brings it into the app.
  /// - Parameters:
  ///   - source: an app's folder, or an unpacked release of `heights build`.
  ///   - allowsBreaking: also with migrations that one of both releases can't live with.
  ///   - shouldStop: asked between what is done; then what was done is taken back.
  ///   - tell: hears what happens.
  /// - Throws: `RolloutError`, and what the lab throws.
  public static func deploy(
    from source: String, in folder: AppFolder, allowsBreaking: Bool,
    shouldStop: @escaping @Sendable () -> Bool,
    tell: @escaping @Sendable (String) -> Void
  ) throws -> Outcome {
    let lab = RolledLab(folder: folder)
    _ = try lab.app()
    let lock = try RolloutError.lock(folder)
    defer { withExtendedLifetime(lock) {} }
    let rollout = Rollout(
      lab: lab, allowsBreaking: allowsBreaking, shouldStop: shouldStop, tell: tell)
    _ = try rollout.putRight()
    guard let number = try lab.add(from: source) else {
      throw RolloutError.unknownRelease(0, known: [])
    }
    if try lab.app().releases.current == number { return .ranAlready(number) }
    tell("release \(number) is made of \(source)")
    return try rollout.bring(number, .forward)
  }

  /// Goes back to a release that ran before, by the same path.
  /// - Parameters:
  ///   - allowsBreaking: also past migrations that the former release can't live with.
  ///   - asked: the one before the current one when nil; when a deploy was cut short, that is taken back, and that is all.
  ///   - shouldStop: asked between what is done; then what was done is taken back.
  ///   - tell: hears what happens.
  /// - Throws: `RolloutError`, and what the lab throws.
  public static func back(
    to asked: Int?, in folder: AppFolder, allowsBreaking: Bool,
    shouldStop: @escaping @Sendable () -> Bool,
    tell: @escaping @Sendable (String) -> Void
  ) throws -> Outcome {
    let lab = RolledLab(folder: folder)
    _ = try lab.app()
    let lock = try RolloutError.lock(folder)
    defer { withExtendedLifetime(lock) {} }
    return try Rollout(
      lab: lab, allowsBreaking: allowsBreaking, shouldStop: shouldStop, tell: tell
    ).back(to: asked)
  }

  func back(to asked: Int?) throws -> Outcome {
    let unfinished = try putRight()
    let book = try lab.app().releases
    // Whoever asks for what ran before asks for that alone: it may have been taken back meanwhile.
    if let unfinished, asked == nil || asked == book.current {
      return .tookBack(unfinished, running: book.current)
    }
    let known = book.all.filter { !$0.isRemoved }.map(\.number)
    guard let number = asked ?? book.earlier?.number else { throw RolloutError.noEarlier }
    guard known.contains(number) else { throw RolloutError.unknownRelease(number, known: known) }
    if book.current == number { return .ranAlready(number) }
    return try bring(number, book.current.map { number < $0 } ?? false ? .back : .forward)
  }

  /// Takes back what a deploy that was cut short has left.
  /// - Returns: the number of its release; nil when there was none.
  func putRight() throws -> Int? {
    guard let rollout = try lab.app().releases.rollout else { return nil }
    tell("the deploy of release \(rollout.number) was cut short: it is taken back first")
    try takeBack(fault: nil)
    return rollout.number
  }

  func bring(_ number: Int, _ direction: RolloutPlan.Direction) throws -> Outcome {
    let former = try lab.app().releases.current
    if let former, !allowsBreaking {
      let review = MigrationReview(lab.migrations(of: former), lab.migrations(of: number))
      if !review.findings.isEmpty { throw RolloutError.breakingMigrations(number, review.findings) }
    }
    do {
      let plan = RolloutPlan(number: number, direction: direction)
      while let batch = try plan.next(in: lab.app()) {
        if shouldStop() { throw Stop() }
        try bring(number, to: batch)
      }
      if shouldStop() { throw Stop() }
      try lab.settle(number)
    } catch {
      // The lab may have done what was asked for last, although nobody heard of it.
      if let book = try? lab.app().releases, book.current == number, book.rollout == nil {
        return .running(number)
      }
      throw undo(number, former, error)
    }
    return .running(number)
  }

  private struct Stop: Error {}
  /// What was seen of a release that is to be taken back.
  private struct Fault: Error, CustomStringConvertible { let description: String }

  /// - Returns: what is told of it.
  private func undo(_ number: Int, _ former: Int?, _ error: any Error) -> RolloutError {
    if isGone { return .labGone(number, running: former) }
    let reason = "\(error)"
    do {
      // In the list of releases a line is enough: the rest is the end of a log.
      let line = reason.prefix { $0 != "\n" }
      try takeBack(fault: error is Stop ? nil : String(line))
    } catch let failure {
      if isGone { return .labGone(number, running: former) }
      return .notTakenBack(
        number, reason: error is Stop ? "it was asked to stop" : reason, failure: "\(failure)")
    }
    return error is Stop
      ? .stopped(number, running: former) : .takenBack(number, running: former, reason: reason)
  }

  private var isGone: Bool {
    do {
      _ = try lab.app()
      return false
    } catch { return (error as? LabError)?.code == "not_running" }
  }

  /// Who came last goes back first.
  private func takeBack(fault: String?) throws {
    let app = try lab.app()
    guard let rollout = app.releases.rollout else { return }
    tell("taking release \(rollout.number) back")
    // One that was scaled in meanwhile runs nothing. The others are seen to as well: a try before may have come half way.
    let moved = rollout.processes.reversed().filter { app.instance($0) != nil }
    let others = app.services.flatMap(\.instances).map(\.name).filter { !moved.contains($0) }
    var failure: (any Error)?
    for process in moved + others {
      do { try lab.run(app.releases.current ?? 0, on: [process], tell) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    try lab.drop(fault: fault)
  }
}

// One batch, and what is seen of it.
extension Rollout {
  private func bring(_ number: Int, to batch: RolloutPlan.Batch) throws {
    let names = batch.processes.joined(separator: ", ")
    tell("\(names) of \(batch.service): release \(number)\(batch.isCanary ? ", and nobody else yet" : "")")
    var trial = LabSnapshot.Trial(
      service: batch.service, release: number,
      share: Double(batch.moved.count) / Double(batch.moved.count + batch.staying.count))
    lab.show(trial)
    // Where none stays, the new ones are held against what they take the place of.
    let counts = lab.counts()
    let before = batch.processes.compactMap { counts[$0] }.reduce(AnswerCounts(), +)
    for name in batch.processes {
      if shouldStop() { throw Stop() }
      try lab.run(number, on: [name], tell)
    }
    let said = try watch(batch, instead: before, &trial)
    (trial.verdict, trial.text) = (.wentOn, said)
    lab.show(trial)
    if batch.isCanary || batch.staying.isEmpty { tell("\(batch.service): \(said)") }
  }

  /// Returns when the batch has been well for long enough.
  /// - Parameters:
  ///   - former: what its processes had counted when they ran what was before.
  ///   - trial: shown to people at each look.
  private func watch(
    _ batch: RolloutPlan.Batch, instead former: AnswerCounts, _ trial: inout LabSnapshot.Trial
  ) throws -> String {
    let isFirst = batch.moved.count == batch.processes.count
    let started = try health(of: batch).restarts
    if isFirst { lab.pause(ms: pace.warmMs) }
    let begun = lab.counts()
    let limits = isFirst ? pace.canary : pace.batch
    var (elapsedMs, unreadyMs) = (0, 0)
    while true {
      lab.pause(ms: pace.lookMs)
      elapsedMs += pace.lookMs
      let health = try health(of: batch)
      unreadyMs = health.unready == nil ? 0 : unreadyMs + pace.lookMs
      if let name = health.unready, unreadyMs >= pace.unreadyMs {
        throw Fault(description: "\(name) became ready, and did not stay so; its log says why")
      }
      if health.restarts != started {
        throw Fault(
          description: "\(batch.processes.joined(separator: ", ")) ended after it was ready; its log says why"
        )
      }
      let now = lab.counts()
      let new = Self.counted(batch.moved, now, since: begun)
      let staying = batch.staying.isEmpty ? former : Self.counted(batch.staying, now, since: begun)
      (trial.new, trial.staying) = (.init(new), .init(staying))
      lab.show(trial)
      let verdict = judge.verdict(of: new, against: staying)
      if case .worse(let reason) = verdict {
        throw Fault(description: "\(batch.service) does worse than before: \(reason)")
      }
      if shouldStop() { throw Stop() }
      if verdict == .healthy, unreadyMs == 0, elapsedMs >= limits.lowerBound {
        return "does as well as before, by \(Int(new.total)) requests"
      }
      // Where nobody has come, nobody is waited for.
      let isOver = elapsedMs >= (new.total == 0 ? limits.lowerBound : limits.upperBound)
      if isOver, unreadyMs == 0 {
        return "judged by its health only, since there were \(Int(new.total)) requests to judge by"
      }
    }
  }

  /// How often each of a batch has been started again, and one of them that is not ready.
  private func health(of batch: RolloutPlan.Batch) throws -> (restarts: [Int?], unready: String?) {
    let app = try lab.app()
    return (
      batch.processes.map { app.instance($0)?.restarts },
      batch.processes.first { app.instance($0)?.isReady != true }
    )
  }

  private static func counted(
    _ processes: [String], _ now: [String: AnswerCounts], since begun: [String: AnswerCounts]
  ) -> AnswerCounts {
    processes.reduce(into: AnswerCounts()) { sum, name in
      // One that could not be asked before may have counted for long.
      guard let earlier = begun[name], let now = now[name], now.total >= earlier.total else {
        return
      }
      sum = sum + now.since(earlier)
    }
  }
}
