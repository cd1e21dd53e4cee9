// Figures that can be worked out on paper, and are.

import Foundation
import Testing
import Topology

@testable import Planner

@Suite struct ByHandTests {
  private func demand(_ users: Double) throws -> Demand {
    let catalog = try Catalog()
    return Demand(catalog: catalog, profile: RequestProfile(.standard, catalog), users: users)
  }

  @Test func theDemandOfAMillionUsersIsThatOfThePaper() throws {
    let demand = try demand(1_000_000)
    #expect(demand.activeUsers == 200_000)
    // 200,000 × 100 / 86,400, and three times that at the peak.
    #expect(abs(demand.meanRequests - 231.48) < 0.01)
    #expect(abs(demand.peakRequests - 694.44) < 0.01)
    #expect(demand.peakHourPeople == 25_000)
    // A hundred requests: 3 writes of the one sign-up, 5 posts, 2 follows, 5 likes.
    #expect(abs(demand.profile.writes - 0.15 - 0.02) < 1e-12)
    #expect(abs(demand.profile.passwords - 0.03) < 1e-12)
    // Five posts of 2,500 bytes, two follows of 200, five likes of 120.
    #expect(abs(demand.profile.storedBytes - 135) < 1e-9)
    #expect(abs(demand.databaseGrowthGiB - 200_000 * 100 * 30.4 * 135 / 0x1p30) < 1e-6)
  }

  @Test func whatIsLeftAfterTheLossOfAZoneCarriesThePeak() throws {
    for users in [1_000, 200_000, 2_000_000, 40_000_000] {
      let plan = try Plans.planner().plan(users: users)
      let zones = plan.stage >= .microservices ? 3 : 2
      let peak = Double(users) * 0.2 * 100 / 86_400 * 3
      // Two ms for the front and calls, or all of it, and 30 passwords of 80 ms in a thousand requests.
      let servers = plan.tiers.filter { $0.kind == .service }
      let ms = servers.count == 1 ? [2 + 2.4] : [1 + 0.6] + Array(repeating: (1 + 2.4 + 0.6) / 3, count: 3)
      for (tier, ms) in zip(servers, ms) {
        let size = try #require(Catalog().computeSizes.first { $0.name == tier.instanceType })
        let left = Double(tier.count) * Double(zones - 1) / Double(zones)
        #expect(peak * ms / 1000 / (left * size.virtualCPUs) <= 0.6, "\(users) users, \(tier.title)")
      }
    }
  }

  @Test func theCheapestSizeThatFitsIsChosen() throws {
    // 40 million users at stage 6: 27,778 requests/s at the peak take 44.4 vCPUs of the front's 1.6 ms each, 74 at 60 %
    // in two zones, 111 in three. c7g costs $0.03625 a vCPU whatever its size.
    let plan = try Plans.planner().plan(users: 40_000_000, stage: .microservices)
    let front = try #require(plan.tiers.first { $0.kind == .service })
    let size = try #require(Catalog().computeSizes.first { $0.name == front.instanceType })
    let perHour = Double(front.count) * size.perHour.value
    #expect(size.name.hasPrefix("c7g."))
    #expect(perHour >= 111 * 0.03625 && perHour < 111 * 0.03625 * 1.03, "\(front.count) × \(size.name)")
  }

  @Test func theBillOfTenUsersIsThatOfThePaper() throws {
    let plan = try Plans.planner().plan(users: 10)
    func amount(_ item: String) -> Double? { plan.costs.first { $0.item == item }?.amount }
    #expect(abs((amount("1 × t4g.micro") ?? 0) - 730 * 0.0084) < 1e-9)
    #expect(abs((amount("db.t4g.micro: 1 instance") ?? 0) - 730 * 0.016) < 1e-9)
    #expect(abs((amount("1 × 20 GiB of gp3 disk") ?? 0) - 20 * 0.115) < 1e-9)
    #expect(abs((amount("1 public IPv4 address") ?? 0) - 730 * 0.005) < 1e-9)
    #expect(plan.costPerMonth > 20 && plan.costPerMonth < 50)
  }

