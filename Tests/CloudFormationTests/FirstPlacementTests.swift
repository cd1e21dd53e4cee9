// What the app's processes are told of each other: of stacks that are there, and all of it.

import Placement
import Testing
import Topology

@testable import CloudFormation

@Suite struct FirstPlacementTests {
  @Test(arguments: DeploymentTests.all)
  func whatItTakesStacksBeforeTheAppsHandOut(_ named: Named) throws {
    let deployment = try named.deployment.get()
    guard let placement = deployment.placement else { return }
    let before = deployment.stacks.prefix { $0.kind != .compute }
    #expect(!deployment.stacks.dropFirst(before.count).contains { $0.kind != .compute })
    for output in [placement.table] + placement.hosts.values + placement.keys.values {
      let stack = before.first { $0.name == output.stack }
      #expect(stack?.template.outputs.contains { $0.name == output.name } == true, "\(output)")
    }
  }

  @Test func onlyWhereServicesAreApartInOneRegionSomebodyHasToBeTold() throws {
    for named in DeploymentTests.all {
      let deployment = try named.deployment.get()
      #expect((deployment.placement != nil) == (deployment.stage == .microservices), "\(named)")
    }
  }

  @Test func everyHostIsAnOutputOrAServiceOfTheDomain() throws {
    let placement = try #require(try Stages.deployment(.microservices).placement)
    var document = placement.document
    let services = document.services.values.flatMap(\.addresses)
    #expect(Set(services.map(\.port)) == [443] && document.services.values.allSatisfy(\.tls))
    #expect(
      Set(services.map(\.host))
        == Set(document.services.keys.map { "\($0).eu-central-1.example.com" }))
    let data = document.clusters.values.flatMap(\.members)
    guard case .servers(let cache, tls: true) = document.cache else { return #expect(Bool(false)) }
    #expect(Set((data + cache).map(\.host)) == Set(placement.hosts.keys))
    #expect(data.count == 3 && cache.count == 1)
    #expect(Set(placement.keys.keys) == Set(document.services.values.flatMap(\.callers)))
    #expect(document.sessions == [.redis, .dynamodb] && document.objects == [.s3])
    #expect(Set(Placement.ownDatabases).isSubset(of: document.databases.keys))
    document.keys = placement.keys.mapValues { _ in [String(repeating: "A", count: 43)] }
    #expect(throws: Never.self) { try document.check() }
  }
}
