// What the journal of a climb holds.

/// One fact about a climb. In the journal: `{"atMs": 1760000000000, "record": {"starts": {"_0": "run", "step": …}}}`.
public enum ClimbRecord: Codable, Equatable, Sendable {
  /// A climb of these steps begins, and nothing before it counts.
  case began(steps: [String])
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
