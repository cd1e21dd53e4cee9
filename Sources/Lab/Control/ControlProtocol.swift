// What is said over the control socket: one line of JSON asks, lines of progress may follow, one line answers.

import Foundation

/// A request to a running lab. On the wire: `{"verb": "resize", "type": "m7g.large", "diskBytes": 107374182400}`.
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
  /// The app is at that stage, and comes back there after a restart.
  case setStage(Int)
}

extension ControlRequest: Codable {
  private enum Key: String, CodingKey {
    case verb, type, diskBytes, role, frontDoor, stage
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let role = { try values.decode(Role.self, forKey: .role) }
    switch try values.decode(String.self, forKey: .verb) {
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
    case "setStage": self = .setStage(try values.decode(Int.self, forKey: .stage))
    case let verb: throw LabError.protocolBroken("unknown verb '\(verb.prefix(40))'")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
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
    case .setStage(let stage): try values.encode(stage, forKey: .stage)
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
    case .setStage: "setStage"
    }
  }
}

/// One line from the lab: progress, or the end of the conversation.
enum ControlReply: Equatable, Sendable {
  case progress(String)
  case done(LabSnapshot)
  case failed(code: String, message: String)
}

extension ControlReply: Codable {
  private enum Key: String, CodingKey {
    case progress, snapshot, error, message
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    if let text = try values.decodeIfPresent(String.self, forKey: .progress) {
      self = .progress(text)
    } else if let code = try values.decodeIfPresent(String.self, forKey: .error) {
      self = .failed(code: code, message: try values.decode(String.self, forKey: .message))
    } else {
      self = .done(try values.decode(LabSnapshot.self, forKey: .snapshot))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    switch self {
    case .progress(let text): try values.encode(text, forKey: .progress)
    case .done(let snapshot): try values.encode(snapshot, forKey: .snapshot)
    case .failed(let code, let message):
      try values.encode(code, forKey: .error)
      try values.encode(message, forKey: .message)
    }
  }
}

/// Lines of JSON over a socket.
enum ControlLine {
  static let maximumRequestBytes = 64 << 10
  static let maximumReplyBytes = 4 << 20

  static func write(_ value: some Encodable, to exchange: Exchange) throws(LabError) {
    guard let data = try? JSONEncoder().encode(value) else { throw .protocolBroken("a value without JSON") }
    try exchange.write(Array(data) + [0x0A])
  }

  /// The next line; `pending` keeps what came after it.
  static func read(from exchange: Exchange, pending: inout [UInt8], limitBytes: Int) throws(LabError)
    -> [UInt8]
  {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        defer { pending.removeSubrange(...end) }
        return Array(pending[..<end])
      }
      if pending.count > limitBytes { throw .protocolBroken("a line of more than \(limitBytes) bytes") }
      let bytes = try exchange.readSome(upTo: 16 << 10)
      if bytes.isEmpty { throw .protocolBroken("the connection ended in the middle of a line") }
      pending += bytes
    }
  }
}
