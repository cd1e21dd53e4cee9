// How far a move has come, for whoever watches it.

import Synchronization

/// Of one database.
struct MoveStanding: Sendable, JSONWritable {
  enum State: String, Sendable {
    case waiting, copying, copied, verifying, verified, flipping, flipped, returning, returned, finished
  }

  let name: String
  var state = State.waiting
  var rows = 0
  /// At the start of the copy; the app goes on writing.
  var totalRows = 0
  var bytes = 0
  /// Rows that were written since and have yet to follow.
  var pending = 0
  /// How long transactions waited at the fence, in milliseconds; nil before the flip.
  var pauseMs: Int?

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("name", name)
      $0.member("state", state.rawValue)
      $0.member("rows", rows)
      $0.member("totalRows", totalRows)
      $0.member("bytes", bytes)
      $0.member("pending", pending)
      if let pauseMs { $0.member("pauseMs", pauseMs) }
    }
  }
}

/// Shared by the thread that moves and those that ask.
final class MoveProgress: Sendable {
  private let standing: Mutex<MoveStanding>

  init(_ name: String) { standing = Mutex(MoveStanding(name: name)) }

  var current: MoveStanding { standing.withLock { $0 } }

  func update(_ change: (inout MoveStanding) -> Void) { standing.withLock { change(&$0) } }
}
