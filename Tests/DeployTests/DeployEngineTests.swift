// Each turn that a deployment can take, without AWS.

import Synchronization
import Testing

@testable import Deploy

private let network = StackPlan(name: "summit-network", region: "eu-central-1", template: "network")
private let data = StackPlan(
  name: "summit-data", region: "eu-central-1", template: "data",
  parameters: ["Vpc": .output(stack: "summit-network", name: "VpcId"), "Class": .value("db.t4g.micro")])
private let add = ChangeSet(changes: [
  Change(action: "Add", resource: "Database", type: "AWS::RDS::DBInstance")
])
private let replace = ChangeSet(changes: [
  Change(action: "Modify", resource: "Database", type: "AWS::RDS::DBInstance", replacement: .always)
])
private let loss = DataLoss(
  resource: "Database", reason: "(AWS::RDS::DBInstance) would be replaced by an empty one")
private let dataTypes: Set = ["AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::DynamoDB::GlobalTable"]
private let settled = StackDescription(status: StackStatus("UPDATE_COMPLETE"), outputs: ["VpcId": "vpc-1"])

/// An engine with what it has answered last.
private struct Play {
  var engine: DeployEngine
  var action: DeployEngine.Action

  init(
    _ steps: [DeployStep], allowsLoss: Bool = false, asks: Bool = false, losses: [DataLoss] = []
  ) throws {
    engine = DeployEngine(
      steps: steps, allowsLoss: allowsLoss, asks: asks,
      rules: DataRules(holdsData: dataTypes.contains, losses: { _, _, _ in losses }))
    action = try engine.handle(.begin)
    #expect(action == .identify(region: try #require(steps.first).region))
    try tell(.identified(account: "1"))
  }

  mutating func tell(_ events: DeployEngine.Event...) throws {
    for event in events { action = try engine.handle(event) }
  }

  /// From the look at an existing stack to the made change set.
  mutating func tellUpdate(_ state: DeployEngine.ChangeSetState) throws {
    try tell(.described(settled), .template("old"), .changeSetCreated(id: "c"), .changeSetDescribed(state))
  }
}

