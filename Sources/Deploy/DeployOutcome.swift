// How a deployment ended.

/// What became of one stack.
public struct StackReport: Equatable, Sendable, Codable {
  /// What the deployment did to it.
  public enum Change: String, Equatable, Sendable, Codable {
    case created, updated, unchanged
  }

  /// As the plan has it.
  public let name: String
  /// AWS's code of it.
  public let region: String
  /// Whether it is new, other than before, or the same.
  public let change: Change
  /// What the stack hands out now, by the outputs' names.
  public let outputs: [String: String]

  init(_ stack: StackPlan, _ change: Change, outputs: [String: String]) {
    name = stack.name
    region = stack.region
    self.change = change
    self.outputs = outputs
  }
}

/// How a deployment ended. Stacks before the one that is named are done and stay; calling it again goes on from there.
public enum DeployOutcome: Equatable, Sendable {
  case deployed(account: String, [StackReport])
  /// The change set would have lost data; it was not executed.
  case refused(stack: String, [DataLoss])
  /// The app is deployed for another stage, and no climb has moved its data; nothing was changed. Without a stage the
  /// stack does not say for which.
  case otherStage(stack: String, deployed: String?, wanted: Int)
  /// Somebody said no.
  case declined(stack: String)
  /// The stack was found in a state that no update mends.
  case stuck(stack: String, status: StackStatus, advice: String, remedy: String?)
  case changeSetFailed(stack: String, reason: String)
  /// AWS tried and went back, or got stuck.
  case failed(stack: String, region: String, status: StackStatus, [StackFailure])
  /// Nobody waits any longer; what AWS does goes on. Without a status it was the making of a change set.
  case timedOut(stack: String, region: String, status: StackStatus?)
  /// Ctrl-C. What is under way goes on.
  case interrupted(underWay: String?, region: String?)
}
