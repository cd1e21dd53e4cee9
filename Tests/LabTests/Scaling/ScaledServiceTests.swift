// Which services scale, between which numbers, and who says how many there are.

import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct ScaledServiceTests {
  private let context: HostContext
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    context = try HostContext.forTests(in: temporary)
  }

  private func services(at stage: Stage) throws -> [ScaledService] {
    LabPlan(context.manifest, at: Level(stage), context, AddressBook()).scaledServices
  }

  @Test func theyAreThereFromStageFiveOnWithTheirHostsInTheOrderInWhichTheyCome() throws {
    #expect(try services(at: .replicated).isEmpty)
    let web = try #require(try services(at: .stateless).first)
    #expect((web.name, web.zones) == ("web", 2))
    #expect(web.scaling == .unplanned(zones: 2))
    #expect(web.instances.prefix(4) == ["server-a", "server-b", "server-a2", "server-b2"])
    #expect(web.instances.count == 8)
    let all = try services(at: .microservices)
    #expect(all.map(\.zones) == Array(repeating: 3, count: all.count))
    #expect(all.allSatisfy { $0.scaling.minimum == 3 && $0.instances.count == 12 })
  }

  @Test(arguments: [(1, 4), (2, 8), (3, 12), (64, 12)])
  func byTheirLoadTheyAreFourToACoreAtMost(cores: Int, most: Int) {
    let service = ScaledService(name: "web", scaling: .unplanned(zones: 3), zones: 3, instances: [])
    #expect(service.mostByLoad(cores: cores) == most)
  }

  @Test func noMachineIsTooSmallForTheMinimum() {
    let scaling = Scaling(minimum: 9, desired: 9, maximum: 20)
    let service = ScaledService(name: "web", scaling: scaling, zones: 3, instances: [])
    #expect(service.mostByLoad(cores: 1) == 9)
    let bounds = service.bounds(on: Machine(cores: 1, memoryBytes: 1 << 30))
    #expect(bounds == .init(minimum: 9, maximum: 9, targetPercent: 60, zones: 3))
  }
}
