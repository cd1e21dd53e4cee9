// Takes connections from listening sockets, while there is room for them and somebody wants them.

import CRuntime
import Glibc

/// The listening sockets of one loop. Loop thread only.
final class Acceptor {
  /// A connection that has been accepted: its descriptor, and who is at the other end.
  typealias Take = (Int32, sockaddr_storage, socklen_t) -> Void

  private static let acceptedPerTick = 64
  private static let pauseMs = 100

  private let loop: EventLoop
  private let hasRoom: () -> Bool
  private let take: Take
  private var listeners: [Int32: Watch] = [:]
  private var isOpen = true
  private var isPaused = false

  /// - Parameters:
  ///   - hasRoom: whether one more connection may be taken.
  ///   - take: gets each connection, and owns its descriptor from then on.
  init(loop: EventLoop, hasRoom: @escaping () -> Bool, take: @escaping Take) {
    self.loop = loop
    self.hasRoom = hasRoom
    self.take = take
  }

  /// Accepts connections from a listening socket, which stays its owner's.
  func listen(on descriptor: Int32) throws {
    listeners[descriptor] = try loop.watch(descriptor, interest) { [unowned self] _ in
      accept(from: descriptor)
    }
  }

  /// Takes connections, or leaves them in the listen queue.
  func setOpen(_ open: Bool) {
    isOpen = open
    update()
  }

  /// Looks at the sockets no more.
  func close() {
    for listener in listeners.values { listener.cancel() }
    listeners.removeAll()
  }

  private var interest: IOEvents { isOpen && !isPaused ? .readable : [] }

  private func update() {
    for listener in listeners.values { listener.update(interest) }
  }

  private func accept(from descriptor: Int32) {
    for _ in 0..<Acceptor.acceptedPerTick {
      guard hasRoom() else { return pause() }
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let client = heights_accept(descriptor, &address, &length)
      if client < 0 { return errno == EMFILE || errno == ENFILE ? pause() : () }
      take(client, address, length)
    }
  }

  /// Leaves new connections in the listen queue for a moment: there is no room for them.
  private func pause() {
    isPaused = true
    update()
    loop.schedule(afterMs: Acceptor.pauseMs) { [weak self] in
      self?.isPaused = false
      self?.update()
    }
  }
}
