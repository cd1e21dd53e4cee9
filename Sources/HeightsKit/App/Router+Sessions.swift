// The administrator's side of sessions: copying them from one keeper to the other.

import Contract
import Foundation

extension Router {
  /// `POST /sessions/copy?from=PLACE`: has the first keeper of the placement keep what the second has, for about two seconds, and
  /// tells where to go on.
  mutating func addSessions(_ context: AppContext) {
    post(AdminPath.copySessions) { request in
      // An app without sessions has none to copy.
      guard let store = context.sessions else { return .json(AdminAnswer.SessionsCopied()) }
      return .json(try await store.copy(from: request.query("from"), forMs: 2_000))
    }
  }
}
