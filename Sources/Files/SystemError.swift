// A refusal by the kernel, with the call that it refused.

import Glibc

/// A system call that failed.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The call, as in its manual page.
  let call: String
  /// The kernel's reason (`errno`).
  public let code: Int32

  /// Says what was refused; the reason is the thread's `errno`, unless told.
  public init(call: String, code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  public var description: String { "\(call): \(String(cString: strerror(code)))" }

  /// Passes `result` on, or throws when it is the -1 of a failed call.
  @discardableResult
  package static func check(_ call: String, _ result: Int32) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError(call: call) }
    return result
  }
}
