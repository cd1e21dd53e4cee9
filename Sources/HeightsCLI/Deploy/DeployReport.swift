// How a deployment is told: what happens on standard error, how it ended on standard output.

import Deploy

struct DeployReport: Sendable {
  let output: Output
  let wantsJSON: Bool
  private let startedAt = ContinuousClock.now

  init(output: Output, wantsJSON: Bool) {
    self.output = output
    self.wantsJSON = wantsJSON
  }

  // MARK: On the way

  @Sendable func tell(_ event: DeployEvent) {
    switch event {
    case .identified(let account): output.progress("account \(account)")
    case .looking(let stack): output.progress("\(stack.name) in \(stack.region): making a change set")
    case .reviewed(let review): output.progress(Self.text(of: review))
    case .unchanged(let stack): output.progress("\(stack.name): no change")
    case .executing(let stack): output.progress("\(stack.name): under way")
    case .waiting(let stack, let status):
      let what = status.map(\.raw) ?? "making a change set"
      output.update("  \(stack.name): \(what), \((ContinuousClock.now - startedAt).components.seconds) s")
    case .uploading(let title): output.update("  \(title): uploading")
    case .uploaded(let title): output.progress("\(title): uploaded")
    case .uploadedBefore(let title): output.progress("\(title): there already")
    case .placed(let epoch): output.progress("placement: written (epoch \(epoch))")
    case .placedBefore: output.progress("placement: no change")
    case .publishing(let app): output.progress("publishing the launch page (Amplify app \(app))")
    }
  }

  /// The change set as a table, and under it what it would cost.
  static func text(of review: DeployEngine.Review) -> String {
    let changes = review.changeSet.changes
    if changes.isEmpty { return "  only outputs change" }
    let rows = changes.map { [$0.action, $0.resource, $0.type, $0.replacement?.text ?? ""] }
    let table = Table.text(["ACTION", "RESOURCE", "TYPE", "REPLACEMENT"], rows)
    let warnings = review.losses.map { "! \($0.resource) \($0.reason)" }
    return (table.split(separator: "\n").map(String.init) + warnings).map { "  " + $0 }
      .joined(separator: "\n")
  }

  // MARK: The end

  /// The last words of `--json`.
  private struct End: Encodable {
    let outcome: String
    let message: String
    var account: String?
    var stacks: [StackReport]?
    var stack: String?
    var losses: [DataLoss]?
    var failures: [StackFailure]?
  }

  /// Tells it, and returns the exit code.
  func end(_ outcome: DeployOutcome) -> Int32 {
    output.endUpdates()
    let end = describe(outcome)
    if wantsJSON {
      output.json(end)
    } else {
      output.result(end.message)
    }
    if case .deployed = outcome { return 0 }
    return 1
  }

  private func describe(_ outcome: DeployOutcome) -> End {
    switch outcome {
    case .deployed(let account, let stacks):
      End(outcome: "deployed", message: Self.text(of: stacks), account: account, stacks: stacks)
    case .refused(let stack, let losses):
      End(
        outcome: "refused", message: Self.refusal(stack, losses), stack: stack, losses: losses)
    case .otherStage(let stack, let deployed, let wanted):
      End(outcome: "other_stage", message: Self.otherStage(stack, deployed, wanted), stack: stack)
    case .declined(let stack):
      End(outcome: "declined", message: "nothing was changed in \(stack)", stack: stack)
    case .stuck(let stack, let status, let advice, let remedy):
      End(
        outcome: "stuck",
        message: "\(stack) is in the state \(status): \(advice)" + (remedy.map { "\n\n  \($0)" } ?? ""),
        stack: stack)
    case .changeSetFailed(let stack, let reason):
      End(
        outcome: "change_set_failed",
        message: "CloudFormation refused the change set of \(stack): \(reason)", stack: stack)
    case .failed(let stack, let region, let status, let failures):
      End(
        outcome: "failed", message: Self.failure(stack, region, status, failures), stack: stack,
        failures: failures)
    case .timedOut(let stack, let region, let status):
      End(outcome: "timed_out", message: Self.timeout(stack, region, status), stack: stack)
    case .interrupted(let stack, let region):
      End(
        outcome: "interrupted", message: Self.interruption(stack, region), stack: stack)
    }
  }

  private static func text(of stacks: [StackReport]) -> String {
    let parts = stacks.map { stack in
      let outputs = stack.outputs.sorted { $0.key < $1.key }.map { (name: $0.key, text: $0.value) }
      let head = "\(stack.name) (\(stack.region)): \(stack.change.rawValue)"
      return outputs.isEmpty ? head : head + "\n" + Table.pairs(outputs)
    }
    return parts.joined(separator: "\n")
  }

  private static func refusal(_ stack: String, _ losses: [DataLoss]) -> String {
    let lines = losses.map { "  \($0.resource) \($0.reason)" }.joined(separator: "\n")
    return """
      refused, and nothing was changed in \(stack): data would be lost
      \(lines)
      Move the data first and make a backup. If it may be lost, call this again with --allow-replacement.
      """
  }

  private static func otherStage(_ stack: String, _ deployed: String?, _ wanted: Int) -> String {
    let found = deployed.map { "for stage \($0)" } ?? "by a Heights that did not note its stage"
    return """
      refused, and nothing was changed: \(stack) was deployed \(found)
      Stage \(wanted) keeps its data elsewhere, and no climb moves it on AWS yet: the app would stand before an empty \
      database, or without its photos. Deploy the stage that is there. If the app has no data to keep, call this again \
      with --fresh.
      """
  }

  private static func failure(
    _ stack: String, _ region: String, _ status: StackStatus, _ failures: [StackFailure]
  ) -> String {
    let lines = failures.map { "  \($0.resource) (\($0.type)): \($0.reason)" }
    let events = "aws cloudformation describe-stack-events --stack-name \(stack) --region \(region)"
    let reasons =
      lines.isEmpty ? "  no event says why; all of them: \(events)" : lines.joined(separator: "\n")
    return "\(stack) failed and is in the state \(status):\n\(reasons)\n" + next(stack, region, status)
  }

  private static func next(_ stack: String, _ region: String, _ status: StackStatus) -> String {
    switch status.standing {
    case .stuck(let advice):
      "Next: \(advice)" + (status.remedy(stack: stack, region: region).map { "\n\n  \($0)" } ?? "")
    default: "It is as it was before. Mend what is named above, then call this again."
    }
  }

  private static func timeout(_ stack: String, _ region: String, _ status: StackStatus?) -> String {
    guard let status else {
      return
        "CloudFormation did not finish the change set of \(stack) in time: nothing was changed; call this again"
    }
    return
      "\(stack) in \(region) is still in the state \(status), and AWS goes on: call this again to wait on"
  }

  private static func interruption(_ stack: String?, _ region: String?) -> String {
    guard let stack, let region else { return "stopped; no stack was being changed" }
    return
      "stopped, but AWS goes on with the stack \(stack) in \(region): call this again to watch it and go on"
  }
}

extension Change.Replacement {
  fileprivate var text: String {
    switch self {
    case .never: "no"
    case .perhaps: "perhaps"
    case .always: "yes"
    }
  }
}
