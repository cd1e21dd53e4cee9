// What each fault chooses to break, where it can't be had, and what proves it.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Drill
@testable import Lab

@Suite struct FaultTests {
  private let folder: AppFolder

  init() throws { folder = try AppFolder(NSTemporaryDirectory()) }

  private func lab(_ stage: Stage, hasOwnNetwork: Bool = true) throws -> LabSnapshot {
    var lab = try LabSnapshot.at(stage)
    lab.hasOwnNetwork = hasOwnNetwork
    return lab
  }

  private func fault(_ kind: DrillKind, in lab: LabSnapshot, zone: String? = nil) throws -> any Fault {
    try kind.fault(in: lab, zone: zone, folder: folder)
  }

  @Test(arguments: [
    (DrillKind.zoneOutage, Stage.stateless, "zone local-a"), (.instanceCrash, .singleServer, "app"),
    (.instanceCrash, .stateless, "server-a"), (.leaderCrash, .replicated, "database-a"),
    (.hungHost, .replicated, "database-a"), (.slowDatabase, .replicated, "database-a"),
    (.switchover, .replicated, "database-a"), (.cacheLoss, .stateless, "cache-a and cache-b"),
    (.diskFull, .singleServer, "the disk of the app"), (.clockJump, .singleServer, "app"),
    (.clockJump, .stateless, "server-a and then database-a"), (.partition, .replicated, "zone local-a"),
    (.partitionOneWay, .replicated, "what zone local-a sends"),
    (.partitionWitness, .stateless, "the link of database-a and database-c"),
    (.hungService, .microservices, "graph"), (.sessionsAway, .microservices, "sessions"),
    (.sessionsThrottled, .microservices, "sessions"), (.sessionsSlow, .microservices, "sessions"),
    (.partitionApp, .replicated, "the links of server-a, server-b and database-a"),
  ])
  func itIsToldWhatIsBroken(kind: DrillKind, stage: Stage, target: String) throws {
    #expect(try fault(kind, in: lab(stage)).target == target)
  }

  /// From which stage to which, and for how long it stays, in seconds.
  private static let figures: [DrillKind: (first: Int, last: Int, holdSeconds: Int)] = [
    .zoneOutage: (4, 7, 15), .instanceCrash: (2, 7, 0), .leaderCrash: (3, 7, 0), .hungHost: (3, 7, 15),
    .hungService: (6, 7, 10), .cacheLoss: (5, 7, 0), .slowDatabase: (3, 7, 8), .diskFull: (2, 2, 8),
    .switchover: (4, 7, 0),
    .partition: (4, 7, 15), .partitionOneWay: (4, 7, 15), .partitionWitness: (4, 7, 15),
    .partitionApp: (4, 7, 15), .diskLoss: (4, 7, 0), .clockJump: (2, 7, 16),
    .sessionsAway: (6, 7, 10), .sessionsThrottled: (6, 7, 10), .sessionsSlow: (6, 7, 10),
  ]

  @Test(arguments: DrillKind.allCases) func otherStagesCantHaveIt(kind: DrillKind) throws {
    let (first, last, holdSeconds) = try #require(Self.figures[kind])
    #expect(kind.holdSeconds == holdSeconds)
    for stage in Stage.allCases {
      #expect(kind.stages.contains(stage) == (first...last).contains(stage.number))
      if kind.stages.contains(stage) { continue }
      #expect(throws: DrillError.notAtStage(kind, at: stage)) { try fault(kind, in: lab(stage)) }
    }
  }

  @Test func withoutADatabaseTheClockOfTheServerAloneJumps() throws {
    let keepers = try lab(.replicated).processes.filter { $0.name.hasSuffix(".patroni") }
    let idle = try LabSnapshot.at(
      .replicated, with: keepers.map { .at($0.name, host: $0.host, zone: $0.zone, health: .stopped) })
    #expect(try fault(.clockJump, in: idle).target == "server-a")
  }

  @Test func aDeathIsProvenByTheKernelAlone() {
    func process(_ pid: Int32) -> LabSnapshot.Process {
      LabSnapshot.Process(name: "a", pid: pid, health: .ready, restarts: 0, lastEnd: nil)
    }
    // No process has the first number.
    let (dead, alive) = (process(.max), process(getpid()))
    #expect(Victims([dead]).death == "1 processes were killed: a")
    #expect(Victims([dead, alive]).death == nil)
    #expect(!Victims([alive]).areStopped)
  }

