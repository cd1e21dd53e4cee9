// How a deployment is told, and what is refused before it begins.

import Foundation
import Testing

@testable import Deploy
@testable import HeightsCLI

private let stack = StackPlan(name: "summit-data", region: "eu-central-1", template: "{}")

@Suite struct DeployReportTests {
  /// What is said at the end, and the exit code.
  private func told(_ outcome: DeployOutcome, json: Bool = false) -> (text: String, code: Int32) {
    let lines = Lines()
    let output = Output(result: { lines.add($0) }, progress: { _ in })
    let code = DeployReport(output: output, wantsJSON: json).end(outcome)
    return (lines.text, code)
  }

  @Test func aChangeSetIsATableWithItsWarningsUnderIt() {
    let changes = [
      Change(action: "Add", resource: "Reader", type: "AWS::RDS::DBInstance"),
      Change(action: "Modify", resource: "Database", type: "AWS::RDS::DBInstance", replacement: .always),
    ]
    let review = DeployEngine.Review(
      stack: stack, kind: .update, changeSet: ChangeSet(changes: changes),
      losses: [DataLoss(resource: "Database", reason: "would be replaced by an empty one")])
    #expect(
      DeployReport.text(of: review) == """
          ACTION  RESOURCE  TYPE                  REPLACEMENT
          Add     Reader    AWS::RDS::DBInstance
          Modify  Database  AWS::RDS::DBInstance  yes
          ! Database would be replaced by an empty one
        """)
  }

  @Test func aRefusalSaysWhatWouldBeLostAndWhatToDo() {
    let losses = [DataLoss(resource: "Database", reason: "would be removed")]
    let end = told(.refused(stack: "summit-data", losses))
    #expect(end.code == 1)
    #expect(
      end.text == """
        refused, and nothing was changed in summit-data: data would be lost
          Database would be removed
        Move the data first and make a backup. If it may be lost, call this again with --allow-replacement.

        """)
  }

  @Test(arguments: [
    (DeployOutcome.declined(stack: "s"), "nothing was changed in s"),
    (
      .otherStage(stack: "s", deployed: "2", wanted: 3),
      "refused, and nothing was changed: s was deployed for stage 2\nStage 3 keeps its data elsewhere, and no climb"
    ),
    (
      .otherStage(stack: "s", deployed: nil, wanted: 3),
      "s was deployed by a Heights that did not note its stage"
    ),
    (.interrupted(underWay: nil, region: nil), "stopped; no stack was being changed"),
    (.interrupted(underWay: "s", region: "r"), "stopped, but AWS goes on with the stack s in r"),
    (
      .timedOut(stack: "s", region: "r", status: StackStatus("UPDATE_IN_PROGRESS")),
      "still in the state UPDATE_IN_PROGRESS"
    ),
    (.timedOut(stack: "s", region: "r", status: nil), "did not finish the change set of s"),
    (
      .changeSetFailed(stack: "s", reason: "no such parameter"),
      "refused the change set of s: no such parameter"
    ),
    (
      .stuck(stack: "s", status: StackStatus("ROLLBACK_COMPLETE"), advice: "delete it", remedy: "aws x"),
      "s is in the state ROLLBACK_COMPLETE: delete it\n\n  aws x"
    ),
    (
      .failed(stack: "s", region: "r", status: StackStatus("UPDATE_ROLLBACK_COMPLETE"), []),
      "no event says why; all of them: aws cloudformation describe-stack-events --stack-name s --region r"
    ),
    (
      .failed(
        stack: "s", region: "r", status: StackStatus("ROLLBACK_COMPLETE"),
        [StackFailure(resource: "A", type: "T", reason: "limit")]),
      "  A (T): limit\nNext: "
    ),
  ])
  func everyEndButSuccessIsExplained(outcome: DeployOutcome, words: String) {
    let end = told(outcome)
    #expect(end.code == 1)
    #expect(end.text.contains(words), "\(end.text)")
  }

  @Test func asJSONTheEndHasANameForScripts() throws {
    let text = told(.declined(stack: "s"), json: true).text
    let end = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    #expect(end == ["outcome": "declined", "message": "nothing was changed in s", "stack": "s"])
  }
}

