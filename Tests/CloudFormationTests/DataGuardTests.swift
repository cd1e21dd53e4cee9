// Each way to lose data that the guard knows is refused, with the stack, the resource, the property and what to do.

import Foundation
import Testing
import Topology

@testable import CloudFormation

@Suite struct DataGuardTests {
  /// A stack of stage 5 with one resource changed.
  private func changed(
    _ name: String, _ logicalID: String, _ change: (inout Template.Entry) -> Void
  ) throws -> (before: GuardedStack, after: GuardedStack) {
    let stack = try #require(try Stages.deployment(.stateless).stack("summit-eu-central-1-\(name)"))
    var template = stack.template
    let index = try #require(template.resources.firstIndex { $0.logicalID == logicalID })
    change(&template.resources[index])
    let after = Stack(
      name: stack.name, region: stack.region, kind: stack.kind, template: template, inputs: stack.inputs)
    return (GuardedStack(stack), GuardedStack(after))
  }

  private func findings(
    _ name: String, _ logicalID: String, _ change: (inout Template.Entry) -> Void
  ) throws -> [DataGuardFinding] {
    let (before, after) = try changed(name, logicalID, change)
    return DataGuard.findings(from: [before], to: [after])
  }

  @Test(arguments: [
    ("data", "Database", "KmsKeyId"), ("data", "Database", "DBName"), ("data", "Database", "MasterUsername"),
    ("data", "Database", "DBSubnetGroupName"), ("data", "Database", "Engine"), ("data", "Files", "KmsKeyId"),
    ("data", "Objects", "BucketName"), ("data", "Placement", "TableName"), ("data", "Placement", "KeySchema"),
    ("cache", "Cache", "Port"), ("cache", "Cache", "KmsKeyId"), ("cache", "Cache", "CacheSubnetGroupName"),
  ])
  func aPropertyThatReplacesDataIsRefused(stack: String, resource: String, property: String) throws {
    let found = try findings(stack, resource) { $0.properties[property] = .text("other") }
    #expect(found.map(\.property) == [property])
    #expect(found[0].stack == "summit-eu-central-1-\(stack)" && found[0].resource == resource)
    #expect(found[0].problem.contains("would be replaced"))
  }

