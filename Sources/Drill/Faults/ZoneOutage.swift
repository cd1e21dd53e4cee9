// A zone without power.

import Lab
import Topology

struct ZoneOutage: Fault {
  static let stages = Stage.replicated ... .sharded
  static let summary = "the power of a zone is cut: every process in it is dead at once"
  static let reason = "before stage 4 everything is in one zone, and nothing would be left to answer"
  static let holdSeconds = 15

  private let zone: String
  private let victims: Victims

  var target: String { "zone \(zone)" }

  init(_ scene: FaultScene) throws {
    let zones = Set(scene.running.compactMap(\.zone)).sorted()
    let chosen = try scene.zone ?? scene.databaseLeader().zone ?? zones.first ?? ""
    guard zones.contains(chosen) else { throw DrillError.unknownZone(chosen, known: zones) }
    zone = chosen
    victims = Victims(scene.running.filter { $0.zone == chosen })
  }

  /// What the cut is to take has to be noted.
  func prepare(_ lab: ControlClient) throws { try lab.send(.watchPower(zone: zone)) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.cutPower(zone: zone))
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.restorePower(zone: zone)) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    guard lab.cutZones.contains(zone), victims.areGone, let lost = lab.unflushed[zone] else { return nil }
    return "the zone is dark and its \(victims.count) processes are gone; \(lost)"
  }
}
