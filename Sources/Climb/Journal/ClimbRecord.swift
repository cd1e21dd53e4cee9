// What the journal of a climb holds.

/// One fact about a climb.
public enum ClimbRecord: Equatable, Sendable {
  /// A climb of these steps begins, and nothing before it counts. (The first versions did not tell the change.)
  case began(steps: [String], StageChange?)
  /// A climb that was cut short goes on, up or back.
  case resumed(ClimbEngine.Direction)
  case starts(ClimbEngine.Operation, step: String)
  case done(ClimbEngine.Operation, step: String)
  case failed(ClimbEngine.Operation, step: String, reason: String)
  /// The end, with no way back.
  case committed
  /// Everything is undone.
  case reverted

  /// The step that it is about.
  var step: String? {
    switch self {
    case .starts(_, let step), .done(_, let step), .failed(_, let step, _): step
    case .began, .resumed, .committed, .reverted: nil
    }
  }
}

extension [ClimbRecord] {
  /// From its beginning on, when it is under way; nothing otherwise.
  var ofTheLastClimb: ArraySlice<ClimbRecord> {
    guard begun != nil else { return [] }
    let start = lastIndex { if case .began = $0 { true } else { false } }
    return self[(start ?? endIndex)...]
  }

  /// How the climb began that they leave under way; nil when there is none.
  var begun: (steps: [String], change: StageChange?)? {
    reduce(nil) { begun, record in
      switch record {
      case .began(let steps, let change): (steps, change)
      case .committed, .reverted: nil
      case .resumed, .starts, .done, .failed: begun
      }
    }
  }
}

// In the journal: `{"event": "starts", "operation": "run", "step": "launch-app"}`. Journals outlive versions of Heights.
extension ClimbRecord: Codable {
  private enum Key: String, CodingKey {
    case event, steps, change, direction, operation, step, reason
  }

  private enum Event: String, Codable {
    case began, resumed, starts, done, failed, committed, reverted
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let operation = { try values.decode(ClimbEngine.Operation.self, forKey: .operation) }
    let step = { try values.decode(String.self, forKey: .step) }
    switch try values.decode(Event.self, forKey: .event) {
    case .began:
      // Topologies may look otherwise to another version: it goes by the app as it is described then.
      self = .began(
        steps: try values.decode([String].self, forKey: .steps),
        try? values.decodeIfPresent(StageChange.self, forKey: .change))
    case .resumed: self = .resumed(try values.decode(ClimbEngine.Direction.self, forKey: .direction))
    case .starts: self = .starts(try operation(), step: try step())
    case .done: self = .done(try operation(), step: try step())
    case .failed:
      let reason = try values.decode(String.self, forKey: .reason)
      self = .failed(try operation(), step: try step(), reason: reason)
    case .committed: self = .committed
    case .reverted: self = .reverted
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(event, forKey: .event)
    try values.encodeIfPresent(step, forKey: .step)
    switch self {
    case .began(let steps, let change):
      try values.encode(steps, forKey: .steps)
      try values.encodeIfPresent(change, forKey: .change)
    case .resumed(let direction): try values.encode(direction, forKey: .direction)
    case .starts(let operation, _), .done(let operation, _): try values.encode(operation, forKey: .operation)
    case .failed(let operation, _, let reason):
      try values.encode(operation, forKey: .operation)
      try values.encode(reason, forKey: .reason)
    case .committed, .reverted: break
    }
  }

  private var event: Event {
    switch self {
    case .began: .began
    case .resumed: .resumed
    case .starts: .starts
    case .done: .done
    case .failed: .failed
    case .committed: .committed
    case .reverted: .reverted
    }
  }
}
