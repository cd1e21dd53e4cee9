// How each process is, for those who ask from any thread.

import Synchronization

/// A process at one moment.
struct ProcessStatus: Equatable, Sendable {
  var pid: Int32?
  var zone: String?
  var health = LabSnapshot.Health.stopped
  /// The process that lives now has been ready, be it drained by now or not.
  var hasBeenReady = false
  /// Its end does not concern us any more.
  var isReleased = false
  var restarts = 0
  var lastEnd: String?
  /// What it has said of itself last.
  var observation: EngineObservation?

  /// Started, or about to be.
  var isWanted: Bool { !isReleased && health != .stopped && health != .stopping }

  init(_ entry: ProcessTable.Entry, hasPower: Bool) {
    (zone, restarts, lastEnd) = (entry.zone, entry.restarts, entry.lastEnd)
    switch entry.state {
    case .stopped: health = entry.isWanted && !hasPower ? .noPower : .stopped
    case .spawning: health = .starting
    case .waiting: health = .waiting
    case .running(let running, let isReady):
      (pid, health) = (running.pid, isReady ? .ready : .starting)
      hasBeenReady = entry.hasBeenReady
      isReleased = !entry.isWanted
    case .stopping(let running, _): (pid, health) = (running.pid, .stopping)
    }
  }
}

final class ProcessBoard: Sendable {
  private let board = Mutex<[String: ProcessStatus]>([:])

  func status(of name: String) -> ProcessStatus? { board.withLock { $0[name] } }
  var statuses: [String: ProcessStatus] { board.withLock { $0 } }

  /// Takes over what the table says; returns the health of each process, before and now.
  func publish(
    _ table: ProcessTable
  ) -> [(name: String, before: LabSnapshot.Health?, now: LabSnapshot.Health)] {
    board.withLock { board in
      let before = board
      board = table.entries.mapValues { entry in
        ProcessStatus(entry, hasPower: entry.zone.map { !table.darkZones.contains($0) } ?? true)
      }
      for (name, earlier) in before where earlier.pid != nil && board[name]?.pid == earlier.pid {
        board[name]?.observation = earlier.observation
      }
      return board.keys.sorted().map { ($0, before[$0]?.health, board[$0]?.health ?? .stopped) }
    }
  }

  /// Notes what a process says of itself; returns its role before.
  func note(_ observation: EngineObservation?, of name: String, pid: Int32) -> ProcessRole? {
    board.withLock { board in
      guard board[name]?.pid == pid else { return observation?.role }
      defer { board[name]?.observation = observation }
      return board[name]?.observation?.role
    }
  }
}
