// All is as before when everything that was ready is, and the follower is in step: not earlier, and not never.

import Foundation
import Testing

@testable import Drill
@testable import Lab

@Suite struct WellbeingTests {
  private static func processes(_ lines: [(String, LabSnapshot.Health, String?, Int?)]) -> [LabSnapshot
    .Process]
  {
    lines.map { name, health, role, lagBytes in
      LabSnapshot.Process(
        name: name, host: name.split(separator: ".").first.map(String.init),
        role: role.map { .init(rawValue: $0) }, lagBytes: lagBytes, pid: 1, health: health, restarts: 0,
        lastEnd: nil)
    }
  }

  /// What there is to complain of in `after`, when all was whole before.
  private func complaint(
    _ after: [(String, LabSnapshot.Health, String?, Int?)], dark: [String] = []
  ) -> String? {
    Wellbeing(Self.processes(Self.whole)).complaint(Self.processes(after), cutZones: dark)
  }

  private static let whole: [(String, LabSnapshot.Health, String?, Int?)] = [
    ("database-a.patroni", .ready, "leader", nil), ("database-b.patroni", .ready, "sync_standby", 0),
    ("database-a.postgres", .ready, nil, nil), ("server-a", .ready, nil, nil),
  ]

  @Test func aWholeLabIsWell() { #expect(complaint(Self.whole) == nil) }

  @Test func whatPatroniKeepsMayBeAnotherProcessAfterwards() {
    #expect(complaint(Self.whole.filter { $0.0 != "database-a.postgres" }) == nil)
  }

  @Test(arguments: [
    ("server-a", LabSnapshot.Health.starting), ("server-a", .noPower), ("database-b.patroni", .stopped),
  ])
  func aProcessThatIsNotReadyIsNamed(name: String, health: LabSnapshot.Health) {
    #expect(
      complaint(Self.whole.map { $0.0 == name ? ($0.0, health, $0.2, $0.3) : $0 }) == "\(name) is not ready")
    #expect(complaint(Self.whole.filter { $0.0 != name }) == "\(name) is not ready")
  }

  @Test func aFollowerThatIsBehindOrMissingIsNoted() {
    func with(_ role: String?, _ lag: Int?) -> String? {
      complaint(Self.whole.map { $0.0 == "database-b.patroni" ? ($0.0, $0.1, role, lag) : $0 })
    }
    #expect(with("sync_standby", 5 << 20) == "database-b.patroni is 5 MiB behind")
    #expect(with("sync_standby", nil) == "database-b.patroni doesn't say how far it is behind")
    #expect(with("replica", 0) == "no follower is in step with the leader")
  }

  @Test func aZoneWithoutPowerIsNotWell() {
    #expect(complaint(Self.whole, dark: ["local-c"]) == "zone local-c has no power")
  }
}
