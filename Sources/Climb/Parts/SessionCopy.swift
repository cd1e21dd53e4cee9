// Copying sessions from one keeper to the other, while people log in and out.

import Contract
import Foundation
import Lab

/// `POST /sessions/copy` has a server of the app copy for about two seconds what the second keeper of the placement has to the
/// first; it says where to go on. What was copied already is left so.
enum SessionCopy {
  /// Returns when the first keeper has every session that the second has.
  static func toFirstKeeper(_ lab: any Provider, _ say: StepVoice) throws {
    if try lab.view().listensOnPort {
      say("the app listens on a port itself: its sessions are its own to move")
      return
    }
    var (next, seen, kept): (String?, Int, Int) = (nil, 0, 0)
    repeat {
      let from = next?.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
      let report: AdminAnswer.SessionsCopied = try lab.postToSomeServer(
        AdminPath.copySessions + (from.map { "?from=\($0)" } ?? ""))
      (next, seen, kept) = (report.next, seen + report.seen, kept + report.kept)
    } while next != nil
    say("\(seen) sessions looked at, \(kept) of them kept; the others have ended")
  }
}
