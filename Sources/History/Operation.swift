// One operation of a history: who did what to which key, when, and what came of it.

/// An operation on one key, as the one who asked for it saw it.
public struct Operation: Codable, Equatable, Sendable {
  /// What was asked of the key.
  public enum Action: String, Codable, Sendable {
    /// Sets the key to `value`; nil takes away what is there.
    case write
    /// Sets it to `value` if it is `expected`: a read-modify-write.
    case swap
    /// Adds `delta` to a counter.
    case add
    /// Saw `value`; nil is nothing.
    case read
    /// Saw the sum `value` of a counter; nil is 0.
    case count
  }

  /// What came of it, as far as its session knows.
  public enum Kind: String, Codable, Sendable {
    /// Acknowledged, or read.
    case ok
    /// Refused for good: it must never take effect.
    case failed
    /// No answer, or one that leaves it open: it may take effect at any time, or never.
    case unknown
  }

  /// What a read may be compared with.
  public enum Origin: String, Codable, Sendable {
    /// It must be what is so at one moment between its begin and its end.
    case leader
    /// It may be older, but not than what its session has seen.
    case session
    /// It may be as old as it likes, but not made up.
    case cache
  }

  /// Unique in the history.
  public let id: Int
  /// Who asked: its operations are in order, and its promises hold among them alone.
  public let session: String
  /// What it was about. Keys have nothing to do with each other but what sessions promise.
  public let key: String
  /// Decides which of `value`, `expected` and `delta` mean something.
  public let action: Action
  /// Decides whether it has taken effect, may have, or must not.
  public let kind: Kind
  /// On one clock, in nanoseconds.
  public let beginNs: UInt64
  /// When the answer was there; of what was never answered, when that was given up.
  public let endNs: UInt64
  /// What a write or a swap sets, or what a read saw; nil is nothing. Of a count, the sum in decimal digits.
  public let value: String?
  /// Of a swap: what had to be there; nil is nothing.
  public let expected: String?
  /// Of an addition: how much; may be below 0.
  public let delta: Int?
  /// Of a read; nil for the others.
  public let from: Origin?

  /// - Parameters:
  ///   - id: unique in the history.
  ///   - from: of a read; nil is the leader.
  public init(
    id: Int, session: String, key: String, action: Action, kind: Kind = .ok, beginNs: UInt64, endNs: UInt64,
    value: String? = nil, expected: String? = nil, delta: Int? = nil, from: Origin? = nil
  ) {
    (self.id, self.session, self.key, self.action, self.kind) = (id, session, key, action, kind)
    (self.beginNs, self.endNs, self.value, self.expected) = (beginNs, endNs, value, expected)
    (self.delta, self.from) = (delta, from)
  }
}

extension Operation: CustomStringConvertible {
  /// A line for people.
  public var description: String {
    let what =
      switch action {
      case .write: value.map { "writes \($0)" } ?? "takes away"
      case .swap: "swaps \(expected ?? "nothing") for \(value ?? "nothing")"
      case .add: "adds \(delta ?? 0)"
      case .read, .count: "reads \(value ?? "nothing") from the \(from?.rawValue ?? "leader")"
      }
    return "#\(id) \(session) \(what) at \(key), \(milliseconds(beginNs)) to "
      + (kind == .unknown ? "no answer" : milliseconds(endNs)) + (kind == .failed ? ", refused" : "")
  }

  private func milliseconds(_ ns: UInt64) -> String { "\(Double(ns / 1_000) / 1_000) ms" }

  /// Whether it can have changed something.
  var mayHaveEffect: Bool { !isRead && kind != .failed }
  var isAnsweredRead: Bool { isRead && kind == .ok }
  var isRead: Bool { action == .read || action == .count }
  var isOfCounter: Bool { action == .add || action == .count }
  /// The moment after which it can't take effect any more.
  var lastNs: UInt64 { kind == .unknown ? .max : endNs }

  /// Whether it was over before the other began.
  func isBefore(_ other: Operation) -> Bool { lastNs < other.beginNs }
}
