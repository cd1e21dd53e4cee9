// What a call carries besides its arguments, and its answer besides the result.

/// The names of headers, and how a call's context travels in them.
enum CallHeaders {
  /// Milliseconds that are left until the caller no longer waits.
  static let deadline = "Heights-Deadline-Ms"
  /// The caller tries once more already.
  static let repeated = "Heights-Repeated"
  /// What the session has seen: out and, when it has changed, back.
  static let seen = "Heights-Seen"

  /// Clocks run differently, and an answer takes its way back: so much earlier the callee gives up.
  static let marginMs = 10
  /// An hour.
  static let longestMs = 3_600_000

  /// Where a call of a service is answered.
  static func path(_ service: String, _ call: String) -> String { "/services/\(service)/\(call)" }
}

extension Request {
  /// Takes over what a call has brought along: its deadline, whether it is a repetition, what the session has seen.
  func takeCallContext() {
    // No call has longer than the request's own time; who says more says nothing.
    if let text = header(CallHeaders.deadline), let ms = Int(text), (0...CallHeaders.longestMs).contains(ms) {
      deadline = min(deadline, .afterMs(ms))
    }
    isRepeated = header(CallHeaders.repeated) != nil
    if let text = header(CallHeaders.seen) { seen = SeenPositions(cookie: text) }
  }
}
