// heights deploy: a stage on AWS, stack by stack, through the AWS CLI.

import CloudFormation
import Deploy
import Foundation
import Lab
import Topology

extension Command {
  static let deploy = Command(
    name: "deploy",
    summary:
      "Bring a release into the running app (--lab), or create or update a stage on AWS, through your AWS CLI.",
    discussion:
      "With --lab: builds the app as `heights up` does, makes a release of what its processes need, and has the running "
      + "app's processes go over to it, service by service and zone by zone, the first of several for a while alone. One that "
      + "does not start, fails or is slower than what stays is taken back (exit code 1). `heights releases` lists them, "
      + "`heights rollback` goes back.\n\n"
      + "On AWS: what a stage is made of, `heights template` shows. Each stack's change set is shown before it is carried out, and "
      + "one that would replace or remove what holds data is refused. So is another stage than the one that is there, since "
      + "no climb moves its data on AWS yet. Credentials are the AWS CLI's affair: sign in with "
      + "it. What runs on AWS costs money from the moment that it is there: `heights plan` says how much. Ctrl-C "
      + "stops watching, AWS goes on; call it again to go on too.",
    options: [
      .app,
      Option("lab", nil, "bring a release into the app that runs on this machine"),
      Option(
        "release", "DIR",
        "with --lab: what to bring, a folder of the app that is built, or an unpacked release of `heights build`; the app's own "
          + "folder when not said"),
      .allowBreakingMigration,
      Option("stage", "N", "1 to 6"),
      Option("users", "N", "size the stage for that many users; else the smallest servers that make sense"),
      Option("region", "CODE", "such as eu-central-1"),
      Option("domain", "NAME", "the name that people type, such as example.com"),
      Option(
        "artifact", "FILE",
        "the release, of `heights build` or any .tar.gz with a program `run`; else servers keep theirs"),
      Option(
        "fresh", nil,
        "the app has no data yet: allow another stage, and leave out what only holds data of the one before"),
      Option("allow-replacement", nil, "carry out even what loses data"),
      Option("yes", nil, "do not ask before each change set"),
      Option("endpoint-url", "URL", "talk to an emulator of AWS instead"),
      .json,
    ],
    example: "heights deploy --stage 2 --region eu-central-1 --domain example.com --artifact summit.tar.gz"
  ) { arguments, output in
    if arguments.has("lab") { return try await LabDeploy(arguments, output).run() }
    if arguments.text("release") != nil {
      throw UsageError("--release is for --lab; on AWS it is --artifact")
    }
    if arguments.has(Option.allowBreakingMigration.name) {
      throw UsageError("--\(Option.allowBreakingMigration.name) is for --lab")
    }
    let request = try DeployRequest(arguments)
    guard request.isUnattended || Confirmation.isPossible else {
      throw UsageError(
        "nobody can be asked here, since standard input is no terminal: call this in a terminal, or with --yes"
      )
    }
    let report = DeployReport(output: output, wantsJSON: arguments.has("json"))
    let steps = try request.steps { output.progress("too small: \($0)") }
    let aws = try AWSClient(endpointURL: request.endpointURL)
    let interrupt = try Interrupt()
    let outcome = try await onThread {
      try DeployDriver(
        aws: aws, pause: { Pause.seconds($0, unless: { interrupt.hasCome }) },
        confirm: { review in
          Confirmation.ask(
            "Carry this out in \(review.stack.name)?", output, shouldStop: { interrupt.hasCome })
        },
        shouldStop: { interrupt.hasCome }, report: report.tell
      ).drive(request.engine(steps))
    }
    return report.end(outcome)
  }
}

/// What was asked for, checked before anything is asked of AWS.
struct DeployRequest: Sendable {
  let folder: AppFolder
  let manifest: Manifest
  let stage: Stage
  /// To size it for; nil for the smallest servers that make sense.
  let users: Int?
  let regions: [Region]
  let options: DeploymentOptions
  /// Absolute; nil leaves servers the release that they have.
  let artifact: String?
  let endpointURL: String?
  let allowsReplacement: Bool
  let isUnattended: Bool