  @Test(arguments: DrillKind.allCases.filter { $0 != .zoneOutage }) func onlyAnOutageHasAZone(
    kind: DrillKind
  ) throws {
    #expect(throws: DrillError.noZone(kind)) {
      try fault(kind, in: lab(kind.stages.upperBound), zone: "local-a")
    }
  }

  @Test func aZoneThatIsNotThereIsNamed() throws {
    #expect(throws: DrillError.unknownZone("x", known: ["local-a", "local-b", "local-c"])) {
      try fault(.zoneOutage, in: lab(.replicated), zone: "x")
    }
  }

  @Test(arguments: [DrillKind.partition, .partitionOneWay, .partitionWitness, .partitionApp])
  func linksAreCutInANetworkOfTheLabsOwnAlone(kind: DrillKind) throws {
    #expect(throws: DrillError.needsOwnNetwork(kind)) {
      try fault(kind, in: lab(.replicated, hasOwnNetwork: false))
    }
    // No proof before a packet was lost at these very links.
    var after = try lab(.replicated)
    let cut = try #require(fault(kind, in: after) as? any LinkCut)
    (after.cuts, after.droppedPackets) = (cut.cuts, 0)
    #expect(cut.proof(after, hasFailed: { _ in true }) == nil)
    after.droppedPackets = 3
    #expect(cut.proof(after, hasFailed: { _ in false }) == "3 packets did not arrive")
    after.cuts = []
    #expect(cut.proof(after, hasFailed: { _ in true }) == nil)
  }

  @Test func aZoneIsCutOffFromEverythingElse() throws {
    let lab = try lab(.stateless)
    let whole = try #require(fault(.partition, in: lab) as? any LinkCut).cuts
    let oneWay = try #require(fault(.partitionOneWay, in: lab) as? any LinkCut).cuts
    let hosts = Set(lab.processes.compactMap(\.host))
    #expect(whole.count == 2 && whole[0].from == whole[1].to && whole[0].to == whole[1].from)
    #expect(Set(whole[0].from + whole[0].to) == hosts && Set(whole[0].from).isDisjoint(with: whole[0].to))
    #expect(oneWay == [whole[0]])
  }

  @Test func withoutALeaderOrAServerNothingIsBroken() throws {
    var followers = try lab(.replicated)
    followers = try LabSnapshot.at(
      .replicated,
      with: followers.processes.filter { $0.name.hasSuffix(".patroni") }.map {
        .at($0.name, host: $0.host, zone: $0.zone, role: "sync_standby")
      })
    for kind in [DrillKind.leaderCrash, .hungHost, .slowDatabase, .switchover] {
      #expect(throws: DrillError.unhealthy("no server leads the database")) { try fault(kind, in: followers) }
    }
    let idle = try LabSnapshot.at(.singleServer, with: [.at("app", health: .starting)])
    for kind in [DrillKind.instanceCrash, .clockJump] {
      #expect(throws: DrillError.unhealthy("no app server is ready")) { try fault(kind, in: idle) }
    }
  }

  @Test func aDiskIsFullWhenWritesAreRefusedForIt() throws {
    let lab = try lab(.singleServer)
    let full = try fault(.diskFull, in: lab)
    #expect(full.proof(lab, hasFailed: { $0 == "HTTP 507" }) != nil)
    #expect(full.proof(lab, hasFailed: { $0 == "HTTP 503" }) == nil)
  }

  @Test func aSwitchoverHoldsWhenAnotherLeads() throws {
    let lab = try lab(.replicated)
    let handover = try fault(.switchover, in: lab)
    #expect(handover.proof(lab, hasFailed: { _ in true }) == nil)
    let after = try LabSnapshot.at(
      .replicated,
      with: [
        .at("database-a.patroni", host: "database-a", role: "sync_standby"),
        .at("database-b.patroni", host: "database-b", role: "leader"),
      ])
    #expect(handover.proof(after, hasFailed: { _ in false }) == "database-b leads in place of database-a")
  }
}
