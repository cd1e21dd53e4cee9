// What holds of every plan, tried with many audiences.

import Foundation
import Testing
import Topology
import Workload

@testable import Planner

@Suite struct PropertyTests {
  /// Audiences from one to the most, in order, the same number in each factor of ten.
  private static func audiences(_ count: Int, _ chance: inout Chance) -> [Int] {
    (0..<count).map { _ in Int(pow(10, Double.random(in: 0...8, using: &chance))) }.sorted()
  }

  private static let stages = Stage.allCases.filter { $0 > .launchPage }

  @Test func costNeverFallsAsUsersGrow() throws {
    var chance = Chance("cost of recommended stages")
    let planner = try Plans.planner()
    var last: Plan?
    for users in Self.audiences(150, &chance) {
      let plan = try planner.plan(users: users)
      if let last {
        #expect(
          plan.costPerMonth >= last.costPerMonth - 1e-6,
          "\(last.users) users cost \(last.costPerMonth), \(users) cost \(plan.costPerMonth)")
        #expect(plan.stage >= last.stage)
      }
      last = plan
    }
  }

  @Test(arguments: stages) func costAndCapacityNeverFallWithinAStage(stage: Stage) throws {
    var chance = Chance("stage \(stage.number)")
    let planner = try Plans.planner(stage == .sharded ? ["eu-central-1", "sa-east-1"] : ["eu-central-1"])
    var last: Plan?
    for users in Self.audiences(60, &chance) {
      let plan = try planner.plan(users: users, stage: stage)
      guard plan.shortfalls.isEmpty else { continue }
      if let last {
        #expect(plan.costPerMonth >= last.costPerMonth - 1e-6, "from \(last.users) to \(users) users")
        #expect(Self.carries(plan) >= Self.carries(last) * 0.999, "from \(last.users) to \(users) users")
      }
      last = plan
    }
  }

  /// How many users the plan's machines carry.
  private static func carries(_ plan: Plan) -> Double { plan.nextLimit?.users ?? .infinity }

  @Test func nothingIsFullerThanItMayBe() throws {
    var chance = Chance("utilisation")
    let planner = try Plans.planner()
    for users in Self.audiences(100, &chance) {
      let plan = try planner.plan(users: users)
      #expect(plan.shortfalls.isEmpty)
      for use in plan.tiers.flatMap(\.uses) {
        #expect(use.fits, "\(users) users: \(use)")
        #expect(use.used >= 0 && use.capacity > 0 && use.used.isFinite)
      }
    }
  }

  @Test func aPlanCarriesUpToItsNextLimitAndNotBeyond() throws {
    var chance = Chance("limits")
    let catalog = try Catalog()
    let profile = RequestProfile(.standard, catalog)
    let planner = try Plans.planner()
    for users in Self.audiences(30, &chance) {
      let plan = try planner.plan(users: users)
      guard let limit = plan.nextLimit else { continue }
      #expect(limit.users >= Double(users) * 0.999)
      #expect(!limit.resource.isEmpty && !limit.remedy.isEmpty)
      // The machines of the plan are those that the limit itself is planned with, and 1 % more need others.
      let shape = try Ladder(
        Plans.app, regions: [try #require(CataloguedRegion.named("us-east-1")).region], catalog: catalog,
        profile: profile
      ).shape(plan.stage)
      func sized(_ users: Double) -> [String] {
        Sized(shape, for: Demand(catalog: catalog, profile: profile, users: users)).groups.map(\.words)
      }
      #expect(sized(limit.users * 1.01) != sized(Double(users)))
    }
  }

  @Test func theClimbComesWhereItIsSaid() throws {
    var chance = Chance("climbs")
    let planner = try Plans.planner()
    for users in Self.audiences(30, &chance) {
      guard let climb = try planner.plan(users: users).climb else { continue }
      let before = try planner.plan(users: max(users, Int(climb.users * 0.995)))
      let after = try planner.plan(users: Int((climb.users * 1.01).rounded(.up)))
      #expect(before.stage < climb.to && after.stage >= climb.to, "\(users) users: \(climb)")
    }
  }

  @Test func everyFigureOfEveryPlanHasASourceAndADate() throws {
    for users in [1, 10, 1_000, 10_000, 500_000, 10_000_000, 100_000_000] {
      let plan = try Plans.planner().plan(users: users)
      let constants =
        [plan.assumptions] + plan.costs.map(\.constants) + plan.availability.events.map(\.constants)
        + plan.availability.paths.flatMap { $0.members.map(\.constants) }
      for (path, constant) in constants.flatMap({ $0 }) {
        #expect(!constant.source.isEmpty && !constant.asOf.isEmpty && !constant.unit.isEmpty, "\(path)")
      }
      for line in plan.costs {
        #expect(!line.constants.isEmpty, "\(line.item) rests on nothing")
        #expect(line.isEstimate == line.constants.values.contains { $0.isEstimate })
        #expect(line.amount >= 0 && line.amount.isFinite && line.quantity > 0)
      }
      #expect(abs(plan.costs.reduce(0) { $0 + $1.amount } - plan.costPerMonth) < 1e-6)
    }
  }

  @Test func theTopologyOfAPlanIsSizedAsThePlanIs() throws {
    for users in [10, 1_000, 10_000, 500_000, 10_000_000] {
      let plan = try Plans.planner().plan(users: users)
      #expect(plan.topology.stage == plan.stage)
      for tier in plan.topology.tiers where [.service, .database, .cache].contains(tier.kind) {
        let planned = plan.tiers.first {
          $0.kind == tier.kind && (tier.kind != .service || $0.tiers.contains(tier.id))
        }
        #expect(tier.capacity?.instanceType == planned?.instanceType, "\(users) users, \(tier.id)")
      }
      for tier in plan.topology.tiers where tier.kind == .service && plan.stage >= .stateless {
        let planned = plan.tiers.first { $0.tiers.contains(tier.id) }
        #expect(tier.scaling?.desired == planned.map { $0.count / plan.regions.count })
      }
    }
  }

  @Test func randomMixesAndWorkloadsNeverBreakThePlanner() throws {
    var chance = Chance("mixes")
    for _ in 0..<60 {
      var weights: [Action: Double] = [:]
      for action in Action.planned { weights[action] = Double.random(in: 0...50, using: &chance) }
      let workload = try Workload(weights)
      let catalog = try Catalog()
        .setting(
          .usersRequestsPerUserDay, to: pow(10, Double.random(in: -2...6, using: &chance)), source: "test"
        )
        .setting(.usersDauRatio, to: Double.random(in: 0.001...1, using: &chance), source: "test")
      let planner = try Planner(Plans.app, workload: workload, catalog: catalog)
      let users = Int(pow(10, Double.random(in: 0...8, using: &chance)))
      for stage in [nil, Stage.allCases.randomElement(using: &chance)] {
        let plan = try planner.plan(users: users, stage: stage, growthPerMonth: 0.1)
        #expect(plan.costPerMonth.isFinite && plan.costPerMonth > 0)
        #expect(plan.availability.paths.allSatisfy { (0...1).contains($0.promised) })
        _ = try JSONEncoder().encode(plan)
      }
    }
  }
}