@Suite struct DeployEngineTests {
  @Test func aNewStackIsCreatedShownExecutedAndWaitedFor() throws {
    var play = try Play([.stack(network)])
    #expect(play.action == .describe(network))
    try play.tell(.described(nil))
    #expect(play.action == .createChangeSet(network, .create, parameters: [:]))
    try play.tell(.changeSetCreated(id: "c"))
    #expect(play.action == .describeChangeSet(network, id: "c"))
    try play.tell(.changeSetDescribed(.pending))
    #expect(play.action == .wait(network, seconds: 0.5, status: nil))
    try play.tell(.waited(seconds: 0.5), .changeSetDescribed(.ready(add)))
    let review = DeployEngine.Review(stack: network, kind: .create, changeSet: add, losses: [])
    #expect(play.action == .show(review))
    try play.tell(.shown)
    #expect(play.action == .execute(network, id: "c"))
    try play.tell(.executed, .described(StackDescription(status: StackStatus("CREATE_IN_PROGRESS"))))
    #expect(play.action == .wait(network, seconds: 0.5, status: StackStatus("CREATE_IN_PROGRESS")))
    try play.tell(
      .waited(seconds: 0.5),
      .described(StackDescription(status: StackStatus("CREATE_COMPLETE"), outputs: ["A": "b"]))
    )
    #expect(
      play.action == .end(.deployed(account: "1", [StackReport(network, .created, outputs: ["A": "b"])])))
  }

  @Test func anExistingStackIsUpdatedWithTheOutputsOfThoseBefore() throws {
    var play = try Play([.stack(network), .stack(data)])
    try play.tellUpdate(.empty)
    #expect(play.action == .discardChangeSet(network, id: "c"))
    try play.tell(.discarded)
    #expect(play.action == .describe(data))
    try play.tell(.described(settled), .template("old"))
    let parameters = ["Vpc": "vpc-1", "Class": "db.t4g.micro"]
    #expect(play.action == .createChangeSet(data, .update, parameters: parameters))
  }

  @Test func whatNobodySetsKeepsTheValueThatTheStackHas() throws {
    let compute = StackPlan(name: "c", region: "r", template: "t", kept: ["Release", "ImageId"])
    var new = try Play([.stack(compute)])
    try new.tell(.described(nil))
    #expect(new.action == .createChangeSet(compute, .create, parameters: [:]))
    var old = try Play([.stack(compute)])
    let found = StackDescription(
      status: StackStatus("CREATE_COMPLETE"), parameters: ["Release": "r1", "Gone": "g"])
    try old.tell(.described(found), .template("old"))
    #expect(old.action == .createChangeSet(compute, .update, parameters: ["Release": nil]))
  }

  @Test func anEmptyChangeSetIsNoChangeAndKeepsTheOutputs() throws {
    var play = try Play([.stack(network)])
    try play.tellUpdate(.empty)
    try play.tell(.discarded)
    let report = StackReport(network, .unchanged, outputs: ["VpcId": "vpc-1"])
    #expect(play.action == .end(.deployed(account: "1", [report])))
  }

  @Test func whereNoChangeSetCanBeMadeOfItNothingChanges() throws {
    var play = try Play([.stack(network)])
    try play.tell(.described(settled), .template("old"), .nothingChanges)
    let report = StackReport(network, .unchanged, outputs: ["VpcId": "vpc-1"])
    #expect(play.action == .end(.deployed(account: "1", [report])))
  }

  @Test func aReplacementOfDataIsShownThenRefused() throws {
    var play = try Play([.stack(network)], asks: true)
    try play.tellUpdate(.ready(replace))
    guard case .show(let review) = play.action else { return #expect(Bool(false), "nothing was shown") }
    #expect(review.losses == [loss])
    try play.tell(.shown)
    #expect(play.action == .discardChangeSet(network, id: "c"))
    try play.tell(.discarded)
    #expect(play.action == .end(.refused(stack: "summit-network", [loss])))
  }

  @Test func whatOnlyTheTemplatesTellIsRefusedToo() throws {
    // An emulator, and for some changes CloudFormation, does not say that an update replaces something.
    var play = try Play([.stack(network)], losses: [loss])
    let quiet = ChangeSet(changes: [Change(action: "Add", resource: "Database", type: "AWS::RDS::DBInstance")]
    )
    try play.tellUpdate(.ready(quiet))
    try play.tell(.shown, .discarded)
    #expect(play.action == .end(.refused(stack: "summit-network", [loss])))
  }

  @Test func aReplacementThatIsAllowedIsStillAskedFor() throws {
    var play = try Play([.stack(network)], allowsLoss: true, asks: true, losses: [loss])
    try play.tellUpdate(.ready(replace))
    try play.tell(.shown)
    guard case .confirm(let review) = play.action else { return #expect(Bool(false), "nobody was asked") }
    #expect(review.losses == [loss])
    try play.tell(.answered(true))
    #expect(play.action == .execute(network, id: "c"))
  }

  @Test func aNoDiscardsTheChangeSetAndEnds() throws {
    var play = try Play([.stack(network)], asks: true)
    try play.tellUpdate(.ready(add))
    try play.tell(.shown, .answered(false))
    #expect(play.action == .discardChangeSet(network, id: "c"))
    try play.tell(.discarded)
    #expect(play.action == .end(.declined(stack: "summit-network")))
  }

  @Test func aFailureIsToldWithItsReasons() throws {
    var play = try Play([.stack(network)])
    try play.tellUpdate(.ready(add))
    let status = StackStatus("UPDATE_ROLLBACK_COMPLETE")
    try play.tell(.shown, .executed, .described(StackDescription(status: status)))
    #expect(play.action == .readFailures(network))
    let failure = StackFailure(resource: "Vpc", type: "AWS::EC2::VPC", reason: "limit exceeded")
    try play.tell(.failures([failure]))
    #expect(
      play.action == .end(.failed(stack: "summit-network", region: "eu-central-1", status: status, [failure]))
    )
  }

  @Test(arguments: [
    "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_FAILED",
    "UPDATE_ROLLBACK_FAILED", "SOMETHING_NEW",
  ])
  func aStackThatNoUpdateMendsEndsWithAdvice(status: String) throws {
    var play = try Play([.stack(network)])
    try play.tell(.described(StackDescription(status: StackStatus(status))))
    guard case .end(.stuck("summit-network", StackStatus(status), let advice, let remedy)) = play.action
    else {
      return #expect(Bool(false), "\(play.action)")
    }
    #expect(!advice.isEmpty)
    #expect((remedy == nil) == (status == "SOMETHING_NEW"))
  }

  @Test func aStackThatWasNeverExecutedIsCreated() throws {
    var play = try Play([.stack(network)])
    try play.tell(.described(StackDescription(status: StackStatus("REVIEW_IN_PROGRESS"))))
    #expect(play.action == .createChangeSet(network, .create, parameters: [:]))
  }

  @Test func anOperationOfSomebodyElseIsWaitedForFirst() throws {
    var play = try Play([.stack(network)])
    let busy = StackDescription(status: StackStatus("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    try play.tell(.described(busy))
    #expect(play.action == .wait(network, seconds: 0.5, status: busy.status))
    try play.tell(.waited(seconds: 0.5), .described(settled))
    #expect(play.action == .readTemplate(network))
  }

  @Test func waitingHasAnEnd() throws {
    var play = try Play([.stack(network)])
    try play.tellUpdate(.ready(add))
    try play.tell(.shown, .executed)
    let busy = StackDescription(status: StackStatus("UPDATE_IN_PROGRESS"))
    var waitedS = 0.0
    while waitedS < 100_000 {
      try play.tell(.described(busy))
      guard case .wait(_, let seconds, _) = play.action else { break }
      waitedS += seconds
      try play.tell(.waited(seconds: seconds))
    }
    #expect(
      play.action == .end(.timedOut(stack: "summit-network", region: "eu-central-1", status: busy.status)))
    #expect(waitedS >= 3 * 3600 && waitedS < 3 * 3600 + 20)
  }

  @Test func aChangeSetThatIsNeverReadyIsDiscarded() throws {
    var play = try Play([.stack(network)])
    try play.tell(.described(nil), .changeSetCreated(id: "c"), .changeSetDescribed(.pending))
    try play.tell(.waited(seconds: 1000), .changeSetDescribed(.pending))
    #expect(play.action == .discardChangeSet(network, id: "c"))
    try play.tell(.discarded)
    #expect(play.action == .end(.timedOut(stack: "summit-network", region: "eu-central-1", status: nil)))
  }

  @Test func aMissingOutputNamesWhoNeedsIt() throws {
    var play = try Play([.stack(data)])
    let error = #expect(throws: DeployError.self) { try play.tell(.described(nil)) }
    #expect(
      error
        == .missingOutput(
          stack: "summit-network", output: "VpcId", neededBy: "the parameter Vpc of summit-data"))
  }

  @Test func filesGoToTheBucketOfTheStackBefore() throws {
    let upload = UploadPlan(
      title: "a", region: "eu-central-1", bucket: .output(stack: "summit-network", name: "VpcId"),
      source: .file(path: "/a", key: "a"))
    var play = try Play([.stack(network), .upload(upload)])
    try play.tellUpdate(.empty)
    try play.tell(.discarded)
    #expect(play.action == .upload(upload, bucket: "vpc-1"))
    try play.tell(.stepDone)
    guard case .end(.deployed) = play.action else { return #expect(Bool(false), "\(play.action)") }
  }

  @Test func anInterruptLeavesNoChangeSetButLetsAWSGoOn() throws {
    var play = try Play([.stack(network)])
    try play.tellUpdate(.ready(add))
    var early = play
    try early.tell(.interrupted)
    #expect(early.action == .discardChangeSet(network, id: "c"))
    try early.tell(.discarded)
    #expect(early.action == .end(.interrupted(underWay: nil, region: nil)))
    // The change set is about to be executed, but is not yet.
    try play.tell(.shown)
    var late = play
    try late.tell(.interrupted)
    #expect(late.action == .discardChangeSet(network, id: "c"))
    try play.tell(.executed, .interrupted)
    #expect(play.action == .end(.interrupted(underWay: "summit-network", region: "eu-central-1")))
  }
}

@Suite struct DataRulesTests {
  private let rules = DataRules(holdsData: dataTypes.contains, losses: { _, _, _ in [] })

  private func lost(_ changes: [Change], deployed: String? = nil, wasCompared: Bool = false) -> [String] {
    rules.losses(of: ChangeSet(changes: changes), deployed: deployed, wasCompared: wasCompared)
      .map(\.resource)
  }

  @Test func onlyWhatHoldsDataCounts() {
    let changes = [
      Change(action: "Modify", resource: "A", type: "AWS::RDS::DBInstance", replacement: .never),
      Change(action: "Modify", resource: "B", type: "AWS::EC2::Instance", replacement: .always),
      Change(action: "Remove", resource: "C", type: "AWS::EC2::EIP"),
      Change(action: "Modify", resource: "D", type: "AWS::S3::Bucket", replacement: .perhaps),
      Change(action: "Remove", resource: "E", type: "AWS::DynamoDB::GlobalTable"),
      Change(action: "Add", resource: "F", type: "AWS::S3::Bucket"),
    ]
    #expect(lost(changes) == ["D", "E"])
  }

  @Test func whatIsRetainedIsNotLostWhenItGoes() {
    let bucket = "AWS::S3::Bucket"
    let told = ["Retain", "Snapshot", "Delete"].map {
      Change(action: "Remove", resource: $0, type: bucket, policyAction: $0)
    }
    #expect(lost(told) == ["Delete"])
    // An emulator does not say: then the template does.
    let deployed = #"{"Resources": {"A": {"DeletionPolicy": "Retain"}, "B": {}}}"#
    let silent = ["A", "B"].map { Change(action: "Remove", resource: $0, type: bucket) }
    #expect(lost(silent, deployed: deployed) == ["B"])
    // A replacement leaves an empty one in its place, whatever becomes of the old one.
    let replaced = Change(
      action: "Modify", resource: "A", type: bucket, replacement: .always, policyAction: "ReplaceAndRetain")
    #expect(lost([replaced], deployed: deployed) == ["A"])
  }

  @Test func whatOnlyMightBeReplacedIsWhenWhatItNamesIs() {
    let type = "AWS::RDS::DBInstance"
    func subnets(_ replacement: Change.Replacement, causes: Set<String> = []) -> Change {
      Change(
        action: "Modify", resource: "Subnets", type: "AWS::RDS::DBSubnetGroup", replacement: replacement,
        causes: causes)
    }
    let network = Change(action: "Modify", resource: "Vpc", type: "AWS::EC2::VPC", replacement: .always)
    let database = Change(
      action: "Modify", resource: "Database", type: type, replacement: .perhaps, causes: ["Subnets"])
    #expect(lost([database, subnets(.never)], wasCompared: true) == [])
    #expect(lost([database, subnets(.always)], wasCompared: true) == ["Database"])
    #expect(lost([database, subnets(.perhaps, causes: ["Vpc"]), network], wasCompared: true) == ["Database"])
    #expect(lost([database, subnets(.perhaps, causes: ["Database"])], wasCompared: true) == [])
    // Without a comparison nobody knows.
    #expect(lost([database, subnets(.never)]) == ["Database"])
  }

  @Test func aFollowersDataIsItsLeaders() {
    let deployed =
      #"{"Resources": {"Reader": {"Properties": {"SourceDBInstanceIdentifier": {"Ref": "Leader"}}}}}"#
    let change = Change(action: "Remove", resource: "Reader", type: "AWS::RDS::DBInstance")
    #expect(lost([change], deployed: deployed) == [])
    #expect(lost([change]) == ["Reader"])
  }

  @Test func theRulesSeeTheValuesThatParametersHaveAndWillHave() throws {
    let seen = Mutex<[FilledTemplate]>([])
    let rules = DataRules(
      holdsData: { _ in false },
      losses: { stack, deployed, next in
        seen.withLock { $0 = [deployed, next] }
        return []
      })
    let stack = StackPlan(
      name: "s", region: "r", template: "new", parameters: ["A": .value("2")], kept: ["B"])
    var engine = DeployEngine(steps: [.stack(stack)], allowsLoss: false, asks: false, rules: rules)
    let found = StackDescription(status: StackStatus("CREATE_COMPLETE"), parameters: ["A": "1", "B": "b"])
    for event in [DeployEngine.Event.begin, .identified(account: "1"), .described(found), .template("old")] {
      _ = try engine.handle(event)
    }
    #expect(
      seen.withLock { $0 } == [
        FilledTemplate(text: "old", parameters: ["A": "1", "B": "b"]),
        FilledTemplate(text: "new", parameters: ["A": "2", "B": "b"]),
      ])
  }
}
