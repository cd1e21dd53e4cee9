// What one loop reads with: a connection that keeps one snapshot for the length of a tick.

import Synchronization

/// How many batches the writer has committed; shared by the writer and the readers of a database.
final class CommitCounter: Sendable {
  private let count = Atomic<Int>(0)
  /// Statements of the app's, of the writer and the readers.
  let statements = Atomic<Int>(0)
  var value: Int { count.load(ordering: .acquiring) }
  func advance() { count.add(1, ordering: .acquiringAndReleasing) }
}

/// A loop's reader. `@unchecked Sendable` is sound: `SQLiteDatabase` has a loop's reader used by nobody but that loop, and
/// keeps the one for those that are on no loop behind a mutex.
final class Reader: @unchecked Sendable {
  private let connection: SQLiteConnection
  private let commits: CommitCounter
  private let timeLimitMs: Int
  /// The commit count that the open snapshot shows at least.
  private var snapshot: Int?
  private(set) var snapshotsTaken = 0
  /// Whether it shows a snapshot that the end of the tick ends.
  var hasSnapshot: Bool { snapshot != nil }

  init(_ connection: SQLiteConnection, commits: CommitCounter, timeLimitMs: Int) {
    self.connection = connection
    self.commits = commits
    self.timeLimitMs = timeLimitMs
  }

  /// Reads from the tick's snapshot, renewed if the writer has committed since: whoever was told that a write is
  /// done sees it.
  func read<R>(_ body: (SQLiteConnection) throws -> R) throws -> R {
    commits.statements.add(1, ordering: .relaxed)
    try openSnapshot()
    connection.deadline = .afterMs(timeLimitMs)
    defer { connection.deadline = nil }
    return try body(connection)
  }

  private func openSnapshot() throws {
    // Counted before the snapshot is taken (by the first SELECT), so it never claims too much.
    let committed = commits.value
    if snapshot == committed, !connection.isAutocommit { return }
    endSnapshot()
    try connection.control("BEGIN")
    snapshot = committed
    snapshotsTaken += 1
  }

  /// At the end of the tick: holds no lock while the loop sleeps, so that the log can be emptied.
  func endSnapshot() {
    guard snapshot != nil else { return }
    snapshot = nil
    // A read-only COMMIT has nothing to fail on; if an error has ended the transaction already, none is open.
    if !connection.isAutocommit { _ = try? connection.control("COMMIT") }
  }
}
