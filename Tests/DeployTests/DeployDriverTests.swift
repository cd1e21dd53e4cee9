// What the driver asks of the AWS CLI, word by word, and what it makes of the answers.

import Foundation
import Placement
import Synchronization
import Testing

@testable import Deploy

private let stack = StackPlan(
  name: "s", region: "eu-west-1", template: "{}", parameters: ["Key": .value("a,b")])

/// An `aws` with prepared answers, in their order; one call more than these fails the test.
private final class PreparedCLI: Sendable {
  private let state: Mutex<(answers: [CommandResult?], calls: [[String]])>

  init(_ answers: [CommandResult?]) { state = Mutex((answers, [])) }

  var calls: [[String]] { state.withLock { $0.calls } }

  var client: AWSClient {
    AWSClient(endpointURL: nil) { words, _ in
      self.state.withLock { state in
        state.calls.append(words)
        guard !state.answers.isEmpty else {
          Issue.record("an unexpected call: \(words)")
          return failed("unexpected")
        }
        return state.answers.removeFirst()
      }
    }
  }
}

private func said(_ json: String) -> CommandResult {
  CommandResult(code: 0, output: Data(json.utf8), errors: "")
}

private func failed(_ message: String) -> CommandResult {
  CommandResult(code: 254, output: Data(), errors: message + "\n")
}

