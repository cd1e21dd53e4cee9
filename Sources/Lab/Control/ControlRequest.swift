// What may be asked of a running lab, and its form on the wire.

import Topology

/// A request to a running lab. On the wire: `{"verb": "resize", "type": "m7g.large", "diskBytes": 107374182400}`. Each may
/// be repeated: what is already so is left so.
public enum ControlRequest: Equatable, Sendable {
  /// A snapshot.
  case status
  /// Ends every process, then the lab.
  case stop
  /// Another instance type, a larger disk, or both.
  case resize(type: String?, diskBytes: Int?)

  /// Starts a role's process, with or without answering on the public port, and waits until it is ready.
  case launchProcess(role: Role, frontDoor: Bool)
  /// The role answers on the public port from now on, also after a restart.
  case openFrontDoor(role: Role)
  /// The role no longer accepts on the public port; returns when what it had accepted is answered.
  case drain(role: Role)
  /// Ends a role's process; its data stays.
  case retire(role: Role)
  /// The app stands there, and comes back there after a restart.
  case setLevel(Level)

  /// From now on these hosts are as a level has them (nil: the one that the app stands at): what runs there otherwise starts
  /// anew, what should not run ends, the rest starts, what needs others after those. Waits until all are ready. They come
  /// back after a restart.
  case startHosts([String], Level?)
  /// Ends what runs on a host, what needs others first; its data stays.
  case stopHost(String)
  /// How many instances a service has, from now on by hand. A surplus one answers what it has accepted before it ends.
  case scale(service: String, count: Int)
  /// From now on a service's instances follow its load.
  case scaleByLoad(service: String)
  /// Another server of the database leads from now on, without losing anything; writes wait for a moment.
  case switchover(to: String)
  /// Replaces the placement (as JSON) when it is at `ifEpoch` (0: there is none); the new one must have a larger epoch.
  case setPlacement(String, ifEpoch: Int)

  /// Makes a release of what is in a folder, which is built; one with the same content is taken as it is. The snapshot's
  /// `releases.taken` is its number.
  case addRelease(from: String)
  /// These processes of the app run the release from now on: those that run another one start anew, one after the other.
  case runRelease(Int, processes: [String])
  /// The release, which all processes run, is the app's from now on.
  case settleRelease(Int)
  /// The release that was on its way, and that no process runs any more, is given up. `fault` says what was wrong with it; nil:
  /// nothing.
  case dropRelease(fault: String?)

  /// How a step of something new does, for people to see; nothing goes by it.
  case noteTrial(LabSnapshot.Trial)

  /// From now on it is noted what the processes of the zone write and flush, until its power is cut (which takes back what
  /// was not flushed) or restored.
  case watchPower(zone: String)
  /// Everything in the zone is dead when this returns, and nothing starts there.
  case cutPower(zone: String)
  /// What was wanted in the zone starts again.
  case restorePower(zone: String)
  /// Stops every process of a host, as if it hung; returns when each has stopped.
  case freeze(host: String)
  /// Lets them go on.
  case thaw(host: String)
  /// Nothing that is sent over these links arrives; over all others it does. Only in a network of the lab's own.
  case cutLinks([Cut])
  /// Kills a process, or every process of a host, at once; it comes back as after any crash.
  case crash(String)
  /// The clock of a host shows so many seconds more than the machine's from now on; 0 sets it right.
  case setClock(host: String, aheadSeconds: Int)
  /// What the table of sessions does to each request from now on, until it starts anew.
  case limitTable(TableLimits)
  /// Kills every process of a host that engines run on, and deletes what they kept; they come back with nothing.
  case loseDisk(host: String)

  /// Starts a host's processes, as the level has them that the app stands at.
  public static func startHost(_ id: String) -> ControlRequest { .startHosts([id], nil) }
}

