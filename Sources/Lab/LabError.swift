// An error of the lab. Each room makes its own, beside what can go wrong in it: `…Errors.swift`.

import Errors

/// What went wrong in a lab, as it is told on this side of the control socket and on the other.
public struct LabError: CodedError, Equatable, Sendable {
  public let code: String
  public let description: String
  public let isMisuse: Bool
  public let mayRetry: Bool
  /// Of a call of the system that failed: errno.
  let number: Int32?

  /// - Parameters:
  ///   - code: a short stable name for scripts.
  ///   - description: for people: what went wrong, where, what was expected, what to do next.
  init(
    _ code: String, _ description: String, isMisuse: Bool = false, mayRetry: Bool = false,
    number: Int32? = nil
  ) {
    self.code = code
    self.description = description
    self.isMisuse = isMisuse
    self.mayRetry = mayRetry
    self.number = number
  }
}
