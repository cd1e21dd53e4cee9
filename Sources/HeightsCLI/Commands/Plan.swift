// heights plan: what an audience takes, costs and reaches next.

import Foundation
import Lab
import Planner
import Topology
import Workload

extension Command {
  static let plan = Command(
    name: "plan",
    summary: "Plan for a number of users: the stage to be on, machines, monthly cost, next limits.",
    discussion:
      "Users are people in a month. Every figure has a source and a date (--json shows them, docs/plan.md explains "
      + "them); ~ marks what is an estimate. Exit code 1 when the stage asked for can't carry the users.",
    options: [
      Option("users", "N", "people in a month, from 1 to 100,000,000"),
      Option("dau-ratio", "R", "the share of them that comes on an average day, above 0 up to 1 (0.2)"),
      Option("requests-per-user", "R", "requests a day of each that comes (100)"),
      Option("growth", "PERCENT", "users more in each month: tells when limits are reached"),
      Option("stage", "N", "plan this stage, 1 to 7, instead of the one that is recommended"),
      Option("regions", "A,B", "AWS regions, the first where the app begins (us-east-1)"),
      Option("app", "DIR", "the app's folder, for its services, databases and workload; else as Summit"),
      Option(
        "prices", "FILE", "JSON with other values for constants of the catalog, such as your own prices"),
      .json,
      Option("html", "FILE", "write a page with charts"),
    ],
    example: "heights plan --users 10000 --growth 15"
  ) { arguments, output in
    let request = try PlanRequest(arguments)
    let planner = try request.planner()
    let plan = try planner.plan(users: request.users, stage: request.stage, growthPerMonth: request.growth)
    if let path = arguments.text("html") {
      let page = PlanPage(plan: plan, curve: try planner.curve(for: plan), title: planner.app.title)
      try page.write(to: path)
      output.progress("wrote \(path)")
    }
    if arguments.has("json") {
      output.json(plan)
    } else {
      output.result(PlanText(plan: plan, title: planner.app.title, output: output).text)
    }
    return plan.shortfalls.isEmpty ? 0 : 1
  }
}

/// What `heights plan` was asked.
private struct PlanRequest {
  let users: Int
  let stage: Stage?
  /// As a share.
  let growth: Double?
  private let app: AppOutline
  private let workload: Workload
  private let catalog: Catalog
  private let regions: [String]

  init(_ arguments: Arguments) throws {
    var catalog = try Catalog()
    if let path = arguments.text("prices") { catalog = try Self.overridden(catalog, by: path) }
    if let ratio = try arguments.positive("dau-ratio", upTo: 1) {
      catalog = try catalog.setting(.usersDauRatio, to: ratio, source: "--dau-ratio")
    }
    if let requests = try arguments.positive("requests-per-user", upTo: 1_000_000) {
      catalog = try catalog.setting(.usersRequestsPerUserDay, to: requests, source: "--requests-per-user")
    }
    let most = Int(catalog[.needRangeUsers].value)
    guard let users = try arguments.integer("users", in: 1...max(1, most)) else {
      throw UsageError("'plan' needs --users; `heights plan --help` shows an example")
    }
    self.users = users
    self.catalog = catalog
    stage = try arguments.integer("stage", in: 1...7).flatMap(Stage.init)
    growth = try arguments.positive("growth", upTo: 1000).map { $0 / 100 }
    regions = try Self.regions(arguments.text("regions"))
    let manifest = try Self.manifest(arguments)
    app = manifest?.outline ?? .summit
    workload = manifest?.workload ?? .standard
  }

  func planner() throws -> Planner {
    try Planner(app, workload: workload, catalog: catalog, regions: regions)
  }

  private static func overridden(_ catalog: Catalog, by path: String) throws -> Catalog {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UsageError("--prices is '\(path)': there is no such file, or it can't be read")
    }
    return try catalog.overridden(by: data, named: path)
  }

  private static func regions(_ text: String?) throws(UsageError) -> [String] {
    guard let text else { return ["us-east-1"] }
    let codes = text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    if codes.contains("") {
      throw UsageError(
        "--regions is '\(text)': expected codes with commas between them, such as us-east-1,eu-west-1")
    }
    for code in codes where CataloguedRegion.named(code) == nil {
      let near = Nearest.name(to: code, among: CataloguedRegion.commercial.map(\.region.code))
      let advice = near.map { "; did you mean \($0)?" } ?? ""
      throw UsageError("--regions names '\(code)', which is no region of AWS\(advice)")
    }
    return codes
  }

  private static func manifest(_ arguments: Arguments) throws -> Manifest? {
    guard arguments.text("app") != nil || FileManager.default.fileExists(atPath: Manifest.fileName) else {
      return nil
    }
    return try Manifest.load(folder: try arguments.appFolder().path)
  }
}

extension AppOutline {
  /// What a plan is for when no app is named: one like Summit.
  static let summit = AppOutline(
    name: "summit", title: "An app like Summit",
    services: [
      Service(name: "web", databases: [], calls: ["accounts", "posts", "graph"]),
      Service(name: "accounts", databases: ["accounts"]), Service(name: "posts", databases: ["posts"]),
      Service(name: "graph", databases: ["graph"]),
    ],
    databases: ["accounts", "posts", "graph"])
}
