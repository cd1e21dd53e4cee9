// Whose turn it is for a pool's connections: a state machine without connections, tasks and a clock of its own.

/// What somebody who wants a connection may do.
enum WriterTurn<Connection> {
  /// Use it, and give it back.
  case use(Connection)
  /// Open a connection, and give that back, or nothing if there is none to be had.
  case open
  /// The pool has been retired: there is nothing to be had here any more.
  case over
}

/// So many connections at once; so many more who wait for one, first come first served; the rest is refused.
///
/// Whoever waits is told once: of a connection, that it may open one, that it is late, or that the pool is over. Nobody
/// waits while a connection is free or one more may be opened.
struct WriterTurns<Connection, Waiter> {
  /// What somebody who asks is told.
  enum Reply {
    case turn(WriterTurn<Connection>)
    /// To call `wait`, before anything else happens.
    case wait
    /// Too many wait already.
    case full
  }

  private struct Wait {
    let waiter: Waiter
    let deadline: Deadline
  }

  private let connectionLimit: Int
  private let waiterLimit: Int
  private var idle: [Connection] = []
  private var waits: [Wait] = []
  /// Connections that exist or are being opened: those that are idle, and those that somebody has the turn of.
  private(set) var connectionCount = 0
  private(set) var isRetired = false

  init(connectionLimit: Int, waiterLimit: Int) {
    self.connectionLimit = connectionLimit
    self.waiterLimit = waiterLimit
  }

  var idleCount: Int { idle.count }
  var waiterCount: Int { waits.count }

  /// Somebody wants a connection.
  /// - Parameter isUsable: whether one that was given back still is.
  mutating func ask(isUsable: (Connection) -> Bool) -> Reply {
    if isRetired { return .turn(.over) }
    while let connection = idle.popLast() {
      if isUsable(connection) { return .turn(.use(connection)) }
      connectionCount -= 1
    }
    if connectionCount < connectionLimit {
      connectionCount += 1
      return .turn(.open)
    }
    return waits.count < waiterLimit ? .wait : .full
  }

  /// Somebody who was told so waits.
  mutating func wait(_ waiter: Waiter, until deadline: Deadline) {
    waits.append(Wait(waiter: waiter, deadline: deadline))
  }

  /// A turn has ended.
  /// - Parameter connection: what others may use now; nil when it broke, or could not be opened.
  /// - Returns: who waits no longer, and for what.
  mutating func giveBack(_ connection: Connection?) -> (waiter: Waiter, turn: WriterTurn<Connection>)? {
    guard !isRetired, !waits.isEmpty else {
      if let connection, !isRetired { idle.append(connection) } else { connectionCount -= 1 }
      return nil
    }
    // The count stays: one turn ends, the next begins.
    return (waits.removeFirst().waiter, connection.map { .use($0) } ?? .open)
  }

  /// - Returns: those who have waited too long, and wait no longer.
  mutating func endLateWaits(at now: Deadline) -> [Waiter] {
    // Nearly always it is the first, or nobody: the timer of one whose turn has come fires too.
    guard waits.contains(where: { $0.deadline <= now }) else { return [] }
    let late = waits.filter { $0.deadline <= now }
    waits.removeAll { $0.deadline <= now }
    return late.map(\.waiter)
  }

  /// Lets go of what nobody uses.
  mutating func closeIdle() {
    connectionCount -= idle.count
    idle = []
  }

  /// Ends the pool; who has a turn keeps it.
  /// - Returns: all who wait, and do no longer.
  mutating func retire() -> [Waiter] {
    isRetired = true
    closeIdle()
    defer { waits = [] }
    return waits.map(\.waiter)
  }
}

extension WriterTurn: Sendable where Connection: Sendable {}
extension WriterTurn: Equatable where Connection: Equatable {}
extension WriterTurns.Reply: Equatable where Connection: Equatable {}