  init(_ arguments: Arguments) throws {
    guard let number = try arguments.integer("stage", in: 1...7), let stage = Stage(rawValue: number) else {
      throw Self.missing("stage")
    }
    if stage > Self.highestStage { throw Self.beyondRuntime(stage) }
    guard let codes = arguments.text("region") else { throw Self.missing("region") }
    guard let domain = arguments.text("domain") else { throw Self.missing("domain") }
    self.stage = stage
    users = try arguments.integer("users", in: SizedStage.users)
    regions = try RegionNames.read(codes, for: stage, option: "region")
    folder = try arguments.appFolder()
    manifest = try Manifest.load(folder: folder.path)
    options = DeploymentOptions(
      app: manifest.name, domain: domain, keepsPreviousStage: !arguments.has("fresh"))
    artifact = try arguments.text("artifact").map { path throws(UsageError) in try Self.checkedArtifact(path)
    }
    endpointURL = try arguments.text("endpoint-url").map { url throws(UsageError) in try Self.checkedURL(url)
    }
    allowsReplacement = arguments.has("allow-replacement")
    isUnattended = arguments.has("yes")
  }

  /// - Parameter tell: hears what the stage can't carry of the users that it is sized for.
  func steps(_ tell: (String) -> Void) throws -> [DeployStep] {
    let (topology, shortfalls) = try SizedStage.topology(of: manifest, at: stage, in: regions, for: users)
    shortfalls.forEach(tell)
    let deployment = try Deployment(of: topology, options: options)
    return try DeploySteps(deployment, request: self).all
  }

  func engine(_ steps: [DeployStep]) -> DeployEngine {
    DeployEngine(
      steps: steps, allowsLoss: allowsReplacement, asks: !isUnattended,
      rules: DataRules(holdsData: { DataGuard.holdsData(type: $0) }, losses: Self.losses))
  }

  /// What the guard says of an update. A template that it can't read, which is none of ours, is CloudFormation's to judge.
  @Sendable private static func losses(
    _ stack: StackPlan, _ deployed: FilledTemplate, _ next: FilledTemplate
  ) -> [DataLoss]? {
    let stacks = [deployed, next].compactMap {
      GuardedStack(name: stack.name, region: stack.region, json: $0.text, arguments: $0.parameters)
    }
    guard stacks.count == 2 else { return nil }
    return DataGuard.findings(from: [stacks[0]], to: [stacks[1]]).map { finding in
      let property = finding.property.map { "\($0): " } ?? ""
      return DataLoss(
        resource: finding.resource ?? stack.name, reason: "\(property)\(finding.problem); \(finding.advice)")
    }
  }

  /// The last one that the app can run at.
  private static let highestStage = Stage.microservices

  private static func beyondRuntime(_ stage: Stage) -> UsageError {
    UsageError(
      "--stage is '\(stage.number)', at which the app can't run on AWS yet: nobody would tell its services "
        + "where those of other regions are. Stages 1 to \(highestStage.number) can be deployed; `heights template` shows "
        + "the others")
  }

  private static func missing(_ name: String) -> UsageError {
    UsageError("'deploy' needs --\(name); `heights deploy --help` shows an example")
  }

  /// A release that no server could unpack is told now, not by servers that do not start.
  private static func checkedArtifact(_ path: String) throws(UsageError) -> String {
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw UsageError("--artifact is '\(path)', which can't be read")
    }
    let file = URL(fileURLWithPath: path).path
    guard let tar = CommandLineTool(named: "tar") else {
      throw UsageError("tar, which looks into --artifact, is not in PATH")
    }
    let listing = try? tar.run(["--list", "--gzip", "--file", file], limitS: 60)
    let names = String(decoding: listing?.output ?? Data(), as: UTF8.self).split(separator: "\n")
    guard listing?.code == 0, names.contains(where: { ["run", "./run"].contains($0) }) else {
      throw UsageError("--artifact is '\(path)': expected a .tar.gz with a program `run` at its top")
    }
    if let reason = reason(against: file, names, tar) {
      throw UsageError("--artifact is '\(path)', which no server could start: \(reason)")
    }
    return file
  }

  /// Why servers of the templates can't run a release. Of one that was packed by hand the program is looked at alone.
  private static func reason(
    against file: String, _ names: [Substring], _ tar: CommandLineTool
  ) -> String? {
    if let facts = ReleaseFacts.read(file, names: names, tar) { return facts.reason }
    guard let architecture = ReleaseFacts.architecture(file, names: names, tar) else { return nil }
    return ReleaseFacts.reason(architecture: architecture)
  }

  private static func checkedURL(_ text: String) throws(UsageError) -> String {
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil else {
      throw UsageError("--endpoint-url is '\(text)': expected a URL such as http://127.0.0.1:4566")
    }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}

private enum Pause {
  private static let sliceUs: UInt32 = 100_000

  /// Returns after that time, or soon after `isOver` holds.
  static func seconds(_ seconds: Double, unless isOver: () -> Bool) {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, !isOver() { usleep(sliceUs) }
  }
}
