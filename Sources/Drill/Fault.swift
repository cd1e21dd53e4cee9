// One fault: what it is done to, how it is done and undone, and what shows that it holds.

import Glibc
import Lab
import Topology

/// Breaks something through the lab, which does not tell those who have to notice.
struct Fault: Sendable {
  let kind: DrillKind
  /// For people.
  let target: String
  /// Those that it hits, as they were before.
  let victims: [LabSnapshot.Process]
  private let zone: String?
  private let cuts: [Cut]
  private let folder: AppFolder
  private let diskBytes: Int
  /// Of a disk that is to be lost.
  private var contents: DiskContents?

  private static let freezeUs: UInt32 = 400_000
  private static let thawUs: UInt32 = 100_000

  /// Chooses what to break.
  init(_ kind: DrillKind, zone: String?, in lab: LabSnapshot, folder: AppFolder) throws {
    guard kind.stages.contains(lab.stage) else { throw DrillError.notAtStage(kind, at: lab.stage) }
    if zone != nil, kind != .zoneOutage { throw DrillError.noZone(kind) }
    self.kind = kind
    self.folder = folder
    diskBytes = lab.disk.quotaBytes
    let running = lab.processes.filter { $0.pid != nil }
    let partition = try Partition(kind, in: lab) { try Self.databaseLeader(running) }
    cuts = partition?.cuts ?? []
    switch kind {
    case .zoneOutage:
      let zones = Set(running.compactMap(\.zone)).sorted()
      let chosen = try zone ?? Self.databaseLeader(running).zone ?? zones.first ?? ""
      guard zones.contains(chosen) else { throw DrillError.unknownZone(chosen, known: zones) }
      (self.zone, target) = (chosen, "zone \(chosen)")
      victims = running.filter { $0.zone == chosen }
    case .instanceCrash:
      guard let victim = running.first(where: { $0.isApp && $0.health == .ready }) else {
        throw DrillError.unhealthy("no app server is ready")
      }
      (self.zone, target, victims) = (nil, victim.name, [victim])
    case .leaderCrash, .hungHost, .slowDatabase, .switchover, .diskLoss:
      let leader = try Self.databaseLeader(running)
      (self.zone, target) = (nil, leader.host ?? leader.name)
      victims = running.filter { $0.host == leader.host }
      if kind == .diskLoss { contents = try DiskContents(of: target, in: folder) }
    case .clockJump:
      let clocks = try ClockJump(running)
      victims = clocks.processes
      (self.zone, target) = (nil, clocks.hosts.joined(separator: " and then "))
    case .cacheLoss:
      victims = running.filter { $0.name.hasSuffix(".redis") }
      (self.zone, target) = (nil, victims.map { $0.host ?? $0.name }.joined(separator: " and "))
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp:
      (self.zone, target, victims) = (nil, partition?.target ?? "", [])
    case .diskFull: (self.zone, target, victims) = (nil, "the disk of the app", [])
    }
  }

  static func databaseLeader(_ running: [LabSnapshot.Process]) throws -> LabSnapshot.Process {
    let servers = running.filter { $0.name.hasSuffix(".patroni") || $0.name.hasSuffix(".postgres") }
    let keepers = servers.filter { $0.name.hasSuffix(".patroni") }
    guard let leader = (keepers.isEmpty ? servers : keepers).first(where: { $0.role == "leader" }) else {
      throw DrillError.unhealthy("no server leads the database")
    }
    return leader
  }

  // MARK: Doing

  /// Before there is load: what a cut of power is to take has to be noted.
  func prepare(_ lab: ControlClient) throws {
    if kind == .zoneOutage { try lab.send(.watchPower(zone: zone ?? "")) }
  }

