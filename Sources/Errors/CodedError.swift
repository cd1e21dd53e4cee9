// What every error of Heights' own says of itself, in whatever module it arises.

/// An error for people, by its description (what went wrong, where, what was expected, what to do next), and for scripts, by its
/// code.
public protocol CodedError: Error, CustomStringConvertible {
  /// Short and stable.
  var code: String { get }
  /// Whether another call, or another manifest, mends it: exit code 2 instead of 1.
  var isMisuse: Bool { get }
  /// Whether the same may go well when it is tried again a little later.
  var mayRetry: Bool { get }
}

extension CodedError {
  public var isMisuse: Bool { false }
  public var mayRetry: Bool { false }
}
