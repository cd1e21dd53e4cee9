// Which requests the console answers: those that were sent to this machine by its own name.

import HeightsHTTP

/// A page of another site can make its own name lead to 127.0.0.1 (DNS rebinding) and would then read the console as if
/// it were its own. Such a request carries the other name in `Host`.
enum LocalHost {
  /// - Throws: `Problem` (421) when the request is for another host.
  static func check(_ request: Request) throws {
    guard let host = request.header("Host"), isLocal(host) else {
      throw Problem(
        421, title: "Not for this host", detail: "The console answers to 127.0.0.1 and localhost only.")
    }
  }

  /// Any port is fine: the console may be seen through a tunnel that has another one.
  static func isLocal(_ host: String) -> Bool {
    let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard ["127.0.0.1", "localhost"].contains(parts[0].lowercased()) else { return false }
    return parts.count == 1 || UInt16(parts[1]) != nil
  }
}
