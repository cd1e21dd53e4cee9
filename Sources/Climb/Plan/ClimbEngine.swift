// The order of things in a climb, as a state machine without I/O: events in, one action out.

/// Decides what a climb does next. Every action lies between two records of the journal, so an engine made from the
/// journal of a climb that was cut short goes on where that one ended.
///
/// Going up, each step is run, then verified; the climb is committed when the last is verified. Going back, the steps
/// that were begun are undone, the last first. Both directions can be taken until the climb is committed.
public struct ClimbEngine: Sendable {
  /// Up to the next stage, or back to where the climb began.
  public enum Direction: String, Codable, Sendable {
    case up, back
  }

  /// What is done with a step.
  public enum Operation: String, Codable, Sendable {
    case run, verify, undo
  }

  /// What the driver tells.
  public enum Event: Equatable, Sendable {
    /// First of all, once.
    case begin(Direction)
    /// The record is on disk.
    case recorded
    case performed
    case failed(String)
  }

  /// What the driver has to do next; it answers with an event.
  public enum Action: Equatable, Sendable {
    /// Put it on disk, then say `recorded`.
    case record(ClimbRecord)
    /// Do it, then say `performed` or `failed`.
    case perform(Operation, step: String)
    case end(Outcome)
  }

  /// How the climb ended.
  public enum Outcome: Equatable, Sendable {
    case committed
    case reverted
    case alreadyCommitted
    case nothingToUndo
    /// What was done stays; the climb can go on or back from here.
    case failed(Operation, step: String, reason: String)
  }

  /// How far a climb has come.
  public enum Standing: String, Codable, Sendable {
    case notBegun, underWay, committed
  }

  private enum StepState: Sendable {
    /// Never begun, or undone.
    case untouched
    /// Begun, or its undoing begun.
    case touched
    case verified
  }

  private enum State: Sendable {
    case idle
    case recording(ClimbRecord)
    case performing(Operation, step: String)
    case ended
  }

  private let steps: [String]
  /// What the climb that is under way leads from and to.
  public private(set) var change: StageChange?
  private var states: [StepState]
  private var direction = Direction.up
  private var state = State.idle
  /// By what is on disk.
  public private(set) var standing = Standing.notBegun

  /// An engine for `steps` that knows what `journal` tells. Throws when the journal is of other steps.
  /// - Parameter change: of a climb that has not begun; one that has is remembered with its own.
  public init(steps: [String], change: StageChange? = nil, journal: [ClimbRecord]) throws(ClimbError) {
    self.steps = steps
    self.change = change
    states = steps.map { _ in .untouched }
    for record in journal {
      try check(record)
      apply(record)
    }
  }

  /// The steps that are verified, in order.
  public var verifiedSteps: [String] { zip(steps, states).filter { $0.1 == .verified }.map(\.0) }

  /// What to do after `event`.
  public mutating func handle(_ event: Event) -> Action {
    switch (state, event) {
    case (.idle, .begin(let direction)): return begin(direction)
    case (.recording(let record), .recorded):
      apply(record)
      return follow(record)
    case (.performing(let operation, let step), .performed): return record(.done(operation, step: step))
    case (.performing(let operation, let step), .failed(let reason)):
      return record(.failed(operation, step: step, reason: reason))
    default:
      // The driver answers each action with the event of that action; anything else is a mistake in it.
      preconditionFailure("the event \(event) does not belong to \(state)")
    }
  }
}

// Moving on.
extension ClimbEngine {
  private mutating func begin(_ direction: Direction) -> Action {
    self.direction = direction
    switch (standing, direction) {
    case (.committed, _): return end(.alreadyCommitted)
    case (.notBegun, .back): return end(.nothingToUndo)
    case (.notBegun, .up): return record(.began(steps: steps, change))
    case (.underWay, _): return record(.resumed(direction))
    }
  }

  /// What follows a record that is on disk.
  private mutating func follow(_ record: ClimbRecord) -> Action {
    switch record {
    case .began, .resumed, .done(.verify, _), .done(.undo, _): return next()
    case .starts(let operation, let step):
      state = .performing(operation, step: step)
      return .perform(operation, step: step)
    case .done(.run, let step): return self.record(.starts(.verify, step: step))
    case .failed(let operation, let step, let reason):
      return end(.failed(operation, step: step, reason: reason))
    case .committed: return end(.committed)
    case .reverted: return end(.reverted)
    }
  }

  private mutating func next() -> Action {
    switch direction {
    case .up:
      guard let index = states.firstIndex(where: { $0 != .verified }) else { return record(.committed) }
      return record(.starts(.run, step: steps[index]))
    case .back:
      guard let index = states.lastIndex(where: { $0 != .untouched }) else { return record(.reverted) }
      return record(.starts(.undo, step: steps[index]))
    }
  }

  private mutating func record(_ record: ClimbRecord) -> Action {
    state = .recording(record)
    return .record(record)
  }

  private mutating func end(_ outcome: Outcome) -> Action {
    state = .ended
    return .end(outcome)
  }
}

// What a record says, be it new or from an earlier run.
extension ClimbEngine {
  private func check(_ record: ClimbRecord) throws(ClimbError) {
    if case .began(let recorded, _) = record, recorded != steps {
      throw .otherSteps(recorded: recorded, expected: steps)
    }
    if let step = record.step, !steps.contains(step) {
      throw .otherSteps(recorded: [step], expected: steps)
    }
  }

  private mutating func apply(_ record: ClimbRecord) {
    switch record {
    case .began(_, let began):
      change = began ?? change
      reset(.underWay)
    case .reverted: reset(.notBegun)
    case .committed: standing = .committed
    case .starts(.run, let step), .starts(.undo, let step): set(step, .touched)
    case .done(.verify, let step): set(step, .verified)
    case .done(.undo, let step): set(step, .untouched)
    case .resumed, .starts(.verify, _), .done(.run, _), .failed: break
    }
  }

  private mutating func reset(_ standing: Standing) {
    self.standing = standing
    states = steps.map { _ in .untouched }
  }

  private mutating func set(_ step: String, _ state: StepState) {
    if let index = steps.firstIndex(of: step) { states[index] = state }
  }
}