extension ControlRequest: Codable {
  private enum Key: String, CodingKey {
    case verb, type, diskBytes, role, frontDoor, stage, followers, hosts, host, process, service, count,
      placement
    case ifEpoch, zone, cuts, aheadSeconds, limits, folder, release, processes, fault, trial
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    func text(_ key: Key) throws -> String { try values.decode(String.self, forKey: key) }
    func number(_ key: Key) throws -> Int { try values.decode(Int.self, forKey: key) }
    func role() throws -> Role { try values.decode(Role.self, forKey: .role) }
    func level() throws -> Level {
      let stage = try number(.stage)
      guard let stage = Stage(rawValue: stage) else { throw LabError.stageNotYet(stage) }
      return Level(stage, extraFollowers: try values.decodeIfPresent(Int.self, forKey: .followers) ?? 0)
    }
    switch try text(.verb) {
    case "status": self = .status
    case "stop": self = .stop
    case "resize":
      self = .resize(
        type: try values.decodeIfPresent(String.self, forKey: .type),
        diskBytes: try values.decodeIfPresent(Int.self, forKey: .diskBytes))
    case "launchProcess":
      self = .launchProcess(role: try role(), frontDoor: try values.decode(Bool.self, forKey: .frontDoor))
    case "openFrontDoor": self = .openFrontDoor(role: try role())
    case "drain": self = .drain(role: try role())
    case "retire": self = .retire(role: try role())
    case "setStage": self = .setLevel(try level())
    case "startHosts":
      self = .startHosts(
        try values.decode([String].self, forKey: .hosts),
        values.contains(.stage) ? try level() : nil)
    case "stopHost": self = .stopHost(try text(.host))
    case "scale": self = .scale(service: try text(.service), count: try number(.count))
    case "scaleByLoad": self = .scaleByLoad(service: try text(.service))
    case "switchover": self = .switchover(to: try text(.host))
    case "setPlacement": self = .setPlacement(try text(.placement), ifEpoch: try number(.ifEpoch))
    case "addRelease": self = .addRelease(from: try text(.folder))
    case "runRelease":
      self = .runRelease(
        try number(.release), processes: try values.decode([String].self, forKey: .processes))
    case "settleRelease": self = .settleRelease(try number(.release))
    case "dropRelease":
      self = .dropRelease(fault: try values.decodeIfPresent(String.self, forKey: .fault))
    case "noteTrial": self = .noteTrial(try values.decode(LabSnapshot.Trial.self, forKey: .trial))
    case "watchPower": self = .watchPower(zone: try text(.zone))
    case "cutPower": self = .cutPower(zone: try text(.zone))
    case "restorePower": self = .restorePower(zone: try text(.zone))
    case "freeze": self = .freeze(host: try text(.host))
    case "thaw": self = .thaw(host: try text(.host))
    case "cutLinks": self = .cutLinks(try values.decode([Cut].self, forKey: .cuts))
    case "setClock":
      self = .setClock(host: try text(.host), aheadSeconds: try number(.aheadSeconds))
    case "limitTable": self = .limitTable(try values.decode(TableLimits.self, forKey: .limits))
    case "loseDisk": self = .loseDisk(host: try text(.host))
    case "crash": self = .crash(try text(.process))
    case let verb: throw LabError.protocolBroken("unknown verb '\(verb.prefix(40))'")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    func encode(_ level: Level) throws {
      try values.encode(level.stage.number, forKey: .stage)
      if level.extraFollowers > 0 { try values.encode(level.extraFollowers, forKey: .followers) }
    }
    try values.encode(verb, forKey: .verb)
    switch self {
    case .status, .stop: break
    case .resize(let type, let diskBytes):
      try values.encodeIfPresent(type, forKey: .type)
      try values.encodeIfPresent(diskBytes, forKey: .diskBytes)
    case .launchProcess(let role, let frontDoor):
      try values.encode(role, forKey: .role)
      try values.encode(frontDoor, forKey: .frontDoor)
    case .openFrontDoor(let role), .drain(let role), .retire(let role): try values.encode(role, forKey: .role)
    case .setLevel(let level): try encode(level)
    case .startHosts(let hosts, let level):
      try values.encode(hosts, forKey: .hosts)
      if let level { try encode(level) }
    case .stopHost(let host), .freeze(let host), .thaw(let host), .loseDisk(let host), .switchover(let host):
      try values.encode(host, forKey: .host)
    case .cutLinks(let cuts): try values.encode(cuts, forKey: .cuts)
    case .setClock(let host, let aheadSeconds):
      try values.encode(host, forKey: .host)
      try values.encode(aheadSeconds, forKey: .aheadSeconds)
    case .limitTable(let limits): try values.encode(limits, forKey: .limits)
    case .crash(let name): try values.encode(name, forKey: .process)
    case .scale(let service, let count):
      try values.encode(service, forKey: .service)
      try values.encode(count, forKey: .count)
    case .scaleByLoad(let service): try values.encode(service, forKey: .service)
    case .setPlacement(let text, let epoch):
      try values.encode(text, forKey: .placement)
      try values.encode(epoch, forKey: .ifEpoch)
    case .addRelease(let folder): try values.encode(folder, forKey: .folder)
    case .runRelease(let number, let processes):
      try values.encode(number, forKey: .release)
      try values.encode(processes, forKey: .processes)
    case .settleRelease(let number): try values.encode(number, forKey: .release)
    case .dropRelease(let fault): try values.encodeIfPresent(fault, forKey: .fault)
    case .noteTrial(let trial): try values.encode(trial, forKey: .trial)
    case .watchPower(let zone), .cutPower(let zone), .restorePower(let zone):
      try values.encode(zone, forKey: .zone)
    }
  }

  var verb: String {
    switch self {
    case .status: "status"
    case .stop: "stop"
    case .resize: "resize"
    case .launchProcess: "launchProcess"
    case .openFrontDoor: "openFrontDoor"
    case .drain: "drain"
    case .retire: "retire"
    case .setLevel: "setStage"
    case .startHosts: "startHosts"
    case .stopHost: "stopHost"
    case .scale: "scale"
    case .scaleByLoad: "scaleByLoad"
    case .switchover: "switchover"
    case .setPlacement: "setPlacement"
    case .addRelease: "addRelease"
    case .runRelease: "runRelease"
    case .settleRelease: "settleRelease"
    case .dropRelease: "dropRelease"
    case .noteTrial: "noteTrial"
    case .watchPower: "watchPower"
    case .cutPower: "cutPower"
    case .restorePower: "restorePower"
    case .freeze: "freeze"
    case .thaw: "thaw"
    case .cutLinks: "cutLinks"
    case .crash: "crash"
    case .loseDisk: "loseDisk"
    case .setClock: "setClock"
    case .limitTable: "limitTable"
    }
  }

  /// What is under way while it is answered.
  var title: String {
    switch self {
    case .launchProcess: "launch"
    case .openFrontDoor: "open front door"
    case .setLevel: "set stage"
    case .startHosts: "start of hosts"
    case .stopHost: "stop of a host"
    case .setPlacement: "placement"
    case .scaleByLoad: "scale"
    case .addRelease, .runRelease, .settleRelease, .dropRelease: "deploy"
    default: verb
    }
  }
}