  @Test func whatMayChangeIsLetThrough() throws {
    #expect(
      try findings("data", "Database") { $0.properties["DBInstanceClass"] = .text("db.m7g.4xlarge") } == [])
    #expect(try findings("data", "Database") { $0.properties["AllocatedStorage"] = .text("500") } == [])
    #expect(try findings("data", "DatabaseReaderB") { $0.properties["AvailabilityZone"] = nil } == [])
  }

  @Test func whatWouldShrinkIsRefused() throws {
    let found = try findings("data", "Database") { $0.properties["AllocatedStorage"] = .text("50") }
    #expect(
      found.map(\.description) == [
        "summit-eu-central-1-data/Database/AllocatedStorage: would shrink from 100 to 50, which AWS refuses; "
          + "keep 100 or give it more"
      ])
  }

  @Test func anotherTypeUnderTheSameNameIsRefused() throws {
    let found = try findings("data", "Placement") {
      $0 = $0.with(type: "AWS::DynamoDB::Table")
    }
    #expect(found.contains { $0.property == "Type" && $0.problem.contains("would be replaced") })
  }

  @Test func whatWouldBeDeletedIsRefused() throws {
    let stack = try #require(try Stages.deployment(.stateless).stack("summit-eu-central-1-data"))
    var template = stack.template
    template.resources = template.resources.map { $0.with(deletionPolicy: .delete) }
    let careless = GuardedStack(
      Stack(
        name: stack.name, region: stack.region, kind: stack.kind, template: template, inputs: stack.inputs))
    let found = DataGuard.findings(from: [careless], to: [])
    #expect(
      Set(found.compactMap(\.resource)) == [
        "Logs", "Releases", "Placement", "DataKey", "Database", "Files", "Objects", "StaticFiles",
      ])
    #expect(DataGuard.findings(from: [GuardedStack(stack)], to: []) == [])
    #expect(DataGuard.findings(from: [], to: [careless]).allSatisfy { $0.property == "DeletionPolicy" })
  }

  @Test func anotherDomainWouldReplaceTheZone() throws {
    let topology = try Topology.of(
      Stages.app, at: .singleServer, in: [try #require(CataloguedRegion.named("eu-central-1")).region])
    let deployments = try ["example.com", "example.org"].map {
      try Deployment(of: topology, options: DeploymentOptions(app: "summit", domain: $0))
    }
    let found = DataGuard.findings(from: deployments[0], to: deployments[1])
    #expect(found.map(\.resource) == ["HostedZone"])
    #expect(found[0].problem.contains(#"("example.com" becomes "example.org")"#))
  }

  @Test func anotherHomeIsAnotherSetOfStacks() throws {
    let (old, new) = (
      try Stages.deployment(.separateDatabase, ["eu-central-1"]),
      try Stages.deployment(.separateDatabase, ["eu-west-1"])
    )
    #expect(DataGuard.findings(from: old, to: new) == [])
    let stack = try #require(old.stack("summit-eu-central-1-data"))
    let moved = Stack(
      name: stack.name, region: "eu-west-1", kind: stack.kind, template: stack.template, inputs: stack.inputs)
    let found = DataGuard.findings(from: [GuardedStack(stack)], to: [GuardedStack(moved)])
    #expect(found.contains { $0.problem == "is in eu-central-1, and would be in eu-west-1" })
  }

  /// What `heights deploy` compares with: the template as AWS gives it back.
  @Test func aTemplateThatWasReadBackIsTheSame() throws {
    for (old, new) in zip(Stage.allCases, Stage.allCases.dropFirst()) {
      let before = try Stages.deployment(old).stacks.map { stack in
        try #require(
          GuardedStack(
            name: stack.name, region: stack.region, json: stack.template.json,
            arguments: GuardedStack(stack).arguments))
      }
      let after = try Stages.deployment(new).stacks.map { GuardedStack($0) }
      #expect(DataGuard.findings(from: before, to: after) == [])
      let back = DataGuard.findings(from: after, to: before).filter { !$0.problem.contains("would shrink") }
      #expect(back == [])
    }
    #expect(GuardedStack(name: "a", region: "b", json: "Resources:", arguments: [:]) == nil)
  }

  @Test func aTemplateThatWasReadBackIsGuarded() throws {
    let stack = try #require(try Stages.deployment(.stateless).stack("summit-eu-central-1-data"))
    let json = stack.template.json.replacingOccurrences(
      of: "\"DBName\": \"app\"", with: "\"DBName\": \"old\"")
    let old = try #require(
      GuardedStack(
        name: stack.name, region: stack.region, json: json, arguments: GuardedStack(stack).arguments))
    let found = DataGuard.findings(from: [old], to: [GuardedStack(stack)])
    #expect(found.map(\.property) == ["DBName"])
  }

  // MARK: Within a stack

  @Test func anOriginWithoutItsAccessControlIsRefused() throws {
    func broken(_ change: (inout Object) -> Void) throws -> [String?] {
      try findings("edge", "Distribution") { entry in
        guard case .object(var configuration)? = entry.properties["DistributionConfig"],
          case .list(var origins)? = configuration["Origins"], case .object(var origin) = origins[1]
        else { return }
        change(&origin)
        origins[1] = .object(origin)
        configuration["Origins"] = .list(origins)
        entry.properties["DistributionConfig"] = .object(configuration)
      }.map(\.property)
    }
    #expect(try broken { _ in } == [])
    #expect(
      try broken { $0["OriginAccessControlId"] = nil } == [
        "DistributionConfig/Origins/1/OriginAccessControlId"
      ])
    #expect(try broken { $0["S3OriginConfig"] = nil } == ["DistributionConfig/Origins/1/S3OriginConfig"])
  }

  @Test func failoverNeedsTwoNodes() throws {
    #expect(try findings("cache", "Cache") { $0.properties["NumCacheClusters"] = .integer(1) }.count == 1)
    #expect(try findings("cache", "Cache") { $0.properties["NumCacheClusters"] = .integer(2) } == [])
  }

  @Test func whatIsNotEncryptedIsRefused() throws {
    let found = try findings("data", "Database") { $0.properties["StorageEncrypted"] = .boolean(false) }
    #expect(found.map(\.property) == ["StorageEncrypted", "StorageEncrypted"])
  }

  @Test func aTableNeedsAReplicaWhereItsStackIs() throws {
    let found = try findings("data", "Placement") {
      $0.properties["Replicas"] = .list([.object(["Region": "eu-west-1"])])
    }
    #expect(found.map(\.property) == ["Replicas"])
  }

  @Test func aDatabaseServerMustNotNameItsZone() throws {
    let found = try findings("data", "Database") {
      $0.properties["AvailabilityZone"] = .text("eu-central-1a")
    }
    #expect(found.map(\.property) == ["AvailabilityZone", "AvailabilityZone"])
  }

  @Test func followersStartFromBackups() throws {
    let found = try findings("data", "Database") { $0.properties["BackupRetentionPeriod"] = .integer(0) }
    #expect(found.map(\.property) == ["BackupRetentionPeriod"])
  }
}

extension Template.Entry {
  fileprivate func with(type: String? = nil, deletionPolicy: DeletionPolicy? = nil) -> Template.Entry {
    Template.Entry(
      logicalID: logicalID, type: type ?? self.type, properties: properties,
      deletionPolicy: deletionPolicy ?? self.deletionPolicy, dependsOn: dependsOn, condition: condition,
      creationPolicy: creationPolicy, updatePolicy: updatePolicy, metadata: metadata)
  }
}
