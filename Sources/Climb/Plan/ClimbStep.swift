// What a step of a climb is, and how it tells what it does.

/// One step. `run` and `undo` may be repeated: what is already so is left so, and each makes sure of what it needs,
/// since the processes may have been restarted since the step before it.
struct ClimbStep: Sendable {
  typealias Work = @Sendable (_ provider: any Provider, _ say: StepVoice) throws -> Void

  /// Stable: the journal holds it.
  let name: String
  /// For people, in the infinitive.
  let title: String
  let run: Work
  /// Throws when what `run` should have brought about is not so.
  let verify: Work
  let undo: Work
}

/// How a step tells what it does: `say("…")`.
struct StepVoice {
  let tell: (_ text: String, _ progress: ClimbEvent.StepProgress?) -> Void

  static var silent: StepVoice { StepVoice { _, _ in } }

  func callAsFunction(_ text: String) { tell(text, nil) }

  /// How far the step has come, with an estimate of the rest where there is one.
  func progress(_ text: String, fraction: Double, remainingSeconds: Int?) {
    let fraction = min(max(fraction, 0), 1)
    tell(text, ClimbEvent.StepProgress(fraction: fraction, remainingSeconds: remainingSeconds))
  }
}
