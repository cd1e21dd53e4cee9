// How far a move has come, for whoever watches it.

import Contract
import Synchronization

/// Shared by the thread that moves and those that ask.
package final class MoveProgress: Sendable {
  private let standing: Mutex<AdminAnswer.MovedDatabase>

  init(_ name: String) { standing = Mutex(AdminAnswer.MovedDatabase(name: name)) }

  /// As it is now.
  package var current: AdminAnswer.MovedDatabase { standing.withLock { $0 } }

  /// Notes what has changed.
  package func update(_ change: (inout AdminAnswer.MovedDatabase) -> Void) {
    standing.withLock { change(&$0) }
  }
}
