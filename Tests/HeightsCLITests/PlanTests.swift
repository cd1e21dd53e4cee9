// heights plan: what it says of audiences and of mistakes, and its page.

import Foundation
import Planner
import Testing

@testable import HeightsCLI

@Suite struct PlanTests {
  @Test(arguments: [1, 10, 1_000, 10_000, 500_000, 10_000_000, 100_000_000])
  func theTableFitsInAHundredColumns(users: Int) async {
    for words in [[], ["--regions", "ap-northeast-1,ap-southeast-2", "--stage", "7"]] {
      let run = await Run(["plan", "--users", "\(users)", "--growth", "8"] + words)
      #expect(run.progress == "")
      for line in run.result.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
      for word in ["COST PER MONTH", "AVAILABILITY", "Total", "~ rests on an estimate"] {
        #expect(run.result.contains(word))
      }
    }
  }

  @Test func theTableOfEveryStageFitsToo() async {
    for stage in 1...7 {
      let run = await Run("plan", "--users", "3000000", "--stage", "\(stage)")
      #expect(run.result.contains("stage \(stage), "))
      for line in run.result.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }
  }

  @Test(arguments: [
    (["--users", "0"], "--users is '0': expected a whole number from 1 to 100000000"),
    (["--users", "-5"], "--users is '-5': expected a whole number"),
    (["--users", "many"], "--users is 'many': expected a whole number"),
    (["--users", "1.5"], "--users is '1.5': expected a whole number"),
    (["--users", "100000001"], "--users is '100000001': expected a whole number from 1 to 100000000"),
    (["--users", "99999999999999999999"], "expected a whole number from 1 to 100000000"),
    ([], "'plan' needs --users; `heights plan --help` shows an example"),
    (["--users", "10", "--dau-ratio", "1.2"], "--dau-ratio is '1.2': expected a number above 0 and up to 1"),
    (["--users", "10", "--dau-ratio", "nan"], "--dau-ratio is 'nan'"),
    (["--users", "10", "--requests-per-user", "0"], "--requests-per-user is '0'"),
    (["--users", "10", "--growth", "-3"], "--growth is '-3'"),
    (["--users", "10", "--stage", "8"], "--stage is '8': expected a whole number from 1 to 7"),
    (
      ["--users", "10", "--regions", "us-esat-1"],
      "'us-esat-1', which is no region of AWS; did you mean us-east-1?"
    ),
    (["--users", "10", "--regions", "us-east-1,"], "expected codes with commas between them"),
    (["--users", "10", "--regions", "us-east-1,us-east-1"], "the region 'us-east-1' is there twice"),
    (["--users", "10", "--regions", "cn-north-1"], "there are no prices for 'cn-north-1'"),
    (
      ["--users", "10", "--regions", "us-east-1,eu-west-1", "--stage", "4"],
      "stage 4 is in one region and 2 are given; stage 7 is in several"
    ),
    (["--users", "10", "--regions", "us-west-1", "--stage", "6"], "region us-west-1: has 2 zones"),
    (
      ["--users", "10", "--prices", "/nowhere/p.json"], "--prices is '/nowhere/p.json': there is no such file"
    ),
    (["--users", "10", "--html", "/nowhere/p.html"], "--html is '/nowhere/p.html': it can't be written"),
  ])
  func aMistakeIsToldInOneLineWithCode2(words: [String], message: String) async {
    let run = await Run(["plan"] + words)
    #expect(run.code == 2)
    #expect(run.result == "")
    #expect(run.progress.hasPrefix("heights: ") && run.progress.contains(message), "\(run.progress)")
    #expect(run.progress.split(separator: "\n").count == 1)
  }

  @Test func severalRegionsAreStage7() async {
    let run = await Run("plan", "--users", "10", "--regions", "us-east-1,eu-west-1")
    #expect(run.code == 0)
    #expect(run.result.contains("stage 7, sharded"))
    #expect(run.result.contains("Why: several regions are asked for."))
  }

  @Test func aStageThatCantCarryTheUsersIsToldWithCode1() async {
    let run = await Run("plan", "--users", "100000000", "--stage", "2", "--requests-per-user", "1000")
    #expect(run.code == 1)
    #expect(run.result.contains("Stage 7 is recommended: "))
    #expect(run.result.contains("Can't carry it: App servers: "))
  }

  @Test func jsonIsThePlanWithEveryConstantsSource() async throws {
    let run = await Run("plan", "--users", "10000", "--growth", "10", "--dau-ratio", "0.4", "--json")
    let plan = try JSONDecoder().decode(Plan.self, from: Data(run.result.utf8))
    #expect(plan.users == 10_000 && plan.stage == .stateless && plan.growthPerMonth == 0.1)
    #expect(plan.climb?.months != nil && plan.nextLimit?.months != nil)
    let ratio = plan.assumptions["workload/users/dauRatio"]
    #expect(ratio?.value == 0.4 && ratio?.source == "--dau-ratio" && ratio?.isEstimate == false)
    #expect(plan.topology.tiers.contains { $0.capacity != nil })
  }

  @Test func pricesOfAFileCountAndAreNamed() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(#"{"prices": {"nat": {"perHour": 0}}}"#.utf8).write(to: file)
    let run = await Run("plan", "--users", "10000", "--prices", file.path, "--json")
    let plan = try JSONDecoder().decode(Plan.self, from: Data(run.result.utf8))
    let line = try #require(plan.costs.first { $0.item == "2 NAT gateways" })
    #expect(line.amount == 0 && line.constants["prices/nat/perHour"]?.source == file.path)

    try Data(#"{"prices": {"nat": {"perHoure": 0}}}"#.utf8).write(to: file)
    let wrong = await Run("plan", "--users", "10000", "--prices", file.path)
    #expect(wrong.code == 2)
    #expect(wrong.progress.contains("prices/nat/perHoure: no such constant; there are perGB, perHour"))
  }

  @Test func thePageNeedsNothingElse() throws {
    for users in [10, 10_000, 10_000_000] {
      let html = try page(users, title: "An app").html
      for word in ["<script", "src=", "@import", "url(", "<link"] { #expect(!html.contains(word), "\(word)") }
      #expect(html.contains("prefers-color-scheme: dark") && html.contains("width=device-width"))
      #expect(html.contains("<svg") && html.contains("Where the figures come from"))
      // Every figure that SVG draws is a number.
      #expect(!html.contains("nan") || !html.contains("\"nan"))
      #expect(!html.contains("\"inf"))
    }
  }

  @Test func theTitleOfAnAppIsTextOnThePage() throws {
    let html = try page(10, title: "<b>&\"").html
    #expect(html.contains("&lt;b&gt;&amp;&quot;"))
    #expect(!html.contains("<b>"))
  }

  private func page(_ users: Int, title: String) throws -> PlanPage {
    let planner = try Planner(.summit, catalog: Catalog())
    let plan = try planner.plan(users: users)
    return PlanPage(plan: plan, curve: try planner.curve(for: plan), title: title)
  }
}
