// The constants: all there, all with sources, and other values only where they can be.

import Foundation
import Policies
import Testing
import Topology
import Workload

@testable import Planner

@Suite struct CatalogTests {
  @Test func everyConstantHasAUnitASourceAndADate() throws {
    for (path, constant) in try Catalog().constants {
      #expect(!constant.unit.isEmpty && constant.source.count > 5, "\(path)")
      #expect(constant.asOf.hasPrefix("20"), "\(path) is of \(constant.asOf)")
      #expect(constant.value.isFinite && constant.value >= 0, "\(path)")
    }
  }

  @Test func whatIsRecalledGuessedOrPlannedIsMarkedAsAnEstimate() throws {
    let words = ["recalled", "planning", "an estimate", "guess", "coarse"]
    for (path, constant) in try Catalog().constants where words.contains(where: constant.source.contains) {
      let isDefinition = path.hasPrefix("capacities/sizing/") || path == "needs/range/users"
      let isHome = path == "regions/aws/us-east-1/priceFactor"
      #expect(constant.isEstimate || isDefinition || isHome, "\(path): \(constant.source)")
    }
  }

  @Test func everyConstantIsUsed() throws {
    let keys = Set(Catalog.Key.allCases.map(\.rawValue))
    let tables = ["instances/", "regions/"]
    let kinds = Action.planned.map { "workload/\($0.rawValue)/" }
    for path in try Catalog().constants.keys where !(tables + kinds).contains(where: path.hasPrefix) {
      #expect(keys.contains(path), "\(path) is in the catalog and nobody asks for it")
    }
  }

  @Test func everyCommercialRegionHasPrices() throws {
    let catalog = try Catalog()
    #expect(catalog.regionCodes == CataloguedRegion.commercial.map(\.region.code).sorted())
    for code in catalog.regionCodes {
      #expect(catalog.regional("priceFactor", of: code) != nil)
      #expect(catalog.edge("tier1PerGB", near: code) != nil)
    }
  }

  @Test func instancesForAppsAreThoseThatStagesKnow() throws {
    for size in try Catalog().computeSizes {
      let known = InstanceType.named(size.name)
      #expect(known?.virtualCPUs == Int(size.virtualCPUs), "\(size.name)")
      #expect(known?.memoryBytes == Int(size.memoryGiB * 0x1p30), "\(size.name)")
    }
  }

  @Test func aFileGivesOtherValuesWhichNameIt() throws {
    let json =
      #"{"prices": {"ebs": {"perGBMonth": 0.07}}, "instances": {"ec2": {"t4g.micro": {"perHour": 0}}}}"#
    let catalog = try Catalog().overridden(by: Data(json.utf8), named: "mine.json")
    let disk = catalog[.priceEbsPerGBMonth]
    #expect(
      disk.value == 0.07 && disk.source == "mine.json" && disk.unit == "USD/GB-month" && !disk.isEstimate)
    #expect(catalog.computeSizes.first?.name == "t4g.micro")
    #expect(catalog.computeSizes.first?.perHour.source == "mine.json")
  }

  @Test(arguments: [
    (#"{"price": {}}"#, "price: no such constant; there are availability, capacities, instances"),
    (#"{"prices": {"ebs": {"perGB": 1}}}"#, "prices/ebs/perGB: no such constant; there are perGBMonth"),
    (#"{"prices": {"ebs": 3}}"#, "prices/ebs: expected an object with perGBMonth, snapshotPerGBMonth"),
    (#"{"prices": {"ebs": {"perGBMonth": "3"}}}"#, "expected a number (USD/GB-month), found '3'"),
    (#"{"prices": {"ebs": {"perGBMonth": true}}}"#, "expected a number (USD/GB-month), found true"),
    (#"{"prices": {"ebs": {"perGBMonth": null}}}"#, "expected a number (USD/GB-month), found null"),
    (#"{"prices": {"ebs": {"perGBMonth": [1]}}}"#, "expected a number (USD/GB-month), found a list"),
    (
      #"{"prices": {"ebs": {"perGBMonth": {"value": 1}}}}"#,
      "expected a number (USD/GB-month), found an object"
    ),
    (#"{"prices": {"ebs": {"perGBMonth": -1}}}"#, "from 0 to 1,000,000,000 (USD/GB-month), found -1"),
    (#"{"workload": {"users": {"dauRatio": 1.5}}}"#, "expected a share from 0 to 1, found 1.5"),
    (#"{"capacities": {"app": {"utilisation": 0}}}"#, "expected a number above 0 (share), found 0"),
    (#"{"instances": {"ec2": {"t4g.micro": {"vCPU": 1.5}}}}"#, "expected 1 to 1,024 vCPUs, found 1.5"),
    (#"[1]"#, "mine.json: expected an object"),
    (#"{"prices""#, "mine.json: is not JSON"),
    ("", "mine.json: is not JSON"),
  ])
  func aMistakeIsToldByItsPath(json: String, message: String) throws {
    let catalog = try Catalog()
    let error = #expect(throws: CatalogError.self) {
      _ = try catalog.overridden(by: Data(json.utf8), named: "mine.json")
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains(message), "\(text)")
    #expect(text.contains("mine.json"))
  }

  @Test func everyMistakeIsToldAtOnce() throws {
    let json = #"{"prices": {"ebs": {"perGBMonth": -1}, "nat": {"perHour": "x"}}}"#
    let error = try #require(throws: CatalogError.self) {
      _ = try Catalog().overridden(by: Data(json.utf8), named: "mine.json")
    }
    #expect(error.problems.count == 2)
  }

  @Test func serversAreReckonedAwayWhenTheHealthChecksOfTheTemplatesSaySo() throws {
    let catalog = try Catalog()
    #expect(
      catalog.value(.recoveryTargetRemovalSeconds) == Double(HealthChecks.targetGroup.noticeSeconds))
    #expect(
      catalog.value(.recoveryDnsSeconds)
        == Double(HealthChecks.route53.noticeSeconds + HealthChecks.route53AnswerSeconds))
  }

  @Test func connectionsArePlannedAsManyAsPoolsMayOpen() throws {
    let catalog = try Catalog()
    // Summit's three databases, with those that HeightsKit adds.
    #expect(catalog.value(.appConnectionsPerVCPU) == Double(ConnectionNeed.perLoop(databases: 5)))
    #expect(
      catalog.value(.appConnectionsPerVCPUToOneDatabase) == Double(ConnectionNeed.perLoop(databases: 1)))
  }
}
