// A connection that listens to channels.

/// Loop thread only.
///
/// `@unchecked Sendable` is sound: every entry is checked to be on the loop's thread.
final class RedisSubscription: @unchecked Sendable {
  /// Called with each message and its channel.
  var receive: (([UInt8], String) -> Void)?
  /// Called once, when nothing will be received any more.
  var lost: ((RedisError) -> Void)?
  private let connection: RedisConnection
  private let loop: EventLoop
  private var unconfirmed: Set<String>
  private var waiter: UnsafeContinuation<Void, Never>?

  init(_ connection: RedisConnection, to channels: [String], on loop: EventLoop) {
    loop.checkIsolated()
    self.connection = connection
    self.loop = loop
    unconfirmed = Set(channels)
    connection.onMessage = { [weak self] in self?.take($0) }
    connection.onClose = { [weak self] error in
      self?.resume()
      self?.lost?(error)
    }
    connection.subscribe(to: channels)
  }

  /// Waits until the server has said that every channel is listened to.
  func confirm(ms: Int) async throws(RedisError) {
    loop.checkIsolated()
    if !unconfirmed.isEmpty, connection.isOpen {
      let timer = loop.schedule(afterMs: ms) { [weak self] in self?.resume() }
      await withUnsafeContinuation { waiter = $0 }
      timer.cancel()
    }
    guard connection.isOpen else { throw .away("the connection to \(connection.address) was closed") }
    if !unconfirmed.isEmpty { throw .timeout }
  }

  func close() {
    loop.checkIsolated()
    lost = nil
    connection.close()
  }

  private func resume() {
    waiter?.resume()
    waiter = nil
  }

  private func take(_ parts: [RedisValue]) {
    guard parts.count == 3, let kind = parts[0].text, let channel = parts[1].text else { return }
    if kind == "subscribe" {
      unconfirmed.remove(channel)
      if unconfirmed.isEmpty { resume() }
    } else if kind == "message", case .bytes(let bytes) = parts[2] {
      receive?(bytes, channel)
    }
  }
}
