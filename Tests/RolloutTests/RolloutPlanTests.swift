// Which processes come to a release one after the other.

import Foundation
import Lab
import Policies
import TestSupport
import Testing
import Topology

@testable import Rollout

@Suite struct RolloutPlanTests {
  /// Every batch until all run release 2.
  private func batches(_ lab: FakeLab, _ direction: RolloutPlan.Direction = .forward) throws -> [[String]] {
    var batches: [[String]] = []
    while let batch = RolloutPlan(number: 2, direction: direction).next(in: try lab.app()) {
      batches.append(batch.processes)
      try lab.run(2, on: batch.processes) { _ in }
    }
    return batches
  }

  @Test func oneInstanceGoesFirstThenTheRestZoneByZone() throws {
    let lab = FakeLab(["web": ["web-a", "web-a2", "web-b", "web-b2"]])
    #expect(try batches(lab) == [["web-a"], ["web-a2"], ["web-b", "web-b2"]])
  }

  @Test func whoIsCalledGoesFirstAndOnTheWayBackWhoCalls() throws {
    let services: KeyValuePairs = ["posts": ["posts-a", "posts-b"], "web": ["web-a", "web-b"]]
    #expect(try batches(FakeLab(services)) == [["posts-a"], ["posts-b"], ["web-a"], ["web-b"]])
    #expect(try batches(FakeLab(services), .back) == [["web-a"], ["web-b"], ["posts-a"], ["posts-b"]])
  }

  @Test func onlyTheFirstOfSeveralIsACanary() throws {
    let plan = RolloutPlan(number: 2, direction: .forward)
    let lab = FakeLab(["web": ["web-a", "web-b"]])
    let first = try #require(plan.next(in: try lab.app()))
    #expect(first.isCanary && first.staying == ["web-b"] && first.moved == ["web-a"])
    try lab.run(2, on: first.processes) { _ in }
    let second = try #require(plan.next(in: try lab.app()))
    #expect(!second.isCanary && second.staying == [] && second.moved == ["web-a", "web-b"])
    #expect(plan.next(in: try FakeLab(["web": ["app"]]).app())?.isCanary == false)
  }

  /// The way into an app as the lab tells of it: every process of the app's program has its turn once.
  @Test(arguments: [
    Stage.launchPage, .singleServer, .separateDatabase, .replicated, .stateless, .microservices,
  ])
  func everyStageHasItsOrder(_ stage: Stage) throws {
    var snapshot = try LabSnapshot.at(stage)
    snapshot.releases = FakeLab.book
    let app = RolledApp(snapshot, try Manifest.summit)
    let expected = snapshot.processes.filter { $0.isApp || $0.kind == .launchPage }.map(\.name)
    let found = app.services.flatMap(\.instances).map(\.name)
    #expect(found.sorted() == expected.sorted() && !found.isEmpty)
    if stage == .microservices {
      #expect(app.services.map(\.name) == ["accounts", "posts", "graph", "web"])
      #expect(app.services.allSatisfy { $0.instances.count == 3 })
    }
  }

  @Test func workersComeToItAfterTheServerTheyAreBeside() throws {
    let names = ["server-a", "server-b"].flatMap { ["\($0).worker-mail", "\($0).worker2-mail"] }
    let workers = names.map { name in
      LabSnapshot.Process.at(name, host: String(name.prefix(8)), zone: name.hasPrefix("server-a") ? "a" : "b")
    }
    var snapshot = try LabSnapshot.at(.replicated, with: workers)
    snapshot.releases = FakeLab.book
    let app = RolledApp(snapshot, try Manifest.summit)
    #expect(app.services.last?.name == "mail")
    #expect(app.services.last?.instances.map(\.name) == names)
    #expect(app.services.map(\.name).filter { $0 == "web" }.count == 1)
  }
}

extension Manifest {
  static var summit: Manifest {
    get throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
      return try Manifest.load(folder: root.appendingPathComponent("Examples/Summit").path)
    }
  }
}
