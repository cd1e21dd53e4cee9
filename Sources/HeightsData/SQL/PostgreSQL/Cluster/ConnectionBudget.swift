// How many connections for transactions the databases of a cluster share on a loop.

/// Lets so many connections to a server be open at once, whichever databases they are to. Who wants one more has those closed
/// that nobody uses, else waits for one that is given back: at once where nobody of that database waits for it, soon where
/// somebody does.
///
/// `@unchecked Sendable` is sound: it is its loop's, on whose thread connections are opened and end.
final class ConnectionBudget: @unchecked Sendable {
  /// One connection's part, given back with the object.
  final class Share {
    private let budget: ConnectionBudget
    fileprivate init(_ budget: ConnectionBudget) { self.budget = budget }
    deinit { budget.giveBack() }
  }

  private struct Waiter {
    let continuation: CheckedContinuation<Share, any Error>
    let timer: Timer
    let overdue: Deadline
  }

  private let loop: EventLoop
  private let waiterLimit: Int
  private var free: Int
  /// By number, so that one whose time is up finds itself.
  private var waiters: [(number: Int, waiter: Waiter)] = []
  private var lastNumber = 0
  private var owners: [ObjectIdentifier: () -> Void] = [:]

  /// For how long a database keeps its connections while others wait for one: to close and open one costs more than most
  /// transactions.
  private static let turnMs = 50

  init(_ connections: Int, waiterLimit: Int, on loop: EventLoop) {
    (free, self.waiterLimit, self.loop) = (connections, waiterLimit, loop)
  }

  /// Whether somebody waits for a connection of another's.
  var isWanted: Bool { !waiters.isEmpty }

  /// Whether somebody has waited so long that the next connection is his, whoever else wants it.
  var isOverdue: Bool { waiters.first.map { $0.waiter.overdue <= loop.lastNow } ?? false }

  /// - Parameter closeIdle: closes connections of the owner's that nobody uses.
  func add(_ owner: AnyObject, closeIdle: @escaping () -> Void) {
    owners[ObjectIdentifier(owner)] = closeIdle
  }

  func remove(_ owner: AnyObject) { owners[ObjectIdentifier(owner)] = nil }

  /// - Throws: `.timeout` when none is given back before the deadline, `.tooMany`.
  func take(until deadline: Deadline) async throws -> Share {
    loop.checkIsolated()
    if free == 0 { for closeIdle in owners.values { closeIdle() } }
    if free > 0, waiters.isEmpty {
      free -= 1
      return Share(self)
    }
    guard waiters.count < waiterLimit else { throw DatabaseError.tooMany }
    lastNumber += 1
    let number = lastNumber
    return try await withCheckedThrowingContinuation { continuation in
      let timer = loop.schedule(at: deadline) { [weak self] in self?.giveUp(number) }
      waiters.append(
        (
          number,
          Waiter(continuation: continuation, timer: timer, overdue: loop.lastNow.plus(ms: Self.turnMs))
        ))
    }
  }

  private func giveUp(_ number: Int) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    waiters.remove(at: index).waiter.continuation.resume(
      throwing: DatabaseError.timeout("all connections of the process to the cluster are in use"))
  }

  private func giveBack() {
    guard let next = waiters.first?.waiter else { return free += 1 }
    waiters.removeFirst()
    next.timer.cancel()
    next.continuation.resume(returning: Share(self))
  }
}