@Suite struct DeployRequestTests {
  @Test(arguments: [
    (["--region", "eu-central-1", "--domain", "a.example.org"], "'deploy' needs --stage"),
    (["--stage", "2", "--domain", "a.example.org"], "'deploy' needs --region"),
    (["--stage", "2", "--region", "eu-central-1"], "'deploy' needs --domain"),
    (["--stage", "2", "--region", "eu-centrl-1", "--domain", "a.example.org"], "did you mean eu-central-1?"),
    (
      ["--stage", "2", "--region", "eu-central-1", "--domain", "a.example.org", "--users", "0"],
      "--users is '0'"
    ),
    (["--release", "/tmp"], "--release is for --lab; on AWS it is --artifact"),
    (["--allow-breaking-migration"], "--allow-breaking-migration is for --lab"),
    (["--lab", "--stage", "2"], "--stage is for AWS: leave it out, or --lab"),
    (["--lab", "--yes"], "--yes is for AWS: leave it out, or --lab"),
    (["--lab", "--release", "/nowhere"], "--release is '/nowhere': expected a folder"),
  ])
  func whatIsMissingOrWrongIsToldFirst(words: [String], message: String) async {
    let run = await Run(["deploy"] + words)
    #expect(run.code == 2 && run.progress.contains(message), "\(run.progress)")
  }

  @Test(arguments: ["7"])
  func aStageThatTheAppCannotRunAtIsRefusedBeforeAnythingIsAsked(stage: String) async {
    let words = [
      "--stage", stage, "--region", "eu-central-1", "--domain", "a.example.org", "--yes", "--fresh",
    ]
    let run = await Run(["deploy"] + words)
    let told = run.progress
    #expect(run.code == 2 && told.contains("at which the app can't run on AWS yet"), "\(told)")
  }

  @Test func whatIsThereIsLookedAtFirstUnlessTheAppHasNoData() throws {
    let words = ["--stage", "3", "--region", "eu-central-1", "--domain", "a.example.org"]
    let names = ["compute", "data", "launch"].map { "summit-eu-central-1-\($0)" }
    let check = DeployStep.check(CheckPlan(stacks: names, region: "eu-central-1", stage: 3))
    #expect(try DeployRequest(Arguments(words, of: .deploy)).steps { _ in }.first == check)
    let fresh = try DeployRequest(Arguments(words + ["--fresh"], of: .deploy)).steps { _ in }
    #expect(!fresh.contains(check))
  }

  @Test func theReleaseGoesToItsBucketAndServersAreToldItsName() throws {
    let folder = NSTemporaryDirectory() + "/release-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (file, tar) = (folder + "/release.tar.gz", try #require(CommandLineTool(named: "tar")))
    try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: folder + "/run"))
    #expect(try tar.run(["-czf", file, "-C", folder, "run"], limitS: 60)?.code == 0)
    let words = [
      "--stage", "5", "--region", "eu-central-1", "--domain", "a.example.org", "--artifact", file,
    ]
    let steps = try DeployRequest(Arguments(words, of: .deploy)).steps { _ in }
    let name = try ContentHash.ofFile(file)
    let uploads = steps.compactMap { step in
      if case .upload(let plan) = step, plan.source == .file(path: file, key: "releases/\(name).tar.gz") {
        return plan.region
      }
      return nil
    }
    #expect(uploads == ["eu-central-1"])
    let told = steps.compactMap { step -> ParameterValue? in
      if case .stack(let plan) = step { plan.parameters["Release"] } else { nil }
    }
    #expect(!told.isEmpty && told.allSatisfy { $0 == .value(name) })
  }

  @Test func theLaunchPageIsUploadedThenPublished() throws {
    let words = ["--stage", "1", "--region", "eu-central-1", "--domain", "a.example.org"]
    let steps = try DeployRequest(Arguments(words, of: .deploy)).steps { _ in }
    guard case .stack(let uploads) = steps[1], case .upload(let page) = steps[2],
      case .stack(let launch) = steps[3],
      case .publish(let plan) = steps[4]
    else { return #expect(Bool(false), "\(steps)") }
    #expect(page.bucket == .output(stack: uploads.name, name: "UploadsBucket") && page.bucket == plan.bucket)
    #expect(
      page.source == .folder(path: try #require(Installation.exampleApp) + "/Launch", prefix: plan.prefix))
    #expect(plan.app == .output(stack: launch.name, name: "LaunchPageAppId"))
    // The template's own names are those that the deployment asks for.
    #expect(uploads.template.contains("UploadsBucket") && launch.template.contains("LaunchPageAppId"))
  }
}
