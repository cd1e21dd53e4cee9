// The catalogue is whole, and a type means something sane on any machine.

import Testing
import Topology

@testable import Lab

@Suite struct InstanceTypeTests {
  @Test func theCatalogueHasTheTypesThatTheDocumentsName() {
    #expect(InstanceType.named(InstanceType.standard) != nil)
    #expect(InstanceType.named("m7g.large")?.virtualCPUs == 2)
    #expect(InstanceType.named("m7g.large")?.memoryBytes == 8 << 30)
    #expect(InstanceType.named("t4g.nano")?.memoryBytes == 512 << 20)
    #expect(Set(InstanceType.catalogue.map(\.name)).count == InstanceType.catalogue.count)
    #expect(InstanceType.catalogue.allSatisfy { $0.virtualCPUs > 0 && $0.memoryBytes > 0 })
  }

  @Test func loopsNeverExceedTheMachineAndAreAtLeastOne() throws {
    let type = try #require(InstanceType.named("m7g.4xlarge"))
    #expect(type.eventLoops(cores: 2) == 2)
    #expect(type.eventLoops(cores: 64) == 16)
    #expect(type.eventLoops(cores: 0) == 1)
  }

  @Test func theCacheIsAShareOfTheTypeWithinTheMachine() throws {
    let type = try #require(InstanceType.named("m7g.large"))
    #expect(type.cacheBytes(machineMemoryBytes: 64 << 30) == 2 << 30)
    #expect(type.cacheBytes(machineMemoryBytes: 4 << 30) == 512 << 20)
    #expect(type.cacheBytes(machineMemoryBytes: 1 << 20) == 16 << 20)
  }

  @Test func aMistypedNameIsToldWithTheNearest() {
    let error = LabError.unknownInstanceType("m7g.larg")
    #expect(error.description == "unknown instance type 'm7g.larg'; did you mean m7g.large?")
    #expect(
      LabError.unknownInstanceType("mainframe").description.hasPrefix(
        "unknown instance type 'mainframe'; known"))
  }
}
