// What can go wrong in the lab, apart from how it is told.

import Placement

/// An error for people: what went wrong, where, what was expected, what to do next.
public enum LabError: Error, Equatable, Sendable {
  /// A call of the system failed: what was tried, on what, errno.
  case system(attempt: String, code: Int32)
  case notAFolder(String)
  /// Another `up` runs on this folder.
  case alreadyRunning(pid: Int32)
  /// Nothing runs on this folder.
  case notRunning(folder: String)
  case portBusy(port: Int, option: String)
  case portOutOfRange(port: Int, option: String)
  /// Another lab has the region of this one; nil when there is no free one at all.
  case regionTaken(Int?)
  /// Another program has these ports on every address.
  case portsTaken(ports: [Int])
  case unreadablePlacement(reason: String)
  case placementConflict(PlacementConflict)
  /// Not a placement, or one that can't be.
  case placementInvalid(String)
  /// With those that there are.
  case unknownHost(String, known: [String])
  case unknownZone(String, known: [String])
  case unknownProcess(String, known: [String])
  case unknownService(String, known: [String])
  case countOutOfRange(service: String, minimum: Int, maximum: Int)
  /// What was asked for exists at other stages only.
  case notAtStage(what: String, stage: Int)
  /// A program that listens on its port itself has to begin here.
  case stageNeedsSockets(Int)
  case unreadableState(path: String, reason: String)
  case stageMismatch(at: Int, asked: Int)
  case stageNotYet(Int)
  /// No topology is as it was asked for.
  case levelImpossible(String)
  case unknownInstanceType(String)
  case noInstance(stage: Int)
  case diskTooSmall(askedBytes: Int, currentBytes: Int)
  case diskTooLarge(askedBytes: Int, maximumBytes: Int)
  case buildFailed(command: String, outcome: String, log: String, lastLines: String)
  case programMissing(path: String)
  /// An engine that is not installed, and what brings it.
  case engineMissing(engine: String, package: String)
  /// The packages that bring what is not installed of the engines that a stage runs on.
  case enginesMissing(stage: Int, packages: [String])
  /// A short program on a host failed.
  case programFailed(program: String, host: String, outcome: String, log: String, lastLines: String)
  /// What an engine has on disk can't be used any more.
  case madeByAnEarlierVersion(engine: String)
  case notReady(process: String, outcome: String, log: String, lastLines: String)
  case resizeUndone(type: String, reason: String)
  case adminFailed(process: String, request: String, outcome: String)
  case unknownRole(String)
  /// No process of the host has the library that tells it the time.
  case noClock(host: String)
  /// The zone's power was cut.
  case noPower(zone: String)
  /// All hosts of the lab are in the machine's network, where no link can be cut.
  case noOwnNetwork
  case busy(operation: String)
  case stopping
  case protocolBroken(String)
  case timedOut(String)
  /// An error that the running lab told over the control socket.
  case remote(code: String, message: String)

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .system: "system"
    case .notAFolder: "not_a_folder"
    case .alreadyRunning: "already_running"
    case .notRunning: "not_running"
    case .portBusy: "port_busy"
    case .portOutOfRange: "port_out_of_range"
    case .regionTaken: "region_taken"
    case .portsTaken: "ports_taken"
    case .unreadablePlacement: "unreadable_placement"
    case .placementConflict(.unreadable): "unreadable_placement"
    case .placementConflict(.replaced): "placement_moved"
    case .placementConflict(.notLater): "placement_invalid"
    case .placementConflict(.locked): "placement_locked"
    case .placementInvalid: "placement_invalid"
    case .unknownHost: "unknown_host"
    case .unknownZone: "unknown_zone"
    case .unknownProcess: "unknown_process"
    case .unknownService: "unknown_service"
    case .countOutOfRange: "count_out_of_range"
    case .notAtStage: "not_at_stage"
    case .stageNeedsSockets: "stage_needs_sockets"
    case .unreadableState: "unreadable_state"
    case .stageMismatch: "stage_mismatch"
    case .stageNotYet: "stage_not_yet"
    case .levelImpossible: "level_impossible"
    case .unknownInstanceType: "unknown_instance_type"
    case .noInstance: "no_instance"
    case .diskTooSmall: "disk_too_small"
    case .diskTooLarge: "disk_too_large"
    case .buildFailed: "build_failed"
    case .programMissing: "program_missing"
    case .enginesMissing: "engines_missing"
    case .engineMissing: "engine_missing"
    case .programFailed: "program_failed"
    case .madeByAnEarlierVersion: "made_by_an_earlier_version"
    case .notReady: "not_ready"
    case .resizeUndone: "resize_undone"
    case .adminFailed: "admin_failed"
    case .unknownRole: "unknown_role"
    case .noClock: "no_clock"
    case .noPower: "no_power"
    case .noOwnNetwork: "no_own_network"
    case .busy: "busy"
    case .stopping: "stopping"
    case .protocolBroken: "protocol_broken"
    case .timedOut: "timed_out"
    case .remote(let code, _): code
    }
  }
}