  /// Returns when it has been done, or, for what takes time, when it is over.
  /// - Returns: what was seen of it meanwhile, where it can't be seen afterwards.
  func inflict(
    _ lab: ControlClient, holdSeconds: Int, shouldStop: @Sendable () -> Bool
  ) throws -> String? {
    switch kind {
    case .zoneOutage: try lab.send(.cutPower(zone: zone ?? ""))
    case .instanceCrash: try lab.send(.crash(target))
    case .leaderCrash: try lab.send(.crash(target))
    case .diskLoss: try lab.send(.loseDisk(host: target))
    case .cacheLoss: for victim in victims { try lab.send(.crash(victim.name)) }
    case .hungHost: try lab.send(.freeze(host: target))
    case .clockJump:
      return try ClockJump(processes: victims).perform(
        lab, folder, holdSeconds: holdSeconds, shouldStop: shouldStop)
    case .slowDatabase: return try slowDown(lab, seconds: holdSeconds, shouldStop)
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp: try lab.send(.cutLinks(cuts))
    case .diskFull: try fillDisk()
    case .switchover: try lab.send(.switchover(to: follower(try lab.send(.status))))
    }
    return nil
  }

  private func slowDown(
    _ lab: ControlClient, seconds: Int, _ shouldStop: () -> Bool
  ) throws -> String? {
    var stops = 0
    let end = ContinuousClock.now + .seconds(seconds)
    // However it ends, the host goes on.
    defer { _ = try? lab.send(.thaw(host: target)) }
    while ContinuousClock.now < end {
      if shouldStop() { throw CancellationError() }
      try lab.send(.freeze(host: target))
      usleep(Self.freezeUs)
      if areStopped { stops += 1 }
      try lab.send(.thaw(host: target))
      usleep(Self.thawUs)
    }
    return stops > 0 ? "the \(victims.count) processes of the leader's host stood still \(stops) times" : nil
  }

  /// With a file that has the size of the disk and no blocks: the app counts sizes, as its disk would be full.
  private func fillDisk() throws {
    let descriptor = open(folder.diskFiller, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0, ftruncate(descriptor, diskBytes) == 0 else {
      throw DrillError.didNotTakeHold("\(folder.diskFiller): \(String(cString: strerror(errno)))")
    }
  }

  private func follower(_ lab: LabSnapshot) throws -> String {
    let standby = lab.processes.first { $0.name.hasSuffix(".patroni") && $0.role == "sync_standby" }
    guard let host = standby?.host else {
      throw DrillError.unhealthy("no follower is in step with the leader")
    }
    return host
  }

  /// Undoes what does not end by itself. May be repeated.
  func end(_ lab: ControlClient) throws {
    switch kind {
    case .zoneOutage: try lab.send(.restorePower(zone: zone ?? ""))
    case .hungHost: try lab.send(.thaw(host: target))
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp: try lab.send(.cutLinks([]))
    case .diskFull: unlink(folder.diskFiller)
    case .clockJump: try ClockJump(processes: victims).setRight(lab)
    case .instanceCrash, .leaderCrash, .cacheLoss, .slowDatabase, .switchover, .diskLoss: break
    }
  }

  // MARK: Proof

  /// What shows that the fault holds; nil while nothing does.
  /// - Parameter hasFailed: whether a request has failed in that way since the fault.
  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    switch kind {
    case .zoneOutage:
      guard lab.cutZones.contains(zone ?? ""), areGone, let lost = lab.unflushed[zone ?? ""] else {
        return nil
      }
      return "the zone is dark and its \(victims.count) processes are gone; \(lost)"
    case .instanceCrash, .leaderCrash, .cacheLoss:
      return areGone
        ? "\(victims.count) processes were killed: \(victims.map(\.name).joined(separator: ", "))" : nil
    case .diskLoss:
      guard areGone, let lost = contents?.loss else { return nil }
      return "its \(victims.count) processes were killed, and \(lost)"
    case .hungHost: return areStopped ? "\(victims.count) processes stand still" : nil
    // Over when it is looked at.
    case .slowDatabase, .clockJump: return nil
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp:
      guard lab.cuts == cuts, lab.droppedPackets > 0 else { return nil }
      return "\(lab.droppedPackets) packets did not arrive"
    case .diskFull: return hasFailed("HTTP 507") ? "writes are refused with 507" : nil
    case .switchover:
      let leader = lab.processes.first { $0.name.hasSuffix(".patroni") && $0.role == "leader" }?.host
      return leader.flatMap { $0 == target ? nil : "\($0) leads in place of \(target)" }
    }
  }

  private var areGone: Bool { victims.allSatisfy { $0.kernelState == nil } }
  private var areStopped: Bool { victims.allSatisfy(\.standsStill) }
}
