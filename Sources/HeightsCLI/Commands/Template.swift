// heights template: the stacks that make a stage on AWS, as CloudFormation templates.

import CloudFormation
import Foundation
import Lab
import Planner
import Topology

extension Command {
  static let template = Command(
    name: "template", summary: "Write a stage as CloudFormation templates.",
    discussion:
      "A stage is several small stacks in each region, deployed one after the other: outputs of one are parameters of the next. "
      + "With --out there is a file for each, and stacks.json with their order and what each is given; without it all of them are "
      + "printed. The same stage, app and regions always give the same text.",
    options: [
      .app,
      Option("stage", "N", "1 to 7"),
      Option("users", "N", "size the stage for that many users; else the smallest servers that make sense"),
      Option(
        "regions", "CODES",
        "such as eu-central-1, or eu-central-1,us-east-1 from stage 7 on; the first is the home"),
      Option("domain", "NAME", "the name that people type, such as example.com"),
      Option("format", "FORMAT", "yaml (the default) or json"),
      Option("out", "DIR", "the folder to write to; it is made when it is not there"),
      Option("fresh", nil, "for a first deployment: leave out what only holds data of the stage before"),
    ],
    example: "heights template --stage 5 --regions eu-central-1 --domain example.com --out stacks"
  ) { arguments, output in
    let request = try TemplateRequest(arguments)
    let (topology, shortfalls) = try request.topology()
    let deployment = try Deployment(of: topology, options: request.options)
    for shortfall in shortfalls { output.progress("too small: \(shortfall)") }
    if request.hasStandInDomain {
      output.progress("domain: \(request.options.domain), a stand-in: name yours with --domain NAME")
    }
    if let folder = arguments.text("out") {
      let files = try request.write(deployment, to: folder)
      output.result(Table.text(["STACK", "REGION", "FILE", "BYTES"], files))
      output.progress("wrote \(files.count) templates and stacks.json to \(folder)")
    } else {
      output.result(request.text(of: deployment))
    }
    return 0
  }
}

/// Which templates were asked for.
struct TemplateRequest {
  enum Format: String, CaseIterable {
    case yaml, json
  }

  let manifest: Manifest
  let stage: Stage
  /// To size it for; nil for the smallest servers that make sense.
  let users: Int?
  let regions: [Region]
  let format: Format
  let options: DeploymentOptions
  let hasStandInDomain: Bool

  init(_ arguments: Arguments) throws {
    manifest = try Manifest.load(folder: arguments.appFolder().path)
    guard let number = try arguments.integer("stage", in: 1...7), let stage = Stage(rawValue: number) else {
      throw UsageError("'template' needs --stage; `heights template --help` shows an example")
    }
    self.stage = stage
    users = try arguments.integer("users", in: SizedStage.users)
    regions = try RegionNames.read(arguments.text("regions"), for: stage)
    format = try arguments.choice("format", Format.self) ?? .yaml
    hasStandInDomain = arguments.text("domain") == nil
    options = DeploymentOptions(
      app: manifest.name, domain: arguments.text("domain"), keepsPreviousStage: !arguments.has("fresh"))
  }

  /// The stage, and what it can't carry of the users that it is sized for, in words.
  func topology() throws -> (Topology, shortfalls: [String]) {
    try SizedStage.topology(of: manifest, at: stage, in: regions, for: users)
  }

  func template(of stack: Stack) -> String {
    switch format {
    case .yaml: stack.template.yaml
    case .json: stack.template.json
    }
  }

  /// All templates: documents of YAML after each other, or one JSON object by the stacks' names.
  func text(of deployment: Deployment) -> String {
    switch format {
    case .yaml:
      deployment.stacks.map { "---\n# \($0.name) in \($0.region)\n\($0.template.yaml)" }.joined().trimmed
    case .json:
      "{\n"
        + deployment.stacks.map { "\"\($0.name)\": \($0.template.json.trimmed)" }.joined(separator: ",\n")
        + "\n}"
    }
  }

  /// Writes a file for each stack, and the index. Returns rows for a table.
  func write(_ deployment: Deployment, to folder: String) throws -> [[String]] {
    let index = deployment.index(fileExtension: format.rawValue)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      var rows: [[String]] = []
      for (stack, entry) in zip(deployment.stacks, index.stacks) {
        let text = template(of: stack)
        try text.write(toFile: "\(folder)/\(entry.file)", atomically: true, encoding: .utf8)
        rows.append([stack.name, stack.region, entry.file, String(text.utf8.count)])
      }
      try (encoder.encode(index) + Data("\n".utf8)).write(to: URL(fileURLWithPath: "\(folder)/stacks.json"))
      return rows
    } catch let error as CocoaError {
      throw UsageError("--out is '\(folder)', which can't be written: \(error.localizedDescription)")
    }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .newlines) }
}

/// A stage in regions, as the planner sizes it where a number of users is given.
enum SizedStage {
  static let users = 1...100_000_000

  static func topology(
    of manifest: Manifest, at stage: Stage, in regions: [Region], for users: Int?
  ) throws -> (Topology, shortfalls: [String]) {
    guard let users else { return (try Topology.of(manifest.outline, at: stage, in: regions), []) }
    let planner = try Planner(
      manifest.outline, workload: manifest.workload, catalog: Catalog(),
      regions: regions.map(\.code))
    let plan = try planner.plan(users: users, stage: stage)
    return (plan.topology, plan.shortfalls)
  }
}

/// Regions as they are typed.
enum RegionNames {
  private static let standard = (home: "us-east-1", second: "eu-central-1")

  /// The regions of `--regions a,b`; without it us-east-1, and eu-central-1 as the second where a stage needs one.
  ///
  /// - Throws: `UsageError` for a code that AWS does not have, one that is there twice, and a number of regions that
  ///   the stage can't have.
  static func read(
    _ text: String?, for stage: Stage, option: String = "regions"
  ) throws(UsageError) -> [Region] {
    let codes =
      text?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      ?? (stage == .sharded ? [standard.home, standard.second] : [standard.home])
    var regions: [Region] = []
    for code in codes {
      guard let entry = CataloguedRegion.commercial.first(where: { $0.region.code == code }) else {
        let near = Nearest.name(to: code, among: CataloguedRegion.commercial.map(\.region.code))
        let advice = near.map { "did you mean \($0)?" } ?? "expected a code such as eu-central-1"
        throw UsageError("--\(option): '\(code)' is no commercial region of AWS; \(advice)")
      }
      if regions.contains(entry.region) { throw UsageError("--\(option): \(code) is there twice") }
      regions.append(entry.region)
    }
    return regions
  }
}
