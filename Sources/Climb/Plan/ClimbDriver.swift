// Performs what the engine decides: writes records, runs steps, tells what happens.

/// What happens in a climb, for whoever watches it.
public struct ClimbEvent: Codable, Equatable, Sendable {
  /// What is told of an operation.
  public enum Kind: String, Codable, Sendable {
    case starts, done, failed
    /// Something that a step says on its way.
    case progress
  }

  /// How far a step has come that takes its time.
  public struct StepProgress: Codable, Equatable, Sendable {
    /// 0 to 1.
    public let fraction: Double
    /// How much longer the step will take at its present pace; nil when it can't tell.
    public let remainingSeconds: Int?
  }

  /// What happened.
  public let event: Kind
  /// To what it happened.
  public let operation: ClimbEngine.Operation
  /// The step's stable name.
  public let step: String
  /// 1 for the first.
  public let number: Int
  /// Of all steps.
  public let count: Int
  /// What the step does, what it says, or why it failed.
  public let text: String
  /// Only with `progress`, and only of steps that can tell.
  public let progress: StepProgress?
}

struct ClimbDriver {
  let steps: [ClimbStep]
  let provider: any Provider
  /// Puts a record on disk.
  let append: (ClimbRecord) throws -> Void
  /// Asked before each action; true ends the climb there, ready to go on later.
  let shouldStop: () -> Bool
  let report: (ClimbEvent) -> Void

  /// Goes on until the end; nil when it was stopped. Throws only when a record can't be written.
  func drive(_ engine: consuming ClimbEngine, _ direction: ClimbEngine.Direction) throws
    -> ClimbEngine.Outcome?
  {
    var event = ClimbEngine.Event.begin(direction)
    while true {
      switch engine.handle(event) {
      case .record(let record):
        try append(record)
        tell(record)
        event = .recorded
      case .perform(let operation, let name):
        if shouldStop() { return nil }
        event = perform(operation, name)
      case .end(let outcome): return outcome
      }
    }
  }

  private func perform(_ operation: ClimbEngine.Operation, _ name: String) -> ClimbEngine.Event {
    guard let step = steps.first(where: { $0.name == name }) else { return .failed("no step \(name)") }
    let say = StepVoice { text, progress in tell(.progress, operation, name, text, progress) }
    do {
      switch operation {
      case .run: try step.run(provider, say)
      case .verify: try step.verify(provider, say)
      case .undo: try step.undo(provider, say)
      }
      return .performed
    } catch {
      return .failed("\(error)")
    }
  }

  private func tell(_ record: ClimbRecord) {
    switch record {
    case .starts(let operation, let name): tell(.starts, operation, name, title(name))
    case .done(let operation, let name): tell(.done, operation, name, title(name))
    case .failed(let operation, let name, let reason): tell(.failed, operation, name, reason)
    case .began, .resumed, .committed, .reverted: break
    }
  }

  private func title(_ name: String) -> String { steps.first { $0.name == name }?.title ?? name }

  private func tell(
    _ kind: ClimbEvent.Kind, _ operation: ClimbEngine.Operation, _ name: String, _ text: String,
    _ progress: ClimbEvent.StepProgress? = nil
  ) {
    let number = (steps.firstIndex { $0.name == name } ?? 0) + 1
    report(
      ClimbEvent(
        event: kind, operation: operation, step: name, number: number, count: steps.count, text: text,
        progress: progress))
  }
}
