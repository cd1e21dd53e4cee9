// A deployment for another stage than the one that is there ends before anything is changed.

import Testing

@testable import Deploy

private let region = "eu-central-1"
private let network = StackPlan(name: "summit-network", region: region, template: "network")
private let steps: [DeployStep] = [
  .check(CheckPlan(stacks: ["compute", "data", "launch"], region: region, stage: 3)), .stack(network),
]

@Suite struct StageCheckTests {
  /// What is done after the stacks were found to be so.
  private func action(after found: [StackDescription?]) throws -> DeployEngine.Action {
    var engine = DeployEngine(
      steps: steps, allowsLoss: true, asks: false,
      rules: DataRules(holdsData: { _ in true }, losses: { _, _, _ in [] }))
    _ = try engine.handle(.begin)
    var action = try engine.handle(.identified(account: "1"))
    for (name, found) in zip(["compute", "data", "launch"], found) {
      #expect(action == .describe(stack: name, region: region))
      action = try engine.handle(.described(found))
    }
    return action
  }

  private func stack(_ stage: String?, _ status: String = "UPDATE_COMPLETE") -> StackDescription {
    StackDescription(status: StackStatus(status), outputs: stage.map { ["Stage": $0] } ?? [:])
  }

  @Test func whereNothingIsAStageIsDeployed() throws {
    #expect(try action(after: [nil, nil, nil]) == .describe(network))
  }

  @Test func theStageThatIsThereIsDeployedAgain() throws {
    #expect(try action(after: [stack("3")]) == .describe(network))
    #expect(try action(after: [nil, stack("3")]) == .describe(network))
  }

  @Test(arguments: ["1", "2", "4", "5"])
  func anotherStageIsRefused(deployed: String) throws {
    #expect(
      try action(after: [stack(deployed)])
        == .end(.otherStage(stack: "compute", deployed: deployed, wanted: 3)))
    #expect(
      try action(after: [nil, stack(deployed)])
        == .end(.otherStage(stack: "data", deployed: deployed, wanted: 3)))
    #expect(
      try action(after: [nil, nil, stack(deployed)])
        == .end(.otherStage(stack: "launch", deployed: deployed, wanted: 3)))
  }

  @Test func anUpdateUnderWayOrStuckHasTheStageThatItComesFrom() throws {
    for status in ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"] {
      #expect(
        try action(after: [stack("2", status)])
          == .end(.otherStage(stack: "compute", deployed: "2", wanted: 3)))
    }
  }

  @Test func aStackThatDoesNotSayItsStageIsRefused() throws {
    #expect(try action(after: [stack(nil)]) == .end(.otherStage(stack: "compute", deployed: nil, wanted: 3)))
  }

  @Test func aStackThatHasNeverBeenCompleteSaysNothing() throws {
    for status in ["CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
      #expect(try action(after: [stack(nil, status), stack("3")]) == .describe(network))
    }
  }
}
