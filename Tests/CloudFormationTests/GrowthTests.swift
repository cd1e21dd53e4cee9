// From stage to stage: the same stacks and logical ids, and nothing that holds data is replaced.

import Foundation
import Testing
import Topology

@testable import CloudFormation

@Suite struct GrowthTests {
  private static let homes = ["eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2"]

  private static let pairs: [(Stage, Stage)] = Stage.allCases.flatMap { old in
    Stage.allCases.filter { $0 > old }.map { (old, $0) }
  }

  private func deployment(_ stage: Stage, home: String) throws -> Deployment {
    let other = home == "us-east-1" ? "eu-central-1" : "us-east-1"
    return try Stages.deployment(stage, stage == .sharded ? [home, other] : [home])
  }

  @Test(arguments: pairs)
  func noUpdateReplacesOrDeletesData(old: Stage, new: Stage) throws {
    for home in Self.homes {
      let (before, after) = (try deployment(old, home: home), try deployment(new, home: home))
      #expect(DataGuard.findings(from: before, to: after) == [])
    }
  }

  @Test(arguments: pairs)
  func aLogicalIDIsAlwaysTheSameType(old: Stage, new: Stage) throws {
    let (before, after) = (try Stages.deployment(old), try Stages.deployment(new))
    for stack in before.stacks {
      guard let same = after.stack(stack.name) else { continue }
      #expect(same.region == stack.region && same.kind == stack.kind)
      for entry in stack.template.resources {
        guard let now = same.template.resource(entry.logicalID) else { continue }
        #expect(now.type == entry.type, "\(stack.name)/\(entry.logicalID)")
      }
    }
  }

  /// What holds data stays for one stage more than it is used, under the id that it was born with.
  @Test(arguments: [
    ("launch", "Waitlist", 1...2), ("data", "Placement", 2...7), ("data", "Releases", 2...7),
    ("compute", "Disk", 2...4),
    ("data", "DataKey", 3...7), ("data", "Database", 3...7), ("data", "Files", 4...5),
    ("data", "Objects", 5...7),
    ("data", "StaticFiles", 5...7), ("data", "Logs", 5...7), ("cache", "Cache", 5...7),
    ("data", "Sessions", 6...7),
  ])
  func dataLivesUnderOneName(stack: String, logicalID: String, stages: ClosedRange<Int>) throws {
    for stage in Stage.allCases {
      let deployment = try Stages.deployment(stage)
      let isThere = deployment.stack("summit-eu-central-1-\(stack)")?.template.resource(logicalID) != nil
      #expect(isThere == stages.contains(stage.number), "\(logicalID) at stage \(stage.number)")
    }
  }

  @Test func aFirstDeploymentHasNothingOfTheStageBefore() throws {
    let fresh = try Stages.deployment(.sharded, fresh: true)
    #expect(fresh.stack("summit-eu-central-1-data")?.template.resource("Database") == nil)
    #expect(fresh.stack("summit-eu-central-1-data-accounts-1") != nil)
    #expect(try Stages.deployment(.singleServer, fresh: true).stack("summit-eu-central-1-launch") == nil)
    let servers = try Stages.deployment(.replicated, fresh: true).stack("summit-eu-central-1-compute")
    #expect(servers?.template.resource("Disk") == nil && servers?.template.resource("ServerB") != nil)
  }

  /// Sizes that are not given stay what they are: nobody plans a cluster that is about to be left.
  @Test func theStageBeforeKeepsItsSize() throws {
    let data = "summit-eu-central-1-data"
    let sizes: Set = ["DatabaseClass", "DatabaseGiB"]
    let given = try [Stage.microservices, .sharded].map { stage in
      let stack = try #require(try Stages.deployment(stage).stack(data))
      #expect(sizes.isSubset(of: stack.template.parameters.map(\.name)))
      return sizes.intersection(stack.inputs.map(\.parameter))
    }
    #expect(given == [sizes, []])
  }

  /// Replacing a server would take its disk's attachment with it, in an order that fails.
  @Test func serversKeepWhatWouldReplaceThem() throws {
    let createOnly = [
      "ImageId", "SubnetId", "LaunchTemplate", "AvailabilityZone", "KeyName", "NetworkInterfaces",
    ]
    let stages: [Stage] = [.singleServer, .separateDatabase, .replicated]
    let servers = try stages.map { stage in
      try #require(
        try Stages.deployment(stage).stack("summit-eu-central-1-compute")?.template.resource("ServerA"))
    }
    for property in createOnly {
      let values = servers.map { $0.properties[property].map(JSONText.of) }
      #expect(Set(values).count == 1, "\(property)")
    }
  }

  @Test func aNetworkOnlyGrows() throws {
    for (old, new) in zip(Stage.allCases.dropFirst(), Stage.allCases.dropFirst(2)) {
      let before = try #require(try Stages.deployment(old).stack("summit-eu-central-1-network"))
      let after = try #require(try Stages.deployment(new).stack("summit-eu-central-1-network"))
      for entry in before.template.resources { #expect(after.template.resource(entry.logicalID) != nil) }
      for output in before.template.outputs {
        #expect(after.template.outputs.contains { $0.name == output.name })
      }
    }
  }
}

/// The stages as they are written, compared with what was reviewed. `HEIGHTS_RENEW_GOLDEN=1 swift test` renews them.
@Suite struct GoldenTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  private func check(_ text: String, _ name: String) throws {
    let file = Self.folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["HEIGHTS_RENEW_GOLDEN"] == "1" {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "\(name) differs: HEIGHTS_RENEW_GOLDEN=1 renews it, then read the difference")
  }

  @Test(arguments: Stage.allCases)
  func theOutlineOfAStage(stage: Stage) throws {
    let lines = try Stages.deployment(stage).stacks.flatMap { stack in
      ["\(stack.name) (\(stack.kind.rawValue), \(stack.region))"]
        + stack.template.resources.map { entry in
          "  \(entry.logicalID): \(entry.type)" + (entry.deletionPolicy.map { ", \($0.rawValue)" } ?? "")
        } + stack.template.outputs.map { "  → \($0.name)" }
    }
    try check(lines.joined(separator: "\n") + "\n", "outline-\(stage.number).txt")
  }

  @Test func theTemplatesOfStage5() throws {
    for stack in try Stages.deployment(.stateless).stacks {
      try check(stack.template.yaml, "stage-5-\(stack.name).yaml")
    }
  }
}