private let identity = said(#"{"Account": "123", "Arn": "arn:aws:iam::123:user/a"}"#)
private let absent = failed(
  "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id s does not exist"
)

private func drive(
  _ cli: PreparedCLI, _ steps: [DeployStep], stopAfter: Int = .max, events: (DeployEvent) -> Void = { _ in }
) throws -> DeployOutcome {
  let rules = DataRules(holdsData: { _ in false }, losses: { _, _, _ in [] })
  let engine = DeployEngine(steps: steps, allowsLoss: false, asks: false, rules: rules)
  return try withoutActuallyEscaping(events) { events in
    try DeployDriver(
      aws: cli.client, pause: { _ in }, confirm: { _ in false },
      shouldStop: { cli.calls.count >= stopAfter }, report: events
    ).drive(engine)
  }
}

@Suite struct DeployDriverTests {
  @Test func aStackIsCreatedByAChangeSet() throws {
    let cli = PreparedCLI([
      identity, absent, said(#"{"Id": "arn:c", "StackId": "arn:s"}"#),
      said(
        #"""
        {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange":
          {"Action": "Add", "LogicalResourceId": "Q", "ResourceType": "AWS::SQS::Queue"}}]}
        """#), said(""),
      said(
        #"""
        {"Stacks": [{"StackName": "s", "StackStatus": "CREATE_COMPLETE",
          "Outputs": [{"OutputKey": "Url", "OutputValue": "https://q"}]}]}
        """#),
    ])
    let outcome = try drive(cli, [.stack(stack)])
    #expect(
      outcome == .deployed(account: "123", [StackReport(stack, .created, outputs: ["Url": "https://q"])]))
    let calls = cli.calls
    #expect(calls[0] == ["sts", "get-caller-identity", "--output", "json", "--region", "eu-west-1"])
    let common = ["--output", "json", "--region", "eu-west-1"]
    #expect(calls[1] == ["cloudformation", "describe-stacks", "--stack-name", "s"] + common)
    #expect(calls[2].starts(with: ["cloudformation", "create-change-set", "--stack-name", "s"]))
    #expect(calls[2].contains("CREATE") && calls[2].contains("CAPABILITY_NAMED_IAM"))
    #expect(calls[2].contains { $0.hasPrefix("file://") })
    #expect(
      calls[4] == ["cloudformation", "execute-change-set", "--stack-name", "s", "--change-set-name", "arn:c"]
        + common
    )
  }

  @Test func withoutCredentialsNothingElseIsTried() throws {
    let cli = PreparedCLI([
      failed("Unable to locate credentials. You can configure credentials by running ...")
    ])
    let error = #expect(throws: DeployError.self) { try drive(cli, [.stack(stack)]) }
    #expect(error?.code == "no_credentials")
    #expect("\(error, default: "")".contains("Unable to locate credentials"))
    #expect("\(error, default: "")".contains("aws sso login"))
  }

  @Test func anErrorWhileAWSChangesAStackSaysThatItGoesOn() throws {
    let cli = PreparedCLI([
      identity, absent, said(#"{"Id": "c"}"#), said(#"{"Status": "CREATE_COMPLETE", "Changes": []}"#),
      said(""),
      failed("Could not connect to the endpoint URL"),
    ])
    let error = #expect(throws: DeployError.self) { try drive(cli, [.stack(stack)]) }
    #expect("\(error, default: "")".contains("AWS goes on with the stack s in eu-west-1"))
  }

  @Test func anInterruptAfterTheChangeSetDiscardsIt() throws {
    let cli = PreparedCLI([identity, absent, said(#"{"Id": "c"}"#), said("")])
    #expect(try drive(cli, [.stack(stack)], stopAfter: 3) == .interrupted(underWay: nil, region: nil))
    #expect(cli.calls.last?.prefix(2) == ["cloudformation", "delete-change-set"])
  }

  @Test func aCallThatHangsIsToldWithItsLimit() throws {
    let error = #expect(throws: DeployError.self) { try drive(PreparedCLI([nil]), [.stack(stack)]) }
    #expect(error == .callTimedOut(call: "sts get-caller-identity", limitS: 120))
  }

  @Test func anAnswerThatIsNoJSONIsToldAsItIs() throws {
    let error = #expect(throws: DeployError.self) {
      try drive(PreparedCLI([said("<html>")]), [.stack(stack)])
    }
    #expect(error == .unreadable(call: "sts get-caller-identity", answer: "<html>"))
  }

  @Test func whatIsUploadedAlreadyIsLeftAlone() throws {
    let plan = UploadPlan(title: "a", region: "r", bucket: .value("b"), source: .file(path: "/1", key: "k"))
    let there = PreparedCLI([identity, said("{}")])
    _ = try drive(there, [.upload(plan)])
    #expect(there.calls[1].starts(with: ["s3api", "head-object", "--bucket", "b", "--key", "k"]))
    let gone = failed("An error occurred (404) when calling the HeadObject operation: Not Found")
    let new = PreparedCLI([identity, gone, said("")])
    _ = try drive(new, [.upload(plan)])
    #expect(new.calls[2].starts(with: ["s3", "cp", "/1", "s3://b/k"]))
    let closed = failed("An error occurred (403) when calling the HeadObject operation: Forbidden")
    #expect(throws: DeployError.self) { try drive(PreparedCLI([identity, closed]), [.upload(plan)]) }
  }

  @Test func ofAFolderLinksAndHiddenFilesStayHere() throws {
    let plan = UploadPlan(
      title: "a", region: "r", bucket: .value("b"), source: .folder(path: "/f", prefix: "static/"),
      cacheControl: "max-age=1")
    let cli = PreparedCLI([identity, said("")])
    _ = try drive(cli, [.upload(plan)])
    #expect(cli.calls[1].starts(with: ["s3", "cp", "/f", "s3://b/static/"]))
    for word in ["--recursive", "--no-follow-symlinks", "*/.*", "max-age=1"] {
      #expect(cli.calls[1].contains(word))
    }
  }

  @Test func theLaunchPageIsPublishedAndWaitedFor() throws {
    let plan = PublishPlan(
      region: "r", app: .value("d1"), branch: .value("main"), bucket: .value("b"), prefix: "launch/1/")
    let running = said(#"{"jobSummary": {"jobId": "7", "status": "PENDING"}}"#)
    let done = said(#"{"job": {"summary": {"jobId": "7", "status": "SUCCEED"}}}"#)
    let cli = PreparedCLI([identity, running, done])
    _ = try drive(cli, [.publish(plan)])
    #expect(cli.calls[1].contains("s3://b/launch/1/") && cli.calls[2].contains("7"))
    let bad = said(#"{"job": {"summary": {"jobId": "7", "status": "FAILED"}}}"#)
    #expect(throws: DeployError.notPublished(app: "d1", status: "FAILED")) {
      try drive(PreparedCLI([identity, running, bad]), [.publish(plan)])
    }
  }
}

@Suite struct AWSAnswersTests {
  private func state(_ status: String, _ reason: String) throws -> DeployEngine.ChangeSetState {
    let json = #"{"status": "\#(status)", "statusReason": "\#(reason)", "changes": []}"#
    return try JSONDecoder().decode(ChangeSetAnswer.self, from: Data(json.utf8)).state
  }

  @Test func aChangeSetWithoutChangesIsEmptyAndNoFailure() throws {
    #expect(try state("FAILED", "The submitted information didn't contain changes. Submit …") == .empty)
    #expect(try state("FAILED", "No updates are to be performed.") == .empty)
    #expect(try state("FAILED", "Template error") == .failed(reason: "FAILED: Template error"))
    #expect(try state("CREATE_IN_PROGRESS", "") == .pending)
    #expect(try state("DELETE_COMPLETE", "") == .failed(reason: "DELETE_COMPLETE: "))
  }

  @Test func aChangeKnowsWhatItFollows() throws {
    let json = #"""
      {"status": "CREATE_COMPLETE", "changes": [{"resourceChange": {"action": "Modify",
        "logicalResourceId": "Database", "resourceType": "AWS::RDS::DBInstance", "replacement": "Conditional",
        "details": [
          {"target": {"name": "DBSubnetGroupName", "requiresRecreation": "Always"}, "causingEntity": "Subnets"},
          {"target": {"requiresRecreation": "Conditionally"}, "causingEntity": "Key.Arn"},
          {"target": {"requiresRecreation": "Never"}, "causingEntity": "Role.Arn"}]}}]}
      """#
    let answer = try JSONDecoder().decode(ChangeSetAnswer.self, from: Data(json.utf8))
    guard case .ready(let set) = answer.state else { return #expect(Bool(false), "\(answer.state)") }
    #expect(set.changes.map(\.causes) == [["Subnets", "Key"]])
    #expect(set.changes.map(\.replacement) == [.perhaps])
  }

  @Test func failuresAreThoseOfTheLastOperationInTheirOrder() throws {
    func event(_ id: String, _ status: String, _ reason: String) -> String {
      let type = id == "s" ? "AWS::CloudFormation::Stack" : "AWS::X::Y"
      return
        #"{"logicalResourceId":"\#(id)","resourceType":"\#(type)","resourceStatus":"\#(status)","resourceStatusReason":"\#(reason)"}"#
    }
    let events = [
      event("s", "UPDATE_ROLLBACK_COMPLETE", ""), event("C", "CREATE_FAILED", "Resource creation cancelled"),
      event("B", "CREATE_FAILED", "second"), event("A", "UPDATE_FAILED", "first"),
      event("s", "UPDATE_IN_PROGRESS", ""), event("Old", "CREATE_FAILED", "of an earlier operation"),
    ]
    let json = #"{"stackEvents": [\#(events.joined(separator: ","))]}"#
    let answer = try JSONDecoder().decode(StackEventsAnswer.self, from: Data(json.utf8))
    #expect(answer.failures(stack: "s").map(\.reason) == ["first", "second"])
  }

  @Test func aTemplateIsReadAsTextOrAsJSON() {
    #expect(TemplateAnswer(Data(#"{"TemplateBody": "Resources: {}"}"#.utf8))?.text == "Resources: {}")
    #expect(TemplateAnswer(Data(#"{"TemplateBody": {"a": 1}}"#.utf8))?.text == #"{"a":1}"#)
    #expect(TemplateAnswer(Data("[]".utf8)) == nil)
  }
}

@Suite struct CommandLineToolTests {
  @Test func bothStreamsAreReadHoweverMuchIsSaid() throws {
    let tool = try #require(CommandLineTool(named: "sh", environment: ["X": "y"]))
    let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo $X; exit 3"
    let result = try #require(try tool.run(["-c", script], limitS: 60))
    #expect(result.code == 3 && result.output.count == 300_002 && result.errors.utf8.count == 300_000)
  }

  @Test func whatDoesNotEndIsEnded() throws {
    let tool = try #require(CommandLineTool(named: "sleep"))
    #expect(try tool.run(["100"], limitS: 0.05) == nil)
  }

  @Test func whatIsNotInPathIsNotThere() {
    #expect(CommandLineTool(named: "aws", path: "/nowhere:/") == nil)
    #expect(CommandLineTool(named: "sh", path: "/nowhere:/bin")?.executable == "/bin/sh")
  }
}

@Suite struct ContentHashTests {
  /// SHA-256 of "abc" is the first example of FIPS 180-2.
  @Test func isTheBeginningOfSHA256() throws {
    #expect(ContentHash.of(Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223")
    let path = NSTemporaryDirectory() + "/hash-\(UUID().uuidString)"
    try Data("abc".utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try ContentHash.ofFile(path) == "ba7816bf8f01cfea414140de5dae2223")
    #expect(throws: DeployError.self) { try ContentHash.ofFile(path + "-gone") }
  }

  @Test func aFolderIsItsFilesAndTheirNames() throws {
    let path = NSTemporaryDirectory() + "/hash-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path + "/a", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("1".utf8).write(to: URL(fileURLWithPath: path + "/a/1"))
    let first = try ContentHash.ofFolder(path)
    try Data("2".utf8).write(to: URL(fileURLWithPath: path + "/.hidden"))
    #expect(try ContentHash.ofFolder(path) == first)
    try FileManager.default.moveItem(atPath: path + "/a/1", toPath: path + "/a/2")
    #expect(try ContentHash.ofFolder(path) != first)
  }
}

@Suite struct PlacementStepTests {
  private static let secret = said(#"{"ARN": "arn:s", "SecretString": "a secret"}"#)
  private static let raced = failed(
    "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed"
  )
  private static let plan = PlacementPlan(
    region: "r", table: .value("t"),
    document: Placement(
      epoch: 1, clusters: ["main": .init(members: [ServerAddress(host: "output-1", port: 5432)])],
      databases: ["posts": [.init(cluster: "main")]], objects: [.s3],
      services: [
        "posts": .init(addresses: [ServerAddress(host: "p", port: 443)], tls: true, callers: ["web"])
      ]),
    hosts: ["output-1": .value("db.example")], keys: ["web": .value("arn:s")])

  private static func item(_ document: String) throws -> CommandResult {
    let item = ["Item": ["id": ["S": "placement"], "document": ["S": document]]]
    return CommandResult(code: 0, output: try JSONEncoder().encode(item), errors: "")
  }

  /// What was written, or would have been.
  private static func requests(_ cli: PreparedCLI) -> [[String]] {
    cli.calls.filter { $0.starts(with: ["dynamodb", "put-item", "--cli-input-json"]) }
  }

  @Test func itIsWrittenWhereThereIsNoneWithoutASecretInAnyWord() throws {
    let cli = PreparedCLI([identity, Self.secret, said(""), said("")])
    var events: [DeployEvent] = []
    _ = try drive(cli, [.place(Self.plan)]) { events.append($0) }
    #expect(events.last == .placed(epoch: 1))
    #expect(cli.calls[2].starts(with: ["dynamodb", "get-item", "--table-name", "t", "--consistent-read"]))
    #expect(Self.requests(cli).count == 1)
    #expect(!cli.calls.joined().contains { $0.contains("a secret") })
  }

  @Test func itIsLeftAloneWhereItSaysTheSame() throws {
    var there = Self.plan.document.naming(["output-1": "db.example"])
    there.keys = ["web": [CallerKey.shown(of: "a secret")]]
    there.epoch = 9
    let text = String(decoding: try there.json, as: UTF8.self)
    let cli = PreparedCLI([identity, Self.secret, try Self.item(text)])
    var events: [DeployEvent] = []
    _ = try drive(cli, [.place(Self.plan)]) { events.append($0) }
    #expect(events.last == .placedBefore && Self.requests(cli).isEmpty)
  }

  @Test func whoeverWasFasterIsReadAgainAFewTimes() throws {
    let cli = PreparedCLI([
      identity, Self.secret, said(""), Self.raced, try Self.item(#"{"epoch": 4}"#), said(""),
    ])
    var events: [DeployEvent] = []
    _ = try drive(cli, [.place(Self.plan)]) { events.append($0) }
    #expect(events.last == .placed(epoch: 5) && Self.requests(cli).count == 2)

    let beaten = PreparedCLI(
      [identity, Self.secret] + [said(""), Self.raced, said(""), Self.raced, said(""), Self.raced])
    let error = #expect(throws: DeployError.self) { try drive(beaten, [.place(Self.plan)]) }
    #expect("\(error, default: "")".contains("ConditionalCheckFailed"))
  }

  @Test(arguments: [#"{"epoch": 4, "later": 1}"#, "{", "[]"])
  func whatIsNotUnderstoodIsLeftThere(_ document: String) throws {
    let cli = PreparedCLI([identity, Self.secret, try Self.item(document)])
    let error = #expect(throws: DeployError.self) { try drive(cli, [.place(Self.plan)]) }
    #expect(error?.code == "unknown_placement" && Self.requests(cli).isEmpty)
  }

  @Test func aSecretWithoutTextIsToldAndNotShown() throws {
    let cli = PreparedCLI([identity, said(#"{"ARN": "arn:s", "SecretBinary": "aGlkZGVu"}"#)])
    let error = #expect(throws: DeployError.self) { try drive(cli, [.place(Self.plan)]) }
    #expect("\(error, default: "")".contains("no SecretString in arn:s"))
    #expect("\(error, default: "")".contains("aGlkZGVu") == false)
  }
}