  @Test func aRegionsPricesAreItsOwn() throws {
    let home = try Plans.planner().plan(users: 10_000)
    let far = try Plans.planner(["sa-east-1"]).plan(users: 10_000)
    func line(_ plan: Plan, _ item: String) -> CostLine? { plan.costs.first { $0.item == item } }
    let here = try #require(line(home, "2 × t4g.micro"))
    let there = try #require(line(far, "2 × t4g.micro"))
    #expect(abs(there.amount - here.amount * 1.45) < 1e-9)
    #expect(!here.isEstimate && there.isEstimate, "the factor of a region is an estimate")
    #expect(there.constants["regions/aws/sa-east-1/priceFactor"]?.value == 1.45)
  }

  @Test func pricesThatFallWithTheQuantityFallForTheRestOnly() {
    let steps = PriceSteps(steps: [(10, 1), (20, 0.5), (.infinity, 0.1)])
    #expect(steps.amount(-1) == 0)
    #expect(steps.amount(10) == 10)
    #expect(steps.amount(14) == 12)
    #expect(abs(steps.amount(130) - 30) < 1e-12)
  }

  @Test func aRegionThatIsAloneGetsANeighbourUnderTheSameLaw() throws {
    for (home, neighbour) in [("eu-central-1", "EU"), ("us-west-2", "US"), ("ca-central-1", "CA")] {
      let plan = try Plans.planner([home]).plan(users: 10, stage: .sharded)
      let regions = plan.topology.regions
      #expect(regions.count == 2 && regions[0].code == home)
      #expect(regions[1].jurisdictions.first == neighbour)
    }
    #expect(
      try Plans.planner(["sa-east-1"]).plan(users: 10, stage: .sharded).regions == ["sa-east-1", "us-east-1"])
  }

  @Test func growthTellsInHowManyMonths() throws {
    let plan = try Plans.planner().plan(users: 10_000, growthPerMonth: 0.1)
    let climb = try #require(plan.climb)
    let months = try #require(climb.months)
    #expect(abs(10_000 * pow(1.1, months) - climb.users) < 1)
    #expect(try Plans.planner().plan(users: 10_000).climb?.months == nil)
  }

  @Test func nothingIsPlannedForDatabasesOfAnAppThatHasNone() throws {
    let app = AppOutline(
      name: "calculator", title: "", services: [.init(name: "web", databases: [])], databases: [])
    let planner = try Planner(app, catalog: Catalog())
    var disks: [Double] = []
    for stage in Stage.allCases where stage > .launchPage {
      let plan = try planner.plan(users: 1_000, stage: stage)
      #expect(!plan.tiers.contains { $0.kind == .database })
      #expect(!plan.availability.events.contains { $0.name.contains("database") })
      disks += plan.tiers.filter { $0.kind == .service }.prefix(1).map(\.offered.storageGiB)
    }
    // Files alone are on the server of stages 2 and 3.
    #expect(disks[0] == disks[1] && disks[0] > 0)
  }

  @Test(arguments: [
    (0, "0"), (0.0001, "<0.001"), (0.05, "0.050"), (0.25, "0.25"), (2, "2"), (7.25, "7.2"), (9.97, "10"),
    (1234, "1,234"), (999_499, "999,499"), (999_500, "1 M"), (1_400_000, "1.4 M"), (250e6, "250 M"),
    (1e9, "1 G"),
  ])
  func figuresAreReadable(value: Double, text: String) { #expect(Figures.count(value) == text) }

  @Test func roughFiguresHaveThreeDigits() {
    #expect(Figures.rough(21_759.4) == "21,800")
    #expect(Figures.rough(399_992) == "400,000")
    #expect(Figures.rough(12.3) == "12")
  }

  @Test func theSolverFindsWhereSomethingStops() {
    let found = Solver.greatest(upTo: 1e8) { $0 <= 12_345 } ?? 0
    #expect(found <= 12_345 && found > 12_345 * 0.998)
    #expect(Solver.greatest(upTo: 1e8) { _ in true } == nil)
    #expect(Solver.greatest(upTo: 1e8) { _ in false } == 0)
    #expect(Solver.least(in: 1...1000) { $0 >= 77 } == 77)
    #expect(Solver.least(in: 1...10) { $0 >= 77 } == nil)
  }
}
